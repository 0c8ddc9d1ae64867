//! Out by mail: at once where the sender is proven, by a link to the address otherwise.

use diesel::QueryResult;

use super::filing::Filer;
use crate::domain::delivery::Purpose;
use crate::domain::inbound::ParsedMail;
use crate::domain::token::{self, Use};
use crate::domain::{Address, At};
use crate::outbound::compose;
use crate::outbound::enqueue::{self, EnqueueOutcome, Single};
use crate::store::conversations::ConversationRow;
use crate::store::envelopes::EnvelopeRow;
use crate::store::residents::ConsentRow;
use crate::store::suppressions::{self, SuppressionRow};
use crate::store::{Conn, codes, deliveries, residents};

/// Whether it was written in the last two days, by its own date.
pub(super) fn is_recent(mail: &ParsedMail, received_at: At) -> bool {
    let written = mail.header("date").and_then(|date| chrono::DateTime::parse_from_rfc2822(date.split('(').next().unwrap_or(date).trim()).ok());
    written.is_some_and(|written| (received_at.since_ms(At::from_unix_ms(written.timestamp_millis()))).abs() <= 2 * 86_400_000)
}

/// Out at once, with one confirmation. Not with the word of a STOP by text: whoever has only this address comes back by a code
/// sent to it.
pub(super) async fn opted_out(
    conn: &mut Conn,
    filer: &mut Filer<'_>,
    envelope: &EnvelopeRow,
    conversation: &ConversationRow,
    from: &Address,
    mail: &ParsedMail,
    evidence: String,
) -> QueryResult<()> {
    let app = filer.app;
    let match_key = app.match_key(from);
    let row = SuppressionRow {
        id: app.next_id(),
        match_key: match_key.clone(),
        channel: "email".to_owned(),
        scope: "all".to_owned(),
        reason: "asked_by_mail".to_owned(),
        evidence: evidence.clone(),
        source_envelope_id: Some(envelope.id),
        created_at: envelope.received_at,
        lifted_at: None,
        lifted_by: None,
    };
    let came_into_force = suppressions::suppress(conn, &row).await? > 0;
    deliveries::suppress_waiting(conn, &match_key, "email", filer.now).await?;
    if !came_into_force {
        return Ok(());
    }
    let resident = residents::find_by_match_key(conn, &match_key).await?;
    let consent = ConsentRow {
        id: app.next_id(),
        resident_id: resident.map(|(resident, _)| resident.id),
        match_key,
        action: "stopped".to_owned(),
        channel: "email".to_owned(),
        source: format!("envelope:{}", envelope.id),
        wording: String::new(),
        evidence,
        created_at: envelope.received_at,
    };
    residents::append_consent(conn, vec![consent]).await?;
    let brand = &app.config().branding.name;
    let single = Single {
        purpose: Purpose::OptOutConfirmation,
        source_id: envelope.id,
        to: from.clone(),
        from: None,
        channel: Some(envelope.channel.clone()),
        subject: Some(format!("{brand}: you will get no more e-mail from us")),
        body: compose::mail_opt_out_confirmation(brand, &app.url("/account")),
        alert_id: None,
        conversation_id: Some(conversation.id),
        in_reply_to: mail.message_id.clone(),
        references: mail.message_id.iter().cloned().collect(),
    };
    if let EnqueueOutcome::Queued(_) = enqueue::enqueue(conn, app, single).await? {
        filer.told.outbox = true;
    }
    Ok(())
}

/// Sends a link by which the owner of the address can confirm; once a day, so that nobody can be flooded with them.
pub(super) async fn offer(conn: &mut Conn, filer: &mut Filer<'_>, envelope: &EnvelopeRow, from: &Address, in_reply_to: Option<String>) -> QueryResult<()> {
    let app = filer.app;
    let match_key = app.match_key(from);
    let known = residents::find_by_match_key(conn, &match_key).await?.is_some()
        || !deliveries::list_alerts_to(conn, &match_key, "email", filer.now.minus_days(365)).await?.is_empty();
    if !known
        || codes::count_since(conn, &match_key, filer.now.minus_days(1)).await? > 10
        || deliveries::count_purpose_since(conn, &match_key, "opt_out_link", filer.now.minus_days(1)).await? > 0
    {
        return Ok(());
    }
    let Some(key) = app.keyring().signing() else {
        return Ok(());
    };
    let random = crate::domain::ids::public_id();
    let link = app.url(&format!("/leave/{}", token::sign(key, Use::Leave, &random)));
    let brand = &app.config().branding.name;
    let single = Single {
        purpose: Purpose::OptOutLink,
        source_id: envelope.id,
        to: from.clone(),
        from: None,
        channel: Some(envelope.channel.clone()),
        subject: Some(format!("{brand}: please confirm that you want no more e-mail")),
        body: format!(
            "Someone, most likely you, wrote to {brand} from this address to stop its e-mails.\n\nTo confirm, open this link and press the button:\n{link}\n\nIf it was not you, do nothing: nothing has changed.\n"
        ),
        alert_id: None,
        conversation_id: None,
        in_reply_to,
        references: Vec::new(),
    };
    if let EnqueueOutcome::Queued(id) = enqueue::enqueue(conn, app, single).await? {
        deliveries::set_token(conn, id, &random).await?;
        filer.told.outbox = true;
    }
    Ok(())
}
