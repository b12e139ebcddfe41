//! The tree of commands. The arguments of each stand in its own file.

use clap::{CommandFactory, Parser, Subcommand};

use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::{
    audit, backup, completions, config, dev, jwk, jws, keys, man, restore, serve, sessions, store, token, users,
};

/// JWT authentication: log in once, verify anywhere without asking anyone, log out everywhere at once.
#[derive(Debug, Parser)]
#[command(
    name = "jotgate",
    version,
    arg_required_else_help = true,
    subcommand_required = true,
    propagate_version = true,
    after_help = "Exit codes: 0 done, 1 the answer is no, 2 wrong usage or configuration, 3 the environment failed.

Examples:
  jotgate dev
  jotgate serve --config /etc/jotgate.toml
  jotgate token inspect \"$TOKEN\""
)]
pub(crate) struct Cli {
    /// Print JSON: one value, or one a line
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Dev(dev::Args),
    Serve(serve::Args),
    #[command(subcommand)]
    Config(config::Command),
    #[command(subcommand)]
    Users(users::Command),
    #[command(subcommand)]
    Sessions(sessions::Command),
    Audit(audit::Args),
    #[command(subcommand)]
    Keys(keys::Command),
    Backup(backup::Args),
    Restore(restore::Args),
    #[command(subcommand)]
    Store(store::Command),
    #[command(subcommand)]
    Token(token::Command),
    #[command(subcommand)]
    Jws(jws::Command),
    #[command(subcommand)]
    Jwk(jwk::Command),
    Completions(completions::Args),
    Man(man::Args),
}

impl Cli {
    /// Does what was asked.
    pub(crate) fn run(self) -> Result<Exit, Failure> {
        let output = Output::new(self.json);
        match self.command {
            Command::Dev(args) => dev::run(&args, output),
            Command::Serve(args) => serve::run(&args, output),
            Command::Config(command) => config::run(&command, output),
            Command::Users(command) => users::run(command, output),
            Command::Sessions(command) => sessions::run(&command, output),
            Command::Audit(args) => audit::run(&args, output),
            Command::Keys(command) => keys::run(command, output),
            Command::Backup(args) => backup::run(&args, output),
            Command::Restore(args) => restore::run(&args, output),
            Command::Store(command) => store::run(&command, output),
            Command::Token(command) => token::run(&command, output),
            Command::Jws(command) => jws::run(&command, output),
            Command::Jwk(command) => jwk::run(&command, output),
            Command::Completions(args) => completions::run(&args, Self::command(), output),
            Command::Man(args) => man::run(&args, Self::command(), output),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tree_of_commands_is_sound() {
        Cli::command().debug_assert();
    }
}

#[cfg(test)]
mod reference {
    use std::fmt::Write;
    use std::path::Path;

    use clap::{Command, CommandFactory};

    use super::Cli;

    /// Wide enough that no line is broken by the terminal of whoever runs the tests.
    const WIDTH: usize = 120;

    #[test]
    fn command_line_md_is_fresh() {
        let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/command-line.md");
        let mut fresh = String::from("# The command line\n\nWhat `--help` says, of every command.\n");
        let mut tree = Cli::command().term_width(WIDTH);
        tree.build();
        describe(&tree, &mut fresh);
        if std::fs::read_to_string(&page).unwrap_or_default() != fresh {
            std::fs::write(&page, fresh).unwrap();
            panic!("docs/reference/command-line.md was stale and is written anew: commit it");
        }
    }

    fn describe(command: &Command, page: &mut String) {
        let mut plain = command.clone().term_width(WIDTH).color(clap::ColorChoice::Never);
        let name = plain.get_bin_name().unwrap_or("jotgate").to_owned();
        let help = plain.render_long_help().to_string();
        let lines: Vec<&str> = help.lines().map(str::trim_end).collect();
        let _ = write!(page, "\n## {name}\n\n```text\n{}\n```\n", lines.join("\n").trim_end());
        for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help" && !sub.is_hide_set()) {
            describe(sub, page);
        }
    }
}
