//! Test support: a fixed clock value and fixed keys. Not published, and never a dependency of anything but tests.

pub mod keys;

/// The time in tests: 2027-01-15T08:00:00Z, in seconds since 1970.
pub const NOW: i64 = 1_800_000_000;
