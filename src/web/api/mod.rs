//! The HTTP API under `/api/v1`: keys with scopes, RFC 9457 problems, cursors.

pub mod alerts;
pub mod conversations;

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::{FromRequest, HttpRequest, HttpResponse, ResponseError, web};
use serde_json::json;
use utoipa::OpenApi;

use crate::accounts::keys;
use crate::app::App;
use crate::store::accounts::ApiKeyRow;

/// A problem, as RFC 9457 has it.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// No key, or an unknown one.
    #[error("give a key with the scope {0} as Authorization: Bearer …")]
    Key(&'static str),
    /// A key without the scope.
    #[error("this key has not the scope {0}")]
    Scope(&'static str),
    /// There is no such thing.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// What came cannot be used: field and what to do.
    #[error("the request has faults")]
    Invalid(Vec<(String, String)>),
    /// The same idempotency key came with another body.
    #[error("this Idempotency-Key was used for another request")]
    KeyReused,
    /// It cannot be done, for this reason.
    #[error("{0}")]
    Conflict(String),
    /// The database cannot be reached.
    #[error("the service is not available just now; try again")]
    Unavailable,
    /// Our fault.
    #[error("something went wrong on our side")]
    Internal(anyhow::Error),
}

impl Problem {
    /// What is wrong with a body that is not what was asked for, without the program's own names.
    fn unreadable(error: &serde_json::Error) -> Self {
        let told = error.to_string();
        let told = match told.split_once("expected struct ") {
            Some((before, after)) => format!("{before}expected an object {}", after.split_once(' ').map_or("", |(_, place)| place)),
            None => told,
        };
        Self::Invalid(vec![("body".to_owned(), told)])
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Key(_) => StatusCode::UNAUTHORIZED,
            Self::Scope(_) => StatusCode::FORBIDDEN,
            Self::NotFound(_) => StatusCode::NOT_FOUND,
            Self::Invalid(_) | Self::KeyReused => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Conflict(_) => StatusCode::CONFLICT,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn error_response(&self) -> HttpResponse {
        if let Self::Internal(cause) = self {
            tracing::error!(cause = format!("{cause:#}"), "an API request failed");
        }
        let status = self.status_code();
        let mut body = json!({ "type": "about:blank", "title": status.canonical_reason(), "status": status.as_u16(), "detail": self.to_string() });
        if let (Self::Invalid(faults), Some(body)) = (self, body.as_object_mut()) {
            let errors = faults.iter().map(|(field, message)| json!({ "field": field, "detail": message })).collect();
            body.insert("errors".to_owned(), serde_json::Value::Array(errors));
        }
        let mut response = HttpResponse::build(status);
        if matches!(self, Self::Key(_)) {
            response.insert_header(("www-authenticate", "Bearer"));
        }
        response.content_type("application/problem+json").body(body.to_string())
    }
}

impl From<diesel::result::Error> for Problem {
    fn from(error: diesel::result::Error) -> Self {
        use diesel::result::{DatabaseErrorKind, Error};
        match error {
            Error::DatabaseError(DatabaseErrorKind::UnableToSendCommand | DatabaseErrorKind::ClosedConnection, _) | Error::BrokenTransactionManager => {
                Self::Unavailable
            }
            other => Self::Internal(other.into()),
        }
    }
}

/// A client with a key.
pub struct Client {
    /// The app.
    pub app: App,
    /// The key as given.
    key: String,
}

impl Client {
    /// The key's row, if it has the scope.
    pub async fn require(&self, scope: &'static str) -> Result<ApiKeyRow, Problem> {
        let (app, key) = (self.app.clone(), self.key.clone());
        let row = app.clone().run(async move { keys::find(&app, &key).await }).await?.ok_or(Problem::Key(scope))?;
        if keys::has(&row, scope) { Ok(row) } else { Err(Problem::Scope(scope)) }
    }
}

impl FromRequest for Client {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let app = request.app_data::<web::Data<App>>().map(|data| data.get_ref().clone());
        let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let key = header("authorization").and_then(|value| value.strip_prefix("Bearer ").map(str::to_owned)).or_else(|| header("x-api-key"));
        Box::pin(async move {
            let app = app.ok_or_else(|| Problem::Internal(anyhow::anyhow!("no app")))?;
            Ok(Self { app, key: key.unwrap_or_default() })
        })
    }
}

#[derive(OpenApi)]
#[openapi(
    info(title = "Hue and Cry", description = "Two-way public alerting: publish alerts, read and answer replies."),
    paths(alerts::create, alerts::show, alerts::pause, alerts::resume, alerts::take_back, conversations::of_alert, conversations::unattributed, conversations::reply),
    modifiers(&Keyed)
)]
struct Api;

struct Keyed;

impl utoipa::Modify for Keyed {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
        let components = openapi.components.get_or_insert_default();
        components.add_security_scheme("key", SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)));
    }
}

/// `GET /api/openapi.json`
pub async fn openapi() -> HttpResponse {
    HttpResponse::Ok().json(Api::openapi())
}
