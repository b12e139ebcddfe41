//! TLS to the server.

use std::fs;
use std::path::Path;

use jotgate_testkit::postgres::{Cluster, Durability};
use jotgate_testkit::skip;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};

use super::{Store, limits};

/// Writes a certificate for localhost with its key, and the authority that made it.
fn write_certificates(folder: &Path) {
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate =
        CertificateParams::new(vec!["localhost".to_owned()]).unwrap().signed_by(&key, &authority).unwrap();
    fs::write(folder.join("ca.pem"), authority.pem()).unwrap();
    fs::write(folder.join("server.crt"), certificate.pem()).unwrap();
    fs::write(folder.join("server.key"), key.serialize_pem()).unwrap();
}

async fn open(url: &str) -> Result<Store, String> {
    Store::open(&url.parse().unwrap(), limits()).await.map_err(|error| error.to_string())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_certificate_is_checked_as_the_url_says() {
    let cluster = match Cluster::start(Durability::Fast) {
        Ok(cluster) => cluster,
        Err(reason) => return skip::aloud("the_certificate_is_checked_as_the_url_says", &reason),
    };
    let folder = tempfile::tempdir().unwrap();
    write_certificates(folder.path());
    cluster.stop();
    cluster.use_certificate(&folder.path().join("server.crt"), &folder.path().join("server.key")).unwrap();
    cluster.start_again();

    let at = |host: &str, rest: &str| format!("postgres://postgres@{host}:{}/postgres?{rest}", cluster.port());
    let root = format!("sslmode=verify-full&sslrootcert={}", folder.path().join("ca.pem").display());
    let store = open(&at("localhost", &root)).await.unwrap();
    assert_eq!(store.ping().await, Ok(()));
    assert!(open(&at("localhost", "sslmode=require")).await.is_ok());
    assert!(open(&at("localhost", "sslmode=disable")).await.is_ok());

    let strange = open(&at("localhost", "sslmode=verify-full")).await.unwrap_err();
    assert!(strange.contains("certificate"), "{strange}");
    let misnamed = open(&at("127.0.0.1", &root)).await.unwrap_err();
    assert!(misnamed.contains("certificate"), "{misnamed}");
    let absent = open(&at("localhost", "sslmode=verify-full&sslrootcert=/nowhere.pem")).await.unwrap_err();
    assert!(absent.contains("/nowhere.pem"), "{absent}");

    cluster.stop();
    cluster.use_no_certificate().unwrap();
    cluster.start_again();
    let plain = open(&at("localhost", "sslmode=require")).await.unwrap_err();
    assert!(plain.contains("TLS"), "{plain}");
}
