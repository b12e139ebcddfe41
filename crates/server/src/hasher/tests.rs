use ::argon2::password_hash::phc;
use ::argon2::{Argon2, PasswordVerifier};

use super::*;
use crate::random::SystemRandom;

mod others;
mod overloaded;

fn cheap() -> Passwords {
    Passwords { memory_kib: 64, iterations: 1, workers: 1, max_memory_mib: 32, ..Passwords::default() }
}

fn hasher(config: &Passwords) -> Hasher {
    Hasher::new(config, &SystemRandom).unwrap()
}

fn password(text: &str) -> Password {
    Password::parse(text).unwrap()
}

/// What a hash says of a password.
async fn verdict(hash: &str, text: &str) -> Verdict {
    hasher(&cheap()).verify(password(text), Some(&PasswordHash::new(hash))).await.unwrap()
}

#[tokio::test]
async fn right_wrong_and_unknown() {
    let hasher = hasher(&cheap());
    let hash = hasher.hash(password("correct horse battery"), &SystemRandom).await.unwrap();
    assert_eq!(hasher.verify(password("correct horse battery"), Some(&hash)).await, Ok(Verdict::Right));
    assert_eq!(hasher.verify(password("correct horse batterz"), Some(&hash)).await, Ok(Verdict::Wrong));
    assert_eq!(hasher.verify(password("correct horse battery"), None).await, Ok(Verdict::Wrong));
}

#[tokio::test]
async fn other_parameters_still_verify_and_ask_for_a_new_hash() {
    let old = hasher(&cheap()).hash(password("correct horse battery"), &SystemRandom).await.unwrap();
    for today in [Passwords { memory_kib: 128, ..cheap() }, Passwords { iterations: 2, ..cheap() }] {
        let today = hasher(&today);
        assert_eq!(today.verify(password("correct horse battery"), Some(&old)).await, Ok(Verdict::RightButOutdated));
        assert_eq!(today.verify(password("something else"), Some(&old)).await, Ok(Verdict::Wrong));
    }
}

/// Whoever has such a row is refused like everybody who is unknown, and not with an error that tells them apart.
#[tokio::test]
async fn a_damaged_row_is_nobodys_password() {
    for text in ["", "$", "$argon2id$", "$argon2id$v=19$m=8,t=1,p=1$AAAA", "é", "\0", "plain text"] {
        assert_eq!(verdict(text, "x").await, Verdict::Wrong, "{text}");
    }
}

/// The string carries all that another implementation needs to verify it.
#[tokio::test]
async fn the_string_is_that_of_other_implementations() {
    let hash = hasher(&cheap()).hash(password("correct horse battery"), &SystemRandom).await.unwrap();
    let parsed = phc::PasswordHash::new(hash.as_str()).unwrap();
    assert!(Argon2::default().verify_password(b"correct horse battery", &parsed).is_ok());
}

#[tokio::test]
async fn every_byte_of_a_password_counts() {
    let hasher = hasher(&cheap());
    let long = "x".repeat(72);
    for (right, wrong) in [
        (format!("{long}a"), format!("{long}b")),
        ("a\0b".to_owned(), "a\0c".to_owned()),
        ("y".repeat(4095) + "a", "y".repeat(4095) + "b"),
        ("Straße".to_owned(), "Strasse".to_owned()),
    ] {
        let hash = hasher.hash(password(&right), &SystemRandom).await.unwrap();
        assert_eq!(hasher.verify(password(&right), Some(&hash)).await, Ok(Verdict::Right));
        assert_eq!(hasher.verify(password(&wrong), Some(&hash)).await, Ok(Verdict::Wrong));
    }
}

#[tokio::test]
async fn accents_composed_or_not_are_one_password() {
    let hasher = hasher(&cheap());
    let hash = hasher.hash(password("cafe\u{301} crème"), &SystemRandom).await.unwrap();
    assert_eq!(hasher.verify(password("café crème"), Some(&hash)).await, Ok(Verdict::Right));
    assert_eq!(hasher.verify(password("café cre\u{300}me"), Some(&hash)).await, Ok(Verdict::Right));
}

/// Another system hashed what came: here `ä` as two code points, which is not how we hash it.
#[tokio::test]
async fn what_another_system_hashed_as_it_was_typed_verifies() {
    let hash = bcrypt_of("sta\u{308}ple");
    assert_eq!(verdict(&hash, "sta\u{308}ple").await, Verdict::RightButOutdated);
    let hash = bcrypt_of("stäple");
    assert_eq!(verdict(&hash, "stäple").await, Verdict::RightButOutdated);
    assert_eq!(verdict(&hash, "sta\u{308}ple").await, Verdict::RightButOutdated);
    // With our own parameters, but of the other form: it has to become ours.
    let typed = "sta\u{308}ple";
    let recipe = recipe(&hasher(&cheap()).params, b"a salt of sixteen");
    let mut output = [0; OUTPUT_BYTES];
    recipe.compute(typed.as_bytes(), &mut output, &mut Vec::new()).unwrap();
    let hash = phc_string(&recipe.params, &recipe.salt, &output);
    assert_eq!(verdict(hash.as_str(), typed).await, Verdict::RightButOutdated);
}

/// bcrypt sees 72 bytes. What follows may be mistyped and it would not notice, so such a hash stays.
#[tokio::test]
async fn bcrypt_is_replaced_only_when_it_saw_the_whole_password() {
    let (seen, cut) = ("x".repeat(72), "x".repeat(73));
    assert_eq!(verdict(&bcrypt_of(&seen), &seen).await, Verdict::RightButOutdated);
    assert_eq!(verdict(&bcrypt_of(&cut), &cut).await, Verdict::Right);
    assert_eq!(verdict(&bcrypt_of(&cut), &"x".repeat(71)).await, Verdict::Wrong);
}

/// Its key is repeated with a NUL between, so that these are one to it.
#[tokio::test]
async fn bcrypt_takes_no_password_with_a_nul() {
    assert_eq!(verdict(&bcrypt_of("a"), "a").await, Verdict::RightButOutdated);
    assert_eq!(verdict(&bcrypt_of("a"), "a\0a").await, Verdict::Wrong);
    assert_eq!(verdict(&bcrypt_of(""), "\0").await, Verdict::Wrong);
}

#[test]
fn memory_bounds_the_workers_and_what_is_imported() {
    let bounds = |memory_kib, workers, max_memory_mib| {
        let config = Passwords { memory_kib, workers, max_memory_mib, ..cheap() };
        let bounds = bounds(&config, &Params::new(memory_kib, 1, 1, None).unwrap());
        (bounds.workers, bounds.spare_kib)
    };
    assert_eq!(bounds(19 * 1024, 2, 512), (2, 474 * 1024));
    assert_eq!(bounds(19 * 1024, 64, 64), (3, 7 * 1024));
    assert_eq!(bounds(64 * 1024, 2, 64), (1, 0));
}

#[test]
fn a_hash_that_needs_more_than_is_spare_is_refused() {
    let hash = PasswordHash::new("$scrypt$ln=15,r=8,p=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
    assert!(matches!(hasher(&cheap()).check(&hash), Err(Unusable::Memory { needed_kib: 32_769, .. })));
    assert_eq!(hasher(&Passwords { max_memory_mib: 64, ..cheap() }).check(&hash), Ok(()));
}

fn bcrypt_of(text: &str) -> String {
    ::bcrypt::hash_with_salt(text, 4, *b"sixteen bytes ok").unwrap().format_for_version(::bcrypt::Version::TwoB)
}
