//! Access tokens for XOAUTH2: asked for at the provider's token endpoint, kept until shortly before they end.
//!
//! RFC 6749 sections 4.4 (client credentials, as Microsoft 365 wants for a mailbox that no person signs in to) and 6 (refresh
//! token, as Google gives for a delegated account). The client's secret and the tokens never reach a log.

use std::time::{Duration, Instant};

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use tokio::sync::Mutex;

use crate::channels::http::{self, Request};
use crate::config::OauthConfig;

/// A new one is asked for this long before the old one ends, so that no connection begins on a token about to end.
const AHEAD: Duration = Duration::from_secs(300);
/// Where the endpoint does not say how long a token lasts.
const USUAL_S: u64 = 3_600;

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The endpoint did not answer.
    #[error("the token endpoint cannot be reached: {0}")]
    Unreachable(String),
    /// It refused, with its own error word.
    #[error("the token endpoint refused: {0}; check the client's id, secret and permissions")]
    Refused(String),
    /// Its answer has no token.
    #[error("the token endpoint's answer cannot be read")]
    Unreadable,
}

/// Gives tokens for one mailbox.
pub struct TokenSource {
    settings: OauthConfig,
    http: http::Client,
    held: Mutex<Option<Held>>,
}

struct Held {
    token: SecretString,
    until: Instant,
}

#[derive(Deserialize)]
struct Answer {
    access_token: Option<SecretString>,
    expires_in: Option<u64>,
    error: Option<String>,
}

impl TokenSource {
    /// For these settings; nothing is asked for yet.
    pub fn new(settings: OauthConfig, http: http::Client) -> Self {
        Self { settings, http, held: Mutex::new(None) }
    }

    /// A token that is good for a while.
    pub async fn token(&self) -> Result<SecretString, TokenError> {
        let mut held = self.held.lock().await;
        if let Some(good) = held.as_ref().filter(|held| held.until > Instant::now()) {
            return Ok(good.token.clone());
        }
        let response = self.http.send(request(&self.settings)).await.map_err(|error| TokenError::Unreachable(error.detail))?;
        let (token, lasts) = read(response.status, response.body.as_bytes())?;
        *held = Some(Held { token: token.clone(), until: Instant::now() + usable(lasts) });
        Ok(token)
    }

    /// Forgets the token: the server would not have it, whatever its time.
    pub async fn forget(&self) {
        *self.held.lock().await = None;
    }
}

/// How long a token that lasts so long is used.
fn usable(lasts: Duration) -> Duration {
    lasts.checked_sub(AHEAD).filter(|left| *left > lasts / 2).unwrap_or(lasts / 2)
}

fn request(settings: &OauthConfig) -> Request {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("client_id", &settings.client_id).append_pair("client_secret", settings.client_secret.expose_secret());
    match &settings.refresh_token {
        Some(token) => form.append_pair("grant_type", "refresh_token").append_pair("refresh_token", token.expose_secret()),
        None => form.append_pair("grant_type", "client_credentials"),
    };
    if !settings.scope.is_empty() {
        form.append_pair("scope", &settings.scope);
    }
    Request::post(settings.token_url.clone(), "application/x-www-form-urlencoded", form.finish())
}

fn read(status: u16, body: &[u8]) -> Result<(SecretString, Duration), TokenError> {
    let answer: Answer =
        serde_json::from_slice(body).map_err(|_| if status == 200 { TokenError::Unreadable } else { TokenError::Refused(format!("status {status}")) })?;
    match answer.access_token {
        Some(token) if status == 200 => Ok((token, Duration::from_secs(answer.expires_in.unwrap_or(USUAL_S)))),
        _ => Err(TokenError::Refused(answer.error.unwrap_or_else(|| format!("status {status}")))),
    }
}

/// XOAUTH2's one line; to the server's reason for a refusal the answer is an empty line, or the login would hang.
pub struct Xoauth2 {
    line: Option<String>,
}

impl Xoauth2 {
    /// For an account and a token.
    pub fn new(user: &str, token: &SecretString) -> Self {
        Self { line: Some(format!("user={user}\x01auth=Bearer {}\x01\x01", token.expose_secret())) }
    }
}

impl async_imap::Authenticator for Xoauth2 {
    type Response = String;

    fn process(&mut self, _challenge: &[u8]) -> String {
        self.line.take().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_renewed_ahead_of_its_end() {
        assert_eq!(usable(Duration::from_secs(3_600)), Duration::from_secs(3_300));
        assert_eq!(usable(Duration::from_secs(60)), Duration::from_secs(30));
    }

    #[test]
    fn answers_are_read_and_refusals_say_why() {
        let (token, lasts) = read(200, br#"{"token_type":"Bearer","expires_in":3599,"access_token":"abc"}"#).unwrap();
        assert_eq!((token.expose_secret(), lasts.as_secs()), ("abc", 3_599));
        let refused = read(401, br#"{"error":"invalid_client","error_description":"AADSTS7000215"}"#).unwrap_err().to_string();
        assert!(refused.contains("invalid_client"), "{refused}");
        assert!(read(200, b"<html>").is_err());
    }

    #[test]
    fn the_line_is_said_once() {
        use async_imap::Authenticator;
        let mut said = Xoauth2::new("a@b.c", &SecretString::from("t"));
        assert_eq!(said.process(b""), "user=a@b.c\x01auth=Bearer t\x01\x01");
        assert_eq!(said.process(b"{\"status\":\"401\"}"), "");
    }
}
