//! Synthetic transactions as the state keeps them: which began, which are open, what a run declared, the switch.
//! Here: counting, and what a run has left behind. Not here: what is refused and where messages go (`decide/synthetic.rs`).
//! Invariant (I17): only entries that are marked as synthetic change it, and it changes nothing else.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crossdock_model::{
    Amount, Currency, DeliveryId, Event, ExceptionId, Fact, HubEvent, PoNumber, RecommendationId, RunId,
    SyntheticSwitched, SyntheticTarget, SystemId, Timestamp,
};

use crate::about::About;
use crate::{Entry, OrderKey, State};

/// Beginnings that are remembered: no budget can be above it.
pub(crate) const MAX_BEGUN: usize = 10_000;
/// Runs whose declaration is remembered; the oldest are forgotten first.
const MAX_RUNS: usize = 1_000;

/// What is known of synthetic transactions.
#[derive(Clone, Debug, Default)]
pub(crate) struct Synthetic {
    stopped: Option<(SyntheticSwitched, Timestamp)>,
    /// Where the messages of a run go, by what it declared; in the order in which they were opened.
    runs: VecDeque<(RunId, BTreeMap<SystemId, SyntheticTarget>)>,
    begun: VecDeque<Begun>,
    open: BTreeSet<String>,
}

#[derive(Clone, Debug)]
struct Begun {
    at: Timestamp,
    currency: Currency,
    worth: Amount,
}

impl Synthetic {
    /// Who stopped them, and when.
    pub(crate) fn stopped(&self) -> Option<&(SyntheticSwitched, Timestamp)> {
        self.stopped.as_ref()
    }

    /// What a run declared for a system.
    pub(crate) fn declared(&self, run: &RunId, system: &SystemId) -> Option<SyntheticTarget> {
        let targets = self.runs.iter().rev().find(|(id, _)| id == run).map(|(_, targets)| targets)?;
        targets.get(system).copied()
    }

    /// How many are open.
    pub(crate) fn open_count(&self) -> usize {
        self.open.len()
    }

    /// How many began since then, and what those of a currency are worth.
    pub(crate) fn begun_since(&self, since: Timestamp, currency: &Currency) -> (usize, Amount) {
        let within = self.begun.iter().rev().take_while(|begun| begun.at > since);
        within.fold((0, Amount::ZERO), |(count, worth), begun| {
            let own = if begun.currency == *currency { begun.worth } else { Amount::ZERO };
            (count + 1, worth.checked_add(own).unwrap_or(worth))
        })
    }

    fn begin(&mut self, about: &About, currency: &Currency, worth: Option<Amount>, at: Timestamp) {
        if self.begun.len() == MAX_BEGUN {
            self.begun.pop_front();
        }
        self.begun.push_back(Begun { at, currency: currency.clone(), worth: worth.unwrap_or_default() });
        self.open.insert(about.to_string());
    }

    fn open_run(&mut self, run: RunId, targets: BTreeMap<SystemId, SyntheticTarget>) {
        self.runs.retain(|(id, _)| *id != run);
        if self.runs.len() == MAX_RUNS {
            self.runs.pop_front();
        }
        self.runs.push_back((run, targets));
    }
}

/// What a run has left open: nothing, when it has cleaned up after itself (domain.md 16.5).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Residue {
    /// Orders.
    pub orders: Vec<OrderKey>,
    /// Recommendations that wait.
    pub recommendations: Vec<RecommendationId>,
    /// Purchase orders.
    pub purchase_orders: Vec<PoNumber>,
    /// Exceptions that nobody has decided.
    pub exceptions: Vec<ExceptionId>,
    /// Deliveries that wait or were given up.
    pub deliveries: Vec<DeliveryId>,
}

impl Residue {
    /// Nothing is left.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl State {
    /// Why no synthetic transaction may begin, if somebody stopped them.
    pub fn synthetic_stopped(&self) -> Option<&SyntheticSwitched> {
        self.synthetic.stopped().map(|(switched, _)| switched)
    }

    /// How many synthetic orders and recommendations are open.
    pub fn synthetic_open(&self) -> usize {
        self.synthetic.open_count()
    }

    /// What a run has left open. A question of people and probes: it looks at everything that is there.
    pub fn residue(&self, run: &RunId) -> Residue {
        let own = |context: &crate::Context| context.run_id.as_ref() == Some(run);
        let orders = self.orders().filter(|order| own(&order.context) && order.is_open());
        let waiting = self.recommendations().filter(|one| own(&one.context) && one.is_waiting());
        let pos = self.purchase_orders().filter(|po| own(&po.context) && po.is_open());
        Residue {
            orders: orders.map(|order| order.key.clone()).collect(),
            recommendations: waiting.map(|one| one.recommendation.recommendation_id.clone()).collect(),
            purchase_orders: pos.map(|po| po.po.po_number.clone()).collect(),
            exceptions: self.open_exceptions().filter(|x| own(&x.context)).map(|x| x.id).collect(),
            deliveries: self.deliveries().iter().filter(|d| own(&d.context)).map(|d| d.id).collect(),
        }
    }

    /// Counts a synthetic entry, which is applied already.
    pub(crate) fn observe_synthetic(&mut self, entry: &Entry) {
        let at = entry.meta.received_at;
        match &entry.event {
            Event::Fact(Fact::OrderCaptured(order)) => {
                let about = About::Order(OrderKey { source: entry.meta.system.clone(), id: order.order_id.clone() });
                self.synthetic.begin(&about, &order.currency, Some(order.total), at);
            }
            Event::Fact(Fact::Recommended(r)) => {
                let about = About::Recommendation(r.recommendation_id.clone());
                self.synthetic.begin(&about, &r.currency, r.unit_price.times(r.quantity), at);
            }
            Event::Hub(event) => self.observe_synthetic_event(event, at),
            Event::Fact(_) => {}
        }
    }

    fn observe_synthetic_event(&mut self, event: &HubEvent, at: Timestamp) {
        match event {
            HubEvent::OrderClosed(e) => {
                self.end_synthetic_order(OrderKey { source: e.source.clone(), id: e.order_id.clone() });
            }
            // What a change leaves of an order may be nothing.
            HubEvent::OrderChanged(e) => {
                self.end_synthetic_order(OrderKey { source: e.source.clone(), id: e.order_id.clone() });
            }
            HubEvent::OrderCancelled(e) => {
                self.end_synthetic_order(OrderKey { source: e.source.clone(), id: e.order_id.clone() });
            }
            HubEvent::RecommendationRefused(e) => self.end_synthetic_recommendation(&e.recommendation_id),
            HubEvent::PoClosed(e) => {
                let of = self.purchase_order(&e.po_number).map(|po| po.po.recommendation_id.clone());
                if let Some(id) = of {
                    self.end_synthetic_recommendation(&id);
                }
            }
            HubEvent::SyntheticRunOpened(e) => self.synthetic.open_run(e.run_id.clone(), e.targets.clone()),
            HubEvent::SyntheticStopped(e) => self.synthetic.stopped = Some((e.clone(), at)),
            HubEvent::SyntheticResumed(_) => self.synthetic.stopped = None,
            _ => {}
        }
    }

    fn end_synthetic_order(&mut self, key: OrderKey) {
        if self.order(&key).is_some_and(|order| !order.is_open()) {
            self.synthetic.open.remove(&About::Order(key).to_string());
        }
    }

    fn end_synthetic_recommendation(&mut self, id: &RecommendationId) {
        self.synthetic.open.remove(&About::Recommendation(id.clone()).to_string());
    }
}
