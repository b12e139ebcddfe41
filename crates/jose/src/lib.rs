//! `jotgate-jose`: JWS, JWK and JWT. Sign, verify, keys. Strict and fast, and nothing else.
//!
//! It never reads a clock, does no I/O and has no async. A key carries its algorithm, and the header of a token never
//! chooses one. Claims can only be read from a [`jwt::Verified`], and only verification makes one.
//!
//! ```
//! use jotgate_jose::{Algorithm, Code, SigningKey, jwt};
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Serialize, Deserialize)]
//! struct Claims {
//!     iss: String,
//!     aud: String,
//!     sub: String,
//!     exp: i64,
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let now = 1_800_000_000; // seconds since 1970, from the caller's clock
//! let key = SigningKey::generate(Algorithm::EdDsa)?;
//! let claims = Claims {
//!     iss: "https://auth.example.com".into(),
//!     aud: "https://api.example.com".into(),
//!     sub: "ada".into(),
//!     exp: now + 600,
//! };
//! let token = jwt::sign(&key, "at+jwt", &claims)?;
//!
//! let policy = jwt::Policy::builder()
//!     .issuer("https://auth.example.com")
//!     .audience("https://api.example.com")
//!     .algorithms([Algorithm::EdDsa])
//!     .token_type("at+jwt")
//!     .build();
//! let verified = jwt::verify::<Claims>(&token, &key.verifying_key(), &policy, now)?;
//! assert_eq!(verified.claims().sub, "ada");
//!
//! let late = jwt::verify::<Claims>(&token, &key.verifying_key(), &policy, now + 3600);
//! assert_eq!(late.unwrap_err().code(), Code::TokenExpired);
//! # Ok(())
//! # }
//! ```
//!
//! # Where to go from here
//!
//! - Keys come from JWK, JWK Set, PEM or DER, or are made: [`SigningKey`], [`VerifyingKey`], [`KeySet`]. Keep them: reading one prepares it,
//!   and signing and verifying never parse it again. Several issuers' keys, or keys that come and go: [`Resolver`].
//! - [`jwt::Policy`] has all that a token can be held to: issuers, audiences, type, required claims, leeway, age, size.
//! - Claims are any type with `serde::Deserialize`. [`jwt::RegisteredOnly`] is faster, and [`jwt::verify_in`] borrows from a buffer, so that
//!   HS256 and `EdDSA` allocate nothing.
//! - A [`Refusal`] has a stable [`Code`] for programs and says what was expected and found for people; [`jwt::explain`] lists every check.
//! - Payloads that are no claims: [`jws::sign`] and [`jws::verify()`]. Reading without verifying is in [`danger`], and nowhere else.
//! - [`manual`]: known attacks with their tests, mistakes that do not compile, specifications by section, FIPS and WebAssembly.
#![warn(clippy::indexing_slicing, clippy::arithmetic_side_effects, clippy::as_conversions)]
#![cfg_attr(
    target_family = "wasm",
    allow(
        dead_code,
        unused_imports,
        reason = "WebAssembly verifies only; what reads and writes private keys is not used there"
    )
)]
#![cfg_attr(test, allow(clippy::indexing_slicing, clippy::arithmetic_side_effects, reason = "tests may panic"))]

mod algorithm;
mod backend;
mod base64url;
mod code;
pub mod danger;
mod der;
mod json;
mod jwk;
pub mod jws;
pub mod jwt;
mod key;
pub mod manual;
mod refusal;
mod secret;
#[cfg(test)]
mod wycheproof;

pub use algorithm::Algorithm;
pub use code::{Code, UnknownCode};
pub use jws::Header;
#[cfg(not(target_family = "wasm"))]
pub use jws::SignError;
#[cfg(not(target_family = "wasm"))]
pub use key::SigningKey;
pub use key::{KeyError, KeySet, KeySource, Resolver, VerifyingKey, Wanted};
pub use refusal::Refusal;
pub use secret::Secret;
