//! Where a store is: `sqlite:PATH` or `postgres://…`.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::postgres::Address;

/// Where a store is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum StoreUrl {
    /// A SQLite database in this file.
    Sqlite { path: PathBuf },
    /// A database of a PostgreSQL server.
    Postgres(Box<Address>),
}

/// Why a text does not say where a store is. It never repeats the text, which may hold a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidStoreUrl {
    #[error(
        "a store is named as `sqlite:PATH`, for example `sqlite:jotgate.db`, or as `postgres://USER:PASSWORD@HOST/DATABASE`"
    )]
    Scheme,
    #[error("`sqlite:` must be followed by the path of a file")]
    NoPath,
    #[error("a database in memory is lost when the program ends; name a file")]
    Memory,
    #[error("write `sqlite:PATH` without slashes before a relative path, or `sqlite:///PATH` for an absolute one")]
    Host,
    #[error(
        "this is not a PostgreSQL URL; write `postgres://USER:PASSWORD@HOST:PORT/DATABASE`, with characters such as @ / ? # \
         in the password percent-encoded, and after a `?` only what PostgreSQL's own tools know, such as `options`"
    )]
    Postgres,
    #[error(
        "a PostgreSQL URL must name its host; for a Unix socket write `postgres://USER@/DATABASE?host=/run/postgresql`"
    )]
    NoHost,
    #[error("a PostgreSQL URL must name the user and the database: `postgres://USER:PASSWORD@HOST/DATABASE`")]
    NoDatabase,
    #[error(
        "sslmode is one of `disable` (no TLS), `require` (TLS, but the server's certificate is not checked) and `verify-full` \
         (TLS, and the certificate must be the host's; this is what is done when it is left out)"
    )]
    SslMode,
    #[error("sslrootcert names who is trusted to certify the server, which only `sslmode=verify-full` asks for")]
    RootWithoutVerify,
}

impl StoreUrl {
    /// Whether both name one store, as far as their names tell.
    pub(crate) fn same_place(&self, other: &Self) -> bool {
        let whole = |path: &Path| path.canonicalize().or_else(|_| std::path::absolute(path));
        match (self, other) {
            (Self::Sqlite { path: one }, Self::Sqlite { path: two }) => {
                one == two || whole(one).is_ok_and(|one| whole(two).is_ok_and(|two| one == two))
            }
            (Self::Postgres(one), Self::Postgres(two)) => one == two,
            _ => false,
        }
    }

    /// Whether there can be a store: opening a file that is not there would make one.
    pub(crate) fn may_exist(&self) -> bool {
        match self {
            Self::Sqlite { path } => path.exists(),
            // Its server knows.
            Self::Postgres(_) => true,
        }
    }

    /// The same store, with a relative path counted from this directory.
    pub(crate) fn relative_to(self, directory: &Path) -> Self {
        match self {
            Self::Sqlite { path } => Self::Sqlite { path: directory.join(path) },
            Self::Postgres(address) => Self::Postgres(Box::new(address.relative_to(directory))),
        }
    }
}

impl FromStr for StoreUrl {
    type Err = InvalidStoreUrl;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return text.parse().map(|address| Self::Postgres(Box::new(address)));
        }
        if text.starts_with("postgres:") || text.starts_with("postgresql:") {
            return Err(InvalidStoreUrl::Postgres);
        }
        let rest = text.strip_prefix("sqlite:").ok_or(InvalidStoreUrl::Scheme)?;
        let path = match rest.strip_prefix("//") {
            Some(path) if path.starts_with('/') => path,
            Some(_) => return Err(InvalidStoreUrl::Host),
            None => rest,
        };
        match path {
            "" | "/" => Err(InvalidStoreUrl::NoPath),
            ":memory:" | "memory:" => Err(InvalidStoreUrl::Memory),
            path => Ok(Self::Sqlite { path: PathBuf::from(path) }),
        }
    }
}

/// For people: without a password.
impl fmt::Display for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite { path } => write!(f, "sqlite:{}", path.display()),
            Self::Postgres(address) => address.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{InvalidStoreUrl, StoreUrl};

    fn check(text: &str, expected: Result<&str, InvalidStoreUrl>) {
        let place = text.parse().map(|url: StoreUrl| url.to_string());
        assert_eq!(place.as_deref(), expected.as_deref(), "{text}");
    }

    #[test]
    fn a_file_is_named_by_its_path() {
        check("sqlite:jotgate.db", Ok("sqlite:jotgate.db"));
        check("sqlite:/var/lib/jotgate.db", Ok("sqlite:/var/lib/jotgate.db"));
        check("sqlite:///var/lib/jotgate.db", Ok("sqlite:/var/lib/jotgate.db"));
        check("sqlite:a b?c.db", Ok("sqlite:a b?c.db"));
    }

    #[test]
    fn a_server_is_named_without_its_password() {
        check("postgres://u:secret@db/jotgate", Ok("postgres://u@db/jotgate"));
        check("postgresql://u:secret@db:5433/jotgate", Ok("postgres://u@db:5433/jotgate"));
    }

    #[test]
    fn what_names_no_store_is_refused() {
        check("jotgate.db", Err(InvalidStoreUrl::Scheme));
        check("mysql://u:secret@db/jotgate", Err(InvalidStoreUrl::Scheme));
        check("sqlite:", Err(InvalidStoreUrl::NoPath));
        check("sqlite:///", Err(InvalidStoreUrl::NoPath));
        check("sqlite::memory:", Err(InvalidStoreUrl::Memory));
        check("sqlite://jotgate.db", Err(InvalidStoreUrl::Host));
        check("postgres:jotgate", Err(InvalidStoreUrl::Postgres));
    }

    #[test]
    fn a_relative_path_is_counted_from_the_given_directory() {
        let place = |text: &str| text.parse::<StoreUrl>().unwrap().relative_to(Path::new("/etc/jotgate")).to_string();
        assert_eq!(place("sqlite:j.db"), "sqlite:/etc/jotgate/j.db");
        assert_eq!(place("sqlite:/srv/j.db"), "sqlite:/srv/j.db");
    }
}
