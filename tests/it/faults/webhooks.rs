//! A provider's side of the webhook: signed texts with ids of their own.

use huecry::channels::sms::twilio;
use secrecy::SecretString;

/// A text on its way to the gateway.
#[derive(Clone, Debug)]
pub(super) struct Inbound {
    /// Twilio's id of it.
    pub(super) sid: String,
    pub(super) from: String,
    pub(super) body: String,
}

/// Where texts go: the channel's webhook as the provider was told it.
#[derive(Clone)]
pub(super) struct Webhook {
    url: String,
    token: SecretString,
    number: String,
}

impl Inbound {
    /// The `n`th text of one of the people.
    pub(super) fn new(n: usize, person: usize, body: &str) -> Self {
        Self { sid: format!("SM{n:08}{}", huecry::domain::ids::public_id()), from: format!("+447700900{person:03}"), body: body.to_owned() }
    }
}

impl Webhook {
    pub(super) fn new(gateway_url: &str, token: &str, number: &str) -> Self {
        Self { url: format!("{gateway_url}/webhooks/sms/sms/inbound"), token: SecretString::from(token), number: number.to_owned() }
    }

    /// Sends it once; gives the status if there was an answer.
    pub(super) async fn send(&self, http: &reqwest::Client, text: &Inbound) -> Option<u16> {
        let (form, signature) = self.form(text);
        let request = http.post(&self.url).header("content-type", "application/x-www-form-urlencoded").header("x-twilio-signature", signature).body(form);
        request.send().await.ok().map(|answer| answer.status().as_u16())
    }

    /// The request as it goes over the wire.
    pub(super) fn bytes(&self, text: &Inbound) -> Vec<u8> {
        let (form, signature) = self.form(text);
        let length = form.len();
        format!(
            "POST /webhooks/sms/sms/inbound HTTP/1.1\r\nhost: gateway\r\ncontent-type: application/x-www-form-urlencoded\r\n\
             x-twilio-signature: {signature}\r\ncontent-length: {length}\r\n\r\n{form}"
        )
        .into_bytes()
    }

    fn form(&self, text: &Inbound) -> (String, String) {
        // In the order of their names, as they are signed.
        let fields = [("AccountSid", "ACtest"), ("Body", &text.body), ("From", &text.from), ("MessageSid", &text.sid), ("NumMedia", "0"), ("To", &self.number)];
        let signed: String = fields.iter().flat_map(|(key, value)| [*key, *value]).collect();
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        (form, twilio::sign(&self.token, &format!("{}{signed}", self.url)))
    }
}
