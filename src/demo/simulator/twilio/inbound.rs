//! A person texts one of the gateway's numbers: the carrier's signed POST to the inbound webhook.
//!
//! Owns: the webhook's fields and its retries, all with one MessageSid and one idempotency token. Must not: know the pages.
//! Data: from a phone's page or the JSON interface; to the gateway; its answer to the ledger.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;

use super::super::clock;
use super::super::gateway::{self, Answer, Call, Patience};
use super::super::ledger::Webhook;
use super::super::ledger::texts::{Carriage, Direction, Text};
use super::super::world::World;
use super::wire::{self, API_VERSION};

/// With the waits doubling, about 19 seconds of a gateway that does not answer.
pub(crate) const PATIENCE: Patience = Patience { tries: 8, first: Duration::from_millis(250), longest: Duration::from_secs(5) };

/// Sends a text as this person. It is in the ledger when this returns; await the handle for the gateway's answer.
pub(crate) fn send(world: &Arc<World>, phone: &str, ours: &str, body: &str) -> (String, JoinHandle<Answer>) {
    let text = Text {
        sid: wire::new_sid("SM"),
        direction: Direction::Out,
        phone: phone.to_owned(),
        ours: ours.to_owned(),
        body: body.to_owned(),
        at: clock::now(),
        carriage: Carriage::Received,
        webhook: Webhook::Waiting,
    };
    let sid = text.sid.clone();
    let call = call(world, &text);
    world.record(|ledger| ledger.add_text(text));
    let carried = carry(Arc::clone(world), call, sid.clone());
    (sid, world.runtime.spawn(carried))
}

async fn carry(world: Arc<World>, call: Call, sid: String) -> Answer {
    let permit = world.calls.acquire().await;
    let (answer, tries) = gateway::post(&world.client, &call, &PATIENCE).await;
    drop(permit);
    world.record(|ledger| {
        ledger.count_call(answer, tries);
        if let Some(text) = ledger.texts.by_sid_mut(&sid) {
            text.webhook = answer.into();
        }
    });
    answer
}

fn call(world: &World, text: &Text) -> Call {
    let url = format!("{}/webhooks/sms/{}/inbound", world.gateway(), world.settings.sms_channel);
    let fields = [
        ("AccountSid", world.settings.account_sid.clone()),
        ("ApiVersion", API_VERSION.to_owned()),
        ("Body", text.body.clone()),
        ("From", text.phone.clone()),
        ("FromCountry", "GB".to_owned()),
        ("MessageSid", text.sid.clone()),
        ("NumMedia", "0".to_owned()),
        ("NumSegments", wire::segments(&text.body).to_string()),
        ("SmsMessageSid", text.sid.clone()),
        ("SmsSid", text.sid.clone()),
        ("SmsStatus", "received".to_owned()),
        ("To", text.ours.clone()),
        ("ToCountry", "GB".to_owned()),
    ];
    let token = format!("{:032x}", rand::random::<u128>());
    super::receipts::signed(world, url, &fields, vec![("i-twilio-idempotency-token", token)])
}
