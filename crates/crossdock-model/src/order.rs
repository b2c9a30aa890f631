//! Orders: as a channel captures them, and what the hub says of them.

use serde::{Deserialize, Serialize};

use crate::{
    Amount, Currency, CustomerId, ErpOrderNumber, FacilityId, LineNumber, OrderId, ProductId, Quantity, RunId,
    SerialNumber, ShipmentId, ShipmentLine, SystemId, Timestamp, TrackingNumber, Unit,
};

/// A captured order: the data of `order.captured.v1`, the body of every `createOrder`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Order {
    /// The channel's own number.
    pub order_id: OrderId,
    /// The channel that captured it.
    pub channel: SystemId,
    /// The customer's own reference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer_reference: Option<String>,
    /// Who ordered.
    pub customer_id: CustomerId,
    /// Of every amount in the order.
    pub currency: Currency,
    /// By the channel's clock.
    pub ordered_at: Timestamp,
    /// How urgent it is: who waits for stock is served by it first, then by age.
    #[serde(default, skip_serializing_if = "Priority::is_normal")]
    pub priority: Priority,
    /// When the customer wants it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requested_date: Option<String>,
    /// Where to.
    pub ship_to: Address,
    /// At least one.
    pub lines: Vec<OrderLine>,
    /// Sum of the line totals.
    pub total: Amount,
    /// True for a synthetic transaction.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub synthetic: bool,
    /// Its run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_id: Option<RunId>,
}

/// How urgent an order is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// Before all others.
    High,
    /// As most are.
    #[default]
    Normal,
    /// When nobody else waits.
    Low,
}

impl Priority {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands out references")]
    fn is_normal(&self) -> bool {
        *self == Self::Normal
    }
}

/// One line of an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderLine {
    /// From 1, unique in the order.
    pub line_number: LineNumber,
    /// What.
    pub product: ProductId,
    /// How much, in `unit`.
    pub quantity: Quantity,
    /// The unit of `quantity`.
    pub unit: Unit,
    /// Per unit, in the order's currency.
    pub unit_price: Amount,
    /// Quantity times price.
    pub line_total: Amount,
    /// Which single unit is wanted, where it is one and no other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serial: Option<SerialNumber>,
}

/// A postal address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Address {
    /// Person or company.
    pub name: String,
    /// Street and number.
    pub street: String,
    /// Town.
    pub city: String,
    /// State or province.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Postal code.
    pub postal_code: String,
    /// ISO 3166 alpha-2.
    pub country: String,
}

/// `order.cancel_requested.v1`: the channel asks to cancel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderCancelRequested {
    /// The channel's number.
    pub order_id: OrderId,
    /// Why, in the customer's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What of it; everything, where it says nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<CancelledLine>,
}

/// A line that is not wanted any more, or a part of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CancelledLine {
    /// The order's line.
    pub line_number: LineNumber,
    /// How much of it; all that has not shipped, where it says nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quantity: Option<Quantity>,
}

/// `order.change_requested.v1`: the customer wants something else. What it does not name stays.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderChangeRequested {
    /// The channel's number.
    pub order_id: OrderId,
    /// Why, in the customer's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Lines with another quantity, and lines that are new.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<ChangedLine>,
    /// Where to, from now on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ship_to: Option<Address>,
}

/// A line as it is wanted from now on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChangedLine {
    /// The order's line; a number that it does not have is a line that is added.
    pub line_number: LineNumber,
    /// How much of it is wanted in all; nothing removes it.
    pub quantity: Quantity,
    /// Of an added line: what.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product: Option<ProductId>,
    /// Of an added line: the unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<Unit>,
    /// Of an added line: per unit, in the order's currency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit_price: Option<Amount>,
}

/// `order.changed.v1`: the order is another one. A reduction counts as cancelled, an increase raises what is ordered (I4).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderChanged {
    /// The channel.
    pub source: SystemId,
    /// The channel's number.
    pub order_id: OrderId,
    /// Lines that are new; they wait for stock.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub added: Vec<OrderLine>,
    /// By how much more of a line is wanted; it waits for stock.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub raised: Vec<LineQuantity>,
    /// What is not wanted any more.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cancelled: Vec<CancelledPart>,
    /// Where to, from now on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ship_to: Option<Address>,
    /// Who gave back what it picked for another address, and is told again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub readdressed: Option<FacilityId>,
    /// The place of the `order.change_pending.v1` that this ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<u64>,
}

/// A quantity of a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LineQuantity {
    /// The order's line.
    pub line_number: LineNumber,
    /// How much.
    pub quantity: Quantity,
}

/// A part of a line that is cancelled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CancelledPart {
    /// The order's line.
    pub line_number: LineNumber,
    /// What.
    pub product: ProductId,
    /// Who gives its allocation back; nobody, where it waited for stock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub facility: Option<FacilityId>,
    /// How much.
    pub quantity: Quantity,
    /// Its unit.
    pub unit: Unit,
}

/// `order.change_pending.v1`: a facility was asked to give back what it was told to pick, and keeps it until it answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderChangePending {
    /// The channel.
    pub source: SystemId,
    /// The channel's number.
    pub order_id: OrderId,
    /// Who.
    pub facility: FacilityId,
    /// What.
    pub lines: Vec<AllocatedLine>,
    /// True where it gets the same again, for another address.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub readdress: bool,
}

/// `order.moved.v1`: a person moved what no facility was told to pick, and what waits, of a line to another facility.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderMoved {
    /// The channel.
    pub source: SystemId,
    /// The channel's number.
    pub order_id: OrderId,
    /// The line.
    pub line_number: LineNumber,
    /// What.
    pub product: ProductId,
    /// Where it is wanted from.
    pub to: FacilityId,
    /// What other facilities held for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub freed: Vec<AllocatedLine>,
    /// Who.
    pub by: String,
    /// Why.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

/// `order.split.v1`: a person planned lines for another consignment: what goes out together, on its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderSplit {
    /// The channel.
    pub source: SystemId,
    /// The channel's number.
    pub order_id: OrderId,
    /// From this consignment, from 1 on …
    pub from: u32,
    /// … into this one.
    pub to: u32,
    /// What. It is reserved, or waits; what is being picked stays.
    pub lines: Vec<LineQuantity>,
    /// Who.
    pub by: String,
    /// Why.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

/// `order.change_refused.v1`: it was too late for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderChangeRefused {
    /// The channel.
    pub source: SystemId,
    /// The channel's number.
    pub order_id: OrderId,
    /// In plain words.
    pub why: String,
    /// What of it does not happen.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<LineQuantity>,
    /// The place of the `order.change_pending.v1` that this ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<u64>,
}

/// `order.accepted.v1`: captured and validated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderAccepted {
    /// The channel.
    pub source: SystemId,
    /// The channel's number.
    pub order_id: OrderId,
    /// The customer's own reference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer_reference: Option<String>,
}

/// `order.allocated.v1`: stock was reserved for what could be covered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderAllocated {
    /// The channel.
    pub source: SystemId,
    /// The channel's number.
    pub order_id: OrderId,
    /// What was reserved, and where.
    pub lines: Vec<AllocatedLine>,
    /// What was not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub backordered: Vec<BackorderedLine>,
    /// True when nothing of the order is backordered any more.
    pub complete: bool,
}

/// A reservation of one line at one facility.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AllocatedLine {
    /// The order's line.
    pub line_number: LineNumber,
    /// What.
    pub product: ProductId,
    /// Where.
    pub facility: FacilityId,
    /// How much.
    pub quantity: Quantity,
    /// Its unit.
    pub unit: Unit,
}

/// What of a line waits for stock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BackorderedLine {
    /// The order's line.
    pub line_number: LineNumber,
    /// What.
    pub product: ProductId,
    /// The facility whose position counts it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub facility: Option<FacilityId>,
    /// How much.
    pub quantity: Quantity,
}

/// `order.booked.v1`: the ERP gave its financial number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderBooked {
    /// The channel.
    pub source: SystemId,
    /// The channel's number.
    pub order_id: OrderId,
    /// The ERP's.
    pub erp_order_number: ErpOrderNumber,
}

/// `order.released.v1`: a facility took the order for picking.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderReleased {
    /// The channel.
    pub source: SystemId,
    /// The channel's number.
    pub order_id: OrderId,
    /// Where.
    pub facility: FacilityId,
}

/// `order.shipped.v1`: goods left a facility for the customer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderShipped {
    /// The channel.
    pub source: SystemId,
    /// The channel's number.
    pub order_id: OrderId,
    /// From where.
    pub facility: FacilityId,
    /// The WMS's number of the shipment.
    pub shipment_id: ShipmentId,
    /// The carrier.
    pub carrier: SystemId,
    /// The carrier's number.
    pub tracking_number: TrackingNumber,
    /// What.
    pub lines: Vec<ShipmentLine>,
    /// True when everything that was ordered and not cancelled has shipped.
    pub complete: bool,
}

/// `order.cancelled.v1`: what had not shipped is cancelled, its stock freed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderCancelled {
    /// The channel.
    pub source: SystemId,
    /// The channel's number.
    pub order_id: OrderId,
    /// Allocations that were given back.
    #[serde(default)]
    pub freed: Vec<AllocatedLine>,
}

/// `order.closed.v1` and `order.cancel_pending.v1`: nothing but the order they speak of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderClosed {
    /// The channel.
    pub source: SystemId,
    /// The channel's number.
    pub order_id: OrderId,
}
