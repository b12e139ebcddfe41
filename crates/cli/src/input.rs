//! Files and standard input, with a limit on what is taken from either.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;
use std::str::FromStr;

use zeroize::Zeroizing;

use crate::exit::Failure;

/// Where something is read from: a file, or `-` for standard input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Input {
    /// Standard input.
    Stdin,
    /// A file.
    File(PathBuf),
}

impl FromStr for Input {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(if text == "-" { Self::Stdin } else { Self::File(PathBuf::from(text)) })
    }
}

impl fmt::Display for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stdin => f.write_str("standard input"),
            Self::File(path) => write!(f, "{}", path.display()),
        }
    }
}

impl Input {
    /// Everything there is, wiped from memory after use since it may hold a key. More than `limit` bytes are refused.
    pub(crate) fn read(&self, limit: usize) -> Result<Zeroizing<Vec<u8>>, Failure> {
        let cannot = |error: io::Error| Failure::environment(format!("{self} cannot be read: {error}"));
        let bytes = match self {
            Self::Stdin => take(io::stdin().lock(), limit),
            Self::File(path) => File::open(path).and_then(|file| take(file, limit)),
        };
        let bytes = bytes.map_err(cannot)?;
        if bytes.len() > limit {
            return Err(Failure::usage(format!(
                "{self} is larger than {limit} bytes, which is more than belongs here"
            )));
        }
        Ok(bytes)
    }

    /// The same as text, which must be UTF-8.
    pub(crate) fn read_text(&self, limit: usize) -> Result<Zeroizing<String>, Failure> {
        let bytes = self.read(limit)?;
        let text = std::str::from_utf8(&bytes).map_err(|_| Failure::usage(format!("{self} is not UTF-8 text")))?;
        Ok(Zeroizing::new(text.to_owned()))
    }
}

/// Up to one byte more than the limit, so that the caller can tell.
fn take(input: impl Read, limit: usize) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::new());
    let limit = u64::try_from(limit).unwrap_or(u64::MAX);
    input.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    Ok(bytes)
}
