//! Vonage SMS API, the older one: texts out and in (parts come one by one), receipts, signed webhooks, error codes. Pure.
//!
//! Sources: Vonage's pages "SMS API reference", "Inbound SMS", "Delivery receipts", "Signing messages", "Troubleshooting SMS"
//! and the support article "SMS delivery error codes"; the bytes that are signed are those that Vonage's library
//! `@vonage/sms` verifies. 3GPP TS 23.040, 9.2.3.24, has the header of binary texts; TS 23.038 the alphabet.

use hmac::{Hmac, KeyInit, Mac};
use md5::Md5;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};
use subtle::ConstantTimeEq;

use super::vonage::{WINDOW_MS, bare, international, text_of};
use crate::channels::http::{Request, Response};
use crate::channels::{Accepted, Acknowledgement, Circumstances, Hook, OutgoingText, ParseError, RawRequest, SendError, SmsProvider, Verified, VerifyError};
use crate::config::{VonageSignatureMethod, VonageSmsConfig};
use crate::domain::At;
use crate::domain::delivery::Status;
use crate::domain::inbound::{InboundEvent, InboundReceipt, InboundText, TextPartOf};

/// What the GSM alphabet has beyond ASCII, its extension included.
const GSM_BEYOND_ASCII: &str = "£¥èéùìòÇØøÅåΔΦΓΛΩΠΨΣΘΞÆæßÉ¤¡ÄÖÑÜ§¿äöñüà€";

/// One Vonage account.
pub struct VonageSms {
    settings: VonageSmsConfig,
}

impl VonageSms {
    /// With its settings.
    pub fn new(settings: VonageSmsConfig) -> Self {
        Self { settings }
    }

    fn secrets(&self) -> impl Iterator<Item = &SecretString> {
        std::iter::once(&self.settings.signature_secret).chain(self.settings.previous_signature_secret.as_ref())
    }

    fn is_signed(&self, fields: &[(String, String)], given: &str) -> bool {
        let Some(signed) = signed_text(fields) else {
            return false;
        };
        let given = given.to_ascii_lowercase();
        // Every secret is tried, so that the time taken does not tell which was near.
        self.secrets().fold(false, |matched, secret| {
            let expected = sign(self.settings.signature_method, secret, &signed);
            bool::from(expected.as_bytes().ct_eq(given.as_bytes())) | matched
        })
    }
}

impl SmsProvider for VonageSms {
    fn name(&self) -> &'static str {
        "vonage_sms"
    }

    fn build_request(&self, text: &OutgoingText, _now: At) -> Request {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("api_key", &self.settings.api_key)
            .append_pair("api_secret", self.settings.api_secret.expose_secret())
            .append_pair("to", bare(&text.to))
            .append_pair("from", bare(&text.from))
            .append_pair("text", &text.body)
            // As `text`, what the alphabet lacks would arrive as a question mark.
            .append_pair("type", if text.body.chars().all(is_gsm) { "text" } else { "unicode" })
            .append_pair("client-ref", &text.delivery_id.to_string())
            .append_pair("status-report-req", "1")
            .append_pair("callback", &text.status_url);
        // Milliseconds, from 20 seconds to a week.
        if let Some(seconds) = text.valid_for_s.filter(|seconds| *seconds < 604_800) {
            form.append_pair("ttl", &seconds.max(20).saturating_mul(1_000).to_string());
        }
        let form = form.finish();
        Request::post(format!("{}/sms/json", self.settings.api_base), "application/x-www-form-urlencoded", form)
    }

    /// Refusals come with HTTP 200 as well; each part of a long text has its own answer.
    fn read_response(&self, response: &Response) -> Result<Accepted, SendError> {
        if !(200..300).contains(&response.status) {
            return Err(refusal_by_http(response));
        }
        let unreadable = || SendError::in_doubt("unreadable", "Vonage answered with something that is not a list of messages");
        let answer: Value = serde_json::from_str(&response.body).map_err(|_| unreadable())?;
        let parts = answer.get("messages").and_then(Value::as_array).filter(|parts| !parts.is_empty()).ok_or_else(unreadable)?;
        let statuses: Vec<String> = parts.iter().map(|part| text_of(part, "status")).collect::<Option<_>>().ok_or_else(unreadable)?;
        let taken = statuses.iter().filter(|status| *status == "0").count();
        let Some((refused, status)) = parts.iter().zip(&statuses).find(|(_, status)| *status != "0") else {
            return Ok(Accepted { provider_message_id: parts.first().and_then(|part| text_of(part, "message-id")).unwrap_or_default() });
        };
        if taken > 0 {
            return Err(SendError::in_doubt("partial", "Vonage took some parts of the text and refused others"));
        }
        let mut failure = refusal(status);
        failure.retry_after_ms = wait_ms(&text_of(refused, "error-text").unwrap_or_default()).or(response.retry_after_ms);
        Err(failure)
    }

    fn verify(&self, request: &RawRequest, circumstances: &Circumstances<'_>) -> Result<Verified, VerifyError> {
        let fields = fields(&request.url, &request.body);
        let given = field(&fields, "sig").filter(|sig| !sig.is_empty()).ok_or(VerifyError::Missing)?;
        if !self.is_signed(&fields, given) {
            return Err(VerifyError::Wrong);
        }
        let timestamp = field(&fields, "timestamp").and_then(|seconds| seconds.parse::<i64>().ok()).ok_or(VerifyError::Stale)?;
        if circumstances.now.unix_ms().saturating_sub(timestamp.saturating_mul(1_000)).saturating_abs() > WINDOW_MS {
            return Err(VerifyError::Stale);
        }
        if field(&fields, "api-key").is_some_and(|key| key != self.settings.api_key) {
            return Err(VerifyError::Account);
        }
        let id = field(&fields, "messageId").filter(|id| !id.is_empty());
        let correspondent = field(&fields, "msisdn").map(international);
        let replay_key = field(&fields, "nonce").filter(|nonce| !nonce.is_empty()).map(|nonce| format!("{timestamp}:{nonce}"));
        Ok(match request.hook {
            Hook::Inbound | Hook::Listed => Verified {
                // By GET the body is empty, and its hash would make all of them one.
                provider_id: Some(id.unwrap_or(given).to_owned()),
                correspondent,
                text: content(&fields).ok().filter(|content| content.whole).map(|content| content.text),
                replay_key,
            },
            // One message has several receipts: each status once.
            Hook::Status => Verified {
                provider_id: Some(id.map_or_else(|| given.to_owned(), |id| format!("{id}:{}", field(&fields, "status").unwrap_or_default()))),
                correspondent,
                text: None,
                replay_key,
            },
        })
    }

    fn parse(&self, hook: Hook, target: &str, body: &[u8]) -> Result<Vec<InboundEvent>, ParseError> {
        let fields = fields(target, body);
        let need = |name: &str| field(&fields, name).filter(|value| !value.is_empty()).ok_or_else(|| ParseError(format!("Vonage's field {name} is missing")));
        match hook {
            Hook::Inbound | Hook::Listed => {
                let Content { text, part, .. } = content(&fields)?;
                Ok(vec![InboundEvent::Text(InboundText {
                    from: international(need("msisdn")?),
                    to: international(need("to")?),
                    // NUL cannot be stored as text by PostgreSQL; the raw body keeps it.
                    text: text.replace('\0', ""),
                    media_urls: Vec::new(),
                    sent_at: field(&fields, "message-timestamp").and_then(moment),
                    part,
                })])
            }
            Hook::Status => {
                let provider_status = need("status")?.to_owned();
                let error_code = field(&fields, "err-code").filter(|code| !matches!(*code, "" | "0")).map(str::to_owned);
                Ok(vec![InboundEvent::Receipt(InboundReceipt {
                    provider_message_id: need("messageId")?.to_owned(),
                    delivery_id: field(&fields, "client-ref").and_then(|reference| reference.parse().ok()),
                    status: status_of(&provider_status, error_code.as_deref()),
                    provider_status,
                    error_code,
                })])
            }
        }
    }

    fn acknowledge(&self) -> Acknowledgement {
        Acknowledgement { status: 200, content_type: "text/plain", body: "" }
    }
}

/// A moment as Vonage writes it beside a text: UTC, without saying so.
fn moment(text: &str) -> Option<At> {
    chrono::NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S").ok().map(|moment| At::from(moment.and_utc()))
}

/// Vonage's status words and its table of `err-code`. `None`: a word that is not in their documentation; it is kept and
/// counted, never guessed.
fn status_of(word: &str, error_code: Option<&str>) -> Option<Status> {
    match (word, error_code) {
        // `unknown` is the network's word for nothing: Vonage has handed it over, and nobody tells more.
        ("accepted" | "buffered", _) | ("unknown", None) => Some(Status::Accepted),
        ("delivered", _) => Some(Status::Delivered),
        ("expired", _) => Some(Status::Expired),
        ("failed" | "rejected" | "unknown", code) => Some(match code {
            // Out of use, barred by the user, lost in porting, unreachable, too young, blocked by the network.
            Some("3" | "4" | "5" | "12" | "13" | "14") => Status::PermanentFailure,
            Some("9") => Status::Suppressed,
            // Taken for spam, faulty, or against the country's rules of senders and contents.
            Some("6" | "10" | "50" | "51" | "52" | "53" | "54") => Status::TechnicalFailure,
            // 1, 2, 7, 8, 11, 15, 16, 99: unknown, phone off or busy, network, no route, no credit, quota.
            _ => Status::TemporaryFailure,
        }),
        _ => None,
    }
}

/// The table of `status` that a hand-over is answered by.
fn refusal(status: &str) -> SendError {
    let mended = |detail: &str| SendError { ours: true, ..SendError::temporary(status, detail) };
    match status {
        "1" => SendError::temporary(status, "too many requests at once"),
        "5" => SendError::temporary(status, "a fault at Vonage"),
        "10" => SendError::temporary(status, "too many connections to Vonage at once"),
        "6" => SendError::permanent(status, "not a number that Vonage can text"),
        "7" => SendError::permanent(status, "Vonage has barred the number"),
        "33" => SendError::permanent(status, "the number is no longer in use"),
        "4" => mended("Vonage refused the credentials: check api_key and api_secret"),
        "8" => mended("the Vonage account is suspended"),
        "9" => mended("the Vonage account has no credit left"),
        "11" => mended("the Vonage account is not enabled for the SMS API"),
        "14" | "32" => mended("the Vonage account wants signed requests, and gateway and account differ in that: let it take api_secret"),
        "2" | "3" => SendError::ours(status, "Vonage does not take the request as it is"),
        "12" => SendError::ours(status, "the text is too long"),
        "15" => mended("Vonage does not take our number as the sender: check numbers"),
        "23" => mended("Vonage does not take the address of our webhook: at most 100 characters"),
        "29" => SendError::ours(status, "the Vonage account is on trial and may text to listed numbers only"),
        _ if !status.is_empty() && status.len() <= 3 && status.bytes().all(|byte| byte.is_ascii_digit()) => {
            SendError::ours(status, "Vonage refused it for a reason that is not in its table")
        }
        _ => SendError::in_doubt("unreadable", "Vonage answered with a status that is none"),
    }
}

fn refusal_by_http(response: &Response) -> SendError {
    let code = format!("http_{}", response.status);
    let failure = match response.status {
        401 | 403 => SendError { ours: true, ..SendError::temporary(&code, "Vonage refused the credentials: check api_key and api_secret") },
        429 => SendError::temporary(&code, "too many requests at once"),
        // A gateway that gave up waiting does not know whether Vonage took it.
        502 | 504 => SendError::in_doubt(&code, "a gateway before Vonage gave up waiting"),
        500..=599 => SendError::temporary(&code, "a fault at Vonage"),
        _ => SendError::ours(&code, "Vonage does not take the request as it is"),
    };
    SendError { retry_after_ms: response.retry_after_ms, ..failure }
}

/// The milliseconds in `… please wait [ 250 ] and retry`.
fn wait_ms(words: &str) -> Option<i64> {
    let (_, rest) = words.split_once('[')?;
    let (number, _) = rest.split_once(']')?;
    number.trim().parse().ok().filter(|wait| *wait >= 0)
}

/// Whether the GSM alphabet has it.
fn is_gsm(c: char) -> bool {
    matches!(c, '\n' | '\r' | ' '..='_' | 'a'..='~') || GSM_BEYOND_ASCII.contains(c)
}

/// What a webhook says, whichever of its three forms the account is set to: query, form or JSON. What is verified and what is
/// parsed is read in this one way.
fn fields(target: &str, body: &[u8]) -> Vec<(String, String)> {
    let body = body.trim_ascii();
    if body.is_empty() {
        let query = target.split_once('?').map_or("", |(_, query)| query);
        return pairs(query.as_bytes());
    }
    if !body.starts_with(b"{") {
        return pairs(body);
    }
    let Ok(Value::Object(object)) = serde_json::from_slice(body) else {
        return Vec::new();
    };
    let text = |value: Value| match value {
        Value::Null => None,
        Value::String(text) => Some(text),
        other => Some(other.to_string()),
    };
    object.into_iter().filter_map(|(key, value)| Some((key, text(value)?))).collect()
}

/// Decoded pairs in order, duplicates and empty values kept.
fn pairs(encoded: &[u8]) -> Vec<(String, String)> {
    form_urlencoded::parse(encoded).into_owned().collect()
}

fn field<'a>(fields: &'a [(String, String)], name: &str) -> Option<&'a str> {
    fields.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}

/// `&key=value` of every field but the signature, by sorted key; `&` and `=` in a value are signed as `_`.
///
/// Keys are signed as they are, so one that holds `&` or `=` could stand for several: such is never genuine.
fn signed_text(fields: &[(String, String)]) -> Option<String> {
    let mut sorted: Vec<&(String, String)> = fields.iter().filter(|(key, _)| key != "sig").collect();
    sorted.sort_by(|(a, _), (b, _)| a.cmp(b));
    let clear = sorted.iter().all(|(key, _)| !key.contains(['&', '=']));
    clear.then(|| sorted.iter().map(|(key, value)| format!("&{key}={}", value.replace(['&', '='], "_"))).collect())
}

/// In hexadecimal, lower case.
fn sign(method: VonageSignatureMethod, secret: &SecretString, signed: &str) -> String {
    let secret = secret.expose_secret();
    match method {
        VonageSignatureMethod::Md5Hash => hex::encode(Md5::digest(format!("{signed}{secret}"))),
        VonageSignatureMethod::Md5 => keyed::<Hmac<Md5>>(secret, signed),
        VonageSignatureMethod::Sha1 => keyed::<Hmac<Sha1>>(secret, signed),
        VonageSignatureMethod::Sha256 => keyed::<Hmac<Sha256>>(secret, signed),
        VonageSignatureMethod::Sha512 => keyed::<Hmac<Sha512>>(secret, signed),
    }
}

fn keyed<M: Mac + KeyInit>(secret: &str, signed: &str) -> String {
    let mut mac = <M as KeyInit>::new_from_slice(secret.as_bytes()).unwrap_or_else(|_| <M as KeyInit>::new(&hmac::digest::Key::<M>::default()));
    mac.update(signed.as_bytes());
    hex::encode(mac.finalize().into_bytes())
}

/// What a person wrote, or a part of it.
struct Content {
    text: String,
    part: Option<TextPartOf>,
    /// Not a part, nor one whose place cannot be read.
    whole: bool,
}

fn content(fields: &[(String, String)]) -> Result<Content, ParseError> {
    let read = |name: &str| field(fields, name).unwrap_or_default();
    let binary = read("type") == "binary" && read("text").is_empty();
    let header = if binary { Header::read(&hex::decode(read("udh")).unwrap_or_default()) } else { Header::default() };
    if header.for_a_program {
        return Err(ParseError("a binary message for a program on a phone, such as a ringtone or a business card".to_owned()));
    }
    let text = if binary {
        let data = hex::decode(read("data")).ok().filter(|data| !data.is_empty());
        data.as_deref().and_then(text_of_bytes).ok_or_else(|| ParseError("a binary message that holds no text in any known encoding".to_owned()))?
    } else {
        read("text").to_owned()
    };
    let told = read("concat").eq_ignore_ascii_case("true") || !read("concat-ref").is_empty();
    let number = |name: &str| read(name).trim().parse::<i64>().ok();
    let part = match (number("concat-total"), number("concat-part")) {
        (Some(total), Some(number)) if told => Some(TextPartOf { reference: read("concat-ref").to_owned(), total, number }),
        _ => header.part,
    };
    let whole = !told && part.is_none() || part.as_ref().is_some_and(|part| part.total == 1);
    Ok(Content { text, part: part.filter(|part| (2..=255).contains(&part.total) && (1..=part.total).contains(&part.number)), whole })
}

/// What matters of a user data header.
#[derive(Default)]
struct Header {
    part: Option<TextPartOf>,
    /// Addressed to a port: no person wrote it.
    for_a_program: bool,
}

impl Header {
    /// Its own length, then elements: kind, length, value.
    fn read(bytes: &[u8]) -> Self {
        let mut header = Self::default();
        let mut rest = bytes.get(1..).unwrap_or_default();
        while let [kind, length, after @ ..] = rest {
            let Some((value, next)) = after.split_at_checked(usize::from(*length)) else {
                break;
            };
            match (kind, value) {
                (0x00, [reference, total, number]) => header.part = Some(part(u16::from(*reference), *total, *number)),
                (0x08, [high, low, total, number]) => header.part = Some(part(u16::from_be_bytes([*high, *low]), *total, *number)),
                (0x04 | 0x05, _) => header.for_a_program = true,
                _ => {}
            }
            rest = next;
        }
        header
    }
}

fn part(reference: u16, total: u8, number: u8) -> TextPartOf {
    TextPartOf { reference: reference.to_string(), total: total.into(), number: number.into() }
}

/// Vonage does not tell a binary message's encoding. Tried are UTF-16 (it shows by its zeros), UTF-8 and Latin-1.
fn text_of_bytes(data: &[u8]) -> Option<String> {
    let readable = |text: &String| text.chars().all(|c| !c.is_control() || matches!(c, '\n' | '\r' | '\t'));
    let (units, odd) = data.as_chunks::<2>();
    if odd.is_empty() && units.iter().any(|[high, _]| *high == 0) {
        let units: Vec<u16> = units.iter().map(|unit| u16::from_be_bytes(*unit)).collect();
        return String::from_utf16(&units).ok().filter(readable);
    }
    let utf8 = std::str::from_utf8(data).ok().map(str::to_owned);
    utf8.or_else(|| Some(data.iter().map(|byte| char::from(*byte)).collect())).filter(readable)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_795_348_800;

    fn vonage(method: VonageSignatureMethod) -> VonageSms {
        VonageSms::new(VonageSmsConfig {
            api_key: "abcd1234".into(),
            api_secret: SecretString::from("s3cret"),
            signature_secret: SecretString::from("now"),
            previous_signature_secret: Some(SecretString::from("before")),
            signature_method: method,
            api_base: "https://rest.nexmo.com".into(),
        })
    }

    fn asked(query: &str, now_ms: i64) -> Result<Verified, VerifyError> {
        let fields = pairs(query.as_bytes());
        let sig = sign(VonageSignatureMethod::Sha256, &SecretString::from("before"), &signed_text(&fields).unwrap_or_default());
        let request = RawRequest {
            hook: Hook::Inbound,
            method: "GET".into(),
            url: format!("https://a.example/w?{query}&sig={}", sig.to_uppercase()),
            headers: Vec::new(),
            body: bytes::Bytes::new(),
        };
        vonage(VonageSignatureMethod::Sha256).verify(&request, &Circumstances { now: At::from_unix_ms(now_ms), certificate: None })
    }

    #[test]
    fn a_signature_holds_for_five_minutes_either_way() {
        let query = format!("messageId=1&msisdn=447700900123&nonce=n&timestamp={NOW}&to=447700900001&text=Seen");
        for (offset, held) in [(0, true), (WINDOW_MS, true), (-WINDOW_MS, true), (WINDOW_MS + 1, false), (-WINDOW_MS - 1, false)] {
            assert_eq!(asked(&query, NOW * 1_000 + offset).is_ok(), held, "{offset}");
        }
        for odd in ["", "&timestamp=soon", "&timestamp=9223372036854775807", "&timestamp=-9223372036854775808", "&timestamp=1795348800.0"] {
            assert_eq!(asked(&format!("messageId=1&nonce=n{odd}"), NOW * 1_000), Err(VerifyError::Stale), "{odd}");
        }
        assert_eq!(asked(&query, NOW * 1_000).unwrap().replay_key, Some(format!("{NOW}:n")));
    }

    /// By `sign_params` of Vonage's PyPI vonage-http-client 1.5.2; the first, which it does not have, by npm @vonage/sms 1.21.0.
    #[test]
    fn each_method_signs_as_vonages_own_libraries_do() {
        let query = format!(
            "to=447700900001&text=a%26b%3Dc+Zo%C3%AB+%F0%9F%9A%90&nonce=n&api-key=abcd1234&msisdn=447700900123&messageId=0A00000000000001&timestamp={NOW}&sig=x"
        );
        let signed = signed_text(&pairs(query.as_bytes())).unwrap();
        for (method, expected) in [
            (VonageSignatureMethod::Md5Hash, "3d9ad8f3794e0e8b8a2aef80123ffc63"),
            (VonageSignatureMethod::Md5, "5ea1f486c6c79cd4e8dfc941fcc33aff"),
            (VonageSignatureMethod::Sha1, "5cb73f284d16222486dd553613ee7c52ee88a6f9"),
            (VonageSignatureMethod::Sha256, "905e4da8dbe165c18b07a932dbdc8c2923c011f5b5019ad7d8ead947ac0ccba0"),
            (
                VonageSignatureMethod::Sha512,
                "dc0fecb816c22a6f25eb9a3b104811923030062a4ee6373f345d74546b1b58629d33317d1633f754abbab75d195b304d7f407af1403687e8bdf1c66e1a4e1f07",
            ),
        ] {
            assert_eq!(sign(method, &SecretString::from("now"), &signed), expected);
        }
    }

    #[test]
    fn a_name_that_stands_for_several_is_never_genuine() {
        assert_eq!(asked(&format!("a=1&b=2&timestamp={NOW}"), NOW * 1_000).map(|verified| verified.text), Ok(Some(String::new())));
        for query in ["a=1%26b%3D2", "a%3D1%26b=2", "a%3D=1"] {
            let told = asked(&format!("{query}&timestamp={NOW}"), NOW * 1_000);
            assert_eq!(told.is_ok(), !query.starts_with("a%3D"), "{query}");
        }
    }

    #[test]
    fn without_an_id_two_requests_by_get_are_still_two() {
        let id = |text: &str| asked(&format!("text={text}&timestamp={NOW}"), NOW * 1_000).unwrap().provider_id.unwrap();
        assert_ne!(id("a"), id("b"));
    }

    #[test]
    fn the_table_says_whose_fault_and_whether_to_try_again() {
        let refuse = |status: &str, words: &str| {
            let body = serde_json::json!({"message-count": "1", "messages": [{"status": status, "error-text": words}]}).to_string();
            vonage(VonageSignatureMethod::Md5).read_response(&Response { status: 200, retry_after_ms: None, body }).unwrap_err()
        };
        let throttled = refuse("1", "Throughput Rate Exceeded - please wait [ 250 ] and retry");
        assert_eq!((throttled.retryable, throttled.retry_after_ms), (true, Some(250)));
        for words in ["", "wait [ ]", "wait [ -5 ]", "wait ] 5 [", "wait [ 99999999999999999999 ]"] {
            assert_eq!(refuse("1", words).retry_after_ms, None, "{words}");
        }
        for (statuses, retryable, ours) in [
            (&["1", "5", "10"][..], true, false),
            (&["4", "8", "9", "11", "14", "15", "23", "32"], true, true),
            (&["6", "7", "33"], false, false),
            (&["2", "3", "12", "22", "29", "99"], false, true),
        ] {
            for status in statuses {
                let error = refuse(status, "to 447700900123");
                assert_eq!((error.retryable, error.ours, error.doubtful, error.code.as_str()), (retryable, ours, false, *status));
                assert!(!error.detail.contains("900123"), "the number must not reach a log");
            }
        }
        assert!(refuse("", "").doubtful && refuse("447700900123", "").doubtful);
    }

    #[test]
    fn only_what_the_alphabet_lacks_makes_a_text_unicode() {
        for (text, gsm) in [
            ("Seen it? £5 & [more] @ 9 €", true),
            ("Zoë", false),
            ("café", true),
            ("it’s", false),
            ("`", false),
            ("a\tb", false),
            ("a\r\nb", true),
            ("🚐", false),
            ("", true),
        ] {
            assert_eq!(text.chars().all(is_gsm), gsm, "{text}");
        }
    }

    #[test]
    fn bytes_become_text_where_they_can() {
        for (data, text) in [
            (&b"Seen the van"[..], Some("Seen the van")),
            ("Zoë 🚐".as_bytes(), Some("Zoë 🚐")),
            (b"Zo\xEB", Some("Zoë")),
            (b"\0S\0e\0e\0n", Some("Seen")),
            (b"\0\x01\0\x02", None),
            (b"\x01\x02\x03", None),
            (b"\x00", None),
            (b"\xD8\x00\0a", None),
        ] {
            assert_eq!(text_of_bytes(data).as_deref(), text, "{data:?}");
        }
    }

    #[test]
    fn a_part_is_never_a_whole_text() {
        let read =
            |query: &str| content(&pairs(query.as_bytes())).map(|content| (content.part.map(|part| (part.reference, part.total, part.number)), content.whole));
        assert_eq!(read("text=a"), Ok((None, true)));
        assert_eq!(read("text=a&concat=true&concat-ref=7&concat-total=3&concat-part=2"), Ok((Some(("7".into(), 3, 2)), false)));
        assert_eq!(read("text=a&concat=true&concat-ref=7&concat-total=1&concat-part=1"), Ok((None, true)));
        for odd in [
            "",
            "&concat-total=3",
            "&concat-total=3&concat-part=4",
            "&concat-total=0&concat-part=0",
            "&concat-total=x&concat-part=1",
            "&concat-total=999&concat-part=1",
        ] {
            assert_eq!(read(&format!("text=a&concat=true&concat-ref=7{odd}")), Ok((None, false)), "{odd}");
        }
        assert_eq!(read("type=binary&udh=0500032A0201&data=61"), Ok((Some(("42".into(), 2, 1)), false)));
        assert_eq!(read("type=binary&udh=060804012C0202&data=61"), Ok((Some(("300".into(), 2, 2)), false)));
        assert_eq!(read("type=binary&udh=05000&data=61"), Ok((None, true)));
        assert!(read("type=binary&udh=06050415811581&data=61").is_err() && read("type=binary&data=").is_err() && read("type=binary&data=6").is_err());
    }

    proptest::proptest! {
        #[test]
        fn parsing_never_panics(target in ".{0,80}", body in proptest::collection::vec(0_u8..=255, 0..300)) {
            for hook in [Hook::Inbound, Hook::Status, Hook::Listed] {
                let _any = vonage(VonageSignatureMethod::Md5Hash).parse(hook, &target, &body);
            }
        }

        #[test]
        fn no_header_or_data_makes_it_panic(udh in proptest::collection::vec(0_u8..=255, 0..40), data in proptest::collection::vec(0_u8..=255, 0..40)) {
            let body = format!("type=binary&msisdn=1&to=2&udh={}&data={}", hex::encode(udh), hex::encode(data));
            let _any = vonage(VonageSignatureMethod::Md5Hash).parse(Hook::Inbound, "/", body.as_bytes());
        }
    }
}
