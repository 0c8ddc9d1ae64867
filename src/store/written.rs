//! SQL written by hand within a Diesel statement, prepared once and kept.
//!
//! `diesel::dsl::sql` and `sql_query` mark their statement as not to be kept: PostgreSQL then parses and plans it anew each
//! time, at two round trips instead of one. And a word behind a parameter (`status = $1`) hides from the planner that an
//! index over the waiting rows would do: it reads the whole table. On the paths of every message both are written here.

use std::marker::PhantomData;

use diesel::expression::{AppearsOnTable, Expression, SelectableExpression, TypedExpressionType, ValidGrouping, is_aggregate};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{Array, BigInt, Nullable, Text, Timestamp};
use diesel::sqlite::Sqlite;

use crate::domain::At;

/// SQL of a given type, with its parameters in place.
pub struct Written<ST> {
    pieces: Vec<Piece>,
    of: PhantomData<ST>,
}

enum Piece {
    Sql(&'static str),
    Text(String),
    Int(i64),
    At(At),
    /// With the same as JSON, which SQLite takes for a list.
    AnyOf(Vec<i64>, String),
    Pairs(Vec<i64>, Vec<String>, String),
    /// The database's own clock and so many milliseconds.
    Clock(i64),
    Pick(&'static str),
    Picked,
    Locked,
}

/// Begins with this SQL.
pub fn written<ST>(sql: &'static str) -> Written<ST> {
    Written { pieces: vec![Piece::Sql(sql)], of: PhantomData }
}

/// The database's own clock, so many milliseconds on.
pub fn clock_in(plus_ms: i64) -> Written<Nullable<Timestamp>> {
    written("").clock(plus_ms)
}

impl<ST> Written<ST> {
    fn and(mut self, piece: Piece) -> Self {
        self.pieces.push(piece);
        self
    }

    /// More SQL.
    pub fn sql(self, sql: &'static str) -> Self {
        self.and(Piece::Sql(sql))
    }

    /// A text.
    pub fn text(self, text: &str) -> Self {
        self.and(Piece::Text(text.to_owned()))
    }

    /// A number.
    pub fn int(self, number: i64) -> Self {
        self.and(Piece::Int(number))
    }

    /// A moment.
    pub fn at(self, at: At) -> Self {
        self.and(Piece::At(at))
    }

    /// `= ANY` or `IN` these.
    pub fn any_of(self, numbers: &[i64]) -> Self {
        let json = serde_json::Value::from(numbers).to_string();
        self.and(Piece::AnyOf(numbers.to_vec(), json))
    }

    /// A choice of rows of a number `id` and a text `word`, to be joined.
    pub fn pairs(self, pairs: &[(i64, String)]) -> Self {
        let json = serde_json::json!(pairs).to_string();
        let (numbers, texts) = pairs.iter().cloned().unzip();
        self.and(Piece::Pairs(numbers, texts, json))
    }

    /// The database's own clock, by which leases are taken and judged on every node alike, so many milliseconds on.
    pub fn clock(self, plus_ms: i64) -> Self {
        self.and(Piece::Clock(plus_ms))
    }

    /// Opens a choice of rows that are to be taken; [`Self::picked`] closes it.
    ///
    /// PostgreSQL works it out once, as an array: within a plain `IN` it may run the choice again for each row and take more
    /// than its limit.
    pub fn pick(self, select: &'static str) -> Self {
        self.and(Piece::Pick(select))
    }

    /// Takes the rows of a choice that is a statement of its own. What another node is taking at this moment is passed over.
    pub fn locked(self) -> Self {
        self.and(Piece::Locked)
    }

    /// Closes the choice. What another node is taking at this moment is passed over.
    pub fn picked(self) -> Self {
        self.and(Piece::Picked)
    }
}

impl<ST> QueryFragment<Pg> for Written<ST> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        for piece in &self.pieces {
            match piece {
                Piece::Sql(sql) => out.push_sql(sql),
                Piece::Text(text) => out.push_bind_param::<Text, _>(text)?,
                Piece::Int(number) => out.push_bind_param::<BigInt, _>(number)?,
                Piece::At(at) => out.push_bind_param::<Timestamp, _>(at)?,
                Piece::AnyOf(numbers, _) => {
                    out.push_sql(" = ANY(");
                    out.push_bind_param::<Array<BigInt>, _>(numbers)?;
                    out.push_sql(")");
                }
                Piece::Pairs(numbers, texts, _) => {
                    out.push_sql("(SELECT unnest(");
                    out.push_bind_param::<Array<BigInt>, _>(numbers)?;
                    out.push_sql(") AS id, unnest(");
                    out.push_bind_param::<Array<Text>, _>(texts)?;
                    out.push_sql(") AS word)");
                }
                Piece::Clock(plus_ms) => {
                    out.push_sql("(clock_timestamp() AT TIME ZONE 'utc' + ");
                    out.push_bind_param::<BigInt, _>(plus_ms)?;
                    out.push_sql(" * interval '1 millisecond')");
                }
                Piece::Pick(select) => {
                    out.push_sql(" = ANY(ARRAY(");
                    out.push_sql(select);
                }
                Piece::Picked => out.push_sql(" FOR UPDATE SKIP LOCKED))"),
                Piece::Locked => out.push_sql(" FOR UPDATE SKIP LOCKED"),
            }
        }
        Ok(())
    }
}

impl<ST> QueryFragment<Sqlite> for Written<ST> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        for piece in &self.pieces {
            match piece {
                Piece::Sql(sql) => out.push_sql(sql),
                Piece::Text(text) => out.push_bind_param::<Text, _>(text)?,
                Piece::Int(number) => out.push_bind_param::<BigInt, _>(number)?,
                Piece::At(at) => out.push_bind_param::<Timestamp, _>(at)?,
                Piece::AnyOf(_, json) => {
                    // One text however many there are, so that the statement is prepared once.
                    out.push_sql(" IN (SELECT value FROM json_each(");
                    out.push_bind_param::<Text, _>(json)?;
                    out.push_sql("))");
                }
                Piece::Pairs(_, _, json) => {
                    out.push_sql("(SELECT value ->> 0 AS id, value ->> 1 AS word FROM json_each(");
                    out.push_bind_param::<Text, _>(json)?;
                    out.push_sql("))");
                }
                Piece::Clock(plus_ms) => {
                    out.push_sql("strftime('%Y-%m-%d %H:%M:%f', 'now', (");
                    out.push_bind_param::<BigInt, _>(plus_ms)?;
                    out.push_sql(" / 1000.0) || ' seconds')");
                }
                Piece::Pick(select) => {
                    out.push_sql(" IN (");
                    out.push_sql(select);
                }
                // The only writer.
                Piece::Picked => out.push_sql(")"),
                Piece::Locked => {}
            }
        }
        Ok(())
    }
}

impl<ST> QueryId for Written<ST> {
    type QueryId = ();
    // Known by its text.
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<ST: TypedExpressionType> Expression for Written<ST> {
    type SqlType = ST;
}

impl<ST: TypedExpressionType> Query for Written<ST> {
    type SqlType = ST;
}

impl<ST, GB> ValidGrouping<GB> for Written<ST> {
    type IsAggregate = is_aggregate::Never;
}

impl<ST: TypedExpressionType, From> SelectableExpression<From> for Written<ST> {}
impl<ST: TypedExpressionType, From> AppearsOnTable<From> for Written<ST> {}
impl<ST, Conn> diesel::query_dsl::RunQueryDsl<Conn> for Written<ST> {}
