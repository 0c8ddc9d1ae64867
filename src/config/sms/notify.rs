//! Settings of GOV.UK Notify.

use super::api_base;
use crate::config::reader::Reader;
use crate::domain::Phone;
use secrecy::SecretString;

/// Settings of provider `notify`.
#[derive(Clone, Debug)]
pub struct NotifyConfig {
    /// The service's id, a UUID: what the API key has before its secret.
    pub service_id: String,
    /// The API key's secret, a UUID: signs what we ask of the API.
    pub secret: SecretString,
    /// The template whose body is `((body))`, a UUID.
    pub template_id: String,
    /// Our numbers (E.164), each with Notify's id of it as a sender. Empty: the service's default sends everything.
    pub senders: Vec<(String, String)>,
    /// What Notify sends with callbacks, as `Authorization: Bearer …`.
    pub bearer_token: SecretString,
    /// The one before, while it is being changed.
    pub previous_bearer_token: Option<SecretString>,
    /// Where the API is, without a trailing slash.
    pub api_base: String,
}

pub(super) fn read_notify(table: &mut Reader<'_>) -> NotifyConfig {
    let (service_id, secret) = read_notify_key(table);
    let template_id = table.required("template_id", TEMPLATE_ID);
    if !template_id.is_empty() && !is_uuid(&template_id) {
        table.fault("template_id", TEMPLATE_ID);
    }
    let ids = table.texts("sms_sender_ids");
    let numbers = table.texts("numbers");
    if !ids.is_empty() && (ids.len() != numbers.len() || !ids.iter().all(|id| is_uuid(id))) {
        table.fault("sms_sender_ids", "one id (a UUID, from Notify's page of text message senders) for each of numbers, in the same order; or none at all");
    }
    if ids.is_empty() && numbers.len() > 1 {
        table.fault("sms_sender_ids", "one id for each of numbers: without them the service's default sends everything, and answers could not be told apart");
    }
    let ours = numbers.iter().map(|number| Phone::parse(number).map_or_else(|_| number.clone(), |number| number.e164().to_owned()));
    NotifyConfig {
        service_id,
        secret,
        template_id,
        senders: ours.zip(ids).collect(),
        bearer_token: table.required_secret("bearer_token", "the bearer token that was entered at Notify for its callbacks: long and random"),
        previous_bearer_token: table.secret("previous_bearer_token"),
        api_base: api_base(table, "https://api.notifications.service.gov.uk"),
    }
}

const TEMPLATE_ID: &str = "the id (a UUID) of the template whose whole body is ((body))";

/// An API key is `name-serviceid-secret`; the name may have hyphens too.
fn read_notify_key(table: &mut Reader<'_>) -> (String, SecretString) {
    const EXPECTED: &str = "the service's API key (name-serviceid-secret, the last two of them UUIDs)";
    let key = table.required("api_key", EXPECTED);
    let key = key.trim();
    let ids = key.len().checked_sub(73).and_then(|start| key.get(start..)).and_then(|end| Some((end.get(..36)?, end.get(36..)?.strip_prefix('-')?)));
    match ids.filter(|(service_id, secret)| is_uuid(service_id) && is_uuid(secret)) {
        Some((service_id, secret)) => (service_id.to_owned(), SecretString::from(secret)),
        None => {
            if !key.is_empty() {
                table.fault("api_key", EXPECTED);
            }
            (String::new(), SecretString::from(""))
        }
    }
}

fn is_uuid(text: &str) -> bool {
    text.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit()) && text.split('-').map(str::len).eq([8, 4, 4, 4, 12])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_notify_channel_is_read_whole_or_every_fault_in_it_is_told() {
        let (service, secret, sender) =
            ("26785a09-ab16-4eb0-8407-a37497a57506", "3d844edf-8d35-48ac-975b-e847b4f122b0", "8e222534-7f05-4972-86e3-17c5d9f894e2");
        let read_table = |table: serde_json::Value| {
            let mut faults = Vec::new();
            let mut reader = Reader::root(&table, &mut faults);
            let settings = super::super::read(&mut reader).unwrap();
            reader.refuse_unknown();
            (settings, faults.into_iter().map(|fault| fault.key).collect::<Vec<_>>())
        };
        let sound = json!({
            "provider": "notify", "api_key": format!("a-key-of-ours-{service}-{secret}\n"), "template_id": service, "bearer_token": "t",
            "numbers": ["07700 900001"], "sms_sender_ids": [sender],
        });
        let (settings, faults) = read_table(sound.clone());
        assert_eq!(faults, [""; 0]);
        let super::super::SmsProviderConfig::Notify(notify) = settings.provider else { panic!("{settings:?}") };
        assert_eq!((notify.service_id.as_str(), notify.api_base.as_str()), (service, "https://api.notifications.service.gov.uk"));
        assert_eq!(secrecy::ExposeSecret::expose_secret(&notify.secret), secret);
        assert_eq!(notify.senders, [("+447700900001".to_owned(), sender.to_owned())]);

        for (key, value) in [
            ("api_key", json!(secret)),
            ("api_key", json!(format!("{service}_{secret}"))),
            ("api_key", json!("")),
            ("template_id", json!("body")),
            ("bearer_token", json!("")),
            ("sms_sender_ids", json!([sender, sender])),
            ("sms_sender_ids", json!(["us"])),
        ] {
            let mut table = sound.clone();
            table[key] = value.clone();
            assert_eq!(read_table(table).1, [key], "{value}");
        }
    }
}
