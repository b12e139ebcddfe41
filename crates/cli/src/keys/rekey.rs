//! `jotgate keys rekey`: another master key.

use std::path::PathBuf;

use jotgate_server::{Config, flows};
use serde_json::json;

use super::refused;
use crate::config_source::ConfigArgs;
use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::{runtime, store};

/// Encrypts all stored keys with another master key, all at once or not at all
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Running servers go on with the keys that they have open and that are not revoked, and add none: restart them with the new master
key, within the day. Where the key for new tokens is revoked before that, they answer log-in and refresh with 503 until then.
A second call after a crash does what is left to do.

Example:
  (umask 077; openssl rand -hex 32 > new-master-key)
  jotgate keys rekey --new-master-key-file new-master-key"
)]
pub(crate) struct Args {
    /// The file that holds the new master key, readable by its owner only
    #[arg(long, value_name = "FILE", env = "JOTGATE_NEW_MASTER_KEY_FILE")]
    new_master_key_file: PathBuf,
    #[command(flatten)]
    config: ConfigArgs,
}

pub(crate) fn run(args: &Args, output: Output) -> Result<Exit, Failure> {
    let config = args.config.load(None)?;
    store::say_which(&config, store::Absent::Refuse, output)?;
    runtime::small()?.block_on(rekey(&config, args, output))
}

async fn rekey(config: &Config, args: &Args, output: Output) -> Result<Exit, Failure> {
    let done = flows::rekey(config, &args.new_master_key_file).await.map_err(refused)?;
    let file = args.new_master_key_file.display();
    output.answer(
        || json!({"keys": done.keys, "was_done": done.was_done, "replaced_file": done.replaced_file}),
        || {
            let keys = if done.was_done { "were encrypted with it already" } else { "are encrypted with it" };
            let next = if done.replaced_file {
                "the master key file beside the database holds it now; restart running servers".to_owned()
            } else {
                format!(
                    "set JOTGATE_MASTER_KEY or keys.master_key_file to what {file} holds, and restart running servers"
                )
            };
            format!("{} keys {keys}\n{next}", done.keys)
        },
    )?;
    Ok(Exit::Done)
}
