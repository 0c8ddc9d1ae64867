//! Passwords: changed by the old one, or by a link that an administrator makes.

use huecry::accounts::officers;

use super::{ADMIN, OFFICER, acts_on, id_of, sign_in};
use crate::support::app::{PASSWORD, TestApp};

const NEW: &str = "seven brass lanterns";

on_both!(a_password_is_changed_by_the_old_one_and_every_other_session_ends, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    let (mut here, mut there) = (t.officer(OFFICER).await, t.officer(OFFICER).await);
    here.get("/me/security").await;
    for (old, new, again, field) in [
        ("not it", NEW, NEW, "old-error"),
        (PASSWORD, "too short", "too short", "new-error"),
        (PASSWORD, OFFICER, OFFICER, "new-error"),
        (PASSWORD, NEW, "another thing entirely", "again-error"),
    ] {
        let refused = here.submit("/me/security/password", &[("old", old), ("new", new), ("again", again)]).await;
        assert!(refused.status == 422 && refused.body.contains(&format!("id=\"{field}\"")), "{field}: {}", refused.body);
    }
    assert_eq!(here.submit("/me/security/password", &[("old", PASSWORD), ("new", NEW), ("again", NEW)]).await.status, 303);
    assert_eq!((here.get("/inbox").await.status, there.get("/inbox").await.status), (200, 303));
    assert_eq!(sign_in(&mut t.visitor(), OFFICER, PASSWORD).await.status, 422);
    assert_eq!(sign_in(&mut t.visitor(), OFFICER, NEW).await.status, 303);
    t.stop().await;
});

on_both!(a_link_sets_a_password_once_within_a_day, async |db| {
    let t = TestApp::start(db).await;
    let (officer, admin) = (id_of(db, OFFICER).await, id_of(db, ADMIN).await);
    let mut there = t.officer(OFFICER).await;
    let path = |mail: &serde_json::Value| {
        let text = mail["text"].as_str().unwrap();
        let at = text.find(&format!("{}/reset/", t.url)).unwrap_or_else(|| panic!("no link in {text}"));
        text[at + t.url.len()..].split_whitespace().next().unwrap().to_owned()
    };
    let mut links = Vec::new();
    for nth in 1..=2 {
        let link = officers::reset_link(&t.app, admin, officer).await.unwrap().unwrap();
        assert!(link.url.is_none(), "it went by mail, and no administrator needs to see it");
        let mails = t.wait_for_mails(OFFICER, nth).await;
        let fresh = mails.iter().map(path).find(|link| !links.contains(link)).unwrap();
        links.push(fresh);
    }
    let (first, link) = (links[0].clone(), links[1].clone());
    let mut visitor = t.visitor();
    assert_eq!(visitor.get(&first).await.status, 404, "a newer one was made");
    assert!(visitor.get(&link).await.body.contains(OFFICER));
    assert_eq!(there.get("/inbox").await.status, 200, "looking at it changes nothing");
    assert_eq!(visitor.submit(&link, &[("new", "short"), ("again", "short")]).await.status, 422);
    assert_eq!(visitor.submit(&link, &[("new", NEW), ("again", NEW)]).await.status, 303);
    assert_eq!(there.get("/inbox").await.status, 303, "every session ends");
    assert_eq!(visitor.submit(&link, &[("new", PASSWORD), ("again", PASSWORD)]).await.status, 404);
    assert_eq!(sign_in(&mut t.visitor(), OFFICER, NEW).await.status, 303);
    let acts = acts_on(db, officer).await;
    assert!(acts.contains(&"officer.reset_link".to_owned()) && acts.contains(&"officer.password".to_owned()), "{acts:?}");

    assert!(officers::reset_link(&t.app, admin, officer).await.unwrap().is_some());
    let late = t.wait_for_mails(OFFICER, 3).await.iter().map(path).find(|link| !links.contains(link)).unwrap();
    t.app.clock().advance_ms(24 * 3_600_000 + 1);
    assert_eq!(visitor.get(&late).await.status, 404);
    t.stop().await;
});
