//! The append-only tables: events and the audit log.

use huecry::audit::{self, Actor};
use huecry::store::audit_log;
use huecry::store::events::{self, EventRow};
use serde_json::json;

use crate::support::now;

on_both!(events_are_appended_and_the_same_one_once, async |db| {
    let event =
        |kind: &str| EventRow { id: db.id(), kind: kind.into(), alert_id: Some(5), conversation_id: None, channel_kind: "sms".into(), created_at: now() };
    let (one, two) = (event("reply_in"), event("opted_out"));
    let mut conn = db.write().await;
    assert_eq!(events::append(&mut conn, vec![one.clone(), two]).await.unwrap(), 2);
    assert_eq!(events::append(&mut conn, vec![one, event("joined")]).await.unwrap(), 1);
    assert_eq!(events::append(&mut conn, Vec::new()).await.unwrap(), 0);
});

on_both!(the_audit_log_tells_who_did_what_to_a_subject_oldest_first, async |db| {
    let mut conn = db.write().await;
    for (actor, action, subject) in [
        (Actor::Officer(7), "conversation.view", ("conversation", Some(1))),
        (Actor::System, "conversation.route", ("conversation", Some(1))),
        (Actor::Key("partner".into()), "alert.publish", ("alert", Some(1))),
        (Actor::Resident, "resident.leave", ("resident", Some(1))),
        (Actor::Officer(7), "conversation.view", ("conversation", Some(2))),
        (Actor::Officer(7), "inbox.search", ("inbox", None)),
    ] {
        audit::note(&mut conn, &db.ids, now(), &actor, action, subject, json!({"n": 1, "unit": "\u{2019}"})).await.unwrap();
    }
    let rows = audit_log::list_of(&mut conn, "conversation", 1).await.unwrap();
    let told: Vec<_> = rows.iter().map(|row| (row.actor.as_str(), row.officer_id, row.action.as_str(), row.created_at)).collect();
    assert_eq!(told, [("officer", Some(7), "conversation.view", now()), ("system", None, "conversation.route", now())]);
    assert_eq!(rows[0].detail, json!({"n": 1, "unit": "\u{2019}"}));
    assert_eq!(audit_log::list_of(&mut conn, "alert", 1).await.unwrap()[0].actor, "api:partner");
    assert_eq!(audit_log::list_of(&mut conn, "resident", 1).await.unwrap()[0].actor, "resident");
    let row = rows[0].clone();
    assert!(audit_log::insert(&mut conn, &row).await.is_err(), "an entry is never written over");
});
