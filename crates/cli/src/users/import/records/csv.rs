//! The rows of a CSV file, each below its head.
//!
//! A quote that is not closed makes one row of all that follows. So a row has a longest length, beyond which the file is not read
//! on, and the one that ends with the file must not end within quotes. The names in the head have no line in them.

use std::fs::File;
use std::io::{self, Read};

use serde_json::Value;

use super::{Fields, LONGEST_LINE, Record};

/// The rows that are left.
#[derive(Debug)]
pub(super) struct Rows {
    reader: csv::Reader<Row<File>>,
    head: csv::StringRecord,
}

/// What is read for one row and no more.
#[derive(Debug)]
struct Row<R> {
    input: R,
    /// Bytes that may still be read for the present one.
    left: usize,
    /// The last byte that was read and is not the end of a line.
    last: u8,
    /// Whether a row was sought beyond the last byte.
    ended: bool,
}

impl Rows {
    /// Reads the head.
    pub(super) fn open(file: File) -> io::Result<Self> {
        let row = Row { input: file, left: LONGEST_LINE, last: 0, ended: false };
        let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::Headers).flexible(true).from_reader(row);
        let head = reader.headers().map_err(into_io)?.clone();
        if head.iter().any(|name| name.contains(['\r', '\n'])) {
            return Err(io::Error::other("its head goes on in the next line, as after a quote that is not closed"));
        }
        Ok(Self { reader, head })
    }

    /// How many bytes of the file have been read.
    pub(super) fn position(&self) -> u64 {
        self.reader.position().byte()
    }

    /// The next row; nothing at the end. One that is no account is refused alone, unless the file cannot be read on.
    pub(super) fn next(&mut self) -> io::Result<Option<Record>> {
        self.reader.get_mut().left = LONGEST_LINE;
        let begin = self.reader.position().line();
        let mut row = csv::ByteRecord::new();
        let found = self.reader.read_byte_record(&mut row).map_err(|error| in_line(begin, &into_io(error)))?;
        if !found {
            return Ok(None);
        }
        let place = row.position().map_or(begin, csv::Position::line);
        Ok(Some(Record { place, content: self.cells(&row) }))
    }

    fn cells(&self, row: &csv::ByteRecord) -> Result<Fields, String> {
        if self.ends_within_quotes(row) {
            return Err("has a quote that is not closed, so that all that follows would be part of it".to_owned());
        }
        if row.len() != self.head.len() {
            return Err(format!("has {} fields, and the head has {}", row.len(), self.head.len()));
        }
        let cell = |(name, cell): (&str, &[u8])| {
            let text = std::str::from_utf8(cell).map_err(|_| format!("`{name}` is not UTF-8 text"))?;
            Ok((name.to_owned(), Value::String(text.to_owned())))
        };
        self.head.iter().zip(row).map(cell).collect::<Result<_, String>>().map(Fields::new)
    }

    /// Only within quotes does a field have the end of a line in it; and one that was closed and is the last of a file ends with
    /// its quote.
    fn ends_within_quotes(&self, row: &csv::ByteRecord) -> bool {
        let has_lines = row.iter().next_back().is_some_and(|cell| cell.contains(&b'\n'));
        let Row { last, ended, .. } = self.reader.get_ref();
        has_lines && *ended && *last != b'"'
    }
}

impl<R: Read> Read for Row<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            return Err(io::Error::other("it is longer than a MiB; is a quote not closed?"));
        }
        let most = buffer.len().min(self.left);
        let Some(buffer) = buffer.get_mut(..most) else { return Ok(0) };
        let count = self.input.read(buffer)?;
        self.ended = count == 0;
        self.left -= count.min(self.left);
        let read = buffer.get(..count).unwrap_or_default();
        if let Some(byte) = read.iter().rev().find(|byte| !matches!(byte, b'\r' | b'\n')) {
            self.last = *byte;
        }
        Ok(count)
    }
}

fn into_io(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        csv::ErrorKind::Utf8 { .. } => io::Error::other("its head is not UTF-8 text"),
        _ => io::Error::other("it is not CSV"),
    }
}

fn in_line(line: u64, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("in the row that begins in line {line}: {error}"))
}
