//! The cross-site check: a request that changes something by a cookie must come from a page of our own.
//!
//! Browsers say where a request comes from in `Sec-Fetch-Site` and `Origin`, and no page can change either (Fetch
//! Metadata; OWASP CSRF Prevention). A request with neither is no browser's, and has no business with a cookie.

/// Why a request with a cookie does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CrossSite {
    /// It has neither `Origin` nor `Sec-Fetch-Site`.
    Unsaid,
    /// It comes from another origin than those that are ours.
    Foreign,
}

impl CrossSite {
    /// What is wrong, in words for an answer.
    #[must_use]
    pub fn detail(self) -> &'static str {
        match self {
            Self::Unsaid => "the request has neither `Origin` nor `Sec-Fetch-Site`, which a browser sends with cookies",
            Self::Foreign => "requests with cookies are taken from this origin and from configured ones only",
        }
    }
}

/// Judges a request by what its browser says of where it comes from: the values of `Origin` and of `Sec-Fetch-Site`.
///
/// # Errors
///
/// When another site may have caused it.
pub fn check_cross_site(
    origin: Option<&str>,
    sec_fetch_site: Option<&str>,
    is_ours: impl Fn(&str) -> bool,
) -> Result<(), CrossSite> {
    // A foreign `Origin` beside `same-origin` cannot come from a browser; believe the worse of the two.
    match (origin, sec_fetch_site) {
        (None, None) => Err(CrossSite::Unsaid),
        (Some(origin), _) if is_ours(origin) => Ok(()),
        (None, Some("same-origin" | "none")) => Ok(()),
        _ => Err(CrossSite::Foreign),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row() {
        let ours = ["https://auth.example.com", "https://shop.example.com"];
        for (origin, site, expected) in [
            (None, Some("same-origin"), Ok(())),
            (None, Some("none"), Ok(())),
            (Some("https://auth.example.com"), None, Ok(())),
            (Some("https://shop.example.com"), Some("same-site"), Ok(())),
            (Some("https://shop.example.com"), Some("cross-site"), Ok(())),
            (Some("https://auth.example.com"), Some("same-origin"), Ok(())),
            (None, None, Err(CrossSite::Unsaid)),
            (None, Some("same-site"), Err(CrossSite::Foreign)),
            (None, Some("cross-site"), Err(CrossSite::Foreign)),
            (None, Some("SAME-ORIGIN"), Err(CrossSite::Foreign)),
            (Some("null"), None, Err(CrossSite::Foreign)),
            (Some("https://evil.example.com"), None, Err(CrossSite::Foreign)),
            (Some("https://shop.example.com.evil.example"), None, Err(CrossSite::Foreign)),
            (Some("http://shop.example.com"), None, Err(CrossSite::Foreign)),
            (Some("https://shop.example.com:444"), None, Err(CrossSite::Foreign)),
            (Some("https://evil.example"), Some("cross-site"), Err(CrossSite::Foreign)),
            (Some("https://evil.example"), Some("same-origin"), Err(CrossSite::Foreign)),
        ] {
            let found = check_cross_site(origin, site, |origin| ours.contains(&origin));
            assert_eq!(found, expected, "{origin:?} {site:?}");
        }
    }
}
