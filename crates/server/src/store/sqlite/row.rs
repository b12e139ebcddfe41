//! Rows and parameters as SQLite has them.

use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};

use super::error::store_error;
use crate::store::error::StoreError;
use crate::store::tx::{Param, Row, Value};

/// A row of a result, read in place.
pub(super) struct SqliteRow<'a, 'statement>(pub(super) &'a rusqlite::Row<'statement>);

impl SqliteRow<'_, '_> {
    fn value_ref(&self, column: usize) -> Result<ValueRef<'_>, StoreError> {
        self.0.get_ref(column).map_err(|error| store_error(&error))
    }
}

impl Row for SqliteRow<'_, '_> {
    fn maybe_int(&self, column: usize) -> Result<Option<i64>, StoreError> {
        match self.value_ref(column)? {
            ValueRef::Null => Ok(None),
            ValueRef::Integer(value) => Ok(Some(value)),
            _ => Err(wrong(column, "an integer")),
        }
    }

    fn maybe_text(&self, column: usize) -> Result<Option<&str>, StoreError> {
        match self.value_ref(column)? {
            ValueRef::Null => Ok(None),
            ValueRef::Text(bytes) => std::str::from_utf8(bytes).map(Some).map_err(|_| wrong(column, "UTF-8 text")),
            _ => Err(wrong(column, "text")),
        }
    }

    fn maybe_bytes(&self, column: usize) -> Result<Option<&[u8]>, StoreError> {
        match self.value_ref(column)? {
            ValueRef::Null => Ok(None),
            ValueRef::Blob(bytes) => Ok(Some(bytes)),
            _ => Err(wrong(column, "bytes")),
        }
    }

    fn columns(&self) -> usize {
        self.0.as_ref().column_count()
    }

    fn value(&self, column: usize) -> Result<Value, StoreError> {
        match self.value_ref(column)? {
            ValueRef::Null => Ok(Value::Null),
            ValueRef::Integer(value) => Ok(Value::Int(value)),
            ValueRef::Text(_) => self.string(column).map(Value::Text),
            ValueRef::Blob(bytes) => Ok(Value::Bytes(bytes.to_vec())),
            ValueRef::Real(_) => Err(wrong(column, "of a type that we store")),
        }
    }
}

fn wrong(column: usize, expected: &str) -> StoreError {
    StoreError::corrupt(format!("column {column} is not {expected}"))
}

impl ToSql for Param<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Param::Null => ValueRef::Null,
            Param::Int(value) => ValueRef::Integer(*value),
            Param::Text(text) => ValueRef::Text(text.as_bytes()),
            Param::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}
