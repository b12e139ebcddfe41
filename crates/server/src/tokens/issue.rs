//! Access tokens: the claims of RFC 9068 §2.2, signed.

use jotgate_jose::{SignError, SigningKey, jwt};
use jotgate_wire::StatusClaim;
use serde::Serialize;
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::domain::session::Session;
use crate::domain::time::Timestamp;
use crate::domain::user::User;
use crate::tokens::terms::Terms;

/// The `typ` of an access token (RFC 9068 §2.1).
pub(crate) const TYPE: &str = "at+jwt";

/// A signed access token.
pub(crate) struct AccessToken {
    pub(crate) text: String,
    /// Seconds from now to its end.
    pub(crate) expires_in: i64,
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    sub: Uuid,
    aud: OneOrMany<'a>,
    exp: i64,
    iat: i64,
    jti: Uuid,
    client_id: &'a str,
    sid: Uuid,
    #[serde(skip_serializing_if = "str::is_empty")]
    scope: &'a str,
    auth_time: i64,
    email: &'a str,
    email_verified: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    roles: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<StatusClaim>,
}

/// The claims with those of the operator's own, none of which has a name of the others.
#[derive(Serialize)]
struct WithOthers<'a> {
    #[serde(flatten)]
    claims: Claims<'a>,
    #[serde(flatten)]
    others: Map<String, Value>,
}

/// One audience is written as a text, several as an array (RFC 7519 §4.1.3): the short form is the one that all read.
#[derive(Serialize)]
#[serde(untagged)]
enum OneOrMany<'a> {
    One(&'a str),
    Many(&'a [String]),
}

impl<'a> OneOrMany<'a> {
    fn of(audience: &'a [String]) -> Self {
        match audience {
            [one] => Self::One(one),
            many => Self::Many(many),
        }
    }
}

/// Issues a token for a session. It never outlives the session's absolute end.
pub(crate) fn access_token(
    signing: &SigningKey,
    terms: &Terms,
    user: &User,
    session: &Session,
    (now, jti): (Timestamp, Uuid),
) -> Result<AccessToken, SignError> {
    let iat = now.seconds();
    let expires_in = terms.ttl.min(session.expires_at.seconds() - iat);
    let scope = terms.grants.within(&user.roles, &session.scope);
    let claims = Claims {
        iss: &terms.issuer,
        sub: user.id.uuid(),
        aud: OneOrMany::of(&terms.audience),
        exp: iat + expires_in,
        iat,
        jti,
        client_id: &session.client_id,
        sid: session.id.uuid(),
        scope: &scope,
        auth_time: session.created_at.seconds(),
        email: user.email.display(),
        email_verified: user.email_verified_at.is_some(),
        name: user.name.as_deref(),
        roles: &user.roles,
        status: terms.status_of(session.id),
    };
    let text = if terms.claims.is_empty() {
        jwt::sign(signing, TYPE, &claims)?
    } else {
        jwt::sign(signing, TYPE, &WithOthers { claims, others: terms.claims.of(user) })?
    };
    Ok(AccessToken { text, expires_in })
}
