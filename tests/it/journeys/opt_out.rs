//! STOP: one confirmation, then nothing by text on any number, until START or the website.

use crate::support::app::{POOL, TestApp, eventually};

on_both!(stop_gets_one_confirmation_and_nothing_more_on_any_number_until_start, async |db| {
    let t = TestApp::start(db).await;
    t.add_resident(db, "Ann", &["+447700900101"], &[]).await;
    t.add_resident(db, "Bob", &["+447700900102"], &[]).await;
    let mut officer = t.officer("owner@force.example").await;
    t.publish(&mut officer, "First", "First alert").await;
    let from = t.wait_for_texts("+447700900101", 1).await[0].0.clone();
    t.wait_for_texts("+447700900102", 1).await;
    t.text("+447700900101", &from, "Stop.").await;
    let texts = t.wait_for_texts("+447700900101", 2).await;
    assert!(texts[1].1.contains("no more texts") && texts[1].0 == from, "{texts:?}");

    // The same again, to another number of the pool: they are out already.
    let other = POOL.iter().find(|number| **number != from).unwrap();
    t.text("+447700900101", other, "STOP").await;
    let second = t.publish(&mut officer, "Second", "Second alert").await;
    t.wait_for_texts("+447700900102", 2).await;
    let key = t.key(&["alerts"]).await;
    let status =
        eventually("the second alert to be out", async || Some(t.api(&key, &format!("/api/v1/alerts/{second}")).await).filter(|s| s["status"] == "live")).await;
    assert_eq!(status["excluded"]["opted_out"], 1);
    assert_eq!(t.texts("+447700900101").await.len(), 2, "one confirmation, and nothing after it");

    t.text("+447700900101", &from, "START").await;
    let texts = t.wait_for_texts("+447700900101", 3).await;
    assert!(texts[2].1.contains("on again"), "{texts:?}");
    t.publish(&mut officer, "Third", "Third alert").await;
    assert!(t.wait_for_texts("+447700900101", 4).await[3].1.contains("Third alert"));
    t.stop().await;
});

on_both!(a_witness_whose_sentence_begins_with_stop_is_heard, async |db| {
    let t = TestApp::start(db).await;
    t.add_resident(db, "Ann", &["+447700900101"], &[]).await;
    let mut officer = t.officer("owner@force.example").await;
    let reference = t.publish(&mut officer, "First", "First alert").await;
    let from = t.wait_for_texts("+447700900101", 1).await[0].0.clone();
    t.text("+447700900101", &from, "Stop sign on Mill Lane, white van").await;
    let key = t.key(&["inbox"]).await;
    let list = t.wait_for_conversations(&key, &reference, 1).await;
    assert_eq!((list[0]["messages"][0]["class"].as_str(), list[0]["status"].as_str()), (Some("reply"), Some("open")));
    t.publish(&mut officer, "Second", "Second alert").await;
    assert!(t.wait_for_texts("+447700900101", 2).await[1].1.contains("Second alert"));
    t.stop().await;
});

on_both!(a_stop_that_overtakes_a_queued_text_holds_it_back, async |db| {
    // Without workers the alert stays queued while the STOP is stored.
    let t = TestApp::start_with(db, "", false).await;
    t.add_resident(db, "Ann", &["+447700900101"], &[]).await;
    let mut officer = t.officer("owner@force.example").await;
    let reference = t.publish(&mut officer, "First", "First alert").await;
    let pace = huecry::outbound::fan_out::Pace::of(&t.app);
    while huecry::outbound::fan_out::run_once(&t.app, &pace).await.unwrap() {}
    t.text("+447700900101", POOL[0], "STOP").await;
    let channel = t.app.channels().find("sms").unwrap().clone();
    let (dispatcher, _recorder) = huecry::outbound::dispatch::Dispatcher::start(&t.app, &channel);
    assert_eq!(dispatcher.run_once().await.unwrap(), 0, "there is nothing that may leave");
    assert!(t.texts("+447700900101").await.is_empty());
    let key = t.key(&["alerts"]).await;
    assert_eq!(t.api(&key, &format!("/api/v1/alerts/{reference}")).await["deliveries"]["sms"]["suppressed"], 1);
    t.stop().await;
});

on_both!(one_click_stops_the_mails_and_looking_at_the_link_does_not, async |db| {
    let t = TestApp::start(db).await;
    t.add_resident(db, "Bob", &["bob@example.org", "+447700900102"], &[]).await;
    let mut officer = t.officer("owner@force.example").await;
    t.publish(&mut officer, "First", "First alert").await;
    let mail = t.wait_for_mails("bob@example.org", 1).await.remove(0);
    let raw = mail["raw"].as_str().unwrap();
    let link = raw.split_once("List-Unsubscribe: <").unwrap().1.split_once('>').unwrap().0.replace("\r\n ", "");
    let looked = t.http().get(&link).send().await.unwrap();
    assert_eq!(looked.status().as_u16(), 200);
    t.publish(&mut officer, "Second", "Second alert").await;
    t.wait_for_mails("bob@example.org", 2).await;
    for _ in 0..2 {
        let clicked = t.http().post(&link).header("content-type", "application/x-www-form-urlencoded").body("List-Unsubscribe=One-Click").send().await.unwrap();
        assert_eq!(clicked.status().as_u16(), 200, "a mail program sends no cookie, and may send it twice");
    }
    t.publish(&mut officer, "Third", "Third alert").await;
    t.wait_for_texts("+447700900102", 3).await;
    assert_eq!(t.mails("bob@example.org").await.len(), 2, "mail has stopped, texts go on");
    let forged = t.http().post(format!("{}/leave/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", t.url)).send().await.unwrap();
    assert_eq!(forged.status().as_u16(), 404);
    t.stop().await;
});

on_both!(stop_by_mail_changes_nothing_but_sends_a_link_to_confirm, async |db| {
    let t = TestApp::start(db).await;
    t.add_resident(db, "Bob", &["bob@example.org"], &[]).await;
    let mut officer = t.officer("owner@force.example").await;
    t.publish(&mut officer, "First", "First alert").await;
    let mail = t.wait_for_mails("bob@example.org", 1).await.remove(0);
    t.mail("bob@example.org", serde_json::json!({ "mail_id": mail["id"], "text": "STOP" })).await;
    let offer = t.wait_for_mails("bob@example.org", 2).await.remove(1);
    t.publish(&mut officer, "Second", "Second alert").await;
    t.wait_for_mails("bob@example.org", 3).await;
    let text = offer["text"].as_str().unwrap();
    let link = text.lines().find(|line| line.contains("/leave/")).unwrap().trim();
    assert_eq!(t.http().post(link).send().await.unwrap().status().as_u16(), 200);
    t.add_resident(db, "Cat", &["cat@example.org"], &[]).await;
    t.publish(&mut officer, "Third", "Third alert").await;
    t.wait_for_mails("cat@example.org", 1).await;
    assert_eq!(t.mails("bob@example.org").await.len(), 3);
    t.stop().await;
});
