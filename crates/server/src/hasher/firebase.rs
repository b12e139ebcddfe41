//! Firebase's scrypt: what scrypt gives is the AES-256-CTR key under which the project's signer key is encrypted, and that
//! is the hash.
//!
//! Firebase exports the parameters once for a project; here they stand in each hash, in the form that Supabase gave them:
//! `$fbscrypt$v=1,n=14,r=8,p=1,ss=<separator>,sk=<signer key>$salt$output`.

use aws_lc_rs::cipher::{AES_256, DecryptingKey, DecryptionContext, UnboundCipherKey};
use aws_lc_rs::iv::FixedLength;
use zeroize::Zeroizing;

use super::scrypt;
use super::stored::{Recipe as AnyRecipe, Stored, base64, parameter};
use super::unusable::Unusable;

const MALFORMED: Unusable = Unusable::Malformed("Firebase scrypt");

/// How a hash is computed.
pub(super) struct Recipe {
    scrypt: scrypt::Recipe,
    signer_key: Zeroizing<Vec<u8>>,
}

impl std::fmt::Debug for Recipe {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Recipe(..)")
    }
}

/// Reads what stands after `$fbscrypt$`.
pub(super) fn read(rest: &str) -> Result<Stored, Unusable> {
    let [list, salt, output] = rest.split('$').collect::<Vec<_>>()[..] else { return Err(MALFORMED) };
    let cost = |name: &str| parameter(list, name)?.parse::<u32>().ok();
    let (Some(1), Some(n), Some(r), Some(p)) = (cost("v"), cost("n"), cost("r"), cost("p")) else {
        return Err(MALFORMED);
    };
    let bytes = |name: &str| base64(parameter(list, name).unwrap_or_default());
    let (Some(mut salt), Some(separator), Some(signer_key)) = (base64(salt), bytes("ss"), bytes("sk")) else {
        return Err(MALFORMED);
    };
    let output = base64(output).filter(|output| output.len() == signer_key.len()).ok_or(MALFORMED)?;
    salt.extend(separator);
    let recipe = Recipe { scrypt: scrypt::Recipe::new(n, r, p, salt)?, signer_key: Zeroizing::new(signer_key) };
    Stored::new(AnyRecipe::Firebase(recipe), output)
}

impl Recipe {
    pub(super) const fn memory_kib(&self) -> u32 {
        self.scrypt.memory_kib()
    }

    pub(super) fn compute(&self, password: &[u8], output: &mut [u8]) -> Option<()> {
        let mut key = Zeroizing::new([0; 32]);
        self.scrypt.compute(password, &mut *key)?;
        output.copy_from_slice(&self.signer_key);
        // In counter mode encrypting and decrypting are one; the library lets only the latter begin at zero.
        let cipher = DecryptingKey::ctr(UnboundCipherKey::new(&AES_256, &*key).ok()?).ok()?;
        cipher.decrypt(output, DecryptionContext::Iv128(FixedLength::from([0; 16]))).ok().map(drop)
    }
}
