//! What the standard asks of any set, whatever the partners agreed: mandatory segments, the control total, a sound hierarchy.
//! Not here: anything that a guide can say. Sets that are not in the table are read by their envelope alone.

use crate::error::{Code, EdiError, SegmentCode, SetCode};
use crate::hl::HlTree;
use crate::strictness::Strictness;
use crate::tree::Set;

/// What is known of a set without a guide.
struct Known {
    set: &'static str,
    /// Segments that it cannot be without.
    mandatory: &'static [&'static str],
    /// The segments that CTT01 counts.
    counted: Option<&'static str>,
}

const fn known(set: &'static str, mandatory: &'static [&'static str], counted: Option<&'static str>) -> Known {
    Known { set, mandatory, counted }
}

const KNOWN: [Known; 16] = [
    known("810", &["BIG", "TDS"], Some("IT1")),
    known("832", &["BCT"], Some("LIN")),
    known("846", &["BIA", "LIN"], Some("LIN")),
    known("850", &["BEG", "PO1"], Some("PO1")),
    known("855", &["BAK"], Some("PO1")),
    known("856", &["BSN", "HL"], Some("HL")),
    known("860", &["BCH"], Some("POC")),
    known("865", &["BCA"], Some("POC")),
    known("940", &["W05", "W01"], None),
    known("943", &["W06", "W04"], None),
    known("944", &["W17", "W07"], None),
    known("945", &["W06", "W12"], None),
    known("947", &["W15", "W19"], None),
    known("997", &["AK1", "AK9"], None),
    known("824", &["BGN"], None),
    known("864", &["BMG"], None),
];

/// Checks a set without a guide.
pub fn check(set: &Set<'_>, strictness: &Strictness) -> Vec<EdiError> {
    let (_, mut findings) =
        if set.all("HL").next().is_some() { HlTree::read(set, strictness) } else { Default::default() };
    let Some(known) = KNOWN.iter().find(|known| known.set == set.id()) else { return findings };
    for id in known.mandatory {
        if set.all(id).next().is_none() {
            // It is missed where the set ends without it.
            let mut place = set.place(set.segments.len().saturating_sub(1), None);
            (*id).clone_into(&mut place.segment_id);
            let message = format!("set {} has no {id} segment", known.set);
            findings.push(EdiError::refused(Code::Segment(SegmentCode::MandatoryMissing), place, message));
        }
    }
    findings.extend(known.counted.and_then(|counted| control_total(set, counted, strictness)));
    findings
}

/// CTT01 against what it counts.
fn control_total(set: &Set<'_>, counted: &str, strictness: &Strictness) -> Option<EdiError> {
    let (index, ctt) = set.all("CTT").last()?;
    let count = set.all(counted).count();
    let said = ctt.get(1).trim();
    if said.is_empty() || said.parse() == Ok(count) {
        return None;
    }
    let message = format!("CTT01 says {said}; the set has {count} {counted} segments");
    let error = EdiError::refused(Code::Set(SetCode::SegmentsInError), set.place(index, Some(1)), message);
    Some(error.with_severity(strictness.control_totals.severity()).with_found(said))
}
