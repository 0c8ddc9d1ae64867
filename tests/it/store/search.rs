//! What search finds, on either database: the same, only what one may see, and in bounded steps however common the words are.

use diesel_async::RunQueryDsl;
use huecry::domain::At;
use huecry::domain::finding::{Finding, Kind};
use huecry::domain::ids::Ids;
use huecry::domain::search::Query;
use huecry::domain::sight::Sight;
use huecry::store::conversations::{self, ConversationRow};
use huecry::store::findings::{self, FindingRow};
use huecry::store::messages::{self, AttachmentRow, MessageRow};
use huecry::store::search_entries;
use huecry::store::views::inbox::{Narrow, View};
use huecry::store::views::search::{self, Asked, Hits, RANKED};

use crate::support::db::TestDb;
use crate::support::now;

/// A conversation of an officer of a team, with what was written in it.
struct Desk<'a> {
    db: &'a TestDb,
    alert: i64,
    own: Sight,
    other: Sight,
}

impl<'a> Desk<'a> {
    async fn new(db: &'a TestDb) -> Self {
        let (us, them) = (db.add_team("Dales").await.id, db.add_team("City").await.id);
        let (jo, al) = (db.add_officer("jo@force.example").await.id, db.add_officer("al@force.example").await.id);
        Self { db, alert: db.add_alert(jo, &[]).await.id, own: Sight::of_officer(jo, Some(us)), other: Sight::of_officer(al, Some(them)) }
    }

    async fn conversation(&self, who: &str, sight: &Sight) -> i64 {
        let correspondent = self.db.add_correspondent(who).await;
        let row = ConversationRow { owner_id: Some(sight.officer_id), ..self.db.new_conversation(Some(self.alert), correspondent.id) };
        conversations::insert_or_find(&mut self.db.write().await, row).await.unwrap().0.id
    }

    async fn write(&self, conversation: i64, direction: &str, text: &str) -> MessageRow {
        let row = MessageRow { direction: direction.into(), ..self.db.new_message(conversation, text, now()) };
        messages::insert(&mut self.db.write().await, &row).await.unwrap();
        row
    }

    async fn hits(&self, line: &str, sight: &Sight, change: impl FnOnce(&mut Asked<'_>)) -> Hits {
        let query = Query::read(line).unwrap();
        let mut asked = Asked { query: &query, kinds: &[], sight, view: None, narrow: Narrow::default(), from_id: 0, until_id: i64::MAX };
        change(&mut asked);
        self.db.read().await.snapshot(async |conn| search::hits(conn, &asked).await).await.unwrap()
    }

    /// The messages that fit, by id.
    async fn found(&self, line: &str) -> Vec<i64> {
        let mut ids: Vec<i64> = self.hits(line, &self.own, |_| ()).await.hits.into_iter().map(|hit| hit.message_id).collect();
        ids.sort_unstable();
        ids
    }
}

on_both!(both_databases_find_the_same_words_phrases_beginnings_and_plates, async |db| {
    let desk = Desk::new(db).await;
    let talk = desk.conversation("07700 900101", &desk.own).await;
    let mut ids = Vec::new();
    for text in [
        "A white van, AB12 CDE, outside the Café",
        "the van was white; it's registered ab12cdf",
        "Two LADDERS on a red car near de451aa",
        "Straße 12, Łódź. 世界",
        "nothing 'quoted' \\ % _ here: x:* & y | !z",
    ] {
        ids.push(desk.write(talk, "in", text).await.id);
    }
    for (line, expected) in [
        ("white van", vec![0, 1]),
        ("WHITE Van", vec![0, 1]),
        ("\"white van\"", vec![0]),
        ("\"van was\" white", vec![1]),
        ("ladd*", vec![2]),
        ("white -cafe", vec![1]),
        ("white -\"white van\"", vec![1]),
        ("cafe", vec![0]),
        ("CAFÉ", vec![0]),
        ("ab12cde", vec![0]),
        ("AB12 CDE", vec![0]),
        ("\"ab12 cde\"", vec![0]),
        ("ab12 cdf", vec![1]),
        ("ab12*", vec![0, 1]),
        ("DE45 1AA", vec![2]),
        ("strasse lodz", vec![3]),
        ("世界", vec![3]),
        ("its", vec![1]),
        ("quoted x y z", vec![4]),
        ("nothing-here", vec![4]),
        ("vans", vec![]),
        ("white ladders", vec![]),
    ] {
        let expected: Vec<i64> = expected.into_iter().map(|place: usize| ids[place]).collect();
        assert_eq!(desk.found(line).await, expected, "{line}");
    }
});

on_both!(only_what_one_may_see_exists_for_search, async |db| {
    let desk = Desk::new(db).await;
    let (mine, theirs) = (desk.conversation("07700 900101", &desk.own).await, desk.conversation("07700 900102", &desk.other).await);
    let tray = db.add_conversation(None, db.add_correspondent("07700 900103").await.id).await.id;
    for conversation in [mine, theirs, tray] {
        desk.write(conversation, "in", "a white van").await;
    }
    let seen = async |sight: Sight, change: fn(&mut Asked<'_>)| {
        let mut found: Vec<i64> = desk.hits("van", &sight, change).await.hits.into_iter().map(|hit| hit.conversation_id).collect();
        found.sort_unstable();
        found
    };
    let sorted = |mut ids: Vec<i64>| {
        ids.sort_unstable();
        ids
    };
    assert_eq!(seen(desk.own.clone(), |_| ()).await, sorted(vec![mine, tray]));
    assert_eq!(seen(desk.other.clone(), |_| ()).await, sorted(vec![theirs, tray]));
    assert_eq!(seen(Sight { force: true, ..desk.own.clone() }, |_| ()).await, sorted(vec![mine, theirs, tray]));
    assert_eq!(seen(Sight::blind(1), |_| ()).await, [0; 0]);
    assert_eq!(seen(desk.own.clone(), |asked| asked.view = Some(View::Mine)).await, [mine]);
    assert_eq!(seen(desk.own.clone(), |asked| asked.view = Some(View::Unattributed)).await, [tray]);
    assert_eq!(seen(desk.own.clone(), |asked| asked.view = Some(View::Closed)).await, [0; 0]);
    assert_eq!(seen(desk.own.clone(), |asked| asked.narrow.channel_kind = Some("email")).await, [0; 0]);
    // Its words go where a conversation goes.
    conversations::set_owner(&mut db.write().await, mine, Some(desk.other.officer_id)).await.unwrap();
    assert_eq!(seen(desk.own.clone(), |_| ()).await, [tray]);
    messages::move_all(&mut db.write().await, theirs, tray).await.unwrap();
    assert_eq!(desk.hits("van", &desk.own, |_| ()).await.hits.len(), 2);
});

on_both!(notes_and_files_names_are_found_and_what_is_forgotten_is_not, async |db| {
    let desk = Desk::new(db).await;
    let talk = desk.conversation("07700 900101", &desk.own).await;
    let message = desk.write(talk, "in", "see the picture").await;
    desk.write(talk, "note", "rang her, picture is of a heron").await;
    let mail = MessageRow { subject: Some("Heron by the pond".into()), ..db.new_message(talk, "as said", now()) };
    messages::insert(&mut db.write().await, &mail).await.unwrap();
    let file = AttachmentRow {
        id: db.id(),
        message_id: message.id,
        ordinal: 0,
        filename: "IMG_2041-heron.jpg".into(),
        content_type: "image/jpeg".into(),
        size_bytes: 1,
        sha256: vec![0],
        scan: "clean".into(),
        created_at: now(),
    };
    messages::insert_attachments(&mut db.write().await, vec![file.clone()]).await.unwrap();
    let kinds = async |kinds: &'static [&'static str]| {
        let mut found: Vec<String> = desk.hits("heron", &desk.own, |asked| asked.kinds = kinds).await.hits.into_iter().map(|hit| hit.kind).collect();
        found.sort();
        found
    };
    assert_eq!(kinds(&[]).await, ["file", "message", "note"]);
    assert_eq!(kinds(&["note"]).await, ["note"]);
    assert_eq!(kinds(&["file"]).await, ["file"]);
    let source = search::sources(&mut db.read().await, &[file.id]).await.unwrap().remove(0);
    assert_eq!(source.filename.as_deref(), Some("IMG_2041-heron.jpg"));
    assert_eq!(desk.found("2041 heron").await, [message.id]);

    let finding = Finding { kind: Kind::Plate, at: 0..3, value: "AB12CDE".into(), perhaps: None };
    findings::insert(&mut db.write().await, vec![FindingRow::new(message.id, finding).unwrap()]).await.unwrap();
    assert_eq!(search::sharing(&mut db.read().await, "plate", "AB12CDE", &desk.own).await.unwrap().0.len(), 1);
    // A row that goes takes its words with it.
    let gone = format!("DELETE FROM messages WHERE id = {}", mail.id);
    let mut conn = db.write().await;
    huecry::on!(&mut conn, c => diesel::sql_query(&gone).execute(c).await).unwrap();
    drop(conn);
    assert_eq!(kinds(&["message"]).await, [""; 0]);
    assert_eq!(search_entries::forget(&mut db.write().await, talk).await.unwrap(), 3);
    assert_eq!(kinds(&[]).await, [""; 0]);
    assert_eq!(search::sharing(&mut db.read().await, "plate", "AB12CDE", &desk.own).await.unwrap().0.len(), 0);
    if db.db.backend() == huecry::store::Backend::Sqlite {
        // Fails if the index holds a word of what is gone.
        let mut conn = db.write().await;
        let check = "INSERT INTO search_words (search_words, rank) VALUES ('integrity-check', 1)";
        huecry::on!(&mut conn, c => diesel::sql_query(check).execute(c).await).unwrap();
    }
});

on_both!(who_else_has_it_counts_what_one_may_not_see_apart, async |db| {
    let desk = Desk::new(db).await;
    let (mine, theirs) = (desk.conversation("07700 900101", &desk.own).await, desk.conversation("07700 900102", &desk.other).await);
    for conversation in [mine, mine, theirs] {
        let message = desk.write(conversation, "in", "AB12 CDE").await;
        let finding = Finding { kind: Kind::Plate, at: 0..8, value: "AB12CDE".into(), perhaps: None };
        let row = FindingRow::new(message.id, finding).unwrap();
        findings::insert(&mut db.write().await, vec![row.clone()]).await.unwrap();
        findings::insert(&mut db.write().await, vec![row]).await.unwrap();
    }
    let mut conn = db.read().await;
    let (rows, unseen) = search::sharing(&mut conn, "plate", "AB12CDE", &desk.own).await.unwrap();
    assert_eq!((rows.iter().map(|row| row.conversation_id).collect::<Vec<_>>(), unseen), (vec![mine], 1));
    assert_eq!(search::sharing(&mut conn, "postcode", "AB12CDE", &desk.own).await.unwrap().0.len(), 0);
    let force = Sight { force: true, ..desk.own.clone() };
    assert_eq!(search::count_sharing(&mut conn, &[("plate".into(), "AB12CDE".into())], &force).await.unwrap(), [2]);
});

/// Many messages after now, one a second: each says "van", every tenth thousandth "heron" too.
async fn plant(db: &TestDb, conversation: i64, count: i64) {
    let (from, step) = (Ids::floor(now().plus_ms(1_000)), Ids::floor(At::from_unix_ms(1_577_836_801_000)));
    let series = |pg: bool| {
        if pg {
            format!("SELECT {from} + n * {step} AS id, n FROM generate_series(1, {count}) AS n")
        } else {
            format!("WITH RECURSIVE s (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {count}) SELECT {from} + n * {step} AS id, n FROM s")
        }
    };
    let words = "CASE WHEN n % 10000 = 1 THEN 'a van and heron' ELSE 'a van and more' END";
    let messages = |series: String| {
        format!(
            "INSERT INTO messages (id, public_id, conversation_id, direction, channel, channel_kind, class, text, folded, ordinal, method, confidence, \
             evidence, third_party, possible_duplicate, received_at) SELECT id, 'm' || n, {conversation}, 'in', 'sms', 'sms', 'reply', 'x', '', 0, 'pair', \
             'certain', '', FALSE, FALSE, '2026-01-01 00:00:00.000000' FROM ({series}) AS many"
        )
    };
    let entries = |series: String| {
        format!("INSERT INTO search_entries (id, message_id, kind, words, joined) SELECT id, id, 'message', {words}, '' FROM ({series}) AS many")
    };
    let index = "INSERT INTO search_words (id, lexemes) SELECT id, to_tsvector('simple', words) FROM search_entries WHERE NOT EXISTS (SELECT 1 FROM search_words w WHERE w.id = search_entries.id)";
    let mut conn = db.write().await;
    for (pg, lite) in
        [(messages(series(true)), messages(series(false))), (entries(series(true)), entries(series(false))), (index.to_owned(), "SELECT 1".to_owned())]
    {
        huecry::on!(&mut conn, c => pg diesel::sql_query(&pg).execute(c).await, lite diesel::sql_query(&lite).execute(c).await).unwrap();
    }
}

on_both!(common_words_are_cut_at_the_newest_and_rare_ones_found_however_old, async |db| {
    let desk = Desk::new(db).await;
    let (mine, theirs) = (desk.conversation("07700 900101", &desk.own).await, desk.conversation("07700 900102", &desk.other).await);
    let force = Sight { force: true, ..desk.own.clone() };
    let oldest = desk.write(mine, "in", "an otter by the van").await.id;
    plant(db, theirs, 25_000).await;

    let common = desk.hits("van", &force, |_| ()).await;
    assert_eq!(common.hits.len(), RANKED);
    assert!(common.back_to.is_some() && common.hits.windows(2).all(|pair| pair[0].id > pair[1].id), "the newest, newest first");

    let rare = desk.hits("heron", &force, |_| ()).await;
    assert_eq!((rare.hits.len(), rare.back_to), (3, None), "every one, however old");
    assert_eq!(desk.hits("\"van heron\"", &force, |_| ()).await.hits.len(), 0);
    assert_eq!(desk.hits("\"and heron\"", &force, |_| ()).await.hits.len(), 3);

    // Who sees few has theirs found behind everything that is not theirs.
    let own = desk.hits("van", &desk.own, |_| ()).await;
    assert_eq!((own.hits.iter().map(|hit| hit.id).collect::<Vec<_>>(), own.back_to), (vec![oldest], None));
    let theirs = desk.hits("van", &desk.other, |_| ()).await;
    assert_eq!(theirs.hits.len(), RANKED);

    // Within days, nothing else is looked at.
    let (from, until) = (rare.hits[1].id, rare.hits[0].id);
    let within = desk.hits("heron", &force, |asked| (asked.from_id, asked.until_id) = (from, until)).await;
    assert_eq!(within.hits.iter().map(|hit| hit.id).collect::<Vec<_>>(), [from]);
});
