//! Undo: everything as it was, for half a minute, unless something has changed since.

use huecry::audit::Actor;
use huecry::domain::closing::Outcome;
use huecry::domain::place::Urgency;
use huecry::inbox::assign::{self, Receiver};
use huecry::inbox::undo::{self, OFFERED_MS};
use huecry::inbox::{self, close, handover, mark, split, tag};
use huecry::store::{conversations, handovers, moves};

use super::{Talk, another_text, history, now_of, offered, officer, stands, talk};
use crate::support::app::TestApp;
use crate::support::db::TestDb;

const ANN: &str = "07700 900101";

/// Does something, takes it back, and finds everything as it was.
async fn comes_back(t: &TestApp, db: &TestDb, talk: &Talk, what: &str, act: impl AsyncFnOnce()) {
    let before = stands(db, talk.row.id).await;
    act().await;
    assert_ne!(stands(db, talk.row.id).await, before, "{what} changed nothing");
    let offer = offered(t, &t.owner).await.unwrap_or_else(|| panic!("{what} is not offered to be taken back"));
    let outcome = undo::undo(&t.app, &t.owner, &offer.token).await.unwrap().unwrap();
    assert_eq!((outcome.undone.as_slice(), outcome.changed), ([talk.row.public_id.clone()].as_slice(), 0), "{what}");
    assert_eq!(stands(db, talk.row.id).await, before, "{what}");
    let told = history(db, talk.row.id).await.pop().unwrap();
    assert!(told.starts_with("Taken back: "), "{what}: {told}");
    assert!(offered(t, &t.owner).await.is_none() && undo::undo(&t.app, &t.owner, &offer.token).await.unwrap().is_none(), "{what}: once");
}

on_both!(every_act_can_be_taken_back_exactly, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    let talk = talk(&t, db, ANN).await;
    let (id, actor, mate) = (talk.row.id, Actor::Officer(t.owner.id), officer(db, "mate@force.example").await);
    let other = db.add_alert(t.owner.id, &[]).await;
    comes_back(&t, db, &talk, "close", async || assert!(close::close(&t.app, id, Some(Outcome::Spam), "", &actor).await.unwrap())).await;
    comes_back(&t, db, &talk, "tag", async || assert!(tag::add(&t.app, id, "van", &actor).await.unwrap())).await;
    comes_back(&t, db, &talk, "mark", async || assert!(mark::mark(&t.app, id, Urgency::Raised, "why", &actor).await.unwrap())).await;
    comes_back(&t, db, &talk, "hand over", async || {
        assign::assign(&t.app, id, Receiver::Officer(mate.id), &t.owner).await.unwrap();
    })
    .await;
    assert!(handovers::list_unseen(&mut db.read().await, mate.id).await.unwrap().is_empty(), "nobody is told of what was taken back");
    comes_back(&t, db, &talk, "hand to a system", async || handover::record(&t.app, id, "Crime", "1", &actor).await.unwrap()).await;
    comes_back(&t, db, &talk, "move", async || {
        inbox::move_to(&t.app, id, &other.reference, &actor).await.unwrap();
    })
    .await;
    let key = crate::support::rows::key(ANN);
    assert!(moves::list_of(&mut db.read().await, &[key]).await.unwrap().is_empty(), "later messages do not follow it");
    comes_back(&t, db, &talk, "split", async || {
        split::split(&t.app, id, &talk.messages[1].public_id, Some(&other.reference), &actor).await.unwrap();
    })
    .await;
    let left = conversations::find_of(&mut db.read().await, Some(other.id), talk.row.correspondent_id).await.unwrap();
    assert!(left.is_none(), "the conversation that the split made is gone");
    t.stop().await;
});

on_both!(a_move_into_a_conversation_that_stands_is_taken_apart_again, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    let (talk, other) = (talk(&t, db, ANN).await, talk(&t, db, ANN).await);
    let before = (stands(db, talk.row.id).await, stands(db, other.row.id).await);
    inbox::move_to(&t.app, talk.row.id, &other.alert.reference, &Actor::Officer(t.owner.id)).await.unwrap();
    let offer = offered(&t, &t.owner).await.unwrap();
    undo::undo(&t.app, &t.owner, &offer.token).await.unwrap().unwrap();
    assert_eq!((stands(db, talk.row.id).await, stands(db, other.row.id).await), before);
    t.stop().await;
});

on_both!(what_has_changed_since_is_left_alone, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    let talk = talk(&t, db, ANN).await;
    close::close(&t.app, talk.row.id, Some(Outcome::NoAction), "", &Actor::Officer(t.owner.id)).await.unwrap();
    let offer = offered(&t, &t.owner).await.unwrap();
    another_text(db, &talk, t.app.now()).await;
    let stood = stands(db, talk.row.id).await;
    let outcome = undo::undo(&t.app, &t.owner, &offer.token).await.unwrap().unwrap();
    assert_eq!((outcome.undone.len(), outcome.changed), (0, 1));
    assert_eq!(stands(db, talk.row.id).await, stood);
    t.stop().await;
});

on_both!(it_is_offered_for_half_a_minute_to_whoever_did_it, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    let (talk, mate) = (talk(&t, db, ANN).await, officer(db, "mate@force.example").await);
    close::close(&t.app, talk.row.id, Some(Outcome::NoAction), "", &Actor::Officer(t.owner.id)).await.unwrap();
    let offer = offered(&t, &t.owner).await.unwrap();
    assert!(offer.left_ms <= OFFERED_MS && offer.sentence == "Closed: No action needed", "{offer:?}");
    assert!(offered(&t, &mate).await.is_none() && undo::undo(&t.app, &mate, &offer.token).await.unwrap().is_none());
    t.app.clock().advance_ms(OFFERED_MS);
    assert!(offered(&t, &t.owner).await.is_none());
    t.app.clock().advance_ms(OFFERED_MS);
    assert!(undo::undo(&t.app, &t.owner, &offer.token).await.unwrap().is_none(), "too late");
    assert_eq!(now_of(db, talk.row.id).await.status, "closed");
    t.app.clock().advance_ms(4_000_000);
    undo::forget(&t.app).await.unwrap();
    assert!(huecry::store::undos::find(&mut db.read().await, &offer.token, t.owner.id).await.unwrap().is_none());
    t.stop().await;
});

on_both!(without_scripts_the_next_page_has_a_form_that_takes_it_back, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    let talk = talk(&t, db, ANN).await;
    let mut desk = t.officer("owner@force.example").await;
    let path = format!("/inbox/{}", talk.row.public_id);
    desk.get(&path).await;
    let closed = desk.submit(&format!("{path}/close?view=team"), &[("outcome", "duplicate")]).await;
    assert_eq!((closed.status, closed.location.as_deref()), (303, Some("/inbox?view=team")), "{}", closed.body);
    let page = desk.get("/inbox?view=team").await;
    assert!(page.body.contains("Closed: Duplicate."), "{}", page.body);
    let token = crate::support::browser::value_of_hidden(&page.body, "token").unwrap();
    let back = desk.submit("/inbox/undo", &[("token", &token)]).await;
    assert_eq!((back.status, back.location.as_deref()), (303, Some(path.as_str())));
    assert!(desk.get(&path).await.body.contains("Taken back: Closed: Duplicate."));
    assert_eq!(now_of(db, talk.row.id).await.status, "open");
    t.stop().await;
});

on_both!(a_hold_that_came_meanwhile_goes_back_with_the_messages, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    let (talk, actor) = (talk(&t, db, ANN).await, Actor::Officer(t.owner.id));
    let other = db.add_alert(t.owner.id, &[]).await;
    split::split(&t.app, talk.row.id, &talk.messages[1].public_id, Some(&other.reference), &actor).await.unwrap();
    let there = conversations::find_of(&mut db.read().await, Some(other.id), talk.row.correspondent_id).await.unwrap().unwrap();
    assert_eq!(huecry::inbox::holds::set(&t.app, t.owner.id, &there, "investigation", "26*123456").await.unwrap(), Ok(()));
    let offer = offered(&t, &t.owner).await.unwrap();
    let outcome = undo::undo(&t.app, &t.owner, &offer.token).await.unwrap().unwrap();
    assert_eq!(outcome.undone.len(), 1);
    let held = huecry::store::legal_holds::list_standing_of(&mut db.read().await, talk.row.id).await.unwrap();
    assert_eq!(held.iter().map(|hold| hold.reference.as_str()).collect::<Vec<_>>(), ["26*123456"], "the messages are held where they are now");
    t.stop().await;
});
