//! A mobile number that somebody else has now: nothing of before is shown to it, tied to it or sent to it.

use huecry::inbox::NOT_THEIRS_ANY_MORE;
use huecry::residents::join::{self, JoinOutcome, Wish};
use huecry::store::{correspondents, deliveries, notices, residents};
use serde_json::Value;

use crate::support::app::{POSTCODE, TestApp, eventually};
use crate::support::db::TestDb;
use crate::support::rows::key;

const ANN: &str = "+447700900101";
const GONE: &str = "Sorry wrong number, this isn't Ann's phone any more";

async fn says_it_is_the_wrong_number(t: &TestApp, db: &TestDb) -> String {
    let from = t.wait_for_texts(ANN, 1).await[0].0.clone();
    t.text(ANN, &from, GONE).await;
    eventually("the notice", async || notices::list_of_kind(&mut db.read().await, "wrong_number").await.unwrap().pop()).await;
    from
}

async fn tray(t: &TestApp, inbox: &str) -> Value {
    eventually("something in the tray", async || t.api(inbox, "/api/v1/unattributed").await["conversations"].as_array().unwrap().first().cloned()).await
}

on_both!(what_a_number_texts_after_it_changed_hands_is_a_strangers_and_their_talk_begins_anew, async |db| {
    let t = TestApp::start(db).await;
    t.add_resident(db, "Ann Able", &[ANN], &[]).await;
    let mut officer = t.officer("owner@force.example").await;
    let reference = t.publish(&mut officer, "First", "A grey van on Mill Lane").await;
    let from = says_it_is_the_wrong_number(&t, db).await;

    let inbox = t.key(&["inbox"]).await;
    let old = t.wait_for_conversations(&inbox, &reference, 1).await[0].clone();
    let path = format!("/inbox/{}", old["id"].as_str().unwrap());
    let page = officer.get(&path).await.body;
    assert!(page.contains("may be somebody else") && page.contains("Ann Able") && !page.contains("Send reply"), "{page}");
    assert!(page.contains("Perhaps from somebody else"), "the message that says so may be theirs already: {page}");
    let version = crate::support::browser::value_of_hidden(&page, "version").unwrap();
    let refused = officer.submit(&format!("{path}/reply"), &[("text", "Thank you, Ann"), ("version", &version)]).await;
    assert!(refused.body.contains(&NOT_THEIRS_ANY_MORE.replace('\'', "&#39;")), "{}", refused.body);

    // Words and even the reference, which its new holder may have read.
    t.text(ANN, &from, &format!("the grey van of {reference} is on Mill Lane")).await;
    let new = tray(&t, &inbox).await;
    assert_eq!((new["messages"].as_array().unwrap().len(), t.wait_for_conversations(&inbox, &reference, 1).await.len()), (1, 1));
    let path = format!("/inbox/{}", new["id"].as_str().unwrap());
    let page = officer.get(&path).await.body;
    assert!(page.contains("Not a registered resident") && page.contains("Conversation with a number ending"), "not Ann: {page}");
    assert!(page.contains(&reference) && page.contains("changed hands"), "offered with its reason: {page}");
    let version = crate::support::browser::value_of_hidden(&page, "version").unwrap();
    let sent = officer.submit(&format!("{path}/reply"), &[("text", "Thank you, whoever you are"), ("version", &version)]).await;
    assert_eq!(sent.status, 303, "{}", sent.body);
    t.wait_for_texts(ANN, 2).await;
    t.stop().await;
});

on_both!(a_new_owner_who_confirms_the_number_joins_as_themselves_and_gets_alerts_again, async |db| {
    let t = TestApp::start(db).await;
    let ann = t.add_resident(db, "Ann Able", &[ANN, "ann@example.org"], &[]).await;
    let mut officer = t.officer("owner@force.example").await;
    t.publish(&mut officer, "First", "First alert").await;
    says_it_is_the_wrong_number(&t, db).await;
    t.publish(&mut officer, "Second", "Second alert").await;
    t.wait_for_mails("ann@example.org", 2).await;
    assert_eq!(t.texts(ANN).await.len(), 1, "nothing goes there");

    join::send_sign_in_code(&t.app, &crate::support::rows::address(ANN)).await.unwrap();
    let since = huecry::domain::At::from_unix_ms(0);
    assert_eq!(deliveries::count_purpose_since(&mut db.read().await, &key(ANN), "code", since).await.unwrap(), 0, "Ann's account is not theirs");

    let wish =
        Wish { name: "Ben Baker".into(), postcode: POSTCODE.into(), groups: Vec::new(), addresses: vec![("phone".into(), ANN.into())], resident_id: None };
    let (ticket, _) = join::start(&t.app, &wish).await.unwrap();
    let text = t.wait_for_texts(ANN, 2).await[1].1.clone();
    let code = text.split(|c: char| !c.is_ascii_digit()).find(|word| word.len() == 6).unwrap().to_owned();
    let JoinOutcome::Joined(ben) = join::confirm(&t.app, &ticket, &code).await.unwrap() else { panic!("the code is right") };
    assert_ne!(ben, ann);
    let (holder, _) = residents::find_by_match_key(&mut db.read().await, &key(ANN)).await.unwrap().unwrap();
    assert_eq!((holder.id, holder.name.as_str()), (ben, "Ben Baker"));
    let kept: Vec<String> = residents::list_addresses(&mut db.read().await, ann).await.unwrap().into_iter().map(|row| row.value).collect();
    assert_eq!(kept, ["ann@example.org"]);

    let reference = t.publish(&mut officer, "Third", "Third alert").await;
    let from = t.wait_for_texts(ANN, 3).await[2].0.clone();
    t.text(ANN, &from, "I saw it").await;
    let inbox = t.key(&["inbox"]).await;
    let talk = t.wait_for_conversations(&inbox, &reference, 1).await[0].clone();
    assert_eq!(talk["certainty"], "certain", "what was sent to them is theirs: {talk}");
    let page = officer.get(&format!("/inbox/{}", talk["id"].as_str().unwrap())).await.body;
    assert!(page.contains("Conversation with Ben Baker"), "{page}");
    t.stop().await;
});

on_both!(what_was_queued_before_a_number_changed_hands_does_not_leave, async |db| {
    let alert = db.new_alert(1);
    let delivery = db.new_delivery(&alert, ANN);
    db.add_correspondent(ANN).await;
    let mut conn = db.write().await;
    deliveries::insert(&mut conn, vec![delivery.clone()]).await.unwrap();
    correspondents::doubt_owner(&mut conn, &key(ANN), delivery.created_at.plus_ms(1)).await.unwrap();
    let later = huecry::store::deliveries::DeliveryRow { created_at: delivery.created_at.plus_ms(2), ..db.new_delivery(&db.new_alert(1), ANN) };
    deliveries::insert(&mut conn, vec![later.clone()]).await.unwrap();
    let claimed = conn
        .transaction(async |conn| huecry::store::outbox::claim(conn, crate::support::rows::SMS, "w", 10, 60_000, delivery.created_at.plus_ms(9)).await)
        .await
        .unwrap();
    assert_eq!(claimed.leaving.iter().map(|row| row.id).collect::<Vec<_>>(), [later.id], "what was queued since is for whoever has it");
    drop(conn);
    assert_eq!(deliveries::find(&mut db.read().await, delivery.id).await.unwrap().unwrap().status, "suppressed");
});
