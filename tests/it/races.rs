//! Two at once: whatever the order, one of them wins and the other is told. `make soak` runs many more rounds.

use futures_util::future::join_all;
use huecry::audit::Actor;
use huecry::inbox::{self, ReplyOutcome};
use huecry::store::{conversations, deliveries, messages};
use serde_json::json;

use crate::support::app::{TestApp, eventually};

fn rounds(few: usize, many: usize) -> usize {
    if std::env::var_os("HUECRY_SOAK").is_some() { many } else { few }
}

on_both!(of_two_officers_who_answer_at_once_one_is_sent_and_the_other_is_told, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    let reader = db.add_correspondent("07700 900101").await;
    let owner = t.owner.clone();
    let alert = db.add_alert(owner.id, &[]).await;
    let talk = db.add_conversation(Some(alert.id), reader.id).await;
    for round in 1..=rounds(20, 1_000) {
        let version = conversations::get(&mut db.read().await, talk.id).await.unwrap().version;
        let answer = |text: &'static str| {
            let (app, owner) = (t.app.clone(), owner.clone());
            tokio::spawn(async move { inbox::reply(&app, talk.id, Some(version), text, Some(&owner), &Actor::Officer(owner.id)).await.unwrap() })
        };
        let (one, other) = tokio::join!(answer("Which way?"), answer("What colour?"));
        let outcomes = [one.unwrap(), other.unwrap()];
        assert!(outcomes.contains(&ReplyOutcome::Sent) && outcomes.contains(&ReplyOutcome::Changed), "{outcomes:?}");
        let sent = messages::list_of(&mut db.read().await, talk.id).await.unwrap();
        assert_eq!(sent.len(), round, "one message a round");
    }
    let theirs = deliveries::list_alerts_to(&mut db.read().await, &reader.match_key, "sms", t.app.now().minus_days(1)).await.unwrap();
    assert!(theirs.is_empty(), "no alert went out of an answer");
    t.stop().await;
});

on_both!(one_text_that_many_connections_bring_at_once_is_one_message, async |db| {
    let t = TestApp::start(db).await;
    let key = t.key(&["inbox"]).await;
    for round in 0..rounds(5, 200) {
        let (from, id) = ("+447700900199", format!("SM{round:032}"));
        let fields = crate::web::text_form(from, crate::support::app::POOL[0], "I saw it", &id);
        let answers = join_all((0..16).map(|_| crate::web::post_signed(&t, crate::web::INBOUND, &fields))).await;
        assert!(answers.iter().all(|(status, _)| *status == 200), "each of them may believe that it is stored");
        eventually("the text, once", async || {
            let list = t.api(&key, "/api/v1/unattributed").await;
            let count = list["conversations"][0]["messages"].as_array().map_or(0, Vec::len);
            assert!(count <= round + 1, "{count} messages after {} texts", round + 1);
            (count == round + 1).then_some(())
        })
        .await;
    }
    t.stop().await;
});

on_both!(a_request_to_publish_that_is_sent_many_times_at_once_publishes_once, async |db| {
    let t = TestApp::start(db).await;
    t.add_resident(db, "Ann", &["+447700900101"], &[]).await;
    let key = t.key(&["alerts"]).await;
    for round in 0..rounds(3, 100) {
        let alert = json!({ "kind": "appeal", "urgency": "routine", "title": format!("Alert {round}"), "sms_text": format!("Alert {round}"),
            "areas": [crate::support::app::SECTOR], "owner_email": "owner@force.example" });
        let once = format!("round {round}");
        let requests = (0..8).map(|_| {
            let request = t.http().post(format!("{}/api/v1/alerts", t.url)).bearer_auth(&key).header("Idempotency-Key", &once).json(&alert);
            async move { request.send().await.unwrap() }
        });
        let mut references = std::collections::BTreeSet::new();
        for answer in join_all(requests).await {
            let status = answer.status().as_u16();
            let body: serde_json::Value = answer.json().await.unwrap();
            match status {
                201 => {
                    references.insert(body["reference"].to_string());
                }
                // The first is still at work: the client is told to ask again.
                409 => {}
                other => panic!("{other}: {body}"),
            }
        }
        assert_eq!(references.len(), 1, "one alert a round");
        let texts = t.wait_for_texts("+447700900101", round + 1).await;
        assert_eq!(texts.len(), round + 1);
    }
    t.stop().await;
});
