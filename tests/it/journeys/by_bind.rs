//! The jobs of `each_provider` by a bind: npm's SMPP message centre carries the texts, and everything else is the gateway's own.

use huecry::store::envelopes;
use serde_json::{Value, json};

use crate::smpp::{Centre, THEIRS, channel};
use crate::support::app::{TestApp, eventually};
use crate::support::browser::value_of_hidden;
use crate::support::db::TestDb;

async fn start(db: &TestDb) -> (Centre, TestApp) {
    let mut centre = Centre::start().await;
    let t = TestApp::start_with(db, &format!("# alone\n{}", channel(centre.port, "")), true).await;
    t.add_resident(db, "Ann Archer", &[THEIRS], &[]).await;
    centre.expect("bind").await;
    (centre, t)
}

/// The next text that the message centre took, all of its parts together: (id of the first, words).
async fn text(centre: &mut Centre) -> (String, String) {
    let first = centre.expect("submitted").await;
    let mut words = first["text"].as_str().unwrap().to_owned();
    // A header in hexadecimal: kind, length, reference, parts, number.
    let parts = first["udh"][0].as_str().map_or(1, |udh| u8::from_str_radix(&udh[udh.len() - 4..udh.len() - 2], 16).unwrap());
    for _ in 1..parts {
        words.push_str(centre.expect("submitted").await["text"].as_str().unwrap());
    }
    (first["id"].as_str().unwrap().to_owned(), words)
}

async fn receipt(centre: &mut Centre, id: &str, word: &str) {
    let words = format!("id:{id} sub:001 dlvrd:001 submit date:2611221159 done date:2611221200 stat:{word} err:000 text:");
    centre.deliver("receipt", json!({"esm_class": 4, "data_coding": 0, "short_message": words})).await;
    assert_eq!(centre.expect("delivered").await["status"], 0);
}

async fn says(centre: &mut Centre, words: &str) {
    centre.deliver("text", json!({"data_coding": 0, "short_message": words})).await;
    assert_eq!(centre.expect("delivered").await["status"], 0);
}

async fn wait_for_status(t: &TestApp, reference: &str, status: &str) {
    let key = t.key(&["alerts"]).await;
    eventually(&format!("{reference} to be {status}"), async || {
        let alert = t.api(&key, &format!("/api/v1/alerts/{reference}")).await;
        (alert["deliveries"]["sms"][status] == 1).then_some(())
    })
    .await;
}

async fn all_read(db: &TestDb) {
    eventually("every arrival to be dealt with", async || (envelopes::count_waiting(&mut db.read().await).await.unwrap() == 0).then_some(())).await;
}

on_both!(an_alert_arrives_is_answered_and_can_be_left, async |db| {
    let (mut centre, t) = start(db).await;
    let mut officer = t.officer("owner@force.example").await;
    let reference = t.publish(&mut officer, "White van", "Did you see it & the £20 [note]?").await;
    let (id, words) = text(&mut centre).await;
    assert!(words.contains("Did you see it & the £20 [note]?") && words.contains(&reference), "{words}");
    receipt(&mut centre, &id, "DELIVRD").await;
    wait_for_status(&t, &reference, "delivered").await;
    // Out of order, and again.
    receipt(&mut centre, &id, "ENROUTE").await;
    receipt(&mut centre, &id, "DELIVRD").await;

    says(&mut centre, "By the church [at 9]").await;
    let key = t.key(&["inbox", "alerts"]).await;
    let talk = t.wait_for_conversations(&key, &reference, 1).await.remove(0);
    let message = &talk["messages"][0];
    assert_eq!((&message["text"], &message["possible_duplicate"]), (&json!("By the church [at 9]"), &json!(false)));
    assert_eq!((&message["attribution"]["method"], &message["attribution"]["confidence"]), (&json!("pair"), &json!("certain")));
    // A text has no id here: what the message centre sends again may be a second text, and is kept with a mark.
    says(&mut centre, "By the church [at 9]").await;
    let talk: Value = eventually("the second", async || {
        let talk = t.wait_for_conversations(&key, &reference, 1).await.remove(0);
        (talk["messages"].as_array().unwrap().len() == 2).then_some(talk)
    })
    .await;
    assert_eq!(talk["messages"][1]["possible_duplicate"], true);

    let id = talk["id"].as_str().unwrap();
    let page = officer.get(&format!("/inbox/{id}")).await;
    let version = value_of_hidden(&page.body, "version").unwrap();
    assert_eq!(officer.submit(&format!("/inbox/{id}/reply"), &[("text", "Thank you, Ann."), ("version", &version)]).await.status, 303);
    assert_eq!(text(&mut centre).await.1, "Thank you, Ann.");

    says(&mut centre, "STOP").await;
    assert!(text(&mut centre).await.1.contains("no more texts"));
    says(&mut centre, "Stop!").await;
    let second = t.publish(&mut officer, "Second", "Second alert").await;
    let alert =
        eventually("the second alert out", async || Some(t.api(&key, &format!("/api/v1/alerts/{second}")).await).filter(|a| a["status"] == "live")).await;
    assert_eq!(alert["excluded"]["opted_out"], 1);
    all_read(db).await;
    wait_for_status(&t, &reference, "delivered").await;
    centre.tell(json!({"do": "enquire"})).await;
    assert_eq!(centre.count("submitted"), 0, "one confirmation, and nothing after it");
    t.stop().await;
});

on_both!(what_is_throttled_goes_out_later_and_once, async |db| {
    let (mut centre, t) = start(db).await;
    centre.tell(json!({"do": "answer", "statuses": [0x58]})).await;
    let mut officer = t.officer("owner@force.example").await;
    let reference = t.publish(&mut officer, "White van", "Did you see it?").await;
    assert_eq!(centre.expect("submitted").await["status"], 0x58);
    // It comes again by itself after the second that a message centre is given.
    let (id, _) = text(&mut centre).await;
    receipt(&mut centre, &id, "DELIVRD").await;
    wait_for_status(&t, &reference, "delivered").await;
    assert_eq!(centre.count("submitted"), 0);
    t.stop().await;
});

on_both!(what_meets_an_outage_goes_out_once_it_is_over, async |db| {
    let (mut centre, t) = start(db).await;
    // ESME_RSYSERR: a fault at the message centre.
    centre.tell(json!({"do": "answer", "statuses": [8]})).await;
    let mut officer = t.officer("owner@force.example").await;
    let reference = t.publish(&mut officer, "White van", "Did you see it?").await;
    assert_eq!(centre.expect("submitted").await["status"], 8);
    let queued = "UPDATE deliveries SET attempts = attempts WHERE status = 'queued' AND attempts = 1";
    eventually("it to wait for its turn", async || (run(db, queued).await == 1).then_some(())).await;
    // The time until then is not waited for here.
    run(db, "UPDATE deliveries SET next_attempt_at = created_at WHERE status = 'queued'").await;
    let (id, _) = text(&mut centre).await;
    receipt(&mut centre, &id, "DELIVRD").await;
    wait_for_status(&t, &reference, "delivered").await;
    assert_eq!(centre.count("submitted"), 0);
    t.stop().await;
});

on_both!(what_was_under_way_when_the_line_broke_is_owned_up_to_and_not_sent_again, async |db| {
    let (mut centre, t) = start(db).await;
    centre.tell(json!({"do": "hold"})).await;
    let mut officer = t.officer("owner@force.example").await;
    let reference = t.publish(&mut officer, "White van", "Did you see it?").await;
    centre.expect("held").await;
    centre.tell(json!({"do": "drop"})).await;
    wait_for_status(&t, &reference, "unconfirmed").await;
    assert!(officer.get(&format!("/alerts/{reference}")).await.body.contains("it may or may not have arrived"));
    centre.tell(json!({"do": "release"})).await;
    centre.tell(json!({"do": "enquire"})).await;
    // What was held back is answered into the broken line; nothing else came.
    assert!(centre.count("submitted") <= 1 && centre.count("held") == 0);
    t.stop().await;
});

on_both!(a_phone_that_does_not_get_it_ends_as_the_message_centre_says, async |db| {
    let (mut centre, t) = start(db).await;
    let mut officer = t.officer("owner@force.example").await;
    for (word, status) in [("UNDELIV", "temporary_failure"), ("REJECTD", "technical_failure")] {
        let reference = t.publish(&mut officer, word, "Did you see it?").await;
        let (id, _) = text(&mut centre).await;
        receipt(&mut centre, &id, word).await;
        wait_for_status(&t, &reference, status).await;
    }
    t.stop().await;
});

/// Gives the number of rows that it met.
async fn run(db: &TestDb, statement: &str) -> usize {
    use diesel_async::RunQueryDsl;
    let mut conn = db.write().await;
    huecry::on!(&mut conn, c => diesel::sql_query(statement).execute(c).await).unwrap()
}
