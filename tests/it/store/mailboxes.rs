//! IMAP mailboxes: one reader at a time, how far it came, and what became of each message.

use huecry::store::mailboxes::{self, UidRow};

use crate::support::now;

const LEASE_MS: i64 = 60_000;

fn uid(uid: i64, state: &str) -> UidRow {
    UidRow {
        channel: "mail".into(),
        mailbox: "INBOX".into(),
        uid_validity: 4_294_967_295,
        uid,
        state: state.into(),
        tries: 1,
        error: (state == "failed").then(|| "no BODY".into()),
        updated_at: now().plus_ms(uid),
    }
}

on_both!(a_mailbox_has_one_reader_until_its_lease_is_given_back_or_runs_out, async |db| {
    let mut conn = db.write().await;
    let first = mailboxes::lease(&mut conn, "mail", "INBOX", "a", LEASE_MS).await.unwrap().unwrap();
    assert_eq!((first.lease_owner.as_deref(), first.uid_validity, first.last_uid, first.checked_at), (Some("a"), 0, 0, None));
    assert!(mailboxes::lease(&mut conn, "mail", "INBOX", "b", LEASE_MS).await.unwrap().is_none());
    let renewed = mailboxes::lease(&mut conn, "mail", "INBOX", "a", 2 * LEASE_MS).await.unwrap().unwrap();
    assert!(renewed.lease_until > first.lease_until);
    assert!(mailboxes::lease(&mut conn, "mail", "Archive", "b", LEASE_MS).await.unwrap().is_some(), "another mailbox is free");
    assert_eq!(mailboxes::release(&mut conn, "mail", "INBOX", "b").await.unwrap(), 0);
    assert_eq!(mailboxes::release(&mut conn, "mail", "INBOX", "a").await.unwrap(), 1);
    assert!(mailboxes::lease(&mut conn, "mail", "INBOX", "b", -1_000).await.unwrap().is_some());
    assert!(mailboxes::lease(&mut conn, "mail", "INBOX", "c", LEASE_MS).await.unwrap().is_some(), "the lease of b ran out");
    assert!(mailboxes::lease(&mut conn, "mail", "INBOX", "b", LEASE_MS).await.unwrap().is_none());
});

on_both!(of_many_nodes_that_want_a_new_mailbox_one_gets_it, async |db| {
    let nodes: Vec<_> = (0..8)
        .map(|n| {
            let db = db.db.clone();
            tokio::spawn(
                async move { mailboxes::lease(&mut db.write().await.unwrap(), "mail", "INBOX", &format!("node-{n}"), LEASE_MS).await.unwrap().is_some() },
            )
        })
        .collect();
    let mut winners = 0;
    for node in nodes {
        winners += usize::from(node.await.unwrap());
    }
    assert_eq!(winners, 1);
});

on_both!(progress_clears_the_fault_and_both_are_listed_for_health, async |db| {
    let mut conn = db.write().await;
    for (channel, mailbox) in [("mail", "INBOX"), ("mail", "Archive"), ("bounces", "INBOX")] {
        mailboxes::lease(&mut conn, channel, mailbox, "a", LEASE_MS).await.unwrap();
    }
    assert_eq!(mailboxes::note_fault(&mut conn, "mail", "INBOX", "the server closed the connection").await.unwrap(), 1);
    let fault = |rows: &[mailboxes::MailboxRow]| rows[2].fault.clone();
    assert_eq!(fault(&mailboxes::list(&mut conn).await.unwrap()).as_deref(), Some("the server closed the connection"));
    assert_eq!(mailboxes::note_progress(&mut conn, "mail", "INBOX", 7, 42, now()).await.unwrap(), 1);
    let rows = mailboxes::list(&mut conn).await.unwrap();
    assert_eq!(
        rows.iter().map(|row| (row.channel.as_str(), row.mailbox.as_str())).collect::<Vec<_>>(),
        [("bounces", "INBOX"), ("mail", "Archive"), ("mail", "INBOX")]
    );
    assert_eq!((rows[2].uid_validity, rows[2].last_uid, rows[2].checked_at, fault(&rows)), (7, 42, Some(now()), None));
    assert_eq!((rows[1].uid_validity, rows[1].last_uid), (0, 0));
});

on_both!(a_message_that_was_taken_in_stays_so_and_a_failing_one_counts_its_tries, async |db| {
    let mut conn = db.write().await;
    for (row, changed) in [
        (uid(1, "failed"), 1),
        (uid(1, "failed"), 1),
        (uid(1, "ingested"), 1),
        (uid(1, "failed"), 0),
        (uid(2, "oversize"), 1),
        (uid(3, "gone"), 1),
        (uid(4, "failed"), 1),
    ] {
        assert_eq!(mailboxes::note_uids(&mut conn, vec![row.clone()]).await.unwrap(), changed, "{} {}", row.uid, row.state);
    }
    let mut rows = mailboxes::list_uids(&mut conn, "mail", "INBOX", 4_294_967_295, &[1, 2, 3, 9]).await.unwrap();
    rows.sort_by_key(|row| row.uid);
    assert_eq!(rows.iter().map(|row| (row.uid, row.state.as_str(), row.tries)).collect::<Vec<_>>(), [(1, "ingested", 3), (2, "oversize", 1), (3, "gone", 1)]);
    assert!(mailboxes::list_uids(&mut conn, "mail", "INBOX", 8, &[1]).await.unwrap().is_empty(), "under another validity a uid means nothing");
    let open = mailboxes::list_open_uids(&mut conn).await.unwrap();
    assert_eq!(
        open.iter().map(|row| (row.uid, row.state.as_str(), row.error.as_deref())).collect::<Vec<_>>(),
        [(4, "failed", Some("no BODY")), (2, "oversize", None)]
    );
});
