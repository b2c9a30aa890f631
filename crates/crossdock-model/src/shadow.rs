//! A migration before its date: what the next owner says, compared with what the owner says, without effect.
//! Rule: docs/concepts/domain.md 2.3.3.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::{Balance, FacilityId, ProductId, SystemId, Timestamp};

/// Who said it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShadowSide {
    /// The owner: it has its effect.
    Owner,
    /// The one that is to own it: it has none.
    Shadow,
}

impl ShadowSide {
    /// The other one.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Owner => Self::Shadow,
            Self::Shadow => Self::Owner,
        }
    }
}

/// What two systems have to say alike, whatever numbers they give it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ShadowMove {
    /// What moved.
    pub product: ProductId,
    /// Where.
    pub facility: FacilityId,
    /// How: `shipped`, `adjusted` …
    pub kind: String,
    /// How much, in base units.
    pub quantity: Balance,
}

/// `shadow.noted.v1`: one side said something that the other has to say too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ShadowNoted {
    /// The object and group that move to another owner: `movement/stock-movement`.
    pub group: String,
    /// Who said it.
    pub side: ShadowSide,
    /// The system.
    pub system: SystemId,
    /// Its message.
    pub id: String,
    /// When it happened, by its clock.
    pub at: Timestamp,
    /// The other side's word is of the same movement from here …
    pub not_before: Timestamp,
    /// … to here.
    pub not_after: Timestamp,
    /// Until when the other side's word is waited for, by the hub's clock.
    pub until: Timestamp,
    /// What it said.
    pub moves: Vec<ShadowMove>,
}

/// How two words differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShadowOutcome {
    /// Both said it, with other quantities.
    Different,
    /// The owner said it, and the next owner did not.
    Missing,
    /// The next owner said it, and the owner did not.
    Unexpected,
}

/// One side's word, where it is noted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ShadowPlace {
    /// The place in the ledger of its note.
    pub noted: u64,
    /// Which of the moves there, from 0.
    pub index: usize,
    /// The system.
    pub system: SystemId,
    /// Its message.
    pub id: String,
    /// How much it said.
    pub quantity: Balance,
}

/// `shadow.differed.v1`: the window is over, and the two sides did not say the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ShadowDiffered {
    /// The object and group.
    pub group: String,
    /// The day of the movement, UTC.
    pub day: Date,
    /// How they differ.
    pub outcome: ShadowOutcome,
    /// What moved.
    pub product: ProductId,
    /// Where.
    pub facility: FacilityId,
    /// How.
    pub kind: String,
    /// The owner's word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<ShadowPlace>,
    /// The next owner's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shadow: Option<ShadowPlace>,
}
