//! scrypt (RFC 7914) in the PHC string format: `$scrypt$ln=16,r=8,p=1$salt$output`.

use scrypt::Params;

use super::stored::{Recipe as AnyRecipe, Stored, base64, parameter};
use super::unusable::Unusable;

const MALFORMED: Unusable = Unusable::Malformed("scrypt");
/// The most N·r·p: beyond it one hash takes seconds.
const MAX_WORK: u64 = 1 << 22;

/// How a hash is computed.
#[derive(Debug)]
pub(super) struct Recipe {
    params: Params,
    salt: Vec<u8>,
    memory_kib: u32,
}

/// Reads what stands after `$scrypt$`.
pub(super) fn read_phc(rest: &str) -> Result<Stored, Unusable> {
    let [costs, salt, output] = rest.split('$').collect::<Vec<_>>()[..] else { return Err(MALFORMED) };
    let cost = |name: &str| parameter(costs, name)?.parse::<u32>().ok();
    let (Some(log_n), Some(r), Some(p)) = (cost("ln"), cost("r"), cost("p")) else { return Err(MALFORMED) };
    let (Some(salt), Some(output)) = (base64(salt), base64(output)) else { return Err(MALFORMED) };
    Stored::new(AnyRecipe::Scrypt(Recipe::new(log_n, r, p, salt)?), output)
}

impl Recipe {
    /// Takes the parameters if they are possible and not too costly.
    pub(super) fn new(log_n: u32, r: u32, p: u32, salt: Vec<u8>) -> Result<Self, Unusable> {
        let blocks = 1_u64.checked_shl(log_n).and_then(|n| n.checked_mul(u64::from(r)));
        let work = blocks.and_then(|blocks| blocks.checked_mul(u64::from(p)));
        let (Some(blocks), Some(true)) = (blocks, work.map(|work| work <= MAX_WORK)) else {
            return Err(Unusable::Costly("N times r times p is more than 4194304"));
        };
        let params = u8::try_from(log_n).ok().filter(|log_n| *log_n > 0).and_then(|n| Params::new(n, r, p).ok());
        // 128·r·N bytes, and 128·r·p beside them.
        let kib = (blocks + u64::from(r) * u64::from(p)).div_ceil(8);
        let (Some(params), Ok(memory_kib)) = (params, u32::try_from(kib)) else { return Err(MALFORMED) };
        Ok(Self { params, salt, memory_kib })
    }

    pub(super) const fn memory_kib(&self) -> u32 {
        self.memory_kib
    }

    pub(super) fn compute(&self, password: &[u8], output: &mut [u8]) -> Option<()> {
        scrypt::scrypt(password, &self.salt, &self.params, output).ok()
    }
}
