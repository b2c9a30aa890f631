//! Reads an interchange header, which declares the delimiters that everything after it is read by.
//! The standard fixes 16 elements at fixed widths, 106 bytes in all. Real senders leave out the padding, so the elements are found by their
//! separator and the widths are checked afterwards. Not here: the checks between header and trailer (`read`).
//! Invariant: what follows the 16th separator is taken literally: one byte component separator, then the terminator. Nothing is guessed.

use crate::delimiters::{Delimiters, LineBreak, Terminator};
use crate::error::{Code, EdiError, InterchangeCode, Place};
use crate::scan::{Scanner, decode};
use crate::strictness::Strictness;
use crate::tree::{Element, Interchange, Segment, trimmed};

/// The fixed widths of ISA01 to ISA16.
pub(crate) const WIDTHS: [usize; 16] = [2, 10, 2, 10, 2, 15, 2, 15, 6, 4, 1, 5, 9, 1, 1, 1];

/// No header is longer than this, however it is padded; a search for its separators ends here.
const HEADER_MAX: usize = 512;

/// From this version of the controls on, ISA11 is the repetition separator; before, it names the standard (`U`).
const REPETITION_SINCE: &str = "00402";

fn fault(code: InterchangeCode, place: Place, message: impl Into<String>) -> EdiError {
    EdiError::refused(Code::Interchange(code), place, message)
}

/// Why a header cannot be used at all; boxed because errors are larger than what they stand in for.
fn unusable<T>(code: InterchangeCode, place: Place, message: impl Into<String>) -> Result<T, Box<EdiError>> {
    Err(Box::new(fault(code, place, message)))
}

/// Where the parts of a header are.
struct Layout {
    /// Offset of the `I` of ISA in the file.
    start: usize,
    /// Number of the segment in the file.
    number: usize,
    /// The element separator.
    separator: u8,
    /// Positions of the 16 separators, from the start of the header.
    separators: Vec<usize>,
    component: u8,
    terminator: Terminator,
}

impl Layout {
    fn place(&self, at: usize, element: Option<usize>) -> Place {
        Place { offset: self.start + at, segment: self.number, segment_id: "ISA".to_owned(), in_set: None, element }
    }

    /// The bytes of element `number`, padding and all.
    fn raw<'b>(&self, rest: &'b [u8], number: usize) -> Option<&'b [u8]> {
        let start = self.separators.get(number.checked_sub(1)?)? + 1;
        let end = self.separators.get(number).copied().unwrap_or(self.last() + 2);
        rest.get(start..end)
    }

    fn last(&self) -> usize {
        self.separators.last().copied().unwrap_or(0)
    }

    /// Bytes of the whole header with its terminator.
    fn length(&self) -> usize {
        self.last() + 2 + self.terminator.as_bytes().len()
    }

    /// Finds the 16 separators and what follows the last one.
    fn find(rest: &[u8], start: usize, number: usize) -> Result<Self, Box<EdiError>> {
        let mut layout =
            Self { start, number, separator: 0, separators: Vec::new(), component: 0, terminator: Terminator::byte(0) };
        let whole = layout.place(0, None);
        let Some(&separator) = rest.get(3) else {
            return unusable(InterchangeCode::PrematureEnd, whole, "the file ends inside the interchange header");
        };
        if matches!(separator, b'\r' | b'\n') {
            let message = "the byte after ISA is a line break; the element separator stands there, usually `*`";
            return unusable(InterchangeCode::InvalidElementSeparator, layout.place(3, None), message);
        }
        layout.separator = separator;
        let window = rest.get(..HEADER_MAX.min(rest.len())).unwrap_or_default();
        let positions = window.iter().enumerate().filter(|&(_, &byte)| byte == separator).map(|(at, _)| at);
        layout.separators = positions.take(16).collect();
        if layout.separators.len() < 16 {
            let ended = window.len() < HEADER_MAX;
            let code = if ended { InterchangeCode::PrematureEnd } else { InterchangeCode::InvalidStructure };
            let message = format!("the interchange header has {} of its 16 elements", layout.separators.len());
            return unusable(code, whole, message);
        }
        let tail = rest.get(layout.last() + 1..).unwrap_or_default();
        let (Some(&component), Some(terminator)) = (tail.first(), tail.get(1..).and_then(Terminator::at_start)) else {
            let message = "the file ends before the segment terminator of the interchange header";
            return unusable(InterchangeCode::PrematureEnd, layout.place(layout.last(), Some(16)), message);
        };
        (layout.component, layout.terminator) = (component, terminator);
        layout.check_delimiters()?;
        Ok(layout)
    }

    fn check_delimiters(&self) -> Result<(), Box<EdiError>> {
        let last = self.place(self.last() + 1, Some(16));
        if !Delimiters::is_possible(self.separator) {
            let message = "the element separator cannot be a letter, a digit or a space";
            return unusable(InterchangeCode::InvalidElementSeparator, self.place(3, None), message);
        }
        if !Delimiters::is_possible(self.component) || self.component == self.separator {
            let message =
                "ISA16 must be the component separator: one byte that is no letter, digit, space or element separator";
            return unusable(InterchangeCode::InvalidComponentSeparator, last, message);
        }
        let first = self.terminator.as_bytes().first().copied().unwrap_or_default();
        if !Delimiters::is_possible(first) || first == self.separator || first == self.component {
            let message = "after ISA16 stands the segment terminator: no letter, digit, space or other separator";
            return unusable(InterchangeCode::InvalidTerminator, last, message);
        }
        Ok(())
    }
}

/// Reads the header at the scanner, which stands at an `ISA`. The scanner is moved behind a header that can be used.
pub(crate) fn read_header<'a>(
    scanner: &mut Scanner<'a>,
    strictness: &Strictness,
) -> Result<Interchange<'a>, Box<EdiError>> {
    scanner.segments += 1;
    let rest = scanner.rest();
    let layout = Layout::find(rest, scanner.at, scanner.segments)?;
    let mut isa =
        Segment { id: "ISA".into(), elements: Vec::with_capacity(16), number: layout.number, offset: layout.start };
    let mut findings = Vec::new();
    for (index, &at) in layout.separators.iter().enumerate() {
        let mut text = decode(layout.raw(rest, index + 1).unwrap_or_default());
        let place = layout.place(at + 1, Some(index + 1));
        if index < 15 && text.contains(['\r', '\n']) {
            text.to_mut().retain(|c| !matches!(c, '\r' | '\n'));
            let message = "a line break stands inside the interchange header";
            let finding = fault(InterchangeCode::InvalidStructure, place.clone(), message);
            findings.push(finding.with_severity(strictness.whitespace.severity()));
        }
        // Too long even without its padding: the separators are not where they seem, and nothing after them can be trusted.
        let (chars, width) = (trimmed(&text).chars().count(), WIDTHS.get(index).copied().unwrap_or(1));
        if chars > width {
            let message = format!("ISA{:02} has {chars} characters; at most {width} are allowed", index + 1);
            return unusable(InterchangeCode::InvalidStructure, place, message);
        }
        isa.elements.push(Element { text, offset: layout.start + at + 1 });
    }
    scanner.at = layout.start + layout.length();
    let mut delimiters = Delimiters {
        element: layout.separator,
        component: layout.component,
        repetition: None,
        terminator: layout.terminator,
        line_break: LineBreak::at_start(scanner.rest()),
    };
    findings.extend(check_widths(&isa, strictness));
    findings.extend(check_values(&isa, strictness));
    if let Some([byte]) = layout.raw(rest, 11)
        && Delimiters::is_possible(*byte)
        && !delimiters.contains(*byte)
    {
        delimiters.repetition = Some(*byte);
        if trimmed(isa.get(12)) < REPETITION_SINCE {
            let message = format!("ISA11 is a repetition separator, which version {} does not have yet", isa.get(12));
            let finding = fault(InterchangeCode::InvalidStandardsId, isa.place(Some(11)), message);
            findings.push(finding.with_severity(strictness.isa_values.severity()));
        }
    }
    Ok(Interchange { delimiters, isa, findings, ..Interchange::default() })
}

fn check_widths(isa: &Segment<'_>, strictness: &Strictness) -> Option<EdiError> {
    let (index, width, chars) = isa
        .elements
        .iter()
        .zip(WIDTHS)
        .enumerate()
        .map(|(index, (element, width))| (index, width, element.text.chars().count()))
        .find(|(_, width, chars)| width != chars)?;
    let message = format!("ISA{:02} has {chars} characters; the header is fixed at {width} there", index + 1);
    Some(
        fault(InterchangeCode::InvalidStructure, isa.place(Some(index + 1)), message)
            .with_severity(strictness.isa_padding.severity()),
    )
}

fn check_values(isa: &Segment<'_>, strictness: &Strictness) -> Vec<EdiError> {
    let value = |number: usize| trimmed(isa.get(number));
    let digits = |text: &str, width: usize| text.len() == width && text.bytes().all(|byte| byte.is_ascii_digit());
    let mut findings = Vec::new();
    let mut check = |ok: bool, tolerable: bool, code: InterchangeCode, number: usize, message: &str| {
        if !ok {
            let finding =
                fault(code, isa.place(Some(number)), format!("ISA{number:02} {message}")).with_found(value(number));
            let severity = strictness.isa_values.severity();
            findings.push(if tolerable { finding.with_severity(severity) } else { finding });
        }
    };
    check(
        value(5).chars().count() == 2,
        true,
        InterchangeCode::InvalidSenderQualifier,
        5,
        "must be a qualifier of two characters",
    );
    check(!value(6).is_empty(), false, InterchangeCode::InvalidSender, 6, "must name the sender");
    check(
        value(7).chars().count() == 2,
        true,
        InterchangeCode::InvalidReceiverQualifier,
        7,
        "must be a qualifier of two characters",
    );
    check(!value(8).is_empty(), false, InterchangeCode::InvalidReceiver, 8, "must name the receiver");
    check(
        digits(value(9), 6) && plausible_date(value(9)),
        true,
        InterchangeCode::InvalidDate,
        9,
        "must be a date as YYMMDD",
    );
    check(
        digits(value(10), 4) && plausible_time(value(10)),
        true,
        InterchangeCode::InvalidTime,
        10,
        "must be a time as HHMM",
    );
    check(digits(value(12), 5), false, InterchangeCode::InvalidVersion, 12, "must be a version of five digits");
    let number = value(13);
    let numeric = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    check(numeric, false, InterchangeCode::InvalidControlNumber, 13, "must be a control number of nine digits");
    check(matches!(value(14), "0" | "1"), true, InterchangeCode::InvalidAckRequested, 14, "must be 0 or 1");
    // Never tolerated: who cannot tell test data from business must not act on it.
    check(matches!(value(15), "P" | "T" | "I"), false, InterchangeCode::InvalidUsage, 15, "must be P, T or I");
    findings
}

fn plausible_date(text: &str) -> bool {
    let part = |from: usize| text.get(from..from + 2).and_then(|part| part.parse::<u8>().ok()).unwrap_or(0);
    (1..=12).contains(&part(2)) && (1..=31).contains(&part(4))
}

fn plausible_time(text: &str) -> bool {
    let part = |from: usize| text.get(from..from + 2).and_then(|part| part.parse::<u8>().ok()).unwrap_or(99);
    part(0) < 24 && part(2) < 60
}
