//! A mailbox that wants a token (XOAUTH2): asked for, renewed when the server will not have it, never a password.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::{Post, lmtp, plain, server, user_of};
use crate::support::app::{TestApp, eventually};

/// A token as the test server's key signs them, good from now for so many seconds.
fn token(user: &str, lasts_s: i64) -> String {
    let now = chrono::Utc::now().timestamp();
    let part = |value: serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let head = part(serde_json::json!({ "alg": "HS256", "typ": "JWT", "kid": "default" }));
    let body = part(serde_json::json!({ "email": format!("{user}@gw.test"), "sub": user, "iat": now - 600, "nbf": now - 600, "exp": now + lasts_s }));
    let mut mac = Hmac::<Sha256>::new_from_slice(b"huecry-test-key").unwrap();
    mac.update(format!("{head}.{body}").as_bytes());
    format!("{head}.{body}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
}

/// A token endpoint: its first token has run out already, every later one is good. Counts what it is asked.
async fn endpoint(user: String) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/token", listener.local_addr().unwrap());
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = vec![0; 8_192];
            let mut read = 0;
            while !String::from_utf8_lossy(&request[..read]).contains("client_secret=hush") {
                let more = stream.read(&mut request[read..]).await.unwrap();
                assert!(more > 0, "the request ended early: {}", String::from_utf8_lossy(&request[..read]));
                read += more;
            }
            let request = String::from_utf8_lossy(&request[..read]).into_owned();
            assert!(request.contains("grant_type=client_credentials") && request.contains("scope=mail"), "{request}");
            let lasts = if count.fetch_add(1, Ordering::SeqCst) == 0 { -300 } else { 3_600 };
            let body = serde_json::json!({ "access_token": token(&user, lasts), "token_type": "Bearer", "expires_in": 3_600 }).to_string();
            let answer = format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len());
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    (url, asked)
}

on_both!(a_mailbox_is_read_by_a_token_and_a_refused_one_is_replaced, async |db| {
    let user = user_of(db, 10);
    let (url, asked) = endpoint(user.clone()).await;
    let port = server("HUECRY_TEST_IMAP").1;
    let settings = format!(
        "[channels.imap]\nhost = \"127.0.0.1\"\nport = {port}\ntls = \"none\"\nuser = \"{user}@gw.test\"\n\
         [channels.imap.oauth]\ntoken_url = \"{url}\"\nclient_id = \"app\"\nclient_secret = \"hush\"\nscope = \"mail\"\n"
    );
    let post = Post { app: TestApp::start_with(db, &settings, true).await, user };
    lmtp::deliver("bob@example.org", &format!("{}@reply.example.org", post.user), &plain("bob@example.org", "1", "by token")).await;
    post.wait_for_text("by token").await;
    assert_eq!(asked.load(Ordering::SeqCst), 2, "the one that had run out, and the one that holds");
    lmtp::deliver("bob@example.org", &format!("{}@reply.example.org", post.user), &plain("bob@example.org", "2", "and again")).await;
    post.wait_for_text("and again").await;
    eventually("the fault to be over", async || {
        let rows = huecry::store::mailboxes::list(&mut db.read().await).await.unwrap();
        rows.iter().all(|row| row.fault.is_none()).then_some(())
    })
    .await;
    assert_eq!(asked.load(Ordering::SeqCst), 2, "a good token is kept");
    post.app.stop().await;
});
