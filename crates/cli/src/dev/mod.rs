//! `jotgate dev`: a server to try, with temporary data and a demo user, and what to do next.

mod demo;
mod listen;
mod steps;

use std::path::Path;

use jotgate_server::config::{LogFormat, Role};
use jotgate_server::domain::scope::ADMIN;
use jotgate_server::{App, Config, Server};
use serde_json::json;
use tempfile::TempDir;

use crate::config_source;
use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::serve::logging;
use crate::serve::signals::Signals;
use crate::{runtime, store};
use steps::Steps;

/// Starts a server to try: temporary data, a demo user, and the next steps printed
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Nothing is configured and nothing is kept: the data is in a temporary folder that is removed at the end.
Mail is shown at /dev/mail instead of being sent.

Examples:
  jotgate dev
  jotgate dev --listen 127.0.0.1:4500"
)]
pub(crate) struct Args {
    /// Where to listen
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:4400", value_parser = config_source::address)]
    listen: String,
}

pub(crate) fn run(args: &Args, output: Output) -> Result<Exit, Failure> {
    let made = tempfile::Builder::new().prefix("jotgate-dev-").tempdir();
    let data = made.map_err(|error| Failure::environment(format!("no temporary folder can be made: {error}")))?;
    let config = config(&args.listen, data.path())?;
    logging::start(&config.log)?;
    runtime::full()?.block_on(serve(config, data, output))?;
    Ok(Exit::Done)
}

/// The defaults of a real server; only the place of the data and the issuer are its own, and mail is shown instead of sent. The
/// environment does not count, so that it behaves alike everywhere.
fn config(listen: &str, data: &Path) -> Result<Config, Failure> {
    let address = listen::resolve(listen)?;
    let mut config = Config::new(&listen::issuer(address)).map_err(Failure::usage)?;
    config.http.listen = address.to_string();
    data.clone_into(&mut config.base_dir);
    config.roles.insert(demo::ADMIN_ROLE.into(), Role { scopes: vec![ADMIN.into()], everyone: false });
    config.log.format = LogFormat::Text;
    config.mail.show = true;
    Ok(config)
}

async fn serve(config: Config, data: TempDir, output: Output) -> Result<(), Failure> {
    let signals = Signals::listen()?;
    let (issuer, listen) = (config.issuer.clone(), config.http.listen.clone());
    let app = App::open(config).await.map_err(store::failure)?;
    let server = Server::bind(app.clone()).await.map_err(|error| taken(&error))?;
    let tokens = data.path().join("tokens.json");
    demo::log_in(&app, &tokens).await?;
    demo::make_administrator(&app).await?;
    let steps = Steps { issuer: &issuer, tokens: &tokens };
    output.answer(|| json!({"issuer": issuer, "listening": listen, "steps": steps.as_json()}), || steps.text())?;
    let folder = data.path().to_owned();
    // The process ends without unwinding at a second signal, so the folder is removed by hand.
    let remove = move || drop(std::fs::remove_dir_all(folder));
    server.run(signals.stopped(remove)).await;
    data.close().map_err(|error| Failure::environment(format!("the temporary folder cannot be removed: {error}")))
}

fn taken(error: &jotgate_server::StartError) -> Failure {
    Failure::environment(format!(
        "{error}\nis another `jotgate dev` running? Choose another port with --listen 127.0.0.1:4500"
    ))
}
