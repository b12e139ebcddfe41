//! `docs/reference/configuration.md`, `audit.md` and `metrics.md` are the tables of keys, of events and of metrics, written out. A stale page is written
//! anew, and the test fails once.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::fmt::Write;
use std::path::Path;

use jotgate_server::METRICS;
use jotgate_server::config::reference;
use jotgate_server::domain::audit::Event;

#[test]
fn configuration_md_is_fresh() {
    is_fresh("configuration.md", &configuration());
}

#[test]
fn audit_md_is_fresh() {
    is_fresh("audit.md", &audit());
}

#[test]
fn metrics_md_is_fresh() {
    is_fresh("metrics.md", &metrics());
}

fn is_fresh(name: &str, fresh: &str) {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference").join(name);
    if std::fs::read_to_string(&page).unwrap_or_default() != fresh {
        std::fs::write(&page, fresh).unwrap();
        panic!("docs/reference/{name} was stale and is written anew: commit it");
    }
}

fn audit() -> String {
    let mut page = String::from(
        "# Events of the audit trail\n\n\
         Each line has who did it (`anonymous`, `user`, `administrator`, `command_line` or `system`), when, from where (address,\n\
         `User-Agent`, the id of the request), the account and session that it is about, and the code with which it was refused if\n\
         it was. What was done and its line are one transaction; only the line of a backup is written after its file. Of refusals and of\n\
         requests for links 60 a minute and server have lines of their own. A line has no password, token or e-mail address in it, and what somebody typed at a log-in is not\n\
         kept. `jotgate audit` and `GET /v1/admin/audit` read it; `audit.retention` says how long it is kept.\n\n\
         | event | meaning |\n| --- | --- |\n",
    );
    for event in Event::ALL {
        let _ = writeln!(page, "| `{}` | {} |", event.name(), event.meaning());
    }
    page
}

fn metrics() -> String {
    let mut page = String::from(
        "# Metrics\n\n\
         With `metrics.listen` the server answers `GET /metrics` on a listener of its own, in the text format of Prometheus. It asks\n\
         nobody who they are and has no TLS, so an address that other machines can reach is refused unless `metrics.expose` is true.\n\
         Labels are words of tables like this one and never anything that a client has written.\n\n\
         A program that mounts the server installs a recorder of its own for the `metrics` facade, before it opens the server, and\n\
         calls `App::observe` before it reads the gauges. What a guard counts is in the documentation of its crate.\n\n\
         | metric | kind | labels | meaning |\n| --- | --- | --- | --- |\n",
    );
    for metric in METRICS {
        let kind = if metric.is_counter { "counter" } else { "gauge" };
        let labels: Vec<_> = metric.labels.iter().map(|label| format!("`{label}`")).collect();
        let _ = writeln!(page, "| `{}` | {kind} | {} | {} |", metric.name, labels.join(", "), metric.meaning);
    }
    page
}

fn configuration() -> String {
    let mut page = String::from(
        "# Configuration\n\n\
         One TOML file; every key has a default except `issuer`. The environment wins over the file: `JOTGATE_HTTP__LISTEN`\n\
         is `listen` in `[http]`. `JOTGATE_MASTER_KEY` and `JOTGATE_MASTER_KEY_FILE` are short for the two keys in `[keys]`.\n\
         `jotgate config check` says what is wrong and on which line.\n\n\
         | key | default | meaning |\n| --- | --- | --- |\n",
    );
    for key in reference() {
        let _ = writeln!(page, "| `{}` | `{}` | {} |", key.path, key.default, key.meaning);
    }
    page
}
