//! A configuration with faults starts nothing and tells all of them; the environment overrides the file.

use std::net::TcpListener;

use super::process::{Gateway, Program, free_port, run, wait_for_answer};
use crate::support::db::TestDb;

#[tokio::test(flavor = "multi_thread")]
async fn every_fault_is_told_at_once_and_nothing_is_started() {
    let db = TestDb::bare_sqlite().await;
    let folder = db.folder().join("faulty");
    std::fs::create_dir_all(&folder).unwrap();
    let port = free_port();
    let toml = format!(
        "[server]\nbind = \"127.0.0.1:{port}\"\npublic_url = \"alert\"\nporst = 1\nweb_workers = 1000\n\
         [database]\nurl = \"sqlite:data/huecry.db\"\n[files]\ndir = \"data/files\"\n[security]\nkeyring = \"data/keyring.json\"\nsession_minutes = \"soon\"\n\
         [colours]\nred = true\n\
         [[channels]]\nname = \"a\"\nkind = \"pigeon\"\n[[channels]]\nname = \"b c\"\nkind = \"sms\"\nprovider = \"twilio\"\nauth_token = \"hunter2\"\n"
    );
    std::fs::write(folder.join("huecry.toml"), toml).unwrap();
    for command in [&["serve"][..], &["migrate"], &["check"], &["api-key", "add", "--name", "x", "--scope", "alerts"]] {
        let mut arguments = command.to_vec();
        arguments.extend(["--config", "huecry.toml"]);
        let ended = run(&folder, &arguments).await;
        assert_eq!(ended.code, Some(2), "{ended:?}");
        let told: Vec<&str> =
            ended.err.lines().filter_map(|line| line.strip_prefix("  ")).filter_map(|line| line.split_once(": expected ")).map(|(key, _)| key).collect();
        let mut keys = [
            "server.public_url",
            "server.porst",
            "server.web_workers",
            "security.session_minutes",
            "colours",
            "channels[0].kind",
            "channels[1].name",
            "channels[1].numbers",
            "channels[1].account_sid",
        ]
        .to_vec();
        let mut sorted = told.clone();
        sorted.sort_unstable();
        keys.sort_unstable();
        assert_eq!(sorted, keys, "{}", ended.err);
        assert!(ended.err.contains("9 faults; nothing was started"), "{}", ended.err);
        assert!(!ended.err.contains("hunter2"), "a secret is in the log: {}", ended.err);
        assert!(ended.out.is_empty(), "{ended:?}");
    }
    assert!(TcpListener::bind(("127.0.0.1", port)).is_ok(), "the port is taken");
    let left: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["huecry.toml"], "something was made");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_missing_or_not_toml_is_told() {
    let db = TestDb::bare_sqlite().await;
    std::fs::write(db.folder().join("broken.toml"), "[server\nbind = 1").unwrap();
    for file in ["absent.toml", "broken.toml"] {
        let ended = run(db.folder(), &["serve", "--config", file]).await;
        assert_eq!(ended.code, Some(2), "{ended:?}");
        assert!(ended.err.contains(file), "{}", ended.err);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_environment_overrides_the_file() {
    let db = TestDb::bare_sqlite().await;
    let gateway = Gateway::furnish(db.folder(), "sqlite:huecry.db");
    let other = free_port();
    let bind = format!("127.0.0.1:{other}");
    let mut program =
        Program::start(&gateway.folder, &["serve", "--config", "huecry.toml"], &[("HUECRY__SERVER__BIND", &bind), ("HUECRY__BRANDING__NAME", "Peak Alert")]);
    wait_for_answer(&format!("http://{bind}/healthz"), &mut program).await;
    let page = reqwest::get(format!("http://{bind}/")).await.unwrap().text().await.unwrap();
    assert!(page.contains("Peak Alert"), "{page}");
    assert!(reqwest::get(format!("{}/healthz", gateway.url)).await.is_err(), "it listens where the file says, too");
    let ended = program.interrupt().await;
    assert_eq!(ended.code, Some(0), "{ended:?}");

    let faulty = Program::start(&gateway.folder, &["serve", "--config", "huecry.toml"], &[("HUECRY__SERVER__BIND", "nowhere"), ("HUECRY__SERVER__BOND", "x")]);
    let ended = faulty.end().await;
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.err.contains("server.bind: expected") && ended.err.contains("server.bond: expected"), "{}", ended.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_taken_port_is_told_before_anything_is_made() {
    let db = TestDb::bare_sqlite().await;
    let gateway = Gateway::furnish(db.folder(), "sqlite:huecry.db");
    let _taken = TcpListener::bind(("127.0.0.1", gateway.port)).unwrap();
    let ended = gateway.start(&[]).end().await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.err.contains("server.bind: cannot listen on 127.0.0.1"), "{}", ended.err);
    let left: Vec<_> = std::fs::read_dir(&gateway.folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["huecry.toml"], "something was made");
}
