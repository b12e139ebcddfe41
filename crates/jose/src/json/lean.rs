//! The short way through a JSON object: for the text that issuers write, in one pass that keeps only where each member stands.
//!
//! It knows no white space, no escapes, no nested objects and no odd numbers. Whatever it does not know it gives up on, and the full
//! scanner reads the text again from its start. Giving up never accepts anything.

use super::number::NumericDate;
use super::object::{Kind, Value};
use super::scan::plain_len;
use super::text::Text;

/// More members than this take the full scanner.
const MAX_MEMBERS: usize = 24;

/// A value in the shape in which claims are wanted.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Found<'a> {
    String(Text<'a>),
    Date(NumericDate),
    Other(Value<'a>),
}

/// The members of an object whose text is plain. Of any other object it is empty.
#[derive(Debug, Default)]
pub(crate) struct Members<'a> {
    text: &'a str,
    places: [Place; MAX_MEMBERS],
    count: usize,
    /// One bit for each kind of name, so that most names need no comparison.
    seen: u64,
}

/// Where a member stands in the text: its first quote, its value, and the end of that. Offsets this short keep the list small.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Place {
    name: u32,
    value: u32,
    end: u32,
}

/// A member as it stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Member<'a> {
    pub(super) name: &'a str,
    /// The value's own text.
    pub(super) raw: &'a str,
}

impl<'a> Member<'a> {
    /// The value once more: a plain text shows by its first byte what it is.
    #[inline]
    pub(super) fn value(self) -> Option<Found<'a>> {
        let raw = self.raw;
        let other = |kind| Found::Other(Value { raw, kind });
        Some(match raw.as_bytes().first()? {
            b'"' => Found::String(Text::new(raw.strip_prefix('"')?.strip_suffix('"')?, false)),
            b'[' => other(Kind::Array),
            b't' | b'f' => other(Kind::Bool),
            b'n' => other(Kind::Null),
            _ => Found::Date(NumericDate::whole(raw.parse().ok()?)),
        })
    }
}

impl<'a> Members<'a> {
    /// Reads an object, and gives each member to `each`. On `None` the text is not plain, and what has been given does not count.
    #[inline]
    pub(super) fn read(&mut self, text: &'a str, mut each: impl FnMut(&'a str, Found<'a>)) -> Option<()> {
        self.text = text;
        let mut reader = Reader { text, rest: text.strip_prefix('{')?.as_bytes() };
        loop {
            let start = reader.at();
            let name = reader.name()?;
            let value = reader.at();
            let found = reader.value()?;
            self.add(name, Place::new(start, value, reader.at())?)?;
            each(name, found);
            if reader.ends()? {
                return Some(());
            }
        }
    }

    /// Keeps a member. A name that may have occurred before is compared with all of them.
    #[inline]
    fn add(&mut self, name: &str, place: Place) -> Option<()> {
        let bit = kind(name);
        if self.seen & bit != 0 && self.has(name) {
            return None;
        }
        *self.places.get_mut(self.count)? = place;
        self.seen |= bit;
        self.count = self.count.wrapping_add(1);
        Some(())
    }

    /// Whether a member of this name has been kept.
    #[inline(never)]
    fn has(&self, name: &str) -> bool {
        self.iter().any(|earlier| earlier.is_none_or(|earlier| earlier.name == name))
    }

    /// The members in their order. None of them is `None`: see [`Place::member`].
    pub(super) fn iter(&self) -> impl ExactSizeIterator<Item = Option<Member<'a>>> {
        let text = self.text;
        self.places.iter().take(self.count).map(|place| place.member(text))
    }

    /// Whether there is none, which means that the text is not plain: a plain object has members.
    pub(crate) fn is_empty(&self) -> bool {
        self.count == 0
    }

    pub(super) fn clear(&mut self) {
        self.count = 0;
    }
}

impl Place {
    /// `None` for a place beyond 4 GiB.
    #[inline]
    fn new(name: usize, value: usize, end: usize) -> Option<Self> {
        let short = |offset: usize| u32::try_from(offset).ok();
        Some(Self { name: short(name)?, value: short(value)?, end: short(end)? })
    }

    /// The member that stands here; never `None` for the text in which it was found.
    #[inline]
    fn member(self, text: &str) -> Option<Member<'_>> {
        let [name, value, end] = [self.name, self.value, self.end].map(usize::try_from);
        let value = value.ok()?;
        // Between the name and the value are a quote and a colon.
        let name = text.get(name.ok()?.checked_add(1)?..value.checked_sub(2)?)?;
        Some(Member { name, raw: text.get(value..end.ok()?)? })
    }
}

/// A place in the text. Every method gives up with `None` on what it does not know.
struct Reader<'a> {
    text: &'a str,
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Reads a member name and the colon after it.
    #[inline]
    fn name(&mut self) -> Option<&'a str> {
        self.eat(b'"')?;
        let name = self.string()?;
        self.eat(b':')?;
        Some(name)
    }

    /// Reads what follows a member: whether the object, and the text, ends there.
    #[inline]
    fn ends(&mut self) -> Option<bool> {
        match self.rest.split_first()? {
            (b',', rest) => {
                self.rest = rest;
                Some(false)
            }
            (b'}', []) => Some(true),
            _ => None,
        }
    }

    #[inline]
    fn eat(&mut self, wanted: u8) -> Option<()> {
        let (byte, rest) = self.rest.split_first()?;
        self.rest = rest;
        (*byte == wanted).then_some(())
    }

    /// Reads the rest of a string without escapes after its opening quote.
    #[inline]
    fn string(&mut self) -> Option<&'a str> {
        let start = self.at();
        let len = plain_len(self.rest);
        let rest = self.rest.get(len..)?;
        self.rest = rest;
        self.eat(b'"')?;
        self.text.get(start..start.wrapping_add(len))
    }

    #[inline]
    fn value(&mut self) -> Option<Found<'a>> {
        let start = self.at();
        let kind = match self.rest.first()? {
            b'"' => {
                self.eat(b'"')?;
                return self.string().map(|raw| Found::String(Text::new(raw, false)));
            }
            b'1'..=b'9' => return self.integer().map(|seconds| Found::Date(NumericDate::whole(seconds))),
            b'[' => self.array()?,
            b't' => self.word(b"true", Kind::Bool)?,
            b'f' => self.word(b"false", Kind::Bool)?,
            b'n' => self.word(b"null", Kind::Null)?,
            _ => return None,
        };
        Some(Found::Other(Value { raw: self.text.get(start..self.at())?, kind }))
    }

    /// Reads at most 18 digits, of which the first is not zero, so that they fit.
    #[inline]
    fn integer(&mut self) -> Option<i64> {
        let mut value = 0_i64;
        for count in 0..19_u8 {
            match self.rest.split_first()? {
                (digit @ b'0'..=b'9', rest) if count < 18 => {
                    value = value.wrapping_mul(10).wrapping_add(i64::from(digit & 0xF));
                    self.rest = rest;
                }
                (b',' | b'}', _) => return Some(value),
                _ => return None,
            }
        }
        None
    }

    /// Reads an array of strings without escapes.
    fn array(&mut self) -> Option<Kind<'a>> {
        self.eat(b'[')?;
        loop {
            self.eat(b'"')?;
            self.string()?;
            match self.rest.split_first()? {
                (b',', rest) => self.rest = rest,
                (b']', rest) => {
                    self.rest = rest;
                    return Some(Kind::Array);
                }
                _ => return None,
            }
        }
    }

    fn word(&mut self, word: &[u8], kind: Kind<'a>) -> Option<Kind<'a>> {
        self.rest = self.rest.strip_prefix(word)?;
        Some(kind)
    }

    #[inline]
    const fn at(&self) -> usize {
        self.text.len().wrapping_sub(self.rest.len())
    }
}

/// A bit that depends on the ends and the length of a name. The registered claims all have different ones.
#[inline]
fn kind(name: &str) -> u64 {
    let bytes = name.as_bytes();
    let (first, last) = (bytes.first().copied().unwrap_or_default(), bytes.last().copied().unwrap_or_default());
    let second = bytes.get(1).copied().unwrap_or_default();
    let mixed =
        u32::from(first).wrapping_mul(5) ^ u32::from(second).wrapping_mul(11) ^ u32::from(last).wrapping_mul(29);
    1_u64.rotate_left(mixed.wrapping_add(u32::try_from(name.len()).unwrap_or_default()) & 63)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<usize> {
        let mut members = Members::default();
        members.read(text, |_, _| {}).map(|()| members.iter().len())
    }

    #[test]
    fn plain_objects_are_read() {
        assert_eq!(read(r#"{"iss":"https://a","aud":["a","b"],"exp":1800000000,"x":true,"y":null,"z":"é"}"#), Some(6));
        assert_eq!(read(r#"{"a":1}"#), Some(1));
    }

    #[test]
    fn what_is_not_plain_is_left_to_the_full_scanner() {
        for text in [
            "",
            "{",
            "{}",
            " {}",
            r#"{"a":1} "#,
            r#"{ "a":1}"#,
            r#"{"a": 1}"#,
            r#"{"a":1,"a":2}"#,
            r#"{"a":"\n"}"#,
            r#"{"\u0061":1}"#,
            r#"{"a":0}"#,
            r#"{"a":-1}"#,
            r#"{"a":1.5}"#,
            r#"{"a":1e3}"#,
            r#"{"a":1234567890123456789}"#,
            r#"{"a":[]}"#,
            r#"{"a":[1]}"#,
            r#"{"a":["b",]}"#,
            r#"{"a":{}}"#,
            r#"{"a":1"#,
            r#"{"a":"#,
            r#"{"a""#,
            r#"{"a":"b"#,
            r#"{"a":tru}"#,
            r#"{"a":1}x"#,
            r#"{"a":1,}"#,
            "{\"a\":\"\u{1}\"}",
            "{\"a\":\"\t\"}",
            r#"{"a":01}"#,
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn the_registered_claims_need_no_comparison() {
        let mut seen = 0_u64;
        for name in [
            "iss",
            "sub",
            "aud",
            "exp",
            "nbf",
            "iat",
            "jti",
            "sid",
            "scope",
            "client_id",
            "roles",
            "email",
            "auth_time",
        ] {
            assert_eq!(seen & kind(name), 0, "{name}");
            seen |= kind(name);
        }
    }
}
