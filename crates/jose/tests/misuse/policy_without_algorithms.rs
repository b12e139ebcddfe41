//! A policy must name its algorithms.

use jotgate_jose::jwt::Policy;

fn main() {
    let _ = Policy::builder().issuer("https://a").audience("api").build();
}
