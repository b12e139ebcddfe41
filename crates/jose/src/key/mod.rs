//! Keys: each carries its one algorithm and is prepared once, when it is read.

mod error;
mod known;
pub(crate) mod material;
mod set;
#[cfg(not(target_family = "wasm"))]
mod signing;
mod source;
mod thumbprint;
mod verifying;
mod weak;

pub use error::KeyError;
pub use set::KeySet;
#[cfg(not(target_family = "wasm"))]
pub use signing::SigningKey;
pub use source::{KeySource, Resolver, Wanted};
pub use verifying::VerifyingKey;
