//! A wire that can be cut: TCP to the IMAP server and back, until the test says otherwise.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::support::app::eventually;

pub(super) struct Wire {
    pub(super) port: u16,
    whole: watch::Sender<bool>,
    idles: Arc<AtomicUsize>,
    refused: Arc<AtomicUsize>,
}

impl Wire {
    /// To the test command's IMAP server.
    pub(super) async fn to_imap() -> Self {
        Self::start(false).await
    }

    /// The same, as a server that keeps no keywords would answer.
    pub(super) async fn to_imap_without_keywords() -> Self {
        Self::start(true).await
    }

    async fn start(keywordless: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (whole, state) = watch::channel(true);
        let wire = Self { port: listener.local_addr().unwrap().port(), whole, idles: Arc::default(), refused: Arc::default() };
        let (idles, refused) = (wire.idles.clone(), wire.refused.clone());
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                if *state.borrow() {
                    tokio::spawn(carry(near, state.clone(), idles.clone(), keywordless));
                } else {
                    refused.fetch_add(1, Ordering::SeqCst);
                }
            }
        });
        wire
    }

    /// Cuts every connection, and takes no new one.
    pub(super) fn cut(&self) {
        self.whole.send_replace(false);
    }

    pub(super) fn mend(&self) {
        self.whole.send_replace(true);
    }

    /// How often the gateway has gone to wait so far.
    pub(super) fn idles(&self) -> usize {
        self.idles.load(Ordering::SeqCst)
    }

    /// Waits until the gateway waits, having begun to more often than that.
    pub(super) async fn idle_after(&self, before: usize) {
        eventually("the gateway to wait for mail", async || (self.idles() > before).then_some(())).await;
    }

    /// Waits until the gateway has tried in vain to come back.
    pub(super) async fn refuses(&self) {
        eventually("the gateway to try again", async || (self.refused.load(Ordering::SeqCst) > 0).then_some(())).await;
    }
}

async fn carry(mut near: TcpStream, mut state: watch::Receiver<bool>, idles: Arc<AtomicUsize>, keywordless: bool) {
    let (host, port) = super::server("HUECRY_TEST_IMAP");
    let mut far = TcpStream::connect((host.as_str(), port)).await.unwrap();
    let (mut from_near, mut from_far) = ([0; 4096], [0; 4096]);
    let mut idling = false;
    loop {
        tokio::select! {
            () = cut(&mut state) => return,
            read = near.read(&mut from_near) => {
                let Ok(count @ 1..) = read else { return };
                idling = from_near[..count].windows(6).any(|word| word == b"IDLE\r\n");
                far.write_all(&from_near[..count]).await.unwrap();
            }
            read = far.read(&mut from_far) => {
                let Ok(count @ 1..) = read else { return };
                let said = String::from_utf8_lossy(&from_far[..count]);
                let told = if keywordless && said.contains("PERMANENTFLAGS") { said.replace(" \\*)", ")").into_bytes() } else { from_far[..count].to_vec() };
                if near.write_all(&told).await.is_err() {
                    return;
                }
                // The server has answered "+ idling": from now on it tells by itself.
                if idling && from_far[..count].starts_with(b"+ ") {
                    idles.fetch_add(1, Ordering::SeqCst);
                }
            }
        }
    }
}

async fn cut(state: &mut watch::Receiver<bool>) {
    // The other end is gone with its test: that is a cut too.
    let _gone = state.wait_for(|whole| !whole).await.is_err();
}
