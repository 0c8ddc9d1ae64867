//! Configuration: one struct per concern, read once at start. The only reader of files and environment.
//!
//! A TOML file, overridden by `HUECRY__SECTION__KEY`. Every fault is collected and told at once with its key and what was
//! expected. Secrets are wrapped, so that they cannot be printed.

mod channel;
mod dkim;
mod keyring;
mod reader;
mod retention;
mod security;
mod sms;

use std::path::{Path, PathBuf};

pub use channel::{ChannelConfig, ChannelKindConfig, EmailConfig, ImapConfig, ImapSignIn, OauthConfig, SmtpTls};
pub use dkim::{DkimConfig, DkimKey};
pub use keyring::{Keyring, KeyringError};
pub use reader::Fault;
use reader::Reader;
pub use retention::{InboxConfig, RetentionConfig};
pub use security::{GroupConfig, OidcConfig, SecondStep, SecurityConfig};
pub use sms::{
    AwsConfig, MessageIdRadix, NotifyConfig, SmppAlphabet, SmppConfig, SmppLong, SmsConfig, SmsProviderConfig, TwilioConfig, VonageConfig, VonageSignIn,
    VonageSignatureMethod, VonageSmsConfig,
};

use crate::domain::quiet::{Hours, QuietHours};

/// Everything that can be configured.
#[derive(Clone, Debug)]
pub struct Config {
    /// `[server]`
    pub server: ServerConfig,
    /// `[database]`
    pub database: DatabaseConfig,
    /// `[files]`
    pub files: FilesConfig,
    /// `[security]`
    pub security: SecurityConfig,
    /// `[oidc]`
    pub oidc: Option<OidcConfig>,
    /// `[branding]`
    pub branding: BrandingConfig,
    /// `[attribution]`
    pub attribution: AttributionConfig,
    /// `[retention]`
    pub retention: RetentionConfig,
    /// `[inbox]`
    pub inbox: InboxConfig,
    /// `[quiet_hours]`
    pub quiet_hours: QuietHours,
    /// `[[channels]]`
    pub channels: Vec<ChannelConfig>,
}

/// Where pages and webhooks are served.
#[derive(Clone, Debug)]
pub struct ServerConfig {
    /// `address:port` to listen on.
    pub bind: std::net::SocketAddr,
    /// What the world calls us, without a trailing slash: `https://alert.example.org`. Signatures and links are made of it.
    pub public_url: String,
    /// 0 to 1023, different on each node that shares a database; random if not given.
    pub node: u16,
    /// Proxies whose X-Forwarded-For is believed, so that a rate limit holds each caller and not the proxy.
    pub trusted_proxies: Vec<ipnet::IpNet>,
    /// Web worker threads; the number of cores if not given.
    pub web_workers: Option<usize>,
}

impl ServerConfig {
    /// Whether browsers reach us by https, so that cookies may be `Secure`.
    pub fn is_https(&self) -> bool {
        self.public_url.starts_with("https://")
    }
}

/// The database.
#[derive(Clone)]
pub struct DatabaseConfig {
    /// `sqlite:PATH` or `postgres://…`.
    pub url: String,
    /// The PostgreSQL server itself, where `url` goes through a pooler: for what needs a connection that stays.
    pub direct_url: Option<String>,
}

impl DatabaseConfig {
    /// Where migrations run and wake-ups are heard.
    pub fn direct(&self) -> &str {
        self.direct_url.as_deref().unwrap_or(&self.url)
    }
}

impl std::fmt::Debug for DatabaseConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // A PostgreSQL URL holds a password.
        write!(f, "DatabaseConfig({})", self.url.split(':').next().unwrap_or_default())
    }
}

/// Originals and attachments.
#[derive(Clone, Debug)]
pub struct FilesConfig {
    /// The folder that holds them.
    pub dir: PathBuf,
}

/// Whose system this is, for people.
#[derive(Clone, Debug)]
pub struct BrandingConfig {
    /// `Derbyshire Alert`.
    pub name: String,
    /// `Derbyshire Constabulary`.
    pub force: String,
    /// A CSS colour, or empty for the house's own.
    pub colour: String,
    /// Address of a logo, or empty for the name in letters.
    pub logo_url: String,
}

/// How replies by text are tied.
#[derive(Clone, Debug)]
pub struct AttributionConfig {
    /// Probable replies go to the tray instead of the owner.
    pub probable_to_tray: bool,
    /// How long a pair of numbers rests before it counts as free.
    pub pair_rest_days: i64,
}

impl Config {
    /// Reads the file (if one is named) and the environment.
    pub fn load(file: Option<&Path>) -> Result<Self, Vec<Fault>> {
        let mut builder = ::config::Config::builder();
        if let Some(file) = file {
            builder = builder.add_source(::config::File::from(file).format(::config::FileFormat::Toml).required(true));
        }
        let environment = ::config::Environment::with_prefix("HUECRY").prefix_separator("__").separator("__");
        let raw = builder
            .add_source(environment)
            .build()
            .and_then(::config::Config::try_deserialize::<serde_json::Value>)
            .map_err(|error| vec![Fault::new(reader::FILE, &error.to_string())])?;
        Self::from_value(&raw)
    }

    /// Reads TOML text, without the environment. For the demo and for tests.
    pub fn from_toml(text: &str) -> Result<Self, Vec<Fault>> {
        let raw = ::config::Config::builder()
            .add_source(::config::File::from_str(text, ::config::FileFormat::Toml))
            .build()
            .and_then(::config::Config::try_deserialize::<serde_json::Value>)
            .map_err(|error| vec![Fault::new(reader::FILE, &error.to_string())])?;
        Self::from_value(&raw)
    }

    fn from_value(raw: &serde_json::Value) -> Result<Self, Vec<Fault>> {
        let mut faults = Vec::new();
        let mut root = Reader::root(raw, &mut faults);
        let server = root.section("server", read_server);
        let database = root.section("database", read_database);
        let files = root.section("files", |section| FilesConfig { dir: section.text_or("dir", "huecry-data/files").into() });
        let security = root.section("security", security::read);
        let oidc = root.has("oidc").then(|| root.section("oidc", security::read_oidc));
        let branding = root.section("branding", |section| BrandingConfig {
            name: section.text_or("name", "Derbyshire Alert"),
            force: section.text_or("force", "Derbyshire Constabulary"),
            colour: section.text_or("colour", ""),
            logo_url: section.text_or("logo_url", ""),
        });
        let attribution = root.section("attribution", |section| AttributionConfig {
            probable_to_tray: section.flag_or("probable_to_tray", false),
            pair_rest_days: section.number_or("pair_rest_days", 30, 1, 365),
        });
        let retention = root.section("retention", retention::read);
        let inbox = root.section("inbox", retention::read_inbox);
        let quiet_hours = root
            .section("quiet_hours", |section| QuietHours { routine: read_hours(section, "routine", "21:00-08:00"), urgent: read_hours(section, "urgent", "") });
        let channels = root.list("channels", channel::read);
        root.refuse_unknown();
        if !security.local_accounts && oidc.is_none() {
            faults.push(Fault::new("security.local_accounts", "true, or an [oidc] section: nobody could sign in without either"));
        }
        channel::refuse_double_names(&channels, &mut faults);
        channel::refuse_unknown_fallbacks(&channels, &mut faults);
        channel::refuse_double_numbers(&channels, &mut faults);
        if faults.is_empty() {
            let channels = channels.into_iter().flatten().collect();
            Ok(Self { server, database, files, security, oidc, branding, attribution, retention, inbox, quiet_hours, channels })
        } else {
            Err(faults)
        }
    }
}

fn read_server(section: &mut Reader<'_>) -> ServerConfig {
    let bind = section.parsed_or("bind", "127.0.0.1:8080", "an address and port such as 127.0.0.1:8080");
    let public_url = section.text_or("public_url", "http://127.0.0.1:8080").trim_end_matches('/').to_owned();
    if url::Url::parse(&public_url).map_or(true, |url| !matches!(url.scheme(), "http" | "https") || url.host().is_none()) {
        section.fault("public_url", "a URL such as https://alert.example.org");
    }
    let random: u16 = rand::random::<u16>() % 1024;
    let node = u16::try_from(section.number_or("node", i64::from(random), 0, 1023)).unwrap_or(random);
    let trusted_proxies = read_proxies(section);
    let web_workers = section.number_or("web_workers", 0, 0, 256);
    ServerConfig {
        bind: bind.unwrap_or_else(|| ([127, 0, 0, 1], 8080).into()),
        public_url,
        node,
        trusted_proxies,
        web_workers: usize::try_from(web_workers).ok().filter(|n| *n > 0),
    }
}

fn read_hours(section: &mut Reader<'_>, key: &str, default: &str) -> Option<Hours> {
    let text = section.text_or(key, default);
    let hours = Hours::parse(&text);
    if hours.is_none() && !text.trim().is_empty() {
        section.fault(key, "times of day in London such as \"21:00-08:00\", or \"\" for no quiet hours");
    }
    hours
}

fn read_proxies(section: &mut Reader<'_>) -> Vec<ipnet::IpNet> {
    let mut proxies = Vec::new();
    for text in section.texts("trusted_proxies") {
        match text.parse().or_else(|_| text.parse::<std::net::IpAddr>().map(ipnet::IpNet::from)) {
            Ok(net) => proxies.push(net),
            Err(_) => section.fault("trusted_proxies", "a list of addresses or networks such as [\"127.0.0.1\", \"10.0.0.0/8\"]"),
        }
    }
    proxies
}

fn read_database(section: &mut Reader<'_>) -> DatabaseConfig {
    let (url, direct_url) = (read_database_url(section), section.text("direct_url"));
    let is_postgres = |url: &str| url.starts_with("postgres://") || url.starts_with("postgresql://");
    if direct_url.as_deref().is_some_and(|direct| !is_postgres(direct) || !is_postgres(&url)) {
        section.fault("direct_url", "postgres://USER:PASSWORD@HOST/NAME, and only beside a database.url of that kind");
    }
    DatabaseConfig { url, direct_url }
}

fn read_database_url(section: &mut Reader<'_>) -> String {
    let url = section.text_or("url", "sqlite:huecry-data/huecry.db");
    if !["sqlite:", "postgres://", "postgresql://"].iter().any(|scheme| url.starts_with(scheme)) {
        section.fault("url", "sqlite:PATH or postgres://USER:PASSWORD@HOST/NAME");
    }
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_file_gives_the_defaults() {
        let config = Config::from_toml("").unwrap();
        assert_eq!(config.branding.name, "Derbyshire Alert");
        assert!(config.channels.is_empty());
    }

    #[test]
    fn every_fault_is_told_at_once_with_its_key() {
        let faults = Config::from_toml(
            "[server]\nbind = \"nowhere\"\npublic_url = \"alert\"\nporst = 1\ntrusted_proxies = [\"the proxy\"]\n[database]\nurl = \"mysql://x\"\n\
             [[channels]]\nname = \"a\"\nkind = \"pigeon\"\n[[channels]]\nname = \"b\"\nkind = \"sms\"\nprovider = \"twilio\"\n",
        )
        .unwrap_err();
        let keys: Vec<&str> = faults.iter().map(|fault| fault.key.as_str()).collect();
        for key in [
            "server.bind",
            "server.public_url",
            "server.porst",
            "server.trusted_proxies",
            "database.url",
            "channels[0].kind",
            "channels[1].account_sid",
            "channels[1].auth_token",
            "channels[1].numbers",
        ] {
            assert!(keys.contains(&key), "{key} is missing from {keys:?}");
        }
    }

    #[test]
    fn the_server_behind_a_pooler_is_named_beside_a_postgres_url_only() {
        let config = Config::from_toml("[database]\nurl = \"postgres://pooler/d\"\ndirect_url = \"postgres://server/d\"").unwrap();
        assert_eq!((config.database.url.as_str(), config.database.direct()), ("postgres://pooler/d", "postgres://server/d"));
        assert_eq!(Config::from_toml("[database]\nurl = \"postgres://server/d\"").unwrap().database.direct(), "postgres://server/d");
        for lines in ["direct_url = \"postgres://server/d\"", "url = \"postgres://pooler/d\"\ndirect_url = \"sqlite:x\""] {
            let faults = Config::from_toml(&format!("[database]\n{lines}")).unwrap_err();
            assert_eq!(faults.iter().map(|fault| fault.key.as_str()).collect::<Vec<_>>(), ["database.direct_url"]);
        }
    }

    #[test]
    fn what_vonage_signs_in_by_is_told_if_it_does_not_fit() {
        let keys = |lines: &str| -> Vec<String> {
            let toml = format!("[[channels]]\nname = \"s\"\nkind = \"sms\"\nnumbers = [\"+447700900001\"]\n{lines}");
            let faults = Config::from_toml(&toml).err().unwrap_or_default();
            faults.into_iter().map(|fault| fault.key.trim_start_matches("channels[0].").to_owned()).collect()
        };
        let messages = |lines: &str| keys(&format!("provider = \"vonage\"\nsignature_secret = \"s\"\n{lines}"));
        assert!(messages("api_key = \"a\"\napi_secret = \"b\"").is_empty());
        assert_eq!(messages(""), ["api_key", "api_secret"]);
        assert_eq!(messages("application_id = \"a\"\nprivate_key = \"b\""), ["private_key"]);
        assert_eq!(messages("api_key = \"a\"\napi_secret = \"b\"\nprivate_key = \"c\""), ["api_secret", "application_id", "private_key"]);
        assert_eq!(keys("provider = \"vonage\"\napi_key = \"a\"\napi_secret = \"b\""), ["signature_secret"]);
        let older = |lines: &str| keys(&format!("provider = \"vonage_sms\"\napi_key = \"a\"\napi_secret = \"b\"\n{lines}"));
        assert!(older("signature_secret = \"s\"\nsignature_method = \"sha256\"").is_empty());
        assert_eq!(older("signature_method = \"sha3\""), ["signature_secret", "signature_method"]);
    }

    #[test]
    fn secrets_are_not_printed() {
        let config = Config::from_toml(
            "[database]\nurl = \"postgres://u:hunter2@h/d\"\n[[channels]]\nname = \"s\"\nkind = \"sms\"\nprovider = \"twilio\"\n\
             account_sid = \"AC1\"\nauth_token = \"hunter3\"\nnumbers = [\"+447700900001\"]\n",
        )
        .unwrap();
        let printed = format!("{config:?}");
        assert!(!printed.contains("hunter"), "{printed}");
    }
}
