//! The token that each request to Notify bears: a JSON Web Token (RFC 7519) signed by HS256.
//!
//! Owns: the token alone. Must not: sign anything.
//! Data: a request's headers in; whether it opens the service out.
//! Source: Notify, "Authorisation header".

use actix_web::HttpRequest;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;

use super::super::clock;
use super::Notify;

/// How far a token's clock may be from Notify's.
const SLACK_S: i64 = 30;

/// Whether a request bears a token of the service's, made just now.
pub(super) fn opens(own: &Notify, http: &HttpRequest) -> bool {
    let given = http.headers().get("authorization").and_then(|value| value.to_str().ok());
    given.and_then(|value| value.strip_prefix("Bearer ")).and_then(|token| claims(own, token)).is_some_and(|claims| {
        let issued = claims.get("iat").and_then(Value::as_i64).unwrap_or_default();
        claims.get("iss").and_then(Value::as_str) == Some(&own.service_id) && (clock::now().timestamp() - issued).abs() <= SLACK_S
    })
}

fn claims(own: &Notify, token: &str) -> Option<Value> {
    let (signed, signature) = token.rsplit_once('.')?;
    let (head, claims) = signed.split_once('.')?;
    let head: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(head).ok()?).ok()?;
    let mut mac = Hmac::<Sha256>::new_from_slice(own.secret.as_bytes()).ok()?;
    mac.update(signed.as_bytes());
    mac.verify_slice(&URL_SAFE_NO_PAD.decode(signature).ok()?).ok()?;
    let claims = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()?;
    (head.get("alg").and_then(Value::as_str) == Some("HS256")).then_some(claims)
}
