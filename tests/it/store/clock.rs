//! The 72-hour clock and urgency, as rows and as told.

use huecry::domain::place::{self, Urgency};
use huecry::store::conversations::{self, ConversationRow, Touch};
use huecry::store::pauses::{self, PauseRow};
use huecry::store::{nudges, urgencies};
use serde_json::json;

use crate::support::db::TestDb;
use crate::support::now;

const HOUR: i64 = 3_600_000;

async fn read(db: &TestDb, id: i64) -> ConversationRow {
    conversations::get(&mut db.read().await, id).await.unwrap()
}

async fn writes(db: &TestDb, id: i64, hours: i64) {
    let via = Some(("sms".to_owned(), "sms".to_owned(), "+447700900001".to_owned()));
    let touch = Touch { preview: "Seen".into(), attachments: 0, inbound: true, via, at: now().plus_ms(hours * HOUR) };
    conversations::touch(&mut db.write().await, id, &touch).await.unwrap();
}

on_both!(the_clock_runs_from_the_first_message_that_nobody_answered, async |db| {
    let correspondent = db.add_correspondent("07700 900001").await;
    let id = db.add_conversation(None, correspondent.id).await.id;
    writes(db, id, 0).await;
    writes(db, id, 5).await;
    let row = read(db, id).await;
    assert_eq!((row.waiting_since, row.due_at), (Some(now()), Some(now().plus_ms(72 * HOUR))), "the second does not put it off");
    assert_eq!(row.place, place::waiting(Urgency::None, now().plus_ms(72 * HOUR)));
    conversations::set_answered(&mut db.write().await, id, now().plus_ms(6 * HOUR)).await.unwrap();
    let row = read(db, id).await;
    assert_eq!((row.waiting_since, row.due_at, row.place), (None, None, place::settled(now().plus_ms(6 * HOUR))));
    writes(db, id, 10).await;
    assert_eq!(read(db, id).await.due_at, Some(now().plus_ms(82 * HOUR)), "a new question has a clock of its own");
    conversations::set_status(&mut db.write().await, id, "closed", Some(now().plus_ms(11 * HOUR))).await.unwrap();
    assert_eq!(read(db, id).await.place, place::closed(now().plus_ms(11 * HOUR)));
    conversations::set_status(&mut db.write().await, id, "open", None).await.unwrap();
    assert_eq!(read(db, id).await.due_at, Some(now().plus_ms(82 * HOUR)), "opened again it is as if it had never been closed");
    conversations::set_status(&mut db.write().await, id, "closed", Some(now().plus_ms(12 * HOUR))).await.unwrap();
    writes(db, id, 200).await;
    let row = read(db, id).await;
    assert_eq!((row.status.as_str(), row.due_at), ("open", Some(now().plus_ms(272 * HOUR))), "what was closed begins anew");
});

on_both!(a_pause_puts_the_answer_off_by_as_long_as_it_lasts, async |db| {
    let correspondent = db.add_correspondent("07700 900001").await;
    let id = db.add_conversation(None, correspondent.id).await.id;
    let pause = |hours: i64| PauseRow {
        id: db.id(),
        conversation_id: id,
        officer_id: None,
        reason: "Waiting for CCTV".into(),
        began_at: now().plus_ms(hours * HOUR),
        ended_at: None,
    };
    let mut conn = db.write().await;
    assert!(!pauses::begin(&mut conn, &pause(0)).await.unwrap(), "nobody waits yet");
    drop(conn);
    writes(db, id, 0).await;
    let mut conn = db.write().await;
    assert!(pauses::begin(&mut conn, &pause(10)).await.unwrap());
    assert!(!pauses::begin(&mut conn, &pause(11)).await.unwrap(), "once is enough");
    assert!(pauses::end(&mut conn, id, now().plus_ms(30 * HOUR)).await.unwrap());
    assert!(!pauses::end(&mut conn, id, now().plus_ms(31 * HOUR)).await.unwrap());
    drop(conn);
    let row = read(db, id).await;
    assert_eq!((row.due_at, row.paused_at), (Some(now().plus_ms(92 * HOUR)), None));
});

on_both!(what_is_raised_stands_first_and_is_told_until_somebody_takes_it_up, async |db| {
    let correspondent = db.add_correspondent("07700 900001").await;
    let id = db.add_conversation(None, correspondent.id).await.id;
    writes(db, id, 0).await;
    let mut conn = db.write().await;
    let reasons = json!([{ "kind": "weapon", "said": "he has a knife" }]);
    urgencies::raise(&mut conn, id, Urgency::Raised, &json!([{ "kind": "child", "said": "a lad" }]), now(), None).await.unwrap();
    urgencies::raise(&mut conn, id, Urgency::Life, &reasons, now(), None).await.unwrap();
    let row = conversations::get(&mut conn, id).await.unwrap();
    assert_eq!((row.urgency.as_str(), row.place), ("life", place::waiting(Urgency::Life, now().plus_ms(72 * HOUR))));
    let stands = urgencies::find(&mut conn, id).await.unwrap().unwrap();
    assert_eq!(stands.reasons.as_array().unwrap().len(), 2, "every reason is kept");
    let told = async |conn: &mut huecry::store::Conn| nudges::list_unacknowledged(conn, now(), 9).await.unwrap().len();
    assert_eq!((nudges::list_untold(&mut conn, 9).await.unwrap().len(), told(&mut conn).await), (1, 1));
    assert!(urgencies::acknowledge(&mut conn, id, None, now()).await.unwrap());
    assert!(!urgencies::acknowledge(&mut conn, id, None, now()).await.unwrap());
    assert_eq!((nudges::list_untold(&mut conn, 9).await.unwrap().len(), told(&mut conn).await), (0, 0));
    urgencies::raise(&mut conn, id, Urgency::Life, &reasons, now().plus_ms(5), None).await.unwrap();
    assert_eq!(nudges::list_untold(&mut conn, 9).await.unwrap().len(), 1, "what is written after that calls again");
});
