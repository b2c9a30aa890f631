//! What is declared, not decided: who plays which part, the limits, the times.
//! Not here: reading it from a file (the hub's configuration does).

use std::collections::{BTreeMap, BTreeSet};

use crossdock_model::{
    Amount, Balance, Currency, ExceptionKind, FacilityId, ProductId, Quantity, Resolution, Severity, SyntheticTarget,
    SystemId,
};
use jiff::SignedDuration;
use rust_decimal::Decimal;
use serde_json::Value;

use crate::OrderPolicy;
use crate::Purchasing;
use crate::master::MasterPolicy;
use crate::ownership::Ownership;

/// The declared policy of one partition.
#[derive(Clone, Debug)]
pub struct Policy {
    /// The system of record for orders, purchase orders and postings.
    pub erp: Option<SystemId>,
    /// The planning system.
    pub procurement: Option<SystemId>,
    /// Accounts payable.
    pub ap: Option<SystemId>,
    /// Facilities in the order in which they are asked for stock, each with the WMS that runs it.
    pub facilities: Vec<(FacilityId, SystemId)>,
    /// Who is told what is available.
    pub storefronts: Vec<SystemId>,
    /// How each system that can be called is treated. A system that is not here is never called.
    pub targets: BTreeMap<SystemId, TargetPolicy>,
    /// Kept back per product, at each facility.
    pub safety_stock: BTreeMap<ProductId, Quantity>,
    /// A recommendation up to this value is approved by rule; above it a person decides.
    pub approval_limit: Amount,
    /// Release to the WMS before the ERP gave its number: orders go on while the ERP is down.
    pub release_before_booking: bool,
    /// What is declared about orders.
    pub orders: OrderPolicy,
    /// Products with this prefix are for synthetic transactions only.
    pub reserved_prefix: String,
    /// Up to which variance a count or a counted adjustment is taken without a decision.
    pub variance: VarianceLimits,
    /// What a unit of a product is worth, for the limit by value.
    pub unit_costs: BTreeMap<ProductId, Amount>,
    /// Facilities whose systems number what they report, without gaps. Of the others, numbers mean nothing.
    pub sequences: BTreeSet<FacilityId>,
    /// For how long a gap in such numbers holds back what is not to be trusted meanwhile, in milliseconds.
    pub hold_back_ms: i64,
    /// For how long the movements of a position are kept one by one, in milliseconds: older questions *as of* a time are not answered.
    pub history_ms: i64,
    /// How long an exception or a dead letter may wait, in milliseconds.
    pub decision_due_ms: i64,
    /// … and one of this severity, where it is declared.
    pub due_by_severity_ms: BTreeMap<Severity, i64>,
    /// Who is asked, the first at the deadline and the others after it. Empty: the owner is reminded once.
    pub escalation: Vec<EscalationLevel>,
    /// What is decided by rule. The first that fits decides.
    pub remediation: Vec<RemediationRule>,
    /// For how long an object that is over stays in memory after the last that was said of it, in milliseconds. `None`: for ever.
    pub keep_closed_ms: Option<i64>,
    /// How far apart two systems may say the same movement while one shadows the other, in milliseconds.
    pub shadow_window_ms: i64,
    /// How far master data is trusted to be complete, and how old it may be.
    pub master: MasterPolicy,
    /// Where synthetic messages go, and how many synthetic transactions there may be.
    pub synthetic: SyntheticPolicy,
    /// Who may write what, from when until when.
    pub ownership: Ownership,
    /// Tolerances and times of buying.
    pub purchasing: Purchasing,
}

/// What bounds synthetic transactions, and keeps them apart (domain.md 16).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SyntheticPolicy {
    /// Where the messages to a system go. One that is not here is `real`; a run may say otherwise.
    pub targets: BTreeMap<SystemId, SyntheticTarget>,
    /// The simulator that stands in for a system, one for each.
    pub stand_ins: BTreeMap<SystemId, SystemId>,
    /// What there may be at most.
    pub budget: SyntheticBudget,
}

/// What synthetic transactions may be had. `None`: as much as comes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntheticBudget {
    /// Orders and recommendations that begin within the window.
    pub begun: Option<usize>,
    /// Orders and recommendations that are open at a time.
    pub open: Option<usize>,
    /// What all that begin within the window are worth, by currency. If any is declared, another currency has none.
    pub money: BTreeMap<Currency, Amount>,
    /// The window, in milliseconds.
    pub window_ms: i64,
}

impl Default for SyntheticBudget {
    fn default() -> Self {
        Self { begun: None, open: None, money: BTreeMap::new(), window_ms: 3_600_000 }
    }
}

/// A level of escalation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EscalationLevel {
    /// The role that is asked.
    pub to: String,
    /// So long after the deadline, in milliseconds; the first level is reached at the deadline itself.
    pub after_ms: i64,
}

/// A decision that needs no person: match, action, cap.
#[derive(Clone, Debug, PartialEq)]
pub struct RemediationRule {
    /// Its name: decisions are signed with `rule/NAME`.
    pub name: String,
    /// Exceptions of this kind …
    pub kind: ExceptionKind,
    /// … of this owner, if it is said …
    pub owner: Option<String>,
    /// … about an object whose name starts so …
    pub about: Option<String>,
    /// … no worse than this …
    pub at_most: Option<Severity>,
    /// … and with these figures in their details, by JSON pointer.
    pub details: BTreeMap<String, Value>,
    /// What is decided, where the exception allows it.
    pub then: Resolution,
    /// Why.
    pub reason: String,
    /// Decisions about one object within the window at most.
    pub cap_per_object: usize,
    /// Decisions within the window at most; 1000 is the most that is remembered.
    pub cap: usize,
    /// The window, in milliseconds.
    pub window_ms: i64,
}

impl Policy {
    /// The WMS of a facility.
    pub fn wms_of(&self, facility: &FacilityId) -> Option<&SystemId> {
        self.facilities.iter().find(|(id, _)| id == facility).map(|(_, wms)| wms)
    }

    /// True for a product that only synthetic transactions use.
    pub fn is_reserved(&self, product: &ProductId) -> bool {
        !self.reserved_prefix.is_empty() && product.as_str().starts_with(&self.reserved_prefix)
    }

    /// How long a decision of a severity may wait.
    pub(crate) fn due_ms(&self, severity: Severity) -> i64 {
        self.due_by_severity_ms.get(&severity).copied().unwrap_or(self.decision_due_ms)
    }

    /// For how long an object that is over stays in memory: at least a second, so that nothing that is open is looked at all the time.
    pub(crate) fn keep_closed(&self) -> Option<SignedDuration> {
        self.keep_closed_ms.map(|ms| SignedDuration::from_millis(ms.max(1_000)))
    }

    pub(crate) fn has_sequence(&self, facility: &FacilityId) -> bool {
        self.sequences.contains(facility)
    }

    pub(crate) fn target(&self, system: &SystemId) -> Option<&TargetPolicy> {
        self.targets.get(system)
    }
}

/// The largest variance that needs nobody, by each measure that is declared; above any of them a person decides.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VarianceLimits {
    /// In base units.
    pub quantity: Option<Quantity>,
    /// Of what the books say. Where they say nothing, any variance is above it.
    pub percent: Option<Quantity>,
    /// In the currency of the unit costs. A product without one has no value, and is not held by it.
    pub value: Option<Amount>,
}

impl VarianceLimits {
    /// Whether a variance needs a decision.
    pub(crate) fn is_material(&self, variance: Balance, books: Balance, unit_cost: Option<Amount>) -> bool {
        let size = variance.floored() + variance.shortfall();
        let on_books = books.floored() + books.shortfall();
        let by_percent = |limit: Quantity| {
            let hundredfold = size.decimal().checked_mul(Decimal::ONE_HUNDRED);
            hundredfold > limit.decimal().checked_mul(on_books.decimal())
        };
        let by_value = |limit: Amount| unit_cost.is_some_and(|cost| cost.times(size).is_none_or(|value| value > limit));
        !size.is_zero()
            && (self.quantity.is_some_and(|limit| size > limit)
                || self.percent.is_some_and(by_percent)
                || self.value.is_some_and(by_value))
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            erp: None,
            procurement: None,
            ap: None,
            facilities: Vec::new(),
            storefronts: Vec::new(),
            targets: BTreeMap::new(),
            safety_stock: BTreeMap::new(),
            approval_limit: Amount::from(rust_decimal::Decimal::from(10_000)),
            release_before_booking: false,
            orders: OrderPolicy::default(),
            reserved_prefix: "SYN-".to_owned(),
            variance: VarianceLimits::default(),
            unit_costs: BTreeMap::new(),
            sequences: BTreeSet::new(),
            hold_back_ms: 30_000,
            history_ms: 48 * 3_600_000,
            decision_due_ms: 24 * 3_600_000,
            due_by_severity_ms: BTreeMap::new(),
            escalation: Vec::new(),
            remediation: Vec::new(),
            keep_closed_ms: Some(7 * 24 * 3_600_000),
            shadow_window_ms: 3_600_000,
            master: MasterPolicy::default(),
            synthetic: SyntheticPolicy::default(),
            ownership: Ownership::default(),
            purchasing: Purchasing::default(),
        }
    }
}

/// How a target is called, retried and left alone. Times in milliseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetPolicy {
    /// Calls under way at once at most.
    pub max_in_flight: usize,
    /// The first retry waits up to this (full jitter) …
    pub retry_base_ms: i64,
    /// … and each further one up to twice as long, to this at most.
    pub retry_cap_ms: i64,
    /// A message that failed this often becomes a dead letter. The target's own outage is not counted.
    pub max_attempts: u32,
    /// A message that waited this long for an unreachable target becomes a dead letter; `None`: it waits for ever.
    pub give_up_after_ms: Option<i64>,
    /// Failures in a row that open the breaker.
    pub breaker_failures: u32,
    /// First and longest time for which an open breaker lets nothing through.
    pub breaker_base_ms: i64,
    /// See `breaker_base_ms`.
    pub breaker_cap_ms: i64,
    /// How fast it may be called; `None`: as fast as it answers.
    pub rate: Option<RateLimit>,
    /// How many retries it gets.
    pub retry_budget: RetryBudget,
}

/// So many calls in a time. A target that says so gets no more, whatever waits for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit {
    /// Calls …
    pub calls: u32,
    /// … in so many milliseconds …
    pub per_ms: i64,
    /// … of them at once at most.
    pub burst: u32,
}

/// Retries as a share of first tries, so that they alone do not keep a faltering target down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryBudget {
    /// Retries that each hundred first tries earn.
    pub percent: u32,
    /// Retries that are there from the start, and the most that is kept.
    pub reserve: u32,
    /// Retries that each second earns, so that a quiet target is tried again too.
    pub per_second: u32,
}

impl Default for RetryBudget {
    fn default() -> Self {
        Self { percent: 20, reserve: 100, per_second: 10 }
    }
}

impl Default for TargetPolicy {
    fn default() -> Self {
        Self {
            max_in_flight: 32,
            retry_base_ms: 200,
            retry_cap_ms: 30_000,
            max_attempts: 8,
            give_up_after_ms: None,
            breaker_failures: 5,
            breaker_base_ms: 500,
            breaker_cap_ms: 30_000,
            rate: None,
            retry_budget: RetryBudget::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::VarianceLimits;
    use crossdock_model::Balance;

    fn limits(quantity: Option<&str>, percent: Option<&str>, value: Option<&str>) -> VarianceLimits {
        VarianceLimits {
            quantity: quantity.map(|text| text.parse().unwrap()),
            percent: percent.map(|text| text.parse().unwrap()),
            value: value.map(|text| text.parse().unwrap()),
        }
    }

    #[test]
    fn a_variance_is_material_above_a_limit_and_not_at_it() {
        let balance = |text: &str| text.parse::<Balance>().unwrap();
        let ask = |limits: &VarianceLimits, variance, books, cost: Option<&str>| {
            limits.is_material(balance(variance), balance(books), cost.map(|text| text.parse().unwrap()))
        };
        let quantity = limits(Some("3"), None, None);
        assert_eq!(["3", "-3", "3.000001", "-4"].map(|v| ask(&quantity, v, "0", None)), [false, false, true, true]);
        let percent = limits(None, Some("10"), None);
        assert_eq!(["5", "-5", "6", "-6"].map(|v| ask(&percent, v, "50", None)), [false, false, true, true]);
        assert_eq!(["5", "6"].map(|v| ask(&percent, v, "-50", None)), [false, true], "of what the books owe, too");
        assert!(ask(&percent, "1", "0", None), "where the books say nothing, any is above it");
        assert!(!ask(&percent, "0", "0", None), "nothing differs");
        let value = limits(None, None, Some("10.00"));
        assert_eq!(["4", "-4", "5"].map(|v| ask(&value, v, "0", Some("2.50"))), [false, false, true]);
        assert!(!ask(&value, "1000", "0", None), "what has no cost has no value");
        assert!(!ask(&VarianceLimits::default(), "1000", "0", Some("1.00")), "nothing is declared");
    }
}
