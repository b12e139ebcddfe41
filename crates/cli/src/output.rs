//! What a command answers on standard output: for a person, or with `--json` one JSON value a line.

use std::borrow::Cow;
use std::fmt;
use std::io::Write;

use clap::builder::styling::{AnsiColor, Style};
use comfy_table::{ContentArrangement, Table, presets};
use serde::Serialize;

use crate::exit::Failure;

/// For whom the answer is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    json: bool,
}

impl Output {
    pub(crate) const fn new(json: bool) -> Self {
        Self { json }
    }

    /// Whether a program reads the answer.
    pub(crate) const fn is_json(self) -> bool {
        self.json
    }

    /// The answer in both forms; only the one that is wanted is made.
    pub(crate) fn answer<T: Serialize>(
        self,
        value: impl FnOnce() -> T,
        text: impl FnOnce() -> String,
    ) -> Result<(), Failure> {
        if self.json { self.value(&value()) } else { self.text(&text()) }
    }

    /// One JSON value on a line of its own.
    pub(crate) fn value(self, value: &(impl Serialize + ?Sized)) -> Result<(), Failure> {
        let line = serde_json::to_string(value);
        let line =
            line.map_err(|error| Failure::environment(format!("the answer cannot be written as JSON: {error}")))?;
        self.text(&line)
    }

    /// Lines of text; colours in it are left out where nobody would see them.
    #[expect(clippy::unused_self, reason = "whoever writes has decided for whom")]
    pub(crate) fn text(self, text: &str) -> Result<(), Failure> {
        let mut stdout = anstream::stdout();
        let end = if text.ends_with('\n') || text.is_empty() { "" } else { "\n" };
        let written = write!(stdout, "{text}{end}").and_then(|()| stdout.flush());
        written.map_err(|error| Failure::output(&error))
    }

    /// Bytes as they are.
    #[expect(clippy::unused_self, reason = "whoever writes has decided for whom")]
    pub(crate) fn bytes(self, bytes: &[u8]) -> Result<(), Failure> {
        let mut stdout = std::io::stdout().lock();
        stdout.write_all(bytes).and_then(|()| stdout.flush()).map_err(|error| Failure::output(&error))
    }

    /// A remark beside the answer, on standard error; programs are spared it.
    pub(crate) fn note(self, text: impl fmt::Display) {
        if !self.json {
            // A remark that cannot be written is no reason to stop.
            let _ = writeln!(anstream::stderr(), "{}", dim(text));
        }
    }
}

/// Text for a person, put together line by line.
#[derive(Debug, Default)]
pub(crate) struct Page(String);

impl Page {
    /// Adds a line.
    pub(crate) fn line(&mut self, line: impl fmt::Display) -> &mut Self {
        // Writing into memory cannot fail.
        let _ = fmt::Write::write_fmt(&mut self.0, format_args!("{line}\n"));
        self
    }

    /// The whole text.
    pub(crate) fn text(self) -> String {
        self.0
    }
}

/// An empty table: plain columns, never broken, so that an id can be copied and a line found with `grep`.
pub(crate) fn table<const N: usize>(head: [&str; N]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled).set_header(head);
    table
}

/// Text of somebody else's, without what would move a cursor, colour the screen or turn the direction of reading.
pub(crate) fn plain(text: &str) -> Cow<'_, str> {
    let harmful = |c: char| (c.is_control() && c != '\n' && c != '\t') || is_direction(c);
    if text.contains(harmful) {
        Cow::Owned(text.chars().map(|c| if harmful(c) { '\u{FFFD}' } else { c }).collect())
    } else {
        Cow::Borrowed(text)
    }
}

/// Marks that make text look other than it reads (Unicode Standard Annex #9 §2).
fn is_direction(c: char) -> bool {
    matches!(c, '\u{200E}' | '\u{200F}' | '\u{061C}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

pub(crate) fn bold(text: impl fmt::Display) -> String {
    styled(Style::new().bold(), text)
}

pub(crate) fn dim(text: impl fmt::Display) -> String {
    styled(Style::new().dimmed(), text)
}

pub(crate) fn green(text: impl fmt::Display) -> String {
    styled(Style::new().bold().fg_color(Some(AnsiColor::Green.into())), text)
}

pub(crate) fn red(text: impl fmt::Display) -> String {
    styled(Style::new().bold().fg_color(Some(AnsiColor::Red.into())), text)
}

pub(crate) fn yellow(text: impl fmt::Display) -> String {
    styled(Style::new().bold().fg_color(Some(AnsiColor::Yellow.into())), text)
}

pub(crate) fn cyan(text: impl fmt::Display) -> String {
    styled(Style::new().fg_color(Some(AnsiColor::Cyan.into())), text)
}

fn styled(style: Style, text: impl fmt::Display) -> String {
    format!("{style}{text}{style:#}")
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn what_moves_a_cursor_does_not_reach_the_screen() {
        assert_eq!(plain("a\u{1b}[2Jb\u{9b}c\u{202E}d"), "a\u{FFFD}[2Jb\u{FFFD}c\u{FFFD}d");
        assert_eq!(plain("Jörg\n\t✓"), "Jörg\n\t✓");
    }
}
