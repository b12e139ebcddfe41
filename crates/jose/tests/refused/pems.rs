//! PEM texts that are refused.

use jotgate_jose::{Algorithm, SigningKey, VerifyingKey};

const PUBLIC: &str = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n-----END PUBLIC KEY-----\n";
const PRIVATE: &str = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n-----END PRIVATE KEY-----\n";

/// Each with a part of the message that it must give.
#[rustfmt::skip]
pub(super) const CASES: [(&str, &str, &str); 19] = [
    ("empty", "", "no PEM block"),
    ("not PEM", "hello", "no PEM block"),
    ("no end", "-----BEGIN PUBLIC KEY-----\nMCow", "does not end"),
    ("another end", "-----BEGIN PUBLIC KEY-----\nMCow\n-----END PRIVATE KEY-----", "does not end"),
    ("not base64", "-----BEGIN PUBLIC KEY-----\n!!!!\n-----END PUBLIC KEY-----", "not base64"),
    ("base64url", "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n-----END PUBLIC KEY-----", "not base64"),
    ("empty block", "-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----", "DER"),
    ("cut short", "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcH\n-----END PUBLIC KEY-----", "DER"),
    ("a byte too many", "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURoA\n-----END PUBLIC KEY-----", "DER"),
    ("length not shortest", "-----BEGIN PUBLIC KEY-----\nMIEqMAUGAytlcAMhANdamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea\n-----END PUBLIC KEY-----", "DER"),
    ("a certificate", "-----BEGIN CERTIFICATE-----\nMCow\n-----END CERTIFICATE-----", "certificate"),
    ("a private key", PRIVATE, "private key"),
    ("an SSH key", "-----BEGIN OPENSSH PRIVATE KEY-----\nMCow\n-----END OPENSSH PRIVATE KEY-----", "no key that can be used"),
    ("X25519", "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VuAyEA3p7bfXt9wbTTW2HC7OQ1Nz+DQ8hbeGdNrfx+FG+IK08=\n-----END PUBLIC KEY-----", "not supported"),
    ("Ed25519 of small order", "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAAQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n-----END PUBLIC KEY-----", "small order"),
    ("Ed25519 not on the curve", "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAAgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n-----END PUBLIC KEY-----", "curve"),
    ("Ed25519 not canonical", "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA7v///////////////////////////////////////38=\n-----END PUBLIC KEY-----", "canonical"),
    ("Ed25519 of 31 bytes", "-----BEGIN PUBLIC KEY-----\nMCkwBQYDK2VwAyAA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHUQ==\n-----END PUBLIC KEY-----", ""),
    ("parameters alone", "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----", "no key"),
];

#[test]
fn pems_are_refused() {
    VerifyingKey::from_pem(PUBLIC, Algorithm::EdDsa).expect("the good one");
    SigningKey::from_pem(PRIVATE, Algorithm::EdDsa).expect("the good one");
    for (name, pem, message) in CASES {
        let error = VerifyingKey::from_pem(pem, Algorithm::EdDsa).expect_err(name).to_string();
        assert!(error.contains(message), "{name}: {error}");
    }
}

#[test]
fn text_around_a_key_is_taken_as_a_comment() {
    let commented = format!("subject=/CN=x\r\n\r\n{}", PUBLIC.replace('\n', "\r\n"));
    VerifyingKey::from_pem(&commented, Algorithm::EdDsa).expect("a comment");
    assert!(VerifyingKey::from_pem(&format!("{PUBLIC}{PUBLIC}"), Algorithm::EdDsa).is_err(), "two keys");
}

#[test]
fn private_pems_are_refused() {
    for (name, pem, message) in [
        ("a public key", PUBLIC, "public key"),
        ("encrypted", "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMCow\n-----END ENCRYPTED PRIVATE KEY-----", "encrypted"),
        (
            "old encrypted",
            "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nMCow\n-----END RSA PRIVATE KEY-----",
            "decrypt",
        ),
    ] {
        let error = SigningKey::from_pem(pem, Algorithm::EdDsa).expect_err(name).to_string();
        assert!(error.contains(message), "{name}: {error}");
    }
}

#[test]
fn a_key_of_another_kind_is_refused() {
    for algorithm in [Algorithm::Rs256, Algorithm::Es256, Algorithm::MlDsa44, Algorithm::Hs256] {
        assert!(VerifyingKey::from_pem(PUBLIC, algorithm).is_err(), "{algorithm}");
        assert!(SigningKey::from_pem(PRIVATE, algorithm).is_err(), "{algorithm}");
    }
}

/// The oldest attack on JWT: the public key as the HMAC secret.
#[test]
fn a_public_key_is_no_hmac_secret() {
    let key = VerifyingKey::from_pem(PUBLIC, Algorithm::EdDsa).expect("a key");
    let (jwk, der) = (key.to_jwk().expect("JWK"), key.to_der().expect("DER"));
    for secret in [PUBLIC.as_bytes(), PRIVATE.as_bytes(), jwk.as_bytes(), &der, b"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA"]
    {
        let error = VerifyingKey::hmac(Algorithm::Hs256, secret).expect_err("refused").to_string();
        assert!(error.contains("not an HMAC secret"), "{error}");
        assert!(SigningKey::hmac(Algorithm::Hs256, secret).is_err());
    }
}
