//! The provider refuses connections, hangs, answers 500 and 429 while an alert goes out, and is well again.

use huecry::store::Db;

use super::alert_killed::forget_the_dead;
use super::carrier::{Mood, Road};
use super::county::{County, Size, soaks};
use super::kill::ticks;
use super::records::count_deliveries;
use crate::support::app::eventually;
use crate::support::db::TestDb;

const AT_ONCE: usize = 8;

on_both!(a_provider_in_trouble_that_can_be_asked_reaches_everybody_once, async |db| {
    outlast(db, Road::Notify).await;
});

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_in_trouble_that_cannot_be_asked_leaves_nobody_unlisted() {
    outlast(&TestDb::postgres().await, Road::VonageSms).await;
}

on_both!(a_mail_relay_in_trouble_leaves_nobody_unlisted, async |db| {
    outlast(db, Road::Smtp).await;
});

async fn outlast(db: &TestDb, road: Road) {
    let size = Size { road, people: if soaks() { 50_000 } else { 600 }, nodes: 1, at_once: AT_ONCE, rate: 2_000 };
    let county = County::furnish(db, size).await;
    let mut programs = county.start(&[]).await;
    let reference = county.publish("routine").await;
    // Last what is slow to heal: what hung is asked about a quarter of a minute later.
    for (turn, mood) in [Mood::Fault, Mood::Busy, Mood::Refuse, Mood::Hang].into_iter().enumerate() {
        county.carrier.has_taken(size.people * (turn + 1) / 6).await;
        let before = county.carrier.tally().await;
        county.carrier.be(mood).await;
        eventually(&format!("{mood:?} to be felt"), async || {
            let now = county.carrier.tally().await;
            match mood {
                Mood::Fault => (now.turned_away >= before.turned_away + 5).then_some(()),
                Mood::Busy => (now.turned_away > before.turned_away).then_some(()),
                Mood::Hang => (now.unanswered >= before.unanswered + AT_ONCE).then_some(()),
                Mood::Refuse => {
                    // Of mail most are cut while the relay has them whole: those are in doubt.
                    let least = if road == Road::Smtp { 1 } else { 5 };
                    (count_deliveries(&mut db_of(&county).await.read().await.unwrap(), "error_code = 'connect'").await >= least).then_some(())
                }
                Mood::Steady => unreachable!(),
            }
        })
        .await;
        county.carrier.be(Mood::Steady).await;
    }
    county.settle(&mut programs).await;
    let tally = county.carrier.tally().await;
    // A connection that was cut with a text under way is in doubt as well: at most once for each place and change of mood.
    let verdict = county.judge(&reference, false, tally.unanswered + AT_ONCE).await;
    eprintln!("{tally:?}: {verdict}");
    assert!(tally.unanswered >= AT_ONCE && tally.turned_away > 5, "nothing was tried: {tally:?}");
    assert!(verdict.faults.is_empty(), "{verdict}");
}

async fn db_of(county: &County) -> Db {
    Db::connect(&county.database_url).await.unwrap()
}

// Asked once and not answered, it would count as one that cannot be asked: and what it has would be sent again, or listed.
on_both!(a_provider_that_does_not_answer_the_question_is_asked_again, async |db| {
    let county = County::furnish(db, Size { road: Road::Notify, people: AT_ONCE, nodes: 1, at_once: AT_ONCE, rate: 2_000 }).await;
    county.carrier.be(Mood::Hang).await;
    let mut programs = county.start(&[]).await;
    let reference = county.publish("life_at_risk").await;
    eventually("all to hang", async || (county.carrier.tally().await.unanswered >= AT_ONCE).then_some(())).await;
    programs[0].kill();
    county.carrier.be(Mood::Fault).await;
    county.carrier.is_done_with(1).await;
    forget_the_dead(&county).await;
    programs[0] = county.nodes[0].start(&[]);
    eventually("the question", async || (county.carrier.tally().await.turned_away > 0).then_some(())).await;
    // Until what was answered is written down.
    ticks(100).await;
    county.carrier.be(Mood::Steady).await;
    county.settle(&mut programs).await;
    let verdict = county.judge(&reference, true, 0).await;
    assert_eq!((verdict.taken, verdict.faults.len()), (AT_ONCE, 0), "{verdict}");
});
