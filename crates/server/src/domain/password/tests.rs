use super::{Password, PasswordHash, PasswordPolicy, PasswordTooLong, WeakPassword};
use crate::domain::email::Email;

fn weakness(text: &str, policy: PasswordPolicy) -> Option<WeakPassword> {
    let email = Email::parse("Ada.Lovelace@analytical.example").unwrap();
    policy.check(&Password::parse(text).unwrap(), &email, Some("Augusta King")).err()
}

fn check(text: &str, expected: Option<WeakPassword>) {
    assert_eq!(weakness(text, PasswordPolicy::default()), expected, "{text:?}");
}

/// With the shorter length that a second factor allows.
fn check_short(text: &str, expected: Option<WeakPassword>) {
    assert_eq!(weakness(text, PasswordPolicy { min_length: 8, max_length: 64 }), expected, "{text:?}");
}

#[test]
fn the_length_is_counted_in_code_points() {
    check("winding river 9", None);
    check("winding river ", Some(WeakPassword::TooShort { min: 15 }));
    check("äöü ßéè ñçø åæœ", None);
    check_short("tin kettle ", None);
    let long: String = "one kettle, two ravens; ".repeat(11).chars().take(256).collect();
    assert_eq!(weakness(&format!("x{long}"), PasswordPolicy::default()), Some(WeakPassword::TooLong { max: 256 }));
}

#[test]
fn good_passwords_of_every_kind_pass() {
    for text in [
        "correct horse battery staple",
        "xK9!vQ2#mW7$pL4",
        "il pleut sur la ville grise",
        "пароль из трёх слов и ещё",
        "augusta likes winding rivers",
        "ada: nine ravens fly",
        "11 blue whales sang 7 songs",
    ] {
        check(text, None);
    }
}

#[test]
fn a_few_repeated_characters_are_refused() {
    check("aaaaaaaaaaaaaaa", Some(WeakPassword::Repetition));
    check("abcabcabcabcabca", Some(WeakPassword::Repetition));
    check("xyxyxyxyxyxyxyx", Some(WeakPassword::Repetition));
}

#[test]
fn sequences_are_refused() {
    check("123456789012345", Some(WeakPassword::Sequence));
    check("987654321098765", Some(WeakPassword::Sequence));
    check("abcdefghijklmnop", Some(WeakPassword::Sequence));
    check("qwertyuiopasdfghjkl", Some(WeakPassword::Sequence));
    check("AAAAAbbbbbCCCCC", Some(WeakPassword::Sequence));
    check("abcdefgh12345678", Some(WeakPassword::Sequence));
}

#[test]
fn common_passwords_are_refused_also_in_disguise() {
    check_short("password", Some(WeakPassword::Common));
    check_short("Password123!", Some(WeakPassword::Common));
    check_short("iloveyou", Some(WeakPassword::Common));
    check("passwordpassword", Some(WeakPassword::Common));
    check("!!!sunshine2024!!!", Some(WeakPassword::Common));
    check("dragon 90210 90210", Some(WeakPassword::Common));
    check("sunshineprincess", Some(WeakPassword::Common));
    check("1Q2w3e4r5t6y7u8i9o0p", Some(WeakPassword::Common));
}

#[test]
fn the_persons_own_words_are_refused() {
    check("Ada.Lovelace@analytical.example", Some(WeakPassword::OwnWords));
    check("LovelaceAda2024", Some(WeakPassword::OwnWords));
    check("AugustaKing1815", Some(WeakPassword::OwnWords));
    check("jotgate-jotgate-1!", Some(WeakPassword::OwnWords));
    check("jotgate password", Some(WeakPassword::OwnWords));
}

#[test]
fn control_characters_are_refused() {
    check("winding river\0 nine", Some(WeakPassword::ControlCharacter));
    check("winding river\n nine", Some(WeakPassword::ControlCharacter));
}

#[test]
fn the_same_keys_give_the_same_password() {
    let bytes = |text: &str| Password::parse(text).unwrap().as_bytes().to_vec();
    assert_eq!(bytes("cafe\u{301}"), bytes("café"));
    assert_eq!(bytes("one\u{a0}two\u{3000}three"), b"one two three");
    assert_eq!(bytes("Pass Word"), b"Pass Word");
    assert_ne!(bytes("ｐａｓｓ"), bytes("pass"));
    assert_ne!(bytes("ﬁsh²"), bytes("fish2"));
}

#[test]
fn what_was_typed_is_kept_where_it_differs() {
    let typed = |text: &str| Password::parse(text).unwrap().as_typed().map(<[u8]>::to_vec);
    assert_eq!(typed("cafe\u{301}"), Some("cafe\u{301}".into()));
    assert_eq!(typed("café"), None);
    assert_eq!(typed("coffee"), None);
}

#[test]
fn a_giant_is_refused_before_any_work() {
    assert_eq!(Password::parse(&"x".repeat(4097)).err(), Some(PasswordTooLong));
    assert!(Password::parse(&"x".repeat(4096)).is_ok());
}

#[test]
fn the_longest_password_may_be_typed_in_pieces() {
    let pieces = Password::parse(&"\u{1112}\u{1161}\u{11ab}".repeat(256)).unwrap();
    assert_eq!(pieces.expose().chars().count(), 256);
}

#[test]
fn the_greatest_expansion_fits_without_moving() {
    let grown = Password::parse(&"\u{1d160}".repeat(1024)).unwrap();
    assert!(grown.as_bytes().len() <= 4096 * 3, "{}", grown.as_bytes().len());
}

#[test]
fn debug_output_hides_passwords_and_hashes() {
    assert_eq!(format!("{:?}", Password::parse("hunter2").unwrap()), "Password(..)");
    assert_eq!(format!("{:?}", PasswordHash::new("$argon2id$v=19$x")), "PasswordHash(..)");
}
