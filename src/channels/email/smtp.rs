//! Sending mail: the message as bytes (pure), and the relay that takes it.
//!
//! Every delivery has its own Message-ID, Reply-To token and return path (email.md, the ten things, 1). Headers follow
//! RFC 3834 (Auto-Submitted), RFC 2369 and RFC 8058 (List-Unsubscribe with one click).

use std::sync::{Arc, Mutex};

use lettre::Address;
use lettre::message::header::{ContentType, HeaderName, HeaderValue, MIME_VERSION_1_0};
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::TlsParameters;
use lettre::transport::smtp::extension::ClientId;
use secrecy::ExposeSecret;

use super::relay::{Protection, Relay};
use super::signing::Signer;
use crate::channels::{Accepted, SendError};
use crate::config::{EmailConfig, SmtpTls};

/// A mail to hand over.
#[derive(Clone)]
pub struct OutgoingMail {
    /// Display name of the sender.
    pub from_name: String,
    /// The published address.
    pub from: String,
    /// Where an answer goes: the address with this delivery's token.
    pub reply_to: String,
    /// Where a bounce goes: the address with this delivery's other token.
    pub return_path: String,
    /// To whom.
    pub to: String,
    /// Subject.
    pub subject: String,
    /// Plain text.
    pub text: String,
    /// Without brackets; this delivery's own.
    pub message_id: String,
    /// Their Message-ID, if this answers one; without brackets.
    pub in_reply_to: Option<String>,
    /// Oldest first, without brackets.
    pub references: Vec<String>,
    /// `auto-generated` for alerts, `auto-replied` for confirmations, none for an officer's own words.
    pub auto_submitted: Option<&'static str>,
    /// One-click link, for what the list sends.
    pub unsubscribe_url: Option<String>,
    /// Ours, to know our own mail when it comes back.
    pub loop_mark: String,
}

/// The relay that takes our mail. Cheap to clone.
#[derive(Clone)]
pub struct Smtp {
    signer: Option<Arc<Signer>>,
    relay: Arc<Relay>,
}

impl Smtp {
    /// Opens nothing yet: sessions are opened when first needed and kept.
    ///
    /// As many are kept as hand-overs may be under way at once: a new one costs several round trips, and with TLS more.
    pub fn new(settings: &EmailConfig, concurrency: u16) -> anyhow::Result<Self> {
        let tls = || TlsParameters::new(settings.smtp_host.clone());
        let protection = match settings.smtp_tls {
            SmtpTls::None => Protection::None,
            SmtpTls::StartTls => Protection::Upgraded(tls()?),
            SmtpTls::Tls => Protection::Whole(tls()?),
        };
        let domain = settings.address.as_str().rsplit('@').next().unwrap_or("localhost").to_owned();
        let credentials = match (&settings.smtp_user, &settings.smtp_password) {
            (Some(user), Some(password)) => Some(Credentials::new(user.clone(), password.expose_secret().to_owned())),
            _ => None,
        };
        let relay = Relay {
            host: settings.smtp_host.clone(),
            port: settings.smtp_port,
            protection,
            hello: ClientId::Domain(domain),
            credentials,
            most: usize::from(concurrency),
            resting: Mutex::default(),
        };
        let signer = settings.dkim.as_ref().map(Signer::new).transpose()?.map(Arc::new);
        Ok(Self { signer, relay: Arc::new(relay) })
    }

    /// Hands a mail to the relay.
    pub async fn send(&self, mail: &OutgoingMail) -> Result<Accepted, SendError> {
        let (envelope, mut raw) = build(mail)?;
        if let Some(signer) = &self.signer {
            raw = signer.sign(&raw)?;
        }
        let response = self.relay.send(&envelope, &raw).await?;
        Ok(Accepted { provider_message_id: response.message().next().unwrap_or_default().chars().take(200).collect() })
    }

    /// Whether the relay answers.
    pub async fn ready(&self) -> bool {
        self.relay.ready().await
    }
}

/// The mail as bytes with its envelope.
pub fn build(mail: &OutgoingMail) -> Result<(lettre::address::Envelope, Vec<u8>), SendError> {
    let bad = |what: &str| SendError::ours("compose", &format!("the {what} cannot stand in a mail"));
    let parse = |address: &str, what: &str| address.parse::<Address>().map_err(|_| bad(what));
    let to = parse(&mail.to, "recipient").map_err(|error| SendError { ours: false, theirs: true, ..error })?;
    let mut builder = Message::builder()
        .from(Mailbox::new(Some(mail.from_name.clone()), parse(&mail.from, "sender")?))
        .reply_to(Mailbox::new(Some(mail.from_name.clone()), parse(&mail.reply_to, "reply address")?))
        .to(Mailbox::new(None, to.clone()))
        .subject(mail.subject.clone())
        .message_id(Some(format!("<{}>", mail.message_id)))
        .date_now();
    if let Some(id) = &mail.in_reply_to {
        builder = builder.in_reply_to(format!("<{id}>"));
    }
    if !mail.references.is_empty() {
        builder = builder.references(mail.references.iter().map(|id| format!("<{id}>")).collect::<Vec<_>>().join(" "));
    }
    let message = builder.header(MIME_VERSION_1_0).header(ContentType::TEXT_PLAIN).body(mail.text.clone()).map_err(|_| bad("text"))?;
    let mut message = message;
    let mut raw = |name: &'static str, value: String| message.headers_mut().insert_raw(HeaderValue::new(HeaderName::new_from_ascii_str(name), value));
    if let Some(word) = mail.auto_submitted {
        raw("Auto-Submitted", word.to_owned());
        raw("X-Auto-Response-Suppress", "OOF, DR, RN, NRN, AutoReply".to_owned());
    }
    if let Some(url) = &mail.unsubscribe_url {
        raw("List-Unsubscribe", format!("<{url}>"));
        raw("List-Unsubscribe-Post", "List-Unsubscribe=One-Click".to_owned());
        raw("List-Id", format!("<alerts.{}>", mail.from.rsplit('@').next().unwrap_or_default()));
    }
    raw("X-Huecry-Loop", mail.loop_mark.clone());
    let return_path = if mail.return_path.is_empty() { None } else { Some(parse(&mail.return_path, "return path")?) };
    let envelope = lettre::address::Envelope::new(return_path, vec![to]).map_err(|_| bad("recipient"))?;
    Ok((envelope, message.formatted()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mail() -> OutgoingMail {
        OutgoingMail {
            from_name: "Derbyshire Alert".into(),
            from: "alerts@reply.example.org".into(),
            reply_to: "alerts+tok@reply.example.org".into(),
            return_path: "alerts+b-tok@reply.example.org".into(),
            to: "jo@example.org".into(),
            subject: "Van on Mill Lane – seen?".into(),
            text: "Did you see it?\n".into(),
            message_id: "abc.def@reply.example.org".into(),
            in_reply_to: None,
            references: vec!["root@reply.example.org".into()],
            auto_submitted: Some("auto-generated"),
            unsubscribe_url: Some("https://alert.example.org/leave/tok".into()),
            loop_mark: "x".into(),
        }
    }

    #[test]
    fn an_alert_mail_carries_what_mail_systems_ask_for() {
        let (envelope, raw) = build(&mail()).unwrap();
        let text = String::from_utf8(raw).unwrap();
        assert_eq!(envelope.from().unwrap().to_string(), "alerts+b-tok@reply.example.org");
        for header in [
            "Message-ID: <abc.def@reply.example.org>",
            "Auto-Submitted: auto-generated",
            "List-Unsubscribe: <https://alert.example.org/leave/tok>",
            "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
            "References: <root@reply.example.org>",
        ] {
            assert!(text.contains(header), "{header} is missing in\n{text}");
        }
        assert!(text.contains("MIME-Version: 1.0\r\n"), "RFC 2045 section 4: {text}");
        assert!(text.contains("Reply-To: ") && text.contains("alerts+tok@reply.example.org"));
    }

    #[test]
    fn a_line_break_in_the_subject_cannot_add_a_header() {
        let (_, raw) = build(&OutgoingMail { subject: "x\r\nBcc: eve@example.org".into(), ..mail() }).unwrap();
        assert!(!String::from_utf8(raw).unwrap().lines().any(|line| line.starts_with("Bcc:")));
    }
}
