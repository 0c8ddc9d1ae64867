//! Two at once: whatever the order, one of them wins and the other is told. `make soak` runs many more rounds.

use futures_util::future::join_all;
use huecry::audit::Actor;
use huecry::inbound::process;
use huecry::inbox::{self, ReplyOutcome};
use huecry::store::accounts::{self, OfficerRow};
use huecry::store::{conversations, correspondents, deliveries, messages, presences};
use serde_json::json;

use crate::support::app::{TestApp, eventually};

fn rounds(few: usize, many: usize) -> usize {
    if std::env::var_os("HUECRY_SOAK").is_some() { many } else { few }
}

on_both!(of_two_officers_who_answer_at_once_one_is_sent_and_the_other_keeps_the_draft, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    let reader = db.add_correspondent("07700 900101").await;
    let owner = t.owner.clone();
    let mate = accounts::find_officer_by_email(&mut db.read().await, "mate@force.example").await.unwrap().unwrap();
    let alert = db.add_alert(owner.id, &[]).await;
    let talk = db.add_conversation(Some(alert.id), reader.id).await;
    for round in 1..=rounds(20, 1_000) {
        let version = conversations::get(&mut db.read().await, talk.id).await.unwrap().version;
        let answer = |officer: &OfficerRow, text: &'static str| {
            let (app, officer) = (t.app.clone(), officer.clone());
            tokio::spawn(async move { inbox::reply(&app, talk.id, Some(version), text, Some(&officer), &Actor::Officer(officer.id)).await.unwrap() })
        };
        let (one, other) = tokio::join!(answer(&owner, "Which way?"), answer(&mate, "What colour?"));
        let outcomes = [one.unwrap(), other.unwrap()];
        assert!(outcomes.contains(&ReplyOutcome::Sent) && outcomes.contains(&ReplyOutcome::Changed), "{outcomes:?}");
        let sent = messages::list_of(&mut db.read().await, talk.id).await.unwrap();
        assert_eq!(sent.len(), round, "one message a round");
        let (loser, words) = if outcomes[0] == ReplyOutcome::Sent { (&mate, "What colour?") } else { (&owner, "Which way?") };
        let winner = if loser.id == mate.id { &owner } else { &mate };
        let mut conn = db.read().await;
        assert_eq!(presences::find_draft(&mut conn, talk.id, loser.id).await.unwrap().unwrap().text, words, "the other keeps the draft");
        assert!(presences::find_draft(&mut conn, talk.id, winner.id).await.unwrap().is_none());
    }
    let theirs = deliveries::list_alerts_to(&mut db.read().await, &reader.match_key, "sms", t.app.now().minus_days(1)).await.unwrap();
    assert!(theirs.is_empty(), "no alert went out of an answer");
    t.stop().await;
});

on_both!(no_answer_goes_past_a_message_that_was_not_shown, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    let (owner, from) = (t.owner.clone(), "+447700900101");
    let lanes: Vec<i64> = (0..huecry::inbound::intake::LANES).collect();
    let bring = async |round: usize| {
        let id = format!("SM{round:032}");
        let fields = crate::web::text_form(from, crate::support::app::POOL[0], "And another thing", &id);
        assert_eq!(crate::web::post_signed(&t, crate::web::INBOUND, &fields).await.0, 200);
    };
    bring(0).await;
    process::run_once(&t.app, &lanes).await.unwrap();
    let person = correspondents::find_by_match_key(&mut db.read().await, &crate::support::rows::key(from)).await.unwrap().unwrap();
    let talk = conversations::find_of(&mut db.read().await, None, person.id).await.unwrap().unwrap();
    let (mut went, mut held) = (0, 0);
    for round in 1..=rounds(20, 1_000) {
        let shown = conversations::get(&mut db.read().await, talk.id).await.unwrap().version;
        bring(round).await;
        let answer = {
            let (app, owner) = (t.app.clone(), owner.clone());
            tokio::spawn(async move {
                // Each round the answer comes a little later against the message.
                for _ in 0..round % 40 {
                    tokio::task::yield_now().await;
                }
                inbox::reply(&app, talk.id, Some(shown), "Thank you", Some(&owner), &Actor::Officer(owner.id)).await.unwrap()
            })
        };
        let filed = {
            let (app, lanes) = (t.app.clone(), lanes.clone());
            tokio::spawn(async move { process::run_once(&app, &lanes).await.unwrap() })
        };
        let outcome = answer.await.unwrap();
        filed.await.unwrap();
        let after = conversations::get(&mut db.read().await, talk.id).await.unwrap();
        assert!(after.waiting_since.is_some(), "round {round}: an answer stopped the clock of what its officer had not seen: {outcome:?}");
        match outcome {
            ReplyOutcome::Sent => went += 1,
            ReplyOutcome::Changed => held += 1,
            other => panic!("{other:?}"),
        }
        let all = messages::list_of(&mut db.read().await, talk.id).await.unwrap();
        assert_eq!((all.iter().filter(|row| row.direction == "out").count(), all.iter().filter(|row| row.direction == "in").count()), (went, round + 1));
    }
    assert_eq!(went + held, rounds(20, 1_000));
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
