//! A mail that is too large, a line that breaks: the next mail comes in all the same.

use super::imap::{Look, has};
use super::proxy::Wire;
use super::{Post, lmtp, plain, server};
use crate::support::app::eventually;

on_both!(a_mail_over_the_limit_is_listed_and_the_next_is_taken_in, async |db| {
    let post = Post::start_with(db, 5, server("HUECRY_TEST_IMAP").1, "max_mebibytes = 50\n").await;
    let to = format!("{}@reply.example.org", post.user);
    let line = [b"0123456789abcdef".repeat(60), b"\r\n".to_vec()].concat();
    let large = [plain("bob@example.org", "large", "the video"), line.repeat(63_000)].concat();
    assert!(large.len() > 60_000_000);
    lmtp::deliver("bob@example.org", &to, &large).await;
    lmtp::deliver("ann@example.org", &to, &plain("ann@example.org", "small", "and the van is red")).await;
    post.wait_for_text("and the van is red").await;

    let mut admin = post.app.officer("admin@force.example").await;
    let page = admin.get("/admin").await.body;
    assert!(
        page.contains("mail INBOX") && page.contains("oversize") && page.contains("the limit is 52428800") && page.contains("was left in the mailbox unread"),
        "{page}"
    );
    assert_eq!(post.texts(None).await, ["and the van is red"]);
    eventually("the small one alone to be marked", async || {
        let flags = Look::into(&post.user).await.flags("INBOX").await;
        let marked: Vec<_> = flags.iter().map(|flags| has(flags, "$Ingested")).collect();
        (marked == [false, true]).then_some(())
    })
    .await;
    post.app.stop().await;
});

on_both!(a_line_cut_while_waiting_is_mended_and_what_came_meanwhile_is_taken_in, async |db| {
    let wire = Wire::to_imap().await;
    let post = Post::start_with(db, 6, wire.port, "").await;
    let to = format!("{}@reply.example.org", post.user);
    wire.idle_after(0).await;
    wire.cut();
    lmtp::deliver("bob@example.org", &to, &plain("bob@example.org", "meanwhile", "while the line was down")).await;
    wire.refuses().await;
    let mut admin = post.app.officer("admin@force.example").await;
    eventually("the fault on the administrator's page", async || {
        let answer = post.app.http().get(format!("{}/admin", post.app.url)).header("cookie", admin.cookie_header()).send().await.unwrap();
        answer.text().await.unwrap().contains("Not working").then_some(())
    })
    .await;

    let before = wire.idles();
    wire.mend();
    post.wait_for_text("while the line was down").await;
    wire.idle_after(before).await;
    assert!(!admin.get("/admin").await.body.contains("Not working"), "the fault is over");
    lmtp::deliver("bob@example.org", &to, &plain("bob@example.org", "after", "after it was mended")).await;
    post.wait_for_text("after it was mended").await;
    assert_eq!(post.texts(None).await, ["while the line was down", "after it was mended"]);
    post.app.stop().await;
});

on_both!(where_the_mailbox_keeps_no_keywords_what_was_taken_in_is_moved_away, async |db| {
    let wire = Wire::to_imap_without_keywords().await;
    let post = Post::start_with(db, 12, wire.port, "").await;
    let to = format!("{}@reply.example.org", post.user);
    lmtp::deliver("bob@example.org", &to, &plain("bob@example.org", "first", "before it waited")).await;
    post.wait_for_text("before it waited").await;
    wire.idle_after(0).await;
    lmtp::deliver("bob@example.org", &to, &plain("bob@example.org", "second", "while it waited")).await;
    post.wait_for_text("while it waited").await;
    eventually("both to be moved", async || {
        let mut look = Look::into(&post.user).await;
        (look.flags("INBOX").await.is_empty() && look.flags("Processed").await.len() == 2).then_some(())
    })
    .await;
    assert_eq!(post.texts(None).await.len(), 2, "and nothing is taken in twice");
    post.app.stop().await;
});

on_both!(what_the_server_filed_as_junk_is_read_too, async |db| {
    let user = super::super::user_of(db, 13);
    let mut look = Look::into(&user).await;
    look.create("Junk").await;
    look.append("Junk", &plain("bob@example.org", "junk", "they took me for junk")).await;
    look.append("INBOX", &plain("ann@example.org", "inbox", "they did not")).await;
    let post = Post::start_with(db, 13, server("HUECRY_TEST_IMAP").1, "mailboxes = [\"INBOX\", \"Junk\"]\n").await;
    post.wait_for_text("they took me for junk").await;
    post.wait_for_text("they did not").await;
    post.app.stop().await;
});
