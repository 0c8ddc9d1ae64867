//! An officer moves a conversation to another alert: what comes next follows, honestly marked, and both histories stay.

use serde_json::{Value, json};

use crate::support::app::{TestApp, eventually};
use crate::support::browser::Client;

/// Waits until an alert has one conversation with so many messages, and gives it.
async fn with_messages(t: &TestApp, key: &str, reference: &str, count: usize) -> Value {
    eventually(&format!("{count} messages about {reference}"), async || {
        let list = t.wait_for_conversations(key, reference, 1).await;
        assert_eq!(list.len(), 1, "a second conversation was opened");
        (list[0]["messages"].as_array().unwrap().len() == count).then(|| list[0].clone())
    })
    .await
}

async fn move_to(officer: &mut Client, conversation: &Value, reference: &str) {
    let id = conversation["id"].as_str().unwrap();
    officer.get(&format!("/inbox/{id}")).await;
    let moved = officer.submit(&format!("/inbox/{id}/move"), &[("alert", reference)]).await;
    assert_eq!(moved.status, 303, "{}", moved.body);
}

on_both!(the_next_text_follows_the_officers_hand_and_a_newer_alert_ends_that, async |db| {
    let t = TestApp::start(db).await;
    t.add_resident(db, "Ann", &["+447700900101"], &[]).await;
    t.add_resident(db, "Bob", &["bob@example.org"], &[]).await;
    let mut officer = t.officer("owner@force.example").await;
    let van = t.publish(&mut officer, "White van", "Did you see a white van?").await;
    let from = t.wait_for_texts("+447700900101", 1).await[0].0.clone();
    let key = t.key(&["inbox", "alerts"]).await;
    // An alert that went to nobody's phone: the pair cannot point to it.
    let dog = t.publish_to_nobody(&mut officer, db).await;
    t.text("+447700900101", &from, "Is the dog still missing? I saw one").await;
    let talk = with_messages(&t, &key, &van, 1).await;
    move_to(&mut officer, &talk, &dog).await;
    let there = with_messages(&t, &key, &dog, 1).await;
    let page = officer.get(&format!("/inbox/{}", there["id"].as_str().unwrap())).await;
    assert!(page.body.contains(&format!("Moved from {van} to {dog} (it had been tied as certain")), "the former tie stays readable: {}", page.body);

    t.text("+447700900101", &from, "It is by the weir now").await;
    let there = with_messages(&t, &key, &dog, 2).await;
    let tie = &there["messages"][1]["attribution"];
    assert_eq!((&tie["method"], &tie["confidence"]), (&json!("officer"), &json!("probable")), "{tie}");
    let kept = huecry::store::moves::list_of(&mut db.read().await, &[crate::support::rows::key("+447700900101")]).await.unwrap();
    assert_eq!(kept.len(), 1);
    assert_eq!((&kept[0].1.before[0]["method"], &kept[0].1.before[0]["confidence"]), (&json!("pair"), &json!("certain")));

    // What they name themselves stands above the hand.
    t.text("+447700900101", &from, &format!("{van}: the van is back")).await;
    let back = with_messages(&t, &key, &van, 1).await;
    assert_eq!(back["messages"][0]["attribution"]["method"], "reference");
    t.stop().await;
});

on_both!(what_was_taken_out_of_the_tray_is_followed_by_their_next_text, async |db| {
    let t = TestApp::start(db).await;
    let mut officer = t.officer("owner@force.example").await;
    let reference = t.publish_to_nobody(&mut officer, db).await;
    t.text("+447700900199", crate::support::app::POOL[0], "I know who broke the window").await;
    let key = t.key(&["inbox"]).await;
    let waiting = eventually("it in the tray", async || t.api(&key, "/api/v1/unattributed").await["conversations"].as_array().unwrap().first().cloned()).await;
    move_to(&mut officer, &waiting, &reference).await;
    t.text("+447700900199", crate::support::app::POOL[0], "He lives in the yellow house").await;
    let there = with_messages(&t, &key, &reference, 2).await;
    assert_eq!(there["messages"][1]["attribution"]["confidence"], "probable");
    t.stop().await;
});

on_both!(yes_this_one_makes_a_probable_tie_certain, async |db| {
    let t = TestApp::start(db).await;
    let mut officer = t.officer("owner@force.example").await;
    let reference = t.publish_to_nobody(&mut officer, db).await;
    t.text("+447700900199", crate::support::app::POOL[0], "I know who broke the window").await;
    let key = t.key(&["inbox"]).await;
    let waiting = eventually("it in the tray", async || t.api(&key, "/api/v1/unattributed").await["conversations"].as_array().unwrap().first().cloned()).await;
    move_to(&mut officer, &waiting, &reference).await;
    t.text("+447700900199", crate::support::app::POOL[0], "He lives in the yellow house").await;
    let there = with_messages(&t, &key, &reference, 2).await;
    assert_eq!(there["certainty"], "probable");
    move_to(&mut officer, &there, &reference).await;
    let sure = with_messages(&t, &key, &reference, 2).await;
    assert_eq!((&sure["certainty"], &sure["messages"][1]["attribution"]["confidence"]), (&json!("certain"), &json!("certain")));
    t.stop().await;
});

on_both!(an_alert_that_is_named_by_somebody_it_was_not_sent_to_is_offered_first_and_not_taken, async |db| {
    let t = TestApp::start(db).await;
    let mut officer = t.officer("owner@force.example").await;
    let reference = t.publish_to_nobody(&mut officer, db).await;
    t.text("+447700900199", crate::support::app::POOL[0], &format!("ref {} I saw him run", reference.to_lowercase())).await;
    let key = t.key(&["inbox"]).await;
    let waiting = eventually("it in the tray", async || t.api(&key, "/api/v1/unattributed").await["conversations"].as_array().unwrap().first().cloned()).await;
    let page = officer.get(&format!("/inbox/{}", waiting["id"].as_str().unwrap())).await;
    assert!(page.body.contains(&format!("the text names {reference}")), "{}", page.body);
    t.stop().await;
});
