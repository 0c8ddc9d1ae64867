//! Amazon SNS: wraps a message, signs it, and hands out the certificate that it signs by.
//!
//! Owns: the envelope and its signature, version 2. Must not: know what it carries.
//! Data: a message in; the request to the gateway out. The key and its certificate were made for the simulator and are used nowhere else.
//! Source: AWS, "Parsing message formats" and "Verifying the signatures of Amazon SNS messages".

use std::sync::LazyLock;

use actix_web::HttpResponse;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject;
use serde_json::{Value, json};

use super::super::gateway::Call;
use super::super::{clock, shapes};
use super::Aws;

/// The file that the gateway fetches, at the simulator's address in place of SNS's.
pub(super) const CERTIFICATE_PATH: &str = "/SimpleNotificationService-00000000000000000000000000000000.pem";
const CERTIFICATE: &str = include_str!("certificate.pem");

static KEY: LazyLock<Option<RsaKeyPair>> = LazyLock::new(|| {
    let der = PrivatePkcs8KeyDer::from_pem_slice(include_bytes!("key.pem")).ok()?;
    RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()).ok()
});

/// `GET` of the certificate.
pub(super) async fn certificate() -> HttpResponse {
    HttpResponse::Ok().content_type("application/x-pem-file").body(CERTIFICATE)
}

/// What SNS posts to a subscriber of the topic.
pub(super) fn published(own: &Aws, url: String, message: &Value) -> Option<Call> {
    let (id, message, topic) = (shapes::uuid(), message.to_string(), own.topic_arn.as_str());
    let time = clock::iso(clock::now());
    let signed = format!("Message\n{message}\nMessageId\n{id}\nTimestamp\n{time}\nTopicArn\n{topic}\nType\nNotification\n");
    let subscription = format!("{topic}:{}", shapes::uuid());
    let host = format!("https://sns.{}.amazonaws.com", own.region);
    let envelope = json!({
        "Type": "Notification",
        "MessageId": id,
        "TopicArn": topic,
        "Message": message,
        "Timestamp": time,
        "SignatureVersion": "2",
        "Signature": STANDARD.encode(sign(signed.as_bytes())?),
        "SigningCertURL": format!("{host}{CERTIFICATE_PATH}"),
        "UnsubscribeURL": format!("{host}/?Action=Unsubscribe&SubscriptionArn={subscription}"),
    });
    let headers = vec![
        ("x-amz-sns-message-type", "Notification".to_owned()),
        ("x-amz-sns-message-id", id),
        ("x-amz-sns-topic-arn", topic.to_owned()),
        ("x-amz-sns-subscription-arn", subscription),
        ("content-type", "text/plain; charset=UTF-8".to_owned()),
        ("user-agent", "Amazon Simple Notification Service Agent".to_owned()),
    ];
    Some(Call { url, headers, body: Bytes::from(format!("{envelope:#}")) })
}

fn sign(bytes: &[u8]) -> Option<Vec<u8>> {
    let key = KEY.as_ref()?;
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), bytes, &mut signature).ok()?;
    Some(signature)
}
