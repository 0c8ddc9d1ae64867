//! An alert goes out by text and mail; answers come back to the officer who owns it; they answer; the talk goes on.

use serde_json::json;

use crate::support::app::{POOL, TestApp, eventually};

on_both!(an_alert_reaches_phones_and_mailboxes_and_its_page_counts_them, async |db| {
    let t = TestApp::start(db).await;
    t.add_resident(db, "Ann", &["+447700900101", "ann@example.org"], &["cctv-owners"]).await;
    t.add_resident(db, "Bob", &["bob@example.org"], &[]).await;
    let mut officer = t.officer("owner@force.example").await;
    let reference = t.publish(&mut officer, "White van", "Did you see a white van on Mill Lane?").await;

    let texts = t.wait_for_texts("+447700900101", 1).await;
    assert!(texts[0].1.contains("white van on Mill Lane") && texts[0].1.contains(&reference) && texts[0].1.contains("STOP"), "{texts:?}");
    assert!(POOL.contains(&texts[0].0.as_str()));
    for mailbox in ["ann@example.org", "bob@example.org"] {
        let mails = t.wait_for_mails(mailbox, 1).await;
        assert!(mails[0]["text"].as_str().unwrap().contains("white van on Mill Lane"));
    }
    let (a, b) = (t.mails("ann@example.org").await, t.mails("bob@example.org").await);
    assert_ne!(a[0]["message_id"], b[0]["message_id"], "each copy has a Message-ID of its own");
    assert_ne!(a[0]["mail_from"], b[0]["mail_from"], "each copy has a return path of its own");

    let key = t.key(&["alerts"]).await;
    let status = eventually("every copy to be settled", async || {
        let status = t.api(&key, &format!("/api/v1/alerts/{reference}")).await;
        (status["deliveries"]["sms"]["delivered"] == 1 && status["deliveries"]["email"]["accepted"] == 2).then_some(status)
    })
    .await;
    assert_eq!(status["status"], "live");
    let page = officer.get(&format!("/alerts/{reference}")).await;
    assert!(page.body.contains("White van") && page.body.contains("Delivered"), "{}", page.body);
    t.stop().await;
});

on_both!(the_preview_says_how_many_and_why_others_are_left_out, async |db| {
    let t = TestApp::start(db).await;
    t.add_resident(db, "Ann", &["+447700900101", "ann@example.org"], &["cctv-owners"]).await;
    t.add_resident(db, "Bob", &["+447700900102"], &["dog-walkers"]).await;
    let mut officer = t.officer("owner@force.example").await;
    officer.get("/alerts/new").await;
    let fields = [
        ("title", "x"),
        ("kind", "appeal"),
        ("urgency", "routine"),
        ("sms_text", "Seen it?"),
        ("area", "DE45 1"),
        ("group", "cctv-owners"),
        ("action", "preview"),
    ];
    let page = officer.submit("/alerts/new", &fields).await;
    assert_eq!(page.status, 200);
    assert!(page.body.contains("Not in the chosen interest groups"), "{}", page.body);
    t.stop().await;
});

on_both!(a_text_and_its_answer_are_one_conversation, async |db| {
    let t = TestApp::start(db).await;
    t.add_resident(db, "Ann Archer", &["+447700900101"], &[]).await;
    let mut officer = t.officer("owner@force.example").await;
    let reference = t.publish(&mut officer, "White van", "Did you see a white van?").await;
    let from = t.wait_for_texts("+447700900101", 1).await[0].0.clone();
    t.text("+447700900101", &from, "Yes, by the church at nine").await;

    let key = t.key(&["inbox"]).await;
    let conversation = t.wait_for_conversations(&key, &reference, 1).await.remove(0);
    let message = &conversation["messages"][0];
    assert_eq!(message["text"], "Yes, by the church at nine");
    assert_eq!((&message["attribution"]["method"], &message["attribution"]["confidence"]), (&json!("pair"), &json!("certain")));

    let list = officer.get("/inbox").await;
    assert!(list.body.contains("by the church at nine") && list.body.contains("Ann Archer"), "{}", list.body);
    let id = conversation["id"].as_str().unwrap();
    let page = officer.get(&format!("/inbox/{id}")).await;
    assert!(page.body.contains("only alert sent to this phone"), "{}", page.body);
    let version = crate::support::browser::value_of_hidden(&page.body, "version").unwrap();
    let answer = officer.submit(&format!("/inbox/{id}/reply"), &[("text", "Thank you. Which way did it go?"), ("version", &version)]).await;
    assert_eq!(answer.status, 303, "{}", answer.body);
    let texts = t.wait_for_texts("+447700900101", 2).await;
    assert_eq!(texts[1], (from.clone(), "Thank you. Which way did it go?".to_owned()), "the answer comes from the number they know");

    t.text("+447700900101", &from, "Towards Bakewell").await;
    eventually("the second text in the same conversation", async || {
        let list = t.wait_for_conversations(&key, &reference, 1).await;
        assert_eq!(list.len(), 1, "a second conversation was opened");
        (list[0]["messages"].as_array().unwrap().len() == 3).then_some(())
    })
    .await;
    t.stop().await;
});

on_both!(a_stale_answer_is_held_back_until_the_new_message_was_seen, async |db| {
    let t = TestApp::start(db).await;
    t.add_resident(db, "Ann", &["+447700900101"], &[]).await;
    let mut officer = t.officer("owner@force.example").await;
    let reference = t.publish(&mut officer, "White van", "Did you see a white van?").await;
    let from = t.wait_for_texts("+447700900101", 1).await[0].0.clone();
    t.text("+447700900101", &from, "Yes").await;
    let key = t.key(&["inbox"]).await;
    let id = t.wait_for_conversations(&key, &reference, 1).await[0]["id"].as_str().unwrap().to_owned();
    let page = officer.get(&format!("/inbox/{id}")).await;
    let version = crate::support::browser::value_of_hidden(&page.body, "version").unwrap();
    t.text("+447700900101", &from, "No wait, it was blue").await;
    eventually("the second text", async || (t.wait_for_conversations(&key, &reference, 1).await[0]["messages"].as_array().unwrap().len() == 2).then_some(()))
        .await;
    let answer = officer.submit(&format!("/inbox/{id}/reply"), &[("text", "A white one?"), ("version", &version)]).await;
    assert_eq!(answer.status, 422);
    assert!(answer.body.contains("A white one?") && answer.body.contains("No wait, it was blue"), "the draft and the new message are both there");
    assert_eq!(t.texts("+447700900101").await.len(), 1, "nothing was sent");
    t.stop().await;
});

on_both!(a_mail_with_a_photo_arrives_whole_and_its_answer_threads, async |db| {
    let t = TestApp::start(db).await;
    t.add_resident(db, "Bob", &["bob@example.org"], &[]).await;
    let mut officer = t.officer("owner@force.example").await;
    let reference = t.publish(&mut officer, "White van", "Did you see a white van?").await;
    let mail = t.wait_for_mails("bob@example.org", 1).await.remove(0);
    // The first bytes of a PNG are enough for its kind to be told from the bytes.
    let photo = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
    let attachments = json!([{ "name": "../../van.png", "content_type": "application/octet-stream", "base64": photo }]);
    t.mail("bob@example.org", json!({ "mail_id": mail["id"], "text": "Here it is.", "attachments": attachments })).await;

    let key = t.key(&["inbox"]).await;
    let conversation = t.wait_for_conversations(&key, &reference, 1).await.remove(0);
    let message = &conversation["messages"][0];
    assert_eq!(message["text"], "Here it is.", "the quoted alert is folded away");
    assert_eq!(message["attribution"]["method"], "token");
    assert_eq!((&message["attachments"][0]["filename"], &message["attachments"][0]["content_type"]), (&json!("van.png"), &json!("image/png")));

    let id = conversation["id"].as_str().unwrap();
    let page = officer.get(&format!("/inbox/{id}")).await;
    let version = crate::support::browser::value_of_hidden(&page.body, "version").unwrap();
    officer.submit(&format!("/inbox/{id}/reply"), &[("text", "Thank you, Bob."), ("version", &version)]).await;
    let answer = t.wait_for_mails("bob@example.org", 2).await.remove(1);
    assert!(answer["text"].as_str().unwrap().contains("Thank you, Bob."));
    assert!(answer["raw"].as_str().unwrap().contains("In-Reply-To: "), "it goes under the resident's own mail");
    t.mail("bob@example.org", json!({ "mail_id": answer["id"], "text": "You are welcome." })).await;
    eventually("their next mail in the same conversation", async || {
        let list = t.wait_for_conversations(&key, &reference, 1).await;
        assert_eq!(list.len(), 1);
        (list[0]["messages"].as_array().unwrap().len() == 3).then_some(())
    })
    .await;
    t.stop().await;
});

on_both!(only_the_owner_their_team_and_nobody_else_sees_a_reply, async |db| {
    let t = TestApp::start(db).await;
    t.add_resident(db, "Ann", &["+447700900101"], &[]).await;
    let mut officer = t.officer("owner@force.example").await;
    let reference = t.publish(&mut officer, "White van", "Did you see a white van?").await;
    let from = t.wait_for_texts("+447700900101", 1).await[0].0.clone();
    t.text("+447700900101", &from, "Yes").await;
    let key = t.key(&["inbox"]).await;
    let id = t.wait_for_conversations(&key, &reference, 1).await[0]["id"].as_str().unwrap().to_owned();
    for (who, status) in
        [("owner@force.example", 200), ("mate@force.example", 200), ("stranger@force.example", 404), ("press@force.example", 403), ("admin@force.example", 403)]
    {
        let mut client = t.officer(who).await;
        for path in [format!("/inbox/{id}"), format!("/inbox/{id}/thread")] {
            assert_eq!(client.get(&path).await.status, status, "{who} {path}");
        }
    }
    assert_eq!(t.visitor().get(&format!("/inbox/{id}")).await.status, 303);
    let views = huecry::store::audit_log::list_of(&mut db.read().await, "conversation", conversation_id(db, &id).await).await.unwrap();
    assert_eq!(views.iter().filter(|entry| entry.action == "conversation.view").count(), 4, "each look is an entry, the page that refreshes itself included");
    assert_eq!(views.iter().filter(|entry| entry.detail["live"] == true).count(), 2, "and says so");
    t.stop().await;
});

on_both!(a_text_out_of_the_blue_waits_in_the_tray_and_an_officer_ties_it, async |db| {
    let t = TestApp::start(db).await;
    let mut officer = t.officer("owner@force.example").await;
    let reference = t.publish_to_nobody(&mut officer, db).await;
    t.text("+447700900199", POOL[0], "I know who broke the window").await;
    let key = t.key(&["inbox"]).await;
    let waiting = eventually("it in the tray", async || {
        let list = t.api(&key, "/api/v1/unattributed").await["conversations"].as_array().cloned().unwrap();
        list.first().cloned()
    })
    .await;
    assert_eq!(waiting["certainty"], "unattributed");
    let id = waiting["id"].as_str().unwrap();
    assert!(officer.get("/inbox?view=unattributed").await.body.contains("broke the window"));
    officer.get(&format!("/inbox/{id}")).await;
    let moved = officer.submit(&format!("/inbox/{id}/move"), &[("alert", &reference.to_lowercase())]).await;
    assert_eq!(moved.status, 303, "{}", moved.body);
    let there = t.wait_for_conversations(&key, &reference, 1).await.remove(0);
    assert_eq!(there["messages"][0]["attribution"]["method"], "officer");
    t.stop().await;
});

async fn conversation_id(db: &crate::support::db::TestDb, public_id: &str) -> i64 {
    huecry::store::conversations::find(&mut db.read().await, public_id).await.unwrap().unwrap().id
}

impl TestApp {
    /// An alert that reaches one mailbox only, so that no pair of numbers is in use.
    pub(super) async fn publish_to_nobody(&self, officer: &mut crate::support::browser::Client, db: &crate::support::db::TestDb) -> String {
        self.add_resident(db, "Zoe", &["zoe@example.org"], &[]).await;
        self.publish(officer, "Broken window", "Who broke the window?").await
    }
}

on_both!(a_reply_to_an_owner_on_leave_goes_to_their_cover_or_the_team, async |db| {
    let t = TestApp::start(db).await;
    for phone in ["+447700900101", "+447700900102"] {
        t.add_resident(db, "Ann", &[phone], &[]).await;
    }
    let mut officer = t.officer("owner@force.example").await;
    let reference = t.publish(&mut officer, "White van", "Did you see a white van?").await;
    let (first, second) = (t.wait_for_texts("+447700900101", 1).await[0].0.clone(), t.wait_for_texts("+447700900102", 1).await[0].0.clone());
    let key = t.key(&["inbox"]).await;
    let until = Some(t.app.now().plus_ms(86_400_000));
    huecry::store::accounts::set_away(&mut db.write().await, t.owner.id, until, None).await.unwrap();
    t.text("+447700900101", &first, "It was for the team").await;
    t.wait_for_conversations(&key, &reference, 1).await;
    let mut mate = t.officer("mate@force.example").await;
    assert!(mate.get("/inbox?view=team").await.body.contains("It was for the team"));
    assert!(!officer.get("/inbox?view=mine").await.body.contains("It was for the team"));
    let cover = huecry::store::accounts::find_officer_by_email(&mut db.read().await, "mate@force.example").await.unwrap().unwrap();
    huecry::store::accounts::set_away(&mut db.write().await, t.owner.id, until, Some(cover.id)).await.unwrap();
    t.text("+447700900102", &second, "It was for the cover").await;
    t.wait_for_conversations(&key, &reference, 2).await;
    assert!(mate.get("/inbox?view=mine").await.body.contains("It was for the cover"));
    t.stop().await;
});

on_both!(alerts_take_turns_over_the_numbers_and_a_shared_number_is_never_certain, async |db| {
    let t = TestApp::start(db).await;
    t.add_resident(db, "Ann", &["+447700900101"], &[]).await;
    let mut officer = t.officer("owner@force.example").await;
    let mut references = Vec::new();
    for (count, title) in [(1, "Stolen caravan"), (2, "Missing bicycle"), (3, "Broken window")] {
        references.push(t.publish(&mut officer, title, &format!("{title}: did you see anything?")).await);
        t.wait_for_texts("+447700900101", count).await;
    }
    let texts = t.texts("+447700900101").await;
    assert_ne!(texts[0].0, texts[1].0, "two live alerts come from two numbers");
    assert_eq!(texts[2].0, texts[0].0, "with the pool in use, the number used longest ago comes again");
    let key = t.key(&["inbox"]).await;
    t.text("+447700900101", &texts[1].0, "yes").await;
    let certain = t.wait_for_conversations(&key, &references[1], 1).await.remove(0);
    assert_eq!(certain["certainty"], "certain");
    t.text("+447700900101", &texts[0].0, "yes").await;
    let doubtful =
        eventually("the doubtful one in the tray", async || t.api(&key, "/api/v1/unattributed").await["conversations"].as_array().unwrap().first().cloned())
            .await;
    assert_eq!(doubtful["messages"][0]["attribution"]["confidence"], "unattributed");
    let page = officer.get(&format!("/inbox/{}", doubtful["id"].as_str().unwrap())).await;
    assert!(page.body.contains(&references[0]) && page.body.contains(&references[2]), "both are offered");
    t.text("+447700900101", &texts[0].0, &format!("about {}: a man with a hammer", references[2])).await;
    let named = t.wait_for_conversations(&key, &references[2], 1).await.remove(0);
    assert_eq!(named["messages"][0]["attribution"]["method"], "reference");
    t.stop().await;
});

on_both!(on_a_shared_number_the_talk_that_an_officer_answered_last_goes_on_as_probable, async |db| {
    let t = TestApp::start(db).await;
    t.add_resident(db, "Ann", &["+447700900101"], &[]).await;
    let mut officer = t.officer("owner@force.example").await;
    let mut references = Vec::new();
    for (count, title) in [(1, "Stolen caravan"), (2, "Missing bicycle"), (3, "Broken window")] {
        references.push(t.publish(&mut officer, title, &format!("{title}: did you see anything?")).await);
        t.wait_for_texts("+447700900101", count).await;
    }
    let shared = t.texts("+447700900101").await[0].0.clone();
    t.text("+447700900101", &shared, &format!("{}: I did", references[0])).await;
    let key = t.key(&["inbox"]).await;
    let talk = t.wait_for_conversations(&key, &references[0], 1).await.remove(0);
    let id = talk["id"].as_str().unwrap();
    let page = officer.get(&format!("/inbox/{id}")).await;
    let version = crate::support::browser::value_of_hidden(&page.body, "version").unwrap();
    let long = officer.submit(&format!("/inbox/{id}/reply"), &[("text", &"a".repeat(1_601)), ("version", &version)]).await;
    assert!(long.status == 422 && long.body.contains("1,600 characters"), "{}", long.body);
    assert_eq!(officer.submit(&format!("/inbox/{id}/reply"), &[("text", "Where?"), ("version", &version)]).await.status, 303);
    t.wait_for_texts("+447700900101", 4).await;
    t.text("+447700900101", &shared, "by the weir").await;
    let tie = eventually("their answer in the same talk", async || {
        t.wait_for_conversations(&key, &references[0], 1).await[0]["messages"].as_array().unwrap().get(2).map(|message| message["attribution"].clone())
    })
    .await;
    assert_eq!((&tie["method"], &tie["confidence"]), (&json!("answered_last"), &json!("probable")), "{tie}");
    t.stop().await;
});
