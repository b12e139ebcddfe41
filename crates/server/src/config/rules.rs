//! What a configuration must satisfy before a server may start on it.

use std::net::IpAddr;

use jotgate_jose::Algorithm;
use url::{Host, Url};

use super::source::Lines;
use super::{Config, ConfigError, Problem, Role, Seconds, Sessions, legacy, secret};
use crate::domain::scope;
use crate::tokens::claims::ClaimSources;

mod mail;

/// Above this an access token outlives what people expect of a log-out at a foreign verifier.
pub(crate) const ACCESS_TTL_MAX: Seconds = Seconds(3600);
const ACCESS_TTL_WARN: Seconds = Seconds(900);

/// Applies every rule; the warnings are for the operator to read at start.
pub(super) fn check(config: &mut Config, lines: &Lines) -> Result<Vec<String>, ConfigError> {
    let mut problems = Vec::new();
    let mut refuse = |key: &str, message: Result<(), String>| {
        if let Err(message) = message {
            problems.push(Problem { key: lines.name_of(key), line: lines.of(key), message });
        }
    };
    refuse("issuer", issuer(&config.issuer));
    refuse("http.listen", listen(&config.http.listen));
    refuse("http.allowed_origins", config.http.allowed_origins.iter().try_for_each(|origin| exact_origin(origin)));
    refuse("http.max_connections", at_least(1, config.http.max_connections));
    refuse("http.header_timeout", at_least(1, config.http.header_timeout.0));
    refuse("http.request_timeout", at_least(1, config.http.request_timeout.0));
    refuse("store.max_connections", at_least(1, config.store.max_connections));
    refuse("store.connect_timeout", at_least(1, config.store.connect_timeout.0));
    refuse("store.statement_timeout", at_least(1, config.store.statement_timeout.0));
    refuse("tls.key", both_or_neither(config));
    refuse("tokens.access_ttl", access_ttl(config.tokens.access_ttl));
    refuse("tokens.audience", config.tokens.audience.iter().try_for_each(|audience| audience_value(audience)));
    refuse("tokens.client_id", not_empty(&config.tokens.client_id));
    refuse("tokens.algorithm", algorithm(config.tokens.algorithm));
    refuse("tokens.secret", secret::load(config));
    refuse("tokens.previous_secret", secret::load_previous(&mut config.tokens, &config.base_dir));
    refuse("tokens.legacy.secret", legacy::load_secret(config));
    refuse("tokens.legacy", legacy::check(config));
    refuse("tokens.claims", ClaimSources::parse(&config.tokens.claims).map(drop));
    refuse("tokens.status_list", status_list(config));
    refuse("sessions.idle_ttl", at_least(1, config.sessions.idle_ttl.0));
    refuse("sessions.absolute_ttl", absolute_ttl(&config.sessions));
    refuse("sessions.retry_window", retry_window(&config.sessions));
    refuse("sessions.max_per_user", at_least(1, config.sessions.max_per_user));
    clients(config, &mut refuse);
    roles(config, &mut refuse);
    refuse("revocations.heartbeat", heartbeat(config.revocations.heartbeat));
    refuse("revocations.max_streams", at_least(1, config.revocations.max_streams));
    let each = config.revocations.max_streams_per_network;
    refuse("revocations.max_streams_per_network", at_least(1, each));
    refuse("passwords.min_length", min_length(config.passwords.min_length));
    refuse("passwords.memory_kib", at_least(7 * 1024, config.passwords.memory_kib));
    refuse("passwords.memory_kib", memory(&config.passwords));
    refuse("passwords.iterations", at_least(1, config.passwords.iterations));
    for (key, checked) in mail::check(config) {
        refuse(key, checked);
    }
    refuse("keys.jwks_max_age", config.keys.check_max_age());
    refuse("keys.rotate_every", config.keys.check_rotation());
    refuse("forward_auth.login_url", login_url(config.forward_auth.login_url.as_deref()));
    refuse("forward_auth.origins", config.forward_auth.origins.iter().try_for_each(|origin| exact_origin(origin)));
    refuse("audit.retention", audit_retention(config.audit.retention));
    refuse("log.level", not_empty(&config.log.level));
    refuse("metrics.listen", metrics(&config.metrics));
    if problems.is_empty() { Ok(warnings(config)) } else { Err(ConfigError { problems }) }
}

fn clients(config: &Config, refuse: &mut impl FnMut(&str, Result<(), String>)) {
    for (name, client) in &config.clients {
        let sessions = client.over(&config.sessions);
        refuse(&format!("clients.{name}"), client_name(name));
        refuse(&format!("clients.{name}.idle_ttl"), at_least(1, sessions.idle_ttl.0));
        refuse(&format!("clients.{name}.absolute_ttl"), absolute_ttl(&sessions));
        refuse(&format!("clients.{name}.retry_window"), retry_window(&sessions));
    }
}

fn roles(config: &Config, refuse: &mut impl FnMut(&str, Result<(), String>)) {
    for (name, role) in &config.roles {
        refuse(&format!("roles.{name}"), role_name(name));
        refuse(&format!("roles.{name}.scopes"), role.scopes.iter().try_for_each(|scope| scope_value(scope)));
        refuse(&format!("roles.{name}.everyone"), nobody_unasked(role));
    }
}

/// RFC 8414 §2: the issuer is an https URL without query or fragment. Plain http is for this machine only.
fn issuer(text: &str) -> Result<(), String> {
    if text.is_empty() {
        return Err(
            "is missing; write the public URL of this server, such as issuer = \"https://auth.example.com\"".into()
        );
    }
    let url = Url::parse(text).map_err(|error| format!("`{text}` is not a URL ({error})"))?;
    let loopback = url.host().is_some_and(|host| is_loopback(&host));
    match url.scheme() {
        "https" => {}
        "http" if loopback => {}
        "http" => {
            return Err(format!(
                "`{text}` is plain http, which is allowed on a loopback address only; write https (a proxy in front may end TLS)"
            ));
        }
        scheme => return Err(format!("`{text}` has the scheme `{scheme}`; it must be https")),
    }
    if url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() || url.password().is_some() {
        return Err(format!("`{text}` must have no query, fragment or user (RFC 8414 §2)"));
    }
    canonical(text, &url)
}

/// Verifiers compare issuers letter by letter, and its path becomes that of every URL, so there must be one way to write it.
fn canonical(text: &str, url: &Url) -> Result<(), String> {
    let canonical = url.as_str().trim_end_matches('/');
    if text != canonical {
        return Err(format!(
            "`{text}` is not how a URL is written exactly, and verifiers compare issuers exactly; write \"{canonical}\""
        ));
    }
    if url.path().contains(['{', '}', '%', '*', ':']) || url.path().contains("//") {
        return Err(format!(
            "`{text}` has a path of more than plain words; write such as \"https://example.com/auth\""
        ));
    }
    Ok(())
}

fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => is_loopback_host(name),
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    }
}

/// Whether a host name or address of a URL is this machine.
fn is_loopback_host(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn listen(text: &str) -> Result<(), String> {
    let (host, port) = text.rsplit_once(':').unwrap_or((text, ""));
    if host.is_empty() || port.parse::<u16>().is_err() {
        return Err(format!("`{text}` is not an address and port; write such as \"127.0.0.1:4400\" or \"[::]:4400\""));
    }
    Ok(())
}

/// Whoever reaches it reads it, so it is for this machine unless that is said.
fn metrics(metrics: &super::Metrics) -> Result<(), String> {
    let Some(address) = &metrics.listen else { return Ok(()) };
    listen(address)?;
    if metrics.expose || is_local(address) {
        return Ok(());
    }
    Err(format!(
        "other machines can reach `{address}`, and it asks nobody who they are; write \"127.0.0.1:4490\", or expose = true where the network keeps strangers out"
    ))
}

/// Whether an address and port to listen on is for this machine alone.
fn is_local(address: &str) -> bool {
    address.rsplit_once(':').is_some_and(|(host, _)| is_loopback_host(host))
}

fn exact_origin(text: &str) -> Result<(), String> {
    let origin = Url::parse(text).map(|url| url.origin().ascii_serialization()).unwrap_or_default();
    if origin == text && text.starts_with("http") {
        return Ok(());
    }
    let hint = if origin.starts_with("http") { format!("; write \"{origin}\"") } else { String::new() };
    Err(format!("`{text}` is not an origin as a browser writes it: scheme, host and port, nothing else{hint}"))
}

/// Tokens are typed in there and cookies are set: plain http is for this machine only.
fn login_url(text: Option<&str>) -> Result<(), String> {
    let Some(text) = text else { return Ok(()) };
    let url = Url::parse(text).map_err(|error| {
        format!("`{text}` is not a URL ({error}); write such as \"https://auth.example.com/login\"")
    })?;
    let secure = url.scheme() == "https" || is_on_this_machine(&url);
    if secure && url.fragment().is_none() && url.username().is_empty() && url.password().is_none() {
        return Ok(());
    }
    Err(format!("`{text}` must be https (http on a loopback address only), without fragment and user"))
}

fn both_or_neither(config: &Config) -> Result<(), String> {
    match (&config.tls.certificate, &config.tls.key) {
        (Some(_), None) => Err("is missing; `tls.certificate` needs its private key".into()),
        (None, Some(_)) => Err("stands alone; add `tls.certificate`".into()),
        _ => Ok(()),
    }
}

/// A verifier takes ten seconds of silence for an outage, so that two heartbeats have to fit in.
fn heartbeat(every: Seconds) -> Result<(), String> {
    if (1..=5).contains(&every.0) { Ok(()) } else { Err(format!("is {every}; use 1s to 5s")) }
}

fn audit_retention(retention: Seconds) -> Result<(), String> {
    if retention.0 < 86_400 { Err(format!("{retention} is too short; at least \"1d\"")) } else { Ok(()) }
}

fn access_ttl(ttl: Seconds) -> Result<(), String> {
    if ttl > ACCESS_TTL_MAX {
        return Err(format!(
            "{ttl} is longer than an hour; write \"15m\" or less, since clients refresh without being asked"
        ));
    }
    at_least(1, ttl.0)
}

fn audience_value(text: &str) -> Result<(), String> {
    if text.is_empty() {
        Err("an audience is empty; name the API, such as \"https://api.example.com\"".into())
    } else {
        Ok(())
    }
}

fn not_empty(text: &str) -> Result<(), String> {
    if text.is_empty() { Err("must not be empty".into()) } else { Ok(()) }
}

fn at_least(least: u32, value: u32) -> Result<(), String> {
    if value < least { Err(format!("{value} is too small; at least {least}")) } else { Ok(()) }
}

/// An access token travels with every request; post-quantum signatures make it 4 KiB and more, so they are not offered.
fn algorithm(algorithm: Algorithm) -> Result<(), String> {
    let name = algorithm.name();
    if name.starts_with("ML-DSA") {
        return Err(format!(
            "`{name}` makes tokens of 4 KiB and more, which common servers refuse in a header; use EdDSA"
        ));
    }
    Ok(())
}

/// Those that the lists are for have no secret of ours.
fn status_list(config: &Config) -> Result<(), String> {
    if config.tokens.status_list && config.tokens.algorithm.is_symmetric() {
        let name = config.tokens.algorithm.name();
        return Err(format!("nobody else can verify a list that is signed with {name}; leave it out, or use EdDSA"));
    }
    Ok(())
}

fn absolute_ttl(sessions: &Sessions) -> Result<(), String> {
    let (idle, absolute) = (sessions.idle_ttl, sessions.absolute_ttl);
    if absolute < idle {
        return Err(format!("{absolute} is shorter than its `idle_ttl` ({idle}); make it at least as long"));
    }
    at_least(1, absolute.0)
}

/// The window forgives lost answers and tabs; a long one would forgive thieves.
fn retry_window(sessions: &Sessions) -> Result<(), String> {
    let window = sessions.retry_window;
    if window > Seconds(300) {
        Err(format!("{window} is too long; at most 5m, since a thief profits from it"))
    } else {
        Ok(())
    }
}

/// It stands in requests, in tokens and in the names of environment variables.
fn client_name(name: &str) -> Result<(), String> {
    let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    if plain && (1..=64).contains(&name.len()) {
        return Ok(());
    }
    Err("is no name of a client: 1 to 64 letters, digits, `-` and `_`".into())
}

/// It stands in tokens, in requests and in the names of environment variables.
fn role_name(name: &str) -> Result<(), String> {
    client_name(name).map_err(|_| "is no name of a role: 1 to 64 letters, digits, `-` and `_`".into())
}

fn scope_value(scope: &str) -> Result<(), String> {
    if scope::is_scope(scope) {
        return Ok(());
    }
    Err(format!("`{scope}` is no scope: printable ASCII without spaces, quotes and backslashes (RFC 6749 §3.3)"))
}

/// Whoever registers would be an administrator.
fn nobody_unasked(role: &Role) -> Result<(), String> {
    if role.everyone && role.scopes.iter().any(|scope| scope == scope::ADMIN) {
        return Err(format!("would make everyone an administrator; take `{}` out of its scopes", scope::ADMIN));
    }
    Ok(())
}

fn min_length(length: u32) -> Result<(), String> {
    if length > 64 {
        return Err(format!("{length} is too large; NIST SP 800-63B-4 asks that 64 characters be enough"));
    }
    at_least(8, length)
}

/// One hash has to fit into the memory of all.
fn memory(passwords: &super::Passwords) -> Result<(), String> {
    let most = passwords.max_memory_mib.saturating_mul(1024);
    if passwords.memory_kib > most {
        return Err(format!(
            "{} is more than `passwords.max_memory_mib` ({}) allows all hashes together",
            passwords.memory_kib, passwords.max_memory_mib
        ));
    }
    Ok(())
}

/// OWASP Password Storage Cheat Sheet: these pairs of memory (KiB) and passes are equally strong.
fn meets_owasp(passwords: &super::Passwords) -> bool {
    const PAIRS: [(u32, u32); 5] = [(47_104, 1), (19_456, 2), (12_288, 3), (9_216, 4), (7_168, 5)];
    PAIRS.iter().any(|(memory, passes)| passwords.memory_kib >= *memory && passwords.iterations >= *passes)
}

fn is_on_this_machine(url: &Url) -> bool {
    url.scheme() == "http" && url.host().is_some_and(|host| is_loopback(&host))
}

fn is_plain_http_elsewhere(origin: &str) -> bool {
    let url = Url::parse(origin).ok();
    url.is_some_and(|url| url.scheme() == "http" && !is_on_this_machine(&url))
}

fn warnings(config: &Config) -> Vec<String> {
    let mut warnings = Vec::new();
    let ttl = config.tokens.access_ttl;
    if ttl > ACCESS_TTL_WARN {
        warnings.push(format!(
            "tokens.access_ttl is {ttl}; above 15m a stolen access token stays useful for long. Clients refresh by themselves, so 10m costs nothing"
        ));
    }
    if !config.throttle.enabled {
        warnings.push("throttle.enabled is false: passwords can be guessed at full speed. Only for tests".into());
    }
    if !config.is_https() && !is_local(&config.http.listen) {
        warnings.push(format!(
            "http.listen is {} while the issuer is plain http on this machine: other machines can reach the server without TLS",
            config.http.listen
        ));
    }
    for origin in config.http.allowed_origins.iter().filter(|origin| is_plain_http_elsewhere(origin)) {
        warnings.push(format!("http.allowed_origins has {origin}: whoever is on the network can act as a page of it"));
    }
    warnings.extend(config.keys.warning());
    warnings.extend(mail::warnings(config));
    for origin in config.forward_auth.origins.iter().filter(|origin| is_plain_http_elsewhere(origin)) {
        warnings.push(format!("forward_auth.origins has {origin}: whoever is on the network can act as a page of it"));
    }
    if config.store.is_exposed() {
        warnings.push(
            "store.url reaches another machine without checking its certificate: whoever is on the network can take the \
             database's place. Leave sslmode out, and name the authority with sslrootcert if it is your own"
                .into(),
        );
    }
    if config.forward_auth.unverified_email {
        warnings.push(
            "forward_auth.unverified_email is true: a protected program must not take `Remote-Email` for a proof of who somebody is".into(),
        );
    }
    if !meets_owasp(&config.passwords) {
        warnings.push(format!(
            "passwords.memory_kib {} with passwords.iterations {} is weaker than OWASP asks: 19456 with 2, or 12288 with 3",
            config.passwords.memory_kib, config.passwords.iterations
        ));
    }
    if !config.is_https() {
        warnings
            .push("the issuer is plain http: cookies lose `Secure` and their prefixes. Only for development".into());
    }
    warnings
}
