//! How mail leaves: over sessions that are kept, signed so that others can check it, and as a domain takes it.
//!
//! The relay is the test's own and plain: it keeps what it is given and counts what it is greeted with.

use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use huecry::channels::email::dkim::Verifier;
use huecry::config::ChannelKindConfig;
use huecry::domain::proof::Outcome;
use huecry::outbound::dispatch::Dispatcher;
use huecry::store::deliveries::{self, DeliveryRow};
use huecry::store::notices;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::support::app::{TestApp, eventually};
use crate::support::checkout;
use crate::support::db::TestDb;

#[derive(Default)]
struct Kept {
    greetings: AtomicUsize,
    mails: Mutex<Vec<(String, Vec<u8>)>>,
    /// How many are under way to each domain, and the most that were.
    under_way: Mutex<BTreeMap<String, (usize, usize)>>,
    /// What it refuses: a part of the line that asks for it, and how.
    refusal: Mutex<Option<(&'static str, &'static str)>>,
    refused: AtomicUsize,
}

impl Kept {
    fn refuse(&self, refusal: Option<(&'static str, &'static str)>) {
        *self.refusal.lock().unwrap() = refusal;
    }
}

/// A relay that takes a moment over mail to `slow.example`.
async fn relay() -> (u16, Arc<Kept>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (port, kept) = (listener.local_addr().unwrap().port(), Arc::<Kept>::default());
    let keeping = kept.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(talk(stream, keeping.clone()));
        }
    });
    (port, kept)
}

async fn talk(stream: TcpStream, kept: Arc<Kept>) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    stream.write_all(b"220 relay\r\n").await?;
    let mut to = String::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        let word = line.split([' ', '\r', '\n']).next().unwrap_or_default().to_ascii_uppercase();
        let refusal = kept.refusal.lock().unwrap().filter(|(part, _)| line.contains(part)).map(|(_, answer)| answer);
        let answer = match word.as_str() {
            _ if refusal.is_some() => {
                kept.refused.fetch_add(1, Ordering::SeqCst);
                refusal.unwrap()
            }
            "EHLO" => {
                kept.greetings.fetch_add(1, Ordering::SeqCst);
                "250 relay"
            }
            "RCPT" => {
                to = line.split_once('<').and_then(|(_, rest)| rest.split_once('>')).map(|(to, _)| to.to_owned()).unwrap();
                "250 ok"
            }
            "DATA" => {
                stream.write_all(b"354 go on\r\n").await?;
                take(&mut stream, &to, &kept).await?;
                "250 taken"
            }
            "QUIT" => return stream.write_all(b"221 bye\r\n").await,
            _ => "250 ok",
        };
        stream.write_all(format!("{answer}\r\n").as_bytes()).await?;
    }
}

async fn take(stream: &mut BufReader<TcpStream>, to: &str, kept: &Kept) -> std::io::Result<()> {
    let mut raw = Vec::new();
    loop {
        let mut line = Vec::new();
        stream.read_until(b'\n', &mut line).await?;
        if line == b".\r\n" {
            break;
        }
        raw.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
    }
    let domain = to.rsplit('@').next().unwrap().to_owned();
    {
        let mut under_way = kept.under_way.lock().unwrap();
        let (now, most) = under_way.entry(domain.clone()).or_default();
        *now += 1;
        *most = (*most).max(*now);
    }
    if domain == "slow.example" {
        // A relay's own pace: what the test is about.
        tokio::time::sleep(Duration::from_millis(60)).await;
    }
    kept.under_way.lock().unwrap().get_mut(&domain).unwrap().0 -= 1;
    kept.mails.lock().unwrap().push((to.to_owned(), raw));
    Ok(())
}

fn channel(port: u16, concurrency: u16, more: &str) -> String {
    format!(
        "[[channels]]\nname = \"own\"\nkind = \"email\"\nprovider = \"smtp\"\naddress = \"alerts@reply.example.org\"\nsmtp_host = \"127.0.0.1\"\n\
         smtp_port = {port}\nsmtp_tls = \"none\"\nrate_per_s = 10000\nconcurrency = {concurrency}\nacknowledge = false\n{more}"
    )
}

async fn queue(t: &TestApp, db: &TestDb, to: Vec<String>) -> Vec<i64> {
    let ids = add(t, db, to).await;
    node(t);
    ids
}

async fn add(t: &TestApp, db: &TestDb, to: Vec<String>) -> Vec<i64> {
    let alert = db.add_alert(t.owner.id, &[]).await;
    let row = |to: &String| DeliveryRow { channel: "own".into(), sender: "alerts@reply.example.org".into(), ..db.new_delivery(&alert, to) };
    let rows: Vec<DeliveryRow> = to.iter().map(row).collect();
    let ids = rows.iter().map(|row| row.id).collect();
    deliveries::insert(&mut db.write().await, rows).await.unwrap();
    ids
}

fn node(t: &TestApp) {
    let (dispatcher, _recorder) = Dispatcher::start(&t.app, t.app.channels().find("own").unwrap());
    tokio::spawn(dispatcher.run());
}

async fn statuses(db: &TestDb, ids: &[i64]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for row in deliveries::list_by_ids(&mut db.read().await, ids).await.unwrap() {
        *counts.entry(row.status).or_default() += 1;
    }
    counts
}

on_both!(a_session_serves_many_mails, async |db| {
    let (port, kept) = relay().await;
    let t = TestApp::start_with(db, &channel(port, 4, ""), false).await;
    queue(&t, db, (0..120).map(|n| format!("a{n}@example.org")).collect()).await;
    eventually("all of them", async || (kept.mails.lock().unwrap().len() == 120).then_some(())).await;
    let greetings = kept.greetings.load(Ordering::SeqCst);
    assert!((1..=4).contains(&greetings), "{greetings} sessions for 120 mails, four at once");
    t.stop().await;
});

on_both!(a_domain_that_takes_few_at_once_has_few_and_the_others_do_not_wait, async |db| {
    let (port, kept) = relay().await;
    let t = TestApp::start_with(db, &channel(port, 8, "domain_limits = { \"slow.example\" = 2 }\n"), false).await;
    let (slow, quick) = ((0..24).map(|n| format!("a{n}@slow.example")), (0..60).map(|n| format!("b{n}@quick.example")));
    // The slow ones are first in the queue.
    queue(&t, db, slow.chain(quick).collect()).await;
    eventually("all of them", async || (kept.mails.lock().unwrap().len() == 84).then_some(())).await;
    assert_eq!(kept.under_way.lock().unwrap()["slow.example"].1, 2, "as many as it takes, and no more");
    let mails: Vec<String> = kept.mails.lock().unwrap().iter().map(|(to, _)| to.clone()).collect();
    let last_quick = mails.iter().rposition(|to| to.ends_with("quick.example")).unwrap();
    let slow_before = mails[..last_quick].iter().filter(|to| to.ends_with("slow.example")).count();
    assert!(slow_before <= 16, "the quick ones waited for {slow_before} of 24 slow ones");
    let addresses: std::collections::BTreeSet<_> = mails.iter().collect();
    assert_eq!(addresses.len(), 84, "each once");
    t.stop().await;
});

on_both!(what_waits_apart_for_a_limit_that_is_gone_leaves_like_any_other, async |db| {
    let (port, kept) = relay().await;
    let t = TestApp::start_with(db, &channel(port, 4, ""), false).await;
    let ids = add(&t, db, (0..20).map(|n| format!("a{n}@slow.example")).collect()).await;
    let apart = "UPDATE deliveries SET queue = '@slow.example'";
    huecry::on!(&mut db.write().await, c => diesel_async::RunQueryDsl::execute(diesel::sql_query(apart), c).await).unwrap();
    node(&t);
    eventually("all of them", async || (statuses(db, &ids).await.get("accepted") == Some(&20)).then_some(())).await;
    assert_eq!(kept.mails.lock().unwrap().len(), 20);
    t.stop().await;
});

/// A relay that will not have our mail, whomever it is for: everything waits, and goes once that is put right.
async fn refused_us(db: &TestDb, refusal: (&'static str, &'static str)) {
    let (port, kept) = relay().await;
    kept.refuse(Some(refusal));
    let t = TestApp::start_with(db, &channel(port, 4, ""), false).await;
    let ids = queue(&t, db, (0..60).map(|n| format!("a{n}@example.org")).collect()).await;
    let alarm = async || notices::list_of_kind(&mut db.read().await, "not_sending").await.unwrap();
    let standing = eventually("the alarm", async || alarm().await.pop()).await;
    assert!(standing.detail.contains("none is marked as failed") && standing.detail.contains("address"), "{}", standing.detail);
    eventually("what was under way to be back in the queue", async || (statuses(db, &ids).await.get("queued") == Some(&60)).then_some(())).await;
    let refused = kept.refused.load(Ordering::SeqCst);
    assert!(refused <= 4 + 1, "{refused} of 60 were tried: what was under way, and a trial");
    assert_eq!(alarm().await.iter().map(|notice| notice.times).collect::<Vec<_>>(), [1], "one alarm");
    kept.refuse(None);
    // Started anew, which tries at once.
    node(&t);
    eventually("every mail", async || (statuses(db, &ids).await.get("accepted") == Some(&60)).then_some(())).await;
    assert!(alarm().await.is_empty());
    t.stop().await;
}

on_both!(a_relay_that_takes_nothing_from_our_address_raises_one_alarm_and_no_mail_is_failed, async |db| {
    refused_us(db, ("MAIL FROM", "550 5.1.1 no such sender here")).await;
});

on_both!(a_relay_that_does_not_relay_for_us_raises_one_alarm_and_no_mail_is_failed, async |db| {
    refused_us(db, ("RCPT TO", "550 5.7.1 Unable to relay")).await;
});

on_both!(an_address_that_is_refused_fails_alone_and_the_session_goes_on, async |db| {
    let (port, kept) = relay().await;
    kept.refuse(Some(("gone", "550 5.1.1 user unknown in relay recipient table")));
    let t = TestApp::start_with(db, &channel(port, 1, ""), false).await;
    let to = |n: usize| if n.is_multiple_of(3) { format!("gone{n}@example.org") } else { format!("a{n}@example.org") };
    let ids = queue(&t, db, (0..30).map(to).collect()).await;
    let ended = eventually("all to end", async || {
        let statuses = statuses(db, &ids).await;
        (statuses.get("permanent_failure") == Some(&10) && statuses.get("accepted") == Some(&20)).then_some(statuses)
    });
    assert_eq!(ended.await.len(), 2);
    assert_eq!(kept.greetings.load(Ordering::SeqCst), 1, "one session for all");
    assert!(notices::list_of_kind(&mut db.read().await, "not_sending").await.unwrap().is_empty());
    t.stop().await;
});

/// What mailauth says of the signatures: (selector, algorithm, result) of each.
fn judged_by_mailauth(raw: &[u8], records: &[(String, String)]) -> Vec<(String, String, String)> {
    let folder = checkout().join("tests/peers");
    assert!(folder.join("node_modules/mailauth").is_dir(), "no npm package mailauth in tests/peers: run scripts/setup");
    let mut child = Command::new("node").arg("dkim.js").current_dir(folder).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let records: BTreeMap<_, _> = records.iter().cloned().collect();
    let question = serde_json::json!({ "raw": BASE64.encode(raw), "records": records }).to_string();
    child.stdin.take().unwrap().write_all(question.as_bytes()).unwrap();
    let answer = child.wait_with_output().unwrap();
    let list: serde_json::Value = serde_json::from_slice(&answer.stdout).unwrap();
    let text = |one: &serde_json::Value, key: &str| one[key].as_str().unwrap_or_default().to_owned();
    list.as_array().unwrap().iter().map(|one| (text(one, "selector"), text(one, "algorithm"), text(one, "result"))).collect()
}

on_both!(signed_mail_holds_and_nothing_of_it_can_be_changed, async |db| {
    let (port, kept) = relay().await;
    let keys = checkout().join("fixtures/dkim");
    let keys = format!(
        "dkim_selector = \"s2026\"\ndkim_domain = \"reply.example.org\"\ndkim_key_file = \"{0}/rsa.pem\"\ndkim_ed25519_key_file = \"{0}/ed25519.pem\"\n",
        keys.display()
    );
    let t = TestApp::start_with(db, &channel(port, 4, &keys), false).await;
    let own = t.app.config().channels.iter().find(|channel| channel.name == "own").unwrap();
    let ChannelKindConfig::Email(settings) = &own.kind else { panic!("a channel for mail") };
    let records = settings.dkim.as_ref().unwrap().records();
    assert_eq!(
        records.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(),
        ["s2026._domainkey.reply.example.org", "s2026-ed25519._domainkey.reply.example.org"]
    );
    queue(&t, db, vec!["jo@example.org".into()]).await;
    let raw = eventually("the mail", async || kept.mails.lock().unwrap().first().cloned()).await.1;
    let text = String::from_utf8(raw.clone()).unwrap();

    let verifier = Verifier::default();
    for (name, record) in &records {
        verifier.know(name, record).unwrap();
    }
    let judged = verifier.verify(&raw, "reply.example.org").await;
    assert_eq!(judged.iter().map(|one| one.outcome.clone()).collect::<Vec<_>>(), [Outcome::Pass, Outcome::Pass], "{text}");
    let theirs = judged_by_mailauth(&raw, &records);
    let expected =
        [("s2026-ed25519", "ed25519-sha256"), ("s2026", "rsa-sha256")].map(|(selector, algorithm)| (selector.into(), algorithm.into(), "pass".into()));
    assert_eq!(theirs, expected);

    let signature = text.split_once("\r\nFrom:").unwrap().0.to_lowercase().replace("\r\n\t", "").replace("\r\n ", "");
    for header in ["to", "subject", "date", "message-id", "reply-to", "list-unsubscribe", "list-unsubscribe-post"] {
        assert!(signature.contains(&format!(":{header}")) || signature.contains(&format!("h={header}")), "{header} is not signed: {signature}");
    }
    for (what, changed) in [
        ("a word", text.replacen("Have you seen it?", "Have you seen him?", 1)),
        ("the way out", text.replacen("List-Unsubscribe: <http", "List-Unsubscribe: <ftp", 1)),
        ("another author above", format!("From: eve@example.net\r\n{text}")),
        ("another author below", text.replacen("\r\n\r\n", "\r\nFrom: eve@example.net\r\n\r\n", 1)),
    ] {
        assert_ne!(changed, text, "{what}");
        let judged = verifier.verify(changed.as_bytes(), "reply.example.org").await;
        assert!(judged.len() == 2 && judged.iter().all(|one| matches!(one.outcome, Outcome::Fail(_))), "{what}: {judged:?}");
        assert!(judged_by_mailauth(changed.as_bytes(), &records).iter().all(|one| one.2 != "pass"), "{what}");
    }
    t.stop().await;
});

#[test]
fn a_key_that_does_not_fit_is_told_before_anything_starts() {
    let keys = checkout().join("fixtures/dkim");
    let read = |more: &str| {
        huecry::config::Config::from_toml(&format!(
            "[server]\nbind = \"127.0.0.1:1\"\npublic_url = \"http://127.0.0.1:1\"\n[database]\nurl = \"sqlite:x.db\"\n{}{more}",
            channel(25, 4, "").replace("own", "mail")
        ))
    };
    let file = |name: &str| keys.join(name).display().to_string();
    let told = |more: String| read(&more).err().map(|faults| faults.iter().map(|fault| fault.key.clone()).collect::<Vec<_>>());
    assert_eq!(told(format!("dkim_selector = \"s\"\ndkim_key_file = \"{}\"\n", file("rsa.pem"))), None);
    for (more, key) in [
        (format!("dkim_key_file = \"{}\"\n", file("rsa.pem")), "dkim_key_file"),
        ("dkim_selector = \"s\"\n".to_owned(), "dkim_key_file"),
        (format!("dkim_selector = \"s\"\ndkim_key_file = \"{}\"\n", file("ed25519.pem")), "dkim_key_file"),
        (format!("dkim_selector = \"s\"\ndkim_key_file = \"{}\"\n", file("none.pem")), "dkim_key_file"),
        (format!("dkim_selector = \"s s\"\ndkim_key_file = \"{}\"\n", file("rsa.pem")), "dkim_selector"),
        (format!("dkim_selector = \"s\"\ndkim_domain = \"example.net\"\ndkim_key_file = \"{}\"\n", file("rsa.pem")), "dkim_domain"),
        (format!("dkim_selector = \"s\"\ndkim_key_file = \"{0}\"\ndkim_ed25519_key_file = \"{0}\"\n", file("rsa.pem")), "dkim_ed25519_key_file"),
        ("domain_limits = { \"gmail.com\" = 0 }\n".to_owned(), "domain_limits"),
    ] {
        assert_eq!(told(more.clone()), Some(vec![format!("channels[0].{key}")]), "{more}");
    }
}
