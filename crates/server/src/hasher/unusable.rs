//! Why a stored hash is not computed with.

/// Why a stored hash is not computed with, said to whoever imports it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unusable {
    /// The text is longer than any hash, or begins like none that is known.
    #[error("is no hash of a known kind")]
    Unknown,
    /// The kind is known, and there is none that verifies it safely.
    #[error("is {0}, which is too weak to be taken over; import the account without a password")]
    Weak(&'static str),
    /// The text is not what its kind prescribes.
    #[error("is not a well-formed {0} hash")]
    Malformed(&'static str),
    /// What remains of the password could be guessed right by chance.
    #[error("has fewer than 16 bytes of output")]
    Short,
    /// One log-in would take seconds.
    #[error("costs too much to compute: {0}")]
    Costly(&'static str),
    /// One log-in would take more memory than all hashes together may.
    #[error(
        "needs {needed_kib} KiB of memory, and {free_kib} are free for imported hashes; raise passwords.max_memory_mib"
    )]
    Memory {
        /// What it needs, in KiB.
        needed_kib: u32,
        /// What there is for it, in KiB.
        free_kib: u32,
    },
}
