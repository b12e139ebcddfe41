//! No secret reaches the log at any level: the black-box scenarios run with everything logged at `trace`, our own
//! dependencies included, and then the log is searched for every secret that occurred.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::io;
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard};

#[path = "../blackbox/answer.rs"]
mod answer;
#[macro_use]
#[path = "../blackbox/list.rs"]
mod list;
#[path = "../blackbox/scenarios/mod.rs"]
mod scenarios;
#[path = "../blackbox/site.rs"]
mod site;

static LOG: Mutex<Vec<u8>> = Mutex::new(Vec::new());

struct ToMemory;

impl io::Write for ToMemory {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        lock(&LOG).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

macro_rules! run_all {
    ($($file:ident: $($scenario:ident)*;)*) => {
        $($(boxed(scenarios::$file::$scenario).await;)*)*
    };
}

/// A scenario on a site of its own, on the heap: all of them together are more than the stack of a test holds.
fn boxed<F: Future<Output = ()>>(scenario: impl FnOnce(site::Site) -> F) -> Pin<Box<impl Future<Output = ()>>> {
    Box::pin(async { scenario(site::Site::served().await).await })
}

/// One test, so that nothing else writes into the log. The scenarios run one after the other.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_secret_is_logged_at_trace() {
    let subscriber = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(|| ToMemory).finish();
    tracing::subscriber::set_global_default(subscriber).unwrap();
    every_scenario!(run_all);
    let log = String::from_utf8_lossy(&lock(&LOG)).into_owned();
    assert!(log.contains("answered") && log.contains("a refresh token was used again"), "the log was captured");
    let mut secrets = answer::SECRETS.lock().unwrap().clone();
    assert!(secrets.len() > 100, "the scenarios saw {} tokens", secrets.len());
    secrets.extend(site::SECRET_TEXTS.iter().map(ToString::to_string));
    for secret in secrets {
        assert!(!log.contains(&secret), "{secret} was logged: {}", around(&log, &secret));
    }
}

/// The line that gave a secret away.
fn around(log: &str, secret: &str) -> String {
    log.lines().find(|line| line.contains(secret)).unwrap_or_default().to_owned()
}
