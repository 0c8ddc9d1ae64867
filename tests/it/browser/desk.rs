//! The officers' desk: everything by one key, on a phone by touch, two officers at once, and what counts as seen.

use serde_json::json;

use crate::inbox::{now_of, officer, talk};
use crate::support::app::{PASSWORD, POOL, TestApp, eventually};
use crate::support::chromium::Chromium;
use crate::support::db::TestDb;

const ENTER: &str = "\u{e007}";
const ESCAPE: &str = "\u{e00c}";
const TAB: &str = "\u{e004}";
const ANN: &str = "07700 900101";
const BOB: &str = "07700 900102";

/// A desk whose first conversation is open.
async fn at_the_desk(t: &TestApp, db: &TestDb, who: &str) -> Chromium {
    let desk = Chromium::start(db, &t.url).await;
    desk.sign_in(who, PASSWORD).await;
    desk.open("/inbox").await;
    desk
}

#[tokio::test(flavor = "multi_thread")]
async fn every_act_is_one_key() {
    let db = TestDb::sqlite().await;
    let t = TestApp::start_with(&db, "", false).await;
    let talks = [talk(&t, &db, ANN).await, talk(&t, &db, BOB).await];
    let desk = at_the_desk(&t, &db, "owner@force.example").await;
    desk.mark().await;
    desk.press("j").await;
    desk.press(ENTER).await;
    desk.sees("#thread", "The third").await;
    let id = desk.script("return document.querySelector('#talk').dataset.conversation").await.as_str().unwrap().to_owned();
    let first = talks.iter().find(|talk| talk.row.public_id == id).unwrap();
    assert!(desk.is_marked().await && desk.path().await.starts_with(&format!("/inbox/{id}")), "it was swapped in, and the address with it");
    assert_eq!(desk.script("return document.activeElement.id").await, json!("talk-title"), "the focus goes with it");

    desk.press("m").await;
    desk.press("He is known to us").await;
    desk.press(&format!("{TAB}{ENTER}")).await;
    desk.sees(".msg.note", "He is known to us").await;
    desk.press("t").await;
    desk.press(&format!("door bell{ENTER}")).await;
    desk.sees(".tag", "door bell").await;
    desk.press("!").await;
    desk.press(&format!("He has a knife{TAB}{ENTER}")).await;
    desk.sees(".marks .urgency", "Urgent").await;
    desk.press("z").await;
    desk.sees(".notice", "Taken back: Marked as urgent").await;
    assert_eq!(desk.count(".marks .urgency").await, 0);
    desk.press("h").await;
    desk.press(ESCAPE).await;
    desk.press(ESCAPE).await;
    eventually("the fold to close", async || (desk.count("details.act[open]").await == 0).then_some(())).await;
    desk.press("r").await;
    desk.press("jt?").await;
    assert_eq!(desk.value("#text").await, "jt?", "nothing is a shortcut in a field");
    desk.press(ESCAPE).await;
    desk.press("?").await;
    desk.sees("#keys[open]", "Put in a canned answer").await;
    desk.press(ESCAPE).await;
    desk.press("e").await;
    desk.find(".close-act[open]").await;
    desk.press("4").await;
    desk.sees(".notice", "Closed: No action needed").await;
    assert_eq!(now_of(&db, first.row.id).await.outcome.as_deref(), Some("no_action"));

    // Two in the list again: select both and take them back to open work.
    desk.press("z").await;
    desk.sees(".notice", "Taken back: Closed").await;
    desk.open("/inbox").await;
    desk.press("j").await;
    desk.press("x").await;
    desk.sees("[data-picked]", "1 selected").await;
    desk.press("J").await;
    desk.sees("[data-picked]", "2 selected").await;
    desk.press("t").await;
    desk.press(&format!("van{ENTER}")).await;
    desk.sees(".notice", "2 conversations tagged").await;
    desk.console_is_quiet().await;
    desk.close().await;
    t.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_conversation_is_there_at_once_and_back_leads_back() {
    let db = TestDb::sqlite().await;
    let t = TestApp::start_with(&db, "", false).await;
    for number in 1..=6 {
        talk(&t, &db, &format!("07700 90010{number}")).await;
    }
    let desk = at_the_desk(&t, &db, "owner@force.example").await;
    desk.press("n").await;
    desk.sees("#thread", "The third").await;
    let mut seen = vec![desk.path().await];
    let fetched = "return performance.getEntriesByType('resource').filter((e) => e.responseEnd).map((e) => new URL(e.name).pathname) \
                   .filter((path) => /^\\/inbox\\/[a-z0-9]{16}$/.test(path)).at(-1) ?? ''";
    for _ in 0..4 {
        // It is here before it is asked for, while somebody reads the one before.
        let next = eventually("the next one to be fetched ahead", async || {
            let path = desk.script(fetched).await.as_str().unwrap().to_owned();
            (!path.is_empty() && !seen.iter().any(|seen| seen.starts_with(&path))).then_some(path)
        })
        .await;
        desk.press("n").await;
        eventually("the next", async || desk.path().await.starts_with(&next).then_some(())).await;
        seen.push(desk.path().await);
    }
    desk.script("history.back()").await;
    let before = seen[seen.len() - 2].clone();
    eventually("the one before", async || (desk.path().await == before).then_some(())).await;
    desk.sees("#thread", "The third").await;
    let id = before.trim_start_matches("/inbox/").split('?').next().unwrap().to_owned();
    desk.find(&format!("#talk[data-conversation='{id}']")).await;
    desk.console_is_quiet().await;
    desk.close().await;
    t.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_officers_see_each_other_and_no_answer_goes_unseen() {
    let db = TestDb::sqlite().await;
    let t = TestApp::start(&db).await;
    t.add_resident(&db, "Ann Archer", &["+447700900101"], &[]).await;
    let mut client = t.officer("owner@force.example").await;
    let reference = t.publish(&mut client, "White van", "Did you see a white van?").await;
    let number = t.wait_for_texts("+447700900101", 1).await[0].0.clone();
    assert!(POOL.contains(&number.as_str()));
    t.text("+447700900101", &number, "Yes, by the church").await;
    let key = t.key(&["inbox"]).await;
    let id = t.wait_for_conversations(&key, &reference, 1).await[0]["id"].as_str().unwrap().to_owned();
    let path = format!("/inbox/{id}");
    let (one, other) = (at_the_desk(&t, &db, "owner@force.example").await, at_the_desk(&t, &db, "mate@force.example").await);
    one.open(&path).await;
    one.sees(".msg.in", "by the church").await;
    one.sees("[data-live-state]", "Live").await;
    other.open(&path).await;
    other.sees("#here", "Also here: PC owner").await;
    other.sees("[data-live-state]", "Live").await;
    one.write("#text", "Which way?").await;
    one.sees("#draft-state", "Draft saved").await;
    one.sees("#cost", "1 part").await;
    other.sees("#here", "PC owner@force.example is answering").await;
    other.write("#text", "What colour?").await;
    other.click(".reply button[type=submit]").await;
    other.sees(".error-summary", "is answering").await;
    assert_eq!(other.value("#text").await, "What colour?");
    other.was_refused_with(422).await;

    // A tab that nobody looks at has shown nothing: the page waits, and an answer from it is held.
    one.script("Object.defineProperty(document, 'hidden', { get: () => window.away === true, configurable: true }); window.away = true").await;
    t.text("+447700900101", &number, "No, it was blue").await;
    one.sees("#nav-unread", "1").await;
    assert_eq!(one.count(".msg").await, 1, "the thread of a hidden page waits");
    one.script("window.away = false; document.dispatchEvent(new Event('visibilitychange'))").await;
    one.sees(".msg.in", "it was blue").await;
    assert_eq!(one.value("#text").await, "Which way?");
    eventually("it to count as seen", async || {
        let waits = one.script("return [...document.querySelectorAll('[data-seen-only]')].some((field) => field.dataset.next)").await;
        (waits == json!(false)).then_some(())
    })
    .await;
    one.click(".reply button[type=submit]").await;
    one.sees(".notice", "on its way").await;
    assert_eq!(t.wait_for_texts("+447700900101", 2).await[1].1, "Which way?");
    one.console_is_quiet().await;
    one.close().await;
    other.close().await;
    t.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_canned_answer_is_put_in_by_key_and_the_keys_can_be_turned_off() {
    let db = TestDb::sqlite().await;
    let t = TestApp::start_with(&db, "", false).await;
    let talk = talk(&t, &db, ANN).await;
    for (name, body) in [("Thanks", "Thank you for answering {reference}."), ("Where", "Where was that?")] {
        let new = huecry::inbox::canned::NewCanned { id: None, whose: "own".into(), name: name.into(), body: body.into() };
        assert_eq!(huecry::inbox::canned::save(&t.app, &t.owner, &new).await.unwrap(), []);
    }
    let desk = at_the_desk(&t, &db, "owner@force.example").await;
    desk.open(&format!("/inbox/{}", talk.row.public_id)).await;
    desk.press("c").await;
    desk.find("#canned-filter").await;
    desk.press("than").await;
    desk.press(ENTER).await;
    let words = format!("Thank you for answering {}.", talk.alert.reference);
    eventually("the words in the box", async || (desk.value("#text").await == words).then_some(())).await;
    desk.sees("#draft-state", "Draft saved").await;
    desk.press(ESCAPE).await;
    desk.press("?").await;
    desk.click("[data-keys-on]").await;
    desk.click("#keys button").await;
    desk.script("document.activeElement.blur()").await;
    desk.press("m").await;
    assert_eq!(desk.count("details.act[open]").await, 0, "they are off");
    desk.console_is_quiet().await;
    desk.close().await;
    t.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_phone_all_of_it_is_within_reach_of_a_thumb() {
    let db = TestDb::sqlite().await;
    let t = TestApp::start_with(&db, "", false).await;
    let talk = talk(&t, &db, ANN).await;
    let mate = officer(&db, "mate@force.example").await;
    let phone = Chromium::start(&db, &t.url).await;
    phone.resize(360, 780).await;
    phone.sign_in("owner@force.example", PASSWORD).await;
    phone.open("/inbox").await;
    phone.click(".row a").await;
    phone.sees("#thread", "The third").await;
    phone.click("[data-act='t'] > summary").await;
    phone.fill("#tag", "van").await;
    phone.click("[data-act='t'] button").await;
    phone.sees(".tag", "van").await;
    phone.click("[data-act='h'] > summary").await;
    phone.click(&format!("#hand-to option[value='officer-{}']", mate.id)).await;
    phone.click("[data-act='h'] form button").await;
    phone.sees(".notice", "Handed to PC mate").await;
    phone.click(".undo button").await;
    phone.sees(".notice", "Taken back: Handed to PC mate").await;
    phone.click("[data-act='e'] > summary").await;
    phone.click(".close-act .outcomes button[value='evidence']").await;
    phone.sees(".notice", "Closed: Kept as evidence").await;
    assert_eq!(now_of(&db, talk.row.id).await.owner_id, Some(t.owner.id));
    phone.console_is_quiet().await;
    phone.close().await;
    t.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn news_that_never_ends_does_not_keep_the_list_from_being_fetched() {
    let db = TestDb::sqlite().await;
    let t = TestApp::start_with(&db, "", false).await;
    talk(&t, &db, ANN).await;
    let desk = at_the_desk(&t, &db, "owner@force.example").await;
    desk.sees("[data-live-state]", "Live").await;
    // As while an alert goes out: something is told more often than the page gathers for.
    let storm = "const wire = new BroadcastChannel('huecry-events'); window.storm = setInterval(() => wire.postMessage({ kinds: ['alert', 'inbox'] }), 40)";
    desk.script(storm).await;
    talk(&t, &db, BOB).await;
    eventually("the new one in the list", async || (desk.count(".rows .row").await == 2).then_some(())).await;
    desk.script("clearInterval(window.storm)").await;
    desk.close().await;
    t.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_fetched_late_does_not_take_the_page_from_under_their_hands() {
    let db = TestDb::sqlite().await;
    let t = TestApp::start_with(&db, "", false).await;
    let (ann, bob) = (talk(&t, &db, ANN).await, talk(&t, &db, BOB).await);
    let desk = at_the_desk(&t, &db, "owner@force.example").await;
    desk.sees("[data-live-state]", "Live").await;
    // Ann's page comes only when it is let go.
    let slow = format!(
        "const real = window.fetch; window.fetch = (url, how) => String(url).includes('/inbox/{}?') \
         ? new Promise((go) => {{ window.go = () => real(url, how).then(go); }}) : real(url, how)",
        ann.row.public_id
    );
    desk.script(&slow).await;
    for talk in [&ann, &bob] {
        desk.script(&format!("document.querySelector('.row[data-key=\"{}\"] a').click()", talk.row.public_id)).await;
    }
    desk.find(&format!("#talk[data-conversation='{}']", bob.row.public_id)).await;
    desk.script("window.go?.()").await;
    desk.write("#text", "Thank you").await;
    desk.sees("#draft-state", "Draft saved").await;
    assert_eq!(desk.count(&format!("#talk[data-conversation='{}']", bob.row.public_id)).await, 1);
    assert_eq!(desk.value("#text").await, "Thank you");
    desk.close().await;
    t.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_can_do_nothing_says_why_and_moves_nothing() {
    let db = TestDb::sqlite().await;
    let t = TestApp::start_with(&db, "", false).await;
    let talk = talk(&t, &db, ANN).await;
    let desk = at_the_desk(&t, &db, "owner@force.example").await;
    let where_is_it = "const box = document.querySelector('#rows').getBoundingClientRect(); return [box.top, box.left]";
    let before = desk.script(where_is_it).await;
    desk.press("a").await;
    desk.sees(".notice", "Open a conversation first").await;
    desk.press("z").await;
    desk.sees(".notice", "There is nothing to take back").await;
    assert_eq!(desk.script(where_is_it).await, before, "the bar lies over the page");
    desk.click(".notice:not([hidden]) .put-away").await;
    eventually("it to be put away", async || (desk.script("return document.querySelectorAll('.notice:not([hidden])').length").await == 0).then_some(())).await;
    desk.open(&format!("/inbox/{}", talk.row.public_id)).await;
    for (key, why) in [("a", "It is yours already"), ("y", "Nothing here waits to be taken up"), ("w", "There is no mail here")] {
        desk.press(key).await;
        desk.sees(".notice", why).await;
    }
    desk.press("p").await;
    desk.press("Waiting for the church").await;
    desk.press(ENTER).await;
    desk.sees("#cards", "Stopped: Waiting for the church").await;
    desk.press("p").await;
    desk.sees("#cards", "an answer is due").await;
    desk.console_is_quiet().await;
    desk.close().await;
    t.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn several_are_closed_by_the_same_two_keys_as_one() {
    let db = TestDb::sqlite().await;
    let t = TestApp::start_with(&db, "", false).await;
    let talks = [talk(&t, &db, ANN).await, talk(&t, &db, BOB).await];
    let desk = at_the_desk(&t, &db, "owner@force.example").await;
    desk.press("j").await;
    let where_is_it = "return document.querySelector('.rows .row').getBoundingClientRect().top";
    let before = desk.script(where_is_it).await;
    desk.press("xJ").await;
    desk.sees("[data-picked]", "2 selected").await;
    desk.press("e").await;
    desk.find("#bulk-bar[open]").await;
    assert_eq!(desk.script(where_is_it).await, before, "the list stays where it is");
    desk.press("4").await;
    desk.sees(".notice", "2 conversations closed: No action needed").await;
    for talk in talks {
        assert_eq!(now_of(&db, talk.row.id).await.outcome.as_deref(), Some("no_action"));
    }
    desk.console_is_quiet().await;
    desk.close().await;
    t.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_message_brings_the_split_and_a_note_is_kept_as_it_is_written() {
    let db = TestDb::sqlite().await;
    let t = TestApp::start(&db).await;
    t.add_resident(&db, "Ann Archer", &["+447700900101"], &[]).await;
    let mut client = t.officer("owner@force.example").await;
    let reference = t.publish(&mut client, "White van", "Did you see a white van?").await;
    let number = t.wait_for_texts("+447700900101", 1).await[0].0.clone();
    t.text("+447700900101", &number, "Yes, by the church").await;
    let key = t.key(&["inbox"]).await;
    let id = t.wait_for_conversations(&key, &reference, 1).await[0]["id"].as_str().unwrap().to_owned();
    let desk = at_the_desk(&t, &db, "owner@force.example").await;
    desk.open(&format!("/inbox/{id}")).await;
    desk.sees("[data-live-state]", "Live").await;
    desk.press("s").await;
    desk.sees(".notice", "There is only one message here").await;
    t.text("+447700900101", &number, "And my bike was stolen").await;
    desk.sees(".msg.in", "bike was stolen").await;
    desk.press("s").await;
    desk.sees("[data-act='s'] option", "my bike was stolen").await;
    desk.press(ESCAPE).await;
    desk.press(ESCAPE).await;
    desk.press("m").await;
    desk.write("#note", "He is known to us").await;
    desk.sees("#note-state", "Draft saved").await;
    desk.reload().await;
    desk.press("m").await;
    assert_eq!(desk.value("#note").await, "He is known to us");
    desk.script("document.querySelector('#note').dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', ctrlKey: true, bubbles: true }))").await;
    desk.sees(".msg.note", "He is known to us").await;
    assert_eq!(desk.value("#note").await, "");
    desk.press("?").await;
    desk.sees("#keys[open]", "keep the note").await;
    let height = "const box = document.querySelector('#keys').getBoundingClientRect(); return box.top >= 0 && box.bottom <= innerHeight";
    assert_eq!(desk.script(height).await, json!(true), "the whole list of keys is in sight");
    desk.console_is_quiet().await;
    desk.close().await;
    t.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_perhaps_wants_no_more_is_left_out_in_place_and_it_is_taken_back_by_a_key() {
    let db = TestDb::sqlite().await;
    let t = TestApp::start_with(&db, "", false).await;
    let talk = talk(&t, &db, ANN).await;
    for (title, urgent) in [("White van seen at the weir in Bakewell", true), ("Lost dog", false)] {
        let mut alert = db.new_alert(t.owner.id);
        title.clone_into(&mut alert.title);
        huecry::store::alerts::insert(&mut db.write().await, &alert, Vec::new(), &[], &[]).await.unwrap();
        let mut delivery = db.new_delivery(&alert, ANN);
        delivery.sending_at = urgent.then(|| t.app.now());
        huecry::store::deliveries::insert(&mut db.write().await, vec![delivery]).await.unwrap();
    }
    let reasons =
        json!([{ "kind": "threat_to_life", "said": "kids are scared" }, { "kind": "child", "said": "kids are scared" }, { "kind": "now", "said": "now" }]);
    huecry::store::urgencies::raise(&mut db.write().await, talk.row.id, huecry::domain::place::Urgency::Life, &reasons, t.app.now(), None).await.unwrap();
    let mut perhaps = db.new_message(talk.row.id, "please stop texting me but I did see a van", t.app.now());
    perhaps.class = "opt_out_review".into();
    huecry::store::messages::insert(&mut db.write().await, &perhaps).await.unwrap();
    let desk = at_the_desk(&t, &db, "owner@force.example").await;
    desk.sees(".row", "Nobody has it yet").await;
    desk.picture("u1-list").await;
    desk.open(&format!("/inbox/{}", talk.row.public_id)).await;
    desk.sees("#cards", "Danger to life, a child: “kids are scared”").await;
    desk.sees("#doubt", "Perhaps wants no more texts").await;
    desk.script("document.querySelector('#doubt').scrollIntoView()").await;
    desk.picture("u1-doubt").await;
    desk.press("s").await;
    desk.picture("u1-split").await;
    desk.press(ESCAPE).await;
    desk.press(ESCAPE).await;
    desk.press("v").await;
    desk.picture("u1-move").await;
    desk.press("?").await;
    desk.picture("u1-keys").await;
    desk.press(ESCAPE).await;
    desk.page_is_sound("conversation with a doubt").await;
    desk.reload().await;
    desk.click("#doubt button").await;
    desk.sees(".undo", "Left out: no texts go to them").await;
    assert_eq!(desk.count("#doubt .settle").await, 0);
    desk.picture("u1-left-out").await;
    desk.press("z").await;
    desk.sees(".notice", "Taken back: Left out").await;
    desk.sees("#doubt", "Perhaps wants no more texts").await;
    desk.open("/inbox").await;
    desk.press("jxe").await;
    desk.picture("u1-bulk").await;
    desk.console_is_quiet().await;
    desk.close().await;
    t.stop().await;
}
