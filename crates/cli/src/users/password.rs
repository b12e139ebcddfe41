//! A password from a person or a program, never from the arguments, which everybody on the machine can read.

use std::io::{self, BufRead, IsTerminal, Read};

use jotgate_server::domain::password::Password;
use zeroize::Zeroizing;

use crate::exit::Failure;

/// Reads a password: from a prompt without echo, twice, or with `from_stdin` one line of standard input.
pub(super) fn read(from_stdin: bool) -> Result<Password, Failure> {
    let text = if from_stdin { line()? } else { prompt()? };
    Password::parse(&text).map_err(Failure::no)
}

fn prompt() -> Result<Zeroizing<String>, Failure> {
    if !io::stdin().is_terminal() {
        return Err(Failure::usage("there is no terminal to ask for the password at; give it with --password-stdin"));
    }
    let asked = dialoguer::Password::new()
        .with_prompt("Password")
        .with_confirmation("Once more", "They differ; try again")
        .interact();
    asked.map(Zeroizing::new).map_err(|error| Failure::environment(format!("the password cannot be read: {error}")))
}

/// One line, without its end. One byte more than a password may have is enough to see that it is too long.
fn line() -> Result<Zeroizing<String>, Failure> {
    let limit = Password::MAX_BYTES + 3;
    let mut bytes = Zeroizing::new(Vec::with_capacity(limit));
    let mut input = io::stdin().lock().take(u64::try_from(limit).unwrap_or(u64::MAX));
    input
        .read_until(b'\n', &mut bytes)
        .map_err(|error| Failure::environment(format!("the password cannot be read: {error}")))?;
    let text =
        std::str::from_utf8(&bytes).map_err(|_| Failure::usage("the password on standard input is not UTF-8"))?;
    let text = text.strip_suffix('\n').unwrap_or(text);
    let text = text.strip_suffix('\r').unwrap_or(text);
    if text.is_empty() {
        return Err(Failure::usage("there is no password on standard input"));
    }
    Ok(Zeroizing::new(text.to_owned()))
}
