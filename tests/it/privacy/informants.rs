//! Supervisors are told of people who reply often; officers are not.

use super::{WHO, appoint, talk};
use crate::support::app::TestApp;

on_both!(supervisors_see_who_replies_often_and_officers_do_not, async |db| {
    let t = TestApp::start_with(db, "[inbox]\ninformant_after = 3\n", false).await;
    appoint(&t, db, "sup@force.example", "supervisor", t.owner.team_id).await;
    appoint(&t, db, "far@force.example", "supervisor", Some(db.add_team("Elsewhere").await.id)).await;
    for text in ["A white van", "By the church at nine", "Thanks!", "STOP"] {
        talk(&t, db, WHO, text).await;
    }
    let other = talk(&t, db, "+447700900151", "Once only").await;
    let (mut owner, mut sup) = (t.officer("owner@force.example").await, t.officer("sup@force.example").await);
    let list = sup.get("/inbox/informants").await.body;
    assert!(list.contains("Nobody"), "thanks and a STOP do not count: {list}");

    let last = talk(&t, db, WHO, "The same van again, AB12 CDE").await;
    let page = format!("/inbox/{}", last.public_id);
    let flag = "Has replied to 3 alerts in 12 months: consider whether guidance applies";
    assert!(sup.get(&page).await.body.contains(flag));
    assert!(!owner.get(&page).await.body.contains("Has replied to"), "officers are not told");
    assert!(!sup.get(&format!("/inbox/{}", other.public_id)).await.body.contains("Has replied to"));
    let list = sup.get("/inbox/informants").await.body;
    assert!(list.contains("a number ending 0150") && list.contains("<td class=\"n\">3</td>") && !list.contains("0151"), "{list}");
    let mut far = t.officer("far@force.example").await;
    assert!(!far.get("/inbox/informants").await.body.contains("0150"), "only those of whom they see a conversation");
    assert_eq!(owner.get("/inbox/informants").await.status, 403);

    t.app.clock().advance_ms(366 * 86_400_000);
    let mut later = t.officer("sup@force.example").await;
    assert!(later.get("/inbox/informants").await.body.contains("Nobody"), "what is a year old counts no more");
    t.stop().await;
});
