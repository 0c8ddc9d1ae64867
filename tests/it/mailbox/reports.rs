//! What machines write back, and what strangers do: bounces by the token alone, automatic answers to nobody.

use huecry::config::Keyring;
use huecry::store::residents;
use serde_json::Value;

use super::{Post, lmtp, plain, reply_address};
use crate::support::app::eventually;
use crate::support::db::TestDb;
use crate::support::rows::{address, key};

/// The only e-mail delivery's status of an alert.
async fn status(post: &Post, reference: &str) -> Value {
    let key = post.app.key(&["alerts"]).await;
    post.app.api(&key, &format!("/api/v1/alerts/{reference}")).await["deliveries"]["email"].clone()
}

async fn is_bad(db: &TestDb, mailbox: &str) -> bool {
    assert_eq!(address(mailbox).match_key(&Keyring::fixed().match_secret), key(mailbox));
    residents::find_by_match_key(&mut db.read().await, &key(mailbox)).await.unwrap().unwrap().1.bad_at.is_some()
}

on_both!(a_bounce_with_its_token_ends_the_delivery_and_a_forged_one_does_nothing, async |db| {
    let post = Post::start(db, 7).await;
    let (reference, mail) = post.alert_to(db, "bob@example.org").await;
    eventually("the mail to be handed over", async || (status(&post, &reference).await["accepted"] == 1).then_some(())).await;
    let report = include_bytes!("../../../fixtures/email/bounce.eml");
    let genuine = mail["mail_from"].as_str().unwrap();
    let (local, domain) = genuine.split_once('@').unwrap();
    let last = if local.ends_with('a') { 'b' } else { 'a' };
    let altered = format!("{}{last}@{domain}", local.get(..local.len() - 1).unwrap());
    // Without a token, and with one character of it changed.
    for (n, forged) in ["alerts@reply.example.org".to_owned(), altered].into_iter().enumerate() {
        let report = String::from_utf8_lossy(report).replace("bounce-1@", &format!("forged-{n}@"));
        lmtp::deliver("", &post.address(&forged), report.as_bytes()).await;
    }
    post.taken_in(db, 2).await;
    assert_eq!(status(&post, &reference).await, serde_json::json!({ "accepted": 1 }), "nobody can unsubscribe others by forging bounces");
    assert!(!is_bad(db, "bob@example.org").await);

    lmtp::deliver("", &post.address(genuine), report).await;
    eventually("the delivery to have failed", async || (status(&post, &reference).await == serde_json::json!({ "permanent_failure": 1 })).then_some(())).await;
    assert!(is_bad(db, "bob@example.org").await);
    assert!(post.texts(Some(&reference)).await.is_empty() && post.texts(None).await.is_empty(), "a report is no conversation");

    let mut officer = post.app.officer("owner@force.example").await;
    post.app.add_resident(db, "Ann", &["ann@example.org"], &[]).await;
    let second = post.app.publish(&mut officer, "Red van", "And a red one?").await;
    post.app.wait_for_mails("ann@example.org", 1).await;
    let key = post.app.key(&["alerts"]).await;
    assert_eq!(post.app.api(&key, &format!("/api/v1/alerts/{second}")).await["excluded"]["bad_address"], 1, "nothing more goes to a bad address");
    post.app.stop().await;
});

on_both!(an_automatic_answer_never_becomes_a_conversation, async |db| {
    let post = Post::start(db, 8).await;
    let (reference, mail) = post.alert_to(db, "bob@example.org").await;
    let to = post.address(&reply_address(&mail));
    lmtp::deliver("", &to, include_bytes!("../../../fixtures/email/out_of_office.eml")).await;
    lmtp::deliver("bob@example.org", &to, &plain("bob@example.org", "human", "It was me who saw it")).await;
    let key = post.app.key(&["inbox"]).await;
    let list = post.app.wait_for_conversations(&key, &reference, 1).await;
    post.taken_in(db, 2).await;
    assert_eq!(list.len(), 1);
    assert_eq!(post.texts(Some(&reference)).await, ["It was me who saw it"]);
    assert!(post.texts(None).await.is_empty());
    assert_eq!(post.app.mails("bob@example.org").await.len(), 1, "nothing answers a machine");
    post.app.stop().await;
});

on_both!(a_stranger_who_was_forwarded_an_alert_is_shown_as_a_third_party, async |db| {
    let post = Post::start(db, 9).await;
    let (reference, mail) = post.alert_to(db, "bob@example.org").await;
    let to = post.address(&reply_address(&mail));
    lmtp::deliver("bob@example.org", &to, &plain("Bob <bob@example.org>", "bob", "I saw it")).await;
    lmtp::deliver("sue@elsewhere.example", &to, &plain("Sue <sue@elsewhere.example>", "sue", "Bob sent me this: I saw it too")).await;
    let key = post.app.key(&["inbox"]).await;
    let list = post.app.wait_for_conversations(&key, &reference, 2).await;
    let seen: Vec<_> = list.iter().map(|one| (one["correspondent"]["name"].as_str().unwrap(), one["messages"][0]["third_party"] == true)).collect();
    assert!(seen.contains(&("Bob", false)) && seen.contains(&("Sue", true)), "two people, two conversations: {seen:?}");
    let sue = list.iter().find(|one| one["correspondent"]["name"] == "Sue").unwrap();
    let mut officer = post.app.officer("owner@force.example").await;
    let page = officer.get(&format!("/inbox/{}", sue["id"].as_str().unwrap())).await;
    assert!(page.body.contains("another address"), "the officer is told: {}", page.body);
    // A third party's STOP speaks for nobody but themselves.
    lmtp::deliver("sue@elsewhere.example", &to, &plain("Sue <sue@elsewhere.example>", "stop", "STOP")).await;
    post.taken_in(db, 3).await;
    post.app.publish(&mut officer, "Red van", "And a red one?").await;
    post.app.wait_for_mails("bob@example.org", 2).await;
    assert!(post.app.mails("sue@elsewhere.example").await.is_empty(), "nothing of ours goes to an address that we never wrote to");
    post.app.stop().await;
});
