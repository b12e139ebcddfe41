//! The token that `verify` and `sign` are measured with: about 550 bytes with HMAC, as an access token of an API is.

use jotgate_jose::{Algorithm, jwt};
use serde::{Deserialize, Serialize};

pub(crate) const ISSUER: &str = "https://auth.example.com";
pub(crate) const AUDIENCE: &str = "https://api.example.com";

/// The claims as a program would have them, all owned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Claims {
    iss: String,
    aud: String,
    sub: String,
    iat: i64,
    exp: i64,
    nbf: i64,
    jti: String,
    scope: String,
    roles: Vec<String>,
    email: String,
}

pub(crate) fn claims(now: i64) -> Claims {
    Claims {
        iss: ISSUER.to_owned(),
        aud: AUDIENCE.to_owned(),
        sub: "0198c9a2-7f3e-7c1a-9d53-2f6b8e4a1c07".to_owned(),
        iat: now,
        exp: now + 600,
        nbf: now,
        jti: "0198c9a2-8a41-7b90-b1e4-6c5d3f2a9e18".to_owned(),
        scope: "orders:read orders:write profile".to_owned(),
        roles: vec!["customer".to_owned(), "reviewer".to_owned()],
        email: "ada.lovelace@example.com".to_owned(),
    }
}

pub(crate) fn policy(algorithm: Algorithm) -> jwt::Policy {
    let policy = jwt::Policy::builder().issuer(ISSUER).audience(AUDIENCE).algorithms([algorithm]);
    policy.token_type("at+jwt").build()
}
