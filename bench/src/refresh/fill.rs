//! Filling a database with sessions, millions of them in a minute: straight into the tables, in the order of their keys, with
//! no journal. Whoever is interrupted here begins anew.

use std::path::Path;

use anyhow::Context;
use jotgate_server::{Clock, SystemClock};
use rusqlite::{Connection, Transaction, params};

use super::house::SPREAD_MILLIS;
use crate::chance::Chance;

/// Sessions that each user has.
const SESSIONS_A_USER: u64 = 5;
/// Two months idle and half a year in all, as a person's sessions may be.
const SESSION: &str = "INSERT INTO sessions (id, user_id, client_id, generation, scope, created_at, rotated_at, last_used_at, \
                       expires_at, idle_for) VALUES (?1, ?2, 'jotgate', 0, '', ?3, ?3, ?3, ?3 + 15552000000, 2592000)";
const USER: &str = "INSERT INTO users (id, email, email_key, roles, password_hash, created_at, updated_at) \
                    VALUES (?1, ?2, ?2, '[]', ?3, ?4, ?4)";
/// Of the usual length; nobody logs in with it.
const HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$c29tZWhhc2hzb21laGFzaHNvbWVoYXNoc29tZWhhc2g";

/// Adds sessions of nobody in particular until there are so many, and the users that have them.
pub(super) fn fill_up_to(database: &Path, sessions: u64) -> anyhow::Result<()> {
    let mut database = Connection::open(database)?;
    let present: i64 = database.query_row("SELECT count(*) FROM sessions", [], |row| row.get(0))?;
    for mode in ["DELETE", "OFF"] {
        set_journal(&database, mode)?;
    }
    database.pragma_update(None, "synchronous", "OFF")?;
    database.pragma_update(None, "cache_size", -64 * 1024)?;
    let transaction = database.transaction()?;
    insert(&transaction, present.unsigned_abs(), sessions)?;
    transaction.commit()?;
    set_journal(&database, "WAL")
}

/// Bytes that the sessions take, with the index over them.
pub(super) fn session_bytes(database: &Path) -> anyhow::Result<u64> {
    let database = Connection::open(database)?;
    let pages = "SELECT sum(pgsize) FROM dbstat WHERE aggregate = TRUE AND name IN ('sessions', 'sessions_by_user')";
    let bytes: i64 = database.query_row(pages, [], |row| row.get(0)).context("dbstat")?;
    Ok(bytes.unsigned_abs())
}

fn set_journal(database: &Connection, mode: &str) -> anyhow::Result<()> {
    database.pragma_update_and_check(None, "journal_mode", mode, |_| Ok(())).context("the journal")
}

fn insert(transaction: &Transaction<'_>, present: u64, sessions: u64) -> anyhow::Result<()> {
    let (mut user, mut session) = (transaction.prepare(USER)?, transaction.prepare(SESSION)?);
    let begin = SystemClock.now().millis().saturating_sub_unsigned(SPREAD_MILLIS);
    let (mut chance, mut owner) = (Chance::new(2), [0; 16]);
    for number in present..sessions {
        let share = u128::from(SPREAD_MILLIS) * u128::from(number - present) / u128::from(sessions - present);
        let opened = begin.saturating_add_unsigned(u64::try_from(share)?);
        if (number - present).is_multiple_of(SESSIONS_A_USER) {
            owner = id(opened.cast_unsigned(), &mut chance);
            user.execute(params![owner, format!("somebody-{number:09}@example.com"), HASH, opened])?;
        }
        session.execute(params![id(opened.cast_unsigned(), &mut chance), owner, opened])?;
    }
    Ok(())
}

/// An id as the server makes them (`UUIDv7`): the time, then randomness.
fn id(millis: u64, chance: &mut Chance) -> [u8; 16] {
    let random = u128::from(chance.below(1 << 38)) << 38 | u128::from(chance.below(1 << 38));
    let id = u128::from(millis) << 80 | 0x7 << 76 | random;
    id.to_be_bytes()
}
