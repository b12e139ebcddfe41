//! Where links lead: to the pages of the application that are configured, or to plain ones of this server. Their host is always a
//! configured one, and never what a request says.

use crate::config::{Config, LINK_TOKEN};
use crate::domain::mail::Purpose;
use crate::tokens::link_token::LinkToken;

/// The addresses of the pages, with a place for the token.
#[derive(Debug)]
pub(super) struct Links {
    verify: String,
    reset: String,
}

impl Links {
    pub(super) fn new(config: &Config) -> Self {
        let own = |path: &str| format!("{}{path}?token={LINK_TOKEN}", config.issuer);
        let links = &config.mail.links;
        Self {
            verify: links.verify.clone().unwrap_or_else(|| own("/email/verify")),
            reset: links.reset.clone().unwrap_or_else(|| own("/password/reset")),
        }
    }

    /// The link with this token.
    pub(super) fn to(&self, purpose: Purpose, token: &LinkToken) -> String {
        let page = match purpose {
            Purpose::Verify | Purpose::ChangeEmail => &self.verify,
            Purpose::Reset => &self.reset,
        };
        page.replace(LINK_TOKEN, token.expose())
    }
}
