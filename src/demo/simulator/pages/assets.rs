//! The pages' own style sheet, script and icon.
//!
//! Owns: serving them. Must not: load anything from elsewhere.
//! Data: files beside the code, built in; to browsers.

use actix_web::HttpResponse;

/// The style sheet.
pub(crate) async fn style() -> HttpResponse {
    HttpResponse::Ok().content_type("text/css; charset=utf-8").body(include_str!("../assets/simulator.css"))
}

/// The module that keeps open pages up to date.
pub(crate) async fn script() -> HttpResponse {
    HttpResponse::Ok().content_type("text/javascript; charset=utf-8").body(include_str!("../assets/simulator.js"))
}

/// The icon.
pub(crate) async fn icon() -> HttpResponse {
    HttpResponse::Ok().content_type("image/svg+xml").body(include_str!("../assets/simulator.svg"))
}
