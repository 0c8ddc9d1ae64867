//! `/press`: response volume, live, as chart, table and CSV. Numbers and alert texts only.

use std::ops::Deref;

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use chrono::Timelike;
use chrono_tz::Europe::London;

use crate::app::App;
use crate::audit::{self, Actor};
use crate::domain::At;
use crate::domain::alert::AlertStatus;
use crate::domain::officer::Role;
use crate::press::{self, Query, chart};
use crate::store::alerts;
use crate::store::views::alerts::{self as lists, ChoiceRow};
use crate::web::error::AppError;
use crate::web::extract::Officer;
use crate::web::shell::{self, Shell, When};

#[derive(Template)]
#[template(path = "press/volume.html")]
struct PressPage {
    shell: Shell,
    hours: i64,
    windows: Vec<(i64, &'static str, bool, String)>,
    totals: Totals,
    chart: Chart,
    table: Vec<HourRow>,
    alerts: Vec<PressAlertRow>,
    csv_href: String,
    as_of: When,
    alert_choices: Vec<(String, String, bool)>,
    channel: String,
}

#[derive(Template)]
#[template(path = "press/figures.html")]
struct Figures<'a>(&'a PressPage);

impl Deref for Figures<'_> {
    type Target = PressPage;
    fn deref(&self) -> &PressPage {
        self.0
    }
}

struct Totals {
    replies_sms: i64,
    replies_email: i64,
    sent: i64,
    delivered: i64,
    failed: i64,
    opted_out: i64,
    /// Alerts, and of how many it was told what came of them.
    told: (i64, i64),
}

struct Chart {
    svg: String,
}

struct HourRow {
    hour: When,
    sms: i64,
    email: i64,
    delivered: i64,
    failed: i64,
    opted_out: i64,
}

struct PressAlertRow {
    reference: String,
    title: String,
    when: When,
    sent: i64,
    delivered: i64,
    failed: i64,
    opted_out: i64,
    sms: i64,
    email: i64,
}

struct Asked {
    hours: i64,
    alert: String,
    channel: &'static str,
}

const WINDOWS: [(i64, &str); 3] = [(24, "24 hours"), (72, "3 days"), (168, "7 days")];

impl Asked {
    fn read(request: &HttpRequest) -> Self {
        let pairs: Vec<(String, String)> = form_urlencoded::parse(request.query_string().as_bytes()).into_owned().collect();
        let one = |name: &str| pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str()).unwrap_or_default();
        let hours = one("hours").parse().ok().filter(|hours| WINDOWS.iter().any(|(window, _)| window == hours)).unwrap_or(24);
        let channel = match one("channel") {
            "sms" => "sms",
            "email" => "email",
            _ => "",
        };
        Self { hours, alert: one("alert").to_owned(), channel }
    }

    fn href(&self, path: &str, hours: i64) -> String {
        let alert: String = form_urlencoded::byte_serialize(self.alert.as_bytes()).collect();
        format!("{path}?hours={hours}&alert={alert}&channel={}", self.channel)
    }

    async fn query(&self, app: &App) -> Result<Query, AppError> {
        let alert_id = if self.alert.is_empty() {
            None
        } else {
            Some(alerts::find_by_reference(&mut app.read().await?, &self.alert).await?.ok_or(AppError::NotFound)?.id)
        };
        Ok(Query { hours: self.hours, alert_id, channel_kind: (!self.channel.is_empty()).then_some(self.channel) })
    }
}

/// `GET /press`
pub async fn show(officer: Officer, request: HttpRequest) -> Result<HttpResponse, AppError> {
    shell::page(&build(officer, Asked::read(&request)).await?)
}

/// `GET /press/figures`: the moving part alone.
pub async fn figures(officer: Officer, request: HttpRequest) -> Result<HttpResponse, AppError> {
    shell::page(&Figures(&build(officer, Asked::read(&request)).await?))
}

/// `GET /press/volume.csv`
pub async fn csv(officer: Officer, request: HttpRequest) -> Result<HttpResponse, AppError> {
    officer.require(Role::sees_volumes)?;
    let asked = Asked::read(&request);
    let app = officer.app().clone();
    let text = app
        .clone()
        .run(async move {
            let figures = press::figures(&app, &asked.query(&app).await?).await?;
            let mut conn = app.write().await?;
            audit::note(&mut conn, app.ids(), app.now(), &Actor::Officer(officer.row.id), "press.export", ("press", None), serde_json::json!({})).await?;
            Ok::<_, AppError>(press::csv(&figures))
        })
        .await?;
    Ok(HttpResponse::Ok()
        .content_type("text/csv; charset=utf-8")
        .insert_header((header::CONTENT_DISPOSITION, "attachment; filename=\"response-volume.csv\""))
        .body(text))
}

async fn build(officer: Officer, asked: Asked) -> Result<PressPage, AppError> {
    officer.require(Role::sees_volumes)?;
    let app = officer.app().clone();
    app.clone()
        .run(async move {
            let shell = shell::officer(&officer.visitor, &officer.row, "Response volume", "press").await?;
            let figures = press::figures(&app, &asked.query(&app).await?).await?;
            let choices = lists::list_choices(&mut app.read().await?, app.now().minus_days(LATELY_DAYS), &asked.alert, 100).await?;
            let now = app.now();
            let labels = labels(figures.hours.iter().map(|(at, _)| *at), asked.hours);
            let hours: Vec<press::Hour> = figures.hours.iter().map(|(_, hour)| *hour).collect();
            let title = format!("Replies by hour over the last {} hours: {} by text, {} by e-mail", asked.hours, figures.total.sms, figures.total.email);
            Ok(PressPage {
                shell,
                windows: WINDOWS.iter().map(|(hours, label)| (*hours, *label, *hours == asked.hours, asked.href("/press", *hours))).collect(),
                totals: Totals {
                    replies_sms: figures.total.sms,
                    replies_email: figures.total.email,
                    sent: figures.sent,
                    delivered: figures.total.delivered,
                    failed: figures.total.failed,
                    opted_out: figures.total.opted_out,
                    told: figures.told,
                },
                chart: Chart { svg: chart::draw(&hours, &labels, &title) },
                table: figures.hours.iter().rev().map(|(at, hour)| hour_row(*at, *hour, now)).collect(),
                alerts: figures.alerts.into_iter().map(|alert| alert_row(alert, now)).collect(),
                csv_href: asked.href("/press/volume.csv", asked.hours),
                as_of: When::at(now, now),
                alert_choices: choices.into_iter().map(|choice| alert_choice(choice, &asked.alert)).collect(),
                channel: asked.channel.to_owned(),
                hours: asked.hours,
            })
        })
        .await
}

/// An alert that was closed so many days ago is still one to choose.
const LATELY_DAYS: i64 = 90;

fn alert_choice(choice: ChoiceRow, chosen: &str) -> (String, String, bool) {
    let title = if choice.status == AlertStatus::Closed.as_str() { format!("{} (closed)", choice.title) } else { choice.title };
    (choice.reference.clone(), title, choice.reference == chosen)
}

fn hour_row(at: At, hour: press::Hour, now: At) -> HourRow {
    HourRow { hour: When::at(at, now), sms: hour.sms, email: hour.email, delivered: hour.delivered, failed: hour.failed, opted_out: hour.opted_out }
}

fn alert_row(alert: press::AlertFigures, now: At) -> PressAlertRow {
    PressAlertRow {
        reference: alert.reference,
        title: alert.title,
        when: alert.published_at.map(|at| When::at(at, now)).unwrap_or_default(),
        sent: alert.sent,
        delivered: alert.figures.delivered,
        failed: alert.figures.failed,
        opted_out: alert.figures.opted_out,
        sms: alert.figures.sms,
        email: alert.figures.email,
    }
}

/// Every third hour in a day; midnight by its date in longer windows.
fn labels(hours: impl Iterator<Item = At>, window: i64) -> Vec<String> {
    hours
        .map(|at| {
            let local = at.utc().with_timezone(&London);
            match (local.hour(), window) {
                (0, _) => local.format("%-d %b").to_string(),
                (hour, ..=24) if hour % 3 == 0 => local.format("%H").to_string(),
                (12, 25..=72) => "12".to_owned(),
                _ => String::new(),
            }
        })
        .collect()
}
