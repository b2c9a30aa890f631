//! Business documents: sets as plain structs with the model's own types, in both directions.
//! Here: 850, 855, 856, 810 and 997, and which segments carry their facts. Not here: envelopes and their errors (`read`, `write`), what a
//! fact changes (`crossdock-core`).
//! Invariant: what cannot be read whole is an error with a place; no field is guessed.

mod fields;
mod functional_ack;
mod invoice;
mod po_ack;
mod purchase_order;
mod ship_notice;

use crossdock_model::{RunId, SystemId};

use crate::envelope::NewGroup;
use crate::error::{Code, EdiError, SetCode};
use crate::tree::{Interchange, Segment, Set, Usage};
use crate::write::{WriteError, check_plain, write};

pub use crate::envelope::Envelope;
pub(crate) use fields::{parse_date, parse_time};
pub use functional_ack::{FunctionalAck997, InterchangeAck, SetAck};
pub use invoice::Invoice810;
pub use po_ack::{PoAck855, WholeOrder};
pub use purchase_order::PurchaseOrder850;
pub use ship_notice::{NoticedOrder, ShipNotice856};

/// Any document that we understand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Document {
    /// 850: we order.
    PurchaseOrder(PurchaseOrder850),
    /// 855: the supplier answers line by line.
    PoAck(PoAck855),
    /// 856: the supplier has shipped.
    ShipNotice(ShipNotice856),
    /// 810: the supplier bills.
    Invoice(Invoice810),
    /// 997: the other side could read (or not) what we sent.
    FunctionalAck(FunctionalAck997),
}

impl Document {
    /// Reads a set. `partner` is who sent it, as the hub knows them: a document's own words about that are not trusted.
    ///
    /// # Errors
    /// Everything that is missing or cannot be understood; [`SetCode::Unsupported`] for a set that is none of ours.
    pub fn read(interchange: &Interchange<'_>, set: &Set<'_>, partner: &SystemId) -> Result<Self, Vec<EdiError>> {
        match set.id() {
            "850" => PurchaseOrder850::read(set).map(Self::PurchaseOrder),
            "855" => PoAck855::read(set).map(Self::PoAck),
            "856" => ShipNotice856::read(set).map(Self::ShipNotice),
            "810" => Invoice810::read(set, partner).map(|mut document| {
                document.invoice.synthetic |= interchange.usage() == Usage::Test;
                Self::Invoice(document)
            }),
            "997" => FunctionalAck997::read(set).map(Self::FunctionalAck),
            id => {
                let message = format!("set {id} is none of 850, 855, 856, 810 and 997");
                Err(vec![EdiError::refused(Code::Set(SetCode::Unsupported), set.place(0, Some(1)), message)])
            }
        }
    }

    /// The synthetic run that the document belongs to (REF*ZZ), where it names one.
    pub fn run_id(&self) -> Option<&RunId> {
        match self {
            Self::PurchaseOrder(document) => document.run_id.as_ref(),
            Self::PoAck(document) => document.run_id.as_ref(),
            Self::ShipNotice(document) => document.run_id.as_ref(),
            Self::Invoice(document) => document.invoice.run_id.as_ref(),
            Self::FunctionalAck(_) => None,
        }
    }
}

/// One set alone in an interchange, as bytes.
fn send(
    envelope: &Envelope,
    functional_id: &'static str,
    set: &'static str,
    body: Vec<Segment<'_>>,
) -> Result<Vec<u8>, WriteError> {
    body.iter().try_for_each(|segment| check_plain(segment, &envelope.delimiters))?;
    let group = NewGroup { functional_id, control: envelope.group_control, sets: vec![(set, body)] };
    write(&envelope.wrap(Vec::new(), vec![group]))
}
