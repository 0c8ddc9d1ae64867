//! `[[channels]]` of kind sms: a number pool, with its provider's own settings.

use secrecy::SecretString;

use super::reader::Reader;
use crate::domain::Phone;

/// A number pool.
#[derive(Clone, Debug)]
pub struct SmsConfig {
    /// Our published numbers.
    pub numbers: Vec<Phone>,
    /// Whether we confirm a STOP ourselves; off where the provider does and then blocks ours.
    pub confirm_opt_out: bool,
    /// The vendor.
    pub provider: SmsProviderConfig,
}

/// Which vendor, with its settings.
#[derive(Clone, Debug)]
pub enum SmsProviderConfig {
    /// Twilio Programmable Messaging.
    Twilio(TwilioConfig),
}

/// Settings of provider `twilio`.
#[derive(Clone, Debug)]
pub struct TwilioConfig {
    /// `AC…`
    pub account_sid: String,
    /// Primary auth token: signs webhooks, opens the API.
    pub auth_token: SecretString,
    /// The one before, while it is being changed.
    pub previous_auth_token: Option<SecretString>,
    /// Where the API is, without a trailing slash.
    pub api_base: String,
}

/// The names, for the sentence that says what is expected.
const PROVIDERS: &str = "twilio";

pub(super) fn read(table: &mut Reader<'_>) -> SmsConfig {
    let provider = match table.required("provider", PROVIDERS).as_str() {
        "twilio" => SmsProviderConfig::Twilio(read_twilio(table)),
        other => {
            if !other.is_empty() {
                table.fault("provider", PROVIDERS);
            }
            SmsProviderConfig::Twilio(read_twilio(table))
        }
    };
    let texts = table.texts("numbers");
    let numbers: Vec<Phone> = texts.iter().filter_map(|text| Phone::parse(text).ok()).collect();
    if numbers.is_empty() || numbers.len() != texts.len() {
        table.fault("numbers", "at least one number of ours in full, such as [\"+447700900001\"]; a name or short code cannot be answered");
    }
    SmsConfig { numbers, confirm_opt_out: table.flag_or("confirm_opt_out", true), provider }
}

/// Where a vendor's API is: its own address unless the channel says otherwise.
fn api_base(table: &mut Reader<'_>, default: &str) -> String {
    table.text_or("api_base", default).trim_end_matches('/').to_owned()
}

fn read_twilio(table: &mut Reader<'_>) -> TwilioConfig {
    TwilioConfig {
        account_sid: table.required("account_sid", "the account's SID (AC…)"),
        auth_token: table.required_secret("auth_token", "the account's primary auth token"),
        previous_auth_token: table.secret("previous_auth_token"),
        api_base: api_base(table, "https://api.twilio.com"),
    }
}
