//! Clients that go away in the middle: what they sent whole is kept once, and nobody else is harmed.

use std::collections::BTreeMap;

use huecry::store::envelopes;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::records::kept;
use super::webhooks::{Inbound, Webhook};
use crate::support::app::{POOL, TOKEN, TestApp, eventually};
use crate::support::db::TestDb;

const EACH: usize = 60;

/// How a client goes away.
#[derive(Clone, Copy, Debug)]
enum Leaving {
    /// It says that it will send no more, and closes without reading.
    Closes,
    /// It is gone, and the system says so at once.
    Resets,
}

on_both!(clients_that_hang_up_at_any_point_harm_nothing, async |db| {
    let t = TestApp::start(db).await;
    let webhook = Webhook::new(&t.url, TOKEN, POOL[0]);
    let group = |from: usize, word: &str| -> Vec<Inbound> { (from..from + EACH).map(|n| Inbound::new(n, 100 + n, &format!("{word} {n}"))).collect() };
    let (halves, whole, reset) = (group(0, "half"), group(200, "whole"), group(400, "reset"));

    let cut = |bytes: Vec<u8>, n: usize| bytes[..(bytes.len() - 1) * (n + 1) / EACH].to_vec();
    let mut calls: Vec<(Vec<u8>, Leaving)> = Vec::new();
    for (n, text) in halves.iter().enumerate() {
        let bytes = webhook.bytes(text);
        // From nothing but the first letters to all but the last.
        calls.push((cut(bytes, n), if n % 2 == 0 { Leaving::Closes } else { Leaving::Resets }));
    }
    calls.extend(whole.iter().map(|text| (webhook.bytes(text), Leaving::Closes)));
    calls.extend(reset.iter().map(|text| (webhook.bytes(text), Leaving::Resets)));
    calls.extend((0..EACH).map(|n| (page(n), if n % 3 == 0 { Leaving::Closes } else { Leaving::Resets })));
    let address = t.url.trim_start_matches("http://");
    futures_util::future::join_all(calls.iter().map(|(bytes, leaving)| call(address, bytes, *leaving))).await;

    // Somebody else comes right after them.
    let other = Inbound::new(999, 999, "And I am still here");
    assert_eq!(webhook.send(t.http(), &other).await, Some(200));
    assert_eq!(t.http().get(format!("{}/readyz", t.url)).send().await.unwrap().status(), 200);
    eventually("what was sent whole to be kept", async || {
        let counts = counts(db).await;
        whole.iter().chain([&other]).all(|text| counts.contains_key(&text.sid)).then_some(())
    })
    .await;

    // Whoever got no answer sends it again.
    for text in whole.iter().chain(&reset) {
        assert_eq!(webhook.send(t.http(), text).await, Some(200));
    }
    eventually("all to be dealt with", async || (envelopes::count_waiting(&mut db.read().await).await.unwrap() == 0).then_some(())).await;
    let counts = counts(db).await;
    for text in whole.iter().chain(&reset).chain([&other]) {
        assert_eq!(counts.get(&text.sid), Some(&1), "{text:?}");
    }
    assert_eq!(counts.len(), 2 * EACH + 1, "half a request was taken for a whole one: {counts:?}");
    t.stop().await;
});

async fn counts(db: &TestDb) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for message in kept(&mut db.read().await).await {
        *counts.entry(message.sid).or_default() += 1;
    }
    counts
}

/// A request that reads, or one that writes, for the pages.
fn page(n: usize) -> Vec<u8> {
    match n % 4 {
        0 => "GET / HTTP/1.1\r\nhost: gateway\r\n\r\n".to_owned(),
        1 => "GET /readyz HTTP/1.1\r\nhost: gateway\r\n\r\n".to_owned(),
        2 => "GET /api/v1/unattributed HTTP/1.1\r\nhost: gateway\r\nauthorization: Bearer hc_none\r\n\r\n".to_owned(),
        _ => {
            let form = "email=owner%40force.example&password=wrong&next=";
            let length = form.len();
            format!(
                "POST /sign-in HTTP/1.1\r\nhost: gateway\r\nsec-fetch-site: same-origin\r\ncontent-type: application/x-www-form-urlencoded\r\n\
                 content-length: {length}\r\n\r\n{form}"
            )
        }
    }
    .into_bytes()
}

async fn call(address: &str, bytes: &[u8], leaving: Leaving) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    match leaving {
        Leaving::Closes => stream.shutdown().await.unwrap(),
        Leaving::Resets => stream.set_zero_linger().unwrap(),
    }
}
