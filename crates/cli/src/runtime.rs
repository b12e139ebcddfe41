//! The asynchronous runtimes: a small one for a command that does one thing, a full one for a server.

use tokio::runtime::{Builder, Runtime};

use crate::exit::Failure;

/// One thread, for a command that does one thing and ends.
pub(crate) fn small() -> Result<Runtime, Failure> {
    Builder::new_current_thread().enable_all().build().map_err(|error| cannot(&error))
}

/// A thread for each core, for a server.
pub(crate) fn full() -> Result<Runtime, Failure> {
    Builder::new_multi_thread().enable_all().build().map_err(|error| cannot(&error))
}

fn cannot(error: &std::io::Error) -> Failure {
    Failure::environment(format!("the system gives no threads or timers: {error}"))
}
