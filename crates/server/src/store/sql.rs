//! SQL text. One text for both engines, with PostgreSQL's `$1` parameters; SQLite's `?1` is made of it when compiling.

/// A statement.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sql {
    sqlite: &'static str,
}

impl Sql {
    /// Wraps a text whose parameters were rewritten by [`rewrite`]; only the [`sql!`] macro calls this.
    pub(super) const fn new(sqlite: &'static str) -> Self {
        Self { sqlite }
    }

    /// Makes a statement of a text that is put together when the program runs, in both dialects with `$1` parameters. It is
    /// never given back: for statements that are made once.
    pub(super) fn made(sqlite: &str, _postgres: &str) -> Self {
        Self { sqlite: Box::leak(sqlite.replace('$', "?").into_boxed_str()) }
    }

    /// The statement as SQLite reads it.
    pub(super) const fn sqlite(self) -> &'static str {
        self.sqlite
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

/// Makes an [`Sql`] of a constant text.
macro_rules! sql {
    ($text:expr) => {{
        const TEXT: &str = $text;
        const BYTES: [u8; TEXT.len()] = $crate::store::sql::rewrite(TEXT);
        // One ASCII character took the place of another, so this is text; if not, no statement would prepare.
        const SQLITE: &str = match std::str::from_utf8(&BYTES) {
            Ok(text) => text,
            Err(_) => "",
        };
        $crate::store::sql::Sql::new(SQLITE)
    }};
}

/// Declares the statements of a file of operations, and for the tests a table of them all.
macro_rules! statements {
    ($($name:ident = $text:expr;)*) => {
        $(const $name: $crate::store::sql::Sql = $crate::store::sql::sql!($text);)*

        #[cfg(test)]
        pub(in crate::store) const STATEMENTS: &[(&str, $crate::store::sql::Sql)] = &[$((stringify!($name), $name)),*];
    };
}

pub(super) use {sql, statements};

#[cfg(test)]
mod tests {
    #[test]
    fn parameters_are_rewritten_and_nothing_else_is() {
        let text = sql!("SELECT '$', $1, $12 FROM é WHERE a = $2 AND b = '$").sqlite();
        assert_eq!(text, "SELECT '$', ?1, ?12 FROM é WHERE a = ?2 AND b = '$");
    }
}
