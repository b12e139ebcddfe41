//! A policy must name its audience.

use jotgate_jose::{Algorithm, jwt::Policy};

fn main() {
    let _ = Policy::builder().issuer("https://a").algorithms([Algorithm::EdDsa]).build();
}
