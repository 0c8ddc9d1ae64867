//! What guards the people in the records: masked addresses, who looked, holds, disposal, those who reply often, and what a
//! person may ask for.

mod addresses;
mod bounds;
mod informants;
mod people;

mod retention;

use huecry::store::accounts::OfficerRow;
use huecry::store::conversations::{self, ConversationRow};
use huecry::store::messages;
use huecry::store::views::audit::{Filter, search};

use crate::support::app::TestApp;
use crate::support::db::TestDb;

pub(crate) const WHO: &str = "+447700900150";

/// A conversation of the owner's with somebody by text, with one message of theirs.
pub(crate) async fn talk(t: &TestApp, db: &TestDb, who: &str, text: &str) -> ConversationRow {
    let alert = db.add_alert(t.owner.id, &[]).await;
    let correspondent = db.add_correspondent(who).await;
    let mut row = db.new_conversation(Some(alert.id), correspondent.id);
    (row.owner_id, row.team_id) = (Some(t.owner.id), t.owner.team_id);
    let mut conn = db.write().await;
    let row = conversations::insert_or_find(&mut conn, row).await.unwrap().0;
    messages::insert(&mut conn, &db.new_message(row.id, text, row.created_at)).await.unwrap();
    row
}

/// An account of another role, with the password of all.
pub(crate) async fn appoint(t: &TestApp, db: &TestDb, email: &str, role: &str, team_id: Option<i64>) {
    let row = OfficerRow { role: role.into(), team_id, password_hash: t.owner.password_hash.clone(), ..db.new_officer(email) };
    huecry::store::accounts::insert_officers(&mut db.write().await, vec![row]).await.unwrap();
}

/// An administrator who was let read replies.
pub(crate) async fn reader(t: &TestApp, db: &TestDb) -> crate::support::browser::Client {
    let row = huecry::store::accounts::find_officer_by_email(&mut db.read().await, "admin@force.example").await.unwrap().unwrap();
    let role = huecry::domain::officer::Role::Admin;
    let account = huecry::accounts::officers::Account { email: row.email, name: row.name, role, team_id: None, reads_replies: true };
    huecry::accounts::officers::change(&t.app, t.owner.id, row.id, &account).await.unwrap();
    t.officer("admin@force.example").await
}

/// Entries of the audit log of one action, newest first.
async fn entries(db: &TestDb, action: &str) -> Vec<huecry::store::audit_log::AuditRow> {
    let filter = Filter { action: Some(action.to_owned()), ..Filter::default() };
    search(&mut db.read().await, &filter, 100).await.unwrap()
}
