//! Business keys: what makes a fact the same fact, whoever carries it and however often.
//! Rule: docs/concepts/domain.md, "Procure to receive" (keys that stay unique for ever) and "Delivery rules".

use std::fmt;

use serde::{Deserialize, Serialize};

/// What kind of thing a key names. The names are those in the ledger's key index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyKind {
    /// (source, CloudEvent id): may expire, after at least seven days.
    Transport,
    /// (channel, order id): for ever.
    Order,
    /// (WMS, movement id): for ever.
    Movement,
    /// (planning system, recommendation id): for ever.
    Recommendation,
    /// (supplier, ship notice number and order): for ever. One notice may carry goods of several orders.
    ShipNotice,
    /// (supplier, invoice number): for ever.
    Invoice,
    /// (ERP, purchase order and number of the change): for ever.
    PoChange,
    /// (channel or payment system, payment id and its status): for ever.
    Payment,
    /// (system, record and its version): for ever.
    MasterVersion,
}

impl KeyKind {
    /// The name in the key index.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Transport => "transport",
            Self::Order => "order",
            Self::Movement => "movement",
            Self::Recommendation => "recommendation",
            Self::ShipNotice => "ship_notice",
            Self::Invoice => "invoice",
            Self::PoChange => "po_change",
            Self::Payment => "payment",
            Self::MasterVersion => "master_version",
        }
    }
}

/// One key of a fact: its kind, whose it is, and the text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct BusinessKey {
    /// What it names.
    pub kind: KeyKind,
    /// The system that made the number.
    pub owner: String,
    /// The number.
    pub key: String,
}

impl BusinessKey {
    /// A key of `kind`.
    pub fn new(kind: KeyKind, owner: impl Into<String>, key: impl Into<String>) -> Self {
        Self { kind, owner: owner.into(), key: key.into() }
    }
}

impl fmt::Display for BusinessKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} of {}", self.kind.as_str(), self.key, self.owner)
    }
}

/// A fingerprint of a fact's content: equal content, equal digest. SHA-256 of its canonical JSON, made by whoever admits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(pub [u8; 32]);

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}
