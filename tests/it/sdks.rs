//! Signatures and requests held against the vendors' own SDKs from npm, which node runs in `tests/peers/sdk.js`: what they sign
//! we believe, one character more or less we do not, and what we send is what their clients send.
//!
//! The cases are drawn from a fixed seed. Whether a changed request is refused is asked of the SDK too wherever it covers what
//! was changed, so that a change that changes nothing would be seen.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use huecry::channels::registry::Channels;
use huecry::channels::{Circumstances, Hook, OutgoingText, RawRequest, SmsProvider, Verified, VerifyError, http};
use huecry::config::Config;
use huecry::domain::At;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::support::{checkout, install_tls, now};

/// Cases of each kind.
const CASES: usize = 300;
const URL: &str = "https://alert.example.org/webhooks/sms/sms/inbound";

/// The SDKs in their process; killed when this is dropped.
struct Sdk {
    child: Child,
    asked: ChildStdin,
    said: mpsc::Receiver<Value>,
}

impl Sdk {
    fn start() -> Self {
        let folder = checkout().join("tests/peers");
        assert!(folder.join("node_modules/twilio").is_dir(), "no npm package twilio in tests/peers: run scripts/setup");
        let mut child = Command::new("node").arg("sdk.js").current_dir(folder).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (asked, lines) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()).lines());
        let (sender, said) = mpsc::channel();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let _test_ended = sender.send(serde_json::from_str(&line).unwrap());
            }
        });
        Self { child, asked, said }
    }

    fn ask(&mut self, what: &str, mut with: Value) -> Value {
        with["do"] = what.into();
        writeln!(self.asked, "{with}").unwrap();
        let said = self.said.recv_timeout(Duration::from_secs(30)).unwrap_or_else(|_| panic!("no answer to {with}"));
        assert!(said["error"].is_null(), "{with}: {said}");
        said
    }

    fn word(&mut self, what: &str, with: Value) -> String {
        let said = self.ask(what, with);
        said.as_object().unwrap().values().next().and_then(Value::as_str).unwrap().to_owned()
    }

    fn believes(&mut self, what: &str, with: Value) -> bool {
        self.ask(what, with)["ok"].as_bool().unwrap()
    }
}

impl Drop for Sdk {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// The channel that a provider's fixtures are made for, with lines of its settings replaced.
fn channels(provider: &str, replaced: &[(&str, &str)]) -> Channels {
    install_tls();
    let settings = std::fs::read_to_string(checkout().join("fixtures/providers").join(provider).join("settings.toml")).unwrap();
    let settings = replaced.iter().fold(settings, |settings, (from, to)| {
        assert!(settings.contains(from), "{from}");
        settings.replace(from, to)
    });
    Channels::build(&Config::from_toml(&settings).unwrap_or_else(|faults| panic!("{faults:?}")).channels).unwrap()
}

fn provider(channels: &Channels) -> &dyn SmsProvider {
    channels.iter().next().and_then(|channel| channel.provider()).unwrap()
}

fn post(url: &str, headers: &[(&str, &str)], body: &str) -> RawRequest {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    RawRequest { hook: Hook::Inbound, method: "POST".into(), url: url.into(), headers, body: bytes::Bytes::copy_from_slice(body.as_bytes()) }
}

fn judge(provider: &dyn SmsProvider, request: &RawRequest) -> Result<Verified, VerifyError> {
    provider.verify(request, &Circumstances { now: now(), certificate: None })
}

fn text() -> OutgoingText {
    OutgoingText {
        delivery_id: 7_654_321,
        from: "+447700900001".into(),
        to: "+447700900123".into(),
        body: "Zoë’s van 🚐: did you see it & the £20 = [note]?".into(),
        status_url: "https://alert.example.org/webhooks/sms/sms/status".into(),
        valid_for_s: None,
    }
}

fn header<'a>(request: &'a http::Request, name: &str) -> &'a str {
    request.headers.iter().find(|(own, _)| *own == name).map(|(_, value)| value.as_str()).unwrap()
}

fn body(request: &http::Request) -> &str {
    &request.body.as_ref().unwrap().1
}

fn form(fields: &[(String, String)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

fn field_of(form: &str) -> BTreeMap<String, String> {
    form_urlencoded::parse(form.as_bytes()).into_owned().collect()
}

/// Words of up to 40 characters, those that encodings trip over among them; often none.
fn words(random: &mut StdRng) -> String {
    const PIECES: &[&str] = &[
        "a", "Z", "0", " ", "  ", "+", "&", "=", "%", "%2B", "_", "'", "\"", "\\", "/", "?", "#", ";", ",", "\n", "\t", "£", "ŵ", "é", "e\u{301}", "🚐", "</x>",
    ];
    let many = random.random_range(0..=40_usize).saturating_sub(8);
    (0..many).map(|_| *PIECES.choose(random).unwrap()).collect()
}

/// With one character replaced by another, dropped or doubled, somewhere.
fn changed(random: &mut StdRng, text: &str) -> String {
    let characters: Vec<char> = text.chars().collect();
    if characters.is_empty() {
        return "x".to_owned();
    }
    let at = random.random_range(0..characters.len());
    let other = if characters[at] == 'x' { 'y' } else { 'x' };
    let mut changed = characters.clone();
    match random.random_range(0..3) {
        0 => changed[at] = other,
        1 => drop(changed.remove(at)),
        _ => changed.insert(at, other),
    }
    changed.into_iter().collect()
}

/// Names and values as Twilio's library takes them: several values of a name are a list.
fn grouped(fields: &[(String, String)]) -> Value {
    let mut all = BTreeMap::<&str, Vec<&str>>::new();
    for (name, value) in fields {
        all.entry(name).or_default().push(value);
    }
    json!(all.into_iter().map(|(name, values)| (name, if values.len() == 1 { json!(values[0]) } else { json!(values) })).collect::<BTreeMap<_, _>>())
}

fn twilio_fields(random: &mut StdRng) -> Vec<(String, String)> {
    let mut fields = vec![("AccountSid".to_owned(), "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".to_owned()), ("Body".to_owned(), words(random))];
    for _ in 0..random.random_range(0..6) {
        let name = *["MessageSid", "From", "To", "FromCity", "NumMedia", "MediaUrl0", "New Field", "Ünew&="].choose(random).unwrap();
        let value = if random.random_bool(0.3) { String::new() } else { words(random) };
        // Now and then a name twice, and now and then with the same value.
        for _ in 0..random.random_range(1..=2) {
            fields.push((name.to_owned(), value.clone()));
        }
        if random.random_bool(0.2) {
            fields.push((name.to_owned(), words(random)));
        }
    }
    fields
}

const TWILIO_TOKENS: [&str; 2] = ["0123456789abcdef0123456789abcdef", "fedcba9876543210fedcba9876543210"];

/// A public address with and without its standard port, and one with a port of its own.
fn twilio_urls(random: &mut StdRng) -> (String, String) {
    let query = *["", "?d=7654321", "?d=1&name=O%27Brien&x=a+b%20c", "?q='~!()*&empty="].choose(random).unwrap();
    let of = |origin: &str| format!("{origin}/webhooks/sms/sms/inbound{query}");
    let (signed, asked) = *[
        ("https://alert.example.org", "https://alert.example.org"),
        ("https://alert.example.org:443", "https://alert.example.org"),
        ("https://alert.example.org", "https://alert.example.org:443"),
        ("https://alert.example.org:443", "https://alert.example.org:443"),
        ("http://alert.example.org:80", "http://alert.example.org"),
        ("https://alert.example.org:8443", "https://alert.example.org:8443"),
    ]
    .choose(random)
    .unwrap();
    (of(signed), of(asked))
}

#[test]
fn forms_that_twilios_library_signs_are_believed_and_others_are_not() {
    let (mut sdk, mut random, channels) = (Sdk::start(), StdRng::seed_from_u64(1), channels("twilio", &[]));
    let twilio = provider(&channels);
    let ask = |url: &str, signature: &str, fields: &[(String, String)]| {
        let kind = ("content-type", "application/x-www-form-urlencoded; charset=UTF-8");
        judge(twilio, &post(url, &[("x-twilio-signature", signature), kind], &form(fields))).is_ok()
    };
    for _ in 0..CASES {
        let (fields, token) = (twilio_fields(&mut random), *TWILIO_TOKENS.choose(&mut random).unwrap());
        let (signed, url) = twilio_urls(&mut random);
        let signature = sdk.word("twilio_sign", json!({"token": token, "url": signed, "params": grouped(&fields)}));
        let mut check = |url: &str, signature: &str, fields: &[(String, String)]| {
            sdk.believes("twilio_check", json!({"token": token, "url": url, "signature": signature, "params": grouped(fields)}))
        };
        assert!(check(&url, &signature, &fields) && ask(&url, &signature, &fields), "{signed} {url} {fields:?}");
        let backwards: Vec<_> = fields.iter().rev().cloned().collect();
        assert!(ask(&url, &signature, &backwards), "the order does not count: {fields:?}");

        let at = random.random_range(0..fields.len());
        let mut other = fields.clone();
        other[at].1 = changed(&mut random, &fields[at].1);
        // A value that another field of the name has too is signed once.
        if other.iter().collect::<BTreeSet<_>>() != fields.iter().collect() {
            assert!(!check(&url, &signature, &other) && !ask(&url, &signature, &other), "{fields:?} {other:?}");
        }
        let more = [&fields[..], &[("Added".to_owned(), String::new())]].concat();
        assert!(!check(&url, &signature, &more) && !ask(&url, &signature, &more), "{fields:?}");
        let elsewhere = url.replacen("/inbound", &changed(&mut random, "/inbound"), 1);
        assert!(!check(&elsewhere, &signature, &fields) && !ask(&elsewhere, &signature, &fields), "{elsewhere}");
        let damaged = changed(&mut random, &signature);
        assert!(!check(&url, &damaged, &fields) && !ask(&url, &damaged, &fields), "{damaged}");
        assert!(!ask(&url, &sdk.word("twilio_sign", json!({"token": changed(&mut random, token), "url": signed, "params": grouped(&fields)})), &fields));
    }
}

#[test]
fn json_and_get_that_twilios_library_signs_are_believed_and_others_are_not() {
    let (mut sdk, mut random, channels) = (Sdk::start(), StdRng::seed_from_u64(2), channels("twilio", &[]));
    let twilio = provider(&channels);
    let token = TWILIO_TOKENS[0];
    for _ in 0..CASES {
        let body = json!({"Body": words(&mut random), "MessageSid": "SM1"}).to_string();
        let hash = sdk.word("twilio_hash", json!({"body": body}));
        let url = format!("{URL}?d=1&bodySHA256={hash}");
        let signature = sdk.word("twilio_sign", json!({"token": token, "url": url, "params": {}}));
        let ask = |url: &str, signature: &str, body: &str| {
            judge(twilio, &post(url, &[("x-twilio-signature", signature), ("content-type", "application/json")], body)).is_ok()
        };
        let mut check =
            |url: &str, signature: &str, body: &str| sdk.believes("twilio_check", json!({"token": token, "url": url, "signature": signature, "body": body}));
        assert!(check(&url, &signature, &body) && ask(&url, &signature, &body), "{body}");
        let other = changed(&mut random, &body);
        assert!(!check(&url, &signature, &other) && !ask(&url, &signature, &other), "{body} {other}");
        let elsewhere = url.replacen(&hash, &changed(&mut random, &hash), 1);
        assert!(!check(&elsewhere, &signature, &body) && !ask(&elsewhere, &signature, &body), "{elsewhere}");
        let damaged = changed(&mut random, &signature);
        assert!(!check(&url, &damaged, &body) && !ask(&url, &damaged, &body));

        let url = format!("{URL}?{}", form(&twilio_fields(&mut random)));
        let signature = sdk.word("twilio_sign", json!({"token": token, "url": url, "params": {}}));
        let get =
            |url: &str, signature: &str| judge(twilio, &RawRequest { method: "GET".into(), ..post(url, &[("x-twilio-signature", signature)], "") }).is_ok();
        assert!(sdk.believes("twilio_check", json!({"token": token, "url": url, "signature": signature, "params": {}})) && get(&url, &signature), "{url}");
        assert!(!get(&url.replacen("AccountSid", &changed(&mut random, "AccountSid"), 1), &signature), "{url}");
    }
}

#[test]
fn a_text_goes_to_twilio_as_its_own_client_sends_it() {
    let (mut sdk, channels, text) = (Sdk::start(), channels("twilio", &[]), text());
    let ours = provider(&channels).build_request(&text, now());
    let callback = format!("{}?d={}", text.status_url, text.delivery_id);
    let message = json!({"to": text.to, "from": text.from, "body": text.body, "statusCallback": callback});
    let theirs = sdk.ask("twilio_send", json!({"account": "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "token": TWILIO_TOKENS[0], "message": message}));
    assert_eq!(
        (json!(ours.method), json!(ours.url), json!(header(&ours, "authorization")), json!(field_of(body(&ours)))),
        (theirs["method"].clone(), theirs["url"].clone(), theirs["authorization"].clone(), theirs["form"].clone())
    );
}

const VONAGE_SECRETS: [&str; 2] = ["0123456789abcdef0123456789abcdef", "fedcba9876543210fedcba9876543210"];

fn vonage_body(random: &mut StdRng) -> String {
    json!({
        "message_uuid": format!("aaaaaaaa-bbbb-4ccc-8ddd-{:012}", random.random_range(0..1_000_000)), "from": "447700900123", "to": "447700900001",
        "channel": "sms", "message_type": "text", "text": words(random),
    })
    .to_string()
}

fn vonage_claims(random: &mut StdRng, body: &str) -> Value {
    let mut claims = json!({
        "iat": now().unix_ms() / 1_000 - random.random_range(-250..250), "jti": format!("{:032x}", random.random::<u128>()), "iss": "Vonage",
        "payload_hash": hex::encode(Sha256::digest(body)), "api_key": "abcd1234",
    });
    if random.random_bool(0.5) {
        claims["application_id"] = "aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab".into();
    }
    claims
}

#[test]
fn tokens_that_vonages_library_believes_are_believed_with_their_body_alone() {
    let (mut sdk, mut random, channels) = (Sdk::start(), StdRng::seed_from_u64(3), channels("vonage", &[]));
    let vonage = provider(&channels);
    let ask = |token: &str, body: &str| judge(vonage, &post(URL, &[("authorization", &format!("Bearer {token}"))], body)).is_ok();
    for _ in 0..CASES {
        let (body, secret) = (vonage_body(&mut random), *VONAGE_SECRETS.choose(&mut random).unwrap());
        let claims = vonage_claims(&mut random, &body);
        let mut sign = |secret: &str, algorithm: &str| sdk.word("jwt_sign", json!({"claims": claims, "secret": secret, "algorithm": algorithm}));
        let (token, foreign, other_algorithm) = (sign(secret, "HS256"), sign(&format!("{secret}x"), "HS256"), sign(secret, "HS512"));
        let mut check = |token: &str| sdk.believes("vonage_check", json!({"token": token, "secret": secret}));
        assert!(check(&token) && ask(&token, &body), "{claims}");
        for bad in [foreign, other_algorithm, changed(&mut random, &token)] {
            assert!(!check(&bad) && !ask(&bad, &body), "{bad}");
        }
        // What their library leaves to whoever uses it.
        let other = changed(&mut random, &body);
        assert!(!ask(&token, &other), "{body} {other}");
    }
}

#[test]
fn our_tokens_are_believed_by_vonages_library_and_are_of_its_own_make() {
    let (mut sdk, text) = (Sdk::start(), text());
    let by_application = channels("vonage", &[]);
    let settings = std::fs::read_to_string(checkout().join("fixtures/providers/vonage/settings.toml")).unwrap();
    let key = settings.split("\"\"\"").nth(1).unwrap().trim();
    let bearer = |at: At| header(&provider(&by_application).build_request(&text, at), "authorization").strip_prefix("Bearer ").unwrap().to_owned();
    let moment = At::from(chrono::Utc::now());
    let ours = bearer(moment);
    assert!(sdk.believes("vonage_check", json!({"token": ours, "private_key": key})));
    assert!(!sdk.believes("vonage_check", json!({"token": bearer(moment.minus_days(1)), "private_key": key})), "it ends");
    assert_ne!(bearer(moment.plus_ms(1)), ours, "tried again, it is another");
    let signed = ours.rsplit_once('.').unwrap().0.len();
    for at in [2, signed / 2, signed - 1, signed + 20] {
        let mut damaged = ours.clone().into_bytes();
        damaged[at] = if damaged[at] == b'A' { b'B' } else { b'A' };
        assert!(!sdk.believes("vonage_check", json!({"token": String::from_utf8(damaged).unwrap(), "private_key": key})), "{at}");
    }
    let theirs = sdk.word("vonage_token", json!({"application": "aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab", "private_key": key}));
    let mut read = |token: &str| sdk.ask("jwt_read", json!({ "token": token }));
    let (ours, theirs) = (read(&ours), read(&theirs));
    let names = |token: &Value| token["payload"].as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
    assert_eq!((&ours["header"], names(&ours), &ours["payload"]["application_id"]), (&theirs["header"], names(&theirs), &theirs["payload"]["application_id"]));
    let span = |token: &Value| token["payload"]["exp"].as_i64().unwrap() - token["payload"]["iat"].as_i64().unwrap();
    assert!((1..=span(&theirs)).contains(&span(&ours)), "for no longer than theirs: {ours}");

    let application = format!("private_key = \"\"\"\n{key}\n\"\"\"");
    let by_account =
        channels("vonage", &[("application_id = \"aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab\"", ""), (application.as_str(), "api_secret = \"s3cret\"")]);
    let request = provider(&by_account).build_request(&text, now());
    assert_eq!(header(&request, "authorization"), sdk.word("vonage_basic", json!({"key": "abcd1234", "secret": "s3cret"})));
}

#[test]
fn every_signature_of_vonages_older_api_is_read_as_its_library_reads_it() {
    let (mut sdk, mut random) = (Sdk::start(), StdRng::seed_from_u64(4));
    for method in ["md5hash", "md5", "sha1", "sha256", "sha512"] {
        let wanted = format!("signature_method = \"{method}\"");
        let channels = channels("vonage_sms", &[("signature_method = \"md5hash\"", wanted.as_str())]);
        let vonage = provider(&channels);
        for round in 0..CASES / 3 {
            let secret = *VONAGE_SECRETS.choose(&mut random).unwrap();
            let mut fields: BTreeMap<String, String> = [("api-key", "abcd1234"), ("msisdn", "447700900123"), ("to", "447700900001"), ("type", "unicode")]
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into();
            fields.insert("text".into(), words(&mut random));
            fields.insert("timestamp".into(), (now().unix_ms() / 1_000).to_string());
            fields.insert("nonce".into(), format!("{:032x}", random.random::<u128>()));
            fields.insert((*["keyword", "concat-ref", "New_field", "Sig"].choose(&mut random).unwrap()).into(), words(&mut random));
            let signature = sdk.word("vonage_sms_sign", json!({"params": fields, "secret": secret, "method": method}));
            let signature = if random.random_bool(0.5) { signature.to_uppercase() } else { signature };
            let mut check = |fields: &BTreeMap<String, String>, signature: &str| {
                sdk.believes("vonage_sms_check", json!({"params": fields, "signature": signature, "secret": secret, "method": method}))
            };
            // The three ways in which an account can have them come.
            let ask = |fields: &BTreeMap<String, String>, signature: &str| {
                let mut all = fields.clone();
                all.insert("sig".into(), signature.to_owned());
                let encoded = form(&all.clone().into_iter().collect::<Vec<_>>());
                let request = match round % 3 {
                    0 => post(URL, &[("content-type", "application/x-www-form-urlencoded")], &encoded),
                    1 => post(URL, &[("content-type", "application/json")], &json!(all).to_string()),
                    _ => RawRequest { method: "GET".into(), ..post(&format!("{URL}?{encoded}"), &[], "") },
                };
                judge(vonage, &request).is_ok()
            };
            assert!(check(&fields, &signature) && ask(&fields, &signature), "{method} {fields:?}");
            let damaged = changed(&mut random, &signature);
            assert!(!check(&fields, &damaged) && !ask(&fields, &damaged), "{damaged}");
            let name = (*fields.keys().collect::<Vec<_>>().choose(&mut random).unwrap()).clone();
            let mut other = fields.clone();
            let value = changed(&mut random, &fields[&name]);
            other.insert(name.clone(), value);
            // Signed, `&` and `=` are the same as `_`.
            let signed = |fields: &BTreeMap<String, String>| fields[&name].replace(['&', '='], "_");
            if signed(&other) != signed(&fields) {
                assert!(!check(&other, &signature) && !ask(&other, &signature), "{method} {fields:?} {other:?}");
            }
            other.clone_from(&fields);
            other.insert("added".into(), String::new());
            assert!(!check(&other, &signature) && !ask(&other, &signature), "{fields:?}");
        }
    }
}

#[test]
fn a_text_goes_to_vonages_older_api_with_what_its_own_client_sends() {
    let (mut sdk, channels, text) = (Sdk::start(), channels("vonage_sms", &[]), text());
    let request = provider(&channels).build_request(&text, now());
    let message = json!({
        "to": "447700900123", "from": "447700900001", "text": text.body, "type": "unicode", "clientRef": text.delivery_id.to_string(),
        "callback": text.status_url, "statusReportReq": true,
    });
    let theirs = sdk.ask("vonage_sms_send", json!({"key": "abcd1234", "secret": "AbCdEf0123456789", "message": message}));
    assert_eq!((theirs["method"].as_str().unwrap(), request.url.strip_prefix("https://rest.nexmo.com")), (request.method, theirs["path"].as_str()));
    let sent: Value = serde_json::from_str(theirs["body"].as_str().unwrap()).unwrap();
    let mut ours = field_of(body(&request));
    // Theirs has the credentials in the head, and a word for yes.
    let credentials = (ours.remove("api_key").unwrap(), ours.remove("api_secret").unwrap());
    let basic = sdk.word("vonage_basic", json!({"key": credentials.0, "secret": credentials.1}));
    assert_eq!(json!(basic), theirs["headers"]["authorization"]);
    assert_eq!(ours.remove("status-report-req").as_deref(), sent["status-report-req"].as_bool().map(|yes| if yes { "1" } else { "0" }));
    let sent: BTreeMap<_, _> = sent
        .as_object()
        .unwrap()
        .iter()
        .filter(|(name, _)| *name != "status-report-req")
        .map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()))
        .collect();
    assert_eq!(ours, sent);
}

/// What SNS posts, unsigned: a notification with or without a subject, or the question whether we want the topic.
fn sns_envelope(random: &mut StdRng) -> Value {
    let said = json!({"originationNumber": "+447700900123", "destinationNumber": "+447700900001", "messageKeyword": "", "messageBody": words(random), "inboundMessageId": "1"});
    let mut envelope = json!({
        "Type": "Notification", "MessageId": format!("aaaaaaaa-bbbb-4ccc-8ddd-{:012}", random.random_range(0..1_000_000)),
        "TopicArn": "arn:aws:sns:eu-west-2:111122223333:huecry", "Message": said.to_string(), "Timestamp": now().utc().format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string(),
        "SignatureVersion": if random.random_bool(0.5) { "1" } else { "2" },
        "SigningCertURL": "https://sns.eu-west-2.amazonaws.com/SimpleNotificationService-1.pem",
    });
    match random.random_range(0..4) {
        0 => envelope["Subject"] = words(random).into(),
        // Neither signed nor there.
        1 => envelope["Subject"] = Value::Null,
        2 => {
            envelope["Type"] = "SubscriptionConfirmation".into();
            envelope["Token"] = format!("{:064x}", random.random::<u128>()).into();
            envelope["SubscribeURL"] = "https://sns.eu-west-2.amazonaws.com/?Action=ConfirmSubscription&Token=1".into();
        }
        _ => {}
    }
    envelope
}

/// "Verifying the signatures of Amazon SNS messages": names in alphabetical order, each with its value, by line.
fn sns_signed(envelope: &Value) -> Vec<&'static str> {
    let beside: &[&str] = if envelope["Type"] == "Notification" { &["Subject"] } else { &["SubscribeURL", "Token"] };
    let all = ["Message", "MessageId", "Subject", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"];
    all.into_iter().filter(|name| envelope[*name].is_string() && (beside.contains(name) || !["Subject", "SubscribeURL", "Token"].contains(name))).collect()
}

#[test]
fn what_snss_validator_believes_is_believed_and_nothing_else() {
    let (mut sdk, mut random, channels) = (Sdk::start(), StdRng::seed_from_u64(5), channels("aws", &[]));
    let aws = provider(&channels);
    let foreign = sdk.word("sns_certify", json!({"name": "bucket.s3.amazonaws.com"}));
    let certificate = sdk.word("sns_certify", json!({"name": "sns.amazonaws.com"}));
    let judge_by = |certificate: &str, envelope: &Value| {
        let request = post(URL, &[("content-type", "text/plain; charset=UTF-8")], &envelope.to_string());
        aws.verify(&request, &Circumstances { now: now(), certificate: Some(certificate.as_bytes()) })
    };
    let ask = |envelope: &Value| judge_by(&certificate, envelope).is_ok();
    for _ in 0..CASES {
        let mut envelope = sns_envelope(&mut random);
        let names = sns_signed(&envelope);
        let text: String = names.iter().map(|name| format!("{name}\n{}\n", envelope[*name].as_str().unwrap())).collect();
        envelope["Signature"] = sdk.word("sns_sign", json!({"text": text, "version": envelope["SignatureVersion"]})).into();
        let mut check = |envelope: &Value| sdk.believes("sns_check", json!({ "envelope": envelope }));
        assert!(check(&envelope) && ask(&envelope), "{envelope}");
        assert_eq!(judge_by(&foreign, &envelope), Err(VerifyError::Wrong), "of another key and name");
        for name in names.into_iter().chain(["Signature", "SignatureVersion"]) {
            let mut other = envelope.clone();
            other[name] = changed(&mut random, envelope[name].as_str().unwrap()).into();
            if name == "SignatureVersion" {
                other[name] = (if envelope[name] == "1" { "2" } else { "1" }).into();
            }
            assert!(!ask(&other), "{name} of {other}");
            // It reads base64 with characters in it that are none.
            assert!(name == "Signature" || !check(&other), "{name} of {other}");
        }
        let mut elsewhere = envelope.clone();
        elsewhere["SigningCertURL"] = "https://sns.eu-west-2.amazonaws.com.example.net/a.pem".into();
        assert!(!check(&elsewhere) && judge_by(&certificate, &elsewhere) == Err(VerifyError::Wrong));
    }
}

#[test]
fn a_text_goes_to_notify_as_its_own_client_sends_it() {
    const KEY: &str = "police-alert-live-0a1b2c3d-1111-4222-8333-444455556666-9f8e7d6c-aaaa-4bbb-8ccc-ddddeeeeffff";
    const SECRET: &str = "9f8e7d6c-aaaa-4bbb-8ccc-ddddeeeeffff";
    let (mut sdk, channels, text) = (Sdk::start(), channels("notify", &[]), text());
    let moment = At::from(chrono::Utc::now());
    let ours = provider(&channels).build_request(&text, moment);
    let options =
        json!({"personalisation": {"body": text.body}, "reference": text.delivery_id.to_string(), "smsSenderId": "11111111-aaaa-4aaa-8aaa-000000000001"});
    let theirs = sdk.ask("notify_send", json!({"key": KEY, "template": "7b6a5c4d-2222-4333-8444-555566667777", "number": text.to, "options": options}));
    assert_eq!((json!(ours.method), ours.url.strip_prefix("https://api.notifications.service.gov.uk")), (theirs["method"].clone(), theirs["path"].as_str()));
    let read = |body: &str| serde_json::from_str::<Value>(body).unwrap();
    assert_eq!(read(body(&ours)), read(theirs["body"].as_str().unwrap()));

    let bearer = |authorization: &str| authorization.strip_prefix("Bearer ").unwrap().to_owned();
    let (ours, theirs) = (bearer(header(&ours, "authorization")), bearer(theirs["headers"]["authorization"].as_str().unwrap()));
    for token in [&ours, &theirs] {
        assert!(sdk.believes("jwt_check", json!({"token": token, "secret": SECRET})));
        assert!(!sdk.believes("jwt_check", json!({"token": token, "secret": format!("{SECRET}x")})));
    }
    let mut told = |token: &str| sdk.ask("jwt_read", json!({ "token": token }));
    let (ours, mut theirs) = (told(&ours), told(&theirs));
    let apart = ours["payload"]["iat"].as_i64().unwrap() - theirs["payload"]["iat"].as_i64().unwrap();
    assert!(apart.abs() <= 30, "Notify allows half a minute: {ours} {theirs}");
    theirs["payload"]["iat"] = ours["payload"]["iat"].clone();
    assert_eq!(ours, theirs);
}
