//! PostgreSQL is restarted, as by a power cut, again and again while an alert goes out.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::alert_killed::forget_the_dead;
use super::carrier::Road;
use super::county::{County, Size, soaks};
use super::kill::ticks;
use super::records::count_deliveries;
use crate::support::app::eventually;
use crate::support::db::TestDb;
use crate::support::server::Server;

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_restarts_loses_and_doubles_nothing_where_the_provider_can_be_asked() {
    outlast(Road::Notify).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_restarts_leaves_nobody_unlisted_where_the_provider_cannot_be_asked() {
    outlast(Road::VonageSms).await;
}

async fn outlast(road: Road) {
    let (people, restarts, at_once) = if soaks() { (50_000, 10, 16) } else { (1_000, 2, 16) };
    let seed: u64 = rand::random();
    let mut random = StdRng::seed_from_u64(seed);
    let server = Server::start();
    let db = TestDb::postgres_at(&server).await;
    let county = County::furnish(&db, Size { road, people, nodes: 1, at_once, rate: 1_000 }).await;
    let mut programs = county.start(&[]).await;
    let reference = county.publish("routine").await;
    for turn in 0..restarts {
        county.carrier.has_taken(people * (turn + 1) / (restarts + 2)).await;
        ticks(random.random_range(0..40)).await;
        server.restart();
    }
    // A commit whose answer was lost may have been one: such a text is `sending`, and nobody sends it until its lease runs out.
    eventually("all else to have left", async || {
        let mut conn = db.db.read().await.ok()?;
        (county.carrier.tally().await.taken > people / 2 && count_deliveries(&mut conn, "status IN ('queued', 'leased')").await == 0).then_some(())
    })
    .await;
    if !soaks() {
        programs[0].kill();
        county.carrier.is_done_with(1).await;
        forget_the_dead(&county).await;
        programs[0] = county.nodes[0].start(&[]);
    }
    county.settle(&mut programs).await;
    let verdict = county.judge(&reference, false, at_once * (restarts + 1)).await;
    eprintln!("seed {seed}, {restarts} restarts: {verdict}");
    assert!(verdict.faults.is_empty(), "{verdict}");
}
