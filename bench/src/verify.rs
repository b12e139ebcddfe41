//! Verifying a token: against the bare cryptography, against `jsonwebtoken`, and refusing a hopeless one.

use std::hint::black_box;

use anyhow::{Context, ensure};
use clap::Args;
use jotgate_jose::{Algorithm, KeySet, SigningKey, VerifyingKey, jwt};
use jotgate_testkit::keys;
use serde_json::json;

use crate::measure::{Contender, in_turn, median, ratio, unix_now};
use crate::peers::{self, Operation};
use crate::raw::RawVerifier;
use crate::report::{Goal, Report, Row};
use crate::token::{AUDIENCE, Claims, ISSUER, claims, policy};

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Rounds, of which the medians are taken.
    #[arg(long, default_value_t = 201)]
    rounds: usize,
    /// Only this algorithm, for example ES256.
    #[arg(long)]
    only: Option<Algorithm>,
    /// Compare with libraries outside our build, too, after installing them below `target/peers`: jwt-simple and josekit, which
    /// need a C++ compiler, `CMake`, libclang, pkg-config and OpenSSL (Debian: build-essential cmake libclang-dev pkg-config
    /// libssl-dev); and those of Node.js and Python.
    #[arg(long)]
    peers: bool,
}

const MEASURED: [Algorithm; 7] = [
    Algorithm::Hs256,
    Algorithm::Rs256,
    Algorithm::Ps256,
    Algorithm::Es256,
    Algorithm::EdDsa,
    Algorithm::MlDsa44,
    Algorithm::MlDsa65,
];

pub(crate) fn run(options: &Options) -> anyhow::Result<Report> {
    let mut rows = Vec::new();
    for algorithm in MEASURED.into_iter().filter(|algorithm| options.only.is_none_or(|only| only == *algorithm)) {
        rows.extend(Case::new(algorithm)?.rows(options.rounds)?);
    }
    if options.only.is_none() {
        rows.extend(hopeless(options.rounds)?);
    }
    if options.peers {
        rows.extend(peers::rows(Operation::Verify)?);
    }
    Ok(Report::new("verify", rows))
}

/// One algorithm with its token and everything that verifies it.
struct Case {
    algorithm: Algorithm,
    key: VerifyingKey,
    policy: jwt::Policy,
    now: i64,
    token: String,
    raw: RawVerifier,
    peer: Option<Peer>,
}

impl Case {
    fn new(algorithm: Algorithm) -> anyhow::Result<Self> {
        let key = keys::signing_key(algorithm);
        let now = unix_now();
        let token = jwt::sign(&key, "at+jwt", &claims(now))?;
        let (raw, peer) = (RawVerifier::new(&key)?, Peer::new(&key)?);
        let case = Self { algorithm, key: key.verifying_key(), policy: policy(algorithm), now, token, raw, peer };
        case.check()?;
        Ok(case)
    }

    /// Everyone accepts the token, and reads the same from it.
    fn check(&self) -> anyhow::Result<()> {
        let verified = jwt::verify::<Claims>(&self.token, &self.key, &self.policy, self.now)?;
        ensure!(verified.claims() == &claims(self.now));
        let (signed, signature) = self.parts()?;
        ensure!(self.raw.verify(signed, &signature));
        ensure!(self.peer.as_ref().is_none_or(|peer| peer.verify(&self.token)));
        Ok(())
    }

    fn parts(&self) -> anyhow::Result<(&[u8], Vec<u8>)> {
        let (signed, signature) = self.token.rsplit_once('.').context("a token has dots")?;
        Ok((signed.as_bytes(), base64_simd::URL_SAFE_NO_PAD.decode_to_vec(signature)?))
    }

    fn rows(&self, rounds: usize) -> anyhow::Result<Vec<Row>> {
        let (signed, signature) = self.parts()?;
        let (token, key, policy, now) = (self.token.as_str(), &self.key, &self.policy, self.now);
        let mut buffer = jwt::Buffer::new();
        let mut contenders = vec![
            Contender::new("own", || drop(black_box(jwt::verify::<jwt::RegisteredOnly>(token, key, policy, now)))),
            Contender::new("any type", || drop(black_box(jwt::verify::<Claims>(token, key, policy, now)))),
            Contender::new("borrowed", || {
                drop(black_box(jwt::verify_in::<jwt::RegisteredOnly>(&mut buffer, token, key, policy, now)));
            }),
            Contender::new("bare", || {
                black_box(self.raw.verify(black_box(signed), &signature));
            }),
        ];
        if let Some(peer) = &self.peer {
            contenders.push(Contender::new("jsonwebtoken", || {
                black_box(peer.verify(token));
            }));
        }
        let calls = if self.algorithm.is_symmetric() { 200 } else { 20 };
        let times = in_turn(&mut contenders, rounds, calls);
        let detail: serde_json::Map<_, _> = contenders
            .iter()
            .zip(&times)
            .map(|(who, times)| (format!("{} ns", who.name), json!(median(times).round())))
            .collect();
        Ok(self.judge(&times, &json!(detail)))
    }

    /// Turns times into the ratios that have goals.
    fn judge(&self, times: &[Vec<f64>], detail: &serde_json::Value) -> Vec<Row> {
        let name = self.algorithm.name().to_lowercase().replace('-', "");
        let row = |what: &str, ratio, goal| Row { id: format!("{name}.{what}"), ratio, goal, detail: detail.clone() };
        let [own, any, _, bare, peer @ ..] = times else { return Vec::new() };
        let against_bare = match self.algorithm {
            Algorithm::Hs256 => 2.0,
            Algorithm::EdDsa => 0.9,
            _ => 1.04,
        };
        let mut rows = vec![row("vs_bare", ratio(own, bare), Goal::AtMost(against_bare))];
        if self.algorithm == Algorithm::Hs256 {
            rows.push(row("any_type_vs_own", ratio(any, own), Goal::AtMost(1.6)));
        }
        if let Some(peer) = peer.first() {
            let least = if self.algorithm == Algorithm::Hs256 { 4.0 } else { 1.0 };
            rows.push(row("vs_jsonwebtoken", ratio(peer, own), Goal::AtLeast(least)));
            rows.push(row("any_type_vs_jsonwebtoken", ratio(peer, any), Goal::AtLeast(1.0)));
        }
        rows
    }
}

/// `jsonwebtoken` with its AWS-LC backend, checking what the policy checks.
struct Peer {
    key: jsonwebtoken::DecodingKey,
    validation: jsonwebtoken::Validation,
}

impl Peer {
    /// `None` for the algorithms that it does not know.
    fn new(key: &SigningKey) -> anyhow::Result<Option<Self>> {
        let Some(algorithm) = peer_algorithm(key.algorithm()) else { return Ok(None) };
        let jwk = if key.algorithm().is_symmetric() {
            key.to_jwk().expose().to_owned()
        } else {
            key.verifying_key().to_jwk()?
        };
        let jwk: jsonwebtoken::jwk::Jwk = serde_json::from_str(&jwk)?;
        let mut validation = jsonwebtoken::Validation::new(algorithm);
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[AUDIENCE]);
        validation.validate_nbf = true;
        Ok(Some(Self { key: jsonwebtoken::DecodingKey::from_jwk(&jwk)?, validation }))
    }

    fn verify(&self, token: &str) -> bool {
        jsonwebtoken::decode::<Claims>(token, &self.key, &self.validation).is_ok()
    }
}

pub(crate) fn peer_algorithm(algorithm: Algorithm) -> Option<jsonwebtoken::Algorithm> {
    algorithm.name().parse().ok()
}

/// Refusing a token that cannot be good, against verifying a good one with ES256.
fn hopeless(rounds: usize) -> anyhow::Result<Vec<Row>> {
    let good = Case::new(Algorithm::Es256)?;
    let set = KeySet::new([good.key.clone()])?;
    let stranger = SigningKey::generate(Algorithm::Es256)?;
    let now = good.now;
    let unknown = jwt::sign(&stranger, "at+jwt", &claims(now))?;
    let wrong = jwt::sign(&keys::signing_key(Algorithm::EdDsa), "at+jwt", &claims(now))?;
    let malformed = good.token.replace('.', "");
    let policy = &good.policy;
    let refuse = |token: &str| drop(black_box(jwt::verify::<Claims>(token, &set, policy, now)));
    let mut contenders = [
        Contender::new("good", || refuse(&good.token)),
        Contender::new("malformed", || refuse(&malformed)),
        Contender::new("unknown_kid", || refuse(&unknown)),
        Contender::new("wrong_algorithm", || refuse(&wrong)),
    ];
    let times = in_turn(&mut contenders, rounds, 20);
    let [reference, rest @ ..] = times.as_slice() else { return Ok(Vec::new()) };
    let row = |(who, times): (&Contender<'_>, &Vec<f64>)| Row {
        id: format!("refuse.{}", who.name),
        ratio: ratio(times, reference),
        goal: Goal::AtMost(0.05),
        detail: json!({"ns": median(times).round(), "good ns": median(reference).round()}),
    };
    Ok(contenders.iter().skip(1).zip(rest).map(row).collect())
}
