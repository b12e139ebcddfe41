//! SQL text. One text for both engines, with PostgreSQL's `$1` parameters; SQLite's `?1` is made of it when compiling.
//!
//! Where the engines differ both texts stand side by side. What differs most often is that PostgreSQL has to be told to
//! hold the rows that an operation reads before it decides (`locking "FOR UPDATE"`): there, others write meanwhile.

/// A statement.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sql {
    sqlite: &'static str,
    postgres: &'static str,
}

impl Sql {
    /// Takes SQLite's text, whose parameters were rewritten by [`rewrite`], and PostgreSQL's; only the [`sql!`] macro calls
    /// this.
    pub(super) const fn new(sqlite: &'static str, postgres: &'static str) -> Self {
        Self { sqlite, postgres }
    }

    /// Makes a statement of a text that is put together when the program runs, in both dialects with `$1` parameters. It is
    /// never given back: for statements that are made once.
    pub(super) fn made(sqlite: &str, postgres: &str) -> Self {
        let leak = |text: String| &*Box::leak(text.into_boxed_str());
        Self { sqlite: leak(sqlite.replace('$', "?")), postgres: leak(postgres.to_owned()) }
    }

    /// The statement as SQLite reads it.
    pub(super) const fn sqlite(self) -> &'static str {
        self.sqlite
    }

    /// The statement as PostgreSQL reads it.
    pub(super) const fn postgres(self) -> &'static str {
        self.postgres
    }
}

/// Puts `?` for every `$` that a digit follows. `$1` means something else to SQLite: a parameter named "$1", numbered
/// by where it is first seen.
pub(super) const fn rewrite<const N: usize>(text: &str) -> [u8; N] {
    let text = text.as_bytes();
    let mut out = [0; N];
    let mut at = 0;
    while at < N {
        let parameter = text[at] == b'$' && at + 1 < N && text[at + 1].is_ascii_digit();
        out[at] = if parameter { b'?' } else { text[at] };
        at += 1;
    }
    out
}

/// Makes an [`Sql`] of a constant text; with `locking` and a text that only PostgreSQL gets after it; or with `postgres` and
/// a text of PostgreSQL's own.
macro_rules! sql {
    ($text:expr) => { $crate::store::sql::sql!($text, postgres $text) };
    ($text:expr, locking $lock:expr) => { $crate::store::sql::sql!($text, postgres concat!($text, " ", $lock)) };
    ($text:expr, postgres $postgres:expr) => {{
        const TEXT: &str = $text;
        const BYTES: [u8; TEXT.len()] = $crate::store::sql::rewrite(TEXT);
        // One ASCII character took the place of another, so this is text; if not, no statement would prepare.
        const SQLITE: &str = match std::str::from_utf8(&BYTES) {
            Ok(text) => text,
            Err(_) => "",
        };
        $crate::store::sql::Sql::new(SQLITE, $postgres)
    }};
}

/// Makes of a statement that gives rows the one of PostgreSQL that fails if there are none, by which
/// [`Tx::presume`](super::tx::Tx::presume) undoes everything. The failure is a division by zero, which nothing else here can cause.
macro_rules! presumed {
    ($text:expr) => {
        concat!("WITH presumed AS (", $text, ") SELECT 1 / COUNT(*) FROM presumed")
    };
}

/// Declares the statements of a file of operations, and for the tests a table of them all.
macro_rules! statements {
    ($($name:ident = $text:expr $(, $dialect:ident $other:expr)?;)*) => {
        $(const $name: $crate::store::sql::Sql = $crate::store::sql::sql!($text $(, $dialect $other)?);)*

        #[cfg(test)]
        pub(in crate::store) const STATEMENTS: &[(&str, $crate::store::sql::Sql)] = &[$((stringify!($name), $name)),*];
    };
}

pub(super) use {presumed, sql, statements};

#[cfg(test)]
mod tests {
    #[test]
    fn parameters_are_rewritten_and_nothing_else_is() {
        let text = sql!("SELECT '$', $1, $12 FROM é WHERE a = $2 AND b = '$'").sqlite();
        assert_eq!(text, "SELECT '$', ?1, ?12 FROM é WHERE a = ?2 AND b = '$'");
    }

    #[test]
    fn each_engine_gets_its_own_text() {
        let locking = sql!(concat!("SELECT a", " WHERE b = $1"), locking "FOR UPDATE");
        assert_eq!(locking.sqlite(), "SELECT a WHERE b = ?1");
        assert_eq!(locking.postgres(), "SELECT a WHERE b = $1 FOR UPDATE");
        let apart = sql!("SELECT $1", postgres "SELECT $1::TEXT");
        assert_eq!((apart.sqlite(), apart.postgres()), ("SELECT ?1", "SELECT $1::TEXT"));
    }
}
