//! A token is a text until it has been verified, and a payload of which only the signature holds has no claims.

use jotgate_jose::{jws::VerifiedPayload, jwt::Verified};

fn claims(_: &Verified<()>) {}

fn read(token: &str, signature_only: &VerifiedPayload) {
    claims(token);
    let _ = signature_only.claims();
}

fn main() {}
