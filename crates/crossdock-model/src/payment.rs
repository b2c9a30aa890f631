//! What a customer paid for an order, and how the order stands with it.
//! Rules: docs/concepts/domain.md, 8.13. Here: the messages. Not here: what an order has to be paid with (the core's policy).
//! Invariant: a payment is one amount of one order: what is captured in parts has an id for each part.

use serde::{Deserialize, Serialize};

use crate::{Amount, Currency, OrderId, PaymentId, SystemId, Timestamp};

/// `order.payment.v1`: a channel or a payment system says how a payment of an order stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderPayment {
    /// The order's channel, where a payment system speaks; else the sender is the channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<SystemId>,
    /// The channel's number of the order, which need not be known yet.
    pub order_id: OrderId,
    /// The payment.
    pub payment_id: PaymentId,
    /// How it stands.
    pub status: PaymentStatus,
    /// How much.
    pub amount: Amount,
    /// In which currency.
    pub currency: Currency,
    /// When it came to stand so, by the clock of whoever keeps the money: of two words about one payment the later one holds.
    pub occurred_at: Timestamp,
}

/// How a payment stands; of two that are of one time the later in this order holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentStatus {
    /// Promised by the customer's bank.
    Authorised,
    /// Taken.
    Captured,
    /// Refused.
    Failed,
    /// Given back, or not promised any more.
    Voided,
}

impl PaymentStatus {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Authorised => "authorised",
            Self::Captured => "captured",
            Self::Failed => "failed",
            Self::Voided => "voided",
        }
    }
}

/// What waits for the payment of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentHolds {
    /// The ERP is not told of it, and no facility picks.
    Booking,
    /// The ERP books it, and no facility picks.
    Release,
}

/// With which word of a payment an order counts as paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentCounts {
    /// From its authorisation on.
    Authorised,
    /// Once it is captured.
    Captured,
}

/// How an order stands with its payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentStanding {
    /// Paid, and nobody has captured the order yet.
    Early,
    /// The order never came, and nothing of the money is left.
    Dropped,
    /// The order waits for it.
    Awaited,
    /// All of it is there.
    Paid,
    /// Somebody decided that the order goes on without.
    Waived,
}

impl PaymentStanding {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Early => "early",
            Self::Dropped => "dropped",
            Self::Awaited => "awaited",
            Self::Paid => "paid",
            Self::Waived => "waived",
        }
    }
}

/// `order.payment_changed.v1`: an order stands otherwise with its payment, or money came for one that nobody captured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderPaymentChanged {
    /// The channel.
    pub source: SystemId,
    /// The channel's number.
    pub order_id: OrderId,
    /// How it stands.
    pub standing: PaymentStanding,
    /// What counts of what came, in the order's currency. Nothing, where the order is not known.
    pub paid: Amount,
    /// What is to be paid. Nothing, where the order is not known.
    pub total: Amount,
    /// What waits for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holds: Option<PaymentHolds>,
    /// With which word it counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counts: Option<PaymentCounts>,
    /// Until when it waits without a question.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<Timestamp>,
    /// What brought it about.
    pub why: String,
}
