//! What a facility says of its stock, at random: conditions, counts, transfers, snapshots, lots; late, and with numbers that are skipped
//! and come afterwards.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::world::wms;

const PRODUCTS: [&str; 3] = ["P-1", "P-2", "P-3"];

/// One thing that a facility says.
#[derive(Clone, Debug)]
pub(super) struct Stocking {
    kind: u8,
    east: bool,
    product: u8,
    lot: Option<u8>,
    quantity: u8,
    /// So many seconds ago, by the facility's clock.
    pub(super) ago: u8,
    /// Of a facility with numbers: which.
    pub(super) number: Number,
}

/// How a facility numbers what it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Number {
    Next,
    /// One is left out.
    Skips,
    /// One that was left out.
    Late,
    /// The last one again.
    Again,
}

pub(super) fn stocking() -> impl Strategy<Value = Stocking> {
    let number = prop_oneof![
        8 => Just(Number::Next),
        2 => Just(Number::Skips),
        3 => Just(Number::Late),
        1 => Just(Number::Again),
    ];
    let lot = prop_oneof![2 => Just(None), 1 => (0..2_u8).prop_map(Some)];
    (0..9_u8, any::<bool>(), 0..3_u8, lot, 0..8_u8, prop_oneof![Just(0_u8), 0..90_u8], number).prop_map(
        |(kind, east, product, lot, quantity, ago, number)| Stocking {
            kind,
            east,
            product,
            lot,
            quantity,
            ago,
            number,
        },
    )
}

impl Stocking {
    pub(super) fn facility(&self) -> &'static str {
        if self.east { "DC-EAST" } else { "DC-WEST" }
    }

    /// The sender, type and data. `id` is a number of its own.
    pub(super) fn message(&self, id: u64, now: &str) -> (&'static str, &'static str, Value) {
        let (facility, other) = (self.facility(), if self.east { "DC-WEST" } else { "DC-EAST" });
        let (product, quantity) = (PRODUCTS[usize::from(self.product)], self.quantity.to_string());
        let lot = self.lot.map(|lot| format!("L-{lot}"));
        let mut one = json!({
            "movementId": format!("ST-{id}"), "facility": facility, "product": product, "quantity": quantity, "unit": "EA",
        });
        if let Some(lot) = &lot {
            one["lot"] = lot.as_str().into();
        }
        let leg = json!({
            "movementId": format!("ST-{id}"), "facility": facility, "transferId": format!("TR-{}", self.quantity % 3),
            "counterpart": other, "lines": [{ "product": product, "quantity": quantity, "unit": "EA" }],
        });
        let (event_type, data) = match self.kind {
            0 => ("movement.quarantined.v1", one),
            1 => ("movement.released.v1", one),
            2 => ("movement.damaged.v1", one),
            3 => ("movement.scrapped.v1", one),
            4 => ("movement.counted.v1", one),
            5 => ("movement.transferred_out.v1", leg),
            6 => ("movement.transferred_in.v1", leg),
            7 => {
                let mut line = json!({ "product": product, "onHand": quantity, "unit": "EA" });
                if let Some(lot) = &lot {
                    line["lot"] = lot.as_str().into();
                }
                let data =
                    json!({ "snapshotId": format!("ST-{id}"), "facility": facility, "asOf": now, "lines": [line] });
                ("stock.snapshot.v1", data)
            }
            _ => {
                one["reason"] = if self.quantity.is_multiple_of(2) { "cycle_count" } else { "W7" }.into();
                ("movement.adjusted.v1", one)
            }
        };
        (wms(facility), event_type, data)
    }
}
