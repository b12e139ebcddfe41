//! The proof that a token has been verified. Only [`super::verify`] and [`super::verify_in`] make one.

use core::fmt;
use std::sync::Arc;

use super::registered::Registered;
use crate::jws::Header;

/// A token that its policy accepts, with its claims as `T`.
///
/// ```compile_fail
/// // Nothing but verification makes one.
/// let verified = jotgate_jose::jwt::Verified { claims: () };
/// ```
#[derive(Clone)]
pub struct Verified<T, S = String> {
    pub(super) claims: T,
    pub(super) header: Arc<Header>,
    pub(super) registered: Registered<S>,
}

/// A verified token whose payload lies in a [`super::Buffer`], so that its claims can be borrowed from there.
pub type VerifiedIn<'b, T> = Verified<T, &'b str>;

impl<T, S: AsRef<str>> Verified<T, S> {
    /// The claims.
    #[must_use]
    pub const fn claims(&self) -> &T {
        &self.claims
    }

    /// The claims, to keep.
    #[must_use]
    pub fn into_claims(self) -> T {
        self.claims
    }

    /// The header.
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The registered claims: `iss`, `sub`, `aud`, `exp`, `nbf`, `iat`, `jti`.
    #[must_use]
    pub const fn registered(&self) -> &Registered<S> {
        &self.registered
    }
}

/// Shows who issued the token and for whom, and no other claim.
impl<T, S: AsRef<str>> fmt::Debug for Verified<T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verified").field("registered", &self.registered).finish_non_exhaustive()
    }
}
