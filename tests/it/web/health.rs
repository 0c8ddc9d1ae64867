//! What machines ask: is it alive, is it ready, how much has it done.

use serde_json::Value;

use super::{figure, take_text};
use crate::support::app::{POOL, TestApp};

async fn json(t: &TestApp, path: &str) -> (u16, Value) {
    let answer = t.http().get(format!("{}{path}", t.url)).send().await.unwrap();
    (answer.status().as_u16(), serde_json::from_str(&answer.text().await.unwrap()).unwrap())
}

on_both!(it_says_that_it_is_alive_and_how_each_channel_is, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    assert_eq!(json(&t, "/healthz").await, (200, serde_json::json!({ "status": "ok" })));
    let (status, ready) = json(&t, "/readyz").await;
    assert_eq!((status, &ready["status"], &ready["database"]), (200, &"ready".into(), &"ok".into()));
    let channels: Vec<_> = ready["channels"].as_array().unwrap().iter().map(|channel| (channel["name"].as_str().unwrap(), channel["ok"] == true)).collect();
    assert_eq!(channels, [("sms", true), ("mail", true)]);
    t.stop().await;
});

on_both!(a_mail_relay_that_is_away_is_told_and_the_gateway_stays_ready, async |db| {
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let relay = format!(
        "[[channels]]\nname = \"spare\"\nkind = \"email\"\nprovider = \"smtp\"\naddress = \"spare@reply.example.org\"\nsmtp_host = \"127.0.0.1\"\nsmtp_port = {gone}\nsmtp_tls = \"none\"\n"
    );
    let t = TestApp::start_with(db, &relay, false).await;
    let (status, ready) = json(&t, "/readyz").await;
    assert_eq!(status, 200, "one channel's fault must not take the whole gateway away: {ready}");
    let spare = &ready["channels"][2];
    assert!(spare["name"] == "spare" && spare["ok"] == false && spare["detail"] == "the mail relay does not answer", "{ready}");
    t.stop().await;
});

on_both!(the_figures_count_what_came_in_and_hold_nobodys_address, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    let before = figure(&t, "huecry_envelopes_total").await;
    take_text(&t, "+447700900101", POOL[0], "secretsighting", "SM1").await;
    take_text(&t, "+447700900101", POOL[0], "secretsighting", "SM1").await;
    assert!((figure(&t, "huecry_envelopes_total").await - before - 2.0).abs() < 0.1, "the first and its repetition");
    let answer = t.http().get(format!("{}/metrics", t.url)).send().await.unwrap();
    assert!(answer.headers()["content-type"].to_str().unwrap().starts_with("text/plain; version=0.0.4"));
    let text = answer.text().await.unwrap();
    assert!(text.contains("# TYPE huecry_envelopes_total counter") && !text.contains("900101") && !text.contains("secretsighting"), "{text}");
    t.stop().await;
});
