//! `[forward_auth]`: verifying requests for proxies in front of programs that have no guard.

use serde::{Deserialize, Serialize};

use super::Key;

/// Verifying requests for proxies in front of programs that have no guard. Only `http.trusted_proxies` may ask.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ForwardAuth {
    /// The page where people log in. Without it a browser gets 401 like every other client.
    pub login_url: Option<String>,
    /// Origins of the protected programs beside the issuer's own, each as a browser writes it.
    pub origins: Vec<String>,
    /// Whether `Remote-Email` also has addresses that nobody has shown to be theirs.
    pub unverified_email: bool,
    /// Whether CORS preflights pass without a token, which they never carry (Fetch §3.3.5).
    pub pass_preflights: bool,
}

pub(super) const KEYS: &[Key] = &[
    Key {
        path: "forward_auth.login_url",
        default: "(none)",
        meaning: "page to log in at; a browser without a good token is sent there, with `return_to` as the way back",
    },
    Key {
        path: "forward_auth.origins",
        default: "[]",
        meaning: "origins of the protected programs beside the issuer's own: whence requests with cookies come, and the only ones that a browser is sent back to",
    },
    Key {
        path: "forward_auth.unverified_email",
        default: "false",
        meaning: "whether `Remote-Email` also has addresses that were not verified; anyone can register with anyone's",
    },
    Key {
        path: "forward_auth.pass_preflights",
        default: "false",
        meaning: "whether CORS preflights, which carry no token, pass to the protected program",
    },
];
