//! The real binary, from outside: every command, every exit code, hostile input, a server that is killed, and a search for
//! secrets in its log.

mod batch;
mod config;
mod dev;
mod help;
mod jwk;
mod jws;
mod kill;
mod probe;
mod secrets;
mod serve;
mod server;
mod sessions;
mod sign;
mod support;
mod token;
mod users;
