//! The gateway is killed outright, again and again, while a provider delivers. The provider keeps its own list of what was
//! acknowledged, and that list is held against the database.
//!
//! A list that never finds a loss proves nothing: the same harness must find the one that `--planted-fault` makes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::StreamExt;
use huecry::config::Keyring;
use huecry::domain::{Address, MatchKey};
use huecry::store::{Db, envelopes};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::records::{Kept, age_leases, kept, standing};
use super::webhooks::{Inbound, Webhook};
use crate::program::process::{Gateway, Program};
use crate::support::app::eventually;
use crate::support::db::TestDb;

const AT_ONCE: usize = 32;
/// People who text, and after them those who text STOP.
const PEOPLE: usize = 300;

on_both!(nothing_acknowledged_is_lost_or_doubled_however_often_the_gateway_is_killed, async |db| {
    let soak = std::env::var_os("HUECRY_SOAK").is_some();
    let plan = Plan { texts: 2_000, stops: 40, kills: if soak { 30 } else { 6 }, wait_for_leases: soak, arguments: &[] };
    let findings = plan.carry_out(db).await;
    eprintln!("{findings}");
    assert!(findings.interrupted > 0, "no request was ever cut off, so that nothing was tried: {findings}");
    assert_eq!(findings.acknowledged, plan.texts, "{findings}");
    assert_eq!(findings.kept, plan.texts, "{findings}");
    assert!(findings.faults.is_empty(), "{findings}");
});

// A release has no such flag.
#[cfg(debug_assertions)]
on_both!(the_harness_sees_a_gateway_that_acknowledges_before_it_commits, async |db| {
    let plan = Plan { texts: 300, stops: 0, kills: 3, wait_for_leases: false, arguments: &["--planted-fault"] };
    // A kill may fall just between two commits: four in a row hardly do, three times over.
    for round in 1..=3 {
        let findings = plan.carry_out(db).await;
        eprintln!("round {round}: {findings}");
        assert_eq!(findings.acknowledged, plan.texts, "{findings}");
        if findings.faults.iter().any(|fault| fault.contains("acknowledged and lost")) {
            return;
        }
    }
    panic!("the gateway acknowledged before it committed, was killed, and the harness saw no loss");
});

/// What a run tries.
struct Plan {
    texts: usize,
    /// How many of the texts are a STOP.
    stops: usize,
    kills: usize,
    /// Whether a killed gateway's leases are waited for, or aged as if that time had passed.
    wait_for_leases: bool,
    arguments: &'static [&'static str],
}

/// What the provider knows of its own.
#[derive(Default)]
struct Provider {
    acknowledged: Mutex<Vec<Inbound>>,
    count: AtomicUsize,
    interrupted: AtomicUsize,
}

/// What the list and the database have to say of each other.
struct Findings {
    seed: u64,
    kills: usize,
    interrupted: usize,
    acknowledged: usize,
    kept: usize,
    faults: Vec<String>,
}

impl std::fmt::Display for Findings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { seed, kills, interrupted, acknowledged, kept, faults } = self;
        write!(f, "seed {seed}: {kills} kills, {interrupted} requests cut off, {acknowledged} acknowledged, {kept} kept, {} faults", faults.len())?;
        faults.iter().take(20).try_for_each(|fault| write!(f, "\n  {fault}"))
    }
}

impl Plan {
    async fn carry_out(&self, db: &TestDb) -> Findings {
        let seed: u64 = rand::random();
        let mut random = StdRng::seed_from_u64(seed);
        // On SQLite a file that only the gateway opens until it is over, so that each start must recover it by itself.
        let url = if db.url.starts_with("sqlite:") { format!("sqlite:{}/{seed}.db", db.folder().display()) } else { db.url.clone() };
        let gateway = Gateway::furnish(db.folder(), &url);
        let texts = self.texts_to_send();
        let provider = Provider::default();
        let webhook = Webhook::new(&gateway.url, Gateway::TOKEN, Gateway::NUMBER);

        let mut program = gateway.start(self.arguments);
        let mut kills = 0;
        tokio::join!(deliver(&provider, &webhook, &texts), async {
            for at in self.points(&mut random) {
                reach(&provider.count, at).await;
                kills += kill_and_restart(&gateway, &mut program, self.arguments, &mut random).await;
            }
        });
        // Once more, just after the last acknowledgement.
        program.kill();
        kills += 1;

        let after = Db::connect(&url).await.unwrap();
        if !self.wait_for_leases {
            age_leases(&mut after.write().await.unwrap()).await;
        }
        let mut program = gateway.start(self.arguments);
        settle(&after, &mut program).await;
        program.kill();

        let mut conn = after.read().await.unwrap();
        let acknowledged = provider.acknowledged.into_inner().unwrap();
        let found = kept(&mut conn).await;
        let mut faults = compare(&acknowledged, &found, &texts);
        faults.extend(compare_stops(&acknowledged, &standing(&mut conn).await, &Keyring::open(&gateway.folder.join("keyring.json")).unwrap()));
        let interrupted = provider.interrupted.load(Ordering::SeqCst);
        Findings { seed, kills, interrupted, acknowledged: acknowledged.len(), kept: found.len(), faults }
    }

    fn texts_to_send(&self) -> Vec<Inbound> {
        let every = self.texts.checked_div(self.stops).unwrap_or(usize::MAX);
        let text = |n: usize| {
            let stop = n % every == every / 2 && n / every < self.stops;
            if stop { Inbound::new(n, 500 + n / every, "STOP") } else { Inbound::new(n, 100 + n % PEOPLE, &format!("Seen by the bridge, number {n}")) }
        };
        (0..self.texts).map(text).collect()
    }

    /// After how many acknowledgements to kill, in rising order.
    fn points(&self, random: &mut StdRng) -> Vec<usize> {
        let mut points: Vec<usize> = (0..self.kills).map(|_| random.random_range(1..self.texts - AT_ONCE)).collect();
        points.sort_unstable();
        points
    }
}

/// Kills it a few milliseconds on, so as to meet it at any step, and starts it again; one time in three kills it while it
/// starts. Gives how many kills that were.
async fn kill_and_restart(gateway: &Gateway, program: &mut Program, arguments: &[&str], random: &mut StdRng) -> usize {
    ticks(random.random_range(0..40)).await;
    program.kill();
    *program = gateway.start(arguments);
    if random.random_ratio(2, 3) {
        return 1;
    }
    ticks(random.random_range(0..300)).await;
    program.kill();
    *program = gateway.start(arguments);
    2
}

pub(super) async fn ticks(milliseconds: u32) {
    let mut tick = tokio::time::interval(Duration::from_millis(1));
    for _ in 0..milliseconds {
        tick.tick().await;
    }
}

pub(super) async fn reach(count: &AtomicUsize, least: usize) {
    let mut tick = tokio::time::interval(Duration::from_millis(1));
    while count.load(Ordering::SeqCst) < least {
        tick.tick().await;
    }
}

/// Delivers every text, each again and again with the same id until it is acknowledged.
async fn deliver(provider: &Provider, webhook: &Webhook, texts: &[Inbound]) {
    let http = reqwest::Client::builder().timeout(Duration::from_secs(15)).build().unwrap();
    let one = async |text: &Inbound| {
        let status = eventually(&format!("{} to be acknowledged", text.sid), async || {
            let status = webhook.send(&http, text).await;
            if !matches!(status, Some(200..=299)) {
                provider.interrupted.fetch_add(1, Ordering::SeqCst);
            }
            // Anything but a refusal to do with the moment would be tried for ever.
            assert!(matches!(status, None | Some(200..=299 | 503)), "{} was answered with {status:?}", text.sid);
            status.filter(|status| *status < 300)
        })
        .await;
        assert_eq!(status, 200);
        provider.acknowledged.lock().unwrap().push(text.clone());
        provider.count.fetch_add(1, Ordering::SeqCst);
    };
    futures_util::stream::iter(texts).for_each_concurrent(AT_ONCE, one).await;
}

async fn settle(db: &Db, program: &mut Program) {
    let program = std::cell::RefCell::new(program);
    // Leases that must run out take longer than one wait.
    for _ in 0..4 {
        let waiting = eventually("some envelopes to be dealt with", async || {
            assert!(program.borrow_mut().runs(), "the gateway ended: {}", program.borrow().logged());
            let waiting = envelopes::count_waiting(&mut db.read().await.unwrap()).await.unwrap();
            Some(waiting).filter(|waiting| *waiting == 0)
        });
        if tokio::time::timeout(Duration::from_secs(25), waiting).await.is_ok() {
            return;
        }
    }
    panic!("envelopes were left lying: {}", program.borrow().logged());
}

fn compare(acknowledged: &[Inbound], found: &[Kept], sent: &[Inbound]) -> Vec<String> {
    let mut by_sid: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for message in found {
        by_sid.entry(&message.sid).or_default().push(&message.body);
    }
    let bodies: BTreeMap<&str, &str> = sent.iter().map(|text| (text.sid.as_str(), text.body.as_str())).collect();
    let lost = acknowledged.iter().filter(|text| !by_sid.contains_key(text.sid.as_str())).map(|text| format!("{} was acknowledged and lost", text.sid));
    let doubled = by_sid.iter().filter(|(_, bodies)| bodies.len() > 1).map(|(sid, bodies)| format!("{sid} is kept {} times", bodies.len()));
    let strange =
        found.iter().filter(|message| bodies.get(message.sid.as_str()) != Some(&message.body.as_str())).map(|message| format!("{message:?} was never sent"));
    // Under another id it would still be the same text.
    let mut seen = BTreeSet::new();
    let again = found.iter().filter(|message| message.body != "STOP" && !seen.insert(&message.body)).map(|message| format!("{:?} is kept again", message.body));
    lost.chain(doubled).chain(strange).chain(again).collect()
}

/// One standing suppression for each person who texted STOP, and none for anybody else.
fn compare_stops(acknowledged: &[Inbound], standing: &[MatchKey], keyring: &Keyring) -> Vec<String> {
    let key = |text: &Inbound| Address::parse(&text.from).unwrap().match_key(&keyring.match_secret);
    let stopped: BTreeMap<MatchKey, &str> = acknowledged.iter().filter(|text| text.body == "STOP").map(|text| (key(text), text.from.as_str())).collect();
    let missing = stopped.iter().filter_map(|(key, from)| {
        let count = standing.iter().filter(|standing| *standing == key).count();
        (count != 1).then(|| format!("{from} texted STOP and has {count} suppressions"))
    });
    let others = standing.iter().filter(|key| !stopped.contains_key(*key)).map(|_| "somebody who did not text STOP is suppressed".to_owned());
    missing.chain(others).collect()
}
