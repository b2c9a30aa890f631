//! The envelope of what we send: ISA, GS, ST and their trailers around new sets.
//! Not here: the bytes (`write`), what stands in the sets (`documents`, `ack`).
//! Invariant: trailers are computed, never given.

use jiff::Timestamp;
use jiff::tz::Offset;

use crate::delimiters::Delimiters;
use crate::tree::{Group, Interchange, Party, Segment, Set, Usage};

/// Everything that an interchange of ours says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// Who sends.
    pub sender: Party,
    /// Whom it is for.
    pub receiver: Party,
    /// Interchange control number (ISA13): unique for this sender and receiver.
    pub interchange_control: u32,
    /// Group control number (GS06).
    pub group_control: u32,
    /// When it was made.
    pub at: Timestamp,
    /// Production, or test: synthetic transactions are test.
    pub usage: Usage,
    /// Ask for a TA1 even if all is well (ISA14).
    pub ack_requested: bool,
    /// The delimiters to write with.
    pub delimiters: Delimiters,
}

impl Envelope {
    /// An envelope for real business with the usual delimiters.
    pub fn new(sender: Party, receiver: Party, interchange_control: u32, at: Timestamp) -> Self {
        Self {
            sender,
            receiver,
            interchange_control,
            group_control: interchange_control,
            at,
            usage: Usage::Production,
            ack_requested: false,
            delimiters: Delimiters::default(),
        }
    }

    /// The same envelope, marked as test data where `test` is true.
    #[must_use]
    pub fn test(mut self, test: bool) -> Self {
        self.usage = if test { Usage::Test } else { Usage::Production };
        self
    }

    /// An interchange around `groups`, each with its functional id and control number; sets are numbered from 0001 in each.
    pub(crate) fn wrap<'a>(&self, services: Vec<Segment<'a>>, groups: Vec<NewGroup<'a>>) -> Interchange<'a> {
        let made = Offset::UTC.to_datetime(self.at);
        let version = if self.delimiters.repetition.is_some() { "00501" } else { "00401" };
        let isa = Segment::new(
            "ISA",
            [
                "00".to_owned(),
                String::new(),
                "00".to_owned(),
                String::new(),
                self.sender.qualifier.clone(),
                self.sender.id.clone(),
                self.receiver.qualifier.clone(),
                self.receiver.id.clone(),
                made.strftime("%y%m%d").to_string(),
                made.strftime("%H%M").to_string(),
                "U".to_owned(),
                version.to_owned(),
                format!("{:09}", self.interchange_control),
                if self.ack_requested { "1" } else { "0" }.to_owned(),
                self.usage.code().to_owned(),
                char::from(self.delimiters.component).to_string(),
            ],
        );
        let count = groups.len();
        let groups = groups.into_iter().map(|group| group.wrap(self)).collect();
        let iea = Segment::new("IEA", [count.to_string(), format!("{:09}", self.interchange_control)]);
        Interchange { delimiters: self.delimiters, isa, services, groups, iea: Some(iea), findings: Vec::new() }
    }
}

/// Sets that are to be sent as one group: functional id, control number, and per set its id and the segments between ST and SE.
pub(crate) struct NewGroup<'a> {
    pub(crate) functional_id: &'static str,
    pub(crate) control: u32,
    pub(crate) sets: Vec<(&'static str, Vec<Segment<'a>>)>,
}

/// The version of every set that we write.
const VERSION: &str = "004010";

impl<'a> NewGroup<'a> {
    fn wrap(self, envelope: &Envelope) -> Group<'a> {
        let made = Offset::UTC.to_datetime(envelope.at);
        let gs = Segment::new(
            "GS",
            [
                self.functional_id.to_owned(),
                envelope.sender.id.clone(),
                envelope.receiver.id.clone(),
                made.strftime("%Y%m%d").to_string(),
                made.strftime("%H%M%S").to_string(),
                self.control.to_string(),
                "X".to_owned(),
                VERSION.to_owned(),
            ],
        );
        let ge = Segment::new("GE", [self.sets.len().to_string(), self.control.to_string()]);
        let sets = self
            .sets
            .into_iter()
            .enumerate()
            .map(|(index, (id, body))| {
                let number = format!("{:04}", index + 1);
                let mut segments = vec![Segment::new("ST", [id.to_owned(), number.clone()])];
                segments.extend(body);
                let count = (segments.len() + 1).to_string();
                segments.push(Segment::new("SE", [count, number]));
                Set { segments, findings: Vec::new() }
            })
            .collect();
        Group { gs, sets, ge: Some(ge), findings: Vec::new() }
    }
}
