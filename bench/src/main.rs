//! Jotgate.

fn main() {}
