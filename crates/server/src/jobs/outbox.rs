//! Sends the mail that waits. Every server runs this; each mail is taken up by one of them at a time.

use std::time::Duration;

use tokio::task::JoinSet;

use crate::app::App;
use crate::flows;
use crate::store::StoreError;
use crate::store::outbox::{IsMailDue, TakeUpMail, WaitingMail};

/// How long to wait for something to be queued before looking whether another server queued something, or something is due again.
const PAUSE: Duration = Duration::from_secs(5);
/// Mails sent at once.
const AT_ONCE: u32 = 8;
/// Seconds after which an attempt that is not heard of again counts as failed: longer than one takes at the longest.
const LEASE: i64 = 180;

pub(super) async fn run(app: App) {
    if !app.inner.mail.is_on() {
        return;
    }
    loop {
        if let Err(error) = round(&app).await {
            tracing::error!(%error, "the mail that waits cannot be read; trying again");
            tokio::time::sleep(PAUSE).await;
        }
        app.inner.mail.until_woken(PAUSE).await;
    }
}

/// Sends everything that is due.
async fn round(app: &App) -> Result<(), StoreError> {
    while app.inner.store.read(IsMailDue { now: app.now() }).await? {
        let now = app.now();
        let take_up = TakeUpMail { now, until: now.plus_seconds(LEASE), limit: AT_ONCE };
        let mut sending = JoinSet::new();
        for message in app.inner.store.write(take_up).await? {
            let app = app.clone();
            sending.spawn(async move { flows::deliver(&app, message).await });
        }
        while sending.join_next().await.is_some() {}
    }
    let waiting = app.inner.store.read(WaitingMail).await?;
    app.inner.mail.set_waiting(waiting, app.now());
    Ok(())
}
