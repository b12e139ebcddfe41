//! The project's own chores. `cargo xtask test` is the whole test run.
#![expect(clippy::print_stdout, reason = "a program for people at a terminal")]

mod common_passwords;
mod needs;
mod outcome;
mod test;

use std::process::ExitCode;

const USAGE: &str = "usage: cargo xtask test [ARGUMENTS FOR cargo test]
       cargo xtask common-passwords

  test              gets what the tests need and does not find, runs every test of the workspace (or those
                    that the arguments choose), and ends in one line: N passed, N failed, N skipped
  common-passwords  makes the filter of common and breached passwords anew, from packages that it fetches";

fn main() -> anyhow::Result<ExitCode> {
    let mut arguments = std::env::args().skip(1);
    match arguments.next().as_deref() {
        Some("test") => test::run(&arguments.collect::<Vec<_>>()),
        Some("common-passwords") => common_passwords::run(&test::target_folder()?),
        _ => {
            println!("{USAGE}");
            Ok(ExitCode::from(2))
        }
    }
}
