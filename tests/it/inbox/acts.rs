//! Each act: what it does, whom it tells, what it refuses.

use huecry::audit::Actor;
use huecry::domain::closing::Outcome;
use huecry::domain::place::Urgency;
use huecry::inbox::assign::{self, AssignOutcome, Receiver};
use huecry::inbox::split::{self, SplitOutcome};
use huecry::inbox::{close, handover, mark, note, tag};
use huecry::store::{conversations, handovers, marks, messages, tags};

use super::{history, now_of, officer, talk};
use crate::support::app::TestApp;

const ANN: &str = "07700 900101";

on_both!(a_conversation_is_closed_with_what_came_of_it_and_a_note, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    let (talk, actor) = (talk(&t, db, ANN).await, Actor::Officer(t.owner.id));
    let id = talk.row.id;
    assert!(close::close(&t.app, id, Some(Outcome::Evidence), "Exhibit JD/1", &actor).await.unwrap());
    let closed = now_of(db, id).await;
    assert_eq!((closed.status.as_str(), closed.outcome.as_deref()), ("closed", Some("evidence")));
    assert!(!close::close(&t.app, id, Some(Outcome::Evidence), "", &actor).await.unwrap(), "closed so already");
    let last = messages::list_of(&mut db.read().await, id).await.unwrap().pop().unwrap();
    assert_eq!((last.direction.as_str(), last.text.as_str()), ("note", "Exhibit JD/1"));
    assert_eq!(history(db, id).await, ["Closed: Kept as evidence"]);
    t.stop().await;
});

on_both!(a_note_is_seen_by_colleagues_and_by_nobody_else, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    let talk = talk(&t, db, ANN).await;
    note::add(&t.app, talk.row.id, "He is known to us", &Actor::Officer(t.owner.id)).await.unwrap();
    assert_eq!(now_of(db, talk.row.id).await.version, talk.row.version + 1, "an answer that is being written must see it first");
    let page = t.officer("mate@force.example").await.get(&format!("/inbox/{}", talk.row.public_id)).await;
    assert!(page.body.contains("He is known to us") && page.body.contains("Note by PC owner"), "{}", page.body);
    let key = t.key(&["inbox"]).await;
    let out = t.api(&key, &format!("/api/v1/alerts/{}/conversations", talk.alert.reference)).await;
    assert_eq!(out["conversations"][0]["messages"].as_array().unwrap().len(), 4, "partners do not get it");
    t.stop().await;
});

on_both!(a_tag_is_made_as_it_is_first_used_and_taken_off_again, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    let (talk, actor) = (talk(&t, db, ANN).await, Actor::Officer(t.owner.id));
    assert!(tag::add(&t.app, talk.row.id, "door bell", &actor).await.unwrap());
    assert!(!tag::add(&t.app, talk.row.id, "door bell", &actor).await.unwrap());
    assert_eq!(tags::list_offered(&mut db.read().await).await.unwrap(), ["door bell"]);
    assert_eq!(now_of(db, talk.row.id).await.version, talk.row.version, "nobody who is answering must look at it first");
    let page = t.officer("owner@force.example").await.get(&format!("/inbox/{}", talk.row.public_id)).await;
    assert!(page.body.contains("Take off the tag door bell"), "{}", page.body);
    assert!(tag::remove(&t.app, talk.row.id, "door bell", &actor).await.unwrap());
    assert!(!tag::remove(&t.app, talk.row.id, "door bell", &actor).await.unwrap());
    assert!(tags::list_of(&mut db.read().await, talk.row.id).await.unwrap().is_empty());
    t.stop().await;
});

on_both!(who_is_handed_a_conversation_is_told_and_nobody_beyond_reach_is_offered, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    let talk = talk(&t, db, ANN).await;
    let id = talk.row.id;
    let (mate, stranger) = (officer(db, "mate@force.example").await, officer(db, "stranger@force.example").await);
    let give = async |to| assign::assign(&t.app, id, to, &t.owner).await.unwrap();
    assert_eq!(give(Receiver::Officer(t.owner.id)).await, AssignOutcome::Already);
    assert_eq!(give(Receiver::Officer(stranger.id)).await, AssignOutcome::NoSuchReceiver, "another team's officer is not theirs to load");
    assert_eq!(give(Receiver::Officer(mate.id)).await, AssignOutcome::Given(mate.name.clone()));
    assert_eq!(now_of(db, id).await.owner_id, Some(mate.id));
    let told = handovers::list_unseen(&mut db.read().await, mate.id).await.unwrap();
    assert_eq!(told, [("handed_over".to_owned(), format!("{} handed you a conversation", t.owner.name))]);
    let city = stranger.team_id.unwrap();
    assert_eq!(give(Receiver::Team(city)).await, AssignOutcome::Given("team City".to_owned()));
    let there = now_of(db, id).await;
    assert_eq!((there.owner_id, there.team_id), (None, Some(city)));
    assert_eq!(handovers::list_unseen(&mut db.read().await, stranger.id).await.unwrap().len(), 1, "a team without a supervisor is told, all of it");
    assert_eq!(history(db, id).await, [format!("Handed to {}", mate.name), "Handed to team City".to_owned()], "the history goes with it");
    let page = t.officer("owner@force.example").await.get(&format!("/inbox/{}", talk.row.public_id)).await;
    assert_eq!(page.status, 404, "it is another team's now");
    t.stop().await;
});

on_both!(a_hand_over_to_a_system_of_the_force_keeps_its_reference, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    let talk = talk(&t, db, ANN).await;
    handover::record(&t.app, talk.row.id, "Crime recording", "26*123456", &Actor::Officer(t.owner.id)).await.unwrap();
    let page = t.officer("owner@force.example").await.get(&format!("/inbox/{}", talk.row.public_id)).await;
    assert!(page.body.contains("26*123456"), "{}", page.body);
    assert_eq!(history(db, talk.row.id).await, ["Handed over to Crime recording, 26*123456"]);
    t.stop().await;
});

on_both!(what_is_marked_urgent_by_hand_stands_before_what_is_not, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    let (talk, actor) = (talk(&t, db, ANN).await, Actor::Officer(t.owner.id));
    let id = talk.row.id;
    assert!(mark::mark(&t.app, id, Urgency::Life, "She says he has a knife", &actor).await.unwrap());
    assert!(!mark::mark(&t.app, id, Urgency::Life, "again", &actor).await.unwrap());
    let marked = now_of(db, id).await;
    assert!(marked.urgency == "life" && marked.place < huecry::domain::place::BAND, "{marked:?}");
    let reasons = marks::find(&mut db.read().await, id).await.unwrap().unwrap().reasons;
    assert_eq!(reasons[0]["said"], "She says he has a knife");
    assert!(mark::mark(&t.app, id, Urgency::None, "It was a film", &actor).await.unwrap());
    assert!(marks::find(&mut db.read().await, id).await.unwrap().is_none());
    assert_eq!(history(db, id).await, ["Marked: risk to life: She says he has a knife", "Marked as not urgent: It was a film"]);
    t.stop().await;
});

on_both!(a_split_takes_a_message_and_what_follows_and_leaves_the_rest, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    let (talk, actor) = (talk(&t, db, ANN).await, Actor::Officer(t.owner.id));
    let (id, other) = (talk.row.id, db.add_alert(t.owner.id, &[]).await);
    let from = |at: usize| talk.messages[at].public_id.clone();
    let split = async |message: String, to: Option<&str>| split::split(&t.app, id, &message, to, &actor).await.unwrap();
    assert_eq!(split(from(0), None).await, SplitOutcome::First);
    assert_eq!(split("aaaaaaaaaaaaaaaa".into(), None).await, SplitOutcome::NoSuchMessage);
    assert_eq!(split(from(1), Some("ZZZZZ")).await, SplitOutcome::NoSuchAlert);
    assert_eq!(split(from(1), Some(&talk.alert.reference)).await, SplitOutcome::SamePlace);
    let SplitOutcome::Split(there) = split(from(1), Some(&other.reference)).await else { panic!("it was not split") };
    let mut conn = db.read().await;
    let there = conversations::find(&mut conn, &there).await.unwrap().unwrap();
    assert_eq!((there.alert_id, there.messages_count, there.preview.as_str(), there.unread), (Some(other.id), 3, "The third", true));
    assert_eq!(there.waiting_since, Some(talk.messages[3].received_at), "the clock goes on where it stood");
    let texts = async |conn: &mut huecry::store::Conn, id| messages::list_of(conn, id).await.unwrap().into_iter().map(|row| row.text).collect::<Vec<_>>();
    assert_eq!(texts(&mut conn, id).await, ["The first"]);
    assert_eq!(texts(&mut conn, there.id).await, ["The second", "Our answer", "The third"]);
    let here = now_of(db, id).await;
    assert_eq!((here.messages_count, here.preview.as_str()), (1, "The first"));
    let sentence = format!("Split: 3 messages went to {}", other.reference);
    assert_eq!((history(db, id).await, history(db, there.id).await), (vec![sentence.clone()], vec![sentence]));
    t.stop().await;
});

on_both!(a_split_into_the_tray_is_tied_to_nothing, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    let (talk, actor) = (talk(&t, db, ANN).await, Actor::Officer(t.owner.id));
    let outcome = split::split(&t.app, talk.row.id, &talk.messages[3].public_id, None, &actor).await.unwrap();
    let SplitOutcome::Split(there) = outcome else { panic!("{outcome:?}") };
    let mut conn = db.read().await;
    let there = conversations::find(&mut conn, &there).await.unwrap().unwrap();
    assert_eq!((there.alert_id, there.certainty.as_str(), there.owner_id), (None, "unattributed", None));
    assert!(now_of(db, talk.row.id).await.waiting_since.is_none(), "what stays was answered");
    t.stop().await;
});

on_both!(what_has_a_tag_is_listed_and_a_kept_list_keeps_it, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    let (ann, bob) = (talk(&t, db, ANN).await, talk(&t, db, "07700 900102").await);
    tag::add(&t.app, ann.row.id, "door bell", &Actor::Officer(t.owner.id)).await.unwrap();
    let mut desk = t.officer("owner@force.example").await;
    let page = desk.get("/inbox?view=all&tag=door+bell").await.body;
    assert!(page.contains(&ann.row.public_id) && !page.contains(&bob.row.public_id), "{page}");
    assert!(desk.get("/inbox?view=all&tag=nonesuch").await.body.contains("Nothing fits this filter"));
    desk.submit("/inbox/views", &[("name", "Door bells"), ("query", "view=all&tag=door+bell")]).await;
    assert!(desk.get("/inbox").await.body.contains("tag=door+bell"), "a kept list holds the tag");
    t.stop().await;
});

on_both!(a_conversation_is_weighed_where_the_force_wants_it_and_every_weighing_is_kept, async |db| {
    let t = TestApp::start_with(db, "[inbox]\nthrive = true\n", false).await;
    let talk = talk(&t, db, ANN).await;
    let mut desk = t.officer("owner@force.example").await;
    let path = format!("/inbox/{}", talk.row.public_id);
    assert!(desk.get(&path).await.body.contains("Not weighed yet"));
    let refused = desk.submit(&format!("{path}/thrive"), &[("threat", " ")]).await;
    assert!(refused.status == 422 && refused.body.contains("Fill in at least one"), "{}", refused.body);
    for harm in ["None yet", "A broken window"] {
        let fields = [("threat", "Her former partner"), ("harm", harm), ("vulnerability", "Two children")];
        assert_eq!(desk.submit(&format!("{path}/thrive"), &fields).await.status, 303);
    }
    let page = desk.get(&path).await.body;
    assert!(page.contains("A broken window") && page.contains("Two children") && page.contains("1 time before"), "{page}");
    let said = |harm: &str| format!("Weighed (THRIVE). Threat: Her former partner; Harm: {harm}; Vulnerability: Two children");
    assert_eq!(history(db, talk.row.id).await, [said("None yet"), said("A broken window")], "the history, which is exported, has both");
    t.stop().await;
});

on_both!(a_force_that_does_not_weigh_is_not_shown_how, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    let talk = talk(&t, db, ANN).await;
    let page = t.officer("owner@force.example").await.get(&format!("/inbox/{}", talk.row.public_id)).await;
    assert!(!page.body.contains("THRIVE"), "{}", page.body);
    t.stop().await;
});
