//! The cryptography, chosen by target: AWS-LC everywhere it runs, pure Rust (verification only) on WebAssembly.
//!
//! Both have the same functions. Nothing outside this folder names a cryptography crate.

#[cfg(not(target_family = "wasm"))]
mod aws_lc;
#[cfg(not(target_family = "wasm"))]
mod aws_lc_sign;
mod comb;
mod ed25519;
#[cfg(not(target_family = "wasm"))]
mod hs256;
#[cfg(any(test, target_family = "wasm"))]
pub(crate) mod pure;

#[cfg(not(target_family = "wasm"))]
use aws_lc::sha512;
#[cfg(not(target_family = "wasm"))]
pub(crate) use aws_lc::{Verifier, sha256};
#[cfg(not(target_family = "wasm"))]
pub(crate) use aws_lc_sign::{Signer, generate};
#[cfg(test)]
pub(crate) use ed25519::Ed25519Verifier;
#[cfg(target_family = "wasm")]
use pure::sha512;
#[cfg(target_family = "wasm")]
pub(crate) use pure::{Verifier, sha256};
