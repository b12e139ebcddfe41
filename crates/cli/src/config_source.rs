//! The one place that reads the configuration's file and the environment.

use std::fmt;
use std::path::{Path, PathBuf};

use jotgate_server::{Config, ConfigError};

use crate::exit::Failure;
use crate::input::Input;

/// The file that is read when none is named and it stands in the current directory.
const DEFAULT_FILE: &str = "jotgate.toml";
/// Most bytes of a configuration file.
const MAX_BYTES: usize = 1024 * 1024;
/// What every variable of ours begins with.
const PREFIX: &str = "JOTGATE_";

/// Where the configuration is.
#[derive(Debug, clap::Args)]
pub(crate) struct ConfigArgs {
    /// The configuration file; by default jotgate.toml in the current directory, if there is one
    #[arg(long, value_name = "FILE", env = "JOTGATE_CONFIG")]
    config: Option<PathBuf>,
}

/// What the configuration comes from.
#[derive(Debug)]
pub(crate) struct Source {
    file: Option<PathBuf>,
    text: String,
    environment: Vec<(String, String)>,
}

/// Reads `host:port`.
pub(crate) fn address(text: &str) -> Result<String, String> {
    match text.rsplit_once(':') {
        Some((host, port)) if !host.is_empty() && port.parse::<u16>().is_ok() => Ok(text.to_owned()),
        _ => Err("write an address and a port, such as 127.0.0.1:4400".to_owned()),
    }
}

impl ConfigArgs {
    /// Reads file and environment. `listen` comes from the command line and wins over both.
    pub(crate) fn read(&self, listen: Option<&str>) -> Result<Source, Failure> {
        let default = Path::new(DEFAULT_FILE);
        let file = self.config.clone().or_else(|| default.exists().then(|| default.to_owned()));
        let text = match &file {
            Some(file) => Input::File(file.clone()).read_text(MAX_BYTES)?.to_string(),
            None => String::new(),
        };
        let mut environment = environment()?;
        if let Some(listen) = listen {
            environment.push(("JOTGATE_HTTP__LISTEN".to_owned(), listen.to_owned()));
        }
        Ok(Source { file, text, environment })
    }

    /// Reads the configuration; every problem is said when there is one.
    pub(crate) fn load(&self, listen: Option<&str>) -> Result<Config, Failure> {
        let source = self.read(listen)?;
        source.config().map_err(|error| Failure::usage(format!("{source} cannot be used:\n{error}{}", source.hint())))
    }
}

impl Source {
    /// Makes the configuration of it.
    pub(crate) fn config(&self) -> Result<Config, ConfigError> {
        let folder = self.file.as_deref().and_then(Path::parent).filter(|folder| !folder.as_os_str().is_empty());
        Config::load(&self.text, self.environment.iter().cloned(), folder.unwrap_or(Path::new(".")))
    }

    /// The file, if there is one.
    pub(crate) fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// What a person who has no configuration yet can do.
    pub(crate) fn hint(&self) -> &'static str {
        if self.file.is_some() {
            return "";
        }
        "\nthere is no jotgate.toml here: name one with --config, or try `jotgate dev`, which needs none"
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.file {
            Some(file) => write!(f, "{}", file.display()),
            None => f.write_str("the configuration from the environment"),
        }
    }
}

/// The variables of ours.
fn environment() -> Result<Vec<(String, String)>, Failure> {
    let ours = std::env::vars_os().filter_map(|(name, value)| {
        let name = name.into_string().ok().filter(|name| name.starts_with(PREFIX))?;
        Some((name, value))
    });
    ours.map(|(name, value)| match value.into_string() {
        Ok(value) => Ok((name, value)),
        Err(_) => Err(Failure::usage(format!("the environment variable {name} is not UTF-8 text"))),
    })
    .collect()
}
