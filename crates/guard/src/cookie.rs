//! The access token of a browser, in the cookie that Jotgate sets: it counts where that was configured, and only for requests
//! that no other site can have caused.
//!
//! - A browser sends cookies with whatever request any page makes. So a request that may change something has to come from a page
//!   of a configured origin, and likewise one that opens a WebSocket, whose answers the same-origin policy does not keep.
//! - Two cookies of the name mean that somebody planted one: neither counts.

use http::header::{COOKIE, ORIGIN, UPGRADE};
use http::{HeaderMap, HeaderValue, Method, Request};
use jotgate_wire::{TokenCookie, check_cross_site, read_cookie};
use url::Url;

use crate::Rejection;
use crate::issuer_url::is_safe;

/// Whose pages may use the cookie, and what it is called for them.
#[derive(Debug)]
pub(crate) struct Cookies {
    name: &'static str,
    origins: Vec<String>,
}

impl Cookies {
    /// Of pages of these origins, each as a browser writes it. Says which cannot be one, and why.
    pub(crate) fn new(origins: Vec<String>) -> Result<Option<Self>, (String, &'static str)> {
        let mut secure = None;
        for origin in &origins {
            let is_https = is_https(origin).map_err(|reason| (origin.clone(), reason))?;
            if *secure.get_or_insert(is_https) != is_https {
                return Err((
                    origin.clone(),
                    "origins have to be all https or all http, since the cookie's name depends on it",
                ));
            }
        }
        Ok(secure.map(|secure| Self { name: TokenCookie::Access.name(secure), origins }))
    }

    /// The token in the request's cookie, if it has one that counts.
    pub(crate) fn token<'a, B>(&self, request: &'a Request<B>) -> Result<Option<&'a str>, Rejection> {
        let headers = request.headers();
        let lines = headers.get_all(COOKIE).iter().map(HeaderValue::as_bytes);
        let token = read_cookie(lines, self.name)
            .map_err(|_| Rejection::request("two cookies of the access token's name; somebody may have planted one"))?;
        if token.is_some() && !is_harmless(request.method(), headers) {
            self.check_origin(headers)?;
        }
        Ok(token)
    }

    fn check_origin(&self, headers: &HeaderMap) -> Result<(), Rejection> {
        let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or_default());
        let is_ours = |origin: &str| self.origins.iter().any(|ours| ours == origin);
        check_cross_site(text(ORIGIN.as_str()), text("sec-fetch-site"), is_ours).map_err(Rejection::cross_site)
    }
}

/// A safe method (RFC 9110 §9.2.1), by which nothing is changed; but not one that opens a WebSocket.
fn is_harmless(method: &Method, headers: &HeaderMap) -> bool {
    method.is_safe() && !headers.contains_key(UPGRADE)
}

fn is_https(origin: &str) -> Result<bool, &'static str> {
    let url = Url::parse(origin).map_err(|_| "it is not an URL")?;
    if url.origin().ascii_serialization() != origin {
        return Err(
            "an origin is a scheme, a host and perhaps a port, as a browser writes it: https://shop.example.com",
        );
    }
    if !is_safe(&url) {
        return Err("it has to begin with https:// (http:// only on a loopback address)");
    }
    Ok(url.scheme() == "https")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cookies(origins: &[&str]) -> Result<Option<Cookies>, (String, &'static str)> {
        Cookies::new(origins.iter().map(|origin| (*origin).to_owned()).collect())
    }

    #[test]
    fn the_name_follows_from_the_scheme() {
        assert!(cookies(&[]).unwrap().is_none());
        for (origins, name) in [
            (&["https://shop.example.com", "https://www.example.com:8443"][..], "__Host-jg_at"),
            (&["http://127.0.0.1:4401"], "jg_at"),
            (&["http://localhost:4401", "http://[::1]:4401"], "jg_at"),
        ] {
            assert_eq!(cookies(origins).unwrap().unwrap().name, name);
        }
    }

    #[test]
    fn what_is_no_origin_is_refused() {
        for origins in [
            &["shop.example.com"][..],
            &["https://shop.example.com/"],
            &["https://shop.example.com:443"],
            &["https://SHOP.example.com"],
            &["https://shop.example.com/page"],
            &["http://shop.example.com"],
            &["*"],
            &["null"],
            &["https://shop.example.com", "http://127.0.0.1:4401"],
        ] {
            assert!(cookies(origins).is_err(), "{origins:?}");
        }
    }
}
