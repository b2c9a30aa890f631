//! Cases of the pure parts, and one run in real time with a wide tolerance.

mod engine;
mod pacing;
mod runs;
mod schedules;
mod sums;
mod verdicts;
