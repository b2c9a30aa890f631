//! Identifiers: text of somebody's choosing, checked once where it enters.
//! Here: one type a kind of id, so that an order number cannot be passed for a purchase order number.
//! Not here: which ids are unique for ever (`key`).
//! Most ids are shorter than 24 bytes and then live where they are used; a longer one is shared, not copied.
//! Invariant: a foreign id keeps every digit: it is text from end to end, whatever JSON type it arrived as.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize};
use smol_str::SmolStr;

/// The longest id accepted, in bytes. Longer ones are an attack or a defect.
const MAX_BYTES: usize = 128;

/// Why a text is no identifier.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// The text is empty.
    #[error("the {kind} is empty")]
    Empty {
        /// What the id would have named.
        kind: &'static str,
    },
    /// The text is longer than 128 bytes.
    #[error("the {kind} has {bytes} bytes; {MAX_BYTES} are the limit")]
    TooLong {
        /// What the id would have named.
        kind: &'static str,
        /// Its length.
        bytes: usize,
    },
    /// The text has a control character or a space at an end.
    #[error("the {kind} has a control character or a space at an end: {text:?}")]
    Unprintable {
        /// What the id would have named.
        kind: &'static str,
        /// The text, to be shown.
        text: String,
    },
}

fn check(kind: &'static str, text: &str) -> Result<(), IdError> {
    if text.is_empty() {
        return Err(IdError::Empty { kind });
    }
    if text.len() > MAX_BYTES {
        return Err(IdError::TooLong { kind, bytes: text.len() });
    }
    if text.chars().any(char::is_control) || text.trim() != text {
        return Err(IdError::Unprintable { kind, text: text.to_owned() });
    }
    Ok(())
}

macro_rules! text_id {
    ($($(#[$doc:meta])* $name:ident = $kind:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(transparent)]
        pub struct $name(SmolStr);

        impl $name {
            /// The text itself.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                check($kind, text)?;
                Ok(Self(SmolStr::new(text)))
            }
        }
        impl TryFrom<String> for $name {
            type Error = IdError;
            fn try_from(text: String) -> Result<Self, IdError> {
                text.parse()
            }
        }
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = SmolStr::deserialize(deserializer)?;
                check($kind, &text).map_err(serde::de::Error::custom)?;
                Ok(Self(text))
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", self.0)
            }
        }
        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }
    )*};
}

text_id! {
    /// A system that takes part: `erp`, `wms-east`, `commerce`, `supplier-acme` …
    SystemId = "system id";
    /// A facility, in the words of the WMS that runs it.
    FacilityId = "facility id";
    /// A product, in the words of the ERP.
    ProductId = "product id";
    /// An order's number at the channel that captured it. Unique per channel for ever.
    OrderId = "order id";
    /// The financial number that the ERP gave an order.
    ErpOrderNumber = "ERP order number";
    /// A purchase order's number, given by the ERP. Kept when the order is sent again.
    PoNumber = "purchase order number";
    /// A customer's number.
    CustomerId = "customer id";
    /// A recommendation's number at the planning system.
    RecommendationId = "recommendation id";
    /// An advance ship notice's number at the supplier (X12 856 BSN02).
    AsnNumber = "ship notice number";
    /// An invoice's number at the supplier (X12 810 BIG02).
    InvoiceNumber = "invoice number";
    /// An outbound shipment's number at the WMS.
    ShipmentId = "shipment id";
    /// A carrier's tracking number.
    TrackingNumber = "tracking number";
    /// A stock movement's number at the WMS that made it.
    MovementId = "movement id";
    /// A payment, in the words of whoever keeps the money.
    PaymentId = "payment id";
    /// A transfer between two facilities, by the number that both of its legs carry.
    TransferId = "transfer id";
    /// One single unit of a product.
    SerialNumber = "serial number";
    /// A lot of a product, in the words of the WMS: units made or received together.
    LotNumber = "lot number";
    /// Ties together all that one business act caused, across systems.
    CorrelationId = "correlation id";
    /// One run of a synthetic transaction.
    RunId = "run id";
    /// A unit of measure: `EA`, `CS` …
    Unit = "unit of measure";
}

impl SystemId {
    /// The hub itself.
    pub const HUB: Self = Self(SmolStr::new_static("hub"));
}

impl CorrelationId {
    /// The hub's own name of a business act that begins at a place in the ledger: the same after every restart.
    pub fn of_entry(seq: u64) -> Self {
        Self(crate::numbered(&["cor-"], seq))
    }
}

/// A line's number within its document, from 1.
pub type LineNumber = u32;
