//! Robots that answer our mail: each acts on the delivery it belongs to, none reaches the inbox, and none can be forged.

use huecry::store::{notices, residents, suppressions};
use serde_json::{Value, json};

use crate::support::app::{TestApp, eventually};
use crate::support::db::TestDb;
use crate::support::rows::key;
use crate::web::take_mail;

const WHO: &str = "bob@example.org";

/// A delivery status notification for this return path.
fn dsn(to: &str, who: &str, status: &str, diagnostic: &str) -> String {
    format!(
        "Return-Path: <>\r\nFrom: Mail Delivery System <MAILER-DAEMON@mx.example.org>\r\nTo: {to}\r\nSubject: Undelivered Mail Returned to Sender\r\n\
         MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=\"b\"\r\n\r\n\
         --b\r\nContent-Type: text/plain\r\n\r\nIt could not be delivered.\r\n\
         --b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.org\r\n\r\n\
         Final-Recipient: rfc822; {who}\r\nAction: failed\r\nStatus: {status}\r\nDiagnostic-Code: smtp; {diagnostic}\r\n\r\n--b--\r\n"
    )
}

/// Bob is mailed an alert; gives the mail as it reached him.
async fn mailed(t: &TestApp, db: &TestDb) -> (String, Value) {
    t.add_resident(db, "Bob", &[WHO], &[]).await;
    let mut officer = t.officer("owner@force.example").await;
    let reference = t.publish(&mut officer, "White van", "Did you see a white van?").await;
    (reference, t.wait_for_mails(WHO, 1).await.remove(0))
}

async fn is_bad(db: &TestDb) -> bool {
    residents::find_by_match_key(&mut db.read().await, &key(WHO)).await.unwrap().unwrap().1.bad_at.is_some()
}

async fn settled(db: &TestDb) {
    eventually("everything dealt with", async || (huecry::store::envelopes::count_waiting(&mut db.read().await).await.unwrap() == 0).then_some(())).await;
}

on_both!(a_hard_bounce_marks_the_address_bad_and_a_forged_one_does_nothing, async |db| {
    let t = TestApp::start(db).await;
    let (reference, mail) = mailed(&t, db).await;
    take_mail(&t, dsn("alerts+aforgedtokenaforgedtoken@reply.example.org", WHO, "5.1.1", "550 5.1.1 user unknown")).await;
    // Whoever was copied in holds the reply token: it routes, it proves nothing. And a report about somebody else is not about Bob.
    let reply_to = mail["raw"].as_str().unwrap().lines().find_map(|line| line.strip_prefix("Reply-To: ")).unwrap().trim_matches(['<', '>']).to_owned();
    let return_path = mail["mail_from"].as_str().unwrap();
    take_mail(&t, dsn(&reply_to, WHO, "5.1.1", "550 5.1.1 user unknown")).await;
    take_mail(&t, dsn(return_path, "friend@elsewhere.example", "5.1.1", "550 5.1.1 user unknown")).await;
    settled(db).await;
    assert!(!is_bad(db).await, "a stranger cannot take somebody off the list");
    take_mail(&t, dsn(mail["mail_from"].as_str().unwrap(), WHO, "5.1.1", "550 5.1.1 user unknown")).await;
    eventually("the address to be bad", async || is_bad(db).await.then_some(())).await;
    let api = t.key(&["alerts", "inbox"]).await;
    let alert = t.api(&api, &format!("/api/v1/alerts/{reference}")).await;
    assert_eq!(alert["totals"]["permanent_failure"], 1, "{alert}");
    assert!(t.api(&api, "/api/v1/unattributed").await["conversations"].as_array().unwrap().is_empty(), "no robot reaches the inbox");
    t.stop().await;
});

on_both!(a_refusal_for_what_we_are_alarms_the_administrator_and_spares_the_resident, async |db| {
    let t = TestApp::start(db).await;
    let (_, mail) = mailed(&t, db).await;
    take_mail(&t, dsn(mail["mail_from"].as_str().unwrap(), WHO, "5.7.1", "554 5.7.1 blocked using zen.spamhaus.org")).await;
    let standing = eventually("the notice", async || notices::list_standing(&mut db.read().await, 9).await.unwrap().pop()).await;
    assert_eq!((standing.kind.as_str(), standing.subject.as_str()), ("policy_block", "example.org"));
    assert!(!is_bad(db).await);
    let mut admin = t.officer("admin@force.example").await;
    let page = admin.get("/admin").await;
    assert!(page.body.contains("Our mail is refused") && !page.body.contains(WHO), "{}", page.body);
    assert_eq!(admin.submit(&format!("/admin/notices/{}/clear", standing.id), &[]).await.status, 303);
    assert!(admin.get("/admin").await.body.contains("Nothing needs attention"));
    t.stop().await;
});

on_both!(a_full_mailbox_is_scored_and_not_held_against_the_address, async |db| {
    let t = TestApp::start(db).await;
    let (_, mail) = mailed(&t, db).await;
    for _ in 0..3 {
        take_mail(&t, dsn(mail["mail_from"].as_str().unwrap(), WHO, "5.2.2", "552 5.2.2 mailbox full")).await;
    }
    let score = eventually("the score", async || huecry::store::bounce_scores::find(&mut db.read().await, &key(WHO)).await.unwrap()).await;
    settled(db).await;
    assert!((score.score - 0.5).abs() < 0.01 && !is_bad(db).await, "{score:?}");
    t.stop().await;
});

/// A complaint (RFC 5965) that encloses the head of what it is about.
fn feedback(id: &str) -> String {
    format!(
        "From: feedback@arf.example.com\r\nTo: alerts@reply.example.org\r\nSubject: FW: alert\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type=feedback-report; boundary=\"b\"\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nabuse\r\n\
         --b\r\nContent-Type: message/feedback-report\r\n\r\nFeedback-Type: abuse\r\nUser-Agent: x\r\nVersion: 1\r\n\r\n\
         --b\r\nContent-Type: text/rfc822-headers\r\n\r\n{id}\r\nFrom: alerts@reply.example.org\r\nTo: redacted@example.com\r\n\r\n--b--\r\n"
    )
}

on_both!(who_calls_our_mail_abuse_gets_no_more_of_it, async |db| {
    let t = TestApp::start(db).await;
    let (_, mail) = mailed(&t, db).await;
    let raw = mail["raw"].as_str().unwrap();
    let id = raw.lines().find(|line| line.to_lowercase().starts_with("message-id:")).unwrap();
    let standing = async || suppressions::find_standing(&mut db.read().await, &key(WHO), "email").await.unwrap();
    take_mail(&t, feedback("Message-ID: <HC.aforgedtokenaforgedtoken@reply.example.org>")).await;
    settled(db).await;
    assert!(standing().await.is_none(), "a forged one does nothing");
    take_mail(&t, feedback(id)).await;
    let found = eventually("the suppression", async || standing().await).await;
    assert_eq!(found.reason, "complaint");
    let mut officer = t.officer("owner@force.example").await;
    t.add_resident(db, "Cat", &["cat@example.org"], &[]).await;
    t.publish(&mut officer, "Second", "Second alert").await;
    t.wait_for_mails("cat@example.org", 1).await;
    assert_eq!(t.mails(WHO).await.len(), 1);
    t.stop().await;
});

on_both!(a_flood_of_complaints_takes_nobody_off_until_somebody_has_looked, async |db| {
    let t = TestApp::start(db).await;
    let (_, mail) = mailed(&t, db).await;
    let mut conn = db.write().await;
    for n in 0..200 {
        let row = suppressions::SuppressionRow {
            reason: "complaint".into(),
            created_at: t.app.now(),
            ..db.new_suppression(&format!("p{n}@example.org"), "email", None)
        };
        suppressions::suppress(&mut conn, &row).await.unwrap();
    }
    drop(conn);
    let raw = mail["raw"].as_str().unwrap();
    take_mail(&t, feedback(raw.lines().find(|line| line.to_lowercase().starts_with("message-id:")).unwrap())).await;
    let standing = eventually("the notice", async || notices::list_standing(&mut db.read().await, 9).await.unwrap().pop()).await;
    assert_eq!(standing.kind, "complaint_cap");
    assert!(suppressions::find_standing(&mut db.read().await, &key(WHO), "email").await.unwrap().is_none());
    t.stop().await;
});

on_both!(a_person_is_told_once_that_their_mail_arrived_and_a_machine_is_told_nothing, async |db| {
    let t = TestApp::start_with(db, "acknowledge = true\n", true).await;
    let (reference, mail) = mailed(&t, db).await;
    t.mail(WHO, json!({ "mail_id": mail["id"], "text": "I saw it by the church." })).await;
    let answer = t.wait_for_mails(WHO, 2).await.remove(1);
    let (text, raw) = (answer["text"].as_str().unwrap(), answer["raw"].as_str().unwrap());
    assert!(text.contains("999") && text.contains("101") && !text.contains("white van"), "{text}");
    assert_eq!(answer["mail_from"], "", "nothing can answer it");
    assert!(raw.contains("Auto-Submitted: auto-replied") && raw.contains("In-Reply-To:"), "{raw}");

    t.mail(WHO, json!({ "mail_id": mail["id"], "text": "It had a ladder on top." })).await;
    let api = t.key(&["inbox"]).await;
    eventually("both messages", async || {
        let talk = t.wait_for_conversations(&api, &reference, 1).await.remove(0);
        (talk["messages"].as_array().unwrap().len() == 2).then_some(())
    })
    .await;
    // An out-of-office, and another gateway's own acknowledgement: what would go on for ever ends here.
    let token = raw.lines().find_map(|line| line.strip_prefix("Reply-To: ")).unwrap_or("alerts@reply.example.org").trim_matches(['<', '>']).to_owned();
    take_mail(
        &t,
        format!(
            "Return-Path: <>\r\nFrom: {WHO}\r\nTo: {token}\r\nSubject: Automatic reply: Re: White van\r\nAuto-Submitted: auto-replied\r\n\r\nI am away.\r\n"
        ),
    )
    .await;
    take_mail(&t, format!("From: other@gateway.example\r\nTo: {token}\r\nSubject: Re: White van\r\nAuto-Submitted: auto-replied\r\n\r\nThank you. Your message has reached us.\r\n")).await;
    settled(db).await;
    let talk = t.wait_for_conversations(&api, &reference, 1).await;
    assert_eq!((talk.len(), talk[0]["messages"].as_array().unwrap().len()), (1, 2), "no robot became a reply");
    assert_eq!(t.mails(WHO).await.len(), 2, "once a day and alert");
    assert!(t.mails("other@gateway.example").await.is_empty());
    t.stop().await;
});
