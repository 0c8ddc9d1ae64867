//! One-time codes: six digits to an address, five tries, ten minutes; at most five an hour to one address.

use diesel::QueryResult;
use serde_json::Value;
use subtle::ConstantTimeEq;

use crate::app::App;
use crate::domain::delivery::Purpose;
use crate::domain::{Address, ids, token};
use crate::outbound::enqueue::{self, Single};
use crate::store::Conn;
use crate::store::codes::{self, CodeRow};

const LIFE_MS: i64 = 10 * 60_000;
const MOST_TRIES: i64 = 5;
const MOST_AN_HOUR: i64 = 5;

/// What came of an answer to a code.
#[derive(Debug)]
pub enum CodeOutcome {
    /// It is right; this is what it was for.
    Right(Box<CodeRow>),
    /// It is wrong; there are tries left.
    Wrong,
    /// Too old, used, or too many tries: ask for a new one.
    Spent,
}

/// Sends a code, if the address may have one; gives the ticket either way, so that nobody learns who is registered.
pub async fn send(conn: &mut Conn, app: &App, to: &Address, purpose: &str, payload: Value) -> QueryResult<String> {
    let (now, ticket) = (app.now(), ids::public_id());
    let match_key = app.match_key(to);
    if codes::count_since(conn, &match_key, now.plus_ms(-3_600_000)).await? >= MOST_AN_HOUR {
        return Ok(ticket);
    }
    let number: u32 = rand::random::<u32>() % 1_000_000;
    let code = format!("{number:06}");
    let row = CodeRow {
        id: app.next_id(),
        ticket: ticket.clone(),
        purpose: purpose.to_owned(),
        match_key,
        code_digest: digest(app, &ticket, &code),
        payload,
        tries: 0,
        expires_at: now.plus_ms(LIFE_MS),
        used_at: None,
        created_at: now,
    };
    codes::insert(conn, &row).await?;
    let brand = &app.config().branding.name;
    let single = Single {
        purpose: Purpose::Code,
        source_id: row.id,
        to: to.clone(),
        from: None,
        channel: None,
        subject: Some(format!("{code} is your {brand} code")),
        body: format!("{code} is your {brand} code. It works for 10 minutes. We never ask you for it by phone."),
        alert_id: None,
        conversation_id: None,
        in_reply_to: None,
        references: Vec::new(),
    };
    enqueue::enqueue(conn, app, single).await?;
    Ok(ticket)
}

/// Checks an answer; a right one can be used once.
pub async fn check(conn: &mut Conn, app: &App, ticket: &str, code: &str, purpose: &str) -> QueryResult<CodeOutcome> {
    let now = app.now();
    let Some(row) = codes::find(conn, ticket).await?.filter(|row| row.purpose == purpose) else { return Ok(CodeOutcome::Wrong) };
    if row.used_at.is_some() || row.expires_at <= now || codes::take_try(conn, row.id, MOST_TRIES).await? == 0 {
        return Ok(CodeOutcome::Spent);
    }
    let digits: String = code.chars().filter(char::is_ascii_digit).collect();
    if !bool::from(digest(app, ticket, &digits).ct_eq(&row.code_digest)) {
        return Ok(CodeOutcome::Wrong);
    }
    Ok(if codes::mark_used(conn, row.id, now).await? > 0 { CodeOutcome::Right(Box::new(row)) } else { CodeOutcome::Spent })
}

fn digest(app: &App, ticket: &str, code: &str) -> Vec<u8> {
    token::mac(&app.keyring().match_secret, &[b"one-time-code", ticket.as_bytes(), code.as_bytes()]).to_vec()
}
