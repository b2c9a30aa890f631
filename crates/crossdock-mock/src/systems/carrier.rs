//! A carrier: takes shipments and reports their milestones.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::agenda::Agenda;
use super::answer::{Answer, object_of, text_of};
use super::event::{Context, Fact};
use super::{Emission, Request, System};
use crate::declaration::{self, Milestone};

/// The simulated carrier.
pub struct Carrier {
    source: String,
    declaration: declaration::Carrier,
    trackings: BTreeMap<String, Tracking>,
    agenda: Agenda<(String, Milestone)>,
}

struct Tracking {
    shown: Map<String, Value>,
    milestones: Vec<Value>,
    context: Context,
}

impl Carrier {
    /// A carrier named `system`, as declared.
    #[must_use]
    pub fn new(system: &str, declaration: &declaration::Carrier) -> Self {
        Self {
            source: format!("/{system}"),
            declaration: declaration.clone(),
            trackings: BTreeMap::new(),
            agenda: Agenda::default(),
        }
    }

    fn create(&mut self, request: &Request, now: Timestamp) -> Result<Answer, Answer> {
        let body = object_of(request)?;
        let context = request.context.clone().with_marks_of(body);
        let number = text_of(body.get("trackingNumber"))
            .ok_or_else(|| Answer::unprocessable("/trackingNumber", "required", "a shipment has a tracking number"))?;
        if self.trackings.contains_key(&number) {
            return Err(Answer::conflict("tracking-exists", &format!("`{number}` is tracked already")));
        }
        for milestone in &self.declaration.milestones {
            self.agenda.after(now, milestone.after.duration(), (number.clone(), milestone.milestone));
        }
        let tracking = Tracking { shown: body.clone(), milestones: Vec::new(), context };
        let answer = Answer::created(tracking.view());
        self.trackings.insert(number, tracking);
        Ok(answer)
    }

    fn report(&mut self, number: &str, milestone: Milestone, at: Timestamp) -> Option<Value> {
        let tracking = self.trackings.get_mut(number)?;
        tracking.milestones.push(json!({ "milestone": milestone.word(), "occurredAt": at.to_string() }));
        let mut data = Map::new();
        data.insert("trackingNumber".into(), json!(number));
        data.insert("milestone".into(), json!(milestone.word()));
        data.insert("occurredAt".into(), json!(at.to_string()));
        if let Some(reference) = tracking.shown.get("reference") {
            data.insert("reference".into(), reference.clone());
        }
        let fact = Fact {
            source: &self.source,
            id: format!("{number}-{}", milestone.word()),
            event_type: "shipment.milestone.v1",
            subject: number,
            time: at,
            context: &tracking.context,
            sequence: None,
            data: Value::Object(data),
        };
        Some(fact.into_cloud_event())
    }
}

impl Tracking {
    fn view(&self) -> Value {
        let mut view = self.shown.clone();
        view.insert("milestones".into(), json!(self.milestones));
        Value::Object(view)
    }
}

impl System for Carrier {
    fn handle(&mut self, request: &Request, now: Timestamp) -> Answer {
        let answer = match request.operation.as_str() {
            "createTracking" => self.create(request, now),
            "getTracking" => {
                let number = request.path("trackingNumber");
                let tracking = self.trackings.get(number).map(|tracking| Answer::ok(tracking.view()));
                tracking.ok_or_else(|| Answer::unknown("tracking", number))
            }
            other => Err(Answer::unknown("operation", other)),
        };
        answer.unwrap_or_else(|problem| problem)
    }

    fn next_due(&self) -> Option<Timestamp> {
        self.agenda.next_due()
    }

    fn advance(&mut self, now: Timestamp) -> Vec<Emission> {
        let mut emissions = Vec::new();
        while let Some((due, (number, milestone))) = self.agenda.pop_due(now) {
            emissions.extend(self.report(&number, milestone, due).map(Emission::Event));
        }
        emissions
    }

    fn state(&self) -> Value {
        json!({ "trackings": self.trackings.values().map(Tracking::view).collect::<Vec<_>>() })
    }
}
