//! The guide shows the files that these tests run, letter by letter.

use std::path::Path;

use jotgate_server::Config;

pub(crate) const GUIDE: &str = include_str!("../../../../docs/guides/forward-auth.md");
pub(crate) const NGINX: &str = include_str!("../../../../docs/guides/forward-auth/nginx.conf");
pub(crate) const CADDY: &str = include_str!("../../../../docs/guides/forward-auth/Caddyfile");
pub(crate) const TRAEFIK: &str = include_str!("../../../../docs/guides/forward-auth/traefik.yaml");
pub(crate) const ENVOY: &str = include_str!("../../../../docs/guides/forward-auth/envoy.yaml");
const JOTGATE: &str = include_str!("../../../../docs/guides/forward-auth/jotgate.toml");

#[test]
fn it_shows_each_file_whole() {
    for (language, file) in
        [("toml", JOTGATE), ("nginx", NGINX), ("caddyfile", CADDY), ("yaml", TRAEFIK), ("yaml", ENVOY)]
    {
        let block = format!("```{language}\n{file}```\n");
        assert!(GUIDE.contains(&block), "docs/guides/forward-auth.md has to show this as it stands:\n{block}");
    }
}

/// Programs that read headers as CGI variables take `Remote_User` for `Remote-User`. What nginx (by itself) and Caddy do about it is tried.
#[test]
fn names_with_underscores_reach_no_program() {
    let names: Vec<_> = TRAEFIK.lines().filter_map(|line| line.trim().strip_prefix("- Remote-")).collect();
    assert_eq!(names.len(), 4);
    for name in names {
        assert!(TRAEFIK.contains(&format!("          Remote_{name}: \"\"\n")), "{name}");
    }
    assert!(TRAEFIK.contains("middlewares: [underscores, jotgate]"), "they go before the question");
    assert!(ENVOY.contains("common_http_protocol_options:\n  headers_with_underscores_action: DROP_HEADER\n"));
}

#[test]
fn its_configuration_is_one() {
    let config = Config::load(JOTGATE, [], Path::new(".")).unwrap();
    assert!(config.warnings.is_empty(), "{:?}", config.warnings);
}
