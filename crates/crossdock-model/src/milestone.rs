//! The milestones of a purchase order, when each is due, and what a delay is made of.
//! Rule: docs/concepts/domain.md, "Attribution". Where a carrier saw a parcel is another thing (`shipment`).
//! Invariant (I16): the overruns of an attribution's segments sum to its delay, each with one cause.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// What a purchase order reaches, in its order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PoMilestone {
    /// The supplier's system has it.
    Sent,
    /// The supplier answered (855).
    SupplierAck,
    /// All of it was announced, or is not expected any more.
    ShipNotice,
    /// The carrier handed everything over.
    Arrival,
    /// All that is still expected came in.
    Receipt,
    /// What was held is decided.
    Quality,
    /// All that was accepted is billed and matched.
    Invoice,
}

impl PoMilestone {
    /// All of them, in their order.
    pub const ALL: [Self; 7] =
        [Self::Sent, Self::SupplierAck, Self::ShipNotice, Self::Arrival, Self::Receipt, Self::Quality, Self::Invoice];

    /// Who makes the way to it longer, where nobody else does.
    pub fn cause(self) -> Cause {
        match self {
            Self::Sent => Cause::Integration,
            Self::SupplierAck | Self::ShipNotice => Cause::SupplierResponse,
            Self::Arrival => Cause::Transport,
            Self::Receipt => Cause::Receiving,
            Self::Quality => Cause::Quality,
            Self::Invoice => Cause::Invoice,
        }
    }

    /// In words.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::SupplierAck => "supplier_ack",
            Self::ShipNotice => "ship_notice",
            Self::Arrival => "arrival",
            Self::Receipt => "receipt",
            Self::Quality => "quality",
            Self::Invoice => "invoice",
        }
    }
}

/// When a milestone is due, as declared when the order was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MilestoneDue {
    /// Which.
    pub milestone: PoMilestone,
    /// By the hub's clock.
    pub due: Timestamp,
}

/// Why a segment took longer than its allowance: exactly one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// The supplier took its time.
    SupplierResponse,
    /// The goods were on the way.
    Transport,
    /// The goods stood at the dock.
    Receiving,
    /// The goods waited for their check.
    Quality,
    /// The invoice did not come, or did not match.
    Invoice,
    /// By its own clock the source was on time: its message reached us late, or ours reached it late.
    Integration,
}

/// A part of the way to a milestone. Times in milliseconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AttributedSegment {
    /// The milestone that it leads to.
    pub to: PoMilestone,
    /// Whose time it is.
    pub cause: Cause,
    /// Who held it.
    pub held_by: String,
    /// From when, by the clock of whoever began it.
    pub from: Timestamp,
    /// Until when, by the clock of whoever ended it.
    pub until: Timestamp,
    /// How long it may take.
    pub allowance_ms: i64,
    /// How long it took less the allowance; below zero where it was faster.
    pub overrun_ms: i64,
    /// True where the clocks at its ends may differ by more than its overrun.
    pub uncertain: bool,
}

/// What the delay of a milestone is made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Attribution {
    /// The milestone.
    pub milestone: PoMilestone,
    /// When it was due.
    pub due: Timestamp,
    /// When the hub knew that it was reached.
    pub reached: Timestamp,
    /// How much later, in milliseconds; below zero where it was early.
    pub delay_ms: i64,
    /// The way to it. Its overruns sum to the delay.
    pub segments: Vec<AttributedSegment>,
    /// The overruns of each cause together.
    pub causes: BTreeMap<Cause, i64>,
    /// The cause with the largest sum; of equals, the one that came first.
    pub headline: Cause,
    /// True where the headline is larger than the next one by less than the clocks are sure of.
    pub uncertain: bool,
}
