//! Gateways are killed outright while an alert goes out. What the carrier took is held against whom the test asked for, and
//! never against our own tables: only the list of doubtful hand-overs is the product's own.
//!
//! A list that never finds a fault proves nothing: the same harness must find a gateway that does not note, before the call,
//! that it is calling.

use diesel_async::RunQueryDsl;
use huecry::store::{Conn, Db};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::carrier::Road;
use super::county::{County, Size, Verdict, soaks};
use super::kill::ticks;
use super::records::age_leases;
use crate::support::db::TestDb;

/// One hand-over in so many is taken and not answered.
const LAPSE_EVERY: usize = 150;

on_both!(killed_where_the_provider_can_be_asked_everybody_is_reached_once, async |db| {
    Plan::of(Road::Notify, false).hold(db).await;
});

on_both!(killed_where_nobody_can_be_asked_what_may_be_lost_is_listed, async |db| {
    Plan::of(Road::VonageSms, false).hold(db).await;
});

on_both!(killed_where_a_life_is_at_risk_everybody_is_reached_and_what_may_be_doubled_is_listed, async |db| {
    Plan::of(Road::VonageSms, true).hold(db).await;
});

on_both!(killed_while_mail_goes_out_what_may_be_lost_is_listed, async |db| {
    Plan::of(Road::Smtp, false).hold(db).await;
});

on_both!(killed_while_mail_goes_out_and_a_life_is_at_risk_everybody_is_reached, async |db| {
    Plan::of(Road::Smtp, true).hold(db).await;
});

on_both!(the_harness_sees_a_gateway_that_does_not_note_that_it_is_calling, async |db| {
    let plan = Plan { people: 600, kills: 3, forgets: true, ..Plan::of(Road::VonageSms, true) };
    // A kill may fall between two hand-overs: hardly four in a row, three times over.
    for round in 1..=3 {
        let fresh;
        let db = if round == 1 {
            db
        } else {
            fresh = if db.url.starts_with("sqlite:") { TestDb::sqlite().await } else { TestDb::postgres().await };
            &fresh
        };
        let verdict = plan.carry_out(db).await;
        eprintln!("round {round}: {verdict}");
        if verdict.faults.iter().any(|fault| fault.contains("was reached 2 times")) {
            return;
        }
    }
    panic!("the gateway did not note what it was calling about, was killed, and the harness saw nothing doubled");
});

struct Plan {
    road: Road,
    /// Whether the alert says to send again on doubt.
    again: bool,
    people: usize,
    kills: usize,
    at_once: usize,
    /// Whether the database is made to forget that a hand-over began.
    forgets: bool,
}

impl Plan {
    fn of(road: Road, again: bool) -> Self {
        let (people, kills) = if soaks() { (50_000, 20) } else { (2_000, 4) };
        Self { road, again, people, kills, at_once: 16, forgets: false }
    }

    async fn hold(&self, db: &TestDb) {
        let verdict = self.carry_out(db).await;
        eprintln!("{verdict}");
        assert!(verdict.faults.is_empty(), "{verdict}");
    }

    async fn carry_out(&self, db: &TestDb) -> Verdict {
        let seed: u64 = rand::random();
        eprintln!("seed {seed}");
        let mut random = StdRng::seed_from_u64(seed);
        if self.forgets {
            forget(&mut db.write().await).await;
        }
        let county = County::furnish(db, Size { road: self.road, people: self.people, nodes: 1, at_once: self.at_once, rate: 2_000 }).await;
        county.carrier.lapse_every(if self.forgets { 0 } else { LAPSE_EVERY }).await;
        let mut programs = county.start(&[]).await;
        let reference = county.publish(if self.again { "life_at_risk" } else { "routine" }).await;
        let mut points: Vec<usize> = (0..self.kills).map(|_| random.random_range(0..self.people - self.people / 10)).collect();
        points.sort_unstable();
        for point in points {
            county.carrier.has_taken(point).await;
            ticks(random.random_range(0..40)).await;
            programs[0].kill();
            county.carrier.is_done_with(1).await;
            if !soaks() {
                forget_the_dead(&county).await;
            }
            programs[0] = county.nodes[0].start(&[]);
        }
        county.carrier.has_taken(self.people - self.people / 10).await;
        county.carrier.lapse_every(0).await;
        // Once more, so that nothing is left to hang.
        programs[0].kill();
        county.carrier.is_done_with(1).await;
        if !soaks() {
            forget_the_dead(&county).await;
        }
        programs[0] = county.nodes[0].start(&[]);
        county.settle(&mut programs).await;
        let tally = county.carrier.tally().await;
        let doubts = self.at_once * (self.kills + 1) + tally.unanswered;
        let verdict = county.judge(&reference, self.again, doubts).await;
        eprintln!("{} kills, {tally:?}", self.kills + 1);
        verdict
    }
}

/// As if the time had passed in which the dead node's leases run out.
pub(super) async fn forget_the_dead(county: &County) {
    age_leases(&mut Db::connect(&county.database_url).await.unwrap().write().await.unwrap()).await;
}

/// Makes the database lose the word `sending`, as a gateway would that forgets to write it.
async fn forget(conn: &mut Conn) {
    let statements: &[&str] = match conn {
        Conn::Pg(_) => &[
            "CREATE FUNCTION forget() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.status := 'leased'; RETURN NEW; END $$",
            "CREATE TRIGGER forget BEFORE UPDATE ON deliveries FOR EACH ROW WHEN (NEW.status = 'sending') EXECUTE FUNCTION forget()",
        ],
        Conn::Lite(_) => &["CREATE TRIGGER forget AFTER UPDATE ON deliveries FOR EACH ROW WHEN NEW.status = 'sending' \
             BEGIN UPDATE deliveries SET status = 'leased' WHERE id = NEW.id; END"],
    };
    for statement in statements {
        huecry::on!(conn, c => diesel::sql_query(*statement).execute(c).await).unwrap();
    }
}
