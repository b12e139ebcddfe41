//! The token in a request's header: `Authorization: Bearer …` (RFC 6750 §2). Where `cookie.rs` knows another, this one wins.

use http::header::AUTHORIZATION;
use http::{HeaderMap, Uri};
use url::form_urlencoded;

use crate::Rejection;

/// Finds the token of a request; `None` when it carries no bearer token.
///
/// A request that sends a token in more than one way is malformed (RFC 6750 §2), and so is one that sends it in its
/// address, where logs and histories would keep it (RFC 6750 §5.3, RFC 9700 §4.3.2).
pub(crate) fn token<'a>(headers: &'a HeaderMap, uri: &Uri) -> Result<Option<&'a str>, Rejection> {
    if uri.query().is_some_and(names_a_token) {
        return Err(Rejection::request("an access token must not be sent in the address"));
    }
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(Rejection::request("more than one Authorization header"));
    }
    credentials(value.as_bytes())
}

fn names_a_token(query: &str) -> bool {
    form_urlencoded::parse(query.as_bytes()).any(|(name, _)| name == "access_token")
}

/// `Bearer` in any case, one or more spaces, one token (RFC 6750 §2.1, RFC 9110 §11.4).
fn credentials(value: &[u8]) -> Result<Option<&str>, Rejection> {
    let (scheme, token) = match value.iter().position(|byte| *byte == b' ') {
        Some(space) => value.split_at(space),
        None => (value, [].as_slice()),
    };
    if !scheme.eq_ignore_ascii_case(b"Bearer") {
        return Ok(None);
    }
    let token = token.trim_ascii();
    if token.is_empty() {
        return Err(Rejection::request("the Authorization header has a scheme and no token"));
    }
    match str::from_utf8(token) {
        Ok(token) if is_one(token.as_bytes()) => Ok(Some(token)),
        _ => Err(Rejection::request("the Authorization header has something else than one token")),
    }
}

/// Visible ASCII and no comma, which would begin a second one. Every byte is looked at, so that the compiler can take
/// many at a time: with a search that stops early this took longer than finding the token in the cache.
fn is_one(token: &[u8]) -> bool {
    token.iter().fold(true, |fits, byte| fits & (byte.is_ascii_graphic() && *byte != b','))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    /// The token, `-` for none, or the code of the refusal.
    fn check(values: &[&[u8]], uri: &'static str, expected: &str) {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(AUTHORIZATION, HeaderValue::from_bytes(value).unwrap());
        }
        let found = match token(&headers, &Uri::from_static(uri)) {
            Ok(token) => token.unwrap_or("-").to_owned(),
            Err(rejection) => rejection.code().to_owned(),
        };
        assert_eq!(found, expected, "{values:?} {uri}");
    }

    #[test]
    fn the_scheme_is_bearer_in_any_case() {
        check(&[b"Bearer a.b.c"], "/", "a.b.c");
        check(&[b"bEARER a.b.c"], "/", "a.b.c");
        check(&[b"Bearer   a.b.c "], "/", "a.b.c");
        check(&[b"Bearertoken a.b.c"], "/", "-");
        check(&[b"Basic dTpw"], "/", "-");
        check(&[b""], "/", "-");
        check(&[], "/", "-");
    }

    #[test]
    fn there_is_one_token_or_none() {
        for values in [
            &[b"Bearer a".as_slice(), b"Bearer a".as_slice()][..],
            &[b"Bearer a", b"Basic b"],
            &[b"Bearer"],
            &[b"Bearer  "],
            &[b"Bearer a b"],
            &[b"Bearer a,Bearer b"],
            &[b"Bearer \xff"],
        ] {
            check(values, "/", "invalid_request");
        }
    }

    #[test]
    fn a_token_in_the_address_is_refused() {
        check(&[], "/?access_token=a.b.c", "invalid_request");
        check(&[b"Bearer a.b.c"], "/?x=1&access_token", "invalid_request");
        check(&[b"Bearer a.b.c"], "/?access%5Ftoken=a", "invalid_request");
        check(&[b"Bearer a.b.c"], "/?my_access_token=a&q=access_token", "a.b.c");
    }
}
