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
    /// AWS End User Messaging SMS.
    Aws(AwsConfig),
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

/// Settings of provider `aws`.
#[derive(Clone, Debug)]
pub struct AwsConfig {
    /// Where the numbers are: `eu-west-2`.
    pub region: String,
    /// `AKIA…`, or `ASIA…` with a session token.
    pub access_key_id: String,
    /// Signs what is sent.
    pub secret_access_key: SecretString,
    /// Goes with credentials that are lent for a while.
    pub session_token: Option<SecretString>,
    /// The configuration set whose event destinations bring receipts.
    pub configuration_set: Option<String>,
    /// `TRANSACTIONAL` or `PROMOTIONAL`.
    pub message_type: String,
    /// The only SNS topics that are listened to.
    pub topic_arns: Vec<String>,
    /// Where the API is, without a trailing slash.
    pub api_base: String,
}

/// The names, for the sentence that says what is expected.
const PROVIDERS: &str = "twilio, aws";

pub(super) fn read(table: &mut Reader<'_>) -> SmsConfig {
    let provider = match table.required("provider", PROVIDERS).as_str() {
        "twilio" => SmsProviderConfig::Twilio(read_twilio(table)),
        "aws" => SmsProviderConfig::Aws(read_aws(table)),
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

fn read_aws(table: &mut Reader<'_>) -> AwsConfig {
    let region_expected = "the AWS region of the numbers, such as eu-west-2";
    let region = table.required("region", region_expected);
    if !region.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-') {
        table.fault("region", region_expected);
    }
    let message_type = table.text_or("message_type", "TRANSACTIONAL");
    if !["TRANSACTIONAL", "PROMOTIONAL"].contains(&message_type.as_str()) {
        table.fault("message_type", "TRANSACTIONAL or PROMOTIONAL");
    }
    let topic_arns = table.texts("topic_arns");
    if topic_arns.is_empty() || !topic_arns.iter().all(|arn| is_topic(arn)) {
        table.fault(
            "topic_arns",
            "at least one SNS topic, such as [\"arn:aws:sns:eu-west-2:111122223333:huecry\"]: SNS signs for anybody's topic, so this list alone says which are ours",
        );
    }
    AwsConfig {
        access_key_id: table.required("access_key_id", "the access key's id (AKIA…)"),
        secret_access_key: table.required_secret("secret_access_key", "the secret that belongs to access_key_id"),
        session_token: table.secret("session_token"),
        configuration_set: table.text("configuration_set").filter(|name| !name.is_empty()),
        message_type,
        topic_arns,
        api_base: api_base(table, &format!("https://sms-voice.{region}.amazonaws.com")),
        region,
    }
}

/// `arn:PARTITION:sns:REGION:ACCOUNT:NAME`
fn is_topic(arn: &str) -> bool {
    let parts: Vec<&str> = arn.split(':').collect();
    matches!(parts.as_slice(), ["arn", _, "sns", rest @ ..] if rest.len() == 3 && rest.iter().all(|part| !part.is_empty()))
}
