//! One token a line in, one JSON line out, in order: the batch form of `token verify` and `jws verify`.
//!
//! It never stops at a bad line and never holds more than one line of limited length, whatever comes. An empty line, a line
//! that is not UTF-8 and one that is too long are answered as bad tokens, so that the lines of input and output match. A
//! carriage return at the end of a line is left out; the last line needs no newline.

mod answer;
mod lines;

use std::io::{self, BufWriter, Read, Write};

use answer::refused_for;
pub(crate) use answer::{member, refused};
use jotgate_jose::Code;
use lines::{Line, Lines};

use crate::exit::{Exit, Failure};

/// Bytes of answers kept before they are written.
const OUTPUT_BUFFER: usize = 256 * 1024;

/// Answers every line of standard input with what `judge` appends, which says whether the token was good.
pub(crate) fn run(judge: impl FnMut(&str, &mut Vec<u8>) -> bool) -> Result<Exit, Failure> {
    let output = BufWriter::with_capacity(OUTPUT_BUFFER, io::stdout().lock());
    answer_all(io::stdin().lock(), output, judge)
}

fn answer_all(
    input: impl Read,
    mut output: impl Write,
    mut judge: impl FnMut(&str, &mut Vec<u8>) -> bool,
) -> Result<Exit, Failure> {
    let mut lines = Lines::new(input);
    let mut answer = Vec::new();
    let mut exit = Exit::Done;
    loop {
        if lines.must_read() {
            // Whoever feeds us line by line waits for the answers before sending more.
            output.flush().map_err(|error| Failure::output(&error))?;
            let more = lines.read();
            more.map_err(|error| Failure::environment(format!("standard input cannot be read: {error}")))?;
        }
        let Some(line) = lines.next() else {
            if lines.is_at_end() {
                break;
            }
            continue;
        };
        answer.clear();
        if !answer_line(line, &mut answer, &mut judge) {
            exit = Exit::No;
        }
        answer.push(b'\n');
        output.write_all(&answer).map_err(|error| Failure::output(&error))?;
    }
    output.flush().map_err(|error| Failure::output(&error))?;
    Ok(exit)
}

fn answer_line(line: Line<'_>, answer: &mut Vec<u8>, judge: &mut impl FnMut(&str, &mut Vec<u8>) -> bool) -> bool {
    match line {
        Line::Whole(bytes) => match std::str::from_utf8(bytes) {
            Ok(token) => return judge(token, answer),
            Err(_) => refused_for(answer, Code::TokenMalformed, "expected a token, found bytes that are not UTF-8"),
        },
        Line::TooLong => {
            let detail = format!("expected at most {} bytes, found a longer line", lines::MAX_LINE);
            refused_for(answer, Code::TokenTooLarge, &detail);
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answers(input: &[u8]) -> (Exit, String) {
        let mut output = Vec::new();
        let judge = |token: &str, answer: &mut Vec<u8>| {
            answer.extend_from_slice(token.as_bytes());
            token == "good"
        };
        let exit = answer_all(input, &mut output, judge).unwrap();
        (exit, String::from_utf8(output).unwrap())
    }

    #[test]
    fn every_line_has_its_answer_in_order() {
        assert_eq!(answers(b""), (Exit::Done, String::new()));
        assert_eq!(answers(b"good\ngood\r\ngood"), (Exit::Done, "good\ngood\ngood\n".to_owned()));
        let (exit, said) = answers(b"good\n\xff\xfe\n\ngood\n");
        assert_eq!(exit, Exit::No);
        let lines: Vec<_> = said.lines().collect();
        assert_eq!(lines.len(), 4);
        assert!(lines[1].contains("token_malformed"), "{said}");
        assert_eq!((lines[0], lines[2], lines[3]), ("good", "", "good"));
    }

    #[test]
    fn a_line_that_is_too_long_is_answered_and_skipped() {
        let mut input = vec![b'x'; 5 * lines::MAX_LINE];
        input.extend_from_slice(b"\ngood\n");
        input.extend(vec![b'y'; lines::MAX_LINE + 1]);
        let (_, said) = answers(&input);
        let lines: Vec<_> = said.lines().collect();
        assert_eq!(lines.len(), 3);
        assert!(lines[0].contains("token_too_large") && lines[2].contains("token_too_large"));
        assert_eq!(lines[1], "good");
    }
}
