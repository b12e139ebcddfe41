//! A policy must name its issuer.

use jotgate_jose::{Algorithm, jwt::Policy};

fn main() {
    let _ = Policy::builder().audience("api").algorithms([Algorithm::EdDsa]).build();
}
