//! JSON Web Tokens (RFC 7519): sign claims, and verify a token against a policy before anything in it can be read.

mod audience;
mod checks;
mod claims;
mod explain;
mod policy;
mod predecessor;
mod registered;
#[cfg(not(target_family = "wasm"))]
mod sign;
mod verified;
mod verify;

pub use claims::{FromClaims, RegisteredOnly};
pub use explain::{Check, Outcome, explain};
pub use policy::{Given, Missing, Policy, PolicyBuilder};
pub use predecessor::Predecessor;
pub use registered::Registered;
#[cfg(not(target_family = "wasm"))]
pub use sign::{Signer, sign, signer};
pub use verified::{Verified, VerifiedIn};
pub use verify::{Buffer, verify, verify_in};
