//! The recorder of what is counted, and how Prometheus reads it: its text format, version 0.0.4. The program installs it and not the
//! library, since a process has one.
//!
//! It knows counters and gauges, which is all that is counted here. The exporter that most programs use brings eighteen crates for
//! histograms and much else.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use jotgate_server::Config;
use metrics::{Counter, Gauge, Histogram, Key, KeyName, Label, Metadata, SharedString, Unit};

use crate::exit::Failure;

/// Every series, and what the metrics mean. All clones are one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Recorder(Arc<RwLock<Counted>>);

#[derive(Debug, Default)]
struct Counted {
    /// Numbers of counters, and the bits of a gauge's.
    series: HashMap<Key, (Type, Arc<AtomicU64>)>,
    meanings: HashMap<String, SharedString>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Type {
    Counter,
    Gauge,
}

impl Recorder {
    /// Installs one if somebody is to be told: without one, counting costs nothing.
    pub(crate) fn install(config: &Config) -> Result<Option<Self>, Failure> {
        if config.metrics.listen.is_none() {
            return Ok(None);
        }
        let recorder = Self::default();
        let installed = metrics::set_global_recorder(recorder.clone());
        installed.map_err(|error| Failure::environment(format!("nothing can be counted: {error}")))?;
        Ok(Some(recorder))
    }

    /// Writes down all that has been counted, each metric with its series together, as the format asks.
    pub(crate) fn render(&self) -> String {
        let counted = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let mut metrics: BTreeMap<&str, (Type, BTreeMap<String, u64>)> = BTreeMap::new();
        for (key, (kind, number)) in &counted.series {
            let (_, series) = metrics.entry(key.name()).or_insert((*kind, BTreeMap::new()));
            series.insert(labels(key), number.load(Ordering::Relaxed));
        }
        let mut page = String::new();
        for (name, (kind, series)) in metrics {
            // Writing to a text cannot fail.
            if let Some(meaning) = counted.meanings.get(name) {
                let _ = writeln!(page, "# HELP {name} {}", escaped(meaning));
            }
            let _ = writeln!(page, "# TYPE {name} {}", if kind == Type::Counter { "counter" } else { "gauge" });
            for (labels, number) in series {
                let _ = match kind {
                    Type::Counter => writeln!(page, "{name}{labels} {number}"),
                    Type::Gauge => writeln!(page, "{name}{labels} {}", f64::from_bits(number)),
                };
            }
        }
        page
    }

    /// The number of a series, which is made when it is first asked for.
    fn number(&self, key: &Key, kind: Type) -> Arc<AtomicU64> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, number)) = known.series.get(key) {
            return Arc::clone(number);
        }
        drop(known);
        let mut counted = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let (_, number) = counted.series.entry(key.clone()).or_insert_with(|| (kind, Arc::default()));
        Arc::clone(number)
    }

    fn describe(&self, name: &KeyName, meaning: SharedString) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).meanings.insert(name.as_str().to_owned(), meaning);
    }
}

impl metrics::Recorder for Recorder {
    fn describe_counter(&self, name: KeyName, _: Option<Unit>, meaning: SharedString) {
        self.describe(&name, meaning);
    }

    fn describe_gauge(&self, name: KeyName, _: Option<Unit>, meaning: SharedString) {
        self.describe(&name, meaning);
    }

    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.number(key, Type::Counter))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(self.number(key, Type::Gauge))
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}

fn labels(key: &Key) -> String {
    let one = |label: &Label| format!("{}=\"{}\"", label.key(), escaped(label.value()).replace('"', "\\\""));
    let all: Vec<_> = key.labels().map(one).collect();
    if all.is_empty() { String::new() } else { format!("{{{}}}", all.join(",")) }
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use metrics::{counter, describe_counter, gauge, with_local_recorder};

    use super::*;

    #[test]
    fn a_page_has_each_metric_once_and_its_labels_escaped() {
        let recorder = Recorder::default();
        with_local_recorder(&recorder, || {
            describe_counter!("b_total", "of\nb \\ \"c\"");
            gauge!("a").set(1.5);
            counter!("b_total", "x" => "1").increment(2);
            counter!("c_total").increment(1);
            counter!("b_total", "x" => "\"\\\n", "y" => "2").increment(1);
            counter!("b_total", "x" => "1").increment(1);
        });
        let expected = "# TYPE a gauge\na 1.5\n# HELP b_total of\\nb \\\\ \"c\"\n# TYPE b_total counter\n\
                        b_total{x=\"1\"} 3\nb_total{x=\"\\\"\\\\\\n\",y=\"2\"} 1\n# TYPE c_total counter\nc_total 1\n";
        assert_eq!(recorder.render(), expected);
    }
}
