//! Mail: what is written to people, what a link in it opens and for how long, and when sending is tried again.
//!
//! A message that waits holds no token: it says what is to be written and to whom. The token of its link is made when it is
//! sent, and whether there is anything to write at all is decided then ([`letter`]). So a request for an address that nobody
//! has leaves the same row as any other.

use serde::{Deserialize, Serialize};

use super::email::Email;
use super::id::id;
use super::time::Timestamp;
use super::user::{User, UserId};

id!(
    /// Identifies a message that waits to be sent, and is the same in its `Message-ID` however often it is tried.
    MessageId
);

/// Why a message waits. The names are stored: they are stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Somebody wants a link that proves this address.
    Verify,
    /// Somebody registered with this address where it has to be proven first; perhaps it has an account already.
    Registered,
    /// Somebody forgot the password of the account with this address.
    Reset,
    /// The owner of an account wants this address instead.
    ChangeEmail,
    /// The password was changed.
    PasswordChanged,
    /// Somebody logged in on a device that was not seen before.
    NewDevice,
    /// A session was ended because a refresh token was used again.
    SessionReused,
    /// The account has another address now; this goes to the one it had.
    EmailChanged,
}

impl Kind {
    /// Every kind, for looking a name up.
    pub(crate) const ALL: [Self; 8] = [
        Self::Verify,
        Self::Registered,
        Self::Reset,
        Self::ChangeEmail,
        Self::PasswordChanged,
        Self::NewDevice,
        Self::SessionReused,
        Self::EmailChanged,
    ];

    /// The stable name.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Verify => "verify",
            Self::Registered => "registered",
            Self::Reset => "reset",
            Self::ChangeEmail => "change_email",
            Self::PasswordChanged => "password_changed",
            Self::NewDevice => "new_device",
            Self::SessionReused => "session_reused",
            Self::EmailChanged => "email_changed",
        }
    }

    /// The kind of this name, if there is one.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Seconds after which it is of no use any more, and given up.
    const fn useful_for(self) -> i64 {
        match self {
            Self::Reset => 3600,
            _ => 86_400,
        }
    }
}

/// What a link in a mail is good for. The names are stored: they are stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Proving the address of the account.
    Verify,
    /// Setting a new password.
    Reset,
    /// Proving another address, and taking it.
    ChangeEmail,
}

impl Purpose {
    const ALL: [Self; 3] = [Self::Verify, Self::Reset, Self::ChangeEmail];

    /// The stable name.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Verify => "verify",
            Self::Reset => "reset",
            Self::ChangeEmail => "change_email",
        }
    }

    /// The purpose of this name, if there is one.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|purpose| purpose.name() == name)
    }

    /// Hours for which the link is good, from its sending.
    pub(crate) const fn hours(self) -> i64 {
        match self {
            Self::Reset => 1,
            Self::Verify | Self::ChangeEmail => 24,
        }
    }
}

/// What was made of the token of a link, and for what it may be redeemed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MailToken {
    /// SHA-256 of the token.
    pub(crate) hash: [u8; 32],
    pub(crate) user: UserId,
    pub(crate) purpose: Purpose,
    /// The address that the link was sent to, and that it proves.
    pub(crate) email: Email,
    pub(crate) issued_at: Timestamp,
    pub(crate) expires_at: Timestamp,
}

impl MailToken {
    /// Whether it may be redeemed at this time for one of these purposes.
    pub(crate) fn is_good(&self, purposes: &[Purpose], now: Timestamp) -> bool {
        purposes.contains(&self.purpose) && now < self.expires_at
    }
}

/// What a message tells besides its kind; nothing that opens anything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Facts {
    /// What the person calls the device, or what it calls itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) device: Option<String>,
    /// The network address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) address: Option<String>,
    /// The new address, to the old one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) email: Option<String>,
}

/// A message that waits to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) id: MessageId,
    pub(crate) kind: Kind,
    /// The account that it is about, where that is known when it is queued.
    pub(crate) user: Option<UserId>,
    pub(crate) to: Email,
    pub(crate) facts: Facts,
    pub(crate) queued_at: Timestamp,
    /// How often it was taken up for sending.
    pub(crate) attempts: u32,
}

/// Something to tell the owner of an account, once it is known that it happened.
#[derive(Clone, Debug)]
pub(crate) struct Notice {
    pub(crate) id: MessageId,
    pub(crate) kind: Kind,
    pub(crate) facts: Facts,
    pub(crate) now: Timestamp,
}

impl Notice {
    /// The message to this user.
    pub(crate) fn to(&self, user: &User) -> Message {
        Message {
            id: self.id,
            kind: self.kind,
            user: Some(user.id),
            to: user.email.clone(),
            facts: self.facts.clone(),
            queued_at: self.now,
            attempts: 0,
        }
    }
}

/// What a mail says: each has its templates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Letter {
    /// Prove this address.
    Verify,
    /// There is an account with this address already.
    Known,
    /// Set a new password.
    Reset,
    /// Prove this address to have it instead of another.
    ChangeEmail,
    /// The password was changed.
    PasswordChanged,
    /// Somebody logged in on a new device.
    NewDevice,
    /// A session was ended.
    SessionReused,
    /// The account has another address.
    EmailChanged,
}

impl Letter {
    /// Every letter.
    pub(crate) const ALL: [Self; 8] = [
        Self::Verify,
        Self::Known,
        Self::Reset,
        Self::ChangeEmail,
        Self::PasswordChanged,
        Self::NewDevice,
        Self::SessionReused,
        Self::EmailChanged,
    ];

    /// What its templates are named by.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Verify => "verify",
            Self::Known => "known",
            Self::Reset => "reset",
            Self::ChangeEmail => "change_email",
            Self::PasswordChanged => "password_changed",
            Self::NewDevice => "new_device",
            Self::SessionReused => "session_reused",
            Self::EmailChanged => "email_changed",
        }
    }

    /// What its link is good for; nothing where it has none.
    pub(crate) const fn purpose(self) -> Option<Purpose> {
        match self {
            Self::Verify => Some(Purpose::Verify),
            Self::Known | Self::Reset => Some(Purpose::Reset),
            Self::ChangeEmail => Some(Purpose::ChangeEmail),
            Self::PasswordChanged | Self::NewDevice | Self::SessionReused | Self::EmailChanged => None,
        }
    }
}

/// Decides what is written, when a message is about to be sent: nothing for an address that has no account, for a closed one, and
/// for what has been settled meanwhile.
///
/// `at_address` is the account with the address of the message, `owner` the account that the message is about.
pub(crate) fn letter(message: &Message, at_address: Option<&User>, owner: Option<&User>) -> Option<Letter> {
    let open = at_address.filter(|user| user.is_enabled());
    match message.kind {
        Kind::Verify => open.filter(|user| user.email_verified_at.is_none()).map(|_| Letter::Verify),
        Kind::Registered => open.and_then(|user| registered(message, user)),
        Kind::Reset => open.map(|_| Letter::Reset),
        Kind::ChangeEmail => {
            let owner = owner.filter(|user| user.is_enabled())?;
            let free = at_address.is_none_or(|user| user.id == owner.id);
            free.then_some(Letter::ChangeEmail)
        }
        Kind::PasswordChanged => Some(Letter::PasswordChanged),
        Kind::NewDevice => Some(Letter::NewDevice),
        Kind::SessionReused => Some(Letter::SessionReused),
        Kind::EmailChanged => Some(Letter::EmailChanged),
    }
}

/// Whom a message goes to. What somebody asks for an account goes to the address as the account has it, and not as it was asked for:
/// addresses that are compared alike may be mailboxes of different people.
pub(crate) fn receiver<'a>(message: &'a Message, at_address: Option<&'a User>) -> &'a Email {
    let asks_for_account = matches!(message.kind, Kind::Verify | Kind::Registered | Kind::Reset);
    at_address.filter(|_| asks_for_account).map_or(&message.to, |user| &user.email)
}

/// Whoever has the mailbox of an account that a stranger opened gets a link that takes it over: setting a password proves the
/// address as well.
fn registered(message: &Message, user: &User) -> Option<Letter> {
    let this_very_one = message.user == Some(user.id);
    match (this_very_one, user.email_verified_at) {
        (true, None) => Some(Letter::Verify),
        (true, Some(_)) => None,
        (false, _) => Some(Letter::Known),
    }
}

/// Seconds between two links of one purpose to one account, so that nobody can fill a mailbox with them.
pub(crate) const LINK_PAUSE: i64 = 60;

/// Whether another link may be sent, the last having been made then.
pub(crate) fn may_send_again(last: Timestamp, now: Timestamp) -> bool {
    now.millis_since(last) >= LINK_PAUSE * 1000
}

/// Seconds before the second try, and the most before a later one.
const FIRST_PAUSE: i64 = 10;
const LONGEST_PAUSE: i64 = 1800;

/// When to try again after the try of this number failed; nothing when it would be of no use by then. `chance` is a random number,
/// which moves the time by up to a quarter to either side, so that what failed together does not come back together.
pub(crate) fn try_again(message: &Message, now: Timestamp, chance: u8) -> Option<Timestamp> {
    let quadruplings = message.attempts.saturating_sub(1).min(8);
    let pause = (FIRST_PAUSE << (2 * quadruplings)).min(LONGEST_PAUSE);
    let jittered = pause * (768 + 2 * i64::from(chance)) / 1024;
    let again = now.plus_seconds(jittered);
    (again < message.queued_at.plus_seconds(message.kind.useful_for())).then_some(again)
}

#[cfg(test)]
mod tests;
