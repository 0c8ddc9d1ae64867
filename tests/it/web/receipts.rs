//! Receipts come first, late, twice or out of order, and each delivery ends where the rank of its words says.
//!
//! The carrier here is the test's own, so that its answer can be held back until a receipt has overtaken it.

use std::collections::BTreeMap;

use huecry::store::deliveries::{self, DeliveryRow};
use huecry::store::envelopes;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

use super::{figure, post_signed, stored, take_text};
use crate::support::app::{ACCOUNT, TOKEN, TestApp, eventually};
use crate::support::db::TestDb;

pub(super) const NUMBER: &str = "+447700900009";

/// A text that the gateway is handing over, and waits to hear about.
pub(super) struct HandOver {
    fields: BTreeMap<String, String>,
    stream: TcpStream,
}

impl HandOver {
    /// The path of its status callback, without the name of the host.
    pub(super) fn callback<'a>(&'a self, t: &TestApp) -> &'a str {
        self.fields["StatusCallback"].strip_prefix(&t.url).unwrap()
    }

    pub(super) fn delivery_id(&self) -> i64 {
        self.fields["StatusCallback"].rsplit_once("d=").unwrap().1.parse().unwrap()
    }

    /// Takes the text under this id.
    pub(super) async fn accept(self, sid: &str) {
        self.answer("201 Created", &json!({ "sid": sid, "status": "queued" })).await;
    }

    /// Does not take it.
    pub(super) async fn refuse(self, code: i64) {
        self.answer("400 Bad Request", &json!({ "code": code, "message": "no", "status": 400 })).await;
    }

    async fn answer(mut self, status: &str, body: &serde_json::Value) {
        let body = body.to_string();
        let answer = format!("HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len());
        self.stream.write_all(answer.as_bytes()).await.unwrap();
        self.stream.shutdown().await.unwrap();
    }
}

async fn read(mut stream: TcpStream) -> Option<HandOver> {
    let mut bytes = Vec::new();
    loop {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
        let text = String::from_utf8(bytes.clone()).unwrap();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        if head.starts_with("GET ") {
            // The gateway asks for what people sent meanwhile: nothing.
            let answer = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 15\r\nConnection: close\r\n\r\n{\"messages\":[]}";
            stream.write_all(answer.as_bytes()).await.ok()?;
            return None;
        }
        let length = head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ").map(|value| value.parse::<usize>().unwrap()));
        if body.len() >= length.unwrap_or(0) {
            return Some(HandOver { fields: form_urlencoded::parse(body.as_bytes()).into_owned().collect(), stream });
        }
    }
}

/// A carrier that answers when it is told to: its configuration as a channel of its own, and what is handed to it.
pub(super) async fn carrier() -> (String, mpsc::UnboundedReceiver<HandOver>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (tell, told) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            if let Some(hand_over) = read(stream).await {
                let _unwanted = tell.send(hand_over);
            }
        }
    });
    let channel = format!(
        "[[channels]]\nname = \"own\"\nkind = \"sms\"\nprovider = \"twilio\"\naccount_sid = \"{ACCOUNT}\"\nauth_token = \"{TOKEN}\"\n\
         numbers = [\"{NUMBER}\"]\nacknowledge = false\napi_base = \"http://127.0.0.1:{port}\"\nrate_per_s = 1000\nconcurrency = 16\n"
    );
    (channel, told)
}

/// An answer to somebody, up to the moment when the carrier has it and has said nothing yet.
async fn hand_over(t: &TestApp, told: &mut mpsc::UnboundedReceiver<HandOver>, n: usize) -> HandOver {
    let phone = format!("+4477009001{n:02}");
    let fields = super::text_form(&phone, NUMBER, "hello", &phone);
    assert_eq!(post_signed(t, "/webhooks/sms/own/inbound", &fields).await.0, 200);
    let key = t.key(&["inbox"]).await;
    let wanted = format!("a number ending {}", phone.get(9..).unwrap());
    let (id, version) = eventually("their text in the tray", async || {
        let list = t.api(&key, "/api/v1/unattributed").await["conversations"].as_array().cloned().unwrap();
        list.iter()
            .find(|one| one["correspondent"]["address_masked"] == wanted.as_str())
            .map(|one| (one["id"].as_str().unwrap().to_owned(), one["version"].clone()))
    })
    .await;
    let answer = t
        .http()
        .post(format!("{}/api/v1/conversations/{id}/replies", t.url))
        .bearer_auth(&key)
        .json(&json!({ "text": "Thank you", "version": version }))
        .send();
    assert_eq!(answer.await.unwrap().status().as_u16(), 202);
    let hand_over = tokio::time::timeout(std::time::Duration::from_secs(20), told.recv()).await.expect("a hand-over within 20 seconds").unwrap();
    assert_eq!(hand_over.fields["To"], phone);
    hand_over
}

/// One word of the carrier: `undelivered 30005`.
pub(super) async fn receipt(t: &TestApp, callback: &str, sid: &str, word: &str) {
    let (word, code) = word.split_once(' ').unwrap_or((word, ""));
    let mut fields = vec![("AccountSid", ACCOUNT), ("MessageSid", sid), ("MessageStatus", word), ("From", NUMBER), ("To", "+447700900101")];
    if !code.is_empty() {
        fields.push(("ErrorCode", code));
    }
    assert_eq!(post_signed(t, callback, &fields).await.0, 200, "{word}");
}

async fn delivery(db: &TestDb, id: i64) -> DeliveryRow {
    deliveries::find(&mut db.read().await, id).await.unwrap().unwrap()
}

async fn all_read(db: &TestDb) {
    eventually("every receipt to be dealt with", async || (envelopes::count_waiting(&mut db.read().await).await.unwrap() == 0).then_some(())).await;
}

/// Words before the carrier's answer, words after it, and where the delivery ends.
const COURSES: &[(&[&str], &[&str], &str)] = &[
    (&[], &[], "accepted"),
    (&[], &["sent", "delivered"], "delivered"),
    (&[], &["delivered", "sent", "queued"], "delivered"),
    (&[], &["delivered", "delivered"], "delivered"),
    (&["sent", "delivered"], &[], "delivered"),
    (&["delivered"], &["sent"], "delivered"),
    (&["undelivered 30005"], &["sent"], "permanent_failure"),
    (&[], &["undelivered 30003"], "temporary_failure"),
    (&[], &["undelivered 30003", "delivered"], "delivered"),
    (&[], &["delivered", "undelivered 30003"], "delivered"),
    (&[], &["undelivered 30006", "sent", "queued"], "permanent_failure"),
    (&[], &["failed 30001"], "technical_failure"),
    (&[], &["teleported"], "accepted"),
    (&[], &["teleported", "delivered"], "delivered"),
];

on_both!(receipts_in_any_order_end_where_their_rank_says, async |db| {
    let (channel, mut told) = carrier().await;
    let t = TestApp::start_with(db, &channel, true).await;
    let unknown = figure(&t, "huecry_unknown_receipt_words_total").await;
    for (n, (early, late, expected)) in COURSES.iter().enumerate() {
        let hand_over = hand_over(&t, &mut told, n).await;
        let (id, callback, sid) = (hand_over.delivery_id(), hand_over.callback(&t).to_owned(), format!("SMsent{n}"));
        for word in *early {
            receipt(&t, &callback, &sid, word).await;
        }
        all_read(db).await;
        hand_over.accept(&sid).await;
        eventually("the carrier's answer to be recorded", async || delivery(db, id).await.provider_message_id.filter(|known| *known == sid)).await;
        for word in *late {
            receipt(&t, &callback, &sid, word).await;
            all_read(db).await;
        }
        assert_eq!(delivery(db, id).await.status, *expected, "{early:?}, the answer, {late:?}");
    }
    assert!((figure(&t, "huecry_unknown_receipt_words_total").await - unknown - 2.0).abs() < 0.1, "unknown words are counted");
    assert_eq!(envelopes::count_of(&mut db.read().await, "parked").await.unwrap(), 0);
    t.stop().await;
});

on_both!(a_receipt_that_only_names_the_carriers_id_waits_for_the_answer_that_makes_it_known, async |db| {
    let (channel, mut told) = carrier().await;
    let t = TestApp::start_with(db, &channel, true).await;
    let hand_over = hand_over(&t, &mut told, 1).await;
    let id = hand_over.delivery_id();
    receipt(&t, "/webhooks/sms/own/status", "SMearly", "delivered").await;
    all_read(db).await;
    assert_eq!(delivery(db, id).await.status, "sending", "nobody can know yet whose it is");
    hand_over.accept("SMearly").await;
    eventually("the receipt to be applied", async || (delivery(db, id).await.status == "delivered").then_some(())).await;
    t.stop().await;
});

on_both!(a_receipt_of_another_channel_with_the_same_id_is_not_taken_for_the_early_one, async |db| {
    let (channel, mut told) = carrier().await;
    let t = TestApp::start_with(db, &channel, true).await;
    let hand_over = hand_over(&t, &mut told, 1).await;
    let id = hand_over.delivery_id();
    receipt(&t, "/webhooks/sms/sms/status", "SMsame", "undelivered 30005").await;
    receipt(&t, "/webhooks/sms/own/status", "SMsame", "sent").await;
    all_read(db).await;
    hand_over.accept("SMsame").await;
    eventually("the answer to be recorded", async || delivery(db, id).await.provider_message_id).await;
    receipt(&t, "/webhooks/sms/sms/status", "SMsame", "failed 30006").await;
    all_read(db).await;
    assert_eq!(delivery(db, id).await.status, "accepted");
    t.stop().await;
});

on_both!(a_receipt_for_another_hand_over_changes_nothing, async |db| {
    let (channel, mut told) = carrier().await;
    let t = TestApp::start_with(db, &channel, true).await;
    let hand_over = hand_over(&t, &mut told, 1).await;
    let (id, callback) = (hand_over.delivery_id(), hand_over.callback(&t).to_owned());
    hand_over.accept("SMmine").await;
    eventually("the answer to be recorded", async || delivery(db, id).await.provider_message_id).await;
    receipt(&t, &callback, "SMother", "delivered").await;
    receipt(&t, &format!("/webhooks/sms/sms/status?d={id}"), "SMmine", "undelivered 30005").await;
    receipt(&t, "/webhooks/sms/own/status?d=1", "SMnobody", "delivered").await;
    receipt(&t, "/webhooks/sms/own/status?d=x", "SMnobody", "sent").await;
    all_read(db).await;
    assert_eq!(delivery(db, id).await.status, "accepted");
    t.stop().await;
});

on_both!(the_same_receipt_twice_is_stored_once, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    take_text(&t, "+447700900101", crate::support::app::POOL[0], "hello", "SM1").await;
    for word in ["sent", "sent", "delivered", "sent"] {
        receipt(&t, "/webhooks/sms/sms/status", "SM9", word).await;
    }
    assert_eq!(stored(db).await, 3, "the text, sent, delivered");
    t.stop().await;
});
