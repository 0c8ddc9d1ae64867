//! What the list tells: who has what is at risk, who is at it, what is unread and whose; and what an officer has begun.

use huecry::audit::Actor;
use huecry::domain::place::Urgency;
use huecry::inbox::assign::{self, Receiver};
use huecry::inbox::{claim, clock, note, undo};
use huecry::store::{conversations, handovers, nudges, presences, urgencies};
use serde_json::json;

use super::{history, now_of, offered, officer, talk};
use crate::support::app::TestApp;

const ANN: &str = "07700 900101";

on_both!(an_alarm_is_told_once_with_whom_it_is_and_goes_from_every_page_when_somebody_has_it, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    t.add_resident(db, "Ann Archer", &["+447700900101"], &[]).await;
    let talk = talk(&t, db, ANN).await;
    let (mate, raised) = (officer(db, "mate@force.example").await, t.app.now());
    urgencies::raise(&mut db.write().await, talk.row.id, Urgency::Life, &json!([]), raised, None).await.unwrap();
    let nudge = |officer_id, kind: &str, detail: &str| nudges::NudgeRow {
        id: db.id(),
        officer_id,
        conversation_id: talk.row.id,
        kind: kind.into(),
        detail: detail.into(),
        for_moment: raised,
        created_at: t.app.now(),
        seen_at: None,
    };
    let rows = vec![nudge(t.owner.id, "urgent", "It needs somebody"), nudge(t.owner.id, "desk", "Nobody has it"), nudge(mate.id, "desk", "Nobody has it")];
    nudges::insert(&mut db.write().await, rows).await.unwrap();
    let (mut owner, mut other) = (t.officer("owner@force.example").await, t.officer("mate@force.example").await);
    let alarms = |page: &str| page.split("class=\"nudges\"").nth(1).map(|rest| rest.split("</ul>").next().unwrap().to_owned()).unwrap_or_default();
    let list = owner.get("/inbox").await.body;
    let told = alarms(&list);
    assert!(told.matches("<li").count() == 1 && told.contains("Nobody has it") && told.contains("Ann Archer"), "{told}");
    assert!(list.contains("Nobody has it yet") && !list.contains("Due in"), "the row says so instead of hours: {list}");
    assert!(alarms(&other.get("/inbox?view=team").await.body).contains("Nobody has it"));
    clock::take_up(&t.app, talk.row.id, &Actor::Officer(t.owner.id)).await.unwrap();
    for page in [owner.get("/inbox?view=team").await.body, other.get("/inbox?view=team").await.body] {
        assert_eq!(alarms(&page), "");
        assert!(page.contains("PC owner@force.example has it") && page.contains("Due in"), "{page}");
    }
    t.stop().await;
});

on_both!(that_somebody_is_answering_is_told_to_the_others, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    let talk = talk(&t, db, ANN).await;
    claim::write(&t.app, talk.row.id, &t.owner, "Thank you").await.unwrap();
    assert!(!t.officer("owner@force.example").await.get("/inbox").await.body.contains("is answering"));
    assert!(t.officer("mate@force.example").await.get("/inbox?view=team").await.body.contains("PC owner@force.example is answering"));
    t.stop().await;
});

on_both!(a_list_is_narrowed_to_what_is_unread_and_to_an_officer, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    let (ann, bob) = (talk(&t, db, ANN).await, talk(&t, db, "07700 900102").await);
    let mate = officer(db, "mate@force.example").await;
    assign::assign(&t.app, bob.row.id, Receiver::Officer(mate.id), &t.owner).await.unwrap();
    conversations::set_unread(&mut db.write().await, ann.row.id, false).await.unwrap();
    let mut desk = t.officer("owner@force.example").await;
    let mut has = async |query: &str| {
        let page = desk.get(&format!("/inbox?view=all&{query}")).await.body;
        (page.contains(&ann.row.public_id), page.contains(&bob.row.public_id))
    };
    assert_eq!(has("").await, (true, true));
    assert_eq!(has("unread=1").await, (false, true), "who is handed a conversation has not read it");
    assert_eq!(has(&format!("officer={}", mate.id)).await, (false, true));
    assert_eq!(has(&format!("officer={}", t.owner.id)).await, (true, false));
    assert_eq!(has("officer=nobody").await, (true, true));
    desk.submit("/inbox/views", &[("name", "Hers"), ("query", &format!("view=all&officer={}&unread=1", mate.id))]).await;
    let page = desk.get("/inbox").await.body;
    assert!(page.contains(&format!("officer={}", mate.id)) && page.contains("unread=1"), "a kept list keeps both: {page}");
    t.stop().await;
});

on_both!(whoever_gets_a_conversation_is_told_why, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    let talk = talk(&t, db, ANN).await;
    let mate = officer(db, "mate@force.example").await;
    conversations::set_unread(&mut db.write().await, talk.row.id, false).await.unwrap();
    let mut desk = t.officer("owner@force.example").await;
    let path = format!("/inbox/{}", talk.row.public_id);
    desk.get(&path).await;
    let fields = [("to", format!("officer-{}", mate.id)), ("hand_reason", "You know the family".to_owned())];
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    assert_eq!(desk.submit(&format!("{path}/assign"), &fields).await.status, 303);
    assert_eq!(history(db, talk.row.id).await, [format!("Handed to {}: You know the family", mate.name)]);
    let told = handovers::list_unseen(&mut db.read().await, mate.id).await.unwrap();
    assert!(told[0].1.ends_with("handed you a conversation: You know the family"), "{told:?}");
    assert!(now_of(db, talk.row.id).await.unread);
    let offer = offered(&t, &t.owner).await.unwrap();
    undo::undo(&t.app, &t.owner, &offer.token).await.unwrap().unwrap();
    assert!(!now_of(db, talk.row.id).await.unread, "as it was");
    t.stop().await;
});

on_both!(a_note_that_was_begun_is_there_again_and_nobody_elses, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    let talk = talk(&t, db, ANN).await;
    let mut desk = t.officer("owner@force.example").await;
    let path = format!("/inbox/{}", talk.row.public_id);
    desk.get(&path).await;
    assert_eq!(desk.submit(&format!("{path}/note/draft"), &[("note", "He is known to us\nsince")]).await.status, 303);
    let page = desk.get(&path).await.body;
    assert!(page.contains(">He is known to us\nsince</textarea>") && page.contains("Note (begun)"), "{page}");
    assert!(!t.officer("mate@force.example").await.get(&path).await.body.contains("known to us"));
    assert!(now_of(db, talk.row.id).await.claimed_by.is_none(), "a note is no answer");
    note::add(&t.app, talk.row.id, "He is known to us", &Actor::Officer(t.owner.id)).await.unwrap();
    assert!(presences::find_note_draft(&mut db.read().await, talk.row.id, t.owner.id).await.unwrap().is_none(), "it is kept now");
    claim::write_note(&t.app, talk.row.id, &t.owner, "More").await.unwrap();
    claim::write_note(&t.app, talk.row.id, &t.owner, " ").await.unwrap();
    assert!(presences::find_note_draft(&mut db.read().await, talk.row.id, t.owner.id).await.unwrap().is_none(), "nothing is no draft");
    t.stop().await;
});
