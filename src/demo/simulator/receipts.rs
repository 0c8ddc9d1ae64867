//! Receipts: the carrier's later word on each text, reported where the vendor reports it.
//!
//! Owns: the queue's worker and how many reports go at one time. Must not: hold up the hand-over.
//! Data: jobs from `handover`; the vendor's signed requests to the gateway; what came of it to the ledger.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_stream::wrappers::ReceiverStream;

use super::carrier::{Why, Word};
use super::gateway::{self, Answer, Patience};
use super::ledger::texts::Text;
use super::world::World;

const AT_ONCE: usize = 48;
const PATIENCE: Patience = Patience { tries: 4, first: Duration::from_millis(250), longest: Duration::from_secs(2) };

/// A text whose fate is to be reported.
pub(crate) struct Job {
    pub(crate) text: Text,
    pub(crate) callback: String,
    /// Not before this: the answer to the request that sent the text goes first.
    pub(crate) due: Instant,
}

/// Queues a report; a full queue drops it and counts a failure.
pub(crate) fn enqueue(world: &World, job: Job) {
    if let Err(error) = world.receipts.try_send(job) {
        tracing::warn!(%error, "simulator.receipts.dropped");
        world.record(|ledger| ledger.count_call(Answer::Unreachable, 1));
    }
}

/// Reports queued receipts until the simulator stops.
pub(crate) async fn work(jobs: mpsc::Receiver<Job>, world: Arc<World>) {
    ReceiverStream::new(jobs).for_each_concurrent(AT_ONCE, |job| report(job, &world)).await;
}

async fn report(job: Job, world: &World) {
    tokio::time::sleep_until(job.due).await;
    for word in [Word::Sent, ending(&job, world)] {
        let calls = world.settings.carrier.wire().receipts(world, &job, word);
        if calls.is_empty() {
            world.record(|ledger| ledger.carried(&job.text.sid, word.carriage()));
        }
        for call in calls {
            let (answer, tries) = gateway::post(&world.client, &call, &PATIENCE).await;
            world.record(|ledger| ledger.receipt(&job.text.sid, word.carriage(), answer, tries));
        }
    }
}

fn ending(job: &Job, world: &World) -> Word {
    let behaviour = world.behaviour();
    // Whoever refuses such a text at the door has no word for it afterwards.
    let tells_late = || world.settings.carrier.wire().refuse(Why::Blocked).is_none();
    if behaviour.unreachable_numbers.contains(&job.text.phone) {
        Word::Unreachable
    } else if behaviour.blocked_numbers.contains(&job.text.phone) && tells_late() {
        Word::Blocked
    } else {
        Word::Delivered
    }
}
