//! What a text asks of us, done: out, in, help, wrong number; and where it is not sure that they want out, they are asked.
//!
//! What is certain whatever was asked before (a STOP) was committed with its envelope; here the rest, and the record. One
//! confirmation, by us or by the provider as the channel says. The words are kept in the conversation in every case.

use diesel::QueryResult;

use super::classify::opt_out::{Scope, TextClass, Verdict};
use super::filing::Filer;
use super::process::LISTED;
use super::text::said_at;
use crate::channels::registry::ChannelKind;
use crate::domain::Address;
use crate::domain::address::display_number;
use crate::domain::delivery::Purpose;
use crate::domain::inbound::InboundText;
use crate::outbound::compose;
use crate::outbound::enqueue::{self, EnqueueOutcome, Single};
use crate::store::envelopes::EnvelopeRow;
use crate::store::notices::{self, NoticeRow};
use crate::store::residents::{self, ConsentRow};
use crate::store::suppressions::{self, SuppressionRow};
use crate::store::{Conn, correspondents, deliveries, places, provider_blocks};

/// Automatic answers that one phone gets within a day: two machines must not talk to each other for ever.
const MOST_A_DAY: i64 = 3;

/// A text and what it asks.
pub(super) struct Wish<'a> {
    pub(super) envelope: &'a EnvelopeRow,
    pub(super) inbound: &'a InboundText,
    pub(super) from: &'a Address,
    pub(super) match_key: &'a [u8],
    pub(super) conversation_id: i64,
    pub(super) verdict: &'a Verdict,
    /// Life may be at risk.
    pub(super) danger: bool,
}

/// Whether it is worth looking for a group's name in a text.
pub(super) fn may_name_a_group(text: &str) -> bool {
    text.len() < 80 && ["stop", "leave"].iter().any(|word| text.trim_start().get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word)))
}

/// Does what is asked.
pub(super) async fn act(conn: &mut Conn, filer: &mut Filer<'_>, wish: &Wish<'_>) -> QueryResult<()> {
    match (wish.verdict.class, &wish.verdict.scope) {
        (TextClass::OptOut, Scope::Group(slug)) => leave_group(conn, filer, wish, slug).await,
        (TextClass::OptOut, scope) => stop(conn, filer, wish, *scope == Scope::Everything).await,
        // Only the word brings somebody back; and of an undated list nobody knows whether a STOP came after it.
        (TextClass::OptIn, _) if !wish.verdict.is_bare() || (wish.envelope.target == LISTED && wish.inbound.sent_at.is_none()) => {
            let body = compose::ask_opt_in(&filer.app.config().branding.name);
            answer(conn, filer, wish, body).await
        }
        (TextClass::OptIn, _) => start(conn, filer, wish).await,
        (TextClass::WrongNumber, _) => wrong_number(conn, filer, wish).await,
        (TextClass::Help, _) => {
            let body = compose::help(&filer.app.config().branding.name);
            answer(conn, filer, wish, body).await
        }
        // What only sounds alike is the officer's to judge: a witness is not asked whether they mean to leave.
        (TextClass::Review, _) if wish.verdict.rule == "learned" => Ok(()),
        (TextClass::Review, _) => {
            filer.note(conn, wish.conversation_id, "asked_to_confirm", "They may want no more texts: they were asked to reply STOP if so").await?;
            let body = compose::ask_opt_out(&filer.app.config().branding.name);
            answer(conn, filer, wish, body).await
        }
        (TextClass::Message, _) => Ok(()),
    }
}

async fn stop(conn: &mut Conn, filer: &mut Filer<'_>, wish: &Wish<'_>, everything: bool) -> QueryResult<()> {
    let app = filer.app;
    let asked_at = said_at(wish.envelope, wish.inbound);
    suppressions::suppress_as_of(conn, &suppression(filer, wish, wish.match_key.to_vec(), "sms", "all"), asked_at).await?;
    let standing = suppressions::find_standing(conn, wish.match_key, "sms").await?;
    // A repeated STOP finds the earlier one standing: that one was confirmed.
    let mut came_into_force = standing.is_some_and(|standing| standing.created_at == wish.envelope.received_at);
    let said = if !wish.verdict.is_bare() {
        "They asked for no more texts: none go to them until they text START"
    } else if everything {
        "They texted STOP ALL: nothing goes to them until they text START"
    } else {
        "They texted STOP: no texts go to them until they text START"
    };
    filer.note(conn, wish.conversation_id, "opted_out", &format!("{said} (rule: {})", wish.verdict.rule)).await?;
    consent(conn, filer, wish, "stopped", "sms").await?;
    deliveries::suppress_waiting(conn, wish.match_key, "sms", filer.now).await?;
    if everything && let Some((resident, _)) = residents::find_by_match_key(conn, wish.match_key).await? {
        for row in residents::list_addresses(conn, resident.id).await?.into_iter().filter(|row| row.match_key != wish.match_key) {
            let kind = Address::from_stored(&row.kind, &row.value).channel_kind();
            came_into_force |= suppressions::suppress(conn, &suppression(filer, wish, row.match_key.clone(), kind, "all")).await? > 0;
            deliveries::suppress_waiting(conn, &row.match_key, kind, filer.now).await?;
        }
        consent(conn, filer, wish, "stopped", "all").await?;
    }
    let we_confirm = app
        .channels()
        .find(&wish.envelope.channel)
        .is_some_and(|channel| matches!(&channel.kind, ChannelKind::Sms { settings, .. } if settings.confirm_opt_out));
    if came_into_force && we_confirm {
        let body = compose::opt_out_confirmation(&app.config().branding.name, &display_number(&wish.inbound.to), everything);
        let body = if wish.danger { compose::danger_first(&body) } else { body };
        send(conn, filer, wish, Purpose::OptOutConfirmation, body).await?;
    }
    Ok(())
}

async fn leave_group(conn: &mut Conn, filer: &mut Filer<'_>, wish: &Wish<'_>, slug: &str) -> QueryResult<()> {
    let Some(group) = places::list_groups(conn).await?.into_iter().find(|group| group.slug == slug) else { return Ok(()) };
    let left = suppressions::suppress(conn, &suppression(filer, wish, wish.match_key.to_vec(), "sms", slug)).await? > 0;
    if let Some((resident, _)) = residents::find_by_match_key(conn, wish.match_key).await? {
        residents::leave_group(conn, resident.id, group.id).await?;
    }
    filer.note(conn, wish.conversation_id, "left_group", &format!("They texted STOP for {}: other alerts still go to them", group.name)).await?;
    consent(conn, filer, wish, "stopped", slug).await?;
    // Once; and nothing at all after a STOP.
    if !left || suppressions::find_standing(conn, wish.match_key, "sms").await?.is_some() {
        return Ok(());
    }
    let body = compose::group_opt_out_confirmation(&filer.app.config().branding.name, &group.name);
    send(conn, filer, wish, Purpose::OptOutConfirmation, body).await
}

async fn start(conn: &mut Conn, filer: &mut Filer<'_>, wish: &Wish<'_>) -> QueryResult<()> {
    // Two clocks are compared by their moments alone; our own receipts also by their order.
    let in_order = wish.inbound.sent_at.is_none().then_some(wish.envelope.id);
    let lifted = suppressions::lift_by_start(conn, wish.match_key, in_order, said_at(wish.envelope, wish.inbound), filer.now).await?;
    // The provider lifts its own block of this number by the same word, if it was the provider who set it.
    provider_blocks::lift_by_start(conn, &wish.envelope.channel, &wish.inbound.to, wish.match_key, filer.now).await?;
    if lifted > 0 {
        consent(conn, filer, wish, "started", "sms").await?;
        let body = compose::opt_in_confirmation(&filer.app.config().branding.name);
        return send(conn, filer, wish, Purpose::OptInConfirmation, body).await;
    }
    // Nothing was off, or it is the STOP of after it that holds: then nothing is said.
    let theirs = residents::find_by_match_key(conn, wish.match_key).await?;
    let gets_texts = theirs.is_some_and(|(_, address)| address.enabled && address.verified_at.is_some() && address.bad_at.is_none());
    let told_today = deliveries::count_purpose_since(conn, wish.match_key, Purpose::OptInConfirmation.as_str(), filer.now.minus_days(1)).await? > 0;
    if gets_texts && !told_today {
        let body = compose::already_in(&filer.app.config().branding.name);
        return send(conn, filer, wish, Purpose::OptInConfirmation, body).await;
    }
    Ok(())
}

/// The number may be somebody else's now, who read what was meant for another: nothing more goes there, and somebody looks.
async fn wrong_number(conn: &mut Conn, filer: &mut Filer<'_>, wish: &Wish<'_>) -> QueryResult<()> {
    let known = residents::mark_bad(conn, wish.match_key, filer.now).await?;
    deliveries::suppress_waiting(conn, wish.match_key, "sms", filer.now).await?;
    // Of somebody whom we know to be new, and sent nothing to, it says nothing more.
    if known > 0 || correspondents::doubted_since(conn, wish.match_key, wish.envelope.received_at).await?.is_none() {
        correspondents::doubt_owner(conn, wish.match_key, wish.envelope.received_at).await?;
        filer.known.remove(wish.match_key);
    }
    filer
        .note(conn, wish.conversation_id, "wrong_number", "They say that the number is not whose we think: no alerts go to it until its owner confirms it")
        .await?;
    consent(conn, filer, wish, "wrong_number", "sms").await?;
    if known > 0 {
        let now = filer.now;
        let row = NoticeRow::of(
            filer.app.next_id(),
            "wrong_number",
            &format!("conversation {}", wish.conversation_id),
            "A registered number seems to have a new owner, who has read what was meant for another. See the conversation; it may be a data breach.".to_owned(),
            now,
        );
        notices::note(conn, &row).await?;
    }
    Ok(())
}

fn suppression(filer: &Filer<'_>, wish: &Wish<'_>, match_key: Vec<u8>, channel: &str, scope: &str) -> SuppressionRow {
    SuppressionRow {
        id: filer.app.next_id(),
        match_key,
        channel: channel.to_owned(),
        scope: scope.to_owned(),
        reason: "stop".to_owned(),
        evidence: format!("a text to us, by the rule {:?}", wish.verdict.rule),
        source_envelope_id: Some(wish.envelope.id),
        created_at: wish.envelope.received_at,
        lifted_at: None,
        lifted_by: None,
    }
}

async fn consent(conn: &mut Conn, filer: &Filer<'_>, wish: &Wish<'_>, action: &str, channel: &str) -> QueryResult<()> {
    let resident = residents::find_by_match_key(conn, wish.match_key).await?;
    let row = ConsentRow {
        id: filer.app.next_id(),
        resident_id: resident.map(|(resident, _)| resident.id),
        match_key: wish.match_key.to_vec(),
        action: action.to_owned(),
        channel: channel.to_owned(),
        source: format!("envelope:{}", wish.envelope.id),
        wording: String::new(),
        evidence: format!("texted {:?} (rule {})", wish.inbound.text.chars().take(160).collect::<String>(), wish.verdict.rule),
        created_at: wish.envelope.received_at,
    };
    residents::append_consent(conn, vec![row]).await.map(|_| ())
}

/// An automatic answer, of which a phone gets a few a day.
async fn answer(conn: &mut Conn, filer: &mut Filer<'_>, wish: &Wish<'_>, body: String) -> QueryResult<()> {
    let purpose = Purpose::Acknowledgement;
    if deliveries::count_purpose_since(conn, wish.match_key, purpose.as_str(), filer.now.minus_days(1)).await? >= MOST_A_DAY {
        return Ok(());
    }
    send(conn, filer, wish, purpose, body).await
}

async fn send(conn: &mut Conn, filer: &mut Filer<'_>, wish: &Wish<'_>, purpose: Purpose, body: String) -> QueryResult<()> {
    // An alphanumeric sender or short code cannot be answered.
    if !wish.from.reveal().starts_with('+') {
        return Ok(());
    }
    let single = Single {
        purpose,
        source_id: wish.envelope.id,
        to: wish.from.clone(),
        from: Some(wish.inbound.to.clone()),
        channel: Some(wish.envelope.channel.clone()),
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
