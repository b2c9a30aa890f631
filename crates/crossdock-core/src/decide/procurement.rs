//! Procure to receive: recommended → approved → ordered → sent → acknowledged → in transit → received → checked.
//! Rule: docs/concepts/domain.md, "Procure to receive". The match of invoices stands in `matching`.
//! Here: which step is decided where.

mod acknowledgements;
mod changes;
mod notices;
mod orders;
pub(super) mod questions;
mod receipts;
mod recommendations;
mod returns;

pub(super) use acknowledgements::{acknowledged, confirmed, variance_decided};
pub(super) use changes::{change_acknowledged, change_requested, changed, reduced};
pub(super) use notices::{in_transit, notice_undone, notified};
pub(super) use orders::{created, created_by_erp, functional_ack, sent, status};
pub(super) use receipts::{receipt_recorded, received};
pub(super) use recommendations::{approved, decided, recommended, refused};
pub(super) use returns::{inspected, quality_recorded, return_recorded, returned};
