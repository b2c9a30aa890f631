//! Which entry says what of which signal.
//! Here: one entry at a time, in the order of the ledger; the state is the one that holds it, or a later one. Not here: the figures.

use std::collections::BTreeMap;

use crossdock_model::{
    CorrelationId, DeliveryId, DeliveryPlanned, Event, ExceptionId, ExceptionKind, ExceptionOpened, Fact, HubEvent,
    InvoiceMatched, OrderAllocated, PoReceiptRecorded, Quantity, Text, Timestamp,
};
use rust_decimal::Decimal;

use super::flows::Flows;
use super::marks::Marks;
use super::sheet::{Clock, Sheet, Signal, SlaTarget, Windows};
use super::{Flow, Histogram};
use crate::{Entry, OrderKey, PoStatus, State};

/// The signals of one partition. Feed it every entry, in order; ask it at any time.
#[derive(Clone, Debug)]
pub struct Slas {
    targets: Vec<SlaTarget>,
    real: Side,
    synthetic: Side,
}

/// All that is measured of one kind of transactions.
#[derive(Clone, Debug)]
struct Side {
    sheet: Sheet,
    /// The source time of the last fact of a business act: what the hub does next follows from it.
    caused: Marks<CorrelationId, Timestamp>,
    /// When a declared clock started, by target and business act.
    started: Marks<(usize, CorrelationId), Timestamp>,
    calls: Marks<DeliveryId, Call>,
    /// What was allocated at once, by order.
    at_once: Marks<OrderKey, Quantity>,
    flows: Flows,
}

#[derive(Clone, Debug)]
struct Call {
    hop: Text,
    flow: Flow,
    status: bool,
    since: Timestamp,
    failed: Option<Timestamp>,
}

impl Slas {
    /// Signals with these targets and windows. `allowed`: how long each flow may take, in milliseconds. `most`: what is remembered
    /// of each kind between a start and an end.
    pub fn new(targets: Vec<SlaTarget>, windows: Windows, allowed: &BTreeMap<Flow, i64>, most: usize) -> Self {
        let side = || Side {
            sheet: Sheet::new(windows),
            caused: Marks::new(most),
            started: Marks::new(most),
            calls: Marks::new(most),
            at_once: Marks::new(most),
            flows: Flows::new(allowed.clone(), most),
        };
        Self { targets, real: side(), synthetic: side() }
    }

    /// The figures of real transactions.
    pub fn real(&self) -> &Sheet {
        &self.real.sheet
    }

    /// The figures of synthetic ones.
    pub fn synthetic(&self) -> &Sheet {
        &self.synthetic.sheet
    }

    /// What is promised.
    pub fn targets(&self) -> &[SlaTarget] {
        &self.targets
    }

    /// Starts that were forgotten before their end came: above 0, figures are of less than everything.
    pub fn forgotten(&self) -> u64 {
        let side = |side: &Side| {
            let marks = side.caused.forgotten() + side.started.forgotten() + side.calls.forgotten();
            marks + side.at_once.forgotten() + side.flows.forgotten()
        };
        side(&self.real) + side(&self.synthetic)
    }

    /// Open exceptions times the time for which they are open, those that were resolved in the window included, in milliseconds.
    pub fn reconciliation_effort_ms(&self, state: &State, now: Timestamp, window_ms: i64) -> u128 {
        let resolved = self.real.sheet.duration(&Signal::ExceptionResolutionTime, now, window_ms).sum_ms();
        let open = state.open_exceptions().filter(|x| !x.context.synthetic);
        let ages = open.map(|x| u128::try_from(now.duration_since(x.opened_at).as_millis()).unwrap_or(0));
        resolved + ages.sum::<u128>()
    }

    /// How long a signal took over the last so many milliseconds, of real transactions.
    pub fn duration(&self, signal: &Signal, now: Timestamp, window_ms: i64) -> Histogram {
        self.real.sheet.duration(signal, now, window_ms)
    }

    /// Takes one entry in.
    pub fn observe(&mut self, entry: &Entry, state: &State) {
        let side = if entry.meta.synthetic { &mut self.synthetic } else { &mut self.real };
        side.late(entry.meta.received_at);
        side.declared(&self.targets, entry);
        match &entry.event {
            Event::Fact(fact) => side.fact(fact, entry, state),
            Event::Hub(event) => side.hub_event(event, entry, state),
        }
    }

    /// Takes in that time passed: flows that are due and have not ended are late.
    pub fn tick(&mut self, now: Timestamp) {
        self.real.late(now);
        self.synthetic.late(now);
    }
}

impl Side {
    fn late(&mut self, now: Timestamp) {
        while let Some((flow, due)) = self.flows.late(now) {
            self.sheet.part(Signal::ProcessCompletionRate(flow), due, Decimal::ZERO, Decimal::ONE);
        }
    }

    /// Declared clocks. An event that ends one and starts another does both.
    fn declared(&mut self, targets: &[SlaTarget], entry: &Entry) {
        let event_type = entry.event.event_type();
        let time = |clock: Clock| match clock {
            Clock::SourceTime => entry.meta.source_time,
            Clock::ReceivedAt => entry.meta.received_at,
        };
        for (index, target) in targets.iter().enumerate() {
            let key = || (index, entry.meta.correlation_id.clone());
            if target.to.0 == event_type
                && let Some(from) = self.started.take(&key())
            {
                self.sheet.took(Signal::Declared(target.id.clone()), from, time(target.to.1));
            }
            if target.from.0 == event_type {
                self.started.set(key(), time(target.from.1));
            }
        }
    }

    fn fact(&mut self, fact: &Fact, entry: &Entry, state: &State) {
        let (said, taken) = (entry.meta.source_time, entry.meta.received_at);
        let hop = Text::new_static(fact.event_type());
        self.sheet.took(Signal::MessageLatency(flow_of(fact), hop), said, taken);
        self.caused.set(entry.meta.correlation_id.clone(), said);
        match fact {
            Fact::OrderCaptured(order) => {
                let key = OrderKey { source: entry.meta.system.clone(), id: order.order_id.clone() };
                self.flows.begin(Flow::OrderToShip, &key.to_string().into(), said);
            }
            Fact::InvoiceReceived(invoice) => {
                let billed: Quantity = invoice.lines.iter().map(|line| line.quantity).sum();
                self.sheet.part(Signal::MatchRate, taken, Decimal::ZERO, billed.decimal());
            }
            Fact::Adjusted(m) if m.reason == crossdock_model::AdjustmentReason::CycleCount => {
                let off = m.quantity.decimal();
                let on_hand = state.position(&m.product, &m.facility).map_or(Decimal::ZERO, |p| p.on_hand.decimal());
                self.sheet.part(Signal::InventoryVarianceRate, taken, off.abs(), (on_hand - off).abs());
            }
            Fact::Counted(m) => {
                self.sheet.part(Signal::InventoryVarianceRate, taken, Decimal::ZERO, m.quantity.decimal());
            }
            _ => {}
        }
    }

    fn hub_event(&mut self, event: &HubEvent, entry: &Entry, state: &State) {
        let at = entry.meta.received_at;
        match event {
            HubEvent::OrderAllocated(e) => self.allocated(e, at),
            HubEvent::OrderShipped(e) if e.complete => {
                let key = OrderKey { source: e.source.clone(), id: e.order_id.clone() };
                self.shipped(&key, at, state);
            }
            HubEvent::OrderClosed(e) => self.ended(Flow::OrderToShip, format!("{}/{}", e.source, e.order_id), at),
            HubEvent::OrderCancelled(e) => self.ended(Flow::OrderToShip, format!("{}/{}", e.source, e.order_id), at),
            HubEvent::PoCreated(e) => {
                let id = Text::from(e.po_number.to_string());
                let since = self.caused.get(&entry.meta.correlation_id).copied().unwrap_or(at);
                self.flows.begin(Flow::ProcureToReceive, &id, since);
                self.sheet.part(Signal::ProcurementExceptionRate, at, Decimal::ZERO, Decimal::from(e.lines.len()));
            }
            HubEvent::PoConfirmed(e) => {
                let reached = |status| {
                    let po = state.purchase_order(&e.po_number)?;
                    po.milestones.iter().find(|(reached, _)| *reached == status).map(|(_, at)| *at)
                };
                let first = reached(PoStatus::Confirmed) == Some(entry.meta.source_time);
                if let Some(sent) = reached(PoStatus::Sent).filter(|_| first) {
                    let said = self.caused.get(&entry.meta.correlation_id).copied().unwrap_or(at);
                    self.sheet.took(Signal::SupplierAckTime, sent, said.max(sent));
                }
            }
            HubEvent::PoReceiptRecorded(e) => self.received(e, at),
            HubEvent::PoClosed(e) => self.ended(Flow::ProcureToReceive, e.po_number.to_string(), at),
            HubEvent::InvoiceMatched(e) => self.matched(e, at),
            HubEvent::StockCorrected(e) => {
                self.sheet.part(Signal::InventoryVarianceRate, at, e.quantity.decimal().abs(), Decimal::ZERO);
            }
            HubEvent::ExceptionOpened(e) => self.asked(e, at, state),
            HubEvent::ExceptionResolved(e) => self.decided(e.exception_id, at, state),
            HubEvent::DeliveryPlanned(plan) => self.planned(DeliveryId(entry.seq), plan, entry),
            HubEvent::DeliverySucceeded(e) => self.delivered(e.delivery_id, at),
            HubEvent::AttemptFailed(e) => {
                self.sheet.one(Signal::Retries, at);
                self.failed(e.delivery_id, at);
            }
            HubEvent::DeadLetterOpened(e) => {
                self.sheet.one(Signal::DeadLetters, at);
                self.failed(e.delivery_id, at);
            }
            HubEvent::DeliveryRetired(e) => self.given_up(e.delivery_id, at),
            _ => {}
        }
    }

    fn allocated(&mut self, e: &OrderAllocated, at: Timestamp) {
        let key = OrderKey { source: e.source.clone(), id: e.order_id.clone() };
        // What is allocated later was not there at once.
        if self.at_once.get(&key).is_some() {
            return;
        }
        let held: Quantity = e.lines.iter().map(|line| line.quantity).sum();
        let waits: Quantity = e.backordered.iter().map(|line| line.quantity).sum();
        self.sheet.part(Signal::BackorderRate, at, waits.decimal(), (held + waits).decimal());
        self.at_once.set(key, held);
    }

    fn shipped(&mut self, key: &OrderKey, at: Timestamp, state: &State) {
        let Some(order) = state.order(key) else { return };
        self.sheet.took(Signal::OrderCycleTime, order.captured_at, at);
        let ordered: Quantity = order.lines.iter().map(|line| line.ordered).sum();
        let at_once = self.at_once.take(key).unwrap_or_default().min(ordered);
        self.sheet.part(Signal::FillRate, at, at_once.decimal(), ordered.decimal());
    }

    fn ended(&mut self, flow: Flow, id: String, at: Timestamp) {
        if let Some(in_time) = self.flows.end(flow, &id.into(), at) {
            let part = if in_time { Decimal::ONE } else { Decimal::ZERO };
            self.sheet.part(Signal::ProcessCompletionRate(flow), at, part, Decimal::ONE);
        }
    }

    fn received(&mut self, e: &PoReceiptRecorded, at: Timestamp) {
        let odd = |line: &crossdock_model::ReceiptLine| {
            !(line.short.is_zero() && line.over.is_zero() && line.rejected.is_zero())
        };
        let part = if e.lines.iter().any(odd) { Decimal::ONE } else { Decimal::ZERO };
        self.sheet.part(Signal::ReceiptDiscrepancyRate, at, part, Decimal::ONE);
    }

    fn matched(&mut self, e: &InvoiceMatched, at: Timestamp) {
        let matched: Quantity = e.lines.iter().map(|line| line.matched).sum();
        self.sheet.part(Signal::MatchRate, at, matched.decimal(), Decimal::ZERO);
    }

    fn asked(&mut self, e: &ExceptionOpened, at: Timestamp, state: &State) {
        if e.kind == ExceptionKind::Shortage {
            self.sheet.one(Signal::OversellCount, at);
        }
        let Some(number) = e.about.strip_prefix("po/").and_then(|number| number.parse().ok()) else { return };
        let Some(po) = state.purchase_order(&number) else { return };
        // An exception names its lines, or is about one.
        let named = e.details.get("lines").and_then(serde_json::Value::as_array).map_or(1, Vec::len);
        self.sheet.part(
            Signal::ProcurementExceptionRate,
            at,
            Decimal::from(named.clamp(1, po.lines.len().max(1))),
            Decimal::ZERO,
        );
    }

    fn decided(&mut self, id: ExceptionId, at: Timestamp, state: &State) {
        if let Some(exception) = state.exception(id) {
            self.sheet.took(Signal::ExceptionResolutionTime, exception.opened_at, at);
        }
    }

    fn planned(&mut self, id: DeliveryId, plan: &DeliveryPlanned, entry: &Entry) {
        let since = self.caused.get(&entry.meta.correlation_id).copied().unwrap_or(entry.meta.received_at);
        let flow = match plan.about.split_once('/').map(|(kind, _)| kind) {
            Some("order") => Flow::OrderToShip,
            Some("po" | "recommendation" | "invoice") => Flow::ProcureToReceive,
            Some("position") => Flow::Inventory,
            _ => Flow::Other,
        };
        if plan.isolation.is_some() {
            return;
        }
        let status = plan.operation == "updateOrderStatus";
        let hop = Text::from(format!("{}.{}", plan.target, plan.operation));
        self.calls.set(id, Call { hop, flow, status, since, failed: None });
    }

    fn delivered(&mut self, id: DeliveryId, at: Timestamp) {
        let Some(call) = self.calls.take(&id) else { return };
        if call.status {
            self.sheet.took(Signal::OrderStatusLatency, call.since, at);
        }
        if let Some(failed) = call.failed {
            self.sheet.took(Signal::RecoveryTime, failed, at);
        }
        self.sheet.took(Signal::MessageLatency(call.flow, call.hop), call.since, at);
    }

    fn failed(&mut self, id: DeliveryId, at: Timestamp) {
        if let Some(call) = self.calls.take(&id) {
            let failed = call.failed.or(Some(at));
            self.calls.set(id, Call { failed, ..call });
        }
    }

    /// A decision ends a failed transaction too.
    fn given_up(&mut self, id: DeliveryId, at: Timestamp) {
        if let Some(failed) = self.calls.take(&id).and_then(|call| call.failed) {
            self.sheet.took(Signal::RecoveryTime, failed, at);
        }
    }
}

fn flow_of(fact: &Fact) -> Flow {
    match fact {
        Fact::OrderCaptured(_)
        | Fact::OrderCancelRequested(_)
        | Fact::Picked(_)
        | Fact::Packed(_)
        | Fact::ShortPicked(_)
        | Fact::OrderChangeRequested(_)
        | Fact::OrderRefunded(_)
        | Fact::OrderPayment(_)
        | Fact::Returned(_)
        | Fact::Shipped(_) => Flow::OrderToShip,
        Fact::Recommended(_)
        | Fact::FunctionalAck(_)
        | Fact::PoAcknowledged(_)
        | Fact::PoChangeRequested(_)
        | Fact::PoChangeAcknowledged(_)
        | Fact::ShipmentNotified(_)
        | Fact::Received(_)
        | Fact::QualityInspected(_)
        | Fact::ReturnedToSupplier(_)
        | Fact::InvoiceReceived(_) => Flow::ProcureToReceive,
        Fact::Adjusted(_)
        | Fact::Counted(_)
        | Fact::Quarantined(_)
        | Fact::Released(_)
        | Fact::Damaged(_)
        | Fact::Scrapped(_)
        | Fact::TransferredOut(_)
        | Fact::TransferredIn(_)
        | Fact::Snapshot(_)
        | Fact::InventoryValued(_) => Flow::Inventory,
        Fact::ProductUpserted(_)
        | Fact::PriceUpserted(_)
        | Fact::CustomerUpserted(_)
        | Fact::SupplierUpserted(_)
        | Fact::SyncCompleted(_)
        | Fact::ShipmentMilestone(_) => Flow::Other,
    }
}
