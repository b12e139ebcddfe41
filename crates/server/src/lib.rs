//! Jotgate.

#![allow(dead_code, reason = "the rooms that use these are written beside them")]

mod domain;
