//! Counters and gauges, as Prometheus text.
//! Here: counting and the format. Not here: what is counted (each place counts its own), SLAs.
//! Invariant: the set of series is bounded: labels are systems, operations, event types and outcomes, never ids.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Upper bounds of the latency buckets, in seconds.
const BUCKETS: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

/// The counters of one hub.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    counters: BTreeMap<(&'static str, String), u64>,
    histograms: BTreeMap<(&'static str, String), Histogram>,
}

#[derive(Debug, Default)]
struct Histogram {
    buckets: [u64; BUCKETS.len()],
    count: u64,
    sum: f64,
}

/// A gauge, read when it is asked for.
pub(crate) struct Gauge {
    pub(crate) name: &'static str,
    pub(crate) labels: Vec<(&'static str, String)>,
    pub(crate) value: f64,
}

impl Metrics {
    /// Counts one.
    pub(crate) fn count(&self, name: &'static str, labels: &[(&str, &str)]) {
        self.add(name, labels, 1);
    }

    /// Counts several.
    pub(crate) fn add(&self, name: &'static str, labels: &[(&str, &str)], more: u64) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        *inner.counters.entry((name, text(labels))).or_default() += more;
    }

    /// Observes how long something took.
    pub(crate) fn observe(&self, name: &'static str, labels: &[(&str, &str)], took: Duration) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let histogram = inner.histograms.entry((name, text(labels))).or_default();
        let seconds = took.as_secs_f64();
        for (bound, bucket) in BUCKETS.iter().zip(&mut histogram.buckets) {
            if seconds <= *bound {
                *bucket += 1;
            }
        }
        histogram.count += 1;
        histogram.sum += seconds;
    }

    /// All counters, for people.
    pub(crate) fn counters(&self) -> Vec<(String, u64)> {
        let inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.counters.iter().map(|((name, labels), value)| (series(name, labels), *value)).collect()
    }

    /// Everything, with the gauges of this moment.
    pub(crate) fn render(&self, gauges: &[Gauge]) -> String {
        let inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let mut out = Page::default();
        for ((name, labels), value) in &inner.counters {
            out.kind(name, "counter");
            out.line(&series(name, labels), &value.to_string());
        }
        for gauge in gauges {
            out.kind(gauge.name, "gauge");
            let labels: Vec<(&str, &str)> = gauge.labels.iter().map(|(name, value)| (*name, value.as_str())).collect();
            out.line(&series(gauge.name, &text(&labels)), &gauge.value.to_string());
        }
        for ((name, labels), histogram) in &inner.histograms {
            out.kind(name, "histogram");
            let comma = if labels.is_empty() { "" } else { "," };
            for (bound, bucket) in BUCKETS.iter().zip(histogram.buckets) {
                out.line(&format!("{name}_bucket{{{labels}{comma}le=\"{bound}\"}}"), &bucket.to_string());
            }
            out.line(&format!("{name}_bucket{{{labels}{comma}le=\"+Inf\"}}"), &histogram.count.to_string());
            out.line(&series(&format!("{name}_sum"), labels), &histogram.sum.to_string());
            out.line(&series(&format!("{name}_count"), labels), &histogram.count.to_string());
        }
        out.text
    }
}

#[derive(Default)]
struct Page {
    text: String,
    last: String,
}

impl Page {
    /// The type of a metric, once before its first line.
    fn kind(&mut self, name: &str, kind: &str) {
        if self.last != name {
            name.clone_into(&mut self.last);
            self.line(&format!("# TYPE {name}"), kind);
        }
    }

    fn line(&mut self, series: &str, value: &str) {
        // Writing to a String cannot fail; if it could, a metric would be missing, no more.
        if writeln!(self.text, "{series} {value}").is_err() {
            tracing::debug!(series, "metric not written");
        }
    }
}

fn series(name: &str, labels: &str) -> String {
    if labels.is_empty() { name.to_owned() } else { format!("{name}{{{labels}}}") }
}

fn text(labels: &[(&str, &str)]) -> String {
    let escaped = |value: &str| value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    let pairs: Vec<String> = labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
    pairs.join(",")
}
