//! Firebase: `firebase auth:export users.json --format=json`, an object with a list of `users`, and the project's parameters
//! of its scrypt as the console shows them. <https://firebase.google.com/docs/cli/auth>

use jotgate_server::flows::Imported;
use zeroize::Zeroizing;

use super::fields::Fields;

/// The longest file of parameters, in bytes.
pub(super) const MAX_HASH_CONFIG: usize = 64 * 1024;

/// A project's parameters. The signer key is a secret, since the hashes are worth nothing without it.
pub(super) struct HashConfig {
    signer_key: Zeroizing<String>,
    salt_separator: String,
    rounds: u32,
    mem_cost: u32,
}

impl std::fmt::Debug for HashConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("HashConfig(..)")
    }
}

impl HashConfig {
    /// Reads `hash_config { algorithm: SCRYPT, base64_signer_key: …, base64_salt_separator: …, rounds: 8, mem_cost: 14, }`.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let value = |name: &str| {
            let pairs = text.split(['\n', ',', '{', '}']).filter_map(|pair| pair.split_once(':'));
            let mut found =
                pairs.filter(|(key, _)| key.trim() == name).map(|(_, value)| value.trim().trim_matches('"'));
            found.next().ok_or_else(|| format!("the hash parameters of Firebase have no `{name}`"))
        };
        let number = |name: &str| {
            value(name)?.parse().map_err(|_| format!("`{name}` of Firebase's hash parameters is no number"))
        };
        if value("algorithm")? != "SCRYPT" {
            return Err("Firebase's hash parameters are not those of SCRYPT".to_owned());
        }
        Ok(Self {
            signer_key: Zeroizing::new(value("base64_signer_key")?.to_owned()),
            salt_separator: value("base64_salt_separator")?.to_owned(),
            rounds: number("rounds")?,
            mem_cost: number("mem_cost")?,
        })
    }

    /// The hash in the form that carries its parameters.
    fn hash(&self, salt: &str, output: &str) -> String {
        let Self { signer_key, salt_separator, rounds, mem_cost } = self;
        format!("$fbscrypt$v=1,n={mem_cost},r={rounds},p=1,ss={salt_separator},sk={}${salt}${output}", **signer_key)
    }
}

pub(super) fn read(fields: &Fields, config: &HashConfig) -> Result<Imported, String> {
    let password_hash = match (fields.text("salt")?, fields.text("passwordHash")?) {
        (Some(salt), Some(output)) => Some(config.hash(salt, output)),
        (None, Some(_)) => {
            return Err("has a `passwordHash` without a `salt`, so that it is not of Firebase's scrypt".to_owned());
        }
        _ => None,
    };
    Ok(Imported {
        id: None,
        email: fields.email()?,
        email_verified: fields.flag("emailVerified")?.unwrap_or_default(),
        name: fields.text("displayName")?.map(str::to_owned),
        roles: Vec::new(),
        password_hash,
        disabled: fields.flag("disabled")?.unwrap_or_default(),
        created_at: fields.time("createdAt")?,
    })
}
