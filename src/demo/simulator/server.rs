//! The simulator's HTTP server: every address on one page, and the headers all answers carry.
//!
//! Owns: routes, size limits, the security headers. Must not: hold handlers.
//! Data: requests from the gateway and from browsers on this machine go to the carrier, `api` and `pages`.

use std::io::{Error, ErrorKind, Result};
use std::net::SocketAddr;
use std::sync::Arc;

use actix_multipart::form::MultipartFormConfig;
use actix_web::body::MessageBody;
use actix_web::dev::{Server, ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::middleware::{Compress, DefaultHeaders, Next, from_fn};
use actix_web::web::{self, ServiceConfig, get, post};
use actix_web::{App, HttpServer};

use super::world::World;
use super::{api, pages};

/// A text: 1600 characters, each at most 12 bytes as a form writes it.
const MAX_FORM_BYTES: usize = 64 * 1024;
/// A reply with its attachments, as JSON or as a form.
const MAX_REPLY_BYTES: usize = 48 * 1024 * 1024;
const WORKERS: usize = 2;
/// Connections that may wait to be taken: a burst must not be turned into time-outs.
const BACKLOG: u32 = 4096;
const CSP: &str = "default-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; object-src 'none'";

/// A server that has its port but is not yet polled, and where it listens.
pub(crate) fn build(bind: SocketAddr, world: Arc<World>) -> Result<(Server, SocketAddr)> {
    let data = web::Data::from(world);
    let server = HttpServer::new(move || {
        App::new()
            .app_data(data.clone())
            .app_data(web::FormConfig::default().limit(MAX_FORM_BYTES))
            .app_data(web::JsonConfig::default().limit(MAX_REPLY_BYTES))
            .app_data(MultipartFormConfig::default().total_limit(MAX_REPLY_BYTES).memory_limit(MAX_REPLY_BYTES))
            .wrap(Compress::default())
            .wrap(headers())
            .wrap(from_fn(same_site))
            .configure(|routes| data.settings.carrier.wire().routes(routes))
            .configure(script_routes)
            .configure(page_routes)
    });
    let server = server.workers(WORKERS).backlog(BACKLOG).disable_signals().shutdown_timeout(1).bind(bind)?;
    let address = server.addrs().first().copied().ok_or_else(|| Error::from(ErrorKind::AddrNotAvailable))?;
    Ok((server.run(), address))
}

fn script_routes(routes: &mut ServiceConfig) {
    routes
        .route("/api/totals", get().to(api::totals))
        .route("/api/version", get().to(api::version))
        .route("/api/handovers", get().to(api::handovers))
        .route("/api/behaviour", get().to(api::behaviour))
        .route("/api/behaviour", post().to(api::behave))
        .route("/api/phones/{number}", get().to(api::phones::show))
        .route("/api/phones/{number}/texts", post().to(api::phones::text))
        .route("/api/phones/{number}/webhook", post().to(api::phones::webhook))
        .route("/api/mailboxes/{address}", get().to(api::mailboxes::show))
        .route("/api/mailboxes/{address}/replies", post().to(api::mailboxes::reply))
        .route("/api/mailboxes/{address}/unsubscribe", post().to(api::mailboxes::unsubscribe));
}

fn page_routes(routes: &mut ServiceConfig) {
    routes
        .route("/", get().to(pages::people::show))
        .route("/phones/{number}", get().to(pages::phone::show))
        .route("/phones/{number}/texts", post().to(pages::phone::text))
        .route("/mailboxes/{address}", get().to(pages::mailbox::show))
        .route("/mailboxes/{address}/replies", post().to(pages::mailbox::reply))
        .route("/mailboxes/{address}/unsubscribe", post().to(pages::mailbox::unsubscribe))
        .route("/mailboxes/{address}/mails/{mail}/raw", get().to(pages::mailbox::raw))
        .route("/assets/simulator.css", get().to(pages::assets::style))
        .route("/assets/simulator.js", get().to(pages::assets::script))
        .route("/assets/simulator.svg", get().to(pages::assets::icon));
}

fn headers() -> DefaultHeaders {
    DefaultHeaders::new()
        .add(("content-security-policy", CSP))
        .add(("x-content-type-options", "nosniff"))
        .add(("referrer-policy", "no-referrer"))
        .add(("cache-control", "no-store"))
}

/// A form on some other site must not text in a resident's name.
async fn same_site(request: ServiceRequest, next: Next<impl MessageBody>) -> actix_web::Result<ServiceResponse<impl MessageBody>> {
    let name = HeaderName::from_static("sec-fetch-site");
    let foreign = request.headers().get(name) == Some(&HeaderValue::from_static("cross-site"));
    if foreign && request.method() == actix_web::http::Method::POST {
        return Err(actix_web::error::ErrorForbidden("Send this form from the simulator's own page."));
    }
    next.call(request).await
}
