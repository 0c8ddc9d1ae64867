//! Telling everyone who answered an alert what came of it, once each: resumable, in chunks, with the reason for each who is
//! left out.

use std::collections::BTreeMap;

use diesel::QueryResult;

use super::compose::{self, Footer};
use super::enqueue;
use crate::app::App;
use crate::audit::{self, Actor};
use crate::domain::alert::Urgency;
use crate::domain::audience::Untold;
use crate::domain::delivery::{Purpose, Status};
use crate::domain::token::{self, Use};
use crate::domain::{Address, At, ids};
use crate::store::alert_closings::{self, AlertClosingRow};
use crate::store::alerts::{self, AlertRow};
use crate::store::deliveries::{self, DeliveryRow};
use crate::store::messages::{self, MessageRow};
use crate::store::outcomes::{self, Answerer, OutcomeRow};
use crate::store::wake::Change;
use crate::store::{Conn, conversations};

/// Small, so that intake never waits behind one.
const CHUNK: i64 = 200;
const LEASE_MS: i64 = 30_000;
const LONGEST_SMS: usize = 765;
const LONGEST_EMAIL: usize = 20_000;

/// What an officer wrote.
#[derive(Clone, Debug, Default)]
pub struct News {
    /// Of the form: pressed twice, it is told once.
    pub token: String,
    /// For phones and the public page.
    pub sms_text: String,
    /// Subject of the mail; made of the alert's title if empty.
    pub email_subject: String,
    /// For mail; the text if empty.
    pub email_body: String,
    /// The latest that the officer knew to be told of it; none if they do not say. What was told since is seen first.
    pub seen: Option<i64>,
}

/// What came of telling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TellOutcome {
    /// It is on its way.
    Told,
    /// This form has told it before.
    Already,
    /// Somebody else has told something since the officer looked. Nothing was sent.
    Changed,
}

/// Something to mend: the field and what to do.
pub type NewsFault = (&'static str, &'static str);

/// Checks what an officer wrote; every fault at once.
pub fn check(news: &News) -> Vec<NewsFault> {
    let mut faults = Vec::new();
    let length = news.sms_text.trim().chars().count();
    if length == 0 {
        faults.push(("sms_text", "Enter the text that goes to phones"));
    } else if length > LONGEST_SMS {
        faults.push(("sms_text", "Shorten the text message to 765 characters or fewer"));
    }
    if news.email_subject.chars().any(char::is_control) || news.email_subject.chars().count() > 150 {
        faults.push(("email_subject", "Write the subject on one line of 150 characters or fewer"));
    }
    if news.email_body.chars().count() > LONGEST_EMAIL {
        faults.push(("email_body", "Shorten the e-mail to 20,000 characters or fewer"));
    }
    faults
}

/// Who is told, and who is not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    /// By text.
    pub sms: i64,
    /// By mail.
    pub email: i64,
    /// Left out, by `Untold` word.
    pub untold: BTreeMap<&'static str, i64>,
}

/// Whether somebody is told, or the first reason why not: their own will first, then their safety.
fn decide(app: &App, answerer: &Answerer) -> Result<Address, Untold> {
    let address = Address::from_stored(&answerer.kind, &answerer.address);
    let reachable = match &address {
        Address::Phone(phone) => phone.e164().starts_with('+'),
        Address::Email(email) => email.as_str().contains('@'),
    };
    if answerer.suppressed {
        Err(Untold::OptedOut)
    } else if answerer.unwanted {
        Err(Untold::DoNotContact)
    } else if answerer.in_doubt {
        Err(Untold::InDoubt)
    } else if answerer.at_risk {
        Err(Untold::AtRisk)
    } else if answerer.passed_on {
        Err(Untold::PassedOn)
    } else if answerer.third_party {
        Err(Untold::ThirdParty)
    } else if !answerer.certain {
        Err(Untold::Unsure)
    } else if answerer.bad {
        Err(Untold::BadAddress)
    } else if !reachable || app.channels().first_of(address.channel_kind()).is_none() {
        Err(Untold::Unreachable)
    } else {
        Ok(address)
    }
}

/// The conversation by which each of these residents is told: the one where something came or went last, of those by which
/// they may be told.
async fn chosen(conn: &mut Conn, app: &App, alert_id: i64, mark: i64, answerers: &[Answerer]) -> QueryResult<BTreeMap<i64, i64>> {
    let mut residents: Vec<i64> = answerers.iter().filter_map(|answerer| answerer.resident_id).collect();
    residents.sort_unstable();
    residents.dedup();
    let mut best: BTreeMap<i64, (At, i64)> = BTreeMap::new();
    for one in outcomes::list_of_residents(conn, alert_id, mark, &residents).await? {
        if let (Some(resident), Ok(_)) = (one.resident_id, decide(app, &one)) {
            let place = best.entry(resident).or_insert((one.last_message_at, one.id));
            *place = (*place).max((one.last_message_at, one.id));
        }
    }
    Ok(best.into_iter().map(|(resident, (_, id))| (resident, id)).collect())
}

/// Whether somebody is told by this conversation.
fn decide_once(app: &App, answerer: &Answerer, chosen: &BTreeMap<i64, i64>) -> Result<Address, Untold> {
    let address = decide(app, answerer)?;
    let elsewhere = answerer.resident_id.and_then(|resident| chosen.get(&resident)).is_some_and(|id| *id != answerer.id);
    if answerer.told || elsewhere { Err(Untold::Once) } else { Ok(address) }
}

/// Who would be told now.
pub async fn reach(app: &App, alert_id: i64) -> QueryResult<Reach> {
    let mut conn = app.read().await?;
    let mark = outcomes::highest(&mut conn, alert_id).await?;
    let (mut reach, mut after) = (Reach::default(), 0);
    loop {
        let chunk = outcomes::list_answerers(&mut conn, alert_id, None, after, mark, 2_000).await?;
        let Some(last) = chunk.last() else { return Ok(reach) };
        after = last.id;
        let chosen = chosen(&mut conn, app, alert_id, mark, &chunk).await?;
        for answerer in &chunk {
            match decide_once(app, answerer, &chosen) {
                Ok(Address::Phone(_)) => reach.sms += 1,
                Ok(Address::Email(_)) => reach.email += 1,
                Err(reason) => *reach.untold.entry(reason.as_str()).or_default() += 1,
            }
        }
    }
}

/// Tells it: never twice by one form, and never over what a colleague has told meanwhile.
pub async fn tell(app: &App, alert: &AlertRow, news: &News, officer_id: i64) -> QueryResult<TellOutcome> {
    let now = app.now();
    let first_of = |given: &str, otherwise: &str| if given.trim().is_empty() { otherwise.to_owned() } else { given.trim().to_owned() };
    let mut conn = app.write().await?;
    let told = conn
        .transaction(async |conn| {
            let row = OutcomeRow {
                id: app.next_id(),
                alert_id: alert.id,
                officer_id: Some(officer_id),
                token: news.token.clone(),
                sms_text: news.sms_text.trim().to_owned(),
                email_subject: first_of(&news.email_subject, &format!("What came of: {}", alert.title)),
                email_body: first_of(&news.email_body, &news.sms_text),
                mark: outcomes::highest(conn, alert.id).await?,
                cursor: 0,
                told_sms: 0,
                told_email: 0,
                lease_owner: None,
                lease_until: None,
                created_at: now,
                finished_at: None,
            };
            // Of two at once on two nodes, one waits here for the other.
            let latest = outcomes::latest_locked(conn, alert.id).await?;
            if outcomes::is_used(conn, &row.token).await? {
                return Ok(TellOutcome::Already);
            }
            if news.seen.is_some_and(|seen| seen != latest) {
                return Ok(TellOutcome::Changed);
            }
            if outcomes::insert(conn, &row).await? == 0 {
                return Ok(TellOutcome::Already);
            }
            let detail = serde_json::json!({ "outcome": row.id });
            audit::note(conn, app.ids(), now, &Actor::Officer(officer_id), "alert.outcome", ("alert", Some(alert.id)), detail).await?;
            Ok::<_, diesel::result::Error>(TellOutcome::Told)
        })
        .await?;
    drop(conn);
    if told == TellOutcome::Told {
        app.wake().fan_out();
        app.wake().change(Change { kind: "alert".into(), alert: Some(alert.reference.clone()), conversation: None });
    }
    Ok(told)
}

/// What came of closing an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseOutcome {
    /// It is closed, or was.
    Closed,
    /// Nothing was told of it and no reason was given. Nothing was done.
    Unexplained,
}

/// Closes an alert: no longer among the current ones of the public page, where what came of it stays a while; replies still arrive. Nothing ends without a word on what came of it, to
/// those who answered, or here.
pub async fn close(app: &App, alert: &AlertRow, reason: &str, officer_id: i64) -> QueryResult<CloseOutcome> {
    let now = app.now();
    let mut conn = app.write().await?;
    let closed = conn
        .transaction(async |conn| {
            if reason.is_empty() && outcomes::latest_locked(conn, alert.id).await? == 0 {
                return Ok(CloseOutcome::Unexplained);
            }
            if alerts::close(conn, alert.id, now).await? > 0 {
                if !reason.is_empty() {
                    let row = AlertClosingRow { alert_id: alert.id, officer_id: Some(officer_id), reason: reason.to_owned(), created_at: now };
                    alert_closings::insert(conn, &row).await?;
                }
                audit::note(conn, app.ids(), now, &Actor::Officer(officer_id), "alert.close", ("alert", Some(alert.id)), serde_json::json!({})).await?;
            }
            Ok::<_, diesel::result::Error>(CloseOutcome::Closed)
        })
        .await?;
    drop(conn);
    app.wake().change(Change { kind: "alert".into(), alert: Some(alert.reference.clone()), conversation: None });
    Ok(closed)
}

/// For so many days after it was closed an alert can be opened again, and what came of it stays on the public page.
pub const SHOWN_DAYS: i64 = 14;

/// Opens a closed alert again: on the public page as before. Gives false if it was closed too long ago, or is not closed.
pub async fn reopen(app: &App, alert: &AlertRow, officer_id: i64) -> QueryResult<bool> {
    let now = app.now();
    let mut conn = app.write().await?;
    let opened = conn
        .transaction(async |conn| {
            if alerts::reopen(conn, alert.id, now.minus_days(SHOWN_DAYS)).await? == 0 {
                return Ok(false);
            }
            alert_closings::delete(conn, alert.id).await?;
            audit::note(conn, app.ids(), now, &Actor::Officer(officer_id), "alert.reopen", ("alert", Some(alert.id)), serde_json::json!({})).await?;
            Ok::<_, diesel::result::Error>(true)
        })
        .await?;
    drop(conn);
    app.wake().change(Change { kind: "alert".into(), alert: Some(alert.reference.clone()), conversation: None });
    Ok(opened)
}

/// One step: one chunk of the oldest that is not finished. Gives whether there was anything to do.
pub async fn run_once(app: &App) -> QueryResult<bool> {
    let mut conn = app.write().await?;
    let claimed = conn.transaction(async |conn| outcomes::claim(conn, app.owner(), LEASE_MS).await).await?;
    let Some(row) = claimed else { return Ok(false) };
    let reference = conn.transaction(async |conn| chunk(conn, app, &row).await).await?;
    drop(conn);
    app.wake().outbox();
    app.wake().change(Change { kind: "alert".into(), alert: Some(reference.clone()), conversation: None });
    app.wake().change(Change { kind: "inbox".into(), alert: Some(reference), conversation: None });
    Ok(true)
}

async fn chunk(conn: &mut Conn, app: &App, row: &OutcomeRow) -> QueryResult<String> {
    let alert = alerts::get(conn, row.alert_id).await?;
    let now = app.now();
    let answerers = outcomes::list_answerers(conn, row.alert_id, Some(row.id), row.cursor, row.mark, CHUNK).await?;
    let Some(last) = answerers.last() else {
        outcomes::finish(conn, row.id, app.owner(), now).await?;
        return Ok(alert.reference);
    };
    let cursor = last.id;
    let chosen = chosen(conn, app, row.alert_id, row.mark, &answerers).await?;
    let (mut told, mut untold) = (Vec::new(), BTreeMap::<&str, i64>::new());
    for answerer in answerers {
        match decide_once(app, &answerer, &chosen) {
            Ok(address) => told.push((answerer, address)),
            Err(reason) => *untold.entry(reason.as_str()).or_default() += 1,
        }
    }
    let texts = told.iter().filter(|(_, address)| matches!(address, Address::Phone(_))).count();
    let (sms, email) = (i64::try_from(texts).unwrap_or(0), i64::try_from(told.len() - texts).unwrap_or(0));
    if outcomes::advance(conn, row, app.owner(), cursor, sms, email).await? == 0 {
        // Another worker has it: what this one would add is that one's to add.
        return Ok(alert.reference);
    }
    for (reason, count) in untold {
        outcomes::add_exclusions(conn, row.id, reason, count).await?;
    }
    let mut rows = Vec::new();
    for (answerer, address) in told {
        let Some(delivery) = delivery(app, &alert, row, &answerer, &address, now) else { continue };
        messages::insert(conn, &message(app, row, &delivery, &answerer, now)).await?;
        conversations::touch_note(conn, answerer.id).await?;
        rows.push(delivery);
    }
    deliveries::insert(conn, rows).await?;
    Ok(alert.reference)
}

fn delivery(app: &App, alert: &AlertRow, row: &OutcomeRow, answerer: &Answerer, to: &Address, now: At) -> Option<DeliveryRow> {
    let kind = to.channel_kind();
    let named = app.channels().find(&answerer.channel).filter(|channel| channel.kind_word() == kind);
    let channel = named.or_else(|| app.channels().first_of(kind))?;
    let brand = &app.config().branding;
    let random = ids::public_id();
    let (subject, body) = match to {
        Address::Phone(_) => (None, compose::render_outcome_sms(&brand.name, &row.sms_text, &alert.reference)),
        Address::Email(_) => {
            let key = app.keyring().signing()?;
            let leave_url = app.url(&format!("/leave/{}", token::sign(key, Use::Leave, &random)));
            let footer = Footer { brand: &brand.name, force: &brand.force, code: &alert.reference, leave_url: &leave_url };
            (Some(row.email_subject.clone()), compose::render_outcome_mail(&row.email_body, &footer))
        }
    };
    Some(DeliveryRow {
        id: app.next_id(),
        purpose: Purpose::Outcome.as_str().to_owned(),
        source_id: row.id,
        alert_id: Some(alert.id),
        conversation_id: Some(answerer.id),
        match_key: answerer.match_key.clone(),
        address: answerer.address.clone(),
        channel_kind: kind.to_owned(),
        channel: channel.name.clone(),
        // Their answer to it comes back to the number or mailbox that they know.
        sender: enqueue::sender_of(channel, Some(answerer.our_address.clone())),
        priority: Purpose::Outcome.priority(Urgency::Routine),
        status: Status::Queued.as_str().to_owned(),
        subject,
        body: Some(body),
        token: random,
        in_reply_to: None,
        reference_ids: None,
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
        expires_at: Some(now.plus_ms(Purpose::Outcome.lasts_ms(Urgency::Routine))),
    })
}

/// As it stands in their conversation.
fn message(app: &App, row: &OutcomeRow, delivery: &DeliveryRow, answerer: &Answerer, now: At) -> MessageRow {
    MessageRow {
        id: app.next_id(),
        public_id: ids::public_id(),
        conversation_id: answerer.id,
        direction: "out".to_owned(),
        channel: delivery.channel.clone(),
        channel_kind: delivery.channel_kind.clone(),
        class: "outcome".to_owned(),
        subject: delivery.subject.clone(),
        text: if delivery.channel_kind == "sms" { row.sms_text.clone() } else { row.email_body.clone() },
        folded: String::new(),
        envelope_id: None,
        ordinal: 0,
        delivery_id: Some(delivery.id),
        officer_id: row.officer_id,
        message_id_header: None,
        method: "officer".to_owned(),
        confidence: "certain".to_owned(),
        evidence: String::new(),
        third_party: false,
        possible_duplicate: false,
        raw_sha256: None,
        received_at: now,
        sender_trust: None,
        sender_evidence: None,
    }
}
