//! Several ways to the phones: fail-over without sending twice, gaps that are filled from the provider's list, longer texts
//! that come in parts, and a token that is used twice.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use huecry::inbound::{listing::Lister, parts};
use huecry::store::envelopes;
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::support::app::{ACCOUNT, POOL, TOKEN, TestApp, eventually};

const ANN: &str = "+447700900101";
const SECRET: &str = "qwertyuiopasdfghjklzxcvbnm123456";

on_both!(what_waits_for_a_channel_that_is_down_leaves_by_the_other_and_nothing_goes_twice, async |db| {
    // The second route is another carrier; the first refuses everything. Its own list of texts is the second's.
    let other = huecry::demo::simulator::start(huecry::demo::simulator::Settings {
        numbers: vec!["+447700900020".into(), "+447700900021".into()],
        sms_channel: "spare".into(),
        ..crate::support::app::settings("http://127.0.0.1:9", crate::support::app::twilio())
    })
    .await
    .unwrap();
    let spare = format!(
        "[[channels]]\nname = \"spare\"\nkind = \"sms\"\nprovider = \"twilio\"\naccount_sid = \"{ACCOUNT}\"\nauth_token = \"{TOKEN}\"\n\
         numbers = [\"+447700900020\", \"+447700900021\"]\napi_base = \"http://{}\"\nrate_per_s = 1000\nconcurrency = 16\n",
        other.http
    );
    let t = TestApp::start_with(db, &format!("# fallback spare\n{spare}"), true).await;
    let phones: Vec<String> = (0..30).map(|n| format!("+4477009001{n:02}")).collect();
    for phone in &phones {
        t.add_resident(db, "Ann", &[phone], &[]).await;
    }
    t.sim_post("/api/behaviour", json!({ "refuse": "500" })).await;
    let mut officer = t.officer("owner@force.example").await;
    t.publish(&mut officer, "First", "First alert").await;
    // All but those that keep trying the first route arrive by the second while it is down.
    let arrived = async |phone: &str| -> usize {
        let url = format!("http://{}/api/phones/{}", other.http, phone.replace('+', "%2B"));
        let list: serde_json::Value = t.http().get(url).send().await.unwrap().json().await.unwrap();
        list["messages"].as_array().map_or(0, Vec::len)
    };
    eventually("most of them to go by the other route", async || {
        let mut there = 0;
        for phone in &phones {
            there += arrived(phone).await;
        }
        (there >= 20).then_some(())
    })
    .await;
    t.sim_post("/api/behaviour", json!({ "refuse": "none" })).await;
    eventually("everybody to have it", async || {
        for phone in &phones {
            if arrived(phone).await + t.texts(phone).await.len() == 0 {
                return None;
            }
        }
        Some(())
    })
    .await;
    for phone in &phones {
        assert_eq!(arrived(phone).await + t.texts(phone).await.len(), 1, "{phone}");
    }
    t.stop().await;
    other.stop().await;
});

on_both!(what_was_texted_while_we_were_away_is_found_in_the_providers_list_once, async |db| {
    let t = TestApp::start(db).await;
    t.add_resident(db, "Ann", &[ANN], &[]).await;
    let mut officer = t.officer("owner@force.example").await;
    let reference = t.publish(&mut officer, "First", "First alert").await;
    let from = t.wait_for_texts(ANN, 1).await[0].0.clone();
    t.text(ANN, &from, "First answer").await;
    // The carrier calls nobody now: the answer is only in its list.
    t.call_at("http://127.0.0.1:9");
    t.text_unheard(ANN, &from, "Second answer").await;
    let channel = t.app.channels().find("sms").unwrap().clone();
    let lister = Lister::of(&t.app, t.intake(), &channel).unwrap();
    assert_eq!(lister.run_once().await.unwrap(), 1, "what came by the webhook is known by its id");
    assert_eq!(lister.run_once().await.unwrap(), 0);
    let inbox = t.key(&["inbox"]).await;
    eventually("both in the inbox", async || {
        let list = t.wait_for_conversations(&inbox, &reference, 1).await;
        let texts: Vec<_> = list[0]["messages"].as_array().unwrap().iter().map(|message| message["text"].as_str().unwrap().to_owned()).collect();
        (texts == ["First answer", "Second answer"]).then_some(())
    })
    .await;
    t.stop().await;
});

/// One part of a text, signed as Vonage's SMS API signs it.
async fn part(t: &TestApp, id: &str, reference: &str, total: usize, number: usize, text: &str) -> u16 {
    let now = t.app.now().unix_ms() / 1000;
    let mut fields: BTreeMap<&str, String> = BTreeMap::from([
        ("msisdn", ANN.trim_start_matches('+').to_owned()),
        ("to", "447700900030".to_owned()),
        ("messageId", id.to_owned()),
        ("text", text.to_owned()),
        ("type", "text".to_owned()),
        ("api-key", "abcd1234".to_owned()),
        ("timestamp", now.to_string()),
        ("nonce", format!("n-{id}")),
    ]);
    if total > 1 {
        fields.extend([
            ("concat", "true".to_owned()),
            ("concat-ref", reference.to_owned()),
            ("concat-total", total.to_string()),
            ("concat-part", number.to_string()),
        ]);
    }
    let signed: String = fields.iter().map(|(key, value)| format!("&{key}={}", value.replace(['&', '='], "_"))).collect();
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(signed.as_bytes());
    let sig = hex::encode(mac.finalize().into_bytes());
    let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(&fields).append_pair("sig", &sig).finish();
    let request = t.http().post(format!("{}/webhooks/sms/parts/inbound", t.url)).header("content-type", "application/x-www-form-urlencoded").body(form);
    request.send().await.unwrap().status().as_u16()
}

fn vonage_sms() -> String {
    format!(
        "[[channels]]\nname = \"parts\"\nkind = \"sms\"\nprovider = \"vonage_sms\"\napi_key = \"abcd1234\"\napi_secret = \"s\"\nsignature_secret = \"{SECRET}\"\n\
         signature_method = \"sha256\"\nnumbers = [\"+447700900030\"]\napi_base = \"http://127.0.0.1:9\"\n"
    )
}

async fn in_tray(t: &TestApp, inbox: &str) -> Vec<String> {
    let list = t.api(inbox, "/api/v1/unattributed").await["conversations"].as_array().cloned().unwrap();
    let messages = list.iter().flat_map(|one| one["messages"].as_array().cloned().unwrap());
    messages.map(|message| message["text"].as_str().unwrap().to_owned()).collect()
}

on_both!(parts_of_a_text_are_one_message_in_whatever_order_and_however_often_they_come, async |db| {
    let t = TestApp::start_with(db, &vonage_sms(), true).await;
    let inbox = t.key(&["inbox"]).await;
    for (id, number, text) in
        [("p3", 3, " heading for the A6"), ("p1", 1, "White van on Mill"), ("p1", 1, "White van on Mill"), ("p1b", 1, "White van on Mill"), ("p2", 2, " Lane,")]
    {
        assert_eq!(part(&t, id, "77", 3, number, text).await, 200);
    }
    eventually("one message", async || (in_tray(&t, &inbox).await == ["White van on Mill Lane, heading for the A6"]).then_some(())).await;
    // The same reference, used again later on: another text.
    t.app.clock().advance_ms(3_600_000);
    assert_eq!(part(&t, "q1", "77", 2, 1, "It is").await, 200);
    assert_eq!(part(&t, "q2", "77", 2, 2, " back").await, 200);
    eventually("a second message", async || (in_tray(&t, &inbox).await.last().map(String::as_str) == Some("It is back")).then_some(())).await;
    t.stop().await;
});

on_both!(a_part_that_never_comes_is_marked_and_one_that_comes_too_late_is_not_lost, async |db| {
    let t = TestApp::start_with(db, &vonage_sms(), true).await;
    let inbox = t.key(&["inbox"]).await;
    assert_eq!(part(&t, "r1", "5", 3, 1, "STOP").await, 200);
    assert_eq!(part(&t, "r3", "5", 3, 3, "the A6").await, 200);
    eventually("both parts kept", async || (envelopes::count_waiting(&mut db.read().await).await.unwrap() == 0).then_some(())).await;
    assert!(in_tray(&t, &inbox).await.is_empty());
    let standing = huecry::store::suppressions::find_standing(&mut db.read().await, &crate::support::rows::key(ANN), "sms").await.unwrap();
    assert!(standing.is_none(), "a part that reads STOP is no STOP");
    t.app.clock().advance_ms(parts::WAIT_MS + 1_000);
    eventually("what is there", async || (in_tray(&t, &inbox).await == ["STOP [part 2 of 3 did not arrive] the A6"]).then_some(())).await;
    assert_eq!(part(&t, "r2", "5", 3, 2, "sign near").await, 200);
    eventually("the late part", async || in_tray(&t, &inbox).await.iter().any(|text| text == "(part 2 of 3, which came later) sign near").then_some(())).await;
    t.stop().await;
});

/// A webhook of Vonage's Messages API with this token id.
async fn message(t: &TestApp, path: &str, jti: &str, body: &str) -> u16 {
    let claims =
        json!({ "iat": t.app.now().unix_ms() / 1000, "jti": jti, "iss": "Vonage", "payload_hash": hex::encode(Sha256::digest(body)), "api_key": "abcd1234" });
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","typ":"JWT"}"#), URL_SAFE_NO_PAD.encode(claims.to_string()));
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(signed.as_bytes());
    let token = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()));
    let request = t.http().post(format!("{}{path}", t.url)).bearer_auth(token).header("content-type", "application/json").body(body.to_owned());
    request.send().await.unwrap().status().as_u16()
}

on_both!(a_token_serves_for_its_own_request_and_its_retries_and_for_nothing_else, async |db| {
    let channel = format!(
        "[[channels]]\nname = \"vonage\"\nkind = \"sms\"\nprovider = \"vonage\"\napi_key = \"abcd1234\"\napi_secret = \"s\"\nsignature_secret = \"{SECRET}\"\n\
         numbers = [\"{}\"]\napi_base = \"http://127.0.0.1:9\"\n",
        POOL[0].replace("01", "31")
    );
    let t = TestApp::start_with(db, &channel, false).await;
    let text = |id: &str| {
        json!({ "message_uuid": id, "from": "447700900101", "to": "447700900031", "channel": "sms", "message_type": "text", "text": "hello", "timestamp": "2026-11-22T12:00:00Z" }).to_string()
    };
    let stored = async || envelopes::count_waiting(&mut db.read().await).await.unwrap();
    let (one, two) = (text("11111111-1111-4111-8111-111111111111"), text("22222222-2222-4222-8222-222222222222"));
    assert_eq!(message(&t, "/webhooks/sms/vonage/inbound", "a", &one).await, 200);
    assert_eq!(message(&t, "/webhooks/sms/vonage/inbound", "a", &one).await, 200, "a retry");
    assert_eq!(message(&t, "/webhooks/sms/vonage/inbound", "a", &two).await, 403, "another message with the same token id");
    assert_eq!(message(&t, "/webhooks/sms/vonage/status", "a", &one).await, 403, "the same at another webhook");
    assert_eq!(stored().await, 1);
    assert_eq!(message(&t, "/webhooks/sms/vonage/inbound", "b", &two).await, 200);
    assert_eq!(stored().await, 2);
    // Unsigned, as happens when the vendor has a fault of its own: it is asked for again, whatever the channel is called.
    for name in ["vonage", "nobody"] {
        let unsigned = t.http().post(format!("{}/webhooks/sms/{name}/inbound", t.url)).header("content-type", "application/json").body(one.clone());
        assert_eq!(unsigned.send().await.unwrap().status().as_u16(), 503, "{name}");
    }
    t.stop().await;
});
