//! An inbound text: opt-out or opt-in by exact word, else a reply, tied by its pair of numbers as of the time of receipt.

use diesel::QueryResult;

use super::classify::opt_out::{self, Wish};
use super::filing::{Filer, Filing};
use super::intake::correspondent;
use super::thread::text::Sent;
use super::thread::{self, Candidate, Confidence, Target, hand};
use crate::channels::registry::ChannelKind;
use crate::domain::address::display_number;
use crate::domain::delivery::Purpose;
use crate::domain::inbound::InboundText;
use crate::domain::{Address, reference};
use crate::outbound::compose;
use crate::outbound::enqueue::{self, EnqueueOutcome, Single};
use crate::store::alerts::AlertRow;
use crate::store::deliveries::DeliveryRow;
use crate::store::envelopes::EnvelopeRow;
use crate::store::residents::{self, ConsentRow};
use crate::store::{Conn, alerts, deliveries, suppressions};

/// How far back a pair counts.
const PAIR_DAYS: i64 = 30;

pub(super) async fn store(conn: &mut Conn, filer: &mut Filer<'_>, envelope: &EnvelopeRow, ordinal: i64, inbound: &InboundText) -> QueryResult<()> {
    let from = correspondent(&inbound.from, "sms_inbound");
    let match_key = filer.app.match_key(&from);
    let received_at = envelope.received_at;
    let ledger = deliveries::list_pair(conn, &match_key, &inbound.to, received_at.minus_days(PAIR_DAYS), received_at).await?;
    let pair = sent_of(conn, filer, &ledger).await?;
    let mentioned = mentioned(conn, &inbound.text).await?;
    let named = named(conn, filer, &match_key, &mentioned).await?;
    let tied = thread::text::tie(&inbound.text, &display_number(&inbound.to), received_at, &pair, &named);
    let moves = filer.moves(&match_key, received_at);
    // Whoever names an alert means that one.
    let moves = if mentioned.is_empty() { moves } else { Vec::new() };
    let mut attribution = hand::follow(tied, pair.iter().map(|sent| sent.at).max(), &moves);
    if let (Some(answered), true) = (ledger.first().and_then(|newest| newest.conversation_id), attribution.confidence != Confidence::Certain) {
        // An officer answered them last, from this number: a talk goes on where it is.
        attribution.target = Target::Conversation(answered);
        attribution.confidence = Confidence::Probable;
        attribution.method = "answered_last";
        attribution.evidence = format!("An officer's answer was the last text to this phone from {}", display_number(&inbound.to));
    }
    if attribution.confidence == Confidence::Unattributed && ledger.is_empty() {
        // Sent from another number of ours: no proof, since each number has its own alert, but worth offering.
        for delivery in deliveries::list_alerts_to(conn, &match_key, "sms", received_at.minus_days(PAIR_DAYS)).await? {
            let Some(alert_id) = delivery.alert_id.filter(|id| attribution.candidates.iter().all(|known| known.alert_id != *id)) else { continue };
            let reason = format!("sent to this phone, from {}", display_number(&delivery.sender));
            attribution.candidates.push(Candidate { alert_id, reason });
        }
    }
    if attribution.confidence == Confidence::Unattributed {
        // Read on a poster or the website: no proof, but the first thing to offer.
        for alert in mentioned.iter().rev().filter(|alert| named.iter().all(|sent| sent.alert_id != alert.id)) {
            let reason = format!("the text names {}, which was not sent to this phone", alert.reference);
            attribution.candidates.retain(|known| known.alert_id != alert.id);
            attribution.candidates.insert(0, Candidate { alert_id: alert.id, reason });
        }
    }
    let wish = opt_out::exact(&inbound.text);
    let mut text = inbound.text.clone();
    if !inbound.media_urls.is_empty() {
        // Fetching pictures from the provider comes with the full SMS work; until then the officer sees that there are some.
        text = format!("{text}\n({} picture(s) at the provider: {})", inbound.media_urls.len(), inbound.media_urls.join(" "));
    }
    let filing = Filing {
        envelope,
        ordinal,
        from: &from,
        from_name: None,
        our_address: inbound.to.clone(),
        attribution,
        class: match wish {
            Wish::OptOut(_) => "opt_out",
            Wish::OptIn(_) => "opt_in",
            Wish::Message => "reply",
        },
        subject: None,
        text,
        folded: String::new(),
        message_id_header: None,
        files: &[],
        sender: None,
    };
    let Some(conversation) = filer.file(conn, filing).await? else {
        return Ok(());
    };
    match wish {
        Wish::OptOut(word) => {
            filer.note(conn, conversation.id, "opted_out", "They texted STOP: no texts go to them until they text START").await?;
            stopped(conn, filer, envelope, inbound, &from, word).await
        }
        Wish::OptIn(word) => started(conn, filer, envelope, inbound, &from, word).await,
        Wish::Message => Ok(()),
    }
}

async fn sent_of(conn: &mut Conn, filer: &mut Filer<'_>, ledger: &[DeliveryRow]) -> QueryResult<Vec<Sent>> {
    let mut sent = Vec::with_capacity(ledger.len());
    for delivery in ledger {
        let Some(alert_id) = delivery.alert_id else {
            continue;
        };
        let alert = filer.alert(conn, alert_id).await?;
        sent.push(Sent { alert_id, reference: alert.reference.clone(), words: alert.title.clone(), at: delivery.sending_at.unwrap_or(delivery.created_at) });
    }
    // Only where they must be told apart are the texts worth fetching.
    let mut ids: Vec<i64> = sent.iter().map(|sent| sent.alert_id).collect();
    ids.sort_unstable();
    ids.dedup();
    if ids.len() > 1 {
        for one in &mut sent {
            let version = filer.alert(conn, one.alert_id).await?.version;
            for text in alerts::list_texts(conn, one.alert_id, version).await? {
                one.words = format!("{} {}", one.words, text.body);
            }
        }
    }
    Ok(sent)
}

/// The alerts whose reference stands in a text.
async fn mentioned(conn: &mut Conn, text: &str) -> QueryResult<Vec<AlertRow>> {
    let mut found = Vec::new();
    for reference in reference::find_references(text).iter().take(5) {
        found.extend(alerts::find_by_reference(conn, reference).await?);
    }
    Ok(found)
}

/// Those of them that were sent to this person.
async fn named(conn: &mut Conn, filer: &mut Filer<'_>, match_key: &[u8], mentioned: &[AlertRow]) -> QueryResult<Vec<Sent>> {
    let ids: Vec<i64> = mentioned.iter().map(|alert| alert.id).collect();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let theirs = deliveries::list_of_alerts_to(conn, match_key, &ids).await?;
    sent_of(conn, filer, &theirs).await
}

/// The suppression was committed with the envelope; here its record is kept and it is confirmed, once.
async fn stopped(conn: &mut Conn, filer: &mut Filer<'_>, envelope: &EnvelopeRow, inbound: &InboundText, from: &Address, word: &str) -> QueryResult<()> {
    let app = filer.app;
    let match_key = app.match_key(from);
    consent(conn, filer, envelope, &match_key, "stopped", word).await?;
    let standing = suppressions::find_standing(conn, &match_key, "sms").await?;
    // A repeated STOP finds the earlier one standing: that one was confirmed.
    let came_into_force = standing.is_some_and(|standing| standing.created_at == envelope.received_at);
    let we_confirm =
        app.channels().find(&envelope.channel).is_some_and(|channel| matches!(&channel.kind, ChannelKind::Sms { settings, .. } if settings.confirm_opt_out));
    deliveries::suppress_waiting(conn, &match_key, "sms", filer.now).await?;
    if came_into_force && we_confirm {
        let body = compose::opt_out_confirmation(&app.config().branding.name, &display_number(&inbound.to));
        confirm(conn, filer, envelope, inbound, from, Purpose::OptOutConfirmation, body).await?;
    }
    Ok(())
}

async fn started(conn: &mut Conn, filer: &mut Filer<'_>, envelope: &EnvelopeRow, inbound: &InboundText, from: &Address, word: &str) -> QueryResult<()> {
    let match_key = filer.app.match_key(from);
    let lifted = suppressions::lift_by_start(conn, &match_key, envelope.id, envelope.received_at, filer.now).await?;
    if lifted > 0 {
        consent(conn, filer, envelope, &match_key, "started", word).await?;
        let body = compose::opt_in_confirmation(&filer.app.config().branding.name);
        confirm(conn, filer, envelope, inbound, from, Purpose::OptInConfirmation, body).await?;
    }
    Ok(())
}

async fn consent(conn: &mut Conn, filer: &Filer<'_>, envelope: &EnvelopeRow, match_key: &[u8], action: &str, word: &str) -> QueryResult<()> {
    let resident = residents::find_by_match_key(conn, match_key).await?;
    let row = ConsentRow {
        id: filer.app.next_id(),
        resident_id: resident.map(|(resident, _)| resident.id),
        match_key: match_key.to_vec(),
        action: action.to_owned(),
        channel: "sms".to_owned(),
        source: format!("envelope:{}", envelope.id),
        wording: String::new(),
        evidence: format!("texted {word:?}"),
        created_at: envelope.received_at,
    };
    residents::append_consent(conn, vec![row]).await.map(|_| ())
}

async fn confirm(
    conn: &mut Conn,
    filer: &mut Filer<'_>,
    envelope: &EnvelopeRow,
    inbound: &InboundText,
    to: &Address,
    purpose: Purpose,
    body: String,
) -> QueryResult<()> {
    // An alphanumeric sender or short code cannot be answered.
    if !to.reveal().starts_with('+') {
        return Ok(());
    }
    let single = Single {
        purpose,
        source_id: envelope.id,
        to: to.clone(),
        from: Some(inbound.to.clone()),
        channel: Some(envelope.channel.clone()),
        subject: None,
        body,
        alert_id: None,
        conversation_id: None,
        in_reply_to: None,
        references: Vec::new(),
    };
    if matches!(enqueue::enqueue(conn, filer.app, single).await?, EnqueueOutcome::Queued(_)) {
        filer.told.outbox = true;
    }
    Ok(())
}
