//! What is declared about orders: which facility serves whom, what may be split, what does not wait for the ERP, what waits for its
//! payment, what comes back.
//! Not here: reading it from a file. The defaults are what a hub without declaration does.

use std::collections::BTreeMap;

use crossdock_model::{FacilityId, PaymentCounts, PaymentHolds, SystemId};

/// The declared policy of orders.
#[expect(clippy::struct_excessive_bools, reason = "each is a key of its own in a file that people write")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderPolicy {
    /// Facilities for a destination. The first that fits is asked instead of the declared order; a facility it does not name serves
    /// nobody there.
    pub destinations: Vec<DestinationRule>,
    /// Of those that are asked, the one with most stock first; else as they are declared.
    pub most_stock_first: bool,
    /// One facility that can serve all is preferred to several that share it.
    pub one_facility_if_possible: bool,
    /// Facilities that one order may be served from at most.
    pub max_facilities: Option<usize>,
    /// What may be reserved of an order that cannot be served whole.
    pub split: Split,
    /// Release to the WMS before the ERP gave its number while the ERP cannot be reached: its breaker is open.
    pub release_while_erp_is_down: bool,
    /// What a customer sent back is sold at once, where the facility says nothing of it; else it is held.
    pub returns_are_sellable: bool,
    /// Channels whose orders wait for their payment; of the others nobody asks.
    pub payment: BTreeMap<SystemId, PaymentRule>,
    /// How long money may wait for an order that nobody captured, in milliseconds.
    pub early_payment_ms: i64,
}

/// What the orders of a channel wait for (docs/concepts/domain.md, 8.13).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PaymentRule {
    /// What does not happen before they are paid.
    pub holds: PaymentHolds,
    /// When they are paid.
    pub counts: PaymentCounts,
    /// How long they may wait until somebody is asked, in milliseconds.
    pub due_ms: i64,
}

/// Which facilities serve a destination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DestinationRule {
    /// ISO 3166 alpha-2.
    pub country: String,
    /// State or province; any, where it is not said.
    pub region: Option<String>,
    /// In the order in which they are asked.
    pub facilities: Vec<FacilityId>,
}

/// What may be reserved of an order that cannot be served whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Split {
    /// Whatever there is.
    #[default]
    Parts,
    /// Lines that can be served whole.
    WholeLines,
    /// All of it, or nothing.
    WholeOrders,
}

impl Default for OrderPolicy {
    fn default() -> Self {
        Self {
            destinations: Vec::new(),
            most_stock_first: false,
            one_facility_if_possible: true,
            max_facilities: None,
            split: Split::Parts,
            release_while_erp_is_down: false,
            returns_are_sellable: false,
            payment: BTreeMap::new(),
            early_payment_ms: 3_600_000,
        }
    }
}
