//! How long a simulated system takes to answer.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;

use super::Delay;

/// A distribution of latencies.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Latency {
    /// Given by three percentiles; between them it is interpolated.
    pub percentiles: Option<Percentiles>,
}

/// Three points of a distribution.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Percentiles {
    /// Half of the answers take no longer.
    pub p50: Delay,
    /// Nine of ten take no longer.
    pub p90: Delay,
    /// 99 of 100 take no longer. The slowest takes twice this.
    pub p99: Delay,
}

impl Latency {
    /// Whether the percentiles rise.
    pub fn check(&self) -> Result<(), String> {
        match self.percentiles {
            Some(Percentiles { p50, p90, p99 }) if p50 > p90 || p90 > p99 => {
                Err("a higher percentile cannot be faster than a lower one".to_owned())
            }
            _ => Ok(()),
        }
    }

    /// The latency at `draw`, a number in 0.0 .. 1.0.
    #[must_use]
    pub fn at(&self, draw: f64) -> Duration {
        let Some(Percentiles { p50, p90, p99 }) = self.percentiles else {
            return Duration::ZERO;
        };
        let (p50, p90, p99) = (p50.duration(), p90.duration(), p99.duration());
        let points = [(0.0, p50 / 2), (0.5, p50), (0.9, p90), (0.99, p99), (1.0, p99 * 2)];
        for pair in points.windows(2) {
            let [(from, low), (to, high)] = pair else { continue };
            if draw < *to {
                let share = ((draw - from) / (to - from)).clamp(0.0, 1.0);
                return *low + high.saturating_sub(*low).mul_f64(share);
            }
        }
        p99 * 2
    }
}
