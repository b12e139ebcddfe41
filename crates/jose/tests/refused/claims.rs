//! Claims that are refused, under a sound signature.

use jotgate_jose::Code;

use super::{Case, HEADER, case, good_claims, signed};

pub(super) fn cases() -> Vec<Case> {
    [issuers(), audiences(), others()].into_iter().flatten().collect()
}

/// The good claims with a piece of their text replaced.
fn with(name: &'static str, piece: &str, other: &str, code: Code) -> Case {
    let claims = good_claims();
    assert!(claims.contains(piece), "{piece}");
    case(name, signed(HEADER, claims.replacen(piece, other, 1)), code)
}

fn issuers() -> Vec<Case> {
    let iss = |name, value: &str, code| with(name, r#""https://a""#, value, code);
    let (mismatch, malformed) = (Code::IssuerMismatch, Code::ClaimMalformed);
    vec![
        with("iss missing", r#""iss":"https://a","#, "", Code::ClaimMissing),
        iss("iss another", r#""https://b""#, mismatch),
        iss("iss with a slash", r#""https://a/""#, mismatch),
        iss("iss in capitals", r#""HTTPS://A""#, mismatch),
        iss("iss empty", r#""""#, mismatch),
        iss("iss with a space", r#""https://a ""#, mismatch),
        iss("iss longer", r#""https://a.evil""#, mismatch),
        iss("iss shorter", r#""https://""#, mismatch),
        iss("iss with a null byte", r#""https://a\u0000""#, mismatch),
        iss("iss null", "null", malformed),
        iss("iss a number", "1", malformed),
        iss("iss an array", r#"["https://a"]"#, malformed),
        iss("iss an object", r#"{"0":"https://a"}"#, malformed),
        iss("iss true", "true", malformed),
        iss("iss twice", r#""https://a","iss":"https://a""#, Code::TokenMalformed),
        iss("iss twice, once escaped", r#""https://a","\u0069ss":"https://b""#, Code::TokenMalformed),
        with("iss in another case", r#""iss""#, r#""ISS""#, Code::ClaimMissing),
    ]
}

fn audiences() -> Vec<Case> {
    let aud = |name, value: &str, code| with(name, r#""api""#, value, code);
    let (mismatch, malformed) = (Code::AudienceMismatch, Code::ClaimMalformed);
    vec![
        with("aud missing", r#""aud":"api","#, "", Code::ClaimMissing),
        aud("aud another", r#""other""#, mismatch),
        aud("aud in capitals", r#""API""#, mismatch),
        aud("aud longer", r#""api2""#, mismatch),
        aud("aud shorter", r#""ap""#, mismatch),
        aud("aud a list in a string", r#""api other""#, mismatch),
        aud("aud others", r#"["x","y","z","w","v"]"#, mismatch),
        aud("aud an empty array", "[]", mismatch),
        aud("aud empty", r#""""#, malformed),
        aud("aud null", "null", malformed),
        aud("aud a number", "7", malformed),
        aud("aud true", "true", malformed),
        aud("aud an object", r#"{"api":true}"#, malformed),
        aud("aud an array with a number", r#"["api",1]"#, malformed),
        aud("aud an array with null", r#"["api",null]"#, malformed),
        aud("aud an array with an empty string", r#"["api",""]"#, malformed),
        aud("aud an array in an array", r#"[["api"]]"#, malformed),
        aud("aud twice", r#""api","aud":"api""#, Code::TokenMalformed),
    ]
}

fn others() -> Vec<Case> {
    let malformed = Code::ClaimMalformed;
    vec![
        with("sub a number", r#""ada""#, "1", malformed),
        with("sub null", r#""ada""#, "null", malformed),
        with("sub an array", r#""ada""#, r#"["ada"]"#, malformed),
        with("sub twice", r#""ada""#, r#""ada","sub":"eve""#, Code::TokenMalformed),
        with("jti a number", r#""sub""#, r#""jti":1,"sub""#, malformed),
        with("jti null", r#""sub""#, r#""jti":null,"sub""#, malformed),
        with("jti an object", r#""sub""#, r#""jti":{},"sub""#, malformed),
        with("a required claim missing", r#","sid":"s1""#, "", Code::ClaimMissing),
        with("a required claim null", r#""s1""#, "null", Code::ClaimMissing),
        with("a required claim in another case", r#""sid""#, r#""SID""#, Code::ClaimMissing),
        with("a required claim only nested", r#""sid":"s1""#, r#""x":{"sid":"s1"}"#, Code::ClaimMissing),
        with("another claim twice", r#""s1""#, r#""s1","x":1,"x":2"#, Code::TokenMalformed),
        with("a nested claim twice", r#""s1""#, r#""s1","x":{"r":[{"a":1,"a":1}]}"#, Code::TokenMalformed),
        with("an empty name twice", r#""s1""#, r#""s1","":1,"":2"#, Code::TokenMalformed),
        with("a name twice, both escaped", r#""s1""#, r#""s1","\u0078":1,"\u0078":2"#, Code::TokenMalformed),
        with(
            "a name twice, as emoji and as escapes",
            r#""s1""#,
            r#""s1","😀":1,"\ud83d\ude00":2"#,
            Code::TokenMalformed,
        ),
        with("a number beyond a double", r#""s1""#, r#""s1","x":1e400"#, Code::TokenMalformed),
        with("a nested number beyond a double", r#""s1""#, r#""s1","x":[{"y":-1e999}]"#, Code::TokenMalformed),
        case("no claims at all", signed(HEADER, "{}"), Code::ClaimMissing),
    ]
}
