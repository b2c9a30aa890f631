//! Deliveries: what is owed to whom, in which order, and what an attempt's end means.
//! Here: the queues ([`Deliveries`], part of the state), the verdict on an attempt, the schedule.
//! Not here: carrying bytes (`crossdock-connector`); which event is owed to whom (`decide/routes.rs`).
//! Invariant (I10): every delivery is waiting, dead with an owner, or done; never two at a time of one key.

mod queue;
mod schedule;
mod verdict;

pub use queue::{Breaker, DeadLetter, Deliveries, Delivery};
pub use schedule::{Attempt, due, settle, wake_at};
pub use verdict::AttemptOutcome;
