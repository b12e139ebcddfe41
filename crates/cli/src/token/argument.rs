//! `[TOKEN|-]`: one token as an argument or on standard input, or many, one a line.

use zeroize::Zeroizing;

use crate::exit::Failure;
use crate::input::Input;

/// Most bytes of one token on standard input: what is verified at most.
const MAX_BYTES: usize = 1024 * 1024;

/// The token or tokens.
#[derive(Debug, clap::Args)]
pub(crate) struct TokenArg {
    /// The token; `-` reads one a line from standard input. Left out, one is read from standard input, where neither the
    /// shell's history nor the list of processes shows it
    #[arg(value_name = "TOKEN|-", allow_hyphen_values = true)]
    token: Option<String>,
}

/// What there is to verify.
#[derive(Debug)]
pub(crate) enum Token {
    /// One token.
    One(Zeroizing<String>),
    /// The lines of standard input.
    Lines,
}

impl TokenArg {
    /// The token, read from standard input when it was left out.
    pub(crate) fn read(&self) -> Result<Token, Failure> {
        match self.token.as_deref() {
            Some("-") => Ok(Token::Lines),
            Some(token) => Ok(Token::One(Zeroizing::new(token.to_owned()))),
            None => from_stdin().map(Token::One),
        }
    }
}

/// One token; the newline at its end is the terminal's and not its own.
fn from_stdin() -> Result<Zeroizing<String>, Failure> {
    let text = Input::Stdin.read_text(MAX_BYTES)?;
    match text.trim() {
        "" => Err(Failure::usage("there is no token: give it as an argument or on standard input")),
        token => Ok(Zeroizing::new(token.to_owned())),
    }
}
