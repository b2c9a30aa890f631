//! How much of what real senders get wrong is tolerated, and the limits of what is read at all.
//! Here: one rule for each tolerable habit, declared per partner. Not here: errors that change the meaning; those are never tolerated.
//! Invariant: whatever is tolerated leaves a warning with its place.

use serde::{Deserialize, Serialize};

use crate::error::Severity;

/// What happens on a tolerable deviation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Rule {
    /// It refuses the part of the file that it stands in.
    #[default]
    Refuse,
    /// It is noted as a warning.
    Warn,
}

impl Rule {
    pub(crate) fn severity(self) -> Severity {
        match self {
            Self::Refuse => Severity::Refused,
            Self::Warn => Severity::Tolerated,
        }
    }
}

/// The strictness towards one partner: a rule for each habit that real senders have.
///
/// Line breaks after segment terminators need no rule: they are always allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Strictness {
    /// ISA elements that are not padded to their fixed width.
    pub isa_padding: Rule,
    /// ISA elements with an unusual value (date, time, acknowledgement indicator, a repetition separator in an old version).
    pub isa_values: Rule,
    /// A byte order mark, indented segments, blank segments, line breaks inside a segment.
    pub whitespace: Rule,
    /// Bytes that are not UTF-8 (read as ISO 8859-1).
    pub encoding: Rule,
    /// A last segment without its terminator.
    pub final_terminator: Rule,
    /// Control numbers of an unusual form: equal as numbers but not as text (`0001` and `1`), shorter than four characters in ST02, with letters
    /// in GS06.
    pub control_numbers: Rule,
    /// A control total (CTT01) that is not what was counted.
    pub control_totals: Rule,
    /// Hierarchical ids (HL01) that occur twice.
    pub hierarchy_ids: Rule,
    /// Bounds on what is read.
    pub limits: Limits,
}

impl Strictness {
    /// Everything to the letter.
    pub fn strict() -> Self {
        Self::all(Rule::Refuse)
    }

    /// What real senders get wrong without changing the meaning is a warning.
    pub fn tolerant() -> Self {
        Self::all(Rule::Warn)
    }

    fn all(rule: Rule) -> Self {
        Self {
            isa_padding: rule,
            isa_values: rule,
            whitespace: rule,
            encoding: rule,
            final_terminator: rule,
            control_numbers: rule,
            control_totals: rule,
            hierarchy_ids: rule,
            limits: Limits::default(),
        }
    }
}

impl Default for Strictness {
    fn default() -> Self {
        Self::strict()
    }
}

/// Bounds on one file. What is above is refused by name, never read in part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Limits {
    /// Bytes of the file.
    pub max_bytes: usize,
    /// Segments in the file.
    pub max_segments: usize,
    /// Elements in one segment.
    pub max_elements: usize,
    /// Bytes of one element.
    pub max_element_bytes: usize,
    /// Guide errors that are reported for one set; checking it ends there.
    pub max_findings: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_bytes: 16 * 1024 * 1024,
            max_segments: 500_000,
            max_elements: 256,
            max_element_bytes: 32 * 1024,
            max_findings: 1_000,
        }
    }
}
