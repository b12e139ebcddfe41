//! A key that verifies does not sign.

use jotgate_jose::{VerifyingKey, jwt};

fn sign(key: &VerifyingKey) {
    let _ = jwt::sign(key, "at+jwt", &());
}

fn main() {}
