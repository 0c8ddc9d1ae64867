//! The explicit list: configured channels and the providers behind them.

use std::sync::Arc;

use super::certificates::Certificates;
use super::email::oauth::TokenSource;
use super::email::smtp::Smtp;
use super::sms::aws::Aws;
use super::sms::notify::Notify;
use super::sms::smpp::{self, Smpp};
use super::sms::twilio::Twilio;
use super::sms::vonage::Vonage;
use super::sms::vonage_sms::VonageSms;
use super::{
    Accepted, Acknowledgement, Circumstances, Doubtful, Hook, Listing, OutgoingText, ParseError, RawRequest, SendError, SmsProvider, Verified, VerifyError,
    http,
};
use crate::config::{ChannelConfig, ChannelKindConfig, EmailConfig, ImapSignIn, SmsConfig, SmsProviderConfig};
use crate::domain::At;
use crate::domain::inbound::InboundEvent;

/// Names of every provider that can be configured. A test holds the files and fixtures against it.
pub const PROVIDERS: &[&str] = &["twilio", "notify", "vonage", "vonage_sms", "aws", "smpp", "smtp"];

pub use super::sms::vonage::is_sent_again;

/// Every configured channel.
#[derive(Clone, Default)]
pub struct Channels(Vec<Arc<Channel>>);

/// One channel, ready for use.
pub struct Channel {
    /// In webhook URLs and rows.
    pub name: String,
    /// Hand-overs a second.
    pub rate_per_s: u32,
    /// Hand-overs under way at once.
    pub concurrency: u16,
    /// What stands behind it.
    pub kind: ChannelKind,
}

/// SMS or e-mail.
pub enum ChannelKind {
    /// A number pool at a vendor.
    Sms {
        /// Its settings.
        settings: Box<SmsConfig>,
        /// Who carries the texts.
        vendor: Vendor,
    },
    /// A mailbox and a relay.
    Email {
        /// Its settings.
        settings: Box<EmailConfig>,
        /// The relay.
        smtp: Smtp,
        /// Where the mailbox's tokens come from, if it signs in with such.
        tokens: Option<Arc<TokenSource>>,
    },
}

/// Who carries texts, by the road that leads there.
pub enum Vendor {
    /// A vendor with an API and webhooks.
    Http {
        /// Its words.
        provider: Box<dyn SmsProvider>,
        /// The socket.
        http: http::Client,
        /// What it signs by.
        certificates: Certificates,
    },
    /// A bind to a carrier's message centre.
    Smpp(Smpp),
}

/// Leave to hand something over now, held while that is under way.
pub enum Turn<'a> {
    /// Nothing stands before it.
    AtOnce,
    /// By this place on the line to a message centre.
    OnLine(smpp::Turn<'a>),
}

fn vendor(config: &SmsProviderConfig, http: &http::Client) -> Vendor {
    let provider: Box<dyn SmsProvider> = match config {
        SmsProviderConfig::Twilio(settings) => Box::new(Twilio::new(settings.clone())),
        SmsProviderConfig::Notify(settings) => Box::new(Notify::new(settings.clone())),
        SmsProviderConfig::Vonage(settings) => Box::new(Vonage::new(settings.clone())),
        SmsProviderConfig::VonageSms(settings) => Box::new(VonageSms::new(settings.clone())),
        SmsProviderConfig::Aws(settings) => Box::new(Aws::new(settings.clone())),
        SmsProviderConfig::Smpp(settings) => return Vendor::Smpp(Smpp::new(settings.clone())),
    };
    Vendor::Http { provider, http: http.clone(), certificates: Certificates::default() }
}

impl Channel {
    /// `sms` or `email`.
    pub const fn kind_word(&self) -> &'static str {
        match self.kind {
            ChannelKind::Sms { .. } => "sms",
            ChannelKind::Email { .. } => "email",
        }
    }

    /// The vendor's words, if this is a channel for texts whose vendor speaks HTTP.
    pub fn provider(&self) -> Option<&dyn SmsProvider> {
        match &self.kind {
            ChannelKind::Sms { vendor: Vendor::Http { provider, .. }, .. } => Some(provider.as_ref()),
            _ => None,
        }
    }

    /// The bind to a message centre, if this channel has one.
    pub fn smpp(&self) -> Option<&Smpp> {
        match &self.kind {
            ChannelKind::Sms { vendor: Vendor::Smpp(smpp), .. } => Some(smpp),
            _ => None,
        }
    }

    /// Waits until something may be handed over: only on a line to a message centre does one wait for another.
    pub async fn turn(&self) -> Result<Turn<'_>, SendError> {
        match self.smpp() {
            Some(smpp) => smpp.turn().await.map(Turn::OnLine),
            None => Ok(Turn::AtOnce),
        }
    }

    /// Hands a text over at its turn.
    pub async fn send_text(&self, turn: Turn<'_>, text: &OutgoingText, now: At) -> Result<Accepted, SendError> {
        match (&self.kind, turn) {
            (ChannelKind::Sms { vendor: Vendor::Http { provider, http, .. }, .. }, _) => {
                http.send(provider.build_request(text, now)).await.and_then(|response| provider.read_response(&response))
            }
            (ChannelKind::Sms { vendor: Vendor::Smpp(smpp), .. }, Turn::OnLine(turn)) => smpp.send_in(turn, text).await,
            (ChannelKind::Sms { vendor: Vendor::Smpp(smpp), .. }, Turn::AtOnce) => smpp.send(text).await,
            (ChannelKind::Email { .. }, _) => Err(SendError::ours("channel", "no channel for texts")),
        }
    }

    /// The first page of the vendor's list of what people sent since then; empty if it keeps none.
    pub async fn list(&self, since: At, now: At) -> Result<Listing, SendError> {
        match self.provider().and_then(|provider| provider.build_listing(since, now)) {
            Some(request) => self.list_on(request, since, now).await,
            None => Ok(Listing::default()),
        }
    }

    /// The page that a request of a listing asks for.
    pub async fn list_on(&self, request: http::Request, since: At, now: At) -> Result<Listing, SendError> {
        let ChannelKind::Sms { vendor: Vendor::Http { provider, http, .. }, .. } = &self.kind else { return Ok(Listing::default()) };
        http.send(request).await.and_then(|response| provider.read_listing(&response, since, now))
    }

    /// Whether a doubtful text was taken, and its id; none if the vendor cannot tell.
    pub async fn look_up(&self, doubtful: &Doubtful, now: At) -> Option<Result<Option<Accepted>, SendError>> {
        let ChannelKind::Sms { vendor: Vendor::Http { provider, http, .. }, .. } = &self.kind else { return None };
        let request = provider.build_lookup(doubtful, now)?;
        Some(http.send(request).await.and_then(|response| provider.read_lookup(&response, doubtful)))
    }

    /// What a genuine arrival by a channel for texts says. `target` is a request's path and query.
    pub fn parse_text(&self, hook: Hook, target: &str, body: &[u8]) -> Result<Vec<InboundEvent>, ParseError> {
        match &self.kind {
            ChannelKind::Sms { vendor: Vendor::Http { provider, .. }, .. } => provider.parse(hook, target, body),
            ChannelKind::Sms { vendor: Vendor::Smpp(smpp), .. } => smpp.parse(body),
            ChannelKind::Email { .. } => Err(ParseError("a text came by a channel for mail".to_owned())),
        }
    }

    /// Whether a webhook's request is genuine, and what to answer once it is stored. Fetches the certificate it was signed by
    /// where the vendor signs so.
    pub async fn verify(&self, request: &RawRequest, now: At) -> Result<(Verified, Acknowledgement), VerifyError> {
        let ChannelKind::Sms { vendor: Vendor::Http { provider, http, certificates }, .. } = &self.kind else {
            return Err(VerifyError::Missing);
        };
        let certificate = match provider.certificate_url(request) {
            Some(url) => certificates.get(http, &url).await,
            None => None,
        };
        let circumstances = Circumstances { now, certificate: certificate.as_deref() };
        provider.verify(request, &circumstances).map(|verified| (verified, provider.acknowledge()))
    }

    /// Fetches an address of the vendor's by which we confirm something. Only the answer's status counts.
    pub async fn confirm(&self, url: &str) -> Result<(), SendError> {
        let ChannelKind::Sms { vendor: Vendor::Http { http, .. }, .. } = &self.kind else {
            return Err(SendError::ours("channel", "no channel with webhooks for texts"));
        };
        match http.send(http::Request::get(url.to_owned())).await?.status {
            200..=299 => Ok(()),
            status => Err(SendError::temporary("refused", &format!("the provider answered {status}"))),
        }
    }

    /// The provider's name.
    pub fn provider_name(&self) -> &'static str {
        match &self.kind {
            ChannelKind::Sms { vendor: Vendor::Http { provider, .. }, .. } => provider.name(),
            ChannelKind::Sms { vendor: Vendor::Smpp(_), .. } => "smpp",
            ChannelKind::Email { .. } => "smtp",
        }
    }
}

impl Channels {
    /// Builds every channel.
    pub fn build(configs: &[ChannelConfig]) -> anyhow::Result<Self> {
        let http = http::Client::new()?;
        let build = |config: &ChannelConfig| -> anyhow::Result<Arc<Channel>> {
            let kind = match &config.kind {
                ChannelKindConfig::Sms(settings) => ChannelKind::Sms { settings: settings.clone(), vendor: vendor(&settings.provider, &http) },
                ChannelKindConfig::Email(settings) => {
                    let tokens = settings.imap.as_ref().and_then(|imap| match &imap.sign_in {
                        ImapSignIn::Oauth(oauth) => Some(Arc::new(TokenSource::new(oauth.clone(), http.clone()))),
                        ImapSignIn::Password(_) => None,
                    });
                    ChannelKind::Email { settings: settings.clone(), smtp: Smtp::new(settings, config.concurrency)?, tokens }
                }
            };
            Ok(Arc::new(Channel { name: config.name.clone(), rate_per_s: config.rate_per_s, concurrency: config.concurrency, kind }))
        };
        configs.iter().map(build).collect::<anyhow::Result<_>>().map(Self)
    }

    /// A channel by name.
    pub fn find(&self, name: &str) -> Option<&Arc<Channel>> {
        self.0.iter().find(|channel| channel.name == name)
    }

    /// The channel that alerts of a kind (`sms`, `email`) go out by: the first configured.
    pub fn first_of(&self, kind: &str) -> Option<&Arc<Channel>> {
        self.0.iter().find(|channel| channel.kind_word() == kind)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Channel>> {
        self.0.iter()
    }

    /// Every number of ours, E.164.
    pub fn numbers(&self) -> Vec<String> {
        self.iter()
            .filter_map(|channel| match &channel.kind {
                ChannelKind::Sms { settings, .. } => Some(settings.all_numbers().map(|number| number.e164().to_owned())),
                ChannelKind::Email { .. } => None,
            })
            .flatten()
            .collect()
    }

    /// Whether texts stay on this machine: only then may numbers of films sign up.
    pub fn texts_are_simulated(&self) -> bool {
        self.iter().all(|channel| match &channel.kind {
            ChannelKind::Sms { settings, .. } => settings.simulated,
            ChannelKind::Email { .. } => true,
        })
    }

    /// The published mail address.
    pub fn published_email(&self) -> Option<&str> {
        self.iter().find_map(|channel| match &channel.kind {
            ChannelKind::Email { settings, .. } => Some(settings.address.as_str()),
            ChannelKind::Sms { .. } => None,
        })
    }
}
