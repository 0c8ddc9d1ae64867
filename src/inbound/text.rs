//! An inbound text: tied by its pair of numbers as of the time of receipt, read for what it asks of us, filed, acted on.
//!
//! What went to a number before it may have changed hands is no evidence of what its present holder answers: it is offered to
//! the officer with that reason and never followed, neither by the pair nor by a reference, a hand's move or an answer.

use diesel::QueryResult;

use super::classify::opt_out::{self, Context, TextClass, Verdict};
use super::filing::{Filer, Filing};
use super::intake::correspondent;
use super::process::LISTED;
use super::thread::text::Sent;
use super::thread::{self, Candidate, Confidence, Target, hand};
use super::{acknowledge, parts, wish};
use crate::domain::address::display_number;
use crate::domain::inbound::InboundText;
use crate::domain::place::Urgency;
use crate::domain::{At, Phone, reference};
use crate::outbound::compose;
use crate::store::alerts::AlertRow;
use crate::store::deliveries::DeliveryRow;
use crate::store::envelopes::EnvelopeRow;
use crate::store::{Conn, alerts, correspondents, deliveries, places};

/// Why an alert is no proof for whoever has the number now.
const BEFORE_THEM: &str = "went to this phone before its number may have changed hands";
/// How far back a pair counts.
const PAIR_DAYS: i64 = 30;
/// By how much the provider's clock may be behind ours, and its dates are cut.
const CLOCK_SLACK_MS: i64 = 60_000;

/// When a text was sent, as far as that is known: by the provider's clock where it tells, never after we had it, nor so long
/// before that no pair would count.
pub(super) fn said_at(envelope: &EnvelopeRow, inbound: &InboundText) -> At {
    inbound.sent_at.map_or(envelope.received_at, |sent_at| sent_at.clamp(envelope.received_at.minus_days(PAIR_DAYS), envelope.received_at))
}

/// As of when the pair counts. What was fetched from the provider's list may be hours old; what a webhook brought came at once.
fn as_of(envelope: &EnvelopeRow, inbound: &InboundText) -> At {
    if envelope.target == LISTED { said_at(envelope, inbound).plus_ms(CLOCK_SLACK_MS).min(envelope.received_at) } else { envelope.received_at }
}

pub(super) async fn store(conn: &mut Conn, filer: &mut Filer<'_>, envelope: &EnvelopeRow, ordinal: i64, inbound: &InboundText) -> QueryResult<()> {
    // One form of our number, as the ledger has it, whatever the provider's.
    let inbound = &InboundText { to: Phone::parse(&inbound.to).map_or_else(|_| inbound.to.clone(), |number| number.e164().to_owned()), ..inbound.clone() };
    match &inbound.part {
        Some(part) if part.total > 1 => {
            let from = correspondent(&inbound.from, "sms_inbound");
            parts::take(conn, filer, envelope, ordinal, inbound, part, &from).await
        }
        _ => store_whole(conn, filer, envelope, ordinal, inbound).await,
    }
}

/// Files a text that is all there.
pub(super) async fn store_whole(conn: &mut Conn, filer: &mut Filer<'_>, envelope: &EnvelopeRow, ordinal: i64, inbound: &InboundText) -> QueryResult<()> {
    let from = correspondent(&inbound.from, "sms_inbound");
    let match_key = filer.app.match_key(&from);
    let received_at = as_of(envelope, inbound);
    let doubt = correspondents::doubted_since(conn, &match_key, envelope.received_at).await?;
    let theirs = |sent_at: Option<At>| doubt.is_none_or(|doubt| sent_at.is_some_and(|sent_at| sent_at > doubt));
    let mut ledger = deliveries::list_pair(conn, &match_key, &inbound.to, received_at.minus_days(PAIR_DAYS), received_at).await?;
    let went_before = ledger.len();
    ledger.retain(|delivery| theirs(delivery.sending_at));
    let pair = sent_of(conn, filer, &ledger).await?;
    let mentioned = mentioned(conn, &inbound.text).await?;
    let (named, before) = named(conn, filer, &match_key, &mentioned, doubt).await?;
    let tied = thread::text::tie(&inbound.text, &display_number(&inbound.to), received_at, &pair, &named);
    let unsent: Vec<Candidate> = mentioned
        .iter()
        .filter(|alert| named.iter().all(|sent| sent.alert_id != alert.id))
        .map(|alert| {
            let how = if before.contains(&alert.id) { BEFORE_THEM } else { "was not sent to this phone" };
            Candidate { alert_id: alert.id, reason: format!("the text names {}, which {how}", alert.reference) }
        })
        .collect();
    let tied = thread::text::doubt(tied, &unsent);
    let mut moves = filer.moves(&match_key, received_at);
    moves.retain(|moved| theirs(Some(moved.at)));
    // Whoever names an alert means that one.
    let moves = if mentioned.is_empty() { moves } else { Vec::new() };
    let mut attribution = hand::follow(tied, pair.iter().map(|sent| sent.at).max(), &moves);
    let open = attribution.confidence != Confidence::Certain && attribution.method != "reference";
    if let (Some(answered), true) = (ledger.first().and_then(|newest| newest.conversation_id), open) {
        // An officer answered them last, from this number, and they name nothing else: a talk goes on where it is.
        attribution.target = Target::Conversation(answered);
        attribution.confidence = Confidence::Probable;
        attribution.method = "answered_last";
        attribution.evidence = format!("An officer's answer was the last text to this phone from {}", display_number(&inbound.to));
    }
    if ledger.len() < went_before {
        attribution.evidence = format!("{}; since then the number may have changed hands", attribution.evidence);
    }
    if attribution.confidence == Confidence::Unattributed && ledger.is_empty() {
        // Sent from another number of ours: no proof, since each number has its own alert, but worth offering.
        for delivery in deliveries::list_alerts_to(conn, &match_key, "sms", received_at.minus_days(PAIR_DAYS)).await? {
            let Some(alert_id) = delivery.alert_id.filter(|id| attribution.candidates.iter().all(|known| known.alert_id != *id)) else { continue };
            let reason = if theirs(delivery.sending_at) {
                format!("sent to this phone, from {}", display_number(&delivery.sender))
            } else {
                format!("it {BEFORE_THEM}")
            };
            attribution.candidates.push(Candidate { alert_id, reason });
        }
    }
    if attribution.confidence == Confidence::Unattributed {
        // Read on a poster or the website: no proof, but the first thing to offer.
        for alert in unsent.into_iter().rev() {
            attribution.candidates.retain(|known| known.alert_id != alert.alert_id);
            attribution.candidates.insert(0, alert);
        }
    }
    let verdict = verdict(conn, filer, inbound, ledger.first()).await?;
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
        class: match verdict.class {
            // The word alone is in the record and calls nobody; a sentence is read by an officer, whatever it asks.
            TextClass::OptOut if verdict.is_bare() => "opt_out",
            TextClass::OptOut => "opt_out_words",
            TextClass::OptIn if verdict.is_bare() => "opt_in",
            TextClass::OptIn => "opt_in_words",
            TextClass::Help => "help",
            TextClass::WrongNumber => "wrong_number",
            TextClass::Review => "opt_out_review",
            TextClass::Message => "reply",
        },
        subject: None,
        text,
        folded: String::new(),
        message_id_header: None,
        files: &[],
        sender: None,
    };
    let Some((conversation, urgency)) = filer.file(conn, filing).await? else {
        return Ok(());
    };
    // Whoever may be in danger is told where to turn, whatever else they ask.
    let danger = urgency == Urgency::Life;
    let asks = matches!(verdict.class, TextClass::OptOut | TextClass::OptIn);
    if verdict.class == TextClass::Message || (verdict.class == TextClass::Review && verdict.rule == "learned") || (danger && !asks) {
        acknowledge::text(conn, filer, envelope, &conversation, &from, inbound, urgency).await?;
    }
    wish::act(conn, filer, &wish::Wish { envelope, inbound, from: &from, match_key: &match_key, conversation_id: conversation.id, verdict: &verdict, danger })
        .await
}

/// What the text asks, in its thread. The thread is looked at only where it makes a difference.
async fn verdict(conn: &mut Conn, filer: &mut Filer<'_>, inbound: &InboundText, newest: Option<&DeliveryRow>) -> QueryResult<Verdict> {
    let read = |context: &Context<'_>| opt_out::read(&inbound.text, context);
    let plain = read(&Context::default());
    if wish::may_name_a_group(&inbound.text) {
        let groups: Vec<(String, String)> = places::list_groups(conn).await?.into_iter().map(|group| (group.slug, group.name)).collect();
        let named = read(&Context { groups: &groups, ..Context::default() });
        if named != plain {
            return Ok(named);
        }
    }
    let answered = read(&Context { open_question: true, ..Context::default() });
    if answered != plain && asked_yes_or_no(conn, filer, newest).await? {
        return Ok(answered);
    }
    Ok(plain)
}

/// Whether the last text that went to them asks for YES or NO.
async fn asked_yes_or_no(conn: &mut Conn, filer: &mut Filer<'_>, newest: Option<&DeliveryRow>) -> QueryResult<bool> {
    let Some(newest) = newest else { return Ok(false) };
    if let Some(body) = &newest.body {
        return Ok(compose::asks_yes_or_no(body));
    }
    let Some(alert_id) = newest.alert_id else { return Ok(false) };
    let version = filer.alert(conn, alert_id).await?.version;
    Ok(alerts::list_texts(conn, alert_id, version).await?.iter().any(|text| text.channel_kind == "sms" && compose::asks_yes_or_no(&text.body)))
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

/// Those of them that were sent to this person; and the ids of those that went to the number before it was theirs.
async fn named(conn: &mut Conn, filer: &mut Filer<'_>, match_key: &[u8], mentioned: &[AlertRow], doubt: Option<At>) -> QueryResult<(Vec<Sent>, Vec<i64>)> {
    let ids: Vec<i64> = mentioned.iter().map(|alert| alert.id).collect();
    if ids.is_empty() {
        return Ok((Vec::new(), Vec::new()));
    }
    let went = deliveries::list_of_alerts_to(conn, match_key, &ids).await?;
    let (theirs, before): (Vec<_>, Vec<_>) = went.into_iter().partition(|delivery| doubt.is_none_or(|doubt| delivery.sending_at > Some(doubt)));
    Ok((sent_of(conn, filer, &theirs).await?, before.iter().filter_map(|delivery| delivery.alert_id).collect()))
}
