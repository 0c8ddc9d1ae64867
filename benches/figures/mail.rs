//! `mail_ingest`: from a local Dovecot over one connection to routed conversations, beside fetching the same mails alone; and
//! `understand_…`: what reading one mail of 10 kB takes, look-ups apart.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use anyhow::Context;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use huecry::channels::email::imap::Mailbox;
use huecry::channels::email::mime::{self, Transport};
use huecry::config::Config;
use huecry::inbound::{classify, understand};
use huecry::on;
use huecry::store::schema::messages;
use huecry::store::{Backend, Db};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use crate::bed::{Bed, Program};
use crate::figure::{Figure, Report, Surroundings, number};
use crate::seed;

pub(crate) const NAMES: &[&str] = &["mail_ingest", "mail_ingest_fetch", "understand_plain", "understand_html"];
const MAILS: usize = 5_000;
const BYTES: usize = 5_000;
/// The aims: mails a second, microseconds a mail.
const AIM_RATE: f64 = 500.0;
const AIM_PLAIN: f64 = 100.0;
const AIM_HTML: f64 = 1_000.0;
const PASSWORD: &str = "secret";

pub(crate) async fn measure(backend: Backend, report: &mut Report) -> anyhow::Result<()> {
    // An account for each, since what was taken in stays marked.
    let user = if backend == Backend::Sqlite { "tester39" } else { "tester40" };
    let (host, port) = server()?;
    let channel = format!(
        "[[channels]]\nname = \"mail\"\nkind = \"email\"\nprovider = \"smtp\"\naddress = \"alerts@reply.example.org\"\nsmtp_host = \"127.0.0.1\"\n\
         smtp_port = 9\nsmtp_tls = \"none\"\nacknowledge = false\n\
         [channels.imap]\nhost = \"{host}\"\nport = {port}\ntls = \"none\"\nuser = \"{user}\"\npassword = \"{PASSWORD}\"\n"
    );
    let bed = Bed::make_with(backend, &channel).await?;
    let measured = measure_on(&bed, user, report).await;
    bed.close().await?;
    measured
}

async fn measure_on(bed: &Bed, user: &str, report: &mut Report) -> anyhow::Result<()> {
    let word = bed.backend.as_str();
    eprintln!("figures: mail_ingest on {word}: {MAILS} mails of {BYTES} bytes from Dovecot");
    let app = bed.app().await?;
    let addresses = seed::plant_mails(&app).await?;
    fill(user, &addresses).await?;
    let around = Surroundings::look(&bed.disk())?;
    let alone = fetch_alone(app.config()).await?;
    let gateway = bed.start(Program::Huecry("all")).await?;
    let rate = routed(&bed.db().await?, &gateway).await.with_context(|| gateway.process.tail())?;
    report.add(Figure::new("mail_ingest_fetch", word, alone, "mails/s, fetched alone", around).against("ours, to conversations", rate))?;
    report.add(Figure::new("mail_ingest", word, rate, "mails/s", around).at_least(AIM_RATE))
}

fn server() -> anyhow::Result<(String, u16)> {
    let address = std::env::var("HUECRY_TEST_IMAP").context("HUECRY_TEST_IMAP is not set: run `make bench`")?;
    let (host, port) = address.rsplit_once(':').context("HUECRY_TEST_IMAP is not HOST:PORT")?;
    Ok((host.to_owned(), port.parse()?))
}

/// A reply as a large provider's web mail makes it: a line of words, the alert quoted, and all of it again as HTML.
fn reply(n: usize, to: &str) -> Vec<u8> {
    let head = format!(
        "From: A Resident <{}>\r\nTo: {to}\r\nSubject: Re: A van taken from the station\r\nMessage-ID: <m{n}@mail.example.org>\r\nDate: Sun, 22 Nov 2026 10:00:00 +0000\r\n\
         MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=\"b\"\r\n\r\n",
        seed::mailbox(n)
    );
    let words = format!("I saw a grey van by the station at about half past nine, it drove off north. {n:07}");
    let quoted = "A van was taken from the station. Have you seen it? It is grey, with ladders on its roof. ".repeat(14);
    let html = format!(
        "<div dir=\"ltr\">{words}</div><br><div class=\"gmail_quote\"><div dir=\"ltr\" class=\"gmail_attr\">On Sun, 22 Nov 2026 at 09:00, Derbyshire Alert &lt;alerts@reply.example.org&gt; wrote:<br></div><blockquote class=\"gmail_quote\">"
    );
    let lines: String = quoted.as_bytes().chunks(70).map(|line| format!("> {}\r\n", String::from_utf8_lossy(line))).collect();
    let mut raw = format!(
        "{head}--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{words}\r\n\r\nOn Sun, 22 Nov 2026 at 09:00, Derbyshire Alert wrote:\r\n\r\n{lines}\r\n--b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n{html}\r\n"
    );
    let end = "\r\n</blockquote></div>\r\n--b--\r\n";
    while raw.len() + end.len() < BYTES {
        raw.push_str("<p>A van was taken from the station. Have you seen it?</p>\r\n");
    }
    raw.push_str(end);
    raw.into_bytes()
}

/// Fills the mailbox by APPEND.
async fn fill(user: &str, addresses: &[String]) -> anyhow::Result<()> {
    let (host, port) = server()?;
    let (reader, mut writer) = TcpStream::connect((host.as_str(), port)).await?.into_split();
    let mut lines = BufReader::new(reader).lines();
    let mut until = async |start: &str| -> anyhow::Result<()> {
        while let Some(line) = lines.next_line().await? {
            if line.starts_with(start) {
                return Ok(());
            }
            anyhow::ensure!(!line.starts_with("a NO") && !line.starts_with("a BAD"), "the mail server said {line}");
        }
        anyhow::bail!("the mail server closed the line")
    };
    until("* OK").await?;
    writer.write_all(format!("a LOGIN {user} {PASSWORD}\r\n").as_bytes()).await?;
    until("a OK").await?;
    for n in 0..MAILS {
        let raw = reply(n, addresses.get(n % addresses.len()).context("no address")?);
        writer.write_all(format!("a APPEND INBOX {{{}}}\r\n", raw.len()).as_bytes()).await?;
        until("+").await?;
        writer.write_all(&raw).await?;
        writer.write_all(b"\r\n").await?;
        until("a OK").await?;
    }
    Ok(())
}

/// The gateway's own way of fetching, with nothing done with what comes.
async fn fetch_alone(config: &Config) -> anyhow::Result<f64> {
    let settings = config.channels.iter().find_map(|channel| match &channel.kind {
        huecry::config::ChannelKindConfig::Email(email) => email.imap.clone(),
        huecry::config::ChannelKindConfig::Sms(_) => None,
    });
    let settings = settings.context("the test bed has no mailbox")?;
    let mut mailbox = Mailbox::open(&settings, "INBOX", None).await?;
    let uids = mailbox.search_above(0).await?;
    anyhow::ensure!(uids.len() == MAILS, "{} mails are in the mailbox", uids.len());
    let begun = Instant::now();
    let mut bytes = 0;
    for some in uids.chunks(100) {
        mailbox.sizes(some).await?;
        bytes += mailbox.fetch(some).await?.values().map(Vec::len).sum::<usize>();
    }
    anyhow::ensure!(bytes >= MAILS * (BYTES - 200), "only {bytes} bytes came");
    let rate = number(MAILS) / begun.elapsed().as_secs_f64();
    mailbox.close().await;
    Ok(rate)
}

/// From the first mail that is stored to the moment that the last one is a message of its alert's conversation.
async fn routed(db: &Db, gateway: &crate::bed::Gateway) -> anyhow::Result<f64> {
    let limit = Instant::now() + Duration::from_secs(180);
    let mut begun = None;
    loop {
        let mut conn = db.read().await?;
        let tied: i64 = on!(&mut conn, c => messages::table.filter(messages::method.eq("token")).count().get_result(c).await)?;
        drop(conn);
        let now = Instant::now();
        if tied > 0 && begun.is_none() {
            // Those that were there at the first look count as if they had taken no time at all: fewer than a look's worth.
            begun = Some((now, tied));
        }
        let tied_now = usize::try_from(tied)?;
        if tied_now == MAILS {
            let (begun, before) = begun.context("nothing came")?;
            let counted = MAILS - usize::try_from(before)?;
            eprintln!("figures:   {counted} mails in {:.1} s", now.duration_since(begun).as_secs_f64());
            return Ok(number(counted) / now.duration_since(begun).as_secs_f64());
        }
        anyhow::ensure!(now < limit, "of {MAILS} mails only {tied} are in a conversation; the gateway: {}", gateway.process.tail());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// What reading takes, without any database.
pub(crate) fn measure_reading(report: &mut Report) -> anyhow::Result<()> {
    let around = Surroundings::look(&std::env::temp_dir())?;
    for (name, mail, aim) in [("understand_plain", ten_kilobytes(false), AIM_PLAIN), ("understand_html", ten_kilobytes(true), AIM_HTML)] {
        let known = ["A van was taken from the station. Have you seen it? It is grey, with ladders on its roof."];
        let mut times = Vec::new();
        let mut seen = HashSet::new();
        for _ in 0..2_000 {
            let begun = Instant::now();
            let parsed = mime::parse(&mail, &Transport::default()).map_err(|fault| anyhow::anyhow!("{fault}"))?;
            let understood = understand::mail(&parsed, &known, |_| false);
            times.push(begun.elapsed());
            anyhow::ensure!(understood.verdict.class == classify::MailClass::Reply, "it is read as {}", understood.verdict.class.as_str());
            seen.insert(understood.visible.text);
        }
        anyhow::ensure!(seen.len() == 1 && seen.iter().all(|text| text.contains("half past nine") && !text.contains("ladders")), "it is read as {seen:?}");
        times.sort_unstable();
        let median = times.get(times.len() / 2).context("no time")?.as_secs_f64() * 1e6;
        report.add(Figure::new(name, "none", median, "µs, p50", around).at_most(aim))?;
    }
    Ok(())
}

fn ten_kilobytes(html: bool) -> Vec<u8> {
    let words = "I saw a grey van by the station at about half past nine, it drove off north.";
    let sent = "A van was taken from the station. Have you seen it? It is grey, with ladders on its roof.";
    let head = "From: Ann <ann@example.org>\r\nTo: alerts@reply.example.org\r\nSubject: Re: van\r\nMessage-ID: <a@example.org>\r\nMIME-Version: 1.0\r\n";
    let mut raw = if html {
        format!(
            "{head}Content-Type: text/html; charset=utf-8\r\n\r\n<div dir=\"ltr\">{words}</div><br><div class=\"gmail_quote\"><div class=\"gmail_attr\">On Sun, 22 Nov 2026 at 09:00, Derbyshire Alert wrote:<br></div><blockquote>"
        )
    } else {
        format!("{head}Content-Type: text/plain; charset=utf-8\r\n\r\n{words}\r\n\r\nOn Sun, 22 Nov 2026 at 09:00, Derbyshire Alert wrote:\r\n")
    };
    while raw.len() < 10_000 {
        raw.extend(if html { ["<p style=\"margin:0\">", sent, "</p>\r\n"] } else { ["> ", sent, "\r\n"] });
    }
    raw.push_str(if html { "</blockquote></div>\r\n" } else { "" });
    raw.into_bytes()
}
