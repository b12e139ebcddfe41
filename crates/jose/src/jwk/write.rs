//! Writing a JWK: the members of its type, then `alg`, `use` and `kid`.

use crate::algorithm::Algorithm;
use crate::base64url;
use crate::key::material::{Private, Public};

/// The public JWK as JSON text.
pub(crate) fn public_jwk(key: &Public, algorithm: Algorithm, kid: Option<&str>) -> String {
    let mut json = Writer::new();
    json.members(&public_members(key, algorithm));
    json.tail(algorithm, kid)
}

/// The private JWK as JSON text, which the caller must keep secret.
pub(crate) fn private_jwk(key: &Private, public: Option<&Public>, algorithm: Algorithm, kid: &str) -> String {
    let mut json = Writer::new();
    if let Some(public) = public {
        json.members(&public_members(public, algorithm));
    }
    json.private(key);
    json.tail(algorithm, Some(kid))
}

/// The members that identify a key, in the order and spelling that RFC 7638 §3 hashes.
pub(crate) fn thumbprint_input(key: &Public, algorithm: Algorithm) -> String {
    let mut members = public_members(key, algorithm);
    if matches!(key, Public::MlDsa(..)) {
        members.push(("alg", algorithm.name().to_owned()));
    }
    members.sort_unstable();
    let mut json = Writer::new();
    json.members(&members);
    json.end()
}

fn public_members(key: &Public, algorithm: Algorithm) -> Vec<(&'static str, String)> {
    let mut members = vec![("kty", algorithm.kty().to_owned())];
    members.extend(algorithm.crv().map(|crv| ("crv", crv.to_owned())));
    match key {
        Public::Rsa(key) => members.extend([("n", base64url::encode(&key.n)), ("e", base64url::encode(&key.e))]),
        Public::Ec(key) => members.extend([("x", base64url::encode(&key.x)), ("y", base64url::encode(&key.y))]),
        Public::Ed25519(point) => members.push(("x", base64url::encode(point))),
        Public::MlDsa(_, encoded) => members.push(("pub", base64url::encode(encoded))),
    }
    members
}

/// Builds one flat JSON object of strings, in a buffer large enough that secrets are not copied about.
struct Writer(String);

impl Writer {
    fn new() -> Self {
        let mut json = String::with_capacity(8 * 1024);
        json.push('{');
        Self(json)
    }

    /// Adds a member whose value needs no escapes.
    fn member(&mut self, name: &str, value: &str) {
        self.name(name);
        self.0.extend(["\"", value, "\""]);
    }

    fn name(&mut self, name: &str) {
        if self.0.len() > 1 {
            self.0.push(',');
        }
        self.0.extend(["\"", name, "\":"]);
    }

    fn members(&mut self, members: &[(&str, String)]) {
        for (name, value) in members {
            self.member(name, value);
        }
    }

    fn secret(&mut self, name: &str, bytes: &[u8]) {
        self.name(name);
        self.0.push('"');
        base64url::encode_append(bytes, &mut self.0);
        self.0.push('"');
    }

    fn private(&mut self, key: &Private) {
        match key {
            Private::Hmac(secret) => {
                self.member("kty", "oct");
                self.secret("k", secret);
            }
            Private::Rsa(key) => {
                let numbers =
                    [("d", &key.d), ("p", &key.p), ("q", &key.q), ("dp", &key.dp), ("dq", &key.dq), ("qi", &key.qi)];
                for (name, number) in numbers {
                    self.secret(name, number);
                }
            }
            Private::Ec(_, secret) | Private::Ed25519(secret) => self.secret("d", secret),
            Private::MlDsa(_, seed) => self.secret("priv", seed),
        }
    }

    fn tail(mut self, algorithm: Algorithm, kid: Option<&str>) -> String {
        self.member("alg", algorithm.name());
        self.member("use", "sig");
        if let Some(kid) = kid {
            self.name("kid");
            self.0.push_str(&serde_json::Value::from(kid).to_string());
        }
        self.end()
    }

    fn end(mut self) -> String {
        self.0.push('}');
        self.0
    }
}
