//! Places, and who signed up for what in them.

use huecry::store::places::{self, AreaRow, GroupRow, Headcount, PostcodeRow};
use huecry::store::residents::{self, AddressRow, ConsentRow};

use crate::support::now;
use crate::support::rows::key;

fn heads(mut counts: Vec<Headcount>) -> Vec<(i64, i64)> {
    counts.sort_by_key(|count| count.id);
    counts.iter().map(|count| (count.id, count.residents)).collect()
}

on_both!(areas_are_known_by_code_and_listed_without_their_shapes, async |db| {
    let shape = serde_json::json!({"type": "Polygon", "coordinates": [[[-1.5, 52.9], [-1.4, 52.9], [-1.4, 53.0], [-1.5, 52.9]]]});
    let district = db.add_area("E07000032", "district").await;
    let row = |code: &str, kind: &str| AreaRow {
        id: db.id(),
        code: code.into(),
        name: format!("Area {code}"),
        kind: kind.into(),
        parent_id: Some(district.id),
        shape: Some(shape.clone()),
        created_at: now(),
    };
    let (b, a, own) = (row("DE1 4", "sector"), row("DE1 3", "sector"), row("town-centre", "custom"));
    let mut conn = db.write().await;
    assert_eq!(places::insert_areas(&mut conn, vec![b.clone(), a.clone(), own.clone(), row("DE1 3", "sector")]).await.unwrap(), 3);
    let listed = places::list_areas(&mut conn).await.unwrap();
    assert_eq!(listed.iter().map(|area| area.id).collect::<Vec<_>>(), [own.id, district.id, a.id, b.id]);
    assert!(listed.iter().all(|area| area.shape.is_none()));
    assert_eq!((listed[2].parent_id, listed[2].created_at), (Some(district.id), now()));
    let found = places::find_areas(&mut conn, &["DE1 3".into(), "nowhere".into()]).await.unwrap();
    assert_eq!(found.iter().map(|area| (area.id, area.shape.as_ref())).collect::<Vec<_>>(), [(a.id, Some(&shape))]);
    assert_eq!(places::list_custom_areas(&mut conn).await.unwrap().iter().map(|area| area.id).collect::<Vec<_>>(), [own.id]);
    let moved = serde_json::json!({"type": "Point", "coordinates": [0, 0]});
    assert_eq!(places::update_area(&mut conn, "town-centre", "Town centre", &moved).await.unwrap(), 1);
    let changed = places::list_custom_areas(&mut conn).await.unwrap();
    assert_eq!((changed[0].name.as_str(), changed[0].shape.as_ref()), ("Town centre", Some(&moved)));
});

on_both!(a_postcode_is_found_with_its_sector_and_district, async |db| {
    let district = db.add_area("E07000032", "district").await;
    let sector = AreaRow {
        id: db.id(),
        code: "DE1 3".into(),
        name: "DE1 3".into(),
        kind: "sector".into(),
        parent_id: Some(district.id),
        shape: None,
        created_at: now(),
    };
    let code = |postcode: &str| PostcodeRow { postcode: postcode.into(), area_id: sector.id, latitude: 52.921_734_512_345, longitude: -1.476_1 };
    let mut conn = db.write().await;
    places::insert_areas(&mut conn, vec![sector.clone()]).await.unwrap();
    assert_eq!(places::insert_postcodes(&mut conn, vec![code("DE1 3AA"), code("DE1 3AB"), code("DE1 3AA")]).await.unwrap(), 2);
    let (found, area) = places::find_postcode(&mut conn, "DE1 3AA").await.unwrap().unwrap();
    assert_eq!((found.latitude.to_bits(), found.longitude.to_bits(), area.id), (52.921_734_512_345_f64.to_bits(), (-1.476_1_f64).to_bits(), sector.id));
    assert!(places::find_postcode(&mut conn, "DE1 3ZZ").await.unwrap().is_none());
    assert_eq!(places::list_postcodes(&mut conn).await.unwrap().len(), 2);
    let placed = places::list_placed(&mut conn).await.unwrap();
    assert!(placed.iter().all(|(_, area, parent)| (*area, *parent) == (sector.id, Some(district.id))), "{placed:?}");
    assert_eq!(placed.len(), 2);
});

on_both!(heads_are_counted_without_those_who_left, async |db| {
    let (a, b) = (db.add_area("A", "sector").await.id, db.add_area("B", "sector").await.id);
    let (cctv, dogs) = (db.add_group("cctv-owners").await.id, db.add_group("dog-walkers").await.id);
    let jo = db.add_resident("07700 900001", &[a, b]).await.resident.id;
    let al = db.add_resident("07700 900002", &[a]).await.resident.id;
    let gone = db.add_resident("07700 900003", &[a]).await.resident.id;
    let mut conn = db.write().await;
    let twin = GroupRow { id: db.id(), slug: "cctv-owners".into(), name: "Twin".into(), description: String::new(), created_at: now(), retired_at: None };
    assert_eq!(places::insert_groups(&mut conn, vec![twin]).await.unwrap(), 0);
    assert_eq!(places::list_groups(&mut conn).await.unwrap().iter().map(|group| group.slug.as_str()).collect::<Vec<_>>(), ["cctv-owners", "dog-walkers"]);
    residents::insert_groups(&mut conn, vec![(jo, cctv), (al, cctv), (al, dogs), (gone, cctv), (jo, cctv)], now()).await.unwrap();
    assert_eq!(residents::count(&mut conn).await.unwrap(), 3);
    residents::leave(&mut conn, gone, now()).await.unwrap();
    assert_eq!(residents::count(&mut conn).await.unwrap(), 2);
    assert_eq!(heads(places::count_residents_by_area(&mut conn).await.unwrap()), [(a, 2), (b, 1)]);
    assert_eq!(heads(places::count_residents_by_group(&mut conn).await.unwrap()), [(cctv, 2), (dogs, 1)]);
});

on_both!(an_area_loaded_again_has_exactly_the_residents_of_its_postcodes, async |db| {
    let (own, other) = (db.add_area("town-centre", "custom").await.id, db.add_area("DE1 3", "sector").await.id);
    let was_in = db.add_resident("07700 900001", &[own, other]).await.resident.id;
    let comes_in = db.add_resident("07700 900002", &[other]).await.resident.id;
    let mut conn = db.write().await;
    residents::update(&mut conn, was_in, "Jo", "DE5 3ZZ").await.unwrap();
    assert_eq!(places::replace_area_members(&mut conn, own, &["DE1 3AA".into(), "DE1 3AB".into()]).await.unwrap(), 1);
    assert_eq!(heads(places::count_residents_by_area(&mut conn).await.unwrap()), [(own, 1), (other, 2)]);
    assert_eq!(residents::list_places(&mut conn, was_in).await.unwrap(), ["Area DE1 3"]);
    assert_eq!(residents::list_places(&mut conn, comes_in).await.unwrap(), ["Area DE1 3", "Area town-centre"]);
});

on_both!(a_resident_and_their_addresses_come_back_phones_first, async |db| {
    let (row, other) = (db.new_resident("DE1 3AA"), db.new_resident("DE1 3AB"));
    let (mail, phone, second) = (db.new_address(row.id, "jo@example.org"), db.new_address(row.id, "07700 900001"), db.new_address(row.id, "07700 900002"));
    let taken = db.new_address(other.id, "JO@example.org");
    let mut conn = db.write().await;
    assert_eq!(residents::insert(&mut conn, vec![row.clone(), other.clone(), row.clone()]).await.unwrap(), 2);
    assert_eq!(
        residents::insert_addresses(&mut conn, vec![mail.clone(), phone.clone(), second.clone(), taken]).await.unwrap(),
        3,
        "an address is one person's"
    );
    assert_eq!(format!("{:?}", residents::find(&mut conn, row.id).await.unwrap().unwrap()), format!("{row:?}"));
    assert!(residents::find(&mut conn, 1).await.unwrap().is_none());
    let listed = residents::list_addresses(&mut conn, row.id).await.unwrap();
    assert_eq!(listed.iter().map(|address| address.id).collect::<Vec<_>>(), [phone.id, second.id, mail.id]);
    let (who, address) = residents::find_by_match_key(&mut conn, &key("Jo@Example.org")).await.unwrap().unwrap();
    assert_eq!((who.id, format!("{address:?}")), (row.id, format!("{mail:?}")));
    assert!(residents::find_by_match_key(&mut conn, &key("07700 900009")).await.unwrap().is_none());
    let mut known = residents::known_match_keys(&mut conn, &[key("07700 900001"), key("07700 900009"), key("jo@example.org")]).await.unwrap();
    known.sort();
    let mut expected = vec![(key("07700 900001"), row.id), (key("jo@example.org"), row.id)];
    expected.sort();
    assert_eq!(known, expected);
});

on_both!(areas_and_groups_are_replaced_as_a_whole, async |db| {
    let (sector, district, custom) = (db.add_area("S", "sector").await.id, db.add_area("D", "district").await.id, db.add_area("C", "custom").await.id);
    let (cctv, dogs) = (db.add_group("cctv-owners").await, db.add_group("dog-walkers").await);
    let id = db.add_resident("07700 900001", &[custom]).await.resident.id;
    let mut conn = db.write().await;
    residents::replace_areas(&mut conn, id, &[district, sector]).await.unwrap();
    assert_eq!(residents::list_places(&mut conn, id).await.unwrap(), ["Area S", "Area D"]);
    assert_eq!(residents::insert_areas(&mut conn, vec![(id, sector), (id, custom)]).await.unwrap(), 1);
    residents::replace_groups(&mut conn, id, &[dogs.id, cctv.id], now()).await.unwrap();
    assert_eq!(residents::list_groups(&mut conn, id).await.unwrap(), [(cctv.id, cctv.name), (dogs.id, dogs.name.clone())]);
    residents::replace_groups(&mut conn, id, &[dogs.id], now()).await.unwrap();
    assert_eq!(residents::list_groups(&mut conn, id).await.unwrap(), [(dogs.id, dogs.name)]);
    residents::replace_groups(&mut conn, id, &[], now()).await.unwrap();
    assert!(residents::list_groups(&mut conn, id).await.unwrap().is_empty());
    assert_eq!(residents::update(&mut conn, id, "Al", "DE1 3AB").await.unwrap(), 1);
    let after = residents::find(&mut conn, id).await.unwrap().unwrap();
    assert_eq!((after.name.as_str(), after.postcode.as_str()), ("Al", "DE1 3AB"));
});

on_both!(an_address_is_confirmed_switched_off_and_marked_bad_with_the_moment, async |db| {
    let row = db.new_resident("DE1 3AA");
    let address = AddressRow { verified_at: None, enabled: false, ..db.new_address(row.id, "07700 900001") };
    let mut conn = db.write().await;
    residents::insert(&mut conn, vec![row.clone()]).await.unwrap();
    residents::insert_addresses(&mut conn, vec![address.clone()]).await.unwrap();
    assert_eq!(residents::mark_bad(&mut conn, &address.match_key, now()).await.unwrap(), 1);
    assert_eq!(residents::mark_bad(&mut conn, &address.match_key, now().plus_ms(5)).await.unwrap(), 0, "the first moment stays");
    let bad = residents::list_addresses(&mut conn, row.id).await.unwrap();
    assert_eq!((bad[0].bad_at, bad[0].verified_at, bad[0].enabled), (Some(now()), None, false));
    assert_eq!(residents::confirm(&mut conn, address.id, now().plus_ms(9)).await.unwrap(), 1);
    let good = residents::list_addresses(&mut conn, row.id).await.unwrap();
    assert_eq!((good[0].bad_at, good[0].verified_at, good[0].enabled), (None, Some(now().plus_ms(9)), true));
    assert_eq!(residents::set_enabled(&mut conn, address.id, false).await.unwrap(), 1);
    assert!(!residents::list_addresses(&mut conn, row.id).await.unwrap()[0].enabled);
});

on_both!(who_leaves_is_forgotten_but_for_the_row_and_the_record_of_consent, async |db| {
    let area = db.add_area("A", "sector").await.id;
    let group = db.add_group("cctv-owners").await.id;
    let jo = db.add_resident("07700 900001", &[area]).await;
    let al = db.add_resident("07700 900002", &[area]).await;
    let consent = |action: &str, ms: i64| ConsentRow {
        id: db.id(),
        resident_id: Some(jo.resident.id),
        match_key: jo.address.match_key.clone(),
        action: action.into(),
        channel: "sms".into(),
        source: "website".into(),
        wording: "join-1".into(),
        evidence: "ticked \u{2018}yes\u{2019}".into(),
        created_at: now().plus_ms(ms),
    };
    let (joined, left) = (consent("joined", 0), consent("left", 1));
    {
        let mut conn = db.write().await;
        residents::insert_groups(&mut conn, vec![(jo.resident.id, group)], now()).await.unwrap();
        assert_eq!(residents::append_consent(&mut conn, vec![left.clone(), joined.clone()]).await.unwrap(), 2);
        assert_eq!(residents::leave(&mut conn, jo.resident.id, now()).await.unwrap(), 1);
        assert_eq!(residents::find(&mut conn, jo.resident.id).await.unwrap().unwrap().left_at, Some(now()));
        assert!(residents::list_addresses(&mut conn, jo.resident.id).await.unwrap().is_empty());
        assert!(residents::list_groups(&mut conn, jo.resident.id).await.unwrap().is_empty());
        assert!(residents::list_places(&mut conn, jo.resident.id).await.unwrap().is_empty());
        let record = residents::list_consent(&mut conn, &jo.address.match_key).await.unwrap();
        assert_eq!(record.iter().map(|row| format!("{row:?}")).collect::<Vec<_>>(), [format!("{joined:?}"), format!("{left:?}")]);
        assert_eq!(residents::list_addresses(&mut conn, al.resident.id).await.unwrap().len(), 1, "nobody else loses anything");
    }
    let again = db.add_resident("07700 900001", &[area]).await;
    assert_ne!(again.resident.id, jo.resident.id);
});

on_both!(who_left_is_not_put_back_into_an_area, async |db| {
    let area = db.add_area("town-centre", "custom").await.id;
    let gone = db.add_resident("07700 900001", &[]).await.resident.id;
    let mut conn = db.write().await;
    residents::leave(&mut conn, gone, now()).await.unwrap();
    assert_eq!(places::replace_area_members(&mut conn, area, &["DE1 3AA".into()]).await.unwrap(), 0);
});
