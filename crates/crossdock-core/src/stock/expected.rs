//! Receipts that are expected, and what may be promised for a date because of them.
//! Rule: docs/concepts/domain.md 3.10. Here: what is expected of each purchase order line, and when. Not here: where the dates come
//! from: after each event of a purchase order `apply/expected.rs` says anew what is expected of its lines.
//! Invariant: of a purchase order line, only what was said last is expected.

use std::collections::BTreeMap;

use crossdock_model::{FacilityId, LineNumber, PoNumber, ProductId, Quantity};
use jiff::civil::Date;

use super::PositionKey;

/// A part of a purchase order line that is to be received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpectedReceipt {
    /// What.
    pub product: ProductId,
    /// Where.
    pub facility: FacilityId,
    /// Of which purchase order.
    pub po_number: PoNumber,
    /// Of which line of it.
    pub line: LineNumber,
    /// How much, in base units.
    pub quantity: Quantity,
    /// When. What nobody gave a date for is not expected: it would be promised for any date.
    pub date: Date,
}

/// The open parts of each purchase order line.
type Parts = BTreeMap<(PoNumber, LineNumber), Vec<(Date, Quantity)>>;

/// All expected receipts, by where they are expected.
#[derive(Clone, Debug, Default)]
pub(crate) struct Expected {
    by_place: BTreeMap<PositionKey, Parts>,
}

impl Expected {
    /// Says what is expected of a purchase order line from now on: `parts` takes the place of all that was expected of it.
    ///
    /// Call it with all open parts of the line after each event that changes them: sent (the ordered date, if there is one),
    /// 855 (its date), ship notice (its expected time, by shipment), a carrier's estimate, a receipt (what is left), and with
    /// nothing when the line is received, cancelled or closed.
    pub(crate) fn set(
        &mut self,
        (product, facility): (&ProductId, &FacilityId),
        (po, line): (&PoNumber, LineNumber),
        parts: impl IntoIterator<Item = (Date, Quantity)>,
    ) {
        let parts: Vec<_> = parts.into_iter().filter(|(_, quantity)| !quantity.is_zero()).collect();
        let place = (product.clone(), facility.clone());
        if !parts.is_empty() {
            self.by_place.entry(place).or_default().insert((po.clone(), line), parts);
        } else if let Some(lines) = self.by_place.get_mut(&place) {
            lines.remove(&(po.clone(), line));
            if lines.is_empty() {
                self.by_place.remove(&place);
            }
        }
    }

    /// What is expected at a place, by purchase order and line.
    pub(crate) fn at(&self, product: &ProductId, facility: &FacilityId) -> impl Iterator<Item = ExpectedReceipt> {
        let place = (product.clone(), facility.clone());
        let lines = self.by_place.get(&place).into_iter().flatten();
        lines.flat_map(move |((po_number, line), parts)| {
            let place = place.clone();
            parts.iter().map(move |(date, quantity)| ExpectedReceipt {
                product: place.0.clone(),
                facility: place.1.clone(),
                po_number: po_number.clone(),
                line: *line,
                quantity: *quantity,
                date: *date,
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Expected;
    use crossdock_model::Quantity;
    use jiff::civil::date;

    #[test]
    fn of_a_line_only_what_was_said_last_is_expected() {
        let (product, facility, po) = ("P-1".parse().unwrap(), "DC-EAST".parse().unwrap(), "45".parse().unwrap());
        let mut expected = Expected::default();
        let units = Quantity::units;
        let both = [(date(2026, 3, 2), units(4)), (date(2026, 3, 9), units(6))];
        expected.set((&product, &facility), (&po, 1), both);
        expected.set((&product, &facility), (&po, 2), [(date(2026, 3, 2), units(1)), (date(2026, 3, 3), units(0))]);
        expected.set((&product, &facility), (&po, 1), [(date(2026, 3, 5), units(10))]);
        let found: Vec<_> = expected.at(&product, &facility).map(|e| (e.line, e.date.day(), e.quantity)).collect();
        assert_eq!(found, [(1, 5, units(10)), (2, 2, units(1))]);
        expected.set((&product, &facility), (&po, 1), []);
        expected.set((&product, &facility), (&po, 2), []);
        assert_eq!(expected.at(&product, &facility).count(), 0);
    }
}
