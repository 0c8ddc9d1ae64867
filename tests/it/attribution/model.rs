//! The product's decisions held against what each resident of a [`World`] meant.

use std::collections::BTreeMap;

use huecry::domain::At;
use huecry::domain::reference;
use huecry::inbound::thread::text::{Sent, tie};
use huecry::inbound::thread::{Confidence, Target};
use huecry::outbound::sender_pool::{Hold, choose};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::world::{Alert, DAY, Handset, Plan, Reply, World};

/// As the gateway keeps them: how long a pair rests, how far back and how much of it counts.
const REST_DAYS: i64 = 30;
const PAIR_DAYS: i64 = 30;
const PAIR_LIMIT: usize = 50;

/// What came of the replies.
#[derive(Default)]
pub(crate) struct Tally {
    pub(crate) replies: u32,
    pub(crate) late: u32,
    /// On a thread with more than one alert of the last 30 days.
    pub(crate) shared: u32,
    pub(crate) certain: Split,
    pub(crate) probable: Split,
    pub(crate) tray: u32,
    /// Where the meant alert stands among the candidates: first, second, third, further down, nowhere.
    pub(crate) rank: [u32; 5],
    /// The handset shows one alert of the last 30 days in the thread; and these are tied as certain.
    pub(crate) determined: u32,
    pub(crate) determined_certain: u32,
    /// The first few wrong certain ones, for people.
    pub(crate) wrong: Vec<String>,
}

#[derive(Clone, Copy, Default)]
pub(crate) struct Split {
    pub(crate) right: u32,
    pub(crate) wrong: u32,
}

impl Split {
    fn add(&mut self, right: bool) {
        if right {
            self.right += 1;
        } else {
            self.wrong += 1;
        }
    }

    pub(crate) fn all(self) -> u32 {
        self.right + self.wrong
    }
}

/// Of a hundred; none of none is none.
pub(crate) fn percent(part: u32, whole: u32) -> f64 {
    if whole == 0 { 0.0 } else { f64::from(part) * 100.0 / f64::from(whole) }
}

impl Tally {
    pub(crate) fn report(&self) -> String {
        let (certain, probable) = (self.certain, self.probable);
        let [first, second, third, further, nowhere] = self.rank;
        format!(
            "{} replies, {:.1} % late, {:.1} % on a shared pair\n\
             certain  {:6} ({:.2} %), wrong {}\n\
             probable {:6} ({:.2} %), wrong {} ({:.1} % of them)\n\
             tray     {:6} ({:.2} %)\n\
             rank of the right alert: first {first} ({:.2} %), second {second}, third {third}, further down {further}, missing {nowhere}\n\
             determined by the handset {}, of these certain {:.2} %\n{}",
            self.replies,
            percent(self.late, self.replies),
            percent(self.shared, self.replies),
            certain.all(),
            percent(certain.all(), self.replies),
            certain.wrong,
            probable.all(),
            percent(probable.all(), self.replies),
            probable.wrong,
            percent(probable.wrong, probable.all()),
            self.tray,
            percent(self.tray, self.replies),
            percent(first, self.replies),
            self.determined,
            percent(self.determined_certain, self.determined),
            self.wrong.join("\n"),
        )
    }

    fn add(&mut self, alerts: &[Alert], handset: &Handset, reply: &Reply) {
        let Some(thread) = handset.threads.get(reply.number) else { return };
        let id = |alert: usize| i64::try_from(alert).unwrap_or(i64::MAX);
        let words = |alert: usize, with_text: bool| {
            alerts.get(alert).map_or_else(String::new, |alert| if with_text { format!("{} {}", alert.title, alert.text) } else { alert.title.clone() })
        };
        let reference_of = |alert: usize| alerts.get(alert).map_or_else(String::new, |alert| alert.reference.clone());
        let mut ledger: Vec<_> = thread.iter().filter(|shown| shown.at <= reply.at && shown.at >= reply.at - PAIR_DAYS * DAY).collect();
        ledger.sort_by_key(|shown| std::cmp::Reverse(shown.at));
        ledger.truncate(PAIR_LIMIT);
        let several = ledger.iter().any(|shown| ledger.first().is_some_and(|first| first.alert != shown.alert));
        let sent = |alert: usize, at: i64, with_text| Sent {
            alert_id: id(alert),
            reference: reference_of(alert),
            words: words(alert, with_text),
            at: At::from_unix_ms(at),
        };
        let pair: Vec<Sent> = ledger.iter().map(|shown| sent(shown.alert, shown.at, several)).collect();
        let mentioned = reference::find_references(&reply.body);
        let theirs = handset.threads.iter().flatten().filter(|shown| shown.at <= reply.at && mentioned.contains(&reference_of(shown.alert)));
        let named: Vec<Sent> = theirs.map(|shown| sent(shown.alert, shown.at, mentioned.len() > 1)).collect();
        let tied = tie(&reply.body, "+447700900001", At::from_unix_ms(reply.at), &pair, &named);

        let right = tied.target == Target::Alert(id(reply.meant));
        self.replies += 1;
        self.late += u32::from(reply.late);
        self.shared += u32::from(reply.alerts_in_thread > 1);
        match tied.confidence {
            Confidence::Certain => self.certain.add(right),
            Confidence::Probable => self.probable.add(right),
            Confidence::Unattributed => self.tray += 1,
        }
        if tied.confidence == Confidence::Certain && !right && self.wrong.len() < 5 {
            self.wrong.push(format!("wrong: {:?} of resident {} means {} — {}", reply.body, reply.resident, reference_of(reply.meant), tied.evidence));
        }
        let place = tied.candidates.iter().position(|candidate| candidate.alert_id == id(reply.meant)).map_or(4, |place| place.min(3));
        if let Some(count) = self.rank.get_mut(place) {
            *count += 1;
        }
        if reply.alerts_in_thread == 1 {
            self.determined += 1;
            self.determined_certain += u32::from(tied.confidence == Confidence::Certain);
        }
    }
}

/// Sends everything, lets everybody answer, ties every answer.
pub(crate) fn run(plan: Plan) -> Tally {
    let numbers: BTreeMap<usize, String> = (0..plan.numbers).map(|number| (number, format!("+4477009{number:05}"))).collect();
    let pool: Vec<String> = numbers.values().cloned().collect();
    let mut world = World::make(plan, &references(plan), |uses, alert, at, turn| {
        let holds: Vec<Hold<'_>> = uses
            .iter()
            .filter_map(|used| {
                let our_number = numbers.get(&used.number)?;
                Some(Hold { our_number, alert_id: i64::try_from(used.alert).ok()?, used_at: At::from_unix_ms(used.at) })
            })
            .collect();
        let chosen = choose(&pool, &holds, i64::try_from(alert).unwrap_or(i64::MAX), At::from_unix_ms(at), REST_DAYS, turn);
        chosen.and_then(|choice| pool.iter().position(|number| number == choice.our_number)).unwrap_or(0)
    });
    let mut tally = Tally::default();
    world.live(plan.replies, |alerts, handset, reply| tally.add(alerts, handset, reply));
    tally
}

/// As many references as there are alerts, the same every time.
fn references(plan: Plan) -> Vec<String> {
    const LETTERS: &[u8] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let mut random = StdRng::seed_from_u64(plan.seed ^ 0x5eed);
    let mut found: Vec<String> = Vec::new();
    while found.len() < plan.alerts {
        let drawn: String = (0..5).filter_map(|_| LETTERS.get(random.random_range(0..LETTERS.len())).copied().map(char::from)).collect();
        if reference::find_references(&drawn) == [drawn.clone()] && !found.contains(&drawn) {
            found.push(drawn);
        }
    }
    found
}
