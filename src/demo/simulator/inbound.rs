//! A person texts one of the gateway's numbers: the carrier's requests to the inbound webhook.
//!
//! Owns: the retries, each with the very same request. Must not: know the pages or a vendor's words.
//! Data: from a phone's page or the JSON interface; to the gateway; its answer to the ledger.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;

use super::clock;
use super::gateway::{self, Answer, Call, Patience};
use super::ledger::Webhook;
use super::ledger::texts::{Carriage, Direction, Text};
use super::world::World;

/// With the waits doubling, about 19 seconds of a gateway that does not answer.
pub(crate) const PATIENCE: Patience = Patience { tries: 8, first: Duration::from_millis(250), longest: Duration::from_secs(5) };

/// Sends a text as this person. It is in the ledger when this returns; await the handle for the gateway's answer.
pub(crate) fn send(world: &Arc<World>, phone: &str, ours: &str, body: &str) -> (String, JoinHandle<Answer>) {
    let text = written(world, phone, ours, body);
    let sid = text.sid.clone();
    let calls = if world.behaviour().lose_webhooks { Vec::new() } else { world.settings.carrier.wire().inbound(world, &text) };
    world.record(|ledger| ledger.add_text(text));
    let carried = carry(Arc::clone(world), calls, sid.clone());
    (sid, world.runtime.spawn(carried))
}

/// The requests that a text of this person's would come by, signed and not sent: for scripts that send them late, twice or damaged.
pub(crate) fn requests(world: &World, phone: &str, ours: &str, body: &str) -> Vec<Call> {
    world.settings.carrier.wire().inbound(world, &written(world, phone, ours, body))
}

fn written(world: &World, phone: &str, ours: &str, body: &str) -> Text {
    Text {
        sid: world.settings.carrier.wire().new_id(),
        direction: Direction::Out,
        phone: phone.to_owned(),
        ours: ours.to_owned(),
        body: body.to_owned(),
        reference: String::new(),
        at: clock::now(),
        carriage: Carriage::Received,
        webhook: Webhook::Waiting,
    }
}

/// The answer is the last one, or the first that is a refusal.
async fn carry(world: Arc<World>, calls: Vec<Call>, sid: String) -> Answer {
    let permit = world.calls.acquire().await;
    let (mut outcome, mut tries) = (Answer::Unreachable, 0);
    for call in calls {
        let (answer, more) = gateway::post(&world.client, &call, &PATIENCE).await;
        tries += more;
        outcome = answer;
        if !matches!(answer, Answer::Taken(_)) {
            break;
        }
    }
    drop(permit);
    world.record(|ledger| {
        ledger.count_call(outcome, tries);
        if let Some(text) = ledger.texts.by_sid_mut(&sid) {
            text.webhook = outcome.into();
        }
    });
    outcome
}
