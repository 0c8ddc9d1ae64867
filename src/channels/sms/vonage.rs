//! Vonage Messages API, version 1: texts out and in, receipts, signed webhooks, error codes. Pure.
//!
//! Sources: Vonage's pages "Messages API reference", "Signed webhooks", "Messages API errors" and "API errors"; the claims of
//! our own tokens are those of Vonage's library `vonage-jwt`. Its OpenAPI description is where the fields of MMS stand.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use hmac::{Hmac, KeyInit, Mac};
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::channels::http::{Request, Response};
use crate::channels::{Accepted, Acknowledgement, Circumstances, Hook, OutgoingText, ParseError, RawRequest, SendError, SmsProvider, Verified, VerifyError};
use crate::config::{VonageConfig, VonageSignIn};
use crate::domain::At;
use crate::domain::delivery::Status;
use crate::domain::inbound::{InboundEvent, InboundReceipt, InboundText};

/// How far a signature's time may be from ours, either way. Vonage leaves it to the receiver.
pub(super) const WINDOW_MS: i64 = 5 * 60_000;
/// How long a token of ours holds, as Vonage's libraries set it.
const TOKEN_S: i64 = 15 * 60;

/// One Vonage account or application.
pub struct Vonage {
    settings: VonageConfig,
}

#[derive(Serialize)]
struct Claims<'a> {
    application_id: &'a str,
    iat: i64,
    jti: &'a str,
    exp: i64,
}

#[derive(Deserialize)]
struct MessageAnswer {
    message_uuid: String,
}

/// RFC 7807.
#[derive(Deserialize, Default)]
struct Problem {
    #[serde(default, rename = "type")]
    kind: Value,
    #[serde(default)]
    title: Value,
}

impl Vonage {
    /// With its settings.
    pub fn new(settings: VonageConfig) -> Self {
        Self { settings }
    }

    fn signed_in(&self, request: Request, delivery_id: i64, now: At) -> Request {
        match &self.settings.sign_in {
            VonageSignIn::Account { api_key, api_secret } => request.basic(api_key, api_secret.expose_secret()),
            VonageSignIn::Application { application_id, private_key } => {
                // Tried again, it is another token: the time is in it.
                let jti = format!("{delivery_id}-{}", now.unix_ms());
                let iat = now.unix_ms().div_euclid(1_000);
                request.bearer(&token(private_key, &Claims { application_id, iat, jti: &jti, exp: iat.saturating_add(TOKEN_S) }))
            }
        }
    }

    fn secrets(&self) -> impl Iterator<Item = &SecretString> {
        std::iter::once(&self.settings.signature_secret).chain(self.settings.previous_signature_secret.as_ref())
    }

    /// The claims of a token that one of the secrets signed by HMAC-SHA256, which alone Vonage uses.
    fn claims(&self, token: &str) -> Option<Value> {
        let (signed, signature) = token.rsplit_once('.')?;
        let (head, claims) = signed.split_once('.')?;
        let decode = |part: &str| BASE64URL.decode(part).ok();
        let head: Value = serde_json::from_slice(&decode(head)?).ok()?;
        if head.get("alg").and_then(Value::as_str) != Some("HS256") {
            return None;
        }
        let given = decode(signature)?;
        // Every secret is tried, so that the time taken does not tell which was near.
        let genuine = self.secrets().fold(false, |matched, secret| bool::from(sign(secret, signed).ct_eq(&given)) | matched);
        if genuine { serde_json::from_slice(&decode(claims)?).ok() } else { None }
    }
}

impl SmsProvider for Vonage {
    fn name(&self) -> &'static str {
        "vonage"
    }

    fn build_request(&self, text: &OutgoingText, now: At) -> Request {
        let mut message = serde_json::json!({
            "channel": "sms",
            "message_type": "text",
            "to": bare(&text.to),
            "from": bare(&text.from),
            "text": text.body,
            "client_ref": text.delivery_id.to_string(),
            "webhook_url": text.status_url,
            "webhook_version": "v1",
        });
        // Seconds; 72 hours, which is the most, if nothing is said.
        if let (Some(seconds), Some(fields)) = (text.valid_for_s.filter(|seconds| *seconds < 259_200), message.as_object_mut()) {
            fields.insert("ttl".to_owned(), seconds.max(300).into());
        }
        let request = Request::post(format!("{}/v1/messages", self.settings.api_base), "application/json", message.to_string());
        self.signed_in(request, text.delivery_id, now).header("accept", "application/json".to_owned())
    }

    fn read_response(&self, response: &Response) -> Result<Accepted, SendError> {
        if (200..300).contains(&response.status) {
            return serde_json::from_str::<MessageAnswer>(&response.body)
                .ok()
                .filter(|answer| !answer.message_uuid.is_empty())
                .map(|answer| Accepted { provider_message_id: answer.message_uuid })
                .ok_or_else(|| SendError::in_doubt("unreadable", "Vonage answered with something that is not a message"));
        }
        Err(refusal(response))
    }

    fn verify(&self, request: &RawRequest, circumstances: &Circumstances<'_>) -> Result<Verified, VerifyError> {
        let token = bearer(request).ok_or(VerifyError::Missing)?;
        let claims = self.claims(token).ok_or(VerifyError::Wrong)?;
        let claim_ms = |name: &str| claims.get(name).map(|value| value.as_i64().map(|seconds| seconds.saturating_mul(1_000)));
        let now = circumstances.now.unix_ms();
        let issued = claim_ms("iat").flatten().ok_or(VerifyError::Stale)?;
        if now.saturating_sub(issued).saturating_abs() > WINDOW_MS || claim_ms("exp").is_some_and(|end| end.is_none_or(|end| now >= end)) {
            return Err(VerifyError::Stale);
        }
        for (name, ours) in [("api_key", &self.settings.api_key), ("application_id", &self.settings.application_id)] {
            if let (Some(theirs), Some(ours)) = (claims.get(name), ours)
                && theirs.as_str() != Some(ours)
            {
                return Err(VerifyError::Account);
            }
        }
        // Vonage's own libraries leave the body unchecked. Without this a token would speak for any.
        let expected = claims.get("payload_hash").and_then(Value::as_str).ok_or(VerifyError::Wrong)?.to_ascii_lowercase();
        if !bool::from(hex::encode(Sha256::digest(&request.body)).as_bytes().ct_eq(expected.as_bytes())) {
            return Err(VerifyError::Wrong);
        }
        let message: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        let id = text_of(&message, "message_uuid");
        let replay_key = text_of(&claims, "jti").filter(|jti| !jti.is_empty());
        Ok(match request.hook {
            Hook::Inbound | Hook::Listed => {
                Verified { provider_id: id, correspondent: text_of(&message, "from").map(|from| international(&from)), text: words(&message), replay_key }
            }
            // One message has several receipts: each status once.
            Hook::Status => Verified {
                provider_id: id.map(|id| format!("{id}:{}", text_of(&message, "status").unwrap_or_default())),
                correspondent: text_of(&message, "to").map(|to| international(&to)),
                text: None,
                replay_key,
            },
        })
    }

    fn parse(&self, hook: Hook, _target: &str, body: &[u8]) -> Result<Vec<InboundEvent>, ParseError> {
        let message: Value = serde_json::from_slice(body).map_err(|_| ParseError("Vonage's body is not JSON".to_owned()))?;
        let event = match hook {
            Hook::Inbound | Hook::Listed => InboundEvent::Text(inbound(&message)?),
            Hook::Status => InboundEvent::Receipt(receipt(&message)?),
        };
        Ok(vec![event])
    }

    fn acknowledge(&self) -> Acknowledgement {
        Acknowledgement { status: 200, content_type: "text/plain", body: "" }
    }
}

/// Whether this is a callback that Vonage sent unsigned by a fault of its own: answered with 5xx, it comes again, signed.
pub fn is_sent_again(request: &RawRequest) -> bool {
    request.header("authorization").is_none()
        && serde_json::from_slice::<Value>(&request.body).is_ok_and(|message| text_of(&message, "message_uuid").is_some_and(|id| !id.is_empty()))
}

fn inbound(message: &Value) -> Result<InboundText, ParseError> {
    let channel = text_of(message, "channel").unwrap_or_default();
    if !matches!(channel.as_str(), "" | "sms" | "mms" | "rcs") {
        // An answer would go out as a text, to an address that may not be a number.
        return Err(ParseError(format!("Vonage brought a message by {}, which is no text", plain(&channel))));
    }
    let media_urls: Vec<String> = pieces(message).filter_map(|piece| text_of(piece, "url")).collect();
    let text = words(message);
    if text.is_none() && media_urls.is_empty() {
        let kind = text_of(message, "message_type").unwrap_or_default();
        return Err(ParseError(format!("Vonage brought a message of type {}, with neither words nor a picture", plain(&kind))));
    }
    Ok(InboundText {
        from: international(&need(message, "from")?),
        to: international(&need(message, "to")?),
        // NUL cannot be stored as text by PostgreSQL; the raw body keeps it.
        text: text.unwrap_or_default().replace('\0', ""),
        media_urls,
        sent_at: text_of(message, "timestamp").and_then(|text| chrono::DateTime::parse_from_rfc3339(&text).ok()).map(|moment| At::from(moment.to_utc())),
        // Vonage joins the parts: `sms.num_messages` tells how many there were.
        part: None,
    })
}

/// What a person wrote: the text, or what stands below a picture.
fn words(message: &Value) -> Option<String> {
    let captions = || {
        let all: Vec<String> = pieces(message).filter_map(|piece| text_of(piece, "caption").or_else(|| text_of(piece, "text"))).collect();
        (!all.is_empty()).then(|| all.join("\n"))
    };
    text_of(message, "text").or_else(captions)
}

/// What an MMS holds: the object that is named as its type is, or a list of such.
fn pieces(message: &Value) -> impl Iterator<Item = &Value> {
    let one = text_of(message, "message_type").and_then(|kind| message.get(kind)).filter(|piece| piece.is_object());
    let many = message.get("content").and_then(Value::as_array).into_iter().flatten();
    one.into_iter().chain(many)
}

fn receipt(message: &Value) -> Result<InboundReceipt, ParseError> {
    let provider_status = need(message, "status")?;
    // Some of their examples have it one level deeper.
    let error = message.get("error").map(|error| error.get("error").unwrap_or(error));
    let problem = error.and_then(|error| Problem::deserialize(error).ok());
    let error_code = problem.and_then(|problem| problem.code());
    Ok(InboundReceipt {
        provider_message_id: need(message, "message_uuid")?,
        delivery_id: text_of(message, "client_ref").and_then(|reference| reference.parse().ok()),
        status: status_of(&provider_status, error_code.as_deref()),
        provider_status,
        error_code,
    })
}

/// Vonage's status words. `None`: a word that is not in their documentation; it is kept and counted, never guessed.
fn status_of(word: &str, error_code: Option<&str>) -> Option<Status> {
    match word {
        "submitted" => Some(Status::Accepted),
        "delivered" | "read" => Some(Status::Delivered),
        "rejected" | "undeliverable" => Some(match error_code.and_then(meaning).map(|(fault, _)| fault) {
            Some(Fault::Address) => Status::PermanentFailure,
            Some(Fault::OptedOut) => Status::Suppressed,
            Some(Fault::Account | Fault::Ours) => Status::TechnicalFailure,
            Some(Fault::Expired) => Status::Expired,
            Some(Fault::Doubt) => Status::Unconfirmed,
            Some(Fault::Passing) | None => Status::TemporaryFailure,
        }),
        _ => None,
    }
}

/// What lies behind an error code, of a hand-over and of a receipt alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// The number cannot be reached.
    Address,
    /// The person sent STOP to Vonage.
    OptedOut,
    /// Vonage's, the network's or the phone's; may heal.
    Passing,
    /// Our account or credentials: mended within the day, and the texts then still go out.
    Account,
    /// What we send, or from where.
    Ours,
    /// Its time ran out.
    Expired,
    /// It may have gone before.
    Doubt,
}

/// Vonage's table of errors, and of those that all its APIs have, in our words.
fn meaning(code: &str) -> Option<(Fault, &'static str)> {
    use Fault::{Account, Address, Doubt, Expired, OptedOut, Ours, Passing};
    Some(match code {
        "1000" | "1241" | "throttled" => (Passing, "too many requests at once"),
        "1472" => (Passing, "Vonage's Fraud Defender holds back a burst: its limit can be changed there"),
        "1460" | "1461" => (Passing, "the day's limit of messages is reached"),
        "1030" | "1331" => (Passing, "a fault at Vonage or at its supplier"),
        "1100" | "1230" => (Passing, "the network failed"),
        "1180" | "1220" => (Passing, "the phone is off or busy"),
        "1250" | "1251" => (Passing, "Vonage has no route to the number's network now"),
        "1290" => (Passing, "the person's credit does not suffice to receive it"),
        "1330" => (Passing, "the network gave no reason"),
        "1040" | "1170" | "1430" => (Address, "not a number that Vonage can text"),
        "1190" => (Address, "the number is no longer in use"),
        "1200" => (Address, "the number was moved to another network and cannot be reached there"),
        "1260" | "1300" | "1310" => (Address, "the number or its phone cannot receive texts"),
        "1050" => (Address, "Vonage has barred the number"),
        "1270" | "1280" => (Address, "the network does not let our texts through to this number"),
        "1240" => (OptedOut, "the person has sent STOP to Vonage"),
        "1210" | "1282" => (Ours, "the network took it for unwanted advertising: check sender and wording with Vonage"),
        "1320" => (Doubt, "Vonage says that it was sent before"),
        "1360" => (Expired, "its time ran out"),
        "unauthorized" | "invalid-api-key" | "invalid-signature" | "jwt-expired" | "jwt-revoked" => {
            (Account, "Vonage refused the credentials: check api_key and api_secret, or application_id and private_key, and this machine's clock")
        }
        "forbidden" | "unprovisioned" | "1080" | "1140" => (Account, "the Vonage account or application may not do this: check what it is enabled for"),
        "1060" | "account-suspended" => (Account, "the Vonage account is suspended"),
        "1070" | "low-balance" => (Account, "the Vonage account has no credit left"),
        "1160" => (Ours, "the Vonage account is on trial and may text to listed numbers only"),
        "1120" | "1420" | "1481" => (Account, "Vonage does not take our number as the sender: check numbers"),
        "1470" | "1473" => (Ours, "Vonage's Fraud Defender does not let texts to this range through: its rules can be changed there"),
        "1480" | "1482" | "1483" | "1484" => (Ours, "the country's rules want an id or a consent that Vonage does not have"),
        "1010" | "1020" | "1021" | "1022" | "1090" | "1130" | "1150" | "1340" | "1350" | "1370" | "1380" | "1381" | "1382" | "1400" | "1410" | "1440"
        | "1450" | "1451" | "invalid-params" | "not-found" => (Ours, "Vonage does not take the request as it is"),
        _ => return None,
    })
}

impl Problem {
    /// The code at the end of the type's address, such as `…/messages#1240`; receipts have it in the title.
    fn code(&self) -> Option<String> {
        let title = match &self.title {
            Value::Number(number) => number.to_string(),
            Value::String(title) => title.trim().to_owned(),
            _ => String::new(),
        };
        let kind = self.kind.as_str().unwrap_or_default();
        let end = kind.rsplit_once('#').or_else(|| kind.rsplit_once('/')).map(|(_, end)| end.to_ascii_lowercase());
        let is_number = |code: &String| code.len() == 4 && code.bytes().all(|byte| byte.is_ascii_digit());
        let is_word = |code: &String| (1..=40).contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
        let end = end.filter(|end| !matches!(end.as_str(), "messages" | "messages-olympus" | "api-errors"));
        end.clone().filter(is_number).or_else(|| Some(title).filter(is_number)).or_else(|| end.filter(is_word))
    }
}

fn refusal(response: &Response) -> SendError {
    let problem: Problem = serde_json::from_str(&response.body).unwrap_or_default();
    let known = problem.code();
    let code = known.clone().unwrap_or_else(|| format!("http_{}", response.status));
    let by_status = || match response.status {
        401 | 403 => meaning("unauthorized"),
        402 => meaning("low-balance"),
        429 => meaning("throttled"),
        // A gateway that gave up waiting does not know whether Vonage took it.
        502 | 504 => Some((Fault::Doubt, "a gateway before Vonage gave up waiting")),
        500..=599 => Some((Fault::Passing, "a fault at Vonage")),
        _ => None,
    };
    let found = known.as_deref().and_then(meaning).or_else(by_status);
    let mut failure = match found {
        Some((Fault::Address, detail)) => SendError::permanent(&code, detail),
        Some((Fault::OptedOut, detail)) => SendError { opted_out: true, ..SendError::permanent(&code, detail) },
        Some((Fault::Passing | Fault::Expired, detail)) => SendError::temporary(&code, detail),
        Some((Fault::Account, detail)) => SendError { ours: true, ..SendError::temporary(&code, detail) },
        Some((Fault::Ours, detail)) => SendError::ours(&code, detail),
        Some((Fault::Doubt, detail)) => SendError::in_doubt(&code, detail),
        None => SendError::ours(&code, &format!("Vonage refused it: {}", plain(problem.title.as_str().unwrap_or("it gave no reason")))),
    };
    failure.retry_after_ms = response.retry_after_ms;
    failure
}

/// Words of theirs that may stand in a log: short, and no number in them.
fn plain(words: &str) -> String {
    words.chars().map(|c| if c.is_ascii_digit() { '#' } else { c }).filter(|c| !c.is_control()).take(100).collect()
}

/// A token of ours, RS256 (RFC 7515, RFC 7518).
fn token(key: &RsaKeyPair, claims: &Claims<'_>) -> String {
    let head = BASE64URL.encode(r#"{"alg":"RS256","typ":"JWT"}"#);
    let claims = BASE64URL.encode(serde_json::to_vec(claims).unwrap_or_default());
    let signed = format!("{head}.{claims}");
    let mut signature = vec![0; key.public().modulus_len()];
    if key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature).is_err() {
        // Vonage then refuses the credentials, which is told to the administrator.
        signature.clear();
    }
    format!("{signed}.{}", BASE64URL.encode(signature))
}

fn sign(secret: &SecretString, signed: &str) -> Vec<u8> {
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(secret.expose_secret().as_bytes())
        .unwrap_or_else(|_| Hmac::<Sha256>::new(&hmac::digest::Key::<Hmac<Sha256>>::default()));
    mac.update(signed.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

fn bearer(request: &RawRequest) -> Option<&str> {
    let (scheme, token) = request.header("authorization")?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// A number as Vonage writes it: without +.
pub(super) fn bare(number: &str) -> &str {
    number.strip_prefix('+').unwrap_or(number)
}

/// A number in E.164, where Vonage left out the +. Short codes, names and national numbers stay as they are.
pub(super) fn international(number: &str) -> String {
    let whole = (8..=15).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit()) && !number.starts_with('0');
    if whole { format!("+{number}") } else { number.to_owned() }
}

/// A field that is text, or a number that may be meant so.
pub(super) fn text_of(object: &Value, name: &str) -> Option<String> {
    match object.get(name)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn need(object: &Value, name: &str) -> Result<String, ParseError> {
    text_of(object, name).filter(|text| !text.is_empty()).ok_or_else(|| ParseError(format!("Vonage's field {name} is missing")))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_795_348_800_000;
    const BODY: &str = r#"{"message_uuid":"aaaaaaaa-bbbb-4ccc-8ddd-000000000001","from":"447700900123","to":"447700900001","channel":"sms","message_type":"text","text":"Seen"}"#;

    fn vonage() -> Vonage {
        Vonage::new(VonageConfig {
            api_key: Some("abcd1234".into()),
            application_id: Some("11111111-2222-4333-8444-555555555555".into()),
            sign_in: VonageSignIn::Account { api_key: "abcd1234".into(), api_secret: SecretString::from("s3cret") },
            signature_secret: SecretString::from("now"),
            previous_signature_secret: Some(SecretString::from("before")),
            api_base: "https://api.nexmo.com".into(),
        })
    }

    fn request(token: Option<&str>, body: &str) -> RawRequest {
        RawRequest {
            hook: Hook::Inbound,
            method: "POST".into(),
            url: "https://a.example/w".into(),
            headers: token.map(|token| ("authorization".to_owned(), format!("Bearer {token}"))).into_iter().collect(),
            body: bytes::Bytes::copy_from_slice(body.as_bytes()),
        }
    }

    fn token_of(head: &str, claims: &Value) -> String {
        let signed = format!("{}.{}", BASE64URL.encode(head), BASE64URL.encode(claims.to_string()));
        format!("{signed}.{}", BASE64URL.encode(sign(&SecretString::from("now"), &signed)))
    }

    fn claims() -> Value {
        serde_json::json!({"iss": "Vonage", "iat": NOW / 1_000, "jti": "j1", "api_key": "abcd1234", "payload_hash": hex::encode(Sha256::digest(BODY))})
    }

    fn judged(claims: &Value, now: i64) -> Result<Verified, VerifyError> {
        let token = token_of(r#"{"alg":"HS256","typ":"JWT"}"#, claims);
        vonage().verify(&request(Some(&token), BODY), &Circumstances { now: At::from_unix_ms(now), certificate: None })
    }

    fn with(name: &str, value: Value) -> Value {
        let mut claims = claims();
        claims[name] = value;
        claims
    }

    #[test]
    fn a_token_holds_for_five_minutes_either_way_and_not_past_its_end() {
        for (offset, held) in [(0, true), (WINDOW_MS, true), (-WINDOW_MS, true), (WINDOW_MS + 1, false), (-WINDOW_MS - 1, false), (NOW, false)] {
            assert_eq!(judged(&claims(), NOW + offset).is_ok(), held, "{offset}");
        }
        assert_eq!(judged(&with("exp", (NOW / 1_000).into()), NOW), Err(VerifyError::Stale));
        assert!(judged(&with("exp", (NOW / 1_000 + 1).into()), NOW).is_ok());
        for odd in [Value::Null, "soon".into(), i64::MAX.into(), i64::MIN.into(), 1.5.into()] {
            assert_eq!(judged(&with("iat", odd.clone()), NOW), Err(VerifyError::Stale), "{odd}");
        }
        assert_eq!(judged(&with("exp", "soon".into()), NOW), Err(VerifyError::Stale));
    }

    #[test]
    fn a_token_speaks_for_one_account_and_one_body() {
        assert_eq!(judged(&claims(), NOW).unwrap().replay_key.as_deref(), Some("j1"));
        assert_eq!(judged(&with("api_key", "other".into()), NOW), Err(VerifyError::Account));
        assert_eq!(judged(&with("application_id", "other".into()), NOW), Err(VerifyError::Account));
        assert!(judged(&with("application_id", "11111111-2222-4333-8444-555555555555".into()), NOW).is_ok());
        for hash in [Value::Null, "".into(), hex::encode(Sha256::digest("other")).into()] {
            assert_eq!(judged(&with("payload_hash", hash), NOW), Err(VerifyError::Wrong));
        }
        assert!(judged(&with("payload_hash", hex::encode_upper(Sha256::digest(BODY)).into()), NOW).is_ok());
    }

    #[test]
    fn no_other_algorithm_is_believed() {
        let judge = |token: &str| vonage().verify(&request(Some(token), BODY), &Circumstances { now: At::from_unix_ms(NOW), certificate: None });
        for head in [r#"{"alg":"none"}"#, r#"{"alg":"RS256"}"#, r#"{"alg":"hs256"}"#, r#"{"alg":["HS256"]}"#, "{}", "HS256"] {
            assert_eq!(judge(&token_of(head, &claims())), Err(VerifyError::Wrong), "{head}");
        }
        let good = token_of(r#"{"alg":"HS256"}"#, &claims());
        let unsigned = format!("{}.", good.rsplit_once('.').unwrap().0);
        for bad in ["", ".", "..", "...", "a.b.c", &unsigned, &format!("{good}.{good}"), &format!("{good}=")] {
            assert_eq!(judge(bad), Err(VerifyError::Wrong), "{bad}");
        }
    }

    #[test]
    fn an_unsigned_callback_is_one_that_comes_again() {
        assert!(is_sent_again(&request(None, BODY)));
        assert!(!is_sent_again(&request(Some("x"), BODY)));
        for other in ["", "{}", "[]", r#"{"message_uuid":""}"#, r#"{"message_uuid":{}}"#, "message_uuid=1"] {
            assert!(!is_sent_again(&request(None, other)), "{other}");
        }
    }

    #[test]
    fn an_account_signs_in_by_key_and_secret() {
        let text = OutgoingText {
            delivery_id: 7,
            from: "+447700900001".into(),
            to: "+447700900123".into(),
            body: "Hello".into(),
            status_url: "https://a.example/s".into(),
            valid_for_s: None,
        };
        let request = vonage().build_request(&text, At::from_unix_ms(NOW));
        assert!(request.headers.contains(&("authorization", "Basic YWJjZDEyMzQ6czNjcmV0".to_owned())));
    }

    #[test]
    fn errors_say_whose_fault_and_whether_to_try_again() {
        let refuse = |status: u16, kind: &str, title: &str| {
            let body = serde_json::json!({"type": kind, "title": title, "detail": "447700900123 is bad", "instance": "i"}).to_string();
            vonage().read_response(&Response { status, retry_after_ms: None, body }).unwrap_err()
        };
        let of = |status, code: &str| refuse(status, &format!("https://developer.vonage.com/api-errors/messages#{code}"), "Words");
        assert!(of(422, "1240").opted_out && !of(422, "1240").retryable);
        for code in ["1000", "1241", "1030", "1230"] {
            assert!(of(422, code).retryable && !of(422, code).ours, "{code}");
        }
        for code in ["1040", "1170", "1190", "1430"] {
            assert!(!of(422, code).retryable && !of(422, code).ours, "{code}");
        }
        assert!(of(422, "1420").ours && of(422, "1420").retryable);
        assert!(of(402, "1070").ours && of(402, "1070").retryable);
        let bad = refuse(401, "https://developer.vonage.com/api-errors#unauthorized", "Unauthorized");
        assert!(bad.ours && bad.retryable && bad.code == "unauthorized");
        assert_eq!(refuse(422, "https://developer.vonage.com/api-errors/messages#rejected", "1240").code, "1240");
        assert_eq!(refuse(429, "https://developer.vonage.com/api-errors/messages", "Rate limit hit").code, "http_429");
        assert!(refuse(504, "", "").doubtful && refuse(502, "", "").doubtful && !refuse(500, "", "").doubtful);
        let odd = refuse(422, "https://developer.vonage.com/api-errors/447700900123", "To 447700900123 is bad");
        assert!(odd.ours && !odd.to_string().contains("900123"), "the number must not reach a log: {odd}");
    }

    #[test]
    fn a_code_means_the_same_in_a_receipt() {
        for (code, status) in [
            ("1240", Status::Suppressed),
            ("1190", Status::PermanentFailure),
            ("1180", Status::TemporaryFailure),
            ("1210", Status::TechnicalFailure),
            ("1360", Status::Expired),
            ("9999", Status::TemporaryFailure),
        ] {
            assert_eq!(status_of("rejected", Some(code)), Some(status), "{code}");
            assert_eq!(status_of("undeliverable", Some(code)), Some(status), "{code}");
        }
        assert_eq!(status_of("Delivered", None), None);
    }

    #[test]
    fn only_a_whole_international_number_gets_its_plus() {
        for (theirs, ours) in [
            ("447700900123", "+447700900123"),
            ("+447700900123", "+447700900123"),
            ("07700900123", "07700900123"),
            ("61016", "61016"),
            ("Police", "Police"),
            ("", ""),
        ] {
            assert_eq!(international(theirs), ours);
        }
    }

    proptest::proptest! {
        #[test]
        fn parsing_never_panics(target in ".{0,80}", body in proptest::collection::vec(0_u8..=255, 0..300), token in ".{0,80}") {
            for hook in [Hook::Inbound, Hook::Status, Hook::Listed] {
                let _any = vonage().parse(hook, &target, &body);
            }
            let _any = vonage().claims(&token);
        }

        #[test]
        fn no_json_makes_it_panic(kind in "[a-z]{0,8}", value in "\\PC{0,20}") {
            let body = serde_json::json!({"message_uuid": value, "from": value, "to": 1, "channel": "mms", "message_type": kind, kind.as_str(): {"url": value}, "content": [value, 1, {}], "error": value});
            for hook in [Hook::Inbound, Hook::Status] {
                let _any = vonage().parse(hook, "", body.to_string().as_bytes());
            }
        }
    }
}
