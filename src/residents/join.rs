//! Joining: what a resident asked for waits in the code's payload until they prove that an address is theirs.
//!
//! Who has a number proves nothing of who had it. One that went bad (they said it was the wrong number, or it failed for good)
//! opens no account; whoever confirms it joins as a new resident, and the account of before goes on without it.

use diesel::QueryResult;
use serde::{Deserialize, Serialize};

use super::codes::{self, CodeOutcome};
use super::places;
use crate::app::App;
use crate::domain::{Address, ids};
use crate::store::residents::{self, AddressRow, ConsentRow, ResidentRow};
use crate::store::{Conn, events, places as areas, sessions, suppressions};

/// The wording that residents agree to; kept with each consent. A new wording gets a new name.
pub const WORDING: &str = "join-2026-11";

/// What a resident asked for, already checked.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Wish {
    /// Name.
    pub name: String,
    /// Postcode with its space.
    pub postcode: String,
    /// Slugs.
    pub groups: Vec<String>,
    /// Addresses still to be confirmed: kind and value, the first is the one that the code went to.
    pub addresses: Vec<(String, String)>,
    /// The resident, once the first address made one.
    pub resident_id: Option<i64>,
}

/// What came of a code.
#[derive(Debug)]
pub enum JoinOutcome {
    /// Everything is confirmed.
    Joined(i64),
    /// This address is confirmed; the next one has its code: ticket and masked address.
    Next(String, String),
    /// Wrong; try again. The masked address it went to, if known.
    Wrong,
    /// Ask for a new code.
    Spent,
}

/// Sends the first code; gives the ticket and the masked address.
pub async fn start(app: &App, wish: &Wish) -> QueryResult<(String, String)> {
    let mut conn = app.write().await?;
    let sent = conn.transaction(async |conn| send_next(conn, app, wish).await).await?;
    drop(conn);
    app.wake().outbox();
    Ok(sent)
}

async fn send_next(conn: &mut Conn, app: &App, wish: &Wish) -> QueryResult<(String, String)> {
    let Some((kind, value)) = wish.addresses.first() else { return Err(diesel::result::Error::NotFound) };
    let to = Address::from_stored(kind, value);
    let payload = serde_json::to_value(wish).unwrap_or_default();
    Ok((codes::send(conn, app, &to, "join", payload).await?, to.masked()))
}

/// Takes the answer to a code.
pub async fn confirm(app: &App, ticket: &str, code: &str) -> QueryResult<JoinOutcome> {
    let mut conn = app.write().await?;
    let outcome = conn.transaction(async |conn| confirm_in(conn, app, ticket, code).await).await?;
    drop(conn);
    app.wake().outbox();
    Ok(outcome)
}

async fn confirm_in(conn: &mut Conn, app: &App, ticket: &str, code: &str) -> QueryResult<JoinOutcome> {
    let row = match codes::check(conn, app, ticket, code, "join").await? {
        CodeOutcome::Right(row) => row,
        CodeOutcome::Wrong => return Ok(JoinOutcome::Wrong),
        CodeOutcome::Spent => return Ok(JoinOutcome::Spent),
    };
    let Ok(mut wish) = serde_json::from_value::<Wish>(row.payload.clone()) else { return Ok(JoinOutcome::Spent) };
    let resident_id = settle(conn, app, &wish).await?;
    wish.resident_id = Some(resident_id);
    wish.addresses.remove(0);
    if wish.addresses.is_empty() {
        return Ok(JoinOutcome::Joined(resident_id));
    }
    let (ticket, masked) = send_next(conn, app, &wish).await?;
    Ok(JoinOutcome::Next(ticket, masked))
}

/// The first address of the wish is proven: makes the resident, or finds the one who has it, and sets what was asked for.
async fn settle(conn: &mut Conn, app: &App, wish: &Wish) -> QueryResult<i64> {
    let now = app.now();
    let Some((kind, value)) = wish.addresses.first() else { return Err(diesel::result::Error::NotFound) };
    let address = Address::from_stored(kind, value);
    let match_key = app.match_key(&address);
    let known = match residents::find_by_match_key(conn, &match_key).await? {
        Some((before, row)) if has_passed_on(&row) && wish.resident_id != Some(before.id) => {
            take_from(conn, app, &before, &row).await?;
            None
        }
        known => known,
    };
    let (resident_id, fresh) = match (&known, wish.resident_id) {
        // The proven address decides: whoever holds it is the one who is joining again.
        (Some((resident, _)), _) => (resident.id, false),
        (None, Some(id)) => (id, false),
        (None, None) => (app.next_id(), true),
    };
    if fresh {
        let row = ResidentRow {
            id: resident_id,
            public_id: ids::public_id(),
            name: wish.name.clone(),
            postcode: wish.postcode.clone(),
            language: "en".to_owned(),
            source: "website".to_owned(),
            created_at: now,
            left_at: None,
        };
        residents::insert(conn, vec![row]).await?;
    } else {
        residents::update(conn, resident_id, &wish.name, &wish.postcode).await?;
    }
    if let Some(place) = places::find(conn, &wish.postcode).await? {
        residents::replace_areas(conn, resident_id, &place.area_ids).await?;
    }
    let groups: Vec<i64> = areas::list_open_groups(conn).await?.into_iter().filter(|group| wish.groups.contains(&group.slug)).map(|group| group.id).collect();
    residents::replace_groups(conn, resident_id, &groups, now).await?;
    match known {
        Some((_, row)) => {
            residents::confirm(conn, row.id, now).await?;
        }
        None => {
            let row = AddressRow {
                id: app.next_id(),
                resident_id,
                kind: address.kind().to_owned(),
                value: address.reveal().to_owned(),
                match_key: match_key.clone(),
                enabled: true,
                verified_at: Some(now),
                bad_at: None,
                created_at: now,
            };
            residents::insert_addresses(conn, vec![row]).await?;
        }
    }
    // Joining is an act of their own will: it lifts an earlier opt-out of this address.
    suppressions::lift(conn, &match_key, address.channel_kind(), "joined", now).await?;
    suppressions::lift_groups(conn, &match_key, &wish.groups, "joined", now).await?;
    note(conn, app, resident_id, &address, "joined", &format!("postcode {}; groups {}", wish.postcode, wish.groups.join(", "))).await?;
    if fresh {
        let event = events::EventRow {
            id: app.next_id(),
            kind: "joined".to_owned(),
            alert_id: None,
            conversation_id: None,
            channel_kind: address.channel_kind().to_owned(),
            created_at: now,
        };
        events::append(conn, vec![event]).await?;
    }
    Ok(resident_id)
}

/// Whether the number may be somebody else's by now. What fails of a mailbox is its server; a number is given to the next one.
fn has_passed_on(row: &AddressRow) -> bool {
    row.kind == "phone" && row.bad_at.is_some()
}

/// Takes a number out of the account of whoever had it before; an account with no address left is closed.
async fn take_from(conn: &mut Conn, app: &App, before: &ResidentRow, row: &AddressRow) -> QueryResult<()> {
    let address = Address::from_stored(&row.kind, &row.value);
    note(conn, app, before.id, &address, "changed", "the number did not work or was said to be wrong, and somebody else confirmed it").await?;
    residents::delete_address(conn, row.id).await?;
    if residents::list_addresses(conn, before.id).await?.is_empty() {
        residents::leave(conn, before.id, app.now()).await?;
        sessions::delete_of_resident(conn, before.id).await?;
    }
    Ok(())
}

/// Appends to the record of consent.
pub(super) async fn note(conn: &mut Conn, app: &App, resident_id: i64, address: &Address, action: &str, evidence: &str) -> QueryResult<()> {
    let row = ConsentRow {
        id: app.next_id(),
        resident_id: Some(resident_id),
        match_key: app.match_key(address),
        action: action.to_owned(),
        channel: address.channel_kind().to_owned(),
        source: "website".to_owned(),
        wording: WORDING.to_owned(),
        evidence: evidence.to_owned(),
        created_at: app.now(),
    };
    residents::append_consent(conn, vec![row]).await.map(|_| ())
}

/// Sends a code to somebody who says that they are registered; gives a ticket whether or not they are.
pub async fn send_sign_in_code(app: &App, to: &Address) -> QueryResult<String> {
    let mut conn = app.write().await?;
    let ticket = conn
        .transaction(async |conn| match residents::find_by_match_key(conn, &app.match_key(to)).await? {
            // Whoever has it now must not look into the account of who had it.
            Some((_, row)) if has_passed_on(&row) => Ok(ids::public_id()),
            Some((resident, _)) => codes::send(conn, app, to, "sign_in", serde_json::json!({ "resident_id": resident.id })).await,
            None => Ok(ids::public_id()),
        })
        .await?;
    drop(conn);
    app.wake().outbox();
    Ok(ticket)
}

/// Takes the answer to a sign-in code; gives the resident.
pub async fn sign_in(app: &App, ticket: &str, code: &str) -> QueryResult<Result<i64, JoinOutcome>> {
    let mut conn = app.write().await?;
    let outcome = conn.transaction(async |conn| codes::check(conn, app, ticket, code, "sign_in").await).await?;
    Ok(match outcome {
        CodeOutcome::Right(row) => row.payload.get("resident_id").and_then(serde_json::Value::as_i64).ok_or(JoinOutcome::Spent),
        CodeOutcome::Wrong => Err(JoinOutcome::Wrong),
        CodeOutcome::Spent => Err(JoinOutcome::Spent),
    })
}
