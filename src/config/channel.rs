//! `[[channels]]`: our number pools and mailboxes, each with its provider's own settings.

use std::collections::BTreeMap;

use secrecy::SecretString;

use super::dkim::{self, DkimConfig};
use super::reader::{Fault, Reader};
use super::sms::{self, SmsConfig};
use crate::domain::Email;
use crate::domain::token::TokenIn;

/// One configured channel.
#[derive(Clone, Debug)]
pub struct ChannelConfig {
    /// In webhook URLs and rows.
    pub name: String,
    /// Hand-overs a second that the provider agreed to.
    pub rate_per_s: u32,
    /// Hand-overs under way at once.
    pub concurrency: u16,
    /// SMS or e-mail.
    pub kind: ChannelKindConfig,
}

/// What kind of channel, with its settings.
#[derive(Clone, Debug)]
pub enum ChannelKindConfig {
    /// Texts.
    Sms(Box<SmsConfig>),
    /// Mail.
    Email(Box<EmailConfig>),
}

/// A mailbox.
#[derive(Clone, Debug)]
pub struct EmailConfig {
    /// Answer a person's first mail about an alert at once: it arrived, and 999 in an emergency.
    pub acknowledge: bool,
    /// Names by which our own mail servers sign their Authentication-Results.
    pub authserv_ids: Vec<String>,
    /// Received lines of our own that stand above such a header.
    pub received_above: usize,
    /// Check DKIM signatures ourselves.
    pub verify_dkim: bool,
    /// Where a delivery's token stands in its addresses.
    pub token_in: TokenIn,
    /// The published address; replies go to it with a plus token.
    pub address: Email,
    /// Host of the relay.
    pub smtp_host: String,
    /// Port of the relay.
    pub smtp_port: u16,
    /// How the connection is protected.
    pub smtp_tls: SmtpTls,
    /// Account at the relay, if it wants one.
    pub smtp_user: Option<String>,
    /// Its password.
    pub smtp_password: Option<SecretString>,
    /// Bearer secret of `POST /webhooks/email/{channel}`; no secret, no webhook.
    pub webhook_secret: Option<SecretString>,
    /// The one before, while it is being changed.
    pub previous_webhook_secret: Option<SecretString>,
    /// The mailbox to read.
    pub imap: Option<ImapConfig>,
    /// What our mail is signed by; none where the relay signs.
    pub dkim: Option<DkimConfig>,
    /// How many hand-overs may be under way at once to a domain that wants fewer than the channel makes, by its name.
    pub domain_limits: BTreeMap<String, u16>,
}

crate::words! {
    /// How the connection to a mail server is protected.
    SmtpTls {
        /// Not at all; only towards this machine.
        None = "none",
        /// Upgraded before anything is said.
        StartTls = "starttls",
        /// From the first byte.
        Tls = "tls",
    }
}

/// An IMAP mailbox.
#[derive(Clone, Debug)]
pub struct ImapConfig {
    /// Host.
    pub host: String,
    /// Port.
    pub port: u16,
    /// `none` or `tls`.
    pub tls: SmtpTls,
    /// Account.
    pub user: String,
    /// How it signs in.
    pub sign_in: ImapSignIn,
    /// Which mailboxes, each read over a connection of its own.
    pub mailboxes: Vec<String>,
    /// Larger messages are not fetched but listed to the administrator.
    pub max_bytes: u32,
}

/// How an account signs in to its mailbox.
#[derive(Clone, Debug)]
pub enum ImapSignIn {
    /// LOGIN.
    Password(SecretString),
    /// XOAUTH2 with a token from the provider.
    Oauth(OauthConfig),
}

/// Where access tokens come from.
#[derive(Clone, Debug)]
pub struct OauthConfig {
    /// The provider's token endpoint.
    pub token_url: String,
    /// Of the registered application.
    pub client_id: String,
    /// Its secret.
    pub client_secret: SecretString,
    /// What the token is for; Microsoft 365 wants `https://outlook.office365.com/.default`.
    pub scope: String,
    /// Given by the account's owner once, as Google does; without it the application asks for itself.
    pub refresh_token: Option<SecretString>,
}

/// Reads one `[[channels]]` table.
pub(super) fn read(table: &mut Reader<'_>) -> Option<ChannelConfig> {
    let name = table.required("name", "a short name for URLs, such as sms");
    if !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_') {
        table.fault("name", "letters, digits, - and _ only");
    }
    let rate_per_s = u32::try_from(table.number_or("rate_per_s", 10, 1, 100_000)).unwrap_or(10);
    let concurrency = u16::try_from(table.number_or("concurrency", 16, 1, 512)).unwrap_or(16);
    let kind = match table.required("kind", "sms or email").as_str() {
        "sms" => ChannelKindConfig::Sms(Box::new(sms::read(table)?)),
        "email" => ChannelKindConfig::Email(Box::new(read_email(table)?)),
        "" => return None,
        unknown => {
            table.unknown_word("kind", unknown, &["sms", "email"]);
            return None;
        }
    };
    Some(ChannelConfig { name, rate_per_s, concurrency, kind })
}

/// Two channels of one name would share webhooks and rows.
pub(super) fn refuse_double_names(channels: &[Option<ChannelConfig>], faults: &mut Vec<Fault>) {
    for (index, channel) in channels.iter().enumerate() {
        let Some(channel) = channel else { continue };
        if channels.iter().take(index).flatten().any(|other| other.name == channel.name) {
            faults.push(Fault::new(&format!("channels[{index}].name"), "a name that no other channel has"));
        }
    }
}

/// Whether the fallbacks of a channel end where they began.
fn leads_back(channels: &[Option<ChannelConfig>], from: &str, first: &str) -> bool {
    let next = |name: &str| -> Option<String> {
        channels.iter().flatten().find(|channel| channel.name == name).and_then(|channel| match &channel.kind {
            ChannelKindConfig::Sms(settings) => settings.fallback.clone(),
            ChannelKindConfig::Email(_) => None,
        })
    };
    let mut at = first.to_owned();
    for _ in 0..channels.len() {
        match next(&at) {
            Some(then) if then == from => return true,
            Some(then) => at = then,
            None => return false,
        }
    }
    false
}

/// A number that stands twice in a pool would be chosen twice as often and rest half as long.
pub(super) fn refuse_double_numbers(channels: &[Option<ChannelConfig>], faults: &mut Vec<Fault>) {
    for (index, channel) in channels.iter().enumerate() {
        let Some(ChannelConfig { kind: ChannelKindConfig::Sms(settings), .. }) = channel else { continue };
        let mut seen = std::collections::BTreeSet::new();
        if let Some(again) = settings.all_numbers().find(|number| !seen.insert(number.e164())) {
            faults.push(Fault::new(&format!("channels[{index}].numbers"), &format!("each number once: {} stands here again", again.e164())));
        }
    }
}

/// A channel can only fall back on another channel for texts.
pub(super) fn refuse_unknown_fallbacks(channels: &[Option<ChannelConfig>], faults: &mut Vec<Fault>) {
    for (index, channel) in channels.iter().enumerate() {
        let Some(ChannelConfig { name, kind: ChannelKindConfig::Sms(settings), .. }) = channel else { continue };
        let Some(fallback) = &settings.fallback else { continue };
        if leads_back(channels, name, fallback) {
            faults.push(Fault::new(&format!("channels[{index}].fallback"), "a channel that does not fall back on this one in turn"));
        }
        let known = channels.iter().flatten().any(|other| other.name == *fallback && other.name != *name && matches!(other.kind, ChannelKindConfig::Sms(_)));
        if !known {
            faults.push(Fault::new(&format!("channels[{index}].fallback"), "the name of another channel of kind sms"));
        }
    }
}

fn read_email(table: &mut Reader<'_>) -> Option<EmailConfig> {
    if table.required("provider", "smtp") != "smtp" {
        table.fault("provider", "smtp");
    }
    let address = table.required("address", "the published address, such as alerts@reply.example.org");
    let address = Email::parse(&address).map_err(|error| table.fault("address", &error.to_string())).ok();
    let port = table.number_or("smtp_port", 587, 1, 65_535);
    let tls = table.parsed_or("smtp_tls", "starttls", "none, starttls or tls");
    let imap = table.has("imap").then(|| table.section("imap", read_imap));
    if !table.has("imap") {
        table.section("imap", |_| ());
    }
    let dkim = dkim::read(table, address.as_ref().and_then(|address| address.as_str().rsplit_once('@')).map(|(_, domain)| domain));
    let domain_limits = table.numbers("domain_limits", 1, 512);
    Some(EmailConfig {
        dkim,
        domain_limits: domain_limits.into_iter().map(|(domain, limit)| (domain.to_lowercase(), u16::try_from(limit).unwrap_or(1))).collect(),
        acknowledge: table.flag_or("acknowledge", true),
        authserv_ids: table.texts("authserv_ids"),
        received_above: usize::try_from(table.number_or("received_above", 0, 0, 20)).unwrap_or(0),
        verify_dkim: table.flag_or("verify_dkim", true),
        token_in: table.parsed_or("token_in", "plus", "plus or catch_all").unwrap_or(TokenIn::Plus),
        smtp_host: table.required("smtp_host", "the host of the mail relay"),
        smtp_port: u16::try_from(port).unwrap_or(587),
        smtp_tls: tls.unwrap_or(SmtpTls::StartTls),
        smtp_user: table.text("smtp_user"),
        smtp_password: table.secret("smtp_password"),
        webhook_secret: table.secret("webhook_secret"),
        previous_webhook_secret: table.secret("previous_webhook_secret"),
        imap,
        address: address?,
    })
}

fn read_oauth(section: &mut Reader<'_>) -> OauthConfig {
    let token_url = section.required("token_url", "the token endpoint, such as https://login.microsoftonline.com/TENANT/oauth2/v2.0/token");
    // A secret must not go in the clear, save to this machine itself.
    let safe = url::Url::parse(&token_url).is_ok_and(|url| url.scheme() == "https" || matches!(url.host_str(), Some("127.0.0.1" | "localhost")));
    if !token_url.is_empty() && !safe {
        section.fault("token_url", "an https URL");
    }
    OauthConfig {
        token_url,
        client_id: section.required("client_id", "the application's id"),
        client_secret: section.required_secret("client_secret", "the application's secret"),
        scope: section.text_or("scope", ""),
        refresh_token: section.secret("refresh_token"),
    }
}

/// `mailboxes`, or the older `mailbox` for one.
fn read_mailboxes(section: &mut Reader<'_>) -> Vec<String> {
    let one = section.text("mailbox");
    let mut several = section.texts("mailboxes");
    if one.is_some() && !several.is_empty() {
        section.fault("mailbox", "either mailbox or mailboxes, not both");
    }
    several.sort();
    several.dedup();
    if several.is_empty() { vec![one.unwrap_or_else(|| "INBOX".to_owned())] } else { several }
}

fn read_imap(section: &mut Reader<'_>) -> ImapConfig {
    let tls = section.parsed_or("tls", "tls", "none or tls");
    if tls == Some(SmtpTls::StartTls) {
        // It would otherwise go in the clear.
        section.fault("tls", "none or tls");
    }
    let port = section.number_or("port", 993, 1, 65_535);
    let sign_in = if section.has("oauth") {
        let oauth = section.section("oauth", read_oauth);
        if section.secret("password").is_some() {
            section.fault("password", "either a password or oauth, not both");
        }
        ImapSignIn::Oauth(oauth)
    } else {
        section.section("oauth", |_| ());
        ImapSignIn::Password(section.required_secret("password", "its password, or a table oauth"))
    };
    ImapConfig {
        host: section.required("host", "the host of the IMAP server"),
        port: u16::try_from(port).unwrap_or(993),
        tls: tls.unwrap_or(SmtpTls::Tls),
        user: section.required("user", "the account that reads the mailbox"),
        sign_in,
        mailboxes: read_mailboxes(section),
        max_bytes: u32::try_from(section.number_or("max_mebibytes", 64, 1, 500)).unwrap_or(64).saturating_mul(1 << 20),
    }
}
