//! Accounts payable: takes invoices, learns the result of their match, approves or blocks.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::answer::{Answer, object_of, text_of};
use super::{Emission, Request, System};
use crate::declaration;

/// The simulated accounts payable.
pub struct Ap {
    declaration: declaration::Ap,
    /// By supplier and number: two suppliers may use the same number.
    invoices: BTreeMap<(String, String), Map<String, Value>>,
}

impl Ap {
    /// Accounts payable as declared.
    #[must_use]
    pub fn new(declaration: &declaration::Ap) -> Self {
        Self { declaration: declaration.clone(), invoices: BTreeMap::new() }
    }

    fn create(&mut self, request: &Request) -> Result<Answer, Answer> {
        let mut invoice = object_of(request)?.clone();
        request.context.mark(&mut invoice);
        let number = text_of(invoice.get("invoiceNumber"))
            .ok_or_else(|| Answer::unprocessable("/invoiceNumber", "required", "an invoice has a number"))?;
        let supplier = text_of(invoice.get("supplier")).unwrap_or_default();
        if !self.declaration.suppliers.contains(&supplier) {
            let detail = format!("`{supplier}` is no supplier of ours");
            return Err(Answer::unprocessable("/supplier", "unknown-supplier", &detail));
        }
        let key = (supplier, number.clone());
        if self.invoices.contains_key(&key) {
            return Err(Answer::conflict("invoice-exists", &format!("invoice `{number}` was received already")));
        }
        invoice.insert("status".into(), json!("received"));
        self.invoices.insert(key, invoice.clone());
        Ok(Answer::created(Value::Object(invoice)))
    }

    fn update_match(&mut self, request: &Request) -> Result<Answer, Answer> {
        let number = request.path("invoiceNumber");
        let update = object_of(request)?.clone();
        let invoice = self.invoices.iter_mut().find(|((_, known), _)| known == number);
        let (_, invoice) = invoice.ok_or_else(|| Answer::unknown("invoice", number))?;
        let status = match update.get("result").and_then(Value::as_str) {
            Some("matched") => "approved",
            _ => "blocked",
        };
        invoice.insert("status".into(), json!(status));
        invoice.insert("match".into(), Value::Object(update));
        Ok(Answer::ok(Value::Object(invoice.clone())))
    }
}

impl System for Ap {
    fn handle(&mut self, request: &Request, _now: Timestamp) -> Answer {
        let answer = match request.operation.as_str() {
            "createInvoice" => self.create(request),
            "updateMatch" => self.update_match(request),
            "getInvoice" => {
                let number = request.path("invoiceNumber");
                let invoice = self.invoices.iter().find(|((_, known), _)| known == number);
                let invoice = invoice.map(|(_, invoice)| Answer::ok(Value::Object(invoice.clone())));
                invoice.ok_or_else(|| Answer::unknown("invoice", number))
            }
            other => Err(Answer::unknown("operation", other)),
        };
        answer.unwrap_or_else(|problem| problem)
    }

    fn next_due(&self) -> Option<Timestamp> {
        None
    }

    fn advance(&mut self, _now: Timestamp) -> Vec<Emission> {
        Vec::new()
    }

    fn state(&self) -> Value {
        json!({ "invoices": self.invoices.values().collect::<Vec<_>>() })
    }
}
