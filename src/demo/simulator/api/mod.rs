//! JSON for scripts: what arrived where, acting as a person, and making the carrier misbehave.
//!
//! Owns: the JSON's shapes. Must not: be needed by the gateway; no vendor has such an interface.
//! Data: from and to the ledger and the world's behaviour.

pub(crate) mod mailboxes;
pub(crate) mod phones;

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use serde_json::{Value, json};

use super::clock;
use super::gateway::Answer;
use super::ledger::Webhook;
use super::ledger::handovers::Handover;
use super::world::{BehaviourChange, World};

const MAX_HANDOVERS: usize = 10_000;

/// Which hand-overs are wanted.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct After {
    #[serde(default)]
    after: u64,
    limit: Option<usize>,
}

/// Counts of everything, and how many phones and mailboxes there are.
pub(crate) async fn totals(world: web::Data<World>) -> HttpResponse {
    HttpResponse::Ok().json(world.ledger(|ledger| ledger.totals.clone()))
}

/// A number that rises with every change, for pages that are open.
pub(crate) async fn version(world: web::Data<World>) -> HttpResponse {
    HttpResponse::Ok().json(json!({ "version": world.version() }))
}

/// Hand-overs in order, from the one after `after`; ask again with `last` for more.
pub(crate) async fn handovers(world: web::Data<World>, query: web::Query<After>) -> HttpResponse {
    let take = query.limit.unwrap_or(MAX_HANDOVERS).min(MAX_HANDOVERS);
    let found: Vec<Handover> = world.ledger(|ledger| ledger.handovers.after(query.after).take(take).cloned().collect());
    let last = found.last().map_or(query.after, |handover| handover.n);
    let list: Vec<Value> = found.iter().map(handover).collect();
    HttpResponse::Ok().json(json!({ "handovers": list, "last": last }))
}

fn handover(handover: &Handover) -> Value {
    json!({
        "n": handover.n,
        "at": clock::iso(handover.at),
        "to": handover.to,
        "from": handover.from,
        "text": handover.body,
        "sid": handover.sid,
        "http_status": handover.http_status,
        "code": handover.code,
    })
}

/// How the carrier behaves now.
pub(crate) async fn behaviour(world: web::Data<World>) -> HttpResponse {
    HttpResponse::Ok().json(world.behaviour().as_ref())
}

/// Changes how the carrier behaves; what is left out stays.
pub(crate) async fn behave(world: web::Data<World>, change: web::Json<BehaviourChange>) -> HttpResponse {
    HttpResponse::Ok().json(world.behave(change.into_inner()).as_ref())
}

/// What a person's message came to, in JSON.
pub(crate) fn outcome(key: &str, id: &str, answer: Option<Answer>) -> HttpResponse {
    let state = answer.map_or(Webhook::Waiting, Webhook::from);
    HttpResponse::Ok().json(json!({ key: id, "status": state.word(), "http_status": state.http_status() }))
}

/// A request that cannot be met.
pub(crate) fn problem(detail: &str) -> HttpResponse {
    HttpResponse::BadRequest().content_type("application/problem+json").json(json!({ "title": "That cannot be done", "status": 400, "detail": detail }))
}
