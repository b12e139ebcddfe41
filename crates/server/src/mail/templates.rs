//! What mails say: a text and an HTML form of each letter, built in, or from a folder of the operator's.
//!
//! A template is its text with names in double braces: `{{link}}`. In HTML a value is escaped wherever it stands. The text form
//! begins with `Subject: ` and an empty line. A name that is not known is refused at start, and so is a letter with a link whose
//! template has none.

use std::path::Path;

use crate::domain::mail::Letter;
use crate::domain::user::is_direction_mark;

/// A letter's built-in text and HTML.
const fn built_in(letter: Letter) -> (&'static str, &'static str) {
    macro_rules! both {
        ($name:literal) => {
            (include_str!(concat!("templates/", $name, ".txt")), include_str!(concat!("templates/", $name, ".html")))
        };
    }
    match letter {
        Letter::Verify => both!("verify"),
        Letter::Known => both!("known"),
        Letter::Reset => both!("reset"),
        Letter::ChangeEmail => both!("change_email"),
        Letter::PasswordChanged => both!("password_changed"),
        Letter::NewDevice => both!("new_device"),
        Letter::SessionReused => both!("session_reused"),
        Letter::EmailChanged => both!("email_changed"),
    }
}

/// The names that a template may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Name {
    Service,
    Email,
    Link,
    Hours,
    Device,
    Address,
    Time,
    NewEmail,
}

impl Name {
    const ALL: [(Self, &str); 8] = [
        (Self::Service, "service"),
        (Self::Email, "email"),
        (Self::Link, "link"),
        (Self::Hours, "hours"),
        (Self::Device, "device"),
        (Self::Address, "address"),
        (Self::Time, "time"),
        (Self::NewEmail, "new_email"),
    ];

    fn from_text(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(_, name)| *name == text).map(|(name, _)| name)
    }
}

/// What stands for the names.
#[derive(Debug, Default)]
pub(super) struct Values {
    pub(super) service: String,
    pub(super) email: String,
    pub(super) link: String,
    pub(super) hours: String,
    pub(super) device: String,
    pub(super) address: String,
    pub(super) time: String,
    pub(super) new_email: String,
}

impl Values {
    fn of(&self, name: Name) -> &str {
        match name {
            Name::Service => &self.service,
            Name::Email => &self.email,
            Name::Link => &self.link,
            Name::Hours => &self.hours,
            Name::Device => &self.device,
            Name::Address => &self.address,
            Name::Time => &self.time,
            Name::NewEmail => &self.new_email,
        }
    }
}

/// Why a template cannot be used, said to the operator.
#[derive(Debug, thiserror::Error)]
#[error("{file}: {wrong}")]
pub(crate) struct BadTemplate {
    file: String,
    wrong: String,
}

/// All templates, read and checked.
#[derive(Debug)]
pub(crate) struct Templates(Vec<(Letter, Forms)>);

#[derive(Debug)]
struct Forms {
    subject: Template,
    text: Template,
    html: Template,
}

/// A letter with the values in their places.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Written {
    /// One line, without control characters.
    pub(super) subject: String,
    pub(super) text: String,
    pub(super) html: String,
}

impl Templates {
    /// The built-in ones, each file of the folder in the place of its own.
    pub(crate) fn new(folder: Option<&Path>) -> Result<Self, BadTemplate> {
        if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
            return Err(BadTemplate { file: folder.display().to_string(), wrong: "is no folder".into() });
        }
        Letter::ALL.into_iter().map(|letter| Ok((letter, forms(letter, folder)?))).collect::<Result<_, _>>().map(Self)
    }

    /// Writes a letter. There is one for each, so nothing is never given.
    pub(super) fn write(&self, letter: Letter, values: &Values) -> Option<Written> {
        let (_, forms) = self.0.iter().find(|(known, _)| *known == letter)?;
        Some(Written {
            subject: one_line(&forms.subject.fill(values, str::to_owned)),
            text: forms.text.fill(values, str::to_owned),
            html: forms.html.fill(values, escaped),
        })
    }
}

fn forms(letter: Letter, folder: Option<&Path>) -> Result<Forms, BadTemplate> {
    let (text, html) = built_in(letter);
    let (text_name, html_name) = (format!("{}.txt", letter.name()), format!("{}.html", letter.name()));
    let text = own(folder, &text_name)?.unwrap_or_else(|| text.to_owned());
    let html = own(folder, &html_name)?.unwrap_or_else(|| html.to_owned());
    let bad = |file: &str, wrong: String| BadTemplate { file: file.to_owned(), wrong };
    let (subject, body) = subject_and_body(&text).map_err(|wrong| bad(&text_name, wrong))?;
    let parsed = |file: &str, part: &str| Template::parse(part).map_err(|wrong| bad(file, wrong));
    let forms = Forms {
        subject: parsed(&text_name, subject)?,
        text: parsed(&text_name, body)?,
        html: parsed(&html_name, &html)?,
    };
    if forms.subject.has(Name::Link) {
        return Err(bad(
            &text_name,
            "the subject must not have `{{link}}`: it is shown where nobody expects a secret".into(),
        ));
    }
    if letter.purpose().is_some() {
        for (file, body) in [(&text_name, &forms.text), (&html_name, &forms.html)] {
            if !body.has(Name::Link) {
                return Err(bad(file, "must have `{{link}}` in it".into()));
            }
        }
    }
    Ok(forms)
}

/// The operator's file of this name, if there is one.
fn own(folder: Option<&Path>, name: &str) -> Result<Option<String>, BadTemplate> {
    let Some(path) = folder.map(|folder| folder.join(name)) else { return Ok(None) };
    match std::fs::read_to_string(&path) {
        Ok(text) => Ok(Some(text.replace("\r\n", "\n"))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(BadTemplate { file: path.display().to_string(), wrong: format!("cannot be read: {error}") }),
    }
}

fn subject_and_body(text: &str) -> Result<(&str, &str), String> {
    let parts = text.strip_prefix("Subject: ").and_then(|rest| rest.split_once("\n\n"));
    let parts = parts.filter(|(subject, _)| !subject.trim().is_empty() && !subject.contains('\n'));
    parts.ok_or_else(|| "must begin with a line `Subject: …` and an empty line".into())
}

/// Text with places in it: each is the text before it, and the name.
#[derive(Debug)]
struct Template {
    places: Vec<(String, Name)>,
    rest: String,
}

impl Template {
    fn parse(text: &str) -> Result<Self, String> {
        let (mut places, mut rest) = (Vec::new(), text);
        while let Some((before, after)) = rest.split_once("{{") {
            let (name, after) = after.split_once("}}").ok_or("has `{{` without `}}`")?;
            let name = name.trim();
            let known = || Name::ALL.map(|(_, name)| name).join("`, `");
            let name = Name::from_text(name)
                .ok_or_else(|| format!("`{{{{{name}}}}}` is not known; there are `{}`", known()))?;
            places.push((before.to_owned(), name));
            rest = after;
        }
        Ok(Self { places, rest: rest.to_owned() })
    }

    fn has(&self, wanted: Name) -> bool {
        self.places.iter().any(|(_, name)| *name == wanted)
    }

    fn fill(&self, values: &Values, form: impl Fn(&str) -> String) -> String {
        let mut filled = String::new();
        for (before, name) in &self.places {
            filled.push_str(before);
            filled.push_str(&form(values.of(*name)));
        }
        filled + &self.rest
    }
}

/// A text of one line, for a header or within a sentence: no character of it ends that line, or turns the text around it.
pub(super) fn one_line(value: &str) -> String {
    value.chars().map(|c| if c.is_control() || is_direction_mark(c) { ' ' } else { c }).collect()
}

/// A value in HTML, between tags or in a quoted attribute (OWASP XSS Prevention, rules 1 and 2).
pub(crate) fn escaped(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len());
    for c in value.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests;
