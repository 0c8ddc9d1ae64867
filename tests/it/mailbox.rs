//! Real mail: a Dovecot mailbox, filled by LMTP as a mail server would and read by the gateway over IMAP.
//!
//! Every test has a mailbox of its own, and on each database another: they all run at once on one server.

mod imap;
mod ladder;
pub(crate) mod lmtp;
mod oauth;
mod proxy;
mod reports;
mod taking_in;
mod trouble;
mod two_gateways;

use huecry::store::envelopes;
use serde_json::Value;

use crate::support::app::{TestApp, eventually};
use crate::support::db::TestDb;

/// The gateway with a mailbox to read beside its webhooks.
struct Post {
    app: TestApp,
    /// The account at the mail server.
    user: String,
}

/// `tester1` to `tester40`: an odd number for SQLite and the even one after it for PostgreSQL.
fn user_of(db: &TestDb, number: usize) -> String {
    let second = usize::from(db.url.starts_with("postgres"));
    assert!((1..=20).contains(&number), "there are forty accounts");
    format!("tester{}", 2 * number - 1 + second)
}

/// The mail server's host and port, as the test command says.
pub(crate) fn server(variable: &str) -> (String, u16) {
    let address =
        std::env::var(variable).unwrap_or_else(|_| panic!("{variable} is not set: run `make test`, or put `scripts/services run --` before the command"));
    let (host, port) = address.rsplit_once(':').unwrap();
    (host.to_owned(), port.parse().unwrap())
}

/// The settings of a mailbox, as they follow those of the mail channel.
fn settings(user: &str, port: u16, more: &str) -> String {
    format!("[channels.imap]\nhost = \"127.0.0.1\"\nport = {port}\ntls = \"none\"\nuser = \"{user}\"\npassword = \"{}\"\n{more}", imap::PASSWORD)
}

impl Post {
    async fn start(db: &TestDb, number: usize) -> Self {
        Self::start_with(db, number, server("HUECRY_TEST_IMAP").1, "").await
    }

    async fn start_with(db: &TestDb, number: usize, port: u16, more: &str) -> Self {
        let user = user_of(db, number);
        Self { app: TestApp::start_with(db, &settings(&user, port, more), true).await, user }
    }

    /// Where mail to one of our addresses with a plus token is delivered here.
    fn address(&self, ours: &str) -> String {
        format!("{}{}", self.user, ours.strip_prefix("alerts").unwrap())
    }

    /// An alert to a resident: its reference, and its mail.
    async fn alert_to(&self, db: &TestDb, mailbox: &str) -> (String, Value) {
        self.app.add_resident(db, "Bob", &[mailbox], &[]).await;
        let mut officer = self.app.officer("owner@force.example").await;
        let reference = self.app.publish(&mut officer, "White van", "Did you see a white van?").await;
        (reference, self.app.wait_for_mails(mailbox, 1).await.remove(0))
    }

    /// Waits until so many mails are taken in and dealt with.
    async fn taken_in(&self, db: &TestDb, count: i64) {
        eventually(&format!("{count} mails to be taken in"), async || {
            let mut conn = db.read().await;
            let done = envelopes::count_of(&mut conn, "processed").await.unwrap() + envelopes::count_of(&mut conn, "parked").await.unwrap();
            (done >= count).then_some(())
        })
        .await;
    }

    /// Everything that anybody wrote, as `(text, alert)`, in the order of conversations.
    async fn texts(&self, reference: Option<&str>) -> Vec<String> {
        let key = self.app.key(&["inbox"]).await;
        let path = reference.map_or_else(|| "/api/v1/unattributed".to_owned(), |reference| format!("/api/v1/alerts/{reference}/conversations"));
        let list = self.app.api(&key, &path).await["conversations"].as_array().cloned().unwrap();
        list.iter().flat_map(|one| one["messages"].as_array().unwrap()).map(|message| message["text"].as_str().unwrap().to_owned()).collect()
    }

    /// Waits for a text in the tray.
    async fn wait_for_text(&self, text: &str) {
        eventually(&format!("{text:?} in the tray"), async || self.texts(None).await.iter().any(|known| known == text).then_some(())).await;
    }
}

/// The address in a mail's Reply-To: ours, with its token.
fn reply_address(mail: &Value) -> String {
    let header = mail["headers"]["reply-to"][0].as_str().unwrap();
    let address = header.rsplit_once('<').map_or(header, |(_, rest)| rest.trim_end_matches('>'));
    assert!(address.starts_with("alerts+"), "{header}");
    address.to_owned()
}

/// A mail of one line.
fn plain(from: &str, id: &str, text: &str) -> Vec<u8> {
    format!("From: {from}\r\nTo: undisclosed-recipients:;\r\nSubject: Re: White van\r\nMessage-ID: <{id}@example.org>\r\n\r\n{text}\r\n").into_bytes()
}
