//! Taking a stream of events apart (HTML, "Server-sent events"), as far as a feed needs it: the data of each event.
//!
//! Lines end with a line feed, after a carriage return or not. What is kept of an unfinished event is bounded.

use jotgate_wire::FeedDocument;

/// The longest unfinished event, in bytes: a document, and the fields around it.
const LONGEST: usize = FeedDocument::MAX_BYTES + 4096;

/// A stream of events that is being read.
#[derive(Debug, Default)]
pub(super) struct Events {
    /// What came and is not taken apart yet, from [`read`](Self::read) on.
    rest: Vec<u8>,
    /// How much of it is. It is thrown away at once when more comes, and not line by line: a stream of nothing but short lines
    /// must not cost more than its length.
    read: usize,
    /// How much of what follows is known to have no end of a line, and is not looked at again: a line that comes byte by byte must
    /// not cost more than its length either.
    unended: usize,
    data: String,
}

impl Events {
    /// Adds what came; fails when an event is longer than any can be, or no text.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Result<(), &'static str> {
        self.rest.drain(..self.read);
        self.read = 0;
        self.rest.extend_from_slice(bytes);
        let is_over = self.rest.len() > LONGEST && !self.rest.contains(&b'\n');
        if is_over { Err("an event is too long") } else { Ok(()) }
    }

    /// The data of the next whole event.
    pub(super) fn next(&mut self) -> Result<Option<String>, &'static str> {
        loop {
            let unread = self.rest.get(self.read..).unwrap_or_default();
            let new = unread.get(self.unended..).unwrap_or_default();
            let Some(end) = new.iter().position(|byte| *byte == b'\n').map(|end| self.unended + end) else {
                self.unended = unread.len();
                return Ok(None);
            };
            let (line, _) = unread.split_at(end);
            self.read += end + 1;
            self.unended = 0;
            let line = std::str::from_utf8(line).map_err(|_| "an event is not in UTF-8")?;
            let line = line.trim_end_matches('\r');
            if line.is_empty() && !self.data.is_empty() {
                return Ok(Some(std::mem::take(&mut self.data)));
            }
            if let Some(data) = line.strip_prefix("data:") {
                self.data.push_str(data.strip_prefix(' ').unwrap_or(data));
            }
            if self.data.len() > LONGEST {
                return Err("an event is too long");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pieces: &[&[u8]]) -> Result<Vec<String>, &'static str> {
        let mut events = Events::default();
        let mut found = Vec::new();
        for piece in pieces {
            events.push(piece)?;
            while let Some(data) = events.next()? {
                found.push(data);
            }
        }
        Ok(found)
    }

    #[test]
    fn events_are_found_however_they_are_cut() {
        let stream =
            b": hello\n\nid: 1\ndata: one\n\nevent: x\r\ndata:two\r\n\r\nretry: 5\n\ndata: three\n\ndata: unfinished";
        let expected = vec!["one".to_owned(), "two".to_owned(), "three".to_owned()];
        assert_eq!(read(&[stream]), Ok(expected.clone()));
        for cut in 0..stream.len() {
            assert_eq!(read(&[&stream[..cut], &stream[cut..]]), Ok(expected.clone()), "{cut}");
        }
        let bytes: Vec<&[u8]> = stream.chunks(1).collect();
        assert_eq!(read(&bytes), Ok(expected));
    }

    /// Half a megabyte is looked at once, and not once for each byte of it.
    #[test]
    fn a_line_that_comes_byte_by_byte_is_looked_at_once() {
        let mut events = Events::default();
        for _ in 0..LONGEST {
            events.push(b"x").unwrap();
            assert_eq!(events.next(), Ok(None));
        }
        assert_eq!(events.unended, LONGEST);
        assert!(events.push(b"x").is_err());
    }

    #[test]
    fn what_never_ends_is_cut_off() {
        let piece = vec![b'x'; 64 * 1024];
        assert!(read(&[&piece[..]; 20]).is_err(), "a line");
        let lines = format!("data: {}\n", "x".repeat(60 * 1024));
        assert!(read(&[lines.as_bytes(); 20]).is_err(), "an event of many lines");
        assert!(read(&[b"data: \xff\n\n"]).is_err(), "no text");
    }
}
