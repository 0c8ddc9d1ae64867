//! Tables `mailboxes`, `mailbox_uids`: how far each IMAP mailbox was read, and what became of each message in it.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::Conn;
use super::schema::{mailbox_uids, mailboxes};
use crate::domain::At;
use crate::on;

/// A mailbox and who reads it.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = mailboxes, treat_none_as_default_value = false)]
pub struct MailboxRow {
    /// The configured channel's name.
    pub channel: String,
    /// `INBOX`, …
    pub mailbox: String,
    /// RFC 3501 section 2.3.1.1: when it changes, uids mean nothing any more.
    pub uid_validity: i64,
    /// The highest uid seen.
    pub last_uid: i64,
    /// The node that reads it, and
    pub lease_owner: Option<String>,
    /// until when.
    pub lease_until: Option<At>,
    /// When it was last looked into.
    pub checked_at: Option<At>,
    /// What is wrong, if anything is.
    pub fault: Option<String>,
}

/// One message of a mailbox.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = mailbox_uids, treat_none_as_default_value = false)]
pub struct UidRow {
    /// The configured channel's name.
    pub channel: String,
    /// Which mailbox.
    pub mailbox: String,
    /// Under which validity.
    pub uid_validity: i64,
    /// The message.
    pub uid: i64,
    /// `ingested`, `failed`, `gone`, `oversize`.
    pub state: String,
    /// Times tried.
    pub tries: i64,
    /// What went wrong last.
    pub error: Option<String>,
    /// When.
    pub updated_at: At,
}

/// Takes or renews the lease of a mailbox; gives its row if this node has it now.
pub async fn lease(conn: &mut Conn, channel: &str, mailbox: &str, owner: &str, lease_ms: i64) -> QueryResult<Option<MailboxRow>> {
    let now = conn.db_now().await?;
    let fresh = MailboxRow {
        channel: channel.to_owned(),
        mailbox: mailbox.to_owned(),
        uid_validity: 0,
        last_uid: 0,
        lease_owner: None,
        lease_until: None,
        checked_at: None,
        fault: None,
    };
    on!(conn, c => diesel::insert_into(mailboxes::table).values(&fresh).on_conflict_do_nothing().execute(c).await)?;
    let taken = on!(conn, c => diesel::update(mailboxes::table.filter(
            mailboxes::channel.eq(channel).and(mailboxes::mailbox.eq(mailbox)).and(
                mailboxes::lease_owner.eq(owner).or(mailboxes::lease_owner.is_null()).or(mailboxes::lease_until.lt(now)))))
        .set((mailboxes::lease_owner.eq(Some(owner)), mailboxes::lease_until.eq(Some(now.plus_ms(lease_ms)))))
        .execute(c)
        .await)?;
    if taken == 0 {
        return Ok(None);
    }
    on!(conn, c => mailboxes::table.find((channel, mailbox)).select(MailboxRow::as_select()).first(c).await.optional())
}

/// Gives the lease back, so that another node need not wait for it to run out.
pub async fn release(conn: &mut Conn, channel: &str, mailbox: &str, owner: &str) -> QueryResult<usize> {
    on!(conn, c => diesel::update(mailboxes::table.filter(
            mailboxes::channel.eq(channel).and(mailboxes::mailbox.eq(mailbox)).and(mailboxes::lease_owner.eq(owner))))
        .set((mailboxes::lease_owner.eq(None::<String>), mailboxes::lease_until.eq(None::<At>)))
        .execute(c)
        .await)
}

/// Notes how far the mailbox was read.
pub async fn note_progress(conn: &mut Conn, channel: &str, mailbox: &str, uid_validity: i64, last_uid: i64, now: At) -> QueryResult<usize> {
    on!(conn, c => diesel::update(mailboxes::table.find((channel, mailbox)))
        .set((mailboxes::uid_validity.eq(uid_validity), mailboxes::last_uid.eq(last_uid), mailboxes::checked_at.eq(Some(now)), mailboxes::fault.eq(None::<String>)))
        .execute(c)
        .await)
}

/// Notes what is wrong with the mailbox.
pub async fn note_fault(conn: &mut Conn, channel: &str, mailbox: &str, fault: &str) -> QueryResult<usize> {
    on!(conn, c => diesel::update(mailboxes::table.find((channel, mailbox))).set(mailboxes::fault.eq(Some(fault))).execute(c).await)
}

/// What became of these uids.
pub async fn list_uids(conn: &mut Conn, channel: &str, mailbox: &str, uid_validity: i64, uids: &[i64]) -> QueryResult<Vec<UidRow>> {
    let mut found = Vec::new();
    // SQLite takes some 32,000 parameters.
    for uids in uids.chunks(10_000) {
        let rows: Vec<UidRow> = on!(conn, c => mailbox_uids::table
            .filter(mailbox_uids::channel.eq(channel)
                .and(mailbox_uids::mailbox.eq(mailbox))
                .and(mailbox_uids::uid_validity.eq(uid_validity))
                .and(mailbox_uids::uid.eq_any(uids)))
            .select(UidRow::as_select())
            .load(c)
            .await)?;
        found.extend(rows);
    }
    Ok(found)
}

/// Notes what became of uids, each counting one more try; an ingested one stays so. Gives how many were noted.
pub async fn note_uids(conn: &mut Conn, rows: Vec<UidRow>) -> QueryResult<usize> {
    use diesel::upsert::excluded;
    macro_rules! note {
        ($values:expr) => {
            diesel::query_dsl::methods::FilterDsl::filter(
                diesel::insert_into(mailbox_uids::table)
                    .values($values)
                    .on_conflict((mailbox_uids::channel, mailbox_uids::mailbox, mailbox_uids::uid_validity, mailbox_uids::uid))
                    .do_update()
                    .set((
                        mailbox_uids::state.eq(excluded(mailbox_uids::state)),
                        mailbox_uids::tries.eq(mailbox_uids::tries + 1),
                        mailbox_uids::error.eq(excluded(mailbox_uids::error)),
                        mailbox_uids::updated_at.eq(excluded(mailbox_uids::updated_at)),
                    )),
                mailbox_uids::state.ne("ingested"),
            )
        };
    }
    match conn {
        Conn::Pg(c) => note!(&rows).execute(&mut **c).await,
        Conn::Lite(c) => c.spawn_blocking(move |lite| rows.iter().try_fold(0, |noted, row| Ok(noted + diesel::RunQueryDsl::execute(note!(row), lite)?))).await,
    }
}

/// Every mailbox, for health.
pub async fn list(conn: &mut Conn) -> QueryResult<Vec<MailboxRow>> {
    on!(conn, c => mailboxes::table.order((mailboxes::channel, mailboxes::mailbox)).select(MailboxRow::as_select()).load(c).await)
}

/// Messages that could not be taken in, for the administrator.
pub async fn list_open_uids(conn: &mut Conn) -> QueryResult<Vec<UidRow>> {
    on!(conn, c => mailbox_uids::table
        .filter(mailbox_uids::state.eq_any(["failed", "oversize"]))
        .order(mailbox_uids::updated_at.desc())
        .limit(200)
        .select(UidRow::as_select())
        .load(c)
        .await)
}
