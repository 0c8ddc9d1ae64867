//! What a carrier refuses, what may or may not have arrived, and what must not be tried again and again.

use huecry::clock::Clock;
use huecry::domain::delivery::Status;
use huecry::outbound::reconcile;
use huecry::store::deliveries::{self, DeliveryRow};
use huecry::store::{alerts, notices, suppressions};
use serde_json::json;

use crate::support::app::{TestApp, eventually};
use crate::support::now;
use crate::support::rows::key;

on_both!(a_phone_that_the_carrier_knows_to_have_opted_out_is_kept_as_an_opt_out, async |db| {
    let t = TestApp::start(db).await;
    t.add_resident(db, "Ann", &["+447700900101"], &[]).await;
    t.sim_post("/api/behaviour", json!({ "blocked_numbers": ["+447700900101"] })).await;
    let mut officer = t.officer("owner@force.example").await;
    let first = t.publish(&mut officer, "First", "First alert").await;
    let standing = eventually("the opt-out", async || suppressions::find_standing(&mut db.read().await, &key("+447700900101"), "sms").await.unwrap()).await;
    assert!(standing.evidence.contains("21610"), "{standing:?}");
    let api = t.key(&["alerts"]).await;
    eventually("it counted", async || Some(t.api(&api, &format!("/api/v1/alerts/{first}")).await).filter(|alert| alert["totals"]["suppressed"] == 1)).await;
    let second = t.publish(&mut officer, "Second", "Second alert").await;
    let alert =
        eventually("the second alert out", async || Some(t.api(&api, &format!("/api/v1/alerts/{second}")).await).filter(|a| a["status"] == "live")).await;
    assert_eq!(alert["excluded"]["opted_out"], 1, "and the officer sees why they are left out");
    t.stop().await;
});

/// A hand-over by mail that was cut short, with so many attempts behind it.
async fn interrupted(t: &TestApp, db: &crate::support::db::TestDb, to: &str, again: bool, attempts: i64) -> i64 {
    let alert = huecry::store::alerts::AlertRow { send_again_on_doubt: again, ..db.new_alert(t.owner.id) };
    let texts = vec![db.new_text(&alert, "email", "Have you seen it?")];
    alerts::insert(&mut db.write().await, &alert, texts, &[], &[]).await.unwrap();
    let row = DeliveryRow {
        status: "sending".into(),
        attempts,
        channel: "mail".into(),
        lease_owner: Some("dead".into()),
        // By the database's clock, a minute ago: what ended long ago might be a clock that was put on.
        lease_until: Some(Clock::default().now().plus_ms(-60_000)),
        sending_at: Some(now()),
        ..db.new_delivery(&alert, to)
    };
    let id = row.id;
    deliveries::insert(&mut db.write().await, vec![row]).await.unwrap();
    id
}

on_both!(a_mail_in_doubt_goes_once_more_if_the_alert_says_so_and_never_a_third_time, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    let ids = [
        interrupted(&t, db, "ann@example.org", true, 1).await,
        interrupted(&t, db, "bob@example.org", true, 2).await,
        interrupted(&t, db, "cat@example.org", false, 1).await,
    ];
    reconcile::run_once(&t.app).await.unwrap();
    let mut statuses = Vec::new();
    for id in ids {
        statuses.push(deliveries::find(&mut db.read().await, id).await.unwrap().unwrap().status);
    }
    assert_eq!(statuses, [Status::Queued, Status::Unconfirmed, Status::Unconfirmed].map(Status::as_str));
    t.stop().await;
});

on_both!(a_carrier_that_takes_nothing_stands_on_every_page_that_waits_for_it_until_it_does, async |db| {
    let t = TestApp::start(db).await;
    for n in 0..6 {
        t.add_resident(db, "Ann", &[&format!("+44770090010{n}")], &[]).await;
    }
    t.sim_post("/api/behaviour", json!({ "refuse": "500" })).await;
    let mut officer = t.officer("owner@force.example").await;
    let reference = t.publish(&mut officer, "First", "First alert").await;
    let standing = eventually("the notice", async || notices::list_of_kind(&mut db.read().await, "not_sending").await.unwrap().pop()).await;
    assert_eq!(standing.subject, "sms");
    let mut admin = t.officer("admin@force.example").await;
    assert!(admin.get("/admin").await.body.contains("does not take what we hand over"));
    assert!(officer.get(&format!("/alerts/{reference}")).await.body.contains("the provider does not take messages just now"));
    let ready = t.http().get(format!("{}/readyz", t.url)).send().await.unwrap().text().await.unwrap();
    assert!(ready.contains("does not take what we hand over"), "{ready}");

    t.sim_post("/api/behaviour", json!({ "refuse": "none" })).await;
    for n in 0..6 {
        t.wait_for_texts(&format!("+44770090010{n}"), 1).await;
    }
    eventually("it to be over", async || notices::list_of_kind(&mut db.read().await, "not_sending").await.unwrap().is_empty().then_some(())).await;
    assert!(admin.get("/admin").await.body.contains("Nothing needs attention"));
    t.stop().await;
});
