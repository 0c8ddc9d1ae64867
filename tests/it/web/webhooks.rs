//! The way in: what is not genuine leaves no trace, what is genuine is never lost, whatever it holds.

use std::time::Duration;

use huecry::store::{conversations, envelopes, messages};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{INBOUND, MAIL, all_dealt_with, encoded, figure, post_form, post_mail, post_signed, signature, stored, take_mail, take_text, text_form, tray};
use crate::support::app::{ACCOUNT, MAIL_SECRET, POOL, TestApp, eventually};
use crate::support::browser::value_of_hidden;
use crate::support::db::TestDb;

const PHONE: &str = "+447700900101";

on_both!(whatever_is_not_genuine_gets_one_answer_leaves_nothing_and_is_counted, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    let before = figure(&t, "huecry_webhooks_refused_total").await;
    let fields = text_form(PHONE, POOL[0], "hello", "SM1");
    let good = signature(&format!("{}{INBOUND}", t.url), &fields);
    let elsewhere = signature("https://elsewhere.example/webhooks/sms/sms/inbound", &fields);
    let foreign: Vec<_> = fields.iter().map(|(key, value)| (*key, if *key == "AccountSid" { "ACother" } else { *value })).collect();
    let changed: Vec<_> = fields.iter().map(|(key, value)| (*key, if *key == "Body" { "STOP" } else { *value })).collect();
    let status = "/webhooks/sms/sms/status";
    let raw = "From: bob@example.org\r\nTo: alerts@reply.example.org\r\nMessage-ID: <1@example.org>\r\n\r\nhello\r\n";
    let signed = |path: &str, fields: &[(&str, &str)]| signature(&format!("{}{path}", t.url), fields);
    let answers = [
        post_form(&t, INBOUND, &fields, None).await,
        post_form(&t, INBOUND, &fields, Some("")).await,
        post_form(&t, INBOUND, &fields, Some("bm90IGEgc2lnbmF0dXJl")).await,
        post_form(&t, INBOUND, &fields, Some(&elsewhere)).await,
        post_form(&t, INBOUND, &changed, Some(&good)).await,
        post_form(&t, &format!("{INBOUND}?x=1"), &fields, Some(&good)).await,
        post_form(&t, INBOUND, &foreign, Some(&signed(INBOUND, &foreign))).await,
        post_form(&t, status, &fields, Some(&good)).await,
        post_form(&t, "/webhooks/sms/nobody/inbound", &fields, Some(&signed("/webhooks/sms/nobody/inbound", &fields))).await,
        post_form(&t, "/webhooks/sms/mail/inbound", &fields, Some(&signed("/webhooks/sms/mail/inbound", &fields))).await,
        post_form(&t, "/webhooks/email/sms", &fields, Some(&good)).await,
        post_form(&t, "/webhooks/email/nobody", &fields, None).await,
        post_mail(&t, raw, None).await,
        post_mail(&t, raw, Some("Bearer wrong")).await,
        post_mail(&t, raw, Some("Bearer ")).await,
        post_mail(&t, raw, Some(MAIL_SECRET)).await,
        post_mail(&t, raw, Some(&format!("Basic {MAIL_SECRET}"))).await,
    ];
    for (index, answer) in answers.iter().enumerate() {
        assert_eq!(answer, &(403, "refused\n".to_owned()), "number {index}");
    }
    assert_eq!(stored(db).await, 0, "nothing was stored");
    let counted = figure(&t, "huecry_webhooks_refused_total").await - before;
    assert!((counted - 17.0).abs() < 0.1, "{counted} were counted");
    t.stop().await;
});

/// Sends a request's head and so much of a body, and gives the status that comes back. No more is written than that, so
/// that an early answer cannot be lost to a connection that is reset under a sender still writing.
pub(super) async fn status_of(t: &TestApp, head: &str, chunk: Option<&[u8]>) -> u16 {
    let host = t.url.trim_start_matches("http://");
    let mut stream = TcpStream::connect(host).await.unwrap();
    stream.write_all(format!("{head}\r\nHost: {host}\r\n\r\n").as_bytes()).await.unwrap();
    if let Some(chunk) = chunk {
        stream.write_all(format!("{:x}\r\n", chunk.len()).as_bytes()).await.unwrap();
        stream.write_all(chunk).await.unwrap();
        stream.write_all(b"\r\n").await.unwrap();
    }
    let mut answer = [0; 12];
    tokio::time::timeout(Duration::from_secs(30), stream.read_exact(&mut answer)).await.expect("an answer in time").unwrap();
    std::str::from_utf8(&answer).unwrap().rsplit(' ').next().unwrap().parse().unwrap()
}

/// What is in the folder of files, half-written ones included.
fn left_over(db: &TestDb) -> Vec<std::path::PathBuf> {
    std::fs::read_dir(db.folder().join("files")).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file()).collect()
}

on_both!(a_body_over_the_cap_is_refused_before_it_is_read_and_one_at_the_cap_is_taken, async |db| {
    let t = TestApp::start_with(db, "", false).await;
    let (small, large) = (1_usize << 20, 64_usize << 20);
    for path in [INBOUND, "/webhooks/sms/sms/status"] {
        assert_eq!(status_of(&t, &format!("POST {path} HTTP/1.1\r\nContent-Length: {}", small + 1), None).await, 413, "{path}, by its announced length");
        let chunked = format!("POST {path} HTTP/1.1\r\nTransfer-Encoding: chunked");
        assert_eq!(status_of(&t, &chunked, Some(&vec![b'a'; small + 1])).await, 413, "{path}, in pieces");
    }
    let authorization = format!("Authorization: Bearer {MAIL_SECRET}");
    let head = format!("POST {MAIL} HTTP/1.1\r\n{authorization}\r\nContent-Length: {}", large + 1);
    assert_eq!(status_of(&t, &head, None).await, 413);
    let chunked = format!("POST {MAIL} HTTP/1.1\r\n{authorization}\r\nTransfer-Encoding: chunked");
    assert_eq!(status_of(&t, &chunked, Some(&vec![b'a'; large + 1])).await, 413);
    let unknown = format!("POST {MAIL} HTTP/1.1\r\nAuthorization: Bearer wrong\r\nContent-Length: {large}");
    assert_eq!(status_of(&t, &unknown, None).await, 403, "whoever cannot prove themselves is not read");
    assert_eq!(stored(db).await, 0);
    assert!(left_over(db).is_empty(), "{:?}", left_over(db));

    let empty = encoded(&text_form(PHONE, POOL[0], "", "SM1")).len();
    let long = "a".repeat(small - empty);
    let fields = text_form(PHONE, POOL[0], &long, "SM1");
    assert_eq!(encoded(&fields).len(), small);
    assert_eq!(post_signed(&t, INBOUND, &fields).await.0, 200);
    assert_eq!(stored(db).await, 1);
    t.stop().await;
});

on_both!(a_genuine_request_that_cannot_be_read_is_parked_and_the_administrator_sees_it, async |db| {
    let t = TestApp::start(db).await;
    let fields = [("AccountSid", ACCOUNT), ("To", POOL[0]), ("Body", "who am I"), ("MessageSid", "SM1")];
    assert_eq!(post_signed(&t, INBOUND, &fields).await.0, 200, "it is genuine: it must not be sent again for ever");
    let parked = eventually("it to be parked", async || envelopes::list_parked(&mut db.read().await, 9).await.unwrap().pop()).await;

    let mut admin = t.officer("admin@force.example").await;
    let page = admin.get("/admin").await;
    assert!(page.body.contains("field From is missing") && page.body.contains(&hex::encode(&parked.sha256)), "{}", page.body);
    assert!(!page.body.contains("who am I"), "the list shows nobody's words");
    let raw = admin.get(&format!("/admin/parked/{}/raw", parked.id)).await;
    assert_eq!((raw.status, raw.body), (200, encoded(&fields)), "the original, byte for byte");

    // The words of the next go on at once.
    take_text(&t, PHONE, POOL[0], "and I am here", "SM2").await;
    assert_eq!(tray(&t, 1).await[0]["messages"][0]["text"], "and I am here");

    let replayed = admin.submit(&format!("/admin/parked/{}/replay", parked.id), &[]).await;
    assert_eq!((replayed.status, replayed.location.as_deref()), (303, Some("/admin")));
    assert!(admin.get("/admin").await.body.contains("It is being dealt with again."));
    eventually("it to be parked again, since nothing was mended", async || {
        envelopes::find(&mut db.read().await, parked.id).await.unwrap().filter(|row| row.status == "parked")
    })
    .await;
    t.stop().await;
});

on_both!(a_parked_text_is_dealt_with_once_its_cause_is_mended, async |db| {
    // Without workers it can be parked by hand, as if the fault had been ours.
    let t = TestApp::start_with(db, "", false).await;
    take_text(&t, PHONE, POOL[0], "I saw the van", "SM1").await;
    let lanes: Vec<i64> = (0..huecry::inbound::intake::LANES).collect();
    let id = {
        let mut conn = db.write().await;
        let claimed = envelopes::claim(&mut conn, &lanes, "test", 9, 0).await.unwrap();
        envelopes::park(&mut conn, claimed[0].id, "a fault of ours", crate::support::now()).await.unwrap();
        claimed[0].id
    };
    let mut admin = t.officer("admin@force.example").await;
    assert!(admin.get("/admin").await.body.contains("a fault of ours"));
    admin.submit(&format!("/admin/parked/{id}/replay"), &[]).await;
    assert_eq!(huecry::inbound::process::run_once(&t.app, &lanes).await.unwrap(), 1);
    assert_eq!(tray(&t, 1).await[0]["messages"][0]["text"], "I saw the van");
    assert!(admin.get("/admin").await.body.contains("Nothing is parked"));
    let late = admin.submit(&format!("/admin/parked/{id}/replay"), &[]).await;
    assert_eq!(late.status, 303);
    assert!(admin.get("/admin").await.body.contains("It is no longer parked."));
    assert_eq!(admin.get(&format!("/admin/parked/{id}/raw")).await.status, 404, "what became a message is read by the officers alone");
    t.stop().await;
});

on_both!(the_same_text_twice_is_one_and_the_same_words_in_two_texts_are_two, async |db| {
    let t = TestApp::start(db).await;
    for sid in ["SM1", "SM1", "SM2", "SM1"] {
        take_text(&t, PHONE, POOL[0], "There he is", sid).await;
    }
    let rush = text_form(PHONE, POOL[0], "And gone", "SM3");
    let answers = futures_util::future::join_all((0..8).map(|_| post_signed(&t, INBOUND, &rush))).await;
    assert!(answers.iter().all(|(status, body)| *status == 200 && body == "<Response/>"), "{answers:?}");
    all_dealt_with(db, 3).await;
    let list = tray(&t, 3).await;
    assert_eq!(list.len(), 1, "one person, one conversation");
    let messages = list[0]["messages"].as_array().unwrap();
    assert_eq!(messages.iter().map(|message| message["text"].as_str().unwrap()).collect::<Vec<_>>(), ["There he is", "There he is", "And gone"]);
    assert!(messages.iter().all(|message| message["possible_duplicate"] == false));
    t.stop().await;
});

on_both!(a_text_without_any_id_that_comes_twice_is_kept_twice_and_the_second_is_flagged, async |db| {
    let t = TestApp::start(db).await;
    let fields = [("AccountSid", ACCOUNT), ("From", PHONE), ("To", POOL[0]), ("Body", "There he is again")];
    for _ in 0..2 {
        assert_eq!(post_signed(&t, INBOUND, &fields).await.0, 200);
    }
    let conversation = tray(&t, 2).await.remove(0);
    let flags: Vec<_> = conversation["messages"].as_array().unwrap().iter().map(|message| message["possible_duplicate"] == true).collect();
    assert_eq!(flags, [false, true]);
    let mut officer = t.officer("owner@force.example").await;
    let page = officer.get(&format!("/inbox/{}", conversation["id"].as_str().unwrap())).await;
    assert!(page.body.to_lowercase().contains("duplicate"), "the officer sees the flag: {}", page.body);
    t.stop().await;
});

on_both!(a_provider_that_calls_by_get_is_heard, async |db| {
    let t = TestApp::start(db).await;
    let target = format!("{INBOUND}?{}", encoded(&text_form(PHONE, POOL[0], "By GET & with ümlaut", "SM1")));
    let url = format!("{}{target}", t.url);
    let refused = t.http().get(&url).header("x-twilio-signature", signature(&t.url, &[])).send().await.unwrap();
    assert_eq!(refused.status().as_u16(), 403);
    for _ in 0..2 {
        let answer = t.http().get(&url).header("x-twilio-signature", signature(&url, &[])).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 200);
    }
    all_dealt_with(db, 1).await;
    assert_eq!(tray(&t, 1).await[0]["messages"][0]["text"], "By GET & with ümlaut");
    t.stop().await;
});

on_both!(a_mail_that_cannot_be_read_is_parked_and_seen, async |db| {
    let t = TestApp::start(db).await;
    for raw in [" \r\n\t\r\n", "", "\r\n\r\nFrom: too@late.example\r\n"] {
        take_mail(&t, raw).await;
    }
    all_dealt_with(db, 3).await;
    let parked = envelopes::list_parked(&mut db.read().await, 9).await.unwrap();
    let reasons: Vec<_> = parked.iter().map(|row| row.reason.clone().unwrap_or_default()).collect();
    assert_eq!(reasons.len(), 3, "{reasons:?}");
    let mut admin = t.officer("admin@force.example").await;
    let page = admin.get("/admin").await.body;
    assert!(page.contains("3 parked") && reasons.iter().all(|reason| !reason.is_empty() && page.contains(reason.as_str())), "{page}");
    t.stop().await;
});

on_both!(nul_bytes_anywhere_are_taken_out_of_the_words_and_kept_in_the_original, async |db| {
    let t = TestApp::start(db).await;
    take_text(&t, PHONE, POOL[0], "before\0after", "SM1").await;
    assert_eq!(tray(&t, 1).await[0]["messages"][0]["text"], "beforeafter");
    for raw in [&include_bytes!("../../../fixtures/email/nul_in_the_words.eml")[..], include_bytes!("../../../fixtures/email/nul_in_the_headers.eml")] {
        take_mail(&t, raw).await;
    }
    all_dealt_with(db, 3).await;
    let parked = envelopes::list_parked(&mut db.read().await, 9).await.unwrap();
    assert!(parked.is_empty(), "{:?}", parked.iter().map(|row| row.reason.clone()).collect::<Vec<_>>());
    let mut list = tray(&t, 3).await;
    // Of three people, so they may be dealt with side by side.
    list.sort_by_key(|one| one["messages"][0]["text"].to_string());
    let texts: Vec<_> = list.iter().map(|one| one["messages"][0]["text"].as_str().unwrap()).collect();
    assert_eq!(texts, ["Seen by the bridge.", "Seen by the church.", "beforeafter"]);
    assert_eq!(list[1]["messages"][0]["subject"], "The van");
    let mut officer = t.officer("owner@force.example").await;
    assert_eq!(original(&t, &mut officer, &list[1]).await, include_bytes!("../../../fixtures/email/nul_in_the_words.eml"));
    t.stop().await;
});

/// The original of a conversation's first message, as an officer downloads it.
async fn original(t: &TestApp, officer: &mut crate::support::browser::Client, conversation: &Value) -> Vec<u8> {
    let (id, message) = (conversation["id"].as_str().unwrap(), conversation["messages"][0]["id"].as_str().unwrap());
    let page = officer.get(&format!("/inbox/{id}")).await;
    let path = format!("/inbox/{id}/original/{message}");
    assert!(page.body.contains(&path), "{}", page.body);
    let answer = t.http().get(format!("{}{path}", t.url)).header("cookie", officer.cookie_header()).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 200);
    assert!(answer.headers()["content-disposition"].to_str().unwrap().starts_with("attachment"), "it is never shown in place");
    answer.bytes().await.unwrap().to_vec()
}

async fn kept_in_a_file(db: &TestDb, conversation: &Value) -> bool {
    let mut conn = db.read().await;
    let message = messages::find(&mut conn, conversation["messages"][0]["id"].as_str().unwrap()).await.unwrap().unwrap();
    assert!(conversations::get(&mut conn, message.conversation_id).await.is_ok());
    let envelope = envelopes::find(&mut conn, message.envelope_id.unwrap()).await.unwrap().unwrap();
    envelope.body_file.is_some() && envelope.body.is_none()
}

on_both!(a_mail_of_five_megabytes_goes_to_the_files_and_comes_back_byte_for_byte, async |db| {
    let t = TestApp::start(db).await;
    // Noise, so that no compression on the way hides a difference; line by line as mail has it.
    let mut noise = 0x2545_f491_u32;
    let mut line = || -> String {
        (0..76)
            .map(|_| {
                noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                char::from(b'a' + u8::try_from(noise >> 24).unwrap() % 26)
            })
            .collect()
    };
    let body: String = (0..68_000).map(|_| line() + "\r\n").collect();
    let raw = format!(
        "From: Bob <bob@example.org>\r\nTo: alerts@reply.example.org\r\nSubject: Video\r\nMessage-ID: <big@example.org>\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed; boundary=cut\r\n\r\n--cut\r\nContent-Type: text/plain\r\n\r\nThe video.\r\n--cut\r\n\
         Content-Type: video/mp4\r\nContent-Disposition: attachment; filename=dashcam.mp4\r\nContent-Transfer-Encoding: base64\r\n\r\n{body}--cut--\r\n"
    );
    assert!(raw.len() > 5 << 20);
    take_mail(&t, raw.clone()).await;
    let conversation = tray(&t, 1).await.remove(0);
    assert_eq!(conversation["messages"][0]["text"], "The video.");
    assert_eq!(conversation["messages"][0]["attachments"][0]["filename"], "dashcam.mp4");
    assert!(kept_in_a_file(db, &conversation).await);
    let mut officer = t.officer("owner@force.example").await;
    assert!(original(&t, &mut officer, &conversation).await == raw.as_bytes(), "the original differs");
    t.stop().await;
});

on_both!(a_text_from_a_short_code_or_a_name_is_kept_and_shown_and_cannot_be_answered, async |db| {
    let t = TestApp::start(db).await;
    take_text(&t, "60163", POOL[0], "Your parcel waits", "SM1").await;
    take_text(&t, "CRIMESTOP", POOL[0], "We heard of a van", "SM2").await;
    let key = t.key(&["inbox"]).await;
    let mut officer = t.officer("owner@force.example").await;
    for words in ["Your parcel waits", "We heard of a van"] {
        let conversation = tray(&t, 2).await.into_iter().find(|one| one["messages"][0]["text"] == words).unwrap();
        let id = conversation["id"].as_str().unwrap();
        let page = officer.get(&format!("/inbox/{id}")).await;
        assert!(page.body.contains(words) && page.body.contains("cannot be answered"), "{}", page.body);
        let version = value_of_hidden(&page.body, "version").unwrap_or_else(|| "1".to_owned());
        assert_eq!(officer.submit(&format!("/inbox/{id}/reply"), &[("text", "Who are you?"), ("version", &version)]).await.status, 422);
        let answer = t.http().post(format!("{}/api/v1/conversations/{id}/replies", t.url)).bearer_auth(&key);
        assert_eq!(answer.json(&json!({ "text": "Who are you?", "version": conversation["version"] })).send().await.unwrap().status().as_u16(), 409);
    }
    assert_eq!(t.sim("/api/handovers").await["handovers"].as_array().unwrap().len(), 0, "nothing was handed over");
    t.stop().await;
});
