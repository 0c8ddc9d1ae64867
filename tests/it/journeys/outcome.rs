//! What came of an alert, told to everyone who answered it: once each, to nobody who must not be told.

use huecry::audit::Actor;
use huecry::inbox::tag;
use huecry::outbound::outcome;
use huecry::store::{alerts, conversations, deliveries, outcomes};

use crate::support::app::{TestApp, eventually};

const ANN: &str = "+447700900101";
const CAT: &str = "+447700900102";
const DAN: &str = "+447700900103";

on_both!(everyone_who_answered_is_told_once_and_those_left_out_are_counted, async |db| {
    let t = TestApp::start(db).await;
    for (name, address) in [("Ann", ANN), ("Bob", "bob@example.org"), ("Cat", CAT), ("Dan", DAN)] {
        t.add_resident(db, name, &[address], &[]).await;
    }
    let mut desk = t.officer("owner@force.example").await;
    let reference = t.publish(&mut desk, "White van", "Did you see a white van?").await;
    for phone in [ANN, CAT, DAN] {
        let number = t.wait_for_texts(phone, 1).await[0].0.clone();
        t.text(phone, &number, "Yes, I saw it").await;
    }
    let mail = t.wait_for_mails("bob@example.org", 1).await.remove(0);
    t.mail("bob@example.org", serde_json::json!({ "mail_id": mail["id"], "text": "Me too" })).await;
    let key = t.key(&["inbox"]).await;
    t.wait_for_conversations(&key, &reference, 4).await;
    let number = t.wait_for_texts(DAN, 1).await[0].0.clone();
    t.text(DAN, &number, "STOP").await;
    let alert = alerts::find_by_reference(&mut db.read().await, &reference).await.unwrap().unwrap();
    let dan = crate::support::rows::key(DAN);
    eventually("the opt-out", async || huecry::store::suppressions::find_standing(&mut db.read().await, &dan, "sms").await.unwrap()).await;
    let cat = huecry::store::correspondents::find_by_match_key(&mut db.read().await, &crate::support::rows::key(CAT)).await.unwrap().unwrap();
    let talk = conversations::find_of(&mut db.read().await, Some(alert.id), cat.id).await.unwrap().unwrap();
    tag::add(&t.app, talk.id, tag::DO_NOT_CONTACT, &Actor::Officer(t.owner.id)).await.unwrap();

    let path = format!("/alerts/{reference}/outcome");
    desk.get(&path).await;
    let refused = desk.submit(&path, &[("sms_text", " "), ("action", "tell"), ("token", "x")]).await;
    assert!(refused.status == 422 && refused.body.contains("Enter the text that goes to phones"), "{}", refused.body);
    let fields = [("token", "one-form"), ("sms_text", "We found the van. Thank you."), ("email_subject", ""), ("email_body", "")];
    let look = desk.submit(&path, &[&fields[..], &[("action", "preview")]].concat()).await;
    assert!(look.body.contains("Tell 2 people") && look.body.contains("Opted out") && look.body.contains("do not contact"), "{}", look.body);
    assert_eq!(t.texts(ANN).await.len(), 1, "a look sends nothing");
    for _ in 0..2 {
        assert_eq!(desk.submit(&path, &[&fields[..], &[("action", "tell")]].concat()).await.status, 303);
    }
    let texts = t.wait_for_texts(ANN, 2).await;
    assert!(texts[1].1.contains("We found the van. Thank you.") && texts[1].1.contains("STOP"), "{texts:?}");
    let mails = t.wait_for_mails("bob@example.org", 2).await;
    assert!(mails[1].to_string().contains("We found the van"), "{}", mails[1]);
    let told = eventually("it to be finished", async || {
        let told = outcomes::list_of(&mut db.read().await, alert.id).await.unwrap();
        assert_eq!(told.len(), 1, "pressed twice, told once");
        told.into_iter().next().filter(|told| told.finished_at.is_some())
    })
    .await;
    assert_eq!((told.told_sms, told.told_email), (1, 1));
    let untold = outcomes::list_exclusions(&mut db.read().await, told.id).await.unwrap();
    assert_eq!(untold, [("do_not_contact".to_owned(), 1), ("opted_out".to_owned(), 1)]);
    assert!(t.texts(CAT).await.len() == 1 && !t.texts(DAN).await.iter().any(|(_, text)| text.contains("found the van")));
    let page = desk.get(&format!("/alerts/{reference}")).await;
    assert!(page.body.contains("We found the van. Thank you.") && page.body.contains("1 by text, 1 by e-mail"), "{}", page.body);
    assert!(t.visitor().get("/").await.body.contains("We found the van. Thank you."), "the public reads it too");

    // Their answer to it comes back to the same conversation.
    t.text(ANN, &texts[1].0, "Glad to hear it").await;
    eventually("the answer to it", async || {
        let all = t.wait_for_conversations(&key, &reference, 4).await;
        all.iter().any(|talk| talk["messages"].as_array().unwrap().iter().any(|message| message["text"] == "Glad to hear it")).then_some(())
    })
    .await;
    t.stop().await;
});

on_both!(an_opt_out_after_it_was_queued_is_honoured_and_a_worker_that_died_is_followed, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    let talk = crate::inbox::talk(&t, db, "07700 900101").await;
    let news = outcome::News { token: "one".into(), sms_text: "Found.".into(), ..outcome::News::default() };
    let tell = async |news: &outcome::News| outcome::tell(&t.app, &talk.alert, news, t.owner.id).await.unwrap();
    assert_eq!(tell(&news).await, outcome::TellOutcome::Told);
    assert_eq!(tell(&news).await, outcome::TellOutcome::Already);
    let colleague = outcome::News { token: "two".into(), seen: Some(0), ..news.clone() };
    assert_eq!(tell(&colleague).await, outcome::TellOutcome::Changed, "a colleague who had not seen it does not tell everybody twice");
    // Another worker took it and died: its lease runs out by the database's clock, and nothing of its was committed.
    let mut conn = db.write().await;
    conn.transaction(async |conn| outcomes::claim(conn, "dead worker", -1).await).await.unwrap().unwrap();
    drop(conn);
    while outcome::run_once(&t.app).await.unwrap() {}
    let told = outcomes::list_of(&mut db.read().await, talk.alert.id).await.unwrap().remove(0);
    assert_eq!((told.told_sms, told.finished_at.is_some()), (1, true));
    let stop = db.new_suppression("07700 900101", "sms", None);
    huecry::store::suppressions::suppress(&mut db.write().await, &stop).await.unwrap();
    let mut conn = db.write().await;
    let now = t.app.now().plus_ms(1_000);
    let leaves = conn.transaction(async |conn| huecry::store::outbox::claim(conn, "sms", "w", 10, 1_000, now).await).await.unwrap();
    assert!(leaves.leaving.iter().all(|row| row.purpose != "outcome"), "{leaves:?}");
    let sent = deliveries::count_purpose_since(&mut conn, &stop.match_key, "outcome", huecry::domain::At::from_unix_ms(0)).await.unwrap();
    assert_eq!(sent, 1, "it is in the ledger, held back");
    drop(conn);
    t.stop().await;
});

on_both!(who_answered_by_text_and_by_mail_is_one_person, async |db| {
    let t = TestApp::start(db).await;
    for (name, phone, mailbox) in [("Ann", ANN, "ann@example.org"), ("Cat", CAT, "cat@example.org")] {
        t.add_resident(db, name, &[phone, mailbox], &[]).await;
    }
    let mut desk = t.officer("owner@force.example").await;
    let reference = t.publish(&mut desk, "White van", "Did you see a white van?").await;
    for (phone, mailbox) in [(ANN, "ann@example.org"), (CAT, "cat@example.org")] {
        let number = t.wait_for_texts(phone, 1).await[0].0.clone();
        t.text(phone, &number, "Yes, I saw it").await;
        let mail = t.wait_for_mails(mailbox, 1).await.remove(0);
        t.mail(mailbox, serde_json::json!({ "mail_id": mail["id"], "text": "With a dent" })).await;
    }
    let key = t.key(&["inbox"]).await;
    t.wait_for_conversations(&key, &reference, 4).await;
    let alert = alerts::find_by_reference(&mut db.read().await, &reference).await.unwrap().unwrap();
    let cat = huecry::store::correspondents::find_by_match_key(&mut db.read().await, &crate::support::rows::key(CAT)).await.unwrap().unwrap();
    let talk = conversations::find_of(&mut db.read().await, Some(alert.id), cat.id).await.unwrap().unwrap();
    // It was urgent once, was closed, and is opened again by an ordinary message: that life may be at risk still holds.
    let level = huecry::domain::place::Urgency::Life;
    huecry::store::urgencies::raise(&mut db.write().await, talk.id, level, &serde_json::json!([]), t.app.now(), None).await.unwrap();
    conversations::set_status(&mut db.write().await, talk.id, "closed", Some(t.app.now())).await.unwrap();
    t.text(CAT, &t.wait_for_texts(CAT, 1).await[0].0.clone(), "Any news?").await;
    eventually("it to be open again", async || {
        let row = conversations::get(&mut db.read().await, talk.id).await.unwrap();
        (row.status == "open" && row.urgency == "none").then_some(())
    })
    .await;
    let news = outcome::News { token: "one".into(), sms_text: "We found it.".into(), ..outcome::News::default() };
    outcome::tell(&t.app, &alert, &news, t.owner.id).await.unwrap();
    let told = eventually("it to be finished", async || {
        let told = outcomes::list_of(&mut db.read().await, alert.id).await.unwrap().remove(0);
        told.finished_at.is_some().then_some(told)
    })
    .await;
    assert_eq!(told.told_sms + told.told_email, 1, "Ann, once; a mail to Cat might be read by somebody else as a text might");
    let untold = outcomes::list_exclusions(&mut db.read().await, told.id).await.unwrap();
    assert_eq!(untold, [("at_risk".to_owned(), 2), ("once".to_owned(), 1)]);
    t.stop().await;
});

on_both!(an_alert_is_not_closed_without_a_word_on_what_came_of_it, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    let talk = crate::inbox::talk(&t, db, "07700 900101").await;
    let mut desk = t.officer("owner@force.example").await;
    let path = format!("/alerts/{}", talk.alert.reference);
    let live = async || alerts::find_by_reference(&mut db.read().await, &talk.alert.reference).await.unwrap().unwrap().status == "live";
    assert!(desk.get(&path).await.body.contains("Why is nothing told"));
    desk.submit(&format!("{path}/close"), &[("reason", " ")]).await;
    assert!(live().await && desk.get(&path).await.body.contains("It was not closed"));
    desk.submit(&format!("{path}/close"), &[("reason", "It was a drill")]).await;
    assert!(!live().await && desk.get(&path).await.body.contains("It was a drill"));
    let press = t.officer("press@force.example").await.get("/press").await.body;
    assert!(press.contains("Alerts with an outcome") && press.contains("0 of 1"), "{press}");
    // The media team wants closed ones most.
    let chosen = t.officer("press@force.example").await.get(&format!("/press?alert={}", talk.alert.reference)).await.body;
    assert!(chosen.contains(&format!("value=\"{}\" selected", talk.alert.reference)) && chosen.contains("(closed)"), "{chosen}");
    let page = desk.get(&path).await.body;
    assert!(page.contains("Reopen alert") && !page.contains("Close alert"), "{page}");
    assert_eq!(desk.submit(&format!("{path}/reopen"), &[]).await.status, 303);
    let page = desk.get(&path).await.body;
    assert!(live().await && page.contains("Close alert") && !page.contains("It was a drill"), "{page}");
    t.stop().await;
});

on_both!(what_came_of_a_closed_alert_stays_on_the_public_page, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    let talk = crate::inbox::talk(&t, db, "07700 900101").await;
    let news = outcome::News { token: "one".into(), sms_text: "We found the owner.".into(), ..outcome::News::default() };
    outcome::tell(&t.app, &talk.alert, &news, t.owner.id).await.unwrap();
    let mut desk = t.officer("owner@force.example").await;
    let path = format!("/alerts/{}", talk.alert.reference);
    let asked = desk.get(&path).await.body;
    assert!(asked.contains("What came of it stays there for 14 days") && asked.contains(&format!("Close {}", talk.alert.reference)), "{asked}");
    desk.submit(&format!("{path}/close"), &[]).await;
    let front = t.http().get(&t.url).send().await.unwrap().text().await.unwrap();
    let (current, earlier) = front.split_once("What came of earlier alerts").expect("earlier alerts");
    assert!(!current.contains(&talk.alert.reference) && earlier.contains("We found the owner.") && earlier.contains("now closed"), "{front}");
    t.stop().await;
});
