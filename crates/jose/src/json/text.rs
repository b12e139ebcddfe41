//! JSON strings as they stand between their quotes, unescaped only when somebody looks.

use std::borrow::Cow;

/// The inside of a JSON string. The scanner has checked its escapes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Text<'a> {
    raw: &'a str,
    escaped: bool,
}

impl<'a> Text<'a> {
    pub(crate) const fn new(raw: &'a str, escaped: bool) -> Self {
        Self { raw, escaped }
    }

    /// The text as it stands, when it has no escapes and so stands for itself.
    pub(crate) const fn plain(self) -> Option<&'a str> {
        if self.escaped { None } else { Some(self.raw) }
    }

    /// What the text means.
    pub(crate) fn unescape(self) -> Cow<'a, str> {
        if self.escaped { Cow::Owned(unescape(self.raw)) } else { Cow::Borrowed(self.raw) }
    }

    pub(crate) fn is(self, name: &str) -> bool {
        if self.escaped { unescape(self.raw) == name } else { self.raw == name }
    }

    /// Whether both mean the same text, however they are spelt.
    pub(crate) fn same(self, other: Self) -> bool {
        if self.escaped || other.escaped { self.unescape() == other.unescape() } else { self.raw == other.raw }
    }
}

#[cold]
fn unescape(raw: &str) -> String {
    let mut meaning = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((before, after)) = rest.split_once('\\') {
        meaning.push_str(before);
        rest = unescape_one(after, &mut meaning);
    }
    meaning.push_str(rest);
    meaning
}

/// Reads one escape, without its backslash, and returns what follows it.
fn unescape_one<'a>(escape: &'a str, meaning: &mut String) -> &'a str {
    let mut chars = escape.chars();
    let meant = match chars.next() {
        Some('b') => '\u{8}',
        Some('f') => '\u{c}',
        Some('n') => '\n',
        Some('r') => '\r',
        Some('t') => '\t',
        Some('u') => return unescape_unicode(chars.as_str(), meaning),
        Some(itself) => itself,
        None => return "",
    };
    meaning.push(meant);
    chars.as_str()
}

/// Reads the four digits after `\u`, and a second escape where they are the first half of a pair.
fn unescape_unicode<'a>(digits: &'a str, meaning: &mut String) -> &'a str {
    let (first, rest) = four_digits(digits);
    if let Some(meant) = char::from_u32(first) {
        meaning.push(meant);
        return rest;
    }
    let (second, rest) = four_digits(rest.strip_prefix("\\u").unwrap_or_default());
    meaning.push(join_surrogates(first, second).unwrap_or(char::REPLACEMENT_CHARACTER));
    rest
}

fn four_digits(text: &str) -> (u32, &str) {
    let (digits, rest) = text.split_at_checked(4).unwrap_or((text, ""));
    (u32::from_str_radix(digits, 16).unwrap_or_default(), rest)
}

/// The character that a surrogate pair stands for (RFC 8259 §7), if these two are a pair.
pub(crate) fn join_surrogates(first: u32, second: u32) -> Option<char> {
    if !(0xD800..0xDC00).contains(&first) || !(0xDC00..0xE000).contains(&second) {
        return None;
    }
    let above = ((first & 0x3FF) << 10) | (second & 0x3FF);
    char::from_u32(above.saturating_add(0x1_0000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(raw: &str, meaning: &str) {
        assert_eq!(Text::new(raw, true).unescape(), meaning);
        assert!(Text::new(raw, true).is(meaning));
    }

    #[test]
    fn escapes_mean_their_characters() {
        check(r#"\"\\\/\b\f\n\r\t"#, "\"\\/\u{8}\u{c}\n\r\t");
        check(r"\u0065xp", "exp");
        check(r"a\u00e9b", "aéb");
        check(r"\ud83d\ude00!", "😀!");
        check(r"\udbff\udfff", "\u{10FFFF}");
        check(r"\ud800\udc00", "\u{10000}");
    }

    #[test]
    fn two_spellings_of_one_text_are_the_same() {
        assert!(Text::new(r"\u0061ud", true).same(Text::new("aud", false)));
        assert!(!Text::new(r"\u0061ud", true).same(Text::new("aux", false)));
    }
}
