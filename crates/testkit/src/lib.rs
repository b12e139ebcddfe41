//! Jotgate.
