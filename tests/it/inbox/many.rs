//! Acts on many conversations at once: a sum that says what was left alone, and one undo.

use huecry::domain::closing::Outcome;
use huecry::inbox::bulk::{self, Act};
use huecry::inbox::undo;
use huecry::store::tags;

use super::{another_text, now_of, offered, officer, stands, talk};
use crate::support::app::TestApp;

on_both!(many_are_closed_at_once_and_what_cannot_be_is_told, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    let talks = [talk(&t, db, "07700 900101").await, talk(&t, db, "07700 900102").await, talk(&t, db, "07700 900103").await];
    let act = Act::Close(Outcome::NoAction);
    bulk::run(&t.app, &t.owner, &[talks[0].row.public_id.clone()], &act).await.unwrap();
    let mut ids: Vec<String> = talks.iter().map(|talk| talk.row.public_id.clone()).collect();
    ids.push("aaaaaaaaaaaaaaaa".into());
    let outcome = bulk::run(&t.app, &t.owner, &ids, &act).await.unwrap();
    assert_eq!(outcome.done, 2);
    let sentence = "2 conversations closed: No action needed; 1 left alone: closed so already; 1 left alone: not there for you any more";
    assert_eq!(outcome.sentence, sentence);
    let stranger = officer(db, "stranger@force.example").await;
    let refused = bulk::run(&t.app, &stranger, &ids, &act).await.unwrap();
    assert_eq!((refused.done, refused.refused.values().sum::<usize>()), (0, 4), "none of them exists for another team");
    assert!(offered(&t, &stranger).await.is_none(), "and nothing is offered to be taken back");
    let offer = offered(&t, &t.owner).await.unwrap();
    assert_eq!(offer.sentence, sentence);
    another_text(db, &talks[2], t.app.now()).await;
    let undone = undo::undo(&t.app, &t.owner, &offer.token).await.unwrap().unwrap();
    assert_eq!((undone.undone.len(), undone.changed), (1, 1), "one has changed since");
    assert_eq!((now_of(db, talks[1].row.id).await.status.as_str(), now_of(db, talks[0].row.id).await.status.as_str()), ("open", "closed"));
    t.stop().await;
});

on_both!(many_are_tagged_taken_and_read_and_it_all_comes_back, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    let talks = [talk(&t, db, "07700 900101").await, talk(&t, db, "07700 900102").await];
    let ids: Vec<String> = talks.iter().map(|talk| talk.row.public_id.clone()).collect();
    let mate = officer(db, "mate@force.example").await;
    for act in [Act::Tag("van".into()), Act::Take, Act::Read] {
        let before = (stands(db, talks[0].row.id).await, stands(db, talks[1].row.id).await);
        let outcome = bulk::run(&t.app, &mate, &ids, &act).await.unwrap();
        assert_eq!((outcome.done, outcome.refused.len()), (2, 0), "{act:?}");
        match act {
            Act::Tag(_) => assert_eq!(tags::list_of(&mut db.read().await, talks[1].row.id).await.unwrap()[0].name, "van"),
            Act::Take => assert_eq!(now_of(db, talks[1].row.id).await.owner_id, Some(mate.id)),
            Act::Read => assert!(!now_of(db, talks[1].row.id).await.unread),
            Act::Close(_) => unreachable!(),
        }
        let offer = offered(&t, &mate).await.unwrap();
        let undone = undo::undo(&t.app, &mate, &offer.token).await.unwrap().unwrap();
        assert_eq!((undone.undone.len(), undone.changed), (2, 0));
        assert_eq!((stands(db, talks[0].row.id).await, stands(db, talks[1].row.id).await), before);
    }
    t.stop().await;
});

on_both!(the_list_ticks_and_its_bar_acts_without_scripts, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    let talks = [talk(&t, db, "07700 900101").await, talk(&t, db, "07700 900102").await];
    let mut desk = t.officer("owner@force.example").await;
    let list = desk.get("/inbox").await;
    assert_eq!(list.body.matches("name=\"pick\"").count(), 2, "{}", list.body);
    let picks = [("pick", talks[0].row.public_id.as_str()), ("pick", talks[1].row.public_id.as_str())];
    let nothing = desk.submit("/inbox/bulk?view=mine", &[("do", "read")]).await;
    assert_eq!(nothing.location.as_deref(), Some("/inbox?view=mine"));
    assert!(desk.get("/inbox").await.body.contains("Tick the conversations first"));
    let bad = desk.submit("/inbox/bulk", &[picks[0], ("do", "tag"), ("tag", " ")]).await;
    assert_eq!(bad.status, 303);
    assert!(desk.get("/inbox").await.body.contains("Enter a tag. Nothing was changed."));
    desk.submit("/inbox/bulk", &[picks[0], picks[1], ("do", "close"), ("outcome", "spam")]).await;
    let list = desk.get("/inbox").await;
    assert!(list.body.contains("2 conversations closed: Spam."), "{}", list.body);
    t.stop().await;
});
