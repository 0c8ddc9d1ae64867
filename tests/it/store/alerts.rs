//! Alerts with their texts, areas and groups, and the fan-out that one worker at a time carries on.

use diesel::QueryResult;
use huecry::store::alerts::{self, AlertRow};

use crate::support::db::TestDb;
use crate::support::now;

const LEASE_MS: i64 = 60_000;

async fn claim(db: &TestDb, owner: &str, lease_ms: i64) -> Option<AlertRow> {
    let mut conn = db.write().await;
    let claimed: QueryResult<Option<AlertRow>> = conn.transaction(async |conn| alerts::claim_fan_out(conn, owner, lease_ms).await).await;
    claimed.unwrap()
}

async fn add_publishing(db: &TestDb, owner_id: i64, urgency: &str) -> AlertRow {
    let row = AlertRow { status: "publishing".into(), urgency: urgency.into(), audience_mark: 100, ..db.new_alert(owner_id) };
    alerts::insert(&mut db.write().await, &row, Vec::new(), &[], &[]).await.unwrap();
    row
}

on_both!(an_alert_comes_back_with_its_texts_areas_and_groups, async |db| {
    let officer = db.add_officer("jo@force.example").await;
    let team = db.add_team("Amber Valley").await;
    let (b, a) = (db.add_area("B", "sector").await, db.add_area("A", "district").await);
    let group = db.add_group("dog-walkers").await;
    db.add_group("cctv-owners").await;
    let row = AlertRow { team_id: Some(team.id), token: Some("form-1".into()), send_again_on_doubt: true, expected_sms: 3, ..db.new_alert(officer.id) };
    let other_version = AlertRow { version: 2, ..row.clone() };
    let texts = vec![db.new_text(&row, "sms", "Seen a van \u{1f690}?"), db.new_text(&other_version, "sms", "Corrected")];
    alerts::insert(&mut db.write().await, &row, texts.clone(), &[b.id, a.id], &[group.id]).await.unwrap();
    let mut conn = db.read().await;
    for found in [
        alerts::find_by_reference(&mut conn, &row.reference).await.unwrap(),
        alerts::find_by_token(&mut conn, "form-1").await.unwrap(),
        Some(alerts::get(&mut conn, row.id).await.unwrap()),
        alerts::list_by_ids(&mut conn, &[row.id, 1]).await.unwrap().pop(),
    ] {
        assert_eq!(format!("{:?}", found.unwrap()), format!("{row:?}"));
    }
    assert!(alerts::find_by_reference(&mut conn, "ZZZZZ").await.unwrap().is_none());
    assert!(alerts::find_by_token(&mut conn, "form-2").await.unwrap().is_none());
    assert_eq!(alerts::get(&mut conn, 1).await.unwrap_err(), diesel::result::Error::NotFound);
    let found = alerts::list_texts(&mut conn, row.id, 1).await.unwrap();
    assert_eq!(found.iter().map(|text| (text.id, text.body.as_str())).collect::<Vec<_>>(), [(texts[0].id, "Seen a van \u{1f690}?")]);
    assert_eq!(alerts::list_areas(&mut conn, row.id).await.unwrap(), [(a.id, a.name), (b.id, b.name)]);
    assert_eq!(alerts::list_groups(&mut conn, row.id).await.unwrap(), [(group.id, group.name)]);
});

on_both!(a_reference_and_a_forms_token_are_used_once, async |db| {
    let officer = db.add_officer("jo@force.example").await;
    let first = AlertRow { token: Some("form-1".into()), ..db.new_alert(officer.id) };
    let mut conn = db.write().await;
    alerts::insert(&mut conn, &first, Vec::new(), &[], &[]).await.unwrap();
    for second in
        [AlertRow { reference: first.reference.clone(), ..db.new_alert(officer.id) }, AlertRow { token: first.token.clone(), ..db.new_alert(officer.id) }]
    {
        assert!(alerts::insert(&mut conn, &second, Vec::new(), &[], &[]).await.is_err());
    }
    // Without a token there is nothing to collide.
    for _ in 0..2 {
        alerts::insert(&mut conn, &db.new_alert(officer.id), Vec::new(), &[], &[]).await.unwrap();
    }
});

on_both!(exclusions_of_a_reason_add_up, async |db| {
    let officer = db.add_officer("jo@force.example").await;
    let (alert, other) = (db.add_alert(officer.id, &[]).await, db.add_alert(officer.id, &[]).await);
    let mut conn = db.write().await;
    for (id, reason, count) in [(alert.id, "opted_out", 2), (alert.id, "unconfirmed", 9), (alert.id, "opted_out", 3), (other.id, "opted_out", 50)] {
        alerts::add_exclusions(&mut conn, id, reason, count).await.unwrap();
    }
    assert_eq!(alerts::list_exclusions(&mut conn, alert.id).await.unwrap(), [("unconfirmed".to_owned(), 9), ("opted_out".to_owned(), 5)]);
});

on_both!(the_most_urgent_alert_is_fanned_out_first_and_by_one_worker_only, async |db| {
    let officer = db.add_officer("jo@force.example").await;
    let routine = add_publishing(db, officer.id, "routine").await;
    let urgent = add_publishing(db, officer.id, "urgent").await;
    let first_life = add_publishing(db, officer.id, "life_at_risk").await;
    let second_life = add_publishing(db, officer.id, "life_at_risk").await;
    db.add_alert(officer.id, &[]).await;
    for (owner, expected) in ["a", "b", "c", "d"].into_iter().zip([first_life, second_life, urgent, routine]) {
        let claimed = claim(db, owner, LEASE_MS).await.unwrap();
        assert_eq!((claimed.id, claimed.fan_out_owner.as_deref()), (expected.id, Some(owner)));
    }
    assert!(claim(db, "e", LEASE_MS).await.is_none());
});

on_both!(a_worker_goes_on_with_its_own_fan_out_unless_something_is_more_urgent, async |db| {
    let officer = db.add_officer("jo@force.example").await;
    let first = add_publishing(db, officer.id, "routine").await;
    let second = add_publishing(db, officer.id, "routine").await;
    for _ in 0..2 {
        assert_eq!(claim(db, "a", LEASE_MS).await.unwrap().id, first.id);
    }
    let urgent = add_publishing(db, officer.id, "life_at_risk").await;
    assert_eq!(claim(db, "a", LEASE_MS).await.unwrap().id, urgent.id);
    assert_eq!(claim(db, "b", LEASE_MS).await.unwrap().id, second.id, "what another worker has is not taken");
});

on_both!(only_a_live_alert_is_closed_and_once, async |db| {
    let officer = db.add_officer("jo@force.example").await;
    let going = add_publishing(db, officer.id, "routine").await;
    let live = db.add_alert(officer.id, &[]).await;
    let mut conn = db.write().await;
    assert_eq!(alerts::close(&mut conn, going.id, now()).await.unwrap(), 0, "it is still going out");
    assert_eq!(alerts::close(&mut conn, live.id, now().plus_ms(1)).await.unwrap(), 1);
    assert_eq!(alerts::close(&mut conn, live.id, now().plus_ms(2)).await.unwrap(), 0);
    assert_eq!(alerts::get(&mut conn, live.id).await.unwrap().closed_at, Some(now().plus_ms(1)));
    assert_eq!(alerts::reopen(&mut conn, live.id, now().plus_ms(2)).await.unwrap(), 0, "that is too long ago");
    assert_eq!(alerts::reopen(&mut conn, live.id, now()).await.unwrap(), 1);
    let again = alerts::get(&mut conn, live.id).await.unwrap();
    assert_eq!((again.status.as_str(), again.closed_at), ("live", None));
    assert_eq!(alerts::reopen(&mut conn, live.id, now()).await.unwrap(), 0, "it is open");
});

on_both!(a_fan_out_given_back_is_taken_up_at_once, async |db| {
    let officer = db.add_officer("jo@force.example").await;
    let (mine, other) = (add_publishing(db, officer.id, "urgent").await, add_publishing(db, officer.id, "routine").await);
    assert_eq!(claim(db, "a", LEASE_MS).await.unwrap().id, mine.id);
    assert_eq!(claim(db, "b", LEASE_MS).await.unwrap().id, other.id);
    assert!(claim(db, "c", LEASE_MS).await.is_none());
    assert_eq!(alerts::release_fan_out(&mut db.write().await, "a").await.unwrap(), 1);
    assert_eq!(claim(db, "c", LEASE_MS).await.unwrap().id, mine.id, "and what another has stays theirs");
});

on_both!(a_fan_out_leased_before_the_clock_was_put_back_is_taken_up, async |db| {
    let officer = db.add_officer("jo@force.example").await;
    let alert = add_publishing(db, officer.id, "life_at_risk").await;
    // Its worker is dead, and by the clock of now it has an hour still.
    claim(db, "a", 3_600_000).await.unwrap();
    assert_eq!(claim(db, "b", LEASE_MS).await.map(|row| row.id), Some(alert.id));
    assert!(claim(db, "c", LEASE_MS).await.is_none(), "a lease of now stands");
});
