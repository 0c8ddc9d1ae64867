//! The web edge: pages, webhooks, API. Turns values and errors of the other rooms into HTTP, and nothing else does.
//!
//! `routes.rs` has every URL on one page. One file a page: handler, `…Page` (what the template shows), `…Form`. Store work
//! runs through `App::run`, so that a client who hangs up never cuts a query.

pub mod admin;
pub mod alerts;
pub mod api;
pub mod assets;
pub mod error;
pub mod extract;
pub mod health;
pub mod inbox;
pub mod live;
pub mod me;
pub mod middleware;
pub mod officers;
pub mod press;
pub mod public;
pub mod residents;
pub mod routes;
pub mod shell;
pub mod webhooks;

use std::net::TcpListener;

use actix_web::dev::Server;
use actix_web::middleware::{Compress, from_fn};
use actix_web::{App as Actix, HttpServer, web};

use crate::app::App;
use crate::inbound::intake::Intake;

/// Listens on a socket that is already bound, so that a taken port is told before anything else starts.
pub fn serve(app: &App, intake: &Intake, metrics: metrics_exporter_prometheus::PrometheusHandle, listener: TcpListener) -> std::io::Result<Server> {
    let (data, intake, metrics) = (web::Data::new(app.clone()), web::Data::new(intake.clone()), web::Data::new(metrics));
    let limits = web::Data::new(middleware::Limits::new());
    let workers = app.config().server.web_workers.unwrap_or_else(|| std::thread::available_parallelism().map_or(2, std::num::NonZeroUsize::get));
    let server = HttpServer::new(move || {
        Actix::new()
            .app_data(data.clone())
            .app_data(intake.clone())
            .app_data(metrics.clone())
            .app_data(limits.clone())
            .wrap(from_fn(middleware::pages_for_errors))
            .wrap(from_fn(middleware::same_origin))
            .wrap(from_fn(middleware::security_headers))
            .wrap(Compress::default())
            .configure(routes::configure)
            .default_service(web::to(public::error::not_found))
    });
    // A page goes out in several writes: held back for the reader's acknowledgement (Nagle), each would wait some 40 ms.
    Ok(server.tcp_nodelay(true).workers(workers).shutdown_timeout(10).disable_signals().listen(listener)?.run())
}
