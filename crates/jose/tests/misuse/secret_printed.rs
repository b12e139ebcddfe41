//! A secret has no `Display`: reading it takes `expose`.

use jotgate_jose::SigningKey;

fn print(key: &SigningKey) {
    let _ = format!("{}", key.to_jwk());
}

fn main() {}
