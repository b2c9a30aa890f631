//! Deliveries: what is owed to whom, in which order, and what an attempt's end means.
//! Here: the queues ([`Deliveries`], part of the state), the lanes (what goes out now), the verdict on an attempt and what
//! follows from it, what a replay from the log sends again. Not here: carrying bytes (`crossdock-connector`); which event is owed
//! to whom (`decide/routes.rs`).
//! Invariant (I10): every delivery is waiting, dead with an owner, or done; never two at a time of one key.

mod backoff;
mod lanes;
mod queue;
mod replay;
mod settle;
mod target;
mod verdict;

pub use lanes::{Attempt, Lanes};
pub use queue::{DeadLetter, Deliveries, Delivery, Standing};
pub use replay::ReplayScan;
pub use settle::settle;
pub use target::{Breaker, TargetCounts};
pub use verdict::{AttemptOutcome, ItemEnd};
