//! `jotgate serve`: the server.

pub(crate) mod logging;
mod metrics;
pub(crate) mod signals;

use std::io::IsTerminal;

use jotgate_server::{App, Config, Server};
use serde_json::json;

use crate::config_source::{self, ConfigArgs};
use crate::exit::{Exit, Failure};
use crate::output::{Output, bold};
use crate::{runtime, store};
use metrics::Recorder;
use signals::Signals;

/// Runs the server until it is told to stop (SIGTERM, Ctrl-C)
#[derive(Debug, clap::Args)]
#[command(
    after_help = "The first signal lets the requests that were accepted finish; a second one ends the server at once. The log goes to
standard error; the line that says where the server listens to standard output.

Examples:
  jotgate serve --config /etc/jotgate.toml
  JOTGATE_ISSUER=https://auth.example.com jotgate serve --listen 0.0.0.0:4400"
)]
pub(crate) struct Args {
    #[command(flatten)]
    config: ConfigArgs,
    /// Listen here instead of at http.listen
    #[arg(long, value_name = "ADDR", value_parser = config_source::address)]
    listen: Option<String>,
}

pub(crate) fn run(args: &Args, output: Output) -> Result<Exit, Failure> {
    let config = args.config.load(args.listen.as_deref())?;
    logging::start(&config.log)?;
    for warning in &config.warnings {
        tracing::warn!("{warning}");
    }
    runtime::full()?.block_on(serve(config, output))?;
    Ok(Exit::Done)
}

async fn serve(config: Config, output: Output) -> Result<(), Failure> {
    let signals = Signals::listen()?;
    let store = store::name(&config);
    let recorder = Recorder::install(&config)?;
    let app = App::open(config).await.map_err(store::failure)?;
    let mut server = Server::bind(app.clone()).await.map_err(store::failure)?;
    if let Some(recorder) = recorder {
        server = server.with_metrics(move || recorder.render()).await.map_err(store::failure)?;
    }
    announce(&app, &server, &store, output)?;
    server.run(signals.stopped(|| {})).await;
    tracing::info!("stopped");
    Ok(())
}

/// One plain line for whoever started the server, and the same in the log unless both go to one screen.
fn announce(app: &App, server: &Server, store: &str, output: Output) -> Result<(), Failure> {
    let address = server.local_address().map_err(store::failure)?;
    let issuer = &app.config().issuer;
    if !std::io::stderr().is_terminal() {
        tracing::info!(%address, issuer, store, "listening");
    }
    let metrics = server.metrics_address();
    if let Some(address) = metrics {
        tracing::info!(%address, "metrics");
    }
    output.answer(
        || json!({"listening": address, "issuer": issuer, "store": store, "metrics": metrics}),
        || format!("listening on {}, issuer {}, store {}", bold(address), bold(issuer), bold(store)),
    )
}
