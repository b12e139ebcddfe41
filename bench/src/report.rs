//! What a benchmark found: rows of ratios with their goals, as a table or as JSON.

use std::fmt;

use comfy_table::Table;
use comfy_table::presets::UTF8_FULL_CONDENSED;
use serde_json::{Value, json};

/// What a benchmark found.
#[derive(Debug)]
pub(crate) struct Report {
    bench: &'static str,
    rows: Vec<Row>,
}

/// One ratio and what it should reach.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) id: String,
    pub(crate) ratio: f64,
    pub(crate) goal: Goal,
    /// The figures behind the ratio, for people who want to know.
    pub(crate) detail: Value,
}

/// What a ratio should reach.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Goal {
    AtLeast(f64),
    AtMost(f64),
}

impl Goal {
    fn holds(self, ratio: f64) -> bool {
        match self {
            Self::AtLeast(least) => ratio >= least,
            Self::AtMost(most) => ratio <= most,
        }
    }
}

impl fmt::Display for Goal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtLeast(least) => write!(f, ">= {least}"),
            Self::AtMost(most) => write!(f, "<= {most}"),
        }
    }
}

impl Report {
    pub(crate) fn new(bench: &'static str, rows: Vec<Row>) -> Self {
        Self { bench, rows }
    }

    /// Whether every row reaches its goal.
    pub(crate) fn holds(&self) -> bool {
        self.rows.iter().all(|row| row.goal.holds(row.ratio))
    }

    pub(crate) fn to_json(&self) -> Value {
        let rows: Vec<_> = self.rows.iter().map(row_json).collect();
        json!({"bench": self.bench, "machine": machine(), "rows": rows})
    }
}

fn row_json(row: &Row) -> Value {
    let (goal, holds) = (row.goal.to_string(), row.goal.holds(row.ratio));
    json!({"id": row.id, "ratio": row.ratio, "goal": goal, "holds": holds, "detail": row.detail})
}

/// What the figures were measured on.
fn machine() -> Value {
    let cpuinfo = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpuinfo.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
    json!({"cpu": model.map(|(_, name)| name), "cores": cores, "os": std::env::consts::OS, "arch": std::env::consts::ARCH})
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = Table::new();
        table.load_style(UTF8_FULL_CONDENSED).set_header(["", "ratio", "goal", "holds", "detail"]);
        for row in &self.rows {
            let holds = if row.goal.holds(row.ratio) { "yes" } else { "NO" };
            let (ratio, goal) = (format!("{:.3}", row.ratio), row.goal.to_string());
            table.add_row([row.id.as_str(), &ratio, &goal, holds, &detail_text(&row.detail)]);
        }
        write!(f, "{}\n{table}", self.bench)
    }
}

fn detail_text(detail: &Value) -> String {
    let Value::Object(members) = detail else { return detail.to_string() };
    members.iter().map(|(name, value)| format!("{name} {value}")).collect::<Vec<_>>().join(", ")
}
