//! `/admin/channels`: each channel's health and what moves on it. Channels are set up in the configuration file.

use actix_web::HttpResponse;
use askama::Template;

use super::may_administer;
use crate::channels::registry::ChannelKind;
use crate::domain::address::display_number;
use crate::store::views::administration;
use crate::web::error::AppError;
use crate::web::extract::Officer;
use crate::web::health;
use crate::web::shell::{self, Shell, When};

#[derive(Template)]
#[template(path = "admin/channels.html")]
struct ChannelsPage {
    shell: Shell,
    channels: Vec<ChannelView>,
    as_of: When,
}

struct ChannelView {
    name: String,
    kind: &'static str,
    provider: String,
    ok: bool,
    detail: String,
    waiting: i64,
    sent: Option<When>,
    received: Option<When>,
    addresses: Vec<String>,
}

/// `GET /admin/channels`
pub async fn list(officer: Officer) -> Result<HttpResponse, AppError> {
    may_administer(&officer)?;
    let app = officer.app().clone();
    let page = app
        .clone()
        .run(async move {
            let (shell, now) = (shell::officer(&officer.visitor, &officer.row, "Channels", "admin").await?, app.now());
            let (_, states) = health::check(&app).await;
            let mut conn = app.read().await?;
            let mut channels = Vec::new();
            for state in states {
                let traffic = administration::traffic(&mut conn, &state.name, now).await?;
                let (kind, addresses) = match app.channels().find(&state.name).map(|channel| &channel.kind) {
                    Some(ChannelKind::Sms { settings, .. }) => ("sms", settings.all_numbers().map(|number| display_number(number.e164())).collect()),
                    Some(ChannelKind::Email { settings, .. }) => ("email", vec![settings.address.as_str().to_owned()]),
                    None => ("", Vec::new()),
                };
                channels.push(ChannelView {
                    kind,
                    addresses,
                    name: state.name,
                    provider: state.provider.to_owned(),
                    ok: state.ok,
                    detail: state.detail,
                    waiting: traffic.waiting,
                    sent: traffic.sent_at.map(|at| When::at(at, now)),
                    received: traffic.received_at.map(|at| When::at(at, now)),
                });
            }
            Ok::<_, AppError>(ChannelsPage { shell, channels, as_of: When::at(now, now) })
        })
        .await?;
    shell::page(&page)
}
