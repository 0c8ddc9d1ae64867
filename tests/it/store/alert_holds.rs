//! A hold keeps everything of an alert that has not left from leaving, whatever the order of things, and loses none of it.

use diesel::QueryResult;
use huecry::domain::alert::{AlertStatus, Hold};
use huecry::store::alert_holds;
use huecry::store::alerts::{self, AlertRow};
use huecry::store::deliveries::{self, DeliveryRow};
use huecry::store::outbox::{self, Claimed};

use crate::support::db::TestDb;
use crate::support::now;
use crate::support::rows::SMS;

const LEASE_MS: i64 = 60_000;

/// Takes up to so many as if to hand them over at once; gives their ids.
async fn take(db: &TestDb, limit: i64) -> Vec<i64> {
    let mut conn = db.write().await;
    let taken: QueryResult<Claimed> = conn.transaction(async |conn| outbox::take(conn, SMS, "a", limit, LEASE_MS, &[], now()).await).await;
    taken.unwrap().leaving.into_iter().map(|row| row.id).collect()
}

async fn set(db: &TestDb, alert: i64, hold: Option<Hold>) {
    let status = if hold == Some(Hold::TakenBack) { AlertStatus::TakenBack } else { AlertStatus::Live };
    alert_holds::set(&mut db.write().await, alert, hold, status, now()).await.unwrap();
}

/// Chunks of so many until nothing is left to do; gives how many moved.
async fn settle(db: &TestDb, limit: i64) -> usize {
    let mut moved = 0;
    loop {
        let unsettled = alert_holds::list_unsettled(&mut db.read().await).await.unwrap();
        let Some(alert) = unsettled.first() else { return moved };
        let mut conn = db.write().await;
        let step: QueryResult<usize> = conn.transaction(async |conn| alert_holds::settle(conn, *alert, limit, now()).await).await;
        moved += step.unwrap();
    }
}

async fn statuses(db: &TestDb, rows: &[DeliveryRow]) -> Vec<String> {
    let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
    let mut found = deliveries::list_by_ids(&mut db.read().await, &ids).await.unwrap();
    found.sort_by_key(|row| row.id);
    found.into_iter().map(|row| row.status).collect()
}

/// An alert of an officer with so many queued copies.
async fn going(db: &TestDb, count: u16) -> (AlertRow, Vec<DeliveryRow>) {
    let officer = db.add_officer(&format!("{}@force.example", huecry::domain::ids::public_id())).await;
    let alert = db.add_alert(officer.id, &[]).await;
    let rows: Vec<DeliveryRow> = (0..count).map(|n| db.new_delivery(&alert, &format!("07700 900{n:03}"))).collect();
    deliveries::insert(&mut db.write().await, rows.clone()).await.unwrap();
    (alert, rows)
}

on_both!(a_claim_passes_over_a_held_alert_and_nothing_else, async |db| {
    let (alert, _) = going(db, 3).await;
    let (_, other) = going(db, 2).await;
    // An answer to somebody about the same alert is not the alert.
    let reply = DeliveryRow { purpose: "reply".into(), source_id: db.id(), ..db.new_delivery(&alert, "07700 900900") };
    deliveries::insert(&mut db.write().await, vec![reply.clone()]).await.unwrap();
    set(db, alert.id, Some(Hold::Paused)).await;
    let mut taken = take(db, 100).await;
    taken.sort_unstable();
    assert_eq!(taken, [other[0].id, other[1].id, reply.id]);
});

on_both!(what_waits_when_the_hold_comes_is_not_handed_over_after_it, async |db| {
    let (alert, rows) = going(db, 3).await;
    assert_eq!(take(db, 1).await, [rows[0].id], "this one has left");
    set(db, alert.id, Some(Hold::TakenBack)).await;
    assert!(take(db, 100).await.is_empty());
    assert_eq!(settle(db, 100).await, 2);
    assert_eq!(statuses(db, &rows).await, ["sending", "cancelled", "cancelled"]);
    assert!(take(db, 100).await.is_empty());
});

on_both!(paused_copies_leave_the_queue_and_come_back_to_it_in_chunks, async |db| {
    let (alert, rows) = going(db, 7).await;
    set(db, alert.id, Some(Hold::Paused)).await;
    assert_eq!(settle(db, 3).await, 7);
    assert_eq!(statuses(db, &rows).await, ["held"; 7]);
    set(db, alert.id, None).await;
    assert_eq!(settle(db, 3).await, 7);
    assert_eq!(take(db, 100).await, rows.iter().map(|row| row.id).collect::<Vec<_>>());
});

on_both!(what_was_taken_back_comes_back_and_what_was_cancelled_otherwise_does_not, async |db| {
    let (alert, rows) = going(db, 3).await;
    let erased = DeliveryRow { status: "cancelled".into(), rank: 9, ..db.new_delivery(&alert, "07700 900900") };
    deliveries::insert(&mut db.write().await, vec![erased.clone()]).await.unwrap();
    set(db, alert.id, Some(Hold::Paused)).await;
    settle(db, 100).await;
    set(db, alert.id, Some(Hold::TakenBack)).await;
    settle(db, 100).await;
    let gone = deliveries::find(&mut db.read().await, rows[0].id).await.unwrap().unwrap();
    assert_eq!((gone.status.as_str(), gone.finished_at, gone.error_code.as_deref()), ("cancelled", Some(now()), Some("taken_back")));
    set(db, alert.id, None).await;
    settle(db, 100).await;
    assert_eq!(statuses(db, &rows).await, ["queued"; 3]);
    assert_eq!(statuses(db, std::slice::from_ref(&erased)).await, ["cancelled"]);
    let back = deliveries::find(&mut db.read().await, rows[0].id).await.unwrap().unwrap();
    assert_eq!((back.finished_at, back.error_code, back.rank), (None, None, 0));
});

on_both!(what_comes_back_into_the_queue_of_a_held_alert_is_taken_out_again, async |db| {
    let (alert, rows) = going(db, 2).await;
    let taken = take(db, 100).await;
    set(db, alert.id, Some(Hold::Paused)).await;
    assert_eq!(settle(db, 100).await, 0);
    // The provider refused it for now.
    outbox::retry_at(&mut db.write().await, taken[0], "a", now(), "500", "not now").await.unwrap();
    assert!(take(db, 100).await.is_empty());
    assert_eq!(alert_holds::note_stray(&mut db.write().await, now().minus_days(1)).await.unwrap(), 1);
    assert_eq!(settle(db, 100).await, 1);
    assert_eq!(statuses(db, &rows).await, ["held", "sending"]);
    assert_eq!(alert_holds::note_stray(&mut db.write().await, now().minus_days(1)).await.unwrap(), 0);
});

on_both!(quiet_hours_hold_what_goes_out_of_that_urgency_and_let_it_go_on, async |db| {
    let (routine, rows) = going(db, 2).await;
    let (paused, _) = going(db, 1).await;
    let (over, _) = going(db, 0).await;
    set(db, paused.id, Some(Hold::Paused)).await;
    let urgent = AlertRow { urgency: "urgent".into(), ..db.new_alert(routine.owner_id) };
    alerts::insert(&mut db.write().await, &urgent, Vec::new(), &[], &[]).await.unwrap();
    let since = now().minus_days(1);
    assert_eq!(alert_holds::hush(&mut db.write().await, "routine", since, now()).await.unwrap(), 1);
    assert_eq!(alert_holds::hush(&mut db.write().await, "routine", since, now()).await.unwrap(), 0);
    settle(db, 100).await;
    assert_eq!(statuses(db, &rows).await, ["held"; 2]);
    let hold = async |id: i64| alerts::get(&mut db.read().await, id).await.unwrap().hold;
    assert_eq!((hold(routine.id).await.as_deref(), hold(paused.id).await.as_deref(), hold(over.id).await), (Some("quiet"), Some("paused"), None));
    assert_eq!(alert_holds::unhush(&mut db.write().await, "routine").await.unwrap(), 1);
    settle(db, 100).await;
    assert_eq!(statuses(db, &rows).await, ["queued"; 2]);
    assert_eq!(hold(paused.id).await.as_deref(), Some("paused"), "what an officer paused stays paused");
});

on_both!(what_is_past_its_time_when_the_alert_goes_on_ends_at_once, async |db| {
    let (alert, rows) = going(db, 2).await;
    let late = DeliveryRow { expires_at: Some(now().plus_ms(-1)), ..db.new_delivery(&alert, "07700 900901") };
    let timely = DeliveryRow { expires_at: Some(now().plus_ms(86_400_000)), ..db.new_delivery(&alert, "07700 900902") };
    deliveries::insert(&mut db.write().await, vec![late.clone(), timely.clone()]).await.unwrap();
    for hold in [Hold::Paused, Hold::TakenBack] {
        set(db, alert.id, Some(hold)).await;
        settle(db, 100).await;
        assert!(!alert_holds::any_waits(&mut db.read().await, alert.id).await.unwrap() || hold == Hold::Paused);
    }
    set(db, alert.id, None).await;
    settle(db, 1).await;
    assert_eq!(statuses(db, &[rows, vec![late.clone(), timely]].concat()).await, ["queued", "queued", "expired", "queued"]);
    let late = deliveries::find(&mut db.read().await, late.id).await.unwrap().unwrap();
    assert!((late.error_code.as_deref(), late.rank) == (None, 6) && late.finished_at.is_some(), "{late:?}");
});

on_both!(nothing_is_written_in_quiet_hours_while_nothing_goes_out, async |db| {
    let (alert, rows) = going(db, 1).await;
    let since = now().minus_days(1);
    let loud = async || alert_holds::is_loud(&mut db.read().await, "routine", since).await.unwrap();
    assert!(loud().await && !alert_holds::is_loud(&mut db.read().await, "urgent", since).await.unwrap());
    alert_holds::hush(&mut db.write().await, "routine", since, now()).await.unwrap();
    assert!(!loud().await);
    alert_holds::unhush(&mut db.write().await, "routine").await.unwrap();
    assert!(loud().await);
    assert_eq!(take(db, 10).await, [rows[0].id]);
    assert!(!loud().await, "{} has left", alert.reference);
});
