use std::path::Path;

use super::{Config, Seconds, reference};

const LEAST: &str = "issuer = \"https://auth.example.com\"\n";

fn load(text: &str, environment: &[(&str, &str)]) -> Result<Config, String> {
    let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Config::load(text, environment, Path::new(".")).map_err(|error| error.to_string())
}

fn refusal(text: &str) -> String {
    load(text, &[]).expect_err("refused")
}

#[test]
fn one_line_is_enough() {
    let config = load(LEAST, &[]).unwrap();
    assert_eq!(config.http.listen, "127.0.0.1:4400");
    assert_eq!(config.tokens.access_ttl, Seconds(600));
    assert!(config.warnings.is_empty(), "{:?}", config.warnings);
}

#[test]
fn unknown_keys_are_refused_with_line_and_nearest() {
    let said = refusal("issuer = \"https://a.example\"\n[http]\nlissen = \"x\"\n[tokens]\naccess_tl = \"5m\"\n");
    assert!(said.contains("line 3: `http.lissen`: is not a known key; did you mean `http.listen`?"), "{said}");
    assert!(
        said.contains("line 5: `tokens.access_tl`: is not a known key; did you mean `tokens.access_ttl`?"),
        "{said}"
    );
    let said = refusal("isuer = \"https://a.example\"");
    assert!(said.contains("did you mean `issuer`?"), "{said}");
    let said = refusal("issuer = \"https://a.example\"\nlisten = \"127.0.0.1:1\"\n");
    assert!(said.contains("did you mean `http.listen`?"), "{said}");
    let said = refusal("issuer = \"https://a.example\"\n[htp]\nlisten = \"127.0.0.1:1\"\n");
    assert!(said.contains("line 2: `htp`: is not a known key; did you mean `http`?"), "{said}");
    let said = refusal("issuer = \"https://a.example\"\ncompletely_other = 1\n");
    assert!(said.contains("config reference"), "{said}");
}

#[test]
fn wrong_types_name_the_key_and_line() {
    let said = refusal("issuer = \"https://a.example\"\n[tokens]\naccess_ttl = 600\n");
    assert!(said.starts_with("line 3: `tokens.access_ttl`: "), "{said}");
    let said = refusal("issuer = \"https://a.example\"\n[tokens]\naccess_ttl = \"soon\"\n");
    assert!(said.starts_with("line 3: `tokens.access_ttl`: `soon` is not a duration"), "{said}");
    let said = refusal("issuer = \n");
    assert!(said.starts_with("line 1: not valid TOML"), "{said}");
    let said = refusal("issuer = \"https://a.example\"\nhttp = 3\n");
    assert!(said.contains("line 2: `http`: is a section"), "{said}");
}

#[test]
fn a_secret_of_the_wrong_type_is_not_repeated() {
    for key in ["tokens.secret", "keys.master_key"] {
        let said = refusal(&format!("{LEAST}{key} = 73849201746382910\n"));
        assert!(said.contains("must be a text in quotes") && !said.contains("73849201746382910"), "{said}");
    }
}

#[test]
fn the_environment_wins_and_is_checked() {
    let config =
        load(LEAST, &[("JOTGATE_HTTP__LISTEN", "0.0.0.0:9"), ("JOTGATE_TOKENS__AUDIENCE", "https://a, https://b")]);
    let config = config.unwrap();
    assert_eq!(config.http.listen, "0.0.0.0:9");
    assert_eq!(config.tokens.audience, ["https://a", "https://b"]);
    let config = load("", &[("JOTGATE_ISSUER", "https://e.example"), ("JOTGATE_THROTTLE__ENABLED", "false")]).unwrap();
    assert!(!config.throttle.enabled);
    let said = load(LEAST, &[("JOTGATE_HTTP__LISSEN", "x")]).unwrap_err();
    assert!(said.contains("`JOTGATE_HTTP__LISSEN`: is not a known key; did you mean `http.listen`?"), "{said}");
    let said = load(LEAST, &[("JOTGATE_PASSWORDS__WORKERS", "many")]).unwrap_err();
    assert!(said.starts_with("`JOTGATE_PASSWORDS__WORKERS`: sets `passwords.workers`, and "), "{said}");
    let said =
        load("issuer = \"https://a.example\"\n[http]\nlisten = \"[::]:1\"\n", &[("JOTGATE_HTTP__LISTEN", "bad")]);
    assert!(said.unwrap_err().starts_with("`http.listen (JOTGATE_HTTP__LISTEN)`: `bad` is not an address"));
    assert!(load(LEAST, &[("JOTGATE_SERVICE_HOST", "10.0.0.1"), ("HOME", "/")]).is_ok());
}

#[test]
fn a_secret_of_digits_stays_a_text() {
    let digits = "73849201746382910564738291056473829105647382";
    let config = load(LEAST, &[("JOTGATE_TOKENS__SECRET", digits), ("JOTGATE_TOKENS__ALGORITHM", "HS256")]);
    assert!(config.is_ok(), "{config:?}");
    assert!(!format!("{config:?}").contains(digits));
}

#[test]
fn dangerous_settings_are_refused_with_what_to_change() {
    for (extra, expected) in [
        ("[tokens]\naccess_ttl = \"2h\"", "line 3: `tokens.access_ttl`: 2h is longer than an hour"),
        ("[tokens]\naccess_ttl = \"0s\"", "at least 1"),
        ("[tokens]\nalgorithm = \"HS256\"", "`tokens.secret`: is missing; HS256 needs one"),
        ("[tokens]\nalgorithm = \"HS256\"\nsecret = \"your-256-bit-secret\"", "well-known example secret"),
        (
            "[tokens]\nalgorithm = \"HS256\"\nsecret = \"secretsecretsecretsecretsecretsecret\"",
            "well-known example secret",
        ),
        (
            "[tokens]\nalgorithm = \"HS256\"\nsecret = \"a-string-secret-at-least-256-bits-long\"",
            "well-known example secret",
        ),
        ("[tokens]\nalgorithm = \"HS256\"\nsecret = \"kX9vQ2mZ7rT4\"", "too weak"),
        ("[tokens]\nalgorithm = \"HS256\"\nsecret = \"abababababababababababababababababab\"", "different characters"),
        ("[tokens]\nsecret = \"kX9vQ2mZ7rT4wB6nL1pS8dF3gH5jK0aYuEiOcVtR\"", "EdDSA signs with a key pair"),
        ("[tokens]\nalgorithm = \"none\"", "line 3: `tokens.algorithm`"),
        ("[tokens.legacy]\nuntil = \"2027-02-01\"", "`tokens.legacy.secret`: is missing"),
        ("[tokens.legacy]\nsecret = \"shhhhh\"", "people log in once"),
        (
            "[tokens.legacy]\nsecret = \"kX9vQ2mZ7rT4wB6nL1pS8dF3gH5jK0aY\"",
            "`tokens.legacy.until` is \"\"; write the day",
        ),
        (
            "[tokens.legacy]\nsecret = \"kX9vQ2mZ7rT4wB6nL1pS8dF3gH5jK0aY\"\nuntil = \"2027-02-01\"\nissuer = \"https://auth.example.com\"",
            "this server's own issuer",
        ),
        (
            "[tokens]\nalgorithm = \"HS256\"\nsecret = \"kX9vQ2mZ7rT4wB6nL1pS8dF3gH5jK0aY\"\n[tokens.legacy]\nsecret = \"kX9vQ2mZ7rT4wB6nL1pS8dF3gH5jK0aY\"\nuntil = \"2027-02-01\"",
            "is the secret of this server's own tokens",
        ),
        ("[tokens.legacy]\nsecrets = \"x\"", "did you mean `tokens.legacy.secret`?"),
        ("[tls]\ncertificate = \"cert.pem\"", "`tls.key`: is missing"),
        ("[http]\nallowed_origins = [\"https://shop.example.com/\"]", "write \"https://shop.example.com\""),
        ("[http]\nallowed_origins = [\"*\"]", "is not an origin"),
        ("[http]\nlisten = \"4400\"", "is not an address and port"),
        ("[http]\ntrusted_proxies = [\"proxy\"]", "line 3: `http.trusted_proxies`: `proxy` is not a network"),
        ("[http]\ntrusted_proxies = [\"0.0.0.0/0\"]", "is everybody"),
        ("[http]\nproxy_header = \"X-Real-IP\"", "line 3: `http.proxy_header`"),
        ("[forward_auth]\nlogin_url = \"/login\"", "`forward_auth.login_url`: `/login` is not a URL"),
        ("[forward_auth]\nlogin_url = \"http://example.com/login\"", "must be https"),
        ("[forward_auth]\nlogin_url = \"javascript:alert(1)\"", "must be https"),
        ("[forward_auth]\norigins = [\"*.example.com\"]", "is not an origin"),
        (
            "[tokens]\nstatus_list = true\nalgorithm = \"HS256\"\nsecret = \"kX9vQ2mZ7rT4wB6nL1pS8dF3gH5jK0aYuEiOcVtR\"",
            "nobody else can verify",
        ),
        ("[sessions]\nretry_window = \"10m\"", "at most 5m"),
        ("[sessions]\nabsolute_ttl = \"1d\"", "shorter than its `idle_ttl`"),
        ("[clients.shop]\nretry_window = \"10m\"", "line 3: `clients.shop.retry_window`: 10m is too long"),
        (
            "[clients.shop]\nabsolute_ttl = \"1d\"",
            "line 3: `clients.shop.absolute_ttl`: 1d is shorter than its `idle_ttl`",
        ),
        ("[clients.\"a shop\"]", "line 2: `clients.a shop`: is no name of a client"),
        ("[clients.shop]\nidle_tl = \"1d\"", "did you mean `clients.shop.idle_ttl`?"),
        (
            "[clients]\nshop = \"1d\"",
            "line 3: `clients.shop`: is a section, so its keys stand under a line `[clients.shop]`",
        ),
        ("[roles.\"the boss\"]", "line 2: `roles.the boss`: is no name of a role"),
        ("[roles.admin]\nscope = []", "did you mean `roles.admin.scopes`?"),
        ("[roles.admin]\nscopes = [\"a b\"]", "line 3: `roles.admin.scopes`: `a b` is no scope"),
        (
            "[roles.admin]\nscopes = [\"jotgate:admin\"]\neveryone = true",
            "line 4: `roles.admin.everyone`: would make everyone",
        ),
        ("[tokens.claims]\nsub = \"app_metadata.id\"", "`tokens.claims`: the claim `sub` is the server's own"),
        ("[tokens]\nclaims = { x = \"password\" }", "`x` cannot be made of `password`"),
        ("[audit]\nretention = \"1h\"", "line 3: `audit.retention`: 1h is too short"),
        ("[passwords]\nmin_length = 4", "at least 8"),
    ] {
        let said = refusal(&format!("{LEAST}{extra}\n"));
        assert!(said.contains(expected), "{extra}: {said}");
    }
}

#[test]
fn a_client_has_its_own_limits_and_those_of_all_beside_them() {
    let text =
        format!("{LEAST}[sessions]\nidle_ttl = \"2d\"\n[clients.shop-app]\nidle_ttl = \"1h\"\nretry_window = \"0s\"\n");
    let config = load(&text, &[("JOTGATE_CLIENTS__KIOSK__ABSOLUTE_TTL", "3d")]).unwrap();
    let limits = |client| {
        config.sessions_of(client).map(|of| (of.idle_ttl.0 / 3600, of.absolute_ttl.0 / 86_400, of.retry_window.0))
    };
    assert_eq!(limits("shop-app"), Some((1, 180, 0)));
    assert_eq!(limits("kiosk"), Some((48, 3, 30)), "the environment knows clients, too");
    assert_eq!(limits("jotgate"), Some((48, 180, 30)), "the one of `tokens.client_id` needs no section");
    assert_eq!(limits("shop"), None);
}

#[test]
fn roles_come_from_the_file_and_from_the_environment() {
    let text = format!("{LEAST}[roles.clerk]\nscopes = [\"orders:read\"]\n");
    let environment = [
        ("JOTGATE_ROLES__CUSTOMER__SCOPES", "orders:write, cart"),
        ("JOTGATE_ROLES__CUSTOMER__EVERYONE", "true"),
        ("JOTGATE_ROLES__CLERK__SCOPES", "[\"orders:read\", \"orders:write\"]"),
    ];
    let grants = load(&text, &environment).unwrap().grants();
    assert_eq!(grants.of(&[]), "cart orders:write");
    assert_eq!(grants.of(&["clerk".to_owned()]), "cart orders:read orders:write");
    assert_eq!(load(LEAST, &[]).unwrap().grants().of(&["admin".to_owned()]), "", "nobody is an administrator unasked");
}

#[test]
fn issuers() {
    for good in [
        "https://auth.example.com",
        "https://example.com/auth",
        "http://127.0.0.1:4400",
        "http://localhost",
        "http://[::1]:1",
    ] {
        assert!(load(&format!("issuer = \"{good}\""), &[]).is_ok(), "{good}");
    }
    for bad in [
        "",
        "auth.example.com",
        "http://auth.example.com",
        "http://127.0.0.1.example.com",
        "ftp://a.example",
        "https://a.example/",
        "https://a.example?x=1",
        "https://u@a.example",
        "http://localhost.example.com",
        "HTTPS://a.example",
        " https://a.example",
        "https:a.example",
        "https://a.example:443",
        "https://a.example/a/../b",
        "https://a.example/{x}",
        "https://a.example/%41",
        "https://A.example",
    ] {
        let said = refusal(&format!("issuer = \"{bad}\""));
        assert!(said.contains("`issuer`"), "{bad}: {said}");
    }
    assert!(refusal("").contains("issuer = \"https://auth.example.com\""));
}

#[test]
fn warnings_are_said() {
    let config = load(&format!("{LEAST}[tokens]\naccess_ttl = \"30m\"\n[throttle]\nenabled = false\n"), &[]).unwrap();
    assert_eq!(config.warnings.len(), 2, "{:?}", config.warnings);
}

/// The reference and the structs have the same keys, and the defaults that it prints are the true ones.
#[test]
fn the_reference_is_the_truth() {
    fn flatten(prefix: &str, value: &toml::Value, found: &mut Vec<(String, String)>) {
        match value {
            toml::Value::Table(table) => {
                for (name, value) in table {
                    let path = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
                    flatten(&path, value, found);
                }
            }
            value => found.push((prefix.to_owned(), value.to_string())),
        }
    }
    let mut found = Vec::new();
    flatten("", &toml::Value::try_from(Config::default()).unwrap(), &mut found);
    for (path, default) in &found {
        let key = reference().into_iter().find(|key| key.path == path);
        let key = key.unwrap_or_else(|| panic!("{path} is missing in the reference"));
        assert!(key.default == default || ["issuer", "tokens.audience"].contains(&path.as_str()), "{path}: {default}");
    }
    for key in reference() {
        let unset = key.path.contains(".NAME.") || ["(none)", "{}"].contains(&key.default);
        assert!(unset || found.iter().any(|(path, _)| path == key.path), "{} is no key", key.path);
        let text = format!("{LEAST}{} = 1979-05-27\n", key.path);
        let said = refusal(&text);
        assert!(!said.contains("not a known key"), "{}: {said}", key.path);
    }
}
