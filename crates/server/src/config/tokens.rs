//! `[tokens]`: access tokens.

use std::collections::BTreeMap;
use std::path::PathBuf;

use jotgate_jose::Algorithm;
use jotgate_wire::SecretText;
use serde::{Deserialize, Serialize};

use super::{Key, Legacy, Seconds};

/// Access tokens: how long they live, how they are signed, and whom they are for.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Tokens {
    /// Life of an access token; at most an hour.
    pub access_ttl: Seconds,
    /// The signature algorithm.
    pub algorithm: Algorithm,
    /// The `aud` of the tokens; the issuer when empty.
    pub audience: Vec<String>,
    /// The `client_id` of tokens from the first-party API (RFC 9068 §2.2).
    pub client_id: String,
    /// The secret of HS256, HS384 and HS512, at least as long as the hash. Better kept in the environment or a file.
    #[serde(skip_serializing)]
    pub secret: Option<SecretText>,
    /// A file that holds the secret instead.
    pub secret_file: Option<PathBuf>,
    /// The secret from before a change of `secret` or to a key pair: its tokens are taken until they expire.
    #[serde(skip_serializing)]
    pub previous_secret: Option<SecretText>,
    /// A file that holds that secret instead.
    pub previous_secret_file: Option<PathBuf>,
    /// Claims of the operator's own, each with the path in the account that it is made of.
    pub claims: BTreeMap<String, String>,
    /// Whether tokens say in `status` where a list says if their session has ended, and such lists are published.
    pub status_list: bool,
    /// Tokens of the application that this server takes over from.
    pub legacy: Legacy,
}

impl Default for Tokens {
    fn default() -> Self {
        Self {
            access_ttl: Seconds(600),
            algorithm: Algorithm::EdDsa,
            audience: Vec::new(),
            client_id: "jotgate".into(),
            secret: None,
            secret_file: None,
            previous_secret: None,
            previous_secret_file: None,
            claims: BTreeMap::new(),
            status_list: false,
            legacy: Legacy::default(),
        }
    }
}

pub(super) const KEYS: &[Key] = &[
    Key {
        path: "tokens.access_ttl",
        default: "\"10m\"",
        meaning: "life of an access token; above \"15m\" warns, above \"1h\" is refused",
    },
    Key {
        path: "tokens.algorithm",
        default: "\"EdDSA\"",
        meaning: "signature algorithm: EdDSA, ES256, ES384, ES512, RS256 … PS512, or HS256, HS384, HS512 with a secret",
    },
    Key { path: "tokens.audience", default: "[the issuer]", meaning: "`aud` of the tokens: the APIs they are for" },
    Key { path: "tokens.client_id", default: "\"jotgate\"", meaning: "`client_id` of tokens from the first-party API" },
    Key {
        path: "tokens.secret",
        default: "(none)",
        meaning: "secret of HS256, HS384 or HS512, at least as long as the hash; better as JOTGATE_TOKENS__SECRET",
    },
    Key { path: "tokens.secret_file", default: "(none)", meaning: "a file that holds the secret instead" },
    Key {
        path: "tokens.previous_secret",
        default: "(none)",
        meaning: "the secret from before a change of it, or of `tokens.algorithm`, for as long as `jotgate keys list` shows it",
    },
    Key { path: "tokens.previous_secret_file", default: "(none)", meaning: "a file that holds that secret instead" },
    Key {
        path: "tokens.claims",
        default: "{}",
        meaning: "further claims, each with what it is made of: `{ plan = \"app_metadata.plan\", locale = \"user_metadata.locale\" }`, or a section; a registered claim is refused, and people write their own user_metadata",
    },
    Key {
        path: "tokens.status_list",
        default: "false",
        meaning: "whether tokens have a `status` claim and ended sessions are published as Token Status Lists, for verifiers of other makes; sessions opened before it was set have none",
    },
];
