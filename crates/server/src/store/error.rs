//! What can go wrong in a store.

use std::path::PathBuf;

use super::url::InvalidStoreUrl;

/// Why an operation did not happen. Nothing of it is stored, with one exception: [`StoreError::Unresolved`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Too many operations are waiting already; worth another try soon.
    #[error("too many operations are waiting for the store")]
    Overloaded,
    /// The store was closed.
    #[error("the store is closed")]
    Closed,
    /// Another process held the database for too long; worth another try.
    #[error("another process is holding the database")]
    Busy,
    #[error("the disk or the database is full")]
    Full,
    #[error("the database cannot be written to")]
    ReadOnly,
    /// The disk, or whatever holds the database, does not answer as it should.
    #[error("the database does not answer: {0}")]
    Unavailable(String),
    /// It does not let this program in, or not do what it has to.
    #[error("the database refuses: {0}")]
    Refused(String),
    /// The connection was lost during the commit, and it cannot be found out whether that took place.
    #[error("the database was lost during a commit, and whether the change was made cannot be found out")]
    Unresolved,
    /// There was no answer in time. The change may happen all the same.
    #[error("the database did not answer in time; what was asked for may still happen")]
    Late,
    /// What is stored is not what was written.
    #[error("the database is damaged: {0}")]
    Corrupt(String),
    /// A mistake in this program.
    #[error("internal error of the store: {0}")]
    Internal(String),
}

impl StoreError {
    /// Whether the change may be there, now or later, although it failed for the caller.
    pub(crate) fn is_undecided(&self) -> bool {
        matches!(self, Self::Late | Self::Unresolved | Self::Unavailable(_))
    }

    pub(super) fn corrupt(what: impl Into<String>) -> Self {
        Self::Corrupt(what.into())
    }
}

/// Why a store cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error(
        "the SQLite library is version {found}, and {needed} or later is needed: earlier ones can lose data \
         when a write-ahead log is reset"
    )]
    LibraryTooOld { found: String, needed: String },
    #[error("the directory {} does not exist; create it, or name another", .0.display())]
    NoDirectory(PathBuf),
    #[error("{} cannot be opened: {reason}", .path.display())]
    Inaccessible { path: PathBuf, reason: String },
    #[error("{} is not a database of Jotgate; name another file in store.url", .0.display())]
    NotOurs(PathBuf),
    #[error(
        "the database {} is of version {found}, and this program knows up to version {known}: it was used by a newer \
         Jotgate; install that one, or restore a backup of the database from before",
        .path.display()
    )]
    Newer { path: PathBuf, found: i64, known: i64 },
    #[error("the database {} cannot be used: {source}", .path.display())]
    Store { path: PathBuf, source: StoreError },
    #[error("the database {name} cannot be used: {source}")]
    Server { name: String, source: StoreError },
    #[error("{name} is PostgreSQL {found}, and 13 or later is needed")]
    ServerTooOld { name: String, found: String },
    #[error("the database {name} is in {found}, which cannot hold every name; make one with `ENCODING 'UTF8'`")]
    Encoding { name: String, found: String },
    #[error(
        "the tables in {name} are of version {found}, which needs a program that knows version {oldest}, and this one knows \
         version {known}: install a newer Jotgate"
    )]
    NewerTables { name: String, found: i64, oldest: i64, known: i64 },
    #[error("the certificates in {}, which sslrootcert names, cannot be used: {reason}", .path.display())]
    RootCertificates { path: PathBuf, reason: String },
    #[error("TLS to the database cannot be set up: {0}")]
    Tls(String),
}

/// Why a copy of a database was not made, or not put in place.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// `store.url` is not one.
    #[error("store.url: {0}")]
    Url(#[from] InvalidStoreUrl),
    /// There is something already where the copy, or what is restored from it, would be.
    #[error("{} is there already and is left alone; move it away first, with its -wal and -shm files if it is a database", .0.display())]
    Exists(PathBuf),
    /// The file is something else.
    #[error("{} is not a copy of a Jotgate database; name a file that `jotgate backup` wrote", .0.display())]
    NotACopy(PathBuf),
    /// The copy is not as it was made.
    #[error("the copy is damaged ({found}); use another one")]
    Damaged {
        /// What the check of the database says.
        found: String,
    },
    /// A file cannot be used, or the copy is of a newer version.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The database fails.
    #[error("the database cannot be used: {0}")]
    Store(#[from] StoreError),
    /// A database of a PostgreSQL server is copied with its own tools.
    #[error(
        "{0} is a PostgreSQL database, which is copied with PostgreSQL's own tools: \
         `pg_dump --format=custom --file=jotgate.dump DATABASE`, and back with `pg_restore --dbname=DATABASE jotgate.dump`"
    )]
    Postgres(String),
}
