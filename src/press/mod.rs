//! The media team's desk: how the county answers, in numbers. Never a correspondent's name, address or words.

pub mod chart;

use std::collections::BTreeMap;

use diesel::QueryResult;

use crate::app::App;
use crate::domain::At;
use crate::store::views::press::{self, Filter};

/// What the page is narrowed to.
#[derive(Clone, Debug)]
pub struct Query {
    /// Hours back from now.
    pub hours: i64,
    /// One alert's id.
    pub alert_id: Option<i64>,
    /// `sms` or `email`.
    pub channel_kind: Option<&'static str>,
}

/// The figures of one hour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hour {
    /// Replies by text.
    pub sms: i64,
    /// Replies by mail.
    pub email: i64,
    /// Copies that arrived.
    pub delivered: i64,
    /// Copies that did not.
    pub failed: i64,
    /// People who opted out.
    pub opted_out: i64,
}

/// The figures of one alert.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AlertFigures {
    /// Public reference.
    pub reference: String,
    /// Title.
    pub title: String,
    /// When it was published.
    pub published_at: Option<At>,
    /// Copies that left.
    pub sent: i64,
    /// The rest as in an hour.
    pub figures: Hour,
}

/// Everything the page shows.
#[derive(Clone, Debug, Default)]
pub struct Figures {
    /// Each hour of the window, oldest first, empty ones too.
    pub hours: Vec<(At, Hour)>,
    /// Alerts of the window, newest first.
    pub alerts: Vec<AlertFigures>,
    /// Copies that left, of alerts published in the window.
    pub sent: i64,
    /// Sums over the window.
    pub total: Hour,
    /// Alerts published in the window, and of how many it was told what came of them.
    pub told: (i64, i64),
}

impl Hour {
    fn add(&mut self, what: &str, channel_kind: &str, count: i64) {
        match (what, channel_kind) {
            ("reply_in", "sms") => self.sms += count,
            ("reply_in", _) => self.email += count,
            ("delivered", _) => self.delivered += count,
            ("failed", _) => self.failed += count,
            ("opted_out", _) => self.opted_out += count,
            _ => {}
        }
    }
}

/// Adds it all up.
pub async fn figures(app: &App, query: &Query) -> QueryResult<Figures> {
    const HOUR_MS: i64 = 3_600_000;
    let last = At::from_unix_ms(app.now().unix_ms() / HOUR_MS * HOUR_MS);
    let first = last.plus_ms(-(query.hours - 1) * HOUR_MS);
    let filter = Filter { alert_id: query.alert_id, channel_kind: query.channel_kind };
    let mut conn = app.read().await?;
    let mut hours: BTreeMap<At, Hour> = (0..query.hours).map(|hour| (first.plus_ms(hour * HOUR_MS), Hour::default())).collect();
    let mut total = Hour::default();
    for count in press::by_hour(&mut conn, first, &filter).await? {
        hours.entry(count.hour).or_default().add(&count.what, &count.channel_kind, count.count);
        total.add(&count.what, &count.channel_kind, count.count);
    }
    let mut alerts: Vec<(i64, AlertFigures)> = press::alerts_since(&mut conn, first)
        .await?
        .into_iter()
        .filter(|(id, ..)| query.alert_id.is_none_or(|only| only == *id))
        .map(|(id, reference, title, published_at)| (id, AlertFigures { reference, title, published_at, ..AlertFigures::default() }))
        .collect();
    let told = press::told_since(&mut conn, first, query.alert_id).await?;
    let mut sent = 0;
    for count in press::by_alert(&mut conn, first, &filter).await? {
        let Some((_, alert)) = alerts.iter_mut().find(|(id, _)| *id == count.alert_id) else { continue };
        if count.what == "sent" {
            alert.sent += count.count;
            sent += count.count;
        } else {
            alert.figures.add(&count.what, &count.channel_kind, count.count);
        }
    }
    Ok(Figures { hours: hours.into_iter().collect(), alerts: alerts.into_iter().map(|(_, alert)| alert).collect(), sent, total, told })
}

/// The table as CSV.
pub fn csv(figures: &Figures) -> String {
    let mut out = "hour_utc,replies_sms,replies_email,delivered,failed,opted_out\n".to_owned();
    for (at, hour) in &figures.hours {
        let line =
            [at.rfc3339(), hour.sms.to_string(), hour.email.to_string(), hour.delivered.to_string(), hour.failed.to_string(), hour.opted_out.to_string()];
        out.push_str(&line.join(","));
        out.push('\n');
    }
    out
}
