//! Read model of search: what fits, newest first, among what one may see; and who else has what was recognised.
//!
//! A common word stands in half of all messages, and nobody reads half of all messages. So the newest are looked at first;
//! if they give too few, the index is asked how common the words are: rare ones are fetched wherever they stand, and common
//! ones sought further back step by step. Whoever sees few conversations has theirs read through instead. Every step looks at
//! a bounded number of rows, and where that was not all, the answer says how far back it reaches.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};
use diesel_async::RunQueryDsl;

use super::inbox::{self, InboxRow, Narrow, View};
use crate::domain::place;
use crate::domain::search::{Clause, Query, Term};
use crate::domain::sight::Sight;
use crate::on;
use crate::store::Conn;

/// No more hits than this are fetched and ranked.
pub const RANKED: usize = 500;
/// How many of the newest entries are looked at first, and
const FIRST: i64 = 4_000;
/// with each step further back;
const STEP: i64 = 20_000;
/// and how many steps there are at the most.
const STEPS: usize = 4;
/// Words that fit fewer entries than this are fetched wherever they stand.
const RARE: i64 = 10_000;
/// Whoever sees fewer conversations than this has them read through.
const FEW: i64 = 2_000;
/// And so many of their entries.
const READ_THROUGH: i64 = 12_000;
/// Of a long mail the first so many characters are ranked by.
const RANKED_CHARACTERS: usize = 2_000;

/// What is asked.
#[derive(Clone, Debug)]
pub struct Asked<'a> {
    /// The words.
    pub query: &'a Query,
    /// `message`, `note`, `file`; none: all.
    pub kinds: &'a [&'static str],
    /// Who asks.
    pub sight: &'a Sight,
    /// A part of the inbox; none: open and closed, all that they may see.
    pub view: Option<View>,
    /// What narrows it.
    pub narrow: Narrow,
    /// From this id of a moment on, and
    pub from_id: i64,
    /// before this one.
    pub until_id: i64,
}

/// An entry that fits.
#[derive(Clone, QueryableByName)]
pub struct HitRow {
    /// The entry's.
    #[diesel(sql_type = BigInt)]
    pub id: i64,
    /// In which message, or with which it came.
    #[diesel(sql_type = BigInt)]
    pub message_id: i64,
    /// In which conversation.
    #[diesel(sql_type = BigInt)]
    pub conversation_id: i64,
    /// `message`, `note`, `file`.
    #[diesel(sql_type = Text)]
    pub kind: String,
    /// Its folded words.
    #[diesel(sql_type = Text)]
    pub words: String,
    /// What neighbours are as one.
    #[diesel(sql_type = Text)]
    pub joined: String,
}

/// What fits, newest first.
#[derive(Default)]
pub struct Hits {
    /// At most [`RANKED`].
    pub hits: Vec<HitRow>,
    /// There are more, or not all was looked at: so far back it was.
    pub back_to: Option<i64>,
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

#[derive(QueryableByName)]
struct MaybeNumber {
    #[diesel(sql_type = Nullable<BigInt>)]
    n: Option<i64>,
}

/// What one may see, as a condition on `c`. Ids are our own numbers.
fn seen(sight: &Sight) -> String {
    if sight.blind {
        return "FALSE".to_owned();
    }
    if sight.force {
        return "TRUE".to_owned();
    }
    let list = |ids: &[i64]| ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
    let mut any = vec!["c.alert_id IS NULL".to_owned()];
    for (column, ids) in [("c.owner_id", &sight.owners), ("c.team_id", &sight.teams)] {
        any.extend((!ids.is_empty()).then(|| format!("{column} IN ({})", list(ids))));
    }
    format!("({})", any.join(" OR "))
}

/// The part of the inbox, as conditions on `c` that follow others.
fn part(view: Option<View>, sight: &Sight) -> String {
    let list = |ids: &[i64]| if ids.is_empty() { "NULL".to_owned() } else { ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(",") };
    match view {
        None => String::new(),
        Some(View::Mine) => format!(" AND c.owner_id IN ({})", list(&sight.owners)),
        Some(View::Team) => format!(" AND c.team_id IN ({})", list(&sight.teams)),
        Some(View::Unattributed) => " AND c.alert_id IS NULL".to_owned(),
        Some(View::Waiting) => format!(" AND c.status = 'open' AND c.place < {}", 3 * place::BAND),
        Some(View::Closed) => " AND c.status = 'closed'".to_owned(),
        Some(View::All) => " AND c.status = 'open'".to_owned(),
    }
}

impl Asked<'_> {
    fn conversations(&self) -> String {
        format!("{}{}{}", seen(self.sight), part(self.view, self.sight), self.narrow.condition())
    }

    fn entries(&self) -> String {
        if self.kinds.is_empty() {
            return String::new();
        }
        format!(" AND e.kind IN ({})", self.kinds.iter().map(|kind| format!("'{kind}'")).collect::<Vec<_>>().join(","))
    }

    /// Every conversation of the force, so that reading them through is out of the question.
    fn is_wide(&self) -> bool {
        self.sight.force && self.view.is_none() && self.narrow == Narrow::default()
    }
}

/// Ids from and up to but without.
#[derive(Clone, Copy)]
struct Span {
    from: i64,
    until: i64,
}

/// What fits. Call it within `Conn::snapshot`: it sets, for the transaction, how PostgreSQL plans.
pub async fn hits(conn: &mut Conn, asked: &Asked<'_>) -> QueryResult<Hits> {
    // The planner knows how common a word is, but not how common a phrase, a beginning or a word that it has never seen is,
    // and would then read whole tables. What is joined here is never more than a few thousand rows, each by its key.
    for setting in ["enable_seqscan = off", "enable_hashjoin = off", "enable_mergejoin = off", "jit = off", "work_mem = '32MB'", "statement_timeout = '4s'"] {
        let setting = format!("SET LOCAL {setting}");
        if let Conn::Pg(c) = &mut *conn {
            diesel::sql_query(&setting).execute(&mut **c).await?;
        }
    }
    let all = Span { from: asked.from_id, until: asked.until_id };
    let mut window = Span { from: step_back(conn, all, FIRST).await?, until: all.until };
    let mut found = Hits { hits: fetch(conn, asked, window, true, RANKED + 1).await?, back_to: None };
    if found.hits.len() > RANKED || window.from <= all.from {
        return Ok(cut(found, None));
    }
    if count(conn, &asked.query.relaxed(), all).await? <= RARE {
        let hits = fetch(conn, asked, all, false, RANKED + 1).await?;
        return Ok(cut(Hits { hits, back_to: None }, None));
    }
    if !asked.is_wide() && count_conversations(conn, asked).await? <= FEW {
        return read_through(conn, asked, all).await;
    }
    for _ in 0..STEPS {
        window = Span { from: step_back(conn, Span { from: all.from, until: window.from }, STEP).await?, until: window.from };
        let wanted = (RANKED + 1).saturating_sub(found.hits.len());
        found.hits.extend(fetch(conn, asked, window, true, wanted).await?);
        if found.hits.len() > RANKED || window.from <= all.from {
            break;
        }
    }
    Ok(cut(found, (window.from > all.from).then_some(window.from)))
}

/// No more than are ranked; how far back that reaches.
fn cut(mut found: Hits, looked_back_to: Option<i64>) -> Hits {
    let more = found.hits.len() > RANKED;
    found.hits.truncate(RANKED);
    found.back_to = if more { found.hits.last().map(|hit| hit.id) } else { looked_back_to };
    found
}

/// The id so many entries back, or where the span begins.
async fn step_back(conn: &mut Conn, span: Span, entries: i64) -> QueryResult<i64> {
    let query =
        format!("SELECT (SELECT id FROM search_entries WHERE id >= {} AND id < {} ORDER BY id DESC LIMIT 1 OFFSET {entries}) AS n", span.from, span.until);
    let found: MaybeNumber = on!(conn, c => diesel::sql_query(&query).get_result(c).await)?;
    Ok(found.n.unwrap_or(span.from))
}

/// How many entries fit, one more than [`RARE`] at the most.
async fn count(conn: &mut Conn, query: &Query, span: Span) -> QueryResult<i64> {
    let Span { from, until } = span;
    let limit = RARE + 1;
    let pg = format!(
        "SELECT COUNT(*) AS n FROM (SELECT 1 FROM search_words WHERE lexemes @@ $1::tsquery AND id >= {from} AND id < {until} LIMIT {limit}) AS counted"
    );
    let lite =
        format!("SELECT COUNT(*) AS n FROM (SELECT 1 FROM search_words WHERE search_words MATCH $1 AND rowid >= {from} AND rowid < {until} LIMIT {limit})");
    let found: Number = on!(conn, c =>
        pg diesel::sql_query(&pg).bind::<Text, _>(tsquery(query)).get_result(c).await,
        lite diesel::sql_query(&lite).bind::<Text, _>(fts5(query)).get_result(c).await)?;
    Ok(found.n)
}

const HIT: &str = "e.id, e.message_id, m.conversation_id, e.kind";

fn columns() -> String {
    format!("{HIT}, substr(e.words, 1, {RANKED_CHARACTERS}) AS words, substr(e.joined, 1, {RANKED_CHARACTERS}) AS joined")
}

/// The newest that fit within a span, so many at the most. In `order` the span is walked from its end, and the walk ends
/// with the last that is wanted; else the index gives all.
async fn fetch(conn: &mut Conn, asked: &Asked<'_>, span: Span, order: bool, limit: usize) -> QueryResult<Vec<HitRow>> {
    let Span { from, until } = span;
    let (columns, conversations, entries) = (columns(), asked.conversations(), asked.entries());
    // By a sum and not by the key itself: by the key, the planner would walk the table instead of asking the index.
    let (id, walk) = if order { ("id", "ORDER BY id DESC") } else { ("id + 0 AS id", "ORDER BY 1 DESC OFFSET 0") };
    let pg = format!(
        "SELECT {columns} FROM (SELECT {id} FROM search_words WHERE lexemes @@ $1::tsquery AND id >= {from} AND id < {until} {walk}) AS w \
         JOIN search_entries e ON e.id = w.id JOIN messages m ON m.id = e.message_id JOIN conversations c ON c.id = m.conversation_id \
         WHERE {conversations}{entries} ORDER BY w.id DESC LIMIT {limit}"
    );
    let lite = format!(
        "SELECT {columns} FROM search_words w CROSS JOIN search_entries e ON e.id = w.rowid CROSS JOIN messages m ON m.id = e.message_id \
         CROSS JOIN conversations c ON c.id = m.conversation_id \
         WHERE w.search_words MATCH $1 AND w.rowid >= {from} AND w.rowid < {until} AND {conversations}{entries} ORDER BY w.rowid DESC LIMIT {limit}"
    );
    on!(conn, c =>
        pg diesel::sql_query(&pg).bind::<Text, _>(tsquery(asked.query)).load(c).await,
        lite diesel::sql_query(&lite).bind::<Text, _>(fts5(asked.query)).load(c).await)
}

async fn count_conversations(conn: &mut Conn, asked: &Asked<'_>) -> QueryResult<i64> {
    let query = format!("SELECT COUNT(*) AS n FROM (SELECT 1 FROM conversations c WHERE {} LIMIT {}) AS counted", asked.conversations(), FEW + 1);
    let found: Number = on!(conn, c => diesel::sql_query(&query).get_result(c).await)?;
    Ok(found.n)
}

/// The entries of the few conversations there are, each held against the words here.
async fn read_through(conn: &mut Conn, asked: &Asked<'_>, span: Span) -> QueryResult<Hits> {
    let query = format!(
        "SELECT {HIT}, e.words, e.joined FROM conversations c JOIN messages m ON m.conversation_id = c.id JOIN search_entries e ON e.message_id = m.id \
         WHERE {}{} AND e.id >= {} AND e.id < {} ORDER BY e.id DESC LIMIT {READ_THROUGH}",
        asked.conversations(),
        asked.entries(),
        span.from,
        span.until
    );
    let mut hits: Vec<HitRow> = on!(conn, c => diesel::sql_query(&query).load(c).await)?;
    let back_to = hits.last().map(|hit| hit.id).filter(|_| i64::try_from(hits.len()).unwrap_or(i64::MAX) >= READ_THROUGH);
    // Whole, however long a mail is; they are ranked by their beginning, as those that an index finds.
    hits.retain(|hit| asked.query.fit(&hit.words, &hit.joined) > 0.0);
    for hit in &mut hits {
        for words in [&mut hit.words, &mut hit.joined] {
            if let Some((end, _)) = words.char_indices().nth(RANKED_CHARACTERS) {
                words.truncate(end);
            }
        }
    }
    Ok(cut(Hits { hits, back_to: None }, back_to))
}

/// As PostgreSQL writes it. Words are letters and digits alone, so nothing in them can mean anything to it.
fn tsquery(query: &Query) -> String {
    let together = |words: &[String], with: &str| format!("({})", words.iter().map(|word| format!("'{word}'")).collect::<Vec<_>>().join(with));
    let term = |term: &Term| match term {
        Term::Word(word) => format!("'{word}'"),
        Term::Prefix(head) => format!("'{head}':*"),
        Term::Phrase(words) => together(words, " <-> "),
        Term::All(words) => together(words, " & "),
    };
    let clause = |clause: &Clause| format!("({})", clause.any.iter().map(term).collect::<Vec<_>>().join(" | "));
    let parts = query.wanted.iter().map(clause).chain(query.unwanted.iter().map(|unwanted| format!("!{}", clause(unwanted))));
    parts.collect::<Vec<_>>().join(" & ")
}

/// As FTS5 writes it.
fn fts5(query: &Query) -> String {
    let together = |words: &[String], with: &str| format!("({})", words.iter().map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(with));
    let term = |term: &Term| match term {
        Term::Word(word) => format!("\"{word}\""),
        Term::Prefix(head) => format!("\"{head}\" *"),
        Term::Phrase(words) => format!("words : \"{}\"", words.join(" ")),
        Term::All(words) => together(words, " AND "),
    };
    let clause = |clause: &Clause| format!("({})", clause.any.iter().map(term).collect::<Vec<_>>().join(" OR "));
    let wanted = query.wanted.iter().map(clause).collect::<Vec<_>>().join(" AND ");
    if query.unwanted.is_empty() {
        return wanted;
    }
    format!("({wanted}) NOT ({})", query.unwanted.iter().map(clause).collect::<Vec<_>>().join(" OR "))
}

/// The lines of these conversations, in no order.
pub async fn lines(conn: &mut Conn, conversation_ids: &[i64]) -> QueryResult<Vec<InboxRow>> {
    if conversation_ids.is_empty() {
        return Ok(Vec::new());
    }
    let ids = conversation_ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
    let query = inbox::lines(&format!("SELECT id, place FROM conversations WHERE id IN ({ids})"));
    on!(conn, c => diesel::sql_query(&query).load(c).await)
}

/// The text that an entry was made of.
#[derive(QueryableByName)]
pub struct SourceRow {
    /// The entry's.
    #[diesel(sql_type = BigInt)]
    pub id: i64,
    /// Of a mail.
    #[diesel(sql_type = Nullable<Text>)]
    pub subject: Option<String>,
    /// Of the message.
    #[diesel(sql_type = Text)]
    pub text: String,
    /// Of the file, if the entry is of one.
    #[diesel(sql_type = Nullable<Text>)]
    pub filename: Option<String>,
}

/// What these entries were made of.
pub async fn sources(conn: &mut Conn, entry_ids: &[i64]) -> QueryResult<Vec<SourceRow>> {
    if entry_ids.is_empty() {
        return Ok(Vec::new());
    }
    let ids = entry_ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
    let query = format!(
        "SELECT e.id, m.subject, m.text, f.filename FROM search_entries e JOIN messages m ON m.id = e.message_id \
         LEFT JOIN attachments f ON f.id = e.id WHERE e.id IN ({ids})"
    );
    on!(conn, c => diesel::sql_query(&query).load(c).await)
}

#[derive(QueryableByName)]
struct TagRow {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = Text)]
    name: String,
}

/// Tags in use, by name, with their ids.
pub async fn tags(conn: &mut Conn) -> QueryResult<Vec<(i64, String)>> {
    let rows: Vec<TagRow> = on!(conn, c => diesel::sql_query("SELECT id, name FROM tags WHERE retired_at IS NULL ORDER BY name").load(c).await)?;
    Ok(rows.into_iter().map(|row| (row.id, row.name)).collect())
}

/// A conversation in which something was recognised, and the last message that has it.
#[derive(Clone, QueryableByName)]
pub struct SharedRow {
    /// The conversation.
    #[diesel(sql_type = BigInt)]
    pub conversation_id: i64,
    /// The last message with it.
    #[diesel(sql_type = BigInt)]
    pub message_id: i64,
}

/// Nobody reads further than this.
pub const SHARED: i64 = 500;

/// The newest findings of a value that are looked at.
const LOOKED_AT: i64 = 5_000;

/// Who else has it: conversations that one may see, newest first, and how many there are that one may not.
pub async fn sharing(conn: &mut Conn, kind: &str, value: &str, sight: &Sight) -> QueryResult<(Vec<SharedRow>, i64)> {
    let newest = format!("(SELECT message_id FROM findings WHERE kind = $1 AND value = $2 ORDER BY message_id DESC LIMIT {LOOKED_AT}) AS f");
    let from = format!("FROM {newest} JOIN messages m ON m.id = f.message_id JOIN conversations c ON c.id = m.conversation_id");
    let seen = seen(sight);
    let list =
        format!("SELECT m.conversation_id, MAX(m.id) AS message_id {from} WHERE {seen} GROUP BY m.conversation_id ORDER BY MAX(m.id) DESC LIMIT {SHARED}");
    let others = format!("SELECT COUNT(DISTINCT m.conversation_id) AS n {from} WHERE NOT COALESCE({seen}, FALSE)");
    let rows = on!(&mut *conn, c => diesel::sql_query(&list).bind::<Text, _>(kind).bind::<Text, _>(value).load(c).await)?;
    let unseen: Number = on!(conn, c => diesel::sql_query(&others).bind::<Text, _>(kind).bind::<Text, _>(value).get_result(c).await)?;
    Ok((rows, unseen.n))
}

/// How many conversations share each of these values, whether or not one may see them: kind, value, count.
pub async fn count_sharing(conn: &mut Conn, values: &[(String, String)], sight: &Sight) -> QueryResult<Vec<i64>> {
    let mut counts = Vec::with_capacity(values.len());
    for (kind, value) in values {
        let query = format!(
            "SELECT COUNT(DISTINCT m.conversation_id) AS n FROM (SELECT message_id FROM findings WHERE kind = $1 AND value = $2 \
             ORDER BY message_id DESC LIMIT 200) AS f JOIN messages m ON m.id = f.message_id JOIN conversations c ON c.id = m.conversation_id WHERE {}",
            seen(sight)
        );
        let found: Number = on!(&mut *conn, c => diesel::sql_query(&query).bind::<Text, _>(kind).bind::<Text, _>(value).get_result(c).await)?;
        counts.push(found.n);
    }
    Ok(counts)
}
