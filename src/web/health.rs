//! `/healthz`, `/readyz`, `/metrics`.

use actix_web::{HttpResponse, web};
use metrics_exporter_prometheus::PrometheusHandle;
use serde_json::json;

use crate::app::App;
use crate::channels::registry::ChannelKind;
use crate::inbound::listen::NOT_BOUND;
use crate::outbound::standing::NOT_SENDING;
use crate::store::{mailboxes, notices};

/// `GET /healthz`: the process runs.
pub async fn alive() -> HttpResponse {
    HttpResponse::Ok().json(json!({ "status": "ok" }))
}

/// `GET /readyz`: the database answers, and each channel is as well as can be told without sending.
pub async fn ready(app: web::Data<App>) -> HttpResponse {
    let app = app.get_ref().clone();
    let runner = app.clone();
    let (database, channels) = runner.run(async move { check(&app).await }).await;
    let ok = database.is_none();
    let report = json!({ "status": if ok { "ready" } else { "not ready" }, "database": database.unwrap_or_else(|| "ok".to_owned()), "channels": channels });
    if ok { HttpResponse::Ok().json(report) } else { HttpResponse::ServiceUnavailable().json(report) }
}

/// One channel's state.
#[derive(Clone, Debug, serde::Serialize)]
pub struct ChannelState {
    /// Its name.
    pub name: String,
    /// Its provider.
    pub provider: &'static str,
    /// Whether anything is known to be wrong.
    pub ok: bool,
    /// In words.
    pub detail: String,
}

/// The database's fault, if it has one, and the state of each channel.
pub async fn check(app: &App) -> (Option<String>, Vec<ChannelState>) {
    let mut database = app.db().ping().await.err().map(|error| format!("does not answer: {error}"));
    let (mut mailboxes, mut faults) = (Vec::new(), Vec::new());
    if let Ok(mut conn) = app.read().await {
        match mailboxes::list(&mut conn).await {
            Ok(list) => mailboxes = list,
            Err(error) => database = Some(format!("answers, but its tables cannot be read ({error}): if it is not migrated yet, run `huecry migrate`")),
        }
        for kind in [NOT_BOUND, NOT_SENDING] {
            faults.extend(notices::list_of_kind(&mut conn, kind).await.unwrap_or_default());
        }
    }
    let mut channels = Vec::new();
    for channel in app.channels().iter() {
        let fault = match &channel.kind {
            ChannelKind::Sms { .. } => None,
            ChannelKind::Email { smtp, .. } => {
                let relay = (!smtp.ready().await).then(|| "the mail relay does not answer".to_owned());
                relay.or_else(|| mailboxes.iter().find(|row| row.channel == channel.name).and_then(|row| row.fault.clone()))
            }
        };
        let fault = fault.or_else(|| faults.iter().find(|notice| notice.subject == channel.name).map(|notice| notice.detail.clone()));
        channels.push(ChannelState {
            name: channel.name.clone(),
            provider: channel.provider_name(),
            ok: fault.is_none(),
            detail: fault.unwrap_or_else(|| "no fault known".to_owned()),
        });
    }
    (database, channels)
}

/// `GET /metrics`, for Prometheus.
pub async fn figures(handle: web::Data<PrometheusHandle>) -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain; version=0.0.4; charset=utf-8").body(handle.render())
}
