//! Signals: what is in time, how much is right, measured from the entries of the ledger, the same way live, in benches and in
//! probes (docs/concepts/domain.md 7.2 and 13).
//! Here: latencies from source time to effect, the business figures of the glossary, windows, verdicts on declared targets. Not
//! here: reading targets from a file, backlog and breakers (`Deliveries` has them), showing.
//! Invariant (I17): synthetic entries are counted apart. What is remembered is bounded, and what was forgotten is counted. No floats.

mod flows;
mod histogram;
mod marks;
mod observe;
mod sheet;
mod window;

pub use histogram::Histogram;
pub use observe::Slas;
pub use sheet::{Bound, Clock, Ratio, Sheet, Signal, SlaTarget, Verdict, Windows};

/// A business process across systems.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Flow {
    /// From a captured order to the end of it.
    OrderToShip,
    /// From an approved recommendation to the closed purchase order.
    ProcureToReceive,
    /// Movements, counts and what follows from them.
    Inventory,
    /// Everything else: master data, milestones, the hub's own.
    Other,
}
