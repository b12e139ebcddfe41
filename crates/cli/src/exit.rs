//! How a command ends: the exit codes, and the error that carries one.

use std::fmt;
use std::io;
use std::process::ExitCode;

use clap::builder::styling::{AnsiColor, Style};

/// The exit codes, all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done.
    Done = 0,
    /// The answer is no: a token is refused, a check fails.
    No = 1,
    /// Wrong usage or configuration.
    Usage = 2,
    /// The environment failed: a file cannot be read, a port is taken, the database is broken.
    Environment = 3,
}

impl Exit {
    /// The number that the shell sees.
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::No => 1,
            Self::Usage => 2,
            Self::Environment => 3,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// Why a command stopped, in words for a person, and the exit code that it stops with.
#[derive(Debug)]
pub(crate) struct Failure {
    exit: Exit,
    message: String,
}

impl Failure {
    /// The answer is no.
    pub(crate) fn no(message: impl fmt::Display) -> Self {
        Self { exit: Exit::No, message: message.to_string() }
    }

    /// Wrong usage or configuration.
    pub(crate) fn usage(message: impl fmt::Display) -> Self {
        Self { exit: Exit::Usage, message: message.to_string() }
    }

    /// The environment failed.
    pub(crate) fn environment(message: impl fmt::Display) -> Self {
        Self { exit: Exit::Environment, message: message.to_string() }
    }

    /// Output that could not be written. Whoever closed the pipe (`head`, a pager) has seen enough, which is no failure.
    pub(crate) fn output(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self { exit: Exit::Done, message: String::new() },
            _ => Self::environment(format!("the output cannot be written: {error}")),
        }
    }

    /// Says on standard error what went wrong.
    pub(crate) fn report(&self) -> ExitCode {
        if !self.message.is_empty() {
            let red = Style::new().bold().fg_color(Some(AnsiColor::Red.into()));
            // When standard error is gone too, the exit code is all that is left to say.
            let _ =
                io::Write::write_fmt(&mut anstream::stderr(), format_args!("{red}error{red:#}: {}\n", self.message));
        }
        self.exit.into()
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}
