//! `search_1m`: how long an officer waits for a search over a million messages: a rare word, a common one, two words, a phrase;
//! as somebody who sees all of the force, and as one of eight teams' officers. Aim: 200 ms.
//!
//! What is measured is the use case as the page calls it: the sight, the index, the ranking, the rows with what is around the
//! words, and the entry in the audit log.

use std::time::{Duration, Instant};

use anyhow::Context;
use diesel_async::RunQueryDsl;
use huecry::app::App;
use huecry::domain::ids::Ids;
use huecry::domain::search::Query;
use huecry::inbox::search::{self, ByWords};
use huecry::store::Backend;
use huecry::store::accounts::{self, OfficerRow, TeamRow};
use huecry::store::views::inbox::Narrow;

use crate::bed::Bed;
use crate::figure::{Figure, Report, Surroundings, percentile_ms};

pub(crate) const NAMES: &[&str] =
    &["search_1m", "search_1m_rare", "search_1m_common", "search_1m_two_words", "search_1m_phrase", "search_1m_team_common", "search_1m_team_two_words"];

const MESSAGES: i64 = 1_000_000;
/// Five messages each.
const CONVERSATIONS: i64 = 200_000;
const TEAMS: i64 = 8;
const ROUNDS: usize = 60;
const AIM_MS: f64 = 200.0;

/// Words of a sighting: the first two stand in half of all messages, the next in a third, the last in a thirteenth.
const WORDS: [&str; 24] = [
    "the", "van", "saw", "white", "road", "near", "church", "night", "man", "dog", "yes", "red", "car", "lane", "about", "nine", "shed", "camera", "ladder",
    "gate", "quarry", "bridge", "chapel", "heron",
];

pub(crate) async fn measure(backend: Backend, report: &mut Report) -> anyhow::Result<()> {
    let bed = Bed::make(backend).await?;
    let app = bed.app().await?;
    let planting = Instant::now();
    let people = plant(&app).await.context("planting")?;
    eprintln!("figures: search_1m on {}: a million messages planted in {:.0} s", backend.as_str(), planting.elapsed().as_secs_f64());
    let around = Surroundings::look(&bed.disk())?;
    let [force, team] = people.as_slice() else { anyhow::bail!("two officers were planted") };
    let mut all: Vec<Duration> = Vec::new();
    for (name, officer, lines) in [
        ("search_1m_rare", force, ["zebra7", "zebra912", "zebra31"]),
        ("search_1m_common", force, ["the", "van", "saw"]),
        ("search_1m_two_words", force, ["the van", "quarry zebra12", "heron chapel"]),
        ("search_1m_phrase", force, ["\"the van\"", "\"chapel heron\"", "\"heron the\""]),
        ("search_1m_team_common", team, ["the", "van", "heron"]),
        ("search_1m_team_two_words", team, ["the van", "heron chapel", "quarry bridge"]),
    ] {
        let mut took = Vec::new();
        for line in lines {
            // Warm, as it is all day.
            look(&app, officer, line).await?;
            let mut of_line = Vec::new();
            for _ in 0..ROUNDS / lines.len() {
                of_line.push(look(&app, officer, line).await?);
            }
            of_line.sort_unstable();
            eprintln!("figures: {name} {line:?}: p50 {:.1} ms, p99 {:.1} ms", percentile_ms(&of_line, 500), percentile_ms(&of_line, 990));
            took.extend(of_line);
        }
        took.sort_unstable();
        report.add(Figure::new(name, backend.as_str(), percentile_ms(&took, 500), "ms, p50", around).against("ours, p99", percentile_ms(&took, 990)))?;
        all.extend(took);
    }
    all.sort_unstable();
    report.add(Figure::new("search_1m", backend.as_str(), percentile_ms(&all, 990), "ms, p99 of all", around).against("aim, at most", AIM_MS))?;
    drop(app);
    bed.close().await
}

async fn look(app: &App, officer: &OfficerRow, line: &str) -> anyhow::Result<Duration> {
    let asked = ByWords { query: Query::read(line)?, kinds: Vec::new(), view: None, narrow: Narrow::default(), from: None, until: None, page: 0 };
    let begun = Instant::now();
    let found = search::by_words(app, officer, &asked).await?;
    let took = begun.elapsed();
    // One phrase stands nowhere, though both its words are common.
    anyhow::ensure!(found.total > 0 || line.contains("zebra12") || line.starts_with("\"heron"), "{line:?} was not found");
    Ok(took)
}

/// Two officers, one who sees all and one of a team, and a million messages over the last year in conversations of eight teams.
/// Set up by statements of the databases' own: a million inserts one by one would take an hour.
async fn plant(app: &App) -> anyhow::Result<Vec<OfficerRow>> {
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
    let people = [officer("desk", "duty_desk", None), officer("team", "officer", teams.as_slice().first().map(|team| team.id))];
    let mut conn = app.write().await?;
    accounts::insert_teams(&mut conn, teams.clone()).await?;
    accounts::insert_officers(&mut conn, people.to_vec()).await?;
    let pg = matches!(conn, huecry::store::Conn::Pg(_));
    let owner = people.as_slice().first().context("nobody")?.id;
    for statement in statements(pg, owner, &teams, Ids::floor(now.minus_days(365)), Ids::floor(now)) {
        huecry::on!(&mut conn, c => diesel::sql_query(&statement).execute(c).await).with_context(|| statement.chars().take(120).collect::<String>())?;
    }
    Ok(people.to_vec())
}

fn statements(pg: bool, owner: i64, teams: &[TeamRow], from: i64, until: i64) -> Vec<String> {
    let series = |count: i64| {
        if pg {
            format!("generate_series(1::bigint, {count}) AS s (n)")
        } else {
            format!("(WITH RECURSIVE s (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {count}) SELECT n FROM s) AS s")
        }
    };
    let step = (until - from) / MESSAGES;
    let blob = |of: &str| if pg { format!("decode(lpad(to_hex({of}), 16, '0'), 'hex')") } else { format!("CAST(printf('%016x', {of}) AS BLOB)") };
    let at = "'2026-01-01 00:00:00.000000'";
    let team = format!("CASE s.n % {TEAMS} {} END", (0..).zip(teams).map(|(n, team)| format!("WHEN {n} THEN {}", team.id)).collect::<Vec<_>>().join(" "));
    // Each next word stands in fewer messages; numbers spread them without any order.
    let word = |(rank, word): (i64, &str)| {
        let (factor, shift, nth) = (7_919 + 104_730 * rank, rank * 31, rank / 2 + 2);
        format!("CASE WHEN ((s.n * {factor} + {shift}) % 1000003) % {nth} = 0 THEN '{word} ' ELSE '' END")
    };
    let words = (0_i64..).zip(WORDS).map(word).collect::<Vec<_>>().join(" || ");
    let entered = format!(
        "INSERT INTO search_entries (id, message_id, kind, words, joined) SELECT {from} + s.n * {step}, {from} + s.n * {step}, 'message', {words} || 'zebra' || (s.n % 100000), '' FROM {}",
        series(MESSAGES)
    );
    let mut all = vec![
        format!(
            "INSERT INTO alerts (id, reference, kind, urgency, title, status, version, owner_id, send_again_on_doubt, audience_mark, audience_cursor, expected_sms, expected_email, created_at, two_way) VALUES (1, 'AAAAA', 'appeal', 'routine', 'A van', 'live', 1, {owner}, FALSE, 0, 0, 0, 0, {at}, TRUE)"
        ),
        format!(
            "INSERT INTO correspondents (id, public_id, match_key, kind, address, created_at) SELECT s.n, 'k' || s.n, {}, 'phone', '+44' || s.n, {at} FROM {}",
            blob("s.n"),
            series(CONVERSATIONS)
        ),
        format!(
            "INSERT INTO conversations (id, public_id, alert_id, correspondent_id, status, certainty, team_id, channel, channel_kind, our_address, third_party, unread, preview, \
             messages_count, attachments_count, candidates, version, last_message_at, created_at, urgency, place) \
             SELECT s.n, 'c' || s.n, 1, s.n, 'open', 'certain', {team}, 'sms', 'sms', '+441', FALSE, FALSE, 'x', 5, 0, '[]', 1, {at}, {at}, 'none', s.n FROM {}",
            series(CONVERSATIONS)
        ),
        format!(
            "INSERT INTO messages (id, public_id, conversation_id, direction, channel, channel_kind, class, text, folded, ordinal, method, confidence, evidence, third_party, \
             possible_duplicate, received_at) SELECT {from} + s.n * {step}, 'm' || s.n, 1 + s.n % {CONVERSATIONS}, 'in', 'sms', 'sms', 'reply', \
             {words} || 'zebra' || (s.n % 100000), '', 0, 'pair', 'certain', '', FALSE, FALSE, {at} FROM {}",
            series(MESSAGES)
        ),
        entered,
    ];
    if pg {
        all.push("DROP INDEX search_words_lexemes".to_owned());
        all.push("INSERT INTO search_words (id, lexemes) SELECT id, to_tsvector('simple', words) FROM search_entries".to_owned());
        all.push("CREATE INDEX search_words_lexemes ON search_words USING GIN (lexemes) WITH (gin_pending_list_limit = 512)".to_owned());
        for table in ["search_words", "search_entries", "messages", "conversations", "correspondents"] {
            // As autovacuum leaves them.
            all.push(format!("VACUUM ANALYZE {table}"));
        }
    } else {
        all.push("ANALYZE".to_owned());
    }
    all
}
