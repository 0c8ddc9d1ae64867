//! The gateway hands a text to the carrier, whichever is played.
//!
//! Owns: the order of refusals, and that every hand-over is logged. Must not: wait while anything is locked, or know a vendor's words.
//! Data: a vendor's request in; the text goes to the ledger and its receipt to the queue; the vendor's answer back.

use std::sync::Arc;
use std::time::Duration;

use actix_web::{HttpRequest, HttpResponse, web};
use tokio::time::Instant;

use super::carrier::{Asked, Why};
use super::clock;
use super::ledger::handovers::Handover;
use super::ledger::texts::{Carriage, Direction, Text};
use super::ledger::{Ledger, Webhook};
use super::receipts::Job;
use super::shapes;
use super::world::{Refuse, World};

/// How long "never answers" lasts at most.
const HANG: Duration = Duration::from_mins(10);

/// Takes a text, or says in the vendor's words why not.
pub(crate) async fn take(world: web::Data<World>, http: HttpRequest, body: web::Bytes) -> HttpResponse {
    let world = world.into_inner();
    let wire = world.settings.carrier.wire();
    let asked = wire.read(&world, &body);
    let behaviour = world.behaviour();
    let latency = Duration::from_millis(behaviour.latency_ms);
    let refusal = if wire.admits(&http, &body) { refusal(behaviour.refuse).or_else(|| fault(&world, &asked)) } else { Some(Why::Unauthorised) };
    if let Some((why, fault)) = refusal.and_then(|why| Some((why, wire.refuse(why)?))) {
        let hangs = why == Why::Unavailable;
        world.record(|ledger| log(ledger, asked, None, if hangs { 0 } else { fault.status }, Some(fault.code.clone())));
        if hangs {
            hang(&world).await;
        }
        tokio::time::sleep(latency).await;
        return fault.response();
    }
    let lost = behaviour.refuse == Refuse::AcceptThenHang;
    let text = accept(&world, asked, Instant::now() + latency, lost);
    if lost {
        hang(&world).await;
        // What stands before the vendor gave up waiting: it cannot tell whether the text was taken, and must not say no.
        return HttpResponse::GatewayTimeout().finish();
    }
    if !latency.is_zero() {
        tokio::time::sleep(latency).await;
    }
    wire.accepted(&text)
}

fn refusal(refuse: Refuse) -> Option<Why> {
    match refuse {
        Refuse::None | Refuse::AcceptThenHang => None,
        Refuse::TooMany => Some(Why::TooMany),
        Refuse::Broken => Some(Why::Broken),
        Refuse::Hang => Some(Why::Unavailable),
    }
}

fn fault(world: &World, asked: &Asked) -> Option<Why> {
    if !shapes::is_e164(&asked.to) {
        Some(Why::InvalidTo)
    } else if asked.from.is_empty() {
        Some(Why::NoFrom)
    } else if !world.settings.numbers.contains(&asked.from) {
        Some(Why::NotOurs)
    } else if asked.body.is_empty() {
        Some(Why::NoBody)
    } else if asked.body.chars().count() > world.settings.carrier.wire().longest() {
        Some(Why::TooLong)
    } else if world.behaviour().blocked_numbers.contains(&asked.to) {
        Some(Why::Blocked)
    } else {
        None
    }
}

/// Keeps the text at once, as a carrier does: whoever hangs up before the answer has still sent it.
fn accept(world: &Arc<World>, asked: Asked, answered_at: Instant, lost: bool) -> Text {
    let wire = world.settings.carrier.wire();
    let reports = world.behaviour().receipts && !asked.callback.is_empty();
    let text = Text {
        sid: wire.new_id(),
        direction: Direction::In,
        phone: asked.to.clone(),
        ours: asked.from.clone(),
        body: asked.body.clone(),
        reference: asked.reference.clone(),
        at: clock::now(),
        carriage: Carriage::Queued,
        webhook: if reports { Webhook::Waiting } else { Webhook::NotAsked },
    };
    let http_status = if lost { 0 } else { wire.accepted(&text).status().as_u16() };
    let callback = asked.callback.clone();
    world.record(|ledger| {
        ledger.add_text(text.clone());
        log(ledger, asked, Some(text.sid.clone()), http_status, None);
    });
    if reports {
        super::receipts::enqueue(world, Job { text: text.clone(), callback, due: answered_at });
    }
    text
}

fn log(ledger: &mut Ledger, asked: Asked, sid: Option<String>, http_status: u16, code: Option<String>) {
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
