//! JWKs and JWK Sets that are refused.

use jotgate_jose::{Algorithm, KeySet, SigningKey, VerifyingKey};
use serde_json::{Value, json};

/// Each JWK with a part of the message that it must give when read as a public key.
#[rustfmt::skip]
pub(super) const CASES: [(&str, &str, &str); 52] = [
    ("empty", "", "strict JSON object"),
    ("an array", "[]", "strict JSON object"),
    ("an empty object", "{}", "no `kty`"),
    ("kty null", r#"{"kty":null}"#, "`kty` is null"),
    ("kty a number", r#"{"kty":1}"#, "`kty` is a number"),
    ("kty unknown", r#"{"kty":"DSA"}"#, "not supported"),
    ("kty in another case", r#"{"kty":"okp","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#, "`crv`"),
    ("kty twice", r#"{"kty":"oct","kty":"OKP"}"#, "twice"),
    ("kty twice, once escaped", r#"{"kty":"oct","\u006bty":"OKP"}"#, "twice"),
    ("no crv", r#"{"kty":"OKP","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#, "no `crv`"),
    ("crv unknown", r#"{"kty":"OKP","crv":"Ed448","x":"AA"}"#, "`crv`"),
    ("crv of another type", r#"{"kty":"OKP","crv":"P-256","x":"AA"}"#, "`crv`"),
    ("crv for encryption", r#"{"kty":"OKP","crv":"X25519","x":"AA"}"#, "`crv`"),
    ("crv secp256k1", r#"{"kty":"EC","crv":"secp256k1","x":"AA","y":"AA"}"#, "`crv`"),
    ("crv on an RSA key", r#"{"kty":"RSA","crv":"P-256","n":"AA","e":"AQAB","alg":"RS256"}"#, "`crv`"),
    ("no x", r#"{"kty":"OKP","crv":"Ed25519"}"#, "no `x`"),
    ("x padded", r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo="}"#, "base64url"),
    ("x in the other alphabet", r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#, "base64url"),
    ("x with stray bits", r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURp"}"#, "base64url"),
    ("x too short", r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHUQ"}"#, "32 belong"),
    ("x too long", r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURoA"}"#, "32 belong"),
    ("x a number", r#"{"kty":"OKP","crv":"Ed25519","x":5}"#, "`x` is a number"),
    ("x of small order", r#"{"kty":"OKP","crv":"Ed25519","x":"AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}"#, "small order"),
    ("x zero", r#"{"kty":"OKP","crv":"Ed25519","x":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}"#, "small order"),
    ("private Ed25519", r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"}"#, "private members"),
    ("private member null", r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","d":null}"#, "private members"),
    ("alg of another type", r#"{"kty":"OKP","crv":"Ed25519","alg":"ES256","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#, "contradicts"),
    ("alg HS256 on a public key", r#"{"kty":"OKP","crv":"Ed25519","alg":"HS256","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#, "contradicts"),
    ("alg none", r#"{"kty":"OKP","crv":"Ed25519","alg":"none","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#, "not a signature algorithm"),
    ("alg unknown", r#"{"kty":"OKP","crv":"Ed25519","alg":"EdDSA2","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#, "not a signature algorithm"),
    ("alg for encryption", r#"{"kty":"RSA","alg":"RSA-OAEP","n":"AA","e":"AQAB"}"#, "not a signature algorithm"),
    ("alg a number", r#"{"kty":"oct","alg":1}"#, "`alg` is a number"),
    ("use enc", r#"{"kty":"OKP","crv":"Ed25519","use":"enc","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#, "`use`"),
    ("use empty", r#"{"kty":"OKP","crv":"Ed25519","use":"","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#, "`use`"),
    ("use an array", r#"{"kty":"OKP","crv":"Ed25519","use":["sig"],"x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#, "`use` is an array"),
    ("key_ops sign", r#"{"kty":"OKP","crv":"Ed25519","key_ops":["sign"],"x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#, "do not allow verifying"),
    ("key_ops empty", r#"{"kty":"OKP","crv":"Ed25519","key_ops":[],"x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#, "do not allow verifying"),
    ("key_ops of two purposes", r#"{"kty":"OKP","crv":"Ed25519","key_ops":["verify","encrypt"],"x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#, "more than signatures"),
    ("key_ops twice the same", r#"{"kty":"OKP","crv":"Ed25519","key_ops":["verify","verify"],"x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#, "twice"),
    ("key_ops a string", r#"{"kty":"OKP","crv":"Ed25519","key_ops":"verify","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#, "array of strings"),
    ("kid a number", r#"{"kty":"OKP","crv":"Ed25519","kid":1,"x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#, "`kid` is a number"),
    ("EC not on the curve", r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a1"}"#, "base64url"),
    ("EC another point", r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5aA"}"#, "not a point"),
    ("EC at zero", r#"{"kty":"EC","crv":"P-256","x":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","y":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}"#, "not a point"),
    ("EC without leading zeros", r#"{"kty":"EC","crv":"P-521","x":"AA","y":"AA"}"#, "66 belong"),
    ("EC of another curve", r#"{"kty":"EC","crv":"P-384","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#, "48 belong"),
    ("RSA without alg", r#"{"kty":"RSA","n":"sXchDaQebHnPiGvyDOAT4saGEUetSyo9MKLOoWFsueri23bOdgWp4Dy1WlUzewbgBHod5pcM9H95GQRV3JDXboIRROSBigeC5yjU1hGzHHyXss8UDprecbAYxknTcQkhslANGRUZmdTOQ5qTRsLAt6BTYuyvVRdhS8exSZEy_c4gs_7svlJJQ4H9_NxsiIoLwAEk7-Q3UXERGYw_75IDrGA84-lA_-Ct4eTlXHBIY2EaV7t7LjJaynVJCpkv4LKjTTAumiGUIuQhrNhZLuF_RJLqHpM2kgWFLU7-VTdL1VbC2tejvcI2BlMkEpk1BzBZI0KQB0GaDWFLN-aEAw3vRw","e":"AQAB"}"#, "no `alg`"),
    ("RSA with a leading zero", r#"{"kty":"RSA","alg":"RS256","n":"ALF3","e":"AQAB"}"#, "leading zeros"),
    ("oct without alg", r#"{"kty":"oct","k":"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY"}"#, "no `alg`"),
    ("oct empty", r#"{"kty":"oct","alg":"HS256","k":""}"#, "0 bytes"),
    ("oct too short", r#"{"kty":"oct","alg":"HS512","k":"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY"}"#, "at least 64"),
    ("AKP without alg", r#"{"kty":"AKP","pub":"AA"}"#, "needs its `alg`"),
];

#[test]
fn jwks_are_refused() {
    for (name, jwk, message) in CASES {
        let error = VerifyingKey::from_jwk(jwk).expect_err(name).to_string();
        assert!(error.contains(message), "{name}: {error}");
    }
}

fn number(bytes: &[u8]) -> String {
    super::encode(bytes)
}

/// An RSA modulus of so many bits, odd or even, of which nobody knows the factors.
fn modulus(bits: usize, last: u8) -> String {
    let mut bytes = vec![0xA5; bits / 8];
    *bytes.last_mut().expect("bytes") = last;
    number(&bytes)
}

#[test]
fn weak_rsa_keys_are_refused() {
    let good = modulus(2048, 1);
    for (name, n, e, message) in [
        ("512 bits", modulus(512, 1), number(&[1, 0, 1]), "has 512 bits"),
        ("2040 bits", modulus(2040, 1), number(&[1, 0, 1]), "has 2040 bits"),
        ("8200 bits", modulus(8200, 1), number(&[1, 0, 1]), "has 8200 bits"),
        ("even modulus", modulus(2048, 2), number(&[1, 0, 1]), "modulus is even"),
        ("exponent 1", good.clone(), number(&[1]), "below 3"),
        ("exponent 2", good.clone(), number(&[2]), "exponent is even"),
        ("exponent 65536", good.clone(), number(&[1, 0, 0]), "exponent is even"),
        ("exponent empty", good.clone(), String::new(), "leading zeros"),
        ("exponent zero", good.clone(), number(&[0]), "leading zeros"),
        ("exponent huge", good.clone(), number(&[0xFF; 16]), "33 bits"),
    ] {
        let jwk = json!({"kty": "RSA", "alg": "RS256", "n": n, "e": e}).to_string();
        let error = VerifyingKey::from_jwk(&jwk).expect_err(name).to_string();
        assert!(error.contains(message), "{name}: {error}");
    }
    let jwk = json!({"kty": "RSA", "alg": "RS256", "n": good, "e": "AQAB"}).to_string();
    VerifyingKey::from_jwk(&jwk).expect("2048 bits");
}

/// A modulus that is 65537 to some power modulo every small prime, as the broken generator's are (CVE-2017-15361).
#[test]
fn rsa_keys_with_the_roca_fingerprint_are_refused() {
    let jwk = json!({"kty": "RSA", "alg": "RS256", "n": number(&roca_modulus()), "e": "AQAB"}).to_string();
    let error = VerifyingKey::from_jwk(&jwk).expect_err("refused").to_string();
    assert!(error.contains("ROCA"), "{error}");
}

/// 65537 to the 128th power: each step is the number plus itself shifted by two bytes.
fn roca_modulus() -> Vec<u8> {
    let mut number = vec![1_u8];
    for _ in 0..128 {
        let mut product = vec![0_u8; number.len() + 2];
        let mut carry = 0_u16;
        for at in (0..product.len()).rev() {
            let low = if at >= 2 { number[at - 2] } else { 0 };
            let high = if at < number.len() { number[at] } else { 0 };
            let sum = u16::from(low) + u16::from(high) + carry;
            product[at] = u8::try_from(sum & 0xFF).expect("masked");
            carry = sum >> 8;
        }
        if carry > 0 {
            product.insert(0, 1);
        }
        number = product;
    }
    number
}

fn ed25519(kid: &str) -> Value {
    let key = SigningKey::generate(Algorithm::EdDsa).expect("a key").with_kid(kid).verifying_key();
    serde_json::from_str(&key.to_jwk().expect("JWK")).expect("JSON")
}

/// Sets that are refused as a whole.
pub(super) fn set_cases() -> Vec<(&'static str, String, &'static str)> {
    let secret = json!({"kty": "oct", "alg": "HS256", "k": super::encode([7; 32])});
    let unnamed_secret = json!({"kty": "oct", "k": super::encode([7; 32])});
    let private: Value =
        serde_json::from_str(SigningKey::generate(Algorithm::Es256).expect("a key").to_jwk().expose()).expect("JSON");
    vec![
        ("empty text", String::new(), "strict JSON object"),
        ("an array of keys", json!([ed25519("a")]).to_string(), "strict JSON object"),
        ("one key without its set", ed25519("a").to_string(), "no array `keys`"),
        ("keys null", json!({"keys": null}).to_string(), "no array `keys`"),
        ("keys an object", json!({"keys": {}}).to_string(), "no array `keys`"),
        ("keys twice", r#"{"keys":[],"keys":[]}"#.to_owned(), "twice"),
        ("one kid twice", json!({"keys": [ed25519("a"), ed25519("a")]}).to_string(), "same `kid`"),
        ("a secret beside a public key", json!({"keys": [ed25519("a"), secret]}).to_string(), "mixes"),
        (
            "a secret without alg beside a public key",
            json!({"keys": [unnamed_secret, ed25519("a")]}).to_string(),
            "mixes",
        ),
        ("a private key", json!({"keys": [ed25519("a"), private]}).to_string(), "private members"),
    ]
}

#[test]
fn sets_are_refused() {
    for (name, json, message) in set_cases() {
        let error = KeySet::from_json(&json).expect_err(name).to_string();
        assert!(error.contains(message), "{name}: {error}");
    }
}

/// RFC 7517 §5: entries that cannot be used are skipped, each with its reason.
#[test]
fn unknown_entries_of_a_set_are_skipped() {
    let set = json!({"keys": [
        {"kty": "future", "x": 1}, 5, "text", null, ed25519("a"), {"kty": "RSA", "alg": "RS256", "n": "AQ", "e": "AQAB"},
        {"kty": "OKP", "crv": "X25519", "x": "AA", "use": "enc"},
    ], "other": true});
    let set = KeySet::from_json(&set.to_string()).expect("a set");
    assert_eq!(set.len(), 1);
    assert_eq!(set.skipped().iter().map(|(index, _)| *index).collect::<Vec<_>>(), [0, 1, 2, 3, 5, 6]);
}

#[test]
fn private_jwks_are_refused() {
    let public = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
    let private = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A";
    let other = SigningKey::generate(Algorithm::EdDsa).expect("a key").verifying_key();
    let other: Value = serde_json::from_str(&other.to_jwk().expect("JWK")).expect("JSON");
    for (name, jwk, message) in [
        ("no private part", json!({"kty": "OKP", "crv": "Ed25519", "x": public}), "no `d`"),
        ("another public part", json!({"kty": "OKP", "crv": "Ed25519", "x": other["x"], "d": private}), "not its own"),
        ("no public part", json!({"kty": "OKP", "crv": "Ed25519", "d": private}), "no `x`"),
        (
            "for verifying",
            json!({"kty": "OKP", "crv": "Ed25519", "x": public, "d": private, "key_ops": ["verify"]}),
            "signing",
        ),
        (
            "EC zero",
            json!({"kty": "EC", "crv": "P-256", "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0", "d": super::encode([0; 32])}),
            "zero",
        ),
        (
            "EC above the order",
            json!({"kty": "EC", "crv": "P-256", "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0", "d": super::encode([0xFF; 32])}),
            "order",
        ),
        (
            "RSA without primes",
            json!({"kty": "RSA", "alg": "RS256", "n": modulus(2048, 1), "e": "AQAB", "d": "AQ"}),
            "primes",
        ),
        (
            "RSA with three primes",
            json!({"kty": "RSA", "alg": "RS256", "n": modulus(2048, 1), "e": "AQAB", "d": "AQ", "p": "AQ", "oth": []}),
            "two primes",
        ),
        (
            "RSA of numbers that do not fit",
            json!({"kty": "RSA", "alg": "RS256", "n": modulus(2048, 1), "e": "AQAB", "d": "AQ", "p": "Aw", "q": "BQ", "dp": "AQ", "dq": "AQ", "qi": "AQ"}),
            "belong together",
        ),
    ] {
        let error = SigningKey::from_jwk(&jwk.to_string()).expect_err(name).to_string();
        assert!(error.contains(message), "{name}: {error}");
    }
}
