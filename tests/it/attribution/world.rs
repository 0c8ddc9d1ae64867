//! A county of handsets: who was sent what, from which number, and what they text back. It knows nothing of how a reply is
//! tied: which alert somebody means is drawn from what their own handset shows, and their words from that.
//!
//! The proportions, drawn up before anything was measured:
//! - One reply in ten is late, a day to 30 days after what it answers; the others come within a day of a text's arrival.
//! - In the thread that they open, 85 in 100 answer the newest text and 15 an older alert of the last 30 days, if there is one.
//! - Who answers the newest: 50 % bare words, 42 % words of the alert, 5 % its reference, 2 % a quotation of the whole text
//!   (which is what a "liked" makes), 1 % beside another alert's reference.
//! - Who answers an older one says so more often: 20 %, 60 %, 17 %, 2 %, 1 %.
//! - An officer answers 30 in 100 from the same number; half of them text again, 80 in 100 of these bare.
//! - Of the words of an alert some are synonyms that it does not have; a street that is named is the alert's own as often as not.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};

pub(crate) const MINUTE: i64 = 60_000;
pub(crate) const HOUR: i64 = 60 * MINUTE;
pub(crate) const DAY: i64 = 24 * HOUR;
/// What of a thread may be meant.
const RECENT: i64 = 30 * DAY;
/// 1 September 2026.
const BEGIN: i64 = 1_788_220_800_000;
/// How long the alerts go on.
const DAYS: i64 = 75;
const AREAS: usize = 24;

/// How large, how it is drawn, and from how many numbers.
#[derive(Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) residents: usize,
    pub(crate) numbers: usize,
    pub(crate) alerts: usize,
    /// Replies that open a talk or go on with one.
    pub(crate) replies: usize,
    pub(crate) seed: u64,
}

/// An alert as it is written.
pub(crate) struct Alert {
    pub(crate) reference: String,
    pub(crate) title: String,
    pub(crate) text: String,
    said: Vec<String>,
    street: &'static str,
    at: i64,
}

/// A text on a handset: an alert, or an officer's answer about one.
#[derive(Clone, Copy)]
pub(crate) struct Shown {
    pub(crate) alert: usize,
    pub(crate) at: i64,
}

/// A handset: its threads, by the sender's number.
#[derive(Clone)]
pub(crate) struct Handset {
    pub(crate) threads: Vec<Vec<Shown>>,
}

/// The latest use of a number towards a handset.
pub(crate) struct Use {
    pub(crate) number: usize,
    pub(crate) alert: usize,
    pub(crate) at: i64,
}

/// What somebody texted, and what they alone know.
pub(crate) struct Reply {
    pub(crate) resident: usize,
    pub(crate) number: usize,
    pub(crate) at: i64,
    pub(crate) body: String,
    pub(crate) meant: usize,
    pub(crate) late: bool,
    /// Alerts of the last 30 days in the thread.
    pub(crate) alerts_in_thread: usize,
}

pub(crate) struct World {
    pub(crate) alerts: Vec<Alert>,
    pub(crate) handsets: Vec<Handset>,
    random: StdRng,
}

/// When, who, in which thread, whether late, whether going on with a talk.
type Due = (i64, usize, usize, bool, bool);

struct Topic {
    title: &'static str,
    text: &'static str,
    /// How people call it; some without a word that the alert has.
    said: &'static [&'static str],
}

const TOPICS: &[Topic] = &[
    Topic {
        title: "Stolen caravan",
        text: "A {colour} caravan was taken from a drive on {street}, {town}. Did you see it being towed away?",
        said: &["the caravan", "those caravans", "someone towing a {colour} caravan", "the tourer"],
    },
    Topic {
        title: "Sheds broken into",
        text: "Bicycles and tools were taken from sheds near {street}, {town}. Please check your own and tell us what you saw.",
        said: &["the bikes", "two bicycles dumped in the beck", "the sheds", "lads going through gardens"],
    },
    Topic {
        title: "Missing: {name}",
        text: "We are worried about {name}, 78, last seen on {street} in a {colour} coat. Have you seen him?",
        said: &["{name}", "an old chap in a {colour} coat", "the missing man", "the elderly gentleman"],
    },
    Topic {
        title: "Missing girl: {name}",
        text: "{name}, 14, did not come home to {town} from school. She wears a {colour} jacket and carries a rucksack.",
        said: &["{name}", "a girl with a rucksack", "a teenager in a {colour} jacket", "that lass"],
    },
    Topic {
        title: "Burglaries in {town}",
        text: "Two men forced the back door of a house on {street} and took jewellery. Anyone with doorbell footage, please reply.",
        said: &["the burglary", "two burglars", "the break-in", "my doorbell footage"],
    },
    Topic {
        title: "Bogus callers",
        text: "Men claiming to be from the water board went into homes around {street}, {town}. Ask for a card before you open.",
        said: &["the water board men", "that bogus caller", "men with lanyards at my door", "someone about my meter"],
    },
    Topic {
        title: "Courier fraud",
        text: "Callers say they are detectives and send a courier for your bank card. It is fraud. Older people in {town} lost savings.",
        said: &["the courier", "the phone scam", "somebody who said he was a detective", "the bank card business"],
    },
    Topic {
        title: "Catalytic converters cut off",
        text: "Thieves in a {colour} estate cut converters from parked cars on {street}. Did you hear a saw at night?",
        said: &["the catalytic converters", "the converter", "someone under a car with a saw", "the {colour} estate"],
    },
    Topic {
        title: "Cyclist hurt on {street}",
        text: "A {colour} car hit a cyclist on {street}, {town}, and drove off. Did you see the collision or have a dashcam?",
        said: &["the collision", "the crash", "the {colour} car that hit the cyclist", "my dashcam"],
    },
    Topic {
        title: "Dog stolen",
        text: "A {colour} spaniel called {name} was snatched by {place} in {town}. Two women in a small van were about.",
        said: &["the spaniel", "the dog", "two women with a puppy", "those women in the van"],
    },
    Topic {
        title: "Fires at {place}",
        text: "Bins and a hut were set alight by {place}, {town}. We look for three youths on scooters.",
        said: &["the fire", "lads on scooters lighting bins", "the arson", "three youths by {place}"],
    },
    Topic {
        title: "Rubble dumped",
        text: "A {colour} tipper lorry left rubble and asbestos in a gateway off {street}. Did you note its plate?",
        said: &["the tipper", "the rubble", "that fly tipping", "a {colour} lorry"],
    },
    Topic {
        title: "Quad bikes taken from farms",
        text: "Quads and a trailer were taken from farms outside {town}. A pick-up was seen on {street} before dawn.",
        said: &["the quad", "quads going over the fields", "the pick-up", "the farm thefts"],
    },
    Topic {
        title: "Robbery at {place}",
        text: "A man with a knife robbed the till at {place}, {town}, and ran towards {street}. He wore a {colour} hood.",
        said: &["the robbery", "the man with the knife", "him in the {colour} hood", "the hold-up"],
    },
    Topic {
        title: "Cars scratched",
        text: "More than a dozen cars were scratched on {street}, {town}. Did you see who walked past?",
        said: &["the scratched cars", "my car was keyed too", "a kid scratching cars", "the damage"],
    },
    Topic {
        title: "Theft of lead from {place}",
        text: "Lead was stripped from the roof of {place} in {town}. Ladders were left behind. Did you see a {colour} pick-up?",
        said: &["the lead", "people on the roof", "the ladders", "the {colour} pick-up"],
    },
];

const STREETS: &[&str] = &[
    "Mill Lane",
    "Station Road",
    "Church Street",
    "High Street",
    "Nether End",
    "Bank Road",
    "Castle Street",
    "Matlock Road",
    "Dale Road",
    "Green Lane",
    "Park View",
    "Victoria Avenue",
    "Chapel Lane",
    "School Hill",
    "Water Street",
    "The Crescent",
    "Orchard Close",
    "Quarry Lane",
    "Smithy Brow",
    "Buxton Road",
    "Hope Street",
    "Derwent Drive",
    "Moor Lane",
    "Spring Gardens",
    "Market Place",
    "Bridge Street",
    "Holme Lane",
    "Haddon Road",
    "Lumford",
    "Cromford Hill",
    "Wirksworth Road",
    "Manor Park",
    "Ashford Lane",
    "Stonewell Lane",
    "Butts Road",
    "Monyash Road",
    "Granby Croft",
    "Burton Edge",
    "Riverside",
    "Wye Bank",
];
const TOWNS: &[&str] = &["Bakewell", "Matlock", "Buxton", "Glossop", "Belper", "Ripley", "Ilkeston", "Chesterfield", "Bolsover", "Swadlincote"];
const PLACES: &[&str] =
    &["the cricket club", "the Co-op", "the canal", "St Giles church", "the library", "the leisure centre", "the Royal Oak", "the allotments"];
const COLOURS: &[&str] = &["white", "black", "silver", "dark blue", "red", "green", "grey", "brown"];
const NAMES: &[&str] = &["Arthur", "Molly", "Desmond", "Keira", "Winston", "Poppy", "Gareth", "Nadia", "Stanley", "Bronwen"];
const TIMES: &[&str] = &["9pm", "half past six", "last night", "about 4", "this morning", "around midnight", "21:30", "yesterday teatime"];

const BARE: &[&str] = &[
    "yes",
    "Yes",
    "no sorry",
    "seen him",
    "yes seen it",
    "{street} {time}",
    "{street} {time}",
    "by the bridge {time}",
    "not round here",
    "ok thanks",
    "I might have something on camera",
    "can you ring me please",
    "who is this?",
    "👍",
    "Will keep an eye out",
    "I think I know who that is",
    "There was one outside ours {time}",
    "Nothing seen here on {street}",
];
const WORDED: &[&str] = &[
    "I saw {said} on {street} {time}",
    "{said} - {street}, {time}",
    "About {said}: my neighbour saw something",
    "is this still about {said}? I was on {street} {time}",
    "Re {said}, no news from me but will ask around",
    "Hello, {said} went past ours {time}",
    "think i saw {said}",
];
const REFERRED: &[&str] = &["{ref} yes I saw it", "Ref {ref}. {street} {time}", "about {ref} I have footage", "{ref}", "your {ref}: please ring me"];
/// The reference is another alert's.
const BESIDE: &[&str] = &[
    "is it the same man as in {ref}?",
    "this looks linked to {ref} to me",
    "not {ref}, the other one. saw it {time}",
    "like {ref} again isn't it, {street} {time}",
    "first {ref} and now this, {street} {time}",
];
const BESIDE_BOTH: &[&str] = &["{ref} not {other}", "saw that on {street}, {ref}, could be {other} as well"];

impl World {
    /// Writes the alerts and sends them out; the numbers are chosen by `choose`, which is shown the uses so far.
    pub(crate) fn make(plan: Plan, references: &[String], mut choose: impl FnMut(&[Use], usize, i64, usize) -> usize) -> Self {
        let mut random = StdRng::seed_from_u64(plan.seed);
        let alerts = alerts(plan, references, &mut random);
        let mut handsets = vec![Handset { threads: vec![Vec::new(); plan.numbers] }; plan.residents];
        // Area 0 is the town centre, where 5 in 100 live and most is sent to.
        let homes: Vec<(usize, bool)> =
            (0..plan.residents).map(|_| (if random.random_bool(0.05) { 0 } else { random.random_range(1..AREAS) }, random.random_bool(0.5))).collect();
        for (index, alert) in alerts.iter().enumerate() {
            let county = random.random_bool(0.1);
            let group = random.random_bool(0.3);
            let areas: Vec<bool> = (0..AREAS).map(|area| county || random.random_bool(if area == 0 { 0.5 } else { 0.15 })).collect();
            let mut turn = 0;
            for (handset, (home, member)) in handsets.iter_mut().zip(&homes) {
                let reached = areas.get(*home).is_some_and(|chosen| *chosen) && (!group || *member);
                if !reached || handset.received_since(alert.at - 72 * HOUR) >= 4 {
                    continue;
                }
                let uses: Vec<Use> = handset.uses();
                let number = choose(&uses, index, alert.at, turn);
                turn += 1;
                if let Some(thread) = handset.threads.get_mut(number) {
                    thread.push(Shown { alert: index, at: alert.at + random.random_range(5_000..15 * MINUTE) });
                }
            }
        }
        Self { alerts, handsets, random }
    }

    /// Everything that is texted back, in order of time. `heed` sees each when the handset is as it then was.
    pub(crate) fn live(&mut self, replies: usize, mut heed: impl FnMut(&[Alert], &Handset, &Reply)) {
        let deliveries: Vec<(usize, usize, i64)> = self
            .handsets
            .iter()
            .enumerate()
            .flat_map(|(resident, handset)| {
                handset.threads.iter().enumerate().flat_map(move |(number, thread)| thread.iter().map(move |shown| (resident, number, shown.at)))
            })
            .collect();
        let mut queue: BinaryHeap<Reverse<Due>> = BinaryHeap::new();
        // Those who go on with a talk come on top: 15 in 100.
        for _ in 0..replies * 87 / 100 {
            let Some((resident, number, at)) = deliveries.choose(&mut self.random).copied() else { return };
            let late = self.random.random_bool(0.1);
            let wait = if late { self.random.random_range(DAY..RECENT) } else { self.short_wait(DAY) };
            queue.push(Reverse((at + wait, resident, number, late, false)));
        }
        while let Some(Reverse((at, resident, number, late, goes_on))) = queue.pop() {
            let Some((meant, newest, others)) = self.mean(resident, number, at, late) else { continue };
            let body = self.write(resident, meant, newest, goes_on);
            let reply = Reply { resident, number, at, body, meant, late, alerts_in_thread: others };
            let Some(handset) = self.handsets.get(resident) else { continue };
            heed(&self.alerts, handset, &reply);
            if self.random.random_bool(0.3) {
                let answered = at + self.random.random_range(10 * MINUTE..6 * HOUR);
                if let Some(thread) = self.handsets.get_mut(resident).and_then(|handset| handset.threads.get_mut(number)) {
                    thread.push(Shown { alert: meant, at: answered });
                }
                if self.random.random_bool(0.5) {
                    let again = answered + self.short_wait(12 * HOUR);
                    queue.push(Reverse((again, resident, number, false, true)));
                }
            }
        }
    }

    /// Minutes rather than hours: each span twice as long is as likely.
    fn short_wait(&mut self, longest: i64) -> i64 {
        let halvings = self.random.random_range(0..9_u32);
        let upto = longest >> halvings;
        self.random.random_range(upto / 2..=upto)
    }

    /// Which alert they mean, by the thread as it stands before them; whether its text is the newest; how many there are.
    fn mean(&mut self, resident: usize, number: usize, at: i64, late: bool) -> Option<(usize, bool, usize)> {
        let thread = self.handsets.get(resident)?.threads.get(number)?;
        let mut shown: Vec<Shown> = thread.iter().filter(|shown| shown.at <= at && shown.at >= at - RECENT).copied().collect();
        shown.sort_by_key(|shown| Reverse(shown.at));
        let newest = shown.first()?.alert;
        let mut all: Vec<usize> = Vec::new();
        let mut older: Vec<usize> = Vec::new();
        for one in &shown {
            if !all.contains(&one.alert) {
                all.push(one.alert);
                if !late || one.at <= at - DAY {
                    older.push(one.alert);
                }
            }
        }
        let first = *older.first()?;
        let rest: Vec<usize> = older.into_iter().skip(1).collect();
        let meant = if self.random.random_bool(0.85) { first } else { rest.choose(&mut self.random).copied().unwrap_or(first) };
        Some((meant, meant == newest, all.len()))
    }

    fn write(&mut self, resident: usize, meant: usize, newest: bool, goes_on: bool) -> String {
        let drawn = self.random.random_range(0..100);
        let (bare, worded, referred, quoted) = match (goes_on, newest) {
            (true, _) => (80, 95, 99, 100),
            (false, true) => (50, 92, 97, 99),
            (false, false) => (20, 80, 97, 99),
        };
        let other = self.other(resident, meant);
        let Some(alert) = self.alerts.get(meant) else { return String::new() };
        let random = &mut self.random;
        let pick = |list: &'static [&'static str], random: &mut StdRng| list.choose(random).copied().unwrap_or_default();
        let street = if random.random_bool(0.5) { alert.street } else { pick(STREETS, random) };
        let time = pick(TIMES, random);
        let (mut own, mut beside) = (alert.reference.clone(), other.unwrap_or_default());
        if random.random_bool(0.4) {
            own = own.to_lowercase();
            beside = beside.to_lowercase();
        }
        let said = alert.said.choose(random).cloned().unwrap_or_default();
        let template = if drawn < bare {
            pick(BARE, random)
        } else if drawn < worded {
            pick(WORDED, random)
        } else if drawn < referred {
            pick(REFERRED, random)
        } else if drawn < quoted || beside.is_empty() {
            return format!("Liked “{}”", shown_as(alert));
        } else if random.random_bool(0.5) {
            return pick(BESIDE, random).replace("{ref}", &beside).replace("{street}", street).replace("{time}", time);
        } else {
            pick(BESIDE_BOTH, random)
        };
        template.replace("{street}", street).replace("{time}", time).replace("{said}", &said).replace("{ref}", &own).replace("{other}", &beside)
    }

    /// Another alert's reference that the handset shows, in any thread.
    fn other(&mut self, resident: usize, meant: usize) -> Option<String> {
        let handset = self.handsets.get(resident)?;
        let others: Vec<usize> = handset.threads.iter().flatten().map(|shown| shown.alert).filter(|alert| *alert < meant).collect();
        let other = *others.choose(&mut self.random)?;
        self.alerts.get(other).map(|alert| alert.reference.clone())
    }
}

impl Handset {
    fn received_since(&self, at: i64) -> usize {
        self.threads.iter().flatten().filter(|shown| shown.at >= at).count()
    }

    fn uses(&self) -> Vec<Use> {
        let latest = |thread: &Vec<Shown>| thread.iter().max_by_key(|shown| shown.at).copied();
        self.threads.iter().enumerate().filter_map(|(number, thread)| latest(thread).map(|shown| Use { number, alert: shown.alert, at: shown.at })).collect()
    }
}

fn alerts(plan: Plan, references: &[String], random: &mut StdRng) -> Vec<Alert> {
    let mut times: Vec<i64> = (0..plan.alerts).map(|_| BEGIN + random.random_range(0..DAYS) * DAY + random.random_range(8 * HOUR..21 * HOUR)).collect();
    times.sort_unstable();
    let mut alerts = Vec::new();
    for (reference, at) in references.iter().zip(times) {
        let pick = |list: &'static [&'static str], random: &mut StdRng| list.choose(random).copied().unwrap_or_default();
        let Some(topic) = TOPICS.choose(random) else { continue };
        let (street, town, place, colour, name) =
            (pick(STREETS, random), pick(TOWNS, random), pick(PLACES, random), pick(COLOURS, random), pick(NAMES, random));
        let fill =
            |text: &str| text.replace("{street}", street).replace("{town}", town).replace("{place}", place).replace("{colour}", colour).replace("{name}", name);
        alerts.push(Alert {
            reference: reference.clone(),
            title: fill(topic.title),
            text: fill(topic.text),
            said: topic.said.iter().map(|said| fill(said)).collect(),
            street,
            at,
        });
    }
    alerts
}

/// The text of an alert as the handset has it.
fn shown_as(alert: &Alert) -> String {
    format!("Derbyshire Alert: {}\nReply to this text. Ref {}. STOP to opt out.", alert.text, alert.reference)
}
