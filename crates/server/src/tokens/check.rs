//! Checks an access token of ours at our own routes: signature and claims by `jose`, then whether its session has ended.

use jotgate_jose::{Refusal, jwt};
use jotgate_wire::{RevocationSet, TokenFacts, VerificationCode};
use serde::Deserialize;
use uuid::Uuid;

use super::issue::{TYPE, Terms};
use super::keyring::Keyring;
use crate::domain::session::SessionId;
use crate::domain::time::Timestamp;
use crate::domain::user::UserId;

/// Who is calling, proven by an access token.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The user (`sub`).
    pub user: UserId,
    /// The session (`sid`).
    pub session: SessionId,
    /// Granted scopes, separated by spaces (`scope`).
    pub scope: String,
}

/// Why an access token is refused: the code for everyone, the rest for the log.
#[derive(Debug, Clone)]
pub struct Refused {
    /// The stable code.
    pub code: VerificationCode,
    /// What was expected and found; never the token.
    pub detail: String,
}

#[derive(Deserialize)]
struct Claims {
    sub: Uuid,
    sid: Uuid,
    #[serde(default)]
    scope: String,
}

/// The policy for tokens of our own: our issuer, any of our audiences, the algorithm of our key.
pub(crate) fn policy(keyring: &Keyring, terms: &Terms) -> jwt::Policy {
    jwt::Policy::builder()
        .issuer(&terms.issuer)
        .audiences(&terms.audience)
        .algorithms([keyring.signing().algorithm()])
        .token_type(TYPE)
        .require(["sub", "sid", "iat"])
        .leeway(LEEWAY_SECONDS)
        .build()
}

/// How long after `exp` a token may still be taken by a verifier, in seconds. Revocations are kept that much longer.
pub(crate) const LEEWAY_SECONDS: u32 = 30;

/// Verifies a token at our own routes.
pub(crate) fn access_token(
    token: &str,
    keyring: &Keyring,
    policy: &jwt::Policy,
    revocations: &RevocationSet,
    now: Timestamp,
) -> Result<Caller, Refused> {
    let verified = jwt::verify::<Claims>(token, keyring.verifying(), policy, now.seconds())?;
    let sid = verified.claims().sid.to_string();
    let registered = verified.registered();
    let facts = TokenFacts {
        sid: Some(&sid),
        sub: registered.sub(),
        jti: registered.jti(),
        kid: verified.header().kid(),
        iat: registered.iat(),
    };
    if let Some(code) = revocations.check(&facts) {
        return Err(Refused { code, detail: "ended before the token expired".into() });
    }
    let claims = verified.into_claims();
    Ok(Caller { user: UserId::new(claims.sub), session: SessionId::new(claims.sid), scope: claims.scope })
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        let code = refusal.code().as_str().parse().unwrap_or(VerificationCode::TokenMalformed);
        Self { code, detail: refusal.to_string() }
    }
}
