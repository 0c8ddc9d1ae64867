//! Receipts: the carrier's later word on each text, reported to the status callback it came with.
//!
//! Owns: the queue's worker and how many reports go at one time. Must not: hold up the REST interface.
//! Data: jobs from `rest`; signed forms to the gateway; what came of it to the ledger.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_stream::wrappers::ReceiverStream;

use super::super::gateway::{self, Answer, Call, Patience};
use super::super::ledger::texts::Carriage;
use super::super::world::World;
use super::wire::{API_VERSION, UNREACHABLE_HANDSET};

const AT_ONCE: usize = 48;
const PATIENCE: Patience = Patience { tries: 4, first: Duration::from_millis(250), longest: Duration::from_secs(2) };

/// A text whose fate is to be reported.
pub(crate) struct Job {
    pub(crate) sid: String,
    pub(crate) to: String,
    pub(crate) from: String,
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
    let unreachable = world.behaviour().unreachable_numbers.contains(&job.to);
    let ending = if unreachable { Carriage::Undelivered } else { Carriage::Delivered };
    for status in [Carriage::Sent, ending] {
        let (answer, tries) = gateway::post(&world.client, &call(&job, status, world), &PATIENCE).await;
        world.record(|ledger| ledger.receipt(&job.sid, status, answer, tries));
    }
}

fn call(job: &Job, status: Carriage, world: &World) -> Call {
    let mut fields = vec![
        ("AccountSid", world.settings.account_sid.clone()),
        ("ApiVersion", API_VERSION.to_owned()),
        ("From", job.from.clone()),
        ("MessageSid", job.sid.clone()),
        ("MessageStatus", status.word().to_owned()),
        ("SmsSid", job.sid.clone()),
        ("SmsStatus", status.word().to_owned()),
        ("To", job.to.clone()),
    ];
    if status == Carriage::Undelivered {
        fields.push(("ErrorCode", UNREACHABLE_HANDSET.to_string()));
    }
    signed(world, job.callback.clone(), &fields, Vec::new())
}

/// A signed form POST, as the provider makes all its webhooks.
pub(crate) fn signed(world: &World, url: String, fields: &[(&str, String)], mut headers: Vec<(&'static str, String)>) -> Call {
    headers.push(("x-twilio-signature", super::signature::sign(&world.settings.auth_token, &url, fields)));
    headers.push(("content-type", "application/x-www-form-urlencoded; charset=UTF-8".to_owned()));
    headers.push(("user-agent", "TwilioProxy/1.1".to_owned()));
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    Call { url, headers, body: Bytes::from(body) }
}
