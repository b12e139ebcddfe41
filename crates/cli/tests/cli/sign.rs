//! `token sign`.

use serde_json::json;

use crate::support::Desk;
use crate::token::Tokens;

#[test]
fn claims_are_signed_as_they_are() {
    let tokens = Tokens::new();
    let claims = "{ \"z\": 1.0, \"a\": 12345678901234567890123, \"exp\": 1900000000 }";
    let token = tokens.desk.run_with(&["token", "sign", "--key", "key.jwk"], claims.as_bytes()).ends(0).stdout;
    let ran = tokens.desk.run(&["jws", "verify", token.trim(), "--keys", "keys.json"]).ends(0);
    assert_eq!(ran.stdout, claims);
    let said = tokens.desk.run(&["token", "inspect", token.trim(), "--json"]).ends(0).json();
    assert_eq!(said["header"]["typ"], "JWT");
}

#[test]
fn the_header_can_have_more_members_but_not_those_of_the_key() {
    let tokens = Tokens::new();
    let sign = |header: &str| {
        tokens
            .desk
            .run_with(&["token", "sign", "--key", "key.jwk", "--type", "x+jwt", "--header", header, "--json"], b"{}")
    };
    let token = sign("{\"cty\":\"shop\",\"n\":[1]}").ends(0).json()["token"].as_str().unwrap().to_owned();
    let header = tokens.desk.run(&["token", "inspect", &token, "--json"]).ends(0).json()["header"].clone();
    assert_eq!(header, json!({"alg": "ES256", "typ": "x+jwt", "kid": "k1", "cty": "shop", "n": [1]}));
    for reserved in ["alg", "kid", "crit", "b64"] {
        sign(&format!("{{\"{reserved}\":\"x\"}}")).ends(2).complains(&[reserved]);
    }
    sign("[1]").ends(2);
    sign("nonsense").ends(2);
}

#[test]
fn claims_that_no_verifier_takes_are_said() {
    let tokens = Tokens::new();
    let sign = |claims: &str| tokens.desk.run_with(&["token", "sign", "--key", "key.jwk"], claims.as_bytes());
    sign("{\"exp\":\"soon\"}").ends(0).complains(&["verifiers will refuse", "exp"]);
    sign("{\"a\":1,\"a\":2}").ends(0).complains(&["verifiers will refuse"]);
    assert_eq!(sign("{\"sub\":\"ada\"}").ends(0).stderr, "");
    for wrong in ["", "[]", "7", "{\"a\":", "nonsense"] {
        sign(wrong).ends(2);
    }
}

#[test]
fn keys_that_cannot_sign_are_refused() {
    let desk = Desk::new();
    let private = desk.run(&["jwk", "generate", "RS256"]).ends(0).stdout;
    let public = desk.run_with(&["jwk", "public", "-"], private.as_bytes()).ends(0).stdout;
    let pem = desk.run_with(&["jwk", "convert", "-", "--to", "pem"], private.as_bytes()).ends(0).stdout;
    let sign = |key: &str, more: &[&str]| {
        desk.write("key", key);
        desk.run_with(&[&["token", "sign", "--key", "key"], more].concat(), b"{}")
    };
    sign(&private, &[]).ends(0);
    sign(&pem, &["--algorithm", "PS256"]).ends(0);
    sign(&pem, &[]).ends(2).complains(&["--algorithm"]);
    sign(&private, &["--algorithm", "ES256"]).ends(2);
    sign(&public, &[]).ends(2).complains(&["the key in key"]);
    sign(&format!("{{\"keys\":[{private}]}}"), &[]).ends(2).complains(&["one key"]);
    sign(&format!("{pem}{pem}"), &[]).ends(2).complains(&["one key"]);
    desk.run_with(&["token", "sign", "--key", "absent"], b"{}").ends(3).complains(&["absent"]);
}
