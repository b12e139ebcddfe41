//! What all access tokens of a server have in common, and the policy that its own routes hold them to.

use jotgate_jose::jwt;

use super::issue::TYPE;
use super::keyring::Keyring;
use crate::config::Config;

/// How far clocks may differ, in seconds.
const LEEWAY_SECONDS: u32 = 30;

/// What all access tokens of a server have in common.
#[derive(Debug)]
pub(crate) struct Terms {
    pub(crate) issuer: String,
    pub(crate) audience: Vec<String>,
    /// Life in seconds.
    pub(crate) ttl: i64,
    /// Our issuer, any of our audiences, the algorithm of our key.
    pub(crate) policy: jwt::Policy,
}

impl Terms {
    /// The audience is the issuer itself where none is configured.
    pub(crate) fn new(config: &Config, keyring: &Keyring) -> Self {
        let issuer = config.issuer.clone();
        let audience = match config.tokens.audience.as_slice() {
            [] => vec![issuer.clone()],
            configured => configured.to_vec(),
        };
        let policy = jwt::Policy::builder()
            .issuer(&issuer)
            .audiences(&audience)
            .algorithms([keyring.signing().algorithm()])
            .token_type(TYPE)
            .require(["sub", "sid", "iat"])
            .leeway(LEEWAY_SECONDS)
            .build();
        Self { issuer, audience, ttl: config.tokens.access_ttl.get(), policy }
    }
}
