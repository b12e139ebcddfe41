//! `[log]`: what is logged, and how.

use serde::{Deserialize, Serialize};

use super::Key;

/// What is logged, and how.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Log {
    /// Least level, or a filter such as `info,jotgate_server=debug`.
    pub level: String,
    /// Lines for people or JSON objects for programs.
    pub format: LogFormat,
}

/// The shape of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// A line for people.
    Text,
    /// One JSON object a line.
    Json,
}

impl Default for Log {
    fn default() -> Self {
        Self { level: "info".into(), format: LogFormat::Text }
    }
}

pub(super) const KEYS: &[Key] = &[
    Key { path: "log.level", default: "\"info\"", meaning: "error, warn, info, debug, trace, or a filter by module" },
    Key { path: "log.format", default: "\"text\"", meaning: "\"text\" for people or \"json\" for programs" },
];
