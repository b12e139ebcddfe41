//! Header and claims as a person reads them.

use serde_json::{Map, Value};

use crate::output::{Page, bold, cyan, dim, plain};
use crate::times;

/// Claims that hold a time (RFC 7519 §4.1, OpenID Connect Core §2 and §5.1).
const TIMES: [&str; 5] = ["exp", "nbf", "iat", "auth_time", "updated_at"];

/// A headline and the members under it, times with what they mean.
pub(super) fn members(headline: &str, members: &Map<String, Value>, now: i64) -> String {
    let width = members.keys().map(|name| name.chars().count()).max().unwrap_or(0).min(24);
    let mut page = Page::default();
    page.line(bold(headline));
    for (name, value) in members {
        let name = plain(name).replace('\n', "\u{FFFD}");
        let gap = " ".repeat(width.saturating_sub(name.chars().count()));
        let meaning = time_of(&name, value).map(|seconds| dim(meaning(seconds, now))).unwrap_or_default();
        page.line(format_args!("  {}{gap}  {}{meaning}", cyan(&name), shown(value)));
    }
    page.text()
}

/// The times among the claims: name and seconds since 1970.
pub(super) fn times(claims: &Value) -> impl Iterator<Item = (&'static str, i64)> {
    TIMES.into_iter().filter_map(|name| Some((name, time_of(name, claims.get(name)?)?)))
}

/// Fractions are rounded down, as verification does.
fn time_of(name: &str, value: &Value) -> Option<i64> {
    if !TIMES.contains(&name) {
        return None;
    }
    value.as_i64().or_else(|| {
        let seconds = value.as_f64()?.floor();
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a cast from f64 saturates, and such a time has no date anyway"
        )]
        Some(seconds as i64)
    })
}

fn meaning(seconds: i64, now: i64) -> String {
    let relative = times::relative(seconds, now);
    match times::rfc3339(seconds) {
        Some(date) => format!("   {date}, {relative}"),
        None => format!("   {relative}"),
    }
}

/// A string without its quotes, anything else as JSON; on one line either way.
fn shown(value: &Value) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    plain(&text).replace('\n', "\\n").replace('\t', "\\t")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn times_say_what_they_mean_and_the_rest_stands_as_it_is() {
        let claims = json!({"exp": 1540, "iat": 999.9, "sub": "a\nb", "nbf": "soon", "n": 7, "auth_time": 1e300});
        let text = anstream::adapter::strip_str(&members("claims", claims.as_object().unwrap(), 1000)).to_string();
        assert!(text.contains("exp        1540   1970-01-01T00:25:40Z, in 9 minutes"), "{text}");
        assert!(text.contains("iat        999.9   1970-01-01T00:16:39Z, 1 second ago"), "{text}");
        assert!(text.contains("sub        a\\nb\n"), "{text}");
        assert!(text.contains("nbf        soon\n"), "{text}");
        assert!(text.contains("n          7\n"), "{text}");
        assert_eq!(times(&claims).collect::<Vec<_>>(), [("exp", 1540), ("iat", 999), ("auth_time", i64::MAX)]);
    }
}
