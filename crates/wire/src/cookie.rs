//! The cookies that carry tokens to browsers and back: their names, and how one is read.
//!
//! The prefixes make a browser refuse a cookie that was set without `Secure`, or for another host (RFC 6265bis §4.1.3).
//! Over plain http on a loopback address there can be no `Secure`, so there they are dropped.

/// The cookie of one kind of token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenCookie {
    /// The access token's: sent to every path of the host that set it.
    Access,
    /// The refresh token's: sent to the auth server's own paths.
    Refresh,
}

impl TokenCookie {
    /// Its name, by whether browsers come over https.
    #[must_use]
    pub fn name(self, over_https: bool) -> &'static str {
        match (self, over_https) {
            (Self::Access, true) => "__Host-jg_at",
            (Self::Access, false) => "jg_at",
            (Self::Refresh, true) => "__Secure-jg_rt",
            (Self::Refresh, false) => "jg_rt",
        }
    }
}

/// A request has two cookies of one name. Somebody planted one, and nothing tells which.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TwoCookies;

/// The value of a cookie, from the values of a request's `Cookie` headers; nothing when it is empty or no UTF-8.
///
/// # Errors
///
/// When there are two of that name.
pub fn read_cookie<'a>(headers: impl Iterator<Item = &'a [u8]>, name: &str) -> Result<Option<&'a str>, TwoCookies> {
    let mut values = headers.flat_map(|line| line.split(|byte| *byte == b';')).filter_map(|pair| value_of(pair, name));
    let first = values.next();
    if values.next().is_some() {
        return Err(TwoCookies);
    }
    Ok(first.and_then(|value| std::str::from_utf8(value).ok()).filter(|value| !value.is_empty()))
}

/// Other cookies of the site may hold any bytes, and must not hide ours.
fn value_of<'a>(pair: &'a [u8], name: &str) -> Option<&'a [u8]> {
    pair.trim_ascii().strip_prefix(name.as_bytes())?.strip_prefix(b"=")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(headers: &[&[u8]], expected: Result<Option<&str>, TwoCookies>) {
        assert_eq!(read_cookie(headers.iter().copied(), "jg_at"), expected, "{headers:?}");
    }

    #[test]
    fn reading_finds_one_and_refuses_two() {
        check(&[b"a=1; jg_at=x.y.z; b=2"], Ok(Some("x.y.z")));
        check(&[b"a=1", b"jg_at=x=="], Ok(Some("x==")));
        check(&[b"city=Z\xfcrich; jg_at=mine"], Ok(Some("mine")));
        check(&[], Ok(None));
        for absent in [b"a=1".as_slice(), b"xjg_at=1", b"jg_at=", b"jg_at", b"jg_at=\xff"] {
            check(&[absent], Ok(None));
        }
        check(&[b"jg_at=1; jg_at=2"], Err(TwoCookies));
        check(&[b"jg_at=1", b"jg_at=1"], Err(TwoCookies));
        check(&[b"jg_at=; jg_at=1"], Err(TwoCookies));
    }
}
