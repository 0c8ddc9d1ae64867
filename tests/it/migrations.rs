//! Migrations: up, down to nothing and up again over real rows; and one schema, `src/store/schema.rs`, for two databases.

use std::collections::{BTreeMap, BTreeSet};

use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Nullable, Text};
use diesel_async::RunQueryDsl;
use huecry::on;
use huecry::store::conversations::{self, ConversationEventRow};
use huecry::store::messages::{self, AttachmentRow, MessageRow};
use huecry::store::{Backend, Conn, alerts, envelopes, migrate, residents, sessions, suppressions};
use regex::Regex;

use crate::support::db::TestDb;
use crate::support::now;

const SCHEMA: &str = include_str!("../../src/store/schema.rs");

/// What stands in one row of a catalogue: up to five words.
#[derive(QueryableByName, Clone)]
struct Fact {
    #[diesel(sql_type = Text)]
    a: String,
    #[diesel(sql_type = Text)]
    b: String,
    #[diesel(sql_type = Nullable<Text>)]
    c: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    d: Option<String>,
    #[diesel(sql_type = BigInt)]
    n: i64,
}

async fn facts(conn: &mut Conn, pg: &str, lite: &str) -> Vec<Fact> {
    on!(conn, c => pg diesel::sql_query(pg).load(c).await, lite diesel::sql_query(lite).load(c).await).unwrap()
}

async fn tables(conn: &mut Conn) -> BTreeSet<String> {
    let pg = "SELECT table_name::text AS a, '' AS b, NULL AS c, NULL AS d, 0::bigint AS n FROM information_schema.tables WHERE table_schema = 'public'";
    let lite = "SELECT name AS a, '' AS b, NULL AS c, NULL AS d, 0 AS n FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'";
    facts(conn, pg, lite).await.into_iter().map(|fact| fact.a).filter(|name| name != "__diesel_schema_migrations").collect()
}

/// A column: its Diesel type and whether it may be null.
type Columns = BTreeMap<(String, String), (String, bool)>;

/// Table and column, with what Diesel believes of it.
fn columns_of_schema() -> Columns {
    let table = Regex::new(r"(?s)diesel::table! \{\s+(\w+) \([^)]*\) \{(.*?)\n    \}").unwrap();
    let column = Regex::new(r"(\w+) -> (Nullable<)?(\w+)>?,").unwrap();
    let mut columns = Columns::new();
    for found in table.captures_iter(SCHEMA) {
        for line in column.captures_iter(&found[2]) {
            columns.insert((found[1].to_owned(), line[1].to_owned()), (line[3].to_owned(), line.get(2).is_some()));
        }
    }
    columns
}

fn keys_of_schema() -> BTreeMap<String, Vec<String>> {
    let table = Regex::new(r"diesel::table! \{\s+(\w+) \(([^)]*)\) \{").unwrap();
    table.captures_iter(SCHEMA).map(|found| (found[1].to_owned(), found[2].split(", ").map(str::to_owned).collect())).collect()
}

/// The index of words is each database's own (FTS5 with its shadow tables, a tsvector): Diesel never sees it, and the tests
/// of search hold both to the same answers.
fn is_own(table: &str) -> bool {
    table.starts_with("search_words")
}

/// Tables that PostgreSQL keeps by month, and by which column: every unique index of theirs ends in it, and Diesel does not know.
const BY_MONTH: &[(&str, &str)] = &[("deliveries", "source_id"), ("attempts", "delivery_id"), ("envelopes", "id"), ("receipts", "envelope_id")];

/// Without the column by which a table goes by month, where it stands at the end only because it must.
fn without_month(table: &str, columns: Vec<String>) -> Vec<String> {
    let keyed = BY_MONTH.iter().any(|(whole, key)| *whole == table && columns.len() > 1 && columns.last().is_some_and(|last| last == key));
    if keyed && ["id", "token"].contains(&columns[0].as_str()) { columns[..columns.len() - 1].to_vec() } else { columns }
}

/// Migrations that change how tables are laid out, and no column.
const LAYOUT: &[&str] = &["lay_out_months"];

/// The Diesel type that a declared type stands for.
fn diesel_type(declared: &str) -> &'static str {
    match declared.to_lowercase().as_str() {
        "bigint" | "integer" => "BigInt",
        "text" => "Text",
        "boolean" => "Bool",
        "blob" | "bytea" => "Binary",
        "double" | "double precision" => "Double",
        "timestamp" | "timestamp without time zone" => "Timestamp",
        "json" => "Json",
        _ => "a type that the house does not use",
    }
}

async fn columns(conn: &mut Conn) -> Columns {
    let pg = "SELECT table_name::text AS a, column_name::text AS b, data_type::text AS c, NULL AS d, \
              (is_nullable = 'YES')::int::bigint AS n FROM information_schema.columns WHERE table_schema = 'public' \
              AND NOT (SELECT relispartition FROM pg_class WHERE oid = format('%I', table_name)::regclass)";
    let lite = "SELECT m.name AS a, p.name AS b, p.type AS c, NULL AS d, (p.\"notnull\" = 0) AS n \
                FROM sqlite_master m JOIN pragma_table_info(m.name) p WHERE m.type = 'table'";
    facts(conn, pg, lite)
        .await
        .into_iter()
        .filter(|fact| fact.a != "__diesel_schema_migrations" && !fact.a.starts_with("sqlite_") && !is_own(&fact.a))
        .map(|fact| ((fact.a, fact.b), (diesel_type(&fact.c.unwrap()).to_owned(), fact.n == 1)))
        .collect()
}

/// An index: unique or not, its columns in order, its condition in one spelling.
type Index = (bool, Vec<String>, Option<String>);

/// Named indexes by table and name, without those that come with a primary key.
async fn indexes(conn: &mut Conn) -> BTreeMap<(String, String), Index> {
    let pg = "SELECT t.relname::text AS a, i.relname::text AS b, \
              (SELECT string_agg(att.attname, ',' ORDER BY k.n) FROM unnest(x.indkey) WITH ORDINALITY AS k(attnum, n) \
               JOIN pg_attribute att ON att.attrelid = t.oid AND att.attnum = k.attnum) AS c, \
              pg_get_expr(x.indpred, x.indrelid) AS d, x.indisunique::int::bigint AS n \
              FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid \
              JOIN pg_namespace s ON s.oid = t.relnamespace WHERE s.nspname = 'public' AND NOT x.indisprimary AND NOT t.relispartition";
    let lite = "SELECT m.name AS a, l.name AS b, (SELECT group_concat(name) FROM (SELECT name FROM pragma_index_info(l.name) ORDER BY seqno)) AS c, \
                (SELECT CASE instr(s.sql, ' WHERE ') WHEN 0 THEN NULL ELSE substr(s.sql, instr(s.sql, ' WHERE ') + 7) END \
                 FROM sqlite_master s WHERE s.type = 'index' AND s.name = l.name) AS d, l.\"unique\" AS n \
                FROM sqlite_master m JOIN pragma_index_list(m.name) l WHERE m.type = 'table' AND l.origin <> 'pk'";
    facts(conn, pg, lite)
        .await
        .into_iter()
        .filter(|fact| fact.a != "__diesel_schema_migrations" && !is_own(&fact.a))
        .map(|fact| {
            let columns = without_month(&fact.a, fact.c.unwrap().split(',').map(str::to_owned).collect());
            ((fact.a, fact.b), (fact.n == 1, columns, fact.d.as_deref().map(plain_condition)))
        })
        .collect()
}

/// PostgreSQL writes `IN` as `= ANY (ARRAY[…])` and adds casts and brackets; both are brought to column, operator and words.
fn plain_condition(condition: &str) -> String {
    let bare = condition.replace("::text[]", "").replace("::text", "").replace("= ANY", "IN").replace("ARRAY", "");
    bare.chars().filter(|c| !"()[] ".contains(*c)).collect()
}

/// The columns of each table's primary key, in order.
async fn primary_keys(conn: &mut Conn) -> BTreeMap<String, Vec<String>> {
    let pg = "SELECT t.relname::text AS a, \
              (SELECT string_agg(att.attname, ',' ORDER BY k.n) FROM unnest(x.indkey) WITH ORDINALITY AS k(attnum, n) \
               JOIN pg_attribute att ON att.attrelid = t.oid AND att.attnum = k.attnum) AS b, NULL AS c, NULL AS d, 0::bigint AS n \
              FROM pg_index x JOIN pg_class t ON t.oid = x.indrelid JOIN pg_namespace s ON s.oid = t.relnamespace \
              WHERE s.nspname = 'public' AND x.indisprimary AND NOT t.relispartition";
    let lite = "SELECT m.name AS a, (SELECT group_concat(name) FROM (SELECT name FROM pragma_table_info(m.name) WHERE pk > 0 ORDER BY pk)) AS b, \
                NULL AS c, NULL AS d, 0 AS n FROM sqlite_master m WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%' AND m.name NOT LIKE 'search_words%'";
    facts(conn, pg, lite)
        .await
        .into_iter()
        .filter(|fact| fact.a != "__diesel_schema_migrations" && !is_own(&fact.a))
        .map(|fact| {
            let columns = without_month(&fact.a, fact.b.split(',').map(str::to_owned).collect());
            (fact.a, columns)
        })
        .collect()
}

/// A foreign key: table, column, the table it names, what a deletion there does here.
type ForeignKey = (String, String, String, String);

async fn foreign_keys(conn: &mut Conn) -> BTreeSet<ForeignKey> {
    let pg = "SELECT t.relname::text AS a, att.attname::text AS b, r.relname::text AS c, \
              CASE k.confdeltype WHEN 'a' THEN 'NO ACTION' WHEN 'r' THEN 'RESTRICT' WHEN 'c' THEN 'CASCADE' WHEN 'n' THEN 'SET NULL' ELSE 'SET DEFAULT' END AS d, \
              cardinality(k.conkey)::bigint AS n FROM pg_constraint k JOIN pg_class t ON t.oid = k.conrelid JOIN pg_class r ON r.oid = k.confrelid \
              JOIN pg_attribute att ON att.attrelid = t.oid AND att.attnum = k.conkey[1] WHERE k.contype = 'f'";
    let lite = "SELECT m.name AS a, f.\"from\" AS b, f.\"table\" AS c, f.on_delete AS d, \
                (SELECT COUNT(*) FROM pragma_foreign_key_list(m.name) g WHERE g.id = f.id) AS n \
                FROM sqlite_master m JOIN pragma_foreign_key_list(m.name) f WHERE m.type = 'table'";
    let found = facts(conn, pg, lite).await;
    assert!(found.iter().all(|fact| fact.n == 1), "every foreign key here is of one column");
    found.into_iter().filter(|fact| !is_own(&fact.a)).map(|fact| (fact.a, fact.b, fact.c.unwrap(), fact.d.unwrap())).collect()
}

on_both!(the_tables_are_those_of_schema_rs_column_by_column, async |db| {
    let (found, expected) = (columns(&mut db.read().await).await, columns_of_schema());
    assert!(expected.len() > 200, "schema.rs was not read: {} columns", expected.len());
    for column in expected.keys().chain(found.keys()) {
        assert_eq!(found.get(column), expected.get(column), "{column:?} in the database and in schema.rs");
    }
});

on_both!(the_primary_keys_are_those_of_schema_rs, async |db| {
    assert_eq!(primary_keys(&mut db.read().await).await, keys_of_schema());
});

#[tokio::test(flavor = "multi_thread")]
async fn both_databases_have_the_same_indexes_and_foreign_keys() {
    let (lite, pg) = (TestDb::sqlite().await, TestDb::postgres().await);
    let (mut lite, mut pg) = (lite.read().await, pg.read().await);
    let (of_lite, of_pg) = (indexes(&mut lite).await, indexes(&mut pg).await);
    assert!(of_lite.len() > 40 && of_lite.values().any(|(unique, _, condition)| *unique && condition.is_some()), "the indexes were not read");
    for name in of_lite.keys().chain(of_pg.keys()) {
        assert_eq!(of_lite.get(name), of_pg.get(name), "{name:?} on SQLite and on PostgreSQL");
    }
    let (of_lite, of_pg) = (foreign_keys(&mut lite).await, foreign_keys(&mut pg).await);
    assert!(of_lite.len() > 20, "the foreign keys were not read");
    assert_eq!(of_lite, of_pg);
}

on_both!(every_foreign_key_leads_an_index_and_says_what_a_deletion_does, async |db| {
    let mut conn = db.read().await;
    let mut leading: BTreeSet<(String, String)> =
        indexes(&mut conn).await.into_iter().map(|((table, _), (_, columns, _))| (table, columns[0].clone())).collect();
    leading.extend(primary_keys(&mut conn).await.into_iter().map(|(table, columns)| (table, columns[0].clone())));
    for (table, column, to, on_delete) in foreign_keys(&mut conn).await {
        assert!(leading.contains(&(table.clone(), column.clone())), "no index begins with {table}.{column}");
        assert_ne!(on_delete, "NO ACTION", "{table}.{column} to {to} does not say what a deletion does");
    }
});

on_both!(every_index_has_its_tables_name_before_its_own, async |db| {
    for ((table, name), _) in indexes(&mut db.read().await).await {
        assert!(name.starts_with(&format!("{table}_")), "{name} on {table}");
    }
});

/// A row in nearly every table, tied together by every foreign key that there is.
async fn seed(db: &TestDb) {
    let area = db.add_area("E07000032", "district").await;
    let group = db.add_group("cctv-owners").await;
    db.add_team("Amber Valley").await;
    let cover = db.add_officer("cover@force.example").await;
    let owner = db.add_officer("owner@force.example").await;
    let resident = db.add_resident("07700 900001", &[area.id]).await;
    let alert = db.add_alert(owner.id, &[area.id]).await;
    let grouped = db.new_alert(owner.id);
    let correspondent = db.add_correspondent("07700 900001").await;
    let conversation = db.add_conversation(Some(alert.id), correspondent.id).await;
    let message = MessageRow { officer_id: Some(owner.id), ..db.new_message(conversation.id, "seen", now()) };
    db.add_delivery(&alert, "07700 900001").await;
    let (envelope, suppression) = (db.new_envelope("07700 900001", b"x\0"), db.new_suppression("07700 900002", "sms", None));
    let attachment = AttachmentRow {
        id: db.id(),
        message_id: message.id,
        ordinal: 0,
        filename: "a".into(),
        content_type: "b".into(),
        size_bytes: 1,
        sha256: vec![0],
        scan: "clean".into(),
        created_at: now(),
    };
    let event = ConversationEventRow {
        id: db.id(),
        conversation_id: conversation.id,
        officer_id: Some(owner.id),
        kind: "moved".into(),
        detail: "d".into(),
        created_at: now(),
    };
    let session = sessions::SessionRow {
        id: db.id(),
        token_digest: vec![1],
        officer_id: Some(owner.id),
        resident_id: None,
        csrf: "c".into(),
        created_at: now(),
        last_seen_at: now(),
        expires_at: now(),
        method: "password".into(),
        browser: "Firefox on Linux".into(),
        network: "203.0.113.…".into(),
    };
    let mut conn = db.write().await;
    huecry::store::accounts::set_away(&mut conn, owner.id, Some(now()), Some(cover.id)).await.unwrap();
    alerts::insert(&mut conn, &grouped, Vec::new(), &[], &[group.id]).await.unwrap();
    alerts::add_exclusions(&mut conn, alert.id, "opted_out", 1).await.unwrap();
    residents::insert_groups(&mut conn, vec![(resident.resident.id, group.id)], now()).await.unwrap();
    envelopes::insert_new(&mut conn, vec![envelope]).await.unwrap();
    suppressions::suppress(&mut conn, &suppression).await.unwrap();
    messages::insert(&mut conn, &message).await.unwrap();
    messages::insert_attachments(&mut conn, vec![attachment]).await.unwrap();
    conversations::append_event(&mut conn, &event).await.unwrap();
    sessions::insert(&mut conn, &session).await.unwrap();
}

fn migrations_of(backend: Backend) -> Vec<String> {
    let folder = crate::support::checkout().join("migrations").join(backend.as_str());
    let mut names: Vec<String> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn both_databases_have_migrations_of_the_same_names() {
    let names = migrations_of(Backend::Sqlite);
    assert_eq!(names, migrations_of(Backend::Postgres));
    let form = Regex::new(r"^\d{4}-\d\d-\d\d-\d{6}_[a-z]+(_[a-z]+)+$").unwrap();
    for name in names {
        assert!(form.is_match(&name), "{name} is not <stamp>_<verb_noun>");
    }
}

async fn up_down_up(db: TestDb) {
    let all = migrations_of(db.db.backend());
    let ran = migrate::run(&db.url).await.unwrap();
    assert_eq!(ran.len(), all.len(), "a migration of the folder is not in the program: {ran:?}");
    assert_eq!(migrate::run(&db.url).await.unwrap(), [""; 0], "a second run has nothing to do");
    let schema = (columns(&mut db.read().await).await, indexes(&mut db.read().await).await, foreign_keys(&mut db.read().await).await);
    seed(&db).await;
    let size = async || columns(&mut db.read().await).await.len() + indexes(&mut db.read().await).await.len();
    let mut before = size().await;
    for name in all.iter().rev() {
        migrate::revert_last(&db.url).await.unwrap_or_else(|error| panic!("{name}: {error}"));
        let left = size().await;
        let layout = LAYOUT.iter().any(|end| name.ends_with(end));
        assert!(left < before || layout && left == before, "{name} took nothing back");
        before = left;
    }
    assert_eq!(tables(&mut db.read().await).await, BTreeSet::new());
    assert!(migrate::revert_last(&db.url).await.is_err(), "there is nothing left to take back");
    assert_eq!(migrate::run(&db.url).await.unwrap(), ran);
    assert_eq!((columns(&mut db.read().await).await, indexes(&mut db.read().await).await, foreign_keys(&mut db.read().await).await), schema);
    seed(&db).await;
}

mod up_one_by_one_down_to_nothing_and_up_again_over_rows {
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn sqlite() {
        up_down_up(TestDb::bare_sqlite().await).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn postgres() {
        up_down_up(TestDb::bare_postgres().await).await;
    }
}

async fn start_together(db: TestDb) {
    let nodes: Vec<_> = (0..4)
        .map(|_| {
            let url = db.url.clone();
            tokio::spawn(async move { migrate::run(&url).await })
        })
        .collect();
    let mut ran = 0;
    for node in nodes {
        ran += node.await.unwrap().unwrap().len();
    }
    assert_eq!(ran, migrations_of(db.db.backend()).len());
}

mod nodes_that_start_together_migrate_once {
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn sqlite() {
        start_together(TestDb::bare_sqlite().await).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn postgres() {
        start_together(TestDb::bare_postgres().await).await;
    }
}
