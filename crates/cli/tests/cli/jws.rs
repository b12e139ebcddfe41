//! `jws verify`.

use serde_json::json;

use crate::token::{NOW, Tokens};

#[test]
fn the_payload_comes_out_as_it_is() {
    let tokens = Tokens::new();
    let ran = tokens.desk.run(&["jws", "verify", &tokens.token, "--keys", "keys.json"]).ends(0);
    let claims: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(claims["exp"], NOW + 600);
    let said = tokens.desk.run(&["jws", "verify", &tokens.token, "--keys", "keys.json", "--json"]).ends(0).json();
    assert_eq!((&said["valid"], &said["payload"]), (&json!(true), &claims));
}

/// RFC 7520 §4.4: HS256 over a text that is not JSON.
#[test]
fn payloads_that_are_not_json_are_taken() {
    let tokens = Tokens::new();
    let key = json!({"kty": "oct", "kid": "018c0ae5-4d9b-471b-bfd6-eef314bc7037", "use": "sig", "alg": "HS256",
        "k": "hJtXIZ2uSN5kbQfbtTNWbpdmhkV8FJG-Onbc6mxCcYg"});
    tokens.desk.write("rfc7520.jwk", key.to_string());
    let token = "eyJhbGciOiJIUzI1NiIsImtpZCI6IjAxOGMwYWU1LTRkOWItNDcxYi1iZmQ2LWVlZjMxNGJjNzAzNyJ9.SXTigJlzIGEgZGFuZ2Vyb3VzIGJ1c2luZXNzLCBGcm9kbywgZ29pbmcgb3V0IHlvdXIgZG9vci4gWW91IHN0ZXAgb250byB0aGUgcm9hZCwgYW5kIGlmIHlvdSBkb24ndCBrZWVwIHlvdXIgZmVldCwgdGhlcmXigJlzIG5vIGtub3dpbmcgd2hlcmUgeW91IG1pZ2h0IGJlIHN3ZXB0IG9mZiB0by4.s0h6KThzkfBBBkLspW1h84VsJZFTsPPqMDA7g1Md7p0";
    let payload = token.split('.').nth(1).unwrap();
    let verify = |more: &[&str], stdin: &str| {
        tokens.desk.run_with(&[&["jws", "verify", "--keys", "rfc7520.jwk"], more].concat(), stdin.as_bytes())
    };
    let ran = verify(&[token], "").ends(0);
    assert!(ran.stdout.starts_with("It’s a dangerous business, Frodo"), "{}", ran.stdout);
    let said = verify(&["--json"], token).ends(0).json();
    assert_eq!((said["payload_base64url"].as_str(), said.get("payload")), (Some(payload), None));
    let lines = verify(&["-"], &format!("{token}\n\nx.y.z\n{token}")).ends(1).json_lines();
    let valid: Vec<_> = lines.iter().map(|line| line["valid"].as_bool().unwrap()).collect();
    assert_eq!(valid, [true, false, false, true]);
}

#[test]
fn a_wrong_signature_ends_with_1() {
    let tokens = Tokens::new();
    let other = Tokens::new();
    let ran = tokens.desk.run(&["jws", "verify", &other.token, "--keys", "keys.json"]).ends(1);
    assert_eq!(ran.stdout, "");
    ran.complains(&["signature_invalid"]);
    let narrowed = ["jws", "verify", &tokens.token, "--keys", "keys.json", "--algorithm", "EdDSA", "--json"];
    assert_eq!(tokens.desk.run(&narrowed).ends(1).json()["code"], "algorithm_not_allowed");
    tokens.desk.run(&["jws", "verify", &tokens.token, "--keys", "absent"]).ends(3);
    tokens.desk.run(&["jws", "verify", &tokens.token]).ends(2);
}
