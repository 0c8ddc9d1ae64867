//! The errors of the web edge: a public sentence and a private cause, logged once, here.

use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, ResponseError};

/// What a page or webhook answers when it cannot do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// It does not exist, or not for this person.
    #[error("there is no such page")]
    NotFound,
    /// It exists, but not for this role.
    #[error("this account may not do that")]
    Forbidden,
    /// An officer must sign in first; then on to here.
    #[error("sign in first")]
    SignIn {
        /// Path and query.
        next: String,
        /// They were signed in, and that has ended.
        ended: bool,
    },
    /// A resident must sign in first.
    #[error("sign in first")]
    ResidentSignIn,
    /// An officer must set up their second step first.
    #[error("set up your codes first")]
    SetUpFirst,
    /// Somebody may not sign in; the sentence says what to do.
    #[error("{0}")]
    NotLetIn(&'static str),
    /// What came cannot be used; the sentence says what to do.
    #[error("{0}")]
    Invalid(String),
    /// The form is stale, or came from another site.
    #[error("the form is out of date")]
    StaleForm,
    /// Too many tries.
    #[error("too many tries")]
    TooMany,
    /// Larger than the route takes.
    #[error("it is too large")]
    TooLarge,
    /// The database cannot be reached just now.
    #[error("the service is not available just now")]
    Unavailable(String),
    /// Our fault.
    #[error("something went wrong")]
    Internal(anyhow::Error),
}

impl AppError {
    /// Heading and what to do, for the page.
    pub fn sentences(&self) -> (&'static str, String) {
        let fixed = |heading, sentence: &str| (heading, sentence.to_owned());
        match self {
            Self::NotFound => fixed("Page not found", "Check the address. If you followed a link here, it may be out of date."),
            Self::Forbidden => fixed("Not for this account", "Your account may not open this page. Ask your administrator if you need it."),
            Self::SignIn { .. } | Self::ResidentSignIn | Self::SetUpFirst => fixed("Sign in", "Sign in to go on."),
            Self::NotLetIn(sentence) => fixed("You are not signed in", sentence),
            Self::Invalid(sentence) => ("Something needs mending", sentence.clone()),
            Self::StaleForm => fixed("This form is out of date", "Go back, reload the page and send it again. Nothing was changed."),
            Self::TooMany => fixed("Too many tries", "Wait a minute, then try again."),
            Self::TooLarge => fixed("Too large", "What was sent is larger than this service takes."),
            Self::Unavailable(_) => fixed("Not available just now", "The service cannot reach its database. Try again in a minute. In an emergency call 999."),
            Self::Internal(_) => fixed("Something went wrong", "It is our fault and has been noted. Try again. In an emergency call 999."),
        }
    }
}

impl ResponseError for AppError {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Forbidden | Self::StaleForm | Self::NotLetIn(_) => StatusCode::FORBIDDEN,
            Self::SignIn { .. } | Self::ResidentSignIn | Self::SetUpFirst => StatusCode::SEE_OTHER,
            Self::Invalid(_) => StatusCode::BAD_REQUEST,
            Self::TooMany => StatusCode::TOO_MANY_REQUESTS,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn error_response(&self) -> HttpResponse {
        match self {
            Self::SignIn { next, ended } => {
                let next: String = form_urlencoded::byte_serialize(next.as_bytes()).collect();
                let why = if *ended { "&ended=1" } else { "" };
                return HttpResponse::SeeOther().insert_header((header::LOCATION, format!("/sign-in?next={next}{why}"))).finish();
            }
            Self::ResidentSignIn => return HttpResponse::SeeOther().insert_header((header::LOCATION, "/account/sign-in")).finish(),
            Self::SetUpFirst => return HttpResponse::SeeOther().insert_header((header::LOCATION, "/me/security/codes")).finish(),
            Self::Internal(cause) => tracing::error!(cause = format!("{cause:#}"), "a request failed"),
            Self::Unavailable(cause) => tracing::warn!(%cause, "a request could not be served"),
            _ => {}
        }
        HttpResponse::build(self.status_code()).content_type("text/plain; charset=utf-8").body(self.to_string())
    }
}

impl From<diesel::result::Error> for AppError {
    fn from(error: diesel::result::Error) -> Self {
        use diesel::result::{DatabaseErrorKind, Error};
        match error {
            Error::DatabaseError(DatabaseErrorKind::UnableToSendCommand | DatabaseErrorKind::ClosedConnection, _) | Error::BrokenTransactionManager => {
                Self::Unavailable(error.to_string())
            }
            Error::NotFound => Self::NotFound,
            other => Self::Internal(other.into()),
        }
    }
}

impl From<anyhow::Error> for AppError {
    fn from(error: anyhow::Error) -> Self {
        Self::Internal(error)
    }
}

impl From<askama::Error> for AppError {
    fn from(error: askama::Error) -> Self {
        Self::Internal(error.into())
    }
}
