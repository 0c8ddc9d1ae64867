//! Importing residents and areas: what is kept, what is handed back, and that a second run changes nothing.

use huecry::app::App;
use huecry::config::{Config, Keyring};
use huecry::demo::seed;
use huecry::domain::Address;
use huecry::residents::import::{Imported, import_residents, run_residents};
use huecry::residents::places::{self, AreasImported, import_areas, run_areas};
use huecry::store::{places as place_table, residents, suppressions};

use crate::support::db::TestDb;

const GOOD: &str = include_str!("../../../fixtures/imports/good.csv");
const BAD: &str = include_str!("../../../fixtures/imports/bad.csv");

/// An app on this database that knows Derbyshire and nobody in it.
async fn app_in_derbyshire(db: &TestDb) -> App {
    let folder = db.folder().display();
    let config = format!("[database]\nurl = \"{}\"\n[files]\ndir = \"{folder}/files\"\n[security]\nkeyring = \"{folder}/keyring.json\"\n", db.url);
    let app = App::with_keyring(Config::from_toml(&config).unwrap(), Keyring::fixed()).await.unwrap();
    seed::plant_places(&app).await.unwrap();
    app
}

/// Imports a file; gives the counts and the reject CSV.
async fn import(app: &App, csv: &str) -> (Imported, String) {
    let mut reject = Vec::new();
    let imported = import_residents(app, csv.as_bytes(), &mut reject, &|_| ()).await.unwrap();
    (imported, String::from_utf8(reject).unwrap())
}

async fn find(app: &App, address: &str) -> (residents::ResidentRow, residents::AddressRow) {
    let key = app.match_key(&Address::parse(address).unwrap());
    residents::find_by_match_key(&mut app.read().await.unwrap(), &key).await.unwrap().unwrap()
}

on_both!(good_rows_are_kept_once, async |db| {
    let app = app_in_derbyshire(db).await;
    let (imported, reject) = import(&app, GOOD).await;
    assert_eq!((imported, reject.as_str()), (Imported { rows: 4, added: 4, known: 0, rejected: 0 }, ""));

    let (resident, phone) = find(&app, "07700 900102").await;
    assert_eq!((resident.name.as_str(), resident.postcode.as_str(), resident.source.as_str()), ("Łukasz Wójcik", "DE1 0AB", "import"));
    assert_eq!(phone.verified_at.unwrap().rfc3339(), "2026-04-18T00:00:00.000Z");
    let (same, mailbox) = find(&app, "lukasz.wojcik@example.org").await;
    assert!(same.id == resident.id && mailbox.enabled);
    let (_, unwanted) = find(&app, "sian.oconnor@example.org").await;
    assert!(!unwanted.enabled, "only SMS was agreed to");

    let mut conn = app.read().await.unwrap();
    assert_eq!(residents::list_places(&mut conn, resident.id).await.unwrap(), ["DE1 0", "Derby"]);
    let consent = residents::list_consent(&mut conn, &phone.match_key).await.unwrap();
    assert_eq!(consent.iter().map(|row| (row.action.as_str(), row.channel.as_str())).collect::<Vec<_>>(), [("imported", "sms")]);
    assert!(consent[0].evidence.contains("2026-04-18") && consent[0].source.contains("Polish Saturday school"), "{consent:?}");
    assert!(residents::list_consent(&mut conn, &unwanted.match_key).await.unwrap().is_empty());
    drop(conn);

    let (again, reject) = import(&app, GOOD).await;
    assert_eq!((again, reject.as_str()), (Imported { rows: 4, added: 0, known: 4, rejected: 0 }, ""));
    let mut conn = app.read().await.unwrap();
    assert_eq!(residents::count(&mut conn).await.unwrap(), 4);
    assert_eq!(residents::list_consent(&mut conn, &phone.match_key).await.unwrap().len(), 1);
});

on_both!(bad_rows_come_back_with_their_reasons, async |db| {
    let app = app_in_derbyshire(db).await;
    let (imported, reject) = import(&app, BAD).await;
    assert_eq!(imported, Imported { rows: 11, added: 2, known: 1, rejected: 8 });

    let mut rejected = csv::ReaderBuilder::new().flexible(true).from_reader(reject.as_bytes());
    let header: Vec<_> = rejected.headers().unwrap().iter().map(ToOwned::to_owned).collect();
    assert_eq!(header.join(","), "line,reason,consent_at,consent_source,channels,groups,postcode,email,phone,name");
    let rows: Vec<_> = rejected.records().map(Result::unwrap).collect();
    let lines: Vec<_> = rows.iter().map(|row| row[0].to_owned()).collect();
    assert_eq!(lines.join(" "), "3 4 5 6 7 9 10 12");
    for (row, reason) in rows.iter().zip([
        "this one cannot take texts",
        "email needs an e-mail address",
        "M1 1AE is not among the postcodes we know",
        "there is no group \"stamp-collectors\"",
        "neither sms nor email",
        "the row has 7 fields, the header has 8",
        "runs over several lines",
        "lies in the future",
    ]) {
        assert!(row[1].contains(reason), "{reason}: {row:?}");
    }
    for column in ["name:", "phone:", "email:", "postcode:", "channels:", "consent_source:", "consent_at:"] {
        assert!(rows[4][1].contains(column), "{column} is missing from {:?}", &rows[4][1]);
    }

    let (again, same) = import(&app, BAD).await;
    assert_eq!((again, same), (Imported { rows: 11, added: 0, known: 3, rejected: 8 }, reject.clone()));

    // Mended, the reject file is itself a file to import.
    let mended: String = reject.split_inclusive('\n').take(2).collect::<String>().replace("01332 290111", "07700 900116");
    assert_eq!(import(&app, &mended).await.0, Imported { rows: 1, added: 1, known: 0, rejected: 0 });
});

on_both!(whoever_said_stop_is_not_written_to_after_an_import, async |db| {
    let app = app_in_derbyshire(db).await;
    let stop = db.new_suppression("07700 900101", "sms", None);
    suppressions::suppress(&mut app.write().await.unwrap(), &stop).await.unwrap();
    assert_eq!(import(&app, GOOD).await.0.added, 4);
    let standing = suppressions::find_standing(&mut app.read().await.unwrap(), &stop.match_key, "sms").await.unwrap();
    assert_eq!(standing.unwrap().id, stop.id);
});

on_both!(more_rows_than_a_chunk_are_all_kept, async |db| {
    let app = app_in_derbyshire(db).await;
    let header = "name,phone,email,postcode,groups,channels,consent_source,consent_at\n";
    let row = |number: u32| format!("Resident {number},,r{number}@example.org,DE1 0AA,,email,test,2026-03-31\n");
    // The last three are the first three again: in another chunk than theirs, and in one with each other.
    let csv: String = std::iter::once(header.to_owned()).chain((0..1_200).chain(0..3).chain(0..3).map(row)).collect();
    assert_eq!(import(&app, &csv).await.0, Imported { rows: 1_206, added: 1_200, known: 6, rejected: 0 });
});

on_both!(the_command_leaves_a_reject_file_only_if_there_are_rejects, async |db| {
    let app = app_in_derbyshire(db).await;
    let file = db.folder().join("people.csv");
    let rejected = db.folder().join("people.csv.rejected.csv");
    std::fs::write(&file, BAD).unwrap();
    run_residents(&app, &file).await.unwrap();
    assert_eq!(std::fs::read_to_string(&rejected).unwrap().lines().next().unwrap().split(',').next(), Some("line"));

    std::fs::write(&file, GOOD).unwrap();
    run_residents(&app, &file).await.unwrap();
    assert!(!rejected.exists(), "nothing was rejected this time");

    std::fs::write(&file, "name,dob\nJo,1990-01-01\n").unwrap();
    let error = format!("{:#}", run_residents(&app, &file).await.unwrap_err());
    assert!(error.contains("\"dob\" is none of its columns") && error.contains("missing: phone"), "{error}");
    assert!(run_residents(&app, &db.folder().join("nowhere.csv")).await.is_err());
});

/// A box in degrees as a feature.
fn feature(properties: &serde_json::Value, west: f64, east: f64) -> serde_json::Value {
    let ring = [[west, 52.9], [east, 52.9], [east, 52.93], [west, 52.93], [west, 52.9]];
    serde_json::json!({"type": "Feature", "properties": properties, "geometry": {"type": "Polygon", "coordinates": [ring]}})
}

fn collection(features: &[serde_json::Value]) -> String {
    serde_json::json!({"type": "FeatureCollection", "features": features}).to_string()
}

on_both!(an_area_of_the_forces_own_takes_in_who_lives_there, async |db| {
    let app = app_in_derbyshire(db).await;
    import(&app, GOOD).await;
    let quarter = serde_json::json!({"code": "cathedral-quarter", "name": "Cathedral Quarter"});
    let around = collection(&[feature(&quarter, -1.5, -1.4)]);
    assert_eq!(import_areas(&app, &around).await.unwrap(), AreasImported { added: 1, updated: 0, members: 4 });
    assert_eq!(import_areas(&app, &around).await.unwrap(), AreasImported { added: 0, updated: 1, members: 4 });

    let (resident, _) = find(&app, "07700 900101").await;
    let mut conn = app.read().await.unwrap();
    assert!(residents::list_places(&mut conn, resident.id).await.unwrap().contains(&"Cathedral Quarter".to_owned()));
    let place = places::find(&mut conn, "de1 0aa").await.unwrap().unwrap();
    assert_eq!((place.name.as_str(), place.area_ids.len()), ("DE1 0, Derby", 3));
    assert_eq!(places::Whereabouts::load(&mut conn).await.unwrap().find("DE10AA").unwrap(), place);
    drop(conn);

    let elsewhere = collection(&[feature(&quarter, -1.4, -1.35)]);
    assert_eq!(import_areas(&app, &elsewhere).await.unwrap(), AreasImported { added: 0, updated: 1, members: 0 });
    assert!(!residents::list_places(&mut app.read().await.unwrap(), resident.id).await.unwrap().contains(&"Cathedral Quarter".to_owned()));
});

on_both!(a_faulty_area_file_changes_nothing, async |db| {
    let app = app_in_derbyshire(db).await;
    let before = place_table::list_areas(&mut app.read().await.unwrap()).await.unwrap().len();
    let file = db.folder().join("areas.geojson");
    let sound = serde_json::json!({"code": "park", "name": "Park"});
    let nameless = serde_json::json!({"code": "square"});
    let homeless = serde_json::json!({"code": "ZZ1 1", "name": "ZZ1 1", "kind": "sector", "district_code": "E99"});
    std::fs::write(&file, collection(&[feature(&sound, -1.5, -1.4), feature(&nameless, -1.5, -1.4), feature(&homeless, -1.5, -1.4)])).unwrap();
    let error = format!("{:#}", run_areas(&app, &file).await.unwrap_err());
    for fault in ["feature 2 (\"square\"): it has no property name", "feature 3 (\"ZZ1 1\"): there is no district \"E99\""] {
        assert!(error.contains(fault), "{error}");
    }
    assert_eq!(place_table::list_areas(&mut app.read().await.unwrap()).await.unwrap().len(), before);

    std::fs::write(&file, collection(&[feature(&sound, -1.5, -1.4)])).unwrap();
    run_areas(&app, &file).await.unwrap();
    assert_eq!(place_table::list_areas(&mut app.read().await.unwrap()).await.unwrap().len(), before + 1);
});
