//! Master data: whether a version is possible, and what it changed.
//! Rules: docs/concepts/domain.md 6.1, 6.3, 7.1 (catalogue, unit of measure, price). Not here: which version counts (`master.rs`).

use std::collections::BTreeSet;

use crossdock_model::{
    Factor, FieldChange, HubEvent, MasterChanged, PriceUpserted, ProductId, ProductUpserted, Quantity,
    SupplierUpserted, SystemId,
};
use serde::Serialize;
use serde_json::{Map, Value};

use super::Ask;
use crate::master::{Record, Versions};
use crate::{Draft, Refusal, State};

/// Properties that name a version, and are not what it says.
pub(super) const NAMES_OF_A_VERSION: [&str; 6] =
    ["product", "version", "validFrom", "customerId", "supplierId", "feed"];

/// A product agrees with itself: units are told apart, factors are exact, no product stands in for itself.
pub(super) fn possible_product(state: &State, product: &ProductUpserted) -> Result<(), Refusal> {
    let units = product.units.as_deref().unwrap_or_default();
    if product.base_unit.is_none() && !units.is_empty() {
        let message = "units are multiples of a base unit: say `baseUnit` with them";
        return Err(Refusal::invalid("product/base-unit", "/data/units", message));
    }
    let mut seen: BTreeSet<_> = product.base_unit.iter().collect();
    for (index, unit) in units.iter().enumerate() {
        if !seen.insert(&unit.unit) {
            let message = format!("the unit `{}` is declared twice", unit.unit);
            return Err(Refusal::invalid("product/units", format!("/data/units/{index}/unit"), message));
        }
        if let Err(error) = unit.factor.parse::<Factor>() {
            let message = format!("the factor of `{}`: {error}", unit.unit);
            return Err(Refusal::invalid("unit/factor", format!("/data/units/{index}/factor"), message));
        }
    }
    let substitutes = product.substitutes.as_deref().unwrap_or_default();
    for (index, substitute) in substitutes.iter().enumerate() {
        if let Some(cycle) = cycle(state, &product.product, substitute) {
            let cycle = cycle.iter().map(|product| product.as_str()).collect::<Vec<_>>().join(" → ");
            let message = format!("the substitutes lead back to the product itself: {cycle}");
            return Err(Refusal::invalid("product/substitutes", format!("/data/substitutes/{index}"), message));
        }
    }
    Ok(())
}

/// A price is of some days, and nobody pays to sell.
pub(super) fn possible_price(price: &PriceUpserted) -> Result<(), Refusal> {
    if price.unit_price.decimal().is_sign_negative() && !price.unit_price.decimal().is_zero() {
        let message = format!("a price of {} is below nothing", price.unit_price);
        return Err(Refusal::invalid("price/amount", "/data/unitPrice", message));
    }
    match price.valid_until.filter(|until| *until <= price.valid_from) {
        Some(until) => {
            let message = format!("it ends on {until}, and begins on {} only", price.valid_from);
            Err(Refusal::invalid("price/dates", "/data/validUntil", message))
        }
        None => Ok(()),
    }
}

/// More than all that was ordered is no tolerance.
pub(super) fn possible_supplier(supplier: &SupplierUpserted) -> Result<(), Refusal> {
    match supplier.receipt_tolerance_percent.filter(|percent| *percent > Quantity::units(100)) {
        Some(percent) => {
            let message = format!("{percent} % above what was ordered is no tolerance");
            Err(Refusal::invalid("supplier/tolerance", "/data/receiptTolerancePercent", message))
        }
        None => Ok(()),
    }
}

/// The way from a product over a substitute back to itself, if there is one.
fn cycle<'a>(state: &'a State, product: &'a ProductId, substitute: &'a ProductId) -> Option<Vec<&'a ProductId>> {
    let mut seen = BTreeSet::new();
    let mut ways = vec![vec![product, substitute]];
    while let Some(way) = ways.pop() {
        let last = *way.last()?;
        if last == product {
            return Some(way);
        }
        if seen.insert(last) {
            for next in state.master.substitutes(last) {
                ways.push(way.iter().copied().chain([next]).collect());
            }
        }
    }
    None
}

/// A new version says what it changed; one that is older than what is known changes nothing (I8).
pub(super) fn changed<T: Record + Serialize>(
    ask: &Ask<'_>,
    (object, key): (&str, String),
    record: &T,
    versions: Option<&Versions<T>>,
) -> Vec<Draft> {
    let system: &SystemId = &ask.entry.meta.system;
    let known = versions.map_or(&[][..], |versions| versions.of(system));
    if known.last().is_some_and(|newest| newest.record.version() > record.version()) {
        return Vec::new();
    }
    let previous = known.iter().rev().map(|version| &version.record).find(|old| old.version() < record.version());
    let changes = differences(previous.map(fields).unwrap_or_default(), fields(record));
    if changes.is_empty() {
        return Vec::new();
    }
    let event = MasterChanged {
        object: object.to_owned(),
        key,
        system: system.clone(),
        version: record.version(),
        previous: previous.map(Record::version),
        valid_from: record.valid_from(),
        changes,
    };
    vec![HubEvent::MasterChanged(event).into()]
}

fn fields<T: Serialize>(record: &T) -> Map<String, Value> {
    match serde_json::to_value(record) {
        Ok(Value::Object(map)) => map,
        _ => Map::new(),
    }
}

fn differences(mut old: Map<String, Value>, new: Map<String, Value>) -> Vec<FieldChange> {
    let mut changes = Vec::new();
    for (field, new) in new {
        let old = old.remove(&field);
        if !NAMES_OF_A_VERSION.contains(&field.as_str()) && old.as_ref() != Some(&new) {
            changes.push(FieldChange { field, old, new: Some(new) });
        }
    }
    let gone = old.into_iter().filter(|(field, _)| !NAMES_OF_A_VERSION.contains(&field.as_str()));
    changes.extend(gone.map(|(field, old)| FieldChange { field, old: Some(old), new: None }));
    changes
}
