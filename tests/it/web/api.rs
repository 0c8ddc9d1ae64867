//! `/api/v1`: publish, watch, read, answer; keys and scopes; repeating a request is safe.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{take_text, tray};
use crate::support::app::{DISTRICT, POOL, SECTOR, TestApp, eventually};

fn alert() -> Value {
    json!({
        "kind": "warning", "urgency": "urgent", "title": "White van", "sms_text": "Did you see a white van?", "email_subject": "A white van",
        "email_body": "A white van was seen.\nDid you see it?", "areas": [SECTOR], "groups": [], "owner_email": "owner@force.example"
    })
}

struct Answer {
    status: u16,
    kind: String,
    body: Value,
}

async fn send(t: &TestApp, method: &str, path: &str, headers: &[(&str, &str)], body: Option<&Value>) -> Answer {
    let url = format!("{}{path}", t.url);
    let mut request = if method == "get" { t.http().get(url) } else { t.http().post(url) };
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    if let Some(body) = body {
        request = request.header("content-type", "application/json").body(body.to_string());
    }
    let answer = request.send().await.unwrap();
    let kind = answer.headers().get("content-type").map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default();
    let status = answer.status().as_u16();
    let text = answer.text().await.unwrap();
    Answer { status, kind, body: serde_json::from_str(&text).unwrap_or(Value::String(text)) }
}

async fn publish(t: &TestApp, key: &str, once: &str, body: &Value) -> Answer {
    let bearer = format!("Bearer {key}");
    let mut headers = vec![("authorization", bearer.as_str())];
    if !once.is_empty() {
        headers.push(("idempotency-key", once));
    }
    send(t, "post", "/api/v1/alerts", &headers, Some(body)).await
}

on_both!(an_alert_published_by_api_goes_out_and_says_to_how_many_and_who_is_left_out, async |db| {
    let t = TestApp::start(db).await;
    t.add_resident(db, "Ann", &["+447700900101", "ann@example.org"], &["cctv-owners"]).await;
    t.add_resident(db, "Bob", &["+447700900102", "bob@example.org"], &["dog-walkers"]).await;
    t.text("+447700900101", POOL[0], "STOP").await;
    let key = t.key(&["alerts"]).await;
    let wanted = json!({ "groups": ["cctv-owners"], "areas": [DISTRICT, SECTOR] });
    let mut body = alert();
    body["groups"].clone_from(&wanted["groups"]);
    body["areas"].clone_from(&wanted["areas"]);
    let answer = publish(&t, &key, "", &body).await;
    assert_eq!((answer.status, &answer.body["recipients"]), (201, &json!({ "sms": 0, "email": 1 })), "{}", answer.body);
    assert_eq!(answer.body["excluded"], json!({ "opted_out": 1, "not_in_groups": 2 }));

    let mail = t.wait_for_mails("ann@example.org", 1).await.remove(0);
    assert!(mail["subject"] == "A white van" && mail["text"].as_str().unwrap().contains("Did you see it?"), "{mail}");
    let reference = answer.body["reference"].as_str().unwrap();
    let status = eventually("the alert to be out", async || {
        Some(t.api(&key, &format!("/api/v1/alerts/{reference}")).await).filter(|status| status["totals"]["accepted"] == 1 && status["status"] == "live")
    })
    .await;
    for (field, value) in [
        ("reference", json!(reference)),
        ("title", json!("White van")),
        ("kind", json!("warning")),
        ("urgency", json!("urgent")),
        ("deliveries", json!({ "email": { "accepted": 1 } })),
        ("totals", json!({ "accepted": 1 })),
        ("excluded", json!({ "opted_out": 1, "not_in_groups": 2 })),
        ("replies", json!(0)),
    ] {
        assert_eq!(status[field], value, "{field} of {status}");
    }
    assert!(chrono::DateTime::parse_from_rfc3339(status["published_at"].as_str().unwrap()).is_ok());
    t.stop().await;
});

on_both!(a_repeated_request_gives_the_first_answer_and_publishes_nothing, async |db| {
    let t = TestApp::start(db).await;
    t.add_resident(db, "Ann", &["+447700900101"], &[]).await;
    let key = t.key(&["alerts"]).await;
    let first = publish(&t, &key, "once", &alert()).await;
    assert_eq!(first.status, 201, "{}", first.body);
    let again = publish(&t, &key, "once", &alert()).await;
    assert_eq!((again.status, &again.body), (201, &first.body));

    let mut other = alert();
    other["sms_text"] = json!("Something else");
    let reused = publish(&t, &key, "once", &other).await;
    assert_eq!((reused.status, reused.kind.as_str()), (422, "application/problem+json"));
    assert!(reused.body["detail"].as_str().unwrap().contains("Idempotency-Key"), "{}", reused.body);

    // Another key's "once" is another matter, and so is a request without one.
    let second = t.key(&["alerts"]).await;
    let mut references = BTreeSet::from([first.body["reference"].to_string()]);
    for (key, once) in [(&second, "once"), (&key, ""), (&key, "")] {
        references.insert(publish(&t, key, once, &alert()).await.body["reference"].to_string());
    }
    assert_eq!(references.len(), 4);
    assert_eq!(t.wait_for_texts("+447700900101", 4).await.len(), 4);
    t.stop().await;
});

on_both!(twenty_requests_at_once_with_one_key_are_one_alert_and_one_answer, async |db| {
    let t = TestApp::start(db).await;
    t.add_resident(db, "Ann", &["+447700900101"], &[]).await;
    t.add_resident(db, "Bob", &["+447700900102"], &[]).await;
    t.text("+447700900102", POOL[0], "STOP").await;
    let key = t.key(&["alerts"]).await;
    let body = alert();
    let answers = futures_util::future::join_all((0..20).map(|_| publish(&t, &key, "rush", &body))).await;
    for answer in &answers {
        assert_eq!((answer.status, &answer.body), (201, &answers[0].body));
    }
    assert_eq!(answers[0].body["recipients"], json!({ "sms": 1, "email": 0 }));
    assert_eq!(answers[0].body["excluded"], json!({ "opted_out": 1 }), "whoever is left out is told, whichever request came first");
    t.wait_for_texts("+447700900101", 1).await;
    let later = publish(&t, &key, "rush", &body).await;
    assert_eq!((later.status, &later.body), (201, &answers[0].body), "and later");
    let alerts = huecry::store::views::alerts::count(&mut db.read().await, None).await.unwrap();
    assert_eq!(alerts, 1);
    t.stop().await;
});

on_both!(what_is_wrong_with_an_alert_is_told_by_field, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    let key = t.key(&["alerts"]).await;
    let with = |field: &str, value: Value| {
        let mut body = alert();
        body[field] = value;
        body
    };
    let without = |field: &str| {
        let mut body = alert();
        body.as_object_mut().unwrap().remove(field);
        body
    };
    for (body, named) in [
        (with("areas", json!(["E99"])), "areas"),
        (with("areas", json!([])), "areas"),
        (with("groups", json!(["cctv-owners", "nobodys"])), "groups"),
        (with("owner_email", json!("nobody@force.example")), "owner_email"),
        (with("title", json!("  ")), "title"),
        (with("sms_text", json!("")), "sms_text"),
        (with("kind", json!("gossip")), "kind"),
        (with("urgency", json!("very")), "urgency"),
        (with("email_subject", json!("a\r\nBcc: x@example.org")), "email_subject"),
        (with("colour", json!("red")), "colour"),
        (with("areas", json!("DE45 1")), "string"),
        (without("title"), "title"),
        (without("owner_email"), "owner_email"),
        (json!([1]), "body"),
    ] {
        let answer = publish(&t, &key, "", &body).await;
        assert_eq!((answer.status, answer.kind.as_str()), (422, "application/problem+json"), "{named}: {}", answer.body);
        assert_eq!((&answer.body["status"], &answer.body["type"]), (&json!(422), &json!("about:blank")));
        let errors = answer.body["errors"].as_array().unwrap();
        assert!(!errors.is_empty() && errors.iter().any(|error| error.to_string().contains(named)), "{named}: {}", answer.body);
    }
    let mut several = alert();
    several["title"] = json!("");
    several["kind"] = json!("gossip");
    let errors = publish(&t, &key, "", &several).await.body["errors"].clone();
    assert_eq!(errors.as_array().unwrap().len(), 2, "every fault at once: {errors}");
    assert_eq!(huecry::store::views::alerts::count(&mut db.read().await, None).await.unwrap(), 0);
    t.stop().await;
});

/// Every endpoint and the scope that it asks for.
const ENDPOINTS: [(&str, &str, &str); 8] = [
    ("post", "/api/v1/alerts", "alerts"),
    ("post", "/api/v1/alerts/{reference}/pause", "alerts"),
    ("post", "/api/v1/alerts/{reference}/resume", "alerts"),
    ("post", "/api/v1/alerts/{reference}/take-back", "alerts"),
    ("get", "/api/v1/alerts/{reference}", "alerts"),
    ("get", "/api/v1/alerts/{reference}/conversations", "inbox"),
    ("get", "/api/v1/unattributed", "inbox"),
    ("post", "/api/v1/conversations/{id}/replies", "inbox"),
];

on_both!(whatever_is_wrong_is_told_to_a_program_in_its_own_form, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    let key = format!("Bearer {}", t.key(&["inbox"]).await);
    for (path, status) in [("/api/v1/nothing", 404), ("/api/v2", 404), ("/api/v1/unattributed?limit=abc", 422)] {
        let answer = send(&t, "get", path, &[("authorization", &key)], None).await;
        assert_eq!((answer.status, answer.kind.as_str()), (status, "application/problem+json"), "{path}: {}", answer.body);
    }
    t.stop().await;
});

on_both!(no_endpoint_answers_without_a_key_of_its_scope, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    let (alerts, inbox) = (t.key(&["alerts"]).await, t.key(&["inbox"]).await);
    let both = t.key(&["alerts", "inbox"]).await;
    for (method, path, scope) in ENDPOINTS {
        let filled = path.replace("{reference}", "K7Q2M").replace("{id}", "aaaaaaaaaaaaaaaa");
        let (right, wrong) = if scope == "alerts" { (&alerts, &inbox) } else { (&inbox, &alerts) };
        let body = (method == "post").then(|| json!({}));
        let bearer = |key: &str| ("authorization", format!("Bearer {key}"));
        let basic = ("authorization", format!("Basic {right}"));
        for (name, value) in [("accept", "*/*".to_owned()), bearer(""), bearer("nonsense"), bearer(&right.to_uppercase()), basic] {
            let answer = send(&t, method, &filled, &[(name, &value)], body.as_ref()).await;
            assert_eq!((answer.status, answer.kind.as_str()), (401, "application/problem+json"), "{method} {path} with {name}: {}", answer.body);
        }
        let answer = send(&t, method, &filled, &[("authorization", &bearer(wrong).1)], body.as_ref()).await;
        assert_eq!((answer.status, answer.kind.as_str()), (403, "application/problem+json"), "a key of another scope: {}", answer.body);
        for (name, value) in [bearer(right), bearer(&both), ("x-api-key", right.clone())] {
            let answer = send(&t, method, &filled, &[(name, &value)], body.as_ref()).await;
            assert_ne!(answer.status, 401, "{method} {path} with {name}");
            assert!([200, 404, 422].contains(&answer.status), "{method} {path}: {} {}", answer.status, answer.body);
        }
    }
    t.stop().await;
});

on_both!(conversations_are_paged_so_that_each_comes_exactly_once, async |db| {
    let t = TestApp::start(db).await;
    let phones: Vec<String> = (1..=5).map(|n| format!("+44770090010{n}")).collect();
    for phone in &phones {
        t.add_resident(db, phone, &[phone], &[]).await;
    }
    let mut officer = t.officer("owner@force.example").await;
    let reference = t.publish(&mut officer, "White van", "Did you see a white van?").await;
    for phone in &phones {
        let from = t.wait_for_texts(phone, 1).await[0].0.clone();
        t.text(phone, &from, &format!("seen by {phone}")).await;
    }
    let key = t.key(&["inbox"]).await;
    t.wait_for_conversations(&key, &reference, 5).await;
    let (mut texts, mut pages, mut cursor) = (Vec::new(), Vec::new(), String::new());
    loop {
        let page = t.api(&key, &format!("/api/v1/alerts/{reference}/conversations?limit=2&cursor={cursor}")).await;
        let list = page["conversations"].as_array().unwrap();
        pages.push(list.len());
        texts.extend(list.iter().map(|one| one["messages"][0]["text"].as_str().unwrap().to_owned()));
        assert!(list.iter().all(|one| one["alert"] == reference.as_str() && one["status"] == "open" && one["channel"] == "sms"));
        let masked: Vec<_> = list.iter().map(|one| one["correspondent"]["address_masked"].as_str().unwrap()).collect();
        assert!(masked.iter().all(|masked| masked.starts_with("a number ending ") && !masked.contains("77009")), "{masked:?}");
        match page["next_cursor"].as_str() {
            Some(next) => next.clone_into(&mut cursor),
            None => break,
        }
    }
    assert_eq!(pages, [2, 2, 1]);
    texts.sort();
    assert_eq!(texts, phones.iter().map(|phone| format!("seen by {phone}")).collect::<Vec<_>>());
    let odd = send(&t, "get", &format!("/api/v1/alerts/{reference}/conversations?cursor=x"), &[("x-api-key", &key)], None).await;
    assert_eq!((odd.status, &odd.body["errors"][0]["field"]), (422, &json!("cursor")));
    let nothing = send(&t, "get", "/api/v1/alerts/ZZZZZ/conversations", &[("x-api-key", &key)], None).await;
    assert_eq!((nothing.status, nothing.kind.as_str()), (404, "application/problem+json"));
    t.stop().await;
});

on_both!(the_tray_by_api_holds_what_is_tied_to_no_alert, async |db| {
    let t = TestApp::start(db).await;
    take_text(&t, "+447700900198", POOL[0], "out of the blue", "SM1").await;
    take_text(&t, "+447700900199", POOL[1], "and another", "SM2").await;
    let list = tray(&t, 2).await;
    let texts: BTreeSet<_> = list.iter().map(|one| one["messages"][0]["text"].as_str().unwrap()).collect();
    assert_eq!(texts, BTreeSet::from(["out of the blue", "and another"]));
    assert!(list.iter().all(|one| one["alert"].is_null() && one["certainty"] == "unattributed"));
    let key = t.key(&["inbox"]).await;
    let first = t.api(&key, "/api/v1/unattributed?limit=1").await;
    let second = t.api(&key, &format!("/api/v1/unattributed?limit=1&cursor={}", first["next_cursor"].as_str().unwrap())).await;
    assert_eq!((&first["conversations"][0], &second["conversations"][0]), (&list[0], &list[1]));
    assert!(second["next_cursor"].is_null());
    t.stop().await;
});

on_both!(an_answer_by_api_reaches_the_phone_until_its_owner_opts_out, async |db| {
    let t = TestApp::start(db).await;
    take_text(&t, "+447700900101", POOL[1], "There is a fire", "SM1").await;
    let read = tray(&t, 1).await.remove(0);
    let (id, version) = (read["id"].as_str().unwrap().to_owned(), read["version"].as_i64().unwrap());
    let key = t.key(&["inbox"]).await;
    let path = format!("/api/v1/conversations/{id}/replies");
    take_text(&t, "+447700900101", POOL[1], "It is out", "SM2").await;
    let read = tray(&t, 2).await.remove(0);
    let blind = send(&t, "post", &path, &[("x-api-key", &key)], Some(&json!({ "text": "Call 999 now.", "version": version }))).await;
    assert_eq!(blind.status, 409, "something came in that the client has not read: {}", blind.body);
    let version = read["version"].as_i64().unwrap();
    let answer = send(&t, "post", &path, &[("x-api-key", &key)], Some(&json!({ "text": " Call 999 now. ", "version": version }))).await;
    assert_eq!((answer.status, &answer.body), (202, &json!({ "status": "queued" })));
    assert_eq!(t.wait_for_texts("+447700900101", 1).await, [(POOL[1].to_owned(), "Call 999 now.".to_owned())]);

    for (body, status) in [
        (json!({ "text": " ", "version": version }), 422),
        (json!({ "text": "x".repeat(4_001), "version": version }), 422),
        (json!({ "text": "x" }), 422),
        (json!({ "texts": "x" }), 422),
        (json!({}), 422),
    ] {
        assert_eq!(send(&t, "post", &path, &[("x-api-key", &key)], Some(&body)).await.status, status, "{body}");
    }
    let nobody = send(&t, "post", "/api/v1/conversations/aaaaaaaaaaaaaaaa/replies", &[("x-api-key", &key)], Some(&json!({ "text": "x", "version": 1 }))).await;
    assert_eq!(nobody.status, 404);

    t.text("+447700900101", POOL[1], "STOP").await;
    t.wait_for_texts("+447700900101", 2).await;
    let version = t.api(&key, "/api/v1/unattributed").await["conversations"][0]["version"].as_i64().unwrap();
    let refused = send(&t, "post", &path, &[("x-api-key", &key)], Some(&json!({ "text": "One more thing", "version": version }))).await;
    assert_eq!((refused.status, refused.kind.as_str()), (409, "application/problem+json"));
    assert!(refused.body["detail"].as_str().unwrap().contains("opted out"), "{}", refused.body);
    assert_eq!(t.texts("+447700900101").await.len(), 2);
    t.stop().await;
});

on_both!(the_api_describes_itself, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    let answer = send(&t, "get", "/api/openapi.json", &[], None).await;
    assert_eq!(answer.status, 200);
    assert!(answer.body["openapi"].as_str().unwrap().starts_with("3."));
    let paths = answer.body["paths"].as_object().unwrap();
    let described: BTreeSet<_> =
        paths.iter().flat_map(|(path, item)| item.as_object().unwrap().keys().map(move |method| (method.clone(), path.clone()))).collect();
    assert_eq!(described, ENDPOINTS.iter().map(|(method, path, _)| ((*method).to_owned(), (*path).to_owned())).collect());
    let responses = &paths["/api/v1/alerts"]["post"]["responses"];
    assert!(responses["201"].is_object() && responses["401"].is_object() && responses["422"].is_object(), "{responses}");
    // Every schema that is referred to is there.
    let text = answer.body.to_string();
    for reference in text.split("\"$ref\":\"#/").skip(1).map(|rest| rest.split('"').next().unwrap()) {
        assert!(answer.body.pointer(&format!("/{reference}")).is_some(), "{reference} is missing");
    }
    t.stop().await;
});
