//! The sealed log: what was noted is chained in order, and whatever is done to a sealed entry afterwards is seen.

use diesel_async::RunQueryDsl;
use huecry::audit::chain::{self, Head, HeadKey};
use huecry::audit::seal::{Refusal, SealOutcome, Sealer};
use huecry::audit::verify::{Verified, verify};
use huecry::audit::{self, Actor};
use huecry::domain::At;
use huecry::on;
use huecry::store::audit_log::{self, AuditHeadRow};

use crate::support::db::TestDb;
use crate::support::now;

const SECRET: [u8; 32] = [7; 32];

fn sealer() -> Sealer {
    Sealer::new(HeadKey::of(&SECRET))
}

async fn run(db: &TestDb, sql: &str) {
    let mut conn = db.write().await;
    on!(&mut conn, c => diesel::sql_query(sql).execute(c).await).unwrap_or_else(|error| panic!("{sql}: {error}"));
}

async fn note(db: &TestDb, action: &str) {
    note_at(db, action, now()).await;
}

async fn note_at(db: &TestDb, action: &str, at: At) {
    let actor = Actor::Officer(7);
    let subject = ("conversation", Some(42));
    audit::note(&mut db.write().await, &db.ids, at, &actor, action, subject, serde_json::json!({ "message": 1 })).await.unwrap();
}

/// Seals until nothing waits; gives the head.
async fn seal_all(db: &TestDb, sealer: &Sealer) -> Option<Head> {
    let mut last = None;
    loop {
        match sealer.run_once(&db.db).await.unwrap() {
            SealOutcome::Sealed(head, _) => last = Some(head),
            SealOutcome::Nothing => return last,
            SealOutcome::Refused(refusal) => panic!("{refusal}"),
        }
    }
}

fn files(db: &TestDb) -> huecry::files::Files {
    huecry::files::Files::open(&db.folder().join("files")).unwrap()
}

async fn read(db: &TestDb, given: Option<Head>) -> Verified {
    verify(&db.db, &files(db), &HeadKey::of(&SECRET), given).await.unwrap()
}

async fn five(db: &TestDb) -> Head {
    for index in 0..5 {
        note(db, &format!("test.{index}")).await;
    }
    seal_all(db, &sealer()).await.unwrap()
}

/// A copy that an attacker, or this test, can go back to.
async fn keep(db: &TestDb, name: &str) {
    for table in ["audit_log", "audit_heads"] {
        run(db, &format!("CREATE TABLE {name}_{table} AS SELECT * FROM {table}")).await;
    }
}

async fn put_back(db: &TestDb, name: &str) {
    for table in ["audit_log", "audit_heads"] {
        run(db, &format!("DELETE FROM {table}")).await;
        run(db, &format!("INSERT INTO {table} SELECT * FROM {name}_{table}")).await;
    }
}

on_both!(what_was_noted_is_chained_from_one_on, async |db| {
    assert_eq!((read(db, None).await.ok, read(db, None).await.entries), (true, 0), "an empty log is whole");
    let yesterday = now().plus_ms(-86_400_000);
    for (index, at) in [yesterday, now(), now()].into_iter().enumerate() {
        note_at(db, &format!("test.{index}"), at).await;
    }
    let waiting = read(db, None).await;
    assert_eq!((waiting.ok, waiting.entries, waiting.unsealed), (true, 0, 3));
    let head = seal_all(db, &sealer()).await.unwrap();
    let found = read(db, Some(head)).await;
    assert_eq!((found.ok, found.entries, found.unsealed, found.head.as_str()), (true, 3, 0, head.to_string().as_str()), "{found:?}");
    let rows = audit_log::list_sealed_after(&mut db.read().await, 0, 10).await.unwrap();
    let actions: Vec<_> = rows.iter().map(|row| row.action.as_str()).collect();
    assert_eq!(actions, ["test.0", "test.1", "test.2"]);
    assert_eq!(rows[0].previous_hash.as_deref(), Some(&[0; 32][..]));
    assert_eq!(rows[2].previous_hash, rows[1].hash);
    assert_eq!(found.late, 1, "what was sealed a day after it was noted shows");
});

/// Each column with a value that no entry has there. Bytes are taken from beside, for literals differ.
const CHANGES: &[(&str, &str)] = &[
    ("id", "-id"),
    ("actor", "'system'"),
    ("officer_id", "8"),
    ("officer_id", "NULL"),
    ("action", "'test.x'"),
    ("subject_kind", "'alert'"),
    ("subject_id", "43"),
    ("subject_id", "NULL"),
    ("detail", "'{\"message\":2}'"),
    ("detail", "'{\"message\": 1}'"),
    ("created_at", "'2026-11-22 10:20:00.123457'"),
    ("sealed_seq", "sealed_seq + 100"),
    ("sealed_seq", "-sealed_seq"),
    ("sealed_seq", "NULL"),
    ("previous_hash", "hash"),
    ("previous_hash", "NULL"),
    ("hash", "previous_hash"),
    ("hash", "NULL"),
    ("sealed_at", "'2026-11-22 10:20:00.000001'"),
    ("sealed_at", "NULL"),
];

on_both!(a_change_of_any_column_of_any_entry_is_seen, async |db| {
    let head = five(db).await;
    keep(db, "whole").await;
    for seq in 1..=5 {
        for (column, value) in CHANGES {
            run(db, &format!("UPDATE audit_log SET {column} = {value} WHERE sealed_seq = {seq}")).await;
            let found = read(db, None).await;
            assert!(!found.ok && found.fault.is_some(), "entry {seq}, {column} = {value}: {found:?}");
            put_back(db, "whole").await;
        }
    }
    assert!(read(db, Some(head)).await.ok, "put back, it is whole again");
});

on_both!(a_removal_of_any_entry_is_seen_and_named, async |db| {
    let head = five(db).await;
    keep(db, "whole").await;
    for seq in 1..=5 {
        run(db, &format!("DELETE FROM audit_log WHERE sealed_seq = {seq}")).await;
        let found = read(db, None).await;
        assert!(found.fault.as_deref().is_some_and(|fault| fault.contains(&format!("entry {seq} was removed"))), "entry {seq}: {found:?}");
        // Sealing goes on behind the gap and does not close it.
        note(db, "test.after").await;
        seal_all(db, &sealer()).await.unwrap();
        assert!(!read(db, None).await.ok, "entry {seq}");
        put_back(db, "whole").await;
    }
    for (removed, named) in
        [("sealed_seq <= 2", "entries 1 to 2 were removed"), ("sealed_seq >= 4", "entries 4 to 5 were removed"), ("sealed_seq > 0", "entries 1 to 5")]
    {
        run(db, &format!("DELETE FROM audit_log WHERE {removed}")).await;
        let found = read(db, Some(head)).await;
        assert!(found.fault.as_deref().is_some_and(|fault| fault.contains(named)), "{removed}: {found:?}");
        put_back(db, "whole").await;
    }
});

on_both!(entries_that_change_places_or_are_put_in_by_hand_are_seen, async |db| {
    five(db).await;
    keep(db, "whole").await;
    for sql in [
        "UPDATE audit_log SET sealed_seq = 99 WHERE sealed_seq = 2; UPDATE audit_log SET sealed_seq = 2 WHERE sealed_seq = 3; \
         UPDATE audit_log SET sealed_seq = 3 WHERE sealed_seq = 99",
        "UPDATE audit_log SET action = 'x', sealed_seq = 6, id = 1 WHERE sealed_seq = 5",
        "INSERT INTO audit_log (id, actor, action, subject_kind, detail, created_at, sealed_seq, previous_hash, hash, sealed_at) \
         SELECT 1, actor, action, subject_kind, detail, created_at, 6, hash, hash, sealed_at FROM audit_log WHERE sealed_seq = 5",
    ] {
        for one in sql.split(';') {
            run(db, one).await;
        }
        assert!(!read(db, None).await.ok, "{sql}");
        put_back(db, "whole").await;
    }
});

// Whoever can write to the database can compute every hash anew; what they cannot make is our signature.
on_both!(a_log_written_anew_bears_no_signature_of_ours, async |db| {
    let head = five(db).await;
    run(db, "UPDATE audit_log SET action = 'test.nothing' WHERE sealed_seq = 3").await;
    run(db, "CREATE TABLE forged AS SELECT * FROM audit_log WHERE 1 = 0").await;
    let rows = audit_log::list_sealed_after(&mut db.read().await, 0, 10).await.unwrap();
    let mut previous = chain::GENESIS;
    for row in &rows {
        let (seq, sealed_at) = (row.sealed_seq.unwrap(), row.sealed_at.unwrap());
        let hash = chain::hash(row, seq, &previous, sealed_at);
        let bytes = |bytes: &[u8]| match db.db.backend() {
            huecry::store::Backend::Postgres => format!("'\\x{}'", hex::encode(bytes)),
            huecry::store::Backend::Sqlite => format!("X'{}'", hex::encode(bytes)),
        };
        run(db, &format!("UPDATE audit_log SET previous_hash = {}, hash = {} WHERE sealed_seq = {seq}", bytes(&previous), bytes(&hash))).await;
        run(db, &format!("UPDATE audit_heads SET hash = {} WHERE seq = {seq}", bytes(&hash))).await;
        previous = hash;
    }
    let found = read(db, None).await;
    assert!(found.fault.as_deref().is_some_and(|fault| fault.contains("no signature of ours")), "{found:?}");
    assert!(!read(db, Some(head)).await.ok);
    assert_eq!(sealer().run_once(&db.db).await.unwrap(), SealOutcome::Nothing, "there is nothing to seal");
    note(db, "test.after").await;
    assert_eq!(sealer().run_once(&db.db).await.unwrap(), SealOutcome::Refused(Refusal::Forged), "a forged head is not gone on from");
    // Somebody else's key does not verify ours.
    assert!(!verify(&db.db, &files(db), &HeadKey::of(&[8; 32]), None).await.unwrap().ok);
});

// The one thing that needs a head kept elsewhere: a log set back whole, with the signed head that it had then.
on_both!(a_log_set_back_with_its_own_old_head_is_seen_by_a_head_kept_elsewhere, async |db| {
    let running = sealer();
    note(db, "test.first").await;
    seal_all(db, &running).await.unwrap();
    keep(db, "old").await;
    note(db, "test.second").await;
    let head = seal_all(db, &running).await.unwrap();
    put_back(db, "old").await;
    assert!(read(db, None).await.ok, "by itself it cannot be told from a log that never went further");
    let found = read(db, Some(head)).await;
    assert!(found.fault.as_deref().is_some_and(|fault| fault.contains("the given head names entry 2")), "{found:?}");
    note(db, "test.third").await;
    assert_eq!(running.run_once(&db.db).await.unwrap(), SealOutcome::Refused(Refusal::SetBack), "a sealer that is running remembers");
    seal_all(db, &sealer()).await.unwrap();
    let found = read(db, Some(head)).await;
    assert!(found.fault.as_deref().is_some_and(|fault| fault.contains("written anew")), "{found:?}");
});

on_both!(a_head_that_is_taken_away_is_missed, async |db| {
    five(db).await;
    run(db, "DELETE FROM audit_heads WHERE day <> 'genesis'").await;
    assert!(!read(db, None).await.ok);
    run(db, "DELETE FROM audit_heads").await;
    assert!(!read(db, None).await.ok);
    note(db, "test.after").await;
    assert_eq!(sealer().run_once(&db.db).await.unwrap(), SealOutcome::Refused(Refusal::NoGenesis));
});

on_both!(a_new_day_has_a_head_of_its_own_and_the_old_one_still_holds, async |db| {
    five(db).await;
    // As if the five had been sealed under a head of yesterday's name.
    let row = audit_log::last_head(&mut db.read().await).await.unwrap().unwrap();
    let key = HeadKey::of(&SECRET);
    let head = key.check(&row).unwrap();
    let yesterday = AuditHeadRow { day: "2026-01-01".into(), mac: key.sign("2026-01-01", head, row.sealed_at).to_vec(), ..row.clone() };
    run(db, &format!("DELETE FROM audit_heads WHERE day = '{}'", row.day)).await;
    audit_log::put_head(&mut db.write().await, &yesterday).await.unwrap();
    note(db, "test.today").await;
    seal_all(db, &sealer()).await.unwrap();
    let days: Vec<_> = audit_log::list_heads(&mut db.read().await).await.unwrap().into_iter().map(|row| (row.day, row.seq)).collect();
    assert_eq!(days, [("genesis".to_owned(), 0), ("2026-01-01".to_owned(), 5), (row.day, 6)]);
    assert!(read(db, None).await.ok);
});

on_both!(two_nodes_seal_one_chain_while_others_write, async |db| {
    const WRITERS: usize = 4;
    const EACH: usize = 60;
    let writing: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let pool = db.db.clone();
            tokio::spawn(async move {
                let ids = huecry::domain::Ids::new(u16::try_from(100 + writer).unwrap());
                for _ in 0..EACH {
                    let mut conn = pool.write().await.unwrap();
                    audit::note(&mut conn, &ids, now(), &Actor::System, "test.many", ("test", None), serde_json::json!({})).await.unwrap();
                }
            })
        })
        .collect();
    let sealing: Vec<_> = (0..2)
        .map(|_| {
            let pool = db.db.clone();
            tokio::spawn(async move {
                let node = sealer();
                let mut sealed = 0;
                while sealed < i64::try_from(WRITERS * EACH).unwrap() {
                    match node.run_once(&pool).await.unwrap() {
                        SealOutcome::Sealed(head, _) => sealed = head.seq,
                        SealOutcome::Nothing => sealed = audit_log::last_head(&mut pool.read().await.unwrap()).await.unwrap().unwrap().seq,
                        SealOutcome::Refused(refusal) => panic!("{refusal}"),
                    }
                    tokio::task::yield_now().await;
                }
            })
        })
        .collect();
    for task in writing.into_iter().chain(sealing) {
        tokio::time::timeout(std::time::Duration::from_secs(60), task).await.unwrap().unwrap();
    }
    let found = read(db, None).await;
    assert_eq!((found.ok, found.entries, found.unsealed), (true, i64::try_from(WRITERS * EACH).unwrap(), 0), "{found:?}");
});

/// On SQLite one writes at a time, so that nothing there can commit late.
#[tokio::test(flavor = "multi_thread")]
async fn an_entry_that_commits_late_under_an_older_id_is_sealed_later_and_not_passed_over() {
    let db = TestDb::postgres().await;
    let mut slow = db.write().await;
    slow.transaction(async |conn| {
        audit::note(conn, &db.ids, now(), &Actor::System, "test.slow", ("test", None), serde_json::json!({})).await?;
        note(&db, "test.fast").await;
        let head = seal_all(&db, &sealer()).await.unwrap();
        assert_eq!(head.seq, 1);
        Ok::<_, diesel::result::Error>(())
    })
    .await
    .unwrap();
    assert_eq!(seal_all(&db, &sealer()).await.unwrap().seq, 2);
    let rows = audit_log::list_sealed_after(&mut db.read().await, 0, 10).await.unwrap();
    assert_eq!(rows.iter().map(|row| row.action.as_str()).collect::<Vec<_>>(), ["test.fast", "test.slow"]);
    assert!(rows[0].id > rows[1].id && read(&db, None).await.ok);
}

on_both!(a_log_of_many_pages_is_read_to_its_end, async |db| {
    run(
        db,
        "INSERT INTO audit_log (id, actor, action, subject_kind, detail, created_at) \
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 4500) \
         SELECT i, 'system', 'test.many', 'test', '{}', '2026-11-22 10:20:00.123456' FROM n",
    )
    .await;
    seal_all(db, &sealer()).await.unwrap();
    let found = read(db, None).await;
    assert_eq!((found.ok, found.entries), (true, 4500), "{found:?}");
    run(db, "UPDATE audit_log SET actor = 'x' WHERE sealed_seq = 4321").await;
    let found = read(db, None).await;
    assert_eq!((found.ok, found.entries), (false, 4320), "{found:?}");
    assert!(found.fault.unwrap().contains("entry 4321 (id 4321) was changed"));
});
