//! The facts about each address in the chosen areas. What they mean is decided by `outbound::audience`.

use huecry::store::residents::{self, AddressRow};
use huecry::store::suppressions;
use huecry::store::views::audience::{self, Candidate, Wanted};

use crate::support::db::TestDb;
use crate::support::now;
use crate::support::rows::key;

fn of(areas: &[i64], groups: &[i64], mark: i64) -> Wanted {
    Wanted { areas: areas.to_vec(), groups: groups.to_vec(), mark, has_sms: true, has_email: true }
}

async fn list(db: &TestDb, areas: &[i64], groups: &[i64]) -> Vec<Candidate> {
    audience::list(&mut db.read().await, &of(areas, groups, i64::MAX), 0, 100).await.unwrap()
}

async fn values(db: &TestDb, areas: &[i64], groups: &[i64]) -> Vec<String> {
    list(db, areas, groups).await.into_iter().map(|candidate| candidate.value).collect()
}

on_both!(everyone_in_one_of_the_areas_is_named_once_in_order_of_address, async |db| {
    let (a, b, c) = (db.add_area("A", "sector").await.id, db.add_area("B", "sector").await.id, db.add_area("C", "sector").await.id);
    let both = db.add_resident("07700 900003", &[a, b]).await;
    db.add_resident("07700 900002", &[b]).await;
    db.add_resident("jo@example.org", &[a]).await;
    db.add_resident("07700 900004", &[c]).await;
    assert_eq!(values(db, &[a, b], &[]).await, ["+447700900003", "+447700900002", "jo@example.org"]);
    assert_eq!(values(db, &[c], &[]).await, ["+447700900004"]);
    assert!(values(db, &[], &[]).await.is_empty());
    let first = &list(db, &[a], &[]).await[0];
    assert_eq!((first.resident_id, first.kind.as_str(), &first.match_key), (both.resident.id, "phone", &key("07700 900003")));
});

on_both!(a_chunk_begins_after_the_cursor_and_ends_at_the_mark, async |db| {
    let area = db.add_area("A", "sector").await.id;
    assert_eq!(audience::highest_address(&mut db.read().await).await.unwrap(), 0);
    let mut ids = Vec::new();
    for n in 1..=5 {
        ids.push(db.add_resident(&format!("07700 90000{n}"), &[area]).await.address.id);
    }
    assert_eq!(audience::highest_address(&mut db.read().await).await.unwrap(), ids[4]);
    let chunk = audience::list(&mut db.read().await, &of(&[area], &[], ids[3]), ids[0], 2).await.unwrap();
    assert_eq!(chunk.iter().map(|candidate| candidate.id).collect::<Vec<_>>(), ids[1..3]);
    let chunk = audience::list(&mut db.read().await, &of(&[area], &[], ids[3]), ids[2], 2).await.unwrap();
    assert_eq!(chunk.iter().map(|candidate| candidate.id).collect::<Vec<_>>(), ids[3..4], "who joined after the mark gets no copy");
});

on_both!(each_fact_is_told_by_itself, async |db| {
    let area = db.add_area("A", "sector").await.id;
    let group = db.add_group("cctv-owners").await.id;
    let other_group = db.add_group("dog-walkers").await.id;
    let good = db.add_resident("07700 900001", &[area]).await;
    let off = db.add_resident("07700 900002", &[area]).await;
    let bad = db.add_resident("07700 900003", &[area]).await;
    db.add_resident("07700 900004", &[area]).await;
    let unproven = db.new_resident("DE1 3AA");
    let unproven_address = AddressRow { verified_at: None, ..db.new_address(unproven.id, "07700 900005") };
    let suppression = db.new_suppression("07700 900004", "sms", None);
    {
        let mut conn = db.write().await;
        residents::insert(&mut conn, vec![unproven.clone()]).await.unwrap();
        residents::insert_addresses(&mut conn, vec![unproven_address]).await.unwrap();
        residents::replace_areas(&mut conn, unproven.id, &[area]).await.unwrap();
        residents::set_enabled(&mut conn, off.address.id, false).await.unwrap();
        residents::mark_bad(&mut conn, &bad.address.match_key, now()).await.unwrap();
        suppressions::suppress(&mut conn, &suppression).await.unwrap();
        let members = vec![(good.resident.id, group), (off.resident.id, other_group), (bad.resident.id, group)];
        residents::insert_groups(&mut conn, members, now()).await.unwrap();
    }
    let facts: Vec<_> = list(db, &[area], &[group]).await.iter().map(|c| (c.in_group, c.suppressed, c.enabled, c.verified, c.bad)).collect();
    let expected = [
        (true, false, true, true, false),
        (false, false, false, true, false),
        (true, false, true, true, true),
        (false, true, true, true, false),
        (false, false, true, false, false),
    ];
    assert_eq!(facts, expected);
    assert!(list(db, &[area], &[]).await.iter().all(|candidate| candidate.in_group), "no group chosen means everyone");
    let in_either: Vec<bool> = list(db, &[area], &[group, other_group]).await.iter().map(|candidate| candidate.in_group).collect();
    assert_eq!(in_either, [true, true, true, false, false]);
});

on_both!(a_suppression_counts_for_its_own_channel_and_only_while_it_stands, async |db| {
    let area = db.add_area("A", "sector").await.id;
    for who in ["07700 900001", "one@example.org", "07700 900002", "two@example.org", "07700 900003"] {
        db.add_resident(who, &[area]).await;
    }
    let standing = [("07700 900001", "email"), ("one@example.org", "email"), ("07700 900002", "all"), ("two@example.org", "sms"), ("07700 900003", "sms")];
    for (who, channel) in standing {
        let row = db.new_suppression(who, channel, None);
        suppressions::suppress(&mut db.write().await, &row).await.unwrap();
    }
    suppressions::lift(&mut db.write().await, &key("07700 900003"), "sms", "account", now()).await.unwrap();
    let suppressed: Vec<bool> = list(db, &[area], &[]).await.iter().map(|candidate| candidate.suppressed).collect();
    assert_eq!(suppressed, [false, true, true, false, false]);
});

on_both!(a_suppression_outlives_the_account_and_meets_the_address_when_it_comes_back, async |db| {
    let area = db.add_area("A", "sector").await.id;
    let before = db.add_resident("jo@example.org", &[area]).await;
    let row = db.new_suppression("jo@example.org", "email", None);
    {
        let mut conn = db.write().await;
        suppressions::suppress(&mut conn, &row).await.unwrap();
        residents::leave(&mut conn, before.resident.id, now()).await.unwrap();
    }
    assert!(list(db, &[area], &[]).await.is_empty());
    db.add_resident("Jo@Example.org", &[area]).await;
    let found = list(db, &[area], &[]).await;
    assert_eq!(found.iter().map(|candidate| (candidate.value.as_str(), candidate.suppressed)).collect::<Vec<_>>(), [("Jo@example.org", true)]);
});

on_both!(who_left_a_group_by_text_is_reached_by_another_group_and_by_area_alone_but_not_by_that_one, async |db| {
    let area = db.add_area("A", "sector").await.id;
    let (dogs, cctv) = (db.add_group("dog-walkers").await.id, db.add_group("cctv-owners").await.id);
    let (one, both) = (db.add_resident("07700 900001", &[area]).await, db.add_resident("07700 900002", &[area]).await);
    let mut conn = db.write().await;
    residents::insert_groups(&mut conn, vec![(one.resident.id, dogs), (both.resident.id, dogs), (both.resident.id, cctv)], now()).await.unwrap();
    for who in ["07700 900001", "07700 900002"] {
        let row = suppressions::SuppressionRow { scope: "dog-walkers".into(), ..db.new_suppression(who, "sms", None) };
        suppressions::suppress(&mut conn, &row).await.unwrap();
    }
    drop(conn);
    let facts = async |groups: &[i64]| list(db, &[area], groups).await.iter().map(|c| (c.in_group, c.left_group)).collect::<Vec<_>>();
    assert_eq!(facts(&[dogs]).await, [(false, true), (false, true)]);
    assert_eq!(facts(&[dogs, cctv]).await, [(false, true), (true, true)]);
    assert_eq!(facts(&[cctv]).await, [(false, false), (true, false)]);
    assert_eq!(facts(&[]).await, [(true, false), (true, false)], "by area alone everybody");
});
