//! Times that are refused: the clock stands at `NOW`, the leeway is 30 seconds, the maximum age an hour.

use jotgate_jose::Code;

use super::{Case, HEADER, NOW, case, good_claims, signed};

pub(super) fn cases() -> Vec<Case> {
    [expiries(), beginnings(), ages()].into_iter().flatten().collect()
}

fn with(name: &'static str, claim: &str, value: &str, code: Code) -> Case {
    let claims = match claim {
        "exp" => good_claims().replace(&format!(r#""exp":{}"#, NOW + 600), &format!(r#""exp":{value}"#)),
        "iat" => good_claims().replace(&format!(r#""iat":{}"#, NOW - 10), &format!(r#""iat":{value}"#)),
        other => good_claims().replacen('{', &format!(r#"{{"{other}":{value},"#), 1),
    };
    case(name, signed(HEADER, claims), code)
}

fn expiries() -> Vec<Case> {
    let exp = |name, value: &str, code| with(name, "exp", value, code);
    let at = |seconds: i64| (NOW + seconds).to_string();
    let (expired, malformed) = (Code::TokenExpired, Code::ClaimMalformed);
    let missing = good_claims().replace(&format!(r#","exp":{}"#, NOW + 600), "");
    vec![
        case("exp missing", signed(HEADER, missing), Code::ClaimMissing),
        exp("exp just past the leeway", &at(-30), expired),
        exp("exp a second past the leeway", &at(-31), expired),
        exp("exp long past", &at(-86_400), expired),
        exp("exp zero", "0", expired),
        exp("exp minus zero", "-0", expired),
        exp("exp negative", "-1", expired),
        exp("exp the least number", "-9223372036854775808", expired),
        exp("exp below the least number", "-9223372036854775809", expired),
        exp("exp very negative", "-1e300", expired),
        exp("exp a fraction past the leeway", &format!("{}.5", NOW - 31), expired),
        exp("exp very small", "1e-300", expired),
        exp("exp beyond a double", "1e400", Code::TokenMalformed),
        exp("exp a string", &format!(r#""{}""#, NOW + 600), malformed),
        exp("exp a date", r#""2027-01-15T08:10:00Z""#, malformed),
        exp("exp null", "null", malformed),
        exp("exp true", "true", malformed),
        exp("exp an array", &format!("[{}]", NOW + 600), malformed),
        exp("exp an object", r#"{"$numberLong":"1800000600"}"#, malformed),
        exp("exp empty", r#""""#, malformed),
        exp("exp twice", &format!(r#"{0},"exp":{0}"#, NOW + 600), Code::TokenMalformed),
        exp("exp twice, the later one first", &format!(r#"{},"\u0065xp":1"#, NOW + 600), Code::TokenMalformed),
    ]
}

fn beginnings() -> Vec<Case> {
    let nbf = |name, value: &str, code| with(name, "nbf", value, code);
    let (early, malformed) = (Code::TokenNotYetValid, Code::ClaimMalformed);
    vec![
        nbf("nbf a second past the leeway", &(NOW + 31).to_string(), early),
        nbf("nbf a fraction past the leeway", &format!("{}.001", NOW + 30), early),
        nbf("nbf far ahead", &(NOW + 86_400).to_string(), early),
        nbf("nbf the greatest number", "9223372036854775807", early),
        nbf("nbf beyond the greatest number", "9223372036854775808", early),
        nbf("nbf very great", "1e300", early),
        nbf("nbf in milliseconds", "1800000000000", early),
        nbf("nbf a string", r#""0""#, malformed),
        nbf("nbf null", "null", malformed),
        nbf("nbf false", "false", malformed),
        nbf("nbf an array", "[]", malformed),
        nbf("nbf beyond a double", "-1e999", Code::TokenMalformed),
    ]
}

fn ages() -> Vec<Case> {
    let iat = |name, value: &str, code| with(name, "iat", value, code);
    let missing = good_claims().replace(&format!(r#","iat":{}"#, NOW - 10), "");
    vec![
        case("iat missing with a maximum age", signed(HEADER, missing), Code::ClaimMissing),
        iat("iat a second too old", &(NOW - 3631).to_string(), Code::TokenExpired),
        iat("iat a fraction too old", &format!("{}.5", NOW - 3631), Code::TokenExpired),
        iat("iat zero", "0", Code::TokenExpired),
        iat("iat the least number", "-9223372036854775808", Code::TokenExpired),
        iat("iat in the future", &(NOW + 31).to_string(), Code::TokenNotYetValid),
        iat("iat in the far future", "9223372036854775807", Code::TokenNotYetValid),
        iat("iat a string", r#""1800000000""#, Code::ClaimMalformed),
        iat("iat null", "null", Code::ClaimMalformed),
    ]
}
