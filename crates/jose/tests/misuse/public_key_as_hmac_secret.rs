//! A public key is not bytes, so that it cannot become an HMAC secret.

use jotgate_jose::{Algorithm, VerifyingKey};

fn confuse(public: &VerifyingKey) {
    let _ = VerifyingKey::hmac(Algorithm::Hs256, public);
}

fn main() {}
