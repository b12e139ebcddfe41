//! The records of a file, one by one: JSON Lines, a JSON document with a list of them, or CSV with a head.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

mod csv;

use super::fields::Fields;
use crate::exit::Failure;
use crate::input::Input;

/// The longest line, and the longest row, in bytes.
const LONGEST_LINE: usize = 1024 * 1024;
/// The largest JSON document, in bytes: it is read as a whole.
const LARGEST_DOCUMENT: usize = 1024 * 1024 * 1024;
/// What some programs put before the first character of a file.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// A record and where it stands: its line, or in a document its number, both from 1.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) place: u64,
    pub(super) content: Result<Fields, String>,
}

/// The records of a file.
#[derive(Debug)]
pub(super) struct Records {
    file: String,
    size: u64,
    position: u64,
    form: Form,
}

#[derive(Debug)]
enum Form {
    Lines { input: BufReader<File>, line: u64 },
    Document { records: std::vec::IntoIter<Box<RawValue>>, number: u64 },
    Csv(csv::Rows),
}

/// A document that has its records in a member.
#[derive(Deserialize)]
struct Document {
    users: Vec<Box<RawValue>>,
}

impl Records {
    pub(super) fn open(path: &Path) -> Result<Self, Failure> {
        let file = path.display().to_string();
        let cannot = |error: &dyn std::fmt::Display| Failure::environment(format!("{file} cannot be read: {error}"));
        let opened = File::open(path).map_err(|error| cannot(&error))?;
        let bytes = opened.metadata().map_err(|error| cannot(&error))?.len();
        let is_csv = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("csv"));
        let (form, size) = if is_csv {
            (Form::Csv(csv::Rows::open(opened).map_err(|error| cannot(&error))?), bytes)
        } else if is_lines(&mut BufReader::new(opened)).map_err(|error| cannot(&error))? {
            let input = BufReader::new(File::open(path).map_err(|error| cannot(&error))?);
            (Form::Lines { input, line: 0 }, bytes)
        } else {
            let records = document(path)?;
            let size = u64::try_from(records.len()).unwrap_or_default();
            (Form::Document { records: records.into_iter(), number: 0 }, size)
        };
        Ok(Self { file, size, position: 0, form })
    }

    /// What [`position`](Self::position) will be at the end.
    pub(super) const fn size(&self) -> u64 {
        self.size
    }

    /// How far it has been read.
    pub(super) const fn position(&self) -> u64 {
        self.position
    }

    /// What a place is the number of.
    pub(super) const fn noun(&self) -> &'static str {
        match self.form {
            Form::Document { .. } => "user",
            Form::Lines { .. } | Form::Csv(_) => "line",
        }
    }

    /// The next record; nothing at the end.
    pub(super) fn next(&mut self) -> Result<Option<Record>, Failure> {
        match &mut self.form {
            Form::Lines { input, line } => next_line(input, line, &mut self.position),
            Form::Document { records, number } => {
                let Some(raw) = records.next() else { return Ok(None) };
                (*number, self.position) = (*number + 1, self.position + 1);
                Ok(Some(Record { place: *number, content: object(raw.get().as_bytes()) }))
            }
            Form::Csv(rows) => {
                let row = rows.next();
                self.position = rows.position();
                row
            }
        }
        .map_err(|error| Failure::environment(format!("{} cannot be read: {error}", self.file)))
    }
}

/// Whether the first line that is not empty is an object by itself, and not one that holds the records.
fn is_lines(input: &mut impl BufRead) -> std::io::Result<bool> {
    let mut bytes = Vec::new();
    while take_line(input, &mut bytes)? > 0 {
        let line = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&bytes).trim_ascii();
        if !line.is_empty() {
            let first = serde_json::from_slice::<Map<String, Value>>(line);
            return Ok(first.is_ok_and(|object| !object.get("users").is_some_and(Value::is_array)));
        }
    }
    // An empty file has no lines, which is well.
    Ok(true)
}

/// Reads a line into `bytes`; of one that is too long its beginning. Tells how many bytes the line has.
fn take_line(input: &mut impl BufRead, bytes: &mut Vec<u8>) -> std::io::Result<u64> {
    bytes.clear();
    let limit = u64::try_from(LONGEST_LINE).unwrap_or(u64::MAX) + 1;
    let mut length = u64::try_from(input.by_ref().take(limit).read_until(b'\n', bytes)?).unwrap_or_default();
    if bytes.len() > LONGEST_LINE && !bytes.ends_with(b"\n") {
        length += u64::try_from(input.skip_until(b'\n')?).unwrap_or_default();
    }
    Ok(length)
}

fn next_line(
    input: &mut BufReader<File>,
    line: &mut u64,
    position: &mut u64,
) -> Result<Option<Record>, std::io::Error> {
    let mut bytes = Vec::new();
    loop {
        let length = take_line(input, &mut bytes)?;
        if length == 0 {
            return Ok(None);
        }
        (*line, *position) = (*line + 1, *position + length);
        let text = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&bytes).trim_ascii();
        if !text.is_empty() {
            let content =
                if bytes.len() > LONGEST_LINE { Err("is longer than a MiB".to_owned()) } else { object(text) };
            return Ok(Some(Record { place: *line, content }));
        }
    }
}

/// The message of the parser may quote what it stumbled over, so that only the place is told.
fn object(text: &[u8]) -> Result<Fields, String> {
    match serde_json::from_slice(text) {
        Ok(Value::Object(members)) => Ok(Fields::new(members)),
        Ok(_) => Err("is not a JSON object".to_owned()),
        Err(error) => Err(format!("is not JSON from character {} on", error.column())),
    }
}

fn document(path: &Path) -> Result<Vec<Box<RawValue>>, Failure> {
    let bytes = Input::File(path.to_owned()).read(LARGEST_DOCUMENT)?;
    let text = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&bytes).trim_ascii();
    let records = if text.starts_with(b"[") {
        serde_json::from_slice(text)
    } else {
        serde_json::from_slice(text).map(|document: Document| document.users)
    };
    records.map_err(|error| {
        let (line, column) = (error.line(), error.column());
        Failure::usage(format!(
            "{} is neither JSON Lines, nor a JSON list, nor an object with a list of `users` (line {line}, character {column})",
            path.display()
        ))
    })
}
