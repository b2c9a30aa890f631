//! Planning: watches positions and recommends replenishment.
//!
//! Invariants: one open recommendation per product, facility and cycle; an older position never replaces a newer one; what
//! was ordered and has not shown up in a position yet is counted, so that nothing is recommended twice.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{Timestamp, ToSpan};
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::agenda::Agenda;
use super::answer::{Answer, body_of, object_of};
use super::event::{Context, Fact};
use super::{Emission, Life, Request, System};
use crate::declaration::{self, Reorder};

/// The simulated planning.
pub struct Procurement {
    source: String,
    declaration: declaration::Procurement,
    life: Life,
    numbered: u64,
    positions: BTreeMap<(String, String), Watched>,
    recommendations: BTreeMap<String, Map<String, Value>>,
    agenda: Agenda<Value>,
}

/// A position and what planning has going for it.
#[derive(Clone, Debug, Default)]
struct Watched {
    version: u64,
    figures: Figures,
    cycle: u64,
    open: Option<Open>,
    /// Marks of the call that brought the figures.
    context: Context,
}

/// A recommendation that the position does not show yet.
#[derive(Clone, Debug)]
struct Open {
    recommendation: String,
    version: u64,
    /// `on_order` + `in_transit` and `on_hand` when it was made: a rise of either is its goods.
    coming_before: Decimal,
    on_hand_before: Decimal,
    ordered: bool,
    /// When planning last did something about it, or heard of it.
    since: Timestamp,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Figures {
    on_hand: Decimal,
    allocated: Decimal,
    available: Decimal,
    on_order: Decimal,
    in_transit: Decimal,
    backordered: Decimal,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PositionUpdate {
    position: Figures,
    position_version: u64,
}

impl Procurement {
    /// Planning named `system`, as declared.
    #[must_use]
    pub fn new(system: &str, declaration: &declaration::Procurement, life: Life) -> Self {
        Self {
            source: format!("/{system}"),
            declaration: declaration.clone(),
            life,
            numbered: 0,
            positions: BTreeMap::new(),
            recommendations: BTreeMap::new(),
            agenda: Agenda::default(),
        }
    }

    fn update_position(&mut self, request: &Request, now: Timestamp) -> Result<Answer, Answer> {
        let update: PositionUpdate = body_of(request)?;
        let (facility, product) = (request.path("facility").to_owned(), request.path("product").to_owned());
        let context = request.context.clone().with_marks_of(object_of(request)?);
        let watched = self.positions.entry((product.clone(), facility.clone())).or_default();
        if update.position_version >= watched.version {
            watched.version = update.position_version;
            watched.figures = update.position;
            watched.context = context;
            watched.settle(now, self.declaration.settles_within.duration());
            self.consider(&product, &facility, now);
        }
        let version = self.positions.get(&(product.clone(), facility.clone())).map_or(0, |watched| watched.version);
        Ok(Answer::ok(json!({ "product": product, "facility": facility, "positionVersion": version })))
    }

    /// Recommends if the position asks for it and nothing is open.
    fn consider(&mut self, product: &str, facility: &str, now: Timestamp) {
        let Some(watched) = self.positions.get(&(product.to_owned(), facility.to_owned())) else { return };
        let mut rules = self.declaration.reorder.iter();
        let rule = rules.find(|rule| rule.product == product && rule.facility == facility);
        let due = |rule: &&Reorder| watched.open.is_none() && watched.projected() <= rule.reorder_point.decimal();
        if let Some(rule) = rule.filter(due).cloned() {
            let context = watched.context.clone();
            self.recommend(&rule, &context, now);
        }
    }

    fn recommend(&mut self, rule: &Reorder, context: &Context, now: Timestamp) {
        let Some(watched) = self.positions.get_mut(&(rule.product.clone(), rule.facility.clone())) else { return };
        let quantity = rule.order_up_to.decimal() - watched.projected();
        if quantity <= Decimal::ZERO {
            return;
        }
        self.numbered += 1;
        watched.cycle += 1;
        let id = format!("{}{}-{:06}", self.declaration.recommendation_prefix, self.life.tag, self.numbered);
        watched.open = Some(Open {
            recommendation: id.clone(),
            version: watched.version,
            coming_before: watched.figures.on_order + watched.figures.in_transit,
            on_hand_before: watched.figures.on_hand,
            ordered: false,
            since: now,
        });
        let mut data = Map::new();
        data.insert("recommendationId".into(), json!(id));
        data.insert("product".into(), json!(rule.product));
        data.insert("facility".into(), json!(rule.facility));
        data.insert("supplier".into(), json!(rule.supplier));
        data.insert("quantity".into(), json!(quantity.normalize().to_string()));
        data.insert("unit".into(), json!(rule.unit));
        data.insert("unitPrice".into(), json!(rule.unit_price.decimal().to_string()));
        data.insert("currency".into(), json!(rule.currency));
        data.insert("cycle".into(), json!(format!("{}-{}", self.life.tag, watched.cycle)));
        data.insert("positionVersion".into(), json!(watched.version));
        if let Some(days) = rule.needed_in_days {
            let day = now.checked_add((i64::from(days) * 24).hours()).unwrap_or(now);
            data.insert("neededBy".into(), json!(day.strftime("%Y-%m-%d").to_string()));
        }
        context.mark(&mut data);
        let fact = Fact {
            source: &self.source,
            id: id.clone(),
            event_type: "replenishment.recommended.v1",
            subject: &id,
            time: now.checked_add(self.declaration.delay.duration()).unwrap_or(now),
            context,
            sequence: None,
            data: Value::Object(data.clone()),
        };
        self.agenda.after(now, self.declaration.delay.duration(), fact.into_cloud_event());
        data.insert("status".into(), json!("open"));
        self.recommendations.insert(id, data);
    }

    fn update_recommendation(&mut self, request: &Request, now: Timestamp) -> Result<Answer, Answer> {
        let id = request.path("recommendationId");
        let update = object_of(request)?;
        let recommendation = self.recommendations.get_mut(id).ok_or_else(|| Answer::unknown("recommendation", id))?;
        for name in ["status", "poNumber", "reason"] {
            if let Some(value) = update.get(name) {
                recommendation.insert(name.into(), value.clone());
            }
        }
        let answer = Answer::ok(Value::Object(recommendation.clone()));
        let status = update.get("status").and_then(Value::as_str).unwrap_or_default();
        let owner = self.positions.iter_mut().find_map(|(key, watched)| {
            let open = watched.open.as_ref().is_some_and(|open| open.recommendation == id);
            open.then_some((key.clone(), watched))
        });
        let Some(((product, facility), watched)) = owner else { return Ok(answer) };
        if status == "refused" {
            // Refused because the position had moved on: the newer one decides at once. Refused for any other reason, it
            // waits for the next position; asking again with the same figures would never end.
            let stale = watched.open.take().is_some_and(|open| open.version < watched.version);
            if stale {
                self.consider(&product, &facility, now);
            }
        } else if let Some(open) = &mut watched.open {
            open.ordered |= status == "ordered";
            open.since = now;
        }
        Ok(answer)
    }

    fn find(&self, request: &Request) -> Answer {
        let wanted = |recommendation: &&Map<String, Value>| {
            request
                .query("product")
                .is_none_or(|product| recommendation.get("product").and_then(Value::as_str) == Some(product))
        };
        let found: Vec<&Map<String, Value>> = self.recommendations.values().filter(wanted).collect();
        Answer::ok(json!({ "recommendations": found }))
    }
}

impl Watched {
    /// What there will be once everything known has arrived.
    fn projected(&self) -> Decimal {
        self.figures.available + self.figures.on_order + self.figures.in_transit - self.figures.backordered
    }

    /// Closes the open recommendation once the position shows its goods, or has had its time to.
    fn settle(&mut self, now: Timestamp, within: Duration) {
        let Some(open) = &self.open else { return };
        let coming = self.figures.on_order + self.figures.in_transit;
        // More on hand may be anybody's goods; only after the order is it taken for this one's.
        let arrived = open.ordered && self.figures.on_hand > open.on_hand_before;
        let shown = coming > open.coming_before || arrived;
        let waited = open.since.checked_add(within).is_ok_and(|until| now >= until);
        if shown || waited {
            self.open = None;
        }
    }
}

impl System for Procurement {
    fn handle(&mut self, request: &Request, now: Timestamp) -> Answer {
        let answer = match request.operation.as_str() {
            "updatePosition" => self.update_position(request, now),
            "findRecommendations" => Ok(self.find(request)),
            "getRecommendation" => {
                let id = request.path("recommendationId");
                let found = self.recommendations.get(id).map(|found| Answer::ok(Value::Object(found.clone())));
                found.ok_or_else(|| Answer::unknown("recommendation", id))
            }
            "updateRecommendation" => self.update_recommendation(request, now),
            other => Err(Answer::unknown("operation", other)),
        };
        answer.unwrap_or_else(|problem| problem)
    }

    fn next_due(&self) -> Option<Timestamp> {
        self.agenda.next_due()
    }

    fn advance(&mut self, now: Timestamp) -> Vec<Emission> {
        std::iter::from_fn(|| self.agenda.pop_due(now)).map(|(_, event)| Emission::Event(event)).collect()
    }

    fn state(&self) -> Value {
        let positions: Vec<Value> = self
            .positions
            .iter()
            .map(|((product, facility), watched)| {
                json!({
                    "product": product,
                    "facility": facility,
                    "positionVersion": watched.version,
                    "allocated": watched.figures.allocated.to_string(),
                    "projected": watched.projected().to_string(),
                    "open": watched.open.as_ref().map(|open| &open.recommendation),
                })
            })
            .collect();
        json!({ "positions": positions, "recommendations": self.recommendations })
    }
}
