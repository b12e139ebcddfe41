//! A disk that is really full: a file system in memory that ends soon, and that one program alone sees. A test runs itself again there.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Names the small disk to the test that runs on it.
const DISK: &str = "JOTGATE_TEST_SMALL_DISK";

/// How large it is, and who may mount it and write to it.
#[derive(Debug, Clone, Copy)]
pub enum Size {
    /// Two megabytes, for this user; anybody may have it where the system lets users be their own administrators.
    Small,
    /// 160 megabytes, of which a new PostgreSQL cluster takes half, for every user; only the super-user may have it.
    ForPostgres,
}

impl Size {
    const fn unshare(self) -> &'static [&'static str] {
        match self {
            Self::Small => &["--user", "--map-root-user", "--mount"],
            Self::ForPostgres => &["--mount"],
        }
    }

    /// Mounts the file system at the first argument and becomes the command in the others.
    const fn mount(self) -> &'static str {
        match self {
            Self::Small => "mount -t tmpfs -o size=2m,mode=700 tmpfs \"$0\" && exec \"$@\"",
            Self::ForPostgres => "mount -t tmpfs -o size=160m,mode=777 tmpfs \"$0\" && exec \"$@\"",
        }
    }
}

/// The small disk.
#[derive(Debug)]
pub struct SmallDisk(PathBuf);

impl SmallDisk {
    /// The one that this test runs on, if it does.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the one word from the test to itself")]
    pub fn here() -> Option<Self> {
        std::env::var_os(DISK).map(|folder| Self(folder.into()))
    }

    /// A program that alone sees one at this folder; nothing where none can be mounted.
    #[must_use]
    pub fn around(program: &Path, folder: &Path, size: Size) -> Option<Command> {
        let mut tried = command(Path::new("true"), folder, size);
        let status = tried.stdout(Stdio::null()).stderr(Stdio::null()).status();
        status.is_ok_and(|status| status.success()).then(|| command(program, folder, size))
    }

    /// A file or folder on it.
    #[must_use]
    pub fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.0.join(name)
    }

    /// Fills it to the last byte.
    ///
    /// # Errors
    ///
    /// When not even an empty file can be made.
    pub fn fill(&self) -> io::Result<()> {
        let mut filler = File::create(self.path("filler"))?;
        for size in [64 * 1024, 4096, 1] {
            while filler.write_all(&vec![0; size]).is_ok() {}
        }
        Ok(())
    }

    /// Takes away what filled it.
    ///
    /// # Errors
    ///
    /// When it was not filled.
    pub fn make_room(&self) -> io::Result<()> {
        std::fs::remove_file(self.path("filler"))
    }
}

fn command(program: &Path, folder: &Path, size: Size) -> Command {
    let mut command = Command::new("unshare");
    command.args(size.unshare()).args(["sh", "-c", size.mount()]).args([folder, program].map(AsRef::<OsStr>::as_ref));
    command.env(DISK, folder);
    command
}
