//! What an outage does to what waits: moved, taken back, brought forward, queued again.

use diesel::QueryResult;
use huecry::store::alerts::{self, AlertRow};
use huecry::store::deliveries::{self, AttemptRow, DeliveryRow};
use huecry::store::outbox::Claimed;
use huecry::store::{outages, outbox};

use crate::support::db::TestDb;
use crate::support::now;
use crate::support::rows::SMS;

async fn add_alert(db: &TestDb, two_way: bool, hold: Option<&str>) -> AlertRow {
    let owner = db.add_officer(&format!("o{}@force.example", db.id())).await;
    let row = AlertRow { two_way, hold: hold.map(str::to_owned), ..db.new_alert(owner.id) };
    alerts::insert(&mut db.write().await, &row, vec![db.new_text(&row, "sms", "Seen it?")], &[], &[]).await.unwrap();
    row
}

async fn add(db: &TestDb, rows: Vec<DeliveryRow>) -> Vec<i64> {
    let ids = rows.iter().map(|row| row.id).collect();
    deliveries::insert(&mut db.write().await, rows).await.unwrap();
    ids
}

async fn movable(db: &TestDb, unanswered: bool) -> Vec<i64> {
    let mut conn = db.write().await;
    conn.transaction(async |conn| outages::list_movable(conn, SMS, unanswered, 100, now()).await).await.unwrap()
}

on_both!(what_was_certainly_not_taken_may_move_and_nothing_else, async |db| {
    let (asks, tells, paused) = (add_alert(db, true, None).await, add_alert(db, false, None).await, add_alert(db, true, Some("paused")).await);
    let of = |alert: &AlertRow, n: u32| db.new_delivery(alert, &format!("07700 900{n:03}"));
    let ids = add(
        db,
        vec![
            of(&asks, 100),
            DeliveryRow { attempts: 1, error_code: Some("500".into()), ..of(&asks, 101) },
            DeliveryRow { attempts: 2, error_code: Some("500".into()), ..of(&asks, 102) },
            DeliveryRow { attempts: 1, error_code: Some("doubtful".into()), ..of(&asks, 103) },
            DeliveryRow { error_code: Some("rerouted".into()), ..of(&asks, 104) },
            DeliveryRow { attempts: 1, next_attempt_at: now().plus_ms(60_000), ..of(&asks, 105) },
            DeliveryRow { channel: "other".into(), ..of(&asks, 106) },
            DeliveryRow { status: "sending".into(), ..of(&asks, 107) },
            of(&paused, 108),
            of(&tells, 109),
            DeliveryRow { purpose: "reply".into(), ..of(&tells, 110) },
        ],
    )
    .await;
    let unknown = AttemptRow {
        id: db.id(),
        delivery_id: ids[2],
        number: 1,
        outcome: "unknown".into(),
        provider_message_id: None,
        error_code: None,
        error_detail: None,
        finished_at: now(),
    };
    deliveries::insert_attempts(&mut db.write().await, vec![unknown]).await.unwrap();
    let mut found = movable(db, false).await;
    found.sort_unstable();
    assert_eq!(found, [ids[0], ids[1], ids[9], ids[10]]);
    assert_eq!(movable(db, true).await, [ids[9]], "under a name goes what asks for no answer");
    let due = outages::count_due(&mut db.write().await, SMS, 100, now()).await.unwrap();
    assert_eq!(due, 7, "what waits to leave now: not what is paused, elsewhere, under way or later");
    assert_eq!(outages::count_due(&mut db.write().await, SMS, 3, now()).await.unwrap(), 3);
});

on_both!(what_was_moved_and_not_tried_comes_back_as_it_was, async |db| {
    let alert = add_alert(db, true, None).await;
    let ids = add(db, (100..103).map(|n| db.new_delivery(&alert, &format!("07700 900{n}"))).collect()).await;
    let mut conn = db.write().await;
    let to_spare: Vec<(i64, String)> = ids.iter().map(|id| (*id, "+447700900008".to_owned())).collect();
    assert_eq!(outages::move_to(&mut conn, &to_spare, "spare", Some("because"), now()).await.unwrap(), 3);
    let moved = deliveries::find(&mut conn, ids[0]).await.unwrap().unwrap();
    assert_eq!((moved.channel.as_str(), moved.sender.as_str()), ("spare", "+447700900008"));
    assert_eq!((moved.error_code.as_deref(), moved.error_detail.as_deref()), (Some("rerouted"), Some("because")));
    // One is tried there.
    let tried: QueryResult<Claimed> = conn.transaction(async |conn| outbox::take(conn, "spare", "w", 1, 60_000, &[], now()).await).await;
    assert_eq!(tried.unwrap().leaving[0].id, ids[0]);
    outbox::retry_at(&mut conn, ids[0], "w", now(), "500", "no").await.unwrap();
    for why in ["because", "another channel"] {
        let back = conn.transaction(async |conn| outages::list_rerouted(conn, "spare", why, 10).await).await.unwrap();
        assert_eq!(back, if why == "because" { ids[1..].to_vec() } else { Vec::new() });
    }
    let home: Vec<(i64, String)> = ids[1..].iter().map(|id| (*id, "+447700900001".to_owned())).collect();
    assert_eq!(outages::move_to(&mut conn, &home, SMS, None, now()).await.unwrap(), 2);
    let back = deliveries::find(&mut conn, ids[1]).await.unwrap().unwrap();
    assert_eq!((back.channel.as_str(), back.error_code, back.error_detail), (SMS, None, None));
});

on_both!(only_what_was_refused_so_is_queued_again_and_only_what_is_named_comes_forward, async |db| {
    let alert = add_alert(db, true, None).await;
    let refused = |n: u32, status: &str, code: &str| DeliveryRow {
        status: status.into(),
        rank: 9,
        attempts: 1,
        error_code: Some(code.into()),
        finished_at: Some(now()),
        ..db.new_delivery(&alert, &format!("07700 900{n}"))
    };
    let later = |n: u32| DeliveryRow { attempts: 1, next_attempt_at: now().plus_ms(60_000), ..db.new_delivery(&alert, &format!("07700 900{n}")) };
    let ids = add(
        db,
        vec![
            refused(100, "permanent_failure", "550"),
            refused(101, "technical_failure", "550"),
            refused(102, "permanent_failure", "551"),
            refused(103, "delivered", "550"),
            refused(104, "permanent_failure", "550"),
            later(105),
            later(106),
        ],
    )
    .await;
    let mut conn = db.write().await;
    let mut revived: Vec<i64> = outages::revive(&mut conn, &ids[..4], "550", now()).await.unwrap().iter().map(|row| row.id).collect();
    revived.sort_unstable();
    assert_eq!(revived, ids[..2]);
    assert_eq!(outages::bring_forward(&mut conn, SMS, &ids[5..6], now()).await.unwrap(), 1);
    let taken: QueryResult<Claimed> = conn.transaction(async |conn| outbox::take(conn, SMS, "w", 10, 60_000, &[], now()).await).await;
    let taken: Vec<i64> = taken.unwrap().leaving.iter().map(|row| row.id).collect();
    assert_eq!(taken, [ids[0], ids[1], ids[5]]);
});

on_both!(a_trial_is_the_newest_copy_that_never_failed_or_else_the_newest, async |db| {
    let alert = add_alert(db, true, None).await;
    let copy = |n: u32, attempts: i64| DeliveryRow { attempts, ..db.new_delivery(&alert, &format!("07700 900{n}")) };
    let ids = add(db, vec![copy(100, 3), copy(101, 0), copy(102, 0), copy(103, 1)]).await;
    let mut conn = db.write().await;
    for expected in [ids[2], ids[1], ids[3], ids[0]] {
        let taken: QueryResult<Claimed> = conn.transaction(async |conn| outbox::take_trial(conn, SMS, "w", 60_000, &[], now()).await).await;
        assert_eq!(taken.unwrap().leaving.iter().map(|row| row.id).collect::<Vec<_>>(), [expected]);
    }
});
