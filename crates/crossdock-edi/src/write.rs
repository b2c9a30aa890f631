//! Writes an interchange: canonical X12, so that what was read from canonical bytes is written byte for byte.
//! Canonical: header padded to its widths, no empty elements at the end of a segment, the same line break (or none) after every segment.
//! Not here: the envelope around new sets (`envelope`), what stands in them (`documents`, `ack`).
//! Invariant: a value that would be read back as something else is refused, never escaped (X12 has no escape).

use crate::delimiters::Delimiters;
use crate::isa::WIDTHS;
use crate::tree::{Interchange, Segment};

/// Why something cannot be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// A value holds a byte that would be read as a delimiter or a line break.
    #[error("{segment}{element:02} holds `{character}`, which this interchange would read as a delimiter")]
    DelimiterInValue {
        /// Id of the segment.
        segment: String,
        /// Number of the element.
        element: usize,
        /// The byte, as text.
        character: String,
    },
    /// A value is longer than its fixed width in the header.
    #[error("ISA{element:02} has {length} characters; the header has room for {width}")]
    HeaderValueTooLong {
        /// Number of the element.
        element: usize,
        /// Its length.
        length: usize,
        /// The room for it.
        width: usize,
    },
    /// Two delimiters are the same byte.
    #[error("two delimiters of the interchange are the same byte")]
    AmbiguousDelimiters,
    /// A value that the document needs is missing or does not fit its element.
    #[error("{what}: {why}")]
    Unfit {
        /// The field of the document.
        what: String,
        /// What is wrong with it.
        why: String,
    },
}

/// Writes an interchange with the delimiters that it carries. Trailers are written as they stand in the tree.
///
/// # Errors
/// [`WriteError`] for a value that would be read back as something else.
pub fn write(interchange: &Interchange<'_>) -> Result<Vec<u8>, WriteError> {
    let delimiters = &interchange.delimiters;
    check_delimiters(delimiters)?;
    let mut out = Vec::with_capacity(1024);
    write_header(&mut out, &interchange.isa, delimiters)?;
    let mut put = |segment: &Segment<'_>| write_segment(&mut out, segment, delimiters);
    interchange.services.iter().try_for_each(&mut put)?;
    for group in &interchange.groups {
        put(&group.gs)?;
        group.sets.iter().flat_map(|set| &set.segments).try_for_each(&mut put)?;
        group.ge.iter().try_for_each(&mut put)?;
    }
    interchange.iea.iter().try_for_each(&mut put)?;
    Ok(out)
}

fn check_delimiters(delimiters: &Delimiters) -> Result<(), WriteError> {
    let mut bytes = vec![delimiters.element, delimiters.component];
    bytes.extend(delimiters.repetition);
    bytes.extend(delimiters.terminator.as_bytes().first());
    let count = bytes.len();
    bytes.sort_unstable();
    bytes.dedup();
    let possible = bytes.iter().all(|&byte| Delimiters::is_possible(byte));
    if bytes.len() == count && possible { Ok(()) } else { Err(WriteError::AmbiguousDelimiters) }
}

fn write_header(out: &mut Vec<u8>, isa: &Segment<'_>, delimiters: &Delimiters) -> Result<(), WriteError> {
    out.extend(b"ISA");
    for (index, width) in WIDTHS.into_iter().enumerate() {
        out.push(delimiters.element);
        match (index + 1, delimiters.repetition) {
            (11, Some(repetition)) => out.push(repetition),
            (16, _) => out.push(delimiters.component),
            (number, _) => {
                let text = isa.get(number);
                let length = text.chars().count();
                if length > width {
                    return Err(WriteError::HeaderValueTooLong { element: number, length, width });
                }
                check_value("ISA", number, text, delimiters)?;
                out.extend(text.as_bytes());
                out.extend(std::iter::repeat_n(b' ', width - length));
            }
        }
    }
    out.extend(delimiters.terminator.as_bytes());
    out.extend(delimiters.line_break.as_bytes());
    Ok(())
}

fn write_segment(out: &mut Vec<u8>, segment: &Segment<'_>, delimiters: &Delimiters) -> Result<(), WriteError> {
    check_value(&segment.id, 0, &segment.id, delimiters)?;
    out.extend(segment.id.as_bytes());
    let filled = segment.elements.iter().rposition(|element| !element.text.is_empty()).map_or(0, |last| last + 1);
    for (index, element) in segment.elements.iter().take(filled).enumerate() {
        check_value(&segment.id, index + 1, &element.text, delimiters)?;
        out.push(delimiters.element);
        put_text(out, &element.text, delimiters);
    }
    out.extend(delimiters.terminator.as_bytes());
    out.extend(delimiters.line_break.as_bytes());
    Ok(())
}

/// Text as UTF-8; separators inside it that are no ASCII were read as the character of their byte, and become that byte again.
fn put_text(out: &mut Vec<u8>, text: &str, delimiters: &Delimiters) {
    let inner = [Some(delimiters.component), delimiters.repetition];
    if inner.iter().flatten().all(u8::is_ascii) {
        out.extend(text.as_bytes());
        return;
    }
    for character in text.chars() {
        match inner.iter().flatten().find(|&&byte| char::from(byte) == character) {
            Some(&byte) => out.push(byte),
            None => out.extend(character.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
}

/// Component and repetition separators may stand in the text of an element (that is what composites are); the other two never.
fn check_value(segment: &str, element: usize, text: &str, delimiters: &Delimiters) -> Result<(), WriteError> {
    let terminator = delimiters.terminator.as_bytes();
    let broken =
        text.bytes().find(|&byte| byte == delimiters.element || matches!(byte, b'\r' | b'\n') || terminator == [byte]);
    let spans = terminator.len() > 1 && text.as_bytes().windows(terminator.len()).any(|window| window == terminator);
    match broken.or(if spans { terminator.first().copied() } else { None }) {
        None => Ok(()),
        Some(byte) => Err(WriteError::DelimiterInValue {
            segment: segment.to_owned(),
            element,
            character: byte.escape_ascii().to_string(),
        }),
    }
}

/// Refuses a plain value (no composite) that holds any delimiter.
pub(crate) fn check_plain(segment: &Segment<'_>, delimiters: &Delimiters) -> Result<(), WriteError> {
    for (index, element) in segment.elements.iter().enumerate() {
        let found = element.text.bytes().find(|&byte| delimiters.contains(byte) || byte.is_ascii_control());
        if let Some(byte) = found {
            return Err(WriteError::DelimiterInValue {
                segment: segment.id.to_string(),
                element: index + 1,
                character: byte.escape_ascii().to_string(),
            });
        }
    }
    Ok(())
}
