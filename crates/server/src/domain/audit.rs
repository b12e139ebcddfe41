//! The audit trail: what happened, who did it, from where, to whom, and how it went. A line is written once and never changed, and
//! holds no secret: what somebody typed at a log-in is not in it, since people type passwords into the wrong field.

use std::borrow::Cow;

use serde_json::{Map, Value};
use uuid::Uuid;

use super::id::id;
use super::session::SessionId;
use super::time::Timestamp;
use super::user::UserId;

mod budget;

pub(crate) use budget::{Budget, Place};

id!(
    /// Identifies a line. Later lines have greater ids, to the millisecond.
    LineId
);

macro_rules! events {
    ($($variant:ident $name:literal $meaning:literal)*) => {
        /// What happened. The names are stored and public: they are stable.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Event {
            $(#[doc = concat!("`", $name, "`: ", $meaning, ".")] $variant,)*
        }

        impl Event {
            /// Every event, in the order of the table.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The stable name.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }

            /// What it means, for people.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning),* }
            }
        }
    };
}

events! {
    Register       "register"        "somebody opened an account of their own"
    Login          "login"           "a log-in, or an attempt at one"
    Logout         "logout"          "a person ended sessions of their own"
    RefreshReused  "refresh.reused"  "a refresh token was used again after its time, which ended the session"
    PasswordChange "password.change" "a person changed their password, or tried to"
    PasswordReset  "password.reset"  "a person set a new password by a link from a mail, which ended all sessions"
    PasswordForgot "password.forgot" "somebody asked for a link that sets a new password; whether there is such an account is not looked up"
    EmailResend    "email.resend"    "somebody asked for another link that proves an address; likewise"
    EmailVerify    "email.verify"    "a person proved the address of their account by a link from a mail"
    EmailChange    "email.change"    "a person proved another address, which took the place of the old one"
    SessionEnd     "session.end"     "somebody else than the person ended sessions"
    UserCreate     "user.create"     "an account was made for somebody"
    UserImport     "user.import"     "accounts of another system were taken in; `imported` has their number"
    UserUpdate     "user.update"     "an account was changed, by its owner or an administrator; `changed` says what of it"
    UserRoles      "user.roles"      "an administrator gave or took roles; `before` and `after` are the lists"
    UserDisable    "user.disable"    "an account was closed, and its sessions ended"
    UserEnable     "user.enable"     "a closed account was opened again"
    UserDelete     "user.delete"     "an account was deleted, and its sessions ended"
    TokenRevoke    "token.revoke"    "an access token was revoked by its `jti`, and its session goes on"
    Flood          "flood"           "more was refused within a minute than has lines; `times` has the number of the rest"
    KeyMake        "key.make"        "a key was made and published"
    KeyActivate    "key.activate"    "a key began to sign"
    KeyDrop        "key.drop"        "a key was forgotten, since all that it signed has expired"
    KeyRevoke      "key.revoke"      "a key was stopped at once, and what it signed is refused"
    KeysRekey      "keys.rekey"      "all stored keys were encrypted with another master key"
    StoreBackup    "store.backup"    "a copy of the database was written to a file"
    StoreRestore   "store.restore"   "this database was made of such a copy: the lines before are of the copy, and what happened after it was made is gone"
    StoreCopy      "store.copy"      "this store was made by copying another: the lines before are of that one"
}

impl Event {
    /// The event of this name, if there is one.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|event| event.name() == name)
    }
}

/// Who did it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Actor {
    /// Nobody knows: whoever it was has not proven who they are.
    #[default]
    Anonymous,
    /// A person, with their own account.
    User(UserId),
    /// An administrator, through the API.
    Administrator(UserId),
    /// Whoever may run the program on the store.
    CommandLine,
    /// The server by itself, since it was time.
    System,
}

impl Actor {
    /// The stable name of its kind.
    #[must_use]
    pub const fn kind(self) -> &'static str {
        match self {
            Self::Anonymous => "anonymous",
            Self::User(_) => "user",
            Self::Administrator(_) => "administrator",
            Self::CommandLine => "command_line",
            Self::System => "system",
        }
    }

    /// The account of the actor, if it has one.
    #[must_use]
    pub const fn id(self) -> Option<UserId> {
        match self {
            Self::User(id) | Self::Administrator(id) => Some(id),
            Self::Anonymous | Self::CommandLine | Self::System => None,
        }
    }

    /// The actor of this kind and account, if there can be one.
    #[must_use]
    pub fn from_parts(kind: &str, id: Option<UserId>) -> Option<Self> {
        let made = match (kind, id) {
            ("user", Some(id)) => Self::User(id),
            ("administrator", Some(id)) => Self::Administrator(id),
            ("anonymous", None) => Self::Anonymous,
            ("command_line", None) => Self::CommandLine,
            ("system", None) => Self::System,
            _ => return None,
        };
        Some(made)
    }
}

/// Whose doing is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// Everybody's of this kind.
    Kind(&'static str),
    /// That of this account, as itself or as an administrator.
    Account(UserId),
}

impl Whose {
    /// The kinds of actors.
    pub const KINDS: [&str; 5] = ["anonymous", "user", "administrator", "command_line", "system"];

    /// Reads the name of a kind or the id of an account.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let kind = Self::KINDS.into_iter().find(|kind| *kind == text).map(Self::Kind);
        kind.or_else(|| text.parse().ok().map(Self::Account))
    }
}

/// From where something was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The network address of the peer.
    pub address: Option<String>,
    /// The `User-Agent` of the request, cut at 256 characters.
    pub user_agent: Option<String>,
    /// The request, by the id that its answer and its line in the log have.
    pub request: Option<Uuid>,
}

/// Who asks for something, and from where.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct By {
    /// Who.
    pub actor: Actor,
    /// From where.
    pub origin: Origin,
}

impl By {
    /// Whoever may run the program on the store.
    #[must_use]
    pub fn command_line() -> Self {
        Self { actor: Actor::CommandLine, origin: Origin::default() }
    }

    /// The server by itself.
    #[must_use]
    pub fn system() -> Self {
        Self { actor: Actor::System, origin: Origin::default() }
    }
}

/// One line of the trail.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Its id, which has the time of the event in it.
    pub id: LineId,
    /// When.
    pub at: Timestamp,
    /// What, by the name of an [`Event`]; of one that only a newer program knows, perhaps.
    pub event: Cow<'static, str>,
    /// Why it was refused, by the code of the answer; nothing when it was done.
    pub refused: Option<String>,
    /// Who, and from where.
    pub by: By,
    /// The account that it happened to.
    pub user: Option<UserId>,
    /// The session that it happened to, or by.
    pub session: Option<SessionId>,
    /// What else it happened to, such as the id of a key.
    pub target: Option<String>,
    /// What else there is to know, each by a stable name.
    pub detail: Map<String, Value>,
}

impl Line {
    /// A line of something that was done, with an id that was made at its time.
    pub(crate) fn new(id: Uuid, at: Timestamp, event: Event, by: By) -> Self {
        let (user, session, target) = (by.actor.id(), None, None);
        let event = event.name().into();
        Self { id: LineId::new(id), at, event, refused: None, by, user, session, target, detail: Map::new() }
    }

    /// The same about this account; without it the line is about the actor's.
    pub(crate) fn about(self, user: UserId) -> Self {
        Self { user: Some(user), ..self }
    }

    pub(crate) fn session(self, session: SessionId) -> Self {
        Self { session: Some(session), ..self }
    }

    pub(crate) fn target(self, target: impl Into<String>) -> Self {
        Self { target: Some(target.into()), ..self }
    }

    pub(crate) fn refused(self, code: impl Into<String>) -> Self {
        Self { refused: Some(code.into()), ..self }
    }

    pub(crate) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.detail.insert(name.to_owned(), value.into());
        self
    }

    /// A line beside this one, of the same moment: the first, the second and so on have ids of their own.
    pub(crate) fn beside(&self, number: u16, event: Event) -> Self {
        let id = Uuid::from_u128(self.id.uuid().as_u128() ^ u128::from(number));
        Self { id: LineId::new(id), event: event.name().into(), ..self.clone() }
    }
}

/// The least id that a line of this time can have.
pub(crate) fn first_id_at(time: Timestamp) -> LineId {
    let millis = u64::try_from(time.millis()).unwrap_or_default();
    LineId::new(Uuid::from_u128(u128::from(millis.min((1 << 48) - 1)) << 80))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_back_to_their_events_and_kinds_to_their_actors() {
        for (index, event) in Event::ALL.iter().enumerate() {
            assert_eq!(Event::from_name(event.name()), Some(*event));
            assert!(Event::ALL[..index].iter().all(|earlier| earlier.name() != event.name()), "{event:?} twice");
        }
        let id = UserId::new(Uuid::from_u128(7));
        for actor in [Actor::Anonymous, Actor::User(id), Actor::Administrator(id), Actor::CommandLine, Actor::System] {
            assert_eq!(Actor::from_parts(actor.kind(), actor.id()), Some(actor));
        }
        assert_eq!(Actor::from_parts("user", None), None);
        assert_eq!(Actor::from_parts("system", Some(id)), None);
    }

    #[test]
    fn the_first_id_of_a_moment_is_not_after_any_line_of_it_and_after_all_lines_before() {
        let id = |millis, random: u8| uuid::Builder::from_unix_timestamp_millis(millis, &[random; 10]).into_uuid();
        let first = first_id_at(Timestamp::from_millis(1_800_000_000_000));
        assert!(first <= LineId::new(id(1_800_000_000_000, 0)));
        assert!(first > LineId::new(id(1_799_999_999_999, 0xff)));
        assert_eq!(first_id_at(Timestamp::from_millis(-5)), LineId::new(Uuid::nil()));
        assert!(first_id_at(Timestamp::from_millis(i64::MAX)) > LineId::new(id(1 << 47, 0xff)));
    }

    #[test]
    fn lines_of_one_moment_have_ids_of_their_own() {
        let line = Line::new(Uuid::from_u128(8), Timestamp::from_seconds(1), Event::KeyMake, By::system());
        let ids =
            [line.beside(0, Event::KeyMake).id, line.beside(1, Event::KeyMake).id, line.beside(2, Event::KeyDrop).id];
        assert_eq!(ids[0], line.id);
        assert!(ids[0] != ids[1] && ids[1] != ids[2] && ids[0] != ids[2]);
    }
}
