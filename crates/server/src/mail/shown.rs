//! Mail in development: kept in memory for a while, to be looked at, and never sent.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use super::compose::Composed;
use crate::domain::mail::MessageId;
use crate::domain::time::Timestamp;

/// The newest so many are kept.
const KEPT: usize = 100;

/// A mail that was not sent.
#[derive(Clone, Debug)]
pub(crate) struct ShownMail {
    pub(crate) id: MessageId,
    pub(crate) at: Timestamp,
    pub(crate) to: String,
    pub(crate) subject: String,
    pub(crate) text: String,
    pub(crate) html: String,
    pub(crate) link: Option<String>,
}

/// The newest mails.
#[derive(Debug, Default)]
pub(crate) struct Shown(Mutex<VecDeque<ShownMail>>);

impl Shown {
    pub(super) fn add(&self, id: MessageId, composed: Composed) {
        let Composed { written, to, link, queued_at, .. } = composed;
        let mail =
            ShownMail { id, at: queued_at, to, subject: written.subject, text: written.text, html: written.html, link };
        let mut mails = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        mails.push_front(mail);
        mails.truncate(KEPT);
    }

    /// The newest first.
    pub(super) fn all(&self) -> Vec<ShownMail> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}
