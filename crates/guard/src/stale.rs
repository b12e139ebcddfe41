//! What a route does while it is not known what has ended.

/// What is done with a token that is good in itself while nothing was heard of its issuer's revocation feed for too long.
///
/// An issuer without a feed is never stale: its tokens are good until they expire. A token that names a status list is as fresh as
/// that ([`Issuer::status_lists`](crate::Issuer::status_lists)).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Stale {
    /// Accept it; the default. What is known to have ended is refused all the same, and everything else at the latest when it
    /// expires. An outage of the issuer, or of the network to it, shall not be one of every API.
    #[default]
    Accept,
    /// Refuse it with 503 and `revocations_stale`. For routes where serving somebody who was logged out does more harm than serving
    /// nobody: payments, administration.
    Refuse,
}
