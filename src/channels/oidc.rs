//! The force's own sign-in: an OpenID provider, asked by our own HTTP client. Authorization code flow with PKCE (OpenID
//! Connect Core 1.0 section 3.1; RFC 7636).
//!
//! What the provider says of itself, and its keys, are kept for an hour, and fetched anew when a token is signed by a key that
//! is not among them. Tokens never reach a log.

use std::sync::Arc;

use openidconnect::core::{CoreAuthenticationFlow, CoreClient, CoreClientAuthMethod, CoreIdToken, CoreJwsSigningAlgorithm, CoreProviderMetadata};
use openidconnect::{
    AuthType, AuthorizationCode, ClaimsVerificationError, ClientId, CsrfToken, HttpRequest, HttpResponse, IssuerUrl, Nonce, OAuth2TokenResponse,
    PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RequestTokenError, Scope, SignatureVerificationError, TokenResponse,
};
use secrecy::ExposeSecret;
use serde_json::Value;
use tokio::sync::Mutex;

use super::http::{self, Request};
use crate::config::OidcConfig;
use crate::domain::At;

const KEPT_MS: i64 = 3_600_000;

/// Why somebody could not be told by the provider.
#[derive(Debug, thiserror::Error)]
pub enum OidcError {
    /// It does not answer, or not as one.
    #[error("the provider cannot be asked: {0}")]
    Unreachable(String),
    /// It would not take the code: used, too old, or not ours.
    #[error("the provider refused the code: {0}")]
    Refused(String),
    /// Its token is not sound.
    #[error("the provider's token is not sound: {0}")]
    Unsound(String),
}

/// Where to send somebody, and what to remember until they come back.
#[derive(Clone, Debug)]
pub struct Begun {
    /// The provider's page.
    pub url: String,
    /// Comes back with them.
    pub state: String,
    /// Comes back in the token.
    pub nonce: String,
    /// Proves that we are who asked.
    pub verifier: String,
}

/// Who somebody is, by a token that was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The provider.
    pub issuer: String,
    /// Its unchanging name for the person.
    pub subject: String,
    /// Their address, if it told one.
    pub email: Option<String>,
    /// Whether it has made sure that the address is theirs.
    pub email_verified: bool,
    /// Their name, if it told one.
    pub name: Option<String>,
    /// The groups that they are in.
    pub groups: Vec<String>,
}

/// A provider.
pub struct Provider {
    settings: OidcConfig,
    redirect: String,
    http: http::Client,
    held: Mutex<Option<(At, Arc<CoreProviderMetadata>)>>,
}

impl Provider {
    /// For these settings; nothing is asked for yet. `redirect` is where people come back to.
    pub fn new(settings: OidcConfig, redirect: String) -> anyhow::Result<Self> {
        Ok(Self { settings, redirect, http: http::Client::new()?, held: Mutex::new(None) })
    }

    /// Begins a sign-in.
    pub async fn begin(&self, now: At) -> Result<Begun, OidcError> {
        let metadata = self.metadata(now, false).await?;
        let client = CoreClient::from_provider_metadata((*metadata).clone(), ClientId::new(self.settings.client_id.clone()), None);
        let client = client.set_redirect_uri(self.redirect_url()?);
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let mut request =
            client.authorize_url(CoreAuthenticationFlow::AuthorizationCode, CsrfToken::new_random, Nonce::new_random).set_pkce_challenge(challenge);
        for scope in &self.settings.scopes {
            request = request.add_scope(Scope::new(scope.clone()));
        }
        let (url, state, nonce) = request.url();
        Ok(Begun { url: url.into(), state: state.secret().clone(), nonce: nonce.secret().clone(), verifier: verifier.secret().clone() })
    }

    /// Changes the code that somebody came back with for a token, and checks it: signature, issuer, audience, authorized
    /// party, time, nonce.
    pub async fn finish(&self, code: &str, verifier: &str, nonce: &str, now: At) -> Result<Person, OidcError> {
        let metadata = self.metadata(now, false).await?;
        let (token, access) = self.exchange(&metadata, code, verifier).await?;
        let checked = match self.check(&metadata, &token, nonce, now) {
            Err(ClaimsVerificationError::SignatureVerification(SignatureVerificationError::NoMatchingKey)) => {
                // The provider has changed its keys since.
                let metadata = self.metadata(now, true).await?;
                self.check(&metadata, &token, nonce, now)
            }
            checked => checked,
        };
        let person = checked.map_err(|error| OidcError::Unsound(in_full(&error)))?;
        match metadata.userinfo_endpoint() {
            Some(endpoint) if person.email.is_none() || person.groups.is_empty() => self.ask_more(endpoint.as_str(), &access, person).await,
            _ => Ok(person),
        }
    }

    /// Some providers tell claims at the UserInfo endpoint only (OpenID Connect Core section 5.4).
    async fn ask_more(&self, endpoint: &str, access: &str, person: Person) -> Result<Person, OidcError> {
        let request = Request::get(endpoint.to_owned()).bearer(access).header("accept", "application/json".to_owned());
        let response = self.http.send(request).await.map_err(|error| OidcError::Unreachable(error.detail))?;
        let told: Value = match response.status {
            200 => serde_json::from_str(&response.body).map_err(|_| OidcError::Unreachable("its answer on the person cannot be read".to_owned()))?,
            status => return Err(OidcError::Unreachable(format!("asked for the person, it answered {status}"))),
        };
        // Section 5.3.2: what is told of another subject must not be used.
        if told.get("sub").and_then(Value::as_str) != Some(person.subject.as_str()) {
            return Err(OidcError::Unsound("it told of another person".to_owned()));
        }
        let text = |name: &str| told.get(name).and_then(Value::as_str).map(str::to_owned);
        let groups = groups_in(&told, &self.settings.groups_claim);
        let email_here = person.email.is_none();
        Ok(Person {
            email_verified: if email_here { told.get("email_verified").and_then(Value::as_bool).unwrap_or(false) } else { person.email_verified },
            email: person.email.or_else(|| text("email")),
            name: person.name.or_else(|| text("name")),
            groups: if person.groups.is_empty() { groups } else { person.groups },
            ..person
        })
    }

    fn redirect_url(&self) -> Result<RedirectUrl, OidcError> {
        RedirectUrl::new(self.redirect.clone()).map_err(|error| OidcError::Unreachable(error.to_string()))
    }

    async fn metadata(&self, now: At, anew: bool) -> Result<Arc<CoreProviderMetadata>, OidcError> {
        let mut held = self.held.lock().await;
        if let Some((at, metadata)) = held.as_ref().filter(|(at, _)| !anew && now.since_ms(*at) < KEPT_MS) {
            let (_, metadata) = (at, metadata.clone());
            return Ok(metadata);
        }
        let issuer = IssuerUrl::new(self.settings.issuer.clone()).map_err(|error| OidcError::Unreachable(error.to_string()))?;
        let http = self.http.clone();
        let call = move |request: HttpRequest| call(http.clone(), request);
        let found = CoreProviderMetadata::discover_async(issuer, &call).await.map_err(|error| OidcError::Unreachable(in_full(&error)))?;
        let found = Arc::new(found);
        *held = Some((now, found.clone()));
        Ok(found)
    }

    async fn exchange(&self, metadata: &CoreProviderMetadata, code: &str, verifier: &str) -> Result<(CoreIdToken, String), OidcError> {
        let secret = openidconnect::ClientSecret::new(self.settings.client_secret.expose_secret().to_owned());
        let client = CoreClient::from_provider_metadata(metadata.clone(), ClientId::new(self.settings.client_id.clone()), Some(secret));
        let methods = metadata.token_endpoint_auth_methods_supported();
        let in_header = methods.is_none_or(|methods| methods.contains(&CoreClientAuthMethod::ClientSecretBasic));
        let client = client.set_redirect_uri(self.redirect_url()?).set_auth_type(if in_header { AuthType::BasicAuth } else { AuthType::RequestBody });
        let http = self.http.clone();
        let call = move |request: HttpRequest| call(http.clone(), request);
        let request = client.exchange_code(AuthorizationCode::new(code.to_owned())).map_err(|error| OidcError::Unreachable(error.to_string()))?;
        let answer = request.set_pkce_verifier(PkceCodeVerifier::new(verifier.to_owned())).request_async(&call).await;
        let answer = answer.map_err(|error| match error {
            RequestTokenError::ServerResponse(refused) => OidcError::Refused(refused.to_string()),
            // What could not be parsed is not told: it may hold a token.
            RequestTokenError::Parse(..) => OidcError::Unreachable("its answer cannot be read".to_owned()),
            other => OidcError::Unreachable(in_full(&other)),
        })?;
        let token = answer.id_token().cloned().ok_or_else(|| OidcError::Unsound("there is no ID token in its answer".to_owned()))?;
        Ok((token, answer.access_token().secret().clone()))
    }

    fn check(&self, metadata: &CoreProviderMetadata, token: &CoreIdToken, nonce: &str, now: At) -> Result<Person, ClaimsVerificationError> {
        let secret = openidconnect::ClientSecret::new(self.settings.client_secret.expose_secret().to_owned());
        let client = CoreClient::from_provider_metadata(metadata.clone(), ClientId::new(self.settings.client_id.clone()), Some(secret));
        let verifier = client
            .id_token_verifier()
            // Whatever the provider offers: nothing symmetric, nothing unsigned.
            .set_allowed_algs([CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256, CoreJwsSigningAlgorithm::EcdsaP256Sha256])
            .set_time_fn(move || now.utc());
        let claims = token.claims(&verifier, &Nonce::new(nonce.to_owned()))?;
        let all = payload(&token.to_string());
        // The library leaves a lone audience's authorized party unread: a token made for another client is not for us.
        if all.get("azp").is_some_and(|party| party.as_str() != Some(self.settings.client_id.as_str())) {
            return Err(ClaimsVerificationError::InvalidAudience("the authorized party is another client".to_owned()));
        }
        Ok(Person {
            issuer: claims.issuer().to_string(),
            subject: claims.subject().to_string(),
            email: claims.email().map(|email| email.to_string()),
            email_verified: claims.email_verified().unwrap_or(false),
            name: claims.name().and_then(|name| name.get(None)).map(|name| name.to_string()),
            groups: groups_in(&all, &self.settings.groups_claim),
        })
    }
}

/// The claims of a token that was checked before.
fn payload(token: &str) -> Value {
    use base64::Engine;
    let part = token.split('.').nth(1).unwrap_or_default();
    let plain = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(part).unwrap_or_default();
    serde_json::from_slice(&plain).unwrap_or_default()
}

/// The groups under a claim; one with dots may lie deeper, as `realm_access.roles` does.
fn groups_in(claims: &Value, claim: &str) -> Vec<String> {
    let found = claims.get(claim).or_else(|| claim.split('.').try_fold(claims, |at, part| at.get(part)));
    match found {
        Some(Value::Array(groups)) => groups.iter().filter_map(|group| group.as_str().map(str::to_owned)).collect(),
        Some(Value::String(group)) => vec![group.clone()],
        _ => Vec::new(),
    }
}

/// An error with its causes, on one line.
fn in_full(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        text.push_str(": ");
        text.push_str(&next.to_string());
        cause = next.source();
    }
    text
}

/// What a request could not do.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct CallError(String);

async fn call(client: http::Client, request: HttpRequest) -> Result<HttpResponse, CallError> {
    let url = request.uri().to_string();
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let (authorization, accept) = (header("authorization"), header("accept"));
    let mut ours = if request.method() == openidconnect::http::Method::POST {
        let body = String::from_utf8(request.body().clone()).map_err(|error| CallError(error.to_string()))?;
        Request::post(url, "application/x-www-form-urlencoded", body)
    } else {
        Request::get(url)
    };
    for (name, value) in [("authorization", authorization), ("accept", accept)] {
        if let Some(value) = value {
            ours = ours.header(name, value);
        }
    }
    let response = client.send(ours).await.map_err(|error| CallError(error.detail))?;
    openidconnect::http::Response::builder().status(response.status).body(response.body.into_bytes()).map_err(|error| CallError(error.to_string()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::groups_in;

    #[test]
    fn groups_are_found_where_providers_put_them() {
        let claims = json!({ "groups": ["NPT-Dales", 7, "All staff"], "role": "Press", "realm_access": { "roles": ["officer"] }, "a.b": ["whole"], "a": { "b": ["deep"] } });
        assert_eq!(groups_in(&claims, "groups"), ["NPT-Dales", "All staff"]);
        assert_eq!(groups_in(&claims, "role"), ["Press"]);
        assert_eq!(groups_in(&claims, "realm_access.roles"), ["officer"]);
        assert_eq!(groups_in(&claims, "a.b"), ["whole"]);
        assert!(groups_in(&claims, "nothing").is_empty() && groups_in(&claims, "realm_access").is_empty());
    }
}
