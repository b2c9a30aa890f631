//! The figures by signal: durations, ratios, counts; and what is said of them against declared targets.

use std::collections::BTreeMap;

use crossdock_model::{Text, Timestamp};
use rust_decimal::Decimal;

use super::window::{Merge, Windowed};
use super::{Flow, Histogram};

/// What is measured, in the words of the glossary.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Signal {
    /// From source time to effect, by flow and hop: the type of a fact that came in, `system.operation` of a call that went out.
    MessageLatency(Flow, Text),
    /// A declared service level, by its id.
    Declared(Text),
    /// From a change of an order to the channel showing it.
    OrderStatusLatency,
    /// From captured to shipped complete.
    OrderCycleTime,
    /// Share of the ordered quantity that was shipped from stock at once.
    FillRate,
    /// Share of the ordered quantity that waits.
    BackorderRate,
    /// Share of the counted stock that differed from the books.
    InventoryVarianceRate,
    /// Promises of more than there was.
    OversellCount,
    /// Purchase order lines with an exception, of all lines.
    ProcurementExceptionRate,
    /// From opened to resolved.
    ExceptionResolutionTime,
    /// From a purchase order sent to its 855.
    SupplierAckTime,
    /// Receipts that differ from their ship notice, of all receipts.
    ReceiptDiscrepancyRate,
    /// Share of the invoiced quantity that matched.
    MatchRate,
    /// Flows that reached their end in time, of all that were due.
    ProcessCompletionRate(Flow),
    /// From a failed transaction to its success or its decision.
    RecoveryTime,
    /// Attempts that were not the first.
    Retries,
    /// Deliveries that were given up.
    DeadLetters,
}

/// A part of a whole, exact.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ratio {
    /// The part.
    pub part: Decimal,
    /// The whole.
    pub whole: Decimal,
}

impl Ratio {
    /// In millionths, rounded down; `None` of nothing.
    pub fn ppm(&self) -> Option<i64> {
        let millionths = self.part.checked_mul(Decimal::from(1_000_000))?.checked_div(self.whole)?;
        i64::try_from(millionths.trunc()).ok()
    }

    pub(super) fn add(&mut self, part: Decimal, whole: Decimal) {
        self.part = self.part.saturating_add(part);
        self.whole = self.whole.saturating_add(whole);
    }
}

impl Merge for Ratio {
    fn merge(&mut self, other: &Self) {
        self.add(other.part, other.whole);
    }
}

impl Merge for Histogram {
    fn merge(&mut self, other: &Self) {
        Histogram::merge(self, other);
    }
}

impl Merge for u64 {
    fn merge(&mut self, other: &Self) {
        *self += other;
    }
}

/// How long figures are kept, and how finely.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Windows {
    /// The length of a slot, in milliseconds.
    pub slot_ms: i64,
    /// How many are kept: the longest window.
    pub slots: u32,
}

impl Default for Windows {
    /// Five minutes, a day.
    fn default() -> Self {
        Self { slot_ms: 300_000, slots: 288 }
    }
}

impl Windows {
    pub(super) fn slot_of(self, at: Timestamp) -> i64 {
        at.as_millisecond().div_euclid(self.slot_ms.max(1))
    }

    pub(super) fn kept(self) -> i64 {
        i64::from(self.slots.max(1))
    }

    pub(super) fn slots_in(self, ms: i64) -> i64 {
        let each = self.slot_ms.max(1);
        (ms.max(1) + each - 1).div_euclid(each).min(self.kept())
    }
}

/// Which time of an entry is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// The source's own.
    SourceTime,
    /// The hub's.
    ReceivedAt,
}

/// An upper bound: so many thousandths are not above it. 1000: none is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bound {
    /// 950 is p95.
    pub per_mille: u32,
    /// In milliseconds.
    pub ms: u64,
}

/// A declared service level: from one event to another of the same business act.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlaTarget {
    /// Its id.
    pub id: Text,
    /// The type of the event at which the clock starts, and which clock.
    pub from: (Text, Clock),
    /// Where it stops.
    pub to: (Text, Clock),
    /// What is promised.
    pub bounds: Vec<Bound>,
}

/// What is said of a target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing was measured.
    Unknown,
    /// Every bound holds.
    Met,
    /// The first bound that does not, and what was found.
    Missed {
        /// Which.
        bound: Bound,
        /// What was found: at most a thirty-second above the truth.
        found_ms: u64,
    },
}

/// All figures of real transactions, or all of synthetic ones.
#[derive(Clone, Debug, Default)]
pub struct Sheet {
    windows: Windows,
    durations: BTreeMap<Signal, Windowed<Histogram>>,
    ratios: BTreeMap<Signal, Windowed<Ratio>>,
    counts: BTreeMap<Signal, Windowed<u64>>,
}

impl Sheet {
    pub(super) fn new(windows: Windows) -> Self {
        Self { windows, ..Self::default() }
    }

    /// Durations of the last so many milliseconds.
    pub fn duration(&self, signal: &Signal, now: Timestamp, window_ms: i64) -> Histogram {
        self.durations.get(signal).map(|all| all.last(self.windows, now, window_ms)).unwrap_or_default()
    }

    /// A ratio over the last so many milliseconds.
    pub fn ratio(&self, signal: &Signal, now: Timestamp, window_ms: i64) -> Ratio {
        self.ratios.get(signal).map(|all| all.last(self.windows, now, window_ms)).unwrap_or_default()
    }

    /// A count over the last so many milliseconds.
    pub fn count(&self, signal: &Signal, now: Timestamp, window_ms: i64) -> u64 {
        self.counts.get(signal).map(|all| all.last(self.windows, now, window_ms)).unwrap_or_default()
    }

    /// Every signal of which something was ever seen.
    pub fn signals(&self) -> impl Iterator<Item = &Signal> {
        self.durations.keys().chain(self.ratios.keys()).chain(self.counts.keys())
    }

    /// Whether a declared target is met over the last so many milliseconds.
    pub fn verdict(&self, target: &SlaTarget, now: Timestamp, window_ms: i64) -> Verdict {
        let histogram = self.duration(&Signal::Declared(target.id.clone()), now, window_ms);
        if histogram.count() == 0 {
            return Verdict::Unknown;
        }
        for bound in &target.bounds {
            match histogram.quantile(bound.per_mille) {
                Some(found_ms) if found_ms > bound.ms => return Verdict::Missed { bound: *bound, found_ms },
                _ => {}
            }
        }
        Verdict::Met
    }

    pub(super) fn took(&mut self, signal: Signal, from: Timestamp, to: Timestamp) {
        // A clock that is behind makes a negative time: nothing is faster than at once.
        let ms = u64::try_from(to.duration_since(from).as_millis()).unwrap_or(0);
        self.durations.entry(signal).or_default().at(self.windows, to).record(ms);
    }

    pub(super) fn part(&mut self, signal: Signal, at: Timestamp, part: Decimal, whole: Decimal) {
        self.ratios.entry(signal).or_default().at(self.windows, at).add(part, whole);
    }

    pub(super) fn one(&mut self, signal: Signal, at: Timestamp) {
        *self.counts.entry(signal).or_default().at(self.windows, at) += 1;
    }
}
