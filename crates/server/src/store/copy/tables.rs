//! The one table of tables: what a copy of a store takes along, and what it leaves behind.

use std::sync::LazyLock;

use crate::store::sql::Sql;

/// Rows in one statement that writes many.
pub(super) const CHUNK: usize = 50;

/// A table that is copied. Its first column is its key.
pub(super) struct Table {
    pub(super) name: &'static str,
    pub(super) key: KeyKind,
    pub(super) columns: &'static [&'static str],
    /// Whether rows of other tables refer to its rows, which then cannot be taken out to be written anew.
    pub(super) is_referred_to: bool,
    /// Which rows are copied, as SQL.
    pub(super) which: &'static str,
}

/// What kind of value the key is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum KeyKind {
    Bytes,
    Int,
    Text,
}

/// The tables, each after those that its rows refer to.
pub(super) const TABLES: &[Table] = &[
    Table {
        name: "meta",
        key: KeyKind::Text,
        columns: &["name", "number"],
        is_referred_to: false,
        // Facts about the one store itself, and a row that means nothing.
        which: "name NOT IN ('schema', 'schema_oldest', 'ping', 'copy')",
    },
    Table {
        name: "users",
        key: KeyKind::Bytes,
        columns: &[
            "id",
            "email",
            "email_key",
            "email_verified_at",
            "name",
            "roles",
            "password_hash",
            "disabled_at",
            "created_at",
            "updated_at",
            "app_metadata",
            "user_metadata",
        ],
        is_referred_to: true,
        which: "TRUE",
    },
    Table {
        name: "sessions",
        key: KeyKind::Bytes,
        columns: &[
            "id",
            "user_id",
            "client_id",
            "generation",
            "scope",
            "device",
            "address",
            "user_agent",
            "created_at",
            "rotated_at",
            "last_used_at",
            "expires_at",
            "idle_for",
            "ended_at",
            "end_reason",
        ],
        is_referred_to: false,
        which: "TRUE",
    },
    Table {
        name: "revocations",
        key: KeyKind::Int,
        columns: &["sequence", "kind", "subject", "issued_before", "forget_at"],
        is_referred_to: false,
        which: "TRUE",
    },
    Table {
        name: "keys",
        key: KeyKind::Text,
        columns: &[
            "kid",
            "purpose",
            "algorithm",
            "state",
            "sealed",
            "sealed_public",
            "created_at",
            "activate_at",
            "activated_at",
            "retired_at",
        ],
        is_referred_to: false,
        which: "TRUE",
    },
    Table {
        name: "audit",
        key: KeyKind::Bytes,
        columns: &[
            "id",
            "at",
            "event",
            "refused",
            "actor",
            "actor_id",
            "user_id",
            "session_id",
            "target",
            "address",
            "user_agent",
            "request_id",
            "detail",
        ],
        is_referred_to: false,
        which: "TRUE",
    },
    Table {
        name: "mail_tokens",
        key: KeyKind::Bytes,
        columns: &["hash", "user_id", "purpose", "email", "email_key", "issued_at", "expires_at"],
        is_referred_to: false,
        which: "TRUE",
    },
    Table {
        name: "outbox",
        key: KeyKind::Bytes,
        columns: &["id", "kind", "user_id", "email", "email_key", "facts", "queued_at", "due_at", "attempts"],
        is_referred_to: false,
        which: "TRUE",
    },
    Table {
        name: "tries",
        key: KeyKind::Bytes,
        columns: &["name", "sequence", "failed", "since", "last_at", "forget_at"],
        is_referred_to: false,
        which: "TRUE",
    },
];

/// The statements for a table.
pub(super) struct Statements {
    /// Rows after a key, in the order of keys, at most so many.
    pub(super) page: Sql,
    /// Rows after a key up to another.
    pub(super) between: Sql,
    pub(super) count: Sql,
    /// Writes one row, whether there is one of its key or not.
    pub(super) put: Sql,
    /// The same for [`CHUNK`] rows.
    pub(super) put_many: Sql,
    pub(super) delete: Sql,
}

/// The statements for each of [`TABLES`], made once.
pub(super) static MADE: LazyLock<Vec<Statements>> = LazyLock::new(|| TABLES.iter().map(Statements::of).collect());

impl Statements {
    fn of(table: &Table) -> Self {
        let Table { name, columns, which, .. } = table;
        let key = columns[0];
        let list = columns.join(", ");
        let set: Vec<_> = columns[1..].iter().map(|column| format!("{column} = excluded.{column}")).collect();
        let (set, order) = (set.join(", "), table.order());
        let put = |rows: usize| {
            let values = places(rows, columns.len());
            let text = format!("INSERT INTO {name} ({list}) VALUES {values} ON CONFLICT ({key}) DO UPDATE SET {set}");
            Sql::made(&text, &text)
        };
        let both = |text: &dyn Fn(&str) -> String| Sql::made(&text(key), &text(&order));
        Self {
            page: both(&|by| format!("SELECT {list} FROM {name} WHERE {which} AND {by} > $1 ORDER BY {by} LIMIT $2")),
            between: both(&|by| {
                format!("SELECT {list} FROM {name} WHERE {which} AND {by} > $1 AND {by} <= $2 ORDER BY {by}")
            }),
            count: both(&|_| format!("SELECT count(*) FROM {name} WHERE {which}")),
            put: put(1),
            put_many: put(CHUNK),
            delete: both(&|_| format!("DELETE FROM {name} WHERE {key} = $1")),
        }
    }
}

impl Table {
    /// The key as PostgreSQL orders it bytewise, which SQLite does anyway.
    fn order(&self) -> String {
        let collation = if self.key == KeyKind::Text { " COLLATE \"C\"" } else { "" };
        format!("{}{collation}", self.columns[0])
    }
}

/// `($1, $2), ($3, $4)` for two rows of two columns.
fn places(rows: usize, columns: usize) -> String {
    let row = |row: usize| {
        let numbers: Vec<_> = (1..=columns).map(|column| format!("${}", row * columns + column)).collect();
        format!("({})", numbers.join(", "))
    };
    (0..rows).map(row).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::places;

    #[test]
    fn each_value_has_its_place() {
        assert_eq!(places(1, 3), "($1, $2, $3)");
        assert_eq!(places(2, 2), "($1, $2), ($3, $4)");
    }
}
