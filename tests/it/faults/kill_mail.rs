//! The gateway is killed outright while it reads a mailbox, between fetching, committing and marking. The sender keeps its own
//! list of what the mail server took, and that list is held against the database.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::StreamExt;
use huecry::store::Db;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::kill::{reach, ticks};
use super::records::{age_leases, kept};
use crate::mailbox::{lmtp, server};
use crate::program::process::Gateway;
use crate::support::app::eventually;

const MAILS: usize = 1_000;

on_both!(a_thousand_mails_are_a_thousand_messages_however_often_the_gateway_is_killed, async |db| {
    let seed: u64 = rand::random();
    let mut random = StdRng::seed_from_u64(seed);
    let kills = if std::env::var_os("HUECRY_SOAK").is_some() { 25 } else { 5 };
    let lite = db.url.starts_with("sqlite:");
    let url = if lite { format!("sqlite:{}/{seed}.db", db.folder().display()) } else { db.url.clone() };
    let user = if lite { "tester35" } else { "tester36" };
    let gateway = Gateway::furnish_with(db.folder(), &url, &channel(user));
    let sent = AtomicUsize::new(0);

    let mut program = gateway.start(&[]);
    gateway.ready(&mut program).await;
    tokio::join!(deliver(user, &sent), async {
        let mut points: Vec<usize> = (0..kills).map(|_| random.random_range(1..MAILS)).collect();
        points.sort_unstable();
        for point in points {
            reach(&sent, point).await;
            ticks(random.random_range(0..60)).await;
            program.kill();
            // A dead node's lease on the mailbox runs out after a minute: as if that had passed.
            age_leases(&mut Db::connect(&url).await.unwrap().write().await.unwrap()).await;
            program = gateway.start(&[]);
        }
    });

    let after = Db::connect(&url).await.unwrap();
    let known = std::cell::RefCell::new(0);
    for _ in 0..6 {
        let all = eventually("every mail to be a message", async || {
            *known.borrow_mut() = kept(&mut after.read().await.unwrap()).await.len();
            (*known.borrow() >= MAILS).then_some(())
        });
        if tokio::time::timeout(std::time::Duration::from_secs(20), all).await.is_ok() {
            break;
        }
    }
    assert!(program.runs(), "the gateway ended: {}", program.logged());
    program.kill();
    let mut found: BTreeMap<String, usize> = BTreeMap::new();
    for message in kept(&mut after.read().await.unwrap()).await {
        *found.entry(message.body).or_default() += 1;
    }
    let expected: BTreeMap<String, usize> = (0..MAILS).map(|n| (words(n), 1)).collect();
    assert_eq!(found.len(), MAILS, "seed {seed}: {} of {MAILS} mails are there", found.len());
    assert_eq!(found, expected, "seed {seed}: each exactly once");
});

fn words(n: usize) -> String {
    format!("Seen by the bridge, number {n}")
}

/// Eight mail servers at once, each mail once: what the mail server took is ours to keep.
async fn deliver(user: &str, sent: &AtomicUsize) {
    futures_util::stream::iter(0..MAILS)
        .for_each_concurrent(8, async |n| {
            let (who, text) = (format!("person{}@example.org", n % 200), words(n));
            let raw = format!("From: {who}\r\nTo: alerts@reply.example.org\r\nSubject: van\r\nMessage-ID: <m{n}@example.org>\r\n\r\n{text}\r\n");
            lmtp::deliver(&who, &format!("{user}@reply.example.org"), raw.as_bytes()).await;
            sent.fetch_add(1, Ordering::SeqCst);
        })
        .await;
}

fn channel(user: &str) -> String {
    let (host, port) = server("HUECRY_TEST_IMAP");
    format!(
        "[[channels]]\nname = \"mail\"\nkind = \"email\"\nprovider = \"smtp\"\naddress = \"alerts@reply.example.org\"\nsmtp_host = \"127.0.0.1\"\n\
         smtp_port = 9\nsmtp_tls = \"none\"\nacknowledge = false\n\
         [channels.imap]\nhost = \"{host}\"\nport = {port}\ntls = \"none\"\nuser = \"{user}\"\npassword = \"secret\"\n"
    )
}
