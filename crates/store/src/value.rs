//! Values that go into statements and come out of rows, the same for both drivers.

use crate::error::{Error, Result};
use bytes::BytesMut;
use tokio_postgres::types::{IsNull, ToSql, Type};

/// A value bound to a parameter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value<'a> {
    /// SQL's NULL.
    Null,
    /// A BIGINT.
    Int(i64),
    /// TEXT.
    Text(&'a str),
    /// BYTEA or BLOB.
    Bytes(&'a [u8]),
}

/// `params![company, lead_id, "text", None::<i64>]`: values for `$1`, `$2` …
#[macro_export]
macro_rules! params {
    ($($value:expr),* $(,)?) => { &[$($crate::value::Value::from($value)),*][..] };
}

impl From<i64> for Value<'_> {
    fn from(v: i64) -> Self {
        Value::Int(v)
    }
}
impl From<bool> for Value<'_> {
    fn from(v: bool) -> Self {
        Value::Int(i64::from(v))
    }
}
impl<'a> From<&'a str> for Value<'a> {
    fn from(v: &'a str) -> Self {
        Value::Text(v)
    }
}
impl<'a> From<&'a String> for Value<'a> {
    fn from(v: &'a String) -> Self {
        Value::Text(v)
    }
}
impl<'a> From<&'a [u8]> for Value<'a> {
    fn from(v: &'a [u8]) -> Self {
        Value::Bytes(v)
    }
}
impl<'a> From<&'a Option<String>> for Value<'a> {
    fn from(v: &'a Option<String>) -> Self {
        v.as_deref().map_or(Value::Null, Value::Text)
    }
}
impl<'a, T: Into<Value<'a>>> From<Option<T>> for Value<'a> {
    fn from(v: Option<T>) -> Self {
        v.map_or(Value::Null, Into::into)
    }
}

impl rusqlite::ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<rusqlite::types::ToSqlOutput<'_>> {
        use rusqlite::types::{ToSqlOutput, ValueRef};
        Ok(ToSqlOutput::Borrowed(match *self {
            Value::Null => ValueRef::Null,
            Value::Int(v) => ValueRef::Integer(v),
            Value::Text(v) => ValueRef::Text(v.as_bytes()),
            Value::Bytes(v) => ValueRef::Blob(v),
        }))
    }
}

impl ToSql for Value<'_> {
    fn to_sql(
        &self,
        ty: &Type,
        out: &mut BytesMut,
    ) -> std::result::Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match *self {
            Value::Null => Ok(IsNull::Yes),
            Value::Int(v) if *ty == Type::INT4 => i32::try_from(v)?.to_sql(ty, out),
            Value::Int(v) => v.to_sql(ty, out),
            Value::Text(v) => v.to_sql(ty, out),
            Value::Bytes(v) => v.to_sql(ty, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    tokio_postgres::types::to_sql_checked!();
}

/// One row of an answer.
pub enum Row<'a> {
    #[doc(hidden)]
    Sqlite(&'a rusqlite::Row<'a>),
    #[doc(hidden)]
    Postgres(&'a tokio_postgres::Row),
}

impl Row<'_> {
    /// The value of a column, by its index from 0.
    pub fn get<T: Column>(&self, column: usize) -> Result<T> {
        T::read(self, column)
    }
}

/// A type that a column can be read as.
pub trait Column: Sized {
    /// Reads the column with this index.
    fn read(row: &Row<'_>, column: usize) -> Result<Self>;
}

macro_rules! column {
    ($($ty:ty),+) => {$(
        impl Column for $ty {
            fn read(row: &Row<'_>, column: usize) -> Result<Self> {
                match row {
                    Row::Sqlite(row) => row.get(column).map_err(|e| shape(column, &e)),
                    Row::Postgres(row) => row.try_get(column).map_err(|e| shape(column, &e)),
                }
            }
        }
    )+};
}
column!(String, Vec<u8>, Option<String>, Option<Vec<u8>>);

/// PostgreSQL gives integer literals and some functions four bytes; all integers are read as eight.
impl Column for Option<i64> {
    fn read(row: &Row<'_>, column: usize) -> Result<Self> {
        match row {
            Row::Sqlite(row) => row.get(column).map_err(|e| shape(column, &e)),
            Row::Postgres(row) if row.columns().get(column).is_some_and(|c| *c.type_() == Type::INT4) => {
                row.try_get::<_, Option<i32>>(column).map(|v| v.map(i64::from)).map_err(|e| shape(column, &e))
            }
            Row::Postgres(row) => row.try_get(column).map_err(|e| shape(column, &e)),
        }
    }
}

impl Column for i64 {
    fn read(row: &Row<'_>, column: usize) -> Result<Self> {
        Option::<i64>::read(row, column)?.ok_or_else(|| shape(column, &"a number is missing"))
    }
}

impl Column for bool {
    fn read(row: &Row<'_>, column: usize) -> Result<Self> {
        Ok(i64::read(row, column)? != 0)
    }
}

/// Lets newtypes around `i64` be bound and read.
macro_rules! id_values {
    ($($ty:ty),+ $(,)?) => {$(
        impl From<$ty> for $crate::value::Value<'_> {
            fn from(id: $ty) -> Self { $crate::value::Value::Int(id.0) }
        }
        impl $crate::value::Column for $ty {
            fn read(row: &$crate::value::Row<'_>, column: usize) -> $crate::error::Result<Self> {
                row.get(column).map(Self)
            }
        }
        impl $crate::value::Column for Option<$ty> {
            fn read(row: &$crate::value::Row<'_>, column: usize) -> $crate::error::Result<Self> {
                Ok(row.get::<Option<i64>>(column)?.map(<$ty>::from))
            }
        }
    )+};
}

fn shape(column: usize, error: &dyn std::fmt::Display) -> Error {
    Error::Shape { column, why: error.to_string() }
}

id_values!(
    domain::ids::CompanyId,
    domain::ids::UserId,
    domain::ids::RoleId,
    domain::ids::BranchId,
    domain::ids::DepartmentId,
    domain::ids::StatusId,
    domain::ids::SourceId,
    domain::ids::TagId,
    domain::ids::LeadId,
    domain::ids::ImportId,
    domain::ids::RunId,
    domain::time::Moment,
);
