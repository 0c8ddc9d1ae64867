//! `[pure]` AWS End User Messaging SMS: its API, its texts and delivery events, its words. What SNS wraps them in is read by `sns`.
//!
//! Sources, all AWS's own pages: "SendTextMessage" and its errors (Pinpoint SMS Voice V2 API reference), "Common error types",
//! "Create a signed AWS API request" (Signature Version 4), "Example of a two-way SMS message payload", "Example event data",
//! "Event types for SMS, MMS, and voice".

mod sns;

use ring::{digest, hmac};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use self::sns::{Envelope, public_key, sns_url};
use crate::channels::http::{Request, Response};
use crate::channels::{Accepted, Acknowledgement, Circumstances, Hook, OutgoingText, ParseError, RawRequest, SendError, SmsProvider, Verified, VerifyError};
use crate::config::AwsConfig;
use crate::domain::At;
use crate::domain::delivery::Status;
use crate::domain::inbound::{InboundEvent, InboundReceipt, InboundText};

const TARGET: &str = "PinpointSMSVoiceV2.SendTextMessage";
const SERVICE: &str = "sms-voice";
const JSON: &str = "application/x-amz-json-1.0";

/// One AWS account in one region.
pub struct Aws {
    settings: AwsConfig,
    /// Where something stands in for AWS, SNS included: the simulator or a test.
    stand_in: Option<String>,
}

impl Aws {
    /// With its settings.
    pub fn new(settings: AwsConfig) -> Self {
        // Another endpoint of Amazon's own, such as one in a private network, does not speak for SNS.
        let amazon = Url::parse(&settings.api_base).is_ok_and(|url| {
            let host = url.host_str().unwrap_or_default();
            url.scheme() == "https" && [".amazonaws.com", ".amazonaws.com.cn", ".api.aws"].iter().any(|own| host.ends_with(own))
        });
        Self { stand_in: (!amazon).then(|| settings.api_base.clone()), settings }
    }

    fn listens_to(&self, topic: &str) -> bool {
        self.settings.topic_arns.iter().any(|own| own == topic)
    }

    /// Where to fetch an address of SNS's.
    fn address(&self, url: &Url) -> String {
        let Some(base) = &self.stand_in else { return url.to_string() };
        url.query().map_or_else(|| format!("{base}{}", url.path()), |query| format!("{base}{}?{query}", url.path()))
    }
}

/// What is sent, as far as we use it, in the order in which it is written.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct SendTextMessage<'a> {
    destination_phone_number: &'a str,
    origination_identity: &'a str,
    message_body: &'a str,
    message_type: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    configuration_set_name: Option<&'a str>,
    /// Seconds; 72 hours, which is the most, if nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    time_to_live: Option<i64>,
    context: Context,
}

/// Comes back with each delivery event.
#[derive(Serialize)]
struct Context {
    delivery: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SendTextMessageResult {
    message_id: String,
}

/// An error's JSON; which of it there is depends on the kind.
#[derive(Deserialize, Default)]
#[serde(default)]
struct ErrorBody {
    #[serde(rename = "__type")]
    kind: String,
    #[serde(rename = "Reason")]
    reason: Option<String>,
    #[serde(rename = "Fields")]
    fields: Option<Vec<ErrorField>>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "PascalCase")]
struct ErrorField {
    name: String,
}

impl SmsProvider for Aws {
    fn name(&self) -> &'static str {
        "aws"
    }

    fn build_request(&self, text: &OutgoingText, now: At) -> Request {
        let body = SendTextMessage {
            destination_phone_number: &text.to,
            origination_identity: &text.from,
            message_body: &text.body,
            message_type: &self.settings.message_type,
            configuration_set_name: self.settings.configuration_set.as_deref(),
            time_to_live: text.valid_for_s.filter(|seconds| *seconds < 259_200).map(|seconds| seconds.max(5)),
            context: Context { delivery: text.delivery_id.to_string() },
        };
        signed_request(&self.settings, serde_json::to_string(&body).unwrap_or_default(), now)
    }

    fn read_response(&self, response: &Response) -> Result<Accepted, SendError> {
        if (200..300).contains(&response.status) {
            return serde_json::from_str::<SendTextMessageResult>(&response.body)
                .map(|result| Accepted { provider_message_id: result.message_id })
                .map_err(|_| SendError::in_doubt("unreadable", "AWS answered with something that is not a message's id"));
        }
        Err(refusal(response))
    }

    fn certificate_url(&self, request: &RawRequest) -> Option<String> {
        // Whoever does not know our topics cannot make us fetch anything.
        let envelope = Envelope::read(&request.body).filter(|envelope| self.listens_to(&envelope.topic_arn))?;
        envelope.certificate().map(|url| self.address(&url))
    }

    fn verify(&self, request: &RawRequest, circumstances: &Circumstances<'_>) -> Result<Verified, VerifyError> {
        let envelope = Envelope::read(&request.body).filter(|envelope| envelope.signature.is_some()).ok_or(VerifyError::Missing)?;
        if !self.listens_to(&envelope.topic_arn) {
            return Err(VerifyError::Account);
        }
        envelope.certificate().ok_or(VerifyError::Wrong)?;
        let key = public_key(circumstances.certificate.ok_or(VerifyError::NoCertificate)?, circumstances.now, self.stand_in.is_some())?;
        envelope.signature_holds(&key).ok_or(VerifyError::Wrong)?;
        if !envelope.is_of_now(circumstances.now) {
            return Err(VerifyError::Stale);
        }
        let said = envelope.said().unwrap_or_default();
        let text = word(&said, "messageBody");
        Ok(Verified {
            // Each event is a message of SNS's own; a text keeps its id even if it were published twice.
            provider_id: Some(word(&said, "inboundMessageId").filter(|id| !id.is_empty()).unwrap_or(&envelope.message_id).to_owned()),
            correspondent: word(&said, if text.is_some() { "originationNumber" } else { "destinationPhoneNumber" }).map(str::to_owned),
            text: text.map(str::to_owned),
            replay_key: None,
        })
    }

    /// One topic may carry texts and events alike: both webhooks take both.
    fn parse(&self, _hook: Hook, _target: &str, body: &[u8]) -> Result<Vec<InboundEvent>, ParseError> {
        let envelope = Envelope::read(body).ok_or_else(|| ParseError("this is not an envelope of SNS".to_owned()))?;
        let event = match envelope.kind.as_str() {
            "Notification" => {
                let said = envelope.said().ok_or_else(|| ParseError("the topic's message is not JSON".to_owned()))?;
                event_of(&said)?
            }
            "SubscriptionConfirmation" => {
                let url = envelope.subscribe_url.as_deref().and_then(sns_url);
                InboundEvent::Confirm {
                    url: self.address(&url.ok_or_else(|| ParseError("the address that confirms a subscription is not SNS's own".to_owned()))?),
                }
            }
            "UnsubscribeConfirmation" => InboundEvent::Notice {
                detail: format!(
                    "The SNS topic {} does not send here any more: its subscription was ended. Its texts and receipts are lost until it is subscribed again in the AWS console.",
                    envelope.topic_arn
                ),
            },
            other => return Err(ParseError(format!("SNS has no messages of type {}", other.chars().take(50).collect::<String>()))),
        };
        Ok(vec![event])
    }

    fn has_one_hook(&self) -> bool {
        true
    }

    fn acknowledge(&self) -> Acknowledgement {
        Acknowledgement { status: 200, content_type: "text/plain", body: "" }
    }
}

/// A text of a person's, or an event of a text of ours.
fn event_of(said: &Value) -> Result<InboundEvent, ParseError> {
    let need = |name: &str| word(said, name).map(str::to_owned).ok_or_else(|| ParseError(format!("AWS's field {name} is missing")));
    if let Some(text) = word(said, "messageBody") {
        return Ok(InboundEvent::Text(InboundText {
            from: need("originationNumber")?,
            to: need("destinationNumber")?,
            // NUL cannot be stored as text by PostgreSQL; the raw body keeps it.
            text: text.replace('\0', ""),
            media_urls: Vec::new(),
            // What SNS dates is its own publishing, tries and all.
            sent_at: None,
            part: None,
        }));
    }
    let provider_status =
        word(said, "eventType").map(str::to_owned).ok_or_else(|| ParseError("the topic's message is neither a text nor an event of one".to_owned()))?;
    let status = status_of(&provider_status);
    let went_well = matches!(status, Some(Status::Accepted | Status::Delivered));
    Ok(InboundEvent::Receipt(InboundReceipt {
        provider_message_id: need("messageId")?,
        delivery_id: said.get("context").and_then(|context| word(context, "delivery")).and_then(|id| id.parse().ok()),
        status,
        provider_status,
        error_code: word(said, "messageStatus").filter(|_| !went_well).map(str::to_owned),
    }))
}

/// AWS's event types. `None`: a word that is not in the documentation, or of voice, pictures or RCS, which we never send.
///
/// An event that AWS calls final may still be followed by a better one; ranks take care of that.
fn status_of(event: &str) -> Option<Status> {
    match event {
        // SUCCESSFUL: the carrier took it. Some countries' carriers never say more, and AWS then calls it final; the phone has not spoken.
        "TEXT_QUEUED" | "TEXT_PENDING" | "TEXT_SENT" | "TEXT_SUCCESSFUL" => Some(Status::Accepted),
        "TEXT_DELIVERED" => Some(Status::Delivered),
        "TEXT_INVALID" => Some(Status::PermanentFailure),
        // UNKNOWN stands for every other reason, passing or lasting, and for 72 hours without a word.
        // BLOCKED: the person's phone or carrier lets none of ours through; that says nothing against the number.
        "TEXT_UNREACHABLE" | "TEXT_CARRIER_UNREACHABLE" | "TEXT_BLOCKED" | "TEXT_UNKNOWN" => Some(Status::TemporaryFailure),
        // What we wrote was not let through, or our own protect configuration forbids it.
        "TEXT_INVALID_MESSAGE" | "TEXT_CARRIER_BLOCKED" | "TEXT_SPAM" | "TEXT_PROTECT_BLOCKED" => Some(Status::TechnicalFailure),
        "TEXT_TTL_EXPIRED" => Some(Status::Expired),
        _ => None,
    }
}

fn refusal(response: &Response) -> SendError {
    let error: ErrorBody = serde_json::from_str(&response.body).unwrap_or_default();
    // `com.amazonaws.sms#ThrottlingException`, and some services add `:` and an address.
    let kind = error.kind.rsplit('#').next().and_then(|kind| kind.split(':').next()).unwrap_or_default();
    let reason = error.reason.as_deref().unwrap_or_default();
    let code = match (kind, reason) {
        ("", _) => format!("http_{}", response.status),
        (_, "") => kind.to_owned(),
        _ => format!("{kind}:{reason}"),
    };
    let about_their_number = error.fields.unwrap_or_default().iter().any(|field| field.name.eq_ignore_ascii_case("DestinationPhoneNumber"));
    // Wrong credentials or a used-up limit are mended within the day, and the texts then still go out.
    let ours_for_now = |detail: &str| SendError { ours: true, ..SendError::temporary(&code, detail) };
    let mut failure = match (kind, reason) {
        ("ThrottlingException" | "Throttling" | "TooManyRequestsException" | "RequestLimitExceeded", _) => {
            SendError::temporary(&code, "too many requests at once")
        }
        ("ConflictException", "DESTINATION_PHONE_NUMBER_OPTED_OUT") => {
            SendError { opted_out: true, ..SendError::permanent(&code, "the person is on AWS's opt-out list") }
        }
        ("ConflictException", "DESTINATION_COUNTRY_BLOCKED_BY_PROTECT_CONFIGURATION" | "DESTINATION_PHONE_NUMBER_BLOCKED_BY_PROTECT_NUMBER_OVERRIDE") => {
            SendError::ours(&code, "our protect configuration at AWS blocks this number or its country")
        }
        ("ConflictException", "DESTINATION_PHONE_NUMBER_NOT_VERIFIED") => {
            SendError::ours(&code, "the AWS account is still in the sandbox, which texts verified numbers only")
        }
        ("ConflictException", _) => SendError::ours(&code, "our number or account at AWS is not set up for this text"),
        ("ValidationException", "FIELD_VALIDATION_FAILED" | "INVALID_PARAMETER" | "CANNOT_PARSE" | "") if about_their_number => {
            SendError::permanent(&code, "not a number that AWS can text")
        }
        (
            "ValidationException",
            "COUNTRY_NOT_ENABLED" | "DESTINATION_COUNTRY_BLOCKED" | "INTERNATIONAL_SENDING_NOT_SUPPORTED" | "INVALID_IDENTITY_FOR_DESTINATION_COUNTRY",
        ) => SendError::ours(&code, "our number at AWS cannot text this country"),
        ("ValidationException" | "ValidationError", _) => SendError::ours(&code, "AWS finds fault with the request"),
        ("ServiceQuotaExceededException", _) => ours_for_now("a limit of the AWS account is used up, such as its monthly spending"),
        ("AccessDeniedException", "INSUFFICIENT_ACCOUNT_REPUTATION" | "ACCOUNT_DISABLED") => {
            ours_for_now("AWS has stopped the account's texts: ask its support")
        }
        ("ExpiredTokenException" | "ExpiredToken", _) => ours_for_now("the AWS credentials have run out: renew session_token or use lasting ones"),
        ("RequestExpired" | "RequestTimeTooSkewed", _) => ours_for_now("AWS finds the request's date wrong: check this machine's clock"),
        (
            "AccessDeniedException"
            | "AccessDenied"
            | "UnrecognizedClientException"
            | "InvalidClientTokenId"
            | "InvalidSignatureException"
            | "SignatureDoesNotMatch"
            | "IncompleteSignature"
            | "IncompleteSignatureException"
            | "MissingAuthenticationToken"
            | "MissingAuthenticationTokenException"
            | "NotAuthorized"
            | "OptInRequired",
            _,
        ) => ours_for_now(
            "AWS refused the credentials: check access_key_id, secret_access_key, this machine's clock, and that they may call sms-voice:SendTextMessage",
        ),
        ("ResourceNotFoundException", _) => {
            ours_for_now("our number or the configuration set is not in this account and region: check numbers, configuration_set, region")
        }
        ("InternalServerException" | "InternalFailure" | "ServiceUnavailable" | "ServiceUnavailableException" | "RequestTimeoutException", _) => {
            SendError::temporary(&code, "AWS has a fault of its own")
        }
        _ => match response.status {
            401 | 403 => ours_for_now("AWS refused the credentials"),
            408 | 429 => SendError::temporary(&code, "AWS has no time for this request"),
            // A gateway that gave up waiting does not know whether AWS took it.
            502 | 504 if kind.is_empty() => SendError::in_doubt(&code, "a gateway before AWS gave up waiting"),
            500..=599 => SendError::temporary(&code, "AWS has a fault of its own"),
            _ => SendError::ours(&code, "AWS refused the request"),
        },
    };
    failure.retry_after_ms = response.retry_after_ms;
    failure
}

/// Signature Version 4: what is sent is hashed, dated, and signed by a key made for this day, region and service.
fn signed_request(settings: &AwsConfig, body: String, now: At) -> Request {
    let url = format!("{}/", settings.api_base);
    let parsed = Url::parse(&url).ok();
    let path = parsed.as_ref().map_or("/", Url::path);
    // As the client will write it: the port only where it is not the scheme's own.
    let host = parsed.as_ref().and_then(Url::host_str).unwrap_or_default().to_owned();
    let host = parsed.as_ref().and_then(Url::port).map_or_else(|| host.clone(), |port| format!("{host}:{port}"));
    let time = now.utc().format("%Y%m%dT%H%M%SZ").to_string();
    let day = now.utc().format("%Y%m%d").to_string();
    let token = settings.session_token.as_ref().map(ExposeSecret::expose_secret);

    let mut signed = vec![("content-type", JSON), ("host", &host), ("x-amz-date", &time)];
    signed.extend(token.map(|token| ("x-amz-security-token", token)));
    signed.push(("x-amz-target", TARGET));
    let names = signed.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(";");
    let headers: String = signed.iter().map(|(name, value)| format!("{name}:{}\n", value.trim())).collect();
    let canonical = format!("POST\n{path}\n\n{headers}\n{names}\n{}", sha256(body.as_bytes()));

    let scope = format!("{day}/{}/{SERVICE}/aws4_request", settings.region);
    let to_sign = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{}", sha256(canonical.as_bytes()));
    let first = format!("AWS4{}", settings.secret_access_key.expose_secret()).into_bytes();
    let key = [day.as_str(), &settings.region, SERVICE, "aws4_request"].iter().fold(first, |key, part| hmac_sha256(&key, part.as_bytes()));
    let signature = hex::encode(hmac_sha256(&key, to_sign.as_bytes()));
    let authorization = format!("AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders={names}, Signature={signature}", settings.access_key_id);

    let request = Request::post(url, JSON, body).header("x-amz-date", time).header("x-amz-target", TARGET.to_owned()).header("authorization", authorization);
    match token {
        Some(token) => request.header("x-amz-security-token", token.to_owned()),
        None => request,
    }
}

fn sha256(bytes: &[u8]) -> String {
    hex::encode(digest::digest(&digest::SHA256, bytes))
}

fn hmac_sha256(key: &[u8], bytes: &[u8]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), bytes).as_ref().to_vec()
}

fn word<'a>(object: &'a Value, name: &str) -> Option<&'a str> {
    object.get(name).and_then(Value::as_str)
}

#[cfg(test)]
mod tests {
    use secrecy::SecretString;

    use super::*;
    use crate::config::Config;

    const GENUINE: &str = include_str!("../../../../fixtures/providers/aws/inbound.text.http");
    const SUBSCRIBE: &str = include_str!("../../../../fixtures/providers/aws/inbound.subscribe.http");
    const PEM: &[u8] = include_bytes!("../../../../fixtures/providers/aws/sns.pem");
    const FOREIGN_PEM: &[u8] = include_bytes!("../../../../fixtures/providers/aws/foreign.pem");
    const FILE: &str = "/SimpleNotificationService-6002c6713f40e8a35d365605542e72b0.pem";
    /// When the fixtures were sent: 2026-11-22T11:59:30.123Z.
    const SENT_MS: i64 = 1_795_348_770_123;

    fn settings(api_base: &str) -> AwsConfig {
        AwsConfig {
            region: "eu-west-2".into(),
            access_key_id: "AKIDINVENTED00000000".into(),
            secret_access_key: SecretString::from("invented/Secret+Access/Key0000000000000"),
            session_token: None,
            configuration_set: None,
            message_type: "PROMOTIONAL".into(),
            topic_arns: vec!["arn:aws:sns:eu-west-2:111122223333:huecry".into()],
            api_base: api_base.into(),
        }
    }

    fn aws() -> Aws {
        Aws::new(settings("https://sms-voice.eu-west-2.amazonaws.com"))
    }

    fn request(fixture: &str) -> RawRequest {
        let body = fixture.split_once("\n\n").unwrap().1;
        RawRequest { hook: Hook::Inbound, method: "POST".into(), url: "https://a.example/w".into(), headers: vec![], body: body.to_owned().into() }
    }

    fn verified(aws: &Aws, now_ms: i64, certificate: &[u8]) -> Result<Verified, VerifyError> {
        aws.verify(&request(GENUINE), &Circumstances { now: At::from_unix_ms(now_ms), certificate: Some(certificate) })
    }

    #[test]
    fn a_channel_without_topics_or_with_words_in_their_place_is_told_why() {
        let faults = |topics: &str| {
            let toml = include_str!("../../../../fixtures/providers/aws/settings.toml");
            let kept: String = toml.lines().filter(|line| !line.starts_with("topic_arns")).map(|line| format!("{line}\n")).collect();
            let faults = Config::from_toml(&format!("{kept}{topics}\nmessage_type = \"MARKETING\"")).unwrap_err();
            faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
        };
        for topics in [
            "",
            "topic_arns = []",
            "topic_arns = [\"huecry\"]",
            "topic_arns = [\"arn:aws:sqs:eu-west-2:111122223333:huecry\"]",
            "topic_arns = [\"arn:aws:sns:eu-west-2::huecry\"]",
        ] {
            let told = faults(topics);
            assert!(told.contains("topic_arns") && told.contains("SNS signs for anybody's topic") && told.contains("message_type"), "{topics}: {told}");
        }
        assert!(!faults("topic_arns = \"arn:aws:sns:eu-west-2:111122223333:a, arn:aws-cn:sns:cn-north-1:111122223333:b\"").contains("topic_arns"));
    }

    #[test]
    fn lent_credentials_send_their_token_and_sign_it() {
        let lent = Aws::new(AwsConfig {
            session_token: Some(SecretString::from("invented+session/token==")),
            ..settings("https://sms-voice.eu-west-2.amazonaws.com")
        });
        let text = OutgoingText {
            delivery_id: 1,
            from: "+447700900001".into(),
            to: "+447700900123".into(),
            body: "x".into(),
            status_url: String::new(),
            valid_for_s: None,
        };
        let request = lent.build_request(&text, At::from_unix_ms(1_795_357_920_000));
        let header = |name: &str| request.headers.iter().find(|(key, _)| *key == name).map(|(_, value)| value.as_str());
        // As botocore 1.44.5 signs it (fixtures/providers/aws/make.py).
        let expected = "AWS4-HMAC-SHA256 Credential=AKIDINVENTED00000000/20261122/eu-west-2/sms-voice/aws4_request, \
                        SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target, Signature=6031dde1a7900e27ef89bc6634bc31e6b3d90b096556ea1941014e1fff84d49a";
        assert_eq!((header("authorization"), header("x-amz-security-token")), (Some(expected), Some("invented+session/token==")));
    }

    #[test]
    fn the_signed_host_has_the_port_only_where_the_client_sends_it() {
        let text = OutgoingText { delivery_id: 1, from: String::new(), to: String::new(), body: "x".into(), status_url: String::new(), valid_for_s: None };
        let signature = |base: &str| {
            let request = Aws::new(settings(base)).build_request(&text, At::from_unix_ms(0));
            request.headers.into_iter().find(|(name, _)| *name == "authorization").unwrap().1
        };
        assert_eq!(signature("https://sms-voice.example.org"), signature("https://sms-voice.example.org:443"));
        assert_ne!(signature("http://127.0.0.1:9000"), signature("http://127.0.0.1:9001"));
    }

    #[test]
    fn a_message_is_believed_for_an_hour_and_from_five_minutes_ahead() {
        for (after_ms, expected) in
            [(0, None), (3_600_000, None), (3_600_001, Some(VerifyError::Stale)), (-300_000, None), (-300_001, Some(VerifyError::Stale))]
        {
            assert_eq!(verified(&aws(), SENT_MS + after_ms, PEM).err(), expected, "{after_ms}");
        }
    }

    #[test]
    fn only_files_of_snss_own_hosts_are_fetched_and_only_for_our_topics() {
        let url = |from: &str, to: &str| {
            let mut request = request(GENUINE);
            request.body = String::from_utf8_lossy(&request.body).replace(from, to).into_bytes().into();
            aws().certificate_url(&request)
        };
        let own = format!("https://sns.eu-west-2.amazonaws.com{FILE}");
        assert_eq!(url("", ""), Some(own.clone()));
        assert_eq!(
            url("sns.eu-west-2.amazonaws.com/Simple", "sns.cn-north-1.amazonaws.com.cn/Simple"),
            Some(own.replace("eu-west-2.amazonaws.com", "cn-north-1.amazonaws.com.cn"))
        );
        // What the URL reader makes of it is what is both judged and fetched.
        assert_eq!(url(&own, &format!("https:\\\\\\\\SNS.eu-west-2.amazonaws.com:443{FILE}")), Some(own.clone()));
        assert_eq!(url("TopicArn\" : \"arn:aws:sns:eu-west-2:111122223333:huecry", "TopicArn\" : \"arn:aws:sns:eu-west-2:999988887777:huecry"), None);
        for other in [
            "http://sns.eu-west-2.amazonaws.com/a.pem",
            "https://sns.eu-west-2.amazonaws.com/a.pem?x=1",
            "https://sns.eu-west-2.amazonaws.com/?Action=x.pem",
            "https://sns.eu-west-2.amazonaws.com/a.txt",
            "https://sns.eu-west-2.amazonaws.com:8443/a.pem",
            "https://x@sns.eu-west-2.amazonaws.com/a.pem",
            "https://:x@sns.eu-west-2.amazonaws.com/a.pem",
            "https://sns.eu-west-2.amazonaws.com.example.net/a.pem",
            "https://sns.eu-west-2.amazonaws.com.cn.example.net/a.pem",
            "https://sns.eu_west.amazonaws.com/a.pem",
            "https://sns.s3.amazonaws.com/a.pem",
            "https://sns.amazonaws.com/a.pem",
            "https://sns.a.b.c.amazonaws.com/a.pem",
            "https://example.net\\\\@sns.eu-west-2.amazonaws.com/a.pem",
            "https://169.254.169.254/a.pem",
            "file:///etc/ssl/a.pem",
            "https://sns.eu-west-2.amazonaws.com/a.pem#x",
            "",
        ] {
            assert_eq!(url(&own, other), None, "{other}");
        }
    }

    #[test]
    fn what_stands_in_for_aws_stands_in_for_sns_and_needs_no_name_of_amazons() {
        let here = Aws::new(settings("http://127.0.0.1:9000"));
        assert_eq!(here.certificate_url(&request(GENUINE)), Some(format!("http://127.0.0.1:9000{FILE}")));
        let InboundEvent::Confirm { url } = here.parse(Hook::Status, "/", &request(SUBSCRIBE).body).unwrap().remove(0) else { panic!("nothing to confirm") };
        assert!(url.starts_with("http://127.0.0.1:9000/?Action=ConfirmSubscription&TopicArn=arn:aws:sns:"), "{url}");
        // Signed by another key than this certificate's: its name is no matter, its key is.
        assert_eq!(verified(&here, SENT_MS, FOREIGN_PEM), Err(VerifyError::Wrong));
        assert!(public_key(FOREIGN_PEM, At::from_unix_ms(SENT_MS), true).is_ok());
        assert_eq!(public_key(FOREIGN_PEM, At::from_unix_ms(SENT_MS), false), Err(VerifyError::Wrong));
        // A private endpoint is still Amazon's: SNS is where it always is.
        let private = Aws::new(settings("https://vpce-1.sms-voice.eu-west-2.vpce.amazonaws.com"));
        assert_eq!(private.certificate_url(&request(GENUINE)), Some(format!("https://sns.eu-west-2.amazonaws.com{FILE}")));
        assert!(Aws::new(settings("http://sms-voice.eu-west-2.amazonaws.com")).stand_in.is_some());
    }

    #[test]
    fn errors_say_whose_fault_and_whether_to_try_again() {
        let refuse = |status: u16, kind: &str, reason: &str, field: &str| {
            let body = serde_json::json!({"__type": kind, "Reason": reason, "Message": "+447700900123 is bad", "Fields": [{"Name": field, "Message": "+447700900123"}]});
            let error = aws().read_response(&Response { status, retry_after_ms: Some(500), body: body.to_string() }).unwrap_err();
            assert!(!error.to_string().contains("900123"), "the number must not reach a log");
            assert_eq!(error.retry_after_ms, Some(500));
            (error.retryable, error.ours, error.doubtful, error.opted_out)
        };
        let (again, permanent, our_fault, our_fault_for_now) =
            ((true, false, false, false), (false, false, false, false), (false, true, false, false), (true, true, false, false));
        for (kind, reason, field, expected) in [
            ("com.amazonaws.sms#ThrottlingException", "", "", again),
            ("ThrottlingException:http://internal.amazon.com/coral/", "", "", again),
            ("InternalServerException", "", "", again),
            ("ConflictException", "DESTINATION_PHONE_NUMBER_OPTED_OUT", "", (false, false, false, true)),
            ("ConflictException", "SOMETHING_NEW", "", our_fault),
            ("ValidationException", "CANNOT_PARSE", "DestinationPhoneNumber", permanent),
            ("ValidationException", "", "destinationPhoneNumber", permanent),
            ("ValidationException", "CANNOT_PARSE", "OriginationIdentity", our_fault),
            ("ValidationException", "PRICE_OVER_THRESHOLD", "DestinationPhoneNumber", our_fault),
            ("ServiceQuotaExceededException", "", "", our_fault_for_now),
            ("SignatureDoesNotMatch", "", "", our_fault_for_now),
            ("RequestExpired", "", "", our_fault_for_now),
            ("AccessDeniedException", "INSUFFICIENT_ACCOUNT_REPUTATION", "", our_fault_for_now),
            ("ResourceNotFoundException", "", "", our_fault_for_now),
            ("UnknownOperationException", "", "", our_fault),
        ] {
            assert_eq!(refuse(400, kind, reason, field), expected, "{kind} {reason}");
        }
        assert_eq!(refuse(504, "InternalFailure", "", ""), again, "AWS itself says that it did not take it");
        assert_eq!(refuse(504, "", "", ""), (false, false, true, false));
        assert_eq!(refuse(408, "", "", ""), again);
    }

    proptest::proptest! {
        #[test]
        fn nothing_panics_whatever_comes(body in proptest::collection::vec(0_u8..=255, 0..300), message in ".{0,120}", kind in "(Not|Sub|Uns).{0,3}|Notification|SubscriptionConfirmation", certificate in proptest::collection::vec(0_u8..=255, 0..100)) {
            let envelope = serde_json::json!({
                "Type": kind, "MessageId": "1", "TopicArn": "arn:aws:sns:eu-west-2:111122223333:huecry", "Message": message, "Timestamp": message, "Signature": "AAAA", "SignatureVersion": "1",
                "SigningCertURL": "https://sns.eu-west-2.amazonaws.com/a.pem", "SubscribeURL": message, "Token": "x",
            });
            for body in [body.clone(), envelope.to_string().into_bytes()] {
                let _any = aws().parse(Hook::Inbound, "/", &body);
                let request = RawRequest { body: body.into(), ..request(GENUINE) };
                let _any = aws().certificate_url(&request);
                for certificate in [certificate.as_slice(), PEM] {
                    let believed = aws().verify(&request, &Circumstances { now: At::from_unix_ms(SENT_MS), certificate: Some(certificate) });
                    proptest::prop_assert!(believed.is_err());
                }
            }
        }
    }
}
