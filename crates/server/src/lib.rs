//! Jotgate.

#![allow(dead_code, unused_imports, reason = "the rooms that use these are written beside them")]

mod domain;
mod store;
