//! Texts of requests to the types of `domain`. What creates something is refused with the reason; what only has to match
//! something known just does not match.

use jotgate_wire::{ErrorCode, SecretText};
use serde_json::{Map, Value};

use super::error::ApiError;
use crate::domain::email::Email;
use crate::domain::metadata::MetadataPatch;
use crate::domain::password::Password;
use crate::domain::user::DisplayName;
use crate::flows::Failure;

/// Longest name of a device, in characters.
const MAX_DEVICE: usize = 100;

pub(super) fn email(text: &str) -> Result<Email, ApiError> {
    Email::parse(text).map_err(|error| Failure::from(error).into())
}

pub(super) fn known_email(text: &str) -> Option<Email> {
    Email::parse(text).ok()
}

pub(super) fn new_password(field: &str, text: &SecretText) -> Result<Password, ApiError> {
    Password::parse(text.expose()).map_err(|error| {
        let said = error.to_string();
        ApiError::new(ErrorCode::WeakPassword, said.clone()).field(field, said)
    })
}

pub(super) fn known_password(text: &SecretText) -> Option<Password> {
    Password::parse(text.expose()).ok()
}

pub(super) fn name(text: Option<&str>) -> Result<Option<DisplayName>, ApiError> {
    let parsed = text.map(DisplayName::parse).transpose();
    parsed.map_err(|error| Failure::InvalidName(error.to_string()).into())
}

/// What a member says that is an object, or `null`.
pub(super) fn metadata(members: Option<Map<String, Value>>) -> MetadataPatch {
    members.map_or(MetadataPatch::Clear, MetadataPatch::Merge)
}

pub(super) fn device(text: Option<&str>) -> Result<Option<String>, ApiError> {
    let Some(text) = text.map(str::trim).filter(|text| !text.is_empty()) else { return Ok(None) };
    if text.chars().count() > MAX_DEVICE || text.chars().any(char::is_control) {
        let said = format!("at most {MAX_DEVICE} characters, and no control characters");
        return Err(
            ApiError::new(ErrorCode::InvalidField, "the name of the device cannot be used").field("device", said)
        );
    }
    Ok(Some(text.to_owned()))
}
