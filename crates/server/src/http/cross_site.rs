//! The cross-site check: a request that changes something by a cookie must come from our own site's pages.
//!
//! Browsers say where a request comes from in `Sec-Fetch-Site` and `Origin`, and no page can change either (Fetch
//! Metadata; OWASP CSRF Prevention). A request with neither is no browser's, and has no business with a cookie.

use http::{HeaderMap, header};
use jotgate_wire::ErrorCode;

use super::error::ApiError;
use crate::config::Config;

/// Refuses what another site may have caused.
pub(super) fn check(headers: &HeaderMap, config: &Config) -> Result<(), ApiError> {
    check_among(headers, |origin| origin == config.own_origin() || is_configured(origin, config))
}

/// The same for origins that the caller knows.
pub(super) fn check_among(headers: &HeaderMap, is_ours: impl Fn(&str) -> bool) -> Result<(), ApiError> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let origin = text(header::ORIGIN.as_str());
    let ours = origin.is_some_and(is_ours);
    let same_site = matches!(text("sec-fetch-site"), Some("same-origin" | "none"));
    if origin.is_none() && text("sec-fetch-site").is_none() {
        return Err(refused(
            "the request has neither `Origin` nor `Sec-Fetch-Site`, which a browser sends with cookies",
        ));
    }
    // A foreign `Origin` beside `same-origin` cannot come from a browser; believe the worse of the two.
    let passes = if origin.is_some() { ours } else { same_site };
    if passes {
        Ok(())
    } else {
        Err(refused("requests with cookies are taken from this origin and from configured ones only"))
    }
}

/// The check for requests that are not authenticated yet and ask for cookies: what is plainly cross-site is refused, so
/// that nobody can be logged in to a stranger's account; clients that are no browsers say nothing and pass.
pub(super) fn check_if_browser(headers: &HeaderMap, config: &Config) -> Result<(), ApiError> {
    let is_browser = headers.contains_key(header::ORIGIN) || headers.contains_key("sec-fetch-site");
    if is_browser { check(headers, config) } else { Ok(()) }
}

fn is_configured(origin: &str, config: &Config) -> bool {
    config.http.allowed_origins.iter().any(|allowed| allowed == origin)
}

fn refused(detail: &str) -> ApiError {
    ApiError::new(ErrorCode::CrossSiteRequest, detail)
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    fn config() -> Config {
        let mut config = Config::new("https://auth.example.com").unwrap();
        config.http.allowed_origins = vec!["https://shop.example.com".into()];
        config
    }

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn every_row() {
        for (pairs, passes) in [
            (&[("sec-fetch-site", "same-origin")][..], true),
            (&[("sec-fetch-site", "none")], true),
            (&[("origin", "https://auth.example.com")], true),
            (&[("origin", "https://shop.example.com")], true),
            (&[("sec-fetch-site", "same-site"), ("origin", "https://shop.example.com")], true),
            (&[("sec-fetch-site", "cross-site"), ("origin", "https://shop.example.com")], true),
            (&[("sec-fetch-site", "same-origin"), ("origin", "https://auth.example.com")], true),
            (&[], false),
            (&[("sec-fetch-site", "same-site")], false),
            (&[("sec-fetch-site", "cross-site")], false),
            (&[("sec-fetch-site", "SAME-ORIGIN")], false),
            (&[("origin", "null")], false),
            (&[("origin", "https://evil.example.com")], false),
            (&[("origin", "https://shop.example.com.evil.example")], false),
            (&[("origin", "http://shop.example.com")], false),
            (&[("origin", "https://shop.example.com:444")], false),
            (&[("sec-fetch-site", "cross-site"), ("origin", "https://evil.example")], false),
            (&[("sec-fetch-site", "same-origin"), ("origin", "https://evil.example")], false),
        ] {
            assert_eq!(check(&headers(pairs), &config()).is_ok(), passes, "{pairs:?}");
        }
    }

    #[test]
    fn before_authentication_only_a_browser_can_fail() {
        assert!(check_if_browser(&headers(&[]), &config()).is_ok());
        assert!(check_if_browser(&headers(&[("origin", "https://evil.example")]), &config()).is_err());
        assert!(check_if_browser(&headers(&[("sec-fetch-site", "cross-site")]), &config()).is_err());
    }
}
