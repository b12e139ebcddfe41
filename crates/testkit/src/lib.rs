//! Test support: a fixed clock value, fixed keys, a throw-away PostgreSQL, a disk that is full, and where other languages' libraries
//! are. Not published, and never a dependency of anything but tests and measurements.

pub mod interop;
pub mod keys;
pub mod postgres;
pub mod skip;
pub mod small_disk;

/// The time in tests: 2027-01-15T08:00:00Z, in seconds since 1970.
pub const NOW: i64 = 1_800_000_000;
