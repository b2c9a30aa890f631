//! A supplier that speaks X12: takes 850 and 997, answers 997, 855, 856 and 810.
//!
//! Here: when it answers what. Not here: how a document is written (`documents`), X12 itself (`crossdock-edi`).
//! Invariants: control numbers of its own never repeat in a life; an order that comes again is acknowledged again and
//! fulfilled once; what is marked as test (ISA15 = T) is answered as test, with the run it names.

mod documents;

use std::collections::BTreeMap;

use crossdock_edi::documents::{Document, PurchaseOrder850};
use crossdock_edi::{Party, Strictness, Usage};
use crossdock_model::SystemId;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::agenda::Agenda;
use super::answer::Answer;
use super::{Body, Emission, Life, Request, System};
use crate::declaration;
use documents::Writer;

/// The simulated supplier.
pub struct Supplier {
    declaration: declaration::Supplier,
    system: String,
    writer: Writer,
    orders: BTreeMap<String, Order>,
    documents: Vec<Noted>,
    agenda: Agenda<Task>,
}

/// An order that the supplier has.
struct Order {
    document: PurchaseOrder850,
    test: bool,
    /// Its place among all orders, from 1: the number inside its ship notice and invoice.
    at: usize,
}

/// A transaction set that came or went.
struct Noted {
    set: &'static str,
    incoming: bool,
    control_number: String,
    po_number: Option<String>,
    at: Timestamp,
}

/// A set of a group that is to be acknowledged.
struct SetTaken {
    set: &'static str,
    control_number: String,
    po: String,
}

enum Task {
    Acknowledge { functional_id: String, group: u32, sets: Vec<SetTaken>, test: bool },
    Confirm(String),
    Ship(String),
    Invoice(String),
}

impl Supplier {
    /// A supplier named `system`, as declared.
    #[must_use]
    pub fn new(system: &str, declaration: &declaration::Supplier, life: &Life) -> Self {
        Self {
            writer: Writer::new(system, declaration, life),
            declaration: declaration.clone(),
            system: system.to_owned(),
            orders: BTreeMap::new(),
            documents: Vec::new(),
            agenda: Agenda::default(),
        }
    }

    fn receive(&mut self, request: &Request, now: Timestamp) -> Result<Answer, Answer> {
        let Body::Bytes(bytes) = &request.body else {
            return Err(Answer::problem(400, "body-missing", "an X12 interchange is expected"));
        };
        let file = crossdock_edi::read(bytes, &Strictness::tolerant());
        if let Some(error) = file.errors().first() {
            return Err(Answer::unprocessable("", "x12", &error.to_string()));
        }
        let Some(interchange) = file.interchanges.first() else {
            return Err(Answer::unprocessable("", "x12", "there is no interchange in the body"));
        };
        if interchange.receiver() != self.writer.own || interchange.sender() != self.writer.partner {
            let Party { qualifier, id } = interchange.receiver();
            let detail =
                format!("an interchange for {qualifier}/{id} does not belong here: this is {}", self.declaration.edi);
            return Err(Answer::unprocessable("", "x12-party", &detail));
        }
        let partner: SystemId = self
            .system
            .parse()
            .map_err(|error: crossdock_model::IdError| Answer::problem(500, "bad-system-id", &error.to_string()))?;
        // All sets are read before the first has an effect: an interchange is taken whole or not at all.
        let mut read = Vec::new();
        for (interchange, group, set) in file.accepted_sets() {
            let document = Document::read(interchange, set, &partner)
                .map_err(|errors| Answer::unprocessable("", "x12", &joined(&errors)))?;
            let group_control = group.control_number().parse().unwrap_or(0);
            let taken = (group.functional_id().to_owned(), group_control, set.control_number().to_owned());
            read.push((document, taken, interchange.usage() == Usage::Test));
        }
        let mut groups: BTreeMap<(String, u32), (Vec<SetTaken>, bool)> = BTreeMap::new();
        for (document, (functional_id, group, control_number), test) in read {
            if let Some(taken) = self.take(document, control_number, test, now)? {
                let (sets, _) = groups.entry((functional_id, group)).or_insert_with(|| (Vec::new(), test));
                sets.push(taken);
            }
        }
        for ((functional_id, group), (sets, test)) in groups {
            let task = Task::Acknowledge { functional_id, group, sets, test };
            self.agenda.after(now, self.declaration.delays.acknowledge.duration(), task);
        }
        Ok(Answer::accepted(json!({
            "received": true,
            "isaControlNumber": interchange.control_number(),
        })))
    }

    /// Takes one set; says what is to be acknowledged.
    fn take(
        &mut self,
        document: Document,
        control_number: String,
        test: bool,
        now: Timestamp,
    ) -> Result<Option<SetTaken>, Answer> {
        match document {
            // An acknowledgement is not acknowledged: that would never end.
            Document::FunctionalAck(_) => {
                self.note("997", true, control_number, None, now);
                Ok(None)
            }
            Document::PurchaseOrder(order) => {
                let po = order.po_number.to_string();
                if !self.orders.contains_key(&po) {
                    let delays = &self.declaration.delays;
                    self.agenda.after(now, delays.confirm.duration(), Task::Confirm(po.clone()));
                    self.agenda.after(now, delays.ship.duration(), Task::Ship(po.clone()));
                    self.agenda.after(now, delays.invoice.duration(), Task::Invoice(po.clone()));
                    let at = self.orders.len() + 1;
                    self.orders.insert(po.clone(), Order { document: order, test, at });
                }
                self.note("850", true, control_number.clone(), Some(po.clone()), now);
                Ok(Some(SetTaken { set: "850", control_number, po }))
            }
            other => {
                let detail = format!("a supplier takes 850 and 997, not {}", set_of(&other));
                Err(Answer::unprocessable("", "x12-set", &detail))
            }
        }
    }

    fn note(&mut self, set: &'static str, incoming: bool, control_number: String, po: Option<String>, at: Timestamp) {
        self.documents.push(Noted { set, incoming, control_number, po_number: po, at });
    }

    fn perform(&mut self, task: Task, at: Timestamp) -> Option<Vec<u8>> {
        let (set, po, written) = match task {
            Task::Acknowledge { functional_id, group, sets, test } => {
                let named = sets.iter().map(|taken| (taken.set, taken.control_number.as_str()));
                let written = self.writer.acknowledge(&functional_id, group, named, test, at);
                ("997", sets.into_iter().next().map(|taken| taken.po), written)
            }
            Task::Confirm(number) => {
                let order = self.orders.get(&number)?;
                ("855", Some(number), self.writer.confirm(&order.document, order.test, at))
            }
            Task::Ship(number) => {
                let order = self.orders.get(&number)?;
                ("856", Some(number), self.writer.ship(&order.document, order.at, order.test, at))
            }
            Task::Invoice(number) => {
                let order = self.orders.get(&number)?;
                ("810", Some(number), self.writer.invoice(&order.document, order.at, order.test, at))
            }
        };
        // What it took from the order fits where it came from; a document that cannot be written is none that was sent.
        let bytes = written.ok()?;
        self.note(set, false, "0001".to_owned(), po, at);
        Some(bytes)
    }

    fn find_documents(&self, request: &Request) -> Answer {
        const SHOWN: usize = 500;
        let wanted =
            |noted: &&Noted| request.query("poNumber").is_none_or(|number| noted.po_number.as_deref() == Some(number));
        let documents: Vec<Value> = self.documents.iter().filter(wanted).take(SHOWN).map(Noted::view).collect();
        Answer::ok(json!({ "documents": documents }))
    }
}

impl Noted {
    fn view(&self) -> Value {
        let mut view = json!({
            "set": self.set,
            "direction": if self.incoming { "in" } else { "out" },
            "controlNumber": self.control_number,
            "at": self.at.to_string(),
        });
        if let Some(number) = &self.po_number {
            view["poNumber"] = json!(number);
        }
        view
    }
}

impl System for Supplier {
    fn handle(&mut self, request: &Request, now: Timestamp) -> Answer {
        let answer = match request.operation.as_str() {
            "sendInterchange" => self.receive(request, now),
            "findDocuments" => Ok(self.find_documents(request)),
            other => Err(Answer::unknown("operation", other)),
        };
        answer.unwrap_or_else(|problem| problem)
    }

    fn next_due(&self) -> Option<Timestamp> {
        self.agenda.next_due()
    }

    fn advance(&mut self, now: Timestamp) -> Vec<Emission> {
        let mut emissions = Vec::new();
        while let Some((due, task)) = self.agenda.pop_due(now) {
            emissions.extend(self.perform(task, due).map(Emission::Interchange));
        }
        emissions
    }

    fn state(&self) -> Value {
        let documents: Vec<Value> = self.documents.iter().map(Noted::view).collect();
        json!({ "orders": self.orders.keys().collect::<Vec<_>>(), "documents": documents })
    }
}

fn joined(errors: &[crossdock_edi::EdiError]) -> String {
    errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

fn set_of(document: &Document) -> &'static str {
    match document {
        Document::PurchaseOrder(_) => "850",
        Document::PoAck(_) => "855",
        Document::ShipNotice(_) => "856",
        Document::Invoice(_) => "810",
        Document::FunctionalAck(_) => "997",
    }
}
