//! The files under `mocks/`: what a person writes about a simulated system.
//!
//! Here: the types of one file a system, and the checks that a schema cannot say. Not here: the faults (`faults`), and how
//! a system behaves (`systems`).
//! Invariant: one description; the schema of these types checks the files, documents them and completes them in editors.

mod amount;
mod delay;
mod latency;

use std::net::SocketAddr;

use crossdock_diag::{Diagnostic, Diagnostics, Document};
use schemars::JsonSchema;
use serde::Deserialize;

pub use amount::Amount;
pub use delay::Delay;
pub use latency::{Latency, Percentiles};

/// One simulated system. Exactly one of the trades (`commerce`, `erp`, `wms`, …) is declared.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SystemFile {
    /// The version of this file format.
    pub crossdock: u32,
    /// The system's id: `erp`, `wms-east`, `supplier-acme`.
    pub system: String,
    /// Where it listens unless the caller says otherwise: `127.0.0.1:7102`.
    pub listen: String,
    /// How long its answers take. Without it: no longer than needed.
    pub latency: Option<Latency>,
    /// A sales channel that captures orders.
    pub commerce: Option<Commerce>,
    /// Financial orders, purchase orders, postings, master data.
    pub erp: Option<Erp>,
    /// A warehouse management system of one facility.
    pub wms: Option<Wms>,
    /// Planning that recommends replenishment.
    pub procurement: Option<Procurement>,
    /// A supplier that speaks X12.
    pub supplier: Option<Supplier>,
    /// A carrier that reports milestones.
    pub carrier: Option<Carrier>,
    /// Accounts payable.
    pub ap: Option<Ap>,
}

/// A sales channel.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Commerce {
    /// What an order number of its own begins with.
    pub order_prefix: String,
    /// The currency of an order that names none.
    pub currency: String,
    /// Who orders when nobody is named.
    pub guest: Guest,
    /// List prices, for lines without one.
    pub prices: Vec<ListPrice>,
}

/// Who orders when nobody is named.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Guest {
    /// Customer number.
    pub customer: String,
    /// Person.
    pub name: String,
    /// Street and number.
    pub street: String,
    /// Town.
    pub city: String,
    /// State or province.
    pub region: String,
    /// Postal code.
    pub postal_code: String,
    /// ISO 3166 code of the country.
    pub country: String,
}

/// What a product costs.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListPrice {
    /// The product; a last character `*` stands for any ending.
    pub product: String,
    /// Its price per unit; the scale is kept ("403.00").
    pub unit_price: Amount,
}

/// An ERP.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Erp {
    /// What an order number begins with.
    pub order_prefix: String,
    /// What a purchase order number begins with.
    pub po_prefix: String,
    /// Products with their price.
    pub products: Vec<ErpProduct>,
    /// Suppliers with their terms.
    pub suppliers: Vec<ErpSupplier>,
    /// Balances carried forward. Postings move them from there on.
    #[serde(default)]
    pub opening: Vec<ErpOpening>,
}

/// A product as the ERP keeps it.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ErpProduct {
    /// Its number.
    pub product: String,
    /// What it is, for people.
    pub description: String,
    /// Its base unit.
    pub unit: String,
    /// Price per unit; the scale is kept ("403.00").
    pub price: Amount,
    /// Currency of the price.
    pub currency: String,
    /// First day of the price (ISO 8601).
    pub valid_from: String,
}

/// A supplier as the ERP keeps it.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ErpSupplier {
    /// Its id.
    pub supplier: String,
    /// Its name.
    pub name: String,
    /// Currency it invoices in.
    pub currency: String,
    /// Payment terms as agreed ("NET30").
    pub payment_terms: String,
    /// Days from order to delivery.
    pub lead_time_days: u32,
    /// X12 qualifier and id, joined by a slash ("ZZ/ACME").
    pub edi: String,
}

/// A balance carried forward.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ErpOpening {
    /// Where.
    pub facility: String,
    /// Of what.
    pub product: String,
    /// How much.
    pub on_hand: Amount,
}

/// A warehouse management system.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Wms {
    /// The facility it runs.
    pub facility: String,
    /// The carrier that collects its shipments.
    pub carrier: String,
    /// What a tracking number begins with.
    pub tracking_prefix: String,
    /// How long the work takes.
    pub delays: WmsDelays,
    /// When the opening balances were taken (RFC 3339). A constant, so that a restart tells the same facts again.
    pub opened_at: String,
    /// What is on hand when its life begins.
    pub stock: Vec<WmsStock>,
    /// How receipts of a product go wrong. Others arrive as announced.
    #[serde(default)]
    pub receipts: Vec<WmsReceipt>,
}

/// How long each kind of work takes, from the one before it.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WmsDelays {
    /// From release to picked.
    pub pick: Delay,
    /// From picked to packed.
    pub pack: Delay,
    /// From packed to shipped.
    pub ship: Delay,
    /// From the announcement of an inbound shipment to its receipt.
    pub receive: Delay,
}

/// What a WMS has of a product.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WmsStock {
    /// Of what.
    pub product: String,
    /// In which unit.
    pub unit: String,
    /// How much, all of it sellable.
    pub on_hand: Amount,
    /// What is kept back from sale.
    pub safety_stock: Option<Amount>,
}

/// What goes wrong with receipts of a product.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WmsReceipt {
    /// Of which product.
    pub product: String,
    /// So many fewer than announced arrive.
    pub short: Option<Amount>,
    /// So many more than announced arrive.
    pub over: Option<Amount>,
    /// So many of those that arrive are damaged and rejected.
    pub damaged: Option<Amount>,
}

/// Planning.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Procurement {
    /// What a recommendation number begins with.
    pub recommendation_prefix: String,
    /// From a position below its reorder point to the recommendation.
    pub delay: Delay,
    /// How long a recommendation may stay unanswered, or what it ordered unseen in the positions, before planning counts on it
    /// no longer and begins a new cycle.
    pub settles_within: Delay,
    /// When what is reordered.
    pub reorder: Vec<Reorder>,
}

/// When a product is reordered for a facility.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reorder {
    /// What.
    pub product: String,
    /// For where.
    pub facility: String,
    /// From whom.
    pub supplier: String,
    /// At this much or less of available + `on_order` + `in_transit`.
    pub reorder_point: Amount,
    /// Up to this much.
    pub order_up_to: Amount,
    /// In which unit.
    pub unit: String,
    /// At which price.
    pub unit_price: Amount,
    /// In which currency.
    pub currency: String,
    /// Days until it is needed.
    pub needed_in_days: Option<u32>,
}

/// A supplier.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Supplier {
    /// Its own X12 qualifier and id, joined by a slash ("ZZ/ACME").
    pub edi: String,
    /// Whom it expects to hear from ("ZZ/CROSSDOCK").
    pub partner: String,
    /// What its ship notice numbers begin with.
    pub asn_prefix: String,
    /// What its invoice numbers begin with.
    pub invoice_prefix: String,
    /// Who carries its shipments.
    pub carrier: String,
    /// What its tracking numbers begin with.
    pub tracking_prefix: String,
    /// How long its answers take.
    pub delays: SupplierDelays,
    /// Hours from shipping to expected arrival.
    pub transit_hours: u32,
}

/// How long a supplier takes, each from the receipt of the order.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SupplierDelays {
    /// To the functional acknowledgement (997).
    pub acknowledge: Delay,
    /// To the order acknowledgement (855).
    pub confirm: Delay,
    /// To the ship notice (856).
    pub ship: Delay,
    /// To the invoice (810).
    pub invoice: Delay,
}

/// A carrier.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Carrier {
    /// What it reports of a shipment, and when.
    pub milestones: Vec<CarrierMilestone>,
}

/// One report about a shipment.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CarrierMilestone {
    /// Which.
    pub milestone: Milestone,
    /// How long after the shipment became known.
    pub after: Delay,
}

/// What a carrier reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Milestone {
    /// Taken over from the shipper.
    PickedUp,
    /// On its way.
    InTransit,
    /// In the van.
    OutForDelivery,
    /// Handed over.
    Delivered,
}

impl Milestone {
    /// The word on the wire.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::PickedUp => "picked_up",
            Self::InTransit => "in_transit",
            Self::OutForDelivery => "out_for_delivery",
            Self::Delivered => "delivered",
        }
    }
}

/// Accounts payable.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ap {
    /// From whom it takes invoices.
    pub suppliers: Vec<String>,
}

/// A file's system, checked: what it is and where it listens.
#[derive(Clone, Debug)]
pub struct Declaration {
    /// The system's id.
    pub system: String,
    /// Where it listens unless the caller says otherwise.
    pub listen: SocketAddr,
    /// How long its answers take.
    pub latency: Latency,
    /// What it is.
    pub trade: Trade,
}

/// What a simulated system is.
#[derive(Clone, Debug)]
pub enum Trade {
    /// A sales channel.
    Commerce(Commerce),
    /// An ERP.
    Erp(Erp),
    /// A warehouse management system.
    Wms(Wms),
    /// Planning.
    Procurement(Procurement),
    /// A supplier.
    Supplier(Supplier),
    /// A carrier.
    Carrier(Carrier),
    /// Accounts payable.
    Ap(Ap),
}

impl Declaration {
    /// Reads a file, reporting all its mistakes at once.
    pub fn read(document: &Document) -> Result<Self, Diagnostics> {
        let file: SystemFile = crossdock_diag::decode(document)?;
        let mut wrong = Diagnostics::default();
        let complain = |pointer: &str, code: &'static str, message: String, label: &str| {
            Diagnostic::error(code, message).at(&document.file, document.root.nearest(pointer).span, label)
        };
        if file.crossdock != 1 {
            wrong.push(
                complain(
                    "/crossdock",
                    "mock::unknown_format",
                    format!("format {} is not known", file.crossdock),
                    "here",
                )
                .help("this version reads `crossdock: 1`"),
            );
        }
        let listen: Option<SocketAddr> = file.listen.parse().ok();
        if listen.is_none() {
            wrong.push(
                complain(
                    "/listen",
                    "mock::bad_address",
                    format!("`{}` is not an address", file.listen),
                    "an IP and a port",
                )
                .help("for instance 127.0.0.1:7101; port 0 takes a free one"),
            );
        }
        if let Some(wms) = &file.wms
            && wms.opened_at.parse::<jiff::Timestamp>().is_err()
        {
            wrong.push(
                complain(
                    "/wms/opened_at",
                    "mock::bad_time",
                    format!("`{}` is not a time", wms.opened_at),
                    "expected RFC 3339",
                )
                .help("for instance 2026-01-01T00:00:00Z"),
            );
        }
        let latency = file.latency.unwrap_or_default();
        if let Err(message) = latency.check() {
            wrong.push(complain("/latency", "mock::bad_latency", message, "in this order: p50, p90, p99"));
        }
        let mut trades: Vec<Trade> = Vec::new();
        trades.extend(file.commerce.map(Trade::Commerce));
        trades.extend(file.erp.map(Trade::Erp));
        trades.extend(file.wms.map(Trade::Wms));
        trades.extend(file.procurement.map(Trade::Procurement));
        trades.extend(file.supplier.map(Trade::Supplier));
        trades.extend(file.carrier.map(Trade::Carrier));
        trades.extend(file.ap.map(Trade::Ap));
        if trades.len() != 1 {
            wrong.push(
                complain(
                    "/system",
                    "mock::one_trade",
                    format!("`{}` has {} trades, it needs exactly one", file.system, trades.len()),
                    "this system",
                )
                .help("declare one of `commerce`, `erp`, `wms`, `procurement`, `supplier`, `carrier`, `ap`"),
            );
        }
        match (listen, trades.pop()) {
            (Some(listen), Some(trade)) if !wrong.has_errors() => {
                Ok(Self { system: file.system, listen, latency, trade })
            }
            _ => Err(wrong),
        }
    }
}
