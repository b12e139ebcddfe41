//! What all tokens of a server have in common, and the policies that its own routes hold them to.

use jotgate_jose::Algorithm;
use jotgate_jose::jwt::{self, Predecessor};
use jotgate_wire::{StatusClaim, StatusReference};

use super::claims::ClaimSources;
use super::issue::TYPE;
use crate::config::{Config, Sessions};
use crate::domain::refresh::{RefreshPolicies, RefreshPolicy};
use crate::domain::scope::Grants;
use crate::domain::session::SessionId;
use crate::domain::status::StatusIndex;

/// How far clocks may differ, in seconds.
const LEEWAY_SECONDS: u32 = 30;

/// What all tokens of a server have in common.
#[derive(Debug)]
pub(crate) struct Terms {
    pub(crate) issuer: String,
    pub(crate) audience: Vec<String>,
    /// Life of an access token, in seconds.
    pub(crate) ttl: i64,
    /// Whether a token says where its status stands.
    pub(crate) status_list: bool,
    /// What this server takes over from, if anything.
    pub(crate) predecessor: Option<Predecessor>,
    /// What roles grant.
    pub(crate) grants: Grants,
    /// Claims of the operator's own.
    pub(crate) claims: ClaimSources,
    /// How refresh tokens are forgiven a second use.
    pub(crate) refresh: RefreshPolicies,
}

impl Terms {
    /// The audience is the issuer itself where none is configured.
    pub(crate) fn new(config: &Config) -> Self {
        let issuer = config.issuer.clone();
        let audience = match config.tokens.audience.as_slice() {
            [] => vec![issuer.clone()],
            configured => configured.to_vec(),
        };
        Self {
            issuer,
            audience,
            ttl: config.tokens.access_ttl.get(),
            status_list: config.tokens.status_list,
            // What cannot be read, which a checked configuration has none of, takes no tokens.
            predecessor: config.tokens.legacy.predecessor().ok().flatten(),
            grants: config.grants(),
            // A configuration is checked before anything is made of it.
            claims: ClaimSources::parse(&config.tokens.claims).unwrap_or_default(),
            refresh: refresh_policies(config),
        }
    }

    /// The address of a status list.
    pub(crate) fn status_list_uri(&self, list: u64) -> String {
        format!("{}/status-lists/{list}", self.issuer)
    }

    /// Where the status of a session's tokens stands, if tokens say that.
    pub(super) fn status_of(&self, session: SessionId) -> Option<StatusClaim> {
        let index = StatusIndex::of(session).filter(|_| self.status_list)?;
        let status_list = StatusReference { idx: index.place(), uri: self.status_list_uri(index.list()) };
        Some(StatusClaim { status_list: Some(status_list) })
    }

    /// What our own routes ask of a token: our issuer, any of our audiences, the algorithms of our keys.
    pub(crate) fn policy(&self, algorithms: impl IntoIterator<Item = Algorithm>) -> jwt::Policy {
        jwt::Policy::builder()
            .issuer(&self.issuer)
            .audiences(&self.audience)
            .algorithms(algorithms)
            .token_type(TYPE)
            .require(["sub", "sid", "iat"])
            .leeway(LEEWAY_SECONDS)
            .build()
    }
}

fn refresh_policies(config: &Config) -> RefreshPolicies {
    let policy = |sessions: &Sessions| RefreshPolicy { retry_window_secs: sessions.retry_window.0 };
    let of_clients = config.clients.iter().map(|(id, client)| (id.clone(), policy(&client.over(&config.sessions))));
    RefreshPolicies::new(policy(&config.sessions), of_clients.collect())
}
