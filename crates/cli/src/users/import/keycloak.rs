//! Keycloak: an export of a realm with its users (`kc.sh export --users realm_file`), or a file of users beside it
//! (`…-users-0.json`). <https://www.keycloak.org/server/importExport>
//!
//! A credential has its parameters in `credentialData` and salt and output in `secretData`, both JSON in a text.

use jotgate_server::flows::Imported;
use serde::Deserialize;
use serde_json::Value;

use super::fields::Fields;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CredentialData {
    hash_iterations: u32,
    algorithm: String,
    #[serde(default)]
    additional_parameters: std::collections::BTreeMap<String, Vec<String>>,
}

#[derive(Deserialize)]
struct SecretData {
    value: String,
    salt: String,
}

pub(super) fn read(fields: &Fields) -> Result<Imported, String> {
    if fields.value("serviceAccountClientId").is_some() {
        return Err("is a service account".to_owned());
    }
    Ok(Imported {
        id: fields.uuid("id"),
        email: fields.email()?,
        email_verified: fields.flag("emailVerified")?.unwrap_or_default(),
        name: fields.full_name("firstName", "lastName")?,
        roles: Vec::new(),
        password_hash: password(fields)?,
        disabled: fields.flag("enabled")? == Some(false),
        created_at: fields.time("createdTimestamp")?,
    })
}

fn password(fields: &Fields) -> Result<Option<String>, String> {
    let Some(credentials) = fields.value("credentials").and_then(Value::as_array) else { return Ok(None) };
    let is_password = |credential: &&Value| credential.get("type").is_some_and(|kind| kind == "password");
    let Some(credential) = credentials.iter().find(is_password) else { return Ok(None) };
    let part = |name: &str| credential.get(name).and_then(Value::as_str).unwrap_or_default();
    let (Ok(data), Ok(secret)) =
        (serde_json::from_str(part("credentialData")), serde_json::from_str(part("secretData")))
    else {
        return Err("has a password whose `credentialData` or `secretData` cannot be read".to_owned());
    };
    phc_string(&data, &secret).map(Some)
}

/// The same hash in the PHC string format.
fn phc_string(data: &CredentialData, secret: &SecretData) -> Result<String, String> {
    let (iterations, value, salt) = (data.hash_iterations, unpadded(&secret.value), unpadded(&secret.salt));
    let parameter = |name: &str, default: &str| -> String {
        data.additional_parameters
            .get(name)
            .and_then(|values| values.first())
            .map_or(default, String::as_str)
            .to_owned()
    };
    let version = |text: &str| if text == "1.0" { "" } else { "v=19$" }.to_owned();
    match data.algorithm.as_str() {
        "pbkdf2" => Ok(format!("$pbkdf2-sha1$i={iterations}${salt}${value}")),
        "pbkdf2-sha256" => Ok(format!("$pbkdf2-sha256$i={iterations}${salt}${value}")),
        "pbkdf2-sha512" => Ok(format!("$pbkdf2-sha512$i={iterations}${salt}${value}")),
        "argon2" => Ok(format!(
            "$argon2{}${}m={},t={iterations},p={}${salt}${value}",
            parameter("type", "id"),
            version(&parameter("version", "1.3")),
            parameter("memory", "7168"),
            parameter("parallelism", "1"),
        )),
        other => {
            Err(format!("has a password hashed with `{}`, which does not verify here", crate::output::plain(other)))
        }
    }
}

fn unpadded(base64: &str) -> &str {
    base64.trim_end_matches('=')
}
