//! API keys: printed once, of which only the hash is kept.

use crate::app::App;
use crate::audit::{self, Actor};
use crate::domain::ids;
use crate::files::sha256;
use crate::store::accounts::{self, ApiKeyRow};
use crate::store::notices::{self, NoticeRow};

/// What a key may be used for.
pub const SCOPES: &[&str] = &["alerts", "inbox"];
/// The notice that a key was made that reads replies.
pub const INBOX_KEY: &str = "inbox_key";
/// Its last use is noted at most so often.
const TOUCH_MS: i64 = 60_000;

/// Makes a key from the command line; gives it in the clear, once.
pub async fn add(app: &App, name: &str, scopes: &[String]) -> anyhow::Result<String> {
    add_by(app, &Actor::System, name, scopes).await
}

/// Makes a key; gives it in the clear, once. The error says what to mend.
pub async fn add_by(app: &App, by: &Actor, name: &str, scopes: &[String]) -> anyhow::Result<String> {
    anyhow::ensure!(!name.trim().is_empty(), "give the key a name that says what it is for");
    for scope in scopes {
        anyhow::ensure!(SCOPES.contains(&scope.as_str()), "there is no scope {scope:?}; there are {}", SCOPES.join(" and "));
    }
    anyhow::ensure!(!scopes.is_empty(), "give the key at least one scope of {}", SCOPES.join(", "));
    let key = format!("hc_{}", ids::secret());
    let row = ApiKeyRow {
        id: app.next_id(),
        name: name.trim().to_owned(),
        key_digest: sha256(key.as_bytes()).to_vec(),
        scopes: scopes.join(","),
        created_at: app.now(),
        last_used_at: None,
        revoked_at: None,
    };
    let id = row.id;
    let mut conn = app.write().await?;
    accounts::insert_api_key(&mut conn, &row).await.map_err(|error| match error {
        diesel::result::Error::DatabaseError(diesel::result::DatabaseErrorKind::UniqueViolation, _) => anyhow::anyhow!("there is a key named {name:?} already"),
        other => other.into(),
    })?;
    audit::note(&mut conn, app.ids(), app.now(), by, "api_key.add", ("api_key", Some(id)), serde_json::json!({ "scopes": row.scopes })).await?;
    if scopes.iter().any(|scope| scope == "inbox") && by.officer_id().is_some() {
        let sentence = format!("The key {:?} reads and answers residents’ replies", row.name);
        notices::note(&mut conn, &NoticeRow::of(app.next_id(), INBOX_KEY, &id.to_string(), sentence, app.now())).await?;
    }
    Ok(key)
}

/// The live key.
pub async fn find(app: &App, key: &str) -> diesel::QueryResult<Option<ApiKeyRow>> {
    let mut conn = app.read().await?;
    let found = accounts::find_api_key(&mut conn, &sha256(key.as_bytes())).await?;
    drop(conn);
    let now = app.now();
    if let Some(row) = found.as_ref().filter(|row| row.last_used_at.is_none_or(|last| now.since_ms(last) > TOUCH_MS)) {
        accounts::touch_api_key(&mut app.write().await?, row.id, now).await?;
    }
    Ok(found)
}

/// Takes a key back at once; gives whether it was live.
pub async fn revoke(app: &App, by: i64, id: i64) -> diesel::QueryResult<bool> {
    let mut conn = app.write().await?;
    conn.transaction(async |conn| {
        let revoked = accounts::revoke_api_key(conn, id, app.now()).await? > 0;
        if revoked {
            audit::note(conn, app.ids(), app.now(), &Actor::Officer(by), "api_key.revoke", ("api_key", Some(id)), serde_json::json!({})).await?;
        }
        Ok(revoked)
    })
    .await
}

/// Whether a key may be used for this.
pub fn has(key: &ApiKeyRow, scope: &str) -> bool {
    key.scopes.split(',').any(|has| has.trim() == scope)
}
