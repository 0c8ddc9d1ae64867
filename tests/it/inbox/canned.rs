//! Canned answers: whose they are, what is filled in, what is refused.

use huecry::inbox::canned::{self, NewCanned};

use super::{officer, talk};
use crate::support::app::TestApp;

fn new(whose: &str, name: &str, body: &str) -> NewCanned {
    NewCanned { id: None, whose: whose.into(), name: name.into(), body: body.into() }
}

on_both!(each_is_offered_to_those_whose_it_is, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    let (mate, stranger, admin) =
        (officer(db, "mate@force.example").await, officer(db, "stranger@force.example").await, officer(db, "admin@force.example").await);
    assert_eq!(canned::save(&t.app, &t.owner, &new("own", "Mine", "Hello {name}")).await.unwrap(), []);
    assert_eq!(canned::save(&t.app, &admin, &new("force", "Thanks", "Thank you")).await.unwrap(), []);
    let fault = canned::save(&t.app, &t.owner, &new("force", "x", "y")).await.unwrap();
    assert_eq!(fault[0].0, "whose", "not theirs to write");
    let lead = huecry::store::accounts::OfficerRow { role: "supervisor".into(), ..db.new_officer("lead@force.example") };
    let lead = huecry::store::accounts::OfficerRow { team_id: t.owner.team_id, ..lead };
    huecry::store::accounts::insert_officers(&mut db.write().await, vec![lead.clone()]).await.unwrap();
    assert_eq!(canned::save(&t.app, &lead, &new("team", "Dales", "We are {team}")).await.unwrap(), []);
    let names = async |officer| canned::list(&t.app, officer).await.unwrap().into_iter().map(|row| row.name).collect::<Vec<_>>();
    assert_eq!(names(&t.owner).await, ["Dales", "Mine", "Thanks"]);
    assert_eq!(names(&mate).await, ["Dales", "Thanks"]);
    assert_eq!(names(&stranger).await, ["Thanks"]);
    let mine = canned::list(&t.app, &t.owner).await.unwrap()[1].id;
    assert!(!canned::retire(&t.app, &mate, mine).await.unwrap(), "not theirs");
    let changed = NewCanned { id: Some(mine), ..new("", "Mine too", "Hi") };
    assert_eq!(canned::save(&t.app, &mate, &changed).await.unwrap()[0].0, "whose");
    assert_eq!(canned::save(&t.app, &t.owner, &changed).await.unwrap(), []);
    assert_eq!(names(&t.owner).await, ["Dales", "Mine too", "Thanks"]);
    assert!(canned::retire(&t.app, &t.owner, mine).await.unwrap());
    assert_eq!(names(&t.owner).await, ["Dales", "Thanks"]);
    t.stop().await;
});

on_both!(an_unknown_field_is_refused_when_it_is_saved_and_known_ones_are_filled_in, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    let talk = talk(&t, db, "07700 900101").await;
    let mut desk = t.officer("owner@force.example").await;
    desk.get("/inbox/canned").await;
    let refused = desk.submit("/inbox/canned", &[("whose", "own"), ("name", "Thanks"), ("body", "Hello {nmae}")]).await;
    assert!(refused.status == 422 && refused.body.contains("{nmae} is no field") && refused.body.contains("Hello {nmae}</textarea>"), "{}", refused.body);
    let fields = [("whose", "own"), ("name", "Thanks"), ("body", "Hello {name}, thank you for {reference}. {officer}, {team}")];
    assert_eq!(desk.submit("/inbox/canned", &fields).await.status, 303);
    let id = canned::list(&t.app, &t.owner).await.unwrap()[0].id;
    let choice = desk.get(&format!("/inbox/{}/canned", talk.row.public_id)).await;
    let filled = format!("Hello, thank you for {}. {}, Dales", talk.alert.reference, t.owner.name);
    assert!(choice.body.contains(&filled), "{}", choice.body);
    let page = desk.get(&format!("/inbox/{}?canned={id}", talk.row.public_id)).await;
    assert!(page.body.contains(&format!("{filled}</textarea>")), "{}", page.body);
    t.stop().await;
});
