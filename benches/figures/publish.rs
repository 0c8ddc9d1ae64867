//! `publish_1m`: an alert to a million addresses in five wards, some of them in two, published over the API and fanned out in the
//! database, while replies come in and copies leave; beside it one bare `INSERT … SELECT` of as many rows into a table with the
//! same indexes. `publish_1m_again`: a second one behind the first, where each address has had a number of ours before.
//! `memory_1m`: the most that the gateway held in all that time, and with a thousand queued. `urgent_overtake`: from publishing an
//! urgent alert behind them to its first hand-over; `urgent_overtake_queueing`, while a million are still being queued.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text, Timestamp};
use diesel_async::RunQueryDsl;
use huecry::accounts::keys;
use huecry::app::App;
use huecry::domain::At;
use huecry::on;
use huecry::store::{Backend, Conn, Db};

use crate::bed::{Bed, Gateway, Program};
use crate::figure::{Bound, Figure, Report, Surroundings, percentile_ms};
use crate::handover::Carrier;
use crate::memory::{Peak, resident_mib};
use crate::webhook::{Connection, Hooks};
use crate::{open_loop, seed};

pub(crate) const NAMES: &[&str] =
    &["publish_1m", "publish_1m_again", "publish_1m_accepted", "publish_1m_webhook_p99", "memory_1m", "urgent_overtake", "urgent_overtake_queueing"];
/// Of these one in [`OUT`] has opted out, which leaves a million.
const PEOPLE: i64 = 1_020_000;
const OUT: i64 = 51;
const ADDRESSES: i64 = 1_000_000;
/// Everybody lives in one of them, one in five in two.
const WARDS: &[&str] = &["WARD1", "WARD2", "WARD3", "WARD4", "WARD5"];
/// So many live in a village of their own as well.
const VILLAGERS: i64 = 1_000;
const VILLAGE: i64 = VILLAGERS - VILLAGERS / OUT;
/// Agreed with the carrier: far from all that is queued leaves while it is measured.
const RATE: u32 = 200;
const REPLIES_PER_S: u32 = 50;
const POOL: &str = "\"+441914980001\", \"+441914980002\", \"+441914980003\", \"+441914980004\"";
const MARK: &str = "Overtakes";

pub(crate) async fn measure(backend: Backend, report: &mut Report) -> anyhow::Result<()> {
    let carrier = Carrier::start(MARK)?;
    let bed = Bed::make_to(backend, &carrier.url, POOL, RATE).await?;
    let measured = measure_on(&bed, &carrier, report).await;
    bed.close().await?;
    carrier.stop().await;
    measured
}

async fn measure_on(bed: &Bed, carrier: &Carrier, report: &mut Report) -> anyhow::Result<()> {
    let word = bed.backend.as_str();
    eprintln!("figures: publish_1m on {word}: planting {PEOPLE} addresses");
    let key = {
        let app = bed.app().await?;
        plant(&app).await?;
        keys::add(&app, "figures", &["alerts".to_owned()]).await?
    };
    let db = bed.db().await?;
    let around = Surroundings::look(&bed.disk())?;
    let bare = bare(&db).await?;
    eprintln!("figures:   the bare statement took {:.1} s", bare.as_secs_f64());
    let gateway = bed.start(Program::Huecry("all")).await?;

    publish(&gateway, &key, &["VILLAGE"], "routine", "A thousand").await?;
    fanned_out(&db, &gateway, "A thousand", Duration::from_secs(60)).await?;
    let with_few = resident_mib(gateway.process.id())?;

    let peak = Peak::watch(gateway.process.id());
    let over = Arc::new(AtomicBool::new(false));
    let replies = tokio::spawn(answer(gateway.hooks.clone(), over.clone()));
    let began = Instant::now();
    publish(&gateway, &key, WARDS, "routine", "A million").await?;
    let accepted = began.elapsed();
    let took = fanned_out(&db, &gateway, "A million", Duration::from_secs(1_200)).await?;
    eprintln!("figures:   accepted in {:.2} s, queued in {:.1} s", accepted.as_secs_f64(), took.as_secs_f64());

    publish(&gateway, &key, WARDS, "routine", "Another million").await?;
    // Some of it is queued when somebody has to be warned.
    let queued = "SELECT COUNT(*) AS n FROM deliveries d JOIN alerts a ON a.id = d.source_id AND d.purpose = 'alert' WHERE a.title = 'Another million'";
    while count(&db, queued).await? == 0 {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let while_queueing = overtake(&gateway, carrier, &key, "while it is queued").await?;
    let again = fanned_out(&db, &gateway, "Another million", Duration::from_secs(1_200)).await?;
    over.store(true, Ordering::Relaxed);
    let mut latencies = replies.await??;
    latencies.sort_unstable();
    let p99 = percentile_ms(&latencies, 990);
    eprintln!("figures:   another in {:.1} s; {} webhooks meanwhile, p99 {p99:.1} ms", again.as_secs_f64(), latencies.len());
    let queued = count(&db, "SELECT COUNT(*) AS n FROM deliveries WHERE purpose = 'alert'").await?;
    anyhow::ensure!(queued == 2 * (ADDRESSES + VILLAGE), "{queued} copies were queued");

    let mut waits = Vec::new();
    for round in 0..5 {
        waits.push(overtake(&gateway, carrier, &key, &round.to_string()).await?);
    }
    waits.sort_unstable();
    let worst = waits.last().copied().unwrap_or_default();
    eprintln!("figures:   an urgent alert's first text after {waits:?}; {while_queueing:?} while others were being queued");
    let most = peak.end().await?;

    let milliseconds = |wait: Duration| wait.as_secs_f64() * 1_000.0;
    let against_bare = |figure: Figure| figure.against("a bare INSERT … SELECT", bare.as_secs_f64()).asked(Bound::RatioAtMost(3.0));
    report.add(against_bare(Figure::new("publish_1m", word, took.as_secs_f64(), "s", around)))?;
    report.add(against_bare(Figure::new("publish_1m_again", word, again.as_secs_f64(), "s", around)))?;
    report.add(Figure::new("publish_1m_accepted", word, accepted.as_secs_f64(), "s", around))?;
    report.add(Figure::new("publish_1m_webhook_p99", word, p99, "ms, p99", around).at_most(100.0))?;
    report.add(Figure::new("memory_1m", word, most, "MiB at most, with two million", around).against("with a thousand queued", with_few).at_most(150.0))?;
    report.add(Figure::new("urgent_overtake", word, milliseconds(worst), "ms, the longest of 5", around).at_most(1_000.0))?;
    report.add(Figure::new("urgent_overtake_queueing", word, milliseconds(while_queueing), "ms", around).at_most(1_000.0))
}

/// Warns the village; gives how long it took to the first text, once all of them are away.
async fn overtake(gateway: &Gateway, carrier: &Carrier, key: &str, word: &str) -> anyhow::Result<Duration> {
    let before = carrier.marked();
    let began = Instant::now();
    publish(gateway, key, &["VILLAGE"], "urgent", &format!("{MARK} {word}")).await?;
    let first = loop {
        if let Some(at) = carrier.marked_since(before) {
            break at;
        }
        anyhow::ensure!(began.elapsed() < Duration::from_secs(60), "nothing urgent left in a minute: {}", gateway.process.tail());
        tokio::time::sleep(Duration::from_millis(2)).await;
    };
    carrier.marked_all(before + usize::try_from(VILLAGE)?, Duration::from_secs(120)).await?;
    Ok(first.duration_since(began))
}

/// Replies of strangers at the rate until it is over; gives how long each acknowledgement took.
async fn answer(hooks: Hooks, over: Arc<AtomicBool>) -> anyhow::Result<Vec<Duration>> {
    let (mut latencies, mut first) = (Vec::new(), 0);
    while !AtomicBool::load(&over, Ordering::Relaxed) {
        let count = usize::try_from(REPLIES_PER_S)? * 2;
        latencies.extend(open_loop::open_loop_from(&hooks, REPLIES_PER_S, first, count).await?.latencies);
        first += count;
    }
    Ok(latencies)
}

async fn publish(gateway: &Gateway, key: &str, areas: &[&str], urgency: &str, title: &str) -> anyhow::Result<()> {
    let body = serde_json::json!({
        "urgency": urgency, "title": title, "sms_text": title, "areas": areas, "owner_email": "figures@force.example"
    })
    .to_string();
    let request = format!(
        "POST /api/v1/alerts HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {key}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        gateway.hooks.address,
        body.len()
    );
    let status = Connection::open(gateway.hooks.address).await?.send(request.as_bytes()).await?;
    anyhow::ensure!(status == 201, "publishing was answered with {status}: {}", gateway.process.tail());
    Ok(())
}

/// Waits until the alert is fanned out; gives how long that took since it was published, by the gateway's clock.
async fn fanned_out(db: &Db, gateway: &Gateway, title: &str, patience: Duration) -> anyhow::Result<Duration> {
    #[derive(QueryableByName)]
    struct Took {
        #[diesel(sql_type = Nullable<Timestamp>)]
        from: Option<At>,
        #[diesel(sql_type = Nullable<Timestamp>)]
        until: Option<At>,
    }
    let began = Instant::now();
    loop {
        let query = format!("SELECT published_at AS \"from\", fanned_out_at AS \"until\" FROM alerts WHERE title = '{title}'");
        let rows: Vec<Took> = on!(&mut db.read().await?, c => diesel::sql_query(&query).load(c).await)?;
        if let Some(Took { from: Some(from), until: Some(until) }) = rows.last() {
            return Ok(Duration::from_millis(u64::try_from(until.since_ms(*from)).unwrap_or(0)));
        }
        anyhow::ensure!(began.elapsed() < patience, "the fan-out did not end in {patience:?}: {}", gateway.process.tail());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn run(conn: &mut Conn, statement: &str) -> anyhow::Result<usize> {
    on!(conn, c => diesel::sql_query(statement).execute(c).await).with_context(|| statement.chars().take(120).collect::<String>())
}

async fn count(db: &Db, query: &str) -> anyhow::Result<i64> {
    #[derive(QueryableByName)]
    struct Count {
        #[diesel(sql_type = BigInt)]
        n: i64,
    }
    let found: Count = on!(&mut db.read().await?, c => diesel::sql_query(query).get_result(c).await)?;
    Ok(found.n)
}

/// A county and a village in it, an officer, and the people, by statements of the databases' own.
async fn plant(app: &App) -> anyhow::Result<()> {
    seed::plant_officer(app, "figures@force.example").await?;
    let mut conn = app.write().await?;
    let pg = matches!(conn, Conn::Pg(_));
    let series = if pg {
        format!("generate_series(1::bigint, {PEOPLE}) AS s (n)")
    } else {
        format!("(WITH RECURSIVE s (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {PEOPLE}) SELECT n FROM s) AS s")
    };
    // As an HMAC is: 32 bytes without any order.
    let (key, digits) = if pg { ("sha256(convert_to(s.n::text, 'UTF8'))", "lpad(s.n::text, 7, '0')") } else { ("randomblob(32)", "printf('%07d', s.n)") };
    let at = "'2026-01-01 00:00:00.000000'";
    for statement in [
        format!(
            "INSERT INTO areas (id, code, name, kind, created_at) VALUES (1, 'WARD1', 'One', 'ward', {at}), (2, 'WARD2', 'Two', 'ward', {at}), \
             (3, 'WARD3', 'Three', 'ward', {at}), (4, 'WARD4', 'Four', 'ward', {at}), (5, 'WARD5', 'Five', 'ward', {at}), (6, 'VILLAGE', 'Village', 'ward', {at})"
        ),
        format!(
            "INSERT INTO residents (id, public_id, name, postcode, language, source, created_at) SELECT s.n, 'r' || s.n, 'A Resident', 'DE45 1AA', 'en', 'website', {at} FROM {series}"
        ),
        format!(
            "INSERT INTO addresses (id, resident_id, kind, value, match_key, enabled, verified_at, created_at) \
             SELECT s.n, s.n, 'phone', '+447100' || {digits}, {key}, TRUE, {at}, {at} FROM {series}"
        ),
        format!("INSERT INTO resident_areas (resident_id, area_id) SELECT s.n, s.n % 5 + 1 FROM {series}"),
        format!("INSERT INTO resident_areas (resident_id, area_id) SELECT s.n, 2 FROM {series} WHERE s.n % 5 = 0"),
        format!("INSERT INTO resident_areas (resident_id, area_id) SELECT s.n, 6 FROM {series} WHERE s.n <= {VILLAGERS}"),
        format!(
            "INSERT INTO suppressions (id, match_key, channel, scope, reason, evidence, created_at) \
             SELECT a.id, a.match_key, 'sms', 'all', 'reply', 'STOP', {at} FROM addresses a WHERE a.id % {OUT} = 0"
        ),
        "ANALYZE".to_owned(),
    ] {
        run(&mut conn, &statement).await?;
    }
    Ok(())
}

/// As many rows into a table like `deliveries`, by one statement.
async fn bare(db: &Db) -> anyhow::Result<Duration> {
    #[derive(QueryableByName)]
    struct Sql {
        #[diesel(sql_type = Text)]
        sql: String,
    }
    let mut conn = db.write().await?;
    let (copies, token) = match &mut conn {
        Conn::Pg(_) => (vec!["CREATE TABLE bare (LIKE deliveries INCLUDING ALL)".to_owned()], "substr(md5(a.id::text), 1, 16)"),
        Conn::Lite(c) => {
            let query = "SELECT sql FROM sqlite_master WHERE tbl_name = 'deliveries' AND sql IS NOT NULL ORDER BY type DESC";
            let rows: Vec<Sql> = diesel::sql_query(query).load(&mut **c).await?;
            // The table and its indexes, each under another name.
            let renamed = |sql: String| sql.replace("\"deliveries\"", "deliveries").replace("deliveries", "bare");
            (rows.into_iter().map(|row| renamed(row.sql)).collect(), "lower(hex(randomblob(8)))")
        }
    };
    for statement in copies {
        run(&mut conn, &statement).await?;
    }
    let at = "'2026-01-01 00:00:00.000000'";
    let began = Instant::now();
    let rows = run(
        &mut conn,
        &format!(
            "INSERT INTO bare (id, purpose, source_id, alert_id, match_key, address, channel_kind, channel, sender, priority, status, token, rank, attempts, \
             next_attempt_at, created_at) SELECT a.id, 'alert', 1, 1, a.match_key, a.value, 'sms', 'sms', '+441914980001', 30, 'queued', {token}, 0, 0, {at}, {at} \
             FROM addresses a WHERE a.verified_at IS NOT NULL AND a.enabled AND a.id % {OUT} <> 0"
        ),
    )
    .await?;
    let took = began.elapsed();
    anyhow::ensure!(i64::try_from(rows)? == ADDRESSES, "{rows} rows were written");
    run(&mut conn, "DROP TABLE bare").await?;
    if matches!(conn, Conn::Pg(_)) {
        // Else it would be written out while the other is measured.
        run(&mut conn, "CHECKPOINT").await?;
    }
    Ok(took)
}
