//! The database goes away while the gateway runs, and comes back. Nothing is answered that is not stored; nothing that was
//! queued is forgotten.

use std::collections::BTreeMap;
use std::time::Duration;

use huecry::store::envelopes;
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use super::records::{age_leases, count_deliveries, kept};
use super::webhooks::{Inbound, Webhook};
use crate::program::process::Gateway;
use crate::support::app::{POOL, TOKEN, TestApp, eventually};
use crate::support::db::TestDb;

const PHONES: usize = 150;

/// Carries connections to the database, until it is told to cut them all.
struct Line {
    port: u16,
    whole: watch::Sender<bool>,
}

impl Line {
    async fn to(url: &url::Url) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (whole, watched) = watch::channel(true);
        let server = (url.host_str().unwrap().to_owned(), url.port().unwrap());
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                if *watched.borrow() {
                    tokio::spawn(carry(client, server.clone(), watched.clone()));
                }
            }
        });
        Self { port, whole }
    }

    fn cut(&self) {
        self.whole.send_replace(false);
    }

    fn mend(&self) {
        self.whole.send_replace(true);
    }
}

async fn carry(mut client: TcpStream, server: (String, u16), mut whole: watch::Receiver<bool>) {
    let Ok(mut server) = TcpStream::connect(server).await else { return };
    tokio::select! {
        // Either side may end it, and either way it is over.
        _ended = tokio::io::copy_bidirectional(&mut client, &mut server) => {}
        _cut = whole.wait_for(|whole| !whole) => {}
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_goes_away_and_comes_back() {
    let mut db = TestDb::postgres().await;
    let mut url = url::Url::parse(&db.url).unwrap();
    let line = Line::to(&url).await;
    url.set_port(Some(line.port)).unwrap();
    // The gateway by the line; the test's own pool goes there directly.
    db.url = url.into();
    let t = TestApp::start(&db).await;
    let webhook = Webhook::new(&t.url, TOKEN, POOL[0]);
    let phones: Vec<String> = (0..PHONES).map(|n| format!("+447700900{:03}", 100 + n)).collect();
    for phone in &phones {
        t.add_resident(&db, "Ann", &[phone], &[]).await;
    }
    let before = Inbound::new(1, 800, "Before the cut");
    assert_eq!(webhook.send(t.http(), &before).await, Some(200));
    // Slow enough that the cut comes in the middle.
    t.sim_post("/api/behaviour", json!({ "latency_ms": 100 })).await;
    let mut officer = t.officer("owner@force.example").await;
    t.publish(&mut officer, "White van", "Did you see a white van?").await;
    eventually("the alert to be on its way", async || (handed_over(&t).await >= 20).then_some(())).await;

    line.cut();
    let (reached, queued) = (handed_over(&t).await, count(&db, "status = 'queued'").await);
    assert!(queued > 0, "all was sent before the cut, so that nothing was tried");
    eprintln!("cut with {reached} texts handed over, {queued} of {PHONES} deliveries still queued");

    let during = Inbound::new(2, 801, "While it is cut");
    for _ in 0..3 {
        assert_eq!(webhook.send(t.http(), &during).await, Some(503), "what cannot be stored must not be acknowledged");
    }
    let readiness = t.http().get(format!("{}/readyz", t.url)).send().await.unwrap();
    assert_eq!(readiness.status(), 503);
    let readiness = readiness.text().await.unwrap();
    assert!(readiness.contains("not ready") && readiness.contains("does not answer"), "{readiness}");
    assert_eq!(t.http().get(format!("{}/healthz", t.url)).send().await.unwrap().status(), 200, "the process itself is well");
    let page = t.http().get(format!("{}/", t.url)).send().await.unwrap();
    assert!(page.status().is_server_error(), "{}", page.status());
    assert!(kept(&mut db.read().await).await.iter().all(|message| message.sid != during.sid));

    age_leases(&mut db.write().await).await;
    line.mend();
    eventually("the gateway to be ready again", async || t.http().get(format!("{}/readyz", t.url)).send().await.ok().filter(|answer| answer.status() == 200))
        .await;
    for _ in 0..2 {
        assert_eq!(webhook.send(t.http(), &during).await, Some(200));
    }
    eventually("every delivery to be settled", async || (count(&db, "status IN ('queued', 'leased', 'sending')").await == 0).then_some(())).await;
    eventually("all texts to be dealt with", async || (envelopes::count_waiting(&mut db.read().await).await.unwrap() == 0).then_some(())).await;
    for phone in &phones {
        let texts = t.texts(phone).await;
        assert_eq!(texts.len(), 1, "{phone} got {texts:?}");
    }
    assert_eq!(count(&db, "purpose = 'alert' AND status IN ('accepted', 'delivered')").await, PHONES);
    let mut kept_of: BTreeMap<String, usize> = BTreeMap::new();
    for message in kept(&mut db.read().await).await {
        *kept_of.entry(message.sid).or_default() += 1;
    }
    assert_eq!(kept_of, BTreeMap::from([(before.sid, 1), (during.sid, 1)]));
    t.stop().await;
}

/// How many texts have reached phones.
async fn handed_over(t: &TestApp) -> u64 {
    t.sim("/api/totals").await["texts_received"].as_u64().unwrap()
}

async fn count(db: &TestDb, which: &str) -> usize {
    usize::try_from(count_deliveries(&mut db.read().await, which).await).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_cannot_be_reached_at_start_is_told_and_the_program_ends() {
    let db = TestDb::bare_sqlite().await;
    let nobody = crate::program::process::free_port();
    std::fs::write(db.folder().join("a-file"), "not a folder").unwrap();
    let urls = [
        (format!("postgres://huecry:hunter2@127.0.0.1:{nobody}/huecry"), "the database does not answer"),
        (format!("sqlite:{}/a-file/huecry.db", db.folder().display()), "cannot create the folder of the SQLite database"),
    ];
    for (url, sentence) in urls {
        let gateway = Gateway::furnish(db.folder(), &url);
        let ended = tokio::time::timeout(Duration::from_secs(25), gateway.start(&[]).end()).await.unwrap();
        assert_eq!(ended.code, Some(1), "{ended:?}");
        assert!(ended.err.contains(sentence), "{ended:?}");
        assert!(!ended.err.contains("hunter2"), "the password is in the log: {ended:?}");
    }
}
