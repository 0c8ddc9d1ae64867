//! The web edge over real HTTP: who may open what, forms, webhooks and receipts, the API, live pages, health.

mod access;
mod api;
mod forms;
mod health;
mod live;
mod orders;
mod receipts;
mod refusals;
mod search;
mod webhooks;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use huecry::store::envelopes;
use sha1::Sha1;

use crate::support::app::{ACCOUNT, MAIL_SECRET, TOKEN, TestApp, eventually};
use crate::support::db::TestDb;

pub(crate) const INBOUND: &str = "/webhooks/sms/sms/inbound";
const MAIL: &str = "/webhooks/email/mail";

/// What Twilio would put into `X-Twilio-Signature`; computed here, so that the product's own code proves nothing.
pub(crate) fn signature(url: &str, fields: &[(&str, &str)]) -> String {
    let mut sorted: Vec<_> = fields.to_vec();
    sorted.sort_unstable();
    let mut mac = Hmac::<Sha1>::new_from_slice(TOKEN.as_bytes()).unwrap();
    mac.update(url.as_bytes());
    for (key, value) in sorted {
        mac.update(key.as_bytes());
        mac.update(value.as_bytes());
    }
    STANDARD.encode(mac.finalize().into_bytes())
}

pub(crate) fn encoded(fields: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

/// The fields of a text.
pub(crate) fn text_form<'a>(from: &'a str, to: &'a str, body: &'a str, sid: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![("AccountSid", ACCOUNT), ("From", from), ("To", to), ("Body", body), ("MessageSid", sid), ("NumMedia", "0")]
}

/// Posts a form, signed as by the provider; gives status and body.
pub(crate) async fn post_signed(t: &TestApp, path: &str, fields: &[(&str, &str)]) -> (u16, String) {
    post_form(t, path, fields, Some(&signature(&format!("{}{path}", t.url), fields))).await
}

async fn post_form(t: &TestApp, path: &str, fields: &[(&str, &str)], signature: Option<&str>) -> (u16, String) {
    let mut request = t.http().post(format!("{}{path}", t.url)).header("content-type", "application/x-www-form-urlencoded").body(encoded(fields));
    if let Some(signature) = signature {
        request = request.header("x-twilio-signature", signature);
    }
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

/// Posts a raw mail with this Authorization.
async fn post_mail(t: &TestApp, raw: impl Into<Vec<u8>>, authorization: Option<&str>) -> (u16, String) {
    let mut request = t.http().post(format!("{}{MAIL}", t.url)).header("content-type", "message/rfc822").body(raw.into());
    if let Some(authorization) = authorization {
        request = request.header("authorization", authorization);
    }
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

/// A raw mail that the gateway must take.
pub(crate) async fn take_mail(t: &TestApp, raw: impl Into<Vec<u8>>) {
    assert_eq!(post_mail(t, raw, Some(&format!("Bearer {MAIL_SECRET}"))).await, (200, "stored\n".to_owned()));
}

/// A text that the gateway must take.
async fn take_text(t: &TestApp, from: &str, to: &str, body: &str, sid: &str) {
    assert_eq!(post_signed(t, INBOUND, &text_form(from, to, body, sid)).await.0, 200);
}

/// How many envelopes there are.
async fn stored(db: &TestDb) -> i64 {
    let mut conn = db.read().await;
    let mut sum = 0;
    for status in ["received", "processed", "parked"] {
        sum += envelopes::count_of(&mut conn, status).await.unwrap();
    }
    sum
}

/// Waits until so many envelopes have come and all are dealt with.
async fn all_dealt_with(db: &TestDb, count: i64) {
    eventually(&format!("{count} envelopes to be dealt with"), async || {
        let waiting = envelopes::count_waiting(&mut db.read().await).await.unwrap();
        (waiting == 0 && stored(db).await == count).then_some(())
    })
    .await;
}

/// The sum of a figure in `/metrics` over its labels.
async fn figure(t: &TestApp, name: &str) -> f64 {
    let text = t.http().get(format!("{}/metrics", t.url)).send().await.unwrap().text().await.unwrap();
    let lines = text.lines().filter(|line| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(['{', ' '])));
    lines.map(|line| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap()).sum()
}

/// Conversations in the tray, once there are so many messages in all.
pub(crate) async fn tray(t: &TestApp, messages: usize) -> Vec<serde_json::Value> {
    let key = t.key(&["inbox"]).await;
    eventually(&format!("{messages} messages in the tray"), async || {
        let list = t.api(&key, "/api/v1/unattributed").await["conversations"].as_array().cloned().unwrap();
        let count: usize = list.iter().map(|conversation| conversation["messages"].as_array().unwrap().len()).sum();
        (count >= messages).then_some(list)
    })
    .await
}
