//! The places of a fact at which a quantity has a unit, and the same fact in base units.
//! Rule: docs/concepts/domain.md 6.2. Not here: which factors a fact is made with (the core decides that on arrival).

use std::sync::Arc;

use crate::{
    Amount, Balance, Fact, MovementLine, MovementShipped, ProductId, Quantity, SnapshotLine, Unit, UnitFactor,
    ValuedLine,
};

/// A quantity with its unit, at a place of a fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Measured<'a> {
    /// The line in the fact, from 0; `None` where the fact has no lines.
    pub line: Option<usize>,
    /// The product.
    pub product: &'a ProductId,
    /// The unit that is said.
    pub unit: &'a Unit,
}

/// Why a fact cannot be said in base units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotExact {
    /// A quantity would have more digits than quantities have, or be too large.
    Quantity,
    /// A price per base unit is no exact decimal.
    Price,
}

/// The total of a shipment has no unit of its own. It counts as the lines do that it sums, or that all have one unit; else nobody knows
/// what it counts, and it is left out.
fn total_in_base_units(said: &MovementShipped, counted: &MovementShipped, factors: &[UnitFactor]) -> Option<Quantity> {
    let total = said.total?;
    let sum = |movement: &MovementShipped| movement.lines.iter().map(|line| line.quantity).sum::<Quantity>();
    if total == sum(said) {
        return Some(sum(counted));
    }
    let used = |line: &MovementLine| {
        let used = factors.iter().find(|used| used.product == line.product && used.unit == line.unit);
        used.map(|used| &used.factor)
    };
    let first = said.lines.first().and_then(used)?;
    let same = said.lines.iter().all(|line| used(line) == Some(first));
    if same { first.quantity(total) } else { None }
}

/// What stands at such a place, to be changed.
struct Place<'a> {
    product: &'a ProductId,
    unit: &'a mut Unit,
    quantities: [Option<&'a mut Quantity>; 3],
    balance: Option<&'a mut Balance>,
    price: Option<&'a mut Amount>,
}

impl Fact {
    /// Every quantity with its unit.
    pub fn measured(&self) -> Vec<Measured<'_>> {
        macro_rules! lines {
            ($lines:expr) => {
                $lines
                    .iter()
                    .enumerate()
                    .map(|(i, line)| Measured { line: Some(i), product: &line.product, unit: &line.unit })
                    .collect()
            };
        }
        match self {
            Self::OrderCaptured(e) => lines!(e.lines),
            Self::Picked(e) | Self::Packed(e) => lines!(e.lines),
            Self::ShortPicked(e) => lines!(e.lines),
            Self::Returned(e) => lines!(e.lines),
            Self::Shipped(e) => lines!(e.lines),
            Self::Received(e) => lines!(e.lines),
            Self::PoAcknowledged(e) => lines!(e.lines),
            Self::ShipmentNotified(e) => lines!(e.lines),
            Self::InvoiceReceived(e) => lines!(e.lines),
            Self::PoChangeRequested(e) => lines!(e.lines),
            Self::QualityInspected(e) => lines!(e.lines),
            Self::ReturnedToSupplier(e) => lines!(e.lines),
            Self::Adjusted(e) => vec![Measured { line: None, product: &e.product, unit: &e.unit }],
            Self::Counted(e) => vec![Measured { line: None, product: &e.product, unit: &e.unit }],
            Self::Quarantined(e) | Self::Released(e) | Self::Damaged(e) | Self::Scrapped(e) => {
                vec![Measured { line: None, product: &e.product, unit: &e.unit }]
            }
            Self::TransferredOut(e) | Self::TransferredIn(e) => lines!(e.lines),
            Self::Snapshot(e) => lines!(e.lines),
            Self::InventoryValued(e) => lines!(e.lines),
            Self::Recommended(e) => vec![Measured { line: None, product: &e.product, unit: &e.unit }],
            // Nothing here has a unit. A new fact is named here or above: one that is forgotten would count in the wrong unit.
            Self::OrderCancelRequested(_)
            | Self::ShipmentMilestone(_)
            | Self::FunctionalAck(_)
            | Self::PoChangeAcknowledged(_)
            | Self::ProductUpserted(_)
            | Self::PriceUpserted(_)
            | Self::CustomerUpserted(_)
            | Self::SupplierUpserted(_)
            | Self::OrderChangeRequested(_)
            | Self::OrderRefunded(_)
            | Self::OrderPayment(_)
            | Self::SyncCompleted(_) => Vec::new(),
        }
    }

    /// The same fact in base units. What `factors` does not name is in its base unit already.
    ///
    /// Of an order the money stays as it was said: its amounts are read from the order as it was captured.
    ///
    /// # Errors
    /// What cannot be said exactly, and at which of [`Fact::measured`].
    pub fn in_base_units(&self, factors: &[UnitFactor]) -> Result<Self, (usize, NotExact)> {
        let mut fact = self.clone();
        for (index, place) in fact.places().into_iter().enumerate() {
            let used = factors.iter().find(|used| used.product == *place.product && used.unit == *place.unit);
            if let Some(used) = used {
                place.convert(used).map_err(|why| (index, why))?;
            }
        }
        if let (Self::Shipped(said), Self::Shipped(counted)) = (self, &mut fact) {
            counted.total = total_in_base_units(said, counted, factors);
        }
        Ok(fact)
    }

    /// The places of [`Fact::measured`], in the same order.
    fn places(&mut self) -> Vec<Place<'_>> {
        macro_rules! lines {
            ($lines:expr, |$line:ident| $quantities:expr) => {
                lines!($lines, |$line| $quantities, None)
            };
            ($lines:expr, |$line:ident| $quantities:expr, $price:expr) => {
                $lines
                    .iter_mut()
                    .map(|$line| Place {
                        quantities: $quantities,
                        price: $price,
                        balance: None,
                        product: &$line.product,
                        unit: &mut $line.unit,
                    })
                    .collect()
            };
        }
        match self {
            Self::OrderCaptured(e) => lines!(Arc::make_mut(e).lines, |line| [Some(&mut line.quantity), None, None]),
            Self::Picked(e) | Self::Packed(e) => lines!(e.lines, |line| [Some(&mut line.quantity), None, None]),
            Self::Returned(e) => lines!(e.lines, |line| [Some(&mut line.quantity), None, None]),
            Self::ShortPicked(e) => lines!(e.lines, |line| [Some(&mut line.quantity), None, None]),
            Self::Shipped(e) => {
                lines!(e.lines, |line| [Some(&mut line.quantity), line.ordered.as_mut(), line.difference.as_mut()])
            }
            Self::Received(e) => lines!(e.lines, |line| [Some(&mut line.accepted), Some(&mut line.rejected), None]),
            Self::PoAcknowledged(e) => {
                lines!(e.lines, |line| [Some(&mut line.quantity), None, None], line.unit_price.as_mut())
            }
            Self::ShipmentNotified(e) => lines!(e.lines, |line| [Some(&mut line.quantity), None, None]),
            Self::InvoiceReceived(e) => {
                lines!(e.lines, |line| [Some(&mut line.quantity), None, None], Some(&mut line.unit_price))
            }
            Self::PoChangeRequested(e) => {
                lines!(e.lines, |line| [Some(&mut line.quantity), None, None], Some(&mut line.unit_price))
            }
            Self::QualityInspected(e) => {
                lines!(e.lines, |line| [Some(&mut line.released), Some(&mut line.rejected), None])
            }
            Self::ReturnedToSupplier(e) => lines!(e.lines, |line| [Some(&mut line.quantity), None, None]),
            Self::Adjusted(e) => vec![Place {
                product: &e.product,
                unit: &mut e.unit,
                quantities: [None, None, None],
                balance: Some(&mut e.quantity),
                price: None,
            }],
            Self::Counted(e) => vec![Place {
                product: &e.product,
                unit: &mut e.unit,
                quantities: [Some(&mut e.quantity), None, None],
                balance: None,
                price: None,
            }],
            Self::Quarantined(e) | Self::Released(e) | Self::Damaged(e) | Self::Scrapped(e) => vec![Place {
                product: &e.product,
                unit: &mut e.unit,
                quantities: [Some(&mut e.quantity), None, None],
                balance: None,
                price: None,
            }],
            Self::TransferredOut(e) | Self::TransferredIn(e) => {
                lines!(e.lines, |line| [Some(&mut line.quantity), None, None])
            }
            Self::Snapshot(e) => {
                let lines = e.lines.iter_mut();
                let place = lines.map(|SnapshotLine { product, on_hand, unit, .. }| Place {
                    product,
                    unit,
                    quantities: [None, None, None],
                    balance: Some(on_hand),
                    price: None,
                });
                place.collect()
            }
            Self::InventoryValued(e) => {
                let lines = e.lines.iter_mut();
                let place = lines.map(|ValuedLine { product, quantity, unit, unit_cost, .. }| Place {
                    product,
                    unit,
                    quantities: [None, None, None],
                    balance: Some(quantity),
                    price: Some(unit_cost),
                });
                place.collect()
            }
            Self::Recommended(e) => vec![Place {
                product: &e.product,
                unit: &mut e.unit,
                quantities: [Some(&mut e.quantity), None, None],
                balance: None,
                price: Some(&mut e.unit_price),
            }],
            _ => Vec::new(),
        }
    }
}

impl Place<'_> {
    fn convert(self, used: &UnitFactor) -> Result<(), NotExact> {
        for quantity in self.quantities.into_iter().flatten() {
            *quantity = used.factor.quantity(*quantity).ok_or(NotExact::Quantity)?;
        }
        if let Some(balance) = self.balance {
            *balance = used.factor.balance(*balance).ok_or(NotExact::Quantity)?;
        }
        if let Some(price) = self.price {
            *price = used.factor.price(*price).ok_or(NotExact::Price)?;
        }
        self.unit.clone_from(&used.base);
        Ok(())
    }
}
