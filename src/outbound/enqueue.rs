//! Queueing a single text: an officer's answer, a code, a confirmation. Other rooms use this and nothing else of the outbox.

use diesel::QueryResult;

use crate::app::App;
use crate::channels::registry::{Channel, ChannelKind};
use crate::domain::alert::Urgency;
use crate::domain::delivery::{Purpose, Status};
use crate::domain::{Address, ids};
use crate::store::deliveries::{self, DeliveryRow};
use crate::store::{Conn, suppressions};

/// A text to one address.
#[derive(Clone, Debug)]
pub struct Single {
    /// What for.
    pub purpose: Purpose,
    /// What makes it the only one: message, code or envelope id.
    pub source_id: i64,
    /// To whom.
    pub to: Address,
    /// From which number or mailbox of ours; the channel's first if not given.
    pub from: Option<String>,
    /// By which channel, by name; the first of its kind if not given.
    pub channel: Option<String>,
    /// Mail subject.
    pub subject: Option<String>,
    /// The words.
    pub body: String,
    /// The alert and conversation it belongs to.
    pub alert_id: Option<i64>,
    /// The conversation it belongs to.
    pub conversation_id: Option<i64>,
    /// Message-ID of theirs that it answers.
    pub in_reply_to: Option<String>,
    /// References, oldest first.
    pub references: Vec<String>,
}

/// What came of queueing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EnqueueOutcome {
    /// It waits its turn as this delivery.
    Queued(i64),
    /// A suppression stands against the address.
    Suppressed,
    /// No channel reaches such an address.
    NoChannel,
}

/// Queues one text inside the caller's transaction; the caller rings the outbox bell after the commit.
pub async fn enqueue(conn: &mut Conn, app: &App, single: Single) -> QueryResult<EnqueueOutcome> {
    let kind = single.to.channel_kind();
    let named = single.channel.as_deref().and_then(|name| app.channels().find(name)).filter(|channel| channel.kind_word() == kind);
    let Some(channel) = named.or_else(|| app.channels().first_of(kind)) else {
        return Ok(EnqueueOutcome::NoChannel);
    };
    let match_key = app.match_key(&single.to);
    if !single.purpose.passes_suppression()
        && let Some(standing) = suppressions::find_standing(conn, &match_key, kind).await?
        // Who left by link or on the website may come back there: the code they ask for reaches them. A STOP holds for codes too.
        && (single.purpose != Purpose::Code || standing.reason == "stop")
    {
        return Ok(EnqueueOutcome::Suppressed);
    }
    let sender = sender_of(channel, single.from);
    let now = app.now();
    let row = DeliveryRow {
        id: app.next_id(),
        purpose: single.purpose.as_str().to_owned(),
        source_id: single.source_id,
        alert_id: single.alert_id,
        conversation_id: single.conversation_id,
        match_key,
        address: single.to.reveal().to_owned(),
        channel_kind: kind.to_owned(),
        channel: channel.name.clone(),
        sender,
        priority: single.purpose.priority(Urgency::Routine),
        status: Status::Queued.as_str().to_owned(),
        subject: single.subject,
        body: Some(single.body),
        token: ids::public_id(),
        in_reply_to: single.in_reply_to,
        reference_ids: (!single.references.is_empty()).then(|| single.references.join(" ")),
        provider_message_id: None,
        rank: 0,
        attempts: 0,
        error_code: None,
        error_detail: None,
        lease_owner: None,
        lease_until: None,
        next_attempt_at: now,
        sending_at: None,
        accepted_at: None,
        finished_at: None,
        created_at: now,
        expires_at: Some(now.plus_ms(single.purpose.lasts_ms(Urgency::Routine))),
    };
    let id = row.id;
    deliveries::insert(conn, vec![row]).await?;
    Ok(EnqueueOutcome::Queued(id))
}

/// The number or mailbox of ours that a text goes out from: the one that is asked for, if the channel has it.
pub(super) fn sender_of(channel: &Channel, from: Option<String>) -> String {
    match &channel.kind {
        ChannelKind::Sms { settings, .. } => {
            let ours = from.filter(|from| settings.all_numbers().any(|number| number.e164() == from));
            ours.or_else(|| settings.default_sender().map(str::to_owned)).unwrap_or_default()
        }
        ChannelKind::Email { settings, .. } => settings.address.as_str().to_owned(),
    }
}
