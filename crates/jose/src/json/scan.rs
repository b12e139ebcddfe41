//! The scanner: checks the grammar of RFC 8259 byte by byte and says where each part begins and ends.

use super::error::{Fault, JsonError};
use super::names::Names;
use super::object::{Kind, Value};
use super::text::{Text, join_surrogates};

/// How deep objects and arrays may be nested, the outermost object included.
const MAX_DEPTH: u8 = 32;

/// A number of more characters than this may be beyond the range of a double without an exponent.
const LONG_NUMBER: usize = 300;

type Scanned<T> = Result<T, JsonError>;

pub(super) struct Scanner<'a> {
    text: &'a str,
    rest: &'a [u8],
}

impl<'a> Scanner<'a> {
    pub(super) const fn new(text: &'a str) -> Self {
        Self { text, rest: text.as_bytes() }
    }

    /// Reads one object, gives each of its members to `each`, and insists that nothing follows.
    pub(super) fn document(mut self, each: impl FnMut(Text<'a>, Value<'a>)) -> Scanned<()> {
        self.space();
        self.byte(b'{', "object")?;
        self.members(MAX_DEPTH.saturating_sub(1), each)?;
        self.space();
        if self.rest.is_empty() { Ok(()) } else { Err(self.error(Fault::Trailing)) }
    }

    /// Reads an array of which the opening bracket has not been read, and insists that nothing follows.
    pub(super) fn array(mut self, mut each: impl FnMut(Value<'a>)) -> Scanned<()> {
        self.space();
        self.byte(b'[', "array")?;
        self.elements(MAX_DEPTH, |_, value| each(value))?;
        self.space();
        if self.rest.is_empty() { Ok(()) } else { Err(self.error(Fault::Trailing)) }
    }

    /// Reads the rest of an object after its opening brace.
    fn members(&mut self, depth: u8, mut each: impl FnMut(Text<'a>, Value<'a>)) -> Scanned<()> {
        let mut names = Names::default();
        self.space();
        if self.eat(b'}') {
            return Ok(());
        }
        loop {
            let name = self.name()?;
            names.add(name);
            let value = self.value(depth)?;
            each(name, value);
            self.space();
            if self.eat(b'}') {
                return if names.all_different() { Ok(()) } else { Err(self.error(Fault::Duplicate)) };
            }
            self.byte(b',', "`,` or `}`")?;
            self.space();
        }
    }

    /// Reads a member name and the colon after it.
    fn name(&mut self) -> Scanned<Text<'a>> {
        self.byte(b'"', "member name")?;
        let name = self.string()?;
        self.space();
        self.byte(b':', "`:`")?;
        Ok(name)
    }

    /// Reads the rest of an array after its opening bracket.
    fn elements(&mut self, depth: u8, mut each: impl FnMut(&Self, Value<'a>)) -> Scanned<()> {
        self.space();
        if self.eat(b']') {
            return Ok(());
        }
        loop {
            let value = self.value(depth)?;
            each(self, value);
            self.space();
            if self.eat(b']') {
                return Ok(());
            }
            self.byte(b',', "`,` or `]`")?;
        }
    }

    /// Reads one value, with the white space before it. `depth` is how much deeper it may go.
    fn value(&mut self, depth: u8) -> Scanned<Value<'a>> {
        self.space();
        let start = self.at();
        let Some((first, rest)) = self.rest.split_first() else { return Err(self.expected("value")) };
        let kind = match first {
            b'"' => {
                self.rest = rest;
                Kind::String(self.string()?)
            }
            b'-' | b'0'..=b'9' => self.number()?,
            b'{' => {
                self.rest = rest;
                self.members(self.deeper(depth)?, |_, _| ())?;
                Kind::Object
            }
            b'[' => {
                self.rest = rest;
                self.elements(self.deeper(depth)?, |_, _| ())?;
                Kind::Array
            }
            b't' => self.word("true", Kind::Bool)?,
            b'f' => self.word("false", Kind::Bool)?,
            b'n' => self.word("null", Kind::Null)?,
            _ => return Err(self.expected("value")),
        };
        Ok(Value { raw: self.since(start), kind })
    }

    fn deeper(&self, depth: u8) -> Scanned<u8> {
        depth.checked_sub(1).ok_or_else(|| self.error(Fault::TooDeep))
    }

    fn word(&mut self, word: &'static str, kind: Kind<'a>) -> Scanned<Kind<'a>> {
        self.rest = self.rest.strip_prefix(word.as_bytes()).ok_or_else(|| self.expected("value"))?;
        Ok(kind)
    }

    /// Reads a number: no leading zero, no leading plus, digits on both sides of the point (RFC 8259 §6).
    fn number(&mut self) -> Scanned<Kind<'a>> {
        let start = self.at();
        self.eat(b'-');
        if !self.eat(b'0') {
            self.digits()?;
        }
        if self.eat(b'.') {
            self.digits()?;
        }
        let exponent = self.eat(b'e') || self.eat(b'E');
        if exponent {
            let _sign = self.eat(b'+') || self.eat(b'-');
            self.digits()?;
        }
        if exponent || self.at().saturating_sub(start) > LONG_NUMBER {
            self.check_range(start)?;
        }
        Ok(Kind::Number)
    }

    /// A number beyond the range of a double is an error to one reader and infinity to another (RFC 7493 §2.2).
    #[cold]
    fn check_range(&self, start: usize) -> Scanned<()> {
        let finite = self.since(start).parse::<f64>().is_ok_and(f64::is_finite);
        if finite { Ok(()) } else { Err(self.error(Fault::TooGreat)) }
    }

    fn digits(&mut self) -> Scanned<()> {
        let count = self.rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if count == 0 {
            return Err(self.expected("digit"));
        }
        self.skip(count);
        Ok(())
    }

    /// Reads the rest of a string after its opening quote.
    fn string(&mut self) -> Scanned<Text<'a>> {
        let start = self.at();
        let mut escaped = false;
        loop {
            self.skip(plain_len(self.rest));
            match self.rest.split_first() {
                Some((b'"', rest)) => {
                    let raw = self.since(start);
                    self.rest = rest;
                    return Ok(Text::new(raw, escaped));
                }
                Some((b'\\', rest)) => {
                    escaped = true;
                    self.rest = rest;
                    self.escape()?;
                }
                Some((0..0x20, _)) => return Err(self.expected("escape before a control character")),
                _ => return Err(self.expected("closing quote")),
            }
        }
    }

    /// Reads one escape after its backslash.
    #[cold]
    fn escape(&mut self) -> Scanned<()> {
        match self.rest.split_first() {
            Some((b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't', rest)) => {
                self.rest = rest;
                Ok(())
            }
            Some((b'u', rest)) => {
                self.rest = rest;
                self.unicode_escape()
            }
            _ => Err(self.expected("known escape")),
        }
    }

    fn unicode_escape(&mut self) -> Scanned<()> {
        let first = self.four_digits()?;
        if char::from_u32(first).is_some() {
            return Ok(());
        }
        let lone = self.error(Fault::LoneSurrogate);
        self.rest = self.rest.strip_prefix(b"\\u").ok_or_else(|| lone.clone())?;
        let second = self.four_digits()?;
        join_surrogates(first, second).map(|_| ()).ok_or(lone)
    }

    fn four_digits(&mut self) -> Scanned<u32> {
        let Some((digits, rest)) = self.rest.split_first_chunk::<4>() else { return Err(self.expected("hex digit")) };
        let digit = |byte: &u8| char::from(*byte).to_digit(16);
        let value = digits.iter().try_fold(0, |value: u32, byte| Some((value << 4) | digit(byte)?));
        let value = value.ok_or_else(|| self.expected("hex digit"))?;
        self.rest = rest;
        Ok(value)
    }

    fn space(&mut self) {
        while let Some((b' ' | b'\t' | b'\n' | b'\r', rest)) = self.rest.split_first() {
            self.rest = rest;
        }
    }

    fn eat(&mut self, wanted: u8) -> bool {
        match self.rest.split_first() {
            Some((byte, rest)) if *byte == wanted => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    fn byte(&mut self, wanted: u8, what: &'static str) -> Scanned<()> {
        if self.eat(wanted) { Ok(()) } else { Err(self.expected(what)) }
    }

    fn skip(&mut self, count: usize) {
        self.rest = self.rest.get(count..).unwrap_or_default();
    }

    const fn at(&self) -> usize {
        self.text.len().saturating_sub(self.rest.len())
    }

    fn since(&self, start: usize) -> &'a str {
        self.text.get(start..self.at()).unwrap_or_default()
    }

    #[cold]
    fn expected(&self, what: &'static str) -> JsonError {
        self.error(Fault::Expected(what))
    }

    #[cold]
    const fn error(&self, fault: Fault) -> JsonError {
        JsonError { fault, at: self.at() }
    }
}

/// How many bytes, eight at a time where there are as many, need no look: no quote, no backslash, no control character.
#[inline]
pub(super) fn plain_len(bytes: &[u8]) -> usize {
    let mut rest = bytes;
    while let Some((block, after)) = rest.split_first_chunk::<8>() {
        let special = special_bytes(u64::from_le_bytes(*block));
        if special != 0 {
            let plain = usize::try_from(special.trailing_zeros() / 8).unwrap_or_default();
            return bytes.len().wrapping_sub(rest.len()).wrapping_add(plain);
        }
        rest = after;
    }
    let plain = rest.iter().take_while(|byte| !matches!(byte, b'"' | b'\\' | 0..0x20)).count();
    bytes.len().wrapping_sub(rest.len()).wrapping_add(plain)
}

/// The high bit of each byte that is a quote, a backslash or a control character; bytes after the first such one may
/// be marked wrongly, so only the lowest mark counts.
const fn special_bytes(block: u64) -> u64 {
    const ONES: u64 = u64::from_le_bytes([0x01; 8]);
    const HIGH: u64 = u64::from_le_bytes([0x80; 8]);
    const QUOTE: u64 = u64::from_le_bytes([b'"'; 8]);
    const BACKSLASH: u64 = u64::from_le_bytes([b'\\'; 8]);
    const SPACE: u64 = u64::from_le_bytes([b' '; 8]);
    let quote = (block ^ QUOTE).wrapping_sub(ONES);
    let backslash = (block ^ BACKSLASH).wrapping_sub(ONES);
    let control = block.wrapping_sub(SPACE);
    // A byte of 0x80 or more is part of a longer character and never special.
    (quote | backslash | control) & !block & HIGH
}
