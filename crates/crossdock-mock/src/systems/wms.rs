//! A warehouse management system of one facility: allocation, release, pick, pack, ship, receipt. Stock really moves.
//!
//! Here: what it is asked and when it works. Not here: the shelves and their arithmetic (`stock`), jobs (`job`).
//! Invariants: the facility's sequence counts every movement it tells, without gaps; nothing leaves the shelf before it
//! ships; an opening balance is the same fact in every life (same id, same time, same sequence).

mod inbound;
mod job;
mod stock;

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::{Value, json};

use super::agenda::Agenda;
use super::answer::{Answer, body_of, object_of};
use super::event::{Context, Fact, durable_id};
use super::{Body, Emission, Life, Request, System};
use crate::declaration;
use crate::faults::Behaviour;
use inbound::{Inbound, InboundLine};
use job::{Job, Line, Wave};
use stock::Stock;

/// The simulated warehouse.
pub struct Wms {
    source: String,
    declaration: declaration::Wms,
    life: Life,
    sequence: u64,
    shipped: u64,
    stock: Stock,
    jobs: BTreeMap<String, Job>,
    inbound: BTreeMap<String, Inbound>,
    short_by_fault: BTreeMap<String, Decimal>,
    agenda: Agenda<Task>,
}

enum Task {
    Opening(usize),
    Pick { order: String, wave: usize },
    Pack { order: String, wave: usize },
    Ship { order: String, wave: usize },
    Receive { asn: String },
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ForOrder {
    order_id: String,
    lines: Vec<Line>,
}

/// What is to be given back; everything, where no line is named.
#[derive(Default, Deserialize)]
struct GiveBack {
    lines: Option<Vec<Line>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Announced {
    asn_number: String,
    po_number: String,
    #[serde(default)]
    supplier: Option<String>,
    #[serde(default)]
    expected_at: Option<String>,
    lines: Vec<Line>,
}

impl Wms {
    /// A warehouse named `system`, as declared.
    #[must_use]
    pub fn new(system: &str, declaration: &declaration::Wms, life: Life) -> Self {
        Self {
            source: format!("/{system}"),
            stock: Stock::opening(&declaration.stock),
            declaration: declaration.clone(),
            life,
            sequence: 0,
            shipped: 0,
            jobs: BTreeMap::new(),
            inbound: BTreeMap::new(),
            short_by_fault: BTreeMap::new(),
            agenda: Agenda::default(),
        }
    }

    fn create_allocation(&mut self, request: &Request) -> Result<Answer, Answer> {
        let ForOrder { order_id, lines } = body_of(request)?;
        let context = request.context.clone().with_marks_of(object_of(request)?);
        self.stock.allocate(&lines)?;
        let job = self.jobs.entry(order_id.clone()).or_default();
        job.reserve(lines, context);
        Ok(Answer::created(job.allocation(&order_id, &self.declaration.facility)))
    }

    fn create_release(&mut self, request: &Request, now: Timestamp) -> Result<Answer, Answer> {
        let ForOrder { order_id, lines } = body_of(request)?;
        let body = object_of(request)?;
        let context = request.context.clone().with_marks_of(body);
        // A release may come without an allocation before it: then it reserves by itself.
        let missing = self.jobs.get(&order_id).map_or_else(|| lines.clone(), |job| job.not_reserved(&lines));
        self.stock.allocate(&missing)?;
        let job = self.jobs.entry(order_id.clone()).or_default();
        job.reserve(missing, context.clone());
        job.ship_to = body.get("shipTo").cloned().unwrap_or(Value::Null);
        job.context = context;
        job.waves.push(Wave::new(lines));
        let wave = job.waves.len() - 1;
        let answer = Answer::created(job.release(&order_id, &self.declaration.facility));
        self.agenda.after(now, self.declaration.delays.pick.duration(), Task::Pick { order: order_id, wave });
        Ok(answer)
    }

    fn cancel(&mut self, request: &Request, released: bool) -> Result<Answer, Answer> {
        let order_id = request.path("orderId");
        let wanted: GiveBack = match &request.body {
            Body::None => GiveBack::default(),
            _ => body_of(request)?,
        };
        let what = if released { "release" } else { "allocation" };
        let job = self.jobs.get_mut(order_id).filter(|job| !released || !job.waves.is_empty());
        let job = job.ok_or_else(|| Answer::unknown(what, order_id))?;
        match job.status() {
            "shipped" => {
                return Err(Answer::conflict("order-shipped", &format!("order `{order_id}` has shipped")));
            }
            "released" if !released && wanted.lines.is_none() => {
                return Err(Answer::conflict(
                    "order-released",
                    &format!("order `{order_id}` is released: cancel the release"),
                ));
            }
            _ => {}
        }
        let freed = match wanted.lines {
            Some(lines) => job.cancel_part(&lines, released).ok_or_else(|| {
                Answer::conflict(
                    "not-to-be-had",
                    &format!("some of these lines of order `{order_id}` cannot be given back"),
                )
            })?,
            None => job.cancel(),
        };
        for line in freed {
            self.stock.deallocate(&line);
        }
        let job = &self.jobs[order_id];
        Ok(Answer::ok(if released {
            job.release(order_id, &self.declaration.facility)
        } else {
            job.allocation(order_id, &self.declaration.facility)
        }))
    }

    fn create_inbound(&mut self, request: &Request, now: Timestamp) -> Result<Answer, Answer> {
        let Announced { asn_number, po_number, supplier, expected_at, lines } = body_of(request)?;
        let context = request.context.clone().with_marks_of(object_of(request)?);
        let known = self.inbound.get(&asn_number);
        if known.is_some_and(|inbound| inbound.received) {
            return Err(Answer::conflict("already-received", &format!("`{asn_number}` has been received")));
        }
        let announced_before = known.is_some();
        let inbound = Inbound {
            po_number,
            supplier,
            expected_at,
            received: false,
            lines: lines.into_iter().map(InboundLine::expected).collect(),
            context,
        };
        let answer = Answer::created(inbound.view(&asn_number));
        self.inbound.insert(asn_number.clone(), inbound);
        if !announced_before {
            self.agenda.after(now, self.declaration.delays.receive.duration(), Task::Receive { asn: asn_number });
        }
        Ok(answer)
    }

    /// Another announcement takes the place of the one that is expected; without lines it does not come.
    fn replace_inbound(&mut self, request: &Request) -> Result<Answer, Answer> {
        let Announced { lines, expected_at, .. } = body_of(request)?;
        let asn = request.path("asnNumber");
        let inbound = self.inbound.get_mut(asn).ok_or_else(|| Answer::unknown("inbound shipment", asn))?;
        if inbound.received {
            return Err(Answer::conflict("already-received", &format!("`{asn}` has been received")));
        }
        inbound.expected_at = expected_at;
        inbound.lines = lines.into_iter().map(InboundLine::expected).collect();
        Ok(Answer::ok(inbound.view(asn)))
    }

    fn pick(&mut self, order: &str, wave: usize, now: Timestamp) -> Option<Value> {
        self.stage(order, wave, "released", "picked")?;
        let event = self.staged("picked", order, wave, now);
        let next = Task::Pack { order: order.to_owned(), wave };
        self.agenda.after(now, self.declaration.delays.pack.duration(), next);
        Some(event)
    }

    fn pack(&mut self, order: &str, wave: usize, now: Timestamp) -> Option<Value> {
        self.stage(order, wave, "picked", "packed")?;
        let event = self.staged("packed", order, wave, now);
        let next = Task::Ship { order: order.to_owned(), wave };
        self.agenda.after(now, self.declaration.delays.ship.duration(), next);
        Some(event)
    }

    /// Moves a wave on; `None` if it was cancelled meanwhile.
    fn stage(&mut self, order: &str, wave: usize, from: &str, to: &'static str) -> Option<()> {
        let wave = self.jobs.get_mut(order)?.waves.get_mut(wave)?;
        (wave.status == from).then(|| wave.status = to)
    }

    fn staged(&mut self, stage: &str, order: &str, wave: usize, now: Timestamp) -> Value {
        let movement = self.movement_id(stage, &format!("{order}-{}", wave + 1));
        let data = json!({
            "movementId": movement,
            "facility": self.declaration.facility,
            "orderId": order,
            "lines": self.jobs[order].waves[wave].lines,
        });
        let context = self.jobs[order].context.clone();
        self.fact(&format!("movement.{stage}.v1"), movement, order, now, &context, data)
    }

    fn ship(&mut self, order: &str, wave: usize, now: Timestamp) -> Option<Value> {
        self.stage(order, wave, "packed", "shipped")?;
        self.shipped += 1;
        let tracking = format!("{}{}-{:06}", self.declaration.tracking_prefix, self.life.tag, self.shipped);
        let movement = self.movement_id("shipped", &format!("{order}-{}", wave + 1));
        let shipment = durable_id(&format!("{}-S-{order}-{}", self.declaration.facility, wave + 1));
        let carrier = self.declaration.carrier.clone();
        let job = self.jobs.get_mut(order)?;
        let lines = job.waves.get(wave)?.lines.clone();
        for line in &lines {
            self.stock.ship(line);
        }
        job.shipments.push(json!({
            "shipmentId": shipment, "trackingNumber": tracking, "carrier": carrier, "lines": lines,
        }));
        let context = job.context.clone();
        let data = json!({
            "movementId": movement,
            "facility": self.declaration.facility,
            "orderId": order,
            "shipmentId": shipment,
            "carrier": carrier,
            "trackingNumber": tracking,
            "lines": lines,
        });
        Some(self.fact("movement.shipped.v1", movement, order, now, &context, data))
    }

    fn receive(&mut self, asn: &str, now: Timestamp) -> Option<Value> {
        // Without lines it was cancelled meanwhile.
        let inbound = self.inbound.get_mut(asn).filter(|inbound| !inbound.lines.is_empty())?;
        inbound.received = true;
        for line in &mut inbound.lines {
            let rule = self.declaration.receipts.iter().find(|rule| rule.product == line.announced.product);
            let extra_short = self.short_by_fault.get(&line.announced.product).copied().unwrap_or_default();
            line.arrive(rule, extra_short);
            self.stock.receive(line);
        }
        let lines: Vec<Value> = inbound.lines.iter().map(InboundLine::received).collect();
        let (po_number, context) = (inbound.po_number.clone(), inbound.context.clone());
        let movement = self.movement_id("received", asn);
        let data = json!({
            "movementId": movement,
            "facility": self.declaration.facility,
            "asnNumber": asn,
            "poNumber": po_number,
            "complete": true,
            "lines": lines,
        });
        Some(self.fact("movement.received.v1", movement, asn, now, &context, data))
    }

    fn opening(&mut self, at: usize, now: Timestamp) -> Option<Value> {
        let stock = self.declaration.stock.get(at)?.clone();
        let opened_at = self.declaration.opened_at.parse().unwrap_or(now);
        let movement = self.movement_id("opening", &stock.product);
        let data = json!({
            "movementId": movement,
            "facility": self.declaration.facility,
            "product": stock.product,
            "quantity": stock.on_hand.decimal().to_string(),
            "unit": stock.unit,
            "reason": "opening_balance",
        });
        // What is reserved for synthetic orders is synthetic stock: the hub keeps it apart from the first balance on.
        let context = Context { synthetic: stock.product.starts_with("SYN-"), ..Context::default() };
        Some(self.fact("movement.adjusted.v1", movement, &stock.product, opened_at, &context, data))
    }

    fn movement_id(&self, kind: &str, of: &str) -> String {
        durable_id(&format!("{}-{kind}-{of}", self.declaration.facility))
    }

    fn fact(
        &mut self,
        event_type: &str,
        id: String,
        subject: &str,
        time: Timestamp,
        context: &Context,
        data: Value,
    ) -> Value {
        self.sequence += 1;
        let sequence = Some(self.sequence);
        Fact { source: &self.source, id, event_type, subject, time, context, sequence, data }.into_cloud_event()
    }

    fn stock_of(&self, product: &str, now: Timestamp) -> Answer {
        match self.stock.view(product) {
            Some(mut view) => {
                view.insert("facility".into(), json!(self.declaration.facility));
                view.insert("asOf".into(), json!(now.to_string()));
                view.insert("sequence".into(), json!(self.sequence));
                Answer::ok(Value::Object(view))
            }
            None => Answer::unknown("stock of product", product),
        }
    }
}

impl System for Wms {
    fn open(&mut self, now: Timestamp) {
        for at in 0..self.declaration.stock.len() {
            self.agenda.after(now, Duration::ZERO, Task::Opening(at));
        }
    }

    fn handle(&mut self, request: &Request, now: Timestamp) -> Answer {
        let order_id = request.path("orderId");
        let answer = match request.operation.as_str() {
            "createAllocation" => self.create_allocation(request),
            "getAllocation" => {
                let job =
                    self.jobs.get(order_id).map(|job| Answer::ok(job.allocation(order_id, &self.declaration.facility)));
                job.ok_or_else(|| Answer::unknown("allocation", order_id))
            }
            "cancelAllocation" => self.cancel(request, false),
            "createRelease" => self.create_release(request, now),
            "getRelease" => {
                let job = self.jobs.get(order_id).filter(|job| !job.waves.is_empty());
                job.map(|job| Answer::ok(job.release(order_id, &self.declaration.facility)))
                    .ok_or_else(|| Answer::unknown("release", order_id))
            }
            "cancelRelease" => self.cancel(request, true),
            "createInboundShipment" => self.create_inbound(request, now),
            "replaceInboundShipment" => self.replace_inbound(request),
            "getInboundShipment" => {
                let asn = request.path("asnNumber");
                let inbound = self.inbound.get(asn).map(|inbound| Answer::ok(inbound.view(asn)));
                inbound.ok_or_else(|| Answer::unknown("inbound shipment", asn))
            }
            "getStock" => Ok(self.stock_of(request.path("product"), now)),
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
            let event = match task {
                Task::Opening(at) => self.opening(at, due),
                Task::Pick { order, wave } => self.pick(&order, wave, due),
                Task::Pack { order, wave } => self.pack(&order, wave, due),
                Task::Ship { order, wave } => self.ship(&order, wave, due),
                Task::Receive { asn } => self.receive(&asn, due),
            };
            emissions.extend(event.map(Emission::Event));
        }
        emissions
    }

    fn state(&self) -> Value {
        let releases: Vec<Value> = self
            .jobs
            .iter()
            .filter(|(_, job)| !job.waves.is_empty())
            .map(|(id, job)| job.release(id, &self.declaration.facility))
            .collect();
        json!({
            "facility": self.declaration.facility,
            "sequence": self.sequence,
            "stock": self.stock.views(),
            "allocations": self.jobs.iter().map(|(id, job)| job.allocation(id, &self.declaration.facility)).collect::<Vec<_>>(),
            "releases": releases,
            "inboundShipments": self.inbound.iter().map(|(asn, inbound)| inbound.view(asn)).collect::<Vec<_>>(),
        })
    }

    fn switch(&mut self, behaviour: &Behaviour, on: bool) {
        let Behaviour::ShortReceipt { product, by } = behaviour;
        if on {
            self.short_by_fault.insert(product.clone(), by.decimal());
        } else {
            self.short_by_fault.remove(product);
        }
    }
}
