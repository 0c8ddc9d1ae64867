//! Every vendor's own bytes, from `fixtures/providers/<name>/`, and what we make of them. One runner for all providers.
//!
//! A `.http` file holds a raw request or answer, the `.json` beside it what is expected (fixtures/README.md tells the form).
//! A new provider brings a folder and needs no code here. The tests are async only because a mail relay's pool wants a runtime.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use huecry::channels::email::mime::{self, Transport};
use huecry::channels::registry::{Channel, ChannelKind, Channels, PROVIDERS};
use huecry::channels::{
    Accepted, Acknowledgement, Circumstances, Doubtful, Hook, OutgoingText, ParseError, RawRequest, SendError, SmsProvider, Verified, VerifyError, email, http,
};
use huecry::config::Config;
use huecry::domain::At;
use huecry::domain::inbound::InboundEvent;
use serde_json::{Value, json};

use crate::support::install_tls;

/// Providers that speak no HTTP, so that no `.http` file can hold what they say: `tests/it/smpp.rs` judges this one.
const JUDGED_ELSEWHERE: &[&str] = &["smpp"];

/// A fixture: the first line, headers with names in lower case, the body, and what is expected of it.
struct Case {
    name: String,
    first_line: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    expected: Value,
}

/// A provider's folder, with its channel as the settings in it describe it.
struct Folder {
    name: String,
    public_url: String,
    channels: Channels,
    cases: Vec<Case>,
}

impl Folder {
    fn channel(&self) -> &Channel {
        self.channels.iter().next().unwrap()
    }

    /// What the vendor's signature covers: `url`, `body`, `content-type`, each on a line of `covers.txt`. No file: nothing.
    fn covers(&self) -> BTreeSet<String> {
        let words = std::fs::read_to_string(root().join(&self.name).join("covers.txt")).unwrap_or_default();
        words.lines().map(str::to_owned).collect()
    }

    fn sms(&self) -> Option<&dyn SmsProvider> {
        self.channel().provider()
    }
}

fn root() -> PathBuf {
    crate::support::checkout().join("fixtures/providers")
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap().to_str().unwrap().to_owned()
}

fn with_extension<'a>(paths: &'a [PathBuf], extension: &str) -> Vec<&'a PathBuf> {
    paths.iter().filter(|path| path.extension().is_some_and(|found| found == extension)).collect()
}

fn folders() -> Vec<Folder> {
    install_tls();
    let read = |folder: &PathBuf| {
        let settings = std::fs::read_to_string(folder.join("settings.toml")).unwrap();
        let config = Config::from_toml(&settings).unwrap_or_else(|faults| panic!("{}: {faults:?}", folder.display()));
        let cases = with_extension(&entries(folder), "http").into_iter().map(|path| read_case(path)).collect();
        Folder { name: stem(folder), public_url: config.server.public_url.clone(), channels: Channels::build(&config.channels).unwrap(), cases }
    };
    entries(&root()).iter().map(read).collect()
}

/// The head ends at the first empty line; the body is the rest, byte by byte, and as long as the head says.
fn read_case(path: &Path) -> Case {
    let name = format!("{}/{}", stem(path.parent().unwrap()), stem(path));
    let raw = std::fs::read(path).unwrap();
    let end = raw.windows(2).position(|pair| pair == b"\n\n").unwrap_or_else(|| panic!("{name}: no empty line ends the head"));
    let mut lines = std::str::from_utf8(&raw[..end]).unwrap().lines().map(str::to_owned);
    let first_line = lines.next().unwrap();
    let headers: Vec<(String, String)> = lines.map(|line| line.split_once(": ").map(|(key, value)| (key.to_lowercase(), value.to_owned())).unwrap()).collect();
    let body = raw[end + 2..].to_vec();
    if let Some((_, length)) = headers.iter().find(|(key, _)| key == "content-length") {
        assert_eq!(*length, body.len().to_string(), "{name}: Content-Length and the body differ (an editor's last line break?)");
    }
    let json = std::fs::read_to_string(path.with_extension("json")).unwrap_or_else(|error| panic!("{name}: no .json beside it: {error}"));
    Case { expected: serde_json::from_str(&json).unwrap_or_else(|error| panic!("{name}: {error}")), name, first_line, headers, body }
}

impl Case {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    fn method_and_target(&self) -> (&str, &str) {
        let mut words = self.first_line.split(' ');
        (words.next().unwrap(), words.next().unwrap())
    }

    fn request(&self, folder: &Folder) -> RawRequest {
        let (method, target) = self.method_and_target();
        let public_url = self.expected["public_url"].as_str().unwrap_or(&folder.public_url);
        RawRequest {
            hook: self.hook(),
            method: method.to_owned(),
            url: format!("{public_url}{target}"),
            headers: self.headers.clone(),
            body: self.body.clone().into(),
        }
    }

    /// When it was signed, for what holds only for a while.
    fn now(&self) -> At {
        let now = self.expected["now"].as_str().unwrap_or("2026-11-22T12:00:00Z");
        At::from(now.parse::<chrono::DateTime<chrono::Utc>>().unwrap())
    }

    fn hook(&self) -> Hook {
        match self.expected["hook"].as_str() {
            Some("inbound") => Hook::Inbound,
            Some("status") => Hook::Status,
            Some("listed") => Hook::Listed,
            other => panic!("{}: hook is {other:?}", self.name),
        }
    }

    /// What a look-up or a list asks for.
    fn doubtful(&self) -> Doubtful {
        let text = |key: &str| self.expected[key].as_str().unwrap_or_default().to_owned();
        let since = self.expected["since"].as_str().map_or(At::from_unix_ms(0), |since| At::from(since.parse::<chrono::DateTime<chrono::Utc>>().unwrap()));
        Doubtful { delivery_id: self.expected["delivery_id"].as_i64().unwrap_or_default(), from: text("from"), to: text("to"), body: text("body"), since }
    }

    fn response(&self) -> http::Response {
        http::Response {
            status: self.first_line.split(' ').nth(1).unwrap().parse().unwrap(),
            retry_after_ms: self.header("retry-after").map(|seconds| seconds.parse::<i64>().unwrap() * 1000),
            body: String::from_utf8(self.body.clone()).unwrap(),
        }
    }
}

/// Each case that has this key, with its folder.
fn each(folders: &[Folder], key: &str, mut check: impl FnMut(&Folder, &Case)) {
    let mut seen = 0;
    for folder in folders {
        for case in folder.cases.iter().filter(|case| !case.expected[key].is_null()) {
            check(folder, case);
            seen += 1;
        }
    }
    assert!(seen > 0, "no fixture has {key:?}");
}

/// A request that was signed at a moment, or by a certificate, names it: `now` (a time) and `certificate` (a file beside it).
fn verify(folder: &Folder, case: &Case, request: &RawRequest) -> Result<Verified, VerifyError> {
    let certificate = case.expected["certificate"].as_str().map(|name| std::fs::read(root().join(&folder.name).join(name)).unwrap());
    match &folder.channel().kind {
        ChannelKind::Sms { .. } => folder.sms().unwrap().verify(request, &Circumstances { now: case.now(), certificate: certificate.as_deref() }),
        ChannelKind::Email { settings, .. } => email::verify(settings, request.header("authorization")).map(|()| email::verified(&request.body)),
    }
}

fn parse(folder: &Folder, case: &Case) -> Result<Vec<InboundEvent>, ParseError> {
    match folder.sms() {
        Some(provider) => provider.parse(case.hook(), case.method_and_target().1, &case.body),
        None => mime::parse(&case.body, &Transport::default()).map(|mail| vec![InboundEvent::Mail(Box::new(mail))]),
    }
}

fn told(event: &InboundEvent) -> Value {
    match event {
        InboundEvent::Text(text) => {
            let mut told = json!({"from": text.from, "to": text.to, "text": text.text, "media_urls": text.media_urls});
            if let Some(part) = &text.part {
                told["part"] = json!({"reference": part.reference, "total": part.total, "number": part.number});
            }
            json!({"text": told})
        }
        InboundEvent::Confirm { url } => json!({"confirm": url}),
        InboundEvent::Notice { detail } => json!({"notice": detail}),
        InboundEvent::Receipt(receipt) => json!({"receipt": {
            "provider_message_id": receipt.provider_message_id,
            "delivery_id": receipt.delivery_id,
            "provider_status": receipt.provider_status,
            "status": receipt.status.map(huecry::domain::delivery::Status::as_str),
            "error_code": receipt.error_code,
        }}),
        InboundEvent::Mail(mail) => json!({"mail": {"from": mail.from, "subject": mail.subject, "text": mail.plain_words().trim_end()}}),
    }
}

#[tokio::test]
async fn genuine_requests_tell_intake_what_their_fixtures_say() {
    each(&folders(), "verified", |folder, case| {
        let verified = verify(folder, case, &case.request(folder)).unwrap_or_else(|error| panic!("{}: {error}", case.name));
        let told =
            json!({"provider_id": verified.provider_id, "correspondent": verified.correspondent, "text": verified.text, "replay_key": verified.replay_key});
        let told: Value = told
            .as_object()
            .unwrap()
            .iter()
            .filter(|(key, value)| *key != "replay_key" || !value.is_null())
            .map(|(k, v)| (k.clone(), v.clone()))
            .collect::<serde_json::Map<_, _>>()
            .into();
        assert_eq!(told, case.expected["verified"], "{}", case.name);
    });
}

#[tokio::test]
async fn what_is_not_genuine_is_refused_for_the_reason_its_fixture_says() {
    each(&folders(), "refused", |folder, case| {
        let word = match verify(folder, case, &case.request(folder)) {
            Err(VerifyError::Missing) => "missing",
            Err(VerifyError::Wrong) => "wrong",
            Err(VerifyError::Account) => "account",
            Err(VerifyError::Stale) => "stale",
            Err(VerifyError::NoCertificate) => "no_certificate",
            Err(VerifyError::Replayed) => "replayed",
            Ok(_) => "it is believed",
        };
        assert_eq!(case.expected["refused"], word, "{}", case.name);
    });
}

#[tokio::test]
async fn a_signature_holds_for_nothing_but_what_was_signed() {
    each(&folders(), "verified", |folder, case| {
        if folder.sms().is_none() {
            // A bearer secret speaks for the sender, not for the bytes.
            return;
        }
        let genuine = case.request(folder);
        let header = |name: &str, value: &str| genuine.headers.iter().cloned().chain([(name.to_owned(), value.to_owned())]).collect();
        let covers = folder.covers();
        let mut changed = Vec::new();
        if covers.contains("url") {
            changed.extend([
                RawRequest { url: genuine.url.replacen("alert.example.org", "alert.example.net", 1), ..genuine.clone() },
                RawRequest { url: genuine.url.replacen("https:", "http:", 1), ..genuine.clone() },
                RawRequest { url: format!("{}{}x=1", genuine.url, if genuine.url.contains('?') { '&' } else { '?' }), ..genuine.clone() },
            ]);
        }
        if genuine.method == "POST" && covers.contains("body") {
            changed.push(RawRequest { body: [&genuine.body[..], &b"&AddedField=1"[..]].concat().into(), ..genuine.clone() });
            changed.push(RawRequest { body: bytes::Bytes::new(), ..genuine.clone() });
            let last = genuine.body.len() - 1;
            changed.push(RawRequest {
                body: genuine.body.iter().enumerate().map(|(i, byte)| if i == last / 2 { byte ^ 1 } else { *byte }).collect::<Vec<_>>().into(),
                ..genuine.clone()
            });
        }
        if genuine.method == "POST" && covers.contains("content-type") && genuine.header("content-type").is_some_and(|kind| !kind.contains("json")) {
            // Called JSON, a form would not be covered by anything.
            let others = genuine.headers.iter().filter(|(key, _)| key != "content-type").cloned();
            let headers = others.chain([("content-type".to_owned(), "application/json".to_owned())]).collect();
            changed.push(RawRequest { headers, ..genuine.clone() });
        }
        for request in changed {
            let refused = verify(folder, case, &request);
            assert!(matches!(refused, Err(VerifyError::Wrong | VerifyError::Missing)), "{}: {} {} is believed", case.name, request.method, request.url);
        }
        if let Some(bearer) = ["x-twilio-signature", "authorization"].into_iter().find(|name| genuine.header(name).is_some()) {
            let unsigned = RawRequest { headers: genuine.headers.iter().filter(|(key, _)| key != bearer).cloned().collect(), ..genuine.clone() };
            assert_eq!(verify(folder, case, &unsigned), Err(VerifyError::Missing), "{}", case.name);
        }
        // What a stranger adds on the way changes nothing.
        let forwarded = RawRequest { headers: header("x-forwarded-host", "evil.example"), ..genuine.clone() };
        assert!(verify(folder, case, &forwarded).is_ok(), "{}", case.name);
    });
}

#[tokio::test]
async fn genuine_requests_say_what_their_fixtures_say() {
    each(&folders(), "events", |folder, case| {
        let events = parse(folder, case).unwrap_or_else(|error| panic!("{}: {error}", case.name));
        assert_eq!(Value::Array(events.iter().map(told).collect()), case.expected["events"], "{}", case.name);
    });
    each(&folders(), "parse_error", |folder, case| {
        let error = parse(folder, case).map(|events| events.iter().map(told).collect::<Vec<_>>()).unwrap_err();
        assert_eq!(case.expected["parse_error"], error.to_string(), "{}", case.name);
    });
}

fn failure(error: &SendError) -> Value {
    json!({
        "code": error.code,
        "retryable": error.retryable,
        "ours": error.ours,
        "doubtful": error.doubtful,
        "opted_out": error.opted_out,
        "retry_after_ms": error.retry_after_ms,
    })
}

#[tokio::test]
async fn answers_mean_what_their_fixtures_say() {
    each(&folders(), "reads", |folder, case| {
        let provider = folder.sms().unwrap();
        let response = case.response();
        let found: Result<Option<Accepted>, SendError> = match case.expected["reads"].as_str().unwrap() {
            "send" => provider.read_response(&response).map(Some),
            "lookup" => provider.read_lookup(&response, &case.doubtful()),
            "listing" => {
                let listing = provider.read_listing(&response, case.doubtful().since, case.now()).unwrap_or_else(|error| panic!("{}: {error}", case.name));
                let items: Vec<Value> = listing
                    .items
                    .iter()
                    .map(|(verified, body)| {
                        let events = provider.parse(Hook::Listed, "listed", body).unwrap_or_else(|error| panic!("{}: {error}", case.name));
                        json!({"provider_id": verified.provider_id, "correspondent": verified.correspondent, "text": verified.text, "events": events.iter().map(told).collect::<Vec<_>>()})
                    })
                    .collect();
                assert_eq!(Value::Array(items), case.expected["items"], "{}", case.name);
                assert_eq!(json!(listing.next.map(|next| next.url)), case.expected["next"], "{}", case.name);
                return;
            }
            "acknowledge" => {
                let Acknowledgement { status, content_type, body } = provider.acknowledge();
                assert_eq!((status, Some(content_type), body), (response.status, case.header("content-type"), response.body.as_str()), "{}", case.name);
                return;
            }
            other => panic!("{}: reads {other:?}", case.name),
        };
        match found {
            Ok(accepted) => assert_eq!(json!(accepted.map(|accepted| accepted.provider_message_id)), case.expected["accepted"], "{}", case.name),
            Err(error) => {
                assert_eq!(failure(&error), case.expected["error"], "{}", case.name);
                assert!(!error.to_string().contains("900"), "{}: a number would reach the log: {error}", case.name);
            }
        }
    });
}

/// Where in a provider's request stands how long a text is worth delivering: for ten minutes, and for the three days that are
/// the most of most of them. Notify cannot be told.
#[tokio::test]
async fn a_provider_that_can_be_told_how_long_a_text_is_worth_delivering_is_told() {
    for (name, ten_minutes, three_days) in [
        ("twilio", Some("&ValidityPeriod=600"), None),
        ("vonage", Some("\"ttl\":600"), None),
        ("vonage_sms", Some("&ttl=600000"), Some("&ttl=259200000")),
        ("aws", Some("\"TimeToLive\":600"), None),
        ("notify", None, None),
    ] {
        let folder = folders().into_iter().find(|folder| folder.name == name).unwrap();
        for (valid_for_s, expected) in [(600, ten_minutes), (259_200, three_days)] {
            let (from, to) = ("+447700900001".into(), "+447700900123".into());
            let text =
                OutgoingText { delivery_id: 7, from, to, body: "Seen it?".into(), status_url: "https://a.example/s".into(), valid_for_s: Some(valid_for_s) };
            let body = folder.sms().unwrap().build_request(&text, crate::support::now()).body.unwrap().1;
            match expected {
                Some(expected) => assert!(body.contains(expected), "{name}: {body}"),
                None => assert!(!body.contains("ttl") && !body.contains("Validity") && !body.contains("TimeToLive"), "{name}: {body}"),
            }
        }
    }
}

#[tokio::test]
async fn requests_of_ours_are_what_their_fixtures_say() {
    each(&folders(), "builds", |folder, case| {
        let provider = folder.sms().unwrap();
        let text = |key: &str| case.expected[key].as_str().unwrap_or_default().to_owned();
        let request = match case.expected["builds"].as_str().unwrap() {
            "send" => {
                let text = OutgoingText {
                    delivery_id: case.expected["delivery_id"].as_i64().unwrap(),
                    from: text("from"),
                    to: text("to"),
                    body: text("body"),
                    status_url: text("status_url"),
                    valid_for_s: case.expected["valid_for_s"].as_i64(),
                };
                provider.build_request(&text, case.now())
            }
            "lookup" => provider.build_lookup(&case.doubtful(), case.now()).unwrap(),
            "listing" => provider.build_listing(case.doubtful().since, case.now()).unwrap(),
            other => panic!("{}: builds {other:?}", case.name),
        };
        let (method, target) = case.method_and_target();
        let expected = url::Url::parse(&format!("https://{}{target}", case.header("host").unwrap())).unwrap();
        let built = url::Url::parse(&request.url).unwrap();
        assert_eq!((request.method, built.host_str(), built.path()), (method, expected.host_str(), expected.path()), "{}", case.name);
        assert_eq!(pairs(built.query()), pairs(expected.query()), "{}", case.name);
        for (name, value) in &request.headers {
            assert_eq!(Some(value.as_str()), case.header(name), "{}: {name}", case.name);
        }
        for (name, _) in case.headers.iter().filter(|(name, _)| !["host", "content-type", "content-length"].contains(&name.as_str())) {
            assert!(request.headers.iter().any(|(built, _)| built == name), "{}: {name} is not sent", case.name);
        }
        let (kind, body) = request.body.unzip();
        assert_eq!(kind, case.header("content-type"), "{}", case.name);
        let expected_body = Some(std::str::from_utf8(&case.body).unwrap()).filter(|body| !body.is_empty());
        if kind.is_some_and(|kind| kind.contains("json")) {
            let read = |body: Option<&str>| serde_json::from_str::<Value>(body.unwrap_or_default()).unwrap();
            assert_eq!(read(body.as_deref()), read(expected_body), "{}", case.name);
        } else {
            assert_eq!(pairs(body.as_deref()), pairs(expected_body), "{}", case.name);
        }
    });
}

/// A form decoded, in order: two encodings of the same words are as good.
fn pairs(form: Option<&str>) -> Vec<(String, String)> {
    form_urlencoded::parse(form.unwrap_or_default().as_bytes()).into_owned().collect()
}

#[tokio::test]
async fn every_fixture_is_a_pair_of_files_that_some_test_reads_and_holds_no_live_number() {
    for folder in entries(&root()) {
        let paths = entries(&folder);
        let stems = |extension| with_extension(&paths, extension).into_iter().map(|path| stem(path)).collect::<BTreeSet<_>>();
        assert_eq!(stems("http"), stems("json"), "{}", folder.display());
    }
    let number = regex::Regex::new(r"(?:\+|%2B)44\d{10}").unwrap();
    for folder in folders() {
        for case in &folder.cases {
            let read = ["verified", "refused", "reads", "builds"].iter().filter(|key| !case.expected[**key].is_null()).count();
            assert_eq!(read, 1, "{}: exactly one of verified, refused, reads, builds", case.name);
            assert!(case.expected["what"].as_str().is_some_and(|what| !what.is_empty()), "{}: say what it is", case.name);
            for found in number.find_iter(&String::from_utf8_lossy(&case.body)) {
                assert!(found.as_str().contains("447700900"), "{}: {} is not of Ofcom's drama range", case.name, found.as_str());
            }
        }
    }
}

#[tokio::test]
async fn the_registry_the_files_and_the_fixture_folders_name_the_same_providers() {
    let files = |folder: &str| -> BTreeSet<String> {
        let paths = entries(&crate::support::checkout().join("src/channels").join(folder));
        paths.iter().map(|path| stem(path)).filter(|name| name != "mod").collect()
    };
    let listed: BTreeSet<String> = PROVIDERS.iter().map(|name| (*name).to_owned()).collect();
    let mut written = files("sms");
    // Of `email/`, the relay is what is configured as a provider; the rest reads.
    written.extend(files("email").into_iter().filter(|name| name == "smtp"));
    assert_eq!(listed, written);
    let folders = folders();
    let listed: BTreeSet<String> = listed.into_iter().filter(|name| !JUDGED_ELSEWHERE.contains(&name.as_str())).collect();
    assert_eq!(listed, folders.iter().map(|folder| folder.name.clone()).collect::<BTreeSet<_>>());
    for folder in &folders {
        assert_eq!(folder.channel().provider_name(), folder.name, "the settings of fixtures/providers/{}", folder.name);
        let begin = |what: &str| folder.cases.iter().any(|case| case.name.starts_with(&format!("{}/{what}", folder.name)));
        let needed: &[&str] =
            if folder.sms().is_some() { &["inbound.", "status.", "send.accepted", "send.throttled", "build.send", "acknowledge"] } else { &["inbound."] };
        for what in needed {
            assert!(begin(what), "fixtures/providers/{} has no {what}", folder.name);
        }
        assert!(folder.cases.iter().any(|case| !case.expected["refused"].is_null()), "fixtures/providers/{} has nothing that is refused", folder.name);
    }
}
