//! Reads a file: interchange after interchange, and what stands between them.
//! Not here: the parts of one interchange (`read::structure`), what a set must contain (`guide`), the answer to the sender (`ack`).
//! Invariant: reading never fails and never panics; what cannot be read is a finding with a place, and refuses its part of the file.

mod structure;

use std::collections::BTreeSet;

use crate::error::{EdiError, InterchangeCode, Place};
use crate::isa;
use crate::scan::Scanner;
use crate::strictness::Strictness;
use crate::tree::{File, Interchange, InterchangeKey};
use structure::{Open, fault};

/// Reads a whole file. What is wrong is in the findings of the part where it stands.
pub fn read<'a>(bytes: &'a [u8], strictness: &Strictness) -> File<'a> {
    let mut reader = Reader {
        scanner: Scanner { bytes, at: 0, segments: 0 },
        strictness: *strictness,
        file: File::default(),
        seen: BTreeSet::new(),
    };
    reader.run();
    reader.file
}

/// Reads a file that must be right as a whole: all its errors, or the file (which may carry warnings).
///
/// # Errors
/// Every finding that refuses anything, in the order of the file.
pub fn parse<'a>(bytes: &'a [u8], strictness: &Strictness) -> Result<File<'a>, Vec<EdiError>> {
    let file = read(bytes, strictness);
    let errors: Vec<EdiError> = file.errors().into_iter().cloned().collect();
    if errors.is_empty() { Ok(file) } else { Err(errors) }
}

impl File<'_> {
    /// Refuses the interchanges that were taken before, as the receiver's index of keys knows them (TA1 025).
    pub fn refuse_known(&mut self, is_known: impl Fn(&InterchangeKey) -> bool) {
        for interchange in &mut self.interchanges {
            if is_known(&interchange.key()) {
                let message =
                    format!("control number {} was taken before, from the same sender", interchange.control_number());
                let place = interchange.isa.place(Some(13));
                interchange.findings.push(fault(InterchangeCode::Duplicate, place, message));
            }
        }
    }
}

struct Reader<'a> {
    scanner: Scanner<'a>,
    strictness: Strictness,
    file: File<'a>,
    seen: BTreeSet<InterchangeKey>,
}

impl<'a> Reader<'a> {
    fn run(&mut self) {
        let limits = self.strictness.limits;
        if self.scanner.bytes.len() > limits.max_bytes {
            let message = format!("the file has {} bytes; max_bytes is {}", self.scanner.bytes.len(), limits.max_bytes);
            self.file.findings.push(fault(InterchangeCode::InvalidContent, Place::default(), message));
            return;
        }
        if self.scanner.rest().starts_with(b"\xEF\xBB\xBF") {
            let finding =
                fault(InterchangeCode::InvalidStructure, self.here(""), "the file starts with a byte order mark");
            self.file.findings.push(finding.with_severity(self.strictness.whitespace.severity()));
            self.scanner.at = 3;
        }
        loop {
            self.scanner.skip_space(None);
            self.skip_padding();
            if self.scanner.rest().is_empty() {
                break;
            }
            if !self.scanner.at_header() {
                self.garbage();
                continue;
            }
            match isa::read_header(&mut self.scanner, &self.strictness) {
                Ok(interchange) => {
                    let done = self.interchange(interchange);
                    self.file.interchanges.push(done);
                }
                Err(error) => {
                    self.file.findings.push(*error);
                    self.skip_to_header();
                }
            }
            if self.scanner.segments > limits.max_segments {
                break;
            }
        }
        if self.file.interchanges.is_empty() && self.file.findings.iter().all(|finding| !finding.is_refusal()) {
            let message = "the file is empty: an interchange starts with ISA";
            self.file.findings.push(fault(InterchangeCode::PrematureEnd, self.here(""), message));
        }
    }

    /// Some transports fill the last block of a file: NUL, or the end-of-file mark of old systems.
    fn skip_padding(&mut self) {
        let rest = self.scanner.rest();
        let is_padding = |byte: &u8| matches!(byte, 0 | 0x1A) || byte.is_ascii_whitespace();
        if !rest.is_empty() && rest.iter().all(is_padding) {
            let finding =
                fault(InterchangeCode::InvalidStructure, self.here(""), "padding stands after the last segment");
            self.file.findings.push(finding.with_severity(self.strictness.whitespace.severity()));
            self.scanner.at = self.scanner.bytes.len();
        }
    }

    /// The place where the scanner stands.
    fn here(&self, id: &str) -> Place {
        Place {
            offset: self.scanner.at,
            segment: self.scanner.segments,
            segment_id: id.to_owned(),
            in_set: None,
            element: None,
        }
    }

    /// Bytes that belong to no interchange: one finding, then on to the next header.
    fn garbage(&mut self) {
        let rest = self.scanner.rest();
        let shown = rest.get(..rest.len().min(12)).unwrap_or_default().escape_ascii();
        let mut place = self.here("");
        place.segment += 1;
        let cut_header = rest.len() < 4 && b"ISA".starts_with(rest);
        let finding = if cut_header {
            fault(InterchangeCode::PrematureEnd, place, "the file ends inside the interchange header")
        } else {
            fault(InterchangeCode::InvalidStructure, place, format!("an interchange starts with ISA; found `{shown}`"))
        };
        self.file.findings.push(finding);
        self.skip_to_header();
    }

    /// Moves to the next `ISA` that stands where a segment may start, or to the end of the file.
    fn skip_to_header(&mut self) {
        loop {
            self.scanner.at += 1;
            let previous = self.scanner.at.checked_sub(1).and_then(|at| self.scanner.bytes.get(at)).copied();
            if self.scanner.rest().is_empty()
                || (self.scanner.at_header() && previous.is_none_or(|byte| !byte.is_ascii_alphanumeric()))
            {
                return;
            }
        }
    }

    /// Everything after the header, up to the trailer, the next header or the end of the file.
    fn interchange(&mut self, interchange: Interchange<'a>) -> Interchange<'a> {
        let mut open = Open::new(interchange);
        open.check_duplicate(&mut self.seen);
        let delimiters = open.interchange.delimiters;
        let limits = self.strictness.limits;
        loop {
            let before = self.scanner.at;
            self.scanner.skip_space(Some(&delimiters));
            if self.scanner.at_header() {
                let message = "the next interchange starts before the trailer (IEA) of this one";
                open.cut_off(InterchangeCode::InvalidStructure, self.here("ISA"), message);
                return open.interchange;
            }
            self.scanner.at = before;
            if self.scanner.segments > limits.max_segments {
                let message = format!("the file has more segments than max_segments ({})", limits.max_segments);
                self.scanner.at = self.scanner.bytes.len();
                open.cut_off(InterchangeCode::InvalidContent, self.here(""), message);
                return open.interchange;
            }
            let Some(scanned) = self.scanner.next(&delimiters, &limits) else {
                let message = "the file ends before the interchange trailer (IEA)";
                open.cut_off(InterchangeCode::PrematureEnd, self.here(""), message);
                return open.interchange;
            };
            if !scanned.terminated && scanned.segment.id != "IEA" {
                let id: String = scanned.segment.id.chars().take(3).collect();
                let message = format!("the file ends inside segment {id}: its terminator is missing");
                let mut place = scanned.segment.place(None);
                place.segment_id = id;
                open.cut_off(InterchangeCode::PrematureEnd, place, message);
                return open.interchange;
            }
            open.note_oddities(&scanned, &self.strictness);
            if open.take(scanned, &self.strictness) {
                return open.interchange;
            }
        }
    }
}
