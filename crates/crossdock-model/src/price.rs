//! Prices, as their owner keeps them.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::{Amount, Currency, ProductId, Unit};

/// `price.upserted.v1`: a version of the list price of a unit of a product in a currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PriceUpserted {
    /// The product.
    pub product: ProductId,
    /// Of which unit.
    pub unit: Unit,
    /// In which currency.
    pub currency: Currency,
    /// Its version at the sender, rising.
    pub version: u64,
    /// The first day.
    pub valid_from: Date,
    /// The first day no longer; open where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<Date>,
    /// Price of one unit.
    pub unit_price: Amount,
}
