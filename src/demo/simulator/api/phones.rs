//! A phone, in JSON: what is on it, and texting from it.
//!
//! Owns: how a number in an address is read. Must not: wait on anything but the gateway's answer.
//! Data: from the ledger's texts; texts go to `inbound`.

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::clock;
use super::super::gateway::Call;
use super::super::inbound;
use super::super::ledger::texts::Text;
use super::super::world::World;

/// A text to be sent by the person. Without `to`, the number that texted them last, else the first of the gateway's.
#[derive(Debug, Deserialize)]
pub(crate) struct NewText {
    to: Option<String>,
    text: String,
}

/// All texts on a phone, oldest first.
pub(crate) async fn show(world: web::Data<World>, number: web::Path<String>) -> HttpResponse {
    let number = phone_name(&number);
    let texts: Vec<Value> = world.ledger(|ledger| ledger.texts.of_phone(&number).map(entry).collect());
    HttpResponse::Ok().json(json!({ "number": number, "messages": texts }))
}

fn entry(text: &Text) -> Value {
    json!({
        "direction": text.direction.word(),
        "other": text.ours,
        "text": text.body,
        "at": clock::iso(text.at),
        "sid": text.sid,
        "status": text.carriage.word(),
        "webhook_status": text.webhook.word(),
        "webhook_http_status": text.webhook.http_status(),
    })
}

/// Texts the gateway and waits until it has the text or has refused it.
pub(crate) async fn text(world: web::Data<World>, number: web::Path<String>, new: web::Json<NewText>) -> HttpResponse {
    let world = world.into_inner();
    let phone = phone_name(&number);
    let ours = match texted(&world, &phone, &new) {
        Ok(ours) => ours,
        Err(problem) => return super::problem(problem),
    };
    let (sid, answer) = inbound::send(&world, &phone, &ours, &new.text);
    super::outcome("sid", &sid, answer.await.ok())
}

/// The requests by which the carrier would bring a text, signed and not sent: a script may send them late, twice or damaged.
pub(crate) async fn webhook(world: web::Data<World>, number: web::Path<String>, new: web::Json<NewText>) -> HttpResponse {
    let phone = phone_name(&number);
    match texted(&world, &phone, &new) {
        Ok(ours) => {
            let requests = inbound::requests(&world, &phone, &ours, &new.text);
            let requests: Vec<Value> = requests.iter().map(request).collect();
            HttpResponse::Ok().json(json!({ "requests": requests }))
        }
        Err(problem) => super::problem(problem),
    }
}

fn request(call: &Call) -> Value {
    json!({ "url": call.url, "headers": call.headers, "body": String::from_utf8_lossy(&call.body) })
}

/// The number a text is for.
fn texted(world: &World, phone: &str, new: &NewText) -> Result<String, &'static str> {
    let ours = new.to.clone().or_else(|| usual_number(world, phone)).ok_or("The gateway has no numbers to text.")?;
    if world.settings.numbers.contains(&ours) { Ok(ours) } else { Err("That is not one of the gateway's numbers.") }
}

/// The number this phone would answer: the one of its latest text, else the first of the gateway's.
pub(crate) fn usual_number(world: &World, phone: &str) -> Option<String> {
    let latest = world.ledger(|ledger| ledger.texts.of_phone(phone).next_back().map(|text| text.ours.clone()));
    latest.or_else(|| world.settings.numbers.first().cloned())
}

/// A number as phones are named: `+` and digits, however it was written in the address.
pub(crate) fn phone_name(written: &str) -> String {
    let compact: String = written.chars().filter(|c| c.is_ascii_digit() || *c == '+').collect();
    if let Some(rest) = compact.strip_prefix("00") {
        format!("+{rest}")
    } else if let Some(rest) = compact.strip_prefix('0') {
        format!("+44{rest}")
    } else if compact.starts_with('+') {
        compact
    } else {
        format!("+{compact}")
    }
}

#[cfg(test)]
mod tests {
    use super::phone_name;

    #[test]
    fn numbers_are_named_alike() {
        for written in ["+447700900123", "07700 900123", "447700900123", "0044 7700 900123", " 447700900123"] {
            assert_eq!(phone_name(written), "+447700900123");
        }
    }
}
