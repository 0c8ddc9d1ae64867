//! PostgreSQL's months: made ahead, with room for whatever comes early, uniqueness across them, disposed of whole.

use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Text};
use diesel_async::RunQueryDsl;
use huecry::domain::delivery::Status;
use huecry::domain::retention::Kept;
use huecry::domain::{At, Ids};
use huecry::privacy::{months as keeping, retention};
use huecry::store::deliveries::{self, AttemptRow, DeliveryRow};
use huecry::store::months::{self, AHEAD, BY_MONTH};
use huecry::store::{Conn, envelopes, forgotten_files, messages, migrate, notices, outbox, receipts};

use crate::support::app::{TestApp, eventually};
use crate::support::db::TestDb;
use crate::support::now;

#[derive(QueryableByName)]
struct Fact {
    #[diesel(sql_type = Text)]
    word: String,
    #[diesel(sql_type = BigInt)]
    n: i64,
}

async fn facts(db: &TestDb, sql: &str) -> Vec<Fact> {
    let Conn::Pg(c) = &mut db.write().await else { panic!("only PostgreSQL has months") };
    diesel::sql_query(sql).load(&mut **c).await.unwrap()
}

async fn execute(db: &TestDb, sql: &str) {
    let Conn::Pg(c) = &mut db.write().await else { panic!("only PostgreSQL has months") };
    diesel::sql_query(sql).execute(&mut **c).await.unwrap();
}

fn at(text: &str) -> At {
    At::from(text.parse::<chrono::DateTime<chrono::Utc>>().unwrap())
}

async fn names(db: &TestDb, table: &str) -> Vec<String> {
    let by = BY_MONTH.iter().find(|by| by.table == table).unwrap();
    months::list(&mut db.read().await, by).await.unwrap().into_iter().map(|month| month.name).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_coming_months_are_made_by_migrating_and_by_the_workers_each_once() {
    let db = TestDb::bare_postgres().await;
    migrate::run(&db.url).await.unwrap();
    for by in BY_MONTH {
        let made = months::list(&mut db.read().await, by).await.unwrap();
        assert_eq!(made.len(), usize::try_from(AHEAD).unwrap() + 1, "{made:?}");
    }
    // A start two months later; many nodes at once.
    let later = at("2027-12-15T12:00:00Z");
    let nodes: Vec<_> = (0..4)
        .map(|_| {
            let pool = db.db.clone();
            tokio::spawn(async move { months::make_ahead(&mut pool.write().await.unwrap(), later).await.unwrap() })
        })
        .collect();
    let mut made = 0;
    for node in nodes {
        made += node.await.unwrap();
    }
    assert_eq!(made, i64::from(AHEAD + 1) * i64::try_from(BY_MONTH.len()).unwrap());
    let found = names(&db, "deliveries").await;
    for name in ["deliveries_2027_12", "deliveries_2028_01", "deliveries_2028_03"] {
        assert!(found.contains(&name.to_owned()), "{found:?}");
    }
    let by = &BY_MONTH[0];
    for month in months::list(&mut db.read().await, by).await.unwrap() {
        let first = at(&format!("{}-01T00:00:00Z", month.name.trim_start_matches("deliveries_").replace('_', "-")));
        let next = At::from(first.utc().checked_add_months(chrono::Months::new(1)).unwrap());
        assert_eq!((month.low, month.high), (Ids::floor(first), Ids::floor(next)), "{}", month.name);
    }
    let untended = "SELECT c.relname::text AS word, 1::bigint AS n FROM pg_class c WHERE c.relispartition AND c.relkind = 'r' \
         AND c.relname ~ '_\\d{4}_\\d\\d$' AND NOT ('autovacuum_vacuum_scale_factor=0.02' = ANY(COALESCE(c.reloptions, '{}')))";
    assert!(facts(&db, untended).await.is_empty(), "a month without settings for vacuum");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_before_its_month_was_made_is_kept_told_and_put_right() {
    let db = TestDb::postgres().await;
    let t = TestApp::start_with(&db, "", false).await;
    let alert = db.add_alert(t.owner.id, &[]).await;
    let mut early = db.new_delivery(&alert, "07700 900101");
    (early.source_id, early.alert_id) = (Ids::floor(at("2031-05-20T00:00:00Z")), None);
    deliveries::insert(&mut db.write().await, vec![early.clone(), db.new_delivery(&alert, "07700 900102")]).await.unwrap();
    assert_eq!(facts(&db, "SELECT '' AS word, COUNT(*) AS n FROM deliveries_default").await[0].n, 1);
    assert!(notices::list_standing(&mut db.read().await, 10).await.unwrap().is_empty());

    keeping::look_ahead(&t.app).await.unwrap();
    assert_eq!(facts(&db, "SELECT '' AS word, COUNT(*) AS n FROM deliveries_default").await[0].n, 0);
    assert_eq!(facts(&db, "SELECT '' AS word, COUNT(*) AS n FROM deliveries_2031_05").await[0].n, 1);
    assert!(deliveries::find(&mut db.read().await, early.id).await.unwrap().is_some());
    let told = notices::list_standing(&mut db.read().await, 10).await.unwrap();
    assert!(told.len() == 1 && told[0].kind == "without_month" && told[0].detail.contains("1 rows of deliveries"), "{told:?}");
    let page = t.officer("admin@force.example").await.get("/admin").await.body;
    assert!(page.contains("Rows without a month"), "{page}");
    keeping::look_ahead(&t.app).await.unwrap();
    assert_eq!(notices::list_standing(&mut db.read().await, 10).await.unwrap()[0].times, 1, "it is told once");
    t.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_address_has_one_delivery_of_a_source_whenever_it_is_made_again() {
    let db = TestDb::postgres().await;
    let owner = db.add_officer("owner@force.example").await;
    let alert = db.add_alert(owner.id, &[]).await;
    let first = db.new_delivery(&alert, "07700 900101");
    // The same again at the turn of the month: another id, another token.
    let again = DeliveryRow { id: db.id_at(now().plus_ms(20 * 86_400_000)), ..db.new_delivery(&alert, "07700 900101") };
    let mut conn = db.write().await;
    assert_eq!(deliveries::insert(&mut conn, vec![first.clone()]).await.unwrap(), 1);
    assert_eq!(deliveries::insert(&mut conn, vec![again]).await.unwrap(), 0);
    let claimed = conn.transaction(async |conn| outbox::claim(conn, "sms", "w", 10, 60_000, now()).await).await.unwrap();
    assert_eq!(claimed.leaving.iter().map(|row| row.id).collect::<Vec<_>>(), [first.id]);
}

/// A year of deliveries and receipts that ended long ago, in months of their own.
struct Old {
    alert: huecry::store::alerts::AlertRow,
    when: At,
    deliveries: Vec<DeliveryRow>,
}

async fn old(t: &TestApp, db: &TestDb, when: At, count: u32) -> Old {
    for by in BY_MONTH {
        facts(db, &format!("SELECT '' AS word, add_month('{}', '{}', date_trunc('month', timestamp '{}'))::int::bigint AS n", by.table, by.key, when.naive()))
            .await;
    }
    // A generator's ids only rise; these are of long ago.
    let alert = huecry::store::alerts::AlertRow { id: Ids::floor(when), ..db.new_alert(t.owner.id) };
    huecry::store::alerts::insert(&mut db.write().await, &alert, Vec::new(), &[], &[]).await.unwrap();
    let row = |n: u32| DeliveryRow {
        id: Ids::floor(when) + i64::from(n),
        status: Status::Delivered.as_str().into(),
        provider_message_id: Some(format!("SM{}-{n}", when.unix_ms())),
        sending_at: Some(when),
        finished_at: Some(when),
        created_at: when,
        ..db.new_delivery(&alert, &format!("07700 9{:05}", 300 + n))
    };
    let rows: Vec<DeliveryRow> = (0..count).map(row).collect();
    deliveries::insert(&mut db.write().await, rows.clone()).await.unwrap();
    let attempt = |row: &DeliveryRow| AttemptRow {
        id: row.id,
        delivery_id: row.id,
        number: 1,
        outcome: "accepted".into(),
        provider_message_id: None,
        error_code: None,
        error_detail: None,
        finished_at: when,
    };
    deliveries::insert_attempts(&mut db.write().await, rows.iter().map(attempt).collect()).await.unwrap();
    Old { alert, when, deliveries: rows }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_month_past_its_time_is_dropped_and_what_must_stay_stays_in_it() {
    let db = TestDb::postgres().await;
    let t = TestApp::start_with(&db, "", false).await;
    let when = t.app.now().minus_days(900);
    let young = t.app.now().minus_days(600);
    let (gone, kept) = (old(&t, &db, when, 6).await, old(&t, &db, young, 3).await);
    let month = format!("deliveries_{}", gone.when.naive().format("%Y_%m"));
    // One is an answer in a conversation that stands.
    let correspondent = db.add_correspondent("07700 900300").await;
    let talk = db.add_conversation(Some(gone.alert.id), correspondent.id).await;
    let mut answer = db.new_message(talk.id, "Thank you", when);
    (answer.direction, answer.delivery_id) = ("out".into(), Some(gone.deliveries[0].id));
    messages::insert(&mut db.write().await, &answer).await.unwrap();
    let whole = facts(&db, &format!("SELECT '' AS word, '{month}'::regclass::oid::bigint AS n")).await[0].n;

    // Whole months and single rows go by the same rule.
    let cut = huecry::domain::retention::cutoff(t.app.now(), 24).unwrap();
    let due = huecry::store::retention::list_due(&mut db.read().await, Kept::Deliveries, cut, 100, &[]).await.unwrap();
    assert_eq!(due, gone.deliveries[1..].iter().map(|row| row.id).collect::<Vec<_>>());
    let done = retention::run(&t.app).await.unwrap();
    assert!(done.iter().any(|gone| gone.kind.as_str() == "deliveries" && gone.count == 5), "{done:?}");
    assert_ne!(facts(&db, &format!("SELECT '' AS word, '{month}'::regclass::oid::bigint AS n")).await[0].n, whole, "the month's table is a new one");
    let mut conn = db.read().await;
    assert!(deliveries::find(&mut conn, gone.deliveries[0].id).await.unwrap().is_some(), "the conversation's answer stays");
    assert_eq!(deliveries::list_attempts(&mut conn, gone.deliveries[0].id).await.unwrap().len(), 1);
    for row in &gone.deliveries[1..] {
        assert!(deliveries::find(&mut conn, row.id).await.unwrap().is_none());
        assert!(deliveries::list_attempts(&mut conn, row.id).await.unwrap().is_empty());
    }
    for row in &kept.deliveries {
        assert!(deliveries::find(&mut conn, row.id).await.unwrap().is_some(), "the younger month is not touched");
    }
    // What stays is found as before, and nothing can double beside it.
    let id = gone.deliveries[0].provider_message_id.clone().unwrap();
    assert_eq!(deliveries::find_by_provider_ids(&mut conn, &[id], t.app.now()).await.unwrap().len(), 1);
    drop(conn);
    assert_eq!(deliveries::insert(&mut db.write().await, vec![DeliveryRow { id: db.id(), token: "t".into(), ..gone.deliveries[0].clone() }]).await.unwrap(), 0);
    let told = facts(
        &db,
        "SELECT detail::text AS word, 1::bigint AS n FROM audit_log WHERE action = 'retention.dispose' AND detail::text LIKE '%\"month\"%' ORDER BY id",
    )
    .await;
    assert!(
        told.iter().any(|entry| entry.word.contains(&month) && entry.word.contains("\"count\":5") && entry.word.contains("\"kept\":1")),
        "{:?}",
        told.iter().map(|entry| &entry.word).collect::<Vec<_>>()
    );

    // When the conversation is gone too, the month has nothing left and goes altogether.
    execute(&db, "DELETE FROM messages").await;
    execute(&db, "DELETE FROM conversations").await;
    t.app.clock().advance_ms(8 * 86_400_000);
    retention::run(&t.app).await.unwrap();
    assert!(!names(&db, "deliveries").await.contains(&month));
    let again = retention::run(&t.app).await.unwrap();
    assert!(again.iter().all(|gone| gone.count == 0), "{again:?}");
    t.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_month_of_mail_goes_whole_though_nobody_told_of_it() {
    let db = TestDb::postgres().await;
    let t = TestApp::start_with(&db, "", false).await;
    let mail = old(&t, &db, t.app.now().minus_days(900), 6).await;
    execute(&db, "UPDATE deliveries SET status = 'accepted', finished_at = NULL, channel_kind = 'email'").await;
    let month = format!("deliveries_{}", mail.when.naive().format("%Y_%m"));
    let done = retention::run(&t.app).await.unwrap();
    assert!(done.iter().any(|gone| gone.kind.as_str() == "deliveries" && gone.count == 6), "{done:?}");
    assert!(!names(&db, "deliveries").await.contains(&month));
    assert_eq!(facts(&db, "SELECT '' AS word, COUNT(*) AS n FROM attempts").await[0].n, 0);
    t.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_month_of_which_too_much_must_stay_is_read_once_a_week() {
    let db = TestDb::postgres().await;
    let t = TestApp::start_with(&db, "", false).await;
    let kept = old(&t, &db, t.app.now().minus_days(900), 3).await;
    let name = format!("deliveries_{}", kept.when.naive().format("%Y_%m"));
    execute(&db, "UPDATE deliveries SET status = 'held'").await;
    retention::run(&t.app).await.unwrap();
    let month = months::list(&mut db.read().await, &BY_MONTH[0]).await.unwrap().into_iter().find(|month| month.name == name).unwrap();
    let until = months::looked_until(&mut db.read().await, &month).await.unwrap().unwrap();
    // Nothing takes the place of a month that is not looked at.
    execute(&db, "UPDATE deliveries SET status = 'delivered'").await;
    let whole = async || facts(&db, &format!("SELECT '' AS word, COUNT(*) AS n FROM pg_class WHERE relname = '{name}'")).await[0].n;
    retention::run(&t.app).await.unwrap();
    assert_eq!(whole().await, 1, "its rows went one by one");
    assert_eq!(facts(&db, "SELECT '' AS word, COUNT(*) AS n FROM deliveries").await[0].n, 0);
    t.app.clock().advance_ms(until.since_ms(t.app.now()) + 1);
    retention::run(&t.app).await.unwrap();
    assert_eq!(whole().await, 0);
    t.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_month_is_disposed_of_beside_who_reads_long_and_holds_nobody_up() {
    let db = TestDb::postgres().await;
    let t = TestApp::start_with(&db, "", false).await;
    let gone = old(&t, &db, t.app.now().minus_days(900), 6).await;
    let month = format!("deliveries_{}", gone.when.naive().format("%Y_%m"));
    let alert = db.add_alert(t.owner.id, &[]).await;
    // As a report or a backup does.
    let mut reader = db.write().await;
    let Conn::Pg(c) = &mut reader else { panic!("only PostgreSQL has months") };
    for statement in ["BEGIN", "SELECT COUNT(*) FROM deliveries"] {
        diesel::sql_query(statement).execute(&mut **c).await.unwrap();
    }
    let app = t.app.clone();
    let disposal = tokio::spawn(async move { retention::run(&app).await.unwrap() });
    let waits = "SELECT '' AS word, COUNT(*) AS n FROM pg_locks WHERE NOT granted AND mode = 'AccessExclusiveLock' AND relation = 'deliveries'::regclass";
    for n in 0..3 {
        eventually("disposal to wait", async || (facts(&db, waits).await[0].n > 0).then_some(())).await;
        let began = std::time::Instant::now();
        deliveries::insert(&mut db.write().await, vec![db.new_delivery(&alert, &format!("07700 90040{n}"))]).await.unwrap();
        assert!(began.elapsed() < std::time::Duration::from_millis(1_500), "whoever sends waited {:?}", began.elapsed());
    }
    assert!(names(&db, "deliveries").await.contains(&month), "the reader is not disturbed");
    diesel::sql_query("ROLLBACK").execute(&mut **c).await.unwrap();
    disposal.await.unwrap();
    assert!(!names(&db, "deliveries").await.contains(&month));
    t.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_month_of_originals_takes_its_receipts_along_and_forgets_its_files() {
    let db = TestDb::postgres().await;
    let t = TestApp::start_with(&db, "", false).await;
    let when = t.app.now().minus_days(500);
    old(&t, &db, when, 0).await;
    let hash = t.app.files().put(b"a large mail").await.unwrap();
    let mut rows = Vec::new();
    for n in 0..4_u8 {
        let mut row = db.new_envelope("07700 900101", b"x");
        (row.id, row.received_at) = (Ids::floor(when) + i64::from(n), when);
        row.dedupe_key = format!("old{n}");
        row.body_file = (n == 0).then(|| hex::encode(hash));
        rows.push(row);
    }
    envelopes::insert_new(&mut db.write().await, rows.clone()).await.unwrap();
    execute(&db, &format!("UPDATE envelopes SET status = 'processed', processed_at = received_at WHERE id <> {}", rows[3].id)).await;
    let receipt = |envelope_id: i64| receipts::ReceiptRow {
        id: envelope_id,
        envelope_id,
        ordinal: 0,
        delivery_id: None,
        provider_message_id: "SM".into(),
        provider_status: "delivered".into(),
        status: None,
        error_code: None,
        received_at: when,
    };
    receipts::insert(&mut db.write().await, rows.iter().map(|row| receipt(row.id)).collect()).await.unwrap();
    let cut = huecry::domain::retention::cutoff(t.app.now(), 12).unwrap();
    let due = huecry::store::retention::list_due(&mut db.read().await, Kept::Envelopes, cut, 100, &[]).await.unwrap();
    assert_eq!(due, rows[..3].iter().map(|row| row.id).collect::<Vec<_>>());
    let done = retention::run(&t.app).await.unwrap();
    assert!(done.iter().any(|gone| gone.kind.as_str() == "envelopes_processed" && gone.count == 3), "{done:?}");
    let left = facts(&db, "SELECT '' AS word, id AS n FROM envelopes").await;
    assert_eq!(left.iter().map(|row| row.n).collect::<Vec<_>>(), [rows[3].id], "one that waits stays whatever its age");
    let left = facts(&db, "SELECT '' AS word, envelope_id AS n FROM receipts").await;
    assert_eq!(left.iter().map(|row| row.n).collect::<Vec<_>>(), [rows[3].id]);
    assert_eq!(forgotten_files::list(&mut db.read().await, 10).await.unwrap(), [hash.to_vec()], "its bytes go when they are not young");
    t.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_a_large_month_nothing_goes_before_all_of_it_may() {
    let db = TestDb::postgres().await;
    let t = TestApp::start_with(&db, "", false).await;
    // In the month in which the time runs out: some of it is past its time.
    let cut = huecry::domain::retention::cutoff(t.app.now(), 24).unwrap();
    let first = At::from_naive(chrono::Datelike::with_day(&cut.naive().date(), 1).unwrap().and_hms_opt(0, 0, 0).unwrap());
    assert!(first < cut, "this test does not run in the first moment of a month");
    let some = old(&t, &db, first, 3).await;
    let name = format!("deliveries_{}", first.naive().format("%Y_%m"));
    execute(&db, &format!("UPDATE pg_class SET reltuples = 2000000 WHERE relname = '{name}'")).await;
    let done = retention::run(&t.app).await.unwrap();
    assert!(done.iter().all(|gone| gone.count == 0), "{done:?}");
    execute(&db, &format!("UPDATE pg_class SET reltuples = 3 WHERE relname = '{name}'")).await;
    let done = retention::run(&t.app).await.unwrap();
    assert!(done.iter().any(|gone| gone.kind.as_str() == "deliveries" && gone.count == some.deliveries.len()), "{done:?}");
    t.stop().await;
}
