//! PostgreSQL's errors in the words of the store, and what each says about the transaction it happened in.

use tokio_postgres::Error;
use tokio_postgres::error::{DbError, SqlState};

use crate::store::error::StoreError;

/// Why a transaction did not come to be.
#[derive(Debug)]
pub(super) enum Fault {
    /// The operation itself, or a statement of it: again would be no better.
    Final(StoreError),
    /// What the operation took for granted is not so. Nothing of it is left, and it runs again without.
    Presumed(StoreError),
    /// Another transaction was in the way. Nothing of this one is left, and it may run again.
    Conflict(StoreError),
    /// The connection was lost, or did not answer in time. What it was asked last may have happened or not.
    Lost(StoreError),
}

impl Fault {
    /// The same for the caller.
    pub(super) fn error(&self) -> &StoreError {
        match self {
            Self::Final(error) | Self::Presumed(error) | Self::Conflict(error) | Self::Lost(error) => error,
        }
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        let said = store_error(&error);
        match error.code() {
            Some(code) if is_conflict(code) => Self::Conflict(said),
            // Only the statements of `presumed!` divide.
            Some(code) if *code == SqlState::DIVISION_BY_ZERO => Self::Presumed(said),
            Some(code) if ends_connection(code) => Self::Lost(said),
            // The count of commits was refused: it came too late, or was counted out.
            Some(_) if error.as_db_error().and_then(DbError::table) == Some("connections") => Self::Lost(said),
            Some(_) => Self::Final(said),
            None if is_ours(&error) => Self::Final(said),
            None => Self::Lost(said),
        }
    }
}

/// An operation looks for what must be unique before it adds it, so where it is there after all somebody else was faster; the
/// next look will find it.
fn is_conflict(code: &SqlState) -> bool {
    [SqlState::T_R_SERIALIZATION_FAILURE, SqlState::T_R_DEADLOCK_DETECTED, SqlState::UNIQUE_VIOLATION].contains(code)
}

/// After these the server closes the connection (a shutdown, a crash of a neighbour, a time-out while idle), or does not
/// know itself what it did.
fn ends_connection(code: &SqlState) -> bool {
    let code = code.code();
    code.starts_with("08") || code.starts_with("57P") || ["25P03", "40003"].contains(&code)
}

/// A parameter or a column of the wrong type never left this program.
fn is_ours(error: &Error) -> bool {
    let text = error.to_string();
    text.starts_with("error serializing") || text.starts_with("error deserializing") || text.contains("parameters but")
}

/// What an error of PostgreSQL means to the caller. Of its text only the message is taken, which names tables and columns:
/// the detail may hold values.
pub(super) fn store_error(error: &Error) -> StoreError {
    let Some(database) = error.as_db_error() else {
        let text = said(error);
        return if is_ours(error) { StoreError::Internal(text) } else { StoreError::Unavailable(text) };
    };
    let text = format!("{} ({})", database.message(), database.code().code());
    match database.code().code() {
        // Serialisation, deadlock, a lock that was not to be had, a statement that took too long.
        code if code.starts_with("40") || ["55P03", "57014"].contains(&code) => StoreError::Busy,
        "53100" => StoreError::Full,
        "25006" => StoreError::ReadOnly,
        "XX001" | "XX002" => StoreError::corrupt(text),
        // Who may connect to what, and make or use what there.
        code if ["28", "3D", "3F"].iter().any(|class| code.starts_with(class)) || code == "42501" => {
            StoreError::Refused(text)
        }
        // Connections, resources, an operator's hand, and system errors.
        code if ["08", "53", "57", "58"].iter().any(|class| code.starts_with(class)) => StoreError::Unavailable(text),
        _ => StoreError::Internal(text),
    }
}

/// An error with its causes; the library's own texts hold no values.
fn said(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
