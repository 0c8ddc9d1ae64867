//! Sessions: seen and ended by their owner, and ended by time.

use super::{OFFICER, acts_on, id_of};
use crate::support::app::TestApp;

const HOUR_MS: i64 = 3_600_000;

fn ends(page: &str) -> Vec<String> {
    page.split("/me/security/sessions/").skip(1).filter_map(|rest| rest.split_once("/end\"")).map(|(id, _)| id.to_owned()).collect()
}

on_both!(officers_see_their_sessions_and_end_one_or_all_others, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    let (mut desk, mut phone, mut home) = (t.officer(OFFICER).await, t.officer(OFFICER).await, t.officer(OFFICER).await);
    let page = desk.get("/me/security").await.body;
    assert!(page.contains("3 sessions") && page.contains("127.0.0.…") && page.contains("This one"), "{page}");
    assert_eq!(ends(&page).len(), 2, "the one that looks cannot be ended by mistake");
    let mut mate = t.officer("mate@force.example").await;
    mate.get("/me/security").await;
    for id in ends(&page) {
        mate.submit(&format!("/me/security/sessions/{id}/end"), &[]).await;
    }
    assert_eq!((phone.get("/inbox").await.status, home.get("/inbox").await.status), (200, 200), "nobody ends another officer's");
    desk.submit(&format!("/me/security/sessions/{}/end", ends(&page)[0]), &[]).await;
    let standing = [phone.get("/inbox").await.status, home.get("/inbox").await.status];
    assert_eq!(standing.iter().filter(|status| **status == 200).count(), 1);
    desk.submit("/me/security/sessions/end-others", &[]).await;
    assert_eq!((phone.get("/inbox").await.status, home.get("/inbox").await.status, desk.get("/inbox").await.status), (303, 303, 200));
    let acts = acts_on(db, id_of(db, OFFICER).await).await;
    assert!(acts.contains(&"officer.end_session".to_owned()) && acts.contains(&"officer.end_sessions".to_owned()), "{acts:?}");
    t.stop().await;
});

on_both!(a_session_ends_when_it_is_idle_and_when_it_is_old, async |db| {
    let t = TestApp::start_with(db, "# security session_minutes = 120\n# security session_hours_at_most = 5", false).await;
    let mut busy = t.officer(OFFICER).await;
    let mut idle = t.officer(OFFICER).await;
    for hour in 1..=3 {
        t.app.clock().advance_ms(HOUR_MS);
        assert_eq!(busy.get("/inbox").await.status, 200, "hour {hour}");
    }
    assert_eq!(idle.get("/inbox").await.status, 303);
    t.app.clock().advance_ms(HOUR_MS);
    assert_eq!(busy.get("/inbox").await.status, 200);
    t.app.clock().advance_ms(HOUR_MS + 1);
    assert_eq!(busy.get("/inbox").await.status, 303, "however busy");
    t.stop().await;
});
