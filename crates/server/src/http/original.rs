//! The request that a proxy asks about, by what the proxy says of it. Only a trusted proxy is asked this (`proxy.rs`).
//!
//! Traefik and Caddy name it in `X-Forwarded-Method`, `-Proto`, `-Host` and `-Uri`. Envoy sends it as it was, with our path
//! put before its own. nginx is told by its configuration to send `X-Original-Method` and `X-Original-URI` (or the whole
//! `X-Original-URL`).

use http::request::Parts;
use http::{HeaderMap, Method, header};
use jotgate_wire::ErrorCode;
use url::Url;
use url::form_urlencoded::parse;

use super::error::ApiError;

/// The request that a proxy asks about.
#[derive(Debug)]
pub(super) struct Original<'a> {
    pub(super) headers: &'a HeaderMap,
    method: Method,
    /// Path and query, as the client sent them.
    target: &'a str,
    /// Scheme, host and port as a browser writes them, where the proxy says them and they can be.
    origin: Option<String>,
}

impl<'a> Original<'a> {
    /// Of headers that Traefik and Caddy set.
    pub(super) fn forwarded(parts: &'a Parts) -> Result<Self, ApiError> {
        let headers = &parts.headers;
        let (method, target) = (method(headers, "x-forwarded-method")?, required(headers, "x-forwarded-uri")?);
        let host = single(headers, "x-forwarded-host");
        Ok(Self { headers, method, target, origin: origin(single(headers, "x-forwarded-proto"), host) })
    }

    /// Of a request that begins with a path of ours and otherwise is the original one.
    pub(super) fn prefixed(parts: &'a Parts, prefix: &str) -> Result<Self, ApiError> {
        let headers = &parts.headers;
        let sent = parts.uri.path_and_query().map_or("", |sent| sent.as_str());
        let target = sent.strip_prefix(prefix).ok_or_else(|| missing("the path of the original request"))?;
        let host = single(headers, header::HOST.as_str()).or(parts.uri.host());
        let origin = origin(single(headers, "x-forwarded-proto"), host);
        Ok(Self { headers, method: parts.method.clone(), target, origin })
    }

    /// Of headers that nginx is configured to set.
    pub(super) fn of_subrequest(parts: &'a Parts) -> Result<Self, ApiError> {
        let headers = &parts.headers;
        let method = method(headers, "x-original-method")?;
        if let Some(url) = single(headers, "x-original-url") {
            let (scheme, rest) = url.split_once("://").ok_or_else(|| missing("x-original-url"))?;
            let (host, target) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            return Ok(Self { headers, method, target, origin: origin(Some(scheme), Some(host)) });
        }
        let target = required(headers, "x-original-uri")?;
        let host = single(headers, "x-forwarded-host");
        Ok(Self { headers, method, target, origin: origin(single(headers, "x-forwarded-proto"), host) })
    }

    /// Whether it cannot change anything, so that it does not matter which page caused it. A request to open a
    /// `WebSocket` is a GET, and yet no policy but ours keeps another site's page from making it (RFC 6455 §10.2).
    pub(super) fn is_safe(&self) -> bool {
        self.method.is_safe() && !self.headers.contains_key(header::SEC_WEBSOCKET_VERSION)
    }

    /// Whether a browser only asks if it may send a request, which it does without any credentials (Fetch §3.3.5).
    pub(super) fn is_preflight(&self) -> bool {
        self.method == Method::OPTIONS
            && self.headers.contains_key(header::ORIGIN)
            && self.headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
    }

    /// Whether a person waits for a page, and not a program for an answer.
    pub(super) fn is_navigation(&self) -> bool {
        let reads = [Method::GET, Method::HEAD].contains(&self.method) && self.is_safe();
        let by_script = single(self.headers, "sec-fetch-mode").is_some_and(|mode| mode != "navigate");
        let by_program = by_script || self.headers.contains_key(header::AUTHORIZATION);
        reads && !by_program && accepts_html(self.headers)
    }

    /// Whether an access token stands in its address, where logs and histories keep it (RFC 6750 §5.3).
    pub(super) fn names_a_token(&self) -> bool {
        let query = self.target.split_once('?').map_or("", |(_, query)| query);
        parse(query.as_bytes()).any(|(name, _)| name == "access_token")
    }

    /// Its whole address, if that is at one of these origins. What follows the origin begins with a slash, so it cannot
    /// lead to another one.
    pub(super) fn address_at(&self, is_ours: impl Fn(&str) -> bool) -> Option<String> {
        let origin = self.origin.as_deref().filter(|origin| is_ours(origin))?;
        let target = if self.target.is_empty() { "/" } else { self.target };
        (target.starts_with('/') && target.len() <= MAX_TARGET).then(|| format!("{origin}{target}"))
    }
}

/// Longest path and query, in bytes, that a browser is sent back to.
const MAX_TARGET: usize = 2048;

fn accepts_html(headers: &HeaderMap) -> bool {
    let lines = headers.get_all(header::ACCEPT).iter().filter_map(|line| line.to_str().ok());
    let mut types = lines.flat_map(|line| line.split(',')).filter_map(|range| range.split(';').next());
    types.any(|kind| ["text/html", "application/xhtml+xml"].contains(&kind.trim().to_ascii_lowercase().as_str()))
}

fn method(headers: &HeaderMap, name: &str) -> Result<Method, ApiError> {
    Method::from_bytes(required(headers, name)?.as_bytes()).map_err(|_| missing(name))
}

fn required<'a>(headers: &'a HeaderMap, name: &str) -> Result<&'a str, ApiError> {
    single(headers, name).ok_or_else(|| missing(name))
}

/// Two of one name mean that the proxy added its own to what the client sent, and nothing tells which is which.
fn single<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let first = values.next().and_then(|value| value.to_str().ok())?;
    values.next().is_none().then_some(first)
}

fn origin(scheme: Option<&str>, host: Option<&str>) -> Option<String> {
    let url = Url::parse(&format!("{}://{}", scheme?, host?)).ok()?;
    let plain = url.path() == "/" && url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    (["http", "https"].contains(&url.scheme()) && plain).then(|| url.origin().ascii_serialization())
}

fn missing(what: &str) -> ApiError {
    tracing::warn!(
        missing = what,
        "a proxy asks about a request without saying what it is; set the header as docs/guides/forward-auth.md has it"
    );
    ApiError::new(ErrorCode::InvalidRequest, format!("the proxy has not said once, readably: {what}"))
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn parts(uri: &str, headers: &[(&str, &str)]) -> Parts {
        let mut request = Request::builder().uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap().into_parts().0
    }

    const TRAEFIK: &[(&str, &str)] = &[
        ("x-forwarded-method", "POST"),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-host", "Wiki.example.com:443"),
        ("x-forwarded-uri", "/a?b=c"),
        ("x-forwarded-for", "192.0.2.1"),
    ];

    fn address(original: &Original<'_>) -> Option<String> {
        original.address_at(|origin| origin == "https://wiki.example.com")
    }

    #[test]
    fn each_proxy_says_the_same_in_its_own_way() {
        let traefik = parts("/authz/forward-auth", TRAEFIK);
        let original = Original::forwarded(&traefik).unwrap();
        assert_eq!((&original.method, original.target), (&Method::POST, "/a?b=c"));
        assert_eq!(address(&original).as_deref(), Some("https://wiki.example.com/a?b=c"));

        let headers = [("host", "wiki.example.com"), ("x-forwarded-proto", "https"), ("x-forwarded-method", "HEAD")];
        let envoy = parts("/p/a?b=c", &headers);
        let original = Original::prefixed(&envoy, "/p").unwrap();
        assert_eq!((&original.method, original.target), (&Method::GET, "/a?b=c"), "its method is its own");
        assert_eq!(address(&original).as_deref(), Some("https://wiki.example.com/a?b=c"));

        for url in
            [("x-original-url", "https://wiki.example.com/a?b=c"), ("x-original-url", "https://wiki.example.com")]
        {
            let nginx = parts("/", &[("x-original-method", "GET"), url]);
            let original = Original::of_subrequest(&nginx).unwrap();
            assert!(address(&original).is_some_and(|address| address.starts_with("https://wiki.example.com/")));
        }
        let nginx = parts("/", &[("x-original-method", "DELETE"), ("x-original-uri", "/a")]);
        assert_eq!(address(&Original::of_subrequest(&nginx).unwrap()), None);
    }

    #[test]
    fn what_the_proxy_does_not_say_or_says_twice_is_refused() {
        for left_out in ["x-forwarded-method", "x-forwarded-uri"] {
            let headers: Vec<_> = TRAEFIK.iter().copied().filter(|(name, _)| *name != left_out).collect();
            assert!(Original::forwarded(&parts("/", &headers)).is_err(), "{left_out}");
            let doubled = [TRAEFIK, &[(left_out, "/x")]].concat();
            assert!(Original::forwarded(&parts("/", &doubled)).is_err(), "{left_out}");
        }
        assert!(Original::of_subrequest(&parts("/", TRAEFIK)).is_err());
        assert!(Original::of_subrequest(&parts("/", &[("x-original-uri", "/a")])).is_err());
        assert!(
            Original::of_subrequest(&parts("/", &[("x-original-method", "A B"), ("x-original-uri", "/")])).is_err()
        );
    }

    #[test]
    fn nobody_is_sent_where_it_is_not_ours() {
        for (name, value) in [
            ("x-forwarded-host", "evil.example"),
            ("x-forwarded-host", "wiki.example.com.evil.example"),
            ("x-forwarded-host", "wiki.example.com, evil.example"),
            ("x-forwarded-host", "wiki.example.com@evil.example"),
            ("x-forwarded-host", "evil.example/wiki.example.com"),
            ("x-forwarded-host", "wiki.example.com:444"),
            ("x-forwarded-proto", "http"),
            ("x-forwarded-proto", "javascript"),
            ("x-forwarded-uri", "@evil.example/"),
            ("x-forwarded-uri", ".evil.example/"),
            ("x-forwarded-uri", "evil"),
        ] {
            let mut headers = TRAEFIK.to_vec();
            headers.retain(|(other, _)| *other != name);
            headers.push((name, value));
            assert_eq!(address(&Original::forwarded(&parts("/", &headers)).unwrap()), None, "{name} {value}");
        }
        let long = format!("/{}", "a".repeat(MAX_TARGET));
        let headers = [&TRAEFIK[..3], &[("x-forwarded-uri", long.as_str())]].concat();
        assert_eq!(address(&Original::forwarded(&parts("/", &headers)).unwrap()), None);
    }

    #[test]
    fn a_person_waits_for_a_page_and_a_program_for_an_answer() {
        let html = ("accept", "text/html,application/xhtml+xml,*/*;q=0.8");
        for (method, headers, expected) in [
            ("GET", &[html][..], true),
            ("HEAD", &[html], true),
            ("GET", &[html, ("sec-fetch-mode", "navigate")], true),
            ("GET", &[("accept", "TEXT/HTML;q=0.9")], true),
            ("GET", &[html, ("sec-fetch-mode", "cors")], false),
            ("GET", &[html, ("authorization", "Bearer a")], false),
            ("GET", &[html, ("sec-websocket-version", "13")], false),
            ("POST", &[html], false),
            ("OPTIONS", &[html], false),
            ("GET", &[("accept", "*/*")], false),
            ("GET", &[("accept", "application/json, text/htmlx")], false),
            ("GET", &[], false),
        ] {
            let headers = [headers, &[("x-original-method", method), ("x-original-uri", "/")]].concat();
            let parts = parts("/", &headers);
            assert_eq!(Original::of_subrequest(&parts).unwrap().is_navigation(), expected, "{method} {headers:?}");
        }
    }

    #[test]
    fn opening_a_web_socket_is_not_safe() {
        let mut headers = vec![("x-original-method", "GET"), ("x-original-uri", "/")];
        assert!(Original::of_subrequest(&parts("/", &headers)).unwrap().is_safe());
        headers.push(("sec-websocket-version", "13"));
        assert!(!Original::of_subrequest(&parts("/", &headers)).unwrap().is_safe());
    }

    #[test]
    fn a_token_in_the_address_is_seen() {
        for (target, expected) in [
            ("/a?access_token=x", true),
            ("/?b=1&access%5Ftoken", true),
            ("/access_token=x", false),
            ("/a?my_access_token=x", false),
        ] {
            let parts = parts("/", &[("x-original-method", "GET"), ("x-original-uri", target)]);
            assert_eq!(Original::of_subrequest(&parts).unwrap().names_a_token(), expected, "{target}");
        }
    }
}
