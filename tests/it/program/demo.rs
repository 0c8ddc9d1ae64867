//! `huecry demo`: it comes up by itself, keeps what it has, and starts over only when told.

use std::net::TcpListener;
use std::path::Path;

use super::process::{Program, run};
use crate::support::app::eventually;
use crate::support::browser::Client;
use crate::support::db::TestDb;
use crate::support::install_tls;

/// A running demo and what it says of itself.
struct Demo {
    program: Program,
    site: String,
    simulator: String,
    residents: String,
    password: String,
    officer: String,
}

impl Demo {
    async fn start(folder: &Path, more: &[&str]) -> Self {
        install_tls();
        let mut arguments = vec!["demo", "--port", "0", "--data", "data"];
        arguments.extend_from_slice(more);
        let program = std::cell::RefCell::new(Program::start(folder, &arguments, &[]));
        let said = eventually("the demo to be ready", async || {
            let mut program = program.borrow_mut();
            assert!(program.runs(), "the demo ended: {}", program.logged());
            Some(program.printed()).filter(|said| said.contains("Stop with Ctrl-C."))
        })
        .await;
        let after = |mark: &str| {
            let rest = said.split_once(mark).unwrap_or_else(|| panic!("{mark:?} is not in {said}")).1.trim_start();
            rest.split_whitespace().next().unwrap().trim_end_matches('/').to_owned()
        };
        Self {
            program: program.into_inner(),
            site: after("Public site"),
            simulator: after("Phones and mail"),
            residents: after("is ready, with"),
            password: after("Sign in with the password"),
            officer: said.lines().find(|line| line.contains("@derbyshire.example")).unwrap().split_whitespace().next().unwrap().to_owned(),
        }
    }

    async fn signed_in(&self) -> Client {
        let mut client = Client::new(&self.site);
        client.get("/sign-in").await;
        let answer = client.submit("/sign-in", &[("email", &self.officer), ("password", &self.password), ("next", "")]).await;
        assert_eq!(answer.status, 303, "{}: {}", self.officer, answer.body);
        client
    }

    async fn stop(self) {
        let ended = self.program.interrupt().await;
        assert_eq!(ended.code, Some(0), "{ended:?}");
    }
}

/// Publishes an alert; gives the path of its page.
async fn publish(officer: &mut Client) -> String {
    officer.get("/alerts/new").await;
    let token = huecry::domain::ids::public_id();
    let fields = [
        ("title", "White van on Mill Lane"),
        ("kind", "appeal"),
        ("urgency", "routine"),
        ("sms_text", "Did you see a white van?"),
        ("email_subject", ""),
        ("email_body", ""),
        ("area", "DE45 1"),
        ("token", token.as_str()),
        ("action", "publish"),
    ];
    let answer = officer.submit("/alerts/new", &fields).await;
    assert_eq!(answer.status, 303, "{}", answer.body);
    answer.location.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_sends_and_hears_by_each_provider() {
    for provider in huecry::demo::carriers::NAMES {
        let db = TestDb::bare_sqlite().await;
        let demo = Demo::start(db.folder(), &["--provider", provider]).await;
        let mut officer = demo.signed_in().await;
        publish(&mut officer).await;
        let http = reqwest::Client::new();
        let totals = eventually(&format!("a receipt by {provider}"), async || {
            let totals = http.get(format!("{}/api/totals", demo.simulator)).send().await.unwrap().text().await.unwrap();
            let totals: serde_json::Value = serde_json::from_str(&totals).unwrap();
            (totals["receipts_sent"].as_u64() > Some(0)).then_some(totals)
        })
        .await;
        assert!(totals["texts_received"].as_u64() > Some(0) && totals["webhook_failures"] == 0, "{provider}: {totals}");
        let answer = http.post(format!("{}/api/phones/+447700900123/texts", demo.simulator)).json(&serde_json::json!({ "text": "I saw it" })).send().await;
        let answer = answer.unwrap().text().await.unwrap();
        assert!(answer.contains("acknowledged"), "{provider}: {answer}");
        demo.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_keeps_its_data_until_it_is_told_to_start_over() {
    let db = TestDb::bare_sqlite().await;
    let keyring = || std::fs::read(db.folder().join("data/keyring.json")).unwrap();

    let first = Demo::start(db.folder(), &[]).await;
    let front = Client::new(&first.site).get("/").await;
    assert!(front.status == 200 && front.body.contains("Derbyshire Alert"), "{}", front.body);
    assert_eq!(Client::new(&first.simulator).get("/").await.status, 200);
    assert_eq!(first.residents, "2000");
    let mut officer = first.signed_in().await;
    let alert = publish(&mut officer).await;
    assert!(officer.get(&alert).await.body.contains("White van on Mill Lane"));
    let keys = keyring();
    first.stop().await;

    let second = Demo::start(db.folder(), &[]).await;
    assert_eq!(second.residents, "2000");
    assert_eq!(keyring(), keys, "the keys are others, so that no opt-out would be found");
    let page = second.signed_in().await.get(&alert).await;
    assert!(page.status == 200 && page.body.contains("White van on Mill Lane"), "{}", page.body);
    second.stop().await;

    let third = Demo::start(db.folder(), &["--fresh"]).await;
    assert_eq!(third.residents, "2000");
    assert_ne!(keyring(), keys);
    assert_eq!(third.signed_in().await.get(&alert).await.status, 404);
    third.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_taken_port_is_told_and_removes_nothing() {
    let db = TestDb::bare_sqlite().await;
    let data = db.folder().join("data");
    std::fs::create_dir_all(data.join("files")).unwrap();
    let mine = ["huecry.db", "keyring.json", "files/original"];
    for name in mine {
        std::fs::write(data.join(name), name).unwrap();
    }
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    for more in [&[][..], &["--fresh"]] {
        let mut arguments = vec!["demo", "--port", &port, "--data", "data"];
        arguments.extend_from_slice(more);
        let ended = run(db.folder(), &arguments).await;
        assert_eq!(ended.code, Some(1), "{ended:?}");
        assert!(ended.err.contains(&format!("port {port} is taken")), "{ended:?}");
        assert!(!ended.out.contains("is ready"), "{ended:?}");
        for name in mine {
            assert_eq!(std::fs::read_to_string(data.join(name)).unwrap(), name);
        }
    }
    let ended = run(db.folder(), &["demo", "--port", &port, "--data", "new"]).await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(!db.folder().join("new").exists(), "a folder was made for a demo that could not start");
}

#[tokio::test(flavor = "multi_thread")]
async fn starting_over_leaves_a_folder_alone_that_is_not_a_demos() {
    let db = TestDb::bare_sqlite().await;
    let data = db.folder().join("data");
    std::fs::create_dir_all(&data).unwrap();
    std::fs::write(data.join("thesis.txt"), "ten years").unwrap();
    let ended = run(db.folder(), &["demo", "--port", "0", "--data", "data", "--fresh"]).await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.err.contains("does not hold the demo's data; it is left alone"), "{ended:?}");
    assert_eq!(std::fs::read_dir(&data).unwrap().count(), 1);
}
