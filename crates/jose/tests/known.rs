//! A key remembers the headers of tokens it has verified. What it remembers makes the next one faster and changes no verdict.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use jotgate_jose::{Algorithm, Code, KeySet, KeySource, Resolver, SigningKey, VerifyingKey, Wanted, jws};

fn code(token: &str, keys: &impl KeySource) -> Option<Code> {
    jws::verify(token, keys, Algorithm::ALL).err().map(|refusal| refusal.code())
}

/// A key that signs under the name, and the same for verifying, nameless.
fn nameless(kid: &str) -> (SigningKey, VerifyingKey) {
    let key = SigningKey::generate(Algorithm::EdDsa).unwrap().with_kid(kid);
    let verifying = VerifyingKey::from_der(&key.verifying_key().to_der().unwrap(), Algorithm::EdDsa).unwrap();
    (key, verifying)
}

#[test]
fn a_nameless_key_does_not_take_the_tokens_of_a_named_one() {
    let (signing, nameless) = nameless("x");
    let named = SigningKey::generate(Algorithm::EdDsa).unwrap().with_kid("x").verifying_key();
    let set = KeySet::new([nameless.clone(), named]).unwrap();
    let token = jws::sign(&signing, None, b"{}").unwrap();
    assert_eq!(code(&token, &set), Some(Code::SignatureInvalid), "the set has another key of this name");
    assert_eq!(code(&token, &nameless), None, "a nameless key alone takes every name");
    assert_eq!(code(&token, &set), Some(Code::SignatureInvalid), "the header is known now");
}

#[test]
fn a_name_that_a_resolver_gave_to_a_key_is_not_its_own() {
    let signing = SigningKey::generate(Algorithm::EdDsa).unwrap();
    let key = signing.verifying_key().with_kid("y");
    let token = jws::sign(&signing.with_kid("x"), None, b"{}").unwrap();
    assert_eq!(code(&token, &key), Some(Code::KeyUnknown));
    let resolver = Resolver(|_: &Wanted<'_>| Some(key.clone()));
    assert_eq!(code(&token, &resolver), None);
    assert_eq!(code(&token, &key), Some(Code::KeyUnknown), "the header is known now");
}
