//! Where a request came from, for signing in: network, browser, and the accounts that the browser has signed in to before.

use std::future::{Ready, ready};

use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpRequest, web};

use super::caller;
use crate::accounts::origin::Origin;
use crate::app::App;
use crate::domain::browser;

/// The origin of a request.
#[derive(Clone, Debug)]
pub struct CameFrom(pub Origin);

fn name(app: &App) -> &'static str {
    if app.config().server.is_https() { "__Host-huecry-devices" } else { "huecry-devices" }
}

/// The cookie by which a browser is known again, for a year. It opens nothing: it keeps others' wrong guesses from being
/// counted against this browser.
pub fn devices_cookie(app: &App, value: String) -> Cookie<'static> {
    let https = app.config().server.is_https();
    Cookie::build(name(app), value).path("/").http_only(true).secure(https).same_site(SameSite::Lax).max_age(Duration::days(365)).finish()
}

impl FromRequest for CameFrom {
    type Error = actix_web::Error;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let app = request.app_data::<web::Data<App>>();
        let devices = app.and_then(|app| request.cookie(name(app))).map(|cookie| cookie.value().to_owned()).unwrap_or_default();
        let agent = request.headers().get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
        ready(Ok(Self(Origin { address: caller::of(request), browser: browser::family(agent), devices })))
    }
}
