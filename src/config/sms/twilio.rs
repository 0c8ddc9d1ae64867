//! Settings of Twilio.

use secrecy::SecretString;

use super::api_base;
use crate::config::reader::Reader;

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

pub(super) fn read_twilio(table: &mut Reader<'_>) -> TwilioConfig {
    TwilioConfig {
        account_sid: table.required("account_sid", "the account's SID (AC…)"),
        auth_token: table.required_secret("auth_token", "the account's primary auth token"),
        previous_auth_token: table.secret("previous_auth_token"),
        api_base: api_base(table, "https://api.twilio.com"),
    }
}
