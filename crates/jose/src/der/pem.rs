//! PEM: DER between two lines of dashes (RFC 7468).

use base64_simd::STANDARD;
use zeroize::Zeroizing;

use crate::key::KeyError;
use crate::key::material::SecretBytes;

/// The labels that hold a public key.
const PUBLIC: [&str; 2] = ["PUBLIC KEY", "RSA PUBLIC KEY"];
/// The labels that hold a private key.
const PRIVATE: [&str; 3] = ["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY"];
/// What `openssl ecparam` writes before a key, and what is skipped.
const SKIPPED: &str = "EC PARAMETERS";

/// The DER of the one public key in a PEM text.
pub(crate) fn read_public(pem: &str) -> Result<SecretBytes, KeyError> {
    let block = first_block(pem)?;
    match block.label {
        label if PUBLIC.contains(&label) => block.decode(),
        label if PRIVATE.contains(&label) => {
            Err(KeyError::new("the PEM holds a private key where a public one belongs"))
        }
        "CERTIFICATE" => Err(KeyError::new("the PEM holds a certificate; extract its public key first")),
        other => Err(unknown_label(other)),
    }
}

/// The DER of the one private key in a PEM text.
pub(crate) fn read_private(pem: &str) -> Result<SecretBytes, KeyError> {
    let block = first_block(pem)?;
    match block.label {
        label if PRIVATE.contains(&label) => block.decode(),
        label if PUBLIC.contains(&label) => {
            Err(KeyError::new("the PEM holds a public key where a private one belongs"))
        }
        "ENCRYPTED PRIVATE KEY" => Err(KeyError::new("the PEM holds an encrypted key; decrypt it first")),
        other => Err(unknown_label(other)),
    }
}

/// Writes DER under a label, 64 characters a line.
pub(crate) fn write(label: &str, der: &[u8]) -> String {
    let base64 = Zeroizing::new(STANDARD.encode_to_string(der));
    let lines = base64.len().div_ceil(64);
    let capacity = base64.len().saturating_add(lines).saturating_add(label.len().saturating_mul(2)).saturating_add(34);
    let mut pem = String::with_capacity(capacity);
    pem.extend(["-----BEGIN ", label, "-----\n"]);
    let mut rest = base64.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at_checked(64).unwrap_or((rest, ""));
        pem.extend([line, "\n"]);
        rest = after;
    }
    pem.extend(["-----END ", label, "-----\n"]);
    pem
}

/// One block: its label, and the base64 between its lines.
struct Block<'a> {
    label: &'a str,
    body: &'a str,
}

/// Finds the first block that is not elliptic-curve parameters; a second key after it is refused as ambiguous.
fn first_block(pem: &str) -> Result<Block<'_>, KeyError> {
    let (mut block, mut rest) = next_block(pem)?.ok_or(KeyError::new("there is no PEM block in the text"))?;
    if block.label == SKIPPED {
        (block, rest) = next_block(rest)?.ok_or(KeyError::new("the PEM has parameters but no key"))?;
    }
    match next_block(rest)? {
        Some(_) => Err(KeyError::new("the PEM holds more than one block; give one key at a time")),
        None => Ok(block),
    }
}

/// The next block and what follows it. Text before a block is a comment (RFC 7468 §5.2).
fn next_block(pem: &str) -> Result<Option<(Block<'_>, &str)>, KeyError> {
    const BROKEN: KeyError = KeyError::new("the PEM block does not end as it begins");
    let Some((_, after)) = pem.split_once("-----BEGIN ") else { return Ok(None) };
    let (label, after) = after.split_once("-----").ok_or(BROKEN)?;
    let (body, after) = after.split_once("-----END ").ok_or(BROKEN)?;
    let rest = after.strip_prefix(label).and_then(|after| after.strip_prefix("-----")).ok_or(BROKEN)?;
    Ok(Some((Block { label, body }, rest)))
}

impl Block<'_> {
    fn decode(&self) -> Result<SecretBytes, KeyError> {
        if self.body.contains(':') {
            return Err(KeyError::new("the PEM block has headers, as old encrypted keys do; decrypt it first"));
        }
        let mut base64 = Zeroizing::new(String::with_capacity(self.body.len()));
        base64.extend(self.body.split_ascii_whitespace());
        let der = STANDARD.decode_to_vec(base64.as_bytes());
        der.map(SecretBytes::new).map_err(|_| KeyError::new("the PEM block is not base64"))
    }
}

fn unknown_label(label: &str) -> KeyError {
    let shown: String = label.chars().take(40).collect();
    KeyError::because(format!("the PEM block is labelled {shown:?}, which is no key that can be used here"))
}
