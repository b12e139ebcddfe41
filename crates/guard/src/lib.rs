//! Protects an API with JWT access tokens, asking nobody on the way.
//!
#![cfg_attr(feature = "axum", doc = "```no_run")]
#![cfg_attr(not(feature = "axum"), doc = "```ignore")]
//! use axum::{Router, routing::get};
//! use jotgate_guard::{Auth, Guard};
//!
//! async fn hello(auth: Auth) -> String {
//!     format!("hello {}", auth.subject())
//! }
//!
//! #[tokio::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let guard = Guard::builder().issuer("https://auth.example.com").audience("https://api.example.com").build()?;
//!     let app = Router::new().route("/hello", get(hello)).layer(guard.layer());
//!     axum::serve(tokio::net::TcpListener::bind("127.0.0.1:3000").await?, app).await?;
//!     Ok(())
//! }
//! ```
//!
//! The keys come from the issuer's metadata, or are given to the builder. [`Guard::layer`] requires a token,
//! [`Guard::optional`] lets anonymous requests pass too, [`Guard::require_scope`] also wants a scope; all three work around any
//! tower service. With axum the extractors `Auth`, `Option<Auth>` and [`Scoped`] read what they found. Without HTTP
//! there is [`Guard::verify`].
//!
//! # Answers
//!
//! | what | status | `WWW-Authenticate` |
//! | --- | --- | --- |
//! | no token | 401 | `Bearer` |
//! | a token that is refused | 401 | `Bearer error="invalid_token", error_description="<code>"` |
//! | a scope that is lacking | 403 | `Bearer error="insufficient_scope", error_description="scope_insufficient", scope="<scope>"` |
//! | a cookie, where cookies count, in a request that another site may have caused | 403 | – |
//! | two `Authorization` headers, two cookies, or a token in the address | 400 | `Bearer error="invalid_request", error_description="<why>"` |
//! | the issuer's keys cannot be had | 503 with `Retry-After` | – |
//! | it is not known what has ended, on a route with [`Stale::Refuse`] or of an issuer that was given it | 503 with `Retry-After` | – |
//!
//! The body is a problem in JSON (RFC 9457) with the code. What was expected and found stands in the log (target
//! `jotgate_guard`, level `debug`, at most ten a second of each code), and never the token.
//!
//! # Browsers
//!
//! The token comes as `Authorization: Bearer …`. With [`GuardBuilder::cookie_origin`] it may also come in the `HttpOnly` cookie that
//! a Jotgate server sets for browsers; a request that has both speaks for its header. `docs/guides/browsers.md` says when to use which.
//!
//! # What has ended
//!
//! A guard follows the revocation feed of an issuer whose metadata name one, so that a log-out is refused within a moment.
//! `docs/concepts/revocation.md` says how, and [`Stale`] what a route does while nothing is heard. Of other issuers whose keys are
//! fetched it reads the status lists that their tokens name ([`Issuer::status_lists`], `docs/concepts/status-lists.md`).
//!
//! # Metrics
//!
//! Through the facade [`metrics`](https://docs.rs/metrics), to whatever recorder the program installs before its first request.
//! `issuer` is the name of a configured issuer, or `none` where a request has no token or one that names nobody who is trusted.
//!
//! | name | labels | what |
//! | --- | --- | --- |
//! | `jotgate_guard_verifications_total` | `issuer`, `code` | tokens that passed (`ok`) and requests that were refused, by their code |
//! | `jotgate_guard_cache_hits_total` | `issuer` | tokens that had been verified before |
//! | `jotgate_guard_key_fetches_total` | `issuer`, `outcome` | fetches of a key set that came to an end: `ok` or `failed` |
//! | `jotgate_guard_feed_as_of_timestamp_seconds` | `issuer` | up to when it is known what has ended; the age is the time since |
//! | `jotgate_guard_feed_lag_seconds` | `issuer` | between the time that the newest document of the feed states and its arrival |
//! | `jotgate_guard_status_list_fetches_total` | `issuer`, `outcome` | fetches of a status list that came to an end: `ok` or `failed` |
//! | `jotgate_guard_status_lists` | `issuer` | status lists that are kept fresh, because tokens name them |
//! | `jotgate_guard_keys_fetched_timestamp_seconds` | `issuer` | when the key set was fetched last; its age is the time since |
//!
//! A token that passes and then lacks the scope of a route counts as `ok` and as `scope_insufficient`.

mod answer;
mod auth;
mod bearer;
mod builder;
mod cache;
mod clock;
mod cookie;
#[cfg(feature = "axum")]
mod extract;
mod feed;
mod fetch;
mod issuer;
mod issuer_url;
mod keys;
mod layer;
mod metrics;
mod pace;
mod predecessor;
mod reach;
mod rejection;
mod stale;
mod status;
mod trusted;
mod verifier;

pub use auth::Auth;
pub use builder::{BuildError, GuardBuilder};
pub use clock::Clock;
#[cfg(feature = "axum")]
pub use extract::{Scope, Scoped};
pub use issuer::Issuer;
pub use jotgate_jose::jwt::Predecessor;
pub use jotgate_jose::{Algorithm, KeySet, VerifyingKey};
pub use jotgate_wire::{AccessClaims, RevocationSet, VerificationCode};
pub use layer::{GuardLayer, Guarded, ResponseFuture};
pub use rejection::{ClaimsError, Rejection};
pub use stale::Stale;
pub use verifier::Guard;

/// Compiles the examples of the README and of the guides.
#[cfg(all(doctest, feature = "axum"))]
mod documents {
    #[doc = include_str!("../../../README.md")]
    struct Readme;
    #[doc = include_str!("../../../docs/guides/protect-an-axum-api.md")]
    struct ProtectAnAxumApi;
    #[doc = include_str!("../../../docs/guides/trust-other-issuers.md")]
    struct TrustOtherIssuers;
}
