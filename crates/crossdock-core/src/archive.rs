//! Objects that are over leave memory, and come back when something is said of them.
//! Rule: docs/concepts/domain.md, "What is over leaves memory".
//!
//! Why: memory follows open work, not history. When: [`crate::Policy::keep_closed_ms`] after an object is over, if nothing of it is
//! open. How it comes back: before an input is handled, whoever drives the partition asks it which names the input mentions that it
//! has not in memory ([`crate::Partition::missing`]), looks them up in the index on disk, and hands in what it finds
//! ([`crate::Input::Recall`]); what is archived and not durable yet the partition knows itself.
//!
//! Here: the form of an archive record, and the names by which it is found. Not here: what may go (`decide/archive.rs`), taking out
//! and putting back (`apply/archive.rs`), the index (the driver's).
//! Invariant: what is put back is what was taken out. The serialised form of the states below is kept for ever: a new field needs
//! `#[serde(default)]`; anything else is a new `FORM`, with a reader for the old one in [`Archived::read`].

pub(crate) mod missing;
pub mod names;

use std::sync::Arc;

use crossdock_model::{ArchivedKind, ObjectArchived, PoNumber, Text, TrackingNumber};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Context, ExceptionState, InvoiceState, OrderState, PoState, RecommendationState, Seq};

/// The form in which states are written.
pub(crate) const FORM: u32 = 1;

/// An archive record, as the index has it.
#[derive(Clone, Debug)]
pub struct Recall {
    /// Its place.
    pub seq: Seq,
    /// The record: the newest of its object.
    pub event: Arc<ObjectArchived>,
    /// Those of its names of which it is the newest record.
    pub names: Vec<Text>,
}

/// What is in an archive record.
#[derive(Clone, Debug)]
pub enum Archived {
    /// An order.
    Order(Box<OrderState>),
    /// A purchase order and what belongs to it.
    PurchaseOrder(Box<PoDossier>),
    /// A recommendation that became no order.
    Recommendation(Box<RecommendationState>),
    /// A decided exception.
    Exception(Box<ExceptionState>),
}

/// A purchase order with what is only there because of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PoDossier {
    /// The order.
    pub order: PoState,
    /// Its invoices, as they came.
    pub invoices: Vec<InvoiceState>,
    /// The recommendation that it was made of.
    pub recommendation: Option<RecommendationState>,
    /// Its parcels, each with all orders whose goods it carries, as they were announced.
    pub(crate) parcels: Vec<(TrackingNumber, Vec<PoNumber>)>,
}

#[cfg(test)]
impl PoDossier {
    /// Which of its parcels are its own depends on who else is in memory.
    pub(crate) fn without_parcels(mut self) -> Self {
        self.parcels.clear();
        self
    }
}

impl Archived {
    /// Reads an archive record; `None`, if it is of a form that this version does not know.
    pub fn read(kind: ArchivedKind, form: u32, state: &Value) -> Option<Self> {
        if form != FORM {
            return None;
        }
        Some(match kind {
            ArchivedKind::Order => Self::Order(read(state)?),
            ArchivedKind::PurchaseOrder => Self::PurchaseOrder(read(state)?),
            ArchivedKind::Recommendation => Self::Recommendation(read(state)?),
            ArchivedKind::Exception => Self::Exception(read(state)?),
        })
    }

    /// Its connection.
    pub fn context(&self) -> &Context {
        match self {
            Self::Order(order) => &order.context,
            Self::PurchaseOrder(dossier) => &dossier.order.context,
            Self::Recommendation(one) => &one.context,
            Self::Exception(one) => &one.context,
        }
    }
}

fn read<T: for<'de> Deserialize<'de>>(state: &Value) -> Option<Box<T>> {
    T::deserialize(state).ok().map(Box::new)
}

/// A shared document, written as the document.
pub(crate) mod shared {
    use std::sync::Arc;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(crate) fn serialize<T: Serialize, S: Serializer>(value: &Arc<T>, to: S) -> Result<S::Ok, S::Error> {
        T::serialize(value, to)
    }

    pub(crate) fn deserialize<'de, T: Deserialize<'de>, D: Deserializer<'de>>(from: D) -> Result<Arc<T>, D::Error> {
        T::deserialize(from).map(Arc::new)
    }
}
