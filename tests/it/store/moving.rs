//! Moving an installation from SQLite to PostgreSQL: every table, every type, all or nothing, and the talk goes on.

use diesel_async::SimpleAsyncConnection;
use huecry::store::moving::{self, MoveError, Moved};
use huecry::store::{Conn, presence};
use serde_json::json;

use crate::program::process::{Program, run};
use crate::support::app::{TestApp, eventually};
use crate::support::db::TestDb;

async fn move_all(from: &TestDb, to: &TestDb) -> Result<Vec<Moved>, MoveError> {
    moving::run(&from.url, &to.url, &mut |_| {}).await
}

/// Runs statements as they stand, whatever they do.
async fn batch(db: &TestDb, sql: &str) {
    match &mut db.write().await {
        Conn::Pg(c) => c.batch_execute(sql).await.unwrap(),
        Conn::Lite(c) => c.batch_execute(sql).await.unwrap(),
    }
}

mod every_table {
    use std::collections::{BTreeMap, BTreeSet};
    use std::fmt::Write as _;

    use regex::Regex;

    use super::*;

    const SCHEMA: &str = include_str!("../../../src/store/schema.rs");

    /// Tables with their columns, as schema.rs has them.
    fn tables() -> BTreeMap<String, Vec<(String, String, bool)>> {
        let table = Regex::new(r"(?s)diesel::table! \{\s+(\w+) \([^)]*\) \{(.*?)\n    \}").unwrap();
        let column = Regex::new(r"(\w+) -> (Nullable<)?(\w+)>?,").unwrap();
        let columns = |text: &str| column.captures_iter(text).map(|c| (c[1].to_owned(), c[3].to_owned(), c.get(2).is_some())).collect();
        table.captures_iter(SCHEMA).map(|found| (found[1].to_owned(), columns(&found[2]))).collect()
    }

    /// A value for a column of the n-th row of a table: all that its type can hold is met sooner or later.
    fn value(table: &str, column: &str, kind: &str, nullable: bool, n: i64) -> String {
        // What names a row of the own table names a later one in the first: the order of ids must not matter.
        if matches!((table, column), ("areas", "parent_id") | ("officers", "cover_id")) {
            return if n < 4 { (n + 1).to_string() } else { "NULL".to_owned() };
        }
        if nullable && n == 2 && !column.ends_with("_id") {
            return "NULL".to_owned();
        }
        match kind {
            "BigInt" if column == "id" || column.ends_with("_id") || column.ends_with("_by") => n.to_string(),
            "BigInt" => [i64::MIN, -1, 0, i64::MAX][usize::try_from(n - 1).unwrap()].to_string(),
            "Bool" => i64::from(n % 2 == 0).to_string(),
            "Double" => ["0.1", "1e300", "-2.5e-308", "53.19999999999999"][usize::try_from(n - 1).unwrap()].to_owned(),
            "Timestamp" => format!("'2026-0{n}-28 23:59:5{n}.{:06}'", n * 100_001),
            "Binary" => format!("X'00FF{n:02X}{}'", "5C".repeat(usize::try_from(n).unwrap())),
            "Json" => ["'[]'", "'{\"a\":[1.50,\"é\",null]}'", "'\"\\u00e9\"'", "'{\"z\":1,\"a\":2}'"][usize::try_from(n - 1).unwrap()].to_owned(),
            "Text" if n == 3 => format!("'{column} it''s \\ {{1,2}} \"q\" NULL'"),
            "Text" => format!("'{column} 🚔 é\n\t{n}'"),
            other => panic!("no value for {other}"),
        }
    }

    /// Four rows in each table, tied together by their numbers.
    fn rows() -> String {
        let mut sql = "PRAGMA foreign_keys=OFF; DELETE FROM audit_heads;".to_owned();
        for (table, columns) in tables() {
            for n in 1..=4 {
                let names = columns.iter().map(|(name, ..)| format!("\"{name}\"")).collect::<Vec<_>>().join(", ");
                let values = columns.iter().map(|(name, kind, nullable)| value(&table, name, kind, *nullable, n)).collect::<Vec<_>>().join(", ");
                write!(sql, "INSERT INTO {table} ({names}) VALUES ({values});").unwrap();
            }
        }
        // These words stand as search writes them.
        sql + "UPDATE search_entries SET words = 'white van ' || id, joined = 'whitevan';" + "PRAGMA foreign_key_check; PRAGMA foreign_keys=ON;"
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn of_the_schema_is_moved_with_every_kind_of_value() {
        let (from, to) = (TestDb::sqlite().await, TestDb::postgres().await);
        batch(&from, &rows()).await;
        let mut said = Vec::new();
        let moved = moving::run(&from.url, &to.url, &mut |step| said.push((step.what, step.table.to_owned(), step.done, step.of))).await.unwrap();
        let named: BTreeSet<&str> = moved.iter().map(|table| table.table.as_str()).filter(|name| *name != "search_words").collect();
        assert_eq!(named, tables().keys().map(String::as_str).collect(), "a table of schema.rs is not moved");
        for table in &moved {
            assert!(table.from == table.to && table.from.rows == 4, "{table:?}");
        }
        let strays = "DO $$ BEGIN IF EXISTS (SELECT 1 FROM deliveries_default) OR EXISTS (SELECT 1 FROM receipts_default) THEN RAISE EXCEPTION 'no month'; END IF; END $$";
        batch(&to, strays).await;
        for what in ["moved", "compared"] {
            assert!(said.contains(&(what, "alerts".to_owned(), 4, 4)), "{said:?}");
        }
        assert_eq!(moving::compare(&from.url, &to.url, &mut |_| {}).await.unwrap(), moved, "a second look finds the same");
        let again = move_all(&from, &to).await.unwrap_err();
        assert!(
            matches!(&again, MoveError::Refused(why) if why.contains("must be empty") && why.contains("alert_areas") && why.contains("more tables")),
            "{again}"
        );
        assert!(again.to_string().contains("--verify compares the two"), "{again}");
        let absent = format!("{}/absent", to.url.rsplit_once('/').unwrap().0);
        let error = moving::run(&from.url, &absent, &mut |_| {}).await.unwrap_err().to_string();
        assert!(error.contains("make it with `createdb absent`"), "{error}");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn is_told_apart_when_one_value_of_it_was_changed() {
        let (from, to) = (TestDb::sqlite().await, TestDb::postgres().await);
        batch(&from, &rows()).await;
        move_all(&from, &to).await.unwrap();
        for (change, back, table) in [
            ("UPDATE suppressions SET scope = scope || ' ' WHERE id = 3", "UPDATE suppressions SET scope = rtrim(scope) WHERE id = 3", "suppressions"),
            (
                "UPDATE messages SET received_at = received_at + interval '1 microsecond' WHERE id = 1",
                "UPDATE messages SET received_at = received_at - interval '1 microsecond' WHERE id = 1",
                "messages",
            ),
            (
                "UPDATE bounce_scores SET score = score + 1e-16 WHERE score = 0.1",
                "UPDATE bounce_scores SET score = 0.1 WHERE abs(score - 0.1) < 0.01",
                "bounce_scores",
            ),
            (
                "UPDATE search_words SET lexemes = 'black:1 van:2' WHERE id = 2",
                "UPDATE search_words SET lexemes = '''white'':1 ''van'':2 ''2'':3 ''whitevan''' WHERE id = 2",
                "search_words",
            ),
            ("DELETE FROM pair_holds WHERE our_number LIKE '%1'", "", "pair_holds"),
        ] {
            batch(&to, change).await;
            let Err(MoveError::Differs(found)) = moving::compare(&from.url, &to.url, &mut |_| {}).await else { panic!("{change} was not seen") };
            let differing: Vec<&str> = found.iter().filter(|moved| moved.from != moved.to).map(|moved| moved.table.as_str()).collect();
            assert_eq!(differing, [table], "{change}");
            batch(&to, back).await;
        }
    }

    /// The server itself writes something else than it was given: the move sees it before it commits.
    #[tokio::test(flavor = "multi_thread")]
    async fn or_none() {
        let (from, to) = (TestDb::sqlite().await, TestDb::postgres().await);
        batch(&from, &rows()).await;
        let planted = "CREATE FUNCTION lose() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.reason := 'x'; RETURN NEW; END $$;
                       CREATE TRIGGER lose BEFORE INSERT ON suppressions FOR EACH ROW EXECUTE FUNCTION lose();";
        batch(&to, planted).await;
        let Err(MoveError::Differs(found)) = move_all(&from, &to).await else { panic!("a row that was altered on its way was not seen") };
        assert!(found.iter().all(|moved| (moved.from == moved.to) == (moved.table != "suppressions")), "{found:?}");
        batch(&to, "DROP TRIGGER lose ON suppressions").await;
        move_all(&from, &to).await.expect("nothing of the first attempt is left");
    }
}

mod nothing_is_moved {
    use super::*;

    async fn refusal(from: &str, to: &str) -> String {
        match moving::run(from, to, &mut |_| {}).await {
            Err(MoveError::Refused(why)) => why,
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn while_a_gateway_serves_either() {
        let (from, to) = (TestDb::sqlite().await, TestDb::postgres().await);
        let app = TestApp::start_with(&from, "", true).await;
        assert!(refusal(&from.url, &to.url).await.contains("at work on"));
        app.stop().await;
        let app = TestApp::start_with(&to, "", false).await;
        eventually("the serving node to have said so", async || {
            let why = refusal(&from.url, &to.url).await;
            why.contains("a gateway serves the database of --to").then_some(())
        })
        .await;
        app.stop().await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn and_no_gateway_starts_meanwhile() {
        let from = TestDb::sqlite().await;
        let alone = presence::alone(&from.url).unwrap();
        assert!(alone.is_some());
        let gateway = crate::program::process::Gateway::furnish(from.folder(), &from.url);
        let ended = gateway.start(&[]).end().await;
        assert!(ended.code == Some(1) && ended.err.contains("being moved"), "{ended:?}");
        drop(alone);
        let mut started = gateway.start(&[]);
        gateway.ready(&mut started).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn from_or_to_anything_else() {
        let (from, to) = (TestDb::sqlite().await, TestDb::postgres().await);
        assert!(refusal(&to.url, &to.url).await.contains("--from must be a SQLite database"));
        assert!(refusal(&from.url, &from.url).await.contains("--to must be a PostgreSQL database"));
        assert!(refusal(&format!("{}.none", from.url), &to.url).await.contains("there is no SQLite database"));
        assert!(!std::path::Path::new(&format!("{}.none", from.url.trim_start_matches("sqlite:"))).exists());
        batch(&from, "DELETE FROM __diesel_schema_migrations WHERE version = (SELECT MAX(version) FROM __diesel_schema_migrations)").await;
        assert!(refusal(&from.url, &to.url).await.contains("bring it up to date first"));
        batch(&from, "INSERT INTO __diesel_schema_migrations (version) SELECT '20261123000099'").await;
        assert!(refusal(&from.url, &to.url).await.contains("not of this version"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_that_postgres_cannot_hold_is_named() {
    let (from, to) = (TestDb::sqlite().await, TestDb::postgres().await);
    batch(&from, "INSERT INTO settings (key, value) VALUES ('a', 'b' || char(0) || 'c')").await;
    let failed = move_all(&from, &to).await.unwrap_err().to_string();
    assert!(failed.contains("settings.value holds a NUL character"), "{failed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_move_that_was_killed_left_nothing_and_is_begun_again() {
    let (from, to) = (TestDb::sqlite().await, TestDb::postgres().await);
    from.add_officer("owner@force.example").await;
    from.add_area("E07000035", "district").await;
    // In the middle of the tables it waits for a lock that is held here.
    let stop = "CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_advisory_xact_lock(77); RETURN NEW; END $$;
                CREATE TRIGGER wait BEFORE INSERT ON officers FOR EACH ROW EXECUTE FUNCTION wait();";
    batch(&to, stop).await;
    let mut held = to.write().await;
    if let Conn::Pg(c) = &mut held {
        c.batch_execute("SELECT pg_advisory_lock(77)").await.unwrap();
    }
    let arguments = ["migrate", "--from", &from.url, "--to", &to.url];
    let mut first = Program::start(from.folder(), &arguments, &[]);
    eventually("the move to be under way", async || first_tables(&first.logged())).await;
    first.kill();
    if let Conn::Pg(c) = &mut held {
        c.batch_execute("SELECT pg_advisory_unlock(77)").await.unwrap();
    }
    drop(held);
    batch(&to, "DROP TRIGGER wait ON officers").await;
    // Its connection ends a moment after it.
    let done = eventually("the second to be let in", async || Some(run(from.folder(), &arguments).await).filter(|ended| ended.code != Some(2))).await;
    assert!(done.code == Some(0) && done.out.contains("are the same in both") && done.out.contains("files.dir"), "{done:?}");
    assert!(done.err.contains("moved officers: 1 of 1 rows") && done.err.contains("compared officers"), "{done:?}");
    let again = run(from.folder(), &arguments).await;
    assert!(again.code == Some(2) && again.err.contains("must be empty"), "{again:?}");
    let verified = run(from.folder(), &[&arguments[..], &["--verify"]].concat()).await;
    assert!(verified.code == Some(0) && !verified.out.contains("database.url"), "{verified:?}");
    batch(&to, "UPDATE officers SET name = 'Somebody else'").await;
    let verified = run(from.folder(), &[&arguments[..], &["--verify"]].concat()).await;
    assert!(verified.code == Some(1) && verified.out.contains("DIFFERS") && verified.err.contains("not what SQLite has"), "{verified:?}");
}

fn first_tables(logged: &str) -> Option<()> {
    logged.contains("moved areas").then_some(())
}

/// What residents and officers began on SQLite goes on over PostgreSQL.
#[tokio::test(flavor = "multi_thread")]
async fn the_talk_goes_on() {
    let (from, to) = (TestDb::sqlite().await, TestDb::postgres().await);
    let t = TestApp::start(&from).await;
    t.add_resident(&from, "Ann Archer", &["+447700900101", "ann@example.org"], &[]).await;
    t.add_resident(&from, "Bob", &["+447700900102"], &[]).await;
    let mut officer = t.officer("owner@force.example").await;
    let reference = t.publish(&mut officer, "White van", "Did you see a white van?").await;
    let number = t.wait_for_texts("+447700900101", 1).await[0].0.clone();
    let bobs = t.wait_for_texts("+447700900102", 1).await[0].0.clone();
    t.text("+447700900101", &number, "Yes, by the steeple at nine").await;
    t.text("+447700900102", &bobs, "STOP").await;
    let key = t.key(&["inbox", "alerts"]).await;
    t.wait_for_conversations(&key, &reference, 1).await;
    eventually("the confirmation", async || (t.texts("+447700900102").await.len() == 2).then_some(())).await;
    t.stop().await;
    let moved = move_all(&from, &to).await.unwrap();
    for table in ["alerts", "deliveries", "envelopes", "conversations", "messages", "suppressions", "search_entries", "search_words", "audit_log"] {
        assert!(moved.iter().any(|moved| moved.table == table && moved.to.rows > 0), "{table} is empty: {moved:?}");
    }

    let t = TestApp::start_on_moved(&to, &from).await;
    let mut officer = t.officer("owner@force.example").await;
    let list = officer.get("/inbox").await;
    assert!(list.body.contains("by the steeple at nine"), "{}", list.body);
    let conversation = t.wait_for_conversations(&key, &reference, 1).await.remove(0);
    let id = conversation["id"].as_str().unwrap().to_owned();
    assert_eq!(officer.get(&format!("/inbox/{id}")).await.status, 200);
    let found = officer.get("/inbox/search?q=steeple").await;
    assert!(found.status == 200 && found.body.contains(&id), "{}", found.body);
    // The pair leads the next text to the same conversation.
    t.text("+447700900101", &number, "It went towards Bakewell").await;
    eventually("the next text in the same conversation", async || {
        let list = t.wait_for_conversations(&key, &reference, 1).await;
        let messages = list[0]["messages"].as_array().unwrap();
        (messages.len() >= 2 && messages.iter().any(|message| message["text"] == "It went towards Bakewell")).then_some(())
    })
    .await;
    // Who left stays out, and who leaves now is out.
    t.text("+447700900101", &number, "STOP").await;
    t.wait_for_texts("+447700900101", 1).await;
    let second = t.publish(&mut officer, "Blue van", "Did you see a blue van?").await;
    eventually("the second alert to be settled", async || {
        let status = t.api(&key, &format!("/api/v1/alerts/{second}")).await;
        (status["deliveries"]["email"]["accepted"] == json!(1)).then_some(())
    })
    .await;
    assert!(!t.texts("+447700900101").await.iter().chain(&t.texts("+447700900102").await).any(|(_, text)| text.contains("blue van")));
    t.stop().await;
}
