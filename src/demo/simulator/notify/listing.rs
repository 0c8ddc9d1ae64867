//! `GET /v2/notifications` and `GET /v2/received-text-messages`: the gateway asks what was taken and what came in.
//!
//! Owns: filters, order (newest first) and paging. Must not: change anything.
//! Data: from the ledger's texts; JSON out.

use std::collections::HashMap;

use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Value, json};

use super::super::carrier::{Why, Wire};
use super::super::ledger::texts::Text;
use super::super::world::World;
use super::Notify;

const PAGE: usize = 250;

/// Texts that were taken, by the gateway's own reference.
pub(super) async fn sent(world: web::Data<World>, own: web::Data<Notify>, http: HttpRequest, query: web::Query<HashMap<String, String>>) -> HttpResponse {
    let wanted = query.get("reference").cloned();
    let matching = |text: &Text| !super::is_received(text) && wanted.as_ref().is_none_or(|wanted| *wanted == text.reference);
    list(&world, &own, &http, &query, "notifications", matching, super::notification)
}

/// Texts that people sent.
pub(super) async fn received(world: web::Data<World>, own: web::Data<Notify>, http: HttpRequest, query: web::Query<HashMap<String, String>>) -> HttpResponse {
    list(&world, &own, &http, &query, "received_text_messages", super::is_received, super::received)
}

fn list(
    world: &World,
    own: &Notify,
    http: &HttpRequest,
    query: &HashMap<String, String>,
    name: &str,
    matching: impl Fn(&Text) -> bool,
    describe: impl Fn(&Notify, &Text) -> Value,
) -> HttpResponse {
    if !super::token::opens(own, http) {
        return own.refuse(Why::Unauthorised).map_or_else(|| HttpResponse::Forbidden().finish(), |fault| fault.response());
    }
    let older_than = query.get("older_than");
    let found: Vec<Text> = world.ledger(|ledger| {
        let after = ledger.texts.newest().skip_while(|text| older_than.is_some_and(|id| *id != text.sid)).skip(usize::from(older_than.is_some()));
        after.filter(|text| matching(text)).take(PAGE).cloned().collect()
    });
    let address = format!("https://api.notifications.service.gov.uk{}", http.path());
    let mut links = json!({ "current": address });
    if let (Some(last), Some(links)) = (found.last(), links.as_object_mut()) {
        // Notify names a next page behind every one that holds anything.
        links.insert("next".to_owned(), json!(format!("{address}?older_than={}", last.sid)));
    }
    let items: Vec<Value> = found.iter().map(|text| describe(own, text)).collect();
    let mut answer = serde_json::Map::new();
    answer.insert(name.to_owned(), items.into());
    answer.insert("links".to_owned(), links);
    HttpResponse::Ok().json(answer)
}
