//! Pages of lists: how many at once, and where the next one begins.

use jotgate_wire::ErrorCode;

use crate::app::App;
use crate::http::error::ApiError;

/// What a page has when nobody says how many.
const USUAL: u32 = 50;
/// What a page has at most.
const MOST: u32 = 200;

/// A list as the caller asked for it.
pub(super) struct Paged<'a> {
    app: &'a App,
    /// What the list is of, and its filters: a cursor is good for no other.
    list: Vec<&'a str>,
    limit: u32,
}

impl<'a> Paged<'a> {
    pub(super) fn new(app: &'a App, list: Vec<&'a str>, limit: Option<u32>) -> Result<Self, ApiError> {
        let limit = limit.unwrap_or(USUAL);
        if !(1..=MOST).contains(&limit) {
            let said = format!("must be 1 to {MOST}");
            return Err(ApiError::new(ErrorCode::InvalidField, "the page cannot have so many").field("limit", said));
        }
        Ok(Self { app, list, limit })
    }

    /// The position that the cursor has, by what reads it.
    pub(super) fn position<P>(
        &self,
        cursor: Option<&str>,
        read: impl FnOnce(&[u8]) -> Option<P>,
    ) -> Result<Option<P>, ApiError> {
        let Some(cursor) = cursor else { return Ok(None) };
        let position = self.app.inner.keys.master().cursors().open(&self.list, cursor).ok();
        let refused = || {
            let said = "send `next` of the last page as it was, with the same filters";
            ApiError::new(ErrorCode::InvalidCursor, said).field("cursor", said)
        };
        position.and_then(|position| read(&position)).map(Some).ok_or_else(refused)
    }

    /// One more than the page has tells whether there is another.
    pub(super) fn look_for(&self) -> u32 {
        self.limit + 1
    }

    /// Cuts off what is too much, and gives the cursor of what follows.
    pub(super) fn cut<T>(&self, found: &mut Vec<T>, position: impl FnOnce(&T) -> Vec<u8>) -> Option<String> {
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let is_more = found.len() > limit;
        found.truncate(limit);
        let last = found.last().filter(|_| is_more)?;
        Some(self.app.inner.keys.master().cursors().seal(&self.list, &position(last)))
    }
}
