//! What an administrator does at the command line: accounts, keys, migrations, the check.

use super::process::{Gateway, free_port};
use crate::support::browser::Client;
use crate::support::db::TestDb;

#[tokio::test(flavor = "multi_thread")]
async fn an_officer_who_was_added_can_sign_in_with_the_printed_password() {
    let db = TestDb::bare_sqlite().await;
    let gateway = Gateway::furnish(db.folder(), "sqlite:huecry.db");
    gateway.run(&["migrate"]).await;
    let add = ["officer", "add", "--email", "jo@force.example", "--name", "PC Jo Bloggs", "--role", "admin"];
    let ended = gateway.run(&add).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.out.contains("Added jo@force.example."), "{ended:?}");
    let password = ended.out.lines().find_map(|line| line.strip_prefix("Password (shown once): ")).unwrap().to_owned();

    let again = gateway.run(&add).await;
    assert_eq!(again.code, Some(1), "{again:?}");
    assert!(again.err.contains("jo@force.example") && !again.out.contains("Password"), "{again:?}");
    let short = gateway.run(&["officer", "add", "--email", "al@force.example", "--name", "Al", "--password", "short"]).await;
    assert_eq!(short.code, Some(1), "{short:?}");
    let own = gateway.run(&["officer", "add", "--email", "al@force.example", "--name", "Al", "--password", "a password of my own"]).await;
    assert_eq!((own.code, own.out.as_str()), (Some(0), "Added al@force.example.\n"), "a password that was given is not printed");

    let mut program = gateway.start(&[]);
    gateway.ready(&mut program).await;
    for (email, password, status) in
        [("jo@force.example", password.as_str(), 303), ("al@force.example", "a password of my own", 303), ("jo@force.example", "a password of my own", 422)]
    {
        let mut client = Client::new(&gateway.url);
        client.get("/sign-in").await;
        let answer = client.submit("/sign-in", &[("email", email), ("password", password), ("next", "")]).await;
        assert_eq!(answer.status, status, "{email}: {}", answer.body);
    }
    let logged = program.interrupt().await;
    assert_eq!(logged.code, Some(0), "{logged:?}");
    assert!(!logged.err.contains(&password), "the password is in the log");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_printed_once_and_opens_its_scope_only() {
    let db = TestDb::bare_sqlite().await;
    let gateway = Gateway::furnish(db.folder(), "sqlite:huecry.db");
    gateway.run(&["migrate"]).await;
    let mut keys = Vec::new();
    for scope in ["inbox", "alerts", "alerts,inbox"] {
        let ended = gateway.run(&["api-key", "add", "--name", &format!("for {scope}"), "--scope", scope]).await;
        assert_eq!(ended.code, Some(0), "{ended:?}");
        let key = ended.out.trim().to_owned();
        assert!(key.starts_with("hc_") && key.len() > 40 && !key.contains(char::is_whitespace), "{ended:?}");
        keys.push(key);
    }
    for (name, scope, sentence) in
        [("new", "everything", "there is no scope \"everything\""), ("for inbox", "inbox", "there is a key named"), (" ", "inbox", "give the key a name")]
    {
        let refused = gateway.run(&["api-key", "add", "--name", name, "--scope", scope]).await;
        assert_eq!(refused.code, Some(1), "{refused:?}");
        assert!(refused.err.contains(sentence) && refused.out.is_empty(), "{refused:?}");
    }
    for file in ["huecry.db", "huecry.db-wal"] {
        let stored = std::fs::read(gateway.folder.join(file)).unwrap_or_default();
        let stored = String::from_utf8_lossy(&stored);
        assert!(keys.iter().all(|key| !stored.contains(key.as_str())), "a key is in {file} in the clear");
    }

    let mut program = gateway.start(&[]);
    gateway.ready(&mut program).await;
    let http = reqwest::Client::new();
    let status = async |method: reqwest::Method, path: &str, key: &str| {
        let request = http.request(method, format!("{}{path}", gateway.url)).bearer_auth(key).header("content-type", "application/json").body("{}");
        request.send().await.unwrap().status().as_u16()
    };
    for (key, inbox, alerts) in [(keys[0].as_str(), 200, 403), (&keys[1], 403, 404), (&keys[2], 200, 404), ("hc_made-up", 401, 401), ("", 401, 401)] {
        assert_eq!(status(reqwest::Method::GET, "/api/v1/unattributed", key).await, inbox, "the inbox with {key:?}");
        assert_eq!(status(reqwest::Method::GET, "/api/v1/alerts/K7Q2M", key).await, alerts, "alerts with {key:?}");
        // Refused for its form, or for its key before anybody looks at its form.
        let create = status(reqwest::Method::POST, "/api/v1/alerts", key).await;
        assert_eq!([401, 403].contains(&create), [401, 403].contains(&alerts), "a new alert with {key:?}: {create}");
    }
    program.interrupt().await;
}

async fn migrate_twice(db: &TestDb) {
    let gateway = Gateway::furnish(db.folder(), &db.url);
    let first = gateway.run(&["migrate"]).await;
    assert_eq!(first.code, Some(0), "{first:?}");
    assert!(first.out.starts_with("Ran ") && first.out.ends_with(" migrations.\n"), "{first:?}");
    let second = gateway.run(&["migrate"]).await;
    assert_eq!((second.code, second.out.as_str()), (Some(0), "The database is up to date.\n"), "{second:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn migrating_twice_is_harmless_on_sqlite() {
    migrate_twice(&TestDb::bare_sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn migrating_twice_is_harmless_on_postgres() {
    migrate_twice(&TestDb::bare_postgres().await).await;
}

on_both!(the_check_says_what_is_well_and_what_is_not, async |db| {
    let well = Gateway::furnish(db.folder(), &db.url);
    let ended = well.run(&["check"]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(ended.out, "database: ok\nchannel sms (twilio): no fault known\n");

    let nobody = free_port();
    let mail = format!(
        "[[channels]]\nname = \"mail\"\nkind = \"email\"\nprovider = \"smtp\"\naddress = \"alerts@reply.example.org\"\nsmtp_host = \"127.0.0.1\"\n\
         smtp_port = {nobody}\nsmtp_tls = \"none\"\n"
    );
    let ended = Gateway::furnish_with(db.folder(), &db.url, &mail).run(&["check"]).await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.out.contains("channel mail (smtp): the mail relay does not answer"), "{ended:?}");
    assert!(ended.out.contains("database: ok"), "{ended:?}");

    // The keys are not those that this database was filled under.
    let keyring = well.folder.join("keyring.json");
    let key = std::fs::read_to_string(&keyring).unwrap();
    std::fs::remove_file(&keyring).unwrap();
    let ended = well.run(&["check"]).await;
    assert!(ended.code == Some(1) && ended.err.contains("restore it from the backup") && !keyring.exists(), "{ended:?}");
    let other = key.replace(|c: char| c.is_ascii_digit(), "0");
    assert_ne!(other, key);
    std::fs::write(&keyring, other).unwrap();
    let ended = well.run(&["check"]).await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.err.contains("filled under another match key"), "{ended:?}");
});
