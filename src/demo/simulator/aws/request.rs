//! Whether a request is signed by Signature Version 4 with the account's key, for this service and region, just now.
//!
//! Owns: the signature alone. Must not: sign anything.
//! Data: a request in; whether it is the account's own out.
//! Source: AWS, "Create a signed AWS API request".

use actix_web::HttpRequest;
use chrono::NaiveDateTime;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use super::super::clock;
use super::Aws;

/// How far a request's clock may be from AWS's.
const SLACK_S: i64 = 15 * 60;

pub(super) fn is_signed(own: &Aws, http: &HttpRequest, body: &[u8]) -> bool {
    signature(own, http, body).is_some()
}

fn signature(own: &Aws, http: &HttpRequest, body: &[u8]) -> Option<()> {
    let header = |name: &str| http.headers().get(name).and_then(|value| value.to_str().ok());
    let given = header("authorization")?.strip_prefix("AWS4-HMAC-SHA256 ")?;
    let field = |name: &str| given.split(',').find_map(|part| part.trim().strip_prefix(name)?.strip_prefix('='));
    let (names, time) = (field("SignedHeaders")?, header("x-amz-date")?);
    let sent = NaiveDateTime::parse_from_str(time, "%Y%m%dT%H%M%SZ").ok()?.and_utc();
    let day = time.get(..8)?;
    let scope = format!("{day}/{}/sms-voice/aws4_request", own.region);
    let signed: Vec<&str> = names.split(';').collect();
    let whole = ["host", "x-amz-date", "x-amz-target"].iter().all(|name| signed.contains(name));
    let known = field("Credential")? == format!("{}/{scope}", own.access_key_id);
    if !(whole && known && (clock::now() - sent).num_seconds().abs() <= SLACK_S) {
        return None;
    }
    let headers = signed.iter().map(|name| Some(format!("{name}:{}\n", header(name)?.trim()))).collect::<Option<String>>()?;
    let canonical = format!("POST\n{}\n\n{headers}\n{names}\n{}", http.path(), hex::encode(Sha256::digest(body)));
    let to_sign = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{}", hex::encode(Sha256::digest(canonical)));
    let mut key = format!("AWS4{}", own.secret_access_key).into_bytes();
    for part in [day, &own.region, "sms-voice", "aws4_request"] {
        key = mac(&key, part.as_bytes())?;
    }
    (hex::encode(mac(&key, to_sign.as_bytes())?) == field("Signature")?).then_some(())
}

fn mac(key: &[u8], bytes: &[u8]) -> Option<Vec<u8>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    mac.update(bytes);
    Some(mac.finalize().into_bytes().to_vec())
}
