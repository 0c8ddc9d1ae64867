//! Every route keeps to its guard, and every officers' route to the roles it is for. Both tables below must name every
//! route: a new one fails here until somebody has said who may open it.

use std::collections::BTreeSet;

use huecry::web::routes::{Guard, TABLE, WEBHOOKS};
use serde_json::json;

use super::{INBOUND, post_signed};
use crate::support::app::{ACCOUNT, POOL, TestApp, eventually};
use crate::support::browser::Client;
use crate::support::db::TestDb;

/// A path of a route, with something in each of its places.
fn example(path: &str) -> String {
    let filled = path.replace("{name}", "app.css").replace("{token}", "aaaa").replace("{reference}", "K7Q2M");
    let filled = filled.replace("{message}", "aaaaaaaaaaaaaaaa").replace("{ordinal}", "0");
    let filled = filled.replace("{export}", "aaaaaaaaaaaaaaaa").replace("{copy}", "aaaaaaaaaaaaaaaa");
    let filled = if path.contains("/admin/") { filled.replace("{id}", "1") } else { filled.replace("{id}", "aaaaaaaaaaaaaaaa") };
    let filled = filled.replace("{channel}", if path.contains("/email/") { "mail" } else { "sms" });
    assert!(!filled.contains('{'), "say what stands in {path}");
    filled
}

struct Seen {
    status: u16,
    location: String,
    kind: String,
}

async fn ask(t: &TestApp, method: &str, path: &str, cookie: &str) -> Seen {
    let url = format!("{}{path}", t.url);
    let request = match method {
        "get" => t.http().get(url),
        "post" => t.http().post(url).header("content-type", "application/x-www-form-urlencoded"),
        other => panic!("say how {other} is asked"),
    };
    // The answer's head is enough: one of them never ends.
    let answer = request.header("cookie", cookie).send().await.unwrap();
    let header = |name: &str| answer.headers().get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default();
    Seen { status: answer.status().as_u16(), location: header("location"), kind: header("content-type") }
}

on_both!(without_signing_in_every_route_shows_its_own_door, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    for (method, path, guard) in TABLE.iter().chain(WEBHOOKS) {
        let seen = ask(&t, method, &example(path), "").await;
        let told = format!("{method} {path}: {} to {:?}, {}", seen.status, seen.location, seen.kind);
        match (guard, *method) {
            (Guard::Officer, "get") => assert!(seen.status == 303 && seen.location.starts_with("/sign-in?next=%2F"), "{told}"),
            (Guard::Officer, _) => assert!((seen.status == 303 && seen.location.starts_with("/sign-in")) || seen.status == 403, "{told}"),
            (Guard::Resident, _) => assert!(seen.status == 303 && seen.location == "/account/sign-in", "{told}"),
            (Guard::Key, _) => assert!(seen.status == 401 && seen.kind == "application/problem+json", "{told}"),
            (Guard::Webhook, _) => assert_eq!(seen.status, 403, "{told}"),
            // A page is there for anybody, a form without its token is not, and a link that we never made leads nowhere.
            (Guard::Public, _) if path.contains("{token}") => assert_eq!(seen.status, 404, "{told}"),
            (Guard::Public, "get") => assert_eq!(seen.status, 200, "{told}"),
            (Guard::Public, _) => assert_eq!(seen.status, 403, "{told}"),
        }
    }
    t.stop().await;
});

on_both!(what_is_no_route_is_a_page_that_says_so, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    for path in ["/nothing", "/inbox/", "/admin/parked", "/webhooks/sms", "/.env", "/assets/../Cargo.toml"] {
        assert_eq!(t.visitor().get(path).await.status, 404, "{path}");
    }
    let put = t.http().put(format!("{}{INBOUND}", t.url)).send().await.unwrap();
    assert!([404, 405].contains(&put.status().as_u16()), "{}", put.status());
    t.stop().await;
});

/// The alert's owner, an officer of another team, the press, the administrator.
const PEOPLE: [&str; 4] = ["owner@force.example", "stranger@force.example", "press@force.example", "admin@force.example"];

/// What each of `PEOPLE` gets, in the order in which they are asked.
const ANSWERS: &[(&str, &str, [u16; 4])] = &[
    ("get", "/events", [200, 200, 200, 200]),
    ("get", "/inbox", [200, 200, 403, 403]),
    ("get", "/inbox/rows", [200, 200, 403, 403]),
    ("get", "/inbox/{id}", [200, 404, 403, 403]),
    ("get", "/inbox/{id}/thread", [200, 404, 403, 403]),
    ("get", "/inbox/{id}/original/{message}", [200, 404, 403, 403]),
    ("get", "/inbox/{id}/sent/{message}", [200, 404, 403, 403]),
    ("get", "/inbox/{id}/attachment/{message}/{ordinal}", [200, 404, 403, 403]),
    ("get", "/inbox/{id}/preview/{message}/{ordinal}", [200, 404, 403, 403]),
    ("get", "/inbox/{id}/evidence", [200, 404, 403, 403]),
    ("get", "/inbox/{id}/evidence/panel", [200, 404, 403, 403]),
    ("post", "/inbox/{id}/exhibit/{message}", [303, 404, 403, 403]),
    ("post", "/inbox/{id}/exhibit/{message}/{ordinal}", [303, 404, 403, 403]),
    ("post", "/inbox/{id}/export", [303, 404, 403, 403]),
    ("get", "/inbox/{id}/export/{export}", [200, 404, 403, 403]),
    ("get", "/inbox/{id}/copy/{copy}", [200, 404, 403, 403]),
    ("get", "/inbox/{id}/redact/{message}", [200, 404, 403, 403]),
    ("post", "/inbox/{id}/redact/{message}", [422, 404, 403, 403]),
    ("get", "/inbox/{id}/redact/{message}/{ordinal}", [200, 404, 403, 403]),
    ("post", "/inbox/{id}/redact/{message}/{ordinal}", [303, 404, 403, 403]),
    ("post", "/inbox/{id}/reply", [422, 404, 403, 403]),
    ("post", "/inbox/{id}/close", [303, 404, 403, 403]),
    ("post", "/inbox/{id}/reopen", [303, 404, 403, 403]),
    ("post", "/inbox/{id}/unread", [303, 404, 403, 403]),
    ("post", "/inbox/views", [303, 303, 403, 403]),
    ("post", "/inbox/views/{id}/forget", [404, 404, 403, 403]),
    ("post", "/inbox/{id}/pause", [422, 404, 403, 403]),
    ("post", "/inbox/{id}/resume", [303, 404, 403, 403]),
    ("post", "/inbox/{id}/take-up", [303, 404, 403, 403]),
    ("post", "/inbox/{id}/move", [422, 404, 403, 403]),
    ("get", "/inbox/keys", [200, 200, 403, 403]),
    ("get", "/inbox/canned", [200, 200, 403, 200]),
    ("post", "/inbox/canned", [422, 422, 403, 422]),
    ("post", "/inbox/bulk", [303, 303, 403, 403]),
    ("post", "/inbox/undo", [303, 303, 403, 403]),
    ("post", "/inbox/{id}/here", [200, 404, 403, 403]),
    ("post", "/inbox/{id}/leave", [204, 404, 403, 403]),
    ("post", "/inbox/{id}/draft", [303, 404, 403, 403]),
    ("post", "/inbox/{id}/cost", [200, 404, 403, 403]),
    ("post", "/inbox/{id}/seen", [204, 404, 403, 403]),
    ("get", "/inbox/{id}/canned", [200, 404, 403, 403]),
    ("post", "/inbox/{id}/tag", [422, 404, 403, 403]),
    ("post", "/inbox/{id}/assign", [422, 404, 403, 403]),
    ("post", "/inbox/{id}/handover", [422, 404, 403, 403]),
    ("post", "/inbox/{id}/note", [422, 404, 403, 403]),
    ("post", "/inbox/{id}/split", [422, 404, 403, 403]),
    ("post", "/inbox/{id}/urgency", [422, 404, 403, 403]),
    ("get", "/alerts", [200, 200, 200, 200]),
    ("get", "/alerts/new", [200, 200, 403, 403]),
    ("post", "/alerts/new", [200, 200, 403, 403]),
    ("post", "/alerts/preview", [200, 200, 403, 403]),
    ("get", "/alerts/{reference}", [200, 200, 200, 200]),
    ("get", "/alerts/{reference}/progress", [200, 200, 200, 200]),
    ("post", "/alerts/{reference}/close", [303, 403, 403, 403]),
    ("get", "/alerts/{reference}/outcome", [200, 403, 403, 403]),
    ("post", "/alerts/{reference}/outcome", [422, 403, 403, 403]),
    ("get", "/press", [200, 200, 200, 200]),
    ("get", "/press/figures", [200, 200, 200, 200]),
    ("get", "/press/volume.csv", [200, 200, 200, 200]),
    ("get", "/admin", [403, 403, 403, 200]),
    ("get", "/admin/parked/{id}/raw", [403, 403, 403, 200]),
    ("post", "/admin/parked/{id}/replay", [403, 403, 403, 303]),
    ("post", "/admin/notices/{id}/clear", [403, 403, 403, 303]),
    ("post", "/sign-out", [303, 303, 303, 303]),
];

/// A mail with a picture in reply to an alert, and an envelope that cannot be read.
struct Scene {
    reference: String,
    conversation: String,
    message: String,
    export: String,
    copy: String,
    parked: i64,
}

async fn scene(t: &TestApp, db: &TestDb) -> Scene {
    t.add_resident(db, "Bob", &["bob@example.org"], &[]).await;
    let mut officer = t.officer(PEOPLE[0]).await;
    let reference = t.publish(&mut officer, "White van", "Did you see a white van?").await;
    let mail = t.wait_for_mails("bob@example.org", 1).await.remove(0);
    let photo = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
    let attachments = json!([{ "name": "van.png", "content_type": "image/png", "base64": photo }]);
    t.mail("bob@example.org", json!({ "mail_id": mail["id"], "text": "Here.", "attachments": attachments })).await;
    let key = t.key(&["inbox"]).await;
    let conversation = t.wait_for_conversations(&key, &reference, 1).await.remove(0);
    let faulty = [("AccountSid", ACCOUNT), ("To", POOL[0]), ("Body", "no sender"), ("MessageSid", "SM-faulty")];
    assert_eq!(post_signed(t, INBOUND, &faulty).await.0, 200);
    let parked = eventually("the faulty text to be parked", async || {
        huecry::store::envelopes::list_parked(&mut db.read().await, 9).await.unwrap().first().map(|row| row.id)
    })
    .await;
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let (conversation, message) = (text(&conversation["id"]), text(&conversation["messages"][0]["id"]));
    officer.get(&format!("/inbox/{conversation}")).await;
    assert_eq!(officer.submit(&format!("/inbox/{conversation}/redact/{message}"), &[("phrases", "Here")]).await.status, 303);
    assert_eq!(officer.submit(&format!("/inbox/{conversation}/export"), &[]).await.status, 303);
    let (export, copy) = eventually("the export", async || {
        let mut conn = db.read().await;
        let row = huecry::store::messages::find(&mut conn, &message).await.unwrap().unwrap();
        let copy = huecry::store::working_copies::list_of(&mut conn, &[row.id]).await.unwrap().remove(0).public_id;
        let export = huecry::store::exports::list_of(&mut conn, row.conversation_id).await.unwrap().remove(0);
        (export.status == "ready").then_some((export.public_id, copy))
    })
    .await;
    Scene { reference, conversation, message, export, copy, parked }
}

impl Scene {
    fn fill(&self, path: &str) -> String {
        let id = if path.starts_with("/admin/") { self.parked.to_string() } else { self.conversation.clone() };
        path.replace("{reference}", &self.reference)
            .replace("{message}", &self.message)
            .replace("{ordinal}", "0")
            .replace("{export}", &self.export)
            .replace("{copy}", &self.copy)
            .replace("{id}", &id)
    }
}

async fn open(t: &TestApp, client: &mut Client, method: &str, path: &str) -> u16 {
    if method == "get" { ask(t, method, path, &client.cookie_header()).await.status } else { client.submit(path, &[("action", "preview")]).await.status }
}

on_both!(every_role_gets_what_the_table_says_and_nothing_else, async |db| {
    let listed: BTreeSet<_> = ANSWERS.iter().map(|(method, path, _)| (*method, *path)).collect();
    let routed: BTreeSet<_> = TABLE.iter().filter(|(.., guard)| *guard == Guard::Officer).map(|(method, path, _)| (*method, *path)).collect();
    assert_eq!(listed, routed, "say in this table what each role gets");

    let t = TestApp::start(db).await;
    let scene = scene(&t, db).await;
    let mut clients = Vec::new();
    for who in PEOPLE {
        let mut client = t.officer(who).await;
        assert_eq!(client.get("/alerts").await.status, 200);
        clients.push(client);
    }
    let mut wrong = Vec::new();
    for (method, path, expected) in ANSWERS {
        for ((client, who), expected) in clients.iter_mut().zip(PEOPLE).zip(expected) {
            let status = open(&t, client, method, &scene.fill(path)).await;
            if status != *expected {
                wrong.push(format!("{who} {method} {path}: {status}, not {expected}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    for client in &mut clients {
        assert_eq!(client.get("/alerts").await.status, 303, "whoever signed out is out");
    }
    t.stop().await;
});
