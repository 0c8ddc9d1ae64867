//! API keys: printed once, of which only the hash is kept.

use crate::app::App;
use crate::audit::{self, Actor};
use crate::domain::ids;
use crate::files::sha256;
use crate::store::accounts::{self, ApiKeyRow};

/// What a key may be used for.
pub const SCOPES: &[&str] = &["alerts", "inbox"];

/// Makes a key; gives it in the clear, once.
pub async fn add(app: &App, name: &str, scopes: &[String]) -> anyhow::Result<String> {
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
    audit::note(&mut conn, app.ids(), app.now(), &Actor::System, "api_key.add", ("api_key", Some(id)), serde_json::json!({})).await?;
    Ok(key)
}

/// The live key.
pub async fn find(app: &App, key: &str) -> diesel::QueryResult<Option<ApiKeyRow>> {
    let mut conn = app.read().await?;
    accounts::find_api_key(&mut conn, &sha256(key.as_bytes())).await
}

/// Whether a key may be used for this.
pub fn has(key: &ApiKeyRow, scope: &str) -> bool {
    key.scopes.split(',').any(|has| has.trim() == scope)
}
