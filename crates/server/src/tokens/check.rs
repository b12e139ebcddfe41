//! Checks an access token of ours at our own routes: signature and claims by `jose`, then whether its session has ended.

use jotgate_jose::jwt::{self, Predecessor};
use jotgate_jose::{Refusal, danger};
use jotgate_wire::{REFRESH_TOKEN_PREFIX, RevocationSet, TokenFacts, VerificationCode};
use serde::Deserialize;
use uuid::Uuid;

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
    /// The address (`email`).
    pub email: Option<String>,
    /// Whether the address was shown to be theirs (`email_verified`).
    pub email_verified: bool,
    /// The name for display (`name`).
    pub name: Option<String>,
    /// Roles that an administrator gave (`roles`).
    pub roles: Vec<String>,
}

/// Who a request to another program speaks for: somebody of ours, or of the application that this server takes over from.
#[derive(Debug, Clone)]
pub(crate) struct Visitor {
    /// The subject (`sub`): of ours the user's id.
    pub(crate) subject: String,
    /// Granted scopes, separated by spaces (`scope`).
    pub(crate) scope: String,
    /// The address (`email`).
    pub(crate) email: Option<String>,
    /// Whether the address was shown to be theirs (`email_verified`).
    pub(crate) email_verified: bool,
    /// The name for display (`name`).
    pub(crate) name: Option<String>,
    /// Roles that an administrator gave (`roles`).
    pub(crate) roles: Vec<String>,
}

impl From<Caller> for Visitor {
    fn from(caller: Caller) -> Self {
        let Caller { user, scope, email, email_verified, name, roles, .. } = caller;
        Self { subject: user.to_string(), scope, email, email_verified, name, roles }
    }
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
    email: Option<String>,
    #[serde(default)]
    email_verified: bool,
    name: Option<String>,
    #[serde(default)]
    roles: Vec<String>,
}

/// Verifies a token at our own routes.
pub(crate) fn access_token(
    token: &str,
    keyring: &Keyring,
    revocations: &RevocationSet,
    now: Timestamp,
) -> Result<Caller, Refused> {
    let verified = jwt::verify::<Claims>(token, &**keyring.verifying(), keyring.policy(), now.seconds());
    let verified = verified.map_err(|refusal| why(refusal, token, revocations))?;
    let sid = verified.claims().sid.to_string();
    let registered = verified.registered();
    let facts = TokenFacts {
        sid: Some(&sid),
        sub: registered.sub(),
        jti: registered.jti(),
        kid: verified.header().verified_by(),
        iat: registered.iat(),
    };
    if let Some(code) = revocations.check(&facts) {
        return Err(Refused { code, detail: "ended before the token expired".into() });
    }
    let Claims { sub, sid, scope, email, email_verified, name, roles } = verified.into_claims();
    let (user, session) = (UserId::new(sub), SessionId::new(sid));
    Ok(Caller { user, session, scope, email, email_verified, name, roles })
}

#[derive(Deserialize)]
struct OldClaims {
    sub: String,
    email: Option<String>,
    name: Option<String>,
    roles: Vec<String>,
}

/// Verifies a token of the predecessor, and that not everything of its subject has ended here. It grants no scope, and whether its
/// address is anybody's is not known.
pub(crate) fn old_token(
    token: &str,
    predecessor: &Predecessor,
    revocations: &RevocationSet,
    now: Timestamp,
) -> Result<Visitor, Refused> {
    let verified = predecessor.verify::<OldClaims>(token, now.seconds())?;
    let registered = verified.registered();
    let facts =
        TokenFacts { sub: registered.sub(), jti: registered.jti(), iat: registered.iat(), ..TokenFacts::default() };
    if let Some(code) = revocations.check(&facts) {
        return Err(Refused { code, detail: "ended before the token of the predecessor expired".into() });
    }
    let OldClaims { sub, email, name, roles } = verified.into_claims();
    Ok(Visitor { subject: sub, scope: String::new(), email, email_verified: false, name, roles })
}

/// A token by its name.
pub(crate) struct Named {
    pub(crate) jti: String,
    /// Seconds since 1970.
    pub(crate) expires_at: i64,
}

/// The name of a token of ours that has not expired, whether it has been ended or not.
pub(crate) fn named(token: &str, keyring: &Keyring, now: Timestamp) -> Result<Named, Refused> {
    let verified = jwt::verify::<Claims>(token, &**keyring.verifying(), keyring.policy(), now.seconds())?;
    let (jti, exp) = (verified.registered().jti(), verified.registered().exp());
    let named = jti.zip(exp).map(|(jti, expires_at)| Named { jti: jti.to_owned(), expires_at });
    named.ok_or_else(|| Refused { code: VerificationCode::ClaimMissing, detail: "it has no `jti`".into() })
}

/// What is no signed token at all may yet be known: a refresh token that was sent in place of the access token.
///
/// A revoked key has left the key ring, so its tokens fail for want of a key, or of any key of their algorithm; that it was revoked
/// is the better word. Nobody has verified the `kid` here, and it chooses between two refusals only.
fn why(refusal: Refusal, token: &str, revocations: &RevocationSet) -> Refused {
    if token.starts_with(REFRESH_TOKEN_PREFIX) {
        return Refused { code: VerificationCode::TypeMismatch, detail: "a refresh token, and no access token".into() };
    }
    let refused = Refused::from(refusal);
    let lacks_key = matches!(refused.code, VerificationCode::KeyUnknown | VerificationCode::AlgorithmNotAllowed);
    if !lacks_key || revocations.is_empty() {
        return refused;
    }
    let header = danger::decode(token).map(|unverified| unverified.header).unwrap_or_default();
    let kid = header.get("kid").and_then(|kid| kid.as_str());
    match revocations.check(&TokenFacts { kid, ..TokenFacts::default() }) {
        Some(code) => Refused { code, detail: "its key was revoked".into() },
        None => refused,
    }
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        let code = refusal.code().as_str().parse().unwrap_or(VerificationCode::TokenMalformed);
        Self { code, detail: refusal.to_string() }
    }
}
