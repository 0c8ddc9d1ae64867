//! "Never send to this address": set, renewed, lifted, and proof against messages that are dealt with late.

use huecry::store::suppressions::{self, SuppressionRow};

use crate::support::db::TestDb;
use crate::support::now;
use crate::support::rows::key;

const WHO: &str = "07700 900001";

async fn stop(db: &TestDb, channel: &str, envelope_id: Option<i64>) -> usize {
    let row = db.new_suppression(WHO, channel, envelope_id);
    suppressions::suppress(&mut db.write().await, &row).await.unwrap()
}

async fn start(db: &TestDb, envelope_id: i64) -> usize {
    suppressions::lift_by_start(&mut db.write().await, &key(WHO), Some(envelope_id), now(), now()).await.unwrap()
}

async fn standing(db: &TestDb, channel: &str) -> Option<SuppressionRow> {
    suppressions::find_standing(&mut db.read().await, &key(WHO), channel).await.unwrap()
}

on_both!(a_stop_stands_with_its_evidence_and_a_second_one_is_not_a_new_one, async |db| {
    let row = db.new_suppression(WHO, "sms", Some(10));
    assert_eq!(suppressions::suppress(&mut db.write().await, &row).await.unwrap(), 1);
    assert_eq!(stop(db, "sms", Some(11)).await, 0);
    let found = standing(db, "sms").await.unwrap();
    assert_eq!((found.id, found.evidence.as_str(), found.created_at, found.lifted_at), (row.id, "texted \"STOP\"", now(), None));
    assert!(standing(db, "email").await.is_none());
    assert!(suppressions::find_standing(&mut db.read().await, &key("07700 900002"), "sms").await.unwrap().is_none());
});

on_both!(stop_all_stands_on_every_channel, async |db| {
    stop(db, "all", None).await;
    for channel in ["sms", "email"] {
        assert_eq!(standing(db, channel).await.unwrap().channel, "all");
    }
});

on_both!(a_groups_suppression_is_not_one_of_everything, async |db| {
    let row = SuppressionRow { scope: "cctv-owners".into(), ..db.new_suppression(WHO, "sms", None) };
    suppressions::suppress(&mut db.write().await, &row).await.unwrap();
    assert!(standing(db, "sms").await.is_none());
});

on_both!(a_start_lifts_an_earlier_stop_and_a_later_stop_stands_again, async |db| {
    stop(db, "sms", Some(10)).await;
    assert_eq!(start(db, 11).await, 1);
    assert!(standing(db, "sms").await.is_none());
    assert_eq!(start(db, 12).await, 0, "nothing is left to lift");
    let again =
        SuppressionRow { reason: "left".into(), evidence: "left by link".into(), created_at: now().plus_ms(9), ..db.new_suppression(WHO, "sms", Some(13)) };
    assert_eq!(suppressions::suppress(&mut db.write().await, &again).await.unwrap(), 1);
    let found = standing(db, "sms").await.unwrap();
    assert_eq!((found.reason.as_str(), found.evidence.as_str(), found.source_envelope_id), ("left", "left by link", Some(13)));
    assert_eq!((found.created_at, found.lifted_at, found.lifted_by), (now().plus_ms(9), None, None));
});

on_both!(a_start_older_than_the_stop_lifts_nothing, async |db| {
    stop(db, "sms", Some(10)).await;
    assert_eq!(start(db, 9).await, 0);
    assert_eq!(start(db, 10).await, 0);
    // STOP (10), START (11), STOP (12): the START is dealt with last.
    stop(db, "sms", Some(12)).await;
    assert_eq!(start(db, 11).await, 0);
    assert!(standing(db, "sms").await.is_some());
    assert_eq!(start(db, 13).await, 1);
});

on_both!(a_start_lifts_what_no_envelope_set_but_not_a_stop_all, async |db| {
    stop(db, "sms", None).await;
    stop(db, "all", Some(1)).await;
    stop(db, "email", None).await;
    assert_eq!(start(db, 5).await, 1);
    assert_eq!(standing(db, "sms").await.unwrap().channel, "all");
    assert!(standing(db, "email").await.is_some());
});

on_both!(a_start_dealt_with_late_leaves_what_was_set_on_the_website_after_it_came_in, async |db| {
    let row = SuppressionRow { created_at: now().plus_ms(5), ..db.new_suppression(WHO, "sms", None) };
    suppressions::suppress(&mut db.write().await, &row).await.unwrap();
    let lift = async |received_at| suppressions::lift_by_start(&mut db.write().await, &key(WHO), Some(5), received_at, now().plus_ms(99)).await.unwrap();
    assert_eq!(lift(now().plus_ms(4)).await, 0);
    assert_eq!(lift(now().plus_ms(6)).await, 1);
});

on_both!(a_signed_in_act_lifts_the_channel_and_what_stands_for_all, async |db| {
    for channel in ["sms", "email", "all"] {
        stop(db, channel, None).await;
    }
    let lifted = suppressions::lift(&mut db.write().await, &key(WHO), "sms", "account", now()).await.unwrap();
    assert_eq!(lifted, 2);
    assert!(standing(db, "sms").await.is_none());
    assert_eq!(standing(db, "email").await.unwrap().channel, "email");
    assert_eq!(suppressions::lift(&mut db.write().await, &key(WHO), "sms", "account", now()).await.unwrap(), 0);
});

on_both!(an_older_stop_that_commits_late_does_not_open_a_newer_one_to_a_start_between_them, async |db| {
    for envelope in [12, 10] {
        let row = db.new_suppression(WHO, "sms", Some(envelope));
        suppressions::suppress(&mut db.write().await, &row).await.unwrap();
    }
    assert_eq!(suppressions::lift_by_start(&mut db.write().await, &key(WHO), Some(11), now(), now()).await.unwrap(), 0);
});

on_both!(lifting_everything_on_a_channel_leaves_a_groups_suppression, async |db| {
    let row = SuppressionRow { scope: "cctv-owners".into(), ..db.new_suppression(WHO, "sms", None) };
    suppressions::suppress(&mut db.write().await, &row).await.unwrap();
    assert_eq!(suppressions::lift(&mut db.write().await, &key(WHO), "sms", "account", now()).await.unwrap(), 0);
});

on_both!(the_later_wish_wins_by_the_providers_clock_and_a_stop_wins_ties, async |db| {
    let asked = |seconds: i64| now().plus_ms(seconds * 1_000);
    let stop_at = async |envelope: i64, received: i64, sent: i64| {
        let row = SuppressionRow { created_at: asked(received), ..db.new_suppression(WHO, "sms", Some(envelope)) };
        suppressions::suppress_as_of(&mut db.write().await, &row, asked(sent)).await.unwrap();
    };
    let start_at = async |seconds: i64| suppressions::lift_by_start(&mut db.write().await, &key(WHO), None, asked(seconds), asked(90)).await.unwrap();
    stop_at(10, 25, 20).await;
    assert_eq!(start_at(10).await, 0, "a START that was sent before it and came late");
    assert_eq!(start_at(20).await, 0, "of the same second: the STOP");
    stop_at(12, 40, 40).await;
    assert_eq!(start_at(30).await, 0, "they said STOP again since");
    stop_at(13, 50, 15).await;
    assert_eq!(start_at(30).await, 0, "an older STOP that comes late takes nothing from the newer one");
    assert_eq!(start_at(51).await, 1);
    stop_at(14, 60, 55).await;
    assert!(standing(db, "sms").await.is_some());
    assert_eq!(start_at(54).await, 0);
    assert_eq!(start_at(56).await, 1);
});

on_both!(the_envelope_that_set_a_stop_may_tell_better_when_it_was_sent, async |db| {
    stop(db, "sms", Some(10)).await;
    let row = db.new_suppression(WHO, "sms", Some(10));
    suppressions::suppress_as_of(&mut db.write().await, &row, now().plus_ms(-9_000)).await.unwrap();
    assert_eq!(suppressions::lift_by_start(&mut db.write().await, &key(WHO), None, now().plus_ms(-5_000), now()).await.unwrap(), 1);
});
