//! Who takes the mail: a server (SMTP submission, RFC 6409), or in development nobody.

use std::path::Path;
use std::time::Duration;

use lettre::transport::smtp::Error as SmtpError;
use lettre::transport::smtp::PoolConfig;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};

use super::compose::Composed;
use super::shown::Shown;
use crate::config::{self, MailTls};
use crate::domain::mail::MessageId;

/// How long a server may take for one answer, and how long for a whole message.
const LONGEST_ANSWER: Duration = Duration::from_secs(20);
const LONGEST_SENDING: Duration = Duration::from_mins(1);
/// Connections kept for the next message.
const CONNECTIONS: u32 = 4;

/// Takes messages.
pub(crate) enum Transport {
    Smtp(AsyncSmtpTransport<Tokio1Executor>),
    Shown(Shown),
}

/// Why a server cannot be reached as configured, said to the operator.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TransportError {
    #[error("mail.authorities: `{0}` holds no certificates (PEM), or cannot be read")]
    Authorities(String),
    #[error("mail.host: TLS cannot be set up: {0}")]
    Tls(SmtpError),
}

/// Why a message was not sent; the text is for the log, and has no address and no token in it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotSent {
    /// It may be tried again.
    #[error("{0}")]
    Now(String),
    /// It would fail again: nobody has that mailbox.
    #[error("{0}")]
    Ever(String),
}

impl Transport {
    /// Nothing where nothing is configured.
    pub(super) fn new(mail: &config::Mail, base_dir: &Path) -> Result<Option<Self>, TransportError> {
        if mail.show {
            return Ok(Some(Self::Shown(Shown::default())));
        }
        let Some(host) = &mail.host else { return Ok(None) };
        let port = if mail.port == 0 { mail.tls.port() } else { mail.port };
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host.as_str())
            .port(port)
            .timeout(Some(LONGEST_ANSWER))
            .pool_config(PoolConfig::new().max_size(CONNECTIONS))
            .tls(match mail.tls {
                MailTls::Starttls => Tls::Required(tls(mail, host, base_dir)?),
                MailTls::Tls => Tls::Wrapper(tls(mail, host, base_dir)?),
                MailTls::None => Tls::None,
            });
        if let (Some(username), Some(password)) = (&mail.username, &mail.password) {
            builder = builder.credentials(Credentials::new(username.clone(), password.expose().to_owned()));
        }
        Ok(Some(Self::Smtp(builder.build())))
    }

    /// Hands a message over. A server that takes it and is not heard of again has it perhaps: nothing in SMTP tells (RFC 1047),
    /// so it is tried again under the same `Message-ID`.
    pub(super) async fn send(&self, id: MessageId, composed: Composed) -> Result<(), NotSent> {
        let smtp = match self {
            Self::Shown(shown) => {
                shown.add(id, composed);
                return Ok(());
            }
            Self::Smtp(smtp) => smtp,
        };
        match tokio::time::timeout(LONGEST_SENDING, smtp.send(composed.message)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(not_sent(&error)),
            Err(_) => Err(NotSent::Now("the mail server takes too long".into())),
        }
    }
}

fn tls(mail: &config::Mail, host: &str, base_dir: &Path) -> Result<TlsParameters, TransportError> {
    let mut builder = TlsParameters::builder(host.to_owned());
    if let Some(file) = &mail.authorities {
        let unusable = || TransportError::Authorities(file.display().to_string());
        let pem = std::fs::read(base_dir.join(file)).map_err(|_| unusable())?;
        let certificate = Certificate::from_pem(&pem).map_err(|_| unusable())?;
        builder = builder.certificate_store(CertificateStore::None).add_root_certificate(certificate);
    }
    builder.build_rustls().map_err(TransportError::Tls)
}

/// Codes by which a server says that there is no such mailbox, or that it cannot be one (RFC 5321 §4.2.2). All other refusals are
/// tried again, since they may be about us: a wrong password must not lose mail.
const NO_SUCH_MAILBOX: [u16; 3] = [550, 551, 553];

/// What a server says may have the address in it, so that only its code is passed on.
fn not_sent(error: &SmtpError) -> NotSent {
    let Some(code) = error.status().map(u16::from) else {
        let what = match error {
            error if error.is_timeout() => "does not answer in time",
            error if error.is_tls() => "cannot be spoken to over TLS",
            error if error.is_client() => "offers nothing that is needed (STARTTLS, a way to log in, or SMTPUTF8)",
            error if error.is_response() => "does not speak SMTP",
            _ => "cannot be reached, or broke off",
        };
        return NotSent::Now(format!("the mail server {what}"));
    };
    let said = format!("the mail server answered {code}");
    if NO_SUCH_MAILBOX.contains(&code) { NotSent::Ever(said) } else { NotSent::Now(said) }
}

impl std::fmt::Debug for Transport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Smtp(_) => "Smtp(…)",
            Self::Shown(_) => "Shown(…)",
        })
    }
}
