//! Raw inbound: stored once, exactly, and dealt with in order per correspondent whoever deals with it.

use std::collections::HashSet;

use diesel::QueryResult;
use huecry::store::envelopes::{self, EnvelopeRow};
use huecry::store::{Conn, Db};

use crate::support::db::TestDb;
use crate::support::now;

const LEASE_MS: i64 = 60_000;
const LANES: &[i64] = &[0, 1, 2, 3];

async fn insert(db: &TestDb, rows: Vec<EnvelopeRow>) -> HashSet<i64> {
    let mut conn = db.write().await;
    let fresh: QueryResult<HashSet<i64>> = conn.transaction(async |conn| envelopes::insert_new(conn, rows).await).await;
    fresh.unwrap()
}

async fn claim_in(conn: &mut Conn, lanes: &[i64], owner: &str, limit: i64, lease_ms: i64) -> Vec<i64> {
    let claimed: QueryResult<Vec<EnvelopeRow>> = conn.transaction(async |conn| envelopes::claim(conn, lanes, owner, limit, lease_ms).await).await;
    claimed.unwrap().into_iter().map(|row| row.id).collect()
}

async fn claim(db: &TestDb, owner: &str) -> Vec<i64> {
    claim_in(&mut db.write().await, LANES, owner, 100, LEASE_MS).await
}

async fn get(db: &TestDb, id: i64) -> EnvelopeRow {
    envelopes::find(&mut db.read().await, id).await.unwrap().unwrap()
}

on_both!(raw_bytes_come_back_exactly_with_nul_and_broken_utf_8, async |db| {
    let raw: Vec<u8> = (0..=255).chain([0, 0, 255, 254]).collect();
    let row = EnvelopeRow { headers: b"subject: a\0b\xff\n".to_vec(), ..db.new_envelope("07700 900001", &raw) };
    insert(db, vec![row.clone()]).await;
    let back = get(db, row.id).await;
    assert_eq!((&back.body, &back.headers), (&Some(raw), &row.headers));
    assert_eq!((back.sha256, back.match_key, back.received_at, back.body_bytes), (row.sha256, row.match_key, now(), 260));
    let in_file = EnvelopeRow { body: None, body_file: Some("ab".repeat(32)), match_key: None, ..db.new_envelope("07700 900001", b"") };
    insert(db, vec![in_file.clone()]).await;
    let back = get(db, in_file.id).await;
    assert_eq!((back.body, back.body_file, back.match_key), (None, in_file.body_file, None));
    assert!(envelopes::find(&mut db.read().await, 1).await.unwrap().is_none());
});

on_both!(the_same_channel_kind_and_key_is_stored_once, async |db| {
    let first = db.new_envelope("07700 900001", b"one");
    let same = || EnvelopeRow { dedupe_key: first.dedupe_key.clone(), ..db.new_envelope("07700 900001", b"one again") };
    let (twin, retry) = (same(), same());
    let other_kind = EnvelopeRow { kind: "sms_status".into(), ..same() };
    let other_channel = EnvelopeRow { channel: "sms-two".into(), ..same() };
    assert_eq!(insert(db, vec![first.clone(), twin]).await, HashSet::from([first.id]), "twice in one group");
    assert_eq!(insert(db, vec![retry]).await, HashSet::new(), "the provider's retry");
    assert_eq!(insert(db, vec![other_kind.clone(), other_channel.clone()]).await, HashSet::from([other_kind.id, other_channel.id]));
    assert_eq!(insert(db, Vec::new()).await, HashSet::new());
    assert_eq!(envelopes::count_waiting(&mut db.read().await).await.unwrap(), 3);
});

on_both!(two_nodes_with_the_same_retry_store_it_once, async |db| {
    let rows: Vec<EnvelopeRow> = (0..40).map(|n| EnvelopeRow { dedupe_key: format!("SM{n:03}"), ..db.new_envelope("07700 900001", b"x") }).collect();
    let again: Vec<EnvelopeRow> = rows.iter().map(|row| EnvelopeRow { id: db.id(), ..row.clone() }).collect();
    let nodes = [rows, again].map(|rows| {
        let db = db.db.clone();
        tokio::spawn(async move {
            let mut conn = db.write().await.unwrap();
            let fresh: QueryResult<HashSet<i64>> = conn.transaction(async |conn| envelopes::insert_new(conn, rows).await).await;
            fresh.unwrap().len()
        })
    });
    let mut stored = 0;
    for node in nodes {
        stored += node.await.unwrap();
    }
    assert_eq!(stored, 40);
    assert_eq!(envelopes::count_of(&mut db.read().await, "received").await.unwrap(), 40);
});

on_both!(an_envelope_whose_transaction_fails_leaves_no_key_behind, async |db| {
    let row = db.new_envelope("07700 900001", b"x");
    let mut conn = db.write().await;
    let given: QueryResult<()> = conn
        .transaction(async |conn| {
            envelopes::insert_new(conn, vec![row.clone()]).await?;
            Err(diesel::result::Error::RollbackTransaction)
        })
        .await;
    given.unwrap_err();
    drop(conn);
    assert_eq!(insert(db, vec![row.clone()]).await, HashSet::from([row.id]), "the provider's next try is stored");
});

on_both!(envelopes_of_the_asked_lanes_are_claimed_in_the_order_they_came, async |db| {
    let lane = |lane, who: &str| EnvelopeRow { lane, ..db.new_envelope(who, b"x") };
    let rows = vec![lane(2, "07700 900001"), lane(1, "07700 900002"), lane(9, "07700 900003"), lane(2, "07700 900001"), lane(1, "07700 900004")];
    let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
    insert(db, rows).await;
    let mut conn = db.write().await;
    assert_eq!(claim_in(&mut conn, &[1, 2], "a", 3, LEASE_MS).await, [ids[0], ids[1], ids[3]]);
    assert_eq!(claim_in(&mut conn, &[1, 2], "a", 3, LEASE_MS).await, [ids[4]]);
    assert_eq!(claim_in(&mut conn, &[1, 2], "a", 3, LEASE_MS).await, [0; 0]);
    assert_eq!(claim_in(&mut conn, &[9], "b", 3, LEASE_MS).await, [ids[2]]);
});

on_both!(a_persons_next_text_waits_while_another_owner_has_the_one_before, async |db| {
    let mut rows: Vec<EnvelopeRow> = ["07700 900001", "07700 900001", "07700 900002", "07700 900001"].map(|who| db.new_envelope(who, b"x")).into();
    rows[3].match_key = None;
    let [first, second, other, nobody] = [rows[0].id, rows[1].id, rows[2].id, rows[3].id];
    insert(db, rows).await;
    assert_eq!(claim_in(&mut db.write().await, LANES, "a", 1, LEASE_MS).await, [first]);
    assert_eq!(claim(db, "b").await, [other, nobody]);
    assert_eq!(get(db, second).await.lease_owner, None);
    assert_eq!(envelopes::mark_processed(&mut db.write().await, &[first], "a", now()).await.unwrap(), 1);
    assert_eq!(claim(db, "b").await, [second]);
});

on_both!(what_a_dead_node_had_is_taken_over_in_order, async |db| {
    let rows = vec![db.new_envelope("07700 900001", b"one"), db.new_envelope("07700 900001", b"two")];
    let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
    insert(db, rows).await;
    assert_eq!(claim_in(&mut db.write().await, LANES, "dead", 1, -1_000).await, ids[..1]);
    assert_eq!(claim(db, "alive").await, ids);
    assert_eq!(envelopes::mark_processed(&mut db.write().await, &ids, "dead", now()).await.unwrap(), 0, "it no longer holds them");
    assert_eq!(envelopes::mark_processed(&mut db.write().await, &ids, "alive", now()).await.unwrap(), 2);
    let row = get(db, ids[0]).await;
    assert_eq!((row.status.as_str(), row.processed_at, row.lease_owner, row.lease_until), ("processed", Some(now()), None, None));
});

async fn deal_with_all(db: Db, owner: &'static str) -> Vec<i64> {
    let mut dealt = Vec::new();
    loop {
        let mut conn = db.write().await.unwrap();
        let batch = claim_in(&mut conn, LANES, owner, 5, LEASE_MS).await;
        if batch.is_empty() && envelopes::count_waiting(&mut conn).await.unwrap() == 0 {
            return dealt;
        }
        assert_eq!(envelopes::mark_processed(&mut conn, &batch, owner, now()).await.unwrap(), batch.len());
        dealt.extend(batch);
    }
}

on_both!(three_owners_at_once_deal_with_each_envelope_once, async |db| {
    let rows: Vec<EnvelopeRow> = (0..90).map(|n| db.new_envelope(&format!("07700 90000{}", n % 6), b"x")).collect();
    let all: HashSet<i64> = rows.iter().map(|row| row.id).collect();
    insert(db, rows).await;
    let owners = ["a", "b", "c"].map(|owner| tokio::spawn(deal_with_all(db.db.clone(), owner)));
    let mut seen = HashSet::new();
    for owner in owners {
        for id in owner.await.unwrap() {
            assert!(seen.insert(id), "{id} was dealt with twice");
        }
    }
    assert_eq!(seen, all);
});

on_both!(our_own_fault_hands_an_envelope_back_and_counts, async |db| {
    let row = db.new_envelope("07700 900001", b"x");
    insert(db, vec![row.clone()]).await;
    for tries in 1..=2 {
        assert_eq!(claim(db, "a").await, [row.id]);
        assert_eq!(envelopes::release(&mut db.write().await, &[row.id], "a").await.unwrap(), 1);
        let back = get(db, row.id).await;
        assert_eq!((back.tries, back.lease_owner, back.lease_until), (tries, None, None));
    }
});

on_both!(a_parked_envelope_lets_the_next_go_on_and_can_be_dealt_with_again, async |db| {
    let rows = vec![db.new_envelope("07700 900001", b"one"), db.new_envelope("07700 900001", b"two")];
    let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
    insert(db, rows).await;
    claim_in(&mut db.write().await, LANES, "a", 1, LEASE_MS).await;
    assert_eq!(envelopes::park(&mut db.write().await, ids[0], "Twilio's field From is missing", now()).await.unwrap(), 1);
    assert_eq!(envelopes::park(&mut db.write().await, ids[0], "again", now()).await.unwrap(), 0);
    let parked = get(db, ids[0]).await;
    assert_eq!((parked.status.as_str(), parked.reason.as_deref(), parked.processed_at), ("parked", Some("Twilio's field From is missing"), Some(now())));
    assert_eq!(claim(db, "b").await, ids[1..]);
    assert_eq!(envelopes::mark_processed(&mut db.write().await, &ids, "b", now()).await.unwrap(), 1);
    {
        let mut conn = db.write().await;
        let counts = [envelopes::count_of(&mut conn, "parked").await.unwrap(), envelopes::count_of(&mut conn, "processed").await.unwrap()];
        assert_eq!(counts, [1, 1]);
        let listed = envelopes::list_parked(&mut conn, 10).await.unwrap();
        assert_eq!(listed.iter().map(|row| row.id).collect::<Vec<_>>(), ids[..1]);
        assert!(envelopes::list_parked(&mut conn, 0).await.unwrap().is_empty());
        assert_eq!(envelopes::count_waiting(&mut conn).await.unwrap(), 0);
        assert_eq!(envelopes::replay(&mut conn, ids[0]).await.unwrap(), 1);
        assert_eq!(envelopes::replay(&mut conn, ids[0]).await.unwrap(), 0);
        assert_eq!(envelopes::replay(&mut conn, ids[1]).await.unwrap(), 0, "what was dealt with is not dealt with twice");
    }
    let back = get(db, ids[0]).await;
    assert_eq!((back.status.as_str(), back.reason, back.processed_at), ("received", None, None));
    assert_eq!(claim(db, "c").await, ids[..1]);
});

on_both!(waiting_for_another_owner_is_no_fault_of_ours, async |db| {
    let rows = vec![db.new_envelope("07700 900001", b"one"), db.new_envelope("07700 900001", b"two")];
    let second = rows[1].id;
    insert(db, rows).await;
    claim_in(&mut db.write().await, LANES, "a", 1, LEASE_MS).await;
    for _ in 0..3 {
        assert!(claim(db, "b").await.is_empty());
    }
    assert_eq!(envelopes::find(&mut db.read().await, second).await.unwrap().unwrap().tries, 0);
});

on_both!(a_replayed_envelope_has_all_its_tries_again, async |db| {
    let row = EnvelopeRow { tries: 20, ..db.new_envelope("07700 900001", b"one") };
    insert(db, vec![row.clone()]).await;
    envelopes::park(&mut db.write().await, row.id, "again and again", now()).await.unwrap();
    envelopes::replay(&mut db.write().await, row.id).await.unwrap();
    assert_eq!(envelopes::find(&mut db.read().await, row.id).await.unwrap().unwrap().tries, 0);
});

on_both!(an_owner_that_lost_its_lease_cannot_hand_back_what_another_has, async |db| {
    let row = db.new_envelope("07700 900001", b"one");
    insert(db, vec![row.clone()]).await;
    claim_in(&mut db.write().await, LANES, "slow", 1, -1_000).await;
    claim(db, "quick").await;
    envelopes::release(&mut db.write().await, &[row.id], "slow").await.unwrap();
    let held = envelopes::find(&mut db.read().await, row.id).await.unwrap().unwrap();
    assert_eq!(held.lease_owner.as_deref(), Some("quick"));
});

on_both!(no_lanes_means_no_envelopes, async |db| {
    insert(db, vec![db.new_envelope("07700 900001", b"one")]).await;
    assert_eq!(claim_in(&mut db.write().await, &[], "a", 1, LEASE_MS).await, [0; 0]);
});

on_both!(a_persons_next_text_waits_for_the_one_that_this_worker_lost_hold_of, async |db| {
    let rows = [db.new_envelope("07700 900001", b"STOP"), db.new_envelope("07700 900001", b"START"), db.new_envelope("07700 900002", b"other")];
    let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
    let lanes = [rows[0].lane, rows[2].lane];
    insert(db, rows.to_vec()).await;
    assert_eq!(claim_in(&mut db.write().await, &lanes, "a", 1, LEASE_MS).await, ids[..1]);
    // The database went away before it could be stored or given back; the lease is still this worker's own.
    assert_eq!(claim_in(&mut db.write().await, &lanes, "a", 100, LEASE_MS).await, ids[2..], "never the START before the STOP");
});
