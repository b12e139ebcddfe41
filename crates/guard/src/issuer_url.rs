//! An issuer's name, which is an URL, and the addresses that follow from it.

use std::net::{Ipv4Addr, Ipv6Addr};

use jotgate_wire::{IssuerMetadata, OAUTH_METADATA_PATH, OPENID_METADATA_PATH};
use url::{Host, Url};

/// A checked issuer: `https`, or `http` on this machine; no query and no fragment (RFC 8414 §2).
#[derive(Debug, Clone)]
pub(crate) struct IssuerUrl {
    /// To the letter, as tokens and metadata have to name it.
    name: String,
    url: Url,
}

impl IssuerUrl {
    /// Says in words what is wrong with a name that cannot be an issuer's.
    pub(crate) fn parse(name: &str) -> Result<Self, &'static str> {
        let url = Url::parse(name).map_err(|_| "it is not an URL")?;
        let plain = url.query().is_none() && url.fragment().is_none();
        if !plain || !url.username().is_empty() || url.password().is_some() {
            return Err("it must have no user, no query and no fragment");
        }
        if !is_safe(&url) {
            return Err("it has to begin with https:// (http:// only on a loopback address)");
        }
        Ok(Self { name: name.to_owned(), url })
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Whether it lives on this machine, for development and tests: then plain HTTP will do.
    pub(crate) fn is_loopback(&self) -> bool {
        on_loopback(&self.url)
    }

    /// `OpenID` Connect Discovery 1.0 §4 appends to the issuer; RFC 8414 §3.1 inserts after its host.
    pub(crate) fn metadata_addresses(&self) -> [Url; 2] {
        let path = self.url.path().trim_end_matches('/');
        let with_path = |path: String| {
            let mut url = self.url.clone();
            url.set_path(&path);
            url
        };
        [with_path(format!("{path}{OPENID_METADATA_PATH}")), with_path(format!("{OAUTH_METADATA_PATH}{path}"))]
    }

    /// The address of a document that a `member` of the metadata names, such as the key set. It may be on another host, because
    /// the issuer itself names it, but not on a weaker line.
    pub(crate) fn document_address(&self, member: &str, address: &str) -> Result<Url, String> {
        let url = Url::parse(address).map_err(|error| format!("`{member}` is not an URL: {error}"))?;
        if url.scheme() == "https" || (self.is_loopback() && is_safe(&url)) {
            return Ok(url);
        }
        Err(format!("`{member}` has to begin with https://: {url}"))
    }

    /// Metadata that names another issuer is somebody else's (RFC 8414 §3.3, to the letter).
    pub(crate) fn is_named_by(&self, metadata: IssuerMetadata) -> Result<IssuerMetadata, String> {
        if metadata.issuer == self.name {
            return Ok(metadata);
        }
        Err(format!("the metadata names the issuer {:?}, expected {:?}", metadata.issuer, self.name))
    }
}

/// `https`, or `http` on this machine.
pub(crate) fn is_safe(url: &Url) -> bool {
    url.has_host() && (url.scheme() == "https" || (url.scheme() == "http" && on_loopback(url)))
}

fn on_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => Ipv4Addr::is_loopback(&address),
        Some(Host::Ipv6(address)) => Ipv6Addr::is_loopback(&address),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_is_an_https_url_or_on_this_machine() {
        for name in [
            "https://auth.example.com",
            "https://example.com/a/",
            "http://127.0.0.1:4400",
            "http://[::1]:1",
            "http://localhost",
        ] {
            assert!(IssuerUrl::parse(name).is_ok(), "{name}");
        }
        for name in [
            "",
            "auth.example.com",
            "http://auth.example.com",
            "ftp://localhost",
            "https://e.com?x",
            "https://e.com#x",
            "https://u@e.com",
            "https://u:p@e.com",
            "http://127.0.0.1.example.com",
            "http://localhost.example.com",
            "data:text/plain,x",
        ] {
            assert!(IssuerUrl::parse(name).is_err(), "{name}");
        }
    }

    #[test]
    fn addresses_follow_from_the_name() {
        let cases = [
            (
                "https://e.com",
                "https://e.com/.well-known/openid-configuration",
                "https://e.com/.well-known/oauth-authorization-server",
            ),
            (
                "https://e.com/",
                "https://e.com/.well-known/openid-configuration",
                "https://e.com/.well-known/oauth-authorization-server",
            ),
            (
                "https://e.com/t/1",
                "https://e.com/t/1/.well-known/openid-configuration",
                "https://e.com/.well-known/oauth-authorization-server/t/1",
            ),
        ];
        for (name, openid, oauth) in cases {
            let addresses = IssuerUrl::parse(name).unwrap().metadata_addresses().map(String::from);
            assert_eq!(addresses, [openid.to_owned(), oauth.to_owned()]);
        }
    }

    #[test]
    fn keys_do_not_come_over_a_weaker_line() {
        let far = IssuerUrl::parse("https://e.com").unwrap();
        assert!(far.document_address("jwks_uri", "https://keys.example.net/set").is_ok());
        for address in ["http://e.com/keys", "http://127.0.0.1/keys", "file:///etc/passwd", "/keys"] {
            assert!(far.document_address("jwks_uri", address).is_err(), "{address}");
        }
        let near = IssuerUrl::parse("http://127.0.0.1:1").unwrap();
        assert!(near.document_address("jwks_uri", "http://127.0.0.1:2/keys").is_ok());
        assert!(near.document_address("jwks_uri", "http://192.168.0.1/keys").is_err());
    }

    #[test]
    fn metadata_names_its_issuer_to_the_letter() {
        let issuer = IssuerUrl::parse("https://e.com").unwrap();
        for (name, fits) in [("https://e.com", true), ("https://e.com/", false), ("https://E.com", false)] {
            let document = format!(r#"{{"issuer": "{name}", "jwks_uri": "https://e.com/keys"}}"#);
            assert_eq!(issuer.is_named_by(serde_json::from_str(&document).unwrap()).is_ok(), fits, "{name}");
        }
    }
}
