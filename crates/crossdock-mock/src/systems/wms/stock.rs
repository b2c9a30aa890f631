//! The shelves of a facility.
//!
//! Invariants: `sellable` = `on_hand` − `quarantined` − `damaged`; `allocated` never exceeds `sellable` by a request of
//! anybody; a request is taken whole or not at all.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

use super::inbound::InboundLine;
use super::job::Line;
use crate::declaration::{Amount, WmsStock};
use crate::systems::Answer;

#[derive(Clone, Debug, Default)]
struct Rack {
    unit: String,
    on_hand: Decimal,
    quarantined: Decimal,
    damaged: Decimal,
    allocated: Decimal,
    safety_stock: Decimal,
}

impl Rack {
    fn sellable(&self) -> Decimal {
        self.on_hand - self.quarantined - self.damaged
    }
}

/// All shelves, by product.
pub(super) struct Stock(BTreeMap<String, Rack>);

impl Stock {
    pub(super) fn opening(declared: &[WmsStock]) -> Self {
        let rack = |stock: &WmsStock| Rack {
            unit: stock.unit.clone(),
            on_hand: stock.on_hand.decimal(),
            safety_stock: stock.safety_stock.map_or(Decimal::ZERO, Amount::decimal),
            ..Rack::default()
        };
        Self(declared.iter().map(|stock| (stock.product.clone(), rack(stock))).collect())
    }

    /// Reserves all lines or none.
    pub(super) fn allocate(&mut self, lines: &[Line]) -> Result<(), Answer> {
        let mut wanted: BTreeMap<&str, Decimal> = BTreeMap::new();
        for (at, line) in lines.iter().enumerate() {
            let pointer = |name: &str| format!("/lines/{at}/{name}");
            if line.quantity <= Decimal::ZERO {
                return Err(Answer::unprocessable(&pointer("quantity"), "positive", "a line needs a quantity above 0"));
            }
            let sum = wanted.entry(&line.product).or_default();
            *sum = sum.checked_add(line.quantity).ok_or_else(|| {
                Answer::unprocessable(&pointer("quantity"), "range", "the sum of the lines is out of range")
            })?;
            let rack = self.0.get(&line.product).ok_or_else(|| {
                let detail = format!("this facility has never had `{}`", line.product);
                Answer::unprocessable(&pointer("product"), "unknown-product", &detail)
            })?;
            let free = rack.sellable() - rack.allocated;
            if *sum > free {
                let detail = format!("{} of `{}` wanted, {free} to be had", *sum, line.product);
                return Err(Answer::conflict("insufficient-stock", &detail));
            }
        }
        for line in lines {
            if let Some(rack) = self.0.get_mut(&line.product) {
                rack.allocated += line.quantity;
            }
        }
        Ok(())
    }

    pub(super) fn deallocate(&mut self, line: &Line) {
        if let Some(rack) = self.0.get_mut(&line.product) {
            rack.allocated -= line.quantity;
        }
    }

    pub(super) fn ship(&mut self, line: &Line) {
        if let Some(rack) = self.0.get_mut(&line.product) {
            rack.allocated -= line.quantity;
            rack.on_hand -= line.quantity;
        }
    }

    pub(super) fn receive(&mut self, line: &InboundLine) {
        let rack = self
            .0
            .entry(line.announced.product.clone())
            .or_insert_with(|| Rack { unit: line.announced.unit.clone(), ..Rack::default() });
        rack.on_hand += line.accepted + line.rejected;
        rack.damaged += line.rejected;
    }

    pub(super) fn view(&self, product: &str) -> Option<Map<String, Value>> {
        let rack = self.0.get(product)?;
        let view = json!({
            "product": product,
            "unit": rack.unit,
            "onHand": rack.on_hand.to_string(),
            "sellable": rack.sellable().to_string(),
            "quarantined": rack.quarantined.to_string(),
            "damaged": rack.damaged.to_string(),
            "allocated": rack.allocated.to_string(),
            "available": (rack.sellable() - rack.allocated - rack.safety_stock).to_string(),
            "safetyStock": rack.safety_stock.to_string(),
        });
        view.as_object().cloned()
    }

    pub(super) fn views(&self) -> Vec<Value> {
        self.0.keys().filter_map(|product| self.view(product)).map(Value::Object).collect()
    }
}
