//! What came of it: of a whole run, and of one expectation.
//! Here: the verdicts, their exit codes and their words. Not here: how they look (`terminal`, `html` …).
//! Invariant: a false expectation (1), a run that could not happen (2) and not knowing (3) are never the same.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What came of a whole run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// All holds.
    Pass,
    /// An expectation, a contract or a service level is false.
    Fail,
    /// It could not run.
    Error,
    /// It ran and cannot tell.
    Unknown,
}

impl Verdict {
    /// The exit code of the process: 0, 1, 2 or 3.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Pass => 0,
            Self::Fail => 1,
            Self::Error => 2,
            Self::Unknown => 3,
        }
    }

    /// The word in JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Error => "error",
            Self::Unknown => "unknown",
        }
    }

    /// The sign people read at a glance; never the only thing that tells.
    pub(crate) fn sign(self) -> &'static str {
        match self {
            Self::Pass => "✓",
            Self::Fail => "✗",
            Self::Error => "!",
            Self::Unknown => "?",
        }
    }

    /// The one that counts when two runs are taken together: a false expectation is never hidden by anything.
    #[must_use]
    pub fn worse(self, other: Self) -> Self {
        let rank = |verdict| match verdict {
            Self::Pass => 0,
            Self::Unknown => 1,
            Self::Error => 2,
            Self::Fail => 3,
        };
        if rank(other) > rank(self) { other } else { self }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// What came of one expectation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ResultVerdict {
    /// It holds.
    Pass,
    /// It is false.
    Fail,
    /// It could not be judged.
    Error,
    /// It was not judged, on purpose.
    Skipped,
}

impl ResultVerdict {
    /// The word in JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Error => "error",
            Self::Skipped => "skipped",
        }
    }

    /// The sign people read at a glance.
    pub(crate) fn sign(self) -> &'static str {
        match self {
            Self::Pass => "✓",
            Self::Fail => "✗",
            Self::Error => "!",
            Self::Skipped => "–",
        }
    }

    /// Whether somebody has to look at it.
    pub fn needs_attention(self) -> bool {
        matches!(self, Self::Fail | Self::Error)
    }

    /// Failures first, then errors, skipped, passed.
    pub(crate) fn rank(self) -> u8 {
        match self {
            Self::Fail => 0,
            Self::Error => 1,
            Self::Skipped => 2,
            Self::Pass => 3,
        }
    }
}

/// How many of each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Hold.
    pub passed: usize,
    /// Are false.
    pub failed: usize,
    /// Could not be judged.
    pub errors: usize,
    /// Were not judged.
    pub skipped: usize,
}

impl Summary {
    /// Counts one more.
    pub fn add(&mut self, verdict: ResultVerdict) {
        match verdict {
            ResultVerdict::Pass => self.passed += 1,
            ResultVerdict::Fail => self.failed += 1,
            ResultVerdict::Error => self.errors += 1,
            ResultVerdict::Skipped => self.skipped += 1,
        }
    }

    /// The verdict of a run with these: one false expectation makes it false, whatever else went wrong.
    pub fn verdict(self) -> Verdict {
        match self {
            Self { failed: 1.., .. } => Verdict::Fail,
            Self { errors: 1.., .. } => Verdict::Error,
            _ => Verdict::Pass,
        }
    }

    /// All of them.
    pub fn total(self) -> usize {
        self.passed + self.failed + self.errors + self.skipped
    }
}
