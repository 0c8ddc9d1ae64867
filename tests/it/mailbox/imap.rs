//! A second look into a mailbox, beside the gateway's: flags, and mailboxes made and unmade.

use async_imap::Session;
use futures_util::TryStreamExt;
use tokio::net::TcpStream;

/// Of every account of the test server.
pub(super) const PASSWORD: &str = "secret";

/// A logged-in connection.
pub(super) struct Look(Session<TcpStream>);

impl Look {
    pub(super) async fn into(user: &str) -> Self {
        let (host, port) = super::server("HUECRY_TEST_IMAP");
        let mut client = async_imap::Client::new(TcpStream::connect((host.as_str(), port)).await.unwrap());
        client.read_response().await.unwrap().expect("a greeting");
        Self(client.login(user, PASSWORD).await.map_err(|(error, _)| error).unwrap())
    }

    /// Each message's flags in words, in order.
    pub(super) async fn flags(&mut self, mailbox: &str) -> Vec<Vec<String>> {
        // EXAMINE: looking must not mark anything.
        if self.0.examine(mailbox).await.unwrap().exists == 0 {
            return Vec::new();
        }
        let fetched: Vec<_> = self.0.fetch("1:*", "(UID FLAGS)").await.unwrap().try_collect().await.unwrap();
        fetched.iter().map(|one| one.flags().map(|flag| format!("{flag:?}")).collect()).collect()
    }

    pub(super) async fn uid_validity(&mut self, mailbox: &str) -> u32 {
        self.0.examine(mailbox).await.unwrap().uid_validity.unwrap()
    }

    pub(super) async fn create(&mut self, mailbox: &str) {
        self.0.create(mailbox).await.unwrap();
    }

    pub(super) async fn delete(&mut self, mailbox: &str) {
        // A mailbox that is open here is not deleted by every server.
        self.0.examine("INBOX").await.unwrap();
        self.0.delete(mailbox).await.unwrap();
    }

    pub(super) async fn append(&mut self, mailbox: &str, raw: &[u8]) {
        self.0.append(mailbox, None, None, raw).await.unwrap();
    }
}

/// Whether one of a message's flags is this word.
pub(super) fn has(flags: &[String], word: &str) -> bool {
    flags.iter().any(|flag| flag.contains(word))
}
