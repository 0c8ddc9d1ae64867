//! Two forces that write to each other's published address: each answers at most once, and then it is quiet.

use super::{Post, lmtp, plain, server, settings, user_of};
use crate::support::app::TestApp;
use crate::support::db::TestDb;

on_both!(two_gateways_pointed_at_each_other_stop_after_one_exchange, async |db| {
    let port = server("HUECRY_TEST_IMAP").1;
    let with_answers = |user: &str| format!("acknowledge = true\n{}", settings(user, port, ""));
    let (here, there) = (user_of(db, 15), user_of(db, 16));
    let elsewhere = TestDb::sqlite().await;
    let ours = Post { app: TestApp::start_with(db, &with_answers(&here), true).await, user: here };
    let theirs = Post { app: TestApp::start_elsewhere(&elsewhere, &with_answers(&there)).await, user: there };
    let (our_address, their_address) = ("alerts@reply.example.org", "alerts@reply.elsewhere.example");
    let to_them = format!("{}@reply.elsewhere.example", theirs.user);

    // Somebody signed up the other force's address: our alert comes to them, and no machine thanks a machine.
    let (_, alert) = ours.alert_to(db, their_address).await;
    lmtp::deliver(alert["mail_from"].as_str().unwrap(), &to_them, alert["raw"].as_str().unwrap().as_bytes()).await;
    theirs.taken_in(&elsewhere, 1).await;
    assert!(theirs.app.mails(our_address).await.is_empty());

    // A person wrote to them from our address: they say once that it arrived, and that ends it here.
    lmtp::deliver(our_address, &to_them, &plain(our_address, "person", "Our officer would like a word")).await;
    theirs.taken_in(&elsewhere, 2).await;
    let answer = theirs.app.wait_for_mails(our_address, 1).await.remove(0);
    lmtp::deliver("", &format!("{}@reply.example.org", ours.user), answer["raw"].as_str().unwrap().as_bytes()).await;
    ours.taken_in(db, 1).await;
    assert_eq!(ours.app.mails(their_address).await.len(), 1, "the alert alone");
    assert!(ours.texts(None).await.is_empty(), "nor does it reach an officer");

    // The same person again, on the same day.
    lmtp::deliver(our_address, &to_them, &plain(our_address, "again", "Did you get this?")).await;
    theirs.taken_in(&elsewhere, 3).await;
    assert_eq!(theirs.app.mails(our_address).await.len(), 1, "once a day");
    ours.app.stop().await;
    theirs.app.stop().await;
});
