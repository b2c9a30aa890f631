//! What was paid for orders, as the core keeps it.
//! Rules: docs/concepts/domain.md, 8.13. Here: how payments stand, and what they sum to. Not here: what follows (`decide/payments.rs`).
//! Invariant (I8): of two words about one payment the later by its own clock holds, in whatever order they come.

use crossdock_model::{
    Amount, Currency, OrderPaymentChanged, PaymentCounts, PaymentId, PaymentStanding, PaymentStatus, Timestamp,
};
use serde::{Deserialize, Serialize};

use crate::{Context, Seq};

/// A payment, as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PaymentState {
    /// Its number.
    pub id: PaymentId,
    /// How it stands.
    pub status: PaymentStatus,
    /// How much.
    pub amount: Amount,
    /// In which currency.
    pub currency: Currency,
    /// Since when.
    pub occurred_at: Timestamp,
    /// Where in the ledger that was said.
    pub(crate) seq: Seq,
}

impl PaymentState {
    /// Money came, or was promised, and was not given back.
    pub fn is_money(&self) -> bool {
        matches!(self.status, PaymentStatus::Authorised | PaymentStatus::Captured)
    }
}

/// The payments of an order, and how it stands with them.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Payments {
    /// Each payment once, as they came.
    pub received: Vec<PaymentState>,
    /// How the order stands; `None`, where it does not wait for payments.
    pub standing: Option<OrderPaymentChanged>,
    /// The order waited for it.
    pub(crate) waited: bool,
    /// Where it went on for the first time, paid or by decision.
    pub(crate) cleared: Option<Seq>,
}

impl Payments {
    pub(crate) fn take(&mut self, said: PaymentState) {
        match self.received.iter_mut().find(|known| known.id == said.id) {
            Some(known) if (known.occurred_at, known.status) < (said.occurred_at, said.status) => *known = said,
            Some(_) => {}
            None => self.received.push(said),
        }
    }

    /// Whether the entry at `seq` said something new of a payment: not what was known, and nothing older.
    pub(crate) fn is_news(&self, id: &PaymentId, seq: Seq) -> bool {
        self.received.iter().any(|payment| payment.id == *id && payment.seq == seq)
    }

    pub(crate) fn is_awaited(&self) -> bool {
        self.standing.as_ref().is_some_and(|stands| stands.standing == PaymentStanding::Awaited)
    }

    pub(crate) fn any_money(&self) -> bool {
        self.received.iter().any(PaymentState::is_money)
    }

    /// What counts in a currency.
    pub(crate) fn paid(&self, currency: &Currency, counts: PaymentCounts) -> Amount {
        let counts = |payment: &&PaymentState| match counts {
            PaymentCounts::Authorised => payment.is_money(),
            PaymentCounts::Captured => payment.status == PaymentStatus::Captured,
        };
        let counted = self.received.iter().filter(|payment| payment.currency == *currency).filter(counts);
        counted.fold(Amount::ZERO, |sum, payment| sum.checked_add(payment.amount).unwrap_or(sum))
    }
}

/// Money that came before its order.
#[derive(Clone, Debug)]
pub(crate) struct EarlyPayments {
    /// The connection in which the first of it came.
    pub(crate) context: Context,
    pub(crate) payments: Payments,
}
