//! What a measurement says: the service levels hold, do not hold, or the measurement itself is worth nothing.
//! Here: the three verdicts and their limits. Not here: the figures (`sample`), how they are shown (`report`).
//! Invariant: an invalid measurement judges nothing: neither a pass nor a fail is concluded from it.
//!
//! The third verdict exists because a load generator that falls behind measures itself: its late starts look like a slow system, or,
//! worse, its missing load looks like a fast one. It acts on two figures: lateness p99 above max(2 ms, 2 % of the tightest service
//! level), or fewer than 99 % of the arrivals started. It ignores a single late start, and what the system under test does to the
//! flows once they have begun. A slow shared machine may declare a higher tolerance, which is then in the report.

use std::time::Duration;

use crate::engine::Measured;
use crate::latency::Latencies;

/// Lateness that is never held against the generator.
const LATE_FLOOR: Duration = Duration::from_millis(2);
/// Share of the tightest service level that lateness may take.
const LATE_SHARE: f64 = 0.02;
/// Share of the arrivals that must have started.
const STARTED_SHARE: f64 = 0.99;

/// A service level that a run is held to: an id and its upper bounds, `("p95", 2000 ms)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Level {
    /// The id in `contracts/slas.yaml`.
    pub id: String,
    /// The bounds by percentile name (`p50` … `p999`, `max`), in milliseconds.
    pub bounds: Vec<(&'static str, u64)>,
    /// Whether it is held by the whole flow and not by two marks of the scenario.
    pub whole_flow: bool,
}

/// One bound, judged.
#[derive(Clone, Debug, PartialEq)]
pub struct Bound {
    /// `order-allocation p95`.
    pub name: String,
    /// The id of its service level.
    pub sla: String,
    /// Its percentile: 99.9 for `p999`, 100 for `max`.
    pub percent: f64,
    /// The most it may be.
    pub target_ms: u64,
    /// What was measured; `None` when so many flows never came to their end that this percentile has no value.
    pub measured_us: Option<u64>,
    /// Whether it holds.
    pub holds: bool,
}

/// Why a measurement is worth nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Invalid {
    /// The generator started flows too late.
    Late {
        /// Lateness p99.
        measured: Duration,
        /// The most it may be.
        tolerated: Duration,
    },
    /// Too many arrivals did not start.
    NotStarted {
        /// Arrivals that were due.
        due: u64,
        /// Flows that started.
        started: u64,
    },
    /// The schedule holds no arrival after its warm-up.
    NothingDue,
}

impl std::fmt::Display for Invalid {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Late { measured, tolerated } => write!(
                f,
                "the generator started flows {:.1} ms late (p99), tolerated are {:.1} ms",
                measured.as_secs_f64() * 1e3,
                tolerated.as_secs_f64() * 1e3
            ),
            Self::NotStarted { due, started } => {
                write!(f, "only {started} of {due} arrivals started, the others found `in_flight_max` flows running")
            }
            Self::NothingDue => f.write_str("no arrival was due after the warm-up"),
        }
    }
}

/// What was concluded from a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Judgement {
    /// Why the measurement is worth nothing, if it is.
    pub invalid: Vec<Invalid>,
    /// No flow got any answer: there was nothing to measure.
    pub unanswered: bool,
    /// Each bound.
    pub bounds: Vec<Bound>,
    /// Flows that did not end well, if they are more than allowed.
    pub too_many_failed: Option<u64>,
    /// The lateness that was tolerated.
    pub tolerated: Duration,
}

impl Judgement {
    /// Whether the generator kept to the schedule.
    pub fn is_valid(&self) -> bool {
        self.invalid.is_empty()
    }

    /// Whether everything that was judged holds.
    pub fn holds(&self) -> bool {
        self.too_many_failed.is_none() && self.bounds.iter().all(|bound| bound.holds)
    }
}

/// The lateness tolerated where nothing else is declared.
pub fn tolerance(levels: &[Level]) -> Duration {
    let tightest = levels.iter().flat_map(|level| &level.bounds).map(|(_, ms)| *ms).min();
    tightest.map_or(LATE_FLOOR, |ms| LATE_FLOOR.max(Duration::from_millis(ms).mul_f64(LATE_SHARE)))
}

/// Judges a run. `failures_allowed` is the share of measured flows that may end badly.
pub fn judge(measured: &Measured, levels: &[Level], declared: Option<Duration>, failures_allowed: f64) -> Judgement {
    let sums = &measured.sums;
    let tolerated = declared.unwrap_or_else(|| tolerance(levels));
    let mut invalid = Vec::new();
    if sums.due == 0 {
        invalid.push(Invalid::NothingDue);
    } else if (sums.started as f64) < STARTED_SHARE * sums.due as f64 {
        invalid.push(Invalid::NotStarted { due: sums.due, started: sums.started });
    }
    if let Some(late) = sums.late.percentile_us(99.0).map(Duration::from_micros)
        && late > tolerated
    {
        invalid.push(Invalid::Late { measured: late, tolerated });
    }
    let nothing = Latencies::default();
    let bounds = levels
        .iter()
        .flat_map(|level| {
            let latencies = if level.whole_flow { &sums.latency } else { sums.slas.get(&level.id).unwrap_or(&nothing) };
            level.bounds.iter().map(move |(percentile, target_ms)| bound(&level.id, percentile, *target_ms, latencies))
        })
        .collect();
    let failed = sums.not_completed();
    Judgement {
        invalid,
        unanswered: sums.started > 0 && sums.unanswered == sums.started,
        bounds,
        too_many_failed: (failed as f64 > failures_allowed * sums.started as f64).then_some(failed),
        tolerated,
    }
}

fn bound(sla: &str, percentile: &str, target_ms: u64, latencies: &Latencies) -> Bound {
    let percent = match percentile {
        "p50" => 50.0,
        "p90" => 90.0,
        "p95" => 95.0,
        "p99" => 99.0,
        "p999" => 99.9,
        // `max`, and any name this version does not know: the strictest reading.
        _ => 100.0,
    };
    let measured_us = latencies.percentile_us(percent);
    Bound {
        name: format!("{sla} {percentile}"),
        sla: sla.to_owned(),
        percent,
        target_ms,
        measured_us,
        holds: measured_us.is_some_and(|us| us <= target_ms.saturating_mul(1000)),
    }
}
