//! Rows and parameters as PostgreSQL has them.

use std::error::Error;

use bytes::BytesMut;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};

use crate::store::error::StoreError;
use crate::store::tx::{Param, Row, Value};

/// A row of a result.
pub(super) struct PgRow<'a>(pub(super) &'a tokio_postgres::Row);

impl PgRow<'_> {
    fn get<'a, V: FromSql<'a>>(&'a self, column: usize, expected: &str) -> Result<Option<V>, StoreError> {
        let wrong = |_| StoreError::corrupt(format!("column {column} is not {expected}"));
        self.0.try_get(column).map_err(wrong)
    }
}

impl Row for PgRow<'_> {
    fn maybe_int(&self, column: usize) -> Result<Option<i64>, StoreError> {
        self.get(column, "an integer")
    }

    fn maybe_text(&self, column: usize) -> Result<Option<&str>, StoreError> {
        self.get(column, "text")
    }

    fn maybe_bytes(&self, column: usize) -> Result<Option<&[u8]>, StoreError> {
        self.get(column, "bytes")
    }

    fn columns(&self) -> usize {
        self.0.len()
    }

    fn value(&self, column: usize) -> Result<Value, StoreError> {
        let kind = self.0.columns().get(column).map(tokio_postgres::Column::type_);
        let value = match kind {
            Some(&Type::INT8) => self.maybe_int(column)?.map(Value::Int),
            Some(&Type::TEXT) => self.maybe_string(column)?.map(Value::Text),
            Some(&Type::BYTEA) => self.maybe_bytes(column)?.map(|bytes| Value::Bytes(bytes.to_vec())),
            _ => return Err(StoreError::corrupt(format!("column {column} is not of a type that we store"))),
        };
        Ok(value.unwrap_or(Value::Null))
    }
}

impl ToSql for Param<'_> {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Int(value) => value.to_sql_checked(kind, out),
            Self::Text(text) => text.to_sql_checked(kind, out),
            Self::Bytes(bytes) => bytes.to_sql_checked(kind, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        // Each kind of value is checked on its own above.
        true
    }

    to_sql_checked!();
}

impl ToSql for Value {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        Param::from(self).to_sql(kind, out)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

impl std::fmt::Debug for Param<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Param(…)")
    }
}
