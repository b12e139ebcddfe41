//! `[mail]`: how mail is sent, by whom, and where its links lead.

use std::path::PathBuf;

use jotgate_wire::SecretText;
use serde::{Deserialize, Serialize};

use super::Key;

/// How mail is sent, by whom, and where its links lead. Without `host` none is sent.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Mail {
    /// The server that takes the mail (SMTP submission, RFC 6409).
    pub host: Option<String>,
    /// Its port; 0 is the usual one for `tls`.
    pub port: u16,
    /// How the connection is protected.
    pub tls: MailTls,
    /// A file (PEM) with the authorities to trust instead of the platform's.
    pub authorities: Option<PathBuf>,
    /// The name to log in with, if the server asks for one.
    pub username: Option<String>,
    /// Its password.
    pub password: Option<SecretText>,
    /// A file that holds the password.
    pub password_file: Option<PathBuf>,
    /// The sender: `address` or `Name <address>`.
    pub from: Option<String>,
    /// What the mails call this service; by default the host of the issuer.
    pub service: Option<String>,
    /// A folder with templates that take the place of the built-in ones.
    pub templates: Option<PathBuf>,
    /// Whether people are told of changed passwords and addresses, of log-ins on new devices, and of stolen sessions.
    pub notices: bool,
    /// Where the links lead.
    pub links: MailLinks,
    /// Nothing is sent: the newest messages are kept in memory, and anyone who reaches the server can read them at
    /// `/dev/mail`. For development only; no file and no variable can set it.
    #[serde(skip)]
    pub show: bool,
}

/// How a connection is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MailTls {
    /// STARTTLS, without which nothing is sent (RFC 3207); port 587.
    Starttls,
    /// TLS from the first byte (RFC 8314 §3.3); port 465.
    Tls,
    /// No TLS, for a server on this machine; port 25.
    None,
}

impl MailTls {
    /// The usual port.
    #[must_use]
    pub const fn port(self) -> u16 {
        match self {
            Self::Starttls => 587,
            Self::Tls => 465,
            Self::None => 25,
        }
    }
}

/// Pages of the application, each an URL with `{token}` in it. A page hands the token to the server when the person does something,
/// and not when it is opened: programs that look for malice open every link.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MailLinks {
    /// The page that proves an address, by `POST /v1/email/verify`; a plain one of the server's own when left out.
    pub verify: Option<String>,
    /// The page that sets a new password, by `POST /v1/password/reset`; a plain one of the server's own when left out.
    pub reset: Option<String>,
}

/// What stands for the token in the address of a page.
pub(crate) const TOKEN: &str = "{token}";

impl Default for Mail {
    fn default() -> Self {
        Self {
            host: None,
            port: 0,
            tls: MailTls::Starttls,
            authorities: None,
            username: None,
            password: None,
            password_file: None,
            from: None,
            service: None,
            templates: None,
            notices: true,
            links: MailLinks::default(),
            show: false,
        }
    }
}

impl Mail {
    /// Whether mail is sent, or shown in its place.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.host.is_some() || self.show
    }
}

pub(super) const KEYS: &[Key] = &[
    Key {
        path: "mail.host",
        default: "(none)",
        meaning: "server that takes the mail (SMTP); without one no mail is sent, and whatever needs it is refused with `mail_not_configured`",
    },
    Key { path: "mail.port", default: "0", meaning: "its port; 0 is the usual one for `mail.tls`: 587, 465 or 25" },
    Key {
        path: "mail.tls",
        default: "\"starttls\"",
        meaning: "\"starttls\" (without it nothing is sent), \"tls\" from the first byte, or \"none\" for a server on this machine",
    },
    Key {
        path: "mail.authorities",
        default: "(none)",
        meaning: "file (PEM) with the authorities to trust instead of the platform's",
    },
    Key { path: "mail.username", default: "(none)", meaning: "name to log in to that server with" },
    Key {
        path: "mail.password",
        default: "(none)",
        meaning: "password to log in to that server with; better set as JOTGATE_MAIL__PASSWORD",
    },
    Key { path: "mail.password_file", default: "(none)", meaning: "file that holds that password" },
    Key {
        path: "mail.from",
        default: "(none)",
        meaning: "sender, such as \"Example <no-reply@example.com>\"; required with `mail.host`",
    },
    Key {
        path: "mail.service",
        default: "(none)",
        meaning: "what the mails call this service; the host of the issuer when left out",
    },
    Key {
        path: "mail.templates",
        default: "(none)",
        meaning: "folder with templates that take the place of the built-in ones, such as `reset.txt` and `reset.html`",
    },
    Key {
        path: "mail.notices",
        default: "true",
        meaning: "whether people are told of a changed password or address, a log-in on a new device, and a session ended because its token was used again",
    },
    Key {
        path: "mail.links.verify",
        default: "(none)",
        meaning: "page of the application that proves an address, such as \"https://app.example.com/verify?token={token}\"; a plain page of this server when left out",
    },
    Key {
        path: "mail.links.reset",
        default: "(none)",
        meaning: "page of the application that sets a new password, such as \"https://app.example.com/reset?token={token}\"; a plain page of this server when left out",
    },
];
