//! `[tokens.legacy]`: tokens of the hand-written application that this server takes over from.

use std::path::{Path, PathBuf};

use jiff::civil::Date;
use jotgate_jose::Algorithm;
use jotgate_jose::jwt::Predecessor;
use jotgate_wire::SecretText;
use serde::{Deserialize, Serialize};

use super::{Config, Key, secret};

/// Tokens of a predecessor, which forward authentication takes until a date. Off without a secret.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Legacy {
    /// The secret that its HS256 tokens are signed with. Better kept in the environment or a file.
    #[serde(skip_serializing)]
    pub secret: Option<SecretText>,
    /// A file that holds the secret instead.
    pub secret_file: Option<PathBuf>,
    /// From when on its tokens are refused: a day, as it begins in UTC, or a time of RFC 3339.
    pub until: Option<String>,
    /// The `iss` of its tokens; without it they have none.
    pub issuer: Option<String>,
    /// The `aud` of its tokens; without it they have none.
    pub audience: Option<String>,
    /// The claim that says whom a token is about.
    pub subject_claim: String,
    /// The claim with the address.
    pub email_claim: Option<String>,
    /// The claim with the name.
    pub name_claim: Option<String>,
    /// The claim with the roles.
    pub roles_claim: Option<String>,
}

impl Default for Legacy {
    fn default() -> Self {
        Self {
            secret: None,
            secret_file: None,
            until: None,
            issuer: None,
            audience: None,
            subject_claim: "sub".into(),
            email_claim: None,
            name_claim: None,
            roles_claim: None,
        }
    }
}

impl Legacy {
    /// What verifies the predecessor's tokens; nothing where none is configured. For a checked configuration it does not fail.
    pub(crate) fn predecessor(&self) -> Result<Option<Predecessor>, String> {
        let Some(secret) = &self.secret else { return Ok(None) };
        let predecessor = Predecessor::new(secret.expose().as_bytes(), end(self.until.as_deref())?);
        let mut predecessor = predecessor.map_err(|error| error.to_string())?.subject_claim(&self.subject_claim);
        if let Some(issuer) = &self.issuer {
            predecessor = predecessor.issuer(issuer);
        }
        if let Some(audience) = &self.audience {
            predecessor = predecessor.audience(audience);
        }
        if let Some(claim) = &self.email_claim {
            predecessor = predecessor.email_claim(claim);
        }
        if let Some(claim) = &self.name_claim {
            predecessor = predecessor.name_claim(claim);
        }
        if let Some(claim) = &self.roles_claim {
            predecessor = predecessor.roles_claim(claim);
        }
        Ok(Some(predecessor))
    }
}

/// Reads `secret_file` into `secret`, and refuses a secret that is weak or that our own tokens are signed with.
pub(super) fn load_secret(config: &mut Config) -> Result<(), String> {
    let base_dir = config.base_dir.clone();
    let legacy = &mut config.tokens.legacy;
    if let Some(file) = legacy.secret_file.take() {
        if legacy.secret.is_some() {
            return Err("stands beside `tokens.legacy.secret_file`; leave one of them out".into());
        }
        legacy.secret = Some(secret::read(&Path::new(&base_dir).join(file))?);
    }
    let tokens = &config.tokens;
    let Some(secret) = &tokens.legacy.secret else {
        let unused = tokens.legacy.until.is_none();
        return if unused {
            Ok(())
        } else {
            Err("is missing; set JOTGATE_TOKENS__LEGACY__SECRET to the old secret".into())
        };
    };
    let own = [&tokens.secret, &tokens.previous_secret];
    if own.into_iter().flatten().any(|own| own.expose() == secret.expose()) {
        return Err("is the secret of this server's own tokens; they must have another".into());
    }
    secret::strong(secret.expose(), Algorithm::Hs256).map_err(|weak| {
        format!(
            "{weak}. Whoever has one token can find such a secret out, so its tokens are not taken: people log in once"
        )
    })
}

/// The day has to be said, and our own tokens are never the predecessor's.
pub(super) fn check(config: &Config) -> Result<(), String> {
    let legacy = &config.tokens.legacy;
    if legacy.secret.is_none() {
        return Ok(());
    }
    end(legacy.until.as_deref())?;
    if legacy.issuer.as_deref() == Some(config.issuer.as_str()) {
        return Err(
            "`tokens.legacy.issuer` is this server's own issuer, whose tokens the old secret must never verify".into(),
        );
    }
    if legacy.subject_claim.is_empty() {
        return Err("`tokens.legacy.subject_claim` is empty; name the claim that says whom a token is about".into());
    }
    Ok(())
}

/// Seconds since 1970.
fn end(until: Option<&str>) -> Result<i64, String> {
    let until = until.unwrap_or_default();
    let is_day = until.len() == "2027-02-01".len() && until.parse::<Date>().is_ok();
    let day = is_day.then(|| format!("{until}T00:00:00Z"));
    let time = day.as_deref().unwrap_or(until).parse::<jiff::Timestamp>();
    time.map(jiff::Timestamp::as_second).map_err(|_| {
        format!("`tokens.legacy.until` is \"{until}\"; write the day from which on old tokens are refused, such as \"2027-02-01\"")
    })
}

pub(super) const KEYS: &[Key] = &[
    Key {
        path: "tokens.legacy.secret",
        default: "(none)",
        meaning: "HS256 secret of the application that this server takes over from: forward authentication takes its tokens until a date; better as JOTGATE_TOKENS__LEGACY__SECRET",
    },
    Key { path: "tokens.legacy.secret_file", default: "(none)", meaning: "a file that holds that secret instead" },
    Key {
        path: "tokens.legacy.until",
        default: "(none)",
        meaning: "the day (it begins in UTC) or time from which on those tokens are refused, such as \"2027-02-01\"",
    },
    Key {
        path: "tokens.legacy.issuer",
        default: "(none)",
        meaning: "`iss` that they have; without it, one that has an `iss` is refused",
    },
    Key {
        path: "tokens.legacy.audience",
        default: "(none)",
        meaning: "`aud` that they have; without it, one that has an `aud` is refused",
    },
    Key {
        path: "tokens.legacy.subject_claim",
        default: "\"sub\"",
        meaning: "claim that says whom such a token is about; a dot leads into an object, as in \"user.id\"",
    },
    Key {
        path: "tokens.legacy.email_claim",
        default: "(none)",
        meaning: "claim with the address, which counts as not verified",
    },
    Key { path: "tokens.legacy.name_claim", default: "(none)", meaning: "claim with the name" },
    Key { path: "tokens.legacy.roles_claim", default: "(none)", meaning: "claim with the roles, a text or a list" },
];

#[cfg(test)]
mod tests {
    use super::end;

    #[test]
    fn a_day_begins_in_utc_and_a_time_is_one() {
        for (text, expected) in [
            ("2027-02-01", 1_801_440_000),
            ("2027-02-01T12:00:00Z", 1_801_483_200),
            ("2027-02-01T12:00:00+02:00", 1_801_476_000),
        ] {
            assert_eq!(end(Some(text)), Ok(expected), "{text}");
        }
        for text in ["", "soon", "2027-02-30", "1801440000"] {
            assert!(end(Some(text)).unwrap_err().contains("such as \"2027-02-01\""), "{text}");
        }
    }
}
