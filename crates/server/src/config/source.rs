//! Reads the file and the environment into one [`Config`], and remembers on which line each key stands.

use std::collections::BTreeMap;

use toml::de::{DeTable, DeValue};

use super::{Config, ConfigError, Problem, reference};

/// The line of each key that stands in the file, from 1.
#[derive(Debug, Default)]
pub(super) struct Lines {
    in_file: BTreeMap<String, usize>,
    /// Keys that the environment has set over the file, with the variable.
    in_environment: BTreeMap<String, String>,
}

impl Lines {
    /// The line of the key, unless the environment has the last word on it.
    pub(super) fn of(&self, key: &str) -> Option<usize> {
        self.in_file.get(key).filter(|_| !self.in_environment.contains_key(key)).copied()
    }

    /// What set the key: the key itself, or the variable.
    pub(super) fn name_of(&self, key: &str) -> String {
        self.in_environment.get(key).map_or_else(|| key.to_owned(), |variable| format!("{key} ({variable})"))
    }
}

/// One environment variable that sets a key.
#[derive(Debug)]
pub(super) struct Setting {
    variable: String,
    path: String,
    value: String,
}

/// The variables that set a key. A variable without `__` that is no key is somebody else's (a container platform sets
/// `JOTGATE_SERVICE_HOST` and the like); one with `__` can only be meant for us, so an unknown one is a mistake.
pub(super) fn recognised(environment: impl IntoIterator<Item = (String, String)>) -> Result<Vec<Setting>, ConfigError> {
    let mut settings = Vec::new();
    let mut problems = Vec::new();
    for (variable, value) in environment {
        let Some(name) = variable.strip_prefix("JOTGATE_") else { continue };
        let path = match name {
            "MASTER_KEY" => "keys.master_key".to_owned(),
            "MASTER_KEY_FILE" => "keys.master_key_file".to_owned(),
            name => name.to_ascii_lowercase().replace("__", "."),
        };
        match reference::find(&path) {
            Some(_) => settings.push(Setting { variable, path, value }),
            None if name.contains("__") => problems.push(unknown(&variable, &path, None)),
            None => {}
        }
    }
    if problems.is_empty() { Ok(settings) } else { Err(ConfigError { problems }) }
}

/// Reads the file's text, then the environment over it.
pub(super) fn read(text: &str, environment: &[Setting]) -> Result<(Config, Lines), ConfigError> {
    let document = DeTable::parse(text).map_err(|error| ConfigError::from(syntax_problem(text, &error)))?;
    let mut lines = Lines::default();
    let mut problems = Vec::new();
    walk(document.get_ref(), "", text, &mut lines, &mut problems);
    if !problems.is_empty() {
        return Err(ConfigError { problems });
    }
    let config: Config = toml::from_str(text).map_err(|error| type_problem(text, &error, &lines))?;
    let set = environment.iter().map(|setting| (setting.path.clone(), setting.variable.clone()));
    lines.in_environment = set.collect();
    overlay(config, text, environment).map(|config| (config, lines))
}

/// Notes the line of every key, and refuses those that the reference does not have.
fn walk(table: &DeTable<'_>, prefix: &str, text: &str, lines: &mut Lines, problems: &mut Vec<Problem>) {
    for (name, value) in table {
        let path = if prefix.is_empty() { name.get_ref().to_string() } else { format!("{prefix}.{}", name.get_ref()) };
        let line = line_at(text, name.span().start);
        lines.in_file.insert(path.clone(), line);
        let is_section = reference::is_section(&path);
        match value.get_ref() {
            DeValue::Table(section) if is_section => walk(section, &path, text, lines, problems),
            _ if is_section => problems.push(Problem {
                line: Some(line),
                message: format!("is a section, so its keys stand under a line `[{path}]`"),
                key: path,
            }),
            _ if reference::find(&path).is_some() => {}
            _ => problems.push(unknown(&path, &path, Some(line))),
        }
    }
}

fn unknown(key: &str, path: &str, line: Option<usize>) -> Problem {
    let hint = match reference::nearest(path) {
        Some(nearest) => format!("is not a known key; did you mean `{nearest}`?"),
        None => "is not a known key; `jotgate config reference` lists them all".to_owned(),
    };
    Problem { key: key.to_owned(), line, message: hint }
}

fn syntax_problem(text: &str, error: &toml::de::Error) -> Problem {
    let line = error.span().map(|span| line_at(text, span.start));
    Problem { key: String::new(), line, message: format!("not valid TOML: {}", error.message()) }
}

/// Keys whose values an error message must not repeat.
const SECRETS: [&str; 6] = [
    "store.url",
    "tokens.secret",
    "tokens.previous_secret",
    "tokens.legacy.secret",
    "keys.master_key",
    "mail.password",
];

/// A value of the wrong type: serde knows the place of the value, and the line tells the key.
fn type_problem(text: &str, error: &toml::de::Error, lines: &Lines) -> ConfigError {
    let line = error.span().map(|span| line_at(text, span.start));
    let on_line = |(_, at): &(&String, &usize)| Some(**at) == line;
    let key = lines.in_file.iter().filter(on_line).map(|(key, _)| key).max_by_key(|key| key.len());
    let key = key.cloned().unwrap_or_default();
    let message = if SECRETS.contains(&key.as_str()) { "must be a text in quotes" } else { error.message() };
    Problem { line, message: message.to_owned(), key }.into()
}

/// Lays the environment over the file, one variable at a time, so that a bad one can be named.
fn overlay(config: Config, text: &str, environment: &[Setting]) -> Result<Config, ConfigError> {
    if environment.is_empty() {
        return Ok(config);
    }
    let mut table: toml::Table =
        toml::from_str(text).map_err(|error| ConfigError::from(syntax_problem(text, &error)))?;
    let mut merged = config;
    for setting in environment {
        insert(&mut table, &setting.path, as_toml(&setting.value, &setting.path, &merged));
        merged = table.clone().try_into().map_err(|error: toml::de::Error| {
            let message = format!("sets `{}`, and {}", setting.path, error.message());
            ConfigError::from(Problem { key: setting.variable.clone(), line: None, message })
        })?;
    }
    Ok(merged)
}

fn insert(table: &mut toml::Table, path: &str, value: toml::Value) {
    match path.split_once('.') {
        None => {
            table.insert(path.to_owned(), value);
        }
        Some((section, rest)) => {
            let entry = table.entry(section).or_insert_with(|| toml::Value::Table(toml::Table::new()));
            if let toml::Value::Table(section) = entry {
                insert(section, rest, value);
            }
        }
    }
}

/// What a variable's text means: a number, a truth value or a list only where the key's own type is one, so that a
/// secret made of digits stays a text. A list is TOML, or its items with commas between.
fn as_toml(value: &str, path: &str, current: &Config) -> toml::Value {
    let typed = toml::Table::try_from(current)
        .ok()
        .and_then(|table| path.split('.').try_fold(toml::Value::Table(table), |value, name| value.get(name).cloned()));
    let text = || toml::Value::String(value.to_owned());
    // A client or a role that the file has not got yet has the types of the reference.
    match typed.or_else(|| default(path)) {
        Some(toml::Value::Integer(_)) => value.parse().map_or_else(|_| text(), toml::Value::Integer),
        Some(toml::Value::Boolean(_)) => value.parse().map_or_else(|_| text(), toml::Value::Boolean),
        Some(toml::Value::Array(_)) => list(value),
        _ => text(),
    }
}

fn default(path: &str) -> Option<toml::Value> {
    let text = format!("default = {}", reference::find(path)?.default);
    toml::from_str::<toml::Table>(&text).ok()?.remove("default")
}

fn list(value: &str) -> toml::Value {
    let parsed = toml::from_str::<toml::Table>(&format!("list = {value}")).ok();
    if let Some(array @ toml::Value::Array(_)) = parsed.and_then(|mut table| table.remove("list")) {
        return array;
    }
    let items = value.split(',').map(str::trim).filter(|item| !item.is_empty());
    toml::Value::Array(items.map(|item| toml::Value::String(item.to_owned())).collect())
}

fn line_at(text: &str, offset: usize) -> usize {
    1 + text.bytes().take(offset).filter(|byte| *byte == b'\n').count()
}
