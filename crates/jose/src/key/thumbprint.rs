//! Thumbprints (RFC 7638): the SHA-256 of what identifies a key, used as its default `kid`.

use zeroize::Zeroizing;

use super::material::Public;
use crate::algorithm::Algorithm;
use crate::{backend, base64url, jwk};

pub(super) fn of_public(key: &Public, algorithm: Algorithm) -> String {
    base64url::encode(&backend::sha256(jwk::thumbprint_input(key, algorithm).as_bytes()))
}

pub(super) fn of_secret(secret: &[u8]) -> String {
    let mut json = Zeroizing::new(String::with_capacity(base64url::encoded_len(secret.len()).saturating_add(32)));
    json.push_str("{\"k\":\"");
    base64url::encode_append(secret, &mut json);
    json.push_str("\",\"kty\":\"oct\"}");
    base64url::encode(&backend::sha256(json.as_bytes()))
}
