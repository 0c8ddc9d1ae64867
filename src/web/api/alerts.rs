//! `POST /api/v1/alerts`, `GET /api/v1/alerts/{reference}`.

use std::collections::BTreeMap;

use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Client, Problem};
use crate::app::App;
use crate::audit::Actor;
use crate::domain::officer::Role;
use crate::files::sha256;
use crate::outbound::compose::Draft;
use crate::outbound::hold::{self, HoldOutcome, Refusal, Wish};
use crate::outbound::publish::{self, PublishOutcome};
use crate::store::accounts::{self, ApiKeyRow, IdempotencyRow, OfficerRow};
use crate::store::alerts::{self, AlertRow};
use crate::store::views::alerts as figures;
use crate::web::alerts::list::copies;

/// An alert to publish.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAlert {
    /// `appeal`, `warning`, `prevention` or `event`.
    #[serde(default = "appeal")]
    kind: String,
    /// `routine`, `urgent` or `life_at_risk`.
    #[serde(default = "routine")]
    urgency: String,
    /// For officers and the public page.
    title: String,
    /// What goes to phones.
    sms_text: String,
    /// Subject of the mail; the title if left out.
    #[serde(default)]
    email_subject: String,
    /// Text of the mail; the SMS text if left out.
    #[serde(default)]
    email_body: String,
    /// Codes of areas: ONS district codes, postcode sectors, or the force's own.
    areas: Vec<String>,
    /// Slugs of interest groups; none means everyone in the areas.
    #[serde(default)]
    groups: Vec<String>,
    /// Whose inbox the replies go to.
    owner_email: String,
    /// Asks for no answers: it may go out under a name that nobody can answer.
    #[serde(default)]
    one_way: bool,
    /// Not before: RFC 3339, or `2026-11-24T08:00` by the clock in London; at once if left out. Quiet hours may make it later.
    #[serde(default)]
    starts_at: String,
}

fn appeal() -> String {
    "appeal".to_owned()
}

fn routine() -> String {
    "routine".to_owned()
}

/// How many copies go out.
#[derive(Debug, Serialize, ToSchema)]
pub struct Recipients {
    sms: i64,
    email: i64,
}

/// What was published.
#[derive(Debug, Serialize, ToSchema)]
pub struct Published {
    reference: String,
    recipients: Recipients,
    /// Addresses in the areas that get no copy, by reason.
    excluded: BTreeMap<String, i64>,
    /// When it goes out, if not at once, and
    #[serde(skip_serializing_if = "Option::is_none")]
    starts_at: Option<String>,
    /// why: `quiet` hours, or as `asked`.
    #[serde(skip_serializing_if = "Option::is_none")]
    starts_why: Option<String>,
}

/// An alert's copies: it is still going out while some are `waiting` and nothing holds it.
#[derive(Debug, Serialize, ToSchema)]
pub struct Progress {
    /// The provider has them, or they have arrived.
    sent: i64,
    /// Still to leave.
    waiting: i64,
    /// Could not be sent, or came back undelivered.
    failed: i64,
    /// Taken back before they left.
    taken_back: i64,
}

/// How far an alert has come.
#[derive(Debug, Serialize, ToSchema)]
pub struct AlertStatus {
    reference: String,
    title: String,
    kind: String,
    urgency: String,
    /// `scheduled`, `publishing`, `live`, `taken_back` or `closed`.
    status: String,
    /// Why nothing more leaves: `paused`, `quiet` (hours) or `taken_back`; left out otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    hold: Option<String>,
    /// It goes out no sooner.
    #[serde(skip_serializing_if = "Option::is_none")]
    starts_at: Option<String>,
    /// Addresses in its areas at publishing: deliveries, those left out and those still to come add up to it.
    addresses: i64,
    published_at: Option<String>,
    /// Deliveries by channel, then by status.
    deliveries: BTreeMap<String, BTreeMap<String, i64>>,
    /// Where they stand, those still to be queued among them.
    progress: Progress,
    /// The same by status alone.
    totals: BTreeMap<String, i64>,
    replies: i64,
    excluded: BTreeMap<String, i64>,
}

/// Publishes an alert.
#[utoipa::path(post, path = "/api/v1/alerts", request_body = NewAlert, security(("key" = [])),
    params(("Idempotency-Key" = Option<String>, Header, description = "Repeating a request with the same key gives the first answer again")),
    responses((status = 201, body = Published), (status = 401), (status = 422)))]
pub async fn create(client: Client, request: HttpRequest, body: web::Bytes) -> Result<HttpResponse, Problem> {
    let key = client.require("alerts").await?;
    let once = request.headers().get("idempotency-key").and_then(|value| value.to_str().ok()).map(str::to_owned).filter(|value| !value.is_empty());
    let new: NewAlert = serde_json::from_slice(&body).map_err(|error| Problem::unreadable(&error))?;
    let (app, digest) = (client.app.clone(), sha256(&body));
    let (status, answer) = app.clone().run(async move { create_in(&app, &key, once, digest, new).await }).await?;
    let status =
        u16::try_from(status).ok().and_then(|status| actix_web::http::StatusCode::from_u16(status).ok()).unwrap_or(actix_web::http::StatusCode::CREATED);
    Ok(HttpResponse::build(status).json(answer))
}

async fn create_in(app: &App, key: &ApiKeyRow, once: Option<String>, digest: [u8; 32], new: NewAlert) -> Result<(i64, serde_json::Value), Problem> {
    if let Some(once) = &once
        && let Some(before) = accounts::find_idempotent(&mut app.read().await?, key.id, once).await?
    {
        return if before.request_digest == digest { Ok((before.status, before.response)) } else { Err(Problem::KeyReused) };
    }
    let owner = accounts::find_officer_by_email(&mut app.read().await?, &new.owner_email).await?.filter(|officer| officer.disabled_at.is_none());
    let reads = |officer: &OfficerRow| officer.role.parse().is_ok_and(Role::reads_replies);
    let owner =
        owner.filter(reads).ok_or_else(|| Problem::Invalid(vec![("owner_email".to_owned(), "There is no officer with this e-mail address".to_owned())]))?;
    let draft = Draft {
        title: new.title,
        kind: new.kind,
        urgency: new.urgency,
        sms_text: new.sms_text,
        email_subject: new.email_subject,
        email_body: new.email_body,
        areas: new.areas,
        groups: new.groups,
        one_way: new.one_way,
        starts_at: new.starts_at,
    };
    let token = once.as_ref().map(|once| format!("key:{}:{once}", key.id));
    let (alert, reach) = match publish::publish(app, &draft, &owner, &Actor::Key(key.name.clone()), token).await? {
        PublishOutcome::Published(alert, reach) => (alert, reach),
        // The same request at the same moment has published it: whoever is left out is left out of both answers.
        PublishOutcome::Before(alert) if is_of(app, &alert, &draft, owner.id).await? => (alert, publish::preview(app, &draft).await?),
        PublishOutcome::Before(_) => return Err(Problem::KeyReused),
        PublishOutcome::Faults(faults) => return Err(Problem::Invalid(faults.into_iter().map(|fault| (fault.field.to_owned(), fault.message)).collect())),
    };
    let answer = serde_json::to_value(Published {
        reference: alert.reference.clone(),
        recipients: Recipients { sms: alert.expected_sms, email: alert.expected_email },
        excluded: reach.excluded,
        starts_at: alert.starts_at.map(crate::domain::At::rfc3339),
        starts_why: alert.starts_why.clone(),
    })
    .map_err(|error| Problem::Internal(error.into()))?;
    let Some(once) = once else { return Ok((201, answer)) };
    let row =
        IdempotencyRow { api_key_id: key.id, key: once.clone(), request_digest: digest.to_vec(), status: 201, response: answer.clone(), created_at: app.now() };
    let mut conn = app.write().await?;
    if accounts::insert_idempotent(&mut conn, &row).await? > 0 {
        return Ok((201, answer));
    }
    // The same request at the same moment: the answer that was kept is the one for both.
    let kept = accounts::find_idempotent(&mut conn, key.id, &once).await?.filter(|kept| kept.request_digest == digest).ok_or(Problem::KeyReused)?;
    Ok((kept.status, kept.response))
}

/// Whether an alert that stands under this key was made of this draft, and not of another that came at the same moment.
async fn is_of(app: &App, alert: &AlertRow, draft: &Draft, owner_id: i64) -> Result<bool, Problem> {
    let texts = alerts::list_texts(&mut app.read().await?, alert.id, alert.version).await?;
    let same_text = texts.iter().any(|text| text.channel_kind == "sms" && text.body == draft.sms_text.trim());
    Ok(same_text && alert.owner_id == owner_id && alert.title == draft.title.trim() && alert.kind == draft.kind && alert.urgency == draft.urgency)
}

/// How far an alert has come.
#[utoipa::path(get, path = "/api/v1/alerts/{reference}", params(("reference" = String, Path)), security(("key" = [])),
    responses((status = 200, body = AlertStatus), (status = 401), (status = 404)))]
pub async fn show(client: Client, reference: web::Path<String>) -> Result<HttpResponse, Problem> {
    client.require("alerts").await?;
    let app = client.app.clone();
    let status = app
        .clone()
        .run(async move {
            let alert = alerts::find_by_reference(&mut app.read().await?, &reference).await?.ok_or(Problem::NotFound("alert"))?;
            read(&app, alert).await
        })
        .await?;
    Ok(HttpResponse::Ok().json(status))
}

/// Pauses an alert: nothing more of it leaves until it is let go on.
#[utoipa::path(post, path = "/api/v1/alerts/{reference}/pause", params(("reference" = String, Path)), security(("key" = [])),
    responses((status = 200, body = AlertStatus), (status = 401), (status = 404), (status = 409)))]
pub async fn pause(client: Client, reference: web::Path<String>) -> Result<HttpResponse, Problem> {
    steer(client, reference.into_inner(), Wish::Pause).await
}

/// Lets an alert go on that was paused or taken back.
#[utoipa::path(post, path = "/api/v1/alerts/{reference}/resume", params(("reference" = String, Path)), security(("key" = [])),
    responses((status = 200, body = AlertStatus), (status = 401), (status = 404), (status = 409)))]
pub async fn resume(client: Client, reference: web::Path<String>) -> Result<HttpResponse, Problem> {
    steer(client, reference.into_inner(), Wish::Resume).await
}

/// Takes an alert back: what has not left does not leave, and it goes from the public page.
#[utoipa::path(post, path = "/api/v1/alerts/{reference}/take-back", params(("reference" = String, Path)), security(("key" = [])),
    responses((status = 200, body = AlertStatus), (status = 401), (status = 404), (status = 409)))]
pub async fn take_back(client: Client, reference: web::Path<String>) -> Result<HttpResponse, Problem> {
    steer(client, reference.into_inner(), Wish::TakeBack).await
}

async fn steer(client: Client, reference: String, wish: Wish) -> Result<HttpResponse, Problem> {
    let key = client.require("alerts").await?;
    let app = client.app.clone();
    let status = app
        .clone()
        .run(async move {
            let alert = alerts::find_by_reference(&mut app.read().await?, &reference).await?.ok_or(Problem::NotFound("alert"))?;
            match hold::act(&app, alert.id, wish, &Actor::Key(key.name)).await? {
                HoldOutcome::Done(alert) => read(&app, *alert).await,
                // Asked twice, it stands as asked.
                HoldOutcome::Refused(Refusal::Already) => read(&app, alert).await,
                HoldOutcome::Refused(refusal) => Err(Problem::Conflict(refusal.sentence().to_owned())),
            }
        })
        .await?;
    Ok(HttpResponse::Ok().json(status))
}

async fn read(app: &App, alert: AlertRow) -> Result<AlertStatus, Problem> {
    let tally = app.tallies().get(app.db(), alert.id).await?;
    let conn = &mut app.read().await?;
    let (mut deliveries, mut totals) = (BTreeMap::<String, BTreeMap<String, i64>>::new(), BTreeMap::new());
    let row = figures::get(conn, alert.id).await?.ok_or(Problem::NotFound("alert"))?;
    let copies = copies(&row, &tally);
    for count in tally.counts {
        *totals.entry(count.status.clone()).or_default() += count.count;
        *deliveries.entry(count.channel_kind).or_default().entry(count.status).or_default() += count.count;
    }
    let excluded = alerts::list_exclusions(conn, alert.id).await?.into_iter().collect();
    Ok(AlertStatus {
        reference: alert.reference,
        title: alert.title,
        kind: alert.kind,
        urgency: alert.urgency,
        status: alert.status,
        hold: alert.hold,
        starts_at: alert.starts_at.map(crate::domain::At::rfc3339),
        addresses: alert.audience_size,
        published_at: alert.published_at.map(crate::domain::At::rfc3339),
        deliveries,
        progress: Progress { sent: copies.sent, waiting: copies.waiting, failed: copies.failed, taken_back: copies.taken_back },
        totals,
        replies: row.replies,
        excluded,
    })
}
