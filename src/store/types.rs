//! How `At` travels to and from both databases: a timestamp without zone, in UTC.
//!
//! The traits are written out here, and not derived on `At`, so that `domain` stays free of Diesel.

use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql, FromStaticSqlRow, Queryable};
use diesel::expression::AsExpression;
use diesel::internal::derives::as_expression::Bound;
use diesel::pg::Pg;
use diesel::query_builder::bind_collector::RawBytesBindCollector;
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::{Nullable, Timestamp};
use diesel::sqlite::Sqlite;

use crate::domain::At;

impl<DB: Backend> FromSql<Timestamp, DB> for At
where
    chrono::NaiveDateTime: FromSql<Timestamp, DB>,
{
    fn from_sql(bytes: DB::RawValue<'_>) -> deserialize::Result<Self> {
        chrono::NaiveDateTime::from_sql(bytes).map(Self::from_naive)
    }
}

impl<DB: Backend> Queryable<Timestamp, DB> for At
where
    Self: FromStaticSqlRow<Timestamp, DB>,
{
    type Row = Self;
    fn build(row: Self) -> deserialize::Result<Self> {
        Ok(row)
    }
}

impl ToSql<Timestamp, Pg> for At {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result
    where
        Pg: for<'c> Backend<BindCollector<'c> = RawBytesBindCollector<Pg>>,
    {
        <chrono::NaiveDateTime as ToSql<Timestamp, Pg>>::to_sql(&self.naive(), &mut out.reborrow())
    }
}

impl ToSql<Timestamp, Sqlite> for At {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        // Always six digits: SQLite compares these as text.
        out.set_value(self.naive().format("%Y-%m-%d %H:%M:%S%.6f").to_string());
        Ok(IsNull::No)
    }
}

impl<DB: Backend> ToSql<Nullable<Timestamp>, DB> for At
where
    Self: ToSql<Timestamp, DB>,
{
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
        <Self as ToSql<Timestamp, DB>>::to_sql(self, out)
    }
}

macro_rules! bound {
    ($($of:ty),+ $(,)?) => { $(
        impl AsExpression<$of> for At {
            type Expression = Bound<$of, Self>;
            fn as_expression(self) -> Self::Expression {
                Bound::new(self)
            }
        }
        impl<'a> AsExpression<$of> for &'a At {
            type Expression = Bound<$of, &'a At>;
            fn as_expression(self) -> Self::Expression {
                Bound::new(self)
            }
        }
    )+ };
}
bound!(Timestamp, Nullable<Timestamp>);
