//! Files that a command writes: whole or not at all, and never over another by mistake.

use std::fs::Permissions;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::exit::Failure;

/// Who may read the file.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Readers {
    /// The owner only (mode 0600): it holds a secret.
    Owner,
    /// Everybody whom the umask lets (mode 0644).
    Everybody,
}

/// Writes the file in one step. An existing one stays as it is unless `force` is given.
pub(crate) fn write(path: &Path, bytes: &[u8], readers: Readers, force: bool) -> Result<(), Failure> {
    let cannot =
        |error: &dyn std::fmt::Display| Failure::environment(format!("{} cannot be written: {error}", path.display()));
    if path.exists() && !force {
        return Err(exists(path));
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mode = match readers {
        Readers::Owner => 0o600,
        Readers::Everybody => 0o644,
    };
    let temporary =
        tempfile::Builder::new().prefix(".jotgate-").permissions(Permissions::from_mode(mode)).tempfile_in(folder);
    let mut file = temporary.map_err(|error| cannot(&error))?;
    file.write_all(bytes).and_then(|()| file.as_file().sync_all()).map_err(|error| cannot(&error))?;
    if force {
        return file.persist(path).map(drop).map_err(|error| cannot(&error.error));
    }
    file.persist_noclobber(path).map(drop).map_err(|error| match error.error.kind() {
        std::io::ErrorKind::AlreadyExists => exists(path),
        _ => cannot(&error.error),
    })
}

fn exists(path: &Path) -> Failure {
    Failure::usage(format!("{} exists; give --force to replace it", path.display()))
}
