//! Nouns and rules. Pure: no HTTP, no SQL, no async, no clock and no randomness; the time is an argument.

pub mod audit;
pub(crate) mod device;
pub mod email;
pub(crate) mod forgetting;
mod id;
pub mod key;
pub mod mail;
pub mod metadata;
pub mod password;
pub(crate) mod refresh;
pub(crate) mod revocation;
pub(crate) mod rotation;
pub mod scope;
pub mod session;
pub(crate) mod status;
pub(crate) mod subnet;
pub(crate) mod throttle;
pub mod time;
pub mod user;
