//! Orders as the core keeps them.
//! Invariant (I4): of each line, ordered = allocated + shipped + backordered + cancelled; what shipped above is apart.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use crossdock_model::UnitFactor;
use crossdock_model::{
    Amount, ErpOrderNumber, FacilityId, LineNumber, Milestone, Order, OrderChangePending, OrderId, OrderLine, Priority,
    ProductId, Quantity, SerialNumber, ShipmentId, SystemId, Text, Timestamp, TrackingNumber, Unit,
};
use serde::{Deserialize, Serialize};

use crate::archive::{names, shared};
use crate::consignments::{Consigned, ConsignmentNumber};
use crate::index::Index;
use crate::payments::{EarlyPayments, Payments};
use crate::shares::Shares;
use crate::{Context, Seq};

/// An order's name: the channel and the channel's number.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct OrderKey {
    /// The channel.
    pub source: SystemId,
    /// Its number.
    pub id: OrderId,
}

impl fmt::Display for OrderKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.source, self.id)
    }
}

/// One order. Its serialised form is kept in archive records: see `archive` before it is changed.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderState {
    /// Its name.
    pub key: OrderKey,
    /// As captured.
    #[serde(with = "shared")]
    pub order: Arc<Order>,
    /// Its connection.
    pub context: Context,
    /// Where in the ledger it was accepted; older orders are served first.
    pub accepted: Seq,
    /// When the channel took it, by the channel's clock.
    pub captured_at: Timestamp,
    /// The ERP's number.
    pub erp_order_number: Option<ErpOrderNumber>,
    /// Its lines.
    pub lines: Vec<LineState>,
    /// What each facility was asked to pick.
    pub releases: BTreeMap<FacilityId, ReleaseState>,
    /// What left.
    pub shipments: Vec<(FacilityId, ShipmentId, TrackingNumber)>,
    /// How far each parcel is, and where in the ledger that stands. Never backwards (I8).
    pub(crate) milestones: BTreeMap<TrackingNumber, (Milestone, Seq)>,
    /// Whether it is being cancelled.
    pub cancel: CancelState,
    /// Facilities that were asked to give back what they were told to pick, by the place of the question.
    pub(crate) asked_back: BTreeMap<Seq, OrderChangePending>,
    /// It is not what the ERP was told, because the ERP had not given its number yet.
    pub(crate) changed_before_booking: bool,
    /// A facility did not find what it held for it, and somebody was asked.
    pub(crate) short: bool,
    /// Nothing is left to do.
    pub closed: bool,
    /// What was paid for it, if anybody said so or it waits for that.
    pub payments: Option<Box<Payments>>,
}

/// One line of an order, in base units.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LineState {
    /// Its number.
    pub number: LineNumber,
    /// What.
    pub product: ProductId,
    /// The unit.
    pub unit: Unit,
    /// How much was ordered.
    pub ordered: Quantity,
    /// Per priced unit, in the order's currency.
    pub(crate) unit_price: Amount,
    /// The unit that the price is of, and what it holds, where the channel ordered in another than the base unit.
    pub(crate) priced: Option<(Unit, Quantity)>,
    /// What the pack holds that was ordered, where it is allocated whole or not at all (docs/concepts/domain.md 6.4).
    pub pack: Option<Quantity>,
    /// Reserved, by facility.
    pub allocated: Shares,
    /// Of it: what the facility was told to pick.
    pub released: Shares,
    /// Left for the customer.
    pub shipped: Quantity,
    /// Left above what was ordered.
    pub over_shipped: Quantity,
    /// How much of it the last such movement brought, and where in the ledger that stands.
    pub(crate) over_shipped_last: Option<(Seq, Quantity)>,
    /// Came back from the customer.
    pub returned: Quantity,
    /// Refunded, and not back yet: what a channel expects (4.13.1).
    pub expected_back: Quantity,
    /// Waits for stock.
    pub backordered: Quantity,
    /// Whose position counts it as backordered; `None` until it was first allocated.
    pub waits_at: Option<FacilityId>,
    /// Not wanted any more.
    pub cancelled: Quantity,
    /// The one unit that is wanted, and no other.
    pub serial: Option<SerialNumber>,
    /// What of it is in which consignment; nothing, where all of it is in the first.
    pub consignments: BTreeMap<ConsignmentNumber, Consigned>,
}

/// What a facility was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReleaseState {
    /// The release is on its way to the WMS.
    Requested,
    /// The WMS took it.
    Released,
}

/// How far a cancel is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CancelState {
    /// Nobody asked.
    None,
    /// The WMS was asked.
    Pending,
    /// Done.
    Done,
}

/// An order's state in one word, as channels are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderStatus {
    /// Known, nothing reserved yet.
    Accepted,
    /// Nothing of it is picked before it is paid.
    AwaitingPayment,
    /// All reserved.
    Allocated,
    /// Some reserved, the rest waits for stock.
    PartiallyAllocated,
    /// All waits for stock.
    Backordered,
    /// With at least one facility.
    Released,
    /// Some left.
    PartiallyShipped,
    /// All left.
    Shipped,
    /// All is there.
    Delivered,
    /// A cancel waits for the WMS.
    CancelPending,
    /// Cancelled.
    Cancelled,
    /// Nothing is left to do.
    Closed,
}

impl OrderStatus {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::AwaitingPayment => "awaiting_payment",
            Self::Allocated => "allocated",
            Self::PartiallyAllocated => "partially_allocated",
            Self::Backordered => "backordered",
            Self::Released => "released",
            Self::PartiallyShipped => "partially_shipped",
            Self::Shipped => "shipped",
            Self::Delivered => "delivered",
            Self::CancelPending => "cancel_pending",
            Self::Cancelled => "cancelled",
            Self::Closed => "closed",
        }
    }
}

impl LineState {
    pub(crate) fn new(line: &OrderLine) -> Self {
        Self {
            number: line.line_number,
            product: line.product.clone(),
            unit: line.unit.clone(),
            ordered: line.quantity,
            unit_price: line.unit_price,
            priced: None,
            pack: None,
            allocated: Shares::default(),
            released: Shares::default(),
            shipped: Quantity::ZERO,
            over_shipped: Quantity::ZERO,
            over_shipped_last: None,
            returned: Quantity::ZERO,
            expected_back: Quantity::ZERO,
            // Until it is allocated, what is ordered waits.
            backordered: line.quantity,
            waits_at: None,
            cancelled: Quantity::ZERO,
            serial: line.serial.clone(),
            consignments: BTreeMap::new(),
        }
    }

    /// Ordered and not cancelled.
    pub fn wanted(&self) -> Quantity {
        self.ordered.saturating_sub(self.cancelled)
    }

    /// Reserved over all facilities.
    pub fn allocated_total(&self) -> Quantity {
        self.allocated.total()
    }

    /// What is wanted, in the unit that the price is of; `None`, where it is no exact quantity of it.
    fn wanted_as_priced(&self) -> Option<(Quantity, Unit)> {
        let Some((unit, holds)) = &self.priced else { return Some((self.wanted(), self.unit.clone())) };
        let quotient = self.wanted().decimal().checked_div(holds.decimal())?;
        let exact = quotient.checked_mul(holds.decimal())? == self.wanted().decimal();
        exact.then_some((Quantity::try_from(quotient).ok()?, unit.clone()))
    }

    /// Reserved at a facility, and not told to be picked.
    pub(crate) fn unreleased(&self, facility: &FacilityId) -> Quantity {
        self.allocated.get(facility).saturating_sub(self.released.get(facility))
    }

    /// Takes up to `quantity` out of what is reserved at a facility, what nobody picks first, and says how much that is.
    pub(crate) fn give_back(&mut self, facility: &FacilityId, quantity: Quantity) -> Quantity {
        let taken = self.allocated.take(facility, quantity);
        let above = self.released.get(facility).saturating_sub(self.allocated.get(facility));
        self.released.take(facility, above);
        taken
    }

    /// Takes up to `quantity` out of what is reserved at a facility, what was being picked first, and says how much that is.
    pub(crate) fn pick(&mut self, facility: &FacilityId, quantity: Quantity) -> Quantity {
        self.released.take(facility, quantity);
        self.give_back(facility, quantity)
    }

    /// What its position counts as backordered, and where.
    pub(crate) fn waiting(&self) -> Option<(&FacilityId, Quantity)> {
        self.waits_at.as_ref().map(|facility| (facility, self.backordered))
    }

    /// Not shipped and not cancelled.
    pub fn open(&self) -> Quantity {
        self.allocated_total() + self.backordered
    }
}

impl OrderState {
    pub(crate) fn new(
        key: OrderKey,
        order: Arc<Order>,
        context: Context,
        accepted: Seq,
        captured_at: Timestamp,
    ) -> Self {
        let lines = order.lines.iter().map(LineState::new).collect();
        Self {
            key,
            order,
            context,
            accepted,
            captured_at,
            erp_order_number: None,
            lines,
            releases: BTreeMap::new(),
            shipments: Vec::new(),
            milestones: BTreeMap::new(),
            cancel: CancelState::None,
            asked_back: BTreeMap::new(),
            changed_before_booking: false,
            short: false,
            closed: false,
            payments: None,
        }
    }

    /// The channel ordered in units of its own: the document stays as it was, the lines count in base units (6.2).
    pub(crate) fn was_captured_as(&mut self, order: &Arc<Order>, factors: &[UnitFactor]) {
        for (line, said) in self.lines.iter_mut().zip(&order.lines) {
            let used = factors.iter().find(|used| used.product == said.product && used.unit == said.unit);
            line.priced = used.and_then(|used| Some((said.unit.clone(), used.factor.quantity(Quantity::units(1))?)));
            line.pack = used.filter(|used| used.indivisible).and_then(|used| used.factor.quantity(Quantity::units(1)));
        }
        self.order = Arc::clone(order);
    }

    /// The order's state in one word.
    pub fn status(&self) -> OrderStatus {
        let sum = |f: fn(&LineState) -> Quantity| self.lines.iter().map(f).sum::<Quantity>();
        let (shipped, open) = (sum(|l| l.shipped), sum(LineState::open));
        let (allocated, backordered) = (sum(LineState::allocated_total), sum(|l| l.backordered));
        match self.cancel {
            CancelState::Done => return OrderStatus::Cancelled,
            CancelState::Pending => return OrderStatus::CancelPending,
            CancelState::None => {}
        }
        if self.closed {
            OrderStatus::Closed
        } else if !shipped.is_zero() {
            match open.is_zero() {
                true if self.is_delivered() => OrderStatus::Delivered,
                true => OrderStatus::Shipped,
                false => OrderStatus::PartiallyShipped,
            }
        } else if self.releases.values().any(|r| *r == ReleaseState::Released) {
            OrderStatus::Released
        } else if self.awaits_payment() {
            OrderStatus::AwaitingPayment
        } else if allocated.is_zero() {
            if backordered.is_zero() { OrderStatus::Accepted } else { OrderStatus::Backordered }
        } else if backordered.is_zero() {
            OrderStatus::Allocated
        } else {
            OrderStatus::PartiallyAllocated
        }
    }

    /// All that was ordered and not cancelled has left, and each parcel is there.
    pub fn is_delivered(&self) -> bool {
        let there = |tracking| self.milestones.get(tracking).is_some_and(|(step, _)| *step == Milestone::Delivered);
        !self.shipments.is_empty()
            && self.lines.iter().all(|line| line.open().is_zero())
            && self.shipments.iter().all(|(_, _, tracking)| there(tracking))
    }

    /// It waits for its payment: nobody is told to pick it.
    pub fn awaits_payment(&self) -> bool {
        self.payments.as_ref().is_some_and(|payments| payments.is_awaited())
    }

    /// The numbers of its parcels, each once.
    pub(crate) fn parcels(&self) -> impl Iterator<Item = &TrackingNumber> {
        let unique: BTreeSet<_> = self.shipments.iter().map(|(_, _, number)| number).collect();
        unique.into_iter()
    }

    /// True while somebody still has to do something for it.
    pub fn is_open(&self) -> bool {
        !self.closed && self.cancel != CancelState::Done
    }

    pub(crate) fn line_mut(&mut self, number: LineNumber) -> Option<&mut LineState> {
        self.lines.iter_mut().find(|line| line.number == number)
    }

    /// What of a line's allocation a facility was asked to give back.
    pub(crate) fn asked_back(&self, line: LineNumber, at: &FacilityId) -> Quantity {
        let asked = self.asked_back.values().filter(|asked| asked.facility == *at && !asked.readdress);
        asked.flat_map(|asked| &asked.lines).filter(|l| l.line_number == line).map(|l| l.quantity).sum()
    }

    /// What is wanted now, and what it comes to; `None`, where the amounts do not add up.
    pub(crate) fn as_wanted(&self) -> Option<(Vec<OrderLine>, Amount)> {
        let wanted = self.lines.iter().filter(|line| !line.wanted().is_zero());
        let line = |line: &LineState| {
            let (quantity, unit) = line.wanted_as_priced()?;
            Some(OrderLine {
                line_number: line.number,
                product: line.product.clone(),
                quantity,
                unit,
                unit_price: line.unit_price,
                line_total: line.unit_price.times(quantity)?,
                serial: line.serial.clone(),
            })
        };
        let lines = wanted.map(line).collect::<Option<Vec<_>>>()?;
        let total = lines.iter().try_fold(Amount::ZERO, |sum, line| sum.checked_add(line.line_total))?;
        Some((lines, total))
    }

    /// Facilities that hold an allocation of it, each with the lines.
    pub(crate) fn allocations(&self) -> BTreeMap<FacilityId, Vec<(&LineState, Quantity)>> {
        let mut by_facility: BTreeMap<FacilityId, Vec<_>> = BTreeMap::new();
        for line in &self.lines {
            for (facility, quantity) in line.allocated.iter() {
                by_facility.entry(facility.clone()).or_default().push((line, quantity));
            }
        }
        by_facility
    }
}

/// All orders, with the ways in which they are looked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Orders {
    by_key: Index<OrderKey, OrderState>,
    /// Every order with this number, whatever the channel: a WMS knows the number only.
    by_id: Index<OrderId, OrderKey>,
    by_erp_number: Index<ErpOrderNumber, OrderKey>,
    by_tracking: Index<TrackingNumber, OrderKey>,
    /// Orders that wait for a product, the most urgent first, the oldest of them before the others.
    waiting: Index<ProductId, BTreeSet<(Priority, Seq, OrderKey)>>,
    /// Open orders to which the ERP has not given its number.
    unbooked: BTreeSet<OrderKey>,
    /// Money that came before its order.
    pub(crate) early: BTreeMap<OrderKey, EarlyPayments>,
}

impl Orders {
    pub(crate) fn insert(&mut self, order: OrderState) {
        self.unbooked.insert(order.key.clone());
        self.by_id.insert(order.key.id.clone(), order.key.clone());
        self.by_key.insert(order.key.clone(), order);
    }

    #[cfg(debug_assertions)]
    pub(crate) fn len(&self) -> usize {
        self.by_key.len()
    }

    pub(crate) fn get(&self, key: &OrderKey) -> Option<&OrderState> {
        self.by_key.get(key)
    }

    pub(crate) fn get_mut(&mut self, key: &OrderKey) -> Option<&mut OrderState> {
        self.by_key.get_mut(key)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &OrderState> {
        self.by_key.values()
    }

    /// The order that a facility means by a number: it knows no channels.
    pub(crate) fn by_id(&self, id: &OrderId) -> Option<&OrderState> {
        self.by_id.get(id).and_then(|key| self.by_key.get(key))
    }

    pub(crate) fn by_erp_number(&self, number: &ErpOrderNumber) -> Option<&OrderState> {
        self.by_erp_number.get(number).and_then(|key| self.by_key.get(key))
    }

    pub(crate) fn by_tracking(&self, number: &TrackingNumber) -> Option<&OrderState> {
        self.by_tracking.get(number).and_then(|key| self.by_key.get(key))
    }

    pub(crate) fn book(&mut self, key: &OrderKey, number: &ErpOrderNumber) {
        if let Some(order) = self.by_key.get_mut(key) {
            self.unbooked.remove(key);
            order.erp_order_number = Some(number.clone());
            self.by_erp_number.insert(number.clone(), key.clone());
        }
    }

    pub(crate) fn add_shipment(&mut self, key: &OrderKey, shipment: (FacilityId, ShipmentId, TrackingNumber)) {
        if let Some(order) = self.by_key.get_mut(key) {
            self.by_tracking.insert(shipment.2.clone(), key.clone());
            order.shipments.push(shipment);
        }
    }

    /// A parcel's milestone; an older one, or the same again, changes nothing.
    pub(crate) fn reach(&mut self, tracking: &TrackingNumber, milestone: Milestone, seq: Seq) {
        let key = self.by_tracking.get(tracking);
        let Some(order) = key.and_then(|key| self.by_key.get_mut(key)) else { return };
        let reached = order.milestones.get(tracking).map(|(reached, _)| *reached);
        if reached < Some(milestone) {
            order.milestones.insert(tracking.clone(), (milestone, seq));
        }
    }

    /// Keeps the waiting list, and what is planned for its consignments, in step with an order's lines.
    pub(crate) fn update_waiting(&mut self, key: &OrderKey) {
        let Some(order) = self.by_key.get_mut(key) else { return };
        order.lines.iter_mut().for_each(LineState::fit_consignments);
        let entry = (order.order.priority, order.accepted, key.clone());
        for line in &order.lines {
            let waits = order.lines.iter().any(|l| l.product == line.product && !l.backordered.is_zero());
            let queue = self.waiting.entry(line.product.clone()).or_default();
            if waits {
                queue.insert(entry.clone());
            } else {
                queue.remove(&entry);
            }
            if queue.is_empty() {
                self.waiting.swap_remove(&line.product);
            }
        }
    }

    /// The names that mean this order, and no other: by each of them a fact finds it.
    pub(crate) fn names_of(&self, order: &OrderState) -> Vec<Text> {
        let own = |meant: Option<&OrderKey>| meant == Some(&order.key);
        let by_id = own(self.by_id.get(&order.key.id)).then(|| names::order_id(&order.key.id));
        let erp = order.erp_order_number.iter().filter(|number| own(self.by_erp_number.get(*number)));
        let parcels = order.parcels().filter(|number| own(self.by_tracking.get(*number)));
        by_id.into_iter().chain(erp.map(names::erp_order)).chain(parcels.map(names::parcel)).collect()
    }

    /// Takes an order out, with all that leads to it.
    pub(crate) fn take_out(&mut self, key: &OrderKey) -> Option<OrderState> {
        let order = self.by_key.swap_remove(key)?;
        self.unbooked.remove(key);
        if self.by_id.get(&key.id) == Some(key) {
            self.by_id.swap_remove(&key.id);
        }
        if let Some(number) = order.erp_order_number.as_ref().filter(|n| self.by_erp_number.get(*n) == Some(key)) {
            self.by_erp_number.swap_remove(number);
        }
        for number in order.parcels() {
            if self.by_tracking.get(number) == Some(key) {
                self.by_tracking.swap_remove(number);
            }
        }
        Some(order)
    }

    /// Puts an order back, under those of its `names` that nothing newer has.
    pub(crate) fn put_back(&mut self, order: OrderState, names: &[Text]) {
        let key = &order.key;
        if names.contains(&names::order_id(&key.id)) {
            self.by_id.entry(key.id.clone()).or_insert_with(|| key.clone());
        }
        match &order.erp_order_number {
            None => {
                self.unbooked.insert(key.clone());
            }
            Some(number) if names.contains(&names::erp_order(number)) => {
                self.by_erp_number.entry(number.clone()).or_insert_with(|| key.clone());
            }
            Some(_) => {}
        }
        for number in order.parcels().filter(|number| names.contains(&names::parcel(number))) {
            self.by_tracking.entry(number.clone()).or_insert_with(|| key.clone());
        }
        self.by_key.insert(key.clone(), order);
    }

    /// Open orders to which the ERP has not given its number.
    pub(crate) fn unbooked(&self) -> impl Iterator<Item = &OrderState> {
        self.unbooked.iter().filter_map(|key| self.by_key.get(key)).filter(|order| order.is_open())
    }

    /// The orders that wait for a product, the most urgent first, the oldest of them before the others.
    pub(crate) fn waiting_for(&self, product: &ProductId) -> impl Iterator<Item = &OrderState> {
        self.waiting.get(product).into_iter().flatten().filter_map(|(_, _, key)| self.by_key.get(key))
    }
}
