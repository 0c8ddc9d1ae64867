//! A year of replies, for the figures that ask how the desk stands it: five messages a conversation, in the inboxes of eight
//! teams, one conversation in forty still open and one in twelve in the tray.
//!
//! Set up by statements of the databases' own: a million inserts one by one would take an hour.

use anyhow::Context;
use diesel_async::RunQueryDsl;
use huecry::app::App;
use huecry::domain::ids::Ids;
use huecry::domain::place::BAND;
use huecry::store::Conn;
use huecry::store::accounts::{self, OfficerRow, TeamRow};

const TEAMS: i64 = 8;
const ALERTS: i64 = 2_000;
/// Words of a sighting: the first two stand in half of all messages, the next in a third, the last in a thirteenth.
const WORDS: [&str; 24] = [
    "the", "van", "saw", "white", "road", "near", "church", "night", "man", "dog", "yes", "red", "car", "lane", "about", "nine", "shed", "camera", "ladder",
    "gate", "quarry", "bridge", "chapel", "heron",
];
const AT: &str = "'2026-01-01 00:00:00.000000'";

/// Whether the words can be searched.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Planted {
    Searchable,
    Plain,
}

/// Who looks at them.
pub(crate) struct People {
    /// Sees all of the force.
    pub(crate) desk: OfficerRow,
    /// Of one of the eight teams.
    pub(crate) officer: OfficerRow,
}

/// Fills the database with so many messages, and as an autovacuum would have left it.
pub(crate) async fn plant(app: &App, messages: i64, words: Planted) -> anyhow::Result<People> {
    let now = app.now();
    let teams: Vec<TeamRow> = (0..TEAMS).map(|n| TeamRow { id: app.next_id(), name: format!("Team {n}"), area_id: None, created_at: now }).collect();
    let officer = |name: &str, role: &str, team_id| OfficerRow {
        id: app.next_id(),
        email: format!("{name}@force.example"),
        name: name.into(),
        password_hash: String::new(),
        role: role.into(),
        team_id,
        away_until: None,
        cover_id: None,
        disabled_at: None,
        created_at: now,
        reads_replies: false,
    };
    let first_team = teams.as_slice().first().map(|team| team.id);
    let people = People { desk: officer("desk", "duty_desk", None), officer: officer("team", "officer", first_team) };
    let mut conn = app.write().await?;
    accounts::insert_teams(&mut conn, teams.clone()).await?;
    accounts::insert_officers(&mut conn, vec![people.desk.clone(), people.officer.clone()]).await?;
    let year = Year {
        pg: matches!(conn, Conn::Pg(_)),
        messages,
        owner: people.officer.id,
        teams: teams.iter().map(|team| team.id).collect(),
        from: Ids::floor(now.minus_days(365)),
        until: Ids::floor(now),
        now_ms: now.unix_ms(),
    };
    for statement in year.statements(words) {
        huecry::on!(&mut conn, c => diesel::sql_query(&statement).execute(c).await).with_context(|| statement.chars().take(120).collect::<String>())?;
    }
    Ok(people)
}

struct Year {
    pg: bool,
    messages: i64,
    owner: i64,
    teams: Vec<i64>,
    /// Ids that would be made at its beginning and at its end.
    from: i64,
    until: i64,
    now_ms: i64,
}

impl Year {
    fn series(&self, count: i64) -> String {
        if self.pg {
            format!("generate_series(1::bigint, {count}) AS s (n)")
        } else {
            format!("(WITH RECURSIVE s (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {count}) SELECT n FROM s) AS s")
        }
    }

    fn conversations(&self) -> i64 {
        self.messages / 5
    }

    fn statements(&self, planted: Planted) -> Vec<String> {
        let (from, conversations) = (self.from, self.conversations());
        let step = (self.until - from) / self.messages;
        let blob = |of: &str| if self.pg { format!("decode(lpad(to_hex({of}), 16, '0'), 'hex')") } else { format!("CAST(printf('%016x', {of}) AS BLOB)") };
        // Each next word stands in fewer messages; numbers spread them without any order.
        let word = |(rank, word): (i64, &str)| {
            let (factor, shift, nth) = (7_919 + 104_730 * rank, rank * 31, rank / 2 + 2);
            format!("CASE WHEN ((s.n * {factor} + {shift}) % 1000003) % {nth} = 0 THEN '{word} ' ELSE '' END")
        };
        let words = (0_i64..).zip(WORDS).map(word).collect::<Vec<_>>().join(" || ");
        let mut all = vec![
            format!(
                "INSERT INTO alerts (id, reference, kind, urgency, title, status, version, owner_id, send_again_on_doubt, audience_mark, audience_cursor, \
                 expected_sms, expected_email, created_at, two_way) \
                 SELECT s.n, 'A' || s.n, 'appeal', 'routine', 'A van was taken in Mill Lane', 'live', 1, {}, FALSE, 0, 0, 0, 0, {AT}, TRUE FROM {}",
                self.owner,
                self.series(ALERTS)
            ),
            format!(
                "INSERT INTO correspondents (id, public_id, match_key, kind, address, created_at) SELECT s.n, 'k' || s.n, {}, 'phone', '+44' || s.n, {AT} FROM {}",
                blob("s.n"),
                self.series(conversations)
            ),
            self.of_conversations(),
            format!(
                "INSERT INTO messages (id, public_id, conversation_id, direction, channel, channel_kind, class, text, folded, ordinal, method, confidence, evidence, \
                 third_party, possible_duplicate, received_at) SELECT {from} + s.n * {step}, 'm' || s.n, 1 + s.n % {conversations}, 'in', 'sms', 'sms', 'reply', \
                 {words} || 'zebra' || (s.n % 100000), '', 0, 'pair', 'certain', '', FALSE, FALSE, {AT} FROM {}",
                self.series(self.messages)
            ),
        ];
        let searchable = planted == Planted::Searchable;
        // Otherwise the gateway would first make them so, beside what is measured.
        all.push("INSERT INTO settings (key, value) VALUES ('search_filled_down_to', '0')".to_owned());
        if searchable {
            all.push(format!(
                "INSERT INTO search_entries (id, message_id, kind, words, joined) SELECT {from} + s.n * {step}, {from} + s.n * {step}, 'message', {words} || 'zebra' || (s.n % 100000), '' FROM {}",
                self.series(self.messages)
            ));
        }
        if !self.pg {
            all.push("ANALYZE".to_owned());
            return all;
        }
        if searchable {
            all.push("DROP INDEX search_words_lexemes".to_owned());
            all.push("INSERT INTO search_words (id, lexemes) SELECT id, to_tsvector('simple', words) FROM search_entries".to_owned());
            all.push("CREATE INDEX search_words_lexemes ON search_words USING GIN (lexemes) WITH (gin_pending_list_limit = 512)".to_owned());
        }
        for table in ["search_words", "search_entries", "messages", "conversations", "correspondents", "alerts"] {
            all.push(format!("VACUUM ANALYZE {table}"));
        }
        all
    }

    fn of_conversations(&self) -> String {
        let team = format!("CASE s.n % {TEAMS} {} END", (0..).zip(&self.teams).map(|(n, id)| format!("WHEN {n} THEN {id}")).collect::<Vec<_>>().join(" "));
        // Of the open, one in two waits for an answer, due within three days of now; one in fifty of those is urgent.
        let open = "s.n % 40 = 7";
        let (waits, urgent) = ("s.n % 80 = 7", "s.n % 4000 = 7");
        let now = self.now_ms;
        format!(
            "INSERT INTO conversations (id, public_id, alert_id, correspondent_id, status, certainty, owner_id, team_id, channel, channel_kind, our_address, \
             third_party, unread, preview, messages_count, attachments_count, candidates, version, last_message_at, created_at, urgency, place) \
             SELECT s.n, 'c' || s.n, CASE WHEN s.n % 12 = 3 THEN NULL ELSE 1 + s.n % {ALERTS} END, s.n, CASE WHEN {open} THEN 'open' ELSE 'closed' END, 'certain', \
             CASE WHEN s.n % 64 = 7 THEN {owner} END, {team}, 'sms', 'sms', '+441', FALSE, {waits}, 'A white van stood by the church at about nine', 5, 0, '[]', 1, \
             {AT}, {AT}, CASE WHEN {urgent} THEN 'life' ELSE 'none' END, \
             CASE WHEN {urgent} THEN {now} WHEN {waits} THEN {waiting} + {now} + s.n % 259200000 WHEN {open} THEN {settled} - {now} + s.n % 259200000 \
             ELSE {closed} - {now} + s.n * 1000 END FROM {series}",
            owner = self.owner,
            waiting = 2 * BAND,
            settled = 4 * BAND,
            closed = 5 * BAND,
            series = self.series(self.conversations()),
        )
    }
}
