//! Signing claims: against bare signing plus JSON, and against `jsonwebtoken`.

use std::hint::black_box;

use anyhow::Context;
use clap::Args;
use jotgate_jose::{Algorithm, SigningKey, jwt};
use jotgate_testkit::keys;
use serde_json::json;

use crate::measure::{Contender, in_turn, median, ratio, unix_now};
use crate::peers::{self, Operation};
use crate::raw::RawSigner;
use crate::report::{Goal, Report, Row};
use crate::token::claims;
use crate::verify::peer_algorithm;

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

const MEASURED: [Algorithm; 5] =
    [Algorithm::Hs256, Algorithm::Rs256, Algorithm::Es256, Algorithm::EdDsa, Algorithm::MlDsa44];

pub(crate) fn run(options: &Options) -> anyhow::Result<Report> {
    let mut rows = Vec::new();
    for algorithm in MEASURED.into_iter().filter(|algorithm| options.only.is_none_or(|only| only == *algorithm)) {
        rows.extend(measure(&keys::signing_key(algorithm), options.rounds)?);
    }
    if options.peers {
        rows.extend(peers::rows(Operation::Sign)?);
    }
    Ok(Report::new("sign", rows))
}

fn measure(key: &SigningKey, rounds: usize) -> anyhow::Result<Vec<Row>> {
    let claims = claims(unix_now());
    let (raw, peer) = (RawSigner::new(key)?, peer(key)?);
    let token = jwt::sign(key, "at+jwt", &claims)?;
    let (signed, _) = token.rsplit_once('.').context("a token has dots")?;
    let mut json_buffer = Vec::with_capacity(512);
    let mut contenders = vec![
        Contender::new("own", || drop(black_box(jwt::sign(key, "at+jwt", black_box(&claims))))),
        Contender::new("bare", || {
            json_buffer.clear();
            drop(black_box(serde_json::to_writer(&mut json_buffer, black_box(&claims))));
            black_box(raw.sign(black_box(signed.as_bytes())));
        }),
    ];
    if let Some((header, key)) = &peer {
        contenders.push(Contender::new("jsonwebtoken", || {
            drop(black_box(jsonwebtoken::encode(header, black_box(&claims), key)));
        }));
    }
    let calls = if key.algorithm().is_symmetric() { 200 } else { 20 };
    let times = in_turn(&mut contenders, rounds, calls);
    let detail: serde_json::Map<_, _> = contenders
        .iter()
        .zip(&times)
        .map(|(who, times)| (format!("{} ns", who.name), json!(median(times).round())))
        .collect();
    Ok(judge(key.algorithm(), &times, &json!(detail)))
}

/// Turns times into the ratios that have goals.
fn judge(algorithm: Algorithm, times: &[Vec<f64>], detail: &serde_json::Value) -> Vec<Row> {
    let name = algorithm.name().to_lowercase().replace('-', "");
    let row = |what: &str, ratio, goal| Row { id: format!("{name}.{what}"), ratio, goal, detail: detail.clone() };
    let [own, bare, peer @ ..] = times else { return Vec::new() };
    let mut rows = vec![row("vs_bare_plus_json", ratio(own, bare), Goal::AtMost(1.15))];
    if let Some(peer) = peer.first() {
        let least = if algorithm == Algorithm::Rs256 { 2.0 } else { 1.0 };
        rows.push(row("vs_jsonwebtoken", ratio(peer, own), Goal::AtLeast(least)));
    }
    rows
}

/// The header and key for `jsonwebtoken`, where it knows the algorithm.
fn peer(key: &SigningKey) -> anyhow::Result<Option<(jsonwebtoken::Header, jsonwebtoken::EncodingKey)>> {
    use jsonwebtoken::EncodingKey;
    let Some(algorithm) = peer_algorithm(key.algorithm()) else { return Ok(None) };
    let mut header = jsonwebtoken::Header::new(algorithm);
    header.typ = Some("at+jwt".to_owned());
    header.kid = Some(key.kid().to_owned());
    let encoding = match key.algorithm() {
        Algorithm::Hs256 => {
            let jwk: serde_json::Value = serde_json::from_str(key.to_jwk().expose())?;
            let secret = base64_simd::URL_SAFE_NO_PAD.decode_to_vec(jwk["k"].as_str().context("`k`")?)?;
            EncodingKey::from_secret(&secret)
        }
        Algorithm::Rs256 => EncodingKey::from_rsa_pem(key.to_pem()?.expose().as_bytes())?,
        Algorithm::Es256 => EncodingKey::from_ec_pem(key.to_pem()?.expose().as_bytes())?,
        _ => EncodingKey::from_ed_pem(key.to_pem()?.expose().as_bytes())?,
    };
    Ok(Some((header, encoding)))
}
