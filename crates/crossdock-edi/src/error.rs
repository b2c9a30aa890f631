//! What can be wrong with X12, where, and the code that an acknowledgement says it with.
//! Here: the code lists of TA1, AK9, AK5, AK3 and AK4, in our own words, and [`EdiError`]. Not here: finding the errors (`read`, `guide`).
//! Invariant: every error has a byte offset and a segment number.

use std::fmt;

/// Defines one of the code lists: a variant, its code on the wire, its meaning for people.
macro_rules! codes {
    ($(#[$meta:meta])* $name:ident { $($variant:ident = $code:literal, $meaning:literal;)* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum $name { $(#[doc = $meaning] $variant,)* }

        impl $name {
            /// The code as it stands on the wire.
            pub fn code(self) -> &'static str {
                match self { $(Self::$variant => $code,)* }
            }

            /// What the code says, in plain words.
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning,)* }
            }

            /// The variant of a code on the wire.
            pub fn from_code(code: &str) -> Option<Self> {
                match code { $($code => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

codes! {
    /// Why an interchange is refused or noted (TA105).
    InterchangeCode {
        ControlNumberMismatch = "001", "the control numbers of header and trailer differ";
        StandardUnsupported = "002", "the standard is not supported";
        VersionUnsupported = "003", "the version of the controls is not supported";
        InvalidTerminator = "004", "the segment terminator cannot be one";
        InvalidSenderQualifier = "005", "the sender's qualifier is invalid";
        InvalidSender = "006", "the sender's id is invalid";
        InvalidReceiverQualifier = "007", "the receiver's qualifier is invalid";
        InvalidReceiver = "008", "the receiver's id is invalid";
        UnknownReceiver = "009", "the receiver's id is not known here";
        InvalidAuthorizationQualifier = "010", "the authorization qualifier is invalid";
        InvalidAuthorization = "011", "the authorization information is invalid";
        InvalidSecurityQualifier = "012", "the security qualifier is invalid";
        InvalidSecurity = "013", "the security information is invalid";
        InvalidDate = "014", "the interchange date is invalid";
        InvalidTime = "015", "the interchange time is invalid";
        InvalidStandardsId = "016", "the standards identifier or repetition separator is invalid";
        InvalidVersion = "017", "the interchange version is invalid";
        InvalidControlNumber = "018", "the interchange control number is invalid";
        InvalidAckRequested = "019", "the acknowledgement indicator is neither 0 nor 1";
        InvalidUsage = "020", "the usage indicator is none of P, T and I";
        GroupCountMismatch = "021", "the number of groups in the trailer is not what was counted";
        InvalidStructure = "022", "the control structure is invalid";
        PrematureEnd = "023", "the file ends too early";
        InvalidContent = "024", "the interchange holds what does not belong there";
        Duplicate = "025", "this interchange control number was seen before from this sender";
        InvalidElementSeparator = "026", "the element separator cannot be one";
        InvalidComponentSeparator = "027", "the component separator cannot be one";
    }
}

codes! {
    /// Why a functional group is refused (AK905 and after).
    GroupCode {
        Unsupported = "1", "the functional group is not supported";
        VersionUnsupported = "2", "the version of the group is missing or not supported";
        TrailerMissing = "3", "the group trailer is missing";
        ControlNumberMismatch = "4", "the control numbers of group header and trailer differ";
        SetCountMismatch = "5", "the number of sets in the trailer is not what was counted";
        InvalidControlNumber = "6", "the group control number is invalid";
        NotUnique = "19", "the group control number occurs twice in the interchange";
    }
}

codes! {
    /// Why a transaction set is refused or noted (AK502 and after).
    SetCode {
        Unsupported = "1", "the transaction set is not supported";
        TrailerMissing = "2", "the set trailer is missing";
        ControlNumberMismatch = "3", "the control numbers of set header and trailer differ";
        SegmentCountMismatch = "4", "the number of segments in the trailer is not what was counted";
        SegmentsInError = "5", "one or more segments are in error";
        InvalidIdentifier = "6", "the set identifier is missing or invalid";
        InvalidControlNumber = "7", "the set control number is missing or invalid";
        NotUnique = "23", "the set control number occurs twice in the group";
    }
}

codes! {
    /// What is wrong with a segment (AK304).
    SegmentCode {
        Unrecognized = "1", "the segment id is not one";
        Unexpected = "2", "the segment is not expected here";
        MandatoryMissing = "3", "a mandatory segment is missing";
        LoopTooOften = "4", "the loop occurs too often";
        TooOften = "5", "the segment occurs too often";
        NotInSet = "6", "the segment is not part of the set";
        OutOfSequence = "7", "the segment stands in the wrong place";
        ElementsInError = "8", "the segment has element errors";
    }
}

codes! {
    /// What is wrong with an element (AK403).
    ElementCode {
        MandatoryMissing = "1", "a mandatory element is missing";
        ConditionalMissing = "2", "an element is missing that another one requires";
        TooMany = "3", "there are more elements than the segment has";
        TooShort = "4", "the element is too short";
        TooLong = "5", "the element is too long";
        InvalidCharacter = "6", "the element has a character that its type does not allow";
        InvalidCode = "7", "the value is not in the code list";
        InvalidDate = "8", "the date is not one";
        InvalidTime = "9", "the time is not one";
        Exclusion = "10", "two elements stand together that exclude each other";
    }
}

/// An error's code: its level (which segment of an acknowledgement carries it) and the code itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Code {
    /// Of the interchange: said by a TA1.
    Interchange(InterchangeCode),
    /// Of a functional group: said by AK9.
    Group(GroupCode),
    /// Of a transaction set: said by AK5.
    Set(SetCode),
    /// Of a segment: said by AK3; the set's AK5 then says 5.
    Segment(SegmentCode),
    /// Of an element: said by AK4 under an AK3.
    Element(ElementCode),
}

impl Code {
    /// The code as it stands on the wire, without its level.
    pub fn code(self) -> &'static str {
        match self {
            Self::Interchange(c) => c.code(),
            Self::Group(c) => c.code(),
            Self::Set(c) => c.code(),
            Self::Segment(c) => c.code(),
            Self::Element(c) => c.code(),
        }
    }

    /// The segment that carries codes of this level.
    pub fn segment(self) -> &'static str {
        match self {
            Self::Interchange(_) => "TA1",
            Self::Group(_) => "AK9",
            Self::Set(_) => "AK5",
            Self::Segment(_) => "AK3",
            Self::Element(_) => "AK4",
        }
    }

    /// What the code says, in plain words.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Interchange(c) => c.meaning(),
            Self::Group(c) => c.meaning(),
            Self::Set(c) => c.meaning(),
            Self::Segment(c) => c.meaning(),
            Self::Element(c) => c.meaning(),
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.segment(), self.code())
    }
}

/// Whether a deviation refuses its part of the file or is only noted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Noted: the partner's strictness tolerates it, and the acknowledgement says so.
    Tolerated,
    /// Refused: the interchange, group or set has no effect.
    Refused,
}

/// Where something stands: for a person (offset, segment) and for a functional acknowledgement (`in_set`, element).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Byte offset in the file, from 0.
    pub offset: usize,
    /// Number of the segment in the file, from 1; 0 where there is none (an empty file).
    pub segment: usize,
    /// Id of the segment, as far as it could be read.
    pub segment_id: String,
    /// Number of the segment in its set (the ST is 1), as AK302 counts.
    pub in_set: Option<usize>,
    /// Number of the element, from 1.
    pub element: Option<usize>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "byte {}, segment {}", self.offset, self.segment)?;
        match (self.segment_id.as_str(), self.element) {
            ("", _) => Ok(()),
            (id, None) => write!(f, " ({id})"),
            (id, Some(element)) => write!(f, " ({id}{element:02})"),
        }
    }
}

/// One deviation from the standard or the guide, with its place and the code it is acknowledged with.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {message} [{code}]")]
pub struct EdiError {
    /// The code and its level.
    pub code: Code,
    /// Refused or only noted.
    pub severity: Severity,
    /// Where it stands.
    pub place: Place,
    /// What is wrong and what would be right, in one sentence.
    pub message: String,
    /// The value found, cut to what an AK404 can carry.
    pub found: Option<String>,
}

/// The longest copy of bad data that an AK404 may carry.
const FOUND_MAX: usize = 99;

impl EdiError {
    /// A refusing error.
    pub fn refused(code: Code, place: Place, message: impl Into<String>) -> Self {
        Self { code, severity: Severity::Refused, place, message: message.into(), found: None }
    }

    /// The same error with another severity.
    #[must_use]
    pub fn with_severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    /// The same error with the value that was found, cut to 99 characters.
    #[must_use]
    pub fn with_found(mut self, value: &str) -> Self {
        if !value.is_empty() {
            self.found = Some(value.chars().take(FOUND_MAX).collect());
        }
        self
    }

    /// Does it refuse its part of the file?
    pub fn is_refusal(&self) -> bool {
        self.severity == Severity::Refused
    }
}
