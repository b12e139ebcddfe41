//! Times for people: RFC 3339, and how far from now.

use jiff::Timestamp;
use jotgate_server::config::Seconds;

/// Seconds since 1970 as RFC 3339 in UTC; nothing for a time outside the years −9999 to 9999.
pub(crate) fn rfc3339(seconds: i64) -> Option<String> {
    Timestamp::from_second(seconds).ok().map(|time| time.to_string())
}

/// Milliseconds since 1970 as RFC 3339 in UTC, to the second.
pub(crate) fn rfc3339_of_millis(millis: i64) -> String {
    let seconds = millis.div_euclid(1000);
    rfc3339(seconds).unwrap_or_else(|| seconds.to_string())
}

/// Seconds since 1970 of a time in RFC 3339, or of so long before now: `90s`, `30m`, `24h`, `7d`.
pub(crate) fn since(text: &str, now: i64) -> Option<i64> {
    let ago = Seconds::parse(text).ok().map(|ago| now.saturating_sub(ago.get()));
    ago.or_else(|| text.parse::<Timestamp>().ok().map(Timestamp::as_second))
}

/// `in 9 minutes`, `3 hours ago`, `now`.
pub(crate) fn relative(seconds: i64, now: i64) -> String {
    let distance = seconds.saturating_sub(now);
    let span = span(distance.unsigned_abs());
    match distance {
        0 => "now".to_owned(),
        1.. => format!("in {span}"),
        _ => format!("{span} ago"),
    }
}

/// In the unit that a person would use, rounded down.
fn span(seconds: u64) -> String {
    const UNITS: [(u64, &str); 3] = [(86_400, "day"), (3_600, "hour"), (60, "minute")];
    let fitting = UNITS.iter().find(|(length, _)| seconds >= *length);
    let (count, unit) = fitting.map_or((seconds, "second"), |(length, unit)| (seconds / length, *unit));
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {unit}{plural}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_in_the_unit_a_person_would_use() {
        for (seconds, words) in [
            (0, "now"),
            (1, "in 1 second"),
            (59, "in 59 seconds"),
            (61, "in 1 minute"),
            (599, "in 9 minutes"),
            (-7200, "2 hours ago"),
            (-86_400, "1 day ago"),
            (i64::MAX, "in 106751991167300 days"),
        ] {
            assert_eq!(relative(seconds, 0), words);
        }
        assert!(relative(i64::MIN, i64::MAX).ends_with("ago"));
    }

    #[test]
    fn a_time_is_written_or_so_long_ago() {
        for (text, seconds) in [
            ("90s", Some(1_799_999_910)),
            ("1d 12h", Some(1_799_870_400)),
            ("2027-01-15T08:00:00Z", Some(1_800_000_000)),
            ("2027-01-15T09:00:00+01:00", Some(1_800_000_000)),
            ("2027-01-15", None),
            ("yesterday", None),
            ("", None),
        ] {
            assert_eq!(since(text, 1_800_000_000), seconds, "{text}");
        }
    }

    #[test]
    fn times_outside_of_the_calendar_have_no_form() {
        assert_eq!(rfc3339(0).as_deref(), Some("1970-01-01T00:00:00Z"));
        assert_eq!(rfc3339(i64::MAX), None);
        assert_eq!(rfc3339_of_millis(1_800_000_000_999), "2027-01-15T08:00:00Z");
    }
}
