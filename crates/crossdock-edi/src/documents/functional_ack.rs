//! 997 and TA1: what the other side could read of what we sent.
//! AK1 group · for each set AK2, AK3 and AK4 for its errors, AK5 its status · AK9 the group's status and counts. Writing them for what we read is `ack`.

use crossdock_model::{FunctionalAck, PoNumber};

use super::fields::Fields;
use super::send;
use crate::envelope::Envelope;
use crate::error::{EdiError, ElementCode, GroupCode, InterchangeCode, SegmentCode, SetCode};
use crate::tree::{Segment, Set};
use crate::write::WriteError;

/// The statuses of AK501 and AK901: accepted, accepted with errors noted, partially accepted, rejected (the others are about security).
const STATUSES: [&str; 7] = ["A", "E", "P", "R", "M", "W", "X"];

/// What a 997 says of one set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SetAck {
    /// Set identifier (AK201): `850`, …
    pub set: String,
    /// Set control number (AK202).
    pub control_number: String,
    /// Status (AK501).
    pub status: String,
    /// What is wrong, in plain words with the codes.
    pub errors: Vec<String>,
}

/// A functional acknowledgement.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FunctionalAck997 {
    /// Functional id of the group (AK101).
    pub functional_id: String,
    /// Group control number (AK102).
    pub group_control: u32,
    /// Status of the group (AK901).
    pub status: String,
    /// What it says of single sets; a group that is wholly accepted often names none.
    pub sets: Vec<SetAck>,
    /// What is wrong with the group itself.
    pub errors: Vec<String>,
    /// Sets that the trailer of the group announced (AK902).
    pub included: u32,
    /// Sets received (AK903).
    pub received: u32,
    /// Sets accepted (AK904).
    pub accepted: u32,
}

impl FunctionalAck997 {
    /// The answer to a group that is wholly accepted.
    pub fn accepted(functional_id: &str, group_control: u32, sets: u32) -> Self {
        Self {
            functional_id: functional_id.to_owned(),
            group_control,
            status: "A".to_owned(),
            included: sets,
            received: sets,
            accepted: sets,
            ..Self::default()
        }
    }

    /// The hub's fact. `po_number` is what the group was about, as the hub remembers it: a 997 does not say.
    pub fn fact(&self, po_number: Option<PoNumber>) -> FunctionalAck {
        let of_sets = self.sets.iter().flat_map(|set| &set.errors);
        FunctionalAck {
            po_number,
            group_control_number: self.group_control,
            status: self.status.clone(),
            errors: self.errors.iter().chain(of_sets).cloned().collect(),
        }
    }

    /// The acknowledgement as an interchange of its own: statuses and counts, without the errors in words.
    ///
    /// # Errors
    /// [`WriteError`] for a value that holds a delimiter.
    pub fn write(&self, envelope: &Envelope) -> Result<Vec<u8>, WriteError> {
        let mut body = vec![Segment::new("AK1", [self.functional_id.clone(), self.group_control.to_string()])];
        for set in &self.sets {
            body.push(Segment::new("AK2", [set.set.clone(), set.control_number.clone()]));
            body.push(Segment::new("AK5", [set.status.clone()]));
        }
        let counts = [self.included, self.received, self.accepted].map(|count| count.to_string());
        body.push(Segment::new("AK9", std::iter::once(self.status.clone()).chain(counts)));
        send(envelope, "FA", "997", body)
    }

    /// Reads a 997.
    ///
    /// # Errors
    /// Everything that is missing or cannot be understood.
    pub fn read(set: &Set<'_>) -> Result<Self, Vec<EdiError>> {
        let mut fields = Fields::new(set);
        let document = Self::read_fields(&mut fields);
        fields.finish(document)
    }

    fn read_fields(fields: &mut Fields<'_, '_>) -> Option<Self> {
        let ak1 = fields.required_segment("AK1")?;
        let ak9 = fields.required_segment("AK9")?;
        let mut sets: Vec<SetAck> = Vec::new();
        for index in 0..fields.set.segments.len() {
            let segment = &fields.set.segments[index];
            match (segment.id.as_ref(), sets.last_mut()) {
                ("AK2", _) => sets.push(SetAck {
                    set: segment.get(1).to_owned(),
                    control_number: segment.get(2).to_owned(),
                    ..SetAck::default()
                }),
                ("AK3", Some(set)) => set.errors.push(segment_error(segment)),
                ("AK4", Some(set)) => set.errors.push(element_error(segment)),
                ("AK5", Some(set)) => {
                    segment.get(1).clone_into(&mut set.status);
                    set.errors.extend(codes(segment, 2, "AK5", |code| SetCode::from_code(code).map(SetCode::meaning)));
                }
                _ => {}
            }
        }
        let status = Self::status(fields, ak9);
        let errors = fields
            .set
            .segments
            .get(ak9)
            .map(|ak9| codes(ak9, 5, "AK9", |code| GroupCode::from_code(code).map(GroupCode::meaning)));
        Some(Self {
            functional_id: fields.required(ak1, 1, "functional id")?,
            group_control: fields.required(ak1, 2, "group control number")?,
            status: status?,
            sets,
            errors: errors.unwrap_or_default(),
            included: fields.optional(ak9, 2, "count of sets").unwrap_or(0),
            received: fields.optional(ak9, 3, "count of sets").unwrap_or(0),
            accepted: fields.optional(ak9, 4, "count of sets").unwrap_or(0),
        })
    }

    fn status(fields: &mut Fields<'_, '_>, ak9: usize) -> Option<String> {
        let status: String = fields.required(ak9, 1, "status of the group")?;
        if STATUSES.contains(&status.as_str()) {
            return Some(status);
        }
        fields.error(ElementCode::InvalidCode, ak9, 1, "AK901 is no status: A, E, P or R".to_owned());
        None
    }
}

fn codes(
    segment: &Segment<'_>,
    from: usize,
    level: &str,
    meaning: impl Fn(&str) -> Option<&'static str>,
) -> Vec<String> {
    (from..=segment.elements.len())
        .map(|element| segment.get(element))
        .filter(|code| !code.is_empty())
        .map(|code| format!("{level} {code}: {}", meaning(code).unwrap_or("a code not known here")))
        .collect()
}

fn segment_error(ak3: &Segment<'_>) -> String {
    let code = ak3.get(4);
    let meaning = SegmentCode::from_code(code).map_or("an error", SegmentCode::meaning);
    format!("AK3 {code}: segment {} ({}): {meaning}", ak3.get(2), ak3.get(1))
}

fn element_error(ak4: &Segment<'_>) -> String {
    let code = ak4.get(3);
    let meaning = ElementCode::from_code(code).map_or("an error", ElementCode::meaning);
    let found = if ak4.get(4).is_empty() { String::new() } else { format!(" (`{}`)", ak4.get(4)) };
    format!("AK4 {code}: element {}: {meaning}{found}", ak4.get(1))
}

/// A TA1: what the other side says of a whole interchange of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InterchangeAck {
    /// Control number of our interchange (TA101).
    pub control_number: String,
    /// `A`, `E` or `R` (TA104).
    pub status: String,
    /// The note (TA105): `000` is none.
    pub code: String,
}

impl InterchangeAck {
    /// Reads a TA1, as it stands in [`crate::Interchange::services`].
    pub fn read(ta1: &Segment<'_>) -> Self {
        Self {
            control_number: ta1.get(1).trim().to_owned(),
            status: ta1.get(4).trim().to_owned(),
            code: ta1.get(5).trim().to_owned(),
        }
    }

    /// The note in plain words; `None` where there is none.
    pub fn meaning(&self) -> Option<&'static str> {
        InterchangeCode::from_code(&self.code).map(InterchangeCode::meaning)
    }
}
