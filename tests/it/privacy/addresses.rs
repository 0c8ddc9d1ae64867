//! An address is masked until an officer says why they need it, and everybody who looked is on a page.

use super::{WHO, appoint, entries, talk};
use crate::evidence::Case;
use crate::support::app::TestApp;

const SHOWN: &str = "07700 900150";

on_both!(an_address_is_shown_for_a_reason_to_one_officer_for_ten_minutes, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    let row = talk(&t, db, WHO, "A van.").await;
    let (page, act) = (format!("/inbox/{}", row.public_id), format!("/inbox/{}/unmask", row.public_id));
    let (mut owner, mut mate) = (t.officer("owner@force.example").await, t.officer("mate@force.example").await);
    let masked = owner.get(&page).await.body;
    assert!(masked.contains("a number ending 0150") && !masked.contains(SHOWN) && !masked.contains(WHO), "{masked}");

    for (reason, words, field) in [("", "", "unmask-reason"), ("other", "", "unmask-words"), ("contact", "ring 07700 900150", "unmask-words")] {
        let refused = owner.submit(&act, &[("reason", reason), ("words", words)]).await;
        assert!(refused.status == 422 && refused.body.contains(&format!("id=\"{field}-error\"")), "{reason}: {}", refused.body);
        assert!(!refused.body.contains(SHOWN));
    }
    assert!(entries(db, "conversation.unmask").await.is_empty());

    assert_eq!(owner.submit(&act, &[("reason", "contact"), ("words", "She asked to be rung")]).await.status, 303);
    assert!(owner.get(&page).await.body.contains(SHOWN), "it is shown to whoever asked");
    assert!(!mate.get(&page).await.body.contains(SHOWN), "and to nobody else");
    let noted = entries(db, "conversation.unmask").await;
    assert_eq!((noted.len(), noted[0].officer_id, noted[0].subject_id), (1, Some(t.owner.id), Some(row.id)));
    assert_eq!(noted[0].detail["reason"], "contact");
    let told = noted[0].detail.to_string();
    assert!(!told.contains("900150") && !told.contains("rung"), "neither the address nor words: {told}");

    t.app.clock().advance_ms(9 * 60_000);
    assert!(owner.get(&page).await.body.contains(SHOWN));
    t.app.clock().advance_ms(61_000);
    assert!(!owner.get(&page).await.body.contains(SHOWN), "ten minutes are over");

    let mut press = t.officer("press@force.example").await;
    press.get("/press").await;
    assert_eq!(press.submit(&act, &[("reason", "welfare")]).await.status, 403);
    t.stop().await;
});

on_both!(who_looked_is_told_to_the_owner_to_supervisors_and_to_administrators, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    appoint(&t, db, "sup@force.example", "supervisor", t.owner.team_id).await;
    let row = talk(&t, db, WHO, "A van.").await;
    let (page, looks) = (format!("/inbox/{}", row.public_id), format!("/inbox/{}/views", row.public_id));
    let (mut owner, mut mate) = (t.officer("owner@force.example").await, t.officer("mate@force.example").await);
    mate.get(&page).await;
    assert_eq!(mate.submit(&format!("{page}/unmask"), &[("reason", "other"), ("words", "Twin of another case")]).await.status, 303);
    assert!(!mate.get(&page).await.body.contains(&looks), "it is not offered to those who may not see it");
    assert_eq!(mate.get(&looks).await.status, 403);

    assert!(owner.get(&page).await.body.contains(&looks));
    let told = owner.get(&looks).await;
    assert_eq!(told.status, 200);
    for wanted in ["PC mate@force.example", "Opened it", "Saw the address in full", "Another reason: Twin of another case", "PC owner@force.example"] {
        assert!(told.body.contains(wanted), "{wanted} is not in {}", told.body);
    }
    assert!(!told.body.contains("A van.") && !told.body.contains("900150"), "who looked, not what at");
    for who in ["sup@force.example", "admin@force.example"] {
        let mut client = t.officer(who).await;
        let told = client.get(&looks).await;
        assert!(told.status == 200 && told.body.contains("Looked at this list"), "{who}: {}", told.body);
    }
    let mut stranger = t.officer("stranger@force.example").await;
    assert_eq!(stranger.get(&looks).await.status, 404);
    t.stop().await;
});

on_both!(whoever_reads_by_a_side_door_stands_among_those_who_looked, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    let row = talk(&t, db, WHO, "A van.").await;
    let (page, looks) = (format!("/inbox/{}", row.public_id), format!("/inbox/{}/views", row.public_id));
    let (mut owner, mut mate, mut other) = {
        appoint(&t, db, "reader@force.example", "officer", t.owner.team_id).await;
        (t.officer("owner@force.example").await, t.officer("mate@force.example").await, t.officer("reader@force.example").await)
    };
    let get = async |client: &crate::support::browser::Client, path: &str, header: &str| {
        let request = t.http().get(format!("{}{path}", t.url)).header("cookie", client.cookie_header()).header("x-live", header);
        assert_eq!(request.send().await.unwrap().status().as_u16(), 200);
    };
    // A page that was fetched ahead, and nobody came.
    get(&other, &page, "ahead").await;
    let told = owner.get(&looks).await.body;
    assert!(!told.contains("PC reader@") && !told.contains("PC mate@"), "nobody looked: {told}");
    // What shows all without having been opened is a look; after one, a page that refreshes itself is none.
    assert_eq!(mate.get(&format!("{page}/thread")).await.status, 200);
    get(&mate, &page, "1").await;
    get(&mate, &format!("{page}/thread"), "1").await;
    let told = owner.get(&looks).await.body;
    assert_eq!(told.matches("PC mate@").count(), 1, "{told}");
    other.get(&page).await;
    assert!(owner.get(&looks).await.body.contains("PC reader@"));
    // By the API: once an hour for each key and conversation.
    let key = t.key(&["inbox"]).await;
    let reference = huecry::store::alerts::get(&mut db.read().await, row.alert_id.unwrap()).await.unwrap().reference;
    for _ in 0..2 {
        t.api(&key, &format!("/api/v1/alerts/{reference}/conversations")).await;
    }
    let told = owner.get(&looks).await.body;
    assert_eq!(told.matches("Read it by the API").count(), 1, "{told}");
    t.stop().await;
});

on_both!(a_list_notes_what_it_showed_once_in_a_while, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    let row = talk(&t, db, WHO, "A van.").await;
    let mut owner = t.officer("owner@force.example").await;
    for path in ["/inbox", "/inbox/rows", "/inbox"] {
        assert_eq!(owner.get(path).await.status, 200);
    }
    let noted = entries(db, "inbox.list").await;
    assert_eq!(noted.len(), 1, "the same list again shows nobody new");
    assert_eq!((noted[0].officer_id, &noted[0].detail["shown"]), (Some(t.owner.id), &serde_json::json!([row.id])));
    let next = talk(&t, db, "+447700900151", "Another.").await;
    owner.get("/inbox/rows").await;
    let noted = entries(db, "inbox.list").await;
    assert!(noted.len() == 2 && noted[0].detail["shown"].to_string().contains(&next.id.to_string()), "{noted:?}");
    t.stop().await;
});

on_both!(a_mail_as_it_was_sent_does_not_tell_the_address_unasked, async |db| {
    let case = Case::of(db, "A van.", &[]).await;
    let mut officer = case.officer;
    let path = format!("/inbox/{}", case.conversation);
    let sent = format!("{path}/sent/{}", case.message);
    let masked = officer.get(&sent).await;
    assert!(masked.status == 200 && !masked.body.contains("bob@example.org") && masked.body.contains("b…@example.org"), "{}", masked.body);
    officer.get(&path).await;
    assert_eq!(officer.submit(&format!("{path}/unmask"), &[("reason", "contact"), ("words", "To ring back")]).await.status, 303);
    assert!(officer.get(&sent).await.body.contains("bob@example.org"), "whoever says why sees it");
    case.t.stop().await;
});
