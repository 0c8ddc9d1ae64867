//! `GET /events`: open pages hear at once that something changed, and the press never hears of a person.

use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use serde_json::Value;

use crate::support::app::TestApp;
use crate::support::browser::Client;

/// An open event stream.
struct Events {
    bytes: Pin<Box<dyn Stream<Item = reqwest::Result<Bytes>> + Send>>,
    read: String,
}

impl Events {
    async fn open(t: &TestApp, client: &Client) -> Self {
        let answer = t.http().get(format!("{}/events", t.url)).header("cookie", client.cookie_header()).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 200);
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        let mut events = Self { bytes: Box::pin(answer.bytes_stream()), read: String::new() };
        assert_eq!(events.next().await.0, "open", "the first event tells the page to fetch everything once");
        events
    }

    /// The next event: its name and data.
    async fn next(&mut self) -> (String, Value) {
        let reading = async {
            loop {
                if let Some((event, rest)) = self.read.split_once("\n\n") {
                    let (event, rest) = (event.to_owned(), rest.to_owned());
                    self.read = rest;
                    let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(name)).map(|value| value.trim().to_owned());
                    if let Some(name) = field("event:") {
                        return (name, serde_json::from_str(&field("data:").unwrap()).unwrap());
                    }
                } else {
                    let bytes = self.bytes.next().await.expect("the stream ended").unwrap();
                    self.read.push_str(std::str::from_utf8(&bytes).unwrap());
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(20), reading).await.expect("an event within 20 seconds")
    }

    /// Events up to the first of this kind.
    async fn until(&mut self, kind: &str) -> Vec<Value> {
        let mut seen = Vec::new();
        loop {
            let (name, data) = self.next().await;
            assert_eq!(name, "changed");
            let found = data["kinds"].as_array().unwrap().iter().any(|known| known == kind);
            seen.push(data);
            if found {
                return seen;
            }
        }
    }
}

on_both!(an_open_page_hears_of_a_reply_and_the_press_hears_only_that_figures_changed, async |db| {
    let t = TestApp::start(db).await;
    t.add_resident(db, "Ann", &["+447700900101"], &[]).await;
    let mut officer = t.officer("owner@force.example").await;
    let reference = t.publish(&mut officer, "White van", "Did you see a white van?").await;
    let from = t.wait_for_texts("+447700900101", 1).await[0].0.clone();
    let press = t.officer("press@force.example").await;
    let (mut inbox, mut desk) = (Events::open(&t, &officer).await, Events::open(&t, &press).await);
    t.text("+447700900101", &from, "By the church").await;

    let told = inbox.until("inbox").await.pop().unwrap();
    let key = t.key(&["inbox"]).await;
    let conversation = t.wait_for_conversations(&key, &reference, 1).await.remove(0);
    assert_eq!((&told["conversation"], told["alert"].as_str()), (&conversation["id"], Some(reference.as_str())));
    assert!(!told.to_string().contains("church") && !told.to_string().contains("900101"), "an event holds kinds and ids, no words: {told}");

    // Of a reply the inbox is told before the figures are, so its change has come by here too.
    let mut seen = desk.until("press").await;
    while !seen.iter().any(|event| event["alert"] == reference.as_str()) {
        seen.extend(desk.until("press").await);
    }
    for event in seen {
        let text = event.to_string();
        assert!(!text.contains("inbox") && event["conversation"].is_null(), "the press was told of a conversation: {text}");
        assert!(!text.contains(conversation["id"].as_str().unwrap()), "{text}");
    }
    t.stop().await;
});

on_both!(an_open_page_does_not_keep_the_gateway_from_stopping, async |db| {
    let t = TestApp::start(db).await;
    let officer = t.officer("owner@force.example").await;
    let _open = Events::open(&t, &officer).await;
    tokio::time::timeout(Duration::from_secs(20), t.stop()).await.expect("it stops with a page open");
});

on_both!(a_page_that_shows_all_there_is_gets_nothing_and_nobody_is_said_to_have_looked, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    let talk = crate::inbox::talk(&t, db, "07700 900101").await;
    let mut desk = t.officer("owner@force.example").await;
    let path = format!("/inbox/{}", talk.row.public_id);
    let state = |page: &str| page.split_once("data-state=\"").unwrap().1.split_once('"').unwrap().0.to_owned();
    let looks = async || huecry::store::audit_log::list_of(&mut db.read().await, "conversation", talk.row.id).await.unwrap().len();
    desk.get(&path).await;
    let shown = state(&desk.get(&path).await.body);
    let before = looks().await;
    assert_eq!(desk.get(&format!("{path}/thread?shown={shown}")).await.status, 204);
    huecry::inbox::tag::add(&t.app, talk.row.id, "door bell", &huecry::audit::Actor::Officer(t.owner.id)).await.unwrap();
    let tagged = desk.get(&format!("{path}/thread?shown={shown}")).await;
    assert!(tagged.status == 200 && tagged.body.contains("door bell"), "what stands around it is live too: {}", tagged.body);
    assert_eq!(looks().await, before + 1, "the tag; nothing was said anew, so nobody looked at anything");
    crate::inbox::another_text(db, &talk, t.app.now()).await;
    let raised = huecry::domain::place::Urgency::Life;
    huecry::store::urgencies::raise(&mut db.write().await, talk.row.id, raised, &serde_json::json!([]), t.app.now(), None).await.unwrap();
    let news = desk.get(&format!("{path}/thread?shown={}", state(&tagged.body))).await.body;
    assert!(news.contains("And another") && news.contains("I have it"), "who has the page open is called as well: {news}");
    assert_eq!(looks().await, before + 2);
    let rows = desk.get("/inbox/rows").await.body;
    assert!(rows.contains("id=\"nav-unread\" data-unread=\"1\""), "the tallies come with the rows: {rows}");
    t.stop().await;
});
