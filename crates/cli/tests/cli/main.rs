//! The real binary, from outside: every command, every exit code, hostile input, a server that is killed, and a search for
//! secrets in its log.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod audit;
mod backup;
mod batch;
mod config;
mod dev;
mod exports;
mod full_disk;
mod help;
mod import;
mod interop;
mod jwk;
mod jws;
mod keys;
mod kill;
mod metrics;
mod postgres;
mod probe;
mod secrets;
mod serve;
mod server;
mod sessions;
mod sign;
mod store;
mod support;
mod token;
mod users;
