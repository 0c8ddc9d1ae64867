//! Two and three gateways share one PostgreSQL, and one of them is killed: the others take over, and nobody is reached twice.

use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::carrier::Road;
use super::county::{County, Size, soaks};
use super::kill::ticks;
use super::records::age_leases_of;
use crate::support::db::TestDb;

/// The longest lease is a minute; then the provider is asked, or the alert's choice decides.
const LEASE: Duration = Duration::from_secs(60 + 20);

#[tokio::test(flavor = "multi_thread")]
async fn of_two_nodes_one_is_killed_and_the_other_takes_over() {
    lose_one(2, Road::Notify, false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_three_nodes_one_is_killed_and_the_others_take_over() {
    lose_one(3, Road::Notify, false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_three_nodes_one_is_killed_and_what_may_be_doubled_is_listed() {
    lose_one(3, Road::VonageSms, true).await;
}

async fn lose_one(nodes: usize, road: Road, again: bool) {
    let seed: u64 = rand::random();
    let mut random = StdRng::seed_from_u64(seed);
    let db = TestDb::postgres().await;
    let size = Size { road, people: if soaks() { 50_000 } else { 3_000 }, nodes, at_once: 16, rate: 1_000 };
    let county = County::furnish(&db, size).await;
    let mut programs = county.start(&[]).await;
    let reference = county.publish(if again { "life_at_risk" } else { "routine" }).await;
    county.carrier.has_taken(random.random_range(size.people / 10..size.people / 2)).await;
    ticks(random.random_range(0..40)).await;
    // Any but the first, which the test itself may still be asking.
    let dead = random.random_range(2..=nodes);
    programs.remove(dead - 1).kill();
    let died = Instant::now();
    county.carrier.is_done_with(dead).await;
    if !soaks() {
        age_leases_of(&mut db.write().await, dead).await;
    }
    county.settle(&mut programs).await;
    let verdict = county.judge(&reference, again, size.at_once).await;
    let took = died.elapsed();
    eprintln!("seed {seed}: settled {took:?} after the death of node {dead} of {nodes}: {verdict}");
    assert!(verdict.faults.is_empty(), "{verdict}");
    let rest = Duration::from_secs(u64::try_from(size.people / size.rate * 2).unwrap());
    assert!(took < LEASE + rest, "the others took over {took:?} after it died");
}

// Without a death nothing is in doubt, and nobody is reached twice, however they are interleaved.
#[tokio::test(flavor = "multi_thread")]
async fn three_nodes_share_an_alert_and_reach_everybody_once() {
    let db = TestDb::postgres().await;
    let size = Size { road: Road::VonageSms, people: if soaks() { 50_000 } else { 3_000 }, nodes: 3, at_once: 16, rate: 5_000 };
    let county = County::furnish(&db, size).await;
    let mut programs = county.start(&[]).await;
    let reference = county.publish("life_at_risk").await;
    county.settle(&mut programs).await;
    let verdict = county.judge(&reference, true, 0).await;
    assert!(verdict.faults.is_empty(), "{verdict}");
    assert_eq!(verdict.taken, size.people, "{verdict}");
}
