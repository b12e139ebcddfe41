//! What this crate defends against, what it makes impossible, which specification is where, and how to build it for other places.

/// Known attacks, the defence against each, and the test that shows it.
#[doc = include_str!("attacks.md")]
pub mod attacks {}

/// Mistakes that the compiler refuses, each beside the sound way.
#[doc = include_str!("misuse.md")]
pub mod misuse {}

/// Which module does which section of which specification.
#[doc = include_str!("specs.md")]
pub mod specs {}

/// Building with FIPS-validated cryptography, and for WebAssembly.
#[doc = include_str!("building.md")]
pub mod building {}
