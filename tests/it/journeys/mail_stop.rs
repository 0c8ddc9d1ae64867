//! STOP by mail: at once from whom it provably comes, by a confirmed link otherwise, and never by somebody else's hand.

use huecry::store::suppressions;
use mail_auth::common::crypto::Ed25519Key;
use mail_auth::common::headers::HeaderWriter;
use mail_auth::dkim::DkimSigner;
use serde_json::Value;

use crate::support::app::{TestApp, eventually};
use crate::support::db::TestDb;
use crate::support::rows::key;
use crate::web::take_mail;

const WHO: &str = "bob@example.org";

/// The key of example.org, which the gateway knows.
struct Domain(Vec<u8>);

impl Domain {
    fn known_to(t: &TestApp) -> Self {
        use base64::Engine;
        let pkcs8 = Ed25519Key::generate_pkcs8().unwrap();
        let public = base64::engine::general_purpose::STANDARD.encode(Ed25519Key::from_pkcs8_der(&pkcs8).unwrap().public_key());
        t.app.dkim().know("s1._domainkey.example.org", &format!("v=DKIM1; k=ed25519; p={public}")).unwrap();
        Self(pkcs8)
    }

    fn sign(&self, mail: &str) -> String {
        let signer =
            DkimSigner::from_key(Ed25519Key::from_pkcs8_der(&self.0).unwrap()).domain("example.org").selector("s1").headers(["From", "To", "Subject", "Date"]);
        format!("{}{mail}", signer.sign(mail.as_bytes()).unwrap().to_header())
    }
}

/// The alert as it reached Bob, with its reference.
async fn alerted(t: &TestApp, db: &TestDb) -> Value {
    t.add_resident(db, "Bob", &[WHO], &[]).await;
    let mut officer = t.officer("owner@force.example").await;
    let reference = t.publish(&mut officer, "First", "First alert").await;
    let mut alert = t.wait_for_mails(WHO, 1).await.remove(0);
    alert["reference"] = reference.into();
    alert
}

fn answer(from: &str, alert: &Value, text: &str) -> String {
    let reply_to = alert["headers"]["reply-to"][0].as_str().unwrap();
    dated(from, reply_to, chrono::Utc::now(), text)
}

fn dated(from: &str, reply_to: &str, date: chrono::DateTime<chrono::Utc>, text: &str) -> String {
    let id = huecry::domain::ids::public_id();
    format!("From: {from}\r\nTo: {reply_to}\r\nSubject: Re: First\r\nDate: {}\r\nMessage-ID: <{id}@example.org>\r\n\r\n{text}\r\n", date.to_rfc2822())
}

async fn is_out(db: &TestDb) -> bool {
    suppressions::find_standing(&mut db.read().await, &key(WHO), "email").await.unwrap().is_some()
}

on_both!(a_signed_stop_is_out_at_once_with_one_confirmation, async |db| {
    let t = TestApp::start(db).await;
    let alert = alerted(&t, db).await;
    let domain = Domain::known_to(&t);
    take_mail(&t, domain.sign(&answer(WHO, &alert, "STOP"))).await;
    eventually("Bob to be out", async || is_out(db).await.then_some(())).await;
    let confirmation = t.wait_for_mails(WHO, 2).await.remove(1);
    assert!(confirmation["text"].as_str().unwrap().contains("no more e-mail from us"), "{confirmation}");
    assert_eq!((confirmation["mail_from"].as_str(), confirmation["headers"]["auto-submitted"][0].as_str()), (Some(""), Some("auto-replied")));

    take_mail(&t, domain.sign(&answer(WHO, &alert, "Please stop."))).await;
    let mut officer = t.officer("owner@force.example").await;
    t.add_resident(db, "Cat", &["cat@example.org"], &[]).await;
    t.publish(&mut officer, "Second", "Second alert").await;
    t.wait_for_mails("cat@example.org", 1).await;
    assert_eq!(t.mails(WHO).await.len(), 2, "one confirmation, and nothing more");
    t.stop().await;
});

on_both!(whoever_left_by_mail_comes_back_by_a_code_to_the_same_address, async |db| {
    let t = TestApp::start(db).await;
    let alert = alerted(&t, db).await;
    let domain = Domain::known_to(&t);
    take_mail(&t, domain.sign(&answer(WHO, &alert, "Unsubscribe"))).await;
    eventually("Bob to be out", async || is_out(db).await.then_some(())).await;
    t.wait_for_mails(WHO, 2).await;
    let mut bob = t.visitor();
    bob.get("/account/sign-in").await;
    bob.submit("/account/sign-in", &[("address", WHO)]).await;
    let code = t.wait_for_mails(WHO, 3).await.remove(2);
    assert!(code["text"].as_str().unwrap().contains("code"), "{code}");
    t.stop().await;
});

on_both!(a_stop_that_is_not_provably_theirs_only_brings_a_link, async |db| {
    let t = TestApp::start(db).await;
    let alert = alerted(&t, db).await;
    let domain = Domain::known_to(&t);
    let reply_to = alert["headers"]["reply-to"][0].as_str().unwrap();
    let forged = [
        // An old one of Bob's own, sent again by somebody who has it; a wish within a sentence, which may be of somebody else.
        domain.sign(&dated(WHO, reply_to, chrono::Utc::now() - chrono::Duration::days(30), "STOP")),
        domain.sign(&answer(WHO, &alert, "He shouted stop sending me these mails at a man in a red coat")),
        // Read as Bob's by one program and as Eve's by the other, which checks the signature.
        format!(
            "Resent-Date: +Z\r\n{}",
            domain.sign(&answer("eve@example.org", &alert, "STOP!")).replacen("\r\n\r\n", &format!("\r\nFrom : {WHO}\r\n\r\n"), 1)
        ),
        // Nobody signed it; somebody changed it afterwards; a neighbour at the same provider put Bob's name on top of their own.
        answer(WHO, &alert, "STOP"),
        domain.sign(&answer(WHO, &alert, "Don't stop!")).replace("Don't stop!", "STOP"),
        format!("From: {WHO}\r\n{}", domain.sign(&answer("eve@example.org", &alert, "STOP "))),
        // What a stranger's server says of it, or what they wrote into it themselves.
        format!("Authentication-Results: mx.elsewhere.example; dmarc=pass header.from=example.org\r\n{}", answer(WHO, &alert, "Stop.")),
    ];
    let count = i64::try_from(forged.len()).unwrap();
    for mail in forged {
        take_mail(&t, mail).await;
    }
    eventually("all to be dealt with", async || (huecry::store::envelopes::count_of(&mut db.read().await, "processed").await.unwrap() == count).then_some(()))
        .await;
    assert!(!is_out(db).await, "nobody can put another out");
    let offer = t.wait_for_mails(WHO, 2).await.remove(1);
    assert!(offer["text"].as_str().unwrap().contains("/leave/"), "{offer}");
    assert_eq!(t.mails(WHO).await.len(), 2, "one link a day, however often it is asked for");
    t.stop().await;
});

on_both!(the_word_of_our_own_mail_server_is_taken_and_shown, async |db| {
    let t = TestApp::start_with(db, "authserv_ids = [\"mx.force.example\"]\n", true).await;
    let alert = alerted(&t, db).await;
    let ours = "Authentication-Results: mx.force.example; dmarc=";
    take_mail(&t, format!("{ours}fail header.from=example.org\r\n{}", answer(WHO, &alert, "I saw the van"))).await;
    let (api, reference) = (t.key(&["alerts", "inbox"]).await, alert["reference"].as_str().unwrap().to_owned());
    let heard = t.wait_for_conversations(&api, &reference, 1).await.remove(0);
    assert_eq!((&heard["messages"][0]["sender"]["trust"], &heard["messages"][0]["text"]), (&"refused".into(), &"I saw the van".into()));
    let mut officer = t.officer("owner@force.example").await;
    let page = officer.get(&format!("/inbox/{}", heard["id"].as_str().unwrap())).await.body;
    assert!(page.contains("Perhaps not from this sender") && page.contains("disowns this mail"), "it is heard, with a mark: {page}");
    take_mail(&t, format!("{ours}pass header.from=example.org\r\n{}", answer(WHO, &alert, "STOP"))).await;
    eventually("Bob to be out", async || is_out(db).await.then_some(())).await;
    t.stop().await;
});
