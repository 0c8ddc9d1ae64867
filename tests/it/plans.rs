//! Query plans on many rows: the product runs, PostgreSQL itself tells every plan that it chose (auto_explain), and none may
//! read a large table from end to end; what goes by chunks may not step over many rows for a few. No statement is written again
//! here.
//!
//! `make test` fills a few hundred thousand rows, `make soak` five million deliveries and all that hangs on them.

use std::collections::{BTreeMap, BTreeSet};

use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use huecry::domain::alert::{AlertStatus, Hold};
use huecry::domain::delivery::Status;
use huecry::privacy::{months, retention};
use huecry::store::{Conn, alert_holds, deliveries, outbox};
use regex::Regex;
use serde_json::Value;

use crate::support::app::{POOL, TestApp, eventually};
use crate::support::db::TestDb;

/// A table of this many rows is not read from end to end for one page or one batch.
const LARGE: i64 = 4_000;

/// What may read all of a large table: a part of the statement, the table, why.
const MAY: &[(&str, &str, &str)] = &[
    ("FROM resident_areas ra JOIN residents r", "resident", "how many live in each area, on the form for a new alert: that is everybody"),
    ("AS due LIMIT 100000) AS counted", "deliveries_", "what falls due in thirty days is a month, counted up to a limit"),
    ("AS due LIMIT 100000) AS counted", "envelopes_", "likewise"),
];

async fn batch(db: &TestDb, sql: &str) {
    let Conn::Pg(c) = &mut db.write().await else { panic!("plans are PostgreSQL's") };
    c.batch_execute(sql).await.unwrap();
}

async fn fill(db: &TestDb, rows: usize) {
    let now = chrono::Utc::now().naive_utc().format("%Y-%m-%d %H:%M:%S").to_string();
    batch(db, &include_str!("plans/fill.sql").replace(":rows", &rows.to_string()).replace(":now", &now)).await;
}

#[derive(diesel::QueryableByName)]
struct Table {
    #[diesel(sql_type = diesel::sql_types::Text)]
    name: String,
}

async fn large_tables(db: &TestDb) -> BTreeSet<String> {
    let Conn::Pg(c) = &mut db.write().await else { panic!("plans are PostgreSQL's") };
    let query = format!("SELECT relname::text AS name FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND reltuples >= {LARGE}");
    diesel::sql_query(query).load::<Table>(&mut **c).await.unwrap().into_iter().map(|table| table.name).collect()
}

/// Makes the server write down each plan of this database from now on, for connections that are opened from now on.
async fn tell_plans(db: &TestDb) {
    let name = db.url.rsplit('/').next().unwrap();
    let settings = [
        "session_preload_libraries = 'auto_explain'",
        "auto_explain.log_min_duration = 0",
        "auto_explain.log_format = 'json'",
        "auto_explain.log_analyze = on",
        "auto_explain.log_timing = off",
    ];
    batch(db, "LOAD 'auto_explain'").await;
    for setting in settings {
        batch(db, &format!("ALTER DATABASE \"{name}\" SET {setting}")).await;
    }
}

/// A statement as the product sent it, and its plan.
struct Plan {
    text: String,
    plan: Value,
}

/// Everything in the server's log since `from` bytes of it. Only the database of this test tells its plans.
fn plans_since(from: u64) -> Vec<Plan> {
    let log = std::fs::read(log_file()).unwrap();
    let log = String::from_utf8_lossy(&log[usize::try_from(from).unwrap().min(log.len())..]).into_owned();
    let entry = Regex::new(r"(?m)^[^\t\n].*duration: .* ms  plan:\n((?:\t.*\n)+)").unwrap();
    let entries = entry.captures_iter(&log);
    entries
        .filter_map(|found| serde_json::from_str::<Value>(&found[1]).ok())
        .map(|told| Plan { text: told["Query Text"].as_str().unwrap().to_owned(), plan: told["Plan"].clone() })
        .collect()
}

fn log_file() -> std::path::PathBuf {
    std::path::PathBuf::from(std::env::var_os("HUECRY_TEST_DIR").expect("`scripts/services run` says where the server's log is")).join("pg.log")
}

fn nodes(plan: &Value, seen: &mut Vec<(String, String)>) {
    if let (Some(kind), Some(table)) = (plan["Node Type"].as_str(), plan["Relation Name"].as_str()) {
        seen.push((kind.to_owned(), table.to_owned()));
    }
    for below in plan["Plans"].as_array().into_iter().flatten() {
        nodes(below, seen);
    }
}

/// A number of a plan; some versions of PostgreSQL write fractions.
fn number(plan: &Value, name: &str) -> u64 {
    format!("{:.0}", plan[name].as_f64().unwrap_or(0.0)).parse().unwrap()
}

/// How many rows were read and passed over.
fn passed_over(plan: &Value) -> u64 {
    let here = (number(plan, "Rows Removed by Filter") + number(plan, "Rows Removed by Index Recheck")) * number(plan, "Actual Loops").max(1);
    here + plan["Plans"].as_array().into_iter().flatten().map(passed_over).sum::<u64>()
}

/// How many rows were sorted.
fn sorted(plan: &Value) -> u64 {
    let below = || plan["Plans"].as_array().into_iter().flatten();
    let here = if plan["Node Type"] == "Sort" { below().map(|below| number(below, "Actual Rows")).sum() } else { 0 };
    here + below().map(sorted).sum::<u64>()
}

impl Plan {
    fn nodes(&self) -> Vec<(String, String)> {
        let mut seen = Vec::new();
        nodes(&self.plan, &mut seen);
        seen
    }

    /// The large tables that it reads from end to end without leave.
    fn read_through(&self, large: &BTreeSet<String>) -> Vec<String> {
        let may = |table: &str| MAY.iter().any(|(part, of, _)| self.text.contains(part) && table.starts_with(of));
        let through = |(kind, table): &(String, String)| kind == "Seq Scan" && large.contains(table) && !may(table);
        self.nodes().into_iter().filter(through).map(|(_, table)| table).collect()
    }

    /// The months of a table that it looks into.
    fn months_of(&self, table: &str) -> BTreeSet<String> {
        let month = Regex::new(&format!(r"^{table}_\d{{4}}_\d\d$")).unwrap();
        self.nodes().into_iter().map(|(_, table)| table).filter(|table| month.is_match(table)).collect()
    }
}

/// A day of the product, in small: an alert, an answer, STOP, receipts, every list an officer opens, a round of each worker.
async fn a_day(db: &TestDb, t: &TestApp) {
    t.add_resident(db, "Ann Archer", &["+447700900101", "ann@example.org"], &["cctv-owners"]).await;
    t.add_resident(db, "Bob", &["+447700900102"], &[]).await;
    let mut officer = t.officer("owner@force.example").await;
    let reference = t.publish(&mut officer, "White van", "Did you see a white van?").await;
    let from = t.wait_for_texts("+447700900101", 1).await[0].0.clone();
    t.text("+447700900101", &from, "Yes, AB12 CDE, by the church at nine").await;
    let key = t.key(&["inbox", "alerts"]).await;
    let conversation = t.wait_for_conversations(&key, &reference, 1).await.remove(0);
    let mail = t.wait_for_mails("ann@example.org", 1).await.remove(0);
    t.mail("ann@example.org", serde_json::json!({ "mail_id": mail["id"], "text": "Also a red car" })).await;
    t.text("+447700900102", POOL[0], "STOP").await;
    let id = conversation["id"].as_str().unwrap();
    for page in [
        "/inbox".to_owned(),
        "/inbox?view=team".to_owned(),
        "/inbox?view=closed".to_owned(),
        format!("/inbox/{id}"),
        "/inbox/search?q=church".to_owned(),
        "/inbox/search?q=%22red+car%22+-blue".to_owned(),
        "/inbox/search?found=plate%3AAB12CDE".to_owned(),
        "/alerts".to_owned(),
        format!("/alerts/{reference}"),
    ] {
        let answer = officer.get(&page).await;
        assert_eq!(answer.status, 200, "{page}: {}", answer.body);
    }
    for (who, pages) in [("press@force.example", &["/press"][..]), ("admin@force.example", &["/admin", "/admin/channels", "/admin/audit"])] {
        let mut client = t.officer(who).await;
        for page in pages {
            assert_eq!(client.get(page).await.status, 200, "{page}");
        }
    }
    eventually("the receipts", async || {
        let status = t.api(&key, &format!("/api/v1/alerts/{reference}")).await;
        (status["deliveries"]["sms"]["delivered"] == 2).then_some(())
    })
    .await;
}

/// A large alert under way on a channel of its own, by the same functions as the workers use.
async fn a_batch(t: &TestApp) {
    for _ in 0..3 {
        let mut conn = t.app.write().await.unwrap();
        let claimed = conn.transaction_by_index(async |conn| outbox::take(conn, "bulk", "w", 100, 60_000, &[], t.app.now()).await).await.unwrap();
        assert_eq!(claimed.leaving.len(), 100);
        let sent: Vec<i64> = claimed.leaving.iter().map(|row| row.id).collect();
        let accepted: Vec<(i64, String)> = sent.iter().map(|id| (*id, format!("SM{id}"))).collect();
        let sources = outbox::Sources::of(claimed.leaving.iter().map(|row| row.source_id));
        let recorded: diesel::QueryResult<()> =
            conn.transaction_by_index(async |conn| outbox::record_accepted(conn, &accepted, sources, t.app.now()).await).await;
        recorded.unwrap();
        outbox::advance(&mut conn, &sent, Status::Delivered, None, None, t.app.now()).await.unwrap();
        let names: Vec<String> = accepted.iter().map(|(_, name)| name.clone()).collect();
        assert_eq!(deliveries::find_by_provider_ids(&mut conn, &names, t.app.now()).await.unwrap().len(), 100);
    }
}

/// So many of one alert wait, which is most of its month.
const BIG: usize = 20_000;
/// They are moved by so many at a time.
const STEP: i64 = 500;

/// One alert of most rows on a channel of its own: held, let go on, taken back, hushed, expired, claimed; and a round of disposal.
async fn a_big_alert(db: &TestDb, t: &TestApp) {
    let alert = db.add_alert(t.owner.id, &[]).await;
    let (id, made) = (alert.id, alert.created_at.naive());
    batch(
        db,
        &format!(
            "INSERT INTO deliveries (id, purpose, source_id, alert_id, match_key, address, channel_kind, channel, sender, priority, status, token, rank, attempts, \
             next_attempt_at, created_at, expires_at) SELECT {id} + n, 'alert', {id}, {id}, sha256(int8send(n)), '+45' || n, 'sms', 'big', '+447700900010', 30, 'queued', \
             md5('big' || n), 0, 0, timestamp '{made}', timestamp '{made}', timestamp '{made}' + CASE WHEN n % 4 = 0 THEN interval '-1 second' ELSE interval '1 day' END \
             FROM generate_series(1, {BIG}) n; ANALYZE deliveries"
        ),
    )
    .await;
    let (now, since) = (t.app.now(), t.app.now().minus_days(30));
    let mut conn = t.app.write().await.unwrap();
    assert_eq!(outbox::expire(&mut conn, "big", now).await.unwrap(), 1_000);
    assert!(alert_holds::is_loud(&mut conn, "routine", since).await.unwrap());
    alert_holds::hush(&mut conn, "routine", since, now).await.unwrap();
    for hold in [Some(Hold::Paused), None, Some(Hold::TakenBack), None] {
        let status = if hold == Some(Hold::TakenBack) { AlertStatus::TakenBack } else { AlertStatus::Live };
        alert_holds::set(&mut conn, id, hold, status, now).await.unwrap();
        for _ in 0..4 {
            // The workers move others of them at the same time.
            let moved: diesel::QueryResult<usize> = conn.transaction(async |conn| alert_holds::settle(conn, id, STEP, now).await).await;
            moved.unwrap();
        }
        alert_holds::any_waits(&mut conn, id).await.unwrap();
    }
    alert_holds::note_stray(&mut conn, since).await.unwrap();
    deliveries::list_doubtful(&mut conn, id, 500).await.unwrap();
    deliveries::count_doubtful(&mut conn, id).await.unwrap();
    drop(conn);
    retention::run(&t.app).await.unwrap();
}

/// A few wait among many that may not leave: for a domain that is full, or for a later attempt.
async fn a_backlog(db: &TestDb, t: &TestApp) {
    let alert = db.add_alert(t.owner.id, &[]).await;
    let (id, made, few) = (alert.id, alert.created_at.naive(), BIG / 100);
    batch(
        db,
        &format!(
            "INSERT INTO deliveries (id, purpose, source_id, alert_id, match_key, address, channel_kind, channel, sender, priority, status, token, rank, attempts, \
             next_attempt_at, created_at, queue) SELECT {id} + 1000000 + n, 'alert', {id}, {id}, sha256(int8send(-n)), 'p' || n || '@full.example', 'email', 'narrow', 'us', 30, \
             'queued', md5('narrow' || n), 0, 0, timestamp '{made}' + CASE WHEN n % 100 >= 50 THEN interval '1 hour' ELSE interval '0' END, timestamp '{made}', \
             CASE WHEN n % 100 = 0 THEN '' WHEN n % 100 < 50 THEN '@full.example' ELSE 'later' END FROM generate_series(1, {BIG}) n; ANALYZE deliveries"
        ),
    )
    .await;
    let (now, mut conn) = (t.app.now(), t.app.write().await.unwrap());
    for left in [few - 60, few - 120] {
        assert_eq!(outbox::bring_due(&mut conn, "narrow", &["full.example".into()], 1_000, now).await.unwrap(), 0);
        let taken = conn.transaction_by_index(async |conn| outbox::take(conn, "narrow", "w", 60, 60_000, &[], now).await).await.unwrap();
        assert_eq!(taken.leaving.len(), 60, "{left} more wait");
    }
    let free = [outbox::Apart { queue: outbox::queue_of("full.example"), places: 2 }];
    let taken = conn.transaction_by_index(async |conn| outbox::take(conn, "narrow", "w", 60, 60_000, &free, now).await).await.unwrap();
    assert_eq!(taken.leaving.len(), 60);
    assert!(outbox::next_due(&mut conn, "narrow").await.unwrap().is_some_and(|due| due > now));
    assert_eq!(outbox::next_queue(&mut conn, "narrow", "").await.unwrap().as_deref(), Some("@full.example"));
    assert_eq!(outbox::bring_due(&mut conn, "narrow", &["full.example".into()], 100, now.plus_ms(3_700_000)).await.unwrap(), 100);
}

/// Parts of statements that take a few of many, and how many rows they may pass over or sort for it.
const FEW: &[(&str, u64)] = &[
    ("SET status = 'held'", 2 * 500),
    ("SET status = 'cancelled'", 2 * 500),
    ("SET status = CASE", 2 * 500),
    ("SET hold = 'quiet'", 2_000),
    ("(status = 'publishing' OR EXISTS", 2_000),
    ("NOT unsettled", 2_000),
    ("status IN ('queued', 'leased', 'held') LIMIT 1", 100),
    ("COALESCE(error_code, '') <> 'no_receipt'", 100),
    // A claim; and what falls due, or will.
    ("AND status IN ('queued', 'leased') AND (next_attempt_at <=", 200),
    ("queue = 'later'", 100),
    ("min(\"deliveries\".\"queue\")", 100),
    // A quarter is past its time.
    ("status IN ('queued', 'leased') AND expires_at", 20_000),
    ("FROM deliveries d WHERE d.finished_at IS NULL", 1_000),
];

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_the_product_asks_reads_a_large_table_from_end_to_end() {
    let rows = if std::env::var_os("HUECRY_SOAK").is_some() { 5_000_000 } else { 240_000 };
    let db = TestDb::postgres().await;
    fill(&db, rows).await;
    let large = large_tables(&db).await;
    for table in ["messages", "conversations", "envelopes_", "deliveries_", "search_words", "addresses", "attempts_", "receipts_", "audit_log"] {
        assert!(large.iter().any(|name| name.starts_with(table)), "{table} is not large here: {large:?}");
    }
    let from = std::fs::metadata(log_file()).unwrap().len();
    tell_plans(&db).await;
    let t = TestApp::start(&db).await;
    a_day(&db, &t).await;
    a_batch(&t).await;
    a_big_alert(&db, &t).await;
    a_backlog(&db, &t).await;
    retention::look(&t.app).await.unwrap();
    months::look_ahead(&t.app).await.unwrap();
    // A statement that does read through, so that a test that sees nothing is seen itself.
    let planted = "SELECT COUNT(*) AS planted FROM messages WHERE text LIKE '%planted%'";
    if let Conn::Pg(c) = &mut t.app.read().await.unwrap() {
        diesel::sql_query(planted).execute(&mut **c).await.unwrap();
    }
    t.stop().await;

    let plans = plans_since(from);
    for part in ["SKIP LOCKED", "INSERT INTO envelope_keys", "provider_message_id", "lexemes @@", "place", "pair_holds", "audit_log", "suppressions"] {
        assert!(plans.iter().any(|plan| plan.text.contains(part)), "no plan of a statement with {part}: {} plans", plans.len());
    }
    let mut through: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for plan in &plans {
        let tables = plan.read_through(&large);
        if !tables.is_empty() {
            through.insert(&plan.text, tables);
        }
    }
    assert_eq!(through.remove(planted), Some(vec!["messages".to_owned()]), "the planted statement was not seen");
    let told: Vec<String> = through.iter().map(|(text, tables)| format!("{}\n    {text}", tables.join(", "))).collect();
    assert!(told.is_empty(), "read from end to end:\n{}", told.join("\n"));

    for (part, most) in FEW {
        // A count up to a limit reads that many.
        let found: Vec<&Plan> = plans.iter().filter(|plan| plan.text.contains(part) && !plan.text.contains("AS counted")).collect();
        assert!(!found.is_empty(), "no plan with {part}");
        for plan in found {
            let (passed_over, sorted) = (passed_over(&plan.plan), sorted(&plan.plan));
            assert!(passed_over <= *most && sorted <= *most, "{passed_over} rows passed over and {sorted} sorted by {}\n{:#}", plan.text, plan.plan);
        }
    }

    // What knows when looks into the months of then, and no others.
    for (part, table, most) in [
        ("\"deliveries\".\"provider_message_id\" = ANY", "deliveries", 9),
        ("\"receipts\".\"provider_message_id\" = ANY", "receipts", 5),
        ("source_id = $1 AND purpose = 'alert'", "deliveries", 1),
        ("\"deliveries\".\"sender\" = $2", "deliveries", 9),
    ] {
        let found: Vec<&Plan> =
            plans.iter().filter(|plan| plan.text.contains(part) && plan.text.starts_with("SELECT") && !plan.text.contains(" < $")).collect();
        assert!(!found.is_empty(), "no plan with {part}");
        for plan in found {
            let months = plan.months_of(table);
            assert!(!months.is_empty() && months.len() <= most, "{} looks into {months:?}", plan.text);
        }
    }
}

/// How many rows came within the last moment.
const FRESH: usize = 20_000;

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_that_came_a_moment_ago_is_taken_by_its_index() {
    let db = TestDb::postgres().await;
    let from = std::fs::metadata(log_file()).unwrap().len();
    tell_plans(&db).await;
    let t = TestApp::start(&db).await;
    // The server's own housekeeping would learn of them within the minute.
    batch(
        &db,
        "DO $$ DECLARE month regclass; BEGIN FOR month IN SELECT inhrelid FROM pg_inherits WHERE inhparent = 'deliveries'::regclass LOOP \
         EXECUTE format('ALTER TABLE %s SET (autovacuum_enabled = false)', month); END LOOP; END $$",
    )
    .await;
    let alert = db.add_alert(t.owner.id, &[]).await;
    let (id, made, from_number) = (alert.id, alert.created_at.naive(), POOL[0]);
    batch(
        &db,
        &format!(
            "INSERT INTO deliveries (id, purpose, source_id, alert_id, match_key, address, channel_kind, channel, sender, priority, status, token, rank, attempts, \
             next_attempt_at, created_at) SELECT {id} + n, 'alert', {id}, {id}, sha256(int8send(n)), '+447' || lpad(n::text, 9, '0'), 'sms', 'sms', '{from_number}', 30, \
             'queued', md5('fresh' || n), 0, 0, timestamp '{made}', timestamp '{made}' FROM generate_series(1, {FRESH}) n"
        ),
    )
    .await;
    let taken = "SELECT COUNT(*)::text AS name FROM deliveries WHERE status IN ('accepted', 'delivered')";
    eventually("some of them to leave", async || {
        let Conn::Pg(c) = &mut db.read().await else { panic!("plans are PostgreSQL's") };
        let count = diesel::sql_query(taken).get_result::<Table>(&mut **c).await.unwrap().name;
        (count.parse::<usize>().unwrap() >= 300).then_some(())
    })
    .await;
    t.stop().await;
    let plans = plans_since(from);
    for part in ["AND queue = $", "SET \"status\" = $1, \"rank\" = $2, \"attempts\"", "SET provider_message_id"] {
        let found: Vec<&Plan> = plans.iter().filter(|plan| plan.text.contains(part)).collect();
        assert!(!found.is_empty(), "no plan with {part}");
        for plan in found {
            let (passed_over, sorted) = (passed_over(&plan.plan), sorted(&plan.plan));
            assert!(passed_over <= 200 && sorted <= 200, "{passed_over} rows passed over and {sorted} sorted by {}\n{:#}", plan.text, plan.plan);
            let months = plan.months_of("deliveries");
            assert!(part.contains("queue") || months.len() == 1, "{} looks into {months:?}", plan.text);
        }
    }
}
