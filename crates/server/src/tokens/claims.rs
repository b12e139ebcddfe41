//! Claims of the operator's own: which of them there are, and what of an account each is made of.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::domain::metadata::Metadata;
use crate::domain::user::User;

/// Claims that no mapping may set: what the server itself says in a token, and what decides about one (RFC 7519 §4.1, RFC 9068
/// §2.2, RFC 8693 §4, RFC 7800 §3.1, OpenID Connect Core 1.0 §2).
const RESERVED: &[&str] = &[
    "iss",
    "sub",
    "aud",
    "exp",
    "nbf",
    "iat",
    "jti",
    "client_id",
    "sid",
    "scope",
    "scp",
    "auth_time",
    "email",
    "email_verified",
    "name",
    "roles",
    "status",
    "cnf",
    "act",
    "may_act",
    "azp",
    "acr",
    "amr",
    "nonce",
    "at_hash",
    "c_hash",
    "events",
    "toe",
    "txn",
    "sub_id",
    "vot",
    "vtm",
];

/// Claims that say what somebody may do (RFC 9068 §2.2.3.1, RFC 9396 §9.1), and so are not for people themselves to write.
const RIGHTS: &[&str] = &["role", "groups", "entitlements", "permissions", "authorization_details"];

/// Where a claim comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Source {
    AppMetadata(Vec<String>),
    UserMetadata(Vec<String>),
    CreatedAt,
}

/// The claims that are made of an account besides the server's own, each with where it comes from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ClaimSources(Vec<(String, Source)>);

impl ClaimSources {
    /// Reads the mapping of the configuration: the name of a claim, and a path such as `app_metadata.plan.name`.
    ///
    /// An error says what is wrong, and with which claim.
    pub(crate) fn parse(mapping: &BTreeMap<String, String>) -> Result<Self, String> {
        let sources = mapping.iter().map(|(claim, path)| Ok((claim.clone(), source(claim, path)?)));
        sources.collect::<Result<_, String>>().map(Self)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The claims of an account. What it has nothing for, or `null`, is left out.
    pub(crate) fn of(&self, user: &User) -> Map<String, Value> {
        let (app, own) = (user.app_metadata.members(), user.user_metadata.members());
        let made = self.0.iter().filter_map(|(claim, source)| {
            let value = match source {
                Source::AppMetadata(path) => at(&app, path)?,
                Source::UserMetadata(path) => at(&own, path)?,
                Source::CreatedAt => Value::from(user.created_at.seconds()),
            };
            Some((claim.clone(), value))
        });
        made.collect()
    }
}

fn source(claim: &str, path: &str) -> Result<Source, String> {
    if claim.is_empty() || claim.len() > 200 || claim.chars().any(char::is_control) {
        return Err(format!("`{claim}` is no name of a claim"));
    }
    if RESERVED.contains(&claim) {
        return Err(format!("the claim `{claim}` is the server's own or decides about a token, and cannot be set"));
    }
    let (root, rest) = path.split_once('.').unwrap_or((path, ""));
    let members: Vec<_> = rest.split('.').map(str::to_owned).collect();
    let is_path = members.len() < Metadata::MAX_DEPTH && members.iter().all(|member| !member.is_empty());
    match root {
        "app_metadata" if is_path => Ok(Source::AppMetadata(members)),
        "user_metadata" if is_path && RIGHTS.contains(&claim) => {
            Err(format!("the claim `{claim}` says what somebody may do, and everyone writes their own user_metadata"))
        }
        "user_metadata" if is_path => Ok(Source::UserMetadata(members)),
        "created_at" if rest.is_empty() => Ok(Source::CreatedAt),
        _ => Err(format!(
            "the claim `{claim}` cannot be made of `{path}`; write app_metadata.NAME, user_metadata.NAME (deeper with more dots) or created_at"
        )),
    }
}

fn at(members: &Map<String, Value>, path: &[String]) -> Option<Value> {
    let (last, parents) = path.split_last()?;
    let parent = parents.iter().try_fold(members, |members, name| members.get(name)?.as_object())?;
    parent.get(last).filter(|value| !value.is_null()).cloned()
}

#[cfg(test)]
mod tests {
    use jotgate_jose::danger;
    use serde_json::json;

    use super::*;
    use crate::app::App;
    use crate::config::{Config, Role};
    use crate::domain::email::Email;
    use crate::domain::password::Password;
    use crate::domain::user::{DisplayName, sample};
    use crate::flows::{self, Device, LogIn, NewUser};

    const PASSWORD: &str = "a long enough pass phrase";

    fn parse(claim: &str, path: &str) -> Result<ClaimSources, String> {
        ClaimSources::parse(&[(claim.to_owned(), path.to_owned())].into())
    }

    #[test]
    fn no_claim_of_the_servers_own_can_be_set() {
        for claim in RESERVED {
            let said = parse(claim, "app_metadata.x").unwrap_err();
            assert!(said.contains(&format!("`{claim}`")), "{said}");
        }
        for claim in RIGHTS {
            assert!(parse(claim, "user_metadata.x").unwrap_err().contains(claim));
            assert!(parse(claim, "app_metadata.x").is_ok());
        }
    }

    /// Whoever adds a claim to the server's own tokens is reminded that no mapping may set it.
    #[tokio::test]
    async fn every_claim_of_a_token_is_reserved() {
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config::new("https://auth.example.com").unwrap();
        folder.path().clone_into(&mut config.base_dir);
        (config.passwords.memory_kib, config.passwords.iterations) = (8 * 1024, 1);
        config.tokens.status_list = true;
        config.roles.insert("all".into(), Role { scopes: vec!["profile".into()], everyone: true });
        let app = App::open(config).await.unwrap();
        let (email, password) = (Email::parse("ada@example.com").unwrap(), Password::parse(PASSWORD).unwrap());
        let name = Some(DisplayName::parse("Ada").unwrap());
        let new = NewUser { name, roles: vec!["clerk".into()], ..NewUser::new(email.clone(), Some(password.clone())) };
        flows::create_user(&app, &flows::By::command_line(), new).await.unwrap();
        let log_in = LogIn { email: Some(email), password: Some(password) };
        let grant = flows::login(&app, log_in, Device::default()).await.unwrap().grant;
        let claims = danger::decode(grant.access_token.expose()).unwrap().claims;
        let claims = claims.as_object().unwrap();
        assert_eq!(claims.len(), 15, "every member that there can be: {claims:?}");
        assert!(claims.keys().all(|name| RESERVED.contains(&name.as_str())), "{claims:?}");
    }

    #[test]
    fn a_source_is_metadata_or_a_field_of_the_account() {
        for path in ["app_metadata.a", "user_metadata.a.b.c", "created_at"] {
            assert!(parse("https://example.com/x", path).is_ok(), "{path}");
        }
        for path in
            ["", "app_metadata", "app_metadata.", "app_metadata..a", "created_at.x", "password_hash", "metadata.a"]
        {
            assert!(parse("x", path).unwrap_err().contains("`x` cannot be made of"), "{path}");
        }
        assert!(parse("", "created_at").is_err());
        assert!(parse("x", &format!("app_metadata{}", ".a".repeat(8))).is_err());
    }

    #[test]
    fn claims_are_what_the_metadata_has_there() {
        let mut user = sample::user();
        let object = |value: Value| value.as_object().cloned().unwrap_or_default();
        user.app_metadata = Metadata::new(object(json!({"plan": {"name": "pro"}, "n": 1, "no": null}))).unwrap();
        user.user_metadata = Metadata::new(object(json!({"plan": {"name": "mine"}, "locale": "de"}))).unwrap();
        let mapping = [
            ("plan", "app_metadata.plan.name"),
            ("all", "app_metadata.plan"),
            ("n", "app_metadata.n"),
            ("no", "app_metadata.no"),
            ("deeper", "app_metadata.n.x"),
            ("locale", "user_metadata.locale"),
            ("since", "created_at"),
        ];
        let mapping = mapping.map(|(claim, path)| (claim.to_owned(), path.to_owned()));
        let made = ClaimSources::parse(&mapping.into()).unwrap().of(&user);
        let expected =
            json!({"plan": "pro", "all": {"name": "pro"}, "n": 1, "locale": "de", "since": user.created_at.seconds()});
        assert_eq!(Value::Object(made), expected);
    }
}
