//! Mail: what it says (`templates`), how it looks as a message (`compose`), where its links lead (`link`), and who takes it
//! (`transport`). What waits to be sent is in the store; `jobs/outbox.rs` sends it.

mod compose;
mod link;
mod shown;
mod templates;
mod transport;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::Notify;

use crate::app::App;
use crate::config::Config;
use crate::domain::email::Email;
use crate::domain::mail::{Facts, Kind, Letter, Message, MessageId, Notice};
use crate::domain::time::Timestamp;
use crate::domain::user::UserId;
use crate::flows::Failure;
use crate::metrics;
use crate::random;
use crate::store::outbox::Waiting;
use crate::tokens::link_token::LinkToken;

pub(crate) use compose::{Parts, sender};
pub(crate) use shown::ShownMail;
pub(crate) use templates::{BadTemplate, Templates, escaped};
pub(crate) use transport::{NotSent, Transport, TransportError};

/// So many mails may wait before whoever is nobody yet can cause no more of them.
const MOST_WAITING: u64 = 100_000;

/// Everything about mail that is made once.
#[derive(Debug)]
pub(crate) struct Mail {
    transport: Option<Transport>,
    templates: Templates,
    parts: Parts,
    notices: bool,
    waiting: AtomicU64,
    wake: Notify,
}

/// What became of a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It was queued here.
    Queued,
    /// A server has taken it.
    Sent,
    /// There was nothing to send: nobody has the address, it was settled meanwhile, or there were enough of its kind.
    Dropped,
    /// It is tried again later.
    Retried,
    /// It was given up.
    Failed,
}

impl Fate {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sent => "sent",
            Self::Dropped => "dropped",
            Self::Retried => "retried",
            Self::Failed => "failed",
        }
    }
}

/// Why mail cannot be set up, said to the operator.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MailError {
    #[error("the templates cannot be used: {0}")]
    Templates(#[from] BadTemplate),
    #[error(transparent)]
    Transport(#[from] TransportError),
}

impl Mail {
    /// Reads the templates, and what is needed to reach the server; nothing is connected to.
    pub(crate) fn new(config: &Config) -> Result<Self, MailError> {
        let mail = &config.mail;
        let folder = mail.templates.as_ref().map(|folder| config.base_dir.join(folder));
        Ok(Self {
            transport: Transport::new(mail, &config.base_dir)?,
            templates: Templates::new(folder.as_deref())?,
            parts: Parts::new(config),
            notices: mail.notices,
            waiting: AtomicU64::new(0),
            wake: Notify::new(),
        })
    }

    /// Whether mail is sent at all.
    pub(crate) fn is_on(&self) -> bool {
        self.transport.is_some()
    }

    /// Whether people are told of what happens to their accounts.
    pub(crate) fn notices(&self) -> bool {
        self.is_on() && self.notices
    }

    /// The mails that are shown instead of sent; nothing where they are sent.
    pub(crate) fn shown(&self) -> Option<Vec<ShownMail>> {
        match &self.transport {
            Some(Transport::Shown(shown)) => Some(shown.all()),
            _ => None,
        }
    }

    /// Writes a letter and hands it over.
    pub(crate) async fn send(&self, letter: Letter, message: &Message, token: &LinkToken) -> Result<(), NotSent> {
        let Some(transport) = &self.transport else { return Err(NotSent::Now("no mail server is configured".into())) };
        let composed = compose::compose(&self.templates, &self.parts, letter, message, token)?;
        transport.send(message.id, composed).await
    }

    /// Something was queued here: it need not wait until somebody looks.
    pub(crate) fn wake(&self) {
        self.wake.notify_one();
    }

    /// Waits until something is queued here, or so long.
    pub(crate) async fn until_woken(&self, longest: Duration) {
        // Time that runs out is no fault: another server may have queued something.
        let _ = tokio::time::timeout(longest, self.wake.notified()).await;
    }

    /// Tells the metrics what waits.
    pub(crate) fn set_waiting(&self, waiting: Waiting, now: Timestamp) {
        self.waiting.store(waiting.count, Ordering::Relaxed);
        metrics::mail_waits(waiting, now);
    }
}

impl App {
    /// Mail is configured, and there is room for more of what strangers can cause.
    pub(crate) fn can_mail_strangers(&self) -> Result<(), Failure> {
        let mail = &self.inner.mail;
        if !mail.is_on() {
            return Err(Failure::MailNotConfigured);
        }
        if mail.waiting.load(Ordering::Relaxed) >= MOST_WAITING { Err(Failure::Overloaded) } else { Ok(()) }
    }

    /// A message to be queued.
    pub(crate) fn message(&self, kind: Kind, to: Email, user: Option<UserId>) -> Message {
        let (id, now) = (self.message_id(), self.now());
        Message { id, kind, user, to, facts: Facts::default(), queued_at: now, attempts: 0 }
    }

    /// A notice, if people are told of such things.
    pub(crate) fn notice(&self, kind: Kind, facts: Facts) -> Option<Notice> {
        self.inner.mail.notices().then(|| Notice { id: self.message_id(), kind, facts, now: self.now() })
    }

    fn message_id(&self) -> MessageId {
        MessageId::new(random::uuid(&*self.inner.random, self.now()))
    }
}
