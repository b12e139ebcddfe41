//! `NumericDate`: seconds since 1970-01-01T00:00:00Z as a JSON number, fractions allowed (RFC 7519 §2).

use super::object::{Kind, Value};

/// A point in time as whole seconds, rounded down, and whether there was a fraction on top.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NumericDate {
    floor: i64,
    fraction: bool,
}

impl NumericDate {
    /// Reads a number. Anything else is `None`; the scanner has refused numbers beyond the range of a double.
    ///
    /// A number beyond the range of 64-bit seconds counts as the farthest time there is, so that no sum overflows.
    pub(crate) fn parse(value: Value<'_>) -> Option<Self> {
        if !matches!(value.kind, Kind::Number) {
            return None;
        }
        let whole = value.raw.parse::<i64>().ok();
        whole.map(|floor| Self { floor, fraction: false }).or_else(|| Self::parse_odd(value.raw))
    }

    /// Reads a number with a point or an exponent, or one with very many digits.
    #[cold]
    fn parse_odd(raw: &str) -> Option<Self> {
        if let Some((whole, digits)) = raw.split_once('.')
            && !whole.starts_with('-')
            && let (Ok(floor), true) = (whole.parse::<i64>(), digits.bytes().all(|byte| byte.is_ascii_digit()))
        {
            return Some(Self { floor, fraction: digits.bytes().any(|byte| byte != b'0') });
        }
        let number = raw.parse::<f64>().ok().filter(|number| number.is_finite())?;
        #[expect(
            clippy::as_conversions,
            clippy::cast_possible_truncation,
            reason = "the cast saturates, which is what is wanted for a time beyond the range"
        )]
        let floor = number.floor() as i64;
        Some(Self { floor, fraction: number.fract() != 0.0 })
    }

    pub(super) const fn whole(seconds: i64) -> Self {
        Self { floor: seconds, fraction: false }
    }

    /// Whole seconds, rounded down.
    pub(crate) const fn floor(self) -> i64 {
        self.floor
    }

    /// Whole seconds, rounded up: the first whole second that is not before this time.
    pub(crate) const fn ceil(self) -> i64 {
        if self.fraction { self.floor.saturating_add(1) } else { self.floor }
    }
}

#[cfg(test)]
mod tests {
    use super::super::object::Object;
    use super::*;

    fn parse(raw: &str) -> Option<(i64, i64)> {
        let text = format!("{{\"exp\":{raw}}}");
        let object = Object::parse(&text).expect("valid JSON");
        NumericDate::parse(object.get("exp")?).map(|date| (date.floor(), date.ceil()))
    }

    #[test]
    fn numbers_are_dates_with_or_without_a_fraction() {
        assert_eq!(parse("1300819380"), Some((1_300_819_380, 1_300_819_380)));
        assert_eq!(parse("1300819380.0"), Some((1_300_819_380, 1_300_819_380)));
        assert_eq!(parse("1300819380.000000001"), Some((1_300_819_380, 1_300_819_381)));
        assert_eq!(parse("-1.5"), Some((-2, -1)));
        assert_eq!(parse("-0.5"), Some((-1, 0)));
        assert_eq!(parse("-0"), Some((0, 0)));
        assert_eq!(parse("1.5e1"), Some((15, 15)));
        assert_eq!(parse("1e9"), Some((1_000_000_000, 1_000_000_000)));
    }

    #[test]
    fn times_beyond_the_range_are_the_farthest_there_is() {
        assert_eq!(parse("9223372036854775807"), Some((i64::MAX, i64::MAX)));
        assert_eq!(parse("9223372036854775808"), Some((i64::MAX, i64::MAX)));
        assert_eq!(parse("1e300"), Some((i64::MAX, i64::MAX)));
        assert_eq!(parse("-1e300"), Some((i64::MIN, i64::MIN)));
    }

    #[test]
    fn other_types_are_no_dates() {
        for raw in ["\"1300819380\"", "null", "true", "[1]", "{}"] {
            assert_eq!(parse(raw), None, "{raw}");
        }
    }
}
