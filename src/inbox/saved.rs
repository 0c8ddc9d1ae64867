//! Lists of the inbox that an officer keeps under a name.

use diesel::QueryResult;

use crate::app::App;
use crate::store::saved_views::{self, SavedViewRow};

/// Keeps a list; one of that name is replaced.
pub async fn keep(app: &App, row: &SavedViewRow) -> QueryResult<()> {
    saved_views::put(&mut app.write().await?, row).await.map(|_| ())
}

/// Forgets one of an officer's; another's is not touched.
pub async fn forget(app: &App, officer_id: i64, id: i64) -> QueryResult<()> {
    saved_views::delete(&mut app.write().await?, officer_id, id).await.map(|_| ())
}
