//! Tokens whose form is wrong: parts, base64url, size, signature.

use jotgate_jose::Code;

use super::{Case, HEADER, case, encode, good, good_claims, signed, signed_parts};

pub(super) fn cases() -> Vec<Case> {
    [parts(), spellings(), signatures(), payloads()].into_iter().flatten().collect()
}

fn parts() -> Vec<Case> {
    let good = good();
    let (signed_part, signature) = good.rsplit_once('.').expect("dots");
    let (header, payload) = signed_part.split_once('.').expect("dots");
    let malformed = Code::TokenMalformed;
    vec![
        case("empty", "", malformed),
        case("one dot", ".", malformed),
        case("two dots", "..", malformed),
        case("three dots", "...", malformed),
        case("only a header", header, malformed),
        case("no signature part", signed_part, malformed),
        case("four parts", format!("{good}.AA"), malformed),
        case("five parts, as a JWE", format!("{header}.AA.AA.AA.AA"), malformed),
        case("a thousand dots", ".".repeat(1000), malformed),
        case("empty header", format!(".{payload}.{signature}"), malformed),
        case("empty payload", signed_parts(header, ""), malformed),
        case("empty signature", format!("{signed_part}."), Code::SignatureInvalid),
        case("a dot at the start", format!(".{good}"), malformed),
        case("a dot at the end", format!("{good}."), malformed),
        case("parts in another order", format!("{payload}.{header}.{signature}"), malformed),
        case("the scheme left in front", format!("Bearer {good}"), malformed),
        case("quotes around", format!("\"{good}\""), malformed),
        case("a space in front", format!(" {good}"), malformed),
        case("two tokens in a row", format!("{good},{good}"), malformed),
        case("JSON serialization", r#"{"payload":"e30","protected":"e30","signature":"AA"}"#, malformed),
        case("a null byte in front", format!("\0{good}"), malformed),
        case("not ASCII", "é.é.é", malformed),
        case("one byte too long", "A".repeat(16 * 1024 + 1), Code::TokenTooLarge),
        case("far too long", format!("{good}{}", "A".repeat(1_000_000)), Code::TokenTooLarge),
        case("a header of more than 8 KiB", signed(format!("{HEADER}{}", " ".repeat(9000)), good_claims()), malformed),
    ]
}

/// Other spellings of the same bytes.
fn spellings() -> Vec<Case> {
    let good = good();
    let (signed_part, signature) = good.rsplit_once('.').expect("dots");
    let (header, payload) = signed_part.split_once('.').expect("dots");
    let with_signature = |signature: &str| format!("{signed_part}.{signature}");
    let malformed = Code::TokenMalformed;
    let last = signature.chars().next_back().expect("a signature");
    // The last of 43 characters carries two bits that must be zero; each of its three neighbours sets some.
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let at = alphabet.find(last).expect("base64url");
    let loose = |by: usize| with_signature(&format!("{}{}", &signature[..42], &alphabet[at + by..=at + by]));
    vec![
        case("signature with stray bit 1", loose(1), malformed),
        case("signature with stray bit 2", loose(2), malformed),
        case("signature with both stray bits", loose(3), malformed),
        case("signature padded", with_signature(&format!("{signature}=")), malformed),
        case("signature padded twice", with_signature(&format!("{signature}==")), malformed),
        case("signature with a new line", with_signature(&format!("{signature}\n")), malformed),
        case("signature with a carriage return", with_signature(&format!("{signature}\r\n")), malformed),
        case(
            "signature with a space",
            with_signature(&format!("{} {}", &signature[..20], &signature[20..])),
            malformed,
        ),
        case("signature with a null byte", with_signature(&format!("{signature}\0")), malformed),
        case("signature percent-encoded", with_signature(&format!("{}%3D", &signature[..42])), malformed),
        case("signature in the other alphabet", with_signature(&format!("+/{}", &signature[2..])), malformed),
        case("signature of 43 commas", with_signature(&",".repeat(43)), malformed),
        case("signature not ASCII", with_signature(&format!("é{}", &signature[2..])), malformed),
        case("header padded", signed_parts(&format!("{header}="), payload), malformed),
        case("header with a new line", signed_parts(&format!("{header}\n"), payload), malformed),
        case("header in the other alphabet", signed_parts("ey+/", payload), malformed),
        case("header of one character", signed_parts("e", payload), malformed),
        case("payload padded", signed_parts(header, &format!("{payload}=")), malformed),
        case("payload with a space", signed_parts(header, &format!("{payload} ")), malformed),
        case("payload with a tab inside", signed_parts(header, &payload.replacen('J', "\tJ", 1)), malformed),
        case("payload in the other alphabet", signed_parts(header, "e30/"), malformed),
        case("payload of five characters", signed_parts(header, "eyJ9A"), malformed),
        case("payload with stray bits", signed_parts(header, &stray(payload)), malformed),
    ]
}

/// Sets a bit after the last byte.
fn stray(text: &str) -> String {
    assert_ne!(text.len() % 4, 0, "the payload must have unused bits");
    let (rest, last) = text.split_at(text.len() - 1);
    let next = char::from(last.as_bytes()[0] + 1);
    format!("{rest}{next}")
}

fn signatures() -> Vec<Case> {
    let good = good();
    let (signed_part, signature) = good.rsplit_once('.').expect("dots");
    let with_signature = |signature: &str| format!("{signed_part}.{signature}");
    let invalid = Code::SignatureInvalid;
    let flipped = if signature.starts_with('A') { "B" } else { "A" };
    vec![
        case(
            "first character of the signature changed",
            with_signature(&format!("{flipped}{}", &signature[1..])),
            invalid,
        ),
        case("signature of zeros", with_signature(&encode([0; 32])), invalid),
        case("signature one byte short", with_signature(&encode([0; 31])), invalid),
        case("signature one byte long", with_signature(&encode([0; 33])), invalid),
        case("signature cut to half", with_signature(&signature[..22]), Code::TokenMalformed),
        case("signature of SHA-512's length", with_signature(&encode([7; 64])), invalid),
        case("signature twice", with_signature(&format!("{signature}{signature}")), invalid),
        case(
            "signature of another token",
            signed(HEADER, "{}").replace(&encode("{}"), &encode(good_claims())),
            invalid,
        ),
        case("payload of another token", good.replace(&encode(good_claims()), &encode("{}")), invalid),
        case(
            "header of another token",
            good.replacen(&encode(HEADER), &encode(r#"{"alg":"HS256","typ":"at+jwt"}"#), 1),
            invalid,
        ),
        case("signature in another case", with_signature(&swap_case(signature)), invalid),
    ]
}

fn swap_case(text: &str) -> String {
    let (first, rest) = text.split_at(42);
    let swapped = first.chars().map(|c| if c.is_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() });
    swapped.chain(rest.chars()).collect()
}

/// Payloads that are no strict JSON object, under a sound signature.
fn payloads() -> Vec<Case> {
    let bad = |name, payload: &[u8]| case(name, signed(HEADER, payload), Code::TokenMalformed);
    let deep = format!(r#"{{"x":{}{}}}"#, "[".repeat(40), "]".repeat(40));
    let very_deep = format!(r#"{{"x":{}"#, r#"{"x":"#.repeat(1500));
    vec![
        bad("payload null", b"null"),
        bad("payload an array", b"[]"),
        bad("payload a string", b"\"x\""),
        bad("payload a number", b"1"),
        bad("payload cut short", b"{\"iss\":\"https://a\""),
        bad("payload two objects", b"{}{}"),
        bad("payload with a byte order mark", b"\xef\xbb\xbf{}"),
        bad("payload in UTF-16", b"{\0}\0"),
        bad("payload with a broken character", b"{\"x\":\"\xff\"}"),
        bad("payload with an overlong character", b"{\"x\":\"\xc0\xaf\"}"),
        bad("payload with an encoded surrogate", b"{\"x\":\"\xed\xa0\x80\"}"),
        bad("payload with a null byte after it", b"{}\0"),
        bad("payload with a comment", b"{}/**/"),
        bad("payload with a trailing comma", b"{\"x\":1,}"),
        bad("payload with single quotes", b"{'x':1}"),
        bad("payload with a raw control character", b"{\"x\":\"\x01\"}"),
        bad("payload with a raw new line in a string", b"{\"x\":\"\n\"}"),
        bad("payload with NaN", b"{\"x\":NaN}"),
        bad("payload with a leading zero", b"{\"exp\":01}"),
        bad("payload with a plus sign", b"{\"exp\":+1}"),
        bad("payload with a hexadecimal number", b"{\"exp\":0x10}"),
        bad("payload with an unknown escape", b"{\"x\":\"\\x41\"}"),
        bad("payload with half a surrogate pair", b"{\"x\":\"\\ud800\"}"),
        bad("payload with a short escape", b"{\"x\":\"\\u12\"}"),
        bad("payload nested too deep", deep.as_bytes()),
        bad("payload nested far too deep", very_deep.as_bytes()),
        bad("payload compressed", b"\x78\x9c\xab\xae\x05\x00\x01\x75\x00\xf9"),
        bad("payload that is a token (nested)", good().as_bytes()),
    ]
}
