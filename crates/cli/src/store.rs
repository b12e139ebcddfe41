//! The store: opens the same one as the server for a command, and says which; and what is done to a whole store.

use clap::Subcommand;
use jotgate_server::flows::Failure as FlowFailure;
use jotgate_server::{App, Config, StartError};

use crate::config_source::ConfigArgs;
use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::runtime;

mod copy;

/// Whole stores: copy one into another
#[derive(Debug, Subcommand)]
#[command(after_help = "Example:
  jotgate store copy --from sqlite:jotgate.db --to postgres://jotgate@db.example.com/jotgate")]
pub(crate) enum Command {
    Copy(copy::Args),
}

pub(crate) fn run(command: &Command, output: Output) -> Result<Exit, Failure> {
    match command {
        Command::Copy(args) => copy::run(args, output),
    }
}

/// What to do where there is no database yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Absent {
    /// Make one: the command puts something into it.
    Make,
    /// Refuse: a command that looks for something would find an empty database and mislead.
    Refuse,
}

/// Opens the store, does something with it, and closes it.
pub(crate) fn with<F: Future<Output = Result<Exit, Failure>>>(
    args: &ConfigArgs,
    absent: Absent,
    output: Output,
    command: impl FnOnce(App) -> F,
) -> Result<Exit, Failure> {
    let config = args.load(None)?;
    say_which(&config, absent, output)?;
    runtime::small()?.block_on(async {
        let app = App::open(config).await.map_err(failure)?;
        let done = command(app.clone()).await;
        app.close().await;
        done
    })
}

/// A command on the wrong database is a quiet disaster, so every one says where it works.
pub(crate) fn say_which(config: &Config, absent: Absent, output: Output) -> Result<(), Failure> {
    let name = name(config);
    match config.store.file(&config.base_dir).map(|file| file.exists()) {
        Some(false) if absent == Absent::Refuse => Err(Failure::environment(format!(
            "there is no database at {name} yet; `jotgate serve` makes it at its first start, or --config names another configuration"
        ))),
        Some(false) => {
            output.note(format!("making the database {name}"));
            Ok(())
        }
        _ => {
            output.note(format!("database {name}"));
            Ok(())
        }
    }
}

/// The store for people, with a relative path where it leads to, and without a password.
pub(crate) fn name(config: &Config) -> String {
    let base_dir = std::path::absolute(&config.base_dir);
    config.store.name(base_dir.as_ref().unwrap_or(&config.base_dir))
}

/// Why a server or its store does not start, with the exit code for it.
pub(crate) fn failure(error: StartError) -> Failure {
    match error {
        StartError::Config(_)
        | StartError::StoreUrl(_)
        | StartError::MasterKey(_)
        | StartError::Passwords(_)
        | StartError::Mail(_) => Failure::usage(error),
        StartError::UnfinishedCopy
        | StartError::Open(_)
        | StartError::Store(_)
        | StartError::Keyring(_)
        | StartError::Listen(_) => Failure::environment(error),
    }
}

/// Why a flow did not do what it was asked, with the exit code for it.
pub(crate) fn refused(error: FlowFailure) -> Failure {
    match error {
        FlowFailure::Store(_) | FlowFailure::NoKey | FlowFailure::Overloaded | FlowFailure::Internal(_) => {
            Failure::environment(error)
        }
        FlowFailure::InvalidEmail(_)
        | FlowFailure::InvalidName(_)
        | FlowFailure::InvalidRole
        | FlowFailure::InvalidMetadata(..) => Failure::usage(error),
        _ => Failure::no(error),
    }
}
