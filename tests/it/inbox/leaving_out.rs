//! Leaving a person out by an officer's hand: as a STOP does, taken back like any act, and who is in doubt is told nothing more.

use huecry::audit::Actor;
use huecry::domain::audience::Untold;
use huecry::inbox::leave_out::{self, LeaveOutOutcome};
use huecry::inbox::undo;
use huecry::outbound::outcome;
use huecry::store::{conversations, deliveries, messages, residents, suppressions};

use super::{history, offered, talk};
use crate::support::app::TestApp;
use crate::support::rows::{SMS, key};

const ANN: &str = "+447700900101";
const BOB: &str = "bob@example.org";

on_both!(nothing_goes_to_whom_an_officer_left_out_and_it_can_be_taken_back, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    t.add_resident(db, "Ann", &[ANN], &[]).await;
    let (talk, actor) = (talk(&t, db, ANN).await, Actor::Officer(t.owner.id));
    // Only what waits for that phone is held back.
    let waits = db.add_delivery(&talk.alert, ANN).await;
    let status = async || deliveries::list_by_ids(&mut db.read().await, &[waits.id]).await.unwrap().pop().unwrap().status;
    let is_out = async || suppressions::find_standing(&mut db.read().await, &key(ANN), "sms").await.unwrap();
    let mut desk = t.officer("owner@force.example").await;
    let path = format!("/inbox/{}", talk.row.public_id);
    assert!(desk.get(&path).await.body.contains("Leave this person out"));
    let refused = desk.submit(&format!("{path}/leave-out"), &[("out_reason", " ")]).await;
    assert!(refused.status == 422 && refused.body.contains("Say why"), "{}", refused.body);
    assert_eq!(desk.submit(&format!("{path}/leave-out"), &[("out_reason", "She rang and asked")]).await.status, 303);
    assert_eq!((is_out().await.unwrap().reason.as_str(), status().await.as_str()), ("officer", "suppressed"));
    assert_eq!(history(db, talk.row.id).await, ["Left out: no texts go to them (She rang and asked)"]);
    let page = desk.get(&path).await.body;
    assert!(page.contains("An officer left them out") && !page.contains("Leave this person out"), "{page}");
    assert_eq!(leave_out::leave_out(&t.app, talk.row.id, "again", &actor).await.unwrap(), LeaveOutOutcome::Already);
    let offer = offered(&t, &t.owner).await.unwrap();
    assert_eq!(offer.sentence, "Left out: no texts go to them");
    undo::undo(&t.app, &t.owner, &offer.token).await.unwrap().unwrap();
    assert!(is_out().await.is_none());
    assert_eq!(status().await, "queued", "what was to go to her goes");
    let consent: Vec<_> = residents::list_consent(&mut db.read().await, &key(ANN)).await.unwrap().into_iter().map(|row| row.action).collect();
    assert!(consent.contains(&"stopped".to_owned()) && consent.contains(&"taken_back".to_owned()), "{consent:?}");
    t.stop().await;
});

on_both!(a_stop_that_comes_meanwhile_is_not_taken_back_with_it, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    let (talk, actor) = (talk(&t, db, ANN).await, Actor::Officer(t.owner.id));
    // She had come back by START once: what lifted it then does not lift it now.
    suppressions::suppress(&mut db.write().await, &db.new_suppression(ANN, "sms", None)).await.unwrap();
    suppressions::lift(&mut db.write().await, &key(ANN), "sms", "start", t.app.now()).await.unwrap();
    let left = async || leave_out::leave_out(&t.app, talk.row.id, "She asked", &actor).await.unwrap();
    assert_eq!(left().await, LeaveOutOutcome::LeftOut);
    let offer = offered(&t, &t.owner).await.unwrap();
    assert_eq!(undo::undo(&t.app, &t.owner, &offer.token).await.unwrap().unwrap().changed, 0);
    assert!(suppressions::find_standing(&mut db.read().await, &key(ANN), "sms").await.unwrap().is_none());

    assert_eq!(left().await, LeaveOutOutcome::LeftOut);
    let offer = offered(&t, &t.owner).await.unwrap();
    let stop = suppressions::SuppressionRow { created_at: t.app.now().plus_ms(1_000), ..db.new_suppression(ANN, "sms", None) };
    suppressions::suppress(&mut db.write().await, &stop).await.unwrap();
    assert_eq!(undo::undo(&t.app, &t.owner, &offer.token).await.unwrap().unwrap().changed, 1);
    assert!(suppressions::find_standing(&mut db.read().await, &key(ANN), "sms").await.unwrap().is_some(), "she has asked herself since");
    t.stop().await;
});

on_both!(who_asked_to_leave_and_has_not_confirmed_it_is_shown_so_and_told_nothing, async |db| {
    let t = TestApp::start(db).await;
    t.add_resident(db, "Bob", &[BOB], &[]).await;
    let mut desk = t.officer("owner@force.example").await;
    let reference = t.publish(&mut desk, "White van", "Did you see a white van?").await;
    let mail = t.wait_for_mails(BOB, 1).await.remove(0);
    t.mail(BOB, serde_json::json!({ "mail_id": mail["id"], "text": "I saw it at nine." })).await;
    let inbox = t.key(&["inbox"]).await;
    t.wait_for_conversations(&inbox, &reference, 1).await;
    t.mail(BOB, serde_json::json!({ "mail_id": mail["id"], "text": "Please unsubscribe me" })).await;
    // A link that nobody has pressed.
    let offer = t.wait_for_mails(BOB, 2).await.remove(1);
    let id = t.wait_for_conversations(&inbox, &reference, 1).await[0]["id"].as_str().unwrap().to_owned();
    for page in [format!("/inbox/{id}"), "/inbox?view=all".to_owned()] {
        let page = desk.get(&page).await.body;
        assert!(page.contains("Asked to leave: not confirmed yet"), "{page}");
    }
    let alert = huecry::store::alerts::find_by_reference(&mut db.read().await, &reference).await.unwrap().unwrap();
    let untold = async || outcome::reach(&t.app, alert.id).await.unwrap().untold.into_keys().collect::<Vec<_>>();
    assert_eq!(untold().await, [Untold::InDoubt.as_str()]);
    let link = offer["text"].as_str().unwrap().split_whitespace().find(|word| word.contains("/leave/")).unwrap().to_owned();
    let path = link[link.find("/leave/").unwrap()..].to_owned();
    let mut bob = t.visitor();
    bob.get(&path).await;
    bob.submit(&path, &[]).await;
    assert!(suppressions::find_standing(&mut db.read().await, &key(BOB), "email").await.unwrap().is_some());
    let page = desk.get(&format!("/inbox/{id}")).await.body;
    assert!(!page.contains("not confirmed yet"), "{page}");
    assert_eq!(untold().await, [Untold::OptedOut.as_str()]);
    t.stop().await;
});

on_both!(words_that_perhaps_mean_it_offer_the_one_act_in_place, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    let talk = talk(&t, db, ANN).await;
    let perhaps = messages::MessageRow {
        class: "opt_out_review".into(),
        channel: SMS.into(),
        ..db.new_message(talk.row.id, "please stop texting me but I did see a van", t.app.now())
    };
    messages::insert(&mut db.write().await, &perhaps).await.unwrap();
    let mut desk = t.officer("owner@force.example").await;
    let path = format!("/inbox/{}", talk.row.public_id);
    let page = desk.get(&path).await.body;
    let card = page.split("id=\"doubt\"").nth(1).unwrap().split("</form>").next().unwrap().to_owned();
    assert!(card.contains("Perhaps wants no more texts") && card.contains("Leave this person out"), "{card}");
    let untold = outcome::reach(&t.app, talk.alert.id).await.unwrap().untold;
    assert_eq!(untold.into_iter().collect::<Vec<_>>(), [(Untold::InDoubt.as_str(), 1)]);
    assert_eq!(desk.submit(&format!("{path}/leave-out"), &[("out_reason", "Asked by text")]).await.status, 303);
    let version = conversations::get(&mut db.read().await, talk.row.id).await.unwrap().version;
    assert_eq!(version, talk.row.version + 1, "whoever is answering must see it first");
    assert!(!desk.get(&path).await.body.contains("class=\"settle doubted\""), "it is settled");
    t.stop().await;
});
