//! The parts of one interchange: groups and sets, headers against trailers, counts, control numbers, duplicates.
//! Here: everything that holds for any X12 file. Not here: where the interchange starts and the file ends (`read`).
//! Invariant: a part that ends without its trailer is closed with an error, never dropped.

use std::collections::BTreeSet;

use crate::error::{Code, EdiError, GroupCode, InterchangeCode, Place, SegmentCode, SetCode, Severity};
use crate::scan::{Oddities, Scanned};
use crate::strictness::Strictness;
use crate::tree::{Group, Interchange, InterchangeKey, Segment, Set};

/// The interchange being read, with what is still open in it.
pub(super) struct Open<'a> {
    pub(super) interchange: Interchange<'a>,
    group: Option<Group<'a>>,
    set: Option<Set<'a>>,
    group_numbers: BTreeSet<String>,
    set_numbers: BTreeSet<String>,
    /// The last segment stood outside any set, and that was said already.
    stray: bool,
    /// Oddities that were said already.
    noted: Oddities,
}

pub(super) fn fault(code: InterchangeCode, place: Place, message: impl Into<String>) -> EdiError {
    EdiError::refused(Code::Interchange(code), place, message)
}

impl<'a> Open<'a> {
    /// An interchange of which only the header was read.
    pub(super) fn new(interchange: Interchange<'a>) -> Self {
        Self {
            interchange,
            group: None,
            set: None,
            group_numbers: BTreeSet::new(),
            set_numbers: BTreeSet::new(),
            stray: false,
            noted: Oddities::default(),
        }
    }

    pub(super) fn check_duplicate(&mut self, seen: &mut BTreeSet<InterchangeKey>) {
        if !seen.insert(self.interchange.key()) {
            let message = format!(
                "control number {} occurred before in this file, from the same sender",
                self.interchange.control_number()
            );
            let place = self.interchange.isa.place(Some(13));
            self.interchange.findings.push(fault(InterchangeCode::Duplicate, place, message));
        }
    }

    /// The interchange ends here without its trailer: whatever is open ends with it.
    pub(super) fn cut_off(&mut self, code: InterchangeCode, place: Place, message: impl Into<String>) {
        self.close_set_unfinished(&place);
        self.close_group_unfinished(&place);
        self.interchange.findings.push(fault(code, place, message));
    }

    /// Oddities concern the whole interchange; each kind is said once, at its first place.
    pub(super) fn note_oddities(&mut self, scanned: &Scanned<'a>, strictness: &Strictness) {
        let (odd, said) = (scanned.oddities, self.noted);
        let space = strictness.whitespace.severity();
        let notes = [
            (odd.indented && !said.indented, space, "a segment is indented"),
            (odd.wrapped && !said.wrapped, space, "line breaks stand inside a segment"),
            (odd.blank_before && !said.blank_before, space, "an empty segment stands before this one"),
            (
                odd.foreign_bytes && !said.foreign_bytes,
                strictness.encoding.severity(),
                "bytes are not UTF-8; they were read as ISO 8859-1",
            ),
        ];
        for (_, severity, message) in notes.into_iter().filter(|(new, ..)| *new) {
            let finding = fault(InterchangeCode::InvalidContent, scanned.segment.place(None), message);
            self.interchange.findings.push(finding.with_severity(severity));
        }
        self.noted = said.or(odd);
        if let Some(limit) = scanned.over_limit {
            let message = format!("the segment is over the limit {limit}");
            let mut place = scanned.segment.place(None);
            if let Some(set) = &mut self.set {
                place.in_set = Some(set.segments.len() + 1);
                set.findings.push(EdiError::refused(Code::Segment(SegmentCode::ElementsInError), place, message));
            } else {
                self.interchange.findings.push(fault(InterchangeCode::InvalidContent, place, message));
            }
        }
    }

    /// Takes one segment in; true when it was the trailer.
    pub(super) fn take(&mut self, scanned: Scanned<'a>, strictness: &Strictness) -> bool {
        let segment = scanned.segment;
        let stray = std::mem::take(&mut self.stray);
        match segment.id.as_ref() {
            "GS" => self.start_group(segment, strictness),
            "ST" if self.group.is_some() => self.start_set(segment, strictness),
            "SE" if self.set.is_some() => self.end_set(segment, strictness),
            "GE" if self.group.is_some() => self.end_group(segment, strictness),
            "IEA" => {
                self.end_interchange(segment, scanned.terminated, strictness);
                return true;
            }
            "TA1" if self.group.is_none() => self.interchange.services.push(segment),
            id => {
                if let Some(set) = &mut self.set {
                    if !is_segment_id(id) {
                        let mut place = segment.place(None);
                        place.in_set = Some(set.segments.len() + 1);
                        let shown: String = id.chars().take(12).collect();
                        place.segment_id = shown.chars().take(3).collect();
                        let message =
                            format!("`{shown}` is no segment id: two or three capitals and digits, a capital first");
                        set.findings.push(EdiError::refused(Code::Segment(SegmentCode::Unrecognized), place, message));
                    }
                    set.segments.push(segment);
                } else {
                    // Said once for a run of segments: the first one is where the structure broke.
                    if !stray {
                        let message = format!(
                            "segment {} stands outside any transaction set",
                            id.chars().take(3).collect::<String>()
                        );
                        let place = segment.place(None);
                        self.interchange.findings.push(fault(InterchangeCode::InvalidContent, place, message));
                    }
                    self.stray = true;
                }
            }
        }
        false
    }

    fn start_group(&mut self, gs: Segment<'a>, strictness: &Strictness) {
        let place = gs.place(None);
        self.close_set_unfinished(&place);
        self.close_group_unfinished(&place);
        let number = gs.get(6);
        let mut findings = Vec::new();
        let mut note = |code: GroupCode, severity: Severity, element: usize, message: &str| {
            let error = EdiError::refused(Code::Group(code), gs.place(Some(element)), message).with_severity(severity);
            findings.push(error.with_found(gs.get(element)));
        };
        if gs.get(1).is_empty() {
            note(GroupCode::Unsupported, Severity::Refused, 1, "GS01 must name the kind of the sets in the group");
        }
        if gs.get(8).is_empty() {
            let message = "GS08 must name the version of the sets in the group";
            note(GroupCode::VersionUnsupported, Severity::Refused, 8, message);
        }
        let well_formed = (1..=9).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit());
        if !well_formed {
            // Nothing can be answered to a group without any number.
            let severity = if number.is_empty() { Severity::Refused } else { strictness.control_numbers.severity() };
            let message = "GS06 must be a control number of one to nine digits";
            note(GroupCode::InvalidControlNumber, severity, 6, message);
        }
        if !number.is_empty() && !self.group_numbers.insert(significant(number).to_owned()) {
            let message = "the same GS06 occurred before in this interchange";
            note(GroupCode::NotUnique, Severity::Refused, 6, message);
        }
        self.set_numbers.clear();
        self.group = Some(Group { gs, findings, ..Group::default() });
    }

    fn start_set(&mut self, st: Segment<'a>, strictness: &Strictness) {
        self.close_set_unfinished(&st.place(None));
        let (id, number) = (st.get(1), st.get(2));
        let mut findings = Vec::new();
        let mut note = |code: SetCode, severity: Severity, element: usize, message: &str| {
            let mut place = st.place(Some(element));
            place.in_set = Some(1);
            let error = EdiError::refused(Code::Set(code), place, message).with_severity(severity);
            findings.push(error.with_found(st.get(element)));
        };
        if id.len() != 3 || !id.bytes().all(|byte| byte.is_ascii_digit()) {
            let message = "ST01 must be a set identifier of three digits";
            note(SetCode::InvalidIdentifier, Severity::Refused, 1, message);
        }
        if !(4..=9).contains(&number.len()) {
            let severity = if number.is_empty() { Severity::Refused } else { strictness.control_numbers.severity() };
            let message = "ST02 must be a control number of four to nine characters";
            note(SetCode::InvalidControlNumber, severity, 2, message);
        }
        if !number.is_empty() && !self.set_numbers.insert(number.to_owned()) {
            let message = "the same ST02 occurred before in this group";
            note(SetCode::NotUnique, Severity::Refused, 2, message);
        }
        self.set = Some(Set { segments: vec![st], findings });
    }

    fn end_set(&mut self, se: Segment<'a>, strictness: &Strictness) {
        let Some(mut set) = self.set.take() else { return };
        set.segments.push(se);
        let last = set.segments.len() - 1;
        let counted = set.segments.len();
        let se = &set.segments[last];
        let mut findings = Vec::new();
        if count(se.get(1)) != Some(counted) {
            let message = format!("SE01 says {} segments; the set has {counted}", said(se.get(1)));
            findings.push(
                EdiError::refused(Code::Set(SetCode::SegmentCountMismatch), set.place(last, Some(1)), message)
                    .with_found(se.get(1)),
            );
        }
        findings.extend(compare_numbers(set.control_number(), se.get(2), "SE02", "ST02", strictness).map(
            |(severity, message)| {
                EdiError::refused(Code::Set(SetCode::ControlNumberMismatch), set.place(last, Some(2)), message)
                    .with_severity(severity)
                    .with_found(se.get(2))
            },
        ));
        set.findings.extend(findings);
        if let Some(group) = &mut self.group {
            group.sets.push(set);
        }
    }

    fn close_set_unfinished(&mut self, place: &Place) {
        let Some(mut set) = self.set.take() else { return };
        let message = format!("set {} {} has no trailer (SE) before this", set.id(), set.control_number());
        let mut place = place.clone();
        place.in_set = Some(set.segments.len() + 1);
        set.findings.push(EdiError::refused(Code::Set(SetCode::TrailerMissing), place, message));
        if let Some(group) = &mut self.group {
            group.sets.push(set);
        }
    }

    fn end_group(&mut self, ge: Segment<'a>, strictness: &Strictness) {
        self.close_set_unfinished(&ge.place(None));
        let Some(mut group) = self.group.take() else { return };
        let counted = group.sets.len();
        if count(ge.get(1)) != Some(counted) {
            let message = format!("GE01 says {} sets; the group has {counted}", said(ge.get(1)));
            group.findings.push(
                EdiError::refused(Code::Group(GroupCode::SetCountMismatch), ge.place(Some(1)), message)
                    .with_found(ge.get(1)),
            );
        }
        let mismatch = compare_numbers(group.control_number(), ge.get(2), "GE02", "GS06", strictness).map(
            |(severity, message)| {
                EdiError::refused(Code::Group(GroupCode::ControlNumberMismatch), ge.place(Some(2)), message)
                    .with_severity(severity)
                    .with_found(ge.get(2))
            },
        );
        group.findings.extend(mismatch);
        group.ge = Some(ge);
        self.interchange.groups.push(group);
    }

    fn close_group_unfinished(&mut self, place: &Place) {
        let Some(mut group) = self.group.take() else { return };
        let message = format!("group {} has no trailer (GE) before this", group.control_number());
        group.findings.push(EdiError::refused(Code::Group(GroupCode::TrailerMissing), place.clone(), message));
        self.interchange.groups.push(group);
    }

    fn end_interchange(&mut self, iea: Segment<'a>, terminated: bool, strictness: &Strictness) {
        self.close_set_unfinished(&iea.place(None));
        self.close_group_unfinished(&iea.place(None));
        let mut findings = Vec::new();
        let counted = self.interchange.groups.len();
        if count(iea.get(1)) != Some(counted) {
            let message = format!("IEA01 says {} groups; the interchange has {counted}", said(iea.get(1)));
            findings
                .push(fault(InterchangeCode::GroupCountMismatch, iea.place(Some(1)), message).with_found(iea.get(1)));
        }
        let mismatch = compare_numbers(self.interchange.control_number(), iea.get(2), "IEA02", "ISA13", strictness);
        findings.extend(mismatch.map(|(severity, message)| {
            fault(InterchangeCode::ControlNumberMismatch, iea.place(Some(2)), message)
                .with_severity(severity)
                .with_found(iea.get(2))
        }));
        if !terminated {
            let message = "the last segment has no terminator";
            findings.push(
                fault(InterchangeCode::PrematureEnd, iea.place(None), message)
                    .with_severity(strictness.final_terminator.severity()),
            );
        }
        self.interchange.findings.extend(findings);
        self.interchange.iea = Some(iea);
    }
}

/// Two or three capitals and digits, a capital first.
fn is_segment_id(id: &str) -> bool {
    (2..=3).contains(&id.len())
        && id.starts_with(|c: char| c.is_ascii_uppercase())
        && id.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

fn count(text: &str) -> Option<usize> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

fn said(text: &str) -> String {
    if text.is_empty() { "nothing about".to_owned() } else { text.chars().take(20).collect() }
}

fn significant(number: &str) -> &str {
    let rest = number.trim_start_matches('0');
    if rest.is_empty() { number } else { rest }
}

/// `None` where both are equal; else how severe the difference is, and what to say.
fn compare_numbers(
    header: &str,
    trailer: &str,
    trailer_name: &str,
    header_name: &str,
    strictness: &Strictness,
) -> Option<(Severity, String)> {
    if header == trailer {
        return None;
    }
    let message = format!("{trailer_name} is `{}`; {header_name} is `{}`", said(trailer), said(header));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let equal_as_numbers = digits(header) && digits(trailer) && significant(header) == significant(trailer);
    let severity = if equal_as_numbers { strictness.control_numbers.severity() } else { Severity::Refused };
    Some((severity, message))
}
