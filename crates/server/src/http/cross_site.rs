//! The cross-site check of the server's own routes: whose pages count. The rule is that of `cross_site.rs` in wire.

use http::{HeaderMap, header};
use jotgate_wire::{ErrorCode, check_cross_site};

use super::error::ApiError;
use crate::config::Config;

/// Refuses what another site may have caused.
pub(super) fn check(headers: &HeaderMap, config: &Config) -> Result<(), ApiError> {
    check_among(headers, |origin| origin == config.own_origin() || is_configured(origin, config))
}

/// The same for origins that the caller knows.
pub(super) fn check_among(headers: &HeaderMap, is_ours: impl Fn(&str) -> bool) -> Result<(), ApiError> {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    check_cross_site(text(header::ORIGIN.as_str()), text("sec-fetch-site"), is_ours)
        .map_err(|refused| ApiError::new(ErrorCode::CrossSiteRequest, refused.detail()))
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
    fn pages_of_the_issuer_and_of_configured_origins_count() {
        for (pairs, passes) in [
            (&[("sec-fetch-site", "same-origin")][..], true),
            (&[("origin", "https://auth.example.com")], true),
            (&[("sec-fetch-site", "cross-site"), ("origin", "https://shop.example.com")], true),
            (&[], false),
            (&[("sec-fetch-site", "cross-site")], false),
            (&[("origin", "https://evil.example.com")], false),
            (&[("sec-fetch-site", "same-origin"), ("origin", "https://evil.example")], false),
        ] {
            assert_eq!(check(&headers(pairs), &config()).is_ok(), passes, "{pairs:?}");
        }
    }

    /// A header that is no text was sent all the same, so it is not taken for one that is missing.
    #[test]
    fn an_origin_that_cannot_be_read_is_a_foreign_one() {
        let mut headers = headers(&[("sec-fetch-site", "same-origin")]);
        headers.insert(header::ORIGIN, HeaderValue::from_bytes(b"https://shop.ex\xffmple.com").unwrap());
        assert!(check(&headers, &config()).is_err());
    }

    #[test]
    fn before_authentication_only_a_browser_can_fail() {
        assert!(check_if_browser(&headers(&[]), &config()).is_ok());
        assert!(check_if_browser(&headers(&[("origin", "https://evil.example")]), &config()).is_err());
        assert!(check_if_browser(&headers(&[("sec-fetch-site", "cross-site")]), &config()).is_err());
    }
}
