//! What a client was told, against what the store holds. It knows no server: whoever keeps such a ledger can compare.

use std::collections::HashMap;
use std::path::Path;

use anyhow::Context;
use jotgate_testkit::postgres;
use rusqlite::{Connection, OpenFlags};

/// What a client knows of a session from the answers that it got.
#[derive(Debug, Clone)]
pub(crate) struct Told {
    pub(crate) id: String,
    /// Refreshes that were answered.
    pub(crate) generation: u64,
    /// A refresh was sent and not answered: it may have happened.
    pub(crate) refresh_unsure: bool,
    pub(crate) end: End,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// Nobody asked for it.
    No,
    /// It was asked for and not answered.
    Unsure,
    /// It was answered.
    Yes,
}

/// What the store says of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stored {
    pub(crate) generation: u64,
    pub(crate) ended: bool,
}

/// Reads all sessions of a store, which is named as `store.url` names one, and whether it is sound.
pub(crate) fn read(store: &str) -> anyhow::Result<(HashMap<String, Stored>, Vec<String>)> {
    match store.split_once(':') {
        Some(("sqlite", database)) => read_sqlite(Path::new(database)),
        _ => Ok((read_postgres(store)?, Vec::new())),
    }
}

/// What is damaged there, PostgreSQL refuses to read.
fn read_postgres(url: &str) -> anyhow::Result<HashMap<String, Stored>> {
    let all = "SELECT encode(id, 'hex'), generation, ended_at IS NOT NULL FROM sessions";
    let rows = postgres::run(url, all).map_err(anyhow::Error::msg)?;
    let session = |row: &Vec<Option<String>>| {
        let [Some(id), Some(generation), Some(ended)] = row.as_slice() else { return None };
        Some((id.clone(), Stored { generation: generation.parse().ok()?, ended: ended == "t" }))
    };
    rows.iter().map(session).collect::<Option<_>>().context("the sessions cannot be read")
}

fn read_sqlite(database: &Path) -> anyhow::Result<(HashMap<String, Stored>, Vec<String>)> {
    let connection = Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    let mut statement = connection.prepare("SELECT lower(hex(id)), generation, ended_at IS NOT NULL FROM sessions")?;
    let rows = statement.query_map([], |row| {
        let stored = Stored { generation: row.get::<_, i64>(1)?.unsigned_abs(), ended: row.get(2)? };
        Ok((row.get::<_, String>(0)?, stored))
    })?;
    let sessions = rows.collect::<rusqlite::Result<_>>()?;
    let check: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
    let strays: i64 = connection.query_row("SELECT count(*) FROM pragma_foreign_key_check", [], |row| row.get(0))?;
    let mut complaints = Vec::new();
    if check != "ok" || strays > 0 {
        complaints.push(format!("the database is damaged: {check}, {strays} rows that belong to nothing"));
    }
    Ok((sessions, complaints))
}

/// The id of a session as [`read`] has it.
pub(crate) fn key(id: &str) -> String {
    id.replace('-', "")
}

/// Everything that was told and is not so.
pub(crate) fn compare<'t>(told: impl IntoIterator<Item = &'t Told>, stored: &HashMap<String, Stored>) -> Vec<String> {
    told.into_iter().filter_map(|told| complaint(told, stored.get(&key(&told.id)))).collect()
}

fn complaint(told: &Told, stored: Option<&Stored>) -> Option<String> {
    let Some(stored) = stored else { return Some(format!("session {} is gone", told.id)) };
    let most = told.generation + u64::from(told.refresh_unsure);
    if stored.generation < told.generation {
        return Some(format!("{} refreshes of session {} are lost", told.generation - stored.generation, told.id));
    }
    if stored.generation > most {
        return Some(format!("session {} has refreshes that nobody asked for", told.id));
    }
    match (told.end, stored.ended) {
        (End::Yes, false) => Some(format!("the end of session {} is lost", told.id)),
        (End::No, true) => Some(format!("session {} has ended, and nobody asked for it", told.id)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(generation: u64, refresh_unsure: bool, end: End, stored: Option<(u64, bool)>, fine: bool) {
        let told = Told { id: "a".to_owned(), generation, refresh_unsure, end };
        let stored = stored.map(|(generation, ended)| ("a".to_owned(), Stored { generation, ended }));
        let complaints = compare([&told], &stored.into_iter().collect());
        assert_eq!(complaints.is_empty(), fine, "{complaints:?}");
    }

    #[test]
    fn what_was_answered_must_be_so_and_what_was_not_may_be() {
        check(3, false, End::No, Some((3, false)), true);
        check(3, false, End::No, Some((2, false)), false);
        check(3, false, End::No, Some((4, false)), false);
        check(3, true, End::No, Some((4, false)), true);
        check(3, true, End::No, Some((3, false)), true);
        check(3, true, End::No, Some((5, false)), false);
        check(3, false, End::Yes, Some((3, true)), true);
        check(3, false, End::Yes, Some((3, false)), false);
        check(3, false, End::No, Some((3, true)), false);
        check(3, false, End::Unsure, Some((3, true)), true);
        check(3, false, End::Unsure, Some((3, false)), true);
        check(3, false, End::No, None, false);
    }
}
