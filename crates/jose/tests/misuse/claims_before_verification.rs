//! A token is a text until it has been verified; only `Verified` has claims.

use jotgate_jose::jws::VerifiedPayload;

fn claims(token: &str, signature_only: &VerifiedPayload) {
    let _ = token.claims();
    let _ = signature_only.claims();
}

fn main() {}
