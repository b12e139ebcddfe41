//! The examples of the RFCs: 7515 A, 7517 A, B and C.1, 7519 §3.1 and §6.1, 7520 §3 and §4, 7638 §3.1, 8037 A, 9964 A.
#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use jotgate_jose::{Algorithm, Code, KeySet, SigningKey, VerifyingKey, danger, jws, jwt};
use serde_json::{Value, json};

fn signatures() -> Vec<Value> {
    serde_json::from_str(include_str!("vectors/signatures.json")).expect("vectors")
}

fn keys() -> Value {
    serde_json::from_str(include_str!("vectors/keys.json")).expect("vectors")
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().expect(name)
}

/// The public half of a private JWK.
fn public(jwk: &Value) -> Value {
    let mut jwk = jwk.clone();
    let members = jwk.as_object_mut().expect("an object");
    for private in ["d", "p", "q", "dp", "dq", "qi", "priv"] {
        members.remove(private);
    }
    jwk
}

#[test]
fn every_signature_of_the_rfcs_verifies() {
    let vectors = signatures();
    assert_eq!(vectors.len(), 14);
    for vector in &vectors {
        let name = text(vector, "name");
        let algorithm: Algorithm = text(vector, "alg").parse().expect(name);
        let key = VerifyingKey::from_jwk_for(&public(&vector["key"]).to_string(), algorithm).expect(name);
        let token = text(vector, "token");
        let verified = jws::verify(token, &key, &[algorithm]).expect(name);
        let payload = danger::decode(token).expect(name).payload;
        assert_eq!(verified.payload(), payload, "{name}");
        assert_eq!(token.split('.').nth(1), vector["payload"].as_str(), "{name}");

        let mut changed = token.to_owned();
        let last = changed.pop().expect(name);
        changed.push(if last == 'A' { 'B' } else { 'A' });
        assert!(jws::verify(&changed, &key, &[algorithm]).is_err(), "{name}");
    }
}

#[test]
fn the_private_keys_of_the_rfcs_sign() {
    for vector in &signatures() {
        let name = text(vector, "name");
        let algorithm: Algorithm = text(vector, "alg").parse().expect(name);
        let key = SigningKey::from_jwk_for(&vector["key"].to_string(), algorithm).expect(name);
        let token = jws::sign(&key, None, b"{}").expect(name);
        let theirs = VerifyingKey::from_jwk_for(&public(&vector["key"]).to_string(), algorithm).expect(name);
        jws::verify(&token, &theirs.with_kid(key.kid()), &[algorithm]).expect(name);
    }
}

#[test]
fn the_thumbprints_of_rfc_7638_8037_and_9964_are_ours() {
    let rsa = &keys()["rfc7517_public"]["keys"][1];
    let key = VerifyingKey::from_jwk(&rsa.to_string()).expect("RFC 7638 §3.1");
    assert_eq!(key.thumbprint(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
    for vector in &signatures() {
        let algorithm: Algorithm = text(vector, "alg").parse().expect("an algorithm");
        let key = VerifyingKey::from_jwk_for(&public(&vector["key"]).to_string(), algorithm).expect("a key");
        match text(vector, "name") {
            "RFC 8037 A.4" => assert_eq!(key.thumbprint(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"),
            _ if vector["thumbprint"].is_string() => assert_eq!(key.thumbprint(), text(vector, "thumbprint")),
            _ => {}
        }
    }
}

#[test]
fn the_sets_of_rfc_7517_are_read() {
    let keys = keys();
    let public = KeySet::from_json(&keys["rfc7517_public"].to_string()).expect("A.1");
    assert_eq!(public.keys().iter().map(VerifyingKey::kid).collect::<Vec<_>>(), [Some("2011-04-29")]);
    let skipped: Vec<_> = public.skipped().iter().map(|(index, error)| (*index, error.to_string())).collect();
    assert_eq!(skipped, [(0, "the `use` of the JWK is not `sig`: it is not for signatures".to_owned())]);

    let private = KeySet::from_json(&keys["rfc7517_private"].to_string());
    assert!(private.expect_err("A.2").to_string().contains("private members"));

    // A.3 has a key for AES key wrap, and an HMAC key without `alg`.
    let symmetric = keys["rfc7517_symmetric"].to_string();
    assert_eq!(KeySet::from_json(&symmetric).expect("A.3").skipped().len(), 2);
    let set = KeySet::from_json_for(&symmetric, &[Algorithm::Hs256]).expect("A.3");
    assert_eq!(set.keys()[0].kid(), Some("HMAC key used in JWS spec Appendix A.1 example"));
}

#[test]
fn a_certificate_beside_a_key_changes_nothing_and_a_key_for_encryption_is_none_of_ours() {
    let keys = keys();
    let mut with_certificate = keys["rfc7517_x5c"].clone();
    let read = |jwk: &Value| VerifyingKey::from_jwk_for(&jwk.to_string(), Algorithm::Rs256);
    let key = read(&with_certificate).expect("RFC 7517 B");
    assert_eq!(key.kid(), Some("1b94c"));
    with_certificate.as_object_mut().expect("an object").remove("x5c");
    assert_eq!(read(&with_certificate).expect("without `x5c`").thumbprint(), key.thumbprint());

    let mut for_encryption = keys["rfc7517_for_encryption"].clone();
    let refused = SigningKey::from_jwk_for(&for_encryption.to_string(), Algorithm::Rs256).expect_err("RFC 7517 C.1");
    assert!(refused.to_string().contains("is not `sig`"), "{refused}");
    let refused = read(&public(&for_encryption)).expect_err("its public half");
    assert!(refused.to_string().contains("is not `sig`"), "{refused}");
    // There is nothing else wrong with it.
    for_encryption["use"] = json!("sig");
    assert!(SigningKey::from_jwk_for(&for_encryption.to_string(), Algorithm::Rs256).is_ok());
}

#[test]
fn the_keys_of_rfc_7520_are_read() {
    let keys = keys();
    let json = |name: &str| keys[name].to_string();
    let ec = SigningKey::from_jwk(&json("rfc7520_ec_private")).expect("§3.2");
    let public = VerifyingKey::from_jwk(&json("rfc7520_ec_public")).expect("§3.1");
    assert_eq!((ec.algorithm(), public.algorithm()), (Algorithm::Es512, Algorithm::Es512));
    assert_eq!(ec.verifying_key().thumbprint(), public.thumbprint());
    assert_eq!(ec.kid(), "bilbo.baggins@hobbiton.example");

    let rsa = SigningKey::from_jwk_for(&json("rfc7520_rsa_private"), Algorithm::Rs256).expect("§3.4");
    let public = VerifyingKey::from_jwk_for(&json("rfc7520_rsa_public"), Algorithm::Rs256).expect("§3.3");
    assert_eq!(rsa.verifying_key().thumbprint(), public.thumbprint());
    assert!(VerifyingKey::from_jwk(&json("rfc7520_rsa_public")).is_err(), "no `alg`");

    SigningKey::from_jwk(&json("rfc7520_mac")).expect("§3.5");
    assert!(SigningKey::from_jwk(&json("rfc7520_enc")).is_err(), "§3.6 is for encryption");
}

/// RFC 7515 A.5 and RFC 7519 §6.1: an unsecured token is refused, whatever the policy allows.
#[test]
fn an_unsecured_token_is_refused() {
    let token = "eyJhbGciOiJub25lIn0.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.";
    let key = SigningKey::generate(Algorithm::Hs256).expect("a key").verifying_key();
    let refusal = jws::verify(token, &key, Algorithm::ALL).expect_err("refused");
    assert_eq!(refusal.code(), Code::AlgorithmNotAllowed);
}

/// RFC 7515 A.6 and A.7: the JSON serializations are not for tokens.
#[test]
fn json_serializations_are_refused() {
    let key = SigningKey::generate(Algorithm::Hs256).expect("a key").verifying_key();
    let general = json!({"payload": "e30", "signatures": [{"protected": "eyJhbGciOiJIUzI1NiJ9", "signature": ""}]});
    let flattened = json!({"payload": "e30", "protected": "eyJhbGciOiJIUzI1NiJ9", "signature": ""});
    for token in [general.to_string(), flattened.to_string()] {
        let refusal = jws::verify(&token, &key, Algorithm::ALL).expect_err("refused");
        assert_eq!(refusal.code(), Code::TokenMalformed);
    }
}

/// RFC 7520 §4.5 to §4.8: a payload that is elsewhere, a header that is not protected, and several signatures are not for tokens.
#[test]
fn what_has_no_compact_form_is_refused() {
    let vectors = signatures();
    let named = |name: &str| vectors.iter().find(|vector| text(vector, "name") == name).expect(name);
    let (hmac, ecdsa) = (named("RFC 7520 4.4"), named("RFC 7520 4.3"));
    let (payload, header) = (text(hmac, "payload"), text(hmac, "token").split('.').next().expect("a header"));
    let signature = "s0h6KThzkfBBBkLspW1h84VsJZFTsPPqMDA7g1Md7p0";
    let content_only = "xuLifqLGiblpv9zBpuZczWhNj1gARaLV3UxvxhJxZuk";
    let second = "ARcVLnaJJaUWG8fG-8t5BREVAuTY8n8YHjwDO1muhcdCoFZFFjfISu0Cdkn9Ybdlmi54ho0x924DUz8sK7ZXkhc7AFM8ObLfTvNCrqcI3Jkl2U5IX3utNhODH6v7xgy1Qahsn0fyb4zSAkje8bAWz4vIfj5pCMYxxm4fgV3q7ZYhm5eD";
    let several = json!({"payload": payload, "signatures": [
        {"header": {"alg": "ES512", "kid": "bilbo.baggins@hobbiton.example"}, "signature": second},
        {"protected": header, "signature": signature},
    ]});
    let flattened = json!({"payload": payload, "protected": "eyJhbGciOiJIUzI1NiJ9", "header": {"kid": "018c0ae5-4d9b-471b-bfd6-eef314bc7037"}, "signature": "bWUSVaxorn7bEF1djytBd0kHv70Ly5pvbomzMWSOr20"});
    for (name, vector, token, code) in [
        ("§4.5, detached", hmac, format!("{header}..{signature}"), Code::SignatureInvalid),
        ("§4.6, flattened", hmac, flattened.to_string(), Code::TokenMalformed),
        ("§4.7, content only", hmac, format!(".{payload}.{content_only}"), Code::TokenMalformed),
        ("§4.8, several", hmac, several.to_string(), Code::TokenMalformed),
        ("§4.8, the second, content only", ecdsa, format!(".{payload}.{second}"), Code::TokenMalformed),
    ] {
        let algorithm: Algorithm = text(vector, "alg").parse().expect(name);
        let key = VerifyingKey::from_jwk_for(&public(&vector["key"]).to_string(), algorithm).expect(name);
        assert_eq!(jws::verify(&token, &key, Algorithm::ALL).expect_err(name).code(), code, "{name}");
    }
}

/// RFC 7515 appendix E: a header with a critical extension that nobody understands.
#[test]
fn the_negative_example_of_rfc_7515_is_refused() {
    let token = "eyJhbGciOiJub25lIiwNCiAiY3JpdCI6WyJodHRwOi8vZXhhbXBsZS5jb20vVU5ERUZJTkVEIl0sDQogImh0dHA6Ly9leGFtcGxlLmNvbS9VTkRFRklORUQiOnRydWUNCn0.RkFJTA.";
    let key = SigningKey::generate(Algorithm::Hs256).expect("a key").verifying_key();
    let refusal = jws::verify(token, &key, Algorithm::ALL).expect_err("refused");
    assert_eq!(refusal.code(), Code::HeaderUnsupported);
}

/// RFC 7519 §3.1, whose claims have no audience: the signature holds, and a policy still asks for what it needs.
#[test]
fn the_example_of_rfc_7519_has_no_audience() {
    let vector = &signatures()[0];
    let key = VerifyingKey::from_jwk_for(&vector["key"].to_string(), Algorithm::Hs256).expect("a key");
    let builder = jwt::Policy::builder().issuer("joe").audience("api").algorithms([Algorithm::Hs256]);
    let policy = builder.token_type("JWT").build();
    let checks = jwt::explain(text(vector, "token"), &key, &policy, 1_300_819_379);
    let failed: Vec<_> = checks.iter().filter_map(|check| Some((check.name, check.code?))).collect();
    assert_eq!(failed, [("audience", Code::ClaimMissing)]);
}
