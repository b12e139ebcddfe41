//! `jotgate audit`: the trail of what happened.

use jotgate_server::domain::audit::{Event, Line, Whose};
use jotgate_server::domain::time::Timestamp;
use jotgate_server::domain::user::UserId;
use jotgate_server::flows::{self, Lines};
use jotgate_server::{App, flows::Failure as FlowFailure};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::clock;
use crate::config_source::ConfigArgs;
use crate::exit::{Exit, Failure};
use crate::output::{Output, plain, red, table};
use crate::store::{self, Absent};
use crate::times::{self, rfc3339_of_millis};

/// Lines that are read at a time.
const PAGE: u32 = 1000;

/// Shows who did what, when, from where, and how it went, the newest first; with --json one line a line
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  jotgate audit --user ada@example.com
  jotgate audit --event login --since 24h
  jotgate audit --actor command_line
  jotgate audit --since 2026-11-01T00:00:00Z --json")]
pub(crate) struct Args {
    /// Only what is about the account with this e-mail address or id; by its id also when it was deleted
    #[arg(long, value_name = "EMAIL|ID")]
    user: Option<String>,
    /// Only this event
    #[arg(long, value_parser = event)]
    event: Option<Event>,
    /// Only what they did: anonymous, user, administrator, `command_line`, system, or an account by its e-mail address or id
    #[arg(long, value_name = "KIND|EMAIL|ID")]
    actor: Option<String>,
    /// Only what happened since then: a time such as 2026-11-01T00:00:00Z, or so long ago, such as 90s, 30m, 24h or 7d
    #[arg(long, value_name = "TIME|AGO", value_parser = since)]
    since: Option<Timestamp>,
    /// How many lines at most
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    limit: u32,
    #[command(flatten)]
    config: ConfigArgs,
}

/// A line, as it is printed.
#[derive(Debug, Serialize)]
struct LineView {
    id: String,
    at: String,
    event: String,
    outcome: &'static str,
    code: Option<String>,
    actor: &'static str,
    actor_id: Option<String>,
    user_id: Option<String>,
    session_id: Option<String>,
    target: Option<String>,
    address: Option<String>,
    user_agent: Option<String>,
    request_id: Option<String>,
    detail: Map<String, Value>,
}

pub(crate) fn run(args: &Args, output: Output) -> Result<Exit, Failure> {
    store::with(&args.config, Absent::Refuse, output, |app| show(app, args, output))
}

async fn show(app: App, args: &Args, output: Output) -> Result<Exit, Failure> {
    let user = match &args.user {
        Some(who) => Some(whose(&app, who).await?),
        None => None,
    };
    let by = match &args.actor {
        Some(who) => Some(doer(&app, who).await?),
        None => None,
    };
    let (mut which, mut left) = (Lines { since: args.since, user, event: args.event, by, before: None }, args.limit);
    let mut shown = 0;
    while left > 0 {
        let page = flows::audit(&app, which, left.min(PAGE)).await.map_err(store::refused)?;
        let Some(last) = page.last() else { break };
        which.before = Some(last.id);
        left = left.saturating_sub(u32::try_from(page.len()).unwrap_or(u32::MAX));
        shown += page.len();
        print(&page, output)?;
    }
    if shown == 0 {
        output.note("no lines");
    }
    Ok(Exit::Done)
}

fn print(page: &[Line], output: Output) -> Result<(), Failure> {
    let views = page.iter().map(LineView::of);
    if output.is_json() {
        return views.into_iter().try_for_each(|view| output.value(&view));
    }
    output.text(&text(&views.collect::<Vec<_>>()))
}

/// The id of an account; an id also when there is no such account any more.
async fn whose(app: &App, who: &str) -> Result<UserId, Failure> {
    match (flows::find_user(app, who).await, who.parse()) {
        (Ok(user), _) => Ok(user.id),
        (Err(FlowFailure::UserNotFound), Ok(id)) => Ok(id),
        (Err(FlowFailure::UserNotFound), Err(_)) => Err(Failure::no(format!(
            "there is no user `{}`; what is about a deleted account is found by its id",
            plain(who)
        ))),
        (Err(error), _) => Err(store::refused(error)),
    }
}

/// The kind of actor of this name, or else an account.
async fn doer(app: &App, who: &str) -> Result<Whose, Failure> {
    match Whose::parse(who) {
        Some(kind @ Whose::Kind(_)) => Ok(kind),
        _ => whose(app, who).await.map(Whose::Account),
    }
}

fn event(text: &str) -> Result<Event, String> {
    Event::from_name(text).ok_or_else(|| {
        let names: Vec<_> = Event::ALL.iter().map(|event| event.name()).collect();
        format!("there is no such event; there are {}", names.join(", "))
    })
}

fn since(text: &str) -> Result<Timestamp, String> {
    let seconds = times::since(text, clock::now());
    seconds
        .map(Timestamp::from_seconds)
        .ok_or_else(|| "write a time such as 2026-11-01T00:00:00Z, or 90s, 30m, 24h, 7d".to_owned())
}

impl LineView {
    fn of(line: &Line) -> Self {
        let (by, id) = (&line.by, |id: UserId| id.to_string());
        Self {
            id: line.id.to_string(),
            at: rfc3339_of_millis(line.at.millis()),
            event: line.event.to_string(),
            outcome: if line.refused.is_none() { "done" } else { "refused" },
            code: line.refused.clone(),
            actor: by.actor.kind(),
            actor_id: by.actor.id().map(id),
            user_id: line.user.map(id),
            session_id: line.session.map(|session| session.to_string()),
            target: line.target.clone(),
            address: by.origin.address.clone(),
            user_agent: by.origin.user_agent.clone(),
            request_id: by.origin.request.map(|request| request.to_string()),
            detail: line.detail.clone(),
        }
    }

    /// What else there is, in one column.
    fn rest(&self) -> String {
        let session = self.session_id.as_ref().map(|id| format!("session={id}"));
        let detail = self.detail.iter().map(|(name, value)| format!("{name}={value}"));
        let parts: Vec<_> = self.target.iter().cloned().chain(session).chain(detail).collect();
        parts.join(" ")
    }
}

fn text(views: &[LineView]) -> String {
    let mut table = table(["at", "event", "outcome", "actor", "user", "address", "what else"]);
    for view in views {
        let outcome = view.code.as_deref().unwrap_or(view.outcome);
        let actor = match &view.actor_id {
            Some(id) if view.actor_id != view.user_id => format!("{} {id}", view.actor),
            _ => view.actor.to_owned(),
        };
        table.add_row([
            &view.at,
            &*plain(&view.event),
            &*plain(outcome),
            &*actor,
            view.user_id.as_deref().unwrap_or_default(),
            &*plain(view.address.as_deref().unwrap_or_default()),
            &*plain(&view.rest()),
        ]);
    }
    // A cell's own colour would count for its width, so a whole line has one.
    let refused = [false].into_iter().chain(views.iter().map(|view| view.code.is_some()));
    let lines = table.lines().zip(refused).map(|(line, refused)| if refused { red(line) } else { line });
    lines.collect::<Vec<_>>().join("\n")
}
