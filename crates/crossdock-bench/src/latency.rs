//! Latency histograms and what is read from them.
//! Here: recording in whole microseconds, percentiles, and the count of what never finished. Not here: which
//! durations (`sample`), what they must be (`verdict`), how they are charted (`crossdock-report`).
//! Invariant: what never finished counts in every percentile as slower than everything that did.

use std::time::Duration;

use hdrhistogram::Histogram;
use serde_json::Value;

/// Highest latency kept apart; anything above is recorded as this. No flow of the harness waits an hour.
const HIGHEST_US: u64 = 3_600_000_000;

/// Durations of one kind, to three significant digits.
#[derive(Clone, Debug)]
pub struct Latencies {
    histogram: Histogram<u64>,
    /// Attempts that never came to their end: their latency is unknown, but longer than any other.
    unfinished: u64,
}

impl Default for Latencies {
    fn default() -> Self {
        let histogram = Histogram::new_with_bounds(1, HIGHEST_US, 3)
            .unwrap_or_else(|_| unreachable!("constant bounds that the library accepts, held by a test"));
        Self { histogram, unfinished: 0 }
    }
}

impl Latencies {
    /// Records one.
    pub fn record(&mut self, duration: Duration) {
        let us = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        self.histogram.saturating_record(us.clamp(1, HIGHEST_US));
    }

    /// Records one that never came to its end.
    pub fn record_unfinished(&mut self) {
        self.unfinished += 1;
    }

    /// How many finished.
    pub fn count(&self) -> u64 {
        self.histogram.len()
    }

    /// How many did not.
    pub fn unfinished(&self) -> u64 {
        self.unfinished
    }

    /// The latency in µs that `percent` of all attempts did not exceed. `None` when that rank falls among those that never
    /// finished, or nothing was recorded.
    pub fn percentile_us(&self, percent: f64) -> Option<u64> {
        let all = self.count() + self.unfinished;
        let rank = ((percent / 100.0 * all as f64) - 1e-9).ceil().max(1.0) as u64;
        if all == 0 || rank > self.count() {
            return None;
        }
        Some(self.histogram.value_at_quantile(rank as f64 / self.count() as f64))
    }

    /// `{"p50", "p90", "p99", "p999", "max", "mean", "count"}` of those that finished; all 0 where there is none.
    pub fn summary(&self) -> Value {
        crossdock_report::latency_us(&self.histogram)
    }

    /// A line of the latency chart: percentiles, denser where tails are.
    pub fn curve(&self, name: &str) -> Value {
        crossdock_report::curve(name, &self.histogram)
    }
}
