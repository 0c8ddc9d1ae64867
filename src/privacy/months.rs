//! The months of the tables that grow for ever: made ahead, watched for rows that came before their month was made, and disposed
//! of whole where the rules of retention allow it.
//!
//! On SQLite there are none: nothing here does anything there.

use diesel::QueryResult;
use serde_json::json;

use crate::app::App;
use crate::audit::{self, Actor};
use crate::domain::retention::Kept;
use crate::domain::{At, Ids};
use crate::store::months::{self, BY_MONTH, ByMonth};
use crate::store::notices::{self, NoticeRow};

/// Makes the coming months, and puts right what came without one. That is an alarm: the workers stood still for months, or ids
/// were made by a clock that is wrong.
pub async fn look_ahead(app: &App) -> QueryResult<()> {
    let now = app.now();
    let mut conn = app.write().await?;
    let made = months::make_ahead(&mut conn, now).await?;
    if made > 0 {
        tracing::info!(made, "tables for the coming months were made");
    }
    let strays = months::gather_strays(&mut conn).await?;
    for (table, rows) in &strays {
        metrics::counter!("huecry_rows_without_month", "table" => *table).increment(u64::try_from(*rows).unwrap_or(0));
        tracing::error!(table, rows, "rows came before their month was made; they were given one. Is the clock of a node wrong?");
        let detail = format!("{rows} rows of {table} came before their month was made. They were given one; see whether the clock of a machine is wrong");
        notices::note(&mut conn, &NoticeRow::of(app.next_id(), "without_month", table, detail, now)).await?;
    }
    Ok(())
}

/// The tables by month that a rule disposes of.
fn tables(kind: Kept) -> impl Iterator<Item = &'static ByMonth> {
    let names: &[&str] = match kind {
        Kept::Deliveries => &["deliveries", "attempts"],
        Kept::Envelopes => &["envelopes", "receipts"],
        _ => &[],
    };
    BY_MONTH.iter().filter(|by| names.contains(&by.table))
}

/// Disposes of the months that are wholly from before then, each in a transaction of its own; gives how many records of the
/// kind went. A month that is busy is tried again in an hour; one of which too much must stay, in a week.
pub(super) async fn dispose(app: &App, kind: Kept, before: At) -> QueryResult<usize> {
    let mut gone = 0;
    let floor = Ids::floor(before);
    for by in tables(kind) {
        let standing = months::list(&mut app.read().await?, by).await?;
        for month in standing.into_iter().filter(|month| month.high <= floor) {
            if app.stop().is_cancelled() {
                return Ok(gone);
            }
            let now = app.now();
            if months::looked_until(&mut app.read().await?, &month).await?.is_some_and(|until| until > now) {
                continue;
            }
            let done = app
                .write()
                .await?
                .transaction(async |conn| {
                    let done = months::dispose(conn, by, &month, before).await?;
                    if let Some(went) = done.filter(|went| went.rows > 0) {
                        let detail = json!({ "rule": kind.as_str(), "table": by.table, "month": month.name, "count": went.rows, "kept": went.kept });
                        audit::note(conn, app.ids(), now, &Actor::System, "retention.dispose", (kind.as_str(), None), detail).await?;
                        for hanging in tables(kind).skip(1).filter(|other| other.table != by.table) {
                            months::look_again(conn, hanging.table).await?;
                        }
                    }
                    if done.is_none_or(|went| went.kept > 0) {
                        months::note_looked(conn, &month, now).await?;
                    }
                    Ok::<_, diesel::result::Error>(done)
                })
                .await;
            match done {
                // What hangs on the records is not counted with them.
                Ok(Some(went)) if by.table == "deliveries" || by.table == "envelopes" => gone += usize::try_from(went.rows).unwrap_or(0),
                Ok(_) => {}
                Err(error) => tracing::warn!(%error, month = month.name, "a month could not be disposed of; it is tried again in an hour"),
            }
        }
    }
    Ok(gone)
}

/// The ids among which nothing is deleted one by one.
pub(super) async fn left_whole(app: &App, kind: Kept, before: At) -> QueryResult<Vec<(i64, i64)>> {
    match tables(kind).next() {
        Some(by) => months::left_to_months(&mut app.read().await?, by.table, before).await,
        None => Ok(Vec::new()),
    }
}
