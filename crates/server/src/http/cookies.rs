//! The cookies and their attributes; their names are in `cookie.rs` of wire, where verifiers read them, too.

use http::{HeaderMap, HeaderValue, header};
use jotgate_wire::{ErrorCode, TokenCookie, read_cookie};

use super::error::ApiError;
use crate::config::Config;
use crate::flows::Grant;

/// One cookie: its name, and who gets it.
pub(super) struct Cookie {
    pub(super) name: &'static str,
    same_site: &'static str,
    path: String,
    secure: bool,
}

/// The cookie of the access token: sent with every request to this host, but not by other sites' forms.
pub(super) fn access(config: &Config) -> Cookie {
    let secure = config.is_https();
    Cookie { name: TokenCookie::Access.name(secure), same_site: "Lax", path: "/".into(), secure }
}

/// The cookie of the refresh token: sent to this server's own routes only, and never from another site.
pub(super) fn refresh(config: &Config) -> Cookie {
    let secure = config.is_https();
    let path = format!("{}/v1", config.base_path());
    Cookie { name: TokenCookie::Refresh.name(secure), same_site: "Strict", path, secure }
}

/// The headers that set both cookies.
pub(super) fn set(config: &Config, grant: &Grant) -> [(header::HeaderName, HeaderValue); 2] {
    [
        (header::SET_COOKIE, access(config).value(grant.access_token.expose(), grant.expires_in)),
        (header::SET_COOKIE, refresh(config).value(grant.refresh_token.expose(), grant.refresh_expires_in)),
    ]
}

/// The headers that make the browser forget both cookies.
pub(super) fn clear(config: &Config) -> [(header::HeaderName, HeaderValue); 2] {
    [(header::SET_COOKIE, access(config).value("", 0)), (header::SET_COOKIE, refresh(config).value("", 0))]
}

impl Cookie {
    /// Tokens are base64url with dots and one underscore: no character of them needs escaping.
    fn value(&self, token: &str, max_age: i64) -> HeaderValue {
        let Self { name, same_site, path, secure } = self;
        let secure = if *secure { "; Secure" } else { "" };
        let text = format!("{name}={token}; Max-Age={max_age}; Path={path}; HttpOnly; SameSite={same_site}{secure}");
        let mut value = HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static(""));
        value.set_sensitive(true);
        value
    }
}

/// The value of a cookie. Two of one name mean that somebody planted one, and nothing tells which: both are refused.
pub(super) fn read<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, ApiError> {
    let lines = headers.get_all(header::COOKIE).iter().map(HeaderValue::as_bytes);
    read_cookie(lines, name).map_err(|_| {
        ApiError::new(ErrorCode::InvalidRequest, format!("there are two cookies named `{name}`; clear them"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(issuer: &str) -> Config {
        Config::new(issuer).unwrap()
    }

    fn set_cookie(cookie: &Cookie) -> String {
        cookie.value("TOKEN", 600).to_str().unwrap().to_owned()
    }

    #[test]
    fn attributes_are_those_of_the_contract() {
        let config = config("https://example.com/auth");
        assert_eq!(
            set_cookie(&access(&config)),
            "__Host-jg_at=TOKEN; Max-Age=600; Path=/; HttpOnly; SameSite=Lax; Secure"
        );
        assert_eq!(
            set_cookie(&refresh(&config)),
            "__Secure-jg_rt=TOKEN; Max-Age=600; Path=/auth/v1; HttpOnly; SameSite=Strict; Secure"
        );
    }

    #[test]
    fn on_plain_http_there_is_no_prefix_and_no_secure() {
        let config = config("http://127.0.0.1:4400");
        assert_eq!(set_cookie(&access(&config)), "jg_at=TOKEN; Max-Age=600; Path=/; HttpOnly; SameSite=Lax");
        assert_eq!(set_cookie(&refresh(&config)), "jg_rt=TOKEN; Max-Age=600; Path=/v1; HttpOnly; SameSite=Strict");
    }

    #[test]
    fn two_of_one_name_are_refused() {
        let headers = |line: &'static str| -> HeaderMap {
            [(header::COOKIE, HeaderValue::from_static(line))].into_iter().collect()
        };
        assert_eq!(read(&headers("a=1; jg_at=x.y.z"), "jg_at").unwrap(), Some("x.y.z"));
        assert!(read(&headers("jg_at=1; jg_at=2"), "jg_at").is_err());
    }
}
