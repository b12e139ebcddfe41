//! What clients do, and what must come of it.

pub(crate) mod accounts;
pub(crate) mod admin;
pub(crate) mod audit;
pub(crate) mod cookies;
pub(crate) mod hostile;
pub(crate) mod logout;
pub(crate) mod mail;
pub(crate) mod published;
pub(crate) mod refresh;
pub(crate) mod revocations;
