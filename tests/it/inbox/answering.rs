//! Claims, presence and drafts: two officers do not answer the same person, and no half-written word is lost.

use huecry::audit::Actor;
use huecry::inbox::reply::{self, Answer};
use huecry::inbox::{ReplyOutcome, claim};
use huecry::store::presences;

use super::{now_of, officer, talk};
use crate::support::app::TestApp;

const ANN: &str = "07700 900101";

on_both!(whoever_writes_claims_it_and_a_colleague_is_told_and_may_take_over, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    let (talk, mate) = (talk(&t, db, ANN).await, officer(db, "mate@force.example").await);
    let id = talk.row.id;
    claim::here(&t.app, id, &t.owner).await.unwrap();
    let around = claim::write(&t.app, id, &t.owner, "Which w").await.unwrap();
    assert!(around.answering.is_none() && around.draft.unwrap().text == "Which w", "nobody else is about");
    let around = claim::here(&t.app, id, &mate).await.unwrap();
    assert_eq!((around.here.as_slice(), around.answering.map(|(name, _)| name)), ([t.owner.name.clone()].as_slice(), Some(t.owner.name.clone())));
    let version = now_of(db, id).await.version;
    let answer = |take_over| Answer { conversation_id: id, version: Some(version), text: "What colour?", take_over };
    let held = reply::send(&t.app, answer(false), Some(&mate), &Actor::Officer(mate.id)).await.unwrap();
    assert_eq!(held, ReplyOutcome::Answering(t.owner.name.clone()));
    let kept = presences::find_draft(&mut db.read().await, id, mate.id).await.unwrap().unwrap();
    assert_eq!(kept.text, "What colour?", "what did not go is kept");
    assert_eq!(reply::send(&t.app, answer(true), Some(&mate), &Actor::Officer(mate.id)).await.unwrap(), ReplyOutcome::Sent);
    assert!(presences::find_draft(&mut db.read().await, id, mate.id).await.unwrap().is_none(), "what went is no draft any more");
    let late = Answer { conversation_id: id, version: Some(version), text: "Which way?", take_over: false };
    assert_eq!(reply::send(&t.app, late, Some(&t.owner), &Actor::Officer(t.owner.id)).await.unwrap(), ReplyOutcome::Changed);
    assert_eq!(presences::find_draft(&mut db.read().await, id, t.owner.id).await.unwrap().unwrap().text, "Which way?");
    t.stop().await;
});

on_both!(a_claim_ends_with_the_page_with_the_words_and_by_itself, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    let (talk, mate) = (talk(&t, db, ANN).await, officer(db, "mate@force.example").await);
    let id = talk.row.id;
    let answering = async || claim::here(&t.app, id, &mate).await.unwrap().answering;
    claim::write(&t.app, id, &t.owner, "Which").await.unwrap();
    assert!(answering().await.is_some());
    claim::leave(&t.app, id, &t.owner).await.unwrap();
    assert!(answering().await.is_none(), "the page was left");
    claim::write(&t.app, id, &t.owner, "Which").await.unwrap();
    claim::write(&t.app, id, &t.owner, " ").await.unwrap();
    assert!(answering().await.is_none(), "the words were taken out again");
    claim::write(&t.app, id, &t.owner, "Which").await.unwrap();
    t.app.clock().advance_ms(claim::CLAIM_MS - 1_000);
    assert!(answering().await.is_some());
    claim::write(&t.app, id, &t.owner, "Which way").await.unwrap();
    t.app.clock().advance_ms(claim::CLAIM_MS - 1_000);
    assert!(answering().await.is_some(), "it was renewed");
    t.app.clock().advance_ms(2_000);
    assert!(answering().await.is_none(), "it ran out");
    claim::write(&t.app, id, &mate, "What").await.unwrap();
    assert_eq!(now_of(db, id).await.claimed_by, Some(mate.id), "and the next takes it");
    t.stop().await;
});

on_both!(who_was_here_is_forgotten_after_a_minute_and_nobody_is_shown_where_that_is_off, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    let (talk, mate) = (talk(&t, db, ANN).await, officer(db, "mate@force.example").await);
    claim::here(&t.app, talk.row.id, &t.owner).await.unwrap();
    assert_eq!(claim::here(&t.app, talk.row.id, &mate).await.unwrap().here.len(), 1);
    t.app.clock().advance_ms(claim::HERE_MS + 1);
    assert!(claim::here(&t.app, talk.row.id, &mate).await.unwrap().here.is_empty());
    claim::forget(&t.app).await.unwrap();
    let since = huecry::domain::At::from_unix_ms(0);
    let left = presences::list_here(&mut db.read().await, talk.row.id, since).await.unwrap();
    assert_eq!(left.into_iter().map(|(id, _)| id).collect::<Vec<_>>(), [mate.id]);
    t.stop().await;
});

on_both!(presence_can_be_switched_off, async |db| {
    let t = TestApp::start_with(db, "[inbox]\npresence = false\n", false).await;
    let (talk, mate) = (talk(&t, db, ANN).await, officer(db, "mate@force.example").await);
    claim::here(&t.app, talk.row.id, &t.owner).await.unwrap();
    assert!(claim::here(&t.app, talk.row.id, &mate).await.unwrap().here.is_empty());
    let page = t.officer("mate@force.example").await.get(&format!("/inbox/{}", talk.row.public_id)).await;
    assert!(page.status == 200 && !page.body.contains("Also here"), "{}", page.body);
    t.stop().await;
});

on_both!(without_scripts_a_draft_is_kept_by_its_button_and_stands_there_again, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    let talk = talk(&t, db, ANN).await;
    let path = format!("/inbox/{}", talk.row.public_id);
    let mut desk = t.officer("owner@force.example").await;
    desk.get(&path).await;
    assert_eq!(desk.submit(&format!("{path}/draft"), &[("text", "Which way did")]).await.status, 303);
    let page = desk.get(&path).await;
    assert!(page.body.contains("Which way did</textarea>") && page.body.contains("Draft saved"), "{}", page.body);
    let other = t.officer("mate@force.example").await.get(&path).await;
    assert!(!other.body.contains("Which way did") && other.body.contains("is answering") && other.body.contains("Also here"), "{}", other.body);
    let version = crate::support::browser::value_of_hidden(&page.body, "version").unwrap();
    let sent = desk.submit(&format!("{path}/reply"), &[("text", "Which way did it go?"), ("version", &version)]).await;
    assert_eq!(sent.status, 303, "{}", sent.body);
    let page = desk.get(&path).await;
    assert!(!page.body.contains("Draft saved") && page.body.contains("></textarea>"), "{}", page.body);
    t.stop().await;
});

on_both!(an_answer_by_mail_quotes_both_sides, async |db| {
    let t = TestApp::start(db).await;
    t.add_resident(db, "Bob", &["bob@example.org"], &[]).await;
    let mut desk = t.officer("owner@force.example").await;
    let reference = t.publish(&mut desk, "White van", "Did you see a white van?").await;
    let mail = t.wait_for_mails("bob@example.org", 1).await.remove(0);
    t.mail("bob@example.org", serde_json::json!({ "mail_id": mail["id"], "text": "It was blue." })).await;
    let key = t.key(&["inbox"]).await;
    let id = t.wait_for_conversations(&key, &reference, 1).await[0]["id"].as_str().unwrap().to_owned();
    let page = desk.get(&format!("/inbox/{id}")).await;
    let version = crate::support::browser::value_of_hidden(&page.body, "version").unwrap();
    desk.submit(&format!("/inbox/{id}/reply"), &[("text", "Which way?"), ("version", &version)]).await;
    let answer = t.wait_for_mails("bob@example.org", 2).await.remove(1).to_string();
    assert!(answer.contains("Which way?") && answer.contains("you wrote:") && answer.contains("> It was blue."), "{answer}");
    t.stop().await;
});
