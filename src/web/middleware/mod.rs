//! Around every request: security headers, the same-origin rule, error pages, rate limits.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering};

use actix_web::body::{BoxBody, EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::{Method, header};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, HttpResponse, web};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use super::error::AppError;
use super::extract::{FreshFormToken, NOTICE_COOKIE, NoticeShown, OfficerSeen, form_cookie};
use super::officers;
use super::public::error::ErrorPage;
use crate::app::App;

const POLICY: &str = "default-src 'self'; img-src 'self' data:; style-src 'self'; script-src 'self'; object-src 'none'; form-action 'self'; \
     frame-ancestors 'none'; base-uri 'none'";

/// Strict headers on everything; the cookies that extractors asked for.
pub async fn security_headers(request: ServiceRequest, next: Next<impl MessageBody + 'static>) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let mut response = next.call(request).await?;
    let app = response.request().app_data::<web::Data<App>>().map(|data| data.get_ref().clone());
    let fresh = response.request().extensions().get::<FreshFormToken>().cloned();
    let shown = response.request().extensions().get::<NoticeShown>().copied();
    if let (Some(app), Some(FreshFormToken(token))) = (&app, fresh) {
        response.response_mut().add_cookie(&form_cookie(app, token))?;
    }
    if shown.is_some() {
        let mut gone = actix_web::cookie::Cookie::build(NOTICE_COOKIE, "").path("/").finish();
        gone.make_removal();
        response.response_mut().add_cookie(&gone)?;
    }
    let headers = response.headers_mut();
    // An original or attachment brings a stricter policy of its own.
    if !headers.contains_key(header::CONTENT_SECURITY_POLICY) {
        headers.insert(header::CONTENT_SECURITY_POLICY, header::HeaderValue::from_static(POLICY));
    }
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "same-origin"),
        ("permissions-policy", "camera=(), microphone=(), geolocation=()"),
        ("cross-origin-opener-policy", "same-origin"),
    ] {
        headers.insert(header::HeaderName::from_static(name), header::HeaderValue::from_static(value));
    }
    if app.is_some_and(|app| app.config().server.is_https()) {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, header::HeaderValue::from_static("max-age=31536000"));
    }
    Ok(response)
}

/// A form from another site is refused before its handler sees it. Webhooks, the API and one-click links prove themselves
/// otherwise.
pub async fn same_origin(request: ServiceRequest, next: Next<impl MessageBody + 'static>) -> Result<ServiceResponse<EitherBody<impl MessageBody>>, Error> {
    let exempt = ["/webhooks/", "/api/", "/leave/"].iter().any(|prefix| request.path().starts_with(prefix));
    let safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if safe || exempt || comes_from_us(&request) {
        return next.call(request).await.map(ServiceResponse::map_into_left_body);
    }
    let response = HttpResponse::from_error(AppError::StaleForm);
    Ok(request.into_response(response).map_into_right_body())
}

fn comes_from_us(request: &ServiceRequest) -> bool {
    let text = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = text("sec-fetch-site") {
        return matches!(site, "same-origin" | "none");
    }
    let public = request.app_data::<web::Data<App>>().map(|app| app.config().server.public_url.clone()).unwrap_or_default();
    // Without either header it is no browser that could be misled; the form token still decides.
    text("origin").is_none_or(|origin| origin == public)
}

/// Gives the errors of pages a page. The API and webhooks keep their own.
pub async fn pages_for_errors(request: ServiceRequest, next: Next<impl MessageBody + 'static>) -> Result<ServiceResponse<BoxBody>, Error> {
    let plain = ["/webhooks/", "/api/", "/healthz", "/readyz", "/metrics"].iter().any(|prefix| request.path().starts_with(prefix));
    let app = request.app_data::<web::Data<App>>().cloned();
    let response = next.call(request).await?.map_into_boxed_body();
    if plain || response.status().as_u16() < 400 {
        return Ok(response);
    }
    let Some((heading, sentence)) = response.response().error().and_then(|error| error.as_error::<AppError>()).map(AppError::sentences) else {
        return Ok(response);
    };
    let Some(app) = app else { return Ok(response) };
    let status = response.status();
    // Who is signed in keeps their own pages about them, unless the database that knows them is what fails.
    let officer = response.request().extensions().get::<OfficerSeen>().cloned().filter(|_| status.is_client_error());
    let own = match officer {
        Some(officer) => officers::error::render_for(officer, status.as_u16(), heading, &sentence).await,
        None => None,
    };
    let html = own.or_else(|| ErrorPage::render_for(&app, status.as_u16(), heading, &sentence)).unwrap_or(sentence);
    Ok(response.map_body(|head, _| {
        head.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("text/html; charset=utf-8"));
        BoxBody::new(html)
    }))
}

/// Brakes on guessing: by address of the caller and by what is guessed at.
pub struct Limits {
    callers: DefaultKeyedRateLimiter<IpAddr>,
    names: DefaultKeyedRateLimiter<String>,
    taken: AtomicU64,
}

/// After so many tries, callers who have been quiet long enough to start anew are forgotten.
const FORGET_EVERY: u64 = 1_000;

impl Limits {
    /// 30 tries at once from one caller and 10 at one name, then one every two and every six seconds.
    pub fn new() -> Self {
        let quota = |burst: u32, a_minute: u32| {
            Quota::per_minute(NonZeroU32::new(a_minute).unwrap_or(NonZeroU32::MIN)).allow_burst(NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN))
        };
        Self { callers: RateLimiter::keyed(quota(30, 30)), names: RateLimiter::keyed(quota(10, 10)), taken: AtomicU64::new(0) }
    }

    /// One more try; refused if there were too many.
    pub fn take(&self, caller: Option<IpAddr>, name: &str) -> Result<(), AppError> {
        if self.taken.fetch_add(1, Ordering::Relaxed) % FORGET_EVERY == FORGET_EVERY - 1 {
            self.callers.retain_recent();
            self.names.retain_recent();
        }
        let caller = caller.map(household);
        let from_caller = caller.is_none_or(|caller| self.callers.check_key(&caller).is_ok());
        // Together with the caller, so that nobody can lock somebody else out.
        let at_name = self.names.check_key(&format!("{caller:?} {}", name.to_lowercase())).is_ok();
        if from_caller && at_name { Ok(()) } else { Err(AppError::TooMany) }
    }
}

/// IPv6 gives everybody a whole /64: one of them counts as one caller.
fn household(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(v6) => IpAddr::V6(std::net::Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX))),
        IpAddr::V4(_) => address,
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::new()
    }
}
