//! `token inspect` and `token verify` of one token.

use serde_json::json;

use crate::support::{Desk, Ran};

pub(crate) const ISSUER: &str = "https://auth.example.com";
pub(crate) const AUDIENCE: &str = "https://api.example.com";
pub(crate) const NOW: i64 = 1_800_000_000;

/// A desk with a key pair and a token.
pub(crate) struct Tokens {
    pub(crate) desk: Desk,
    pub(crate) token: String,
}

impl Tokens {
    pub(crate) fn new() -> Self {
        Self::of("ES256")
    }

    pub(crate) fn of(algorithm: &str) -> Self {
        let desk = Desk::new();
        desk.run(&["jwk", "generate", algorithm, "--kid", "k1", "--out", "key.jwk"]).ends(0);
        if algorithm.starts_with("HS") {
            desk.write("keys.json", desk.read("key.jwk"));
        } else {
            let public = desk.run(&["jwk", "public", "key.jwk"]).ends(0).stdout;
            desk.write("keys.json", format!("{{\"keys\":[{public}]}}"));
        }
        let token = sign(
            &desk,
            &json!({"iss": ISSUER, "aud": AUDIENCE, "exp": NOW + 600, "sub": "ada", "sid": "s1"}).to_string(),
        );
        Self { desk, token }
    }

    /// Verifies with the usual policy and more.
    pub(crate) fn verify(&self, token: &str, more: &[&str]) -> Ran {
        self.desk.run(&[&base(token)[..], more].concat())
    }
}

pub(crate) fn base(token: &str) -> [&str; 11] {
    ["token", "verify", token, "--keys", "keys.json", "--issuer", ISSUER, "--audience", AUDIENCE, "--at", "1800000000"]
}

pub(crate) fn sign(desk: &Desk, claims: &str) -> String {
    let ran = desk.run_with(&["token", "sign", "--key", "key.jwk", "--type", "at+jwt"], claims.as_bytes()).ends(0);
    ran.stdout.trim().to_owned()
}

#[test]
fn a_good_token_is_valid_with_every_algorithm() {
    for algorithm in ["ES256", "EdDSA", "RS256", "PS256", "HS256", "ML-DSA-44"] {
        let tokens = Tokens::of(algorithm);
        let ran = tokens.verify(&tokens.token, &["--type", "at+jwt", "--require", "sid"]).ends(0);
        assert!(
            ran.stdout.starts_with("valid\n") && ran.stdout.contains("2027-01-15T08:10:00Z, in 10 minutes"),
            "{}",
            ran.stdout
        );
        let said = tokens.verify(&tokens.token, &["--json"]).ends(0).json();
        assert_eq!(said["valid"], true);
        assert_eq!(said["header"], json!({"alg": algorithm, "typ": "at+jwt", "kid": "k1"}));
        assert_eq!(said["claims"]["sub"], "ada");
    }
}

#[test]
fn each_way_to_miss_has_its_code_and_ends_with_1() {
    let tokens = Tokens::new();
    let token = tokens.token.clone();
    let other = token.replace(&token[token.len() - 20..token.len() - 16], "AAAA");
    let cases: [(&str, &[&str], &str); 10] = [
        (&token, &["--audience", "x", "--issuer", "y", "--type", "JWT"], "type_mismatch"),
        (&token, &["--require", "scope"], "claim_missing"),
        (&token, &["--algorithm", "EdDSA"], "algorithm_not_allowed"),
        (&other, &[], "signature_invalid"),
        ("", &[], "token_malformed"),
        ("not.a.token", &[], "token_malformed"),
        ("a.b", &[], "token_malformed"),
        ("-x", &[], "token_malformed"),
        ("eyJhbGciOiJub25lIn0.e30.", &[], "algorithm_not_allowed"),
        (&"x".repeat(20_000), &[], "token_too_large"),
    ];
    for (token, more, code) in cases {
        let said = tokens.verify(token, &[more, &["--json"]].concat()).ends(1).json();
        assert_eq!((&said["valid"], &said["code"]), (&json!(false), &json!(code)), "{said}");
        assert!(said["detail"].as_str().is_some_and(|detail| detail.contains("expected") && detail.contains("found")));
        let ran = tokens.verify(token, more).ends(1);
        assert!(ran.stdout.starts_with(&format!("refused: {code}")), "{}", ran.stdout);
    }
    let at = |at: &str, more: &[&str]| {
        let mut arguments = base(&token);
        arguments[10] = at;
        tokens.desk.run(&[&arguments[..], more].concat())
    };
    at("1800000629", &[]).ends(0);
    assert!(at("1800000630", &[]).ends(1).stdout.contains("token_expired"));
    assert!(at("1800000600", &["--leeway", "0"]).ends(1).stdout.contains("token_expired"));
    at("-5", &[]).ends(0);
    let elsewhere = [
        "token",
        "verify",
        &token,
        "--keys",
        "keys.json",
        "--issuer",
        "https://auth.example.com/",
        "--audience",
        AUDIENCE,
    ];
    assert!(tokens.desk.run(&elsewhere).ends(1).stdout.contains("issuer_mismatch"));
}

#[test]
fn several_issuers_audiences_and_algorithms_may_be_given() {
    let tokens = Tokens::new();
    let more = ["--issuer", "https://other", "--audience", "x", "--algorithm", "ES256", "--algorithm", "EdDSA"];
    tokens.verify(&tokens.token, &more).ends(0);
    tokens.verify(&tokens.token, &["--leeway", "301"]).ends(2);
    tokens.verify(&tokens.token, &["--algorithm", "none"]).ends(2);
}

#[test]
fn explain_lists_every_check() {
    let tokens = Tokens::new();
    let ran = tokens.verify(&tokens.token, &["--explain"]).ends(0);
    assert!(ran.stdout.matches('✓').count() > 8 && ran.stdout.trim_end().ends_with("valid"), "{}", ran.stdout);
    let wrong = [
        "token",
        "verify",
        &tokens.token,
        "--keys",
        "keys.json",
        "--issuer",
        ISSUER,
        "--audience",
        "shop",
        "--at",
        "1800000000",
        "--explain",
    ];
    let ran = tokens.desk.run(&wrong).ends(1);
    for words in [
        "✗ audience",
        "expected `aud` \"shop\"",
        "found \"https://api.example.com\"",
        "→ ",
        "refused: audience_mismatch",
    ] {
        assert!(ran.stdout.contains(words), "{words}: {}", ran.stdout);
    }
    let said = tokens.desk.run(&[&wrong[..], &["--json"]].concat()).ends(1).json();
    assert_eq!(said["code"], "audience_mismatch");
    let check = said["checks"].as_array().unwrap().iter().find(|check| check["name"] == "audience").unwrap();
    assert_eq!(check["outcome"], "failed");
    let ran = tokens.verify("x.y.z", &["--explain"]).ends(1);
    assert!(ran.stdout.contains("not reached"), "{}", ran.stdout);
}

#[test]
fn a_token_on_standard_input_leaves_no_trace_in_the_shell() {
    let tokens = Tokens::new();
    let mut arguments = base("").to_vec();
    arguments.remove(2);
    let with_newline = format!("{}\n", tokens.token);
    tokens.desk.run_with(&arguments, with_newline.as_bytes()).ends(0);
    tokens.desk.run_with(&arguments, b"").ends(2).complains(&["there is no token"]);
    tokens.desk.run_with(&arguments, b"\xff\xff").ends(2);
}

#[test]
fn keys_come_in_every_form() {
    let tokens = Tokens::new();
    let jwk = tokens.desk.run(&["jwk", "public", "key.jwk"]).ends(0).stdout;
    let pem = tokens.desk.run_with(&["jwk", "convert", "-", "--to", "pem"], jwk.as_bytes()).ends(0).stdout;
    let der = tokens.desk.run_with(&["jwk", "convert", "-", "--to", "der"], jwk.as_bytes()).ends(0).bytes;
    for content in [jwk.as_bytes(), pem.as_bytes(), &der] {
        tokens.desk.write("keys.json", content);
        tokens.verify(&tokens.token, &[]).ends(0);
    }
}

#[test]
fn keys_that_cannot_be_used_say_what_to_do() {
    let tokens = Tokens::new();
    let refused = |content: &str, words: &[&str]| {
        tokens.desk.write("keys.json", content);
        tokens.verify(&tokens.token, &[]).ends(2).complains(words);
    };
    refused(&tokens.desk.read("key.jwk"), &["keys.json", "private", "jotgate jwk public"]);
    refused("{\"keys\":[]}", &["empty"]);
    refused("{}", &["keys.json"]);
    refused("nonsense", &["neither a JWK"]);
    let rsa = tokens.desk.run(&["jwk", "generate", "RS256"]).ends(0).stdout;
    let rsa = tokens.desk.run_with(&["jwk", "public", "-"], rsa.as_bytes()).ends(0).stdout;
    let without = rsa.replace("\"alg\":\"RS256\",", "");
    refused(&without, &["--algorithm"]);
    refused(&format!("{{\"keys\":[{without}]}}"), &["--algorithm"]);
    tokens.desk.write("keys.json", &without);
    tokens.verify(&tokens.token, &["--algorithm", "RS256"]).ends(1);
    let absent = ["token", "verify", "x", "--keys", "absent.json", "--issuer", "i", "--audience", "a"];
    tokens.desk.run(&absent).ends(3).complains(&["absent.json"]);
}

#[test]
fn inspect_shows_a_token_and_says_that_nothing_is_verified() {
    let tokens = Tokens::new();
    let ran = tokens.desk.run(&["token", "inspect", &tokens.token]).ends(0);
    for words in
        ["NOT VERIFIED", "at+jwt", "ada", "1800000600", "2027-01-15T08:10:00Z", "bytes, of which 64 are the signature"]
    {
        assert!(ran.stdout.contains(words), "{words}: {}", ran.stdout);
    }
    let said =
        tokens.desk.run_with(&["token", "inspect", "--json"], format!(" {}\n", tokens.token).as_bytes()).ends(0).json();
    assert_eq!((&said["verified"], &said["claims"]["sub"]), (&json!(false), &json!("ada")));
    assert_eq!(said["times"]["exp"]["at"], "2027-01-15T08:10:00Z");
    assert_eq!(said["size_bytes"], tokens.token.len());
}

#[test]
fn inspect_knows_what_people_mistake_for_a_token() {
    let desk = Desk::new();
    for (text, words) in [
        ("jgr_AAAA", "refresh token"),
        ("a.b.c.d.e", "JWE"),
        ("Bearer eyJ.e30.x", "without `Bearer`"),
        ("\"eyJ.e30.x\"", "without quotes"),
        ("hello", "not a signed token"),
        ("", "not a signed token"),
    ] {
        desk.run(&["token", "inspect", text]).ends(1).complains(&[words]);
    }
    desk.run(&["token", "inspect", "-"]).ends(2);
}

#[test]
fn a_hostile_token_does_not_reach_the_terminal() {
    let tokens = Tokens::new();
    let token = sign(&tokens.desk, "{\"sub\":\"\\u001b[2J\\u009b31m\\u202e\",\"\\u001b]0;x\":1}");
    let ran = tokens.desk.run(&["token", "inspect", &token]).ends(0);
    assert!(!ran.stdout.chars().any(|c| c != '\n' && c.is_control() || c == '\u{202e}'), "{:?}", ran.stdout);
}
