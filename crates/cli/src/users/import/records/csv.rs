//! The rows of a CSV file, each below its head.
//!
//! A quote that is not closed makes one row of all that follows, up to the next quote or the end. So a row has a longest length,
//! beyond which the file is not read on; it must not end within quotes, nor have text behind quotes that have lines between them; and
//! the names in the head have no line in them.

use std::fs::File;
use std::io::{self, Read};

use serde_json::Value;

use super::{BYTE_ORDER_MARK, Fields, LONGEST_LINE, Record};

/// The rows that are left.
#[derive(Debug)]
pub(super) struct Rows {
    reader: csv::Reader<Row<File>>,
    head: csv::StringRecord,
}

/// What is read for one row and no more, and where its quotes are.
#[derive(Debug)]
struct Row<R> {
    input: R,
    /// Bytes that may still be read for the present one.
    left: usize,
    /// Whether a row was sought beyond the last byte.
    ended: bool,
    /// Bytes that have been read.
    read: u64,
    /// The line of the next one.
    line: u64,
    within: Within,
    /// Whether the present line is of a row; one without anything in it is not.
    begun: bool,
    /// Where rows that have not been taken yet begin, and in which lines.
    begins: Vec<(u64, u64)>,
    /// Where text stands behind quotes with lines between them, in rows that have not been taken yet.
    torn: Vec<u64>,
}

/// What a byte belongs to. The reader of rows has the same rules.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Within {
    Nothing,
    Text,
    Quotes {
        lines: bool,
    },
    /// Behind a quote within quotes: it closes them, unless another follows.
    Closed {
        lines: bool,
    },
}

impl Rows {
    /// Reads the head.
    pub(super) fn open(file: File) -> io::Result<Self> {
        let row = Row::new(file);
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
        let mut row = csv::ByteRecord::new();
        let found = self.reader.read_byte_record(&mut row);
        let end = self.position();
        let place = self.reader.get_mut().take_line(end);
        if !found.map_err(|error| in_line(place, &into_io(error)))? {
            return Ok(None);
        }
        let content = if self.is_torn() {
            Err("has a quote that is not closed, so that what follows would be part of it".to_owned())
        } else {
            self.cells(&row)
        };
        Ok(Some(Record { place, content }))
    }

    /// Whether the quotes of the row that was taken last cannot be all that were meant.
    fn is_torn(&mut self) -> bool {
        let end = self.position();
        let row = self.reader.get_mut();
        let known = row.torn.len();
        row.torn.retain(|place| *place >= end);
        row.torn.len() < known || (row.ended && matches!(row.within, Within::Quotes { .. }))
    }

    fn cells(&self, row: &csv::ByteRecord) -> Result<Fields, String> {
        if row.len() != self.head.len() {
            return Err(format!("has {} fields, and the head has {}", row.len(), self.head.len()));
        }
        let cell = |(name, cell): (&str, &[u8])| {
            let text = std::str::from_utf8(cell).map_err(|_| format!("`{name}` is not UTF-8 text"))?;
            Ok((name.to_owned(), Value::String(text.to_owned())))
        };
        self.head.iter().zip(row).map(cell).collect::<Result<_, String>>().map(Fields::new)
    }
}

impl<R> Row<R> {
    const fn new(input: R) -> Self {
        Self {
            input,
            left: LONGEST_LINE,
            ended: false,
            read: 0,
            line: 1,
            within: Within::Nothing,
            begun: false,
            begins: Vec::new(),
            torn: Vec::new(),
        }
    }

    /// The line that the row before this place begins in.
    fn take_line(&mut self, end: u64) -> u64 {
        let taken = self.begins.partition_point(|(place, _)| *place < end);
        self.begins.drain(..taken).next_back().map_or(self.line, |(_, line)| line)
    }

    fn note(&mut self, bytes: &[u8]) {
        // The mark is no part of the first name.
        let mark = if self.read == 0 && bytes.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 };
        for (place, byte) in (self.read..).zip(bytes).skip(mark) {
            let within = self.within.then(*byte);
            if self.within == (Within::Closed { lines: true }) && within == Within::Text {
                self.torn.push(place);
            }
            let is_end = matches!(byte, b'\r' | b'\n');
            if !self.begun && !is_end {
                self.begins.push((place, self.line));
            }
            self.begun = !is_end || (self.begun && within != Within::Nothing);
            self.line += u64::from(*byte == b'\n');
            self.within = within;
        }
        self.read += bytes.len() as u64;
    }
}

impl Within {
    const fn then(self, byte: u8) -> Self {
        match (self, byte) {
            (Self::Nothing, b'"') => Self::Quotes { lines: false },
            (Self::Quotes { lines }, b'"') => Self::Closed { lines },
            (Self::Closed { lines }, b'"') => Self::Quotes { lines },
            (Self::Quotes { lines }, _) => Self::Quotes { lines: lines || matches!(byte, b'\r' | b'\n') },
            (_, b',' | b'\r' | b'\n') => Self::Nothing,
            _ => Self::Text,
        }
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
        self.note(buffer.get(..count).unwrap_or_default());
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

#[cfg(test)]
mod tests {
    use super::{Row, Within};

    const LETTERS: [u8; 5] = *b"a,\"\n\r";

    /// Every text of these letters that is so long.
    fn texts(length: u32) -> impl Iterator<Item = Vec<u8>> {
        (0..5_usize.pow(length))
            .map(move |number| (0..length).map(|place| LETTERS[number / 5_usize.pow(place) % 5]).collect())
    }

    #[test]
    fn rows_are_where_the_reader_finds_them() {
        for text in (0..7).flat_map(texts) {
            let mut reader =
                csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(Row::new(text.as_slice()));
            let (mut row, mut has_lines) = (csv::ByteRecord::new(), false);
            while reader.read_byte_record(&mut row).unwrap() {
                let end = reader.position().byte();
                let begins = &mut reader.get_mut().begins;
                let before = begins.len();
                begins.retain(|(place, _)| *place >= end);
                assert_eq!(before - begins.len(), 1, "{}", text.escape_ascii());
                has_lines = row.iter().any(|cell| cell.iter().any(|byte| matches!(byte, b'\r' | b'\n')));
            }
            let Row { begins, within, .. } = reader.get_ref();
            assert!(begins.is_empty(), "{}", text.escape_ascii());
            assert!(*within != (Within::Quotes { lines: true }) || has_lines, "{}", text.escape_ascii());
        }
    }
}
