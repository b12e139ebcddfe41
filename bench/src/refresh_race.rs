//! A race around refresh tokens against the real server: many tabs that refresh at once and lose answers, nodes whose clocks
//! disagree, and thieves. Nobody honest may be logged out, every late theft must end its session, and no chain may fork.

mod clock;
mod tab;
mod thief;

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::ensure;
use clap::Args;
use serde_json::json;
use tokio::runtime::Builder;
use tokio::task::JoinSet;

use crate::chance::Chance;
use crate::http::Connection;
use crate::kill::Place;
use crate::nodes::MASTER_KEY;
use crate::report::{Goal, Report, Row};
use crate::site::Site;
use clock::RaceClock;
use tab::{Tab, Visit};
use thief::{Act, Thief};

/// From one refresh of a client to the next, in seconds: when its access token has become old.
const ACCESS_TTL: i64 = 600;
/// Of so many rounds, a thief steals in the first and strikes in the second.
const THEFT_EVERY: u64 = 10;

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Tabs that share one session and refresh at once.
    #[arg(long, default_value_t = 40)]
    tabs: u64,
    /// The probability that an answer is lost: its connection is cut, or nobody reads it.
    #[arg(long, default_value_t = 0.3, value_parser = probability)]
    drop: f64,
    /// Thieves, each with a victim of its own.
    #[arg(long, default_value_t = 5)]
    thieves: u64,
    /// How often the tabs refresh.
    #[arg(long, default_value_t = 10_000)]
    iterations: u64,
    /// Decides what is lost and stolen when.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The store of the server, as `store.url` names one; a new SQLite database when left out.
    #[arg(long)]
    store: Option<String>,
    /// The store of the server is on a PostgreSQL of its own.
    #[arg(long, conflicts_with = "store")]
    postgres: bool,
}

/// A probability that is not so high that the race would never end.
fn probability(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(value) if (0.0..=0.9).contains(&value) => Ok(value),
        _ => Err("write a number from 0 to 0.9".to_owned()),
    }
}

/// What happened.
#[derive(Debug, Default)]
struct Tally {
    rounds: u64,
    requests: u64,
    lost_answers: u64,
    log_outs: u64,
    forks: u64,
    thefts: u64,
    caught: u64,
}

pub(crate) fn run(options: &Options) -> anyhow::Result<Report> {
    race(options, 30).map(|tally| report(&tally))
}

fn report(tally: &Tally) -> Report {
    let requests = json!({"rounds": tally.rounds, "requests": tally.requests, "lost_answers": tally.lost_answers});
    let thefts = json!({"thefts": tally.thefts, "caught": tally.caught});
    let row = |id: &str, ratio, goal, detail| Row { id: format!("refresh_race.{id}"), ratio, goal, detail };
    let rows = vec![
        row("spurious_log_outs", exact(tally.log_outs), Goal::AtMost(0.0), requests),
        row("thefts_got_away", exact(tally.thefts - tally.caught), Goal::AtMost(0.0), thefts),
        row("forks", exact(tally.forks), Goal::AtMost(0.0), json!({"rounds": tally.rounds})),
    ];
    Report::new("refresh-race", rows)
}

/// A count that is far below what a float cannot hold.
fn exact(count: u64) -> f64 {
    u32::try_from(count).map_or(f64::INFINITY, f64::from)
}

fn race(options: &Options, retry_window_secs: u32) -> anyhow::Result<Tally> {
    let clock = Arc::new(RaceClock::default());
    let place = if options.postgres { Some(Arc::new(Place::new(true)?)) } else { None };
    let store = place.as_ref().map(|place| place.url()).or_else(|| options.store.clone());
    let site = Site::start(clock.clone(), |config| {
        config.sessions.retry_window.0 = retry_window_secs;
        if let Some(store) = store {
            config.store.url = store;
            config.keys.master_key = Some(MASTER_KEY.into());
        }
    })?;
    let clients = Builder::new_current_thread().enable_all().build()?;
    clients.block_on(run_race(options, &Scene { address: site.address, clock, place }))
}

/// Where the race takes place.
#[derive(Debug, Clone)]
struct Scene {
    address: SocketAddr,
    clock: Arc<RaceClock>,
    place: Option<Arc<Place>>,
}

impl Scene {
    /// Ten minutes pass. No request is under way for so long, not even one whose client has gone.
    fn pass(&self) -> anyhow::Result<()> {
        if let Some(place) = &self.place {
            place.settle()?;
        }
        self.clock.pass(ACCESS_TTL);
        Ok(())
    }
}

async fn run_race(options: &Options, scene: &Scene) -> anyhow::Result<Tally> {
    let mut chance = Chance::new(options.seed);
    let mut tabs = Vec::new();
    for _ in 0..options.tabs {
        tabs.push(Tab::open(scene, options.drop, chance.split()).await?);
    }
    let mut thieves = Vec::new();
    for number in 0..options.thieves {
        thieves.push(Thief::open(scene, number, chance.split()).await?);
    }
    let mut tally = Tally::default();
    let mut jar = register(scene, "owner-0").await?;
    for number in 0..options.iterations {
        let acting = if number % THEFT_EVERY < 2 { std::mem::take(&mut thieves) } else { Vec::new() };
        let (visits, acts) = tokio::try_join!(refresh_at_once(tabs, &jar), act_at_once(acting))?;
        let next = tally.count_visits(&visits);
        tabs = visits.into_iter().map(|visit| visit.tab).collect();
        thieves.extend(tally.count_acts(acts));
        jar = match next {
            Some(successor) => successor,
            None => register(scene, &format!("owner-{}", number + 1)).await?,
        };
        scene.pass()?;
    }
    Ok(tally)
}

/// An account with a session; its first refresh token.
async fn register(scene: &Scene, name: &str) -> anyhow::Result<String> {
    let body = json!({"email": format!("{name}@example.com"), "password": "a long enough pass phrase"});
    let answer = Connection::open(scene.address).await?.post("/v1/register", &body).await?;
    ensure!(answer.status == 201, "nobody can register: {answer:?}");
    Ok(answer.text("refresh_token").to_owned())
}

async fn refresh_at_once(tabs: Vec<Tab>, jar: &str) -> anyhow::Result<Vec<Visit>> {
    let mut running = JoinSet::new();
    for tab in tabs {
        running.spawn(tab.refresh(jar.to_owned()));
    }
    running.join_all().await.into_iter().collect()
}

async fn act_at_once(thieves: Vec<Thief>) -> anyhow::Result<Vec<Act>> {
    let mut running = JoinSet::new();
    for thief in thieves {
        running.spawn(thief.act());
    }
    running.join_all().await.into_iter().collect()
}

impl Tally {
    /// Takes in what the tabs saw; the successor that the jar holds now, unless the session is lost.
    fn count_visits(&mut self, visits: &[Visit]) -> Option<String> {
        let successors: HashSet<&String> = visits.iter().flat_map(|visit| &visit.seen).collect();
        self.rounds += 1;
        self.requests += visits.iter().map(|visit| visit.requests).sum::<u64>();
        self.lost_answers += visits.iter().map(|visit| visit.lost).sum::<u64>();
        self.forks += (successors.len() as u64).saturating_sub(1);
        let logged_out = visits.iter().any(|visit| visit.logged_out);
        self.log_outs += u64::from(logged_out);
        successors.into_iter().next().filter(|_| !logged_out).cloned()
    }

    fn count_acts(&mut self, acts: Vec<Act>) -> Vec<Thief> {
        let struck = acts.iter().filter_map(|act| act.caught);
        for caught in struck {
            self.thefts += 1;
            self.caught += u64::from(caught);
        }
        acts.into_iter().map(|act| act.thief).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{Options, race};

    const SHORT: Options =
        Options { tabs: 8, drop: 0.3, thieves: 3, iterations: 42, seed: 7, store: None, postgres: false };

    #[test]
    fn nobody_honest_is_logged_out_every_thief_is_caught_and_no_chain_forks() {
        let tally = race(&SHORT, 30).unwrap();
        assert_eq!((tally.log_outs, tally.forks, tally.rounds), (0, 0, 42), "{tally:?}");
        assert_eq!((tally.thefts, tally.caught), (15, 15), "{tally:?}");
        assert!(tally.lost_answers > 0, "{tally:?}");
    }

    #[test]
    fn a_server_that_forgives_no_retry_is_found_out() {
        let tally = race(&SHORT, 0).unwrap();
        assert!(tally.log_outs > 0, "{tally:?}");
    }
}
