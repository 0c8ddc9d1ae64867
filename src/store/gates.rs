//! Table `channel_gates`: what all nodes agree on about a channel: when its next permit is free, until when its provider
//! asked us to wait, and whether it takes anything at all. Times are the database's, so that every node judges them alike.
//!
//! What follows from a gate is decided in `outbound::pace` and `outbound::breaker`.

use diesel::prelude::*;
use diesel::sql_types::{Nullable, Timestamp};
use diesel_async::RunQueryDsl;

use super::Conn;
use super::schema::channel_gates;
use super::written::{Written, clock_in};
use crate::domain::At;
use crate::on;

/// A channel's gate.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = channel_gates, treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct GateRow {
    /// The configured channel's name.
    pub channel: String,
    /// When the next permit is free; in the past while less leaves than may.
    pub free_at: At,
    /// Nothing leaves before then: the provider asked for patience.
    pub paused_until: Option<At>,
    /// Why nothing leaves but a trial: `outage` or `ours`; none while the channel takes what it is handed.
    pub cause: Option<String>,
    /// Trials since it closed.
    pub trials: i64,
    /// When one text may try it.
    pub next_trial_at: Option<At>,
    /// Since when nothing leaves but a trial.
    pub opened_at: Option<At>,
    /// When something was last known to be taken, to a second or so,
    pub taken_at: Option<At>,
    /// and from which process.
    pub taken_by: Option<String>,
}

/// Further ahead than anything that is written here: only a clock that was put back makes it so.
const TOO_FAR_MS: i64 = 1_200_000;
/// The same of the next permit, which is a tenth of a second ahead and of a slow channel one second more.
const FREE_TOO_FAR_MS: i64 = 2_000;

impl GateRow {
    /// As it stands after the database's clock was put back: what would hold the channel up for that long does not.
    fn straightened(self, at: At) -> Self {
        let limit = at.plus_ms(TOO_FAR_MS);
        let near = |moment: &At| *moment <= limit;
        Self {
            free_at: if self.free_at <= at.plus_ms(FREE_TOO_FAR_MS) { self.free_at } else { at },
            paused_until: self.paused_until.filter(near),
            next_trial_at: self.next_trial_at.map(|moment| if near(&moment) { moment } else { at }),
            opened_at: self.opened_at.filter(|moment| *moment <= at),
            ..self
        }
    }
}

type Clocked = (GateRow, Option<At>);

fn clock() -> Written<Nullable<Timestamp>> {
    clock_in(0)
}

/// The gate as it stands, and the database's clock; none before anything left by the channel.
pub async fn find(conn: &mut Conn, channel: &str) -> QueryResult<Option<(GateRow, At)>> {
    let found: Option<Clocked> = on!(conn, c => channel_gates::table
        .find(channel)
        .select((GateRow::as_select(), clock()))
        .first(c)
        .await
        .optional())?;
    found.map(|(gate, at)| at.map(|at| (gate.straightened(at), at)).ok_or(diesel::result::Error::NotFound)).transpose()
}

/// The gate, which nobody else changes until this transaction ends, and the database's clock. Made if there is none.
pub async fn lock(conn: &mut Conn, channel: &str) -> QueryResult<(GateRow, At)> {
    for _ in 0..2 {
        let found: Option<Clocked> = on!(conn, c => pg channel_gates::table
                .find(channel)
                .select((GateRow::as_select(), clock()))
                .for_update()
                .first(c)
                .await
                .optional(),
            lite channel_gates::table.find(channel).select((GateRow::as_select(), clock())).first(c).await.optional())?;
        if let Some((gate, at)) = found {
            return at.map(|at| (gate.straightened(at), at)).ok_or(diesel::result::Error::NotFound);
        }
        // Free long ago: a first text does not wait.
        let gate = GateRow {
            channel: channel.to_owned(),
            free_at: At::from_unix_ms(0),
            paused_until: None,
            cause: None,
            trials: 0,
            next_trial_at: None,
            opened_at: None,
            taken_at: None,
            taken_by: None,
        };
        on!(conn, c => diesel::insert_into(channel_gates::table).values(&gate).on_conflict_do_nothing().execute(c).await)?;
    }
    Err(diesel::result::Error::NotFound)
}

/// Writes a gate that this transaction has locked.
pub async fn put(conn: &mut Conn, gate: &GateRow) -> QueryResult<usize> {
    on!(conn, c => diesel::update(channel_gates::table.find(&gate.channel)).set(gate).execute(c).await)
}
