//! Publishing: the alert and the mark that freezes its audience in one transaction; `fan_out` does the rest.
//!
//! The preview, the counts that the officer is told and the fan-out all come from the same read model, so that they cannot
//! disagree. Accepting costs one count in the database, however many are reached.

use std::collections::BTreeMap;

use diesel::result::Error as DieselError;

use super::compose::{self, Checked, Draft, DraftFault};
use super::fan_out;
use crate::app::App;
use crate::audit::{self, Actor};
use crate::channels::registry::ChannelKind;
use crate::domain::alert::{AlertStatus, Urgency};
use crate::domain::quiet::{self, Start};
use crate::domain::reference;
use crate::store::accounts::OfficerRow;
use crate::store::alerts::{self, AlertRow, AlertTextRow};
use crate::store::views::audience::{self, Wanted};
use crate::store::wake::Change;
use crate::store::{Conn, places};

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
    pub excluded: BTreeMap<String, i64>,
}

impl Reach {
    /// Addresses in the areas, with a copy or without.
    pub fn addresses(&self) -> i64 {
        self.sms + self.email + self.excluded.values().sum::<i64>()
    }
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

/// Whom an alert is for, counted.
struct Meant {
    target: Target,
    /// The highest address that counts.
    mark: i64,
    reach: Reach,
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
            let wanted = wanted(app, target.areas, target.groups, audience::highest_address(&mut conn).await?);
            reach(&mut conn, &wanted, true).await
        }
        Err(_) => Ok(Reach::default()),
    }
}

/// Whom an alert with these areas and groups is for, by what is configured now.
pub(super) fn wanted(app: &App, areas: Vec<i64>, groups: Vec<i64>, mark: i64) -> Wanted {
    let ways = fan_out::ways(app);
    Wanted { areas, groups, mark, has_sms: ways.sms.is_some(), has_email: ways.email.is_some() }
}

/// What to do about an alert that nobody would get, and why they would not; `None` if somebody does.
pub fn nobody(reach: &Reach) -> Option<DraftFault> {
    if reach.sms + reach.email > 0 {
        return None;
    }
    let most = reach.excluded.iter().max_by_key(|(_, count)| **count);
    let why = match most {
        None => "no resident there has an address".to_owned(),
        Some((word, _)) => {
            let out = match reach.addresses() {
                1 => "the 1 address there is".to_owned(),
                out => format!("all {out} addresses there are"),
            };
            format!("{out} left out, most for this reason: {}", compose::exclusion_sentence(word))
        }
    };
    Some(DraftFault { field: "areas", message: format!("Nobody would get this alert: {why}. Choose more areas, or other groups") })
}

/// Counts in the database; the people behind the addresses only if asked, for that takes longer.
pub(super) async fn reach(conn: &mut Conn, wanted: &Wanted, with_residents: bool) -> Result<Reach, DieselError> {
    let mut reach = Reach::default();
    for share in audience::count(conn, wanted, with_residents).await? {
        match (share.reason, share.kind.as_str()) {
            (Some(reason), _) => *reach.excluded.entry(reason).or_default() += share.count,
            (None, "resident") => reach.residents = share.count,
            (None, "phone") => reach.sms += share.count,
            (None, _) => reach.email += share.count,
        }
    }
    Ok(reach)
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
    let mut conn = app.read().await?;
    // Asked twice, it is not counted again, nor checked: its hour may have passed meanwhile.
    if let Some(token) = &once
        && let Some(before) = alerts::find_by_token(&mut conn, token).await?
    {
        return Ok(PublishOutcome::Before(Box::new(before)));
    }
    let checked = match compose::check(draft, is_answerable(app), app.now()) {
        Ok(checked) => checked,
        Err(faults) => return Ok(PublishOutcome::Faults(faults)),
    };
    let target = match target(&mut conn, draft).await? {
        Ok(target) => target,
        Err(faults) => return Ok(PublishOutcome::Faults(faults)),
    };
    // A million take a second to count: not while others wait for the only writer. The fan-out corrects what changes meanwhile.
    let wanted = wanted(app, target.areas.clone(), target.groups.clone(), audience::highest_address(&mut conn).await?);
    let meant = Meant { reach: reach(&mut conn, &wanted, false).await?, target, mark: wanted.mark };
    drop(conn);
    if let Some(fault) = nobody(&meant.reach) {
        return Ok(PublishOutcome::Faults(vec![fault]));
    }
    let mut conn = app.write().await?;
    let outcome = conn.transaction(async |conn| publish_in(conn, app, (draft, &checked, &meant), owner, actor, once.clone()).await).await;
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
    (draft, checked, Meant { target, reach, mark }): (&Draft, &Checked, &Meant),
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
    let now = app.now();
    let (status, starts_at, starts_why) = match quiet::decide(&app.config().quiet_hours, checked.urgency, checked.starts_at, now) {
        Start::Now => (AlertStatus::Publishing, None, None),
        Start::Then(at, why) => (AlertStatus::Scheduled, Some(at), Some(why.as_str().to_owned())),
    };
    let alert = AlertRow {
        id: app.next_id(),
        reference: unused_reference(conn).await?,
        kind: checked.kind.as_str().to_owned(),
        urgency: checked.urgency.as_str().to_owned(),
        title: checked.title.clone(),
        status: status.as_str().to_owned(),
        version: 1,
        owner_id: owner.id,
        team_id: owner.team_id,
        token: once,
        // Where a life is at risk, a second copy is the lesser harm.
        send_again_on_doubt: checked.urgency == Urgency::LifeAtRisk,
        audience_mark: *mark,
        audience_cursor: 0,
        fan_out_owner: None,
        fan_out_until: None,
        expected_sms: reach.sms,
        expected_email: reach.email,
        created_at: now,
        published_at: starts_at.is_none().then_some(now),
        fanned_out_at: None,
        closed_at: None,
        two_way: !draft.one_way,
        audience_size: reach.addresses(),
        queued_sms: 0,
        queued_email: 0,
        hold: None,
        held_at: None,
        unsettled: false,
        starts_at,
        starts_why,
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
    let detail = serde_json::json!({ "sms": reach.sms, "email": reach.email, "starts_at": starts_at });
    audit::note(conn, app.ids(), now, actor, "alert.publish", ("alert", Some(alert.id)), detail).await?;
    Ok(PublishOutcome::Published(Box::new(alert), reach.clone()))
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
