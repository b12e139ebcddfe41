//! What tests need beside Rust: one table, how to look for each, how to get it, and which tests want it.
//!
//! A test whose need is not met says `SKIPPED: name: reason` itself (CONTRIBUTING.md, *Tests that skip themselves*), so
//! nothing here decides which tests run: it only makes fewer of them skip.

use std::path::Path;
use std::process::{Command, Stdio};

/// Names the folder with the other languages' libraries; tests that need them skip themselves where it is not set.
pub(crate) const INTEROP: &str = "JOTGATE_TEST_INTEROP";

struct Need {
    name: &'static str,
    wanted_by: &'static str,
    look: Look,
    get: Get,
}

enum Look {
    /// A program on the PATH that answers `--version`.
    Program(&'static str),
    /// A program in a folder below this one, where Debian and its relatives keep each version apart: `VERSION/bin/PROGRAM`.
    Version(&'static str, &'static str),
    /// A program on the PATH or where those of administrators are, and how it is asked for its version.
    Server(&'static str, &'static str),
    /// A folder below the one that [`INTEROP`] names.
    Folder(&'static str),
    /// A file below it.
    File(&'static str),
}

enum Get {
    /// Packages of Debian and its relatives.
    Apt(&'static [&'static str]),
    /// Packages of npm, into `node/` below the folder.
    Npm(&'static [&'static str]),
    /// The same into a folder of their own.
    NpmInto(&'static str, &'static [&'static str]),
    /// Packages of `PyPI`, into `python/` below the folder.
    Pip(&'static [&'static str]),
}

/// In the order of getting: a package manager comes before what it brings.
const NEEDS: &[Need] = &[
    Need {
        name: "curl",
        wanted_by: "the test that pastes the lines `jotgate dev` prints",
        look: Look::Program("curl"),
        get: Get::Apt(&["curl"]),
    },
    Need {
        name: "PostgreSQL",
        wanted_by: "the suite that every store passes",
        look: Look::Version("/usr/lib/postgresql", "initdb"),
        get: Get::Apt(&["postgresql"]),
    },
    Need {
        name: "unshare",
        wanted_by: "the tests of full disks",
        look: Look::Program("unshare"),
        get: Get::Apt(&["util-linux"]),
    },
    Need {
        name: "nginx",
        wanted_by: "forward authentication",
        look: Look::Server("nginx", "-v"),
        get: Get::Apt(&["nginx-light"]),
    },
    Need {
        name: "Caddy",
        wanted_by: "forward authentication",
        look: Look::Server("caddy", "version"),
        get: Get::Apt(&["caddy"]),
    },
    Need {
        name: "Node.js with npm",
        wanted_by: "interoperation",
        look: Look::Program("npm"),
        get: Get::Apt(&["nodejs", "npm"]),
    },
    Need {
        name: "Chromium",
        wanted_by: "the shop in a browser",
        look: Look::Program("chromium"),
        get: Get::Apt(&["chromium"]),
    },
    Need {
        name: "Playwright's core for Node.js",
        wanted_by: "the shop in a browser",
        look: Look::Folder("node/node_modules/playwright-core"),
        get: Get::Npm(&["playwright-core@1.65"]),
    },
    Need {
        name: "TypeScript for Node.js",
        wanted_by: "the types of the shop's scripts",
        look: Look::Folder("node/node_modules/typescript"),
        get: Get::Npm(&["typescript@7.0"]),
    },
    Need {
        name: "jose for Node.js",
        wanted_by: "interoperation",
        look: Look::Folder("node/node_modules/jose"),
        get: Get::Npm(&["jose@6.2"]),
    },
    Need {
        name: "Node.js 24, which has ML-DSA",
        wanted_by: "interoperation",
        look: Look::Folder("node24/node_modules/node"),
        get: Get::NpmInto("node24", &["node@24"]),
    },
    Need {
        name: "jsonwebtoken for Node.js",
        wanted_by: "interoperation",
        look: Look::Folder("node/node_modules/jsonwebtoken"),
        get: Get::Npm(&["jsonwebtoken@9.0"]),
    },
    Need {
        name: "fast-jwt for Node.js",
        wanted_by: "interoperation",
        look: Look::Folder("node/node_modules/fast-jwt"),
        get: Get::Npm(&["fast-jwt@6"]),
    },
    Need {
        name: "jwt-status-list of sd-jwt for Node.js",
        wanted_by: "interoperation",
        look: Look::Folder("node/node_modules/@sd-jwt/jwt-status-list"),
        get: Get::Npm(&["@sd-jwt/jwt-status-list@0.19"]),
    },
    Need {
        name: "Python with pip",
        wanted_by: "interoperation",
        look: Look::Program("pip3"),
        get: Get::Apt(&["python3", "python3-pip"]),
    },
    Need {
        name: "PyJWT for Python",
        wanted_by: "interoperation",
        look: Look::Folder("python/jwt"),
        get: Get::Pip(&["PyJWT[crypto]~=2.10"]),
    },
    Need {
        name: "joserfc for Python",
        wanted_by: "interoperation",
        look: Look::Folder("python/joserfc"),
        get: Get::Pip(&["joserfc"]),
    },
    Need {
        name: "cryptography with ML-DSA for Python",
        wanted_by: "interoperation",
        look: Look::File("python/cryptography/hazmat/primitives/asymmetric/mldsa.py"),
        get: Get::Pip(&["cryptography>=47"]),
    },
    Need {
        name: "Django and the hashers it knows, for Python",
        wanted_by: "imported password hashes",
        look: Look::Folder("python/django"),
        get: Get::Pip(&["Django~=5.2", "argon2-cffi~=25.1", "bcrypt~=5.0", "passlib~=1.7"]),
    },
    Need {
        name: "aiosmtpd for Python",
        wanted_by: "mail",
        look: Look::Folder("python/aiosmtpd"),
        get: Get::Pip(&["aiosmtpd~=1.4"]),
    },
    Need {
        name: "Schemathesis for Python",
        wanted_by: "the description of the API",
        look: Look::Folder("python/schemathesis"),
        get: Get::Pip(&["schemathesis~=4.32"]),
    },
    Need {
        name: "Firebase's scrypt for Node.js",
        wanted_by: "imported password hashes",
        look: Look::Folder("node/node_modules/firebase-scrypt"),
        get: Get::Npm(&["firebase-scrypt@2.2", "bcryptjs@3.0"]),
    },
];

/// Gets what is not there, saying so first; what cannot be got is said, and its tests skip themselves.
pub(crate) fn meet(interop: &Path) {
    for need in NEEDS.iter().filter(|need| !need.is_met(interop)) {
        println!("{} is not here ({} wants it): {}", need.name, need.wanted_by, need.get);
        for mut command in need.get.commands(interop) {
            if !command.stdin(Stdio::null()).status().is_ok_and(|status| status.success()) {
                println!("that did not work; go on without {}", need.name);
                break;
            }
        }
    }
}

impl Need {
    fn is_met(&self, interop: &Path) -> bool {
        match self.look {
            Look::Program(name) => runs(name, "--version"),
            Look::Version(folder, program) => {
                let versions = std::fs::read_dir(folder).into_iter().flatten().flatten();
                versions.map(|version| version.path().join("bin").join(program)).any(|program| program.is_file())
            }
            Look::Server(name, version) => {
                ["", "/usr/sbin/", "/usr/local/sbin/"].iter().any(|folder| runs(&format!("{folder}{name}"), version))
            }
            Look::Folder(path) => interop.join(path).is_dir(),
            Look::File(path) => interop.join(path).is_file(),
        }
    }
}

impl Get {
    fn commands(&self, interop: &Path) -> Vec<Command> {
        match self {
            Self::Apt(packages) => {
                let mut install = apt_get("install");
                install.args(["--yes", "--no-install-recommends"]).args(*packages);
                vec![apt_get("update"), install]
            }
            Self::Npm(packages) => vec![npm_install(&interop.join("node"), packages)],
            Self::NpmInto(folder, packages) => vec![npm_install(&interop.join(folder), packages)],
            Self::Pip(packages) => {
                let mut install = Command::new("pip3");
                install
                    .args(["install", "--quiet", "--upgrade", "--target"])
                    .arg(interop.join("python"))
                    .args(*packages);
                vec![install]
            }
        }
    }
}

impl std::fmt::Display for Get {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Apt(packages) => write!(f, "installing {} with apt-get", packages.join(", ")),
            Self::Npm(packages) | Self::NpmInto(_, packages) => {
                write!(f, "fetching {} with npm into the target folder", packages.join(", "))
            }
            Self::Pip(packages) => write!(f, "fetching {} with pip into the target folder", packages.join(", ")),
        }
    }
}

fn npm_install(folder: &Path, packages: &[&str]) -> Command {
    let mut install = Command::new("npm");
    install.args(["install", "--no-audit", "--no-fund", "--prefix"]).arg(folder).args(packages);
    install
}

/// Whoever is not the super-user goes through `sudo`, which must not stop to ask for a password.
fn apt_get(verb: &str) -> Command {
    let mut command = if runs("sudo", "--version") { Command::new("sudo") } else { Command::new("apt-get") };
    if command.get_program() == "sudo" {
        command.args(["--non-interactive", "apt-get"]);
    }
    command.args(["--quiet", verb]).env("DEBIAN_FRONTEND", "noninteractive");
    command
}

fn runs(program: &str, version: &str) -> bool {
    let mut command = Command::new(program);
    command.arg(version).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_looked_for_below_the_interoperation_folder() {
        let need = Need {
            name: "something",
            wanted_by: "this test",
            look: Look::Folder("src"),
            get: Get::Npm(&["something@1"]),
        };
        assert!(need.is_met(Path::new(env!("CARGO_MANIFEST_DIR"))));
        assert!(!need.is_met(Path::new("/nowhere/at/all")));
    }

    #[test]
    fn packages_go_below_the_interoperation_folder() {
        for need in NEEDS.iter().filter(|need| matches!(need.look, Look::Folder(_))) {
            let commands = need.get.commands(Path::new("/target/interop"));
            let arguments: Vec<_> = commands.iter().flat_map(Command::get_args).collect();
            assert!(arguments.iter().any(|a| a.to_string_lossy().starts_with("/target/interop/")), "{}", need.name);
        }
    }

    #[test]
    fn a_program_that_does_not_exist_is_not_found() {
        assert!(!runs("no-such-program-as-this", "--version"));
    }
}
