//! The log, on standard error. What a dependency says below `info` is never logged, whatever the filter: at `trace` an HTTP
//! library prints headers, and in them tokens.

use std::io::IsTerminal;

use jotgate_server::config::{Log, LogFormat};
use tracing::{Level, level_filters::LevelFilter};
use tracing_subscriber::filter::{FilterExt, filter_fn};
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Registry, fmt};

use crate::exit::Failure;

/// Starts logging.
pub(crate) fn start(log: &Log) -> Result<(), Failure> {
    let filter = filter(&log.level).map_err(|error| Failure::usage(format!("log.level: {error}")))?;
    let clamp = filter_fn(|metadata| may_be_logged(metadata.target(), *metadata.level()));
    let started = tracing_subscriber::registry().with(layer(log.format).with_filter(filter.and(clamp))).try_init();
    started.map_err(|error| Failure::environment(format!("logging cannot be started: {error}")))
}

fn layer(format: LogFormat) -> Box<dyn Layer<Registry> + Send + Sync> {
    let lines = fmt::layer().with_writer(std::io::stderr);
    match format {
        LogFormat::Text => lines.with_ansi(has_colours()).boxed(),
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
    }
}

fn has_colours() -> bool {
    std::io::stderr().is_terminal() && anstream::stderr().current_choice() != anstream::ColorChoice::Never
}

/// Reads a filter. A word that is no level would mean a module of that name at `trace`, which nobody means who misspells one.
pub(crate) fn filter(text: &str) -> Result<EnvFilter, String> {
    let parts: Vec<_> = text.split(',').map(str::trim).collect();
    for part in &parts {
        let is_level = !part.is_empty() && part.parse::<LevelFilter>().is_ok();
        if !is_level && !part.contains('=') && !part.starts_with("jotgate") {
            return Err(format!(
                "`{part}` is not a level; write error, warn, info, debug or trace, or a filter such as `info,jotgate_server=debug`"
            ));
        }
    }
    EnvFilter::builder().parse(parts.join(",")).map_err(|error| format!("`{text}` is not a filter: {error}"))
}

/// What is ours holds no secrets, and tests see to it; what others say in passing, nobody has looked at.
fn may_be_logged(target: &str, level: Level) -> bool {
    target.starts_with("jotgate") || level <= Level::INFO
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_checked_as_people_write_them() {
        for good in ["info", "WARN", "off", "trace", "info,jotgate_server=debug", "jotgate_server", "warn, hyper=info"]
        {
            assert!(filter(good).is_ok(), "{good}");
        }
        for bad in ["inof", "", "verbose", "info,", "jotgate=loud", "info,hyper"] {
            assert!(filter(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn dependencies_are_quiet_at_any_filter() {
        assert!(may_be_logged("jotgate_server::http::layers", Level::TRACE));
        assert!(may_be_logged("hyper", Level::INFO) && may_be_logged("rustls", Level::WARN));
        assert!(!may_be_logged("h2::codec", Level::TRACE) && !may_be_logged("hyper", Level::DEBUG));
    }
}
