//! The members of a record, read leniently where systems differ: a flag may be `1`, `t` or `true`, a time a number or text.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jotgate_server::domain::time::Timestamp;
use jotgate_server::domain::user::UserId;
use serde_json::{Map, Value};

/// The members of a record. An empty text is as good as none.
#[derive(Debug)]
pub(super) struct Fields(Map<String, Value>);

impl Fields {
    pub(super) fn new(members: Map<String, Value>) -> Self {
        Self(members)
    }

    /// The members of an object inside this one. In CSV it is text.
    pub(super) fn inner(&self, name: &str) -> Option<Self> {
        match self.0.get(name)? {
            Value::Object(members) => Some(Self(members.clone())),
            Value::String(text) => serde_json::from_str(text).ok().map(Self),
            _ => None,
        }
    }

    /// The names of all members.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// The value as it is.
    pub(super) fn value(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !matches!(value, Value::Null) && *value != "")
    }

    pub(super) fn text(&self, name: &str) -> Result<Option<&str>, String> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(format!("`{name}` is not a text")),
        }
    }

    /// The text under the first of these names that has one.
    pub(super) fn first_text(&self, names: &[&str]) -> Result<Option<&str>, String> {
        names.iter().find(|name| self.value(name).is_some()).map_or(Ok(None), |name| self.text(name))
    }

    /// The address; without one nobody can log in.
    pub(super) fn email(&self) -> Result<String, String> {
        let email = self.first_text(&["email"])?.ok_or("has no e-mail address")?;
        Ok(email.trim().to_owned())
    }

    /// First and last name together.
    pub(super) fn full_name(&self, first: &str, last: &str) -> Result<Option<String>, String> {
        let parts = [self.text(first)?, self.text(last)?];
        let name =
            parts.into_iter().flatten().map(str::trim).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
        Ok(Some(name).filter(|name| !name.is_empty()))
    }

    pub(super) fn flag(&self, name: &str) -> Result<Option<bool>, String> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(Value::Number(number)) if number.as_u64() == Some(0) => Ok(Some(false)),
            Some(Value::Number(number)) if number.as_u64() == Some(1) => Ok(Some(true)),
            Some(Value::String(text)) => match text.to_ascii_lowercase().as_str() {
                "true" | "t" | "yes" | "1" => Ok(Some(true)),
                "false" | "f" | "no" | "0" => Ok(Some(false)),
                _ => Err(format!("`{name}` is neither yes nor no")),
            },
            Some(_) => Err(format!("`{name}` is neither yes nor no")),
        }
    }

    /// The flag under the first of these names that has one.
    pub(super) fn first_flag(&self, names: &[&str]) -> Result<Option<bool>, String> {
        names.iter().find(|name| self.value(name).is_some()).map_or(Ok(None), |name| self.flag(name))
    }

    pub(super) fn time(&self, name: &str) -> Result<Option<Timestamp>, String> {
        self.value(name).map(|value| time(value).ok_or_else(|| format!("`{name}` is not a time"))).transpose()
    }

    /// The time under the first of these names that has one.
    pub(super) fn first_time(&self, names: &[&str]) -> Result<Option<Timestamp>, String> {
        names.iter().find(|name| self.value(name).is_some()).map_or(Ok(None), |name| self.time(name))
    }

    /// An id that is a UUID, and so can be kept; nothing for one of another kind.
    pub(super) fn uuid(&self, name: &str) -> Option<UserId> {
        self.value(name)?.as_str()?.parse().ok()
    }
}

/// Seconds or milliseconds since 1970, RFC 3339, the writing of SQL databases (without an offset it is UTC), or the
/// `{"$date": …}` of a `mongoexport`.
fn time(value: &Value) -> Option<Timestamp> {
    match value {
        Value::Number(number) => Some(since_1970(number.as_i64()?)),
        Value::Object(members) => members.get("$date").or_else(|| members.get("$numberLong")).and_then(time),
        Value::String(text) => text.parse().map(since_1970).ok().or_else(|| written_time(text)),
        _ => None,
    }
}

/// No account was made before 1973, so that a number as large as that in seconds is of milliseconds.
fn since_1970(number: i64) -> Timestamp {
    const FIRST_MILLIS: i64 = 100_000_000_000;
    if number.abs() < FIRST_MILLIS { Timestamp::from_seconds(number) } else { Timestamp::from_millis(number) }
}

fn written_time(text: &str) -> Option<Timestamp> {
    let with_offset = text.parse::<jiff::Timestamp>().ok();
    let of_utc = || TimeZone::UTC.to_timestamp(text.parse::<DateTime>().ok()?).ok();
    Some(Timestamp::from_millis(with_offset.or_else(of_utc)?.as_millisecond()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fields(value: Value) -> Fields {
        let Value::Object(members) = value else { panic!("an object") };
        Fields::new(members)
    }

    #[test]
    fn times_are_read_as_systems_write_them() {
        for time in [
            json!(1_700_000_000),
            json!(1_700_000_000_000_i64),
            json!("1700000000000"),
            json!("2023-11-14T22:13:20Z"),
            json!("2023-11-14T23:13:20.000+01:00"),
            json!("2023-11-14 22:13:20"),
            json!("2023-11-14 22:13:20.000000+00"),
            json!({"$date": "2023-11-14T22:13:20Z"}),
            json!({"$date": {"$numberLong": "1700000000000"}}),
        ] {
            let expected = Some(Timestamp::from_seconds(1_700_000_000));
            assert_eq!(fields(json!({"at": time})).time("at"), Ok(expected), "{time}");
        }
        for time in [json!("yesterday"), json!(true), json!({"$date": []}), json!(1.5), json!("2023-13-14T22:13:20Z")] {
            assert!(fields(json!({"at": time})).time("at").is_err(), "{time}");
        }
        assert_eq!(fields(json!({"at": ""})).time("at"), Ok(None));
    }

    #[test]
    fn flags_are_read_as_systems_write_them() {
        let flag = |value| fields(json!({"flag": value})).flag("flag");
        for yes in [json!(true), json!(1), json!("t"), json!("True"), json!("1")] {
            assert_eq!(flag(yes), Ok(Some(true)));
        }
        for no in [json!(false), json!(0), json!("f"), json!("FALSE")] {
            assert_eq!(flag(no), Ok(Some(false)));
        }
        assert_eq!(flag(json!(null)), Ok(None));
        assert!(flag(json!("perhaps")).is_err() && flag(json!(2)).is_err() && flag(json!([])).is_err());
    }
}
