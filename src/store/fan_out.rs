//! The fan-out of an alert: a chunk of its audience becomes deliveries within the database, by a cursor in `alerts`.
//!
//! An address is looked at once and then either queued or counted as left out, in the one transaction that moves the cursor:
//! a worker that dies leaves nothing half done, and nothing is done twice. On PostgreSQL a chunk is one statement; SQLite, which
//! has no writing `WITH`, keeps the chunk in a table of its connection between the same steps.

use diesel::QueryResult;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Nullable, Text, Timestamp};
use diesel_async::RunQueryDsl;

use super::alerts::AlertRow;
use super::db::LiteConnection;
use super::outbox::queue_of;
use super::schema::alerts;
use super::views::audience::{self, By, Wanted};
use super::{Conn, Db};
use crate::domain::At;
use crate::domain::ids::Block;
use crate::on;

/// What the copies of an alert go out by.
#[derive(Clone, Debug, Default)]
pub struct Ways {
    /// For phones.
    pub sms: Option<SmsWay>,
    /// Channel and mailbox, for mail.
    pub email: Option<(String, String)>,
    /// Domains that take few mails at once: what is for them waits in a queue of its own.
    pub apart: Vec<String>,
}

/// What texts go out by.
#[derive(Clone, Debug)]
pub struct SmsWay {
    /// The channel's name.
    pub channel: String,
    /// From whom.
    pub from: From,
}

/// Whom a text is from.
#[derive(Clone, Debug)]
pub enum From {
    /// A name, which nobody can answer.
    Name(String),
    /// The number of the pool that the person has had no alert from for longest.
    Pool(Vec<String>),
}

/// One chunk to be made.
#[derive(Clone, Debug)]
pub struct Chunk<'a> {
    /// Of which alert, as it was claimed.
    pub alert: &'a AlertRow,
    /// For whom.
    pub wanted: &'a Wanted,
    /// By what.
    pub ways: &'a Ways,
    /// Priority of the copies.
    pub priority: i64,
    /// About how many addresses there are in all, or none where it does not matter (`count_among`).
    pub among: i64,
    /// At most so many addresses.
    pub limit: u32,
    /// As many ids.
    pub ids: Block,
    /// The process that has claimed the fan-out.
    pub owner: &'a str,
    /// When.
    pub now: At,
    /// After this a copy is not sent any more.
    pub expires_at: At,
}

/// What became of a chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, QueryableByName)]
pub struct Made {
    /// Addresses that were looked at.
    #[diesel(sql_type = BigInt)]
    pub seen: i64,
    /// The last of them.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub cursor: Option<i64>,
    /// Texts that were queued.
    #[diesel(sql_type = BigInt)]
    pub sms: i64,
    /// Mails.
    #[diesel(sql_type = BigInt)]
    pub email: i64,
}

const ALPHABET: &str = "0123456789abcdefghjkmnpqrstvwxyz";
/// Chunks choose numbers one after another, on every node: two alerts at once must not take the same pair.
const TURN: &str = "SELECT pg_advisory_xact_lock(7232614)";

/// Whether this database has one writer, who must not be held up for long.
pub const fn is_single(db: &Db) -> bool {
    matches!(db, Db::Lite { .. })
}

/// So few are looked up from their areas, and more from the cursor on, unless they are a small share of all. The looking up is done
/// anew for each chunk, and on SQLite others wait for it: so many are too many whatever their share.
const FEW: [i64; 2] = [20_000, 150_000];
const FEW_ALONE: [i64; 2] = [5_000, 20_000];
/// From the cursor on, the least chunk that is worth the while looks at so many times the others between its own.
const LEAST: i64 = 1_000;

/// From their areas all are read for a chunk; from the cursor on, those of the chunk and all who stand between them.
fn by(audience_size: i64, among: i64, [few, most]: [i64; 2]) -> By {
    let is_small_share = audience_size.saturating_mul(audience_size) <= among.saturating_mul(LEAST);
    if audience_size <= few || (audience_size <= most && is_small_share) { By::Area } else { By::Address }
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

/// About how many addresses there are, where it matters to an audience of this size; else none.
pub async fn count_among(conn: &mut Conn, audience_size: i64) -> QueryResult<i64> {
    let ([few, most], query) = match conn {
        Conn::Pg(_) => (FEW, "SELECT GREATEST(reltuples, 0)::bigint AS n FROM pg_class WHERE oid = 'addresses'::regclass"),
        Conn::Lite(_) => (FEW_ALONE, "SELECT COUNT(*) AS n FROM addresses"),
    };
    if audience_size <= few || audience_size > most {
        return Ok(0);
    }
    let row: Count = on!(conn, c => diesel::sql_query(query).get_result(c).await)?;
    Ok(row.n)
}

/// Makes one chunk and moves the cursor; `None` if the alert is not this worker's to go on with: another has it, or it is held.
/// Must run in a transaction.
pub async fn make(conn: &mut Conn, chunk: &Chunk<'_>) -> QueryResult<Option<Made>> {
    // Whoever pauses the alert waits for this chunk, or this chunk sees it.
    let still = alerts::id
        .eq(chunk.alert.id)
        .and(alerts::fan_out_owner.eq(chunk.owner))
        .and(alerts::audience_cursor.eq(chunk.alert.audience_cursor))
        .and(alerts::status.eq("publishing"))
        .and(alerts::hold.is_null());
    let found: Option<i64> = match conn {
        Conn::Pg(c) => {
            let found = alerts::table.filter(still).select(alerts::id).for_no_key_update().first(&mut **c).await.optional()?;
            if found.is_some() {
                diesel::sql_query(TURN).execute(&mut **c).await?;
            }
            found
        }
        Conn::Lite(c) => alerts::table.filter(still).select(alerts::id).first(&mut **c).await.optional()?,
    };
    if found.is_none() {
        return Ok(None);
    }
    let made = match conn {
        Conn::Pg(c) => on_pg(c, chunk).await?,
        Conn::Lite(c) => on_lite(c, chunk).await?,
    };
    advance(conn, chunk, made).await?;
    Ok(Some(made))
}

/// The id of a row by its place in the chunk.
fn id_at(ids: Block, place: &str) -> String {
    let [first, bits, shift, node] = ids.parts();
    format!("(((({first} + {place}) >> {bits}) << {shift}) | {node} | (({first} + {place}) & {}))", (1_i64 << bits) - 1)
}

async fn advance(conn: &mut Conn, chunk: &Chunk<'_>, made: Made) -> QueryResult<()> {
    let cursor = made.cursor.unwrap_or(chunk.alert.audience_cursor);
    let change =
        (alerts::audience_cursor.eq(cursor), alerts::queued_sms.eq(alerts::queued_sms + made.sms), alerts::queued_email.eq(alerts::queued_email + made.email));
    on!(conn, c => diesel::update(alerts::table.find(chunk.alert.id)).set(change).execute(c).await)?;
    if made.seen < i64::from(chunk.limit) { finish(conn, chunk).await } else { Ok(()) }
}

/// The last chunk is in: the alert is live, and what it was for adds up.
async fn finish(conn: &mut Conn, chunk: &Chunk<'_>) -> QueryResult<()> {
    // Whoever was counted at publishing and is not there any more; or came into the areas since, if more came than went.
    const SEEN: &str = "(queued_sms + queued_email + COALESCE((SELECT SUM(e.count) FROM alert_exclusions e WHERE e.alert_id = alerts.id), 0))";
    let id = chunk.alert.id;
    let gone = format!(
        "INSERT INTO alert_exclusions (alert_id, reason, count) SELECT id, 'gone', audience_size - {SEEN} FROM alerts WHERE id = {id} AND audience_size > {SEEN}"
    );
    let more = format!("UPDATE alerts SET audience_size = {SEEN} WHERE id = {id} AND audience_size < {SEEN}");
    for statement in [gone, more] {
        on!(conn, c => diesel::sql_query(&statement).execute(c).await)?;
    }
    on!(conn, c => diesel::update(alerts::table.find(id))
        .set((
            alerts::status.eq("live"),
            alerts::fanned_out_at.eq(Some(chunk.now)),
            alerts::fan_out_owner.eq(None::<String>),
            alerts::fan_out_until.eq(None::<At>),
        ))
        .execute(c)
        .await)?;
    Ok(())
}

/// Columns of `deliveries` that a copy has, and what stands in them: of the chunk's row `c` with its place `n` and its number.
fn copy(chunk: &Chunk<'_>, token: &str, [now, name, sms, email, mailbox, expires]: [&str; 6]) -> (&'static str, String) {
    const COLUMNS: &str = "id, purpose, source_id, alert_id, match_key, address, channel_kind, channel, sender, priority, status, token, \
         rank, attempts, next_attempt_at, created_at, expires_at, queue";
    let (alert, id, priority) = (chunk.alert.id, id_at(chunk.ids, "c.n"), chunk.priority);
    let queue = queue(&chunk.ways.apart);
    let values = format!(
        "SELECT {id}, 'alert', {alert}, {alert}, c.match_key, c.value, CASE c.kind WHEN 'phone' THEN 'sms' ELSE 'email' END, \
         CASE c.kind WHEN 'phone' THEN {sms} ELSE {email} END, CASE c.kind WHEN 'phone' THEN COALESCE(c.our_number, {name}) ELSE {mailbox} END, \
         {priority}, 'queued', {token}, 0, 0, {now}, {now}, {expires}, {queue}"
    );
    (COLUMNS, values)
}

/// In which queue a copy waits: its domain's, if that takes few mails at once.
fn queue(apart: &[String]) -> String {
    let quoted = |word: &str| format!("'{}'", word.replace('\'', "''"));
    let each: String = apart.iter().map(|domain| format!("WHEN c.value LIKE {} THEN {} ", quoted(&format!("%@{domain}")), quoted(&queue_of(domain)))).collect();
    if each.is_empty() { "''".to_owned() } else { format!("CASE {each}ELSE '' END") }
}

/// The words of the ways: name, channel for texts, channel for mail, mailbox.
fn words(ways: &Ways) -> [String; 4] {
    let name = match &ways.sms {
        Some(SmsWay { from: From::Name(name), .. }) => name.clone(),
        _ => String::new(),
    };
    let (email, mailbox) = ways.email.clone().unwrap_or_default();
    [name, ways.sms.as_ref().map(|sms| sms.channel.clone()).unwrap_or_default(), email, mailbox]
}

fn pool(ways: &Ways) -> &[String] {
    match &ways.sms {
        Some(SmsWay { from: From::Pool(pool), .. }) => pool,
        _ => &[],
    }
}

/// The order in which `sender_pool::choose` takes numbers of the pool `p` with this person's holds `h`: the one that this alert
/// has already; else one that was never used, or longest ago; of equals the next in turn by the place `n`.
fn turn(alert_id: i64, numbers: usize) -> String {
    format!(
        "CASE WHEN h.alert_id = {alert_id} THEN 0 ELSE 1 END, CASE WHEN h.alert_id = {alert_id} THEN p.number END, \
         h.used_at NULLS FIRST, (p.place - c.n % {numbers} + {numbers}) % {numbers}"
    )
}

/// What `turn` says, for PostgreSQL: the pairs of all who have any, and the number of each row, with the pool in `$6`. Sorting the
/// pool for each person would take as long as writing their row.
fn choice(alert_id: i64, numbers: usize) -> (String, String) {
    let none = "SELECT 0::bigint AS n, NULL::text AS same, NULL::text[] AS numbers WHERE FALSE".to_owned();
    match numbers {
        0 => (none, "SELECT c.*, NULL::text AS our_number FROM chosen c".to_owned()),
        1 => (none, "SELECT c.*, CASE c.kind WHEN 'phone' THEN ($6::text[])[1] END AS our_number FROM chosen c".to_owned()),
        _ => {
            let held = format!(
                "SELECT c.n, MIN(h.our_number) FILTER (WHERE h.alert_id = {alert_id}) AS same, \
                 array_agg(h.our_number ORDER BY h.used_at, (p.place - 1 - c.n % {numbers} + {numbers}) % {numbers}) AS numbers \
                 FROM chosen c JOIN pair_holds h ON h.match_key = c.match_key \
                 JOIN unnest($6::text[]) WITH ORDINALITY AS p (number, place) ON p.number = h.our_number WHERE c.kind = 'phone' GROUP BY c.n"
            );
            // The first in turn that they have never had.
            let fresh: String = (0..numbers)
                .map(|step| format!("WHEN NOT ($6::text[])[1 + (c.n + {step}) % {numbers}] = ANY(COALESCE(t.numbers, '{{}}')) THEN ($6::text[])[1 + (c.n + {step}) % {numbers}] "))
                .collect();
            let number = format!(
                "SELECT c.*, CASE c.kind WHEN 'phone' THEN COALESCE(t.same, CASE {fresh}END, t.numbers[1]) END AS our_number \
                 FROM chosen c LEFT JOIN held t ON t.n = c.n"
            );
            (held, number)
        }
    }
}

async fn on_pg(c: &mut diesel_async::AsyncPgConnection, chunk: &Chunk<'_>) -> QueryResult<Made> {
    let by = by(chunk.alert.audience_size, chunk.among, FEW);
    let decided = audience::decided(chunk.wanted, by, chunk.alert.audience_cursor, i64::from(chunk.limit));
    let (alert, pool) = (chunk.alert.id, pool(chunk.ways));
    let (held, number) = choice(alert, pool.len());
    // Sixteen times five bits of a random UUID; the two of its bytes that hold its version are made up from the rest of others.
    let byte = |place: usize| match place {
        6 => "((get_byte(c.u, 6) & 15) | ((get_byte(c.u, 0) & 128) >> 3))".to_owned(),
        place => format!("(get_byte(c.u, {place}) & 31)"),
    };
    let token = (0..16).map(|place| format!("substr('{ALPHABET}', {} + 1, 1)", byte(place))).collect::<Vec<_>>().join(" || ");
    let (columns, values) = copy(chunk, &token, ["$1", "$2", "$3", "$4", "$5", "$7"]);
    let query = format!(
        "WITH seen AS MATERIALIZED ({decided}), \
         chosen AS MATERIALIZED (SELECT s.*, row_number() OVER (ORDER BY s.id) - 1 AS n, uuid_send(gen_random_uuid()) AS u FROM seen s WHERE s.reason IS NULL), \
         held AS MATERIALIZED ({held}), paired AS MATERIALIZED ({number}), \
         holds AS (INSERT INTO pair_holds (our_number, match_key, alert_id, used_at) \
             SELECT our_number, match_key, {alert}, $1 FROM paired WHERE our_number IS NOT NULL ORDER BY match_key, our_number \
             ON CONFLICT (match_key, our_number) DO UPDATE SET alert_id = excluded.alert_id, used_at = excluded.used_at), \
         queued AS (INSERT INTO deliveries ({columns}) {values} FROM paired c ON CONFLICT (purpose, source_id, address) DO NOTHING RETURNING channel_kind), \
         left_out AS (INSERT INTO alert_exclusions (alert_id, reason, count) SELECT {alert}, reason, COUNT(*) FROM seen WHERE reason IS NOT NULL \
             GROUP BY reason ON CONFLICT (alert_id, reason) DO UPDATE SET count = alert_exclusions.count + excluded.count) \
         SELECT (SELECT COUNT(*) FROM seen) AS seen, (SELECT MAX(id) FROM seen) AS cursor, \
         COUNT(*) FILTER (WHERE channel_kind = 'sms') AS sms, COUNT(*) FILTER (WHERE channel_kind = 'email') AS email FROM queued"
    );
    let [name, sms, email, mailbox] = words(chunk.ways);
    diesel::sql_query(query)
        .bind::<Timestamp, _>(chunk.now)
        .bind::<Text, _>(name)
        .bind::<Text, _>(sms)
        .bind::<Text, _>(email)
        .bind::<Text, _>(mailbox)
        .bind::<Array<Text>, _>(pool.to_vec())
        .bind::<Timestamp, _>(chunk.expires_at)
        .get_result(c)
        .await
}

const LITE_TABLES: &[&str] = &[
    "CREATE TEMP TABLE IF NOT EXISTS fan_out (id INTEGER PRIMARY KEY NOT NULL, n INTEGER, kind TEXT NOT NULL, value TEXT NOT NULL, match_key BLOB NOT NULL, \
     reason TEXT, our_number TEXT)",
    "CREATE TEMP TABLE IF NOT EXISTS fan_out_pool (place INTEGER PRIMARY KEY NOT NULL, number TEXT NOT NULL)",
    "DELETE FROM temp.fan_out",
    "DELETE FROM temp.fan_out_pool",
];

async fn on_lite(c: &mut LiteConnection, chunk: &Chunk<'_>) -> QueryResult<Made> {
    let by = by(chunk.alert.audience_size, chunk.among, FEW_ALONE);
    let decided = audience::decided(chunk.wanted, by, chunk.alert.audience_cursor, i64::from(chunk.limit));
    let (alert, now, pool, words) = (chunk.alert.id, chunk.now, pool(chunk.ways).to_vec(), words(chunk.ways));
    let expires_at = chunk.expires_at;
    let draw = format!(
        "INSERT INTO temp.fan_out (id, n, kind, value, match_key, reason) SELECT id, \
         SUM(CASE WHEN reason IS NULL THEN 1 ELSE 0 END) OVER (ORDER BY id) - 1, kind, value, match_key, reason FROM ({decided})"
    );
    let choose = match pool.len() {
        0 => None,
        1 => Some("UPDATE temp.fan_out SET our_number = (SELECT number FROM temp.fan_out_pool) WHERE reason IS NULL AND kind = 'phone'".to_owned()),
        numbers => Some(format!(
            "UPDATE temp.fan_out AS c SET our_number = (SELECT p.number FROM temp.fan_out_pool p \
             LEFT JOIN pair_holds h ON h.match_key = c.match_key AND h.our_number = p.number ORDER BY {} LIMIT 1) \
             WHERE c.reason IS NULL AND c.kind = 'phone'",
            turn(alert, numbers)
        )),
    };
    // SQLite's own generator, ChaCha20 seeded by the system: sixteen times five bits.
    let token = vec![format!("substr('{ALPHABET}', (random() & 31) + 1, 1)"); 16].join(" || ");
    // SQLite numbers parameters as they come, whatever they are called: these are named.
    let (columns, values) = copy(chunk, &token, ["w.now", "w.name", "w.sms", "w.email", "w.mailbox", "w.expires"]);
    let queue = |kind: &str| {
        format!(
            "INSERT INTO deliveries ({columns}) {values} FROM temp.fan_out c, (SELECT ? AS now, ? AS name, ? AS sms, ? AS email, ? AS mailbox, ? AS expires) w \
             WHERE c.reason IS NULL AND c.kind = '{kind}' ORDER BY c.id ON CONFLICT (purpose, source_id, address) DO NOTHING"
        )
    };
    let (phones, mails) = (queue("phone"), queue("email"));
    let holds = format!(
        "INSERT INTO pair_holds (our_number, match_key, alert_id, used_at) SELECT our_number, match_key, {alert}, ? FROM temp.fan_out \
         WHERE our_number IS NOT NULL ORDER BY match_key, our_number \
         ON CONFLICT (match_key, our_number) DO UPDATE SET alert_id = excluded.alert_id, used_at = excluded.used_at"
    );
    let left_out = format!(
        "INSERT INTO alert_exclusions (alert_id, reason, count) SELECT {alert}, reason, COUNT(*) FROM temp.fan_out WHERE reason IS NOT NULL GROUP BY reason \
         ON CONFLICT (alert_id, reason) DO UPDATE SET count = alert_exclusions.count + excluded.count"
    );
    c.spawn_blocking(move |lite| {
        for statement in LITE_TABLES {
            diesel::RunQueryDsl::execute(diesel::sql_query(*statement), lite)?;
        }
        diesel::RunQueryDsl::execute(diesel::sql_query(draw), lite)?;
        for (place, number) in (0_i64..).zip(pool) {
            let insert = diesel::sql_query("INSERT INTO temp.fan_out_pool (place, number) VALUES (?, ?)");
            diesel::RunQueryDsl::execute(insert.bind::<BigInt, _>(place).bind::<Text, _>(number), lite)?;
        }
        if let Some(choose) = choose {
            diesel::RunQueryDsl::execute(diesel::sql_query(choose), lite)?;
        }
        diesel::RunQueryDsl::execute(diesel::sql_query(holds).bind::<Timestamp, _>(now), lite)?;
        let [name, sms, email, mailbox] = words;
        let mut queue = |statement: String| {
            let bound = diesel::sql_query(statement).bind::<Timestamp, _>(now).bind::<Text, _>(&name).bind::<Text, _>(&sms);
            let queued = diesel::RunQueryDsl::execute(bound.bind::<Text, _>(&email).bind::<Text, _>(&mailbox).bind::<Timestamp, _>(expires_at), lite)?;
            QueryResult::Ok(i64::try_from(queued).unwrap_or(i64::MAX))
        };
        let (texts, letters) = (queue(phones)?, queue(mails)?);
        diesel::RunQueryDsl::execute(diesel::sql_query(left_out), lite)?;
        let seen = diesel::sql_query("SELECT COUNT(*) AS seen, MAX(id) AS cursor, 0 AS sms, 0 AS email FROM temp.fan_out");
        let seen: Made = diesel::RunQueryDsl::get_result(seen, lite)?;
        Ok(Made { sms: texts, email: letters, ..seen })
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_share_of_many_is_looked_up_from_its_areas_and_a_large_one_from_the_cursor_on() {
        for (size, among, pg, lite) in [
            (4_000, 0, By::Area, By::Area),
            (6_000, 1_000_000, By::Area, By::Area),
            (6_000, 10_000, By::Area, By::Address),
            (25_000, 20_000_000, By::Area, By::Address),
            (25_000, 50_000, By::Address, By::Address),
            (1_000_000, 70_000_000, By::Address, By::Address),
        ] {
            assert_eq!((by(size, among, FEW), by(size, among, FEW_ALONE)), (pg, lite), "{size} of {among}");
        }
    }
}
