#![doc = include_str!("../README.md")]
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

mod about;
mod apply;
pub mod archive;
mod attribution;
mod closed;
mod consignments;
mod counts;
mod decide;
pub mod delivery;
mod entry;
mod exceptions;
mod index;
pub mod invariants;
pub mod master;
mod order_policy;
mod orders;
pub mod ownership;
mod partition;
mod payments;
mod policy;
mod procurement;
mod purchasing;
mod refusal;
pub mod shadow;
mod shares;
pub mod slas;
mod state;
mod stock;
mod synthetic;
mod timers;

pub use attribution::{attribution, attribution_of};
pub use consignments::{Consigned, ConsignmentNumber};
pub use decide::decide;
pub use entry::{Context, Draft, Entry, Said, Seq};
pub use exceptions::{Act, ExceptionState};
pub use order_policy::{DestinationRule, OrderPolicy, PaymentRule, Split};
pub use orders::{CancelState, LineState, OrderKey, OrderState, OrderStatus, ReleaseState};
pub use partition::{Answer, Command, Input, Known, Output, Partition, ReplayFilter, Replayed, Submission, Ticket};
pub use payments::{PaymentState, Payments};
pub use policy::{
    EscalationLevel, Policy, RateLimit, RemediationRule, RetryBudget, SyntheticBudget, SyntheticPolicy, TargetPolicy,
    VarianceLimits,
};
pub use procurement::{
    InvoiceState, Notice, PoLineState, PoState, PoStatus, Reached, RecommendationState, ShipmentLineState,
    ShipmentState, Watch,
};
pub use purchasing::Purchasing;
pub use refusal::Refusal;
pub use shares::Shares;
pub use state::State;
pub use stock::{ExpectedReceipt, Legs, Position, PositionKey, Shelf, TooOld, Transfer};
pub use synthetic::Residue;
pub use timers::Due;

#[cfg(test)]
mod tests;
