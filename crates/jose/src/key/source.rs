//! Where the key for a token comes from: one key, a set, or a function of the caller's.

use core::fmt;
use std::borrow::Cow;
use std::sync::Arc;

use super::{KeySet, VerifyingKey};
use crate::algorithm::Algorithm;

/// What a token's header says about its key. Both parts are the sender's claim and no more.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Wanted<'a> {
    /// The `kid` of the header, if it has one.
    pub kid: Option<&'a str>,
    /// The `alg` of the header. The policy has allowed it.
    pub algorithm: Algorithm,
}

impl<'a> Wanted<'a> {
    pub(crate) const fn new(kid: Option<&'a str>, algorithm: Algorithm) -> Self {
        Self { kid, algorithm }
    }
}

/// Finds the key for a token.
///
/// A source must answer from memory: no I/O, no waiting. A key that it finds for another algorithm than the wanted one is
/// refused by the caller, so that a source cannot confuse them by mistake.
pub trait KeySource {
    /// The key for this header, or `None` if there is none or more than one fits.
    fn find(&self, wanted: &Wanted<'_>) -> Option<Cow<'_, VerifyingKey>>;

    /// Keys whose known headers are worth a look before the header is parsed. Leaving them out costs time and nothing else.
    fn at_hand(&self) -> &[VerifyingKey] {
        &[]
    }
}

/// One key verifies every token that does not name another one.
impl KeySource for VerifyingKey {
    fn find(&self, wanted: &Wanted<'_>) -> Option<Cow<'_, VerifyingKey>> {
        match (wanted.kid, self.kid()) {
            (Some(wanted), Some(own)) if wanted != own => None,
            _ => Some(Cow::Borrowed(self)),
        }
    }

    fn at_hand(&self) -> &[VerifyingKey] {
        core::slice::from_ref(self)
    }
}

/// A set finds a key by its `kid`; for a token without one, the only key of its algorithm.
impl KeySource for KeySet {
    fn find(&self, wanted: &Wanted<'_>) -> Option<Cow<'_, VerifyingKey>> {
        if let Some(kid) = wanted.kid {
            return self.get(kid).map(Cow::Borrowed);
        }
        let mut fitting = self.keys().iter().filter(|key| key.algorithm().is_same_as(wanted.algorithm));
        match (fitting.next(), fitting.next()) {
            (Some(only), None) => Some(Cow::Borrowed(only)),
            _ => None,
        }
    }

    fn at_hand(&self) -> &[VerifyingKey] {
        self.keys().get(..16).unwrap_or(self.keys())
    }
}

impl<S: KeySource + ?Sized> KeySource for &S {
    fn find(&self, wanted: &Wanted<'_>) -> Option<Cow<'_, VerifyingKey>> {
        (**self).find(wanted)
    }

    fn at_hand(&self) -> &[VerifyingKey] {
        (**self).at_hand()
    }
}

impl<S: KeySource + ?Sized> KeySource for Arc<S> {
    fn find(&self, wanted: &Wanted<'_>) -> Option<Cow<'_, VerifyingKey>> {
        (**self).find(wanted)
    }

    fn at_hand(&self) -> &[VerifyingKey] {
        (**self).at_hand()
    }
}

/// A function as a source of keys: `Resolver(|wanted| map.get(wanted.kid?).cloned())`.
#[derive(Clone, Copy)]
pub struct Resolver<F>(pub F);

impl<F: Fn(&Wanted<'_>) -> Option<VerifyingKey>> KeySource for Resolver<F> {
    fn find(&self, wanted: &Wanted<'_>) -> Option<Cow<'_, VerifyingKey>> {
        (self.0)(wanted).map(Cow::Owned)
    }
}

impl<F> fmt::Debug for Resolver<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Resolver")
    }
}
