//! Lines out of big reads, in a buffer of fixed size: a line that does not fit is skipped without being held.

use std::io::{self, Read};

/// The longest line that is handed out, in bytes: what `jws verify` takes at most.
pub(super) const MAX_LINE: usize = 1024 * 1024;
/// Bytes read at once, beside an unfinished line.
const CHUNK: usize = 256 * 1024;

/// One line, without its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Line<'a> {
    /// The whole line.
    Whole(&'a [u8]),
    /// There was a line, and it was too long to keep.
    TooLong,
}

/// Reads lines.
#[derive(Debug)]
pub(super) struct Lines<R> {
    input: R,
    buffer: Box<[u8]>,
    /// Where the present line starts, how far it was searched for its end, and where what was read ends.
    start: usize,
    searched: usize,
    end: usize,
    /// The present line is too long, and its beginning has been dropped.
    dropping: bool,
    input_is_over: bool,
}

impl<R: Read> Lines<R> {
    pub(super) fn new(input: R) -> Self {
        let buffer = vec![0; MAX_LINE + CHUNK].into_boxed_slice();
        Self { input, buffer, start: 0, searched: 0, end: 0, dropping: false, input_is_over: false }
    }

    /// Whether there is no whole line left in the buffer and there may be more to read.
    pub(super) fn must_read(&mut self) -> bool {
        !self.input_is_over && self.line_end().is_none()
    }

    /// Reads once. What is left of an unfinished line moves to the front, or is dropped when it is too long.
    pub(super) fn read(&mut self) -> io::Result<()> {
        let unfinished = self.end - self.start;
        if unfinished > MAX_LINE {
            self.dropping = true;
            self.end = self.start;
        }
        self.buffer.copy_within(self.start..self.end, 0);
        (self.start, self.end) = (0, self.end - self.start);
        self.searched = self.end;
        let room = self.buffer.get_mut(self.end..).unwrap_or_default();
        let count = loop {
            match self.input.read(room) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => break read?,
            }
        };
        self.end += count;
        self.input_is_over = count == 0;
        Ok(())
    }

    /// The next line in the buffer; at the end of the input, what is left of it.
    pub(super) fn next(&mut self) -> Option<Line<'_>> {
        let (line_end, next) = match self.line_end() {
            Some(at) => (at, at + 1),
            None if self.input_is_over && (self.start < self.end || self.dropping) => (self.end, self.end),
            None => return None,
        };
        let line = self.buffer.get(self.start..line_end).unwrap_or_default();
        let too_long = self.dropping || line.len() > MAX_LINE;
        (self.start, self.searched, self.dropping) = (next, next, false);
        Some(if too_long { Line::TooLong } else { Line::Whole(line.strip_suffix(b"\r").unwrap_or(line)) })
    }

    /// Whether there is nothing left.
    pub(super) fn is_at_end(&self) -> bool {
        self.input_is_over && self.start == self.end && !self.dropping
    }

    /// Where the present line ends, if its end has been read. What was searched once is not searched again.
    fn line_end(&mut self) -> Option<usize> {
        let unsearched = self.buffer.get(self.searched..self.end).unwrap_or_default();
        let found = memchr::memchr(b'\n', unsearched);
        self.searched = found.map_or(self.end, |at| self.searched + at);
        found.map(|_| self.searched)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives a few bytes at a time, as a slow pipe does.
    struct Slow<'a>(&'a [u8], usize);

    impl Read for Slow<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let count = self.1.min(self.0.len()).min(buffer.len());
            let (now, later) = self.0.split_at(count);
            buffer[..count].copy_from_slice(now);
            self.0 = later;
            Ok(count)
        }
    }

    fn all(input: &[u8], at_once: usize) -> Vec<Option<Vec<u8>>> {
        let mut lines = Lines::new(Slow(input, at_once));
        let mut found = Vec::new();
        while !lines.is_at_end() {
            if lines.must_read() {
                lines.read().unwrap();
            }
            if let Some(line) = lines.next() {
                found.push(match line {
                    Line::Whole(bytes) => Some(bytes.to_vec()),
                    Line::TooLong => None,
                });
            }
        }
        found
    }

    #[test]
    fn lines_are_the_same_however_they_arrive() {
        let some = |text: &str| Some(text.as_bytes().to_vec());
        for at_once in [1, 2, 3, 7, 1000] {
            assert_eq!(all(b"one\ntwo\r\n\nfour", at_once), [some("one"), some("two"), some(""), some("four")]);
            assert_eq!(all(b"one\n", at_once), [some("one")]);
            assert_eq!(all(b"\r\n", at_once), [some("")]);
            assert_eq!(all(b"", at_once), []);
        }
    }

    #[test]
    fn the_longest_line_fits_and_one_byte_more_does_not() {
        for at_once in [CHUNK - 1, CHUNK, usize::MAX] {
            let mut input = vec![b'a'; MAX_LINE];
            input.push(b'\n');
            input.extend(vec![b'b'; MAX_LINE + 1]);
            input.push(b'\n');
            input.extend(vec![b'c'; 3 * MAX_LINE]);
            let found = all(&input, at_once);
            assert_eq!(found.len(), 3);
            assert_eq!(found[0].as_ref().map(Vec::len), Some(MAX_LINE));
            assert_eq!((&found[1], &found[2]), (&None, &None));
        }
    }
}
