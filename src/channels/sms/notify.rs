//! GOV.UK Notify: its API, callbacks, bearer token and status words. Pure.
//!
//! Sources: Notify's REST API documentation ("Authorisation header", "Send a text message", "Get message data", "Get received
//! text messages", "Error messages", "Limits", "Callbacks") and the open source of its API (alphagov/notifications-api).
//!
//! Notify sends templates only: ours holds nothing but `((body))`. It signs nothing: a bearer token of our choice comes with
//! each callback. It has no opt-outs of its own, so none of its answers speaks of one.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use crate::channels::http::{Request, Response};
use crate::channels::{
    Accepted, Acknowledgement, Circumstances, Doubtful, Hook, Listing, OutgoingText, ParseError, RawRequest, SendError, SmsProvider, Verified, VerifyError,
};
use crate::config::NotifyConfig;
use crate::domain::delivery::Status;
use crate::domain::inbound::{InboundEvent, InboundReceipt, InboundText};
use crate::domain::{At, Phone};

/// The rate limit counts the last 60 seconds, and refused requests count too: whoever does not wait stays above it.
const RATE_WINDOW_MS: i64 = 60_000;
/// The daily limit ends at midnight UTC. An answer is read without a clock, so we ask once an hour: the first try that may
/// succeed comes at most an hour late, and what is tried before costs nothing.
const DAILY_PAUSE_MS: i64 = 3_600_000;
/// Notify's own limit for a text (its `SMS_CHAR_COUNT_LIMIT`).
const LONGEST_TEXT: u32 = 918;

/// One Notify service.
pub struct Notify {
    settings: NotifyConfig,
}

impl Notify {
    /// With its settings.
    pub fn new(settings: NotifyConfig) -> Self {
        Self { settings }
    }

    fn signed_in(&self, request: Request, now: At) -> Request {
        request.bearer(&self.token(now))
    }

    /// A JSON Web Token (RFC 7519), HS256. Notify takes one that is at most 30 seconds off its own clock.
    fn token(&self, now: At) -> String {
        // The service's id is checked to be a UUID, so nothing in it needs escaping.
        let claims = format!("{{\"iss\":\"{}\",\"iat\":{}}}", self.settings.service_id, now.unix_ms().div_euclid(1000));
        let signed = format!("{}.{}", BASE64URL.encode("{\"alg\":\"HS256\",\"typ\":\"JWT\"}"), BASE64URL.encode(claims));
        let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(self.settings.secret.expose_secret().as_bytes())
            .unwrap_or_else(|_| Hmac::<Sha256>::new(&hmac::digest::Key::<Hmac<Sha256>>::default()));
        mac.update(signed.as_bytes());
        format!("{signed}.{}", BASE64URL.encode(mac.finalize().into_bytes()))
    }

    fn callback_tokens(&self) -> impl Iterator<Item = &SecretString> {
        std::iter::once(&self.settings.bearer_token).chain(self.settings.previous_bearer_token.as_ref())
    }

    fn sender_id(&self, number: &str) -> Option<&str> {
        self.settings.senders.iter().find(|(ours, _)| ours == number).map(|(_, id)| id.as_str())
    }

    fn listing_url(&self) -> String {
        format!("{}/v2/received-text-messages", self.settings.api_base)
    }
}

/// A text from somebody, by callback or from the list: the list has other names for the same.
#[derive(Deserialize)]
struct Received {
    id: Option<String>,
    #[serde(alias = "user_number")]
    source_number: Option<String>,
    #[serde(alias = "notify_number")]
    destination_number: Option<String>,
    #[serde(alias = "content")]
    message: Option<String>,
    #[serde(alias = "created_at")]
    date_received: Option<String>,
}

impl Received {
    /// The id is the same by either way, so that a listed text is not stored twice.
    fn verified(&self) -> Verified {
        Verified {
            provider_id: given(self.id.as_ref()),
            correspondent: given(self.source_number.as_ref()).as_deref().map(e164),
            text: self.message.clone(),
            replay_key: None,
        }
    }
}

#[derive(Deserialize)]
struct Receipt {
    id: Option<String>,
    reference: Option<String>,
    to: Option<String>,
    status: Option<String>,
}

#[derive(Deserialize)]
struct Sent {
    id: String,
}

#[derive(Deserialize)]
struct Notification {
    id: String,
    reference: Option<String>,
    #[serde(default)]
    status: String,
}

#[derive(Deserialize)]
struct Notifications {
    notifications: Vec<Notification>,
}

#[derive(Deserialize)]
struct ReceivedTexts {
    received_text_messages: Vec<Value>,
    #[serde(default)]
    links: Links,
}

#[derive(Deserialize, Default)]
struct Links {
    next: Option<String>,
}

#[derive(Deserialize, Default)]
struct Refusal {
    #[serde(default)]
    errors: Vec<Fault>,
}

#[derive(Deserialize, Default)]
struct Fault {
    #[serde(default)]
    error: String,
    #[serde(default)]
    message: String,
}

impl SmsProvider for Notify {
    fn name(&self) -> &'static str {
        "notify"
    }

    /// Receipts go where the service's settings at Notify say; `status_url` cannot be handed on.
    fn build_request(&self, text: &OutgoingText, now: At) -> Request {
        let mut body = json!({
            "phone_number": text.to,
            "template_id": self.settings.template_id,
            "personalisation": { "body": text.body },
            "reference": text.delivery_id.to_string(),
        });
        if let (Some(id), Some(fields)) = (self.sender_id(&text.from), body.as_object_mut()) {
            fields.insert("sms_sender_id".to_owned(), json!(id));
        }
        self.signed_in(Request::post(format!("{}/v2/notifications/sms", self.settings.api_base), "application/json", body.to_string()), now)
    }

    fn read_response(&self, response: &Response) -> Result<Accepted, SendError> {
        if (200..300).contains(&response.status) {
            return serde_json::from_str::<Sent>(&response.body)
                .map(|sent| Accepted { provider_message_id: sent.id })
                .map_err(|_| SendError::in_doubt("unreadable", "Notify answered with something that is not a notification"));
        }
        Err(refusal(response))
    }

    fn build_lookup(&self, doubtful: &Doubtful, now: At) -> Option<Request> {
        let url = format!("{}/v2/notifications?template_type=sms&reference={}", self.settings.api_base, doubtful.delivery_id);
        Some(self.signed_in(Request::get(url), now))
    }

    fn read_lookup(&self, response: &Response, doubtful: &Doubtful) -> Result<Option<Accepted>, SendError> {
        if response.status != 200 {
            return Err(refusal(response));
        }
        let list: Notifications = serde_json::from_str(&response.body).map_err(|_| SendError::temporary("unreadable", "Notify's list cannot be read"))?;
        // The reference is ours alone. The words need not be compared: Notify may have mended some of their characters. Nor need
        // the moments: the two clocks may differ, and an earlier hand-over that was taken is one all the same.
        let reference = doubtful.delivery_id.to_string();
        let taken = |found: &Notification| {
            let failed = matches!(status_of(&found.status), Some(Status::PermanentFailure | Status::TemporaryFailure | Status::TechnicalFailure));
            found.reference.as_deref() == Some(&reference) && !failed
        };
        Ok(list.notifications.into_iter().find(taken).map(|found| Accepted { provider_message_id: found.id }))
    }

    /// Notify keeps what came in for seven days. Newest first, 250 to a page; it cannot be asked for a day.
    fn build_listing(&self, _since: At, now: At) -> Option<Request> {
        Some(self.signed_in(Request::get(self.listing_url()), now))
    }

    fn read_listing(&self, response: &Response, since: At, now: At) -> Result<Listing, SendError> {
        if response.status != 200 {
            return Err(refusal(response));
        }
        let list: ReceivedTexts = serde_json::from_str(&response.body).map_err(|_| SendError::temporary("unreadable", "Notify's list cannot be read"))?;
        // What is not dated counts as new: once too often is mended by its id, once too few is a lost message.
        let is_old = |item: &Value| item.get("created_at").and_then(Value::as_str).and_then(moment).is_some_and(|created| created < since);
        let reached = list.received_text_messages.iter().any(is_old);
        let oldest = list.received_text_messages.last().and_then(|item| item.get("id")).and_then(Value::as_str);
        let next = match (oldest, list.links.next) {
            // Built anew and not taken from the answer, so that our token goes nowhere but to the configured API.
            (Some(id), Some(_)) if !reached => {
                let query = form_urlencoded::Serializer::new(String::new()).append_pair("older_than", id).finish();
                Some(self.signed_in(Request::get(format!("{}?{query}", self.listing_url())), now))
            }
            _ => None,
        };
        let items = list.received_text_messages.into_iter().filter(|item| !is_old(item)).map(|item| {
            let bytes = item.to_string().into_bytes();
            (read::<Received>(&bytes).map_or_else(|_| Verified::default(), |received| received.verified()), bytes.into())
        });
        Ok(Listing { items: items.collect(), next })
    }

    fn verify(&self, request: &RawRequest, _circumstances: &Circumstances<'_>) -> Result<Verified, VerifyError> {
        let given_token = request.header("authorization").ok_or(VerifyError::Missing)?;
        // Each is compared, so that the time taken does not tell which was near.
        let known = self.callback_tokens().fold(false, |known, token| {
            let expected = format!("Bearer {}", token.expose_secret());
            bool::from(expected.as_bytes().ct_eq(given_token.as_bytes())) | known
        });
        if !known {
            return Err(VerifyError::Wrong);
        }
        // What cannot be read is stored all the same, and parked by `parse`.
        Ok(match request.hook {
            Hook::Inbound | Hook::Listed => read::<Received>(&request.body).map_or_else(|_| Verified::default(), |received| received.verified()),
            Hook::Status => read::<Receipt>(&request.body).map_or_else(
                |_| Verified::default(),
                |receipt| Verified {
                    // One text has several receipts: each status once.
                    provider_id: given(receipt.id.as_ref()).map(|id| format!("{id}:{}", receipt.status.unwrap_or_default())),
                    correspondent: given(receipt.to.as_ref()).as_deref().map(e164),
                    text: None,
                    replay_key: None,
                },
            ),
        })
    }

    fn parse(&self, hook: Hook, _target: &str, body: &[u8]) -> Result<Vec<InboundEvent>, ParseError> {
        match hook {
            Hook::Inbound | Hook::Listed => {
                let received: Received = read(body)?;
                Ok(vec![InboundEvent::Text(InboundText {
                    from: e164(&need(received.source_number.as_ref(), "source_number")?),
                    to: e164(&need(received.destination_number.as_ref(), "destination_number")?),
                    // NUL cannot be stored as text by PostgreSQL; the raw body keeps it.
                    text: received.message.unwrap_or_default().replace('\0', ""),
                    media_urls: Vec::new(),
                    sent_at: received.date_received.as_deref().and_then(moment),
                    // Notify joins the parts of a longer text itself.
                    part: None,
                })])
            }
            Hook::Status => {
                let receipt: Receipt = read(body)?;
                let provider_status = need(receipt.status.as_ref(), "status")?;
                Ok(vec![InboundEvent::Receipt(InboundReceipt {
                    provider_message_id: need(receipt.id.as_ref(), "id")?,
                    delivery_id: receipt.reference.and_then(|reference| reference.parse().ok()),
                    status: status_of(&provider_status),
                    provider_status,
                    // Notify keeps the operator's code to itself.
                    error_code: None,
                })])
            }
        }
    }

    fn acknowledge(&self) -> Acknowledgement {
        Acknowledgement { status: 200, content_type: "text/plain; charset=utf-8", body: "" }
    }
}

/// Notify's status words for texts. `None`: a word that is not in their documentation of texts; it is kept and counted, never
/// guessed.
fn status_of(word: &str) -> Option<Status> {
    match word {
        // `sent` is the last word on many numbers abroad, whose networks tell no more.
        "created" | "sending" | "pending" | "sent" => Some(Status::Accepted),
        "delivered" => Some(Status::Delivered),
        // A wrong number, or the operator refused: Notify does not tell which.
        "permanent-failure" => Some(Status::PermanentFailure),
        "temporary-failure" => Some(Status::TemporaryFailure),
        "technical-failure" => Some(Status::TechnicalFailure),
        _ => None,
    }
}

/// Notify promises its error words and statuses; its sentences may change. These only choose our own words for the detail.
fn refusal(response: &Response) -> SendError {
    let errors = serde_json::from_str::<Refusal>(&response.body).unwrap_or_default().errors;
    let first = errors.first();
    let word = first.map_or("", |fault| fault.error.as_str());
    let message = first.map_or("", |fault| fault.message.as_str());
    // A validation error begins with the name of the field. The number is the person's; any other field is our making.
    let bad_number = match word {
        "ValidationError" => errors.iter().all(|fault| fault.message.starts_with("phone_number")),
        "InvalidPhoneError" => true,
        _ => false,
    };
    let code = if word.is_empty() { format!("http_{}", response.status) } else { word.chars().take(60).collect() };
    let detail = if bad_number { "not a number that Notify can text".to_owned() } else { explain(response.status, word, message) };
    match (response.status, word) {
        (_, "TooManyRequestsError") => SendError { retry_after_ms: Some(DAILY_PAUSE_MS), ..SendError::temporary(&code, &detail) },
        (429, _) | (_, "RateLimitError") => {
            SendError { retry_after_ms: response.retry_after_ms.or(Some(RATE_WINDOW_MS)), ..SendError::temporary(&code, &detail) }
        }
        // Wrong credentials and a wrong clock are mended within the day, and the texts then still go out.
        (401 | 403, _) => SendError { ours: true, retry_after_ms: response.retry_after_ms, ..SendError::temporary(&code, &detail) },
        // A gateway that gave up waiting does not know whether Notify took it.
        (502 | 504, "") => SendError::in_doubt(&code, &detail),
        (408 | 500..=599, _) => SendError { retry_after_ms: response.retry_after_ms, ..SendError::temporary(&code, &detail) },
        _ if bad_number => SendError::permanent(&code, &detail),
        // What is wrong with the settings is wrong with every text.
        (400 | 404, _)
            if ["sms_sender_id", "emplate not found", "emplate_id", "issing personalisation", "trial mode", "team-only"]
                .iter()
                .any(|word| message.contains(word)) =>
        {
            SendError::misconfigured(&code, &detail)
        }
        _ => SendError::ours(&code, &detail),
    }
}

fn explain(status: u16, word: &str, message: &str) -> String {
    match (status, word) {
        (_, "TooManyRequestsError") => return "the service's limit for today is used up; Notify counts anew from midnight UTC".to_owned(),
        (429, _) | (_, "RateLimitError") => return "more requests in a minute than Notify takes".to_owned(),
        (401 | 403, _) => return "Notify refused the credentials: check api_key, and that this machine's clock is right to 30 seconds".to_owned(),
        (500..=599, _) => return "Notify has a fault of its own".to_owned(),
        // The rest of the sentence may quote what we sent: the words of a text are not for a log.
        (_, "ValidationError") => {
            let field: String = message.chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').take(40).collect();
            return format!("Notify finds fault with the field {field:?}");
        }
        _ => {}
    }
    let lower = message.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    if has(&["cannot be longer than", "character count greater"]) {
        format!("the text is longer than the {LONGEST_TEXT} characters that Notify takes")
    } else if has(&["sms_sender_id"]) {
        "Notify does not know the sender: check sms_sender_ids".to_owned()
    } else if has(&["trial mode", "team-only"]) {
        "the service or its key may text its own team only: ask Notify to make the service live and use a live key".to_owned()
    } else if has(&["international"]) {
        "texts to other countries are not switched on for the service".to_owned()
    } else if has(&["personalisation"]) {
        "the template asks for more than ((body)): it must hold nothing else in double brackets".to_owned()
    } else if has(&["template"]) {
        "Notify does not know the template: check template_id".to_owned()
    } else if has(&["empty"]) {
        "Notify finds no words in the text".to_owned()
    } else if message.is_empty() {
        "Notify gave no reason".to_owned()
    } else {
        message.chars().map(|c| if c.is_ascii_digit() { '#' } else { c }).take(200).collect()
    }
}

/// Notify leaves the + out of numbers with a country code and writes our own the national way. Senders that are names, and
/// short codes, are as given.
fn e164(number: &str) -> String {
    let number = number.trim();
    if !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return number.to_owned();
    }
    let national = number.starts_with('0');
    match number.len() {
        10..=15 if national => Phone::parse(number).map_or_else(|_| number.to_owned(), |phone| phone.e164().to_owned()),
        7..=15 if !national => format!("+{number}"),
        _ => number.to_owned(),
    }
}

/// A moment as Notify writes it: `2017-05-14T12:15:30.000000Z`.
fn moment(text: &str) -> Option<At> {
    chrono::DateTime::parse_from_rfc3339(text).ok().map(|moment| At::from(moment.to_utc()))
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, ParseError> {
    // Without serde's own words: they may quote what somebody wrote.
    serde_json::from_slice(body).map_err(|_| ParseError("Notify's JSON cannot be read".to_owned()))
}

fn given(field: Option<&String>) -> Option<String> {
    field.filter(|text| !text.is_empty()).cloned()
}

fn need(field: Option<&String>, name: &str) -> Result<String, ParseError> {
    given(field).ok_or_else(|| ParseError(format!("Notify's field {name} is missing")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notify() -> Notify {
        Notify::new(NotifyConfig {
            service_id: "26785a09-ab16-4eb0-8407-a37497a57506".into(),
            secret: SecretString::from("3d844edf-8d35-48ac-975b-e847b4f122b0"),
            template_id: "f33517ff-2a88-4f6e-b855-c550268ce08a".into(),
            senders: Vec::new(),
            bearer_token: SecretString::from("a token of ours"),
            previous_bearer_token: None,
            api_base: "https://api.notifications.service.gov.uk".into(),
        })
    }

    fn answer(status: u16, body: &str) -> Response {
        Response { status, retry_after_ms: None, body: body.to_owned() }
    }

    fn refuse(status: u16, word: &str, message: &str) -> SendError {
        let body = json!({"status_code": status, "errors": [{"error": word, "message": message}]});
        notify().read_response(&answer(status, &body.to_string())).unwrap_err()
    }

    #[test]
    fn errors_say_whose_fault_and_whether_to_try_again() {
        let table = [
            (400, "ValidationError", "phone_number Not enough digits", (false, false, false)),
            (400, "ValidationError", "template_id is not a valid UUID", (true, true, false)),
            (400, "InvalidPhoneError", "Not a UK mobile number", (false, false, false)),
            (400, "BadRequestError", "Cannot send to international mobile numbers", (false, true, false)),
            (400, "BadRequestError", "Your message is too long. Text messages cannot be longer than 918 characters.", (false, true, false)),
            (403, "AuthError", "Invalid token: API key not found", (true, true, false)),
            (401, "AuthError", "Unauthorized: authentication token must be provided", (true, true, false)),
            (404, "NoResultFound", "No result found", (false, true, false)),
            (429, "RateLimitError", "Exceeded rate limit", (true, false, false)),
            (429, "TooManyRequestsError", "Exceeded send limits", (true, false, false)),
            (500, "Exception", "Internal server error", (true, false, false)),
            (503, "", "", (true, false, false)),
            (502, "", "", (false, false, true)),
            (504, "", "", (false, false, true)),
        ];
        for (status, word, message, expected) in table {
            let error = refuse(status, word, message);
            assert_eq!((error.retryable, error.ours, error.doubtful), expected, "{status} {word} {message}");
            assert!(!error.opted_out);
        }
        assert!(refuse(400, "BadRequestError", "Text messages cannot be longer than 918 characters").detail.contains("918"));
    }

    #[test]
    fn one_fault_of_ours_among_several_makes_it_ours() {
        let body = json!({"status_code": 400, "errors": [
            {"error": "ValidationError", "message": "phone_number Not enough digits"}, {"error": "ValidationError", "message": "template_id is not a valid UUID"}]});
        assert!(notify().read_response(&answer(400, &body.to_string())).unwrap_err().ours);
    }

    #[test]
    fn no_detail_quotes_the_person_or_the_text() {
        for word in ["BadRequestError", "ValidationError", "AuthError", "Exception", "Other"] {
            for message in ["phone_number 07700900123 is bad", "personalisation {'body': 'Meet me at nine'} is not right", "07700900123 is on a list"] {
                for status in [400, 403, 404, 429, 500] {
                    let detail = refuse(status, word, message).detail;
                    assert!(!detail.contains("900123") && !detail.contains("Meet"), "{detail}");
                }
            }
        }
    }

    #[test]
    fn the_limits_of_a_minute_and_of_a_day_are_waited_for() {
        assert_eq!(refuse(429, "RateLimitError", "").retry_after_ms, Some(60_000));
        assert_eq!(refuse(429, "TooManyRequestsError", "").retry_after_ms, Some(3_600_000));
        let hint = Response { retry_after_ms: Some(5_000), ..answer(429, "{}") };
        assert_eq!(notify().read_response(&hint).unwrap_err().retry_after_ms, Some(5_000));
    }

    #[test]
    fn numbers_get_their_plus_and_names_stay() {
        for (given, read) in [
            ("447700900912", "+447700900912"),
            ("+447700900912", "+447700900912"),
            ("07700900001", "+447700900001"),
            // Ten digits would pass for a British number without its nought, which is somebody else's.
            ("9991234567", "+9991234567"),
            ("12025550123", "+12025550123"),
            ("61016", "61016"),
            ("0751421", "0751421"),
            ("Royal Mail", "Royal Mail"),
            ("", ""),
        ] {
            assert_eq!(e164(given), read, "{given}");
        }
    }

    #[test]
    fn a_page_ends_the_list_where_it_reaches_what_is_older() {
        let page = |created: &[&str]| {
            let items: Vec<Value> =
                created.iter().enumerate().map(|(i, at)| json!({"id": i.to_string(), "user_number": "447700900123", "created_at": at})).collect();
            let body = json!({"received_text_messages": items, "links": {"current": "x", "next": "https://elsewhere.example/?older_than=1"}});
            let since = moment("2026-11-22T12:00:00.000000Z").unwrap();
            let listing = notify().read_listing(&answer(200, &body.to_string()), since, since).unwrap();
            (listing.items.len(), listing.next.map(|next| next.url))
        };
        let next = |id: &str| Some(format!("https://api.notifications.service.gov.uk/v2/received-text-messages?older_than={id}"));
        assert_eq!(page(&[]), (0, None));
        assert_eq!(page(&["2026-11-22T12:00:01.000000Z", "2026-11-22T12:00:00.000000Z"]), (2, next("1")));
        assert_eq!(page(&["2026-11-22T12:00:00.000000Z", "2026-11-22T11:59:59.999999Z"]), (1, None));
        assert_eq!(page(&["no date"]), (1, next("0")));
    }

    #[test]
    fn a_look_up_goes_by_our_reference_and_leaves_out_what_failed() {
        let found = |reference: &str, status: &str, created: &str| {
            let body = json!({"notifications": [{"id": "n", "reference": reference, "status": status, "created_at": created}], "links": {"current": "x"}});
            let doubtful = Doubtful {
                delivery_id: 7,
                from: "+447700900001".into(),
                to: "+447700900123".into(),
                body: "Thank you".into(),
                since: moment("2026-11-22T14:40:00.000000Z").unwrap(),
            };
            notify().read_lookup(&answer(200, &body.to_string()), &doubtful).unwrap().is_some()
        };
        for status in ["created", "sending", "pending", "sent", "delivered", "a new word"] {
            assert!(found("7", status, "2026-11-22T14:40:00.000000Z"), "{status}");
        }
        for status in ["permanent-failure", "temporary-failure", "technical-failure"] {
            assert!(!found("7", status, "2026-11-22T14:40:00.000000Z"), "{status}");
        }
        assert!(!found("77", "sending", "2026-11-22T14:40:01.000000Z"));
        assert!(found("7", "sending", "2026-11-22T13:39:59.999999Z"), "whatever our clock said");
    }

    #[test]
    fn only_the_whole_token_opens() {
        let verify = |authorization: &str| {
            let request = RawRequest {
                hook: Hook::Inbound,
                method: "POST".into(),
                url: "https://a.example/w".into(),
                headers: vec![("authorization".into(), authorization.into())],
                body: bytes::Bytes::from_static(b"{}"),
            };
            notify().verify(&request, &Circumstances { now: At::from_unix_ms(0), certificate: None }).map(|_| ())
        };
        assert_eq!(verify("Bearer a token of ours"), Ok(()));
        for wrong in ["", "Bearer ", "Bearer a token of our", "Bearer a token of ours ", "a token of ours", "Basic a token of ours"] {
            assert_eq!(verify(wrong), Err(VerifyError::Wrong), "{wrong:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn reading_never_panics(target in ".{0,80}", body in proptest::collection::vec(0_u8..=255, 0..300), text in ".{0,200}", status in 100_u16..600) {
            for hook in [Hook::Inbound, Hook::Status, Hook::Listed] {
                let _any = notify().parse(hook, &target, &body);
                let _any = notify().parse(hook, &target, json!({"id": text, "source_number": text, "destination_number": text, "status": text}).to_string().as_bytes());
            }
            let _any = notify().read_response(&answer(status, &text));
            let _any = notify().read_listing(&answer(200, &text), At::from_unix_ms(0), At::from_unix_ms(0));
        }
    }
}
