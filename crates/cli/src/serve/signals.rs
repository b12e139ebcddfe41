//! When to stop: the first SIGTERM or SIGINT asks for it, the second does not wait.

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::exit::{Exit, Failure};

/// The signals that end a server.
#[derive(Debug)]
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// Takes the signals over from the system, which would end the process.
    pub(crate) fn listen() -> Result<Self, Failure> {
        let take = |kind| signal(kind).map_err(|error| Failure::environment(format!("no signals can be had: {error}")));
        Ok(Self { terminate: take(SignalKind::terminate())?, interrupt: take(SignalKind::interrupt())? })
    }

    /// Done at the first signal. The second ends the process at once, after `last`.
    pub(crate) async fn stopped(mut self, last: impl FnOnce() + Send + 'static) {
        self.next().await;
        tracing::info!("stopping: finishing what was accepted; a second signal ends at once");
        tokio::spawn(async move {
            self.next().await;
            last();
            std::process::exit(Exit::Environment.code().into());
        });
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
