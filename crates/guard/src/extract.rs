//! axum extractors: `Auth`, `Option<Auth>` and `Scoped<S>`. They read what the guard's layer has found out.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use http::request::Parts;

use crate::{Auth, Rejection, metrics};

/// Refuses an anonymous request; on a route without a guard every request.
impl<S: Sync> FromRequestParts<S> for Auth {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Rejection> {
        Auth::of(&parts.extensions)?.cloned().ok_or_else(|| refuse(None, Rejection::no_token()))
    }
}

/// `None` for an anonymous request behind [`Guard::optional`](crate::Guard::optional).
impl<S: Sync> OptionalFromRequestParts<S> for Auth {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Option<Self>, Rejection> {
        Ok(Auth::of(&parts.extensions)?.cloned())
    }
}

/// A scope as a type, for [`Scoped`]. Made by [`scope!`](crate::scope).
pub trait Scope {
    /// The scope, as it stands in tokens.
    const NAME: &'static str;
}

/// An [`Auth`] that grants the scope `S`; a handler that takes it is not called without.
///
/// ```
/// use jotgate_guard::{Scoped, scope};
///
/// scope!(pub OrdersWrite = "orders:write");
///
/// async fn place_order(auth: Scoped<OrdersWrite>) -> String {
///     format!("an order of {}", auth.subject())
/// }
/// ```
pub struct Scoped<S>(Auth, PhantomData<fn() -> S>);

impl<S> Scoped<S> {
    /// Who the request speaks for.
    #[must_use]
    pub fn into_auth(self) -> Auth {
        self.0
    }
}

impl<S> Deref for Scoped<S> {
    type Target = Auth;

    fn deref(&self) -> &Auth {
        &self.0
    }
}

impl<S> fmt::Debug for Scoped<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Scoped").field(&self.0).finish()
    }
}

impl<S: Scope, T: Sync> FromRequestParts<T> for Scoped<S> {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, state: &T) -> Result<Self, Rejection> {
        let auth = <Auth as FromRequestParts<T>>::from_request_parts(parts, state).await?;
        if auth.has_scope(S::NAME) {
            return Ok(Self(auth, PhantomData));
        }
        Err(refuse(Some(auth.issuer()), Rejection::scope(S::NAME).of(&auth.issuer().into())))
    }
}

fn refuse(issuer: Option<&str>, rejection: Rejection) -> Rejection {
    metrics::extractor_refused(issuer, &rejection);
    rejection
}

/// Makes a type of a scope, to be used with [`Scoped`](crate::Scoped).
#[macro_export]
macro_rules! scope {
    ($(#[$attribute:meta])* $visibility:vis $name:ident = $scope:literal) => {
        $(#[$attribute])*
        #[doc = concat!("The scope `", $scope, "`.")]
        #[derive(Debug, Clone, Copy)]
        $visibility struct $name;

        impl $crate::Scope for $name {
            const NAME: &'static str = $scope;
        }
    };
}
