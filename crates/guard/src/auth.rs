//! Who a request speaks for: the proof that its token was verified.

use std::fmt;
use std::sync::{Arc, OnceLock};

use jotgate_jose::jwt::{Registered, RegisteredOnly, Verified};
use jotgate_wire::{StatusClaim, StatusReference, TokenFacts};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::Rejection;
use crate::rejection::ClaimsError;

/// A verified access token. Cloning is cheap; only a [`Guard`](crate::Guard) makes one.
#[derive(Clone)]
pub struct Auth(Arc<Inner>);

struct Inner {
    verified: Verified<RegisteredOnly>,
    /// Read when first asked for: most requests never do.
    own: OnceLock<Result<OwnClaims, ()>>,
    /// As well.
    status: OnceLock<Result<Option<Box<StatusReference>>, ()>>,
}

/// The claims beside the registered ones that a guard itself reads.
#[derive(Deserialize)]
struct OwnClaims {
    #[serde(default)]
    sid: Option<Box<str>>,
    #[serde(default)]
    scope: Option<Scopes>,
    /// What Okta and Microsoft write in place of `scope`.
    #[serde(default)]
    scp: Option<Scopes>,
}

/// Scopes with spaces between them (RFC 8693 §4.2), or as a list.
#[derive(Deserialize)]
#[serde(untagged)]
enum Scopes {
    Text(Box<str>),
    List(Vec<Box<str>>),
}

impl Scopes {
    /// Each scope; an entry of a list is one word or none.
    fn each(&self) -> impl Iterator<Item = &str> {
        let (text, list) = match self {
            Self::Text(text) => (&**text, [].as_slice()),
            Self::List(list) => ("", list.as_slice()),
        };
        let listed = list.iter().map(|scope| &**scope).filter(|scope| !scope.contains(' '));
        text.split(' ').chain(listed).filter(|scope| !scope.is_empty())
    }
}

impl Auth {
    pub(crate) fn new(verified: Verified<RegisteredOnly>) -> Self {
        Self(Arc::new(Inner { verified, own: OnceLock::new(), status: OnceLock::new() }))
    }

    /// Who the token speaks for (`sub`, required of every token). Unique within the [`issuer`](Self::issuer): a person is both together.
    #[must_use]
    pub fn subject(&self) -> &str {
        self.registered().sub().unwrap_or_default()
    }

    /// Who issued the token (`iss`).
    #[must_use]
    pub fn issuer(&self) -> &str {
        self.registered().iss().unwrap_or_default()
    }

    /// The person: issuer and subject. Two issuers may well give one subject to two people, so keep both.
    #[must_use]
    pub fn user(&self) -> (&str, &str) {
        (self.issuer(), self.subject())
    }

    /// The session that the token belongs to (`sid`).
    #[must_use]
    pub fn session_id(&self) -> Option<&str> {
        self.own()?.sid.as_deref()
    }

    /// The token's own id (`jti`).
    #[must_use]
    pub fn token_id(&self) -> Option<&str> {
        self.registered().jti()
    }

    /// Seconds since 1970 from which on the token is no longer good (`exp`).
    #[must_use]
    pub fn expires_at(&self) -> i64 {
        self.registered().exp().unwrap_or_default()
    }

    /// Seconds since 1970 at which the token was issued (`iat`).
    #[must_use]
    pub fn issued_at(&self) -> Option<i64> {
        self.registered().iat()
    }

    /// What the token grants: `scope` (RFC 8693 §4.2), or `scp` where an issuer writes that instead, as text or as a list.
    pub fn scopes(&self) -> impl Iterator<Item = &str> {
        let scopes = self.own().and_then(|own| own.scope.as_ref().or(own.scp.as_ref()));
        scopes.into_iter().flat_map(Scopes::each)
    }

    /// Whether the token grants `scope`. Scopes compare as whole words, to the letter.
    #[must_use]
    pub fn has_scope(&self, scope: &str) -> bool {
        self.scopes().any(|granted| granted == scope)
    }

    /// All claims, as a type of yours or as [`AccessClaims`](jotgate_wire::AccessClaims). They are parsed at each call.
    ///
    /// # Errors
    /// When the claims do not have the shape of `T`.
    pub fn claims<T: DeserializeOwned>(&self) -> Result<T, ClaimsError> {
        serde_json::from_str(self.registered().as_json()).map_err(ClaimsError::new)
    }

    /// The header of the token as JSON (`alg`, `typ`, `kid`), for programs that show it.
    #[must_use]
    pub fn header_json(&self) -> &str {
        self.0.verified.header().as_json()
    }

    /// What a revocation may name. A session that cannot be read could not be found to have ended, so it is refused.
    pub(crate) fn facts(&self) -> Result<TokenFacts<'_>, Rejection> {
        let own = self.own().ok_or_else(Rejection::malformed_claims)?;
        let registered = self.registered();
        Ok(TokenFacts {
            sid: own.sid.as_deref(),
            sub: registered.sub(),
            jti: registered.jti(),
            kid: self.0.verified.header().verified_by(),
            iat: registered.iat(),
        })
    }

    /// Where its status stands, if it says so. A place that cannot be read could not be found to be taken, so it is refused.
    pub(crate) fn status(&self) -> Result<Option<&StatusReference>, Rejection> {
        let read = || match self.registered().get::<Value>("status").map_err(|_| ())? {
            None => Ok(None),
            Some(status) if status.is_object() => {
                let status: StatusClaim = serde_json::from_value(status).map_err(|_| ())?;
                Ok(status.status_list.map(Box::new))
            }
            Some(_) => Err(()),
        };
        match self.0.status.get_or_init(read) {
            Ok(place) => Ok(place.as_deref()),
            Err(()) => Err(Rejection::malformed_status()),
        }
    }

    fn registered(&self) -> &Registered {
        self.0.verified.registered()
    }

    fn own(&self) -> Option<&OwnClaims> {
        let read = || serde_json::from_str(self.registered().as_json()).map_err(|_| ());
        self.0.own.get_or_init(read).as_ref().ok()
    }
}

impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut auth = f.debug_struct("Auth");
        auth.field("issuer", &self.issuer()).field("subject", &self.subject());
        auth.field("session_id", &self.session_id())
            .field("scopes", &self.scopes().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}
