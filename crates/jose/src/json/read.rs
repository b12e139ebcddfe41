//! Reading claims into a caller's type. A text that the short way has been through needs no second parser: its names and strings are
//! handed over as they stand. Arrays, enums and whatever else is rare are left to `serde_json`, piece by piece.

use serde::de::value::BorrowedStrDeserializer;
use serde::de::{self, Deserialize, DeserializeSeed, Deserializer, MapAccess, Visitor};
use serde::forward_to_deserialize_any;
use serde_json::Error;

use super::lean::{Found, Member, Members};
use super::object::{Kind, Value};

/// Reads an object that [`super::each_claim`] has found to be plain, from its members.
pub(crate) fn from_plain<'de, T: Deserialize<'de>>(text: &'de str, members: &Members<'de>) -> Result<T, Error> {
    T::deserialize(Plain { text, members })
}

/// The whole object.
struct Plain<'m, 'de> {
    text: &'de str,
    members: &'m Members<'de>,
}

/// One value: what was found, and its own text.
struct PlainValue<'de> {
    found: Found<'de>,
    raw: &'de str,
}

/// Hands the methods over to `serde_json`, for the text that the expression gives.
macro_rules! leave_to_serde_json {
    ($text:ident: $($method:ident($($argument:ident: $type:ty),*),)*) => {
        $(
            fn $method<V: Visitor<'de>>(self, $($argument: $type,)* visitor: V) -> Result<V::Value, Error> {
                serde_json::Deserializer::from_str(self.$text()).$method($($argument,)* visitor)
            }
        )*
    };
}

impl<'de> Plain<'_, 'de> {
    const fn text(&self) -> &'de str {
        self.text
    }
}

impl<'de> Deserializer<'de> for Plain<'_, 'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_map(Access { rest: self.members.iter(), value: None })
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_some(self)
    }

    forward_to_deserialize_any! { map struct }

    leave_to_serde_json! { text:
        deserialize_bool(), deserialize_i8(), deserialize_i16(), deserialize_i32(), deserialize_i64(), deserialize_i128(),
        deserialize_u8(), deserialize_u16(), deserialize_u32(), deserialize_u64(), deserialize_u128(), deserialize_f32(),
        deserialize_f64(), deserialize_char(), deserialize_str(), deserialize_string(), deserialize_bytes(),
        deserialize_byte_buf(), deserialize_unit(), deserialize_seq(), deserialize_identifier(), deserialize_ignored_any(),
        deserialize_unit_struct(name: &'static str), deserialize_newtype_struct(name: &'static str),
        deserialize_tuple(len: usize), deserialize_tuple_struct(name: &'static str, len: usize),
        deserialize_enum(name: &'static str, variants: &'static [&'static str]),
    }
}

/// The members, one after the other.
struct Access<'de, I> {
    rest: I,
    /// The member of which the name has been read.
    value: Option<Member<'de>>,
}

impl<'de, I: ExactSizeIterator<Item = Option<Member<'de>>>> MapAccess<'de> for Access<'de, I> {
    type Error = Error;

    #[inline]
    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        let Some(member) = self.rest.next() else { return Ok(None) };
        let member = member.ok_or_else(not_plain)?;
        self.value = Some(member);
        seed.deserialize(BorrowedStrDeserializer::new(member.name)).map(Some)
    }

    #[inline]
    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        let member = self.value.take().ok_or_else(not_plain)?;
        let found = member.value().ok_or_else(not_plain)?;
        seed.deserialize(PlainValue { found, raw: member.raw })
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.rest.len())
    }
}

#[cold]
fn not_plain() -> Error {
    de::Error::custom("the text is not what it was found to be")
}

impl<'de> PlainValue<'de> {
    const fn text(&self) -> &'de str {
        self.raw
    }
}

impl<'de> Deserializer<'de> for PlainValue<'de> {
    type Error = Error;

    #[inline]
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.found {
            Found::String(text) => match text.plain() {
                Some(plain) => visitor.visit_borrowed_str(plain),
                None => Err(not_plain()),
            },
            Found::Date(whole) => match u64::try_from(whole.floor()) {
                Ok(number) => visitor.visit_u64(number),
                Err(_) => Err(not_plain()),
            },
            Found::Other(Value { kind: Kind::Null, .. }) => visitor.visit_unit(),
            Found::Other(Value { kind: Kind::Bool, raw }) => visitor.visit_bool(raw == "true"),
            Found::Other(value) => serde_json::Deserializer::from_str(value.raw).deserialize_any(visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.found {
            Found::Other(Value { kind: Kind::Null, .. }) => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string unit identifier ignored_any
    }

    leave_to_serde_json! { text:
        deserialize_i128(), deserialize_u128(), deserialize_bytes(), deserialize_byte_buf(), deserialize_seq(), deserialize_map(),
        deserialize_unit_struct(name: &'static str), deserialize_newtype_struct(name: &'static str),
        deserialize_tuple(len: usize), deserialize_tuple_struct(name: &'static str, len: usize),
        deserialize_struct(name: &'static str, fields: &'static [&'static str]),
        deserialize_enum(name: &'static str, variants: &'static [&'static str]),
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;
    use std::collections::HashMap;

    use serde::Deserialize;
    use serde_json::value::RawValue;

    use super::{Members, from_plain};

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Level {
        Low,
        High,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Id(String);

    #[derive(Debug, PartialEq, Deserialize)]
    struct Everything<'a> {
        #[serde(borrow)]
        text: Cow<'a, str>,
        borrowed: &'a str,
        id: Id,
        number: i32,
        float: f64,
        big: u128,
        yes: bool,
        none: Option<String>,
        some: Option<u8>,
        level: Level,
        list: Vec<String>,
        #[serde(default)]
        missing: u8,
        unit: (),
        letter: char,
    }

    const TEXT: &str = concat!(
        r#"{"text":"é","borrowed":"b","id":"i","number":7,"float":5,"big":12345678901,"yes":true,"none":null,"some":3,"#,
        r#""level":"high","list":["x","y"],"unit":null,"letter":"ß","extra":["ignored"]}"#
    );

    fn members(text: &str) -> Members<'_> {
        let mut members = Members::default();
        members.read(text, |_, _| {}).expect("plain");
        members
    }

    #[track_caller]
    fn same<'a, T: Deserialize<'a> + PartialEq + std::fmt::Debug>(text: &'a str) {
        let ours = from_plain::<T>(text, &members(text)).map_err(|error| error.is_data());
        assert_eq!(ours, serde_json::from_str::<T>(text).map_err(|error| error.is_data()), "{text}");
    }

    #[test]
    fn every_type_is_read_as_serde_json_reads_it() {
        assert!(from_plain::<Everything<'_>>(TEXT, &members(TEXT)).is_ok());
        same::<Everything<'_>>(TEXT);
        same::<serde_json::Value>(TEXT);
        same::<HashMap<String, serde_json::Value>>(TEXT);
        same::<Option<HashMap<&str, serde_json::Value>>>(TEXT);
        same::<HashMap<String, u8>>(r#"{"a":1,"b":256}"#);
        same::<HashMap<String, i64>>(r#"{"a":"1"}"#);
        same::<HashMap<String, String>>(r#"{"a":1}"#);
        same::<Vec<u8>>(TEXT);
        same::<()>(TEXT);
        same::<String>(TEXT);
        let raw = from_plain::<HashMap<&str, &RawValue>>(TEXT, &members(TEXT));
        assert!(raw.is_ok_and(|members| members.get("list").is_some_and(|list| list.get() == r#"["x","y"]"#)));
    }
}
