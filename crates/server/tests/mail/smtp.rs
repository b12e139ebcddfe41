//! A real mail server (`aiosmtpd`) that tells what arrives. It ends with the test, however that goes.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use jotgate_testkit::interop::library;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use serde_json::{Value, json};
use tempfile::TempDir;

pub(crate) const PASSWORD: &str = "the password of the mail server";

pub(crate) struct Smtp {
    child: Child,
    said: Receiver<Value>,
    pub(crate) port: u16,
    folder: TempDir,
}

impl Drop for Smtp {
    fn drop(&mut self) {
        let _ = (self.child.kill(), self.child.wait());
    }
}

impl Smtp {
    /// Starts one that behaves so; nothing, and a word of it, where there is no `aiosmtpd`.
    pub(crate) fn start(test: &str, mut how: Value) -> Option<Self> {
        let library = library(test, "python", "aiosmtpd")?;
        let folder = tempfile::tempdir().unwrap();
        let (certificate, key) = certificate(folder.path());
        how["certificate"] = json!(certificate);
        how["key"] = json!(key);
        let mut python = Command::new("python3");
        python.args(["-c", include_str!("server.py"), &how.to_string()]).env("PYTHONPATH", library);
        let mut child = python.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        let (tell, said) = channel();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let _ = tell.send(serde_json::from_str(&line).unwrap());
            }
        });
        let mut smtp = Self { child, said, port: 0, folder };
        smtp.port = smtp.next("port")["port"].as_u64().unwrap().try_into().unwrap();
        Some(smtp)
    }

    /// The next thing it says that has this member.
    pub(crate) fn next(&self, member: &str) -> Value {
        loop {
            let said = self.said.recv_timeout(Duration::from_secs(30)).expect("the mail server says something");
            if said.get(member).is_some() {
                return said;
            }
        }
    }

    /// Everything that it has said by now.
    pub(crate) fn all(&self) -> Vec<Value> {
        self.said.try_iter().collect()
    }

    /// The certificate of the authority that vouches for it.
    pub(crate) fn authority(&self) -> PathBuf {
        self.folder.path().join("authority.pem")
    }
}

/// A key, and a certificate for `localhost` by an authority of its own.
fn certificate(folder: &Path) -> (PathBuf, PathBuf) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new(vec!["localhost".to_owned()]).unwrap().signed_by(&key, &authority).unwrap();
    std::fs::write(folder.join("authority.pem"), authority.pem()).unwrap();
    let (certificate, key_file) = (folder.join("leaf.pem"), folder.join("leaf.key"));
    std::fs::write(&certificate, leaf.pem()).unwrap();
    std::fs::write(&key_file, key.serialize_pem()).unwrap();
    (certificate, key_file)
}
