//! Rows of any table: read from either database by what its catalogue says, summed, and written to PostgreSQL in batches.
//!
//! Each column is read under a name that says what it holds, so that one reader serves every table of both databases.

use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql, QueryableByName};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::row::{Field, NamedRow};
use diesel::sql_types::{Array, BigInt, Binary, Bool, Double, Nullable, Text, Timestamp};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use sha2::{Digest, Sha256};

use super::catalogue::{Kind, Table};
use crate::domain::At;
use crate::store::db::LiteConnection;

/// What stands in one column of one row.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Null,
    Int(i64),
    Text(String),
    Bool(bool),
    Bytes(Vec<u8>),
    Real(f64),
    Time(At),
}

/// One row, its columns as the catalogue orders them.
#[derive(Clone, Debug)]
pub(super) struct Row(pub(super) Vec<Value>);

impl<DB: Backend> QueryableByName<DB> for Row
where
    i64: FromSql<BigInt, DB>,
    String: FromSql<Text, DB>,
    bool: FromSql<Bool, DB>,
    Vec<u8>: FromSql<Binary, DB>,
    f64: FromSql<Double, DB>,
    At: FromSql<Timestamp, DB>,
{
    fn build<'a>(row: &impl NamedRow<'a, DB>) -> deserialize::Result<Self> {
        let mut values = Vec::with_capacity(row.field_count());
        for index in 0..row.field_count() {
            let field = diesel::row::Row::get(row, index).ok_or("a column is missing")?;
            let kind = field.field_name().and_then(|name| name.chars().next()).ok_or("a column has no name")?;
            let Some(raw) = field.value() else {
                values.push(Value::Null);
                continue;
            };
            values.push(match kind {
                'i' => Value::Int(i64::from_sql(raw)?),
                'b' => Value::Bool(bool::from_sql(raw)?),
                'x' => Value::Bytes(Vec::<u8>::from_sql(raw)?),
                'r' => Value::Real(f64::from_sql(raw)?),
                't' => Value::Time(At::from_sql(raw)?),
                _ => Value::Text(String::from_sql(raw)?),
            });
        }
        Ok(Self(values))
    }
}

impl Row {
    /// About how much of memory it takes.
    pub(super) fn bytes(&self) -> usize {
        let own = |value: &Value| match value {
            Value::Text(text) => text.len(),
            Value::Bytes(bytes) => bytes.len(),
            _ => 8,
        };
        self.0.iter().map(own).sum()
    }
}

/// The columns of a table as both are asked for them.
fn selection(table: &Table, json_as_text: &str) -> String {
    let column = |column: &super::catalogue::Column| {
        let name = &column.name;
        let (mark, read) = match column.kind {
            Kind::Int => ('i', format!("\"{name}\"")),
            Kind::Text => ('s', format!("\"{name}\"")),
            Kind::Json => ('s', format!("CAST(\"{name}\" AS {json_as_text})")),
            Kind::Bool => ('b', format!("\"{name}\"")),
            Kind::Bytes => ('x', format!("\"{name}\"")),
            Kind::Real => ('r', format!("\"{name}\"")),
            Kind::Time => ('t', format!("\"{name}\"")),
        };
        format!("{read} AS \"{mark}_{name}\"")
    };
    table.columns.iter().map(column).collect::<Vec<_>>().join(", ")
}

/// Rows of a SQLite table after a place, and the place of the last.
pub(super) async fn of_lite(from: &mut LiteConnection, table: &Table, after: i64, limit: i64) -> QueryResult<(Vec<Row>, i64)> {
    let query = format!("SELECT {}, rowid AS \"i_rowid\" FROM \"{}\" WHERE rowid > $1 ORDER BY rowid LIMIT $2", selection(table, "TEXT"), table.name);
    let mut rows: Vec<Row> = diesel::sql_query(query).bind::<BigInt, _>(after).bind::<BigInt, _>(limit).load(from).await?;
    let mut last = after;
    for row in &mut rows {
        if let Some(Value::Int(place)) = row.0.pop() {
            last = place;
        }
    }
    Ok((rows, last))
}

/// Opens a table of PostgreSQL for reading from its beginning to its end, within the transaction.
pub(super) async fn open_on_pg(to: &mut AsyncPgConnection, table: &Table) -> QueryResult<()> {
    let query = format!("DECLARE moved NO SCROLL CURSOR FOR SELECT {} FROM \"{}\"", selection(table, "text"), table.name);
    diesel::sql_query(query).execute(to).await.map(|_| ())
}

/// More rows of the table that was opened; none at its end.
pub(super) async fn of_pg(to: &mut AsyncPgConnection, limit: i64) -> QueryResult<Vec<Row>> {
    let rows = diesel::sql_query(format!("FETCH {limit} FROM moved")).load(to).await?;
    if rows.is_empty() {
        diesel::sql_query("CLOSE moved").execute(to).await?;
    }
    Ok(rows)
}

/// A boxed query with one more array: a column of these rows.
type Query<'a> = diesel::query_builder::BoxedSqlQuery<'a, Pg, diesel::query_builder::SqlQuery>;

macro_rules! column {
    ($query:expr, $rows:expr, $index:expr, $sql:ty, $variant:path, $as:expr) => {{
        let values: Vec<Option<_>> = $rows
            .iter()
            .map(|row| match row.0.get($index) {
                Some($variant(value)) => Some($as(value)),
                _ => None,
            })
            .collect();
        $query.bind::<Array<Nullable<$sql>>, _>(values)
    }};
}

fn bind<'a>(query: Query<'a>, rows: &'a [Row], index: usize, kind: Kind) -> Query<'a> {
    match kind {
        Kind::Int => column!(query, rows, index, BigInt, Value::Int, |value: &i64| *value),
        Kind::Bool => column!(query, rows, index, Bool, Value::Bool, |value: &bool| *value),
        Kind::Real => column!(query, rows, index, Double, Value::Real, |value: &f64| *value),
        Kind::Time => column!(query, rows, index, Timestamp, Value::Time, |value: &At| *value),
        Kind::Bytes => column!(query, rows, index, Binary, Value::Bytes, Vec::as_slice),
        Kind::Text | Kind::Json => column!(query, rows, index, Text, Value::Text, String::as_str),
    }
}

/// Writes rows. What names a row of its own table is left for [`tie`].
pub(super) async fn write(to: &mut AsyncPgConnection, table: &Table, rows: &[Row]) -> QueryResult<usize> {
    let wanted: Vec<_> = table.columns.iter().enumerate().filter(|(_, column)| !column.own).collect();
    let names = wanted.iter().map(|(_, column)| format!("\"{}\"", column.name)).collect::<Vec<_>>().join(", ");
    let read = wanted.iter().map(|(_, column)| format!("\"{}\"{}", column.name, column.kind.on_pg().1)).collect::<Vec<_>>().join(", ");
    let arrays = wanted.iter().enumerate().map(|(n, (_, column))| format!("${}::{}", n + 1, column.kind.on_pg().0)).collect::<Vec<_>>().join(", ");
    let text = format!("INSERT INTO \"{}\" ({names}) SELECT {read} FROM unnest({arrays}) AS moved ({names})", table.name);
    let mut query = diesel::sql_query(text).into_boxed::<Pg>();
    for (index, column) in wanted {
        query = bind(query, rows, index, column.kind);
    }
    query.execute(to).await
}

/// Fills in what names a row of its own table: now they are all there. Such a table's key is its `id`.
pub(super) async fn tie(to: &mut AsyncPgConnection, table: &Table, rows: &[Row]) -> QueryResult<()> {
    let Some(key) = table.columns.iter().position(|column| column.name == "id") else { return Ok(()) };
    for (index, column) in table.columns.iter().enumerate().filter(|(_, column)| column.own) {
        let text = format!(
            "UPDATE \"{0}\" SET \"{1}\" = named.it FROM unnest($1::bigint[], $2::bigint[]) AS named (id, it) WHERE \"{0}\".id = named.id AND named.it IS NOT NULL",
            table.name, column.name
        );
        let query = bind(bind(diesel::sql_query(text).into_boxed::<Pg>(), rows, key, Kind::Int), rows, index, Kind::Int);
        query.execute(to).await?;
    }
    Ok(())
}

/// How many rows, and the sum of their hashes: the same whatever the order, and different if any row is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Rows.
    pub rows: u64,
    /// The first half of each row's SHA-256, added up without carry beyond its 128 bits.
    pub sum: u128,
}

impl Tally {
    pub(super) fn add(&mut self, row: &Row) {
        let mut hash = Sha256::new();
        for value in &row.0 {
            // Each value with its kind and its length, so that no two rows are written alike.
            let (kind, bytes): (u8, std::borrow::Cow<'_, [u8]>) = match value {
                Value::Null => (0, (&[][..]).into()),
                Value::Int(value) => (1, value.to_be_bytes().to_vec().into()),
                Value::Text(value) => (2, value.as_bytes().into()),
                Value::Bool(value) => (3, vec![u8::from(*value)].into()),
                Value::Bytes(value) => (4, value.as_slice().into()),
                Value::Real(value) => (5, value.to_bits().to_be_bytes().to_vec().into()),
                Value::Time(value) => (6, value.utc().timestamp_micros().to_be_bytes().to_vec().into()),
            };
            hash.update([kind]);
            hash.update(u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_be_bytes());
            hash.update(&bytes);
        }
        let half = hash.finalize().iter().take(16).fold(0_u128, |sum, byte| (sum << 8) | u128::from(*byte));
        self.rows += 1;
        self.sum = self.sum.wrapping_add(half);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(rows: &[Vec<Value>]) -> Tally {
        let mut tally = Tally::default();
        for row in rows {
            tally.add(&Row(row.clone()));
        }
        tally
    }

    #[test]
    fn the_order_of_rows_does_not_matter_and_everything_else_does() {
        let (one, two) = (vec![Value::Int(1), Value::Text("ab".into())], vec![Value::Int(2), Value::Null]);
        let whole = tally(&[one.clone(), two.clone()]);
        assert_eq!(whole, tally(&[two.clone(), one.clone()]));
        for other in [
            tally(std::slice::from_ref(&one)),
            tally(&[one.clone(), one.clone()]),
            tally(&[one.clone(), two.clone(), two.clone()]),
            tally(&[one.clone(), vec![Value::Int(2), Value::Text(String::new())]]),
            tally(&[vec![Value::Int(1), Value::Bytes(b"ab".to_vec())], two.clone()]),
            tally(&[vec![Value::Text("1a".into()), Value::Text("b".into())], two]),
        ] {
            assert_ne!(whole, other);
        }
        assert_ne!(tally(&[vec![Value::Text("a".into()), Value::Text("bc".into())]]), tally(&[vec![Value::Text("ab".into()), Value::Text("c".into())]]));
    }
}
