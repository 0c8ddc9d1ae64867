//! The first automatic answer to a text: that it arrived, that nobody watches round the clock, and where to turn in danger.
//!
//! Once a day and alert, a few a day in all, and nothing of the alert: anybody may hold the phone. Where life may be at risk
//! it says first to call 999, whatever was sent before.

use diesel::QueryResult;

use super::filing::Filer;
use crate::app::App;
use crate::channels::registry::ChannelKind;
use crate::domain::delivery::Purpose;
use crate::domain::inbound::InboundText;
use crate::domain::place::Urgency;
use crate::domain::{Address, At};
use crate::outbound::compose;
use crate::outbound::enqueue::{self, EnqueueOutcome, Single};
use crate::store::conversations::ConversationRow;
use crate::store::envelopes::EnvelopeRow;
use crate::store::{Conn, deliveries};

/// Most automatic answers that one phone or mailbox gets in a day, whatever it writes about.
const MOST_A_DAY: usize = 5;
/// Dealt with later than this, as after a replay, an automatic answer would only puzzle.
const LATE_MS: i64 = 6 * 3_600_000;

/// Whether and why not: `about_this` and `in_all` are the answers of the last day.
pub(super) fn is_due(urgency: Urgency, age_ms: i64, about_this: usize, in_all: usize) -> bool {
    age_ms <= LATE_MS && in_all < MOST_A_DAY && (about_this == 0 || (urgency == Urgency::Life && in_all < MOST_A_DAY - 1))
}

/// Answers a text that an officer will read.
pub(super) async fn text(
    conn: &mut Conn,
    filer: &mut Filer<'_>,
    envelope: &EnvelopeRow,
    conversation: &ConversationRow,
    from: &Address,
    inbound: &InboundText,
    urgency: Urgency,
) -> QueryResult<()> {
    let app = filer.app;
    // A short code or a name cannot be answered.
    if !is_wanted(app, &envelope.channel) || !from.reveal().starts_with('+') {
        return Ok(());
    }
    let match_key = app.match_key(from);
    let since: At = filer.now.minus_days(1);
    let (about_this, in_all) = deliveries::count_acknowledged(conn, &match_key, conversation.alert_id, since).await?;
    if !is_due(urgency, filer.now.since_ms(envelope.received_at), about_this, in_all) {
        return Ok(());
    }
    let single = Single {
        purpose: Purpose::Acknowledgement,
        source_id: envelope.id,
        to: from.clone(),
        from: Some(inbound.to.clone()),
        channel: Some(envelope.channel.clone()),
        subject: None,
        body: compose::text_acknowledgement(&app.config().branding.name, urgency == Urgency::Life),
        alert_id: conversation.alert_id,
        conversation_id: Some(conversation.id),
        in_reply_to: None,
        references: Vec::new(),
    };
    if let EnqueueOutcome::Queued(_) = enqueue::enqueue(conn, app, single).await? {
        filer.note(conn, conversation.id, "acknowledged", "An automatic answer told them that it arrived, and to call 999 in an emergency").await?;
        filer.told.outbox = true;
    }
    Ok(())
}

fn is_wanted(app: &App, channel: &str) -> bool {
    match app.channels().find(channel).map(|channel| &channel.kind) {
        Some(ChannelKind::Sms { settings, .. }) => settings.acknowledge,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn once_a_day_and_alert_but_danger_is_always_answered() {
        for (urgency, age_ms, about_this, in_all, due) in [
            (Urgency::None, 0, 0, 0, true),
            (Urgency::None, 0, 1, 1, false),
            (Urgency::Raised, 0, 1, 1, false),
            (Urgency::Life, 0, 1, 1, true),
            (Urgency::Life, 0, 3, 4, false),
            (Urgency::None, 0, 0, MOST_A_DAY, false),
            (Urgency::Life, LATE_MS + 1, 0, 0, false),
        ] {
            assert_eq!(is_due(urgency, age_ms, about_this, in_all), due, "{urgency} {age_ms} {about_this} {in_all}");
        }
    }
}
