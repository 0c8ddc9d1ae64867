//! Leaving: the whole account by its owner, or one address by the link in a mail. Nothing changes by looking at a page.

use diesel::QueryResult;

use super::join;
use crate::app::App;
use crate::domain::Address;
use crate::domain::token::{self, Use};
use crate::store::residents::{self, ConsentRow};
use crate::store::suppressions::{self, SuppressionRow};
use crate::store::wake::Change;
use crate::store::{Conn, deliveries, events, sessions};

/// Takes a resident out: their addresses, groups and places go; every address stays suppressed.
pub async fn leave(app: &App, resident_id: i64) -> QueryResult<()> {
    let now = app.now();
    let mut conn = app.write().await?;
    conn.transaction(async |conn| {
        for row in residents::list_addresses(conn, resident_id).await? {
            let address = Address::from_stored(&row.kind, &row.value);
            suppress(conn, app, row.match_key.clone(), address.channel_kind(), "left", "left on the account page").await?;
            join::note(conn, app, resident_id, &address, "left", "left on the account page").await?;
            event(conn, app, "left", None, address.channel_kind()).await?;
        }
        residents::leave(conn, resident_id, now).await?;
        sessions::delete_of_resident(conn, resident_id).await?;
        Ok::<_, diesel::result::Error>(())
    })
    .await
}

/// Stops mail to the address of the delivery that a link's token names. The token can do nothing else, and may be used again.
/// Gives whether it named one.
pub async fn by_link(app: &App, given: &str) -> QueryResult<bool> {
    let Some(random) = token::verify(&app.keyring().tokens, Use::Leave, given) else { return Ok(false) };
    let mut conn = app.write().await?;
    let found = conn
        .transaction(async |conn| {
            let Some(delivery) = deliveries::find_by_tokens(conn, std::slice::from_ref(&random)).await?.into_iter().next() else { return Ok(false) };
            let stopped = suppress(conn, app, delivery.match_key.clone(), &delivery.channel_kind, "one_click", "used the link in a mail").await?;
            deliveries::suppress_waiting(conn, &delivery.match_key, &delivery.channel_kind, app.now()).await?;
            if stopped > 0 {
                let resident = residents::find_by_match_key(conn, &delivery.match_key).await?;
                let consent = ConsentRow {
                    id: app.next_id(),
                    resident_id: resident.map(|(resident, _)| resident.id),
                    match_key: delivery.match_key.clone(),
                    action: "stopped".to_owned(),
                    channel: delivery.channel_kind.clone(),
                    source: "one_click".to_owned(),
                    wording: String::new(),
                    evidence: format!("used the link in delivery {}", delivery.id),
                    created_at: app.now(),
                };
                residents::append_consent(conn, vec![consent]).await?;
                event(conn, app, "opted_out", delivery.alert_id, &delivery.channel_kind).await?;
            }
            Ok::<_, diesel::result::Error>(true)
        })
        .await?;
    drop(conn);
    app.wake().change(Change { kind: "press".into(), alert: None, conversation: None });
    Ok(found)
}

/// Whether a link's token is one of ours, without doing anything.
pub fn is_ours(app: &App, given: &str) -> bool {
    token::verify(&app.keyring().tokens, Use::Leave, given).is_some()
}

async fn suppress(conn: &mut Conn, app: &App, match_key: Vec<u8>, channel: &str, reason: &str, evidence: &str) -> QueryResult<usize> {
    let row = SuppressionRow {
        id: app.next_id(),
        match_key,
        channel: channel.to_owned(),
        scope: "all".to_owned(),
        reason: reason.to_owned(),
        evidence: evidence.to_owned(),
        source_envelope_id: None,
        created_at: app.now(),
        lifted_at: None,
        lifted_by: None,
    };
    suppressions::suppress(conn, &row).await
}

async fn event(conn: &mut Conn, app: &App, kind: &str, alert_id: Option<i64>, channel_kind: &str) -> QueryResult<()> {
    let row = events::EventRow {
        id: app.next_id(),
        kind: kind.to_owned(),
        alert_id,
        conversation_id: None,
        channel_kind: channel_kind.to_owned(),
        created_at: app.now(),
    };
    events::append(conn, vec![row]).await.map(|_| ())
}
