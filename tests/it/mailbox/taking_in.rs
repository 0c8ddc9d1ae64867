//! Mail is taken in once, at once, and left as it was.

use std::time::{Duration, Instant};

use super::imap::{Look, has};
use super::proxy::Wire;
use super::{Post, lmtp, plain, reply_address, user_of};
use crate::support::app::eventually;

on_both!(a_reply_in_the_mailbox_ends_in_the_inbox_of_the_alerts_owner, async |db| {
    let post = Post::start(db, 1).await;
    let (reference, mail) = post.alert_to(db, "bob@example.org").await;
    let raw = include_str!("../../../fixtures/email/reply.eml").replace("@MESSAGE_ID@", mail["message_id"].as_str().unwrap());
    lmtp::deliver("bob@example.org", &post.address(&reply_address(&mail)), raw.as_bytes()).await;

    let key = post.app.key(&["inbox"]).await;
    let conversation = post.app.wait_for_conversations(&key, &reference, 1).await.remove(0);
    let message = &conversation["messages"][0];
    assert_eq!(message["text"], "Yes, at nine, by the church – a white Transit.", "what is quoted is folded away");
    assert_eq!((&message["attribution"]["method"], &message["third_party"]), (&"token".into(), &false.into()));
    assert_eq!(message["attachments"][0]["filename"], "van.png");
    let mut officer = post.app.officer("owner@force.example").await;
    let page = officer.get("/inbox").await;
    assert!(page.body.contains("a white Transit"), "{}", page.body);
    assert_eq!(post.app.officer("stranger@force.example").await.get(&format!("/inbox/{}", conversation["id"].as_str().unwrap())).await.status, 404);
    post.app.stop().await;
});

on_both!(a_mail_that_comes_while_the_mailbox_is_watched_is_taken_in_at_once, async |db| {
    let wire = Wire::to_imap().await;
    let post = Post::start_with(db, 2, wire.port, "").await;
    for n in 1..=3 {
        // Each look is followed by another wait, and the server then tells of what comes.
        wire.idle_after(n - 1).await;
        let (began, text) = (Instant::now(), format!("number {n}"));
        lmtp::deliver("bob@example.org", &format!("{}@reply.example.org", post.user), &plain("bob@example.org", &n.to_string(), &text)).await;
        post.wait_for_text(&text).await;
        assert!(began.elapsed() < Duration::from_secs(10), "it waited for a poll: {:?}", began.elapsed());
    }
    post.app.stop().await;
});

on_both!(what_was_taken_in_is_marked_and_is_as_unread_as_before, async |db| {
    let post = Post::start(db, 3).await;
    let to = format!("{}@reply.example.org", post.user);
    for n in 1..=2 {
        lmtp::deliver("bob@example.org", &to, &plain("bob@example.org", &n.to_string(), &format!("number {n}"))).await;
    }
    post.taken_in(db, 2).await;
    let flags = eventually("both to be marked", async || {
        let flags = Look::into(&post.user).await.flags("INBOX").await;
        (flags.iter().filter(|flags| has(flags, "$Ingested")).count() == 2).then_some(flags)
    })
    .await;
    assert_eq!(flags.len(), 2, "nothing was moved or removed");
    assert!(flags.iter().all(|flags| !has(flags, "Seen") && !has(flags, "Deleted")), "{flags:?}");
    post.app.stop().await;
});

on_both!(a_mailbox_that_was_made_anew_loses_nothing_and_doubles_nothing, async |db| {
    let user = user_of(db, 4);
    let mut look = Look::into(&user).await;
    look.create("Reports").await;
    let (old, kept) = (plain("ann@example.org", "old", "only in the old one"), plain("bob@example.org", "kept", "in both"));
    look.append("Reports", &old).await;
    look.append("Reports", &kept).await;
    let wire = Wire::to_imap().await;
    let post = Post::start_with(db, 4, wire.port, "mailbox = \"Reports\"\n").await;
    post.taken_in(db, 2).await;
    wire.idle_after(0).await;

    wire.cut();
    let validity = look.uid_validity("Reports").await;
    look.delete("Reports").await;
    look.create("Reports").await;
    assert_ne!(look.uid_validity("Reports").await, validity, "the server has made another mailbox of it");
    look.append("Reports", &kept).await;
    look.append("Reports", &plain("cat@example.org", "new", "only in the new one")).await;
    wire.mend();
    post.wait_for_text("only in the new one").await;
    // Both of the new mailbox are marked, so both were looked at.
    eventually("both to be marked", async || {
        let flags = Look::into(&user).await.flags("Reports").await;
        (flags.len() == 2 && flags.iter().all(|flags| has(flags, "$Ingested"))).then_some(())
    })
    .await;
    let mut texts = post.texts(None).await;
    texts.sort();
    assert_eq!(texts, ["in both", "only in the new one", "only in the old one"]);
    post.app.stop().await;
});
