//! An inbound mail: reports and machines to the delivery they belong to, people to their conversation.
//!
//! A token routes, it does not authenticate (design section 7): what a mail may change is decided by who it provably is from.

use diesel::QueryResult;

use super::acknowledge::is_due;
use super::classify::{MailClass, auto_reply, bounce};
use super::filing::{Filer, Filing};
use super::process::UnderstoodMail;
use super::sender::Trust;
use super::thread::hand;
use super::thread::mail::{self as ladder, Found, Keys, Ladder};
use super::thread::{Attribution, Candidate, Confidence, Target};
use super::{receipt, returned, understand, way_out};
use crate::channels::registry::ChannelKind;
use crate::domain::delivery::{Purpose, Status};
use crate::domain::inbound::ParsedMail;
use crate::domain::place::Urgency;
use crate::domain::token::{self, Use};
use crate::domain::{Address, At, Email, reference};
use crate::outbound::compose;
use crate::outbound::enqueue::{self, EnqueueOutcome, Single};
use crate::store::conversations::ConversationRow;
use crate::store::deliveries::DeliveryRow;
use crate::store::envelopes::EnvelopeRow;
use crate::store::receipts::{self, ReceiptRow};
use crate::store::{Conn, alerts, conversations, deliveries, messages};

/// How far back a live alert is suggested for a mail without any mark.
const SUGGEST_DAYS: i64 = 30;

pub(super) async fn store(conn: &mut Conn, filer: &mut Filer<'_>, envelope: &EnvelopeRow, ordinal: i64, inbound: &UnderstoodMail) -> QueryResult<()> {
    let visible = &inbound.understood.visible;
    let keys = ladder::keys(&inbound.mail, &format!("{}\n{}", visible.text, visible.folded), &filer.app.keyring().tokens);
    let verdict = &inbound.understood.verdict;
    if verdict.class.is_for_people() {
        return reply(conn, filer, envelope, ordinal, inbound, &keys).await;
    }
    if verdict.class == MailClass::Loop {
        tracing::warn!(envelope.id, reason = %verdict.reason(), "our own mail came back and was set aside");
    }
    machine(conn, filer, envelope, ordinal, inbound, &keys).await
}

/// Kept with the delivery it belongs to; never opens a conversation, never makes mail.
async fn machine(conn: &mut Conn, filer: &mut Filer<'_>, envelope: &EnvelopeRow, ordinal: i64, inbound: &UnderstoodMail, keys: &Keys) -> QueryResult<()> {
    let verdict = &inbound.understood.verdict;
    let tokens: Vec<String> =
        [&keys.bounce_tokens, &keys.returned_tokens, &keys.reply_tokens, &keys.message_id_tokens].into_iter().flatten().cloned().collect();
    let mut known = if tokens.is_empty() { Vec::new() } else { deliveries::find_by_tokens(conn, &tokens).await? };
    known.sort_by_key(|row| tokens.iter().position(|token| *token == row.token));
    let delivery = known.into_iter().next();
    // Everybody who was sent a copy holds its reply token: that routes. What a report does to a person takes the token of the
    // return path, which only mail servers see, or of a mail that the report encloses.
    let proven = |tokens: &[String]| delivery.as_ref().is_some_and(|delivery| tokens.contains(&delivery.token));
    let sent_at = delivery.as_ref().map(|delivery| delivery.sending_at.unwrap_or(delivery.created_at));
    let in_time = sent_at.zip(Use::Bounce.lifetime_days()).is_none_or(|(sent, days)| sent >= envelope.received_at.minus_days(days));
    let (by_return_path, by_enclosed) = (proven(&keys.bounce_tokens) && in_time, proven(&keys.returned_tokens) && in_time);
    // One mail went to one person: what a report says of others is not about it.
    let fate = delivery
        .as_ref()
        .and_then(|delivery| verdict.fates.iter().find(|fate| fate.address.eq_ignore_ascii_case(&delivery.address)))
        .or_else(|| verdict.fates.iter().find(|fate| fate.address.is_empty()));
    let status = fate.map(|fate| fate.kind.map_or(Status::Delivered, bounce::Kind::status));
    let code = fate.map(|fate| fate.status.clone().unwrap_or_default());
    let row = ReceiptRow {
        id: filer.app.next_id(),
        envelope_id: envelope.id,
        ordinal,
        delivery_id: delivery.as_ref().map(|delivery| delivery.id),
        provider_message_id: inbound.mail.message_id.clone().unwrap_or_default(),
        provider_status: format!("{}: {}", verdict.class.as_str(), verdict.reason()),
        status: status.map(|status| status.as_str().to_owned()),
        error_code: code.clone(),
        received_at: envelope.received_at,
    };
    receipts::insert(conn, vec![row]).await?;
    metrics::counter!("huecry_machine_mails_total", "class" => verdict.class.as_str()).increment(1);
    let Some(delivery) = delivery else { return Ok(()) };
    if let (Some(fate), Some(status), true) = (fate, status, by_return_path || by_enclosed) {
        receipt::apply(conn, filer, &delivery, status, code.as_deref()).await?;
        if by_return_path {
            returned::take_effect(conn, filer, envelope, &delivery, fate).await?;
        }
    }
    if verdict.class == MailClass::Complaint && by_enclosed && (inbound.mail.feedback_report.is_some() || inbound.mail.returned.is_some()) {
        returned::complained(conn, filer, envelope, &delivery, &verdict.reason()).await?;
    }
    Ok(())
}

async fn reply(conn: &mut Conn, filer: &mut Filer<'_>, envelope: &EnvelopeRow, ordinal: i64, inbound: &UnderstoodMail, keys: &Keys) -> QueryResult<()> {
    let mail = &inbound.mail;
    // Without one single author each mail is a stranger of its own: they must never be taken for one another.
    let from = Email::parse(&mail.from).map_or_else(|_| Address::from_stored("email", &format!("(unknown sender {})", envelope.id)), Address::Email);
    let match_key = filer.app.match_key(&from);
    let found = look_up(conn, filer, keys, &match_key, envelope.received_at).await?;
    let moves = filer.moves(&match_key, envelope.received_at);
    let named = reference::find_references(&format!("{} {}", mail.subject, inbound.understood.visible.text));
    let tied = ladder::tie(&found);
    // Whoever names an alert means that one.
    let attribution = if named.is_empty() || found.by_token.len() + found.by_message_id.len() > 0 { hand::follow(tied, found.newest(), &moves) } else { tied };
    let mut attribution = attribution;
    if attribution.confidence == Confidence::Unattributed {
        // Read on a poster or the website: no proof, but the first thing to offer.
        for reference in named.iter().take(5).rev() {
            if let Some(alert) = alerts::find_by_reference(conn, reference).await? {
                let reason = format!("the mail names {reference}");
                attribution.candidates.retain(|known| known.alert_id != alert.id);
                attribution.candidates.insert(0, Candidate { alert_id: alert.id, reason });
            }
        }
    }
    let said = said_before(conn, filer, &attribution, &match_key).await?;
    let visible = understand::visible(mail, &said.iter().map(String::as_str).collect::<Vec<_>>());
    // In what they wrote themselves: the way out under our own mail is known as ours by now.
    let wish = understand::wish(mail, &visible.text);
    let (wants_out, says_nothing_else) = (wish.is_some(), wish.is_some_and(|(_, all)| all));
    let our_address = match filer.app.channels().find(&envelope.channel).map(|channel| &channel.kind) {
        Some(ChannelKind::Email { settings, .. }) => settings.address.as_str().to_owned(),
        _ => String::new(),
    };
    let filing = Filing {
        envelope,
        ordinal,
        from: &from,
        from_name: Some(mail.from_name.clone()),
        our_address,
        attribution,
        class: match inbound.understood.verdict.class {
            MailClass::ProbableAutoReply => "probable_auto_reply",
            // A wish in a sentence may stand beside a sighting: that calls the officer, and the link goes out all the same.
            _ if says_nothing_else => "opt_out",
            _ => "reply",
        },
        subject: Some(mail.subject.clone()),
        text: visible.text,
        folded: visible.folded,
        message_id_header: mail.message_id.clone(),
        files: &inbound.files,
        sender: Some(&inbound.sender),
    };
    let filed = filer.file(conn, filing).await?;
    if let (Some((conversation, urgency)), false, MailClass::Reply) = (&filed, wants_out, inbound.understood.verdict.class) {
        acknowledge(conn, filer, envelope, conversation, &from, mail, *urgency).await?;
    }
    let (Some((conversation, _)), Some((rule, _))) = (filed, wish) else { return Ok(()) };
    // A token routes, it does not authenticate: it must be in the hands of whom it was sent to, and the mail provably theirs.
    let sent_to_them = found.by_token.iter().chain(&found.by_message_id).any(|found| found.to_sender);
    // A wish within a sentence may be told of somebody else, and an old mail may be sent again by anybody who has it.
    let plain = says_nothing_else && inbound.understood.verdict.class == MailClass::Reply && way_out::is_recent(mail, envelope.received_at);
    if plain && sent_to_them && inbound.sender.trust == Trust::Confirmed {
        filer.note(conn, conversation.id, "opted_out", "They asked by e-mail to be left out: no e-mail goes to them until they say otherwise").await?;
        let evidence = format!("wrote by e-mail ({rule}); {}", inbound.sender.evidence);
        return way_out::opted_out(conn, filer, envelope, &conversation, &from, mail, evidence).await;
    }
    filer.note(conn, conversation.id, "opt_out_asked", "They asked by e-mail to be left out: a link to confirm it was sent to their address").await?;
    way_out::offer(conn, filer, envelope, &from, mail.message_id.clone()).await
}

/// What was said in the talk that this mail goes on with: our words are then known in it without any quote mark.
async fn said_before(conn: &mut Conn, filer: &mut Filer<'_>, attribution: &Attribution, match_key: &[u8]) -> QueryResult<Vec<String>> {
    let (alert_id, conversation_id) = match attribution.target {
        Target::Alert(id) => {
            let talk = match filer.known(conn, match_key).await? {
                Some(known) => conversations::find_of(conn, Some(id), known.id).await?.map(|talk| talk.id),
                None => None,
            };
            (Some(id), talk)
        }
        Target::Conversation(id) => (conversations::get(conn, id).await?.alert_id, Some(id)),
        Target::Tray => (None, None),
    };
    let mut said = Vec::new();
    if let Some(id) = alert_id {
        said.push(mailed(conn, filer, id).await?);
    }
    if let Some(id) = conversation_id {
        said.extend(messages::list_of(conn, id).await?.into_iter().rev().take(30).map(|message| message.text));
    }
    Ok(said)
}

/// An alert as it stands in people's mailboxes; empty if it never went out by mail.
async fn mailed(conn: &mut Conn, filer: &mut Filer<'_>, alert_id: i64) -> QueryResult<String> {
    if let Some(known) = filer.mailed.get(&alert_id) {
        return Ok(known.clone());
    }
    let (alert, branding) = (filer.alert(conn, alert_id).await?, &filer.app.config().branding);
    let texts = alerts::list_texts(conn, alert_id, alert.version).await?;
    let text = texts.into_iter().find(|text| text.channel_kind == "email");
    let words = text.map(|text| compose::sent_words(&branding.name, &branding.force, &text.body)).unwrap_or_default();
    filer.mailed.insert(alert_id, words.clone());
    Ok(words)
}

/// Tells a person at once that their mail arrived: once a day and alert, never a machine, and nothing of the alert. Where
/// life may be at risk it says first to call 999, whatever was sent before.
async fn acknowledge(
    conn: &mut Conn,
    filer: &mut Filer<'_>,
    envelope: &EnvelopeRow,
    conversation: &ConversationRow,
    from: &Address,
    mail: &ParsedMail,
    urgency: Urgency,
) -> QueryResult<()> {
    let app = filer.app;
    let wanted = match app.channels().find(&envelope.channel).map(|channel| &channel.kind) {
        Some(ChannelKind::Email { settings, .. }) => settings.acknowledge,
        _ => false,
    };
    if !wanted || !auto_reply::may_be_answered(mail) || !from.reveal().contains('@') {
        return Ok(());
    }
    let match_key = app.match_key(from);
    let (about_this, in_all) = deliveries::count_acknowledged(conn, &match_key, conversation.alert_id, filer.now.minus_days(1)).await?;
    if !is_due(urgency, filer.now.since_ms(envelope.received_at), about_this, in_all) {
        return Ok(());
    }
    let branding = &app.config().branding;
    let subject = if mail.subject.to_lowercase().starts_with("re:") { mail.subject.clone() } else { format!("Re: {}", mail.subject) };
    let single = Single {
        purpose: Purpose::Acknowledgement,
        source_id: envelope.id,
        to: from.clone(),
        from: None,
        channel: Some(envelope.channel.clone()),
        subject: Some(subject),
        body: compose::acknowledgement(&branding.name, &branding.force, urgency == Urgency::Life),
        alert_id: conversation.alert_id,
        conversation_id: Some(conversation.id),
        in_reply_to: mail.message_id.clone(),
        references: mail.message_id.iter().cloned().collect(),
    };
    if let EnqueueOutcome::Queued(_) = enqueue::enqueue(conn, app, single).await? {
        filer.note(conn, conversation.id, "acknowledged", "An automatic answer told them that it arrived, and to call 999 in an emergency").await?;
        filer.told.outbox = true;
    }
    Ok(())
}

async fn look_up(conn: &mut Conn, filer: &mut Filer<'_>, keys: &Keys, match_key: &[u8], received_at: At) -> QueryResult<Ladder> {
    const RUN_OUT: &str = "its token is in the mail, and has run out";
    let mut found = Ladder::default();
    let (by_token, late) = found_of(conn, filer, &keys.reply_tokens, match_key).await?.into_iter().partition(|one| counts(one, Use::Reply, received_at));
    found.by_token = by_token;
    found.hints.extend(Vec::into_iter(late).map(|one| (one, RUN_OUT)));
    if !found.by_token.is_empty() {
        return Ok(found);
    }
    let by_id = found_of(conn, filer, &keys.message_id_tokens, match_key).await?;
    let (by_id, late) = by_id.into_iter().partition(|one| counts(one, Use::MessageId, received_at));
    found.by_message_id = by_id;
    found.hints.extend(Vec::into_iter(late).map(|one| (one, RUN_OUT)));
    if found.by_message_id.is_empty() && !keys.header_ids.is_empty() {
        let rewritten = deliveries::find_by_provider_ids(conn, &keys.header_ids, filer.now).await?;
        found.by_message_id = describe(conn, filer, &rewritten, match_key).await?;
        found.by_earlier = earlier(conn, filer, &keys.header_ids, match_key).await?;
    }
    let quoted = found_of(conn, filer, &keys.quoted_tokens, match_key).await?;
    let (to_them, to_others): (Vec<_>, Vec<_>) = quoted.into_iter().filter(|one| counts(one, Use::Reply, received_at)).partition(|one| one.to_sender);
    found.by_text_code = to_them;
    found.by_text_code.extend(by_code(conn, filer, &keys.text_codes, match_key).await?);
    found.hints.extend(to_others.into_iter().map(|one| (one, "it quotes the mail that went to somebody else")));
    found.by_subject_code = by_code(conn, filer, &keys.subject_codes, match_key).await?;
    for delivery in deliveries::list_alerts_to(conn, match_key, "email", filer.now.minus_days(SUGGEST_DAYS)).await? {
        let Some(alert_id) = delivery.alert_id else {
            continue;
        };
        let alert = filer.alert(conn, alert_id).await?;
        if alert.status != "closed" && !found.live.iter().any(|(id, ..)| *id == alert_id) {
            found.live.push((alert_id, alert.reference, delivery.sending_at.unwrap_or(delivery.created_at)));
        }
    }
    Ok(found)
}

/// Whether a token of this use still counted when the mail came.
fn counts(found: &Found, purpose: Use, received_at: At) -> bool {
    purpose.lifetime_days().is_none_or(|days| found.sent_at >= received_at.minus_days(days))
}

async fn found_of(conn: &mut Conn, filer: &mut Filer<'_>, tokens: &[String], match_key: &[u8]) -> QueryResult<Vec<Found>> {
    if tokens.is_empty() {
        return Ok(Vec::new());
    }
    let mut rows = deliveries::find_by_tokens(conn, tokens).await?;
    // In the order of the tokens: the nearest reference first.
    rows.sort_by_key(|row| tokens.iter().position(|token| *token == row.token));
    describe(conn, filer, &rows, match_key).await
}

async fn describe(conn: &mut Conn, filer: &mut Filer<'_>, rows: &[DeliveryRow], match_key: &[u8]) -> QueryResult<Vec<Found>> {
    let mut found = Vec::with_capacity(rows.len());
    for row in rows {
        let reference = match row.alert_id {
            Some(id) => filer.alert(conn, id).await?.reference,
            None => "an earlier answer of ours".to_owned(),
        };
        found.push(Found {
            alert_id: row.alert_id,
            conversation_id: row.conversation_id,
            reference,
            to_sender: row.match_key == match_key,
            sent_at: row.sending_at.unwrap_or(row.created_at),
        });
    }
    Ok(found)
}

/// Conversations of the same correspondent with an inbound mail that this one refers to.
async fn earlier(conn: &mut Conn, filer: &mut Filer<'_>, header_ids: &[String], match_key: &[u8]) -> QueryResult<Vec<i64>> {
    let Some(known) = filer.known(conn, match_key).await? else {
        return Ok(Vec::new());
    };
    let mut conversations = Vec::new();
    for message in messages::find_inbound_by_header(conn, header_ids).await? {
        if conversations::get(conn, message.conversation_id).await?.correspondent_id == known.id {
            conversations.push(message.conversation_id);
        }
    }
    Ok(conversations)
}

/// The printed code is an HMAC over the alert and the recipient: it holds only for the address that it was sent to.
async fn by_code(conn: &mut Conn, filer: &mut Filer<'_>, printed: &[(String, String)], match_key: &[u8]) -> QueryResult<Vec<Found>> {
    let mut found = Vec::new();
    for (reference, code) in printed {
        let genuine = filer.app.keyring().tokens.iter().any(|key| token::delivery_code(key, reference, match_key) == *code);
        if !genuine {
            continue;
        }
        if let Some(alert) = alerts::find_by_reference(conn, reference).await?
            && let Some(sent) = deliveries::list_of_alerts_to(conn, match_key, &[alert.id]).await?.into_iter().next()
        {
            let sent_at = sent.sending_at.unwrap_or(sent.created_at);
            found.push(Found { alert_id: Some(alert.id), conversation_id: None, reference: alert.reference, to_sender: true, sent_at });
        }
    }
    Ok(found)
}
