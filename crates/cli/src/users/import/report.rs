//! What became of the accounts: numbers, and each refused one with its reason.

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use jotgate_server::flows::ImportMode;
use serde_json::{Value, json};

use crate::exit::{Exit, Failure};
use crate::output::{Output, Page, green, plain, yellow};

/// Refused accounts that are shown to a person one by one.
const SHOWN: usize = 20;

/// What became of the accounts so far.
#[derive(Debug)]
pub(super) struct Report {
    output: Output,
    mode: ImportMode,
    noun: &'static str,
    file: Option<BufWriter<File>>,
    imported: u64,
    known: u64,
    refused: u64,
    shown: Vec<String>,
}

impl Report {
    /// `noun` is what places are the numbers of.
    pub(super) fn new(
        output: Output,
        file: Option<&Path>,
        mode: ImportMode,
        noun: &'static str,
    ) -> Result<Self, Failure> {
        let file = file.map(create).transpose()?.map(BufWriter::new);
        Ok(Self { output, mode, noun, file, imported: 0, known: 0, refused: 0, shown: Vec::new() })
    }

    /// What places are the numbers of.
    pub(super) const fn noun(&self) -> &'static str {
        self.noun
    }

    pub(super) const fn imported(&mut self) {
        self.imported += 1;
    }

    pub(super) const fn known(&mut self) {
        self.known += 1;
    }

    /// Notes why one was refused: in the file, and for a program at once. No hash and no address is in it.
    pub(super) fn refused(&mut self, place: u64, reason: &str) -> Result<(), Failure> {
        self.refused += 1;
        let line = json!({self.noun: place, "reason": reason});
        if let Some(file) = &mut self.file {
            writeln!(file, "{line}").map_err(|error| cannot(&error))?;
        }
        if self.output.is_json() {
            self.output.value(&line)?;
        } else if self.shown.len() < SHOWN {
            self.shown.push(format!("{} {place}: {}", self.noun, plain(reason)));
        }
        Ok(())
    }

    /// Says what became of all; the answer is no when some were refused.
    pub(super) fn finish(mut self) -> Result<Exit, Failure> {
        if let Some(file) = &mut self.file {
            file.flush().map_err(|error| cannot(&error))?;
        }
        self.output.answer(|| self.numbers(), || self.text())?;
        Ok(if self.refused == 0 { Exit::Done } else { Exit::No })
    }

    fn numbers(&self) -> Value {
        let dry_run = self.mode == ImportMode::DryRun;
        json!({"imported": self.imported, "known": self.known, "refused": self.refused, "dry_run": dry_run})
    }

    fn text(&self) -> String {
        let mut page = Page::default();
        for line in &self.shown {
            page.line(line);
        }
        let more = self.refused.saturating_sub(u64::try_from(self.shown.len()).unwrap_or_default());
        if more > 0 {
            page.line(format_args!("… and {more} more; --refused FILE has them all"));
        }
        let done = if self.mode == ImportMode::DryRun { "would be imported" } else { "imported" };
        page.line(green(format_args!("{} {done}", self.imported)));
        if self.known > 0 {
            page.line(format_args!("{} were there already and stay as they are", self.known));
        }
        if self.refused > 0 {
            page.line(yellow(format_args!("{} refused", self.refused)));
        }
        page.text()
    }
}

/// A new file that only its owner can read: an existing one may be of an import before.
fn create(path: &Path) -> Result<File, Failure> {
    let created = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    created.map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => Failure::usage(format!("{} exists; name another file", path.display())),
        _ => cannot(&error),
    })
}

fn cannot(error: &std::io::Error) -> Failure {
    Failure::environment(format!("the refused accounts cannot be written: {error}"))
}
