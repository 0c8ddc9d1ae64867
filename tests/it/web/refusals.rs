//! What is not genuine, for each provider over real HTTP: one answer whatever was wrong, counted, and nothing kept. What is
//! genuine and cannot be read is kept and parked.
//!
//! The webhooks are signed here, so that the product's own code proves nothing; that it signs as the vendors do is seen by the
//! genuine one, which is taken.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use huecry::demo::carriers;
use huecry::demo::simulator::Carrier;
use huecry::domain::At;
use huecry::store::{envelopes, messages};
use md5::Md5;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject;
use serde_json::json;
use sha1::Sha1;
use sha2::{Digest, Sha256};

use super::webhooks::status_of;
use super::{INBOUND, all_dealt_with, encoded, figure, stored};
use crate::support::app::{POOL, TestApp};
use crate::support::db::TestDb;

const FROM: &str = "447700900101";

/// What a webhook says, and how it is signed.
#[derive(Clone)]
struct Letter {
    path: &'static str,
    id: &'static str,
    /// What the person wrote; none: something is left out without which nobody can read it.
    words: Option<&'static str>,
    /// By another secret than ours.
    foreign: bool,
    /// For another account than ours.
    elsewhere: bool,
    /// Signed so long before now.
    age_s: i64,
    /// What may come once only.
    once: &'static str,
}

const GENUINE: Letter = Letter { path: INBOUND, id: "1", words: Some("I saw it"), foreign: false, elsewhere: false, age_s: 0, once: "a" };

/// A request: headers and body.
struct Post {
    path: &'static str,
    headers: Vec<(&'static str, String)>,
    body: String,
}

fn write(t: &TestApp, carrier: &Carrier, letter: &Letter, now: At) -> Post {
    let now = now.plus_ms(-letter.age_s * 1_000);
    let account = |own: &str| if letter.elsewhere { format!("{own}9") } else { own.to_owned() };
    let secret = |own: &str| if letter.foreign { format!("{own}9") } else { own.to_owned() };
    let seconds = now.unix_ms() / 1_000;
    let (headers, body) = match carrier {
        Carrier::Twilio(own) => {
            let mut fields = vec![("AccountSid", account(&own.account_sid)), ("MessageSid", letter.id.to_owned()), ("To", POOL[0].to_owned())];
            fields.extend(letter.words.map(|words| ("Body", words.to_owned())));
            fields.extend(letter.words.map(|_| ("From", format!("+{FROM}"))));
            fields.sort();
            let signed: String = fields.iter().map(|(name, value)| format!("{name}{value}")).collect();
            let signature = STANDARD.encode(mac::<Hmac<Sha1>>(&secret(&own.auth_token), &format!("{}{}{signed}", t.url, letter.path)));
            (vec![("content-type", "application/x-www-form-urlencoded".to_owned()), ("x-twilio-signature", signature)], form(&fields))
        }
        Carrier::Notify(own) => {
            let token = secret(&account(&own.bearer_token));
            let body = json!({"id": letter.id, "source_number": FROM, "destination_number": POOL[0], "message": letter.words, "date_received": "2026-11-22T12:00:00.000000Z"});
            let body = if letter.words.is_some() { body.to_string() } else { "{".to_owned() };
            (vec![("content-type", "application/json".to_owned()), ("authorization", format!("Bearer {token}"))], body)
        }
        Carrier::Vonage(own) => {
            let mut body = json!({"message_uuid": letter.id, "from": FROM, "to": &POOL[0][1..], "channel": "sms", "message_type": "text"});
            if let Some(words) = letter.words {
                body["text"] = words.into();
            }
            let body = body.to_string();
            let hash = hex::encode(Sha256::digest(&body));
            let claims = json!({"iat": seconds, "jti": letter.once, "iss": "Vonage", "payload_hash": hash, "api_key": account(&own.api_key)});
            let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","typ":"JWT"}"#), URL_SAFE_NO_PAD.encode(claims.to_string()));
            let signature = URL_SAFE_NO_PAD.encode(mac::<Hmac<Sha256>>(&secret(&own.signature_secret), &signed));
            (vec![("content-type", "application/json".to_owned()), ("authorization", format!("Bearer {signed}.{signature}"))], body)
        }
        Carrier::VonageSms(own) => {
            let mut fields = vec![("api-key", account(&own.api_key)), ("messageId", letter.id.to_owned()), ("nonce", letter.once.to_owned())];
            fields.extend([("timestamp", seconds.to_string()), ("to", POOL[0][1..].to_owned()), ("type", "text".to_owned())]);
            fields.extend(letter.words.map(|words| ("text", words.to_owned())));
            fields.extend(letter.words.map(|_| ("msisdn", FROM.to_owned())));
            fields.sort();
            let signed: String = fields.iter().map(|(name, value)| format!("&{name}={value}")).collect();
            fields.push(("sig", hex::encode(Md5::digest(format!("{signed}{}", secret(&own.signature_secret))))));
            (vec![("content-type", "application/x-www-form-urlencoded".to_owned())], form(&fields))
        }
        Carrier::Aws(own) => {
            let said =
                json!({"originationNumber": format!("+{FROM}"), "destinationNumber": POOL[0], "messageBody": letter.words, "inboundMessageId": letter.id});
            let message = if letter.words.is_some() { said.to_string() } else { "not JSON".to_owned() };
            let (topic, time) = (account(&own.topic_arn), now.utc().format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string());
            let signed = format!("Message\n{message}\nMessageId\n{}\nTimestamp\n{time}\nTopicArn\n{topic}\nType\nNotification\n", letter.id);
            let mut signature = sign(signed.as_bytes());
            signature[100] ^= u8::from(letter.foreign);
            let envelope = json!({
                "Type": "Notification", "MessageId": letter.id, "TopicArn": topic, "Message": message, "Timestamp": time, "SignatureVersion": "2",
                "Signature": STANDARD.encode(signature),
                "SigningCertURL": format!("https://sns.{}.amazonaws.com/SimpleNotificationService-00000000000000000000000000000000.pem", own.region),
            });
            (vec![("content-type", "text/plain; charset=UTF-8".to_owned()), ("x-amz-sns-message-type", "Notification".to_owned())], envelope.to_string())
        }
    };
    Post { path: letter.path, headers, body }
}

fn form(fields: &[(&str, String)]) -> String {
    encoded(&fields.iter().map(|(name, value)| (*name, value.as_str())).collect::<Vec<_>>())
}

fn mac<M: Mac + KeyInit>(secret: &str, signed: &str) -> Vec<u8> {
    let mut mac = <M as KeyInit>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(signed.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

/// By the key whose certificate the simulator hands out in SNS's place.
fn sign(bytes: &[u8]) -> Vec<u8> {
    let der = PrivatePkcs8KeyDer::from_pem_slice(include_bytes!("../../../src/demo/simulator/aws/key.pem")).unwrap();
    let key = RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()).unwrap();
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &ring::rand::SystemRandom::new(), bytes, &mut signature).unwrap();
    signature
}

async fn send(t: &TestApp, post: &Post) -> (u16, String) {
    let call = post.headers.iter().fold(t.http().post(format!("{}{}", t.url, post.path)), |call, (name, value)| call.header(*name, value));
    let answer = call.body(post.body.clone()).send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

/// How each provider's requests can be wrong, beside what all have: those that tell an account, and those that tell a time.
fn wrong_letters(provider: &str) -> Vec<(&'static str, Letter)> {
    let mut wrong = vec![
        ("another's secret", Letter { foreign: true, ..GENUINE }),
        ("another's secret, unread", Letter { foreign: true, words: None, ..GENUINE }),
        ("another account", Letter { elsewhere: true, ..GENUINE }),
        ("no such channel", Letter { path: "/webhooks/sms/nobody/inbound", ..GENUINE }),
        ("no such channel, another's secret", Letter { path: "/webhooks/sms/nobody/inbound", foreign: true, ..GENUINE }),
        ("a channel for mail", Letter { path: "/webhooks/sms/mail/inbound", ..GENUINE }),
    ];
    if !matches!(provider, "twilio" | "notify") {
        wrong.extend([("of yesterday", Letter { age_s: 86_400, ..GENUINE }), ("of tomorrow", Letter { age_s: -86_400, ..GENUINE })]);
    }
    wrong
}

async fn refuses(db: &TestDb, provider: &str) {
    let (t, carrier) = (TestApp::start_with_provider(db, provider).await, carriers::account(provider).unwrap());
    let now = At::from(chrono::Utc::now());
    let write = |letter: &Letter| write(&t, &carrier, letter, now);
    let before = figure(&t, "huecry_webhooks_refused_total").await;
    let counted = async || (figure(&t, "huecry_webhooks_refused_total").await - before).round();
    let mut refused = 0.0;
    for (what, letter) in wrong_letters(provider) {
        assert_eq!(send(&t, &write(&letter)).await, (403, "refused\n".to_owned()), "{what}");
        refused += 1.0;
    }
    // Cut off, nothing that was signed is whole any more.
    let genuine = write(&GENUINE);
    let cut = Post { body: genuine.body[..genuine.body.len() - 12].to_owned(), path: genuine.path, headers: genuine.headers.clone() };
    if provider != "notify" {
        assert_eq!(send(&t, &cut).await.0, 403, "cut off");
        refused += 1.0;
    }
    let head: String = genuine.headers.iter().map(|(name, value)| format!("\r\n{name}: {value}")).collect();
    for path in [INBOUND, "/webhooks/sms/sms/status"] {
        let too_long = format!("POST {path} HTTP/1.1{head}\r\nContent-Length: {}", (1 << 20) + 1);
        assert_eq!(status_of(&t, &too_long, None).await, 413, "{path}");
    }
    assert_eq!((stored(db).await, counted().await), (0, refused), "each is counted, and nothing is kept");

    // The same again is the provider's own trying again; other words under what may come once are somebody else's.
    for _ in 0..2 {
        assert_eq!(send(&t, &genuine).await.0, 200, "this is what the others were made of");
    }
    if matches!(provider, "vonage" | "vonage_sms") {
        let replayed = Letter { id: "2", words: Some("I did it"), ..GENUINE };
        assert_eq!(send(&t, &write(&replayed)).await, (403, "refused\n".to_owned()), "its token or nonce came with another");
        refused += 1.0;
    }
    let unreadable = Letter { id: "3", words: None, once: "b", ..GENUINE };
    assert_eq!(send(&t, &write(&unreadable)).await.0, 200, "it is genuine: it must not be sent again for ever");
    all_dealt_with(db, 2).await;
    let mut conn = db.read().await;
    let parked = envelopes::list_parked(&mut conn, 9).await.unwrap();
    assert!(matches!(&parked[..], [one] if one.reason.as_ref().is_some_and(|reason| !reason.is_empty())), "{parked:?}");
    assert_eq!((messages::count_of(&mut conn, "in").await.unwrap(), counted().await), (1, refused));
    drop(conn);
    t.stop().await;
}

macro_rules! refuse {
    ($($provider:ident),*) => {$(
        on_both!($provider, async |db| {
            refuses(db, stringify!($provider)).await;
        });
    )*};
}

refuse!(twilio, notify, vonage, vonage_sms, aws);
