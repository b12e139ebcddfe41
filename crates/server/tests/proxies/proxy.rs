//! A proxy with the configuration of the guide, its addresses and ports replaced, in a folder of its own. It ends with the
//! test, however that goes.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use jotgate_testkit::skip;
use tempfile::TempDir;

#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    Nginx,
    Caddy,
}

impl Kind {
    fn program(self) -> &'static str {
        match self {
            Self::Nginx => "nginx",
            Self::Caddy => "caddy",
        }
    }

    /// Where it is: on the PATH, or where Debian keeps what administrators run.
    fn find(self) -> Option<String> {
        let version = match self {
            Self::Nginx => "-v",
            Self::Caddy => "version",
        };
        let found = ["", "/usr/sbin/", "/usr/local/sbin/"].map(|folder| format!("{folder}{}", self.program()));
        found.into_iter().find(|program| {
            let mut asked = Command::new(program);
            asked.arg(version).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            asked.status().is_ok_and(|status| status.success())
        })
    }
}

/// The ports in use, in place of those in the guide.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ports {
    pub(crate) proxy: u16,
    pub(crate) jotgate: u16,
    pub(crate) program: u16,
}

pub(crate) struct Proxy {
    child: Child,
    folder: TempDir,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = (self.child.kill(), self.child.wait());
    }
}

/// Says that a test was left out.
pub(crate) fn skipped(kind: Kind, name: &str) {
    skip::aloud(name, &format!("{} is not here", kind.program()));
}

/// Whether there is such a proxy on this machine.
pub(crate) fn is_here(kind: Kind) -> bool {
    kind.find().is_some()
}

impl Proxy {
    /// Starts it and waits until it answers; nothing if it ended instead, since its port was taken in the meantime.
    pub(crate) async fn start(kind: Kind, ports: Ports) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mut command = match kind {
            Kind::Nginx => nginx(kind, folder.path(), ports),
            Kind::Caddy => caddy(kind, folder.path(), ports),
        };
        let log = std::fs::File::create(folder.path().join("said")).unwrap();
        let said = (Stdio::from(log.try_clone().unwrap()), Stdio::from(log));
        let child = command.stdin(Stdio::null()).stdout(said.0).stderr(said.1).spawn().unwrap();
        let mut proxy = Self { child, folder };
        while tokio::net::TcpStream::connect(("127.0.0.1", ports.proxy)).await.is_err() {
            if proxy.child.try_wait().unwrap().is_some() {
                let said = std::fs::read_to_string(proxy.folder.path().join("said")).unwrap();
                assert!(said.to_lowercase().contains("address already in use"), "{kind:?} did not start: {said}");
                return None;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Some(proxy)
    }
}

fn with_ports(text: &str, ports: Ports) -> String {
    text.replace("listen 8080", &format!("listen 127.0.0.1:{}", ports.proxy))
        .replace("example.com {", &format!("http://127.0.0.1:{} {{", ports.proxy))
        .replace("127.0.0.1:4400", &format!("127.0.0.1:{}", ports.jotgate))
        .replace("127.0.0.1:3000", &format!("127.0.0.1:{}", ports.program))
}

/// One process in the foreground, all its files in the folder.
fn nginx(kind: Kind, folder: &Path, ports: Ports) -> Command {
    let at = folder.display();
    let paths =
        ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(|name| format!("{name}_temp_path {at}/{name};\n"));
    let server = with_ports(crate::guide::NGINX, ports);
    let main = format!(
        "daemon off;\nmaster_process off;\npid {at}/pid;\nerror_log {at}/said info;\nevents {{}}\n\
         http {{\naccess_log off;\n{}\n{server}}}\n",
        paths.concat()
    );
    std::fs::write(folder.join("nginx.conf"), main).unwrap();
    let mut command = Command::new(kind.find().unwrap());
    command.arg("-p").arg(folder).arg("-e").arg(folder.join("said")).arg("-c").arg(folder.join("nginx.conf"));
    command
}

fn caddy(kind: Kind, folder: &Path, ports: Ports) -> Command {
    let main = format!("{{\n\tadmin off\n}}\n{}", with_ports(crate::guide::CADDY, ports));
    std::fs::write(folder.join("Caddyfile"), main).unwrap();
    let mut command = Command::new(kind.find().unwrap());
    command.args(["run", "--adapter", "caddyfile", "--config"]).arg(folder.join("Caddyfile"));
    command.env("HOME", folder).env("XDG_DATA_HOME", folder).env("XDG_CONFIG_HOME", folder);
    command
}
