//! `POST …/Messages.json`: the gateway hands a text to the carrier.
//!
//! Owns: the order of refusals, and that every hand-over is logged. Must not: wait while anything is locked.
//! Data: form fields in; the text goes to the ledger and its receipt to the queue; JSON back.

use std::sync::Arc;
use std::time::Duration;

use actix_web::{HttpRequest, HttpResponse, web};
use tokio::time::Instant;

use super::super::clock;
use super::super::ledger::handovers::Handover;
use super::super::ledger::texts::{Carriage, Direction, Text};
use super::super::ledger::{Ledger, Webhook};
use super::super::world::{Refuse, World};
use super::receipts::Job;
use super::wire::{self, Fault};

const MAX_BODY_CHARS: usize = 1600;
/// How long "never answers" lasts at most.
const HANG: Duration = Duration::from_mins(10);

/// What was asked for.
#[derive(Debug, Default)]
struct Request {
    to: String,
    from: String,
    body: String,
    callback: String,
}

/// Takes a text, or says in the provider's words why not.
pub(crate) async fn create(world: web::Data<World>, account: web::Path<String>, http: HttpRequest, form: web::Bytes) -> HttpResponse {
    let world = world.into_inner();
    let asked = read(&form);
    let behaviour = world.behaviour();
    let latency = Duration::from_millis(behaviour.latency_ms);
    let refusal =
        if wire::authorised(&world, &account, &http) { refusal(behaviour.refuse).or_else(|| fault(&world, &asked)) } else { Some(wire::UNAUTHORISED) };
    if let Some(fault) = refusal {
        let hangs = behaviour.refuse == Refuse::Hang && fault.code == wire::UNAVAILABLE.code;
        world.record(|ledger| log(ledger, asked, None, if hangs { 0 } else { fault.status }, Some(fault.code)));
        if hangs {
            hang(&world).await;
        }
        tokio::time::sleep(latency).await;
        return fault.response();
    }
    let lost = behaviour.refuse == Refuse::AcceptThenHang;
    let text = accept(&world, asked, Instant::now() + latency, if lost { 0 } else { 201 });
    if lost {
        hang(&world).await;
        return wire::UNAVAILABLE.response();
    }
    if !latency.is_zero() {
        tokio::time::sleep(latency).await;
    }
    HttpResponse::Created().json(wire::message(&account, &text))
}

fn read(form: &[u8]) -> Request {
    let mut request = Request::default();
    for (key, value) in form_urlencoded::parse(form) {
        let field = match key.as_ref() {
            "To" => &mut request.to,
            "From" => &mut request.from,
            "Body" => &mut request.body,
            "StatusCallback" => &mut request.callback,
            _ => continue,
        };
        *field = value.into_owned();
    }
    request
}

fn refusal(refuse: Refuse) -> Option<Fault> {
    match refuse {
        Refuse::None | Refuse::AcceptThenHang => None,
        Refuse::TooMany => Some(wire::TOO_MANY),
        Refuse::Broken => Some(wire::BROKEN),
        Refuse::Hang => Some(wire::UNAVAILABLE),
    }
}

fn fault(world: &World, asked: &Request) -> Option<Fault> {
    if !wire::is_e164(&asked.to) {
        Some(wire::INVALID_TO)
    } else if asked.from.is_empty() {
        Some(wire::NO_FROM)
    } else if !world.settings.numbers.contains(&asked.from) {
        Some(wire::NOT_OURS)
    } else if asked.body.is_empty() {
        Some(wire::NO_BODY)
    } else if asked.body.chars().count() > MAX_BODY_CHARS {
        Some(wire::TOO_LONG)
    } else if world.behaviour().blocked_numbers.contains(&asked.to) {
        Some(wire::BLOCKED)
    } else {
        None
    }
}

/// Keeps the text at once, as a carrier does: whoever hangs up before the answer has still sent it.
fn accept(world: &Arc<World>, asked: Request, answered_at: Instant, http_status: u16) -> Text {
    let reports = world.settings.receipts && !asked.callback.is_empty();
    let text = Text {
        sid: wire::new_sid("SM"),
        direction: Direction::In,
        phone: asked.to.clone(),
        ours: asked.from.clone(),
        body: asked.body.clone(),
        at: clock::now(),
        carriage: Carriage::Queued,
        webhook: if reports { Webhook::Waiting } else { Webhook::NotAsked },
    };
    let callback = asked.callback.clone();
    world.record(|ledger| {
        ledger.add_text(text.clone());
        log(ledger, asked, Some(text.sid.clone()), http_status, None);
    });
    if reports {
        let job = Job { sid: text.sid.clone(), to: text.phone.clone(), from: text.ours.clone(), callback, due: answered_at };
        super::receipts::enqueue(world, job);
    }
    text
}

fn log(ledger: &mut Ledger, asked: Request, sid: Option<String>, http_status: u16, code: Option<u32>) {
    ledger.totals.handovers += 1;
    ledger.totals.handovers_refused += u64::from(code.is_some());
    ledger.handovers.add(Handover { n: 0, at: clock::now(), to: asked.to, from: asked.from, body: asked.body, sid, http_status, code });
}

async fn hang(world: &World) {
    let until = Instant::now() + HANG;
    while Instant::now() < until && matches!(world.behaviour().refuse, Refuse::Hang | Refuse::AcceptThenHang) {
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}
