//! Who is asking: the visitor with their session, and the narrower forms that pages demand.

mod caller;
mod origin;

use std::future::Future;
use std::pin::Pin;

use actix_web::cookie::{Cookie, SameSite};
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage, HttpRequest, web};

use super::error::AppError;
use crate::accounts::sessions::{self, Session};
use crate::app::App;
use crate::domain::officer::Role;
use crate::store::accounts::OfficerRow;
use crate::store::residents::ResidentRow;

pub use caller::Caller;
pub use origin::{CameFrom, devices_cookie};

/// A sentence for the next page.
pub const NOTICE_COOKIE: &str = "huecry_notice";
/// The name of the form cookie of somebody without a session: with the `__Host-` prefix like a session's, so that no other host
/// of the domain can set it.
fn form_cookie_name(app: &App) -> &'static str {
    if app.config().server.is_https() { "__Host-huecry-form" } else { "huecry_form" }
}

/// Anybody, signed in or not.
#[derive(Clone)]
pub struct Visitor {
    /// The app.
    pub app: App,
    /// Their session.
    pub session: Option<Session>,
    /// What their forms must carry.
    pub form_token: String,
    /// What was just done.
    pub notice: Option<String>,
    /// A page refreshing itself, not a person looking.
    pub live: bool,
    /// The same, fetching what its officer may look at next.
    pub ahead: bool,
    /// Path and query of the request.
    pub target: String,
}

/// The cookie to set for a visitor who had no form token yet; the middleware picks it up.
#[derive(Clone)]
pub struct FreshFormToken(pub String);

/// The request showed its notice; the middleware takes the cookie away.
#[derive(Clone, Copy)]
pub struct NoticeShown;

/// An officer asked: what cannot be shown to them is said on a page of theirs.
#[derive(Clone)]
pub struct OfficerSeen {
    /// The visitor.
    pub visitor: Visitor,
    /// Their account.
    pub row: OfficerRow,
}

/// Officers and residents have a session each: an officer who looks at the residents' pages stays signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Realm {
    /// Everything that officers open.
    Officers,
    /// Joining and the account.
    Residents,
}

impl Realm {
    /// Whose pages a path belongs to.
    fn of(path: &str) -> Self {
        if path.starts_with("/account") || path.starts_with("/join") { Self::Residents } else { Self::Officers }
    }
}

/// The name of a session cookie: with the `__Host-` prefix wherever browsers reach us by https.
pub fn session_cookie_name(app: &App, realm: Realm) -> &'static str {
    match (app.config().server.is_https(), realm) {
        (true, Realm::Officers) => "__Host-huecry",
        (false, Realm::Officers) => "huecry",
        (true, Realm::Residents) => "__Host-huecry-resident",
        (false, Realm::Residents) => "huecry-resident",
    }
}

/// The session cookie itself.
pub fn session_cookie(app: &App, realm: Realm, token: String) -> Cookie<'static> {
    Cookie::build(session_cookie_name(app, realm), token).path("/").http_only(true).secure(app.config().server.is_https()).same_site(SameSite::Lax).finish()
}

/// The form cookie of a visitor without a session.
pub fn form_cookie(app: &App, token: String) -> Cookie<'static> {
    Cookie::build(form_cookie_name(app), token).path("/").http_only(true).secure(app.config().server.is_https()).same_site(SameSite::Lax).finish()
}

impl Visitor {
    /// Refuses a form that does not carry this visitor's token.
    pub fn check_form(&self, given: &str) -> Result<(), AppError> {
        use subtle::ConstantTimeEq;
        if bool::from(given.as_bytes().ct_eq(self.form_token.as_bytes())) { Ok(()) } else { Err(AppError::StaleForm) }
    }
}

impl FromRequest for Visitor {
    type Error = AppError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, AppError>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let app = request.app_data::<web::Data<App>>().map(|data| data.get_ref().clone()).ok_or_else(|| AppError::Internal(anyhow::anyhow!("no app")))?;
            let session = match request.cookie(session_cookie_name(&app, Realm::of(request.path()))) {
                Some(cookie) => {
                    let (app, token) = (app.clone(), cookie.value().to_owned());
                    let runner = app.clone();
                    runner.run(async move { sessions::find(&app, &token).await }).await?
                }
                None => None,
            };
            let form_token = match &session {
                Some(session) => session.row.csrf.clone(),
                None => request.cookie(form_cookie_name(&app)).map(|cookie| cookie.value().to_owned()).filter(|token| token.len() == 64).unwrap_or_else(|| {
                    let fresh = crate::domain::ids::secret();
                    request.extensions_mut().insert(FreshFormToken(fresh.clone()));
                    fresh
                }),
            };
            let notice = request.cookie(NOTICE_COOKIE).and_then(|cookie| {
                let decoded = form_urlencoded::parse(format!("n={}", cookie.value()).as_bytes()).next().map(|(_, value)| value.into_owned());
                decoded.filter(|notice| !notice.is_empty())
            });
            let live = request.headers().contains_key("x-live");
            let ahead = request.headers().get("x-live").is_some_and(|value| value == "ahead");
            if notice.is_some() && !live {
                request.extensions_mut().insert(NoticeShown);
            }
            let officer = session.as_ref().and_then(|session| session.officer.clone());
            let target = request.uri().path_and_query().map_or("/", |target| target.as_str()).to_owned();
            let visitor = Self { app, session, form_token, notice: notice.filter(|_| !live), live, ahead, target };
            if let Some(row) = officer {
                request.extensions_mut().insert(OfficerSeen { visitor: visitor.clone(), row });
            }
            Ok(visitor)
        })
    }
}

/// A signed-in officer of any role.
#[derive(Clone)]
pub struct Officer {
    /// The visitor.
    pub visitor: Visitor,
    /// Their account.
    pub row: OfficerRow,
    /// Their role.
    pub role: Role,
}

impl Officer {
    /// Refuses a role that may not.
    pub fn require(&self, may: impl Fn(Role) -> bool) -> Result<(), AppError> {
        if may(self.role) { Ok(()) } else { Err(AppError::Forbidden) }
    }

    /// The app.
    pub fn app(&self) -> &App {
        &self.visitor.app
    }
}

impl FromRequest for Officer {
    type Error = AppError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, AppError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let visitor = Visitor::from_request(request, payload);
        let own_security = request.path().starts_with("/me/security");
        let next = if request.method() == actix_web::http::Method::GET { request.uri().to_string() } else { "/inbox".to_owned() };
        let request = request.clone();
        Box::pin(async move {
            let visitor = visitor.await?;
            // A cookie without a session behind it: they were here, and that has ended.
            let ended = request.cookie(session_cookie_name(&visitor.app, Realm::Officers)).is_some_and(|cookie| !cookie.value().is_empty());
            let row = visitor.session.as_ref().and_then(|session| session.officer.clone()).ok_or(AppError::SignIn { next, ended })?;
            if visitor.session.as_ref().is_some_and(|session| session.must_set_up) && !own_security {
                return Err(AppError::SetUpFirst);
            }
            let role = row.role.parse().map_err(|error: crate::domain::words::UnknownWord| AppError::Internal(error.into()))?;
            Ok(Self { visitor, row, role })
        })
    }
}

/// A signed-in resident.
#[derive(Clone)]
pub struct Resident {
    /// The visitor.
    pub visitor: Visitor,
    /// Their account.
    pub row: ResidentRow,
}

impl FromRequest for Resident {
    type Error = AppError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, AppError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let visitor = Visitor::from_request(request, payload);
        Box::pin(async move {
            let visitor = visitor.await?;
            let row = visitor.session.as_ref().and_then(|session| session.resident.clone()).ok_or(AppError::ResidentSignIn)?;
            Ok(Self { visitor, row })
        })
    }
}

/// A form as it came: pairs in order, with duplicates.
pub struct Fields(Vec<(String, String)>);

impl Fields {
    /// The first value of a name, or nothing.
    pub fn one(&self, name: &str) -> &str {
        self.0.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.as_str())
    }
    /// Every value of a name.
    pub fn all(&self, name: &str) -> Vec<String> {
        self.0.iter().filter(|(key, _)| key == name).map(|(_, value)| value.clone()).collect()
    }
    /// Whether a box was ticked.
    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(key, _)| key == name)
    }
    /// Names with a prefix, without it.
    pub fn with_prefix(&self, prefix: &str) -> Vec<String> {
        self.0.iter().filter_map(|(key, _)| key.strip_prefix(prefix).map(str::to_owned)).collect()
    }
}

impl FromRequest for Fields {
    type Error = AppError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, AppError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let bytes = web::Bytes::from_request(request, payload);
        Box::pin(async move {
            let bytes = bytes.await.map_err(|_| AppError::TooLarge)?;
            Ok(Self(form_urlencoded::parse(&bytes).into_owned().collect()))
        })
    }
}
