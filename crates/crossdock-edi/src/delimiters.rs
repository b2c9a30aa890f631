//! The four delimiters of an interchange, as its ISA declares them, and the line break that follows its segments.
//! Not here: finding them in the ISA (`isa`).
//! Invariant: no two delimiters are the same byte, and none is a letter, a digit or a space.

use std::fmt;

/// A segment terminator: one byte, or one multi-byte character where a file was re-encoded as UTF-8 on its way.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Terminator {
    bytes: [u8; 4],
    len: u8,
}

impl Terminator {
    /// A terminator of one byte.
    pub const fn byte(byte: u8) -> Self {
        Self { bytes: [byte, 0, 0, 0], len: 1 }
    }

    /// The terminator at the start of `bytes`: a whole UTF-8 character where there is one, else one byte. `None` at the end.
    pub(crate) fn at_start(bytes: &[u8]) -> Option<Self> {
        let first = *bytes.first()?;
        let width = match first {
            0xC2..=0xDF => 2,
            0xE0..=0xEF => 3,
            0xF0..=0xF4 => 4,
            _ => 1,
        };
        let whole = bytes.get(..width).filter(|slice| width > 1 && std::str::from_utf8(slice).is_ok());
        let mut terminator = Self::byte(first);
        if let Some(slice) = whole {
            terminator.bytes[..width].copy_from_slice(slice);
            terminator.len = width as u8;
        }
        Some(terminator)
    }

    /// Its bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }

    /// Is it a carriage return or a line feed?
    pub fn is_line_break(self) -> bool {
        matches!(self.as_bytes(), b"\r" | b"\n")
    }

    /// The position of the first terminator in `bytes`.
    pub(crate) fn find(self, bytes: &[u8]) -> Option<usize> {
        let own = self.as_bytes();
        let first = self.bytes[0];
        let mut from = 0;
        while let Some(at) = bytes[from..].iter().position(|&b| b == first) {
            let start = from + at;
            if bytes[start..].starts_with(own) {
                return Some(start);
            }
            from = start + 1;
        }
        None
    }
}

impl fmt::Debug for Terminator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Terminator(\"{}\")", self.as_bytes().escape_ascii())
    }
}

/// The line break after each segment terminator.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LineBreak {
    /// None: segments follow each other.
    #[default]
    None,
    /// Line feed.
    Lf,
    /// Carriage return and line feed.
    CrLf,
}

impl LineBreak {
    /// The line break at the start of `bytes`.
    pub(crate) fn at_start(bytes: &[u8]) -> Self {
        if bytes.starts_with(b"\r\n") {
            Self::CrLf
        } else if bytes.starts_with(b"\n") {
            Self::Lf
        } else {
            Self::None
        }
    }

    /// Its bytes.
    pub fn as_bytes(self) -> &'static [u8] {
        match self {
            Self::None => b"",
            Self::Lf => b"\n",
            Self::CrLf => b"\r\n",
        }
    }
}

/// The delimiters of one interchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delimiters {
    /// Between elements (byte 4 of the ISA).
    pub element: u8,
    /// Between components of a composite element (ISA16).
    pub component: u8,
    /// Between repetitions of an element (ISA11 from version 00402 on), where there is one.
    pub repetition: Option<u8>,
    /// At the end of each segment.
    pub terminator: Terminator,
    /// After each terminator.
    pub line_break: LineBreak,
}

impl Default for Delimiters {
    /// `*`, `>`, no repetition separator, `~`, no line breaks: what most 004010 partners expect.
    fn default() -> Self {
        Self {
            element: b'*',
            component: b'>',
            repetition: None,
            terminator: Terminator::byte(b'~'),
            line_break: LineBreak::None,
        }
    }
}

impl Delimiters {
    /// Could this byte be a delimiter at all?
    pub(crate) fn is_possible(byte: u8) -> bool {
        !(byte.is_ascii_alphanumeric() || byte == b' ' || byte == 0)
    }

    /// Is this byte, inside data, read as a delimiter?
    pub(crate) fn contains(&self, byte: u8) -> bool {
        byte == self.element
            || byte == self.component
            || Some(byte) == self.repetition
            || self.terminator.as_bytes().contains(&byte)
    }
}
