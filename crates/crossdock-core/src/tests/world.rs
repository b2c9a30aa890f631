//! A partition with a ledger in memory, a clock that only moves when it is told, and targets that answer on command.

mod declared;
mod look;
mod orders;
mod signals;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use crossdock_model::{BusinessKey, Digest, Event, Fact, HubEvent, Timestamp};
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{buying, index};
use crate::delivery::{Attempt, AttemptOutcome};
use crate::ownership::{Act, Grant, Group, Otherwise, Ownership};
use crate::partition::{Command, Known};
use crate::slas::Slas;
use crate::{
    Answer, Entry, Input, Output, Partition, Policy, Seq, Submission, TargetPolicy, VarianceLimits, invariants,
};

/// The number of an exception that is not there, where a case is about that.
const NOBODY: u64 = 99;

pub(super) struct World {
    partition: Partition,
    policy: Arc<Policy>,
    pub(super) broken_ledger: bool,
    ledger: Vec<Arc<Entry>>,
    index: BTreeMap<BusinessKey, (Digest, Seq)>,
    under_way: Vec<Attempt>,
    now: Timestamp,
    tickets: u64,
    text: String,
    slas: Slas,
    /// Also what every changed position is told to storefronts and planning.
    pub(super) show_everything: bool,
}

pub(super) fn id<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().expect("a well-formed id in a test")
}

pub(super) fn policy(overrides: &Value) -> Policy {
    let systems = ["commerce", "erp", "wms-east", "wms-west", "procurement", "supplier-acme", "carrier-swift", "ap"];
    let target = TargetPolicy {
        max_attempts: overrides["maxAttempts"].as_u64().map_or(3, |n| u32::try_from(n).unwrap()),
        give_up_after_ms: overrides["giveUpAfterMs"].as_i64(),
        ..TargetPolicy::default()
    };
    let safety = overrides["safetyStock"].as_object().into_iter().flatten();
    let mut policy = Policy {
        safety_stock: safety.map(|(product, n)| (id(product), id(n.as_str().unwrap()))).collect(),
        sequences: overrides["sequences"].as_array().into_iter().flatten().map(|f| id(f.as_str().unwrap())).collect(),
        variance: VarianceLimits {
            quantity: overrides["variance"]["quantity"].as_str().map(id),
            percent: overrides["variance"]["percent"].as_str().map(id),
            value: overrides["variance"]["value"].as_str().map(id),
        },
        unit_costs: overrides["unitCosts"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(product, cost)| (id(product), id(cost.as_str().unwrap())))
            .collect(),
        keep_closed_ms: overrides["keepClosedMs"].as_i64().or(Policy::default().keep_closed_ms),
        history_ms: overrides["historyMs"].as_i64().unwrap_or(Policy::default().history_ms),
        erp: Some(id("erp")),
        procurement: Some(id("procurement")),
        ap: Some(id("ap")),
        facilities: vec![(id("DC-EAST"), id("wms-east")), (id("DC-WEST"), id("wms-west"))],
        storefronts: vec![id("commerce")],
        ownership: ownership(&overrides["ownership"]),
        master: crate::master::MasterPolicy {
            strict: overrides["master"] == "strict",
            ..crate::master::MasterPolicy::default()
        },
        targets: systems.iter().map(|system| (id(system), target.clone())).collect(),
        purchasing: buying::purchasing(overrides),
        orders: orders::policy(&overrides["orders"]),
        ..Policy::default()
    };
    declared::exceptions(&mut policy, overrides);
    declared::synthetic(&mut policy, overrides, &target);
    declared::targets(&mut policy, overrides);
    policy
}

/// `movement/stock-movement: {otherwise: reject, grants: [{system: erp, may: [create], from: …, until: …}]}`; `fields` where they matter.
fn ownership(declared: &Value) -> Ownership {
    let mut ownership = Ownership::default();
    for (name, group) in declared.as_object().into_iter().flatten() {
        let (object, name) = name.split_once('/').expect("object/group");
        let act = |text: &Value| match text.as_str().expect("may: a list of words") {
            "create" => Act::Create,
            "update" => Act::Update,
            "enrich" => Act::Enrich,
            "shadow" => Act::Shadow,
            other => panic!("nobody may {other}"),
        };
        let grant = |grant: &Value| Grant {
            system: grant["system"].as_str().expect("a system").to_owned(),
            may: grant["may"].as_array().expect("may: a list").iter().map(act).collect(),
            from: grant["from"].as_str().map_or(Timestamp::MIN, id),
            until: grant["until"].as_str().map(id),
        };
        let texts = |list: &Value| list.as_array().map(|l| l.iter().map(|f| f.as_str().unwrap().to_owned()).collect());
        let declared = Group {
            fields: texts(&group["fields"]).unwrap_or_else(|| vec!["*".to_owned()]),
            grants: group["grants"].as_array().expect("grants: a list").iter().map(grant).collect(),
            otherwise: match group["otherwise"].as_str().expect("otherwise: a word") {
                "reject" => Otherwise::Reject,
                "propose" => Otherwise::Propose,
                "ignore" => Otherwise::Ignore,
                other => panic!("a write is not {other}"),
            },
        };
        ownership.declare(object, name, declared);
    }
    ownership
}

impl World {
    pub(super) fn new(overrides: &Value) -> Self {
        let policy = Arc::new(policy(overrides));
        Self {
            partition: Partition::new(Arc::clone(&policy), 7),
            policy,
            broken_ledger: false,
            ledger: Vec::new(),
            index: BTreeMap::new(),
            under_way: Vec::new(),
            now: id("2026-03-01T10:00:00Z"),
            tickets: 0,
            text: String::new(),
            slas: signals::declared(overrides),
            show_everything: false,
        }
    }

    /// What led to the state is not what a case is about.
    pub(super) fn forget_text(&mut self) {
        self.text.clear();
    }

    pub(super) fn text(&self) -> String {
        self.text.clone()
    }

    pub(super) fn ledger(&self) -> impl Iterator<Item = &Entry> {
        self.ledger.iter().map(AsRef::as_ref)
    }

    pub(super) fn now(&self) -> Timestamp {
        self.now
    }

    pub(super) fn state(&self) -> &crate::State {
        self.partition.state()
    }

    pub(super) fn sent(&self) -> Vec<Attempt> {
        let mut sent = self.under_way.clone();
        sent.sort_by_key(|a| a.id);
        sent
    }

    /// One step of a case: an object with one key.
    pub(super) fn step(&mut self, step: &Value) {
        let (kind, body) =
            step.as_object().and_then(|map| map.iter().next()).expect("a step is an object with one key");
        match kind.as_str() {
            "wait_ms" => {
                let ms = body.as_i64().expect("wait_ms: a number");
                self.now += SignedDuration::from_millis(ms);
                self.feed(Input::Tick);
            }
            // Nobody wakes the partition: the next input does.
            "later_ms" => self.now += SignedDuration::from_millis(body.as_i64().expect("later_ms: a number")),
            "answer_all" => self.answer_all(),
            "restart" => self.restart(),
            "ask" => self.question(body),
            "answer" => self.answer(body),
            "replay" | "resolve" | "move" | "split" => self.command(kind, body),
            "fact" => {
                self.submit(body["system"].as_str().unwrap(), body["type"].as_str().unwrap(), body, &body["data"]);
            }
            "opening" => {
                let facility = body["facility"].as_str().unwrap();
                let data = json!({
                    "movementId": format!("OB-{facility}-{}", body["product"].as_str().unwrap()), "facility": facility,
                    "product": body["product"], "quantity": body["quantity"], "unit": "EA", "reason": "opening_balance",
                });
                self.submit(wms(facility), "movement.adjusted.v1", body, &data);
            }
            "shadow" => {
                for (day, counts) in self
                    .partition
                    .state()
                    .shadow(body.as_str().unwrap())
                    .into_iter()
                    .flat_map(crate::shadow::Comparison::days)
                {
                    writeln!(self.text, "# shadow {day}: {counts:?}").unwrap();
                }
            }
            "product" => self.submit("erp", "product.upserted.v1", body, &product(body)),
            "order" => self.submit("commerce", "order.captured.v1", body, &order(body)),
            "shipped" => {
                let facility = body["facility"].as_str().unwrap();
                let order = body["order"].as_str().unwrap();
                let data = json!({
                    "movementId": format!("SH-{order}"), "facility": facility, "orderId": order, "shipmentId": format!("S-{order}"),
                    "carrier": "carrier-swift", "trackingNumber": format!("T-{order}"), "lines": lines(&body["lines"]),
                });
                self.submit(wms(facility), "movement.shipped.v1", body, &data);
            }
            other => self.other_step(other, body),
        }
    }

    /// A question about a position: `{product, facility, as_of: time}` or `{product, facility, promise_for: date}`.
    fn question(&mut self, body: &Value) {
        let place = (id(body["product"].as_str().unwrap()), id(body["facility"].as_str().unwrap()));
        let state = self.partition.state();
        if let Some(time) = body["as_of"].as_str() {
            let answer = match state.position_as_of(&place.0, &place.1, id(time)) {
                Ok(there) => format!("{there:?}"),
                Err(old) => format!("too old, kept since {}", old.since),
            };
            writeln!(self.text, "? as of {time}: {answer}").unwrap();
        }
        if let Some(date) = body["promise_for"].as_str() {
            let promise = state.available_to_promise(&place.0, &place.1, id(date));
            writeln!(self.text, "? to promise for {date}: {promise}").unwrap();
        }
    }

    pub(super) fn say(&mut self, line: &str) {
        writeln!(self.text, "{line}").unwrap();
    }

    /// The calls that wait for an answer of a system, the oldest first.
    pub(super) fn calls_to(&self, system: &str) -> Vec<String> {
        let calls = self.under_way.iter().filter(|attempt| attempt.plan.target.as_str() == system);
        calls.map(|attempt| format!("{system}.{}", attempt.plan.operation)).collect()
    }

    pub(super) fn partition(&self) -> &Partition {
        &self.partition
    }

    pub(super) fn position_version(&self, product: &str, facility: &str) -> u64 {
        self.partition.state().position(&id(product), &id(facility)).map_or(0, |position| position.version)
    }

    pub(super) fn submit(&mut self, system: &str, event_type: &str, extra: &Value, data: &Value) {
        let fact = match Fact::from_data(event_type, data.clone()).expect("a fact") {
            Ok(fact) => fact,
            // The door refuses it by its contract before it comes here.
            Err(error) => return writeln!(self.text, "no {event_type}: {error}").unwrap(),
        };
        let text = |key: &str| extra[key].as_str().map(ToOwned::to_owned);
        let digest = digest(data);
        self.tickets += 1;
        let submission = Submission {
            system: id(system),
            id: text("transport").unwrap_or_else(|| format!("{event_type}-{digest}")),
            fact,
            digest,
            source_time: Some(extra["at"].as_str().map_or(self.now, id)),
            correlation_id: text("correlation"),
            causation_id: None,
            source_sequence: extra["sequence"].as_u64(),
            synthetic: extra["synthetic"].as_bool().unwrap_or(false),
            run_id: text("run").map(|run| id(&run)),
            acknowledge: extra.get("acknowledge").cloned(),
        };
        let keys = Partition::keys_of(&submission).into_iter();
        let known = Known { keys: keys.filter_map(|key| Some((key.clone(), *self.index.get(&key)?))).collect() };
        self.feed(Input::Admit { ticket: self.tickets, submission: Box::new(submission), known });
    }

    /// `{call: erp.createOrder, status: 201, body: {…}}`, or `{call, lost: refused|timeout}`, for the oldest such call under way.
    pub(super) fn answer(&mut self, body: &Value) {
        let call = body["call"].as_str().unwrap();
        let found = self.under_way.iter().position(|a| format!("{}.{}", a.plan.target, a.plan.operation) == call);
        let calls =
            || self.under_way.iter().map(|a| format!("{}.{}", a.plan.target, a.plan.operation)).collect::<Vec<_>>();
        let attempt =
            self.under_way.remove(found.unwrap_or_else(|| panic!("no {call} is under way, but {:?}", calls())));
        let outcome = match body["lost"].as_str() {
            Some("refused") => AttemptOutcome::NotSent { why: "connection refused".to_owned() },
            Some(_) => AttemptOutcome::Ambiguous { why: "no answer within 5 s".to_owned() },
            None => AttemptOutcome::Answered {
                status: u16::try_from(body["status"].as_u64().unwrap()).unwrap(),
                problem: body["problem"].as_bool().unwrap_or(false),
                retry_after_ms: body["retryAfterMs"].as_i64(),
                body: body["body"].clone(),
            },
        };
        writeln!(self.text, "# {call} (attempt {}): {outcome:?}", attempt.number).unwrap();
        self.feed(Input::Delivered { id: attempt.id, outcome });
    }

    /// Every call is answered, and well, and so is every call that follows.
    fn answer_all(&mut self) {
        while !self.under_way.is_empty() {
            let attempt = self.under_way.remove(0);
            let outcome =
                AttemptOutcome::Answered { status: 200, problem: false, retry_after_ms: None, body: Value::Null };
            self.feed(Input::Delivered { id: attempt.id, outcome });
        }
    }

    fn command(&mut self, kind: &str, body: &Value) {
        self.tickets += 1;
        let text = |key: &str, usual: &str| body[key].as_str().unwrap_or(usual).to_owned();
        let number = body["id"].as_u64().unwrap_or_else(|| self.last_exception());
        // A case whose decision finds nothing shows nothing: numbers move when an entry is added before them.
        let found = self.state().exception(crossdock_model::ExceptionId(number)).is_some();
        assert!(kind != "resolve" || found || number == NOBODY, "no exception has the number {number}\n{}", self.text);
        let (by, reason) = (text("by", "ann"), text("reason", "looked at it"));
        let command = match kind {
            "replay" => Command::ReplayDeadLetter { id: crossdock_model::DeliveryId(number), by, reason },
            "move" => Command::MoveLine {
                order: crate::OrderKey { source: id("commerce"), id: id(body["order"].as_str().unwrap()) },
                line: u32::try_from(body["line"].as_u64().unwrap_or(1)).unwrap(),
                to: id(body["to"].as_str().unwrap()),
                by,
                reason,
            },
            "split" => Command::SplitOrder {
                order: crate::OrderKey { source: id("commerce"), id: id(body["order"].as_str().unwrap()) },
                from: u32::try_from(body["from"].as_u64().unwrap_or(1)).unwrap(),
                to: body["to"].as_u64().map(|to| u32::try_from(to).unwrap()),
                lines: orders::quantities(&body["lines"]),
                by,
                reason,
            },
            _ => Command::ResolveException {
                id: crossdock_model::ExceptionId(number),
                resolution: serde_json::from_value(body["resolution"].clone()).unwrap(),
                by,
                reason,
                with: body["with"].clone(),
            },
        };
        self.feed(Input::Command { ticket: self.tickets, command });
    }

    pub(super) fn last_exception(&self) -> u64 {
        self.state().exceptions().last().map_or(0, |x| x.id.0)
    }

    fn feed(&mut self, input: Input) {
        let (ledger, now) = (&self.ledger, self.now);
        let recall = |partition: &mut Partition, found| partition.handle(found, now);
        index::before(&mut self.partition, &input, |name| index::look_up(ledger, name), recall);
        self.partition.handle(input, self.now);
        while let Some(output) = self.partition.next_output(self.now) {
            match output {
                Output::Append { .. } if self.broken_ledger => self.partition.handle(Input::AppendFailed, self.now),
                Output::Append { expected, entries } => {
                    assert_eq!(expected, self.ledger.last().map_or(0, |e| e.seq), "appends follow the head");
                    let upto = entries.last().expect("no empty append").seq;
                    for entry in entries {
                        self.index.extend(entry.keys.iter().map(|(key, digest)| (key.clone(), (*digest, entry.seq))));
                        self.show(&entry);
                        self.slas.observe(&entry, self.partition.state());
                        self.ledger.push(entry);
                    }
                    self.partition.handle(Input::Appended { upto }, self.now);
                }
                Output::Answer { ticket, answer } => self.show_answer(ticket, &answer),
                Output::Send(attempt) => {
                    let durable = self.ledger.last().map_or(0, |e| e.seq);
                    assert!(attempt.id.0 <= durable, "nothing is sent before it is durable");
                    self.under_way.push(*attempt);
                }
                Output::Publish { .. } => {}
            }
        }
        if !self.broken_ledger {
            let violations = invariants::check(self.partition.state());
            assert!(violations.is_empty(), "{violations:#?}\n{}", self.text);
        }
    }

    pub(super) fn restart(&mut self) {
        self.under_way.clear();
        self.partition = Partition::new(Arc::clone(&self.policy), 8);
        for entry in &self.ledger {
            self.partition.restore(entry);
        }
        self.feed(Input::Tick);
    }

    /// I11: the ledger as it is kept, read and folded anew, is the state.
    pub(super) fn refold(&self) {
        let mut twin = Partition::new(Arc::clone(&self.policy), 9);
        for entry in &self.ledger {
            let json = entry.to_cloud_event().unwrap().to_json();
            let envelope = crossdock_model::CloudEvent::from_json(json).unwrap();
            let mut read = Entry::from_cloud_event(entry.seq, envelope).unwrap();
            read.keys.clone_from(&entry.keys);
            assert_eq!(read, **entry, "an entry comes back as it was");
            twin.restore(&read);
        }
        assert_eq!(format!("{:?}", twin.state()), format!("{:?}", self.partition.state()));
    }

    fn show(&mut self, entry: &Entry) {
        if let (Event::Hub(HubEvent::DeliveryPlanned(plan)), false) = (&entry.event, self.show_everything)
            && ["updateAvailability", "updatePosition"].contains(&plan.operation.as_str())
        {
            return;
        }
        let shown = match &entry.event {
            Event::Fact(fact) => format!("FACT {} {}", fact.event_type(), entry.meta.system),
            Event::Hub(HubEvent::DeliveryPlanned(plan)) => {
                let isolated = plan.isolation.as_ref().map_or(String::new(), |isolation| format!(" ({isolation:?})"));
                format!(
                    "  -> {}.{}{isolated} [{}] {}",
                    plan.target,
                    plan.operation,
                    plan.key,
                    brief(&plan.body.to_json())
                )
            }
            Event::Hub(HubEvent::PositionChanged(p)) => format!(
                "  position {} {} v{}: on_hand {}, allocated {}, available {}, on_order {}, in_transit {}, quarantined {}, backordered {}",
                p.product,
                p.facility,
                p.version,
                p.on_hand,
                p.allocated,
                p.available,
                p.on_order,
                p.in_transit,
                p.quarantined,
                p.backordered
            ),
            Event::Hub(HubEvent::ObjectArchived(e)) => {
                let names: Vec<_> = e.names.iter().map(crossdock_model::Text::as_str).collect();
                format!("  archived {} {names:?}", e.about)
            }
            Event::Hub(HubEvent::ObjectRecalled(e)) => {
                let names: Vec<_> = e.names.iter().map(crossdock_model::Text::as_str).collect();
                format!("  recalled {} of {} {names:?}", e.about, e.archived)
            }
            Event::Hub(HubEvent::ExceptionOpened(e)) => {
                format!("  EXCEPTION {:?} {} ({:?}): {}", e.kind, e.about, e.resolutions, e.what)
            }
            Event::Hub(event) => format!("  {} {}", event.event_type(), brief(&event.to_data().unwrap())),
        };
        writeln!(self.text, "{:>3} {shown}", entry.seq).unwrap();
    }

    fn show_answer(&mut self, ticket: u64, answer: &Answer) {
        let shown = match answer {
            Answer::Accepted { seq, correlation_id, without_effect } => {
                let effect = without_effect.map_or(String::new(), |effect| format!(", {effect:?}: without effect"));
                format!("accepted at {seq} ({correlation_id}){effect}")
            }
            Answer::Duplicate { first } => format!("duplicate of {}", first.map_or("?".to_owned(), |s| s.to_string())),
            Answer::Replayed { replayed, .. } => format!("{replayed:?}"),
            Answer::Rejected(refusal) => format!("rejected {} {refusal}", refusal.status),
            Answer::Unavailable => "unavailable".to_owned(),
        };
        writeln!(self.text, "answer {ticket}: {shown}").unwrap();
    }
}

pub(super) fn wms(facility: &str) -> &'static str {
    if facility == "DC-WEST" { "wms-west" } else { "wms-east" }
}

fn lines(map: &Value) -> Value {
    let lines = map.as_object().expect("lines: product: quantity").iter().enumerate();
    lines
        .map(|(i, (product, n))| {
            let (n, unit) = n.as_str().expect("a quantity").split_once(' ').unwrap_or((n.as_str().unwrap(), "EA"));
            json!({ "lineNumber": i + 1, "product": product, "quantity": n, "unit": unit })
        })
        .collect()
}

/// `{id, version, validFrom, base, units: {CS: "12"}, indivisible: [CS]}`, as the ERP says it.
fn product(body: &Value) -> Value {
    let whole = |unit: &String| body["indivisible"].as_array().is_some_and(|all| all.iter().any(|u| u == unit));
    let unit = |(unit, factor): (&String, &Value)| {
        let mut said = json!({ "unit": unit, "factor": factor });
        if whole(unit) {
            said["indivisible"] = true.into();
        }
        said
    };
    let units: Vec<_> = body["units"].as_object().into_iter().flatten().map(unit).collect();
    let mut data = json!({
        "product": body["id"], "version": body["version"].as_u64().unwrap_or(1),
        "baseUnit": body["base"].as_str().unwrap_or("EA"), "units": units,
    });
    for key in ["validFrom", "name", "status", "substitutes", "description"] {
        if let Some(value) = body.get(key) {
            data[key] = value.clone();
        }
    }
    data
}

pub(super) fn order(body: &Value) -> Value {
    let mut lines = lines(&body["lines"]);
    let mut total = rust_decimal::Decimal::ZERO;
    for line in lines.as_array_mut().unwrap() {
        let quantity: rust_decimal::Decimal = line["quantity"].as_str().unwrap().parse().unwrap();
        let line_total = quantity * rust_decimal::Decimal::new(40300, 2);
        total += line_total;
        line["unitPrice"] = "403.00".into();
        line["lineTotal"] = line_total.to_string().into();
        if let (Some(serial), Some(product)) = (body["serials"].as_object(), line["product"].as_str())
            && let Some(serial) = serial.get(product)
        {
            line["serial"] = serial.clone();
        }
    }
    let mut order = json!({
        "orderId": body["id"], "channel": "commerce", "customerId": "C-1", "currency": "USD",
        "orderedAt": "2026-03-01T09:59:59Z", "lines": lines,
        "total": body["total"].as_str().map_or_else(|| total.to_string(), ToOwned::to_owned),
        "shipTo": body.get("shipTo").cloned().unwrap_or_else(
            || json!({ "name": "A", "street": "1 St", "city": "B", "postalCode": "1", "country": "US" })
        ),
    });
    if let Some(priority) = body.get("priority") {
        order["priority"] = priority.clone();
    }
    order
}

/// Bodies without what every one of them carries.
fn brief(body: &Value) -> String {
    let mut body = body.clone();
    // The address of every test; another one is what a case is about.
    let usual = body["shipTo"]["city"] == "B";
    if let Some(map) = body.as_object_mut() {
        if usual {
            map.shift_remove("shipTo");
        }
        for noise in ["asOf", "sourceTime", "orderedAt", "problem", "due", "owner", "noticedAt", "acknowledgedAt"] {
            map.shift_remove(noise);
        }
    }
    body.to_string()
}

/// Enough of a fingerprint for a test: FNV-1a over the text.
pub(super) fn digest(data: &Value) -> Digest {
    let hash = data
        .to_string()
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&hash.to_be_bytes());
    Digest(bytes)
}
