//! Whether the embedded database is still the right place for what is kept: said once a day, to administrators and in the log,
//! when an installation comes near what it is meant for.

use diesel::QueryResult;

use crate::app::App;
use crate::domain::bounds::Ceiling;
use crate::store::load;
use crate::store::notices::{self, NoticeRow};

const KIND: &str = "outgrown";
const SUBJECT: &str = "SQLite";

/// Looks, and says what is near its ceiling; gives what was said. Nothing ever is on PostgreSQL.
pub async fn look(app: &App, ceiling: &Ceiling) -> QueryResult<Option<String>> {
    let now = app.now();
    let Some(load) = load::of_sqlite(&mut app.read().await?, now).await? else { return Ok(None) };
    let near = ceiling.near(&load);
    if near.is_empty() {
        return Ok(None);
    }
    let mut conn = app.write().await?;
    if notices::last_at(&mut conn, KIND, SUBJECT).await?.is_some_and(|last| last > now.minus_days(1)) {
        return Ok(None);
    }
    let detail = format!(
        "The embedded database is near its bounds: {}. Move to PostgreSQL before it is slow: stop the gateway, then \
         huecry migrate --from sqlite:PATH --to postgres://USER:PASSWORD@HOST/NAME (docs/scaling.md)",
        near.join("; ")
    );
    tracing::warn!(bytes = load.bytes, rows = load.rows, sent_in_a_day = load.day, "{detail}");
    notices::note(&mut conn, &NoticeRow::of(app.next_id(), KIND, SUBJECT, detail.clone(), now)).await?;
    Ok(Some(detail))
}
