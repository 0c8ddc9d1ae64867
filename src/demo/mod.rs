//! The demo: the whole gateway on this machine with invented residents, and a simulator that stands outside it.
//!
//! The gateway and the simulator meet only over sockets, in the vendors' own wire formats.

pub mod carriers;
pub mod seed;
pub mod simulator;

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;

use anyhow::Context;

use crate::app::App;
use crate::config::Config;
use crate::workers::Workers;
use crate::{telemetry, web};

const MAIL_SECRET: &str = "demo-mail-secret";
const PUBLISHED: &str = "alerts@reply.derbyshire.example";
/// Our pool: the end of Ofcom's drama range, which no invented resident has.
const POOL: [&str; 8] =
    ["+447700900990", "+447700900991", "+447700900992", "+447700900993", "+447700900994", "+447700900995", "+447700900996", "+447700900997"];

/// Runs the demo until it is interrupted, with a simulator that plays the text provider of this name.
pub async fn run(port: u16, data: &Path, fresh: bool, provider: &str) -> anyhow::Result<()> {
    let carrier = carriers::account(provider)?;
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    // Before anything is made or removed: a taken port must cost nothing.
    let listener = TcpListener::bind(address).map_err(|error| match error.kind() {
        std::io::ErrorKind::AddrInUse => anyhow::anyhow!("port {port} is taken; choose another with --port"),
        _ => anyhow::anyhow!("cannot listen on {address}: {error}"),
    })?;
    let address = listener.local_addr()?;
    ensure_it_is_ours(data)?;
    std::fs::create_dir_all(data).with_context(|| format!("cannot make the folder {}", data.display()))?;
    let _held = hold(data)?;
    if fresh {
        start_over(data)?;
    }
    let simulator = simulator::start(settings(&address, next_port(address.port()), carrier.clone())).await?;
    simulator.set_published_email(PUBLISHED);
    let written = toml(&address, data, &carrier, simulator.http, simulator.smtp);
    // For the other commands: import, api-key and officer work on the demo by it.
    std::fs::write(data.join("demo.toml"), &written).context("cannot write the demo's demo.toml")?;
    let config = Config::from_toml(&written).map_err(|faults| anyhow::anyhow!("the demo's configuration: {faults:?}"))?;
    let app = App::build(config).await?;
    eprintln!("Preparing Derbyshire …");
    let planted = seed::plant(&app).await?;
    let people: Vec<simulator::Person> = planted.people.iter().map(person).collect();
    simulator.set_people(&people);
    let workers = Workers::all(&app);
    let server = web::serve(&app, workers.intake(), telemetry::figures()?, listener)?;
    let handle = server.handle();
    let serving = tokio::spawn(server);
    announce(&address, simulator.http, &planted, data);
    tokio::signal::ctrl_c().await?;
    eprintln!("Stopping …");
    app.stop().cancel();
    handle.stop(false).await;
    serving.await??;
    workers.stop().await?;
    simulator.stop().await;
    Ok(())
}

/// Two demos on one folder would work against each other, and `--fresh` would take the ground from under the first.
fn hold(data: &Path) -> anyhow::Result<std::fs::File> {
    let lock = std::fs::File::create(data.join("demo.lock")).with_context(|| format!("cannot write to {}", data.display()))?;
    lock.try_lock().map_err(|_| anyhow::anyhow!("a demo runs in {} already; stop it, or choose another folder with --data", data.display()))?;
    Ok(lock)
}

fn settings(gateway: &SocketAddr, bind: SocketAddr, carrier: simulator::Carrier) -> simulator::Settings {
    simulator::Settings {
        bind,
        smtp_bind: (Ipv4Addr::LOCALHOST, 0).into(),
        gateway_url: format!("http://{gateway}"),
        sms_channel: "sms".to_owned(),
        email_channel: "mail".to_owned(),
        carrier,
        email_secret: MAIL_SECRET.to_owned(),
        numbers: POOL.iter().map(|number| (*number).to_owned()).collect(),
        people: Vec::new(),
        reply_latency_ms: 20,
        receipts: true,
    }
}

/// The port after the gateway's, or any free one if that is taken.
fn next_port(port: u16) -> SocketAddr {
    let wanted = SocketAddr::from((Ipv4Addr::LOCALHOST, port.saturating_add(1)));
    if TcpListener::bind(wanted).is_ok() { wanted } else { (Ipv4Addr::LOCALHOST, 0).into() }
}

fn toml(gateway: &SocketAddr, data: &Path, carrier: &simulator::Carrier, http: SocketAddr, smtp: SocketAddr) -> String {
    let data = data.display().to_string().replace('\\', "\\\\").replace('"', "\\\"");
    let own = carriers::channel(carrier, &POOL, http);
    format!(
        "[server]\nbind = \"{gateway}\"\npublic_url = \"http://{gateway}\"\n\
         [database]\nurl = \"sqlite:{data}/huecry.db\"\n[files]\ndir = \"{data}/files\"\n[security]\nkeyring = \"{data}/keyring.json\"\n\
         [quiet_hours]\nroutine = \"\"\n[[channels]]\nname = \"sms\"\nkind = \"sms\"\n{own}rate_per_s = 300\nconcurrency = 32\n\
         [[channels]]\nname = \"mail\"\nkind = \"email\"\nprovider = \"smtp\"\naddress = \"{PUBLISHED}\"\nsmtp_host = \"127.0.0.1\"\n\
         smtp_port = {}\nsmtp_tls = \"none\"\nwebhook_secret = \"{MAIL_SECRET}\"\nrate_per_s = 200\nconcurrency = 16\n",
        smtp.port()
    )
}

fn person(person: &seed::SimPerson) -> simulator::Person {
    simulator::Person {
        name: person.name.clone(),
        phone: person.phone.clone(),
        email: person.email.clone(),
        place: person.place.clone(),
        groups: person.groups.clone(),
    }
}

/// Refuses a folder that holds something else.
fn ensure_it_is_ours(data: &Path) -> anyhow::Result<()> {
    if data.exists() {
        let ours = |name: &std::ffi::OsStr| name == "demo.lock" || name == "demo.toml";
        let empty = std::fs::read_dir(data)?.filter_map(Result::ok).all(|entry| ours(&entry.file_name()));
        anyhow::ensure!(
            empty || data.join("demo.toml").exists() && data.join("huecry.db").exists(),
            "{} does not hold the demo's data; it is left alone",
            data.display()
        );
    }
    Ok(())
}

/// Removes the demo's data.
fn start_over(data: &Path) -> anyhow::Result<()> {
    for name in ["huecry.db", "huecry.db-wal", "huecry.db-shm", "keyring.json"] {
        match std::fs::remove_file(data.join(name)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error).with_context(|| format!("cannot remove {name}")),
            _ => {}
        }
    }
    match std::fs::remove_dir_all(data.join("files")) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error).context("cannot remove the demo's files"),
        _ => Ok(()),
    }
}

fn announce(gateway: &SocketAddr, simulator: SocketAddr, planted: &seed::Planted, data: &Path) {
    let (name, email, team) = planted.officers.first().cloned().unwrap_or_default();
    println!("\nDerbyshire Alert is ready, with {} invented residents.\n", planted.residents);
    println!("  Public site       http://{gateway}/");
    println!("  Officers' site    http://{gateway}/sign-in");
    println!("  Phones and mail   http://{simulator}/   (the simulator: residents' phones and mailboxes)\n");
    println!("  Sign in with the password {} as", seed::PASSWORD);
    println!("    {email}   {name}, {team}");
    println!("    inspector@derbyshire.example   a supervisor, of the first team");
    println!("    desk@derbyshire.example    the duty desk, which sees the whole force");
    println!("    press@derbyshire.example   the press office");
    println!("    admin@derbyshire.example   the administrator\n");
    println!("  Other officers:");
    for (name, email, team) in planted.officers.iter().skip(1).step_by(3) {
        println!("    {email}   {name}, {team}");
    }
    println!("\n  A key for the HTTP API: huecry api-key add --name me --scope alerts,inbox --config {}", data.join("demo.toml").display());
    println!("\nStop with Ctrl-C.");
}
