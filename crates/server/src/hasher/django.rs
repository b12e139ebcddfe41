//! Django's own two forms, `algorithm$…`; its others wrap a form that is known elsewhere. A salt is the bytes of a text.

use super::pbkdf2::{self, Prf};
use super::scrypt;
use super::stored::{Recipe, Stored, base64};
use super::unusable::Unusable;

/// `pbkdf2_sha1$iterations$salt$output`.
pub(super) fn read_pbkdf2_sha1(rest: &str) -> Result<Stored, Unusable> {
    read_pbkdf2(Prf::Sha1, rest)
}

/// `pbkdf2_sha256$iterations$salt$output`.
pub(super) fn read_pbkdf2_sha256(rest: &str) -> Result<Stored, Unusable> {
    read_pbkdf2(Prf::Sha256, rest)
}

fn read_pbkdf2(prf: Prf, rest: &str) -> Result<Stored, Unusable> {
    const MALFORMED: Unusable = Unusable::Malformed("Django PBKDF2");
    let [iterations, salt, output] = rest.split('$').collect::<Vec<_>>()[..] else { return Err(MALFORMED) };
    let output = base64(output).ok_or(MALFORMED)?;
    pbkdf2::stored(prf, iterations, salt.as_bytes().to_vec(), output)
}

/// `scrypt$N$salt$r$p$output`.
pub(super) fn read_scrypt(rest: &str) -> Result<Stored, Unusable> {
    const MALFORMED: Unusable = Unusable::Malformed("Django scrypt");
    let [n, salt, r, p, output] = rest.split('$').collect::<Vec<_>>()[..] else { return Err(MALFORMED) };
    let cost = |text: &str| text.parse::<u32>().ok();
    let (Some(n), Some(r), Some(p), Some(output)) = (cost(n), cost(r), cost(p), base64(output)) else {
        return Err(MALFORMED);
    };
    if !n.is_power_of_two() {
        return Err(MALFORMED);
    }
    let recipe = scrypt::Recipe::new(n.trailing_zeros(), r, p, salt.as_bytes().to_vec())?;
    Stored::new(Recipe::Scrypt(recipe), output)
}
