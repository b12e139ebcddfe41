//! Durations as people write them: `"10m"`, `"1h 30m"`, `"30d"`.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A duration of whole seconds, written with units: `s`, `m`, `h`, `d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seconds(pub u32);

/// Unit letters and their seconds, largest first.
const UNITS: [(char, u32); 4] = [('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];

impl Seconds {
    /// The number of seconds.
    #[must_use]
    pub fn get(self) -> i64 {
        i64::from(self.0)
    }

    /// The same as the standard library's duration.
    #[must_use]
    pub fn duration(self) -> Duration {
        Duration::from_secs(u64::from(self.0))
    }

    /// Reads `"10m"` or `"1h 30m"`: whole numbers, each with its unit.
    ///
    /// # Errors
    ///
    /// A sentence that says how a duration is written.
    pub fn parse(text: &str) -> Result<Self, String> {
        let refused = || {
            format!(
                "`{text}` is not a duration; write whole numbers with a unit, such as \"30s\", \"10m\", \"12h\" or \"30d\""
            )
        };
        let mut total: u32 = 0;
        let mut digits = String::new();
        let mut units = 0;
        for character in text.chars().filter(|c| *c != ' ') {
            if character.is_ascii_digit() {
                digits.push(character);
                continue;
            }
            let unit = UNITS.iter().find(|(letter, _)| *letter == character).ok_or_else(refused)?.1;
            let number: u32 = digits.parse().map_err(|_| refused())?;
            total = number.checked_mul(unit).and_then(|part| total.checked_add(part)).ok_or_else(refused)?;
            digits.clear();
            units += 1;
        }
        if units == 0 || !digits.is_empty() { Err(refused()) } else { Ok(Self(total)) }
    }
}

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0;
        for (letter, seconds) in UNITS {
            if rest >= seconds {
                write!(f, "{}{letter}", rest / seconds)?;
                rest %= seconds;
            }
        }
        if self.0 == 0 { f.write_str("0s") } else { Ok(()) }
    }
}

impl Serialize for Seconds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Seconds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::Seconds;

    #[test]
    fn reads_and_writes_what_people_write() {
        for (text, seconds, canonical) in [
            ("30s", 30, "30s"),
            ("10m", 600, "10m"),
            ("1h 30m", 5400, "1h30m"),
            ("90m", 5400, "1h30m"),
            ("30d", 2_592_000, "30d"),
            ("0s", 0, "0s"),
        ] {
            assert_eq!(Seconds::parse(text), Ok(Seconds(seconds)), "{text}");
            assert_eq!(Seconds(seconds).to_string(), canonical);
        }
    }

    #[test]
    fn refuses_everything_else() {
        for text in ["", "10", "m", "10x", "-1s", "1.5h", "10m5", "99999999999s", "4294967295d"] {
            assert!(Seconds::parse(text).unwrap_err().contains("not a duration"), "{text}");
        }
    }
}
