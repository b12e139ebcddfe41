//! `jotgate config reference`: every key with its default and meaning.

use jotgate_server::config::{self, Key};
use serde_json::json;

use crate::exit::{Exit, Failure};
use crate::output::{Output, Page};

/// Prints every key with its default and meaning, as a file to start from
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  jotgate config reference > jotgate.toml")]
pub(crate) struct Args {}

pub(crate) fn run(_: &Args, output: Output) -> Result<Exit, Failure> {
    let keys = config::reference();
    if output.is_json() {
        for Key { path, default, meaning } in keys {
            output.value(&json!({"key": path, "default": default, "meaning": meaning}))?;
        }
    } else {
        output.text(&toml(&keys))?;
    }
    Ok(Exit::Done)
}

/// A configuration that works as soon as its issuer is right: everything else stands in comments, with its default.
fn toml(keys: &[Key]) -> String {
    let mut page = Page::default();
    page.line("# Jotgate: every key with its default. Take the `#` from the line of a key to change it.");
    page.line("# The environment overrides this file: JOTGATE_HTTP__LISTEN is `listen` in `[http]`.");
    let mut section = "";
    for key in keys {
        let (its_section, name) = key.path.rsplit_once('.').unwrap_or(("", key.path));
        if its_section != section {
            section = its_section;
            // Written out, it would be a client called NAME.
            let comment = if section.contains('.') { "# " } else { "" };
            page.line(format_args!("\n{comment}[{section}]"));
        }
        page.line(format_args!("\n# {}\n{}", key.meaning, line(section, name, key.default)));
    }
    page.text()
}

fn line(section: &str, name: &str, default: &str) -> String {
    match default {
        "(required)" => format!("{name} = \"https://auth.example.com\""),
        "(none)" => format!("# {name} = \"\"    # not set by default"),
        default if default.starts_with("(as ") => {
            format!("# {name} = \"\"    # by default {}", default.trim_matches(['(', ')']))
        }
        default if default.starts_with("[the ") => {
            format!("# {name} = [\"https://api.example.com\"]    # by default {}", default.trim_matches(['[', ']']))
        }
        default if section.contains('.') => format!("# {name} = {default}    # the default"),
        default => format!("# {name} = {default}"),
    }
}
