//! Latency histograms and what is read from them.
//! Here: recording in whole microseconds, percentiles, the curve for charts, and the count of what never finished. Not here: which
//! durations (`sample`), what they must be (`verdict`).
//! Invariant: what never finished counts in every percentile as slower than everything that did.

use std::time::Duration;

use hdrhistogram::Histogram;
use serde_json::{Value, json};

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

    /// `{"p50", "p90", "p99", "p999", "max", "mean", "count"}` of those that finished; null where there is none.
    pub fn summary(&self) -> Value {
        if self.histogram.is_empty() {
            return json!({"p50": null, "p90": null, "p99": null, "p999": null, "max": null, "mean": null, "count": 0});
        }
        let at = |quantile: f64| self.histogram.value_at_quantile(quantile);
        json!({
            "p50": at(0.5), "p90": at(0.9), "p99": at(0.99), "p999": at(0.999),
            "max": self.histogram.max(), "mean": self.histogram.mean().round() as u64, "count": self.count(),
        })
    }

    /// Points `[percentile, µs]` for a chart whose axis stretches towards 100: dense where tails are.
    pub fn curve(&self) -> Vec<(f64, u64)> {
        if self.histogram.is_empty() {
            return Vec::new();
        }
        let mut points = Vec::new();
        let mut tail = 1.0_f64;
        while tail * self.count() as f64 >= 0.5 && tail > 1e-5 {
            // Five points for each halving of what is left above.
            for fifth in 0..5_u32 {
                let quantile = 1.0 - tail * (1.0 - f64::from(fifth) / 10.0);
                points.push(((quantile * 1e7).round() / 1e5, self.histogram.value_at_quantile(quantile)));
            }
            tail /= 2.0;
        }
        points.push((100.0, self.histogram.max()));
        points
    }
}
