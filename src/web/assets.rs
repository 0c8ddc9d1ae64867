//! Our own stylesheet and script, inside the program; the brand's colour as a stylesheet of its own.

use actix_web::http::header;
use actix_web::{HttpResponse, web};

use super::error::AppError;
use crate::app::App;

/// `GET /assets/{name}`
pub async fn show(app: web::Data<App>, name: web::Path<String>) -> Result<HttpResponse, AppError> {
    let (kind, body) = match name.as_str() {
        "app.css" => ("text/css; charset=utf-8", include_str!("assets/app.css").to_owned()),
        "app.js" => ("text/javascript; charset=utf-8", include_str!("assets/app.js").to_owned()),
        "desk.js" => ("text/javascript; charset=utf-8", include_str!("assets/desk.js").to_owned()),
        "favicon.svg" => ("image/svg+xml", include_str!("assets/favicon.svg").to_owned()),
        "brand.css" => ("text/css; charset=utf-8", brand(&app.config().branding.colour)),
        _ => return Err(AppError::NotFound),
    };
    Ok(HttpResponse::Ok().content_type(kind).insert_header((header::CACHE_CONTROL, "public, max-age=300")).body(body))
}

/// Only what can be a colour: letters, digits, #, %, brackets, commas, dots, spaces.
fn brand(colour: &str) -> String {
    let sound = colour.chars().all(|c| c.is_ascii_alphanumeric() || "#%(),. -".contains(c));
    if sound { format!(":root{{--brand:{colour};--brand-ink:#fff}}") } else { String::new() }
}
