//! A delivery's words, ready to go: what is asked of a provider or a relay for one person.

use crate::app::App;
use crate::channels::email::smtp::OutgoingMail;
use crate::channels::registry::ChannelKind;
use crate::channels::{OutgoingText, SendError};
use crate::domain::delivery::Purpose;
use crate::domain::token::{self, TokenIn, Use};
use crate::domain::{At, Phone};
use crate::outbound::compose;
use crate::store::alerts::{AlertRow, AlertTextRow};
use crate::store::deliveries::DeliveryRow;

/// An alert as it goes out, read once for all its copies.
pub(super) struct AlertCopy {
    pub(super) alert: AlertRow,
    pub(super) texts: Vec<AlertTextRow>,
}

/// A delivery's words, ready to go.
pub(super) enum Rendered {
    Text(OutgoingText),
    Mail(Box<OutgoingMail>),
}

pub(super) fn render(app: &App, delivery: &DeliveryRow, copy: Option<&AlertCopy>, now: At) -> Result<Rendered, SendError> {
    let brand = &app.config().branding;
    let alert_text = copy.and_then(|copy| copy.texts.iter().find(|text| text.channel_kind == delivery.channel_kind).map(|text| (&copy.alert, text)));
    let missing = || SendError::ours("text", "the delivery has no text");
    if delivery.channel_kind == "sms" {
        let live =
            matches!(app.channels().find(&delivery.channel).map(|channel| &channel.kind), Some(ChannelKind::Sms { settings, .. }) if !settings.simulated);
        if live && Phone::parse(&delivery.address).is_ok_and(|phone| phone.is_drama()) {
            return Err(SendError::permanent("drama", "a number that is kept for films"));
        }
        let body = match alert_text {
            Some((alert, text)) if alert.two_way => compose::render_sms(&brand.name, &text.body, &alert.reference),
            Some((alert, text)) => compose::render_one_way_sms(&brand.name, &text.body, &alert.reference, &app.url("/account")),
            None => delivery.body.clone().ok_or_else(missing)?,
        };
        return Ok(Rendered::Text(OutgoingText {
            delivery_id: delivery.id,
            from: delivery.sender.clone(),
            to: delivery.address.clone(),
            body,
            status_url: app.url(&format!("/webhooks/sms/{}/status", delivery.channel)),
            // A carrier that keeps trying for days would tell of a danger that is over.
            valid_for_s: delivery.expires_at.map(|until| until.since_ms(now).max(1_000) / 1_000),
        }));
    }
    let key = app.keyring().signing().ok_or_else(|| SendError::ours("keyring", "there is no token key"))?;
    let token_in = match app.channels().find(&delivery.channel).map(|channel| &channel.kind) {
        Some(ChannelKind::Email { settings, .. }) => settings.token_in,
        _ => TokenIn::Plus,
    };
    let leave_url = app.url(&format!("/leave/{}", token::sign(key, Use::Leave, &delivery.token)));
    let (subject, text) = match alert_text {
        Some((alert, text)) => {
            let code = format!("{}-{}", alert.reference, token::delivery_code(key, &alert.reference, &delivery.match_key));
            let footer = compose::Footer { brand: &brand.name, force: &brand.force, code: &code, leave_url: &leave_url };
            (text.subject.clone(), compose::render_email(&text.body, &footer))
        }
        None => (delivery.subject.clone().unwrap_or_else(|| brand.name.clone()), delivery.body.clone().ok_or_else(missing)?),
    };
    let purpose: Option<Purpose> = delivery.purpose.parse().ok();
    let domain = delivery.sender.rsplit('@').next().unwrap_or("localhost");
    let root = delivery.alert_id.map(|_| format!("alert.{}@{domain}", copy.map_or("updates", |copy| copy.alert.reference.as_str())));
    Ok(Rendered::Mail(Box::new(OutgoingMail {
        from_name: brand.name.clone(),
        from: delivery.sender.clone(),
        reply_to: with_token(token_in, &delivery.sender, &token::sign(key, Use::Reply, &delivery.token)),
        // RFC 3834 section 3.3: an automatic answer has the null return path, so that nothing can answer it.
        return_path: match purpose {
            Some(Purpose::Acknowledgement | Purpose::OptOutConfirmation | Purpose::Nudge) => String::new(),
            _ => with_token(token_in, &delivery.sender, &token::sign(key, Use::Bounce, &delivery.token)),
        },
        to: delivery.address.clone(),
        subject,
        text,
        message_id: message_id(key, &delivery.token, domain),
        in_reply_to: delivery.in_reply_to.clone(),
        references: match &delivery.reference_ids {
            Some(ids) => ids.split(' ').map(str::to_owned).collect(),
            None => root.into_iter().collect(),
        },
        auto_submitted: match purpose {
            Some(Purpose::Reply) => None,
            Some(Purpose::Alert | Purpose::Nudge | Purpose::Outcome) => Some("auto-generated"),
            _ => Some("auto-replied"),
        },
        unsubscribe_url: matches!(purpose, Some(Purpose::Alert | Purpose::Outcome)).then_some(leave_url),
        loop_mark: token::sign(key, Use::MessageId, &delivery.token),
    })))
}

/// The Message-ID of a delivery: its token with an HMAC, at our domain. Dots and upper case keep spam rules quiet (R3).
pub fn message_id(key: &token::TokenKey, random: &str, domain: &str) -> String {
    format!("HC.{}@{domain}", token::sign(key, Use::MessageId, random))
}

/// `alerts@x` with a token, where the channel wants it.
fn with_token(token_in: TokenIn, address: &str, token: &str) -> String {
    match (address.rsplit_once('@'), token_in) {
        (Some((local, domain)), TokenIn::Plus) => format!("{local}+{token}@{domain}"),
        (Some((_, domain)), TokenIn::CatchAll) => format!("{token}@{domain}"),
        (None, _) => address.to_owned(),
    }
}

/// What is sent for an exact text, for the reconciler's look-up.
pub(in crate::outbound) fn text_of(app: &App, delivery: &DeliveryRow, alert: Option<(&AlertRow, &[AlertTextRow])>) -> Option<String> {
    let copy = alert.map(|(alert, texts)| AlertCopy { alert: alert.clone(), texts: texts.to_vec() });
    match render(app, delivery, copy.as_ref(), app.now()) {
        Ok(Rendered::Text(text)) => Some(text.body),
        _ => None,
    }
}
