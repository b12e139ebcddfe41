//! TLS to the server, and proving a password to it.

use std::fs;
use std::path::Path;

use jotgate_testkit::postgres::{Cluster, Database, Durability};
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

/// SCRAM (RFC 5802, RFC 7677), which is what a server asks for unless it was told otherwise.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_password_is_proved_and_a_wrong_one_refused() {
    let test = "a_password_is_proved_and_a_wrong_one_refused";
    // A server of its own: its rules are changed.
    let cluster = match Cluster::start(Durability::Fast) {
        Ok(cluster) => cluster,
        Err(reason) => {
            skip::aloud(test, &reason);
            return;
        }
    };
    let database = Database::on(&cluster.url());
    let rules = cluster.folder().join("data/pg_hba.conf");
    let trusting = fs::read_to_string(&rules).unwrap();
    let place = database.url();
    let (_, at) = place.split_once('@').unwrap();
    let name = at.rsplit_once('/').unwrap().1;
    database
        .run("SET password_encryption = 'scram-sha-256'; CREATE ROLE jotgate_scram LOGIN PASSWORD 'hush hush'")
        .unwrap();
    database
        .run(&format!("ALTER DATABASE {name} OWNER TO jotgate_scram; GRANT ALL ON SCHEMA public TO jotgate_scram"))
        .unwrap();
    fs::write(&rules, format!("host all jotgate_scram all scram-sha-256\n{trusting}")).unwrap();
    database.run("SELECT pg_reload_conf()").unwrap();
    // The server takes a moment to read the rules; until then it lets everyone in.
    let refused = loop {
        if let Err(refused) = open(&format!("postgres://jotgate_scram:hush@{at}")).await {
            break refused;
        }
    };
    assert!(refused.contains("password authentication failed") && !refused.contains("hush"), "{refused}");
    let store = open(&format!("postgres://jotgate_scram:hush%20hush@{at}")).await.unwrap();
    assert_eq!(store.ping().await, Ok(()));
}
