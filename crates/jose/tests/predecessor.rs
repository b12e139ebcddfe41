//! Tokens of a hand-written predecessor: what is taken, as what, and what is refused with which word.
#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use jotgate_jose::jwt::{Predecessor, RegisteredOnly};
use jotgate_jose::{Algorithm, Code, SigningKey, jws, jwt};
use serde_json::{Value, json};

const SECRET: &[u8] = b"the secret of the old application";
const NOW: i64 = 1_800_000_000;
const UNTIL: i64 = NOW + 86_400;
const OURS: [&str; 2] = ["https://auth.example.com", "https://login.example.com/"];

fn predecessor() -> Predecessor {
    Predecessor::new(SECRET, UNTIL).expect("a secret")
}

/// A token as `jsonwebtoken` makes it.
fn token(claims: &Value) -> String {
    signed(SECRET, Some("JWT"), &claims.to_string())
}

fn signed(secret: &[u8], typ: Option<&str>, payload: &str) -> String {
    // Without a `kid`, which hand-written issuers leave out.
    let key = SigningKey::hmac(Algorithm::Hs256, secret).expect("a key");
    let token = jws::sign(&key, typ, payload.as_bytes()).expect("a token");
    assert!(token.starts_with("eyJ"));
    token
}

fn read(predecessor: &Predecessor, token: &str) -> Result<Value, Code> {
    predecessor.verify::<Value>(token, NOW).map(jwt::Verified::into_claims).map_err(|refusal| refusal.code())
}

#[test]
fn claims_are_read_under_our_names() {
    let mapped =
        predecessor().subject_claim("user.id").email_claim("user.mail").name_claim("fullName").roles_claim("role");
    let theirs = json!({
        "user": {"id": 7, "mail": "ada@example.com"}, "fullName": "Ada", "role": "clerk", "scope": "jotgate:admin",
        "sub": "somebody else", "iat": NOW - 60, "exp": NOW + 600, "jti": "one",
    });
    let ours = json!({
        "iss": Predecessor::NAME, "aud": Predecessor::NAME, "sub": "7", "email": "ada@example.com", "name": "Ada",
        "roles": ["clerk"], "iat": NOW - 60, "exp": NOW + 600, "jti": "one",
    });
    assert_eq!(read(&mapped, &token(&theirs)), Ok(ours));
    let verified = mapped.verify::<RegisteredOnly>(&token(&theirs), NOW).expect("a good token");
    let registered = verified.registered();
    assert_eq!((registered.sub(), registered.jti(), registered.exp()), (Some("7"), Some("one"), Some(NOW + 600)));

    // What was not asked for is not taken.
    let bare =
        read(&predecessor(), &token(&json!({"sub": "ada", "roles": ["admin"], "email": "a@b.example"}))).expect("good");
    assert_eq!((&bare["roles"], &bare["email"], &bare["exp"]), (&json!([]), &Value::Null, &json!(UNTIL)));
    assert_eq!(bare["jti"].as_str().map(str::len), Some(43), "a hash of the token");
    let roles = predecessor().roles_claim("r");
    for (theirs, ours) in
        [(json!(["a", 7, "b"]), json!(["a", "b"])), (json!({"a": 1}), json!([])), (json!(true), json!([]))]
    {
        assert_eq!(read(&roles, &token(&json!({"sub": "ada", "r": theirs}))).expect("good")["roles"], ours);
    }
}

#[test]
fn each_fault_has_its_word() {
    let good = json!({"sub": "ada", "exp": NOW + 600});
    let with = |name: &str, value: Value| {
        let mut claims = good.clone();
        claims[name] = value;
        token(&claims)
    };
    for (what, token, expected) in [
        ("good", token(&good), None),
        ("without exp", token(&json!({"sub": "ada"})), None),
        ("expired", with("exp", json!(NOW - 31)), Some(Code::TokenExpired)),
        ("within the leeway", with("exp", json!(NOW - 29)), None),
        ("expired long ago", with("exp", json!(-1e300)), Some(Code::TokenExpired)),
        ("exp as text", with("exp", json!("1900000000")), Some(Code::ClaimMalformed)),
        ("exp null", with("exp", Value::Null), Some(Code::ClaimMalformed)),
        ("not yet", with("nbf", json!(NOW + 60)), Some(Code::TokenNotYetValid)),
        ("iat as text", with("iat", json!("today")), Some(Code::ClaimMalformed)),
        ("no subject", token(&json!({"id": 7})), Some(Code::ClaimMissing)),
        ("an empty subject", with("sub", json!("")), Some(Code::ClaimMalformed)),
        ("half a subject", with("sub", json!(1.5)), Some(Code::ClaimMalformed)),
        ("another kind of subject", with("sub", json!({"id": 7})), Some(Code::ClaimMalformed)),
        ("an issuer that nobody expects", with("iss", json!("old")), Some(Code::IssuerMismatch)),
        ("an audience that nobody expects", with("aud", json!("api")), Some(Code::AudienceMismatch)),
        ("another secret", signed(&[9; 32], None, &good.to_string()), Some(Code::SignatureInvalid)),
        ("another type", signed(SECRET, Some("at+jwt"), &good.to_string()), Some(Code::TypeMismatch)),
        ("twice", signed(SECRET, None, r#"{"sub":"ada","sub":"bob"}"#), Some(Code::TokenMalformed)),
        ("no object", signed(SECRET, None, "[]"), Some(Code::TokenMalformed)),
    ] {
        assert_eq!(read(&predecessor(), &token).err(), expected, "{what}");
    }
    let token = token(&good);
    let unsigned = format!("eyJhbGciOiJub25lIn0.{}.", token.split('.').nth(1).expect("claims"));
    assert_eq!(read(&predecessor(), &unsigned), Err(Code::AlgorithmNotAllowed));
    let other = jws::sign(&SigningKey::hmac(Algorithm::Hs512, &[7; 64]).expect("a key"), None, b"{}").expect("a token");
    assert_eq!(read(&predecessor(), &other), Err(Code::AlgorithmNotAllowed));
}

#[test]
fn an_issuer_and_an_audience_that_are_expected_have_to_be_there() {
    let strict = predecessor().issuer("old-shop").audience("shop-api");
    let claims = |iss: Value, aud: Value| token(&json!({"sub": "ada", "iss": iss, "aud": aud}));
    for (iss, aud, expected) in [
        (json!("old-shop"), json!("shop-api"), None),
        (json!("old-shop"), json!(["other", "shop-api"]), None),
        (json!("old"), json!("shop-api"), Some(Code::IssuerMismatch)),
        (json!(["old-shop"]), json!("shop-api"), Some(Code::IssuerMismatch)),
        (Value::Null, json!("shop-api"), Some(Code::IssuerMismatch)),
        (json!("old-shop"), json!(["other"]), Some(Code::AudienceMismatch)),
        (json!("old-shop"), Value::Null, Some(Code::AudienceMismatch)),
    ] {
        assert_eq!(read(&strict, &claims(iss.clone(), aud.clone())).err(), expected, "{iss} {aud}");
    }
    assert_eq!(read(&strict, &token(&json!({"sub": "ada"}))), Err(Code::IssuerMismatch));
    let ours = read(&strict, &claims(json!("old-shop"), json!("shop-api"))).expect("good");
    assert_eq!(ours["iss"], "old-shop");
}

#[test]
fn after_the_date_nothing_is_taken_and_the_refusal_says_so() {
    let (predecessor, token) = (predecessor(), token(&json!({"sub": "ada", "exp": UNTIL + 86_400})));
    let last = predecessor.verify::<RegisteredOnly>(&token, UNTIL - 1).expect("the last second");
    assert_eq!(last.registered().exp(), Some(UNTIL), "no longer than that");
    for (now, late) in [(UNTIL, "0 s too late"), (UNTIL + 300, "5 min too late")] {
        let refusal = predecessor.verify::<RegisteredOnly>(&token, now).expect_err("too late");
        assert_eq!(refusal.code(), Code::TokenExpired);
        let said = refusal.to_string();
        assert!(said.contains(&format!("predecessor were taken until {UNTIL}")) && said.contains(late), "{said}");
    }
    for far in [json!(u64::MAX), json!(1e300), json!(1_900_000_000.5)] {
        let token = signed(SECRET, None, &json!({"sub": "ada", "exp": far}).to_string());
        let verified = predecessor.verify::<RegisteredOnly>(&token, NOW).expect("a good token");
        assert_eq!(verified.registered().exp(), Some(UNTIL), "{far}");
    }
}

#[test]
fn a_token_of_an_issuer_is_never_meant() {
    let predecessor = predecessor();
    let meant = |token: &str| predecessor.is_meant(token, OURS);
    assert!(meant(&token(&json!({"sub": "ada"}))));
    assert!(meant(&token(&json!({"sub": "ada", "iss": "old"}))));
    for issuer in OURS {
        assert!(!meant(&token(&json!({"sub": "ada", "iss": issuer}))), "{issuer}");
        // Even asked to, it takes none.
        assert_eq!(read(&predecessor, &token(&json!({"sub": "ada", "iss": issuer}))), Err(Code::IssuerMismatch));
    }
    assert!(!meant(&signed(SECRET, Some("at+jwt"), "{}")));
    let other = SigningKey::generate(Algorithm::EdDsa).expect("a key");
    assert!(!meant(&jws::sign(&other, None, b"{}").expect("a token")));
    for text in ["", "a.b.c", "eyJ"] {
        assert!(!meant(text), "{text}");
    }
}

#[test]
fn a_short_secret_is_refused_and_none_is_shown() {
    assert!(Predecessor::new(b"secret", UNTIL).is_err());
    assert!(!format!("{:?}", predecessor()).contains("old application"));
}
