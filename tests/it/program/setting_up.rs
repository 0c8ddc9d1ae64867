//! The README's way from nothing to a force that can send: areas, postcodes, groups, teams, officers, a key.

use super::process::run;
use crate::support::checkout;
use crate::support::db::TestDb;

#[tokio::test(flavor = "multi_thread")]
async fn a_force_is_set_up_by_commands_alone() {
    let db = TestDb::bare_sqlite().await;
    let folder = db.folder().join("force");
    std::fs::create_dir_all(&folder).unwrap();
    let huecry = async |arguments: &[&str]| run(&folder, arguments).await;
    let early = huecry(&["team", "add", "--name", "Dales"]).await;
    assert!(early.code == Some(2) && early.err.contains("huecry migrate"), "a wrong path makes no new database: {early:?}");
    assert!(!folder.join("huecry-data").exists());

    let fixtures = checkout().join("fixtures/derbyshire");
    let file = |name: &str| fixtures.join(name).display().to_string();
    let residents = folder.join("residents.csv");
    let row = "Ann Archer,07700 900101,ann@example.org,DE1 0AA,dog-walkers,sms;email,signed form,2025-01-01";
    std::fs::write(&residents, format!("name,phone,email,postcode,groups,channels,consent_source,consent_at\n{row}\n")).unwrap();
    let residents = residents.display().to_string();
    for (arguments, said) in [
        (vec!["migrate"], "Ran"),
        (vec!["import", "areas", &file("districts.geojson")], "9 areas added"),
        (vec!["import", "areas", &file("sectors.geojson")], "199 areas added"),
        (vec!["import", "postcodes", &file("postcodes.csv.gz")], "44048 postcodes added, 0 known already"),
        (vec!["import", "postcodes", &file("postcodes.csv.gz")], "0 postcodes added, 44048 known already"),
        (vec!["group", "add", "--slug", "dog-walkers", "--name", "Dog walkers"], "Added"),
        (vec!["import", "residents", &residents], "1 added"),
        (vec!["team", "add", "--name", "Dales", "--area", "E07000035"], "Added"),
        (vec!["officer", "add", "--email", "pc@force.example", "--name", "PC Jane Doe", "--role", "officer", "--team", "Dales"], "Password"),
        (vec!["api-key", "add", "--name", "partner", "--scope", "alerts,inbox"], ""),
    ] {
        let done = huecry(&arguments).await;
        assert!(done.code == Some(0) && done.out.contains(said), "{arguments:?}: {done:?}");
    }
    for (arguments, told) in [
        (vec!["group", "add", "--slug", "dog-walkers", "--name", "Dogs"], "already"),
        (vec!["group", "add", "--slug", "Dog walkers", "--name", "Dogs"], "small letters"),
        (vec!["team", "add", "--name", "Dales"], "already"),
        (vec!["officer", "add", "--email", "x@force.example", "--name", "X", "--team", "Peak"], "huecry team add"),
    ] {
        let refused = huecry(&arguments).await;
        assert!(refused.code == Some(1) && refused.err.contains(told), "{arguments:?}: {refused:?}");
    }
}
