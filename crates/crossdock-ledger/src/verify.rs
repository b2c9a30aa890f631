//! What can be wrong with a kept log, and the walk that finds it.
//! Here: the check of one record after another, shared by all stores. Not here: reading the rows.

use std::fmt;

use crate::chain::{self, Hash, Link};
use crate::{BusinessKey, Seq};

/// What `verify` found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verification {
    /// How many records were read.
    pub records: u64,
    /// The head that the ledger declares.
    pub head: Seq,
    /// Every defect, by sequence number. Empty: the log is what was written.
    pub defects: Vec<Defect>,
}

impl Verification {
    /// Whether nothing was found.
    pub fn is_intact(&self) -> bool {
        self.defects.is_empty()
    }
}

/// One defect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Defect {
    /// The record it concerns.
    pub seq: Seq,
    /// What is wrong with it.
    pub problem: Problem,
}

/// What is wrong with a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// It is not there, though a later one, or the declared head, says it was.
    Removed,
    /// Its bytes are not those that were appended.
    Altered,
    /// It, or its hashes, cannot be read as what they should be.
    Torn(String),
    /// Its bytes and checksum agree, but not with the chain: it was replaced, or moved.
    Replaced,
    /// A readable column says something else than the record.
    ColumnDiffers(&'static str),
    /// Its business keys are not those that were written with it.
    KeysAltered,
    /// It stands behind the declared head: it was not appended by a ledger.
    BeyondHead,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Removed => f.write_str("removed"),
            Self::Altered => f.write_str("altered: its bytes do not match its checksum"),
            Self::Torn(why) => write!(f, "torn: {why}"),
            Self::Replaced => f.write_str("replaced: its checksum does not fit the chain"),
            Self::ColumnDiffers(column) => {
                write!(f, "altered: column `{column}` differs from the record")
            }
            Self::KeysAltered => f.write_str("altered: its business keys are not those written with it"),
            Self::BeyondHead => f.write_str("stands behind the ledger's head: not appended by a ledger"),
        }
    }
}

/// Walks records in order and keeps the chain between them.
pub(crate) struct Walk {
    next: Seq,
    previous: Hash,
}

impl Walk {
    /// A walk that starts behind a record with this chain value.
    pub(crate) fn after(seq: Seq, chain: Hash) -> Self {
        Self { next: seq + 1, previous: chain }
    }

    /// Checks the next record and goes on behind it, whatever was found: one altered record is one defect, not all after it.
    pub(crate) fn step(&mut self, seq: Seq, event: &[u8], link: &Link, defects: &mut Vec<Defect>) {
        let gap = seq > self.next;
        for missing in self.next..seq {
            defects.push(Defect { seq: missing, problem: Problem::Removed });
        }
        if chain::checksum(event) != link.checksum {
            defects.push(Defect { seq, problem: Problem::Altered });
        } else if !gap && chain::link(&self.previous, seq, &link.checksum, &link.keys_checksum) != link.chain {
            // Behind a gap the chain cannot be followed; the gap is the defect.
            defects.push(Defect { seq, problem: Problem::Replaced });
        }
        self.next = seq + 1;
        self.previous = link.chain;
    }

    /// Ends at the declared head: what is missing before it was cut off.
    pub(crate) fn finish(&self, head: Seq, defects: &mut Vec<Defect>) {
        for missing in self.next..=head {
            defects.push(Defect { seq: missing, problem: Problem::Removed });
        }
    }
}

/// Checks the keys of one record.
pub(crate) fn check_keys(seq: Seq, keys: &[BusinessKey], link: &Link, defects: &mut Vec<Defect>) {
    if chain::keys_checksum(keys) != link.keys_checksum {
        defects.push(Defect { seq, problem: Problem::KeysAltered });
    }
}
