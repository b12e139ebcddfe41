//! The master key: encrypts signing and refresh keys at rest (AES-256-GCM). It is never in the database.
//!
//! It comes from `JOTGATE_MASTER_KEY`, from a file, or, with an embedded database, from a file of mode 0600 that is made
//! beside it at first start.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::hmac;
use zeroize::Zeroizing;

use super::cursor::CursorKey;
use super::link_token::LinkKey;
use crate::config::Keys;
use crate::random::Random;

const KEY_BYTES: usize = 32;

/// Why there is no usable master key, said to the operator.
#[derive(Debug, thiserror::Error)]
pub enum MasterKeyError {
    /// The text is not a key.
    #[error(
        "{source_name} does not hold a master key: it must be 32 bytes in base64url or hexadecimal, such as the output of `openssl rand -hex 32`"
    )]
    Malformed {
        /// Where the text came from.
        source_name: String,
    },
    /// The file cannot be read or made.
    #[error("the master key file {path} cannot be used: {error}")]
    File {
        /// The file.
        path: String,
        /// What the system said.
        error: io::Error,
    },
    /// The file that we made is readable by others.
    #[error("the master key file {path} can be read by other users (mode {mode:o}); run `chmod 600` on it")]
    Exposed {
        /// The file.
        path: String,
        /// Its permissions.
        mode: u32,
    },
    /// The database has keys, and the master key that encrypted them is not to be found.
    #[error(
        "the database holds keys that are encrypted with a master key, and there is none: set JOTGATE_MASTER_KEY or keys.master_key_file, or put {path} back from your backup"
    )]
    Missing {
        /// Where it was expected.
        path: String,
    },
    /// There is neither a key nor a place to make one.
    #[error(
        "no master key, and none is made beside a database that is not a file: set JOTGATE_MASTER_KEY to the output of `openssl rand -hex 32`, the same on every server of this database, or keys.master_key_file to a file that holds it"
    )]
    None,
}

/// A master key, ready for use.
pub(crate) struct MasterKey {
    key: LessSafeKey,
    deriving: hmac::Key,
    mark: i64,
}

/// What was sealed cannot be opened: another master key, or damage.
#[derive(Debug, thiserror::Error)]
#[error(
    "a stored key cannot be decrypted: this is not the master key that the database was made with, or the row is damaged"
)]
pub(crate) struct CannotOpen;

impl MasterKey {
    /// Finds the key; makes one in `beside` when there is none and none has ever been used (`first_start`).
    pub(crate) fn find(
        config: &Keys,
        base_dir: &Path,
        beside: Option<PathBuf>,
        first_start: bool,
        random: &dyn Random,
    ) -> Result<Self, MasterKeyError> {
        if let Some(configured) = Self::configured(config, base_dir)? {
            return Ok(configured);
        }
        let path = beside.ok_or(MasterKeyError::None)?;
        if !path.exists() {
            if !first_start {
                return Err(MasterKeyError::Missing { path: path.display().to_string() });
            }
            make(&path, random).map_err(|error| file_error(&path, error))?;
        }
        refuse_exposed(&path)?;
        Self::parse(&read(&path)?, &path.display().to_string())
    }

    /// The configured key, if one is configured.
    pub(crate) fn configured(config: &Keys, base_dir: &Path) -> Result<Option<Self>, MasterKeyError> {
        if let Some(text) = &config.master_key {
            return Self::parse(text.expose(), "keys.master_key (JOTGATE_MASTER_KEY)").map(Some);
        }
        let Some(file) = &config.master_key_file else { return Ok(None) };
        let path = base_dir.join(file);
        Self::parse(&read(&path)?, &path.display().to_string()).map(Some)
    }

    /// The key in a file that only its owner can read.
    pub(crate) fn in_file(path: &Path) -> Result<Self, MasterKeyError> {
        refuse_exposed(path)?;
        Self::parse(&read(path)?, &path.display().to_string())
    }

    /// Puts the text of the key in `new` in the place of the file `path`, whole or not at all.
    pub(crate) fn replace_file(path: &Path, new: &Path, random: &dyn Random) -> Result<(), MasterKeyError> {
        let text = read(new)?;
        let replace = || {
            let temporary = write_beside(path, &text, random)?;
            let renamed = fs::rename(&temporary, path);
            if renamed.is_err() {
                fs::remove_file(&temporary)?;
            }
            renamed.and_then(|()| sync_folder(path))
        };
        replace().map_err(|error| file_error(path, error))
    }

    /// Tells one key from another and nothing about either: a MAC under it. Never 0.
    pub(crate) fn mark(&self) -> i64 {
        self.mark
    }

    /// The key of cursors, derived from this one.
    pub(crate) fn cursors(&self) -> CursorKey {
        CursorKey::new(&self.derive("cursors"))
    }

    /// The key of the tokens of links in mails.
    pub(crate) fn links(&self) -> LinkKey {
        LinkKey::new(&self.derive("links in mails"))
    }

    fn parse(text: &str, source_name: &str) -> Result<Self, MasterKeyError> {
        let malformed = || MasterKeyError::Malformed { source_name: source_name.to_owned() };
        let bytes = decode(text.trim()).ok_or_else(malformed)?;
        Self::new(&bytes).ok_or_else(malformed)
    }

    fn new(bytes: &[u8]) -> Option<Self> {
        let deriving = hmac::Key::new(hmac::HMAC_SHA256, bytes);
        let tag = hmac::sign(&deriving, b"jotgate master key mark");
        let mark = tag.as_ref().first_chunk().map(|bytes| i64::from_be_bytes(*bytes))?;
        let key = UnboundKey::new(&AES_256_GCM, bytes).ok()?;
        Some(Self { key: LessSafeKey::new(key), deriving, mark: if mark == 0 { 1 } else { mark } })
    }

    /// A key for something else than encrypting, which tells nothing about this one: a MAC under it.
    pub(crate) fn derive(&self, purpose: &str) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(hmac::sign(&self.deriving, format!("jotgate {purpose}").as_bytes()).as_ref().to_vec())
    }

    /// Encrypts `secret`; `context` says what it is and must be the same when it is opened.
    pub(crate) fn seal(&self, context: &str, secret: &[u8], random: &dyn Random) -> Result<Vec<u8>, CannotOpen> {
        let mut nonce = [0; NONCE_LEN];
        random.fill(&mut nonce);
        let mut sealed = Zeroizing::new(secret.to_vec());
        let nonce_used = Nonce::assume_unique_for_key(nonce);
        self.key.seal_in_place_append_tag(nonce_used, Aad::from(context), &mut *sealed).map_err(|_| CannotOpen)?;
        Ok([nonce.as_slice(), &sealed].concat())
    }

    /// Decrypts what [`Self::seal`] made for the same context.
    pub(crate) fn open(&self, context: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, CannotOpen> {
        let (nonce, ciphertext) = sealed.split_at_checked(NONCE_LEN).ok_or(CannotOpen)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| CannotOpen)?;
        let mut buffer = Zeroizing::new(ciphertext.to_vec());
        let len = self.key.open_in_place(nonce, Aad::from(context), &mut buffer).map_err(|_| CannotOpen)?.len();
        buffer.truncate(len);
        Ok(buffer)
    }
}

impl std::fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MasterKey(…)")
    }
}

fn decode(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let bytes = if text.len() == 2 * KEY_BYTES {
        hexadecimal(text)?
    } else {
        base64_simd::URL_SAFE_NO_PAD.decode_to_vec(text.trim_end_matches('=')).ok()?
    };
    (bytes.len() == KEY_BYTES).then(|| Zeroizing::new(bytes))
}

fn hexadecimal(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    text.as_bytes().chunks_exact(2).map(|pair| Some((digit(&pair[0])? << 4) | digit(&pair[1])?)).collect()
}

fn read(path: &Path) -> Result<Zeroizing<String>, MasterKeyError> {
    fs::read_to_string(path).map(Zeroizing::new).map_err(|error| file_error(path, error))
}

fn file_error(path: &Path, error: io::Error) -> MasterKeyError {
    MasterKeyError::File { path: path.display().to_string(), error }
}

fn refuse_exposed(path: &Path) -> Result<(), MasterKeyError> {
    let mode = fs::metadata(path).map_err(|error| file_error(path, error))?.permissions().mode() & 0o777;
    let for_others = mode & 0o077;
    if for_others == 0 { Ok(()) } else { Err(MasterKeyError::Exposed { path: path.display().to_string(), mode }) }
}

/// Makes the file whole or not at all: it is written under another name, synced, and linked to its own, which fails when
/// another process was first. That one's key is then used.
fn make(path: &Path, random: &dyn Random) -> io::Result<()> {
    let mut key = Zeroizing::new([0; KEY_BYTES]);
    random.fill(&mut *key);
    let text = Zeroizing::new(base64_simd::URL_SAFE_NO_PAD.encode_to_string(key.as_slice()));
    let temporary = write_beside(path, &text, random)?;
    let linked = fs::hard_link(&temporary, path);
    fs::remove_file(&temporary)?;
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => sync_folder(path),
    }
}

/// Writes a file of another name beside `path`, for its owner only, and syncs it.
fn write_beside(path: &Path, text: &str, random: &dyn Random) -> io::Result<PathBuf> {
    let mut suffix = [0; 8];
    random.fill(&mut suffix);
    let temporary = path.with_extension(format!("new-{:016x}", u64::from_le_bytes(suffix)));
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary)?;
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
    if written.is_err() {
        fs::remove_file(&temporary)?;
    }
    written.map(|()| temporary)
}

fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    folder.map_or(Ok(()), |folder| fs::File::open(folder)?.sync_all())
}

#[cfg(test)]
mod tests {
    use jotgate_wire::SecretText;

    use super::*;
    use crate::random::SystemRandom;

    fn configured(text: &str) -> Result<MasterKey, MasterKeyError> {
        let keys = Keys { master_key: Some(SecretText::from(text)), ..Keys::default() };
        MasterKey::find(&keys, Path::new("."), None, true, &SystemRandom)
    }

    fn beside(path: &Path, first_start: bool) -> Result<MasterKey, MasterKeyError> {
        MasterKey::find(&Keys::default(), Path::new("."), Some(path.to_owned()), first_start, &SystemRandom)
    }

    #[test]
    fn takes_base64url_and_hexadecimal_of_32_bytes() {
        for good in ["0f".repeat(32), "A".repeat(43), format!("{}=", "A".repeat(43)), format!("{}\n", "0F".repeat(32))]
        {
            assert!(configured(&good).is_ok(), "{good}");
        }
        for bad in ["", "secret", &"0f".repeat(31), &"zz".repeat(32), &"A".repeat(44), &"é".repeat(32)] {
            let said = configured(bad).unwrap_err().to_string();
            assert!(said.contains("openssl rand -hex 32"), "{said}");
            assert!(bad.is_empty() || !said.contains(bad), "the text is not repeated");
        }
    }

    #[test]
    fn what_is_sealed_opens_only_for_its_key_and_context() {
        let (one, other) = (configured(&"01".repeat(32)).unwrap(), configured(&"02".repeat(32)).unwrap());
        let sealed = one.seal("signing/a", b"private", &SystemRandom).unwrap();
        assert_eq!(one.open("signing/a", &sealed).unwrap().as_slice(), b"private");
        assert!(one.open("signing/b", &sealed).is_err());
        assert!(other.open("signing/a", &sealed).is_err());
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(one.open("signing/a", &changed).is_err());
            assert!(one.open("signing/a", &sealed[..at]).is_err());
        }
    }

    #[test]
    fn the_file_is_made_once_for_its_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("jotgate.db.master-key");
        let sealed = beside(&path, true).unwrap().seal("c", b"x", &SystemRandom).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(beside(&path, false).unwrap().open("c", &sealed).unwrap().as_slice(), b"x");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left over");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(beside(&path, false).unwrap_err().to_string().contains("chmod 600"));
    }

    #[test]
    fn a_lost_file_is_not_made_anew_over_a_database_that_needs_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lost.master-key");
        assert!(matches!(beside(&path, false), Err(MasterKeyError::Missing { .. })));
        assert!(!path.exists());
    }

    #[test]
    fn processes_that_start_at_once_share_one_key() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("shared.master-key");
        let keys: Vec<_> = std::thread::scope(|scope| {
            let starts: Vec<_> = (0..8).map(|_| scope.spawn(|| beside(&path, true).unwrap())).collect();
            starts.into_iter().map(|start| start.join().unwrap()).collect()
        });
        let sealed = keys[0].seal("c", b"x", &SystemRandom).unwrap();
        assert!(keys.iter().all(|key| key.open("c", &sealed).is_ok()));
    }
}
