//! Claiming by lease, the second look at suppressions, and what becomes of a hand-over.

use std::collections::HashSet;

use diesel::QueryResult;
use huecry::domain::At;
use huecry::domain::delivery::{Purpose, Status};
use huecry::store::deliveries::{self, DeliveryRow};
use huecry::store::outbox::{Apart, Claimed};
use huecry::store::{Db, outbox, suppressions};

use crate::support::db::TestDb;
use crate::support::now;
use crate::support::rows::{SMS, key};

const LEASE_MS: i64 = 60_000;

async fn claim_from(db: &Db, owner: &str, limit: i64, lease_ms: i64, now: At) -> Vec<i64> {
    let mut conn = db.write().await.unwrap();
    outbox::bring_due(&mut conn, SMS, &[], 1_000, now).await.unwrap();
    let claimed: QueryResult<Claimed> = conn.transaction(async |conn| outbox::claim(conn, SMS, owner, limit, lease_ms, now).await).await;
    claimed.unwrap().leaving.into_iter().map(|row| row.id).collect()
}

async fn take_from(db: &Db, owner: &str, limit: i64, lease_ms: i64, now: At) -> Vec<i64> {
    let mut conn = db.write().await.unwrap();
    outbox::bring_due(&mut conn, SMS, &[], 1_000, now).await.unwrap();
    let taken: QueryResult<Claimed> = conn.transaction(async |conn| outbox::take(conn, SMS, owner, limit, lease_ms, &[], now).await).await;
    taken.unwrap().leaving.into_iter().map(|row| row.id).collect()
}

async fn take(db: &TestDb, owner: &str) -> Vec<i64> {
    take_from(&db.db, owner, 100, LEASE_MS, now()).await
}

async fn claim(db: &TestDb, owner: &str) -> Vec<i64> {
    claim_from(&db.db, owner, 100, LEASE_MS, now()).await
}

async fn get(db: &TestDb, id: i64) -> DeliveryRow {
    deliveries::find(&mut db.read().await, id).await.unwrap().unwrap()
}

async fn statuses(db: &TestDb, ids: &[i64]) -> Vec<String> {
    let mut all = Vec::new();
    for id in ids {
        all.push(get(db, *id).await.status);
    }
    all
}

/// So many queued copies of one alert, each to another number, in order of id.
async fn add_copies(db: &TestDb, count: u16) -> Vec<i64> {
    let alert = db.new_alert(1);
    let rows: Vec<DeliveryRow> = (0..count).map(|n| db.new_delivery(&alert, &format!("07700 900{n:03}"))).collect();
    let ids = rows.iter().map(|row| row.id).collect();
    deliveries::insert(&mut db.write().await, rows).await.unwrap();
    ids
}

async fn suppress(db: &TestDb, who: &str, channel: &str) {
    let row = db.new_suppression(who, channel, None);
    suppressions::suppress(&mut db.write().await, &row).await.unwrap();
}

on_both!(the_most_pressing_go_first_and_among_equals_the_oldest, async |db| {
    let alert = db.new_alert(1);
    let priorities = [30, 0, 20, 30, 10, 0];
    let rows: Vec<DeliveryRow> =
        priorities.iter().enumerate().map(|(n, priority)| DeliveryRow { priority: *priority, ..db.new_delivery(&alert, &format!("07700 90000{n}")) }).collect();
    let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
    deliveries::insert(&mut db.write().await, rows).await.unwrap();
    assert_eq!(claim_from(&db.db, "a", 4, LEASE_MS, now()).await, [ids[1], ids[5], ids[4], ids[2]]);
    assert_eq!(claim(db, "a").await, [ids[0], ids[3]]);
    assert_eq!(claim(db, "a").await, [0; 0]);
});

on_both!(what_is_not_due_or_for_another_channel_stays, async |db| {
    let alert = db.new_alert(1);
    let later = db.new_delivery(&alert, "07700 900001");
    let mail = db.new_delivery(&alert, "jo@example.org");
    let due = db.new_delivery(&alert, "07700 900002");
    let (later_id, due_id) = (later.id, due.id);
    deliveries::insert(&mut db.write().await, vec![later]).await.unwrap();
    assert_eq!(claim(db, "a").await, [later_id]);
    outbox::put_off(&mut db.write().await, &[later_id], "a", now().plus_ms(1)).await.unwrap();
    deliveries::insert(&mut db.write().await, vec![mail, due]).await.unwrap();
    assert_eq!(take(db, "a").await, [due_id]);
    assert_eq!(outbox::next_due(&mut db.read().await, SMS).await.unwrap(), Some(now().plus_ms(1)));
    assert_eq!(outbox::next_due(&mut db.read().await, "pigeon").await.unwrap(), None);
    assert_eq!(claim_from(&db.db, "a", 100, LEASE_MS, now().plus_ms(1)).await, [later_id]);
});

async fn take_with(db: &TestDb, limit: i64, apart: &[(&str, i64)]) -> Vec<i64> {
    let apart: Vec<Apart> = apart.iter().map(|(domain, places)| Apart { queue: outbox::queue_of(domain), places: *places }).collect();
    let mut conn = db.write().await;
    let taken: QueryResult<Claimed> = conn.transaction(async |conn| outbox::take(conn, SMS, "a", limit, LEASE_MS, &apart, now()).await).await;
    taken.unwrap().leaving.into_iter().map(|row| row.id).collect()
}

on_both!(a_domain_with_a_queue_of_its_own_gives_as_many_as_it_has_places_for, async |db| {
    let ids = add_copies(db, 10).await;
    assert_eq!(take(db, "a").await, ids);
    // The first six are for a domain that is full.
    outbox::put_back(&mut db.write().await, &ids[..6], "@slow.example").await.unwrap();
    outbox::put_back(&mut db.write().await, &ids[6..], "").await.unwrap();
    let row = get(db, ids[0]).await;
    assert_eq!((row.status.as_str(), row.attempts, row.lease_owner), ("queued", 0, None), "as if it had not been taken");
    assert_eq!(take_with(db, 2, &[]).await, ids[6..8], "the others do not wait for it");
    assert_eq!(take_with(db, 3, &[("slow.example", 2)]).await, [ids[0], ids[1], ids[8]], "the most pressing of both");
    assert_eq!(take_with(db, 1, &[("slow.example", 4), ("other.example", 4)]).await, ids[2..3]);
    // The limit goes.
    let next = async |after: &str| outbox::next_queue(&mut db.read().await, SMS, after).await.unwrap();
    assert_eq!((next("").await.as_deref(), next("@slow.example").await), (Some("@slow.example"), None));
    assert_eq!(outbox::dissolve(&mut db.write().await, SMS, "@slow.example", 2).await.unwrap(), 2);
    assert_eq!(take_with(db, 9, &[]).await, [ids[3], ids[4], ids[9]]);
});

on_both!(what_is_put_off_comes_back_as_it_falls_due_and_no_more_than_so_many_at_a_time, async |db| {
    let ids = add_copies(db, 5).await;
    assert_eq!(claim(db, "a").await, ids);
    for (n, id) in ids.iter().enumerate() {
        let at = now().plus_ms(10 * i64::try_from(n).unwrap());
        outbox::put_off(&mut db.write().await, &[*id], "a", at).await.unwrap();
    }
    // The first is due whatever our clock says.
    assert_eq!(take_with(db, 9, &[]).await, ids[..1]);
    assert_eq!(outbox::next_due(&mut db.read().await, SMS).await.unwrap(), Some(now().plus_ms(10)));
    let bring = async |limit: i64, ms: i64| outbox::bring_due(&mut db.write().await, SMS, &["x.example".into()], limit, now().plus_ms(ms)).await.unwrap();
    assert_eq!((bring(9, 9).await, bring(2, 30).await, bring(2, 30).await), (0, 2, 1));
    assert_eq!(outbox::next_due(&mut db.read().await, SMS).await.unwrap(), Some(now().plus_ms(40)));
    assert_eq!(take_from(&db.db, "b", 9, LEASE_MS, now().plus_ms(39)).await, ids[1..4]);
});

on_both!(a_claim_of_a_while_ago_holds_only_while_nothing_has_changed, async |db| {
    let ids = add_sending(db, 5, LEASE_MS).await;
    let rows: Vec<DeliveryRow> = [get(db, ids[0]).await, get(db, ids[1]).await, get(db, ids[2]).await, get(db, ids[3]).await, get(db, ids[4]).await].to_vec();
    let look = async |row: &DeliveryRow, least_ms: i64| outbox::may_still_leave(&mut db.read().await, row, "a", least_ms).await.unwrap();
    let back = async |row: &DeliveryRow| outbox::put_back_unsent(&mut db.write().await, row, "a").await.unwrap();
    assert_eq!((look(&rows[0], 1_000).await, look(&rows[0], LEASE_MS + 1).await), (Some(true), Some(false)), "the lease must outlast the call");
    suppress(db, "07700 900001", "sms").await;
    assert_eq!(look(&rows[1], 1_000).await, Some(false), "a STOP came");
    // Another settles it as doubtful; and even this process itself, under the same name.
    outbox::leave_in_doubt(&mut db.write().await, ids[2], "a", -1, "x", "y").await.unwrap();
    assert_eq!(claim_in_doubt_from(&db.db, "a", LEASE_MS).await, ids[2..3]);
    assert_eq!((look(&rows[2], 1_000).await, back(&rows[2]).await), (None, 0));
    outbox::record_accepted(&mut db.write().await, &[(ids[3], "SM1".into())], outbox::Sources::of([0, i64::MAX]), now()).await.unwrap();
    assert_eq!((look(&rows[3], 1_000).await, back(&rows[3]).await), (None, 0));
    assert_eq!((back(&rows[1]).await, back(&rows[1]).await, back(&rows[4]).await), (1, 0, 1));
    let row = get(db, ids[4]).await;
    assert_eq!((row.status.as_str(), row.rank, row.attempts, row.lease_owner), ("queued", 0, 0, None));
    assert_eq!(take(db, "b").await, ids[4..], "what was put back goes again, and what is suppressed does not");
    assert_eq!(statuses(db, &ids[1..2]).await, ["suppressed"]);
});

on_both!(two_owners_never_get_the_same_delivery, async |db| {
    let all: HashSet<i64> = add_copies(db, 120).await.into_iter().collect();
    let claimers = ["a", "b", "c"].map(|owner| {
        let db = db.db.clone();
        tokio::spawn(async move {
            let mut mine = Vec::new();
            loop {
                let batch = take_from(&db, owner, 7, LEASE_MS, now()).await;
                if batch.is_empty() {
                    return mine;
                }
                mine.extend(batch);
                assert!(mine.len() <= 120, "{owner} is given the same ones again and again");
            }
        })
    });
    let mut seen = HashSet::new();
    for claimer in claimers {
        for id in claimer.await.unwrap() {
            assert!(seen.insert(id), "{id} was given twice");
        }
    }
    // An owner that finds every free row locked by the others ends early; nothing is left for one that comes later.
    seen.extend(take(db, "d").await);
    assert_eq!(seen, all);
});

on_both!(a_lease_that_ran_out_is_taken_by_another_and_lost_by_its_first_owner, async |db| {
    let ids = add_copies(db, 2).await;
    assert_eq!(claim_from(&db.db, "dead", 100, -1_000, now()).await, ids);
    assert_eq!(claim(db, "alive").await, ids);
    assert_eq!(claim(db, "third").await, [0; 0]);
    assert_eq!(outbox::put_off(&mut db.write().await, &ids, "dead", now()).await.unwrap(), 0);
    assert_eq!(outbox::put_off(&mut db.write().await, &ids, "alive", now()).await.unwrap(), 2);
    assert_eq!(take(db, "third").await, ids);
});

on_both!(leased_ones_that_are_handed_back_are_claimed_again_as_if_nothing_had_been, async |db| {
    let ids = add_copies(db, 2).await;
    take_from(&db.db, "a", 1, LEASE_MS, now()).await;
    claim(db, "a").await;
    assert_eq!(outbox::put_off(&mut db.write().await, &ids, "a", now()).await.unwrap(), 1, "what is being sent is not handed back");
    let row = get(db, ids[1]).await;
    assert_eq!((row.status.as_str(), row.lease_owner, row.lease_until, row.attempts), ("queued", None, None, 0));
    assert_eq!(claim(db, "b").await, ids[1..]);
});

on_both!(a_suppressed_address_is_held_back_when_its_turn_comes, async |db| {
    let ids = add_copies(db, 5).await;
    suppress(db, "07700 900000", "sms").await;
    suppress(db, "07700 900001", "all").await;
    suppress(db, "07700 900002", "email").await;
    suppress(db, "07700 900003", "sms").await;
    suppressions::lift(&mut db.write().await, &key("07700 900003"), "sms", "signed-in act", now()).await.unwrap();
    assert_eq!(take(db, "a").await, ids[2..]);
    for id in &ids[..2] {
        let row = get(db, *id).await;
        assert_eq!((row.status.as_str(), row.rank, row.finished_at), ("suppressed", Status::Suppressed.rank(), Some(now())));
        assert_eq!((row.lease_owner, row.lease_until, row.attempts), (None, None, 0));
    }
});

on_both!(what_is_past_its_time_is_not_sent_and_a_suppression_says_more, async |db| {
    let alert = db.new_alert(1);
    let until = |ms: i64, to: &str| DeliveryRow { expires_at: Some(now().plus_ms(ms)), ..db.new_delivery(&alert, to) };
    let rows = vec![until(0, "07700 900001"), until(1, "07700 900002"), until(-1, "07700 900003"), db.new_delivery(&alert, "07700 900004")];
    let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
    deliveries::insert(&mut db.write().await, rows).await.unwrap();
    suppress(db, "07700 900003", "sms").await;
    assert_eq!(take(db, "a").await, [ids[1], ids[3]]);
    assert_eq!(statuses(db, &ids).await, ["expired", "sending", "suppressed", "sending"]);
    let row = get(db, ids[0]).await;
    assert_eq!((row.rank, row.finished_at, row.attempts, row.lease_owner), (Status::Expired.rank(), Some(now()), 0, None));
});

on_both!(a_node_whose_clock_is_fast_ends_nothing_for_good, async |db| {
    let alert = db.new_alert(1);
    let row = DeliveryRow { expires_at: Some(now().plus_ms(3_600_000)), ..db.new_delivery(&alert, "07700 900001") };
    deliveries::insert(&mut db.write().await, vec![row.clone()]).await.unwrap();
    let fast = now().plus_ms(86_400_000);
    let mut conn = db.write().await;
    assert_eq!(outbox::expire(&mut conn, SMS, fast).await.unwrap(), 0);
    let taken: diesel::QueryResult<outbox::Claimed> = conn.transaction(async |conn| outbox::take(conn, SMS, "a", 1, 60_000, &[], fast).await).await;
    let taken = taken.unwrap();
    assert_eq!((taken.held, taken.leaving.iter().map(|row| row.id).collect::<Vec<_>>()), (0, vec![row.id]));
});

on_both!(while_nothing_leaves_what_waits_expires_all_the_same, async |db| {
    let alert = db.new_alert(1);
    let until = |ms: i64, to: &str| DeliveryRow { expires_at: Some(now().plus_ms(ms)), ..db.new_delivery(&alert, to) };
    let later = DeliveryRow { next_attempt_at: now().plus_ms(9_000), ..until(-1, "07700 900002") };
    let rows = vec![until(-1, "07700 900001"), later, until(1, "07700 900003"), db.new_delivery(&alert, "07700 900004")];
    let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
    deliveries::insert(&mut db.write().await, rows).await.unwrap();
    assert_eq!(outbox::expire(&mut db.write().await, SMS, now()).await.unwrap(), 2);
    assert_eq!(statuses(db, &ids).await, ["expired", "expired", "queued", "queued"]);
});

on_both!(of_all_purposes_only_the_opt_outs_own_confirmation_passes_a_suppression, async |db| {
    let alert = db.new_alert(1);
    let rows = |who: &'static str| Purpose::ALL.iter().map(move |purpose| (*purpose, who));
    let rows: Vec<DeliveryRow> = rows("07700 900001")
        .chain(rows("07700 900002"))
        .map(|(purpose, who)| DeliveryRow { purpose: purpose.as_str().to_owned(), priority: 0, ..db.new_delivery(&alert, who) })
        .collect();
    let passing = |who: &str| rows.iter().find(|row| row.match_key == key(who) && row.purpose == "opt_out_confirmation").unwrap().id;
    let (first, second) = (passing("07700 900001"), passing("07700 900002"));
    deliveries::insert(&mut db.write().await, rows.clone()).await.unwrap();
    suppress(db, "07700 900001", "sms").await;
    suppress(db, "07700 900002", "all").await;
    assert_eq!(take(db, "a").await, [first, second]);
});

on_both!(sending_is_written_with_its_moment_and_counted_as_an_attempt, async |db| {
    let ids = add_copies(db, 2).await;
    assert_eq!(take_from(&db.db, "a", 1, LEASE_MS, now()).await, ids[..1]);
    let row = get(db, ids[0]).await;
    assert_eq!((row.status.as_str(), row.rank, row.attempts, row.sending_at), ("sending", Status::Sending.rank(), 1, Some(now())));
    assert_eq!(row.lease_owner.as_deref(), Some("a"));
    assert_eq!(take(db, "a").await, ids[1..], "it is not begun twice");
});

async fn add_sending(db: &TestDb, count: u16, lease_ms: i64) -> Vec<i64> {
    let ids = add_copies(db, count).await;
    assert_eq!(take_from(&db.db, "a", 100, lease_ms, now()).await, ids);
    ids
}

on_both!(what_the_provider_took_has_its_id_and_no_lease, async |db| {
    let ids = add_sending(db, 3, LEASE_MS).await;
    // The carrier's word was faster than the provider's answer.
    let at = now().plus_ms(5);
    assert_eq!(outbox::advance(&mut db.write().await, &ids[1..2], Status::Delivered, None, None, at).await.unwrap(), 1);
    let taken = [(ids[0], "SM1".to_owned()), (ids[1], "SM2".to_owned()), (ids[2], String::new())];
    outbox::record_accepted(&mut db.write().await, &taken, outbox::Sources::of([0, i64::MAX]), at).await.unwrap();
    assert_eq!(statuses(db, &ids).await, ["accepted", "delivered", "accepted"]);
    let rows = [get(db, ids[0]).await, get(db, ids[1]).await, get(db, ids[2]).await];
    assert_eq!(rows.clone().map(|row| row.provider_message_id), [Some("SM1".to_owned()), Some("SM2".to_owned()), None]);
    for row in rows {
        assert_eq!((row.accepted_at, row.lease_owner, row.lease_until), (Some(at), None, None));
    }
    assert_eq!(get(db, ids[0]).await.finished_at, None);
    assert_eq!(get(db, ids[1]).await.finished_at, Some(at));
});

on_both!(a_status_moves_exactly_as_the_table_of_legal_steps_says, async |db| {
    let alert = db.new_alert(1);
    let mut cases = Vec::new();
    for (n, (from, to)) in Status::ALL.iter().flat_map(|from| Status::ALL.iter().map(move |to| (*from, *to))).enumerate() {
        let row = DeliveryRow { status: from.as_str().to_owned(), rank: from.rank(), ..db.new_delivery(&alert, &format!("07700 900{n:03}")) };
        cases.push((row, from, to));
    }
    let rows = cases.iter().map(|(row, _, _)| row.clone()).collect();
    deliveries::insert(&mut db.write().await, rows).await.unwrap();
    for to in Status::ALL {
        let towards: Vec<_> = cases.iter().filter(|(_, _, end)| end == to).collect();
        let ids: Vec<i64> = towards.iter().map(|(row, _, _)| row.id).collect();
        let legal = towards.iter().filter(|(_, from, to)| from.may_become(*to)).count();
        assert_eq!(outbox::advance(&mut db.write().await, &ids, *to, Some("30003"), Some("why"), now()).await.unwrap(), legal, "to {to}");
    }
    for (row, from, to) in cases {
        let end = get(db, row.id).await;
        if from.may_become(to) {
            assert_eq!((end.status.as_str(), end.rank, end.error_code.as_deref()), (to.as_str(), to.rank(), Some("30003")), "{from} to {to}");
            assert_eq!(end.finished_at.is_some(), to.is_final(), "{from} to {to}");
        } else {
            assert_eq!((end.status.as_str(), end.rank, end.error_code), (from.as_str(), from.rank(), None), "{from} to {to}");
        }
    }
});

on_both!(any_order_of_the_same_receipts_ends_the_same_and_a_second_one_changes_nothing, async |db| {
    let words = [Status::Accepted, Status::TemporaryFailure, Status::Delivered];
    let ids = add_sending(db, 6, LEASE_MS).await;
    for (id, order) in ids.iter().zip([[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]]) {
        for step in order {
            outbox::advance(&mut db.write().await, &[*id], words[step], None, None, now()).await.unwrap();
            assert_eq!(outbox::advance(&mut db.write().await, &[*id], words[step], None, None, now()).await.unwrap(), 0);
        }
    }
    assert_eq!(statuses(db, &ids).await, ["delivered"; 6]);
});

on_both!(a_retry_waits_for_its_time_and_keeps_its_reason, async |db| {
    let ids = add_sending(db, 3, LEASE_MS).await;
    let later = now().plus_ms(30_000);
    outbox::advance(&mut db.write().await, &ids[1..2], Status::Unconfirmed, None, None, now()).await.unwrap();
    outbox::advance(&mut db.write().await, &ids[2..], Status::Accepted, None, None, now()).await.unwrap();
    let mut moved = Vec::new();
    for (id, owner) in [(ids[0], "b"), (ids[0], "a"), (ids[1], "a"), (ids[2], "a")] {
        moved.push(outbox::retry_at(&mut db.write().await, id, owner, later, "20429", "too many requests at once").await.unwrap());
    }
    assert_eq!(moved, [0, 1, 0, 0], "only by its owner, and never what was settled");
    let row = get(db, ids[0]).await;
    assert_eq!((row.status.as_str(), row.rank, row.attempts, row.next_attempt_at), ("queued", 0, 1, later));
    assert_eq!((row.error_code.as_deref(), row.error_detail.as_deref()), (Some("20429"), Some("too many requests at once")));
    assert_eq!((row.lease_owner, row.lease_until), (None, None));
    assert_eq!(take(db, "b").await, [0; 0]);
    assert_eq!(outbox::next_due(&mut db.read().await, SMS).await.unwrap(), Some(later));
    assert_eq!(take_from(&db.db, "b", 100, LEASE_MS, later).await, ids[..1]);
    assert_eq!(get(db, ids[0]).await.attempts, 2);
});

async fn claim_in_doubt_from(db: &Db, owner: &str, lease_ms: i64) -> Vec<i64> {
    let mut conn = db.write().await.unwrap();
    let claimed: QueryResult<Vec<DeliveryRow>> = conn.transaction(async |conn| outbox::claim_in_doubt(conn, owner, lease_ms).await).await;
    let mut ids: Vec<i64> = claimed.unwrap().iter().map(|row| row.id).collect();
    ids.sort_unstable();
    ids
}

on_both!(in_doubt_is_what_was_being_sent_when_its_lease_ran_out, async |db| {
    let gone = add_sending(db, 2, -1_000).await;
    let working = add_sending(db, 1, LEASE_MS).await;
    let leased = add_copies(db, 1).await;
    claim_from(&db.db, "dead", 100, -1_000, now()).await;
    assert_eq!(claim_in_doubt_from(&db.db, "r", LEASE_MS).await, gone, "neither a live hand-over ({working:?}) nor one that never began is in doubt");
    assert_eq!(claim_in_doubt_from(&db.db, "other", LEASE_MS).await, [0; 0], "one reconciler settles each");
    assert_eq!(claim(db, "b").await, leased, "and what was being sent is not claimed anew");
    assert_eq!(get(db, gone[0]).await.lease_owner.as_deref(), Some("r"));
    // What the reconciler found out about each.
    outbox::record_accepted(&mut db.write().await, &[(gone[0], "SM1".into())], outbox::Sources::of([0, i64::MAX]), now()).await.unwrap();
    assert_eq!(outbox::retry_at(&mut db.write().await, gone[1], "a", now(), "x", "y").await.unwrap(), 0, "its first owner has no say any more");
    assert_eq!(outbox::retry_at(&mut db.write().await, gone[1], "r", now(), "not_taken", "sent again").await.unwrap(), 1);
    assert_eq!(statuses(db, &gone).await, ["accepted", "queued"]);
    assert_eq!(claim_in_doubt_from(&db.db, "other", LEASE_MS).await, [0; 0]);
});

on_both!(a_reconciler_that_died_is_followed_by_another, async |db| {
    let gone = add_sending(db, 1, -1_000).await;
    assert_eq!(claim_in_doubt_from(&db.db, "dead", -1_000).await, gone);
    assert_eq!(claim_in_doubt_from(&db.db, "r", LEASE_MS).await, gone);
});

on_both!(two_reconcilers_never_settle_the_same_hand_over, async |db| {
    let all = add_sending(db, 60, -1_000).await;
    let reconcilers = ["r", "s", "t"].map(|owner| {
        let db = db.db.clone();
        tokio::spawn(async move { claim_in_doubt_from(&db, owner, LEASE_MS).await })
    });
    let mut seen = Vec::new();
    for reconciler in reconcilers {
        seen.extend(reconciler.await.unwrap());
    }
    seen.sort_unstable();
    assert_eq!(seen, all);
});

on_both!(a_lost_answer_is_in_doubt_at_once_if_its_owner_says_so, async |db| {
    let ids = add_sending(db, 2, LEASE_MS).await;
    assert_eq!(outbox::leave_in_doubt(&mut db.write().await, ids[0], "b", -1, "x", "y").await.unwrap(), 0, "only its owner can say so");
    assert_eq!(outbox::leave_in_doubt(&mut db.write().await, ids[0], "a", -1, "no_answer", "the connection broke").await.unwrap(), 1);
    let row = get(db, ids[0]).await;
    assert_eq!((row.status.as_str(), row.error_code.as_deref(), row.error_detail.as_deref()), ("sending", Some("no_answer"), Some("the connection broke")));
    assert_eq!(claim_in_doubt_from(&db.db, "r", LEASE_MS).await, ids[..1]);
    outbox::record_accepted(&mut db.write().await, &[(ids[1], "SM1".into())], outbox::Sources::of([0, i64::MAX]), now()).await.unwrap();
    assert_eq!(outbox::leave_in_doubt(&mut db.write().await, ids[1], "a", -1, "x", "y").await.unwrap(), 0, "what was answered is not doubted");
});

on_both!(a_copy_that_is_theirs_by_a_left_group_alone_is_held_back_at_the_lease, async |db| {
    let area = db.add_area("A", "sector").await.id;
    let (dogs, cctv) = (db.add_group("dog-walkers").await.id, db.add_group("cctv-owners").await.id);
    let owner = db.add_officer("owner@force.example").await;
    let to_groups = async |groups: &[i64]| {
        let alert = db.new_alert(owner.id);
        let text = db.new_text(&alert, "sms", "Words");
        huecry::store::alerts::insert(&mut db.write().await, &alert, vec![text], &[area], groups).await.unwrap();
        alert
    };
    let (by_dogs, by_either, by_area) = (to_groups(&[dogs]).await, to_groups(&[dogs, cctv]).await, to_groups(&[]).await);
    let (one, both) = (db.add_resident("07700 900001", &[area]).await, db.add_resident("07700 900002", &[area]).await);
    let members = vec![(one.resident.id, dogs), (both.resident.id, dogs), (both.resident.id, cctv)];
    huecry::store::residents::insert_groups(&mut db.write().await, members, now()).await.unwrap();
    let mut rows = Vec::new();
    for alert in [&by_dogs, &by_either, &by_area] {
        rows.extend([db.new_delivery(alert, "07700 900001"), db.new_delivery(alert, "07700 900002")]);
    }
    let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
    deliveries::insert(&mut db.write().await, rows).await.unwrap();
    for who in ["07700 900001", "07700 900002"] {
        let row = suppressions::SuppressionRow { scope: "dog-walkers".into(), ..db.new_suppression(who, "sms", None) };
        suppressions::suppress(&mut db.write().await, &row).await.unwrap();
    }
    assert_eq!(claim(db, "a").await, ids[3..], "by the other group, and by area alone");
    assert_eq!(statuses(db, &ids[..3]).await, ["suppressed"; 3]);
});
