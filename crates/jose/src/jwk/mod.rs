//! JSON Web Keys (RFC 7517) of the types RSA, EC, oct (RFC 7518 §6), OKP (RFC 8037) and AKP (RFC 9964).

mod fields;
mod read;
mod write;

pub(crate) use read::{Jwk, PRIVATE_WHERE_PUBLIC, Purpose};
pub(crate) use write::{private_jwk, public_jwk, thumbprint_input};
