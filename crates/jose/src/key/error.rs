//! Why a key was refused.

use core::fmt;
use std::borrow::Cow;

use crate::algorithm::Algorithm;

/// A key, or a set of keys, that this crate does not take, and why in words. It never shows any part of a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyError(Cow<'static, str>);

impl KeyError {
    pub(crate) const fn new(reason: &'static str) -> Self {
        Self(Cow::Borrowed(reason))
    }

    pub(crate) const fn because(reason: String) -> Self {
        Self(Cow::Owned(reason))
    }

    pub(crate) fn unknown_algorithm(name: &str) -> Self {
        let shown: String = name.chars().take(32).collect();
        Self::because(format!("{shown:?} is not a signature algorithm that is supported here"))
    }

    /// The key is of another kind than the algorithm needs.
    pub(crate) fn unfit(kind: &str, algorithm: Algorithm) -> Self {
        Self::because(format!("{kind} key does not fit the algorithm {algorithm}"))
    }
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl core::error::Error for KeyError {}
