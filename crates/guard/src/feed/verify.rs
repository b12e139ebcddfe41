//! Whether a document is the issuer's: signed with one of its keys, of the right type, from the issuer, and not outdated.

use std::sync::Arc;

use jotgate_jose::jwt::{self, Policy, Verified};
use jotgate_jose::{Algorithm, Code, Refusal};
use jotgate_wire::{FeedDocument, RevocationSet};

use crate::trusted::Keys;

/// What a document is held to.
pub(crate) struct Trust {
    keys: Arc<Keys>,
    policy: Policy,
    pub(super) leeway: i64,
}

impl Trust {
    pub(crate) fn new(issuer: &str, keys: Arc<Keys>, algorithms: &[Algorithm], leeway: Option<u32>) -> Self {
        let leeway = leeway.unwrap_or(Policy::DEFAULT_LEEWAY).min(Policy::MAX_LEEWAY);
        let policy = Policy::builder()
            .issuer(issuer)
            .audience(FeedDocument::AUDIENCE)
            .algorithms(algorithms.iter().copied())
            .token_type(FeedDocument::TYPE)
            .max_token_bytes(FeedDocument::MAX_BYTES)
            .require(["iat"])
            .leeway(leeway)
            .build();
        Self { keys, policy, leeway: i64::from(leeway) }
    }

    /// Verifies a document; a key that is not known is asked for once. `ended` is what is known: a key that was revoked
    /// signs nothing any more.
    pub(super) async fn verify(&self, jwt: &str, ended: &RevocationSet, now: i64) -> Result<FeedDocument, String> {
        let mut verified = self.with_known_keys(jwt, now);
        if verified.as_ref().is_err_and(|refusal| refusal.code() == Code::KeyUnknown) {
            self.keys.renew().await;
            verified = self.with_known_keys(jwt, now);
        }
        let verified = verified.map_err(|refusal| refusal.to_string())?;
        match verified.header().verified_by() {
            Some(kid) if ended.has_key(kid) => Err("it is signed with a key that was revoked".to_owned()),
            _ => Ok(verified.into_claims()),
        }
    }

    fn with_known_keys(&self, jwt: &str, now: i64) -> Result<Verified<FeedDocument>, Refusal> {
        self.keys.with(|keys| jwt::verify(jwt, keys, &self.policy, now))
    }
}
