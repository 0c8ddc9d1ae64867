//! People text STOP while an alert goes out on three nodes, and a long queue of replies waits before theirs: by the carrier's
//! clock nothing of the alert reaches them a second later, and each gets one confirmation.

use std::collections::BTreeMap;
use std::time::{Duration, Instant, SystemTime};

use futures_util::StreamExt;
use huecry::store::suppressions::SuppressionRow;
use huecry::store::{envelopes, suppressions};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::json;
use tokio::task::JoinSet;

use super::carrier::{HandOver, Road};
use super::county::{County, Size, WORDS, phone, soaks};
use super::records::count_deliveries;
use super::webhooks::{Inbound, Webhook};
use crate::program::process::Gateway;
use crate::support::app::{TestApp, eventually};
use crate::support::db::TestDb;

/// Hand-overs that are under way when a STOP comes cannot be called back; by then all must have arrived.
const GRACE_US: i64 = 1_000_000;

struct Race {
    people: usize,
    stops: usize,
    /// Queued before any STOP.
    replies: usize,
    rate: usize,
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_reaches_whoever_texted_stop_a_second_ago() {
    let race =
        if soaks() { Race { people: 50_000, stops: 500, replies: 20_000, rate: 2_000 } } else { Race { people: 2_000, stops: 40, replies: 400, rate: 400 } };
    let seed: u64 = rand::random();
    let db = TestDb::postgres().await;
    let county = County::furnish(&db, Size { road: Road::Twilio, people: race.people, nodes: 3, at_once: 16, rate: race.rate }).await;
    let mut programs = county.start(&[]).await;
    let http = reqwest::Client::builder().timeout(std::time::Duration::from_secs(30)).build().unwrap();
    let webhooks: Vec<Webhook> = county.nodes.iter().map(|node| Webhook::new(&node.url, Gateway::TOKEN, Gateway::NUMBER)).collect();
    // The drama range: the first 500 will stop, the others only write.
    let replies = (0..race.replies).map(|n| Inbound::new(n, 500 + n % 500, &format!("I saw it by the bridge, number {n}")));
    futures_util::stream::iter(replies.enumerate()).for_each_concurrent(32, async |(n, text)| deliver(&webhooks[n % 3], &http, &text).await).await;
    county.publish("routine").await;
    let mut random = StdRng::seed_from_u64(seed);
    let mut points: Vec<(usize, usize)> = (0..race.stops).map(|person| (random.random_range(0..race.people * 9 / 10), person)).collect();
    points.sort_unstable();
    let waiting = envelopes::count_waiting(&mut db.read().await).await.unwrap();
    let mut stops = JoinSet::new();
    for (n, (point, person)) in points.into_iter().enumerate() {
        county.carrier.has_taken(point).await;
        let (webhook, http, text) = (webhooks[n % 3].clone(), http.clone(), Inbound::new(race.replies + n, person, "STOP"));
        stops.spawn(async move {
            let sent_at = now_us();
            deliver(&webhook, &http, &text).await;
            (text.from, (sent_at, now_us()))
        });
    }
    let stopped: BTreeMap<String, (i64, i64)> = stops.join_all().await.into_iter().collect();
    eventually("every text to be dealt with", async || (envelopes::count_waiting(&mut db.read().await).await.unwrap() == 0).then_some(())).await;
    county.settle(&mut programs).await;

    let file = county.carrier.file();
    let verdict = judge(race.people, &stopped, &file);
    let figures = figures(&county, &http).await;
    eprintln!("seed {seed}: {waiting} replies waited when the first STOP came; {verdict:?}; sent after an opt-out by the gateways' own count: {figures:?}");
    assert!(verdict.spared > 0, "everybody had the alert before their STOP, so that nothing was tried");
    assert!(verdict.faults.is_empty(), "{verdict:?}");
    assert_eq!(figures, [0; 3], "the gateways' own count");
}

/// As a provider does: again, with the same id, where there was no answer.
async fn deliver(webhook: &Webhook, http: &reqwest::Client, text: &Inbound) {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let status = webhook.send(http, text).await;
        if status == Some(200) {
            return;
        }
        assert!(matches!(status, None | Some(503)) && Instant::now() < deadline, "{} was answered with {status:?}", text.sid);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[derive(Debug, Default)]
struct Verdict {
    /// Of those who stopped, how many never had the alert.
    spared: usize,
    /// How long after a STOP was sent the last hand-over to its sender came, in microseconds; negative if all came before.
    latest_us: i64,
    faults: Vec<String>,
}

/// `stopped`: when each STOP was sent and when it was acknowledged.
fn judge(people: usize, stopped: &BTreeMap<String, (i64, i64)>, file: &[HandOver]) -> Verdict {
    let mut verdict = Verdict { latest_us: i64::MIN, ..Verdict::default() };
    let mut alerts: BTreeMap<&str, Vec<i64>> = BTreeMap::new();
    let mut others: BTreeMap<&str, usize> = BTreeMap::new();
    for taken in file {
        if taken.body.contains(WORDS) {
            alerts.entry(&taken.to).or_default().push(taken.at_us);
        } else {
            *others.entry(&taken.to).or_default() += 1;
        }
    }
    for (to, (sent_at, acknowledged_at)) in stopped {
        let times = alerts.get(to.as_str()).map_or(&[][..], Vec::as_slice);
        verdict.spared += usize::from(times.is_empty());
        for at_us in times {
            verdict.latest_us = verdict.latest_us.max(at_us - sent_at);
            if *at_us > acknowledged_at + GRACE_US {
                verdict.faults.push(format!("{to} had the alert {} µs after their STOP was acknowledged", at_us - acknowledged_at));
            }
        }
        let confirmations = others.remove(to.as_str()).unwrap_or(0);
        if confirmations != 1 {
            verdict.faults.push(format!("{to} texted STOP and had {confirmations} confirmations"));
        }
    }
    verdict.faults.extend(others.keys().map(|to| format!("{to} had something that nobody asked for")));
    verdict.faults.extend((0..people).map(phone).filter_map(|to| {
        let times = alerts.get(to.as_str()).map_or(0, Vec::len);
        let fits = times == 1 || (times == 0 && stopped.contains_key(&to));
        (!fits).then(|| format!("{to} had the alert {times} times"))
    }));
    verdict
}

/// The gauge on each node's page of figures.
async fn figures(county: &County, http: &reqwest::Client) -> Vec<i64> {
    let mut all = Vec::new();
    for node in &county.nodes {
        all.push(sent_after_opt_out(http, &node.url).await.expect("the figure is not shown"));
    }
    all
}

async fn sent_after_opt_out(http: &reqwest::Client, url: &str) -> Option<i64> {
    let text = http.get(format!("{url}/metrics")).send().await.unwrap().text().await.unwrap();
    text.lines().find_map(|line| line.strip_prefix("huecry_sent_after_optout ")).map(|value| value.trim().parse().expect("a whole number"))
}

fn now_us() -> i64 {
    i64::try_from(SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_micros()).unwrap()
}

#[test]
fn the_judge_of_the_race_sees_what_comes_too_late_and_who_was_told_twice() {
    let hand_over = |person: usize, at_us: i64, body: &str| HandOver { at_us, to: phone(person), reference: String::new(), body: body.to_owned() };
    let faults = |file: &[HandOver]| judge(2, &BTreeMap::from([(phone(0), (1_000_000, 1_100_000))]), file).faults.len();
    let (other, told) = (hand_over(1, 0, WORDS), hand_over(0, 1_200_000, "You will get no more"));
    assert_eq!(faults(&[other.clone(), told.clone()]), 0);
    assert_eq!(faults(&[other.clone(), told.clone(), hand_over(0, 2_100_000, WORDS)]), 0, "under way when it came");
    assert_eq!(faults(&[other.clone(), told.clone(), hand_over(0, 2_100_001, WORDS)]), 1);
    assert_eq!(faults(&[other.clone(), told.clone(), told.clone()]), 1, "told twice");
    assert_eq!(faults(std::slice::from_ref(&other)), 1, "never told");
    assert_eq!(faults(&[told]), 1, "somebody who did not stop was left out");
}

// The leasing query never sees this STOP: it comes while the provider is called, and says that it came before.
on_both!(what_is_handed_over_to_somebody_who_had_opted_out_is_counted, async |db| {
    let t = TestApp::start(db).await;
    let (early, late) = ("+447700900101", "+447700900102");
    for phone in [early, late] {
        t.add_resident(db, "Ann", &[phone], &[]).await;
    }
    t.sim_post("/api/behaviour", json!({ "latency_ms": 700 })).await;
    let mut officer = t.officer("owner@force.example").await;
    t.publish(&mut officer, "White van", "Did you see a white van?").await;
    eventually("both to be under way", async || (count_deliveries(&mut db.read().await, "status = 'sending'").await == 2).then_some(())).await;
    for (phone, ago_ms) in [(early, 5_000), (late, -5_000)] {
        let row = SuppressionRow { created_at: t.app.now().plus_ms(-ago_ms), ..db.new_suppression(phone, "sms", None) };
        suppressions::suppress(&mut db.write().await, &row).await.unwrap();
    }
    eventually("both to be recorded", async || (count_deliveries(&mut db.read().await, "status IN ('accepted', 'delivered')").await == 2).then_some(())).await;
    let counted = eventually("the count", async || sent_after_opt_out(t.http(), &t.url).await.filter(|count| *count > 0)).await;
    assert_eq!(counted, 1, "only the one that came before the call");
    t.stop().await;
});
