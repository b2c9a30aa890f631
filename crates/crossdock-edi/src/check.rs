//! One file judged as a whole: read, checked against guides, answered.
//! Here: the order of these three. Not here: what each of them does.

use jiff::Timestamp;

use crate::ack::{AckNumbers, Acks, acknowledge};
use crate::error::{Code, EdiError, SetCode};
use crate::guide::{Guide, base};
use crate::read::read;
use crate::strictness::Strictness;
use crate::tree::File;

/// What the sets of a file are checked against.
#[derive(Clone, Copy, Debug)]
pub enum GuideChoice<'g> {
    /// The standard only: envelope, control totals, hierarchy, and each set's mandatory segments.
    Base,
    /// These guides (and the base). A set that none of them is for is refused as not supported.
    Guides(&'g [Guide]),
}

/// The judgement of one file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CheckResult {
    /// What refuses the file or a part of it, in the order of the file.
    pub errors: Vec<EdiError>,
    /// What is tolerated, in the order of the file.
    pub warnings: Vec<EdiError>,
    /// What the sender is owed.
    pub acks: Acks,
}

impl CheckResult {
    /// Is everything in the file accepted?
    pub fn holds(&self) -> bool {
        self.errors.is_empty()
    }
}

/// Reads a file, checks it and answers it. The answer carries control number 1 and the epoch as its time: it is for showing, not for sending.
pub fn check(bytes: &[u8], guides: GuideChoice<'_>, strictness: &Strictness) -> CheckResult {
    let mut file = read(bytes, strictness);
    apply_guides(&mut file, guides, strictness);
    let acks = acknowledge(&file, &AckNumbers { interchange_control: 1, at: Timestamp::UNIX_EPOCH });
    CheckResult {
        errors: file.errors().into_iter().cloned().collect(),
        warnings: file.warnings().into_iter().cloned().collect(),
        acks,
    }
}

/// Checks every set of a file and adds what is wrong to its findings.
pub fn apply_guides(file: &mut File<'_>, guides: GuideChoice<'_>, strictness: &Strictness) {
    let sets = file.interchanges.iter_mut().flat_map(|i| &mut i.groups).flat_map(|group| &mut group.sets);
    for set in sets {
        let mut findings = base::check(set, strictness);
        if let GuideChoice::Guides(guides) = guides {
            if let Some(guide) = guides.iter().find(|guide| guide.set == set.id()) {
                findings.extend(guide.check(set, strictness.limits.max_findings));
            } else {
                let message = format!("there is no guide for set {}", set.id());
                findings.push(EdiError::refused(Code::Set(SetCode::Unsupported), set.place(0, Some(1)), message));
            }
        }
        // The base and a guide can find the same segment missing: once is enough.
        for finding in findings {
            let known = set.findings.iter().any(|other| other.code == finding.code && other.place == finding.place);
            if !known {
                set.findings.push(finding);
            }
        }
    }
}
