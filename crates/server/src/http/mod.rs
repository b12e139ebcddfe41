//! HTTP: the only folder that knows axum. One file for each last word of a URL; a handler parses, makes one call, and
//! shapes the answer.

pub(crate) mod admin;
mod answer;
pub(crate) mod auth_request;
mod authz;
mod cookies;
pub(crate) mod cors;
mod cross_site;
pub(crate) mod dev_mail;
pub(crate) mod email_change;
pub(crate) mod email_resend;
pub(crate) mod email_verify;
mod error;
mod extract;
pub(crate) mod forward_auth;
pub(crate) mod health;
mod input;
mod json;
pub(crate) mod jwks;
pub(crate) mod layers;
pub(crate) mod login;
pub(crate) mod logout;
pub(crate) mod me;
pub(crate) mod metadata;
mod original;
pub(crate) mod pages;
pub(crate) mod password_change;
pub(crate) mod password_forgot;
pub(crate) mod password_reset;
pub(crate) mod proxy;
pub(crate) mod refresh;
pub(crate) mod register;
mod remote;
mod requirement;
pub(crate) mod revocations;
pub(crate) mod sessions;
pub(crate) mod status_lists;
