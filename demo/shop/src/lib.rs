//! A small online shop: a page, the API behind it, and the auth server in the same process or elsewhere.
//!
//! The API knows no passwords and asks nobody: it is an axum router behind `jotgate-guard`. What the page does, and what happens
//! underneath while it does it, is in `web/`; `web/jotgate.js` is a client for browsers.

mod api;
mod auth_server;
mod page;
mod refused;

use std::path::Path;

use anyhow::Context;
use axum::Router;
use axum::routing::get;
use jotgate_guard::{Clock, Guard, GuardBuilder};
use url::Url;

use auth_server::AuthServer;

/// Where the auth server stands when it is in this process: at the shop's own origin, so that its cookies are the shop's.
pub(crate) const MOUNTED_AT: &str = "/auth";

/// How a shop is to be opened.
#[derive(Debug)]
pub struct Options {
    /// The origin that browsers reach it at, such as `http://127.0.0.1:4401`.
    pub origin: String,
    /// Where accounts are; an auth server in this process is started where this is left out.
    pub elsewhere: Option<Elsewhere>,
    /// What time it is, for tokens.
    pub clock: Clock,
}

/// An auth server that is running somewhere else.
#[derive(Debug)]
pub struct Elsewhere {
    /// Its issuer.
    pub issuer: String,
    /// What its tokens call this shop's API (`aud`).
    pub audience: String,
}

/// A shop that is open: what it serves, and what has to live as long as that.
#[derive(Debug)]
pub struct Shop {
    /// Everything under the shop's origin. Serve it with the addresses of those who connect
    /// (`into_make_service_with_connect_info`), which the list of sessions shows.
    pub router: Router,
    _auth_server: Option<AuthServer>,
}

impl Shop {
    /// Opens the shop. What is made is in `data`, a folder of its own.
    ///
    /// # Errors
    ///
    /// When the auth server cannot be started, or the guard cannot be built for the issuer.
    pub async fn open(options: Options, data: &Path) -> anyhow::Result<Self> {
        let guard = Guard::builder().clock(options.clock.clone());
        let (router, guard, auth_server, issuer) = if let Some(Elsewhere { issuer, audience }) = options.elsewhere {
            (Router::new(), guard.issuer(&issuer).audience(audience), None, issuer)
        } else {
            let server = AuthServer::start(&options.origin, options.clock, data).await?;
            let router = Router::new().nest(MOUNTED_AT, server.router());
            (router, server.trusted_by(guard), Some(server), MOUNTED_AT.to_owned())
        };
        let about = About::new(&options.origin, &issuer)?;
        let guard = with_cookies(guard, &options.origin, &about).build().context("no guard for this issuer")?;
        let router =
            router.nest("/api", api::router(&guard).route("/about", get(api::about::get).with_state(about.clone())));
        Ok(Self { router: page::around(router.merge(page::router()), &about), _auth_server: auth_server })
    }
}

/// Whom one can log in as where the auth server is in this process, in words for a terminal.
#[must_use]
pub fn welcome() -> String {
    let (email, password) = (auth_server::EMAIL, auth_server::PASSWORD);
    format!(
        "  log in as  {email}\n  password   {password}\n  or register; access tokens live for a minute, and Ctrl-C ends it and leaves nothing behind"
    )
}

/// What the page has to know before anything else.
#[derive(Debug, Clone, serde::Serialize)]
pub(crate) struct About {
    /// Where the auth server is.
    issuer: String,
    /// Whether its cookies come to this shop, too: it is on the same host, and reached the same way.
    cookies: bool,
    /// Somebody to log in as, where the server is in this process.
    #[serde(skip_serializing_if = "Option::is_none")]
    demo: Option<Demo>,
}

#[derive(Debug, Clone, serde::Serialize)]
struct Demo {
    email: &'static str,
    password: &'static str,
}

impl About {
    fn new(origin: &str, issuer: &str) -> anyhow::Result<Self> {
        let origin = Url::parse(origin).context("the origin is not an URL")?;
        let at = origin.join(issuer).context("the issuer is not an URL")?;
        let cookies = at.host() == origin.host() && at.scheme() == origin.scheme();
        let demo =
            (issuer == MOUNTED_AT).then_some(Demo { email: auth_server::EMAIL, password: auth_server::PASSWORD });
        Ok(Self { issuer: issuer.to_owned(), cookies, demo })
    }

    /// The origin of an auth server elsewhere, which the page has to be allowed to ask.
    pub(crate) fn foreign_origin(&self) -> Option<String> {
        Url::parse(&self.issuer).ok().map(|issuer| issuer.origin().ascii_serialization())
    }
}

fn with_cookies(guard: GuardBuilder, origin: &str, about: &About) -> GuardBuilder {
    if about.cookies { guard.cookie_origin(origin) } else { guard }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookies_come_from_the_same_host_only() {
        for (issuer, cookies, foreign) in [
            ("/auth", true, None),
            // Cookies do not know ports.
            ("http://127.0.0.1:4400", true, Some("http://127.0.0.1:4400")),
            ("http://localhost:4400", false, Some("http://localhost:4400")),
            ("https://auth.example.com/a", false, Some("https://auth.example.com")),
        ] {
            let about = About::new("http://127.0.0.1:4401", issuer).unwrap();
            assert_eq!((about.cookies, about.foreign_origin().as_deref()), (cookies, foreign), "{issuer}");
        }
    }
}
