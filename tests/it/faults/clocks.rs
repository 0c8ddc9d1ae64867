//! Clocks are put on and back by an hour while an alert goes out: the gateway's, and the database's by which leases go.
//!
//! SQLite reads the machine's own clock, which no test may put on: there the gateway's alone steps.

use diesel_async::RunQueryDsl;
use huecry::store::Conn;

use super::alert_killed::forget_the_dead;
use super::carrier::Road;
use super::county::{County, Size, soaks};
use crate::support::db::TestDb;

const HOUR_MS: i64 = 3_600_000;
const AT_ONCE: usize = 16;

fn size(road: Road, nodes: usize) -> Size {
    Size { road, people: if soaks() { 50_000 } else { 2_000 }, nodes, at_once: AT_ONCE, rate: 1_000 }
}

#[cfg(debug_assertions)]
on_both!(a_gateway_whose_clock_steps_reaches_everybody_once, async |db| {
    gateway_steps(db, Road::Notify).await;
});

#[cfg(debug_assertions)]
#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_whose_clock_steps_finds_what_a_provider_took_by_its_words() {
    gateway_steps(&TestDb::postgres().await, Road::Twilio).await;
}

/// One hour fast when the alert is published, right again, one hour slow, fast, and right; killed while slow and while fast.
#[cfg(debug_assertions)]
async fn gateway_steps(db: &TestDb, road: Road) {
    let county = County::furnish(db, size(road, 1)).await;
    county.carrier.lapse_every(150).await;
    let file = county.nodes[0].folder.join("offset");
    let offset = file.display().to_string();
    let arguments = ["--clock-offset", offset.as_str()];
    let put = |ms: i64| std::fs::write(&file, ms.to_string()).unwrap();
    put(HOUR_MS);
    let mut programs = county.start(&arguments).await;
    let reference = county.publish("routine").await;
    let mut share = 0;
    for (ms, killed) in [(0, false), (-HOUR_MS, true), (HOUR_MS, true), (0, true)] {
        share += 1;
        county.carrier.has_taken(county.size.people * share / 6).await;
        put(ms);
        if killed {
            county.carrier.has_taken(county.size.people * share / 6 + 100).await;
            programs[0].kill();
            county.carrier.is_done_with(1).await;
            if !soaks() {
                lapse(&county).await;
            }
            programs[0] = county.nodes[0].start(&arguments);
        }
    }
    county.carrier.has_taken(county.size.people * 9 / 10).await;
    county.carrier.lapse_every(0).await;
    programs[0].kill();
    county.carrier.is_done_with(1).await;
    if !soaks() {
        lapse(&county).await;
    }
    programs[0] = county.nodes[0].start(&arguments);
    county.settle(&mut programs).await;
    let verdict = county.judge(&reference, false, 0).await;
    eprintln!("{verdict}");
    assert!(verdict.faults.is_empty(), "{verdict}");
}

/// The leases go by the database's clock; what a stepped gateway writes beside them does not say when they began.
#[cfg(debug_assertions)]
async fn lapse(county: &County) {
    let db = huecry::store::Db::connect(&county.database_url).await.unwrap();
    let mut conn = db.write().await.unwrap();
    let past = match &conn {
        Conn::Pg(_) => "clock_timestamp() AT TIME ZONE 'utc' - interval '1 second'",
        Conn::Lite(_) => "strftime('%Y-%m-%d %H:%M:%f', 'now', '-1 seconds')",
    };
    drop(db);
    forget_the_dead(county).await;
    let query = format!("UPDATE deliveries SET lease_until = {past} WHERE lease_until IS NOT NULL AND status IN ('leased', 'sending')");
    huecry::on!(&mut conn, c => diesel::sql_query(query).execute(c).await).unwrap();
}

// Every lease of the living looks run out, or an hour long: nobody is to be taken for dead who is at work.
#[tokio::test(flavor = "multi_thread")]
async fn a_database_whose_clock_steps_has_nobody_taken_for_dead() {
    let db = TestDb::postgres().await;
    shadow(&mut db.write().await).await;
    // Slow enough that each step is seen by whoever looks once a second for the dead.
    let county = County::furnish(&db, Size { people: 1_800, rate: 150, ..size(Road::VonageSms, 2) }).await;
    let mut programs = county.start(&[]).await;
    let reference = county.publish("life_at_risk").await;
    for (turn, ms) in [HOUR_MS, 0, -HOUR_MS, 0, 24 * HOUR_MS, 0].into_iter().enumerate() {
        county.carrier.has_taken(county.size.people * (turn + 1) / 8).await;
        step(&mut db.write().await, ms).await;
    }
    county.settle(&mut programs).await;
    let verdict = county.judge(&reference, true, 0).await;
    eprintln!("{verdict}");
    assert!(verdict.faults.is_empty(), "{verdict}");
}

/// Puts a clock of the test's own before the database's, for connections made from now on.
async fn shadow(conn: &mut Conn) {
    for statement in [
        "CREATE TABLE stepped_clock (ms BIGINT NOT NULL)",
        "INSERT INTO stepped_clock VALUES (0)",
        "CREATE FUNCTION public.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE AS \
         $$ SELECT pg_catalog.clock_timestamp() + ms * interval '1 millisecond' FROM public.stepped_clock $$",
        // The server's own functions come first unless they are named.
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = public, pg_catalog', current_database()); END $$",
    ] {
        huecry::on!(conn, c => diesel::sql_query(statement).execute(c).await).unwrap();
    }
}

async fn step(conn: &mut Conn, ms: i64) {
    let put = format!("UPDATE stepped_clock SET ms = {ms}");
    huecry::on!(conn, c => diesel::sql_query(put).execute(c).await).unwrap();
}
