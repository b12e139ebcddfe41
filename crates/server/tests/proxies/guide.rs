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

#[test]
fn its_configuration_is_one() {
    let config = Config::load(JOTGATE, [], Path::new(".")).unwrap();
    assert!(config.warnings.is_empty(), "{:?}", config.warnings);
}
