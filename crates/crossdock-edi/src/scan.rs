//! Cuts bytes into segments and elements by the delimiters of one interchange.
//! Here: white space around segments, line wraps, text encoding, the limits on size. Not here: what the segments mean (`read`).
//! Invariant: never reads beyond a limit; text is borrowed unless a line wrap or a foreign encoding forces a copy.

use std::borrow::Cow;

use crate::delimiters::Delimiters;
use crate::strictness::Limits;
use crate::tree::{Element, Segment};

/// What was odd about a segment without making it unreadable.
#[expect(clippy::struct_excessive_bools, reason = "four independent observations, each said by itself")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Oddities {
    /// Spaces or tabs before the id.
    pub(crate) indented: bool,
    /// Line breaks inside.
    pub(crate) wrapped: bool,
    /// Bytes that are not UTF-8.
    pub(crate) foreign_bytes: bool,
    /// Nothing between two terminators before it.
    pub(crate) blank_before: bool,
}

impl Oddities {
    /// What is odd in either.
    pub(crate) fn or(self, other: Self) -> Self {
        Self {
            indented: self.indented || other.indented,
            wrapped: self.wrapped || other.wrapped,
            foreign_bytes: self.foreign_bytes || other.foreign_bytes,
            blank_before: self.blank_before || other.blank_before,
        }
    }
}

/// One segment as scanned.
#[derive(Debug)]
pub(crate) struct Scanned<'a> {
    pub(crate) segment: Segment<'a>,
    /// Was its terminator there? Only the last one of a file can lack it.
    pub(crate) terminated: bool,
    pub(crate) oddities: Oddities,
    /// A limit it is over, by name.
    pub(crate) over_limit: Option<&'static str>,
}

/// A position in the bytes.
#[derive(Debug)]
pub(crate) struct Scanner<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) at: usize,
    /// Segments seen so far, in all interchanges.
    pub(crate) segments: usize,
}

impl<'a> Scanner<'a> {
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    /// Skips white space that is no delimiter; says whether it held more than line breaks.
    pub(crate) fn skip_space(&mut self, delimiters: Option<&Delimiters>) -> bool {
        let is_delimiter =
            |byte: u8| delimiters.is_some_and(|d| byte == d.element || d.terminator.as_bytes() == [byte]);
        let mut indented = false;
        while let Some(&byte) = self.bytes.get(self.at) {
            if is_delimiter(byte) || !matches!(byte, b'\r' | b'\n' | b' ' | b'\t') {
                return indented;
            }
            indented |= matches!(byte, b' ' | b'\t');
            self.at += 1;
        }
        false // white space at the end of the file indents nothing
    }

    /// Does an interchange header start here?
    pub(crate) fn at_header(&self) -> bool {
        let rest = self.rest();
        rest.starts_with(b"ISA") && rest.get(3).is_some_and(|&byte| Delimiters::is_possible(byte))
    }

    /// The next segment; `None` at the end of the file.
    pub(crate) fn next(&mut self, delimiters: &Delimiters, limits: &Limits) -> Option<Scanned<'a>> {
        let mut oddities = Oddities::default();
        loop {
            oddities.indented = self.skip_space(Some(delimiters));
            let terminator = delimiters.terminator.as_bytes();
            if !self.rest().starts_with(terminator) {
                break;
            }
            // A blank line is nothing where lines end segments; a bare `~~` is odd.
            oddities.blank_before |= !delimiters.terminator.is_line_break();
            self.at += terminator.len();
        }
        let start = self.at;
        let rest = self.rest();
        if rest.is_empty() {
            return None;
        }
        let (length, terminated) = match delimiters.terminator.find(rest) {
            Some(length) => (length, true),
            None => (rest.len(), false),
        };
        self.at = start + length + if terminated { delimiters.terminator.as_bytes().len() } else { 0 };
        self.segments += 1;
        let over_limit = std::cell::Cell::new(None);
        let segment =
            self.split(start, rest.get(..length).unwrap_or_default(), delimiters, limits, &mut oddities, &over_limit);
        Some(Scanned { segment, terminated, oddities, over_limit: over_limit.get() })
    }

    fn split(
        &self,
        start: usize,
        content: &'a [u8],
        delimiters: &Delimiters,
        limits: &Limits,
        oddities: &mut Oddities,
        over_limit: &std::cell::Cell<Option<&'static str>>,
    ) -> Segment<'a> {
        let mut parts = content.split(|&byte| byte == delimiters.element);
        let id_bytes = parts.next().unwrap_or_default();
        let mut offset = start + id_bytes.len() + 1;
        let mut segment = Segment {
            id: text(
                id_bytes.get(..id_bytes.len().min(limits.max_element_bytes)).unwrap_or_default(),
                delimiters,
                oddities,
            ),
            elements: Vec::new(),
            number: self.segments,
            offset: start,
        };
        if id_bytes.len() > limits.max_element_bytes {
            over_limit.set(Some("max_element_bytes"));
        }
        for part in parts {
            if segment.elements.len() == limits.max_elements {
                over_limit.set(Some("max_elements"));
                break;
            }
            let kept = if part.len() > limits.max_element_bytes {
                over_limit.set(Some("max_element_bytes"));
                part.get(..limits.max_element_bytes).unwrap_or_default()
            } else {
                part
            };
            segment.elements.push(Element { text: text(kept, delimiters, oddities), offset });
            offset += part.len() + 1;
        }
        segment
    }
}

/// Bytes as text: UTF-8 borrowed as it is, else ISO 8859-1; line breaks that are no delimiters are wraps and fall away.
fn text<'a>(bytes: &'a [u8], delimiters: &Delimiters, oddities: &mut Oddities) -> Cow<'a, str> {
    let is_wrap = |byte: u8| matches!(byte, b'\r' | b'\n') && !delimiters.contains(byte);
    let mut decoded = decode(bytes);
    if matches!(decoded, Cow::Owned(_)) {
        oddities.foreign_bytes = true;
    }
    if bytes.iter().copied().any(is_wrap) {
        oddities.wrapped = true;
        decoded.to_mut().retain(|c| !matches!(c, '\r' | '\n'));
    }
    decoded
}

/// UTF-8 borrowed, else ISO 8859-1 (each byte is the character of its number).
pub(crate) fn decode(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(bytes.iter().copied().map(char::from).collect()),
    }
}
