//! An object as the list of its members, each pointing into the text.

use std::borrow::Cow;

use smallvec::SmallVec;

use super::error::JsonError;
use super::lean::{Found, Members};
use super::number::NumericDate;
use super::scan::Scanner;
use super::text::Text;

/// A JSON object whose whole text has been checked, down to the last nested value.
#[derive(Debug, Default)]
pub(crate) struct Object<'a> {
    members: SmallVec<[Member<'a>; 16]>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Member<'a> {
    pub(crate) name: Text<'a>,
    pub(crate) value: Value<'a>,
}

/// A value as it stands in the text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Value<'a> {
    /// The value's own text, with its quotes or brackets.
    pub(crate) raw: &'a str,
    pub(crate) kind: Kind<'a>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind<'a> {
    String(Text<'a>),
    Number,
    Bool,
    Null,
    Array,
    Object,
}

/// Reads a text that must be one object, and folds its members into `state`, which begins as its default, as `members` does. A text
/// that the short way gives up on is read again from the start; then `members` stays empty.
#[inline]
pub(crate) fn each_claim<'a, T: Default>(
    text: &'a str,
    members: &mut Members<'a>,
    state: &mut T,
    fold: impl Fn(&mut T, &str, Found<'a>),
) -> Result<(), JsonError> {
    if members.read(text, |name, found| fold(state, name, found)).is_some() {
        return Ok(());
    }
    members.clear();
    *state = T::default();
    each_claim_strictly(text, state, fold)
}

#[cold]
fn each_claim_strictly<'a, T>(
    text: &'a str,
    state: &mut T,
    fold: impl Fn(&mut T, &str, Found<'a>),
) -> Result<(), JsonError> {
    Scanner::new(text).document(|name, value| {
        let found = match (value.kind, NumericDate::parse(value)) {
            (Kind::String(text), _) => Found::String(text),
            (_, Some(date)) => Found::Date(date),
            (_, None) => Found::Other(value),
        };
        fold(state, &name.unescape(), found);
    })
}

impl<'a> Object<'a> {
    /// Reads a text that must be one object and nothing else.
    pub(crate) fn parse(text: &'a str) -> Result<Self, JsonError> {
        let mut members = SmallVec::new();
        Scanner::new(text).document(|name, value| members.push(Member { name, value }))?;
        Ok(Self { members })
    }

    /// The value of a member, if the object has it.
    pub(crate) fn get(&self, name: &str) -> Option<Value<'a>> {
        self.members.iter().find(|member| member.name.is(name)).map(|member| member.value)
    }
}

impl<'a> Value<'a> {
    /// What a string means; `None` for any other type.
    pub(crate) fn as_str(self) -> Option<Cow<'a, str>> {
        match self.kind {
            Kind::String(text) => Some(text.unescape()),
            _ => None,
        }
    }

    /// The elements of an array; `None` for any other type.
    pub(crate) fn as_array(self) -> Option<SmallVec<[Self; 4]>> {
        if !matches!(self.kind, Kind::Array) {
            return None;
        }
        let mut elements = SmallVec::new();
        Scanner::new(self.raw).array(|value| elements.push(value)).ok()?;
        Some(elements)
    }

    /// The name of the JSON type, for messages.
    pub(crate) const fn type_name(self) -> &'static str {
        match self.kind {
            Kind::String(_) => "a string",
            Kind::Number => "a number",
            Kind::Bool => "a boolean",
            Kind::Null => "null",
            Kind::Array => "an array",
            Kind::Object => "an object",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::error::Fault;
    use super::*;

    #[track_caller]
    fn refused(text: &str, fault: Fault) {
        assert_eq!(Object::parse(text).expect_err(text).fault, fault, "{text}");
    }

    #[test]
    fn members_point_into_the_text() {
        let text = r#" { "a" : "x" , "b\u0063":[1, {"d": null}],"e":-0.5e+3,"f":true } "#;
        let object = Object::parse(text).expect("valid");
        let found: Vec<_> = object.members.iter().map(|m| (m.name.unescape(), m.value.raw)).collect();
        let expected = [("a", "\"x\""), ("bc", r#"[1, {"d": null}]"#), ("e", "-0.5e+3"), ("f", "true")];
        assert_eq!(found, expected.map(|(name, raw)| (Cow::Borrowed(name), raw)));
        assert_eq!(object.get("bc").and_then(Value::as_array).map(|array| array.len()), Some(2));
        assert!(object.get("missing").is_none());
    }

    #[test]
    fn duplicates_are_refused_at_every_level_and_in_every_spelling() {
        for text in [
            r#"{"a":1,"a":1}"#,
            r#"{"a":1,"\u0061":2}"#,
            r#"{"x":{"a":1,"b":2,"a":3}}"#,
            r#"{"x":[{"k":1,"\u006b":2}]}"#,
            r#"{"":1,"":1}"#,
        ] {
            refused(text, Fault::Duplicate);
        }
    }

    #[test]
    fn duplicates_among_very_many_names_are_found() {
        let many = |last: &str| {
            let names: Vec<_> = (0..500).map(|n| format!("\"n{n}\":0")).collect();
            format!("{{{},\"{last}\":0}}", names.join(","))
        };
        refused(&many("n7"), Fault::Duplicate);
        refused(&many(r"n\u0037"), Fault::Duplicate);
        assert!(Object::parse(&many("n500")).is_ok());
    }

    #[test]
    fn nesting_is_bounded() {
        let nested = |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
        assert!(Object::parse(&nested(31)).is_ok());
        refused(&nested(32), Fault::TooDeep);
        refused(&nested(100_000), Fault::TooDeep);
    }

    #[test]
    fn half_a_surrogate_pair_is_refused() {
        for text in [r#"{"a":"\ud800"}"#, r#"{"a":"\ud800\u0041"}"#, r#"{"a":"\udc00"}"#, r#"{"\ud800x":1}"#] {
            refused(text, Fault::LoneSurrogate);
        }
        assert!(Object::parse(r#"{"a":"\ud83d\ude00"}"#).is_ok());
    }

    #[test]
    fn numbers_beyond_a_double_are_refused() {
        let digits = "9".repeat(309);
        for number in ["1e400", "-1e309", "1e99999999999999999999", "12.5E+1000", &digits, &format!("-{digits}.5")] {
            refused(&format!(r#"{{"a":{number}}}"#), Fault::TooGreat);
            refused(&format!(r#"{{"a":[{{"b":{number}}}]}}"#), Fault::TooGreat);
        }
        for number in ["1e308", "-1e308", "1e-400", "0e999", "1e-99999999999999999999", &digits[..308]] {
            assert!(Object::parse(&format!(r#"{{"a":{number}}}"#)).is_ok(), "{number}");
        }
    }

    #[test]
    fn what_is_no_object_or_more_than_one_is_refused() {
        for text in ["", " ", "null", "[]", "\"a\"", "1", "\u{feff}{}"] {
            refused(text, Fault::Expected("object"));
        }
        for text in ["{}{}", "{} x", "{}\0"] {
            refused(text, Fault::Trailing);
        }
    }

    #[test]
    fn agrees_with_serde_json_on_grammar() {
        for text in [
            "{",
            "}",
            "{,}",
            r#"{"a"}"#,
            r#"{"a":}"#,
            r#"{"a":1,}"#,
            r"{a:1}",
            r"{'a':1}",
            r#"{"a":01}"#,
            r#"{"a":1.}"#,
            r#"{"a":.5}"#,
            r#"{"a":+1}"#,
            r#"{"a":-}"#,
            r#"{"a":1e}"#,
            r#"{"a":NaN}"#,
            r#"{"a":tru}"#,
            r#"{"a":"\x"}"#,
            r#"{"a":"\u12"}"#,
            r#"{"a":"\u12G4"}"#,
            "{\"a\":\"\n\"}",
            "{\"a\":\"\u{1f}bcdefghij\"}",
            r#"{"a":"b}"#,
            r#"{"a":[1 2]}"#,
            r#"{"a":[1,]}"#,
            r#"{"a":[,1]}"#,
            r#"{"a":1 "b":2}"#,
            r#"{"a":0x1}"#,
            r#"{"a":1e308,"b":1e-400,"c":0e999}"#,
            r#"{"a":1e400}"#,
            "{\"a\":1}",
            "{\"a\":\"\u{7f}é€😀\"}",
            r#"{"a":-0}"#,
            r#"{"a":1E-2,"b":[],"c":{}}"#,
            "\t{\r\n}\n",
            "{\u{a0}}",
            "{/**/}",
        ] {
            let ours = Object::parse(text).is_ok();
            assert_eq!(ours, serde_json::from_str::<serde_json::Value>(text).is_ok(), "{text}");
        }
    }
}
