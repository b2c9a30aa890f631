//! Keeps a run to its schedule: one thread, absolute deadlines.
//! Here: waiting for each due time, handing the arrival over, measuring how late that was. Not here: which times (`schedule`),
//! what an arrival does (`engine`).
//! Invariant: no arrival is skipped or moved because an earlier one was late; it is handed over at once with its own due time, so
//! that lateness shows in the latencies instead of hiding.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// One flow that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// Its number in the run, from 0.
    pub index: u64,
    /// When it should start, since the start of the run.
    pub due: Duration,
    /// How much later than that the pacer handed it over.
    pub late: Duration,
}

/// What the pacer waits by. The real one is [`MonotonicClock`]; tests bring their own.
pub trait Clock {
    /// Time since the start of the run.
    fn now(&self) -> Duration;
    /// Gives the processor away for about `duration`; may take longer.
    fn sleep(&self, duration: Duration);
    /// Gives it away for as short as it can: `left` is what remains until the due time.
    fn relax(&self, left: Duration);
}

/// The machine's monotonic clock, counted from the start of the run.
#[derive(Clone, Copy, Debug)]
pub struct MonotonicClock {
    origin: Instant,
}

impl MonotonicClock {
    /// A clock that shows zero at `origin`.
    pub fn from_origin(origin: Instant) -> Self {
        Self { origin }
    }
}

impl Clock for MonotonicClock {
    fn now(&self) -> Duration {
        self.origin.elapsed()
    }

    fn sleep(&self, duration: Duration) {
        std::thread::sleep(duration);
    }

    fn relax(&self, left: Duration) {
        // The last microseconds are spun: a yield there may hand the core to the system under test for a whole time slice.
        if left > Duration::from_micros(20) {
            std::thread::yield_now();
        } else {
            std::hint::spin_loop();
        }
    }
}

/// How much before a due time the pacer stops sleeping and starts yielding.
///
/// It exists because a sleep ends late by an amount that depends on machine and load. It follows what was seen: twice the last
/// overshoot, falling slowly, never under 60 µs (the timer slack of Linux) nor over 2 ms (beyond that the machine is simply
/// too busy, and burning its processor would make that worse). It ignores early wake-ups.
#[derive(Clone, Copy, Debug)]
struct Margin(Duration);

impl Margin {
    const LEAST: Duration = Duration::from_micros(60);
    const MOST: Duration = Duration::from_millis(2);

    fn new() -> Self {
        Self(Duration::from_millis(1))
    }

    fn overslept_by(&mut self, overshoot: Duration) {
        let wanted = overshoot.saturating_mul(2);
        self.0 = wanted.max(self.0 / 8 * 7).clamp(Self::LEAST, Self::MOST);
    }
}

/// Longest sleep in one piece, so that a stopped run ends soon.
const LONGEST_SLEEP: Duration = Duration::from_millis(100);

/// Calls `hand_over` for each arrival when it is due, until the schedule or `stop` ends it. Returns how many were due.
pub fn pace(
    clock: &impl Clock,
    arrivals: impl IntoIterator<Item = Duration>,
    stop: &AtomicBool,
    mut hand_over: impl FnMut(Arrival),
) -> u64 {
    let mut margin = Margin::new();
    let mut index = 0;
    for due in arrivals {
        let Some(now) = wait_until(clock, due, stop, &mut margin) else {
            break;
        };
        hand_over(Arrival { index, due, late: now.saturating_sub(due) });
        index += 1;
    }
    index
}

/// Waits for `due` and returns the time then; `None` when the run is stopped meanwhile.
fn wait_until(clock: &impl Clock, due: Duration, stop: &AtomicBool, margin: &mut Margin) -> Option<Duration> {
    loop {
        if stop.load(Ordering::Relaxed) {
            return None;
        }
        let now = clock.now();
        let left = due.saturating_sub(now);
        if left.is_zero() {
            return Some(now);
        }
        if left > margin.0 {
            let asked = left.saturating_sub(margin.0).min(LONGEST_SLEEP);
            clock.sleep(asked);
            margin.overslept_by(clock.now().saturating_sub(now + asked));
        } else {
            clock.relax(left);
        }
    }
}
