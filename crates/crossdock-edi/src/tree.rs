//! A file as X12 nests it: interchanges, functional groups, transaction sets, segments, elements.
//! Here: the types, and questions about one node. Not here: building them (`read`), writing them (`write`).
//! Invariant: each node holds the errors of its own level, so that a refused set leaves its neighbours alone.

use std::borrow::Cow;

use crate::delimiters::Delimiters;
use crate::error::{EdiError, Place};

/// One element: its raw text (components and repetitions still joined) and where it stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Element<'a> {
    /// The text, borrowed from the file wherever it stands there unbroken.
    pub text: Cow<'a, str>,
    /// Byte offset in the file.
    pub offset: usize,
}

impl Element<'_> {
    /// The repetitions of the element; one where the interchange has no repetition separator.
    pub fn repetitions(&self, delimiters: &Delimiters) -> Vec<&str> {
        match delimiters.repetition {
            Some(separator) => self.text.split(char::from(separator)).collect(),
            None => vec![&self.text],
        }
    }

    /// The components of a composite element; one for a simple element.
    pub fn components(&self, delimiters: &Delimiters) -> Vec<&str> {
        self.text.split(char::from(delimiters.component)).collect()
    }
}

/// One segment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Segment<'a> {
    /// Its id: `PO1`, `N1`, …
    pub id: Cow<'a, str>,
    /// Its elements; `PO101` is the first.
    pub elements: Vec<Element<'a>>,
    /// Number in the file, from 1.
    pub number: usize,
    /// Byte offset of the id.
    pub offset: usize,
}

impl<'a> Segment<'a> {
    /// A segment to be written.
    pub fn new(id: &'a str, elements: impl IntoIterator<Item = impl Into<Cow<'a, str>>>) -> Self {
        let elements = elements.into_iter().map(|text| Element { text: text.into(), offset: 0 }).collect();
        Self { id: Cow::Borrowed(id), elements, number: 0, offset: 0 }
    }

    /// The text of element `number` (from 1); empty where the segment is shorter.
    pub fn get(&self, number: usize) -> &str {
        self.element(number).map_or("", |element| &element.text)
    }

    /// Element `number` (from 1), where the segment has it.
    pub fn element(&self, number: usize) -> Option<&Element<'a>> {
        number.checked_sub(1).and_then(|index| self.elements.get(index))
    }

    /// The place of the segment, or of one of its elements (of the segment's end where it is missing).
    pub fn place(&self, element: Option<usize>) -> Place {
        let offset = match element {
            None => self.offset,
            Some(number) => self.element(number).map_or_else(|| self.end(), |e| e.offset),
        };
        Place { offset, segment: self.number, segment_id: self.id.to_string(), in_set: None, element }
    }

    fn end(&self) -> usize {
        self.elements.last().map_or(self.offset + self.id.len(), |e| e.offset + e.text.len())
    }
}

/// A transaction set: everything from ST to SE.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Set<'a> {
    /// All segments, ST first and (where it is there) SE last; index + 1 is the number that AK302 names.
    pub segments: Vec<Segment<'a>>,
    /// What is wrong with the set or inside it.
    pub findings: Vec<EdiError>,
}

impl<'a> Set<'a> {
    /// Set identifier (ST01): `850`, …
    pub fn id(&self) -> &str {
        self.segments.first().map_or("", |st| st.get(1))
    }

    /// Set control number (ST02).
    pub fn control_number(&self) -> &str {
        self.segments.first().map_or("", |st| st.get(2))
    }

    /// Is it refused (by an error of its own, not of its group or interchange)?
    pub fn is_refused(&self) -> bool {
        self.findings.iter().any(EdiError::is_refusal)
    }

    /// The segments with this id, with their index in the set.
    pub fn all<'s>(&'s self, id: &'s str) -> impl Iterator<Item = (usize, &'s Segment<'a>)> {
        self.segments.iter().enumerate().filter(move |(_, segment)| segment.id == id)
    }

    /// The place of segment `index` of the set, or of one of its elements.
    pub fn place(&self, index: usize, element: Option<usize>) -> Place {
        let segment = self.segments.get(index).or(self.segments.last());
        let mut place = segment.map(|segment| segment.place(element)).unwrap_or_default();
        place.in_set = Some(index + 1);
        place
    }
}

/// A functional group: GS to GE.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Group<'a> {
    /// The header.
    pub gs: Segment<'a>,
    /// The sets, in order.
    pub sets: Vec<Set<'a>>,
    /// The trailer, where it is there.
    pub ge: Option<Segment<'a>>,
    /// What is wrong with the group itself.
    pub findings: Vec<EdiError>,
}

impl Group<'_> {
    /// Functional identifier (GS01): `PO` for 850, `PR` for 855, `SH` for 856, `IN` for 810, `FA` for 997.
    pub fn functional_id(&self) -> &str {
        self.gs.get(1)
    }

    /// Group control number (GS06).
    pub fn control_number(&self) -> &str {
        self.gs.get(6)
    }

    /// Version and release (GS08).
    pub fn version(&self) -> &str {
        self.gs.get(8)
    }

    /// Is the whole group refused by an error of its own?
    pub fn is_refused(&self) -> bool {
        self.findings.iter().any(EdiError::is_refusal)
    }
}

/// One end of an interchange: qualifier and id, without padding.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Party {
    /// Qualifier (ISA05, ISA07): `ZZ` mutually defined, `01` D-U-N-S, …
    pub qualifier: String,
    /// Id (ISA06, ISA08).
    pub id: String,
}

impl Party {
    /// A party.
    pub fn new(qualifier: impl Into<String>, id: impl Into<String>) -> Self {
        Self { qualifier: qualifier.into(), id: id.into() }
    }
}

/// What the interchange is for (ISA15).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Usage {
    /// `P`: real business.
    #[default]
    Production,
    /// `T`: test data, here also a synthetic transaction.
    Test,
    /// `I`: for information only.
    Information,
}

impl Usage {
    /// The code on the wire.
    pub fn code(self) -> &'static str {
        match self {
            Self::Production => "P",
            Self::Test => "T",
            Self::Information => "I",
        }
    }
}

/// What makes an interchange unique: the same key again is a duplicate.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct InterchangeKey {
    /// Who sent it.
    pub sender: Party,
    /// Whom it is for.
    pub receiver: Party,
    /// ISA13 as a number, so that padding does not hide a duplicate; as text where it is none.
    pub control_number: String,
}

/// An interchange: ISA to IEA.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Interchange<'a> {
    /// The delimiters that its ISA declares.
    pub delimiters: Delimiters,
    /// The header.
    pub isa: Segment<'a>,
    /// Segments beside the groups: TA1, an acknowledgement of an interchange of ours.
    pub services: Vec<Segment<'a>>,
    /// The groups, in order.
    pub groups: Vec<Group<'a>>,
    /// The trailer, where it is there.
    pub iea: Option<Segment<'a>>,
    /// What is wrong with the interchange itself.
    pub findings: Vec<EdiError>,
}

impl Interchange<'_> {
    /// Who sent it.
    pub fn sender(&self) -> Party {
        Party::new(trimmed(self.isa.get(5)), trimmed(self.isa.get(6)))
    }

    /// Whom it is for.
    pub fn receiver(&self) -> Party {
        Party::new(trimmed(self.isa.get(7)), trimmed(self.isa.get(8)))
    }

    /// Interchange control number (ISA13).
    pub fn control_number(&self) -> &str {
        trimmed(self.isa.get(13))
    }

    /// Does the sender want a TA1 in any case (ISA14)?
    pub fn ack_requested(&self) -> bool {
        trimmed(self.isa.get(14)) == "1"
    }

    /// Production or test (ISA15).
    pub fn usage(&self) -> Usage {
        match trimmed(self.isa.get(15)) {
            "T" => Usage::Test,
            "I" => Usage::Information,
            _ => Usage::Production,
        }
    }

    /// What makes it unique.
    pub fn key(&self) -> InterchangeKey {
        let number = self.control_number();
        let significant = number.trim_start_matches('0');
        let control_number = if significant.is_empty() { number } else { significant };
        InterchangeKey { sender: self.sender(), receiver: self.receiver(), control_number: control_number.to_owned() }
    }

    /// Is the whole interchange refused by an error of its own?
    pub fn is_refused(&self) -> bool {
        self.findings.iter().any(EdiError::is_refusal)
    }
}

/// White space of any kind, for padding: some senders pad with no-break spaces.
pub(crate) fn trimmed(text: &str) -> &str {
    text.trim()
}

/// Everything that was read from one file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct File<'a> {
    /// The interchanges, in order.
    pub interchanges: Vec<Interchange<'a>>,
    /// What is wrong outside any interchange: before, between and after them. It refuses none of them.
    pub findings: Vec<EdiError>,
}

impl<'a> File<'a> {
    /// Every finding of every level, in the order of the file.
    pub fn findings(&self) -> Vec<&EdiError> {
        let mut all: Vec<&EdiError> = self.findings.iter().collect();
        for interchange in &self.interchanges {
            all.extend(&interchange.findings);
            for group in &interchange.groups {
                all.extend(&group.findings);
                all.extend(group.sets.iter().flat_map(|set| &set.findings));
            }
        }
        all.sort_by_key(|finding| finding.place.offset);
        all
    }

    /// The findings that refuse something.
    pub fn errors(&self) -> Vec<&EdiError> {
        self.findings().into_iter().filter(|finding| finding.is_refusal()).collect()
    }

    /// The findings that are only noted.
    pub fn warnings(&self) -> Vec<&EdiError> {
        self.findings().into_iter().filter(|finding| !finding.is_refusal()).collect()
    }

    /// The sets that may have an effect: neither they nor their group nor their interchange is refused.
    pub fn accepted_sets(&self) -> impl Iterator<Item = (&Interchange<'a>, &Group<'a>, &Set<'a>)> {
        self.interchanges
            .iter()
            .filter(|interchange| !interchange.is_refused())
            .flat_map(|interchange| interchange.groups.iter().map(move |group| (interchange, group)))
            .filter(|(_, group)| !group.is_refused())
            .flat_map(|(interchange, group)| group.sets.iter().map(move |set| (interchange, group, set)))
            .filter(|(_, _, set)| !set.is_refused())
    }
}
