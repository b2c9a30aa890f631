//! Products, as their owners keep them.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::{ProductId, Unit};

/// `product.upserted.v1`: a version of what a system knows of a product.
///
/// A version is whole: what it does not carry, its sender does not say. Each sender counts its own versions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProductUpserted {
    /// The product.
    pub product: ProductId,
    /// Its version at the sender, rising.
    pub version: u64,
    /// From which day it counts; at once where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_from: Option<Date>,
    /// What people call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Whether it may be ordered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<MasterStatus>,
    /// The finest unit, in which it is counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_unit: Option<Unit>,
    /// Its other units.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub units: Option<Vec<UnitOfMeasure>>,
    /// What customers read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Addresses of pictures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media: Option<Vec<String>>,
    /// Products that may stand in for it, the best first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub substitutes: Option<Vec<ProductId>>,
}

/// Another unit of a product.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UnitOfMeasure {
    /// Its code.
    pub unit: Unit,
    /// How many base units it holds, as the sender writes it: `12`, `2.5`, `25/2`. Whether it is a [`crate::Factor`] is checked on arrival.
    pub factor: String,
    /// The pack is allocated whole or not at all.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub indivisible: bool,
}

/// Whether a product, a customer or a supplier takes part in new business.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MasterStatus {
    /// It does.
    Active,
    /// It does not.
    Blocked,
}
