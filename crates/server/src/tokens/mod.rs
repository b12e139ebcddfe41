//! What is handed to clients and what it is made with: access tokens, refresh tokens, and the keys of both.

pub(crate) mod check;
pub(crate) mod claims;
pub(crate) mod cursor;
pub(crate) mod generate;
pub(crate) mod issue;
pub(crate) mod keyring;
pub(crate) mod link_token;
pub(crate) mod master_key;
pub(crate) mod refresh_token;
pub(crate) mod reseal;
pub(crate) mod size;
pub(crate) mod terms;
