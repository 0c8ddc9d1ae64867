//! The same jobs with every provider of texts that speaks HTTP, against a simulator that plays it: what goes out, what comes
//! back, and what happens when either goes wrong. All of them run on both databases; `by_bind` has them for a bind.

use huecry::inbound::listing::Lister;
use huecry::store::{envelopes, messages};
use serde_json::{Value, json};

use crate::support::app::{POOL, TestApp, eventually};
use crate::support::db::TestDb;

const ANN: &str = "+447700900101";
const BOB: &str = "+447700900102";

macro_rules! with_each {
    ($name:ident, async |$db:ident, $provider:ident| $body:block) => {
        mod $name {
            use super::*;

            async fn check($db: &TestDb, $provider: &'static str) $body

            with_each!(@on twilio, sqlite, "twilio");
            with_each!(@on notify, sqlite, "notify");
            with_each!(@on vonage, sqlite, "vonage");
            with_each!(@on vonage_sms, sqlite, "vonage_sms");
            with_each!(@on aws, sqlite, "aws");
            with_each!(@on twilio_postgres, postgres, "twilio");
            with_each!(@on notify_postgres, postgres, "notify");
            with_each!(@on vonage_postgres, postgres, "vonage");
            with_each!(@on vonage_sms_postgres, postgres, "vonage_sms");
            with_each!(@on aws_postgres, postgres, "aws");
        }
    };
    (@on $name:ident, $store:ident, $provider:literal) => {
        #[tokio::test(flavor = "multi_thread")]
        async fn $name() {
            check(&TestDb::$store().await, $provider).await;
        }
    };
}

with_each!(an_alert_arrives_is_answered_and_can_be_left, async |db, provider| {
    let t = TestApp::start_with_provider(db, provider).await;
    t.add_resident(db, "Ann Archer", &[ANN], &[]).await;
    t.add_resident(db, "Bob", &[BOB], &[]).await;
    let mut officer = t.officer("owner@force.example").await;
    let reference = t.publish(&mut officer, "White van", "Zoë’s van 🚐: did you see it & the £20 [note]?").await;
    let texts = t.wait_for_texts(ANN, 1).await;
    assert!(texts[0].1.contains("Zoë’s van 🚐: did you see it & the £20 [note]?") && texts[0].1.contains(&reference), "{texts:?}");
    assert!(POOL.contains(&texts[0].0.as_str()));
    wait_for_status(&t, &reference, "delivered", 2).await;

    // Some bring a long text in parts.
    let answer = "Saw it & followed 🚐 to Mill Lane = the one with “DE45”+100%? ".repeat(4).trim().to_owned();
    t.text(ANN, &texts[0].0, &answer).await;
    let key = t.key(&["inbox", "alerts"]).await;
    let talk = t.wait_for_conversations(&key, &reference, 1).await.remove(0);
    let message = &talk["messages"][0];
    assert_eq!(message["text"], answer.as_str());
    assert_eq!((&message["attribution"]["method"], &message["attribution"]["confidence"]), (&json!("pair"), &json!("certain")));
    assert!(officer.get("/inbox?view=mine").await.body.contains("followed 🚐 to Mill Lane"));
    let page = officer.get(&format!("/inbox/{}", talk["id"].as_str().unwrap())).await;
    let version = crate::support::browser::value_of_hidden(&page.body, "version").unwrap();
    let replied = officer.submit(&format!("/inbox/{}/reply", talk["id"].as_str().unwrap()), &[("text", "Thank you, Ann."), ("version", &version)]).await;
    assert_eq!(replied.status, 303, "{}", replied.body);
    assert_eq!(t.wait_for_texts(ANN, 2).await[1], (texts[0].0.clone(), "Thank you, Ann.".to_owned()));

    let from = t.wait_for_texts(BOB, 1).await[0].0.clone();
    t.text(BOB, &from, "STOP").await;
    let confirmed = t.wait_for_texts(BOB, 2).await;
    assert!(confirmed[1].0 == from && confirmed[1].1.contains("no more texts"), "{confirmed:?}");
    t.text(BOB, &from, "Stop!").await;
    let second = t.publish(&mut officer, "Second", "Second alert").await;
    t.wait_for_texts(ANN, 3).await;
    let alert =
        eventually("the second alert out", async || Some(t.api(&key, &format!("/api/v1/alerts/{second}")).await).filter(|a| a["status"] == "live")).await;
    assert_eq!(alert["excluded"]["opted_out"], 1);
    all_read(db).await;
    assert_eq!(t.texts(BOB).await.len(), 2, "one confirmation, and nothing after it");
    t.stop().await;
});

with_each!(what_is_not_signed_by_the_provider_is_not_kept, async |db, provider| {
    let t = TestApp::start_with_provider(db, provider).await;
    let genuine = request(&t, ANN, "I know who did it").await;
    let forged = forgeries(provider, &genuine);
    assert!(forged.len() > 1);
    for (what, request) in forged {
        // Vonage itself leaves the token out at times, and then sends it again with one if it is told to.
        let expected = if (provider, what) == ("vonage", "no token") { 503 } else { 403 };
        assert_eq!(send(&t, &request).await, expected, "{what}");
    }
    assert_eq!(arrivals(db).await, 0, "what was refused is stored");
    assert_eq!(send(&t, &genuine).await, 200, "and yet it was sound before it was damaged");
    assert_eq!(arrivals(db).await, 1);
    t.stop().await;
});

with_each!(a_webhook_that_comes_again_is_one_message, async |db, provider| {
    let t = TestApp::start_with_provider(db, provider).await;
    t.add_resident(db, "Ann", &[ANN], &[]).await;
    let mut officer = t.officer("owner@force.example").await;
    let reference = t.publish(&mut officer, "White van", "Did you see it?").await;
    t.wait_for_texts(ANN, 1).await;
    let request = request(&t, ANN, "By the church").await;
    let at_once = tokio::join!(send(&t, &request), send(&t, &request));
    assert_eq!((at_once, send(&t, &request).await), ((200, 200), 200), "the provider is told that we have it, each time");
    let key = t.key(&["inbox"]).await;
    t.wait_for_conversations(&key, &reference, 1).await;
    all_read(db).await;
    assert_eq!(messages::count_of(&mut db.read().await, "in").await.unwrap(), 1);
    t.stop().await;
});

with_each!(what_is_throttled_goes_out_later_and_once, async |db, provider| {
    held_up(db, provider, "429").await;
});

with_each!(what_meets_an_outage_goes_out_once_it_is_over, async |db, provider| {
    held_up(db, provider, "500").await;
});

/// Nothing is taken at first; then all is well.
async fn held_up(db: &TestDb, provider: &str, refuse: &str) {
    let t = TestApp::start_with_provider(db, provider).await;
    t.add_resident(db, "Ann", &[ANN], &[]).await;
    t.sim_post("/api/behaviour", json!({ "refuse": refuse })).await;
    let mut officer = t.officer("owner@force.example").await;
    let reference = t.publish(&mut officer, "White van", "Did you see it?").await;
    eventually("a refusal", async || (hand_overs(&t).await.len() == 1).then_some(())).await;
    // Only then is its next turn set, which is brought forward below.
    let queued = "UPDATE deliveries SET attempts = attempts WHERE status = 'queued' AND attempts = 1";
    eventually("it to wait for its turn", async || (run(db, queued).await == 1).then_some(())).await;
    assert!(t.texts(ANN).await.is_empty());
    t.sim_post("/api/behaviour", json!({ "refuse": "none" })).await;
    // The minute that some ask for is not waited for here.
    run(db, "UPDATE channel_gates SET paused_until = NULL").await;
    run(db, "UPDATE deliveries SET next_attempt_at = created_at WHERE status = 'queued'").await;
    t.wait_for_texts(ANN, 1).await;
    wait_for_status(&t, &reference, "delivered", 1).await;
    assert_eq!(t.texts(ANN).await.len(), 1);
    let taken = hand_overs(&t).await.iter().filter(|one| one["sid"].is_string()).count();
    assert_eq!(taken, 1);
    t.stop().await;
}

with_each!(an_answer_that_is_lost_is_asked_for_or_owned_up_to_and_nothing_goes_twice, async |db, provider| {
    let t = TestApp::start_with_provider(db, provider).await;
    t.add_resident(db, "Ann", &[ANN], &[]).await;
    // With a receipt there would be no doubt: see below.
    t.sim_post("/api/behaviour", json!({ "refuse": "accept_then_hang", "receipts": false })).await;
    let mut officer = t.officer("owner@force.example").await;
    let reference = t.publish(&mut officer, "White van", "Did you see it?").await;
    t.wait_for_texts(ANN, 1).await;
    t.sim_post("/api/behaviour", json!({ "refuse": "none" })).await;
    let can_be_asked = matches!(provider, "twilio" | "notify");
    wait_for_status(&t, &reference, if can_be_asked { "accepted" } else { "unconfirmed" }, 1).await;
    if !can_be_asked {
        let page = officer.get(&format!("/alerts/{reference}")).await;
        assert!(page.body.contains("it may or may not have arrived"), "{}", page.body);
    }
    assert_eq!((t.texts(ANN).await.len(), hand_overs(&t).await.len()), (1, 1));
    t.stop().await;
});

with_each!(a_receipt_settles_what_a_lost_answer_left_open, async |db, provider| {
    let t = TestApp::start_with_provider(db, provider).await;
    t.add_resident(db, "Ann", &[ANN], &[]).await;
    t.sim_post("/api/behaviour", json!({ "refuse": "accept_then_hang" })).await;
    let mut officer = t.officer("owner@force.example").await;
    let reference = t.publish(&mut officer, "White van", "Did you see it?").await;
    t.wait_for_texts(ANN, 1).await;
    wait_for_status(&t, &reference, "delivered", 1).await;
    t.sim_post("/api/behaviour", json!({ "refuse": "none" })).await;
    let second = t.publish(&mut officer, "Second", "Second alert").await;
    wait_for_status(&t, &second, "delivered", 1).await;
    wait_for_status(&t, &reference, "delivered", 1).await;
    assert_eq!((t.texts(ANN).await.len(), hand_overs(&t).await.len()), (2, 2));
    t.stop().await;
});

with_each!(a_phone_that_does_not_get_it_ends_as_the_provider_says, async |db, provider| {
    let t = TestApp::start_with_provider(db, provider).await;
    t.add_resident(db, "Ann", &[ANN], &[]).await;
    t.add_resident(db, "Bob", &[BOB], &[]).await;
    t.sim_post("/api/behaviour", json!({ "blocked_numbers": [ANN], "unreachable_numbers": [BOB] })).await;
    let mut officer = t.officer("owner@force.example").await;
    let reference = t.publish(&mut officer, "White van", "Did you see it?").await;
    // Notify knows no opt-outs: to it such a phone is one that the network lets nothing through to.
    wait_for_status(&t, &reference, if provider == "notify" { "permanent_failure" } else { "suppressed" }, 1).await;
    wait_for_status(&t, &reference, "temporary_failure", 1).await;
    let second = t.publish(&mut officer, "Second", "Second alert").await;
    wait_for_status(&t, &second, "temporary_failure", 1).await;
    let key = t.key(&["alerts"]).await;
    let alert = t.api(&key, &format!("/api/v1/alerts/{second}")).await;
    assert_eq!(
        alert["excluded"]["opted_out"],
        if provider == "notify" { Value::Null } else { json!(1) },
        "what they told the provider holds for the next alert"
    );
    t.stop().await;
});

on_both!(what_no_webhook_brought_is_found_in_twilios_list, async |db| {
    lost_and_found(db, "twilio").await;
});

on_both!(what_no_webhook_brought_is_found_in_notifys_list, async |db| {
    lost_and_found(db, "notify").await;
});

async fn lost_and_found(db: &TestDb, provider: &str) {
    let t = TestApp::start_with_provider(db, provider).await;
    t.add_resident(db, "Ann", &[ANN], &[]).await;
    let mut officer = t.officer("owner@force.example").await;
    let reference = t.publish(&mut officer, "White van", "Did you see it?").await;
    let from = t.wait_for_texts(ANN, 1).await[0].0.clone();
    t.text(ANN, &from, "By the church").await;
    t.sim_post("/api/behaviour", json!({ "lose_webhooks": true })).await;
    let path = format!("/api/phones/{}/texts", ANN.replace('+', "%2B"));
    t.sim_post(&path, json!({ "to": from, "text": "No, by the weir" })).await;
    let channel = t.app.channels().find("sms").unwrap().clone();
    let lister = Lister::of(&t.app, t.intake(), &channel).unwrap();
    // The list may be in use at this moment: it is read at the start too.
    eventually("the lost text in the list", async || (lister.run_once().await.unwrap() == 1).then_some(())).await;
    let key = t.key(&["inbox"]).await;
    let talk = eventually("both in one conversation", async || {
        let list = t.wait_for_conversations(&key, &reference, 1).await;
        Some(list[0].clone()).filter(|talk| talk["messages"].as_array().unwrap().len() == 2)
    })
    .await;
    assert_eq!((&talk["messages"][0]["text"], &talk["messages"][1]["text"]), (&json!("By the church"), &json!("No, by the weir")));
    assert_eq!(lister.run_once().await.unwrap(), 0, "what was found is not found again");
    t.stop().await;
}

async fn wait_for_status(t: &TestApp, reference: &str, status: &str, count: i64) {
    let key = t.key(&["alerts"]).await;
    let wanted = json!(count);
    eventually(&format!("{count} {status} of {reference}"), async || {
        let alert = t.api(&key, &format!("/api/v1/alerts/{reference}")).await;
        (alert["deliveries"]["sms"][status] == wanted).then_some(())
    })
    .await;
}

async fn all_read(db: &TestDb) {
    eventually("every arrival to be dealt with", async || (envelopes::count_waiting(&mut db.read().await).await.unwrap() == 0).then_some(())).await;
}

/// How many webhooks were stored.
async fn arrivals(db: &TestDb) -> usize {
    run(db, "UPDATE envelopes SET tries = tries").await
}

async fn hand_overs(t: &TestApp) -> Vec<Value> {
    t.sim("/api/handovers").await["handovers"].as_array().cloned().unwrap()
}

/// Gives the number of rows that it met.
async fn run(db: &TestDb, statement: &str) -> usize {
    use diesel_async::RunQueryDsl;
    let mut conn = db.write().await;
    huecry::on!(&mut conn, c => diesel::sql_query(statement).execute(c).await).unwrap()
}

/// A webhook of the provider's, signed and not sent.
#[derive(Clone)]
struct Webhook {
    url: String,
    headers: Vec<(String, String)>,
    body: String,
}

async fn request(t: &TestApp, phone: &str, text: &str) -> Webhook {
    let answer = t.sim_post(&format!("/api/phones/{}/webhook", phone.replace('+', "%2B")), json!({ "text": text })).await;
    let request = &answer["requests"][0];
    Webhook {
        url: request["url"].as_str().unwrap().to_owned(),
        headers: serde_json::from_value(request["headers"].clone()).unwrap(),
        body: request["body"].as_str().unwrap().to_owned(),
    }
}

async fn send(t: &TestApp, request: &Webhook) -> u16 {
    let call = request.headers.iter().fold(t.http().post(&request.url), |call, (name, value)| call.header(name, value));
    call.body(request.body.clone()).send().await.unwrap().status().as_u16()
}

/// What somebody else might send in the provider's name, who has seen a genuine webhook and has not the secret.
fn forgeries(provider: &str, genuine: &Webhook) -> Vec<(&'static str, Webhook)> {
    let header = |name: &str, change: &dyn Fn(&str) -> String| {
        let mut forged = genuine.clone();
        let (_, value) = forged.headers.iter_mut().find(|(own, _)| own == name).unwrap();
        *value = change(value);
        forged
    };
    let without = |name: &str| Webhook { headers: genuine.headers.iter().filter(|(own, _)| own != name).cloned().collect(), ..genuine.clone() };
    let body = |from: &str, to: &str| {
        assert!(genuine.body.contains(from), "{}", genuine.body);
        Webhook { body: genuine.body.replacen(from, to, 1), ..genuine.clone() }
    };
    // In the middle of a signature, where each letter counts.
    let damage = |signature: &str| {
        let middle = signature.len() - 20;
        let other = if &signature[middle..=middle] == "A" { "B" } else { "A" };
        format!("{}{other}{}", &signature[..middle], &signature[middle + 1..])
    };
    match provider {
        "twilio" => vec![
            ("no signature", without("x-twilio-signature")),
            ("another signature", header("x-twilio-signature", &damage)),
            ("other words", body("know", "wrote")),
        ],
        "notify" => vec![("no token", without("authorization")), ("another token", header("authorization", &|token| format!("{token}s")))],
        "vonage" => {
            vec![("no token", without("authorization")), ("another signature", header("authorization", &damage)), ("other words", body("know", "wrote"))]
        }
        "vonage_sms" => vec![("no signature", body("&sig=", "&gis=")), ("an empty signature", body("&sig=", "&sig=0")), ("other words", body("know", "wrote"))],
        "aws" => vec![
            ("no signature", body("\"Signature\"", "\"Signatur\"")),
            ("another signature", body("\"Signature\": \"", "\"Signature\": \"AAAA")),
            ("other words", body("know", "wrote")),
            ("another topic", body("111122223333:huecry", "999922223333:huecry")),
        ],
        other => panic!("no forgeries for {other}"),
    }
}
