//! Where connections go, with an issuer behind TLS and a DNS that a test plays.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::routing::get;
use jotgate_jose::SigningKey;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::*;
use crate::reach::Lookup;

const HOST: &str = "issuer.example";

/// An issuer behind TLS on this machine, and how many connections it has seen.
struct Site {
    name: String,
    root: Certificate,
    connections: Arc<AtomicUsize>,
}

struct Tls {
    listener: TcpListener,
    acceptor: TlsAcceptor,
    connections: Arc<AtomicUsize>,
}

impl axum::serve::Listener for Tls {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, SocketAddr) {
        loop {
            let (stream, address) = self.listener.accept().await.unwrap();
            self.connections.fetch_add(1, Ordering::SeqCst);
            if let Ok(stream) = self.acceptor.accept(stream).await {
                return (stream, address);
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

impl Site {
    async fn start() -> Self {
        let mut authority = CertificateParams::new(Vec::new()).unwrap();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let own = CertificateParams::new([HOST.to_owned()]).unwrap().signed_by(&key, &authority).unwrap();
        let config = rustls::ServerConfig::builder_with_provider(rustls::crypto::aws_lc_rs::default_provider().into());
        let config = config.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
        let config = config.with_single_cert(vec![own.der().clone()], key.serialize_der().try_into().unwrap()).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let name = format!("https://{HOST}:{}", listener.local_addr().unwrap().port());
        let connections = Arc::new(AtomicUsize::new(0));
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let tls = Tls { listener, acceptor, connections: Arc::clone(&connections) };
        let (issuer, jwks_uri) = (name.clone(), format!("{name}/keys"));
        let metadata = serde_json::json!({"issuer": issuer, "jwks_uri": jwks_uri}).to_string();
        let signing = SigningKey::generate(Algorithm::EdDsa).unwrap();
        let keys = KeySet::new([signing.verifying_key()]).unwrap().to_json().unwrap();
        let app = Router::new()
            .route("/.well-known/openid-configuration", get(async || metadata))
            .route("/keys", get(async || keys));
        tokio::spawn(async move { axum::serve(tls, app).await });
        Self { name, root: Certificate::from_pem(authority.pem().as_bytes()).unwrap(), connections }
    }

    /// What a fetch brings while the DNS has these answers, one for each question.
    async fn fetch(&self, private_network: bool, roots: &[Certificate], answers: &[&[&str]]) -> Result<usize, String> {
        let shared = Shared {
            fetch_timeout: Duration::from_mins(1),
            roots: roots.to_vec(),
            lookup: dns(answers),
            ..Shared::default()
        };
        let url = IssuerUrl::parse(&self.name).unwrap();
        let reach = Reach::of(&url, private_network);
        let source = OverHttp::new(url, None, vec![Algorithm::EdDsa], reach, &shared).unwrap();
        source.fetch().await.map(|fetched| fetched.keys.len())
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

/// Answers in this order; the last answer stays.
fn dns(answers: &[&[&str]]) -> Lookup {
    let parse = |answer: &&[&str]| answer.iter().map(|address| address.parse().unwrap()).collect::<Vec<IpAddr>>();
    let answers: Vec<_> = answers.iter().map(parse).collect();
    let asked = AtomicUsize::new(0);
    Lookup(Arc::new(move |name| {
        assert_eq!(name, HOST);
        let answer = answers[asked.fetch_add(1, Ordering::SeqCst).min(answers.len() - 1)].clone();
        Box::pin(async move { Ok(answer) })
    }))
}

#[tokio::test]
async fn an_issuer_inside_with_an_authority_of_its_own_is_reached_where_both_were_said() {
    let site = Site::start().await;
    let root = [site.root.clone()];
    assert_eq!(site.fetch(true, &root, &[&["127.0.0.1"]]).await, Ok(1));
    let error = site.fetch(true, &[], &[&["127.0.0.1"]]).await.unwrap_err();
    assert!(error.contains("certificate"), "{error}");
}

#[tokio::test]
async fn a_name_that_leads_inside_is_not_connected_to() {
    let site = Site::start().await;
    for inside in ["127.0.0.1", "::ffff:127.0.0.1", "::1", "10.0.0.1", "fd00::1", "169.254.169.254", "0.0.0.0"] {
        let error = site.fetch(false, std::slice::from_ref(&site.root), &[&[inside]]).await.unwrap_err();
        assert!(error.contains("leads to an address inside"), "{inside}: {error}");
    }
    let error =
        site.fetch(true, std::slice::from_ref(&site.root), &[&["169.254.169.254", "0.0.0.0"]]).await.unwrap_err();
    assert!(error.contains("leads to an address inside"), "{error}");
    assert_eq!(site.connections(), 0);
}

#[tokio::test]
async fn only_what_was_checked_is_connected_to_whatever_the_dns_says_next() {
    let site = Site::start().await;
    let root = [site.root.clone()];
    // What may not be connected to is taken out of an answer that has both.
    assert_eq!(site.fetch(true, &root, &[&["0.0.0.0", "169.254.169.254", "127.0.0.1"]]).await, Ok(1));
    let seen = site.connections();
    // Each connection has one answer, which is the one that was checked: a later and different one is checked again.
    let error = site.fetch(false, &root, &[&["127.0.0.1"], &["127.0.0.1"]]).await.unwrap_err();
    assert!(error.contains("leads to an address inside"), "{error}");
    assert_eq!(site.connections(), seen);
}
