//! The text providers that the simulator can play: each one's invented account, and the channel that goes with it.
//!
//! The gateway's side and the simulator's are written next to each other here, as they must hold the same secrets.

use std::net::SocketAddr;

use super::simulator::{Aws, Carrier, Notify, Twilio, Vonage, VonageSms};

/// Their names, as `provider` of a channel has them.
pub const NAMES: [&str; 5] = ["twilio", "notify", "vonage", "vonage_sms", "aws"];

/// The most numbers that a Notify service of ours has.
const MOST_NUMBERS: u32 = 16;

/// An invented account at the provider of this name.
pub fn account(name: &str) -> anyhow::Result<Carrier> {
    Ok(match name {
        "twilio" => Carrier::Twilio(Twilio { account_sid: "ACdemo00000000000000000000000000".to_owned(), auth_token: "demo-auth-token".to_owned() }),
        "notify" => Carrier::Notify(Notify {
            service_id: "0a1b2c3d-1111-4222-8333-444455556666".to_owned(),
            secret: "9f8e7d6c-aaaa-4bbb-8ccc-ddddeeeeffff".to_owned(),
            template_id: "7b6a5c4d-2222-4333-8444-555566667777".to_owned(),
            sender_ids: (0..MOST_NUMBERS).map(|n| format!("11111111-aaaa-4aaa-8aaa-{n:012}")).collect(),
            bearer_token: "demo-bearer-token".to_owned(),
        }),
        "vonage" => {
            let (api_key, api_secret, signature_secret) = vonage();
            Carrier::Vonage(Vonage { api_key, api_secret, signature_secret })
        }
        "vonage_sms" => {
            let (api_key, api_secret, signature_secret) = vonage();
            Carrier::VonageSms(VonageSms { api_key, api_secret, signature_secret })
        }
        "aws" => Carrier::Aws(Aws {
            region: "eu-west-2".to_owned(),
            access_key_id: "AKIDDEMO000000000000".to_owned(),
            secret_access_key: "demo/Secret+Access/Key0000000000000000000".to_owned(),
            configuration_set: "huecry".to_owned(),
            topic_arn: "arn:aws:sns:eu-west-2:111122223333:huecry".to_owned(),
        }),
        _ => anyhow::bail!("the simulator plays {}; there is no {name}", NAMES.join(", ")),
    })
}

fn vonage() -> (String, String, String) {
    ("demo1234".to_owned(), "demo-api-secret".to_owned(), "demo-signature-secret-0123456789".to_owned())
}

/// The lines of a channel for texts that are the provider's own, and its numbers.
pub fn channel(carrier: &Carrier, numbers: &[&str], simulator: SocketAddr) -> String {
    let list = |words: &mut dyn Iterator<Item = &str>| words.map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(", ");
    let own = match carrier {
        Carrier::Twilio(own) => format!("provider = \"twilio\"\naccount_sid = \"{}\"\nauth_token = \"{}\"\n", own.account_sid, own.auth_token),
        Carrier::Notify(own) => format!(
            "provider = \"notify\"\napi_key = \"demo-{}-{}\"\ntemplate_id = \"{}\"\nsms_sender_ids = [{}]\nbearer_token = \"{}\"\n",
            own.service_id,
            own.secret,
            own.template_id,
            list(&mut own.sender_ids.iter().take(numbers.len()).map(String::as_str)),
            own.bearer_token
        ),
        Carrier::Vonage(own) => format!(
            "provider = \"vonage\"\napi_key = \"{}\"\napi_secret = \"{}\"\nsignature_secret = \"{}\"\n",
            own.api_key, own.api_secret, own.signature_secret
        ),
        Carrier::VonageSms(own) => format!(
            "provider = \"vonage_sms\"\napi_key = \"{}\"\napi_secret = \"{}\"\nsignature_secret = \"{}\"\n",
            own.api_key, own.api_secret, own.signature_secret
        ),
        Carrier::Aws(own) => format!(
            "provider = \"aws\"\nregion = \"{}\"\naccess_key_id = \"{}\"\nsecret_access_key = \"{}\"\nconfiguration_set = \"{}\"\ntopic_arns = [\"{}\"]\n",
            own.region, own.access_key_id, own.secret_access_key, own.configuration_set, own.topic_arn
        ),
    };
    format!("{own}numbers = [{}]\napi_base = \"http://{simulator}\"\n", list(&mut numbers.iter().copied()))
}
