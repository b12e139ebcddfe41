//! Deliver: decide what a mail that was taken up says, make its token good, hand it over, and note what became of it.

use std::time::Duration;

use crate::app::App;
use crate::domain::mail::{Letter, Message, try_again};
use crate::mail::{Fate, NotSent};
use crate::metrics;
use crate::store::StoreError;
use crate::store::outbox::{Attempted, EndAttempt, PrepareMail, Prepared};
use crate::throttle::Act;
use crate::tokens::link_token::LinkToken;

/// How often it is tried to note what became of a mail, and how long to wait in between: a mail that was sent and is not noted is sent
/// again.
const NOTING_TRIES: u32 = 5;
const NOTING_PAUSE: Duration = Duration::from_secs(1);

/// Sends a mail that was taken up, or finds that there is none to send.
pub(crate) async fn deliver(app: &App, mut message: Message) {
    if message.attempts == 1 {
        metrics::mail(message.kind, Fate::Queued);
    }
    let token = app.inner.keys.master().links().token(message.id);
    let prepare = PrepareMail { message: message.clone(), hash: token.hash(), now: app.now() };
    match app.inner.store.write(prepare).await {
        Ok(Prepared::Send(letter, to)) if may_be_told(app, letter, &message) => {
            message.to = to;
            hand_over(app, letter, &message, &token).await;
        }
        Ok(Prepared::Send(..)) => end(app, &message, Attempted::Done, Fate::Dropped).await,
        Ok(Prepared::Drop) => metrics::mail(message.kind, Fate::Dropped),
        Ok(Prepared::Gone) => {}
        // It is due again when its attempt counts as failed.
        Err(error) => tracing::error!(%error, id = %message.id, "a mail could not be prepared; trying again"),
    }
}

/// Whether the mailbox has room for another notice of this kind. Whoever logs in again and again to an account with somebody else's
/// address must not fill it; and whoever was told a few times a moment ago knows.
fn may_be_told(app: &App, letter: Letter, message: &Message) -> bool {
    let is_notice = letter.purpose().is_none();
    let counted = || format!("{} {}", message.kind.name(), message.to.key());
    let is_first_try = message.attempts == 1;
    !is_notice || !is_first_try || app.inner.throttle.admit_act(Act::Notice, &counted(), app.now()).map(drop).is_ok()
}

async fn hand_over(app: &App, letter: Letter, message: &Message, token: &LinkToken) {
    let (attempted, became) = match app.inner.mail.send(letter, message, token).await {
        Ok(()) => (Attempted::Done, Fate::Sent),
        Err(NotSent::Ever(reason)) => {
            tracing::warn!(reason, id = %message.id, letter = letter.name(), "a mail was given up");
            (Attempted::Done, Fate::Failed)
        }
        Err(NotSent::Now(reason)) => after_failure(app, letter, message, &reason),
    };
    end(app, message, attempted, became).await;
}

async fn end(app: &App, message: &Message, attempted: Attempted, became: Fate) {
    metrics::mail(message.kind, became);
    if let Err(error) = note(app, message, attempted).await {
        tracing::error!(%error, id = %message.id, "it could not be noted what became of a mail; it may be sent again");
    }
}

fn after_failure(app: &App, letter: Letter, message: &Message, reason: &str) -> (Attempted, Fate) {
    let mut chance = [0];
    app.inner.random.fill(&mut chance);
    if let Some(due) = try_again(message, app.now(), chance[0]) {
        tracing::warn!(reason, id = %message.id, attempt = message.attempts, "a mail was not sent; trying again");
        return (Attempted::AgainAt(due), Fate::Retried);
    }
    tracing::error!(reason, id = %message.id, letter = letter.name(), "a mail was given up after many tries");
    (Attempted::Done, Fate::Failed)
}

async fn note(app: &App, message: &Message, attempted: Attempted) -> Result<(), StoreError> {
    let end = || EndAttempt { id: message.id, attempts: message.attempts, attempted };
    for _ in 1..NOTING_TRIES {
        if app.inner.store.write(end()).await.is_ok() {
            return Ok(());
        }
        tokio::time::sleep(NOTING_PAUSE).await;
    }
    app.inner.store.write(end()).await.map(drop)
}
