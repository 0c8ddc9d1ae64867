//! Settings of AWS End User Messaging.

use super::api_base;
use crate::config::reader::Reader;
use secrecy::SecretString;

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

pub(super) fn read_aws(table: &mut Reader<'_>) -> AwsConfig {
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
