//! X12 that goes out: the 850 of a purchase order, the TA1/997 of what came in.
//! Here: from a planned body to bytes. Not here: the segments (`crossdock-edi`), control numbers (fixed with the plan, by the core).
//! Invariant: equal body and frame, equal bytes: a repeated attempt cannot be taken for another document.

use crossdock_edi::documents::{Envelope, PurchaseOrder850};
use crossdock_edi::{AckNumbers, Guide, Party, Strictness, WriteError};
use crossdock_model::{EdiControl, PoCreated, RunId, SystemId, Timestamp};
use serde_json::{Value, json};

use crate::inbound;

/// What stands around a document.
#[derive(Clone, Debug)]
pub struct Frame {
    /// Us.
    pub sender: Party,
    /// The partner's id in an ISA.
    pub receiver: Party,
    /// The partner.
    pub partner: SystemId,
    /// Which set, and its control numbers.
    pub control: EdiControl,
    /// When it was planned.
    pub at: Timestamp,
    /// Part of a synthetic transaction.
    pub test: bool,
    /// Its run.
    pub run_id: Option<RunId>,
}

/// Why a document cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// The body is not what the set is made from.
    #[error("the body is no {what}: {why}")]
    Body {
        /// What it should be.
        what: &'static str,
        /// What is wrong.
        why: String,
    },
    /// A value does not fit into X12.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// There is no way to write this set.
    #[error("there is no way to write a set {0}")]
    UnknownSet(String),
}

/// The body of a planned acknowledgement: what came in, so that the answer can be made again at any time.
pub fn acknowledge_later(interchange: &[u8]) -> Value {
    json!({"interchange": String::from_utf8_lossy(interchange)})
}

/// Writes a planned document.
///
/// # Errors
/// [`RenderError`] if the body does not fit.
pub fn render(body: &Value, frame: &Frame, guides: &[Guide], strictness: &Strictness) -> Result<Vec<u8>, RenderError> {
    match frame.control.set.as_str() {
        "850" => purchase_order(body, frame),
        "997" => {
            let why = || "`interchange` is missing".to_owned();
            let text = body.get("interchange").and_then(Value::as_str);
            let text = text.ok_or_else(|| RenderError::Body { what: "received interchange", why: why() })?;
            let numbers = AckNumbers { interchange_control: frame.control.interchange, at: frame.at };
            let inbound = inbound::translate(text.as_bytes(), &frame.partner, guides, strictness, &numbers);
            Ok(inbound.acknowledgement.into_bytes())
        }
        other => Err(RenderError::UnknownSet(other.to_owned())),
    }
}

fn purchase_order(body: &Value, frame: &Frame) -> Result<Vec<u8>, RenderError> {
    let po: PoCreated = serde_json::from_value(body.clone())
        .map_err(|error| RenderError::Body { what: "purchase order", why: error.to_string() })?;
    let document = PurchaseOrder850 {
        po_number: po.po_number,
        ordered_at: frame.at,
        currency: po.currency,
        facility: po.facility,
        supplier: Some(po.supplier),
        needed_by: body.get("requestedDate").and_then(Value::as_str).map(str::to_owned),
        lines: po.lines,
        run_id: frame.run_id.clone(),
    };
    let envelope = Envelope {
        group_control: frame.control.group,
        ..Envelope::new(frame.sender.clone(), frame.receiver.clone(), frame.control.interchange, frame.at)
    };
    Ok(document.write(&envelope.test(frame.test))?)
}
