//! What goes along when messages go elsewhere: urgency, the clock, why; and what an act finds that its officer had not seen.

use huecry::audit::Actor;
use huecry::domain::closing::Outcome;
use huecry::domain::place::{self, Urgency};
use huecry::inbox::bulk::{self, Act};
use huecry::inbox::close::{self, CloseOutcome};
use huecry::inbox::mark::{self, MarkOutcome};
use huecry::inbox::split::{self, SplitOutcome};
use huecry::inbox::{MoveOutcome, clock, move_to, undo};
use huecry::store::conversations::{self, ConversationRow, Standing};
use huecry::store::{accounts, handovers, messages, nudges, pauses, urgencies};
use serde_json::json;

use super::{Talk, another_text, now_of, offered, officer, stands, talk};
use crate::support::app::TestApp;
use crate::support::db::TestDb;

const ANN: &str = "07700 900101";
const HOUR: i64 = 3_600_000;

/// What the same person wrote into the tray, where life may be at risk.
async fn in_the_tray(t: &TestApp, db: &TestDb, talk: &Talk) -> ConversationRow {
    let at = t.app.now();
    let row = ConversationRow {
        waiting_since: Some(at),
        due_at: Some(place::due(at, 0)),
        last_message_at: at,
        first_human_at: Some(at),
        preview: "He has a knife".into(),
        ..db.new_conversation(None, talk.row.correspondent_id)
    };
    let mut conn = db.write().await;
    let row = conversations::insert_or_find(&mut conn, row).await.unwrap().0;
    messages::insert(&mut conn, &db.new_message(row.id, "He has a knife, he is inside", at)).await.unwrap();
    urgencies::raise(&mut conn, row.id, Urgency::Life, &json!([{ "kind": "weapon", "said": "a knife" }]), at, None).await.unwrap();
    row
}

on_both!(danger_that_is_moved_onto_an_answered_talk_is_danger_there, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    let (talk, actor) = (talk(&t, db, ANN).await, Actor::Officer(t.owner.id));
    conversations::set_answered(&mut db.write().await, talk.row.id, t.app.now()).await.unwrap();
    let tray = in_the_tray(&t, db, &talk).await;
    let before = (stands(db, tray.id).await, stands(db, talk.row.id).await);
    let moved = move_to(&t.app, tray.id, &talk.alert.reference, &actor).await.unwrap();
    assert_eq!(moved, MoveOutcome::Moved(talk.row.public_id.clone()));
    let there = now_of(db, talk.row.id).await;
    assert_eq!((there.urgency.as_str(), there.waiting_since, there.due_at), ("life", tray.waiting_since, tray.due_at));
    assert!(there.place < place::BAND && there.preview.starts_with("He has a knife"), "{there:?}");
    let untold = nudges::list_untold(&mut db.read().await, 9).await.unwrap();
    assert_eq!(untold.iter().map(|one| one.id).collect::<Vec<_>>(), [talk.row.id], "somebody is called, once");
    let left = nudges::list_unacknowledged(&mut db.read().await, t.app.now(), 9).await.unwrap();
    assert_eq!(left.iter().map(|one| one.id).collect::<Vec<_>>(), [talk.row.id], "and the duty desk after two minutes");
    let offer = offered(&t, &t.owner).await.unwrap();
    undo::undo(&t.app, &t.owner, &offer.token).await.unwrap().unwrap();
    assert_eq!((stands(db, tray.id).await, stands(db, talk.row.id).await), before);
    t.stop().await;
});

on_both!(a_pause_does_not_hide_what_is_moved_under_it, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    let (talk, actor) = (talk(&t, db, ANN).await, Actor::Officer(t.owner.id));
    assert!(clock::pause(&t.app, talk.row.id, "Waiting for CCTV", &actor).await.unwrap());
    let tray = in_the_tray(&t, db, &talk).await;
    let before = stands(db, talk.row.id).await;
    move_to(&t.app, tray.id, &talk.alert.reference, &actor).await.unwrap();
    let there = now_of(db, talk.row.id).await;
    assert!(there.paused_at.is_none() && there.due_at.is_some(), "{there:?}");
    let open = async || pauses::list_of(&mut db.read().await, talk.row.id).await.unwrap().iter().filter(|pause| pause.ended_at.is_none()).count();
    assert_eq!(open().await, 0, "the record says when it ended");
    let offer = offered(&t, &t.owner).await.unwrap();
    undo::undo(&t.app, &t.owner, &offer.token).await.unwrap().unwrap();
    assert_eq!((stands(db, talk.row.id).await, open().await), (before, 1));
    t.stop().await;
});

on_both!(who_has_a_moved_conversation_now_is_told, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    let (talk, mate) = (talk(&t, db, ANN).await, officer(db, "mate@force.example").await);
    let theirs = db.add_alert(mate.id, &[]).await;
    conversations::set_unread(&mut db.write().await, talk.row.id, false).await.unwrap();
    move_to(&t.app, talk.row.id, &theirs.reference, &Actor::Officer(t.owner.id)).await.unwrap();
    let there = now_of(db, talk.row.id).await;
    assert_eq!((there.owner_id, there.unread), (Some(mate.id), true));
    let told = handovers::list_unseen(&mut db.read().await, mate.id).await.unwrap();
    assert_eq!(told, [("handed_over".to_owned(), format!("{} moved a conversation to an alert of yours", t.owner.name))]);
    t.stop().await;
});

on_both!(what_was_closed_long_ago_is_not_overdue_when_the_rest_is_split_off, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    let (talk, other) = (talk(&t, db, ANN).await, db.add_alert(t.owner.id, &[]).await);
    // Nobody answered the third text: it was closed. Then they wrote again.
    close::close(&t.app, talk.row.id, Some(Outcome::NoAction), "", &Actor::Officer(t.owner.id)).await.unwrap();
    let again = t.app.now().plus_ms(1_000 * HOUR);
    another_text(db, &talk, again).await;
    let last = messages::list_of(&mut db.read().await, talk.row.id).await.unwrap().pop().unwrap();
    let split = split::split(&t.app, talk.row.id, &last.public_id, Some(&other.reference), &Actor::Officer(t.owner.id)).await.unwrap();
    let SplitOutcome::Split(there) = split else { panic!("{split:?}") };
    let there = conversations::find(&mut db.read().await, &there).await.unwrap().unwrap();
    assert_eq!((there.waiting_since, there.due_at), (Some(again), Some(place::due(again, 0))));
    let here = now_of(db, talk.row.id).await;
    assert_eq!((here.waiting_since, here.due_at), (None, None), "what was closed stays dealt with");
    t.stop().await;
});

on_both!(what_came_in_since_is_neither_closed_nor_called_harmless_unseen, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    let (talk, actor) = (talk(&t, db, ANN).await, Actor::Officer(t.owner.id));
    let (id, seen) = (talk.row.id, now_of(db, talk.row.id).await.version);
    another_text(db, &talk, t.app.now()).await;
    urgencies::raise(&mut db.write().await, id, Urgency::Life, &json!([]), t.app.now(), None).await.unwrap();
    let closed = close::close_as_seen(&t.app, id, Some(seen), Some(Outcome::NoAction), "", &actor).await.unwrap();
    assert_eq!((closed, now_of(db, id).await.status.as_str()), (CloseOutcome::Changed, "open"));
    let marked = mark::mark_as_seen(&t.app, id, Some(seen), Urgency::None, "A film", &actor).await.unwrap();
    assert_eq!((marked, now_of(db, id).await.urgency.as_str()), (MarkOutcome::Changed, "life"));
    let stale = format!("{}.{seen}", talk.row.public_id);
    for act in [Act::Close(Outcome::Spam), Act::Read] {
        let done = bulk::run(&t.app, &t.owner, std::slice::from_ref(&stale), &act).await.unwrap();
        assert!(done.done == 0 && done.sentence.contains("something has changed since you looked"), "{}", done.sentence);
    }
    assert_eq!(nudges::list_unacknowledged(&mut db.read().await, t.app.now(), 9).await.unwrap().len(), 1, "it still calls");
    let mut desk = t.officer("owner@force.example").await;
    let path = format!("/inbox/{}", talk.row.public_id);
    let page = desk.get(&path).await.body;
    let now = now_of(db, id).await.version;
    assert!(
        page.contains(&format!("name=\"version\" value=\"{now}\" form=\"close\"")) && page.contains(&format!("value=\"{}.{now}\"", talk.row.public_id)),
        "{page}"
    );
    let refused = desk.submit(&format!("{path}/close"), &[("outcome", "spam"), ("version", &seen.to_string())]).await;
    assert!(refused.status == 422 && refused.body.contains("Something new came in since you looked"), "{}", refused.body);
    assert_eq!(desk.submit(&format!("{path}/close"), &[("outcome", "spam"), ("version", &now.to_string())]).await.status, 303);
    assert_eq!(now_of(db, id).await.status, "closed");
    t.stop().await;
});

on_both!(risk_to_life_stands_first_answered_or_paused, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    let (talk, actor) = (talk(&t, db, ANN).await, Actor::Officer(t.owner.id));
    urgencies::raise(&mut db.write().await, talk.row.id, Urgency::Life, &json!([]), t.app.now(), None).await.unwrap();
    clock::pause(&t.app, talk.row.id, "Waiting for CCTV", &actor).await.unwrap();
    assert!(now_of(db, talk.row.id).await.place < place::BAND);
    conversations::set_answered(&mut db.write().await, talk.row.id, t.app.now()).await.unwrap();
    assert!(now_of(db, talk.row.id).await.place < place::BAND);
    let open = pauses::list_of(&mut db.read().await, talk.row.id).await.unwrap().into_iter().filter(|pause| pause.ended_at.is_none()).count();
    assert_eq!(open, 0, "who was answered waits no more, and no pause stands");
    t.stop().await;
});

on_both!(what_is_less_urgent_adds_its_reasons_and_calls_nobody_again, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    let talk = talk(&t, db, ANN).await;
    let mut conn = db.write().await;
    urgencies::raise(&mut conn, talk.row.id, Urgency::Life, &json!([{ "kind": "weapon", "said": "a knife" }]), t.app.now(), None).await.unwrap();
    urgencies::acknowledge(&mut conn, talk.row.id, Some(t.owner.id), t.app.now()).await.unwrap();
    urgencies::raise(&mut conn, talk.row.id, Urgency::Raised, &json!([{ "kind": "child", "said": "a lad" }]), t.app.now().plus_ms(9), None).await.unwrap();
    let stands = urgencies::find(&mut conn, talk.row.id).await.unwrap().unwrap();
    assert_eq!((stands.acknowledged_by, stands.reasons.as_array().unwrap().len(), stands.level.as_str()), (Some(t.owner.id), 2, "life"));
    drop(conn);
    t.stop().await;
});

on_both!(a_closing_that_is_taken_back_leaves_its_note, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    let talk = talk(&t, db, ANN).await;
    close::close(&t.app, talk.row.id, Some(Outcome::Evidence), "Exhibit JD/1", &Actor::Officer(t.owner.id)).await.unwrap();
    let offer = offered(&t, &t.owner).await.unwrap();
    undo::undo(&t.app, &t.owner, &offer.token).await.unwrap().unwrap();
    let there = messages::list_of(&mut db.read().await, talk.row.id).await.unwrap().len();
    assert_eq!(now_of(db, talk.row.id).await.messages_count, i64::try_from(there).unwrap());
    t.stop().await;
});

on_both!(what_somebody_has_dealt_with_needs_nobody_any_more_and_danger_is_told_first, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    let (talk, actor) = (talk(&t, db, ANN).await, Actor::Officer(t.owner.id));
    let mate = officer(db, "mate@force.example").await;
    let since = now_of(db, talk.row.id).await.waiting_since.unwrap();
    let nudge = |kind: &str, for_moment| nudges::NudgeRow {
        id: db.id(),
        officer_id: mate.id,
        conversation_id: talk.row.id,
        kind: kind.into(),
        detail: kind.into(),
        for_moment,
        created_at: t.app.now(),
        seen_at: None,
    };
    let raised = t.app.now();
    urgencies::raise(&mut db.write().await, talk.row.id, Urgency::Life, &json!([]), raised, None).await.unwrap();
    nudges::insert(&mut db.write().await, vec![nudge("desk", raised), nudge("waiting_48", since), nudge("handed_over", raised)]).await.unwrap();
    let told = async || nudges::list_unseen(&mut db.read().await, mate.id, 9).await.unwrap().into_iter().map(|(nudge, _)| nudge.kind).collect::<Vec<_>>();
    assert_eq!(told().await, ["desk", "handed_over", "waiting_48"]);
    clock::take_up(&t.app, talk.row.id, &actor).await.unwrap();
    assert_eq!(told().await, ["handed_over", "waiting_48"], "somebody has it");
    conversations::set_answered(&mut db.write().await, talk.row.id, t.app.now()).await.unwrap();
    assert_eq!(told().await, ["handed_over"], "they were answered");
    t.stop().await;
});

on_both!(a_cover_sees_what_is_of_an_officer_whose_account_is_closed, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    let (mate, stranger) = (officer(db, "mate@force.example").await, officer(db, "stranger@force.example").await);
    let gone = accounts::OfficerRow { disabled_at: Some(t.app.now()), cover_id: Some(stranger.id), ..db.new_officer("gone@force.example") };
    accounts::insert_officers(&mut db.write().await, vec![gone.clone()]).await.unwrap();
    assert_eq!(accounts::list_covered(&mut db.read().await, stranger.id, t.app.now()).await.unwrap(), [gone.id]);
    assert!(accounts::list_covered(&mut db.read().await, mate.id, t.app.now()).await.unwrap().is_empty());
    t.stop().await;
});

on_both!(a_bare_stop_is_closed_as_any_other_and_disposed_of_in_time, async |db| {
    let t = TestApp::start(db).await;
    t.text("+447700900133", crate::support::app::POOL[0], "STOP").await;
    let row = crate::support::app::eventually("the STOP in the record", async || {
        let person = huecry::store::correspondents::find_by_match_key(&mut db.read().await, &crate::support::rows::key("+447700900133")).await.unwrap()?;
        conversations::find_of(&mut db.read().await, None, person.id).await.unwrap()
    })
    .await;
    assert_eq!((row.status.as_str(), row.closed_at), ("closed", Some(row.last_message_at)));
    assert_eq!(row.place, Standing::of(&row).placed(row.last_message_at).place, "among the closed ones by when");
    t.stop().await;
});
