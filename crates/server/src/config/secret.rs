//! Secrets of the configuration: read from their files, and refused when they are weak or well known.

use std::path::Path;

use jotgate_jose::{Algorithm, SigningKey};
use jotgate_wire::SecretText;

use super::{Config, Tokens};

/// Secrets that stand in tutorials, documentation and example files, in lower case: an attacker tries these first.
const WELL_KNOWN_SECRETS: &[&str] = &[
    "secret",
    "your-256-bit-secret",
    "your-384-bit-secret",
    "your-512-bit-secret",
    "a-string-secret-at-least-256-bits-long",
    "a-valid-string-secret-that-is-at-least-512-bits-long-which-is-very-long",
    "changeme",
    "change-me",
    "change_me",
    "supersecret",
    "super-secret",
    "super_secret",
    "mysecret",
    "my-secret",
    "my_secret",
    "mysecretkey",
    "my-secret-key",
    "my_secret_key",
    "jwtsecret",
    "jwt-secret",
    "jwt_secret",
    "jwt_secret_key",
    "jwt-secret-key",
    "secretkey",
    "secret-key",
    "secret_key",
    "shhhhh",
    "password",
    "token",
    "access_token_secret",
    "refresh_token_secret",
    "keyboard cat",
    "somesecret",
    "topsecret",
    "top-secret",
    "test",
    "example",
    "your_jwt_secret",
    "your-jwt-secret",
    "your_secret_key",
    "your-secret-key",
    "yoursecretkey",
    "notasecret",
    "default",
    "django-insecure",
];

/// Reads `secret_file` into `secret`, and refuses a secret that is short, well known or plainly not random.
pub(super) fn load(config: &mut Config) -> Result<(), String> {
    let algorithm = config.tokens.algorithm;
    if let Some(file) = config.tokens.secret_file.take() {
        if config.tokens.secret.is_some() {
            return Err("stands beside `tokens.secret_file`; leave one of them out".into());
        }
        config.tokens.secret = Some(read(&config.base_dir.join(file))?);
    }
    match (&config.tokens.secret, algorithm.is_symmetric()) {
        (None, false) => Ok(()),
        (None, true) => Err(format!(
            "is missing; {} needs one: set JOTGATE_TOKENS__SECRET to the output of `openssl rand -hex 64`",
            algorithm.name()
        )),
        (Some(_), false) => Err(format!(
            "is set, but {} signs with a key pair; leave it out or set `tokens.algorithm` to HS256",
            algorithm.name()
        )),
        (Some(secret), true) => strong(secret.expose(), algorithm),
    }
}

/// The secret of tokens that are still about; the same file and the same strength.
pub(super) fn load_previous(tokens: &mut Tokens, base_dir: &Path) -> Result<(), String> {
    if let Some(file) = tokens.previous_secret_file.take() {
        if tokens.previous_secret.is_some() {
            return Err("stands beside `tokens.previous_secret_file`; leave one of them out".into());
        }
        tokens.previous_secret = Some(read(&base_dir.join(file))?);
    }
    match &tokens.previous_secret {
        Some(secret) if tokens.secret.as_ref().is_some_and(|present| present.expose() == secret.expose()) => {
            Err("is the same as `tokens.secret`; leave it out".into())
        }
        Some(secret) => strong(secret.expose(), Algorithm::Hs256),
        None => Ok(()),
    }
}

/// The password for the mail server.
pub(super) fn load_mail_password(config: &mut Config) -> Result<(), String> {
    let Some(file) = config.mail.password_file.take() else { return Ok(()) };
    if config.mail.password.is_some() {
        return Err("stands beside `mail.password_file`; leave one of them out".into());
    }
    config.mail.password = Some(read(&config.base_dir.join(file))?);
    Ok(())
}

pub(super) fn read(file: &Path) -> Result<SecretText, String> {
    let text =
        std::fs::read_to_string(file).map_err(|error| format!("`{}` cannot be read: {error}", file.display()))?;
    Ok(SecretText::from(text.trim_end_matches(['\r', '\n']).to_owned()))
}

pub(super) fn strong(secret: &str, algorithm: Algorithm) -> Result<(), String> {
    const MEND: &str = "use the output of `openssl rand -hex 64`";
    let normal = secret.trim().to_ascii_lowercase();
    if WELL_KNOWN_SECRETS.contains(&normal.as_str()) || is_padded_well_known(&normal) {
        return Err(format!("is a well-known example secret; {MEND}"));
    }
    SigningKey::hmac(algorithm, secret.as_bytes()).map_err(|error| format!("is too weak ({error}); {MEND}"))?;
    let distinct = secret.bytes().collect::<std::collections::BTreeSet<_>>().len();
    if distinct < 10 {
        return Err(format!("can be guessed: {distinct} different characters in all; {MEND}"));
    }
    Ok(())
}

/// An example secret repeated, or stretched with digits and punctuation, is as well known as the example itself.
fn is_padded_well_known(secret: &str) -> bool {
    let is_filler = |c: char| c.is_ascii_digit() || c.is_ascii_punctuation() || c.is_whitespace();
    let core = secret.trim_matches(is_filler);
    WELL_KNOWN_SECRETS.iter().any(|known| {
        let repeated = !core.is_empty() && core.split(*known).all(|rest| rest.chars().all(is_filler));
        core == known.trim_matches(is_filler) || repeated
    })
}
