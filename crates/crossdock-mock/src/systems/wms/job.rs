//! What a warehouse does for one order: what it has reserved, and the waves in which it was told to ship.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::systems::Context;

/// A line of an order, as the hub sends it.
#[expect(clippy::struct_field_names, reason = "`lineNumber` is its name on the wire")]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Line {
    pub(super) line_number: u64,
    pub(super) product: String,
    pub(super) quantity: Decimal,
    pub(super) unit: String,
}

/// One release: lines that go out together.
#[derive(Clone, Debug)]
pub(super) struct Wave {
    pub(super) lines: Vec<Line>,
    pub(super) status: &'static str,
}

impl Wave {
    pub(super) fn new(lines: Vec<Line>) -> Self {
        Self { lines, status: "released" }
    }
}

/// Everything about one order.
#[derive(Clone, Debug, Default)]
pub(super) struct Job {
    lines: Vec<Line>,
    cancelled: bool,
    pub(super) waves: Vec<Wave>,
    pub(super) shipments: Vec<Value>,
    pub(super) ship_to: Value,
    pub(super) context: Context,
}

impl Job {
    /// Adds reserved lines. An order may come again: what was backordered is allocated later.
    pub(super) fn reserve(&mut self, lines: Vec<Line>, context: Context) {
        if lines.is_empty() {
            return;
        }
        self.cancelled = false;
        self.context = context;
        for line in lines {
            match self.lines.iter_mut().find(|known| same(known, &line)) {
                Some(known) => known.quantity += line.quantity,
                None => self.lines.push(line),
            }
        }
    }

    /// What of `lines` is not reserved for a release yet.
    pub(super) fn not_reserved(&self, lines: &[Line]) -> Vec<Line> {
        let missing = |line: &Line| {
            let reserved: Decimal =
                self.lines.iter().filter(|known| same(known, line)).map(|known| known.quantity).sum();
            let released: Decimal =
                self.released_lines().filter(|known| same(known, line)).map(|known| known.quantity).sum();
            let missing = line.quantity - (reserved - released).max(Decimal::ZERO);
            (missing > Decimal::ZERO).then(|| Line { quantity: missing, ..line.clone() })
        };
        lines.iter().filter_map(missing).collect()
    }

    fn released_lines(&self) -> impl Iterator<Item = &Line> {
        self.waves.iter().filter(|wave| wave.status != "cancelled").flat_map(|wave| &wave.lines)
    }

    /// Cancels what has not shipped and returns what that frees.
    pub(super) fn cancel(&mut self) -> Vec<Line> {
        let mut freed = self.lines.clone();
        for wave in &mut self.waves {
            if wave.status == "shipped" {
                take_off(&mut freed, &wave.lines);
            } else {
                wave.status = "cancelled";
            }
        }
        take_off(&mut self.lines, &freed);
        self.lines.retain(|line| line.quantity > Decimal::ZERO);
        self.cancelled = true;
        freed
    }

    /// Gives parts of lines back, and returns what that frees; `None`, where some of it has shipped or was released (and only what
    /// is not may be given back). All of it or nothing.
    pub(super) fn cancel_part(&mut self, lines: &[Line], released: bool) -> Option<Vec<Line>> {
        for line in lines {
            let reserved: Decimal = self.lines.iter().filter(|l| same(l, line)).map(|l| l.quantity).sum();
            let gone = self
                .waves
                .iter()
                .filter(|wave| if released { wave.status == "shipped" } else { wave.status != "cancelled" });
            let gone: Decimal = gone.flat_map(|wave| &wave.lines).filter(|l| same(l, line)).map(|l| l.quantity).sum();
            if reserved - gone < line.quantity {
                return None;
            }
        }
        for line in lines {
            let mut left = if released { line.quantity } else { Decimal::ZERO };
            let waves =
                self.waves.iter_mut().rev().filter(|wave| wave.status != "shipped" && wave.status != "cancelled");
            for told in waves.flat_map(|wave| &mut wave.lines).filter(|l| same(l, line)) {
                let taken = told.quantity.min(left);
                told.quantity -= taken;
                left -= taken;
            }
        }
        for wave in &mut self.waves {
            wave.lines.retain(|line| line.quantity > Decimal::ZERO);
            if wave.lines.is_empty() {
                wave.status = "cancelled";
            }
        }
        take_off(&mut self.lines, lines);
        self.lines.retain(|line| line.quantity > Decimal::ZERO);
        self.cancelled = self.lines.is_empty();
        Some(lines.to_vec())
    }

    /// The status of the allocation.
    pub(super) fn status(&self) -> &'static str {
        let live = || self.waves.iter().filter(|wave| wave.status != "cancelled");
        if live().next().is_some() && live().all(|wave| wave.status == "shipped") && self.open().is_empty() {
            "shipped"
        } else if self.cancelled {
            "cancelled"
        } else if live().next().is_some() {
            "released"
        } else {
            "allocated"
        }
    }

    /// Reserved and not released.
    fn open(&self) -> Vec<&Line> {
        let released = |line: &Line| -> Decimal {
            self.released_lines().filter(|known| same(known, line)).map(|known| known.quantity).sum()
        };
        self.lines.iter().filter(|line| line.quantity > released(line)).collect()
    }

    pub(super) fn allocation(&self, order: &str, facility: &str) -> Value {
        json!({ "orderId": order, "facility": facility, "status": self.status(), "lines": self.lines })
    }

    pub(super) fn release(&self, order: &str, facility: &str) -> Value {
        const ORDER: [&str; 4] = ["released", "picked", "packed", "shipped"];
        let behind = |wave: &&Wave| ORDER.iter().position(|status| *status == wave.status);
        let slowest = self.waves.iter().filter(|wave| wave.status != "cancelled").min_by_key(behind);
        json!({
            "orderId": order,
            "facility": facility,
            "status": slowest.map_or("cancelled", |wave| wave.status),
            "shipments": self.shipments,
        })
    }
}

/// Takes the quantities of `off` off the same lines of `lines`.
fn take_off(lines: &mut [Line], off: &[Line]) {
    for line in lines {
        let quantity: Decimal = off.iter().filter(|other| same(other, line)).map(|other| other.quantity).sum();
        line.quantity -= quantity;
    }
}

fn same(one: &Line, other: &Line) -> bool {
    one.line_number == other.line_number && one.product == other.product
}
