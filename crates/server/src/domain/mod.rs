//! Nouns and rules. Pure: no HTTP, no SQL, no async, no clock and no randomness; the time is an argument.

pub(crate) mod email;
mod id;
pub(crate) mod key;
pub(crate) mod password;
pub(crate) mod refresh;
pub(crate) mod revocation;
pub(crate) mod session;
pub(crate) mod time;
pub(crate) mod user;
