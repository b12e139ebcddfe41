use proptest::prelude::*;

use super::{Email, InvalidEmail};

fn check(text: &str, expected: Result<&str, InvalidEmail>) {
    assert_eq!(Email::parse(text).as_ref().map(Email::key), expected.as_ref().copied(), "{text:?}");
}

#[test]
fn the_key_of_a_beginning_is_the_beginning_of_the_key() {
    for (beginning, whole) in [
        ("ADA", "ada@example.com"),
        ("ada@EX", "ada@example.com"),
        ("uＳER", "User@example.com"),
        ("JÖ", "jö@example.com"),
        ("a@bücher.example", "a@bücher.example"),
        ("", "a@example.com"),
    ] {
        let (beginning, whole) = (Email::key_of_beginning(beginning), Email::parse(whole).unwrap());
        assert!(whole.key().starts_with(&beginning), "{beginning} {}", whole.key());
    }
}

#[test]
fn the_key_is_in_lower_case_and_the_original_is_kept() {
    check("Ada.Lovelace@Example.COM", Ok("ada.lovelace@example.com"));
    assert_eq!(Email::parse("Ada@Example.COM").unwrap().display(), "Ada@Example.COM");
}

#[test]
fn the_local_part_is_compared_after_nfkc() {
    check("ＡＤＡ@example.com", Ok("ada@example.com"));
    check("e\u{301}@example.com", Ok("é@example.com"));
    check("É@example.com", Ok("é@example.com"));
    assert_eq!(Email::parse("ΣΣ@example.com"), Email::parse("σσ@example.com"));
}

#[test]
fn the_domain_is_compared_as_idna_labels() {
    check("ada@BÜCHER.example", Ok("ada@xn--bcher-kva.example"));
    check("ada@xn--BCHER-kva.example", Ok("ada@xn--bcher-kva.example"));
    check("ada@bücher。example", Ok("ada@xn--bcher-kva.example"));
}

#[test]
fn usual_addresses_of_unusual_form_are_accepted() {
    for text in ["a@b.co", "a+b@example.com", "o'brien@example.ie", "x_-/=?^`{|}~!#$%&*@example.org", "demo@localhost"]
    {
        check(text, Ok(text));
    }
}

#[test]
fn a_local_part_must_be_there_and_well_formed() {
    check("@example.com", Err(InvalidEmail::NoLocal));
    check(".a@example.com", Err(InvalidEmail::Dots));
    check("a.@example.com", Err(InvalidEmail::Dots));
    check("a..b@example.com", Err(InvalidEmail::Dots));
    check("\"a\"@example.com", Err(InvalidEmail::LocalCharacter));
    check("a,b@example.com", Err(InvalidEmail::LocalCharacter));
    check("Ada<ada@example.com", Err(InvalidEmail::LocalCharacter));
    check("a(b)@example.com", Err(InvalidEmail::LocalCharacter));
}

#[test]
fn a_domain_must_be_a_full_name() {
    check("a@", Err(InvalidEmail::NoDomain));
    check("a@example", Err(InvalidEmail::SingleLabel));
    check("a@example.com.", Err(InvalidEmail::Domain));
    check("a@.example.com", Err(InvalidEmail::Domain));
    check("a@exa_mple.com", Err(InvalidEmail::Domain));
    check("a@-example.com", Err(InvalidEmail::Domain));
    check("a@example..com", Err(InvalidEmail::Domain));
    check("a@xn--a.example", Err(InvalidEmail::Domain));
}

#[test]
fn ip_addresses_are_refused() {
    check("a@127.0.0.1", Err(InvalidEmail::IpAddress));
    check("a@[127.0.0.1]", Err(InvalidEmail::IpAddress));
    check("a@[IPv6:::1]", Err(InvalidEmail::IpAddress));
    check("a@１２７.0.0.１", Err(InvalidEmail::IpAddress));
}

#[test]
fn there_is_exactly_one_at() {
    check("", Err(InvalidEmail::Empty));
    check("ada", Err(InvalidEmail::NoAt));
    check("a@b@example.com", Err(InvalidEmail::SeveralAts));
    check("a＠b@example.com", Err(InvalidEmail::LocalCharacter));
    check("a．@example.com", Err(InvalidEmail::Dots));
}

#[test]
fn invisible_characters_are_refused() {
    for text in ["a b@example.com", " a@example.com", "a@example.com\n", "a\0@example.com", "a\u{200b}b@example.com"] {
        check(text, Err(InvalidEmail::Invisible));
    }
    check("a\u{a0}b@example.com", Err(InvalidEmail::Invisible));
}

#[test]
fn the_limits_of_rfc_5321_hold() {
    let local = "a".repeat(64);
    check(&format!("{local}@example.com"), Ok(&format!("{local}@example.com")));
    check(&format!("{local}a@example.com"), Err(InvalidEmail::LocalTooLong));
    let domain = format!("{}.{}.{}.com", "b".repeat(63), "c".repeat(63), "d".repeat(57));
    check(&format!("{local}@{domain}"), Ok(&format!("{local}@{domain}")));
    check(&format!("{local}@a.{domain}"), Err(InvalidEmail::TooLong));
    check(&"x".repeat(1_000_000), Err(InvalidEmail::TooLong));
}

#[test]
fn a_local_part_that_grows_over_the_limit_is_refused() {
    check("\u{fdfa}@example.com", Err(InvalidEmail::LocalCharacter));
    check(&format!("{}@example.com", "\u{fdfb}".repeat(20)), Err(InvalidEmail::LocalTooLong));
}

#[test]
fn debug_output_hides_the_address() {
    assert_eq!(format!("{:?}", Email::parse("ada@example.com").unwrap()), "Email(..)");
}

proptest! {
    #[test]
    fn a_key_is_its_own_key(text in "\\PC{1,20}@[a-zA-Zäöüßç]{1,12}\\.[a-z]{2,5}") {
        if let Ok(email) = Email::parse(&text) {
            let again = Email::parse(email.key()).unwrap();
            prop_assert_eq!(again.key(), email.key());
        }
    }

    #[test]
    fn no_text_makes_it_panic(text in any::<String>()) {
        let _ = Email::parse(&text);
    }
}
