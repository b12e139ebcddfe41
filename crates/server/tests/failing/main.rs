//! A store that is slow, or gone: what clients of a real listener are told meanwhile, and that it recovers by itself.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod full_disk;
mod nodes;
mod postgres;
mod proxy;
mod site;
mod sqlite;
