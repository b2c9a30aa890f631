//! Customers and suppliers, as their owners keep them. A version is whole: what it does not carry, its sender does not say.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::{Amount, Currency, CustomerId, MasterStatus, Quantity, SystemId};

/// `customer.upserted.v1`: a version of what a system knows of a customer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CustomerUpserted {
    /// The customer.
    pub customer_id: CustomerId,
    /// Its version at the sender, rising.
    pub version: u64,
    /// From which day it counts; at once where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_from: Option<Date>,
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Whether it may order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<MasterStatus>,
    /// Where it is written to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Of the credit limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<Currency>,
    /// What it may owe.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credit_limit: Option<Amount>,
    /// As agreed: `NET30`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payment_terms: Option<String>,
}

/// `supplier.upserted.v1`: a version of what a system knows of a supplier.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SupplierUpserted {
    /// The supplier.
    pub supplier_id: SystemId,
    /// Its version at the sender, rising.
    pub version: u64,
    /// From which day it counts; at once where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_from: Option<Date>,
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Whether it may be ordered from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<MasterStatus>,
    /// Of its prices.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<Currency>,
    /// Days from purchase order to receipt, by contract.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lead_time_days: Option<u32>,
    /// What may be received above a purchase order line over all its receipts, in percent of what was ordered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt_tolerance_percent: Option<Quantity>,
    /// The least that is worth an order, in its currency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum_order: Option<Amount>,
    /// As agreed: `NET30`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payment_terms: Option<String>,
}
