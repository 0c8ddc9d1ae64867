//! Publishing: the alert and its frozen audience in one transaction, then a resumable fan-out in chunks.
//!
//! The preview, the counts that the officer is told and the fan-out all come from the same read model and the same pure
//! decision, so that they cannot disagree. Each chunk commits by itself and may leave at once; a worker that dies is
//! followed by another at the cursor.

use std::collections::{BTreeMap, BTreeSet};

use diesel::result::Error as DieselError;

use super::audience::{self, Facts};
use super::compose::{self, Checked, Draft, DraftFault};
use super::sender_pool::{self, Hold};
use crate::app::App;
use crate::audit::{self, Actor};
use crate::channels::registry::{Channel, ChannelKind};
use crate::domain::alert::Urgency;
use crate::domain::delivery::{Purpose, Status};
use crate::domain::{At, ids, reference, token};
use crate::store::accounts::OfficerRow;
use crate::store::alerts::{self, AlertRow, AlertTextRow};
use crate::store::deliveries::{self, DeliveryRow};
use crate::store::pair_holds::{self, PairHoldRow};
use crate::store::views::audience::{self as candidates, Candidate};
use crate::store::wake::Change;
use crate::store::{Conn, places};

const CHUNK: i64 = 1_000;
const LEASE_MS: i64 = 30_000;

/// Whom a draft would reach.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    /// Texts.
    pub sms: i64,
    /// Mails.
    pub email: i64,
    /// Residents behind them.
    pub residents: i64,
    /// Addresses left out, by `Exclusion` word.
    pub excluded: BTreeMap<&'static str, i64>,
}

/// What came of publishing.
#[derive(Debug)]
pub enum PublishOutcome {
    /// It is under way.
    Published(Box<AlertRow>, Reach),
    /// This form or request has published it before.
    Before(Box<AlertRow>),
    /// The draft has faults.
    Faults(Vec<DraftFault>),
}

/// The ids behind a draft's codes and slugs.
#[derive(Clone, Debug, Default)]
struct Target {
    areas: Vec<i64>,
    groups: Vec<i64>,
}

async fn target(conn: &mut Conn, draft: &Draft) -> Result<Result<Target, Vec<DraftFault>>, DieselError> {
    let areas = places::find_areas(conn, &draft.areas).await?;
    let groups: Vec<_> = places::list_open_groups(conn).await?.into_iter().filter(|group| draft.groups.contains(&group.slug)).collect();
    let mut faults = Vec::new();
    if let Some(unknown) = draft.areas.iter().find(|code| !areas.iter().any(|area| area.code == **code)) {
        faults.push(DraftFault { field: "areas", message: format!("There is no area {unknown}") });
    }
    if let Some(unknown) = draft.groups.iter().find(|slug| !groups.iter().any(|group| group.slug == **slug)) {
        faults.push(DraftFault { field: "groups", message: format!("There is no interest group {unknown}") });
    }
    Ok(if faults.is_empty() {
        Ok(Target { areas: areas.iter().map(|area| area.id).collect(), groups: groups.iter().map(|group| group.id).collect() })
    } else {
        Err(faults)
    })
}

/// Whom a draft would reach now, and why others are left out.
pub async fn preview(app: &App, draft: &Draft) -> Result<Reach, DieselError> {
    let mut conn = app.read().await?;
    match target(&mut conn, draft).await? {
        Ok(target) => {
            let mark = candidates::highest_address(&mut conn).await?;
            reach(&mut conn, app, &target, mark).await
        }
        Err(_) => Ok(Reach::default()),
    }
}

async fn reach(conn: &mut Conn, app: &App, target: &Target, mark: i64) -> Result<Reach, DieselError> {
    let (mut reach, mut cursor, mut residents) = (Reach::default(), 0, BTreeSet::new());
    loop {
        let chunk = candidates::list(conn, &target.areas, &target.groups, cursor, mark, 5_000).await?;
        let Some(last) = chunk.last() else { break };
        cursor = last.id;
        for candidate in &chunk {
            match audience::decide(&facts(app, candidate)) {
                Ok(()) => {
                    residents.insert(candidate.resident_id);
                    if candidate.kind == "phone" { reach.sms += 1 } else { reach.email += 1 }
                }
                Err(reason) => *reach.excluded.entry(reason.as_str()).or_default() += 1,
            }
        }
    }
    reach.residents = i64::try_from(residents.len()).unwrap_or(i64::MAX);
    Ok(reach)
}

fn facts(app: &App, candidate: &Candidate) -> Facts {
    Facts {
        in_group: candidate.in_group,
        left_group: candidate.left_group,
        suppressed: candidate.suppressed,
        enabled: candidate.enabled,
        verified: candidate.verified,
        bad: candidate.bad,
        has_channel: channel_for(app, candidate).is_some(),
    }
}

fn channel_for<'a>(app: &'a App, candidate: &Candidate) -> Option<&'a std::sync::Arc<Channel>> {
    app.channels().first_of(if candidate.kind == "phone" { "sms" } else { "email" })
}

/// Whether people can answer the texts that go out first of all.
pub fn is_answerable(app: &App) -> bool {
    match app.channels().first_of("sms").map(|channel| &channel.kind) {
        Some(ChannelKind::Sms { settings, .. }) => settings.is_two_way(),
        _ => true,
    }
}

/// Publishes a draft: one transaction writes the alert with its frozen audience; the fan-out follows.
pub async fn publish(app: &App, draft: &Draft, owner: &OfficerRow, actor: &Actor, once: Option<String>) -> Result<PublishOutcome, DieselError> {
    let checked = match compose::check(draft, is_answerable(app)) {
        Ok(checked) => checked,
        Err(faults) => return Ok(PublishOutcome::Faults(faults)),
    };
    let mut conn = app.write().await?;
    let outcome = conn.transaction(async |conn| publish_in(conn, app, draft, &checked, owner, actor, once.clone()).await).await;
    let outcome = match (outcome, &once) {
        // Two presses at once: the other was first.
        (Err(DieselError::DatabaseError(diesel::result::DatabaseErrorKind::UniqueViolation, _)), Some(token)) => {
            let first = alerts::find_by_token(&mut conn, token).await?.ok_or(DieselError::NotFound)?;
            PublishOutcome::Before(Box::new(first))
        }
        (outcome, _) => outcome?,
    };
    drop(conn);
    if let PublishOutcome::Published(alert, _) = &outcome {
        tracing::info!(alert.reference, alert.urgency, "an alert was published");
        app.wake().fan_out();
        app.wake().change(Change { kind: "alert".into(), alert: Some(alert.reference.clone()), conversation: None });
    }
    Ok(outcome)
}

async fn publish_in(
    conn: &mut Conn,
    app: &App,
    draft: &Draft,
    checked: &Checked,
    owner: &OfficerRow,
    actor: &Actor,
    once: Option<String>,
) -> Result<PublishOutcome, DieselError> {
    if let Some(before) = match &once {
        Some(token) => alerts::find_by_token(conn, token).await?,
        None => None,
    } {
        return Ok(PublishOutcome::Before(Box::new(before)));
    }
    let target = match target(conn, draft).await? {
        Ok(target) => target,
        Err(faults) => return Ok(PublishOutcome::Faults(faults)),
    };
    let mark = candidates::highest_address(conn).await?;
    let reach = reach(conn, app, &target, mark).await?;
    let now = app.now();
    let alert = AlertRow {
        id: app.next_id(),
        reference: unused_reference(conn).await?,
        kind: checked.kind.as_str().to_owned(),
        urgency: checked.urgency.as_str().to_owned(),
        title: checked.title.clone(),
        status: "publishing".to_owned(),
        version: 1,
        owner_id: owner.id,
        team_id: owner.team_id,
        token: once,
        // Where a life is at risk, a second copy is the lesser harm.
        send_again_on_doubt: checked.urgency == Urgency::LifeAtRisk,
        audience_mark: mark,
        audience_cursor: 0,
        fan_out_owner: None,
        fan_out_until: None,
        expected_sms: reach.sms,
        expected_email: reach.email,
        created_at: now,
        published_at: Some(now),
        fanned_out_at: None,
        closed_at: None,
        two_way: !draft.one_way,
    };
    let text = |kind: &str, subject: &str, body: &str| AlertTextRow {
        id: app.next_id(),
        alert_id: alert.id,
        version: 1,
        language: "en".to_owned(),
        channel_kind: kind.to_owned(),
        subject: subject.to_owned(),
        body: body.to_owned(),
    };
    let texts = vec![text("sms", "", &checked.sms_text), text("email", &checked.email_subject, &checked.email_body)];
    alerts::insert(conn, &alert, texts, &target.areas, &target.groups).await?;
    let detail = serde_json::json!({ "sms": reach.sms, "email": reach.email });
    audit::note(conn, app.ids(), now, actor, "alert.publish", ("alert", Some(alert.id)), detail).await?;
    Ok(PublishOutcome::Published(Box::new(alert), reach))
}

async fn unused_reference(conn: &mut Conn) -> Result<String, DieselError> {
    loop {
        let candidate = reference::new_reference();
        // A reference must not be taken for a plate or a word when it stands in a reply.
        if reference::find_references(&candidate).is_empty() || alerts::find_by_reference(conn, &candidate).await?.is_some() {
            continue;
        }
        return Ok(candidate);
    }
}

/// One step of the fan-out: one chunk of the most urgent alert, so that an urgent one need not wait behind a large one.
/// Gives whether there was anything to do.
pub async fn run_once(app: &App) -> Result<bool, DieselError> {
    let mut conn = app.write().await?;
    let claimed = conn.transaction(async |conn| alerts::claim_fan_out(conn, app.owner(), LEASE_MS).await).await?;
    drop(conn);
    let Some(alert) = claimed else { return Ok(false) };
    let target = {
        let mut conn = app.read().await?;
        Target {
            areas: alerts::list_areas(&mut conn, alert.id).await?.into_iter().map(|(id, _)| id).collect(),
            groups: alerts::list_groups(&mut conn, alert.id).await?.into_iter().map(|(id, _)| id).collect(),
        }
    };
    let mut conn = app.write().await?;
    conn.transaction(async |conn| chunk(conn, app, &alert, &target).await).await?;
    drop(conn);
    app.wake().outbox();
    app.wake().change(Change { kind: "alert".into(), alert: Some(alert.reference.clone()), conversation: None });
    Ok(true)
}

async fn chunk(conn: &mut Conn, app: &App, alert: &AlertRow, target: &Target) -> Result<(), DieselError> {
    let chunk = candidates::list(conn, &target.areas, &target.groups, alert.audience_cursor, alert.audience_mark, CHUNK).await?;
    let now = app.now();
    let Some(last) = chunk.last() else {
        return alerts::finish_fan_out(conn, alert.id, app.owner(), now).await.map(|_| ());
    };
    let cursor = last.id;
    if alerts::advance_fan_out(conn, alert, cursor, app.owner(), LEASE_MS).await? == 0 {
        // Another worker has it: what this one would add is that one's to add.
        return Ok(());
    }
    let (mut included, mut excluded) = (Vec::new(), BTreeMap::<&str, i64>::new());
    for candidate in chunk {
        match audience::decide(&facts(app, &candidate)) {
            Ok(()) => included.push(candidate),
            Err(reason) => *excluded.entry(reason.as_str()).or_default() += 1,
        }
    }
    for (reason, count) in excluded {
        alerts::add_exclusions(conn, alert.id, reason, count).await?;
    }
    let (rows, holds) = prepare(conn, app, alert, &included, now).await?;
    pair_holds::upsert(conn, holds).await?;
    deliveries::insert(conn, rows).await.map(|_| ())
}

/// The rows of a chunk: each copy with the number or mailbox it goes out from.
async fn prepare(conn: &mut Conn, app: &App, alert: &AlertRow, included: &[Candidate], now: At) -> Result<(Vec<DeliveryRow>, Vec<PairHoldRow>), DieselError> {
    let phones: Vec<Vec<u8>> = included.iter().filter(|candidate| candidate.kind == "phone").map(|candidate| candidate.match_key.clone()).collect();
    let mut held: BTreeMap<Vec<u8>, Vec<PairHoldRow>> = BTreeMap::new();
    for hold in pair_holds::list_of(conn, &phones).await? {
        held.entry(hold.match_key.clone()).or_default().push(hold);
    }
    let (mut rows, mut holds) = (Vec::new(), Vec::new());
    for (index, candidate) in included.iter().enumerate() {
        let Some(channel) = channel_for(app, candidate) else {
            continue;
        };
        let sender = match &channel.kind {
            ChannelKind::Email { settings, .. } => settings.address.as_str().to_owned(),
            ChannelKind::Sms { settings, .. } => {
                if let Some(name) = &settings.sender {
                    rows.push(row(app, alert, candidate, channel, name.clone(), now));
                    continue;
                }
                let pool: Vec<String> = settings.numbers.iter().map(|number| number.e164().to_owned()).collect();
                let theirs: Vec<Hold<'_>> = held
                    .get(&candidate.match_key)
                    .into_iter()
                    .flatten()
                    .map(|hold| Hold { our_number: &hold.our_number, alert_id: hold.alert_id, used_at: hold.used_at })
                    .collect();
                let Some(choice) = sender_pool::choose(&pool, &theirs, alert.id, now, app.config().attribution.pair_rest_days, index) else {
                    continue;
                };
                holds.push(PairHoldRow { our_number: choice.our_number.to_owned(), match_key: candidate.match_key.clone(), alert_id: alert.id, used_at: now });
                choice.our_number.to_owned()
            }
        };
        rows.push(row(app, alert, candidate, channel, sender, now));
    }
    holds.sort_by(|a, b| (&a.match_key, &a.our_number).cmp(&(&b.match_key, &b.our_number)));
    Ok((rows, holds))
}

fn row(app: &App, alert: &AlertRow, candidate: &Candidate, channel: &Channel, sender: String, now: At) -> DeliveryRow {
    let urgency = alert.urgency.parse().unwrap_or(Urgency::Routine);
    let code = app.keyring().signing().map(|key| token::delivery_code(key, &alert.reference, &candidate.match_key)).unwrap_or_default();
    DeliveryRow {
        id: app.next_id(),
        purpose: Purpose::Alert.as_str().to_owned(),
        source_id: alert.id,
        alert_id: Some(alert.id),
        conversation_id: None,
        match_key: candidate.match_key.clone(),
        address: candidate.value.clone(),
        channel_kind: channel.kind_word().to_owned(),
        channel: channel.name.clone(),
        sender,
        priority: Purpose::Alert.priority(urgency),
        status: Status::Queued.as_str().to_owned(),
        subject: None,
        body: None,
        code: format!("{}-{code}", alert.reference),
        token: ids::public_id(),
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
        expires_at: Some(now.plus_ms(Purpose::Alert.lasts_ms(urgency))),
    }
}
