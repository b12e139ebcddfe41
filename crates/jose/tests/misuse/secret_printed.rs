//! A secret has no `Display`: reading it takes `expose`.

use jotgate_jose::SigningKey;

fn print(_: impl std::fmt::Display) {}

fn leak(key: &SigningKey) {
    print(key.to_jwk());
}

fn main() {}
