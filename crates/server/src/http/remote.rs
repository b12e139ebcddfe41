//! `Remote-User`, `Remote-Email`, `Remote-Name` and `Remote-Groups`: who a request speaks for, to a program behind a proxy.
//!
//! All four are always there, empty where there is nothing to say: some proxies copy what they find and leave the client's
//! own header in place of what they do not.
//!
//! Programs read header values as ASCII, as Latin-1 or as UTF-8, so only ASCII is sent. What is not visible ASCII is
//! percent-encoded as UTF-8 (RFC 3986 §2.1), and `%` itself is; spaces stay within a value, not at its ends. In
//! `Remote-Groups` commas separate the roles, so a comma in a role is encoded, too.

use std::fmt::Write;

use axum::response::{AppendHeaders, IntoResponse, Response};
use http::{HeaderName, HeaderValue, StatusCode};

use crate::config::ForwardAuth;
use crate::tokens::check::Visitor;

const NAMES: [&str; 4] = ["remote-user", "remote-email", "remote-name", "remote-groups"];

/// 200 with the headers of this visitor; of nobody, where a request passes without one.
pub(super) fn granted(visitor: Option<&Visitor>, config: &ForwardAuth) -> Response {
    let values = visitor.map_or_else(Default::default, |visitor| values(visitor, config));
    let named = NAMES.map(HeaderName::from_static).into_iter().zip(values);
    // Every character is visible ASCII or a space, so each is a value.
    let headers =
        named.map(|(name, value)| (name, HeaderValue::from_str(&value).unwrap_or(HeaderValue::from_static(""))));
    (StatusCode::OK, AppendHeaders(headers)).into_response()
}

fn values(visitor: &Visitor, config: &ForwardAuth) -> [String; 4] {
    let email = visitor.email.as_deref().filter(|_| visitor.email_verified || config.unverified_email);
    let groups: Vec<_> = visitor.roles.iter().map(|role| encoded(role, ",")).collect();
    let name = visitor.name.as_deref().unwrap_or_default();
    [encoded(&visitor.subject, ""), encoded(email.unwrap_or_default(), ""), encoded(name, ""), groups.join(",")]
}

fn encoded(text: &str, reserved: &str) -> String {
    let mut written = String::with_capacity(text.len());
    let last = text.chars().count().saturating_sub(1);
    for (at, c) in text.chars().enumerate() {
        let space_inside = c == ' ' && at != 0 && at != last;
        if (c.is_ascii_graphic() || space_inside) && c != '%' && !reserved.contains(c) {
            written.push(c);
            continue;
        }
        for byte in c.encode_utf8(&mut [0; 4]).bytes() {
            let _ = write!(written, "%{byte:02X}");
        }
    }
    written
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn visitor() -> Visitor {
        Visitor {
            subject: "00000000-0000-0000-0000-000000000007".into(),
            scope: String::new(),
            email: Some("ada@bücher.example".into()),
            email_verified: true,
            name: Some("Ada Löwe".into()),
            roles: vec!["clerk".into(), "a,admin".into(), " padded".into()],
        }
    }

    fn header<'a>(response: &'a Response, name: &str) -> Vec<&'a str> {
        response.headers().get_all(name).iter().map(|value| value.to_str().unwrap()).collect()
    }

    #[test]
    fn a_caller_is_said_in_ascii() {
        let response = granted(Some(&visitor()), &ForwardAuth::default());
        assert_eq!(header(&response, "remote-user"), ["00000000-0000-0000-0000-000000000007"]);
        assert_eq!(header(&response, "remote-email"), ["ada@b%C3%BCcher.example"]);
        assert_eq!(header(&response, "remote-name"), ["Ada L%C3%B6we"]);
        assert_eq!(header(&response, "remote-groups"), ["clerk,a%2Cadmin,%20padded"]);
    }

    #[test]
    fn an_unverified_address_is_not_said_unless_configured() {
        let visitor = Visitor { email_verified: false, ..visitor() };
        assert_eq!(header(&granted(Some(&visitor), &ForwardAuth::default()), "remote-email"), [""]);
        let config = ForwardAuth { unverified_email: true, ..ForwardAuth::default() };
        assert_eq!(header(&granted(Some(&visitor), &config), "remote-email"), ["ada@b%C3%BCcher.example"]);
    }

    #[test]
    fn of_nobody_all_four_are_there_and_empty() {
        let response = granted(None, &ForwardAuth::default());
        for name in NAMES {
            assert_eq!(header(&response, name), [""], "{name}");
        }
    }

    fn decoded(text: &str) -> String {
        percent(text.as_bytes())
    }

    fn percent(text: &[u8]) -> String {
        let mut bytes = Vec::new();
        let mut rest = text;
        while let [first, tail @ ..] = rest {
            rest = tail;
            if *first == b'%' {
                let (digits, tail) = tail.split_at(2);
                bytes.push(u8::from_str_radix(std::str::from_utf8(digits).unwrap(), 16).unwrap());
                rest = tail;
            } else {
                bytes.push(*first);
            }
        }
        String::from_utf8(bytes).unwrap()
    }

    proptest! {
        #[test]
        fn every_text_becomes_a_value_and_comes_back(text in any::<String>()) {
            let written = encoded(&text, ",");
            prop_assert!(written.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' '));
            prop_assert!(!written.contains(',') && written.trim() == written);
            prop_assert_eq!(decoded(&written), text);
        }
    }
}
