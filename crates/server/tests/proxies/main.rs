//! Forward authentication as proxies do it: a real nginx and a real Caddy with the files of the guide, and what Traefik and
//! Envoy send, by its shape. Behind the proxy is a program that repeats the headers it saw.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod guide;
mod legacy;
mod program;
mod proxy;
mod scenarios;
mod shapes;
mod site;

use proxy::Kind;
use site::Site;

/// Makes a test of each scenario for each proxy.
macro_rules! for_both {
    ($($scenario:ident)*) => {
        mod nginx { $(
            #[tokio::test]
            async fn $scenario() { crate::run(crate::Kind::Nginx, stringify!($scenario), crate::scenarios::$scenario).await; }
        )* }
        mod caddy { $(
            #[tokio::test]
            async fn $scenario() { crate::run(crate::Kind::Caddy, stringify!($scenario), crate::scenarios::$scenario).await; }
        )* }
    };
}

for_both! {
    good_tokens_pass_with_who_they_speak_for refused_tokens_do_not_pass what_the_client_says_of_itself_is_dropped
    a_browser_is_sent_to_log_in requests_of_other_sites_do_not_pass malformed_requests_do_not_pass
    bodies_reach_the_program_and_not_us the_endpoints_are_not_public what_the_client_calls_hop_by_hop_is_said_all_the_same
}

async fn run<F: Future<Output = ()>>(kind: Kind, name: &str, scenario: impl FnOnce(Site) -> F) {
    match Site::behind(kind).await {
        Some(site) => scenario(site).await,
        None => proxy::skipped(kind, name),
    }
}
