//! What there is to say of a call.

use jotgate_wire::{ErrorCode, VerificationCode};

/// A call: a method on a path.
#[derive(Debug, Clone, Copy)]
pub(super) struct Operation {
    /// In lower case.
    pub(super) method: &'static str,
    /// As the router has it.
    pub(super) path: &'static str,
    /// The name of a function that makes the call.
    pub(super) id: &'static str,
    pub(super) tag: &'static str,
    pub(super) summary: &'static str,
    pub(super) access: Access,
    pub(super) parameters: &'static [Parameter],
    pub(super) body: Option<Body>,
    /// When all is well.
    pub(super) answers: &'static [Answer],
    /// Beside what every call of this kind may be refused for.
    pub(super) refusals: &'static [ErrorCode],
}

/// Who may call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    Anyone,
    /// Whoever has a session, by its refresh token.
    Session,
    /// Whoever has a session, by either of its tokens.
    EitherToken,
    /// Whoever has an access token.
    Token,
    /// Whoever has an access token with the scope `jotgate:admin`.
    Administrator,
}

/// A JSON body.
#[derive(Debug, Clone, Copy)]
pub(super) struct Body {
    /// By its name in `jotgate_wire`.
    pub(super) shape: &'static str,
    pub(super) required: bool,
}

/// In the path or in the query.
#[derive(Debug, Clone, Copy)]
pub(super) struct Parameter {
    pub(super) name: &'static str,
    pub(super) in_path: bool,
    pub(super) kind: Kind,
    pub(super) meaning: &'static str,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    Text,
    Id,
    Time,
    Number { least: u64, most: u64 },
    OneOf(&'static [&'static str]),
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) meaning: &'static str,
    pub(super) content: Content,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Content {
    Nothing,
    /// Of a shape of `jotgate_wire`.
    Json(&'static str),
    /// JSON of this media type, of a shape that its own specification has.
    Object(&'static str),
    /// Of this media type.
    Text(&'static str),
}

impl Access {
    /// The security schemes, one of which is enough; `None` where the token is in the body.
    pub(super) fn ways(self) -> &'static [Option<&'static str>] {
        match self {
            Self::Anyone => &[],
            Self::Session => &[None, Some("refreshCookie")],
            Self::EitherToken => &[Some("bearer"), Some("cookie"), None, Some("refreshCookie")],
            Self::Token | Self::Administrator => &[Some("bearer"), Some("cookie")],
        }
    }

    /// Whether a call may be refused with this for its access token. Scopes that are lacking have a code of the server's own.
    pub(super) fn may_refuse(self, code: VerificationCode) -> bool {
        !matches!(self, Self::Anyone | Self::Session) && code != VerificationCode::ScopeInsufficient
    }
}

const fn call(method: &'static str, path: &'static str, id: &'static str, summary: &'static str) -> Operation {
    Operation {
        method,
        path,
        id,
        tag: "",
        summary,
        access: Access::Anyone,
        parameters: &[],
        body: None,
        answers: &[],
        refusals: &[],
    }
}

pub(super) const fn get(path: &'static str, id: &'static str, summary: &'static str) -> Operation {
    call("get", path, id, summary)
}

pub(super) const fn post(path: &'static str, id: &'static str, summary: &'static str) -> Operation {
    call("post", path, id, summary)
}

pub(super) const fn patch(path: &'static str, id: &'static str, summary: &'static str) -> Operation {
    call("patch", path, id, summary)
}

pub(super) const fn delete(path: &'static str, id: &'static str, summary: &'static str) -> Operation {
    call("delete", path, id, summary)
}

/// A body that is needed.
pub(super) const fn needs(shape: &'static str) -> Body {
    Body { shape, required: true }
}

/// A body that may be left out.
pub(super) const fn takes(shape: &'static str) -> Body {
    Body { shape, required: false }
}

pub(super) const fn answer(status: u16, meaning: &'static str, content: Content) -> Answer {
    Answer { status, meaning, content }
}

pub(super) const fn in_path(name: &'static str, kind: Kind, meaning: &'static str) -> Parameter {
    Parameter { name, in_path: true, kind, meaning }
}

pub(super) const fn in_query(name: &'static str, kind: Kind, meaning: &'static str) -> Parameter {
    Parameter { name, in_path: false, kind, meaning }
}
