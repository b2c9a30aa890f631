//! After an ambiguous outcome: did the target act?
//! Here: which read of a target's contract answers that for which write, as data. Rule: docs/concepts/domain.md, "Delivery rules".
//! Invariant: "absent" is said only where the target answered that it has no such thing.

use serde_json::Value;

use crate::call::{Answer, Body, Call, Outcome};

/// What the look-up found.
#[derive(Clone, Debug, PartialEq)]
pub enum Found {
    /// The target has it: this is what it would have answered.
    Done(Answer),
    /// The target does not have it: send again with the same key.
    Absent,
    /// The target's contract has no such read.
    NoLookup,
    /// The look-up itself got no usable answer: this is how it ended.
    CannotTell(Outcome),
}

/// How one write is looked up.
struct Rule {
    contract: &'static str,
    write: &'static str,
    read: &'static str,
    /// The field of the write's body that names the thing, and the read's parameter.
    field: &'static str,
    place: Place,
}

enum Place {
    /// A path parameter; 404 is "absent".
    Path,
    /// A query parameter; the answer has a list under this key, and an empty one is "absent".
    QueryList(&'static str),
}

const RULES: &[Rule] = &[
    Rule {
        contract: "erp",
        write: "createOrder",
        read: "findOrders",
        field: "orderId",
        place: Place::QueryList("orders"),
    },
    Rule {
        contract: "erp",
        write: "createPurchaseOrder",
        read: "findPurchaseOrders",
        field: "recommendationId",
        place: Place::QueryList("purchaseOrders"),
    },
    Rule {
        contract: "erp",
        write: "createPosting",
        read: "findPostings",
        field: "movementId",
        place: Place::QueryList("postings"),
    },
    // Not the WMS's allocations and releases: an order may have several at one facility, and a look-up by its number would take
    // the first for the second. Their idempotency keys tell them apart.
    Rule {
        contract: "wms",
        write: "createInboundShipment",
        read: "getInboundShipment",
        field: "asnNumber",
        place: Place::Path,
    },
    Rule {
        contract: "carrier",
        write: "createTracking",
        read: "getTracking",
        field: "trackingNumber",
        place: Place::Path,
    },
    Rule { contract: "ap", write: "createInvoice", read: "getInvoice", field: "invoiceNumber", place: Place::Path },
];

/// A read that tells whether a write has happened.
pub(crate) struct LookUp {
    pub(crate) call: Call,
    list: Option<&'static str>,
}

/// The look-up for a call to a target that keeps `contract`, where there is one.
pub(crate) fn of(contract: &str, call: &Call) -> Option<LookUp> {
    let rule = RULES.iter().find(|rule| rule.contract == contract && rule.write == call.operation)?;
    let Body::Json(body) = &call.body else { return None };
    let name = body.get(rule.field)?.as_str()?.to_owned();
    let mut read = Call {
        target: call.target.clone(),
        operation: rule.read.to_owned(),
        correlation_id: call.correlation_id.clone(),
        synthetic: call.synthetic,
        run_id: call.run_id.clone(),
        ..Call::default()
    };
    let list = match rule.place {
        Place::Path => {
            read.path.insert(rule.field.to_owned(), name);
            None
        }
        Place::QueryList(list) => {
            read.query.push((rule.field.to_owned(), name));
            Some(list)
        }
    };
    Some(LookUp { call: read, list })
}

impl LookUp {
    /// What the end of the read means for the write.
    pub(crate) fn judge(&self, outcome: Outcome) -> Found {
        let Outcome::Answered(answer) = outcome else { return Found::CannotTell(outcome) };
        match (answer.status, self.list) {
            (200, None) => Found::Done(Answer { status: 201, ..answer }),
            // Without a problem document nobody knows whether the thing or the route is missing.
            (404, None) if answer.problem => Found::Absent,
            (200, Some(key)) => match answer.body.get(key).and_then(Value::as_array) {
                Some(list) => list.first().map_or(Found::Absent, |first| {
                    Found::Done(Answer { status: 201, body: first.clone(), ..Answer::default() })
                }),
                None => Found::CannotTell(Outcome::Ambiguous {
                    why: format!("the look-up `{}` answered without `{key}`", self.call.operation),
                }),
            },
            _ => Found::CannotTell(Outcome::Answered(answer)),
        }
    }
}
