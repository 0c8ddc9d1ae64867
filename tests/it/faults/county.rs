//! A county whose residents are to be alerted: gateways as processes of their own, a carrier as another, and what the test
//! itself knows of whom it asked to reach.

use std::collections::{BTreeMap, BTreeSet};

use huecry::config::Keyring;
use huecry::domain::Address;
use huecry::store::residents::{self, AddressRow, ResidentRow};
use huecry::store::{Db, accounts, alerts, deliveries};
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use serde_json::{Value, json};

use super::carrier::{Carrier, HandOver, Road};
use super::records::{count_deliveries, count_of};
use crate::program::process::{Gateway, Program};
use crate::support::db::TestDb;
use crate::support::{app::eventually, now};

const SECTOR: &str = "DE45 1";
const OWNER: &str = "owner@force.example";
/// Words that nothing else of what goes out has.
pub(super) const WORDS: &str = "Have you seen the white van of Bakewell?";

/// What a county is like.
#[derive(Clone, Copy, Debug)]
pub(super) struct Size {
    pub(super) road: Road,
    pub(super) people: usize,
    pub(super) nodes: usize,
    /// Hand-overs that a node has under way at once.
    pub(super) at_once: usize,
    /// Hand-overs a second that the provider agreed to.
    pub(super) rate: usize,
}

pub(super) struct County {
    pub(super) size: Size,
    pub(super) carrier: Carrier,
    /// Numbered from 1 in their ids and leases.
    pub(super) nodes: Vec<Gateway>,
    pub(super) database_url: String,
    key: String,
    http: reqwest::Client,
}

/// What the carrier's file and the audience have to say of each other.
#[derive(Default)]
pub(super) struct Verdict {
    pub(super) taken: usize,
    pub(super) doubled: usize,
    pub(super) unreached: usize,
    pub(super) listed: usize,
    /// From the first hand-over to the last, and the longest time between two.
    pub(super) took_ms: i64,
    pub(super) pause_ms: i64,
    pub(super) faults: Vec<String>,
}

impl std::fmt::Display for Verdict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { taken, doubled, unreached, listed, took_ms, pause_ms, faults } = self;
        write!(f, "{taken} taken in {took_ms} ms with {pause_ms} ms at most between two, {doubled} doubled, {unreached} unreached, ")?;
        write!(f, "{listed} listed as doubtful, {} faults", faults.len())?;
        faults.iter().take(20).try_for_each(|fault| write!(f, "\n  {fault}"))
    }
}

/// The phone of a resident: the first thousand are Ofcom's range for drama, the others have a digit more than any number.
pub(super) fn phone(person: usize) -> String {
    if person < 1_000 { format!("+447700900{person:03}") } else { format!("+4477009{person:06}") }
}

/// Where a resident is reached by this road.
fn address(road: Road, person: usize) -> String {
    if road == Road::Smtp { format!("p{person}@example.org") } else { phone(person) }
}

impl County {
    /// Fills the database and furnishes the gateways, of which none is started.
    pub(super) async fn furnish(db: &TestDb, size: Size) -> Self {
        let owner = db.new_officer(OWNER);
        accounts::insert_officers(&mut db.write().await, vec![owner]).await.unwrap();
        let sector = db.add_area(SECTOR, "sector").await.id;
        let keyring = Keyring::fixed();
        // So that whoever comes first in one way does not in the other.
        let mut order: Vec<usize> = (0..size.people).collect();
        order.shuffle(&mut StdRng::seed_from_u64(7));
        for people in order.chunks(5_000) {
            let (mut rows, mut addresses, mut areas) = (Vec::new(), Vec::new(), Vec::new());
            for person in people {
                let resident = ResidentRow { name: "Jo Bloggs".into(), ..db.new_resident("DE45 1AA") };
                addresses.push(new_address(db, resident.id, &address(size.road, *person), &keyring));
                areas.push((resident.id, sector));
                rows.push(resident);
            }
            let mut conn = db.write().await;
            residents::insert(&mut conn, rows).await.unwrap();
            residents::insert_addresses(&mut conn, addresses).await.unwrap();
            residents::insert_areas(&mut conn, areas).await.unwrap();
        }
        let carrier = Carrier::start(db.folder()).await;
        let database_url = own_database(db).await;
        let nodes = (1..=size.nodes).map(|node| Self::node(db, &size, &carrier, &database_url, node)).collect::<Vec<_>>();
        let added = nodes[0].run(&["api-key", "add", "--name", "the test", "--scope", "alerts"]).await;
        assert_eq!(added.code, Some(0), "{added:?}");
        let key = added.out.trim().to_owned();
        Self { size, carrier, nodes, database_url, key, http: reqwest::Client::new() }
    }

    fn node(db: &TestDb, size: &Size, carrier: &Carrier, url: &str, node: usize) -> Gateway {
        let channel = carrier.channel(size.road, node, Gateway::TOKEN, Gateway::NUMBER);
        let channel = format!("{channel}rate_per_s = {}\nconcurrency = {}\n", size.rate, size.at_once);
        let gateway = Gateway::furnish_as(&db.folder().join(format!("node-{node}")), url, &format!("node = {node}\n"), &channel);
        std::fs::write(gateway.folder.join("keyring.json"), keyring_file()).unwrap();
        gateway
    }

    /// Starts every node and waits until each answers.
    pub(super) async fn start(&self, more: &[&str]) -> Vec<Program> {
        let mut programs: Vec<Program> = self.nodes.iter().map(|node| node.start(more)).collect();
        for (node, program) in self.nodes.iter().zip(&mut programs) {
            node.ready(program).await;
        }
        programs
    }

    /// Asks a node, counted from 1, something of its API.
    pub(super) async fn ask(&self, node: usize, path: &str, once: Option<&str>, body: &Value) -> (u16, Value) {
        let request = self.http.post(format!("{}/api/v1/alerts{path}", self.nodes[node - 1].url)).bearer_auth(&self.key).json(body);
        let request = once.into_iter().fold(request, |request, once| request.header("Idempotency-Key", once));
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    /// How an alert stands, as the API tells it.
    pub(super) async fn standing(&self, node: usize, reference: &str) -> Value {
        let request = self.http.get(format!("{}/api/v1/alerts/{reference}", self.nodes[node - 1].url)).bearer_auth(&self.key);
        request.send().await.unwrap().error_for_status().unwrap().json().await.unwrap()
    }

    /// An alert to everybody.
    pub(super) fn alert(urgency: &str) -> Value {
        json!({ "kind": "appeal", "urgency": urgency, "title": "White van", "sms_text": WORDS, "areas": [SECTOR], "owner_email": OWNER })
    }

    /// Asks the first node to alert everybody; gives the alert's reference.
    pub(super) async fn publish(&self, urgency: &str) -> String {
        let (status, body) = self.ask(1, "", None, &Self::alert(urgency)).await;
        assert_eq!(status, 201, "{body}");
        assert_eq!(body["recipients"][self.size.road.kind()], self.size.people, "the audience is not the test's own: {body}");
        body["reference"].as_str().unwrap().to_owned()
    }

    /// Waits, four times as long as anything else is waited for, until nothing of the alert is queued or under way.
    pub(super) async fn settle(&self, programs: &mut [Program]) {
        let programs = std::cell::RefCell::new(programs);
        let db = Db::connect(&self.database_url).await.unwrap();
        for _ in 0..if soaks() { 20 } else { 4 } {
            let settled = eventually("every delivery to be settled", async || {
                for program in programs.borrow_mut().iter_mut() {
                    assert!(program.runs(), "a gateway ended: {}", program.logged());
                }
                let mut conn = db.read().await.ok()?;
                let fanning_out = count_of(&mut conn, "alerts", "status = 'publishing'").await;
                let under_way = count_deliveries(&mut conn, "status IN ('queued', 'leased', 'sending')").await;
                (fanning_out == 0 && under_way == 0).then_some(())
            });
            if tokio::time::timeout(std::time::Duration::from_secs(25), settled).await.is_ok() {
                return;
            }
        }
        let mut conn = db.read().await.unwrap();
        let mut left = Vec::new();
        for status in ["queued", "leased", "sending"] {
            left.push((status, count_deliveries(&mut conn, &format!("status = '{status}'")).await));
        }
        panic!("deliveries were left lying: {left:?}: {}", programs.borrow().iter().map(Program::logged).collect::<String>());
    }

    /// Addresses that the product lists for the officer as perhaps not reached, or perhaps reached twice.
    pub(super) async fn listed(&self, reference: &str) -> BTreeSet<String> {
        let db = Db::connect(&self.database_url).await.unwrap();
        let mut conn = db.read().await.unwrap();
        let alert = alerts::find_by_reference(&mut conn, reference).await.unwrap().unwrap();
        let listed = deliveries::list_doubtful(&mut conn, alert.id, 100_000).await.unwrap();
        listed.into_iter().map(|doubtful| doubtful.delivery.address).collect()
    }

    /// Holds the carrier's file against the audience. `again`: the alert says to send again on doubt. `doubts` is the most
    /// hand-overs that can have been in doubt.
    pub(super) async fn judge(&self, reference: &str, again: bool, doubts: usize) -> Verdict {
        compare(self.size, &self.carrier.file(), &self.listed(reference).await, again, doubts)
    }
}

/// The people who were asked for against those whom the carrier was handed a text for.
fn compare(size: Size, file: &[HandOver], listed: &BTreeSet<String>, again: bool, doubts: usize) -> Verdict {
    let audience: BTreeSet<String> = (0..size.people).map(|person| address(size.road, person)).collect();
    let mut times: BTreeMap<&str, usize> = audience.iter().map(|to| (to.as_str(), 0)).collect();
    let moments: Vec<i64> = file.iter().map(|taken| taken.at_us / 1_000).collect();
    let pauses = moments.iter().zip(moments.iter().skip(1)).map(|(before, after)| after - before);
    let mut verdict = Verdict { taken: file.len(), listed: listed.len(), ..Verdict::default() };
    verdict.pause_ms = pauses.max().unwrap_or(0);
    verdict.took_ms = moments.last().zip(moments.first()).map_or(0, |(last, first)| last - first);
    for taken in file {
        match times.get_mut(taken.to.as_str()) {
            Some(count) if taken.body.contains(WORDS) => *count += 1,
            _ => verdict.faults.push(format!("{taken:?} was never asked for")),
        }
    }
    // Where the provider can be asked nobody is in doubt for good.
    let may_be_listed = |to: &str| !size.road.can_be_asked() && listed.contains(to);
    for (to, count) in &times {
        match count {
            0 => {
                verdict.unreached += 1;
                if again || !may_be_listed(to) {
                    verdict.faults.push(format!("{to} was never reached"));
                }
            }
            1 => {}
            count => {
                verdict.doubled += 1;
                if !again || *count > 2 || !may_be_listed(to) {
                    verdict.faults.push(format!("{to} was reached {count} times"));
                }
            }
        }
    }
    if size.road.can_be_asked() && !listed.is_empty() {
        verdict.faults.push(format!("{} are listed as doubtful, and the provider can be asked", listed.len()));
    }
    if listed.len() > doubts {
        verdict.faults.push(format!("{} are listed as doubtful, and at most {doubts} can be", listed.len()));
    }
    verdict.faults.extend(listed.difference(&audience).map(|to| format!("{to} is listed as doubtful and was never asked for")));
    verdict
}

fn new_address(db: &TestDb, resident_id: i64, address: &str, keyring: &Keyring) -> AddressRow {
    let kind = if address.contains('@') { "email" } else { "phone" };
    AddressRow {
        id: db.id(),
        resident_id,
        kind: kind.into(),
        value: address.into(),
        match_key: Address::from_stored(kind, address).match_key(&keyring.match_secret),
        enabled: true,
        verified_at: Some(now()),
        bad_at: None,
        created_at: now(),
    }
}

/// On SQLite a copy that only the gateway opens, so that each start must recover it by itself.
async fn own_database(db: &TestDb) -> String {
    if !db.url.starts_with("sqlite:") {
        return db.url.clone();
    }
    let file = db.folder().join("county.db");
    let copy = format!("VACUUM INTO '{}'", file.display());
    huecry::on!(&mut db.write().await, c => diesel_async::RunQueryDsl::execute(diesel::sql_query(copy), c).await).unwrap();
    format!("sqlite:{}", file.display())
}

/// The keys of the tests, as the program keeps them.
fn keyring_file() -> String {
    let keyring = Keyring::fixed();
    let tokens: Vec<_> = keyring.tokens.iter().map(|key| json!({ "id": key.id, "secret": hex::encode(&key.secret) })).collect();
    json!({ "match_key": hex::encode(&keyring.match_secret), "token_keys": tokens }).to_string()
}

/// Whether there is time for the whole of it.
pub(super) fn soaks() -> bool {
    std::env::var_os("HUECRY_SOAK").is_some()
}

mod tests {
    use super::*;

    #[test]
    fn what_the_file_says_is_held_against_who_was_asked_for() {
        let size = |road| Size { road, people: 3, nodes: 1, at_once: 1, rate: 1 };
        let file = |people: &[usize]| -> Vec<HandOver> {
            people.iter().map(|n| HandOver { at_us: 0, to: phone(*n), reference: n.to_string(), body: WORDS.to_owned() }).collect()
        };
        let faults = |road, people: &[usize], listed: &[usize], again, doubts| {
            compare(size(road), &file(people), &listed.iter().map(|n| phone(*n)).collect(), again, doubts).faults.len()
        };
        for road in [Road::Notify, Road::VonageSms] {
            assert_eq!(faults(road, &[0, 1, 2], &[], false, 0), 0, "each once");
            assert_eq!(faults(road, &[0, 1], &[], false, 1), 1, "lost");
            assert_eq!(faults(road, &[0, 1, 2, 2], &[], true, 1), 1, "doubled and not listed");
            assert_eq!(faults(road, &[0, 1, 2, 2], &[2], false, 1), if road.can_be_asked() { 2 } else { 1 }, "doubled against the alert's choice");
            assert_eq!(faults(road, &[0, 1, 2, 3], &[], false, 0), 1, "a stranger");
            assert!(faults(road, &[0, 1, 2], &[0, 1], true, 1) > 0, "more listed than can be");
        }
        assert_eq!(faults(Road::VonageSms, &[0, 1, 2, 2], &[2], true, 1), 0, "doubled by the alert's choice, and listed");
        assert_eq!(faults(Road::VonageSms, &[0, 1], &[2], false, 1), 0, "perhaps lost by the alert's choice, and listed");
        assert_eq!(faults(Road::VonageSms, &[0, 1], &[2], true, 1), 1, "lost although it was to be sent again");
        assert_eq!(faults(Road::VonageSms, &[0, 1, 2, 2, 2], &[2], true, 1), 1, "sent again more than once");
    }
}
