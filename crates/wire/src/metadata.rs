//! What an issuer publishes about itself (RFC 8414, `OpenID` Connect Discovery 1.0).

use serde::{Deserialize, Serialize};

/// Appended to the issuer (`OpenID` Connect Discovery 1.0 §4).
pub const OPENID_METADATA_PATH: &str = "/.well-known/openid-configuration";

/// Put between the host and the path of the issuer (RFC 8414 §3.1).
pub const OAUTH_METADATA_PATH: &str = "/.well-known/oauth-authorization-server";

/// The metadata document. Members that are not listed are ignored when read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IssuerMetadata {
    /// The issuer's name, an URL: what `iss` of its tokens says, to the letter.
    pub issuer: String,
    /// Where its JWK Set is.
    pub jwks_uri: String,
    /// Where its revocation feed is, for verifiers to follow; a member of ours. Not to be mistaken for RFC 8414's
    /// `revocation_endpoint`, where a client gives a token back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revocation_feed_uri: Option<String>,
    /// Required by RFC 8414 §2; empty without an authorization endpoint.
    #[serde(default)]
    pub response_types_supported: Vec<String>,
    /// What can be exchanged for tokens at a token endpoint.
    #[serde(default)]
    pub grant_types_supported: Vec<String>,
    /// Required by `OpenID` Connect Discovery 1.0 §3.
    #[serde(default)]
    pub subject_types_supported: Vec<String>,
    /// Required by `OpenID` Connect Discovery 1.0 §3: algorithms that tokens are signed with.
    #[serde(default)]
    pub id_token_signing_alg_values_supported: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_foreign_document_with_more_members_is_read() {
        let document =
            r#"{"issuer": "https://i.example", "jwks_uri": "https://i.example/keys", "claims_supported": []}"#;
        let metadata: IssuerMetadata = serde_json::from_str(document).unwrap();
        assert_eq!(metadata.jwks_uri, "https://i.example/keys");
        assert!(serde_json::from_str::<IssuerMetadata>(r#"{"issuer": "https://i.example"}"#).is_err());
    }
}
