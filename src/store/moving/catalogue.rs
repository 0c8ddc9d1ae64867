//! Which tables there are, in the order in which rows may be written, read from the databases themselves: a table that is
//! added later is moved without anybody thinking of it, and one that only one side has is a refusal.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;
use diesel::sql_types::{Nullable, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::MoveError;
use crate::store::db::LiteConnection;

/// What a column holds, in the house's words for both databases.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Int,
    Text,
    Bool,
    Bytes,
    Real,
    Time,
    Json,
}

impl Kind {
    fn of(declared: &str) -> Option<Self> {
        Some(match declared.to_lowercase().as_str() {
            "bigint" | "integer" => Self::Int,
            "text" => Self::Text,
            "boolean" => Self::Bool,
            "bytea" | "blob" => Self::Bytes,
            "double precision" | "double" => Self::Real,
            "timestamp" | "timestamp without time zone" => Self::Time,
            "json" => Self::Json,
            _ => return None,
        })
    }

    /// How PostgreSQL calls the array that carries such a column, and what turns its elements into the column's type.
    pub(super) const fn on_pg(self) -> (&'static str, &'static str) {
        match self {
            Self::Int => ("bigint[]", ""),
            Self::Text => ("text[]", ""),
            Self::Bool => ("boolean[]", ""),
            Self::Bytes => ("bytea[]", ""),
            Self::Real => ("double precision[]", ""),
            Self::Time => ("timestamp[]", ""),
            Self::Json => ("text[]", "::json"),
        }
    }
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) kind: Kind,
    /// It names a row of its own table: written when all rows are there.
    pub(super) own: bool,
}

/// A table.
#[derive(Clone, Debug)]
pub(super) struct Table {
    pub(super) name: String,
    pub(super) columns: Vec<Column>,
}

#[derive(QueryableByName)]
struct Fact {
    #[diesel(sql_type = Text)]
    a: String,
    #[diesel(sql_type = Text)]
    b: String,
    #[diesel(sql_type = Nullable<Text>)]
    c: Option<String>,
}

/// What each database keeps for itself: the index of words is made anew from `search_entries`, migrations are run.
fn is_own(table: &str) -> bool {
    table.starts_with("search_words") || table.starts_with("sqlite_") || table == "__diesel_schema_migrations"
}

const ON_PG: &str = "SELECT c.relname::text AS a, t.attname::text AS b, format_type(t.atttypid, t.atttypmod) AS c \
     FROM pg_class c JOIN pg_namespace s ON s.oid = c.relnamespace JOIN pg_attribute t ON t.attrelid = c.oid \
     WHERE s.nspname = current_schema() AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND t.attnum > 0 AND NOT t.attisdropped \
     ORDER BY c.relname, t.attnum";
const ON_LITE: &str = "SELECT m.name AS a, p.name AS b, p.type AS c FROM sqlite_master m JOIN pragma_table_info(m.name) p \
     WHERE m.type = 'table' ORDER BY m.name, p.cid";
const KEYS: &str = "SELECT t.relname::text AS a, r.relname::text AS b, att.attname::text AS c \
     FROM pg_constraint k JOIN pg_class t ON t.oid = k.conrelid JOIN pg_class r ON r.oid = k.confrelid \
     JOIN pg_namespace s ON s.oid = t.relnamespace \
     JOIN pg_attribute att ON att.attrelid = t.oid AND att.attnum = ANY(k.conkey) \
     WHERE k.contype = 'f' AND k.conparentid = 0 AND s.nspname = current_schema()";
const VERSIONS: &str = "SELECT version AS a, '' AS b, NULL AS c FROM __diesel_schema_migrations ORDER BY version";

/// The tables that both have, each after those that its rows name. Errors: the two are not of the same make.
pub(super) async fn read(from: &mut LiteConnection, to: &mut AsyncPgConnection) -> Result<Vec<Table>, MoveError> {
    let source: Vec<Fact> = diesel::sql_query(ON_LITE).load(from).await?;
    let target: Vec<Fact> = diesel::sql_query(ON_PG).load(to).await?;
    let keys: Vec<Fact> = diesel::sql_query(KEYS).load(to).await?;
    if let Some(refusal) = differing_versions(from, to).await? {
        return Err(MoveError::Refused(refusal));
    }
    let (source, target) = (columns(source)?, columns(target)?);
    let differing: BTreeSet<&str> = source.symmetric_difference(&target).map(|(table, _)| table.as_str()).collect();
    if !differing.is_empty() {
        let names: Vec<&str> = differing.into_iter().collect();
        return Err(MoveError::Refused(format!("the two databases do not have the same tables and columns: see {}", names.join(", "))));
    }
    let own: BTreeSet<(&str, &str)> = keys.iter().filter(|key| key.a == key.b).filter_map(|key| Some((key.a.as_str(), key.c.as_deref()?))).collect();
    let mut tables: BTreeMap<String, Table> = BTreeMap::new();
    // In the order of PostgreSQL's columns; both are named in every statement.
    for (name, (column, kind)) in target {
        let own = own.contains(&(name.as_str(), column.as_str()));
        let table = tables.entry(name.clone()).or_insert_with(|| Table { name, columns: Vec::new() });
        table.columns.push(Column { name: column, kind, own });
    }
    in_order(tables, &keys.iter().map(|key| (key.a.as_str(), key.b.as_str())).collect::<Vec<_>>())
}

async fn differing_versions(from: &mut LiteConnection, to: &mut AsyncPgConnection) -> QueryResult<Option<String>> {
    let source: Vec<Fact> = diesel::sql_query(VERSIONS).load(from).await?;
    let target: Vec<Fact> = diesel::sql_query(VERSIONS).load(to).await?;
    let names = |facts: &[Fact]| facts.iter().map(|fact| fact.a.clone()).collect::<BTreeSet<_>>();
    let (source, target) = (names(&source), names(&target));
    Ok((source != target).then(|| {
        format!(
            "the SQLite database is not of this version of the program ({} migrations of {}): bring it up to date first, with `huecry migrate`",
            source.intersection(&target).count(),
            target.len()
        )
    }))
}

type Columns = BTreeSet<(String, (String, Kind))>;

fn columns(facts: Vec<Fact>) -> Result<Columns, MoveError> {
    let mut columns = Columns::new();
    for fact in facts.into_iter().filter(|fact| !is_own(&fact.a)) {
        let declared = fact.c.unwrap_or_default();
        let kind = Kind::of(&declared).ok_or_else(|| MoveError::Refused(format!("{}.{} is of a type that cannot be moved: {declared}", fact.a, fact.b)))?;
        columns.insert((fact.a, (fact.b, kind)));
    }
    Ok(columns)
}

/// Tables after those that they name.
fn in_order(mut tables: BTreeMap<String, Table>, keys: &[(&str, &str)]) -> Result<Vec<Table>, MoveError> {
    let mut ordered = Vec::new();
    while !tables.is_empty() {
        let waits = |name: &str| keys.iter().any(|(table, named)| *table == name && named != table && tables.contains_key(*named));
        let Some(next) = tables.keys().find(|name| !waits(name)).cloned() else {
            let names: Vec<&str> = tables.keys().map(String::as_str).collect();
            return Err(MoveError::Refused(format!("these tables name one another in a circle: {}", names.join(", "))));
        };
        ordered.extend(tables.remove(&next));
    }
    Ok(ordered)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tables(names: &[&str]) -> BTreeMap<String, Table> {
        names.iter().map(|name| ((*name).to_owned(), Table { name: (*name).to_owned(), columns: Vec::new() })).collect()
    }

    #[test]
    fn a_table_comes_after_those_that_it_names_and_may_name_itself() {
        let ordered = in_order(tables(&["a", "b", "c", "d"]), &[("a", "b"), ("b", "d"), ("b", "b"), ("c", "a")]).unwrap();
        assert_eq!(ordered.iter().map(|table| table.name.as_str()).collect::<Vec<_>>(), ["d", "b", "a", "c"]);
    }

    #[test]
    fn a_circle_is_told_and_not_walked_for_ever() {
        let refused = in_order(tables(&["a", "b", "c"]), &[("a", "b"), ("b", "a")]).unwrap_err().to_string();
        assert!(refused.contains("a, b"), "{refused}");
    }
}
