//! An alert is paused, let go on and taken back, by several people on several nodes at once, while it goes out and while its
//! copies are still being made: what has not left does not leave, and what goes on reaches everybody once.

use std::time::SystemTime;

use futures_util::future::join_all;
use huecry::store::Db;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};

use super::carrier::Road;
use super::county::{County, Size, soaks};
use super::kill::ticks;
use super::records::count_deliveries;
use crate::support::app::eventually;
use crate::support::db::TestDb;

/// What was claimed before the answer leaves within a tenth of a second, and is a moment under way.
const GRACE_US: i64 = 1_000_000;

fn size(nodes: usize) -> Size {
    Size { road: Road::VonageSms, people: if soaks() { 50_000 } else { 2_000 }, nodes, at_once: 16, rate: 500 }
}

/// SQLite has one node.
fn nodes(db: &TestDb) -> usize {
    if db.url.starts_with("sqlite:") { 1 } else { 2 }
}

on_both!(paused_again_and_again_nothing_leaves_meanwhile_and_everybody_is_reached_once, async |db| {
    let seed: u64 = rand::random();
    let mut random = StdRng::seed_from_u64(seed);
    let county = County::furnish(db, size(nodes(db))).await;
    let mut programs = county.start(&[]).await;
    let reference = county.publish("urgent").await;
    let pauses = if soaks() { 30 } else { 4 };
    let mut quiet = Vec::new();
    for turn in 0..pauses {
        county.carrier.has_taken(county.size.people * turn / (pauses + 1)).await;
        ticks(random.random_range(0..30)).await;
        let (status, answer) = steer(&county, &mut random, &reference, "pause").await;
        let paused_at = now_us();
        assert_eq!((status, &answer["hold"]), (200, &json!("paused")), "{answer}");
        nothing_under_way(&county).await;
        // Long enough for a node that had not heard of it.
        ticks(1_300).await;
        quiet.push((paused_at + GRACE_US, now_us()));
        let (status, answer) = steer(&county, &mut random, &reference, "resume").await;
        assert_eq!((status, &answer["hold"]), (200, &Value::Null), "{answer}");
    }
    county.settle(&mut programs).await;
    for taken in county.carrier.file() {
        assert!(!quiet.iter().any(|(from, to)| (from..to).contains(&&taken.at_us)), "seed {seed}: {taken:?} while it was paused: {quiet:?}");
    }
    let verdict = county.judge(&reference, false, 0).await;
    assert!(verdict.faults.is_empty(), "seed {seed}: {verdict}");
});

on_both!(pausing_and_going_on_at_once_leave_it_in_one_of_the_two, async |db| {
    let seed: u64 = rand::random();
    let mut random = StdRng::seed_from_u64(seed);
    let county = County::furnish(db, size(nodes(db))).await;
    let mut programs = county.start(&[]).await;
    let reference = county.publish("urgent").await;
    for turn in 0..if soaks() { 100 } else { 8 } {
        county.carrier.has_taken(turn * 10).await;
        let words = ["pause", "resume", "pause", "resume"];
        let asked = words.map(|word| (random.random_range(1..=county.size.nodes), word));
        let answers = join_all(asked.map(|(node, word)| county.ask_to(node, &reference, word))).await;
        for (status, answer) in answers {
            // Whatever stood so already, or was over, is told as such.
            assert!(matches!(status, 200 | 409), "seed {seed}: {status} {answer}");
        }
        let standing = county.standing(1, &reference).await;
        assert!(matches!(standing["hold"].as_str(), None | Some("paused")), "seed {seed}: {standing}");
        steer(&county, &mut random, &reference, "resume").await;
    }
    county.settle(&mut programs).await;
    let verdict = county.judge(&reference, false, 0).await;
    assert!(verdict.faults.is_empty(), "seed {seed}: {verdict}");
});

on_both!(taken_back_nothing_more_leaves_the_counts_add_up_and_it_can_go_on, async |db| {
    let seed: u64 = rand::random();
    let mut random = StdRng::seed_from_u64(seed);
    let county = County::furnish(db, size(nodes(db))).await;
    let mut programs = county.start(&[]).await;
    let reference = county.publish("urgent").await;
    // In one run of three while its copies are being made.
    let point = random.random_range(0..3) * county.size.people / 4;
    county.carrier.has_taken(point).await;
    ticks(random.random_range(0..30)).await;
    let (status, answer) = steer(&county, &mut random, &reference, "take-back").await;
    let taken_back_at = now_us();
    assert_eq!((status, &answer["status"]), (200, &json!("taken_back")), "{answer}");
    nothing_under_way(&county).await;
    ticks(1_300).await;
    let before = county.carrier.file();
    assert!(before.len() < county.size.people, "seed {seed}: all had left, so that nothing was tried");
    assert!(before.iter().all(|taken| taken.at_us <= taken_back_at + GRACE_US), "seed {seed}: {:?}", before.last());
    let standing = county.standing(county.size.nodes, &reference).await;
    let left = ["accepted", "delivered"].iter().filter_map(|word| standing["totals"][*word].as_u64()).sum::<u64>();
    assert_eq!(left, u64::try_from(before.len()).unwrap(), "seed {seed}: by the carrier's file and by the page: {standing}");
    let (status, answer) = steer(&county, &mut random, &reference, "resume").await;
    assert_eq!(status, 200, "{answer}");
    county.settle(&mut programs).await;
    let verdict = county.judge(&reference, false, 0).await;
    assert!(verdict.faults.is_empty(), "seed {seed}: {verdict}");
    let standing = county.standing(1, &reference).await;
    let all: u64 = standing["totals"].as_object().unwrap().values().filter_map(Value::as_u64).sum();
    let people = u64::try_from(county.size.people).unwrap();
    assert_eq!((all, standing["addresses"].as_u64()), (people, Some(people)), "seed {seed}: {standing}");
});

#[tokio::test(flavor = "multi_thread")]
async fn published_twenty_times_at_once_with_one_key_on_three_nodes_it_goes_out_once() {
    let db = TestDb::postgres().await;
    let county = County::furnish(&db, Size { people: 300, nodes: 3, ..size(3) }).await;
    let mut programs = county.start(&[]).await;
    let alert = County::alert("urgent");
    let answers = join_all((0..20).map(|turn| county.ask(1 + turn % 3, "", Some("once"), &alert))).await;
    let mut references: Vec<String> = Vec::new();
    for (status, answer) in answers {
        match status {
            201 => references.push(answer["reference"].as_str().unwrap().to_owned()),
            // The first is still at work: the client is told to ask again.
            409 => {}
            other => panic!("{other}: {answer}"),
        }
    }
    let (status, later) = county.ask(2, "", Some("once"), &alert).await;
    assert_eq!(status, 201, "{later}");
    references.push(later["reference"].as_str().unwrap().to_owned());
    references.dedup();
    assert_eq!(references.len(), 1, "{references:?}");
    county.settle(&mut programs).await;
    let verdict = county.judge(&references[0], false, 0).await;
    assert!(verdict.faults.is_empty(), "{verdict}");
}

impl County {
    async fn ask_to(&self, node: usize, reference: &str, word: &str) -> (u16, Value) {
        self.ask(node, &format!("/{reference}/{word}"), None, &json!({})).await
    }
}

/// Asks any of the nodes.
async fn steer(county: &County, random: &mut StdRng, reference: &str, word: &str) -> (u16, Value) {
    county.ask_to(random.random_range(1..=county.size.nodes), reference, word).await
}

async fn nothing_under_way(county: &County) {
    let db = Db::connect(&county.database_url).await.unwrap();
    let none = async || (count_deliveries(&mut db.read().await.ok()?, "status IN ('leased', 'sending')").await == 0).then_some(());
    eventually("what was under way to end", none).await;
}

fn now_us() -> i64 {
    i64::try_from(SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_micros()).unwrap()
}
