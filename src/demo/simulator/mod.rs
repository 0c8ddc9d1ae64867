//! The simulator: residents' phones and mailboxes on a page, standing where a carrier and a mail server would.
//!
//! Owns: the text provider's API (one vendor's at a time), signed callbacks, a mail sink, a person's side of each conversation.
//! Must not: know anything of the gateway but its URL and the vendors' wire formats; nothing here imports from the rest of the crate.
//! Data: texts come in over HTTP and mail over SMTP; people's answers go out as signed webhooks and raw mail. All of it is in memory.

mod api;
mod aws;
mod carrier;
mod clock;
mod gateway;
mod handover;
mod inbound;
mod ledger;
mod mail;
mod notify;
mod pages;
mod receipts;
mod server;
mod shapes;
mod smtp;
mod twilio;
mod vonage;
mod vonage_sms;
mod world;

pub use aws::Aws;
pub use carrier::Carrier;
pub use notify::Notify;
pub use twilio::Twilio;
pub use vonage::Vonage;
pub use vonage_sms::VonageSms;

use std::net::SocketAddr;
use std::sync::Arc;

use actix_web::dev::ServerHandle;
use anyhow::Context;
use tokio::task::JoinSet;

use world::World;

/// How the simulator is started. Everything it is told about the gateway is here.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where pages, the text provider's API and the JSON for scripts listen. Port 0 picks a free one.
    pub bind: SocketAddr,
    /// Where the mail sink listens. Port 0 picks a free one.
    pub smtp_bind: SocketAddr,
    /// Public URL of the gateway, such as `http://127.0.0.1:8080`.
    pub gateway_url: String,
    /// The channel's name in `/webhooks/sms/{channel}/inbound`.
    pub sms_channel: String,
    /// The channel's name in `/webhooks/email/{channel}`.
    pub email_channel: String,
    /// The text provider that is played.
    pub carrier: Carrier,
    /// Bearer secret of the e-mail webhook.
    pub email_secret: String,
    /// The gateway's numbers, E.164.
    pub numbers: Vec<String>,
    /// Residents whose phones and mailboxes are shown from the start.
    pub people: Vec<Person>,
    /// How long the text provider's API takes to answer, in milliseconds.
    pub reply_latency_ms: u64,
    /// Whether the text provider reports what became of each text.
    pub receipts: bool,
}

/// A member of the public with a phone, a mailbox, or both.
#[derive(Debug, Clone, Default)]
pub struct Person {
    /// What to call them on the page.
    pub name: String,
    /// Their number, E.164.
    pub phone: Option<String>,
    /// Their e-mail address.
    pub email: Option<String>,
    /// Where they live, in words.
    pub place: String,
    /// What they chose to hear about, in words.
    pub groups: String,
}

/// A simulator that is listening.
pub struct Running {
    /// Where pages and the REST interface listen.
    pub http: SocketAddr,
    /// Where the mail sink listens.
    pub smtp: SocketAddr,
    world: Arc<World>,
    web: ServerHandle,
    tasks: JoinSet<()>,
}

/// Binds both ports and starts serving; comes back as soon as they answer.
pub async fn start(settings: Settings) -> anyhow::Result<Running> {
    anyhow::ensure!(
        settings.bind.ip().is_loopback() && settings.smtp_bind.ip().is_loopback(),
        "the simulator listens on this machine only: give it a loopback address"
    );
    let (bind, smtp_bind) = (settings.bind, settings.smtp_bind);
    let (world, receipts) = World::new(settings)?;
    let sink = smtp::listen(smtp_bind).with_context(|| format!("the simulator's mail sink cannot listen on {smtp_bind}"))?;
    let smtp = sink.local_addr()?;
    let (server, http) = server::build(bind, Arc::clone(&world)).with_context(|| format!("the simulator's pages cannot listen on {bind}"))?;
    let web = server.handle();
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        if let Err(error) = server.await {
            tracing::error!(%error, "simulator.web.stopped");
        }
    });
    tasks.spawn(smtp::serve(sink, Arc::clone(&world)));
    tasks.spawn(receipts::work(receipts, Arc::clone(&world)));
    tracing::info!(%http, %smtp, "simulator.listening");
    Ok(Running { http, smtp, world, web, tasks })
}

impl Running {
    /// Tells the simulator where the gateway is, once that is known.
    pub fn set_gateway(&self, url: &str) {
        self.world.set_gateway(url);
    }

    /// The address a new mail is written to when the writer names none. Without it, the sender of the latest mail is used.
    pub fn set_published_email(&self, address: &str) {
        self.world.set_published_email(address);
    }

    /// Adds people whose phones and mailboxes to show first.
    pub fn set_people(&self, people: &[Person]) {
        self.world.record(|ledger| ledger.people.list(people));
    }

    /// Stops listening and drops what is under way.
    pub async fn stop(mut self) {
        self.web.stop(false).await;
        self.tasks.shutdown().await;
    }
}
