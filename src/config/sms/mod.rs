//! `[[channels]]` of kind sms: a number pool, with its provider's own settings; one file a provider.

mod aws;
mod notify;
mod smpp;
mod twilio;
mod vonage;

pub use aws::AwsConfig;
pub use notify::NotifyConfig;
pub use smpp::{MessageIdRadix, SmppAlphabet, SmppConfig, SmppLong};
pub use twilio::TwilioConfig;
pub use vonage::{VonageConfig, VonageSignIn, VonageSignatureMethod, VonageSmsConfig};

use super::reader::Reader;
use crate::domain::Phone;

/// A number pool.
#[derive(Clone, Debug)]
pub struct SmsConfig {
    /// Our published numbers: alerts go out from them and people answer to them.
    pub numbers: Vec<Phone>,
    /// Numbers that are on their way out of the pool: answers still come and go by them, no alert does.
    pub resting_numbers: Vec<Phone>,
    /// A name in place of numbers. Nobody can answer it, so that no alert that asks for answers goes out here.
    pub sender: Option<String>,
    /// The channel that takes over while this one does not send.
    pub fallback: Option<String>,
    /// Whether we confirm a STOP ourselves; off where the provider does and then blocks ours.
    pub confirm_opt_out: bool,
    /// Whether a person's first text about an alert is answered at once with where to turn in an emergency.
    pub acknowledge: bool,
    /// What one part of a text costs, in millionths of a pound, if the force says so: only for the estimate before publishing.
    pub part_price_micros: Option<i64>,
    /// Nothing leaves this machine: only then may numbers of films be texted.
    pub simulated: bool,
    /// The vendor.
    pub provider: SmsProviderConfig,
}

impl SmsConfig {
    /// Whether people can answer what goes out here.
    pub const fn is_two_way(&self) -> bool {
        self.sender.is_none()
    }

    /// Every number that people may text, resting ones last.
    pub fn all_numbers(&self) -> impl Iterator<Item = &Phone> {
        self.numbers.iter().chain(&self.resting_numbers)
    }

    /// What a text goes out from that no number was chosen for.
    pub fn default_sender(&self) -> Option<&str> {
        self.sender.as_deref().or_else(|| self.all_numbers().next().map(Phone::e164))
    }
}

/// Which vendor, with its settings.
#[derive(Clone, Debug)]
pub enum SmsProviderConfig {
    /// Twilio Programmable Messaging.
    Twilio(TwilioConfig),
    /// GOV.UK Notify.
    Notify(NotifyConfig),
    /// Vonage Messages API.
    Vonage(VonageConfig),
    /// Vonage SMS API, the older one.
    VonageSms(VonageSmsConfig),
    /// AWS End User Messaging.
    Aws(AwsConfig),
    /// A carrier's message centre, by SMPP 3.4.
    Smpp(SmppConfig),
}

impl SmsProviderConfig {
    /// Whether it stands on this machine.
    fn is_here(&self) -> bool {
        let base = match self {
            Self::Twilio(settings) => &settings.api_base,
            Self::Notify(settings) => &settings.api_base,
            Self::Vonage(settings) => &settings.api_base,
            Self::VonageSms(settings) => &settings.api_base,
            Self::Aws(settings) => &settings.api_base,
            Self::Smpp(settings) => return is_loopback(&settings.host),
        };
        url::Url::parse(base).is_ok_and(|url| url.host_str().is_some_and(is_loopback))
    }
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// The names, for the sentence that says what is expected.
const PROVIDERS: [&str; 6] = ["twilio", "notify", "vonage", "vonage_sms", "aws", "smpp"];

pub(super) fn read(table: &mut Reader<'_>) -> Option<SmsConfig> {
    let provider = match table.required("provider", &format!("one of {}", PROVIDERS.join(", "))).as_str() {
        "twilio" => Some(SmsProviderConfig::Twilio(twilio::read_twilio(table))),
        "notify" => Some(SmsProviderConfig::Notify(notify::read_notify(table))),
        "vonage" => Some(SmsProviderConfig::Vonage(vonage::read_vonage(table))),
        "vonage_sms" => Some(SmsProviderConfig::VonageSms(vonage::read_vonage_sms(table))),
        "aws" => Some(SmsProviderConfig::Aws(aws::read_aws(table))),
        "smpp" => Some(SmsProviderConfig::Smpp(smpp::read_smpp(table))),
        "" => None,
        unknown => {
            table.unknown_word("provider", unknown, &PROVIDERS);
            None
        }
    };
    let numbers = read_numbers(table, "numbers");
    let resting_numbers = read_numbers(table, "resting_numbers");
    let sender = table.text("sender");
    match &sender {
        Some(name) if !is_sender_name(name) => {
            table.fault("sender", "a name of 1 to 11 letters, digits and blanks with at least one letter, such as \"DerbysAlert\"");
        }
        Some(_) if !numbers.is_empty() => table.fault("sender", "either numbers, which people can answer, or a sender's name, which nobody can; not both"),
        None if numbers.is_empty() && !table.has_fault("numbers") => {
            table.fault("numbers", "at least one number of ours in full, such as [\"+447700900001\"]; a name (sender) or short code cannot be answered");
        }
        _ => {}
    }
    if let Some(both) = resting_numbers.iter().find(|number| numbers.contains(number)) {
        table.fault("resting_numbers", &format!("numbers that are not among numbers too: {} is in both", both.e164()));
    }
    let (confirm_opt_out, fallback) = (table.flag_or("confirm_opt_out", true), table.text("fallback"));
    let part_price_micros = table.pence("price_per_part");
    provider.map(|provider| SmsConfig {
        simulated: provider.is_here(),
        numbers,
        resting_numbers,
        sender,
        fallback,
        confirm_opt_out,
        acknowledge: table.flag_or("acknowledge", true),
        part_price_micros,
        provider,
    })
}

fn read_numbers(table: &mut Reader<'_>, key: &str) -> Vec<Phone> {
    let texts = table.texts(key);
    let numbers: Vec<Phone> = texts.iter().filter_map(|text| Phone::parse(text).ok()).collect();
    if numbers.len() != texts.len() {
        table.fault(key, "numbers of ours in full, such as [\"+447700900001\"]; a name or short code cannot be answered");
    }
    numbers
}

/// An alphanumeric sender, as 3GPP TS 23.040 (9.1.2.5) allows and networks take it.
fn is_sender_name(name: &str) -> bool {
    (1..=11).contains(&name.len()) && name.bytes().all(|c| c.is_ascii_alphanumeric() || c == b' ') && name.bytes().any(|c| c.is_ascii_alphabetic())
}

/// Where a vendor's API is: its own address unless the channel says otherwise.
fn api_base(table: &mut Reader<'_>, default: &str) -> String {
    table.text_or("api_base", default).trim_end_matches('/').to_owned()
}
