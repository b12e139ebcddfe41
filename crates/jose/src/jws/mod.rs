//! Compact JWS (RFC 7515 §7.1): a header, any payload, and a signature. Only the signature is checked here; for tokens
//! with claims use [`crate::jwt`].

mod header;
mod open;
#[cfg(not(target_family = "wasm"))]
mod sign;
mod verify;

pub use header::Header;
#[cfg(not(target_family = "wasm"))]
pub use sign::{SignError, sign};
pub use verify::{VerifiedPayload, verify};

pub(crate) use header::{HeaderBuffer, HeaderView, TokenTypes};
pub(crate) use open::{Demands, Parts, check_algorithm, check_signature, check_size, find_key, open};
#[cfg(not(target_family = "wasm"))]
pub(crate) use sign::{HeaderWriter, Prefixes, append_signature, start_token};
