//! `email_handover`: personalised mails of 5 kB from the outbox to postfix's `smtp-sink`, each with durable state, unsigned
//! and signed (`email_handover_dkim`); beside them `smtp-source` with sessions that are kept, and one core that does nothing
//! but sign.

use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::Context;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use huecry::store::Backend;
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};

use crate::bed::{Bed, Program};
use crate::figure::{Bound, Figure, Report, Surroundings, number};
use crate::process::Running;
use crate::seed;

pub(crate) const NAMES: &[&str] = &["email_handover", "email_handover_dkim"];
const MAILS: usize = 15_000;
const AT_ONCE: u16 = 32;
const BYTES: usize = 5_000;

pub(crate) async fn measure(backend: Backend, report: &mut Report) -> anyhow::Result<()> {
    anyhow::ensure!(Path::new("/usr/sbin/smtp-sink").exists(), "there is no smtp-sink: run scripts/setup, or install the package postfix");
    for (name, signed) in [("email_handover", false), ("email_handover_dkim", true)] {
        let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        let key = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/dkim/rsa.pem");
        let dkim = if signed { format!("dkim_selector = \"s\"\ndkim_key_file = \"{}\"\n", key.display()) } else { String::new() };
        let more = format!(
            "[[channels]]\nname = \"out\"\nkind = \"email\"\nprovider = \"smtp\"\naddress = \"alerts@reply.example.org\"\nsmtp_host = \"127.0.0.1\"\n\
             smtp_port = {port}\nsmtp_tls = \"none\"\nrate_per_s = 100000\nconcurrency = {AT_ONCE}\n{dkim}"
        );
        let bed = Bed::make_with(backend, &more).await?;
        let measured = measure_on(&bed, port, name, signed.then_some(key.as_path()), report).await;
        bed.close().await?;
        measured?;
    }
    Ok(())
}

async fn measure_on(bed: &Bed, port: u16, name: &'static str, key: Option<&Path>, report: &mut Report) -> anyhow::Result<()> {
    let word = bed.backend.as_str();
    eprintln!("figures: {name} on {word}: {MAILS} mails, {AT_ONCE} at once");
    let sink = sink(port, &bed.folder).await?;
    seed::plant_mails_out(&bed.app().await?, "out", MAILS, BYTES).await?;
    let around = Surroundings::look(&bed.disk())?;
    let (reference, reference_value, asked) = match key {
        None => ("smtp-source with sessions kept, 32 at once", source(port)?, 0.4),
        Some(key) => ("RSA-2048 signatures by one core that does nothing else", signatures(key)?, 0.7),
    };
    let gateway = bed.start(Program::Huecry("all")).await?;
    let rate = rate(bed).await.with_context(|| gateway.process.tail())?;
    drop(sink);
    eprintln!("figures:   {rate:.0} a second; {reference}: {reference_value:.0}");
    report.add(Figure::new(name, word, rate, "mails/s", around).against(reference, reference_value).asked(Bound::RatioAtLeast(asked)))
}

/// From the first that is recorded as taken to the last.
async fn rate(bed: &Bed) -> anyhow::Result<f64> {
    let db = bed.db().await?;
    let deadline = Instant::now() + Duration::from_secs(180);
    let mut first = None;
    loop {
        let accepted = usize::try_from(seed::count_accepted(&db, "out").await?)?;
        let now = Instant::now();
        if accepted > 0 && first.is_none() {
            first = Some((accepted, now));
        }
        if let (MAILS, Some((before, began))) = (accepted, first) {
            return Ok(number(MAILS - before) / now.duration_since(began).as_secs_f64());
        }
        anyhow::ensure!(now < deadline, "of {MAILS} mails only {accepted} are recorded as taken");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn sink(port: u16, folder: &Path) -> anyhow::Result<Running> {
    let address = format!("127.0.0.1:{port}");
    let mut arguments = vec![address.as_str(), "256"];
    // As root it wants to be somebody else.
    if Command::new("id").arg("-u").output()?.stdout == b"0\n" {
        arguments.splice(0..0, ["-u", "nobody"]);
    }
    let mut sink = Running::start(Path::new("/usr/sbin/smtp-sink"), &arguments, folder.join("sink.log"))?;
    let deadline = Instant::now() + Duration::from_secs(10);
    while tokio::net::TcpStream::connect(&address).await.is_err() {
        anyhow::ensure!(sink.ended()?.is_none() && Instant::now() < deadline, "smtp-sink does not answer: {}", sink.tail());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(sink)
}

/// Mails a second by `smtp-source`.
fn source(port: u16) -> anyhow::Result<f64> {
    let (sessions, mails, bytes) = (AT_ONCE.to_string(), MAILS.to_string(), BYTES.to_string());
    let began = Instant::now();
    let status = Command::new("/usr/sbin/smtp-source")
        .args(["-d", "-s", &sessions, "-m", &mails, "-l", &bytes, "-f", "alerts@reply.example.org", "-t", "jo@example.org"])
        .arg(format!("127.0.0.1:{port}"))
        .status()?;
    anyhow::ensure!(status.success(), "smtp-source ended with {status}");
    Ok(number(MAILS) / began.elapsed().as_secs_f64())
}

/// Signatures a second by one core.
fn signatures(key: &Path) -> anyhow::Result<f64> {
    let pem = std::fs::read_to_string(key)?;
    let der = BASE64.decode(pem.lines().filter(|line| !line.starts_with('-')).collect::<String>())?;
    let key = RsaKeyPair::from_pkcs8(&der).map_err(|error| anyhow::anyhow!("the key cannot be read: {error}"))?;
    let (random, mut signature) = (SystemRandom::new(), vec![0; key.public().modulus_len()]);
    let (began, mut done) = (Instant::now(), 0);
    while began.elapsed() < Duration::from_secs(2) {
        key.sign(&RSA_PKCS1_SHA256, &random, &[0x5a; 700], &mut signature).map_err(|_| anyhow::anyhow!("ring does not sign"))?;
        done += 1;
    }
    Ok(number(done) / began.elapsed().as_secs_f64())
}
