//! Tokens and keys that must be refused, each by name and with its code. Every token case is asked of a fresh key and of one that
//! already knows the header, and `verify`, `verify_in` and `explain` must agree.
#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod claims;
mod forms;
mod headers;
mod jwks;
mod manual;
mod pems;
mod times;

use aws_lc_rs::hmac;
use base64_simd::URL_SAFE_NO_PAD;
use jotgate_jose::{Algorithm, Code, VerifyingKey, jwt};

const NOW: i64 = 1_800_000_000;
const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef";
const HEADER: &str = r#"{"alg":"HS256","typ":"at+jwt","kid":"k1"}"#;

/// A token that must be refused.
struct Case {
    name: &'static str,
    token: String,
    code: Code,
}

fn case(name: &'static str, token: impl Into<String>, code: Code) -> Case {
    Case { name, token: token.into(), code }
}

fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode_to_string(bytes)
}

/// Signs any header and any payload, sound or not.
fn signed(header: impl AsRef<[u8]>, payload: impl AsRef<[u8]>) -> String {
    signed_parts(&encode(header), &encode(payload))
}

fn signed_parts(header: &str, payload: &str) -> String {
    let input = format!("{header}.{payload}");
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, SECRET), input.as_bytes());
    format!("{input}.{}", encode(tag))
}

fn good_claims() -> String {
    let (iat, exp) = (NOW - 10, NOW + 600);
    format!(r#"{{"iss":"https://a","aud":"api","sub":"ada","iat":{iat},"exp":{exp},"sid":"s1"}}"#)
}

fn good() -> String {
    signed(HEADER, good_claims())
}

fn key() -> VerifyingKey {
    VerifyingKey::hmac(Algorithm::Hs256, SECRET).expect("a key").with_kid("k1")
}

fn policy() -> jwt::Policy {
    let policy = jwt::Policy::builder().issuer("https://a").audience("api").algorithms([Algorithm::Hs256]);
    policy.token_type("at+jwt").require(["sid"]).max_age(3600).build()
}

fn code_of(token: &str, key: &VerifyingKey) -> Option<Code> {
    jwt::verify::<serde_json::Value>(token, key, &policy(), NOW).err().map(|refusal| refusal.code())
}

fn all_cases() -> Vec<Case> {
    [forms::cases(), headers::cases(), claims::cases(), times::cases()].into_iter().flatten().collect()
}

fn refuse(cases: &[Case]) {
    let (fresh, knowing) = (key(), key());
    assert_eq!(code_of(&good(), &knowing), None, "the good token");
    for Case { name, token, code } in cases {
        assert_eq!(code_of(token, &fresh.clone().with_kid("k1")), Some(*code), "{name}");
        assert_eq!(code_of(token, &knowing), Some(*code), "{name}, header known");
        let mut buffer = jwt::Buffer::new();
        let borrowed = jwt::verify_in::<jwt::RegisteredOnly>(&mut buffer, token, &knowing, &policy(), NOW);
        let refusal = borrowed.expect_err(name);
        assert_eq!(refusal.code(), *code, "{name}, borrowed");
        let text = format!("{refusal} {refusal:?}");
        assert!(token.len() < 20 || !text.contains(token.as_str()), "{name} shows the token");
        assert!(text.len() < 1000, "{name} says too much");
        let explained: Vec<_> =
            jwt::explain(token, &knowing, &policy(), NOW).iter().filter_map(|check| check.code).collect();
        assert!(explained.contains(code), "{name}, explained as {explained:?}");
    }
    let mut names: Vec<_> = cases.iter().map(|case| case.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), cases.len(), "names are different");
}

#[test]
fn forms_are_refused() {
    refuse(&forms::cases());
}

#[test]
fn headers_are_refused() {
    refuse(&headers::cases());
}

#[test]
fn claims_are_refused() {
    refuse(&claims::cases());
}

#[test]
fn times_are_refused() {
    refuse(&times::cases());
}

#[test]
fn there_are_at_least_two_hundred() {
    let tokens = all_cases().len();
    let keys = jwks::CASES.len() + jwks::set_cases().len() + pems::CASES.len();
    assert!(tokens + keys >= 200, "{tokens} tokens and {keys} keys");
}

/// What is just inside the rules is accepted, so that the cases above do not pass for a wrong reason.
#[test]
fn the_neighbours_of_what_is_refused_are_accepted() {
    let claims = |text: &str| good_claims().replace(r#""sid""#, text);
    for (name, token) in [
        ("white space in the payload", signed(HEADER, format!(" \r\n\t{} ", good_claims()))),
        ("white space in the header", signed(r#" { "alg" : "HS256" , "typ":"at+jwt" } "#, good_claims())),
        ("an escaped header member", signed(r#"{"\u0061lg":"HS\u0032\u0035\u0036","typ":"at+jwt"}"#, good_claims())),
        ("an escaped claim name", signed(HEADER, claims(r#""\u0073id""#))),
        ("an escaped issuer", signed(HEADER, good_claims().replace("https://a", r"https:\/\/\u0061"))),
        (
            "unknown header members",
            signed(r#"{"alg":"HS256","typ":"at+jwt","jku":"https://evil","x":[1]}"#, good_claims()),
        ),
        ("no kid", signed(r#"{"alg":"HS256","typ":"at+jwt"}"#, good_claims())),
        ("a long type name", signed(r#"{"alg":"HS256","typ":"application/AT+JWT"}"#, good_claims())),
        ("exp as a fraction", signed(HEADER, good_claims().replace("1800000600", "1799999970.5"))),
        ("exp with an exponent", signed(HEADER, good_claims().replace("1800000600", "1.8000006e9"))),
        ("exp very far away", signed(HEADER, good_claims().replace("1800000600", "1e300"))),
        ("several audiences", signed(HEADER, good_claims().replace(r#""api""#, r#"["x","api"]"#))),
        ("nbf at the edge", signed(HEADER, claims(&format!(r#""nbf":{},"sid""#, NOW + 30)))),
        ("a deep value", signed(HEADER, claims(&format!(r#""x":{}1{},"sid""#, "[".repeat(31), "]".repeat(31))))),
        ("emoji", signed(HEADER, claims(r#""x":"\ud83d\ude00😀","sid""#))),
    ] {
        assert_eq!(code_of(&token, &key()), None, "{name}");
    }
}
