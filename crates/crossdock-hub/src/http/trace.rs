//! The story of one flow: `GET /process/v1/traces/{id}` (contracts/objects/trace.json).
//! Here: from ledger records to events, deliveries and segments. Not here: finding the records (`archive.rs`).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use crossdock_core::Partition;
use crossdock_core::delivery::Breaker;
use crossdock_ledger::Record;
use crossdock_model::{CloudEvent, DeliveryId, PoNumber, Timestamp};
use http::HeaderMap;
use serde_json::{Map, Value, json};

use crate::http::App;
use crate::http::problem::Problem;

/// The most events of one trace (contract: `maxItems`).
const TRACED: usize = 10_000;
/// The most segments of one trace (contract: `maxItems`).
const SEGMENTS: usize = 1000;
/// The most attributions of one trace (contract: `maxItems`).
const ATTRIBUTED: usize = 100;

/// `getTrace`, by any id of any system.
pub(crate) async fn trace(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<Json<Value>, Problem> {
    app.keys.process(&headers, false)?;
    if id.is_empty() || id.len() > 128 {
        return Err(Problem::bad_request("an id has 1 to 128 bytes"));
    }
    let (correlations, records) = app.archive.trace(id.clone(), TRACED).await.map_err(|error| {
        tracing::error!(%error, "a trace cannot be read");
        Problem::unavailable("the ledger cannot be read now")
    })?;
    let Some(first) = correlations.first() else {
        return Err(Problem::not_found(format!("nothing in the ledger bears `{id}`")));
    };
    let events: Vec<(u64, CloudEvent)> = records.iter().filter_map(read).collect();
    let mut deliveries = deliveries(&events);
    open_states(&app, &mut deliveries).await?;
    let attributions = attributions(&app, &events).await?;
    Ok(Json(json!({
        "id": id,
        "correlationId": first,
        "correlationIds": correlations,
        "events": events.iter().map(|(seq, event)| view(*seq, event)).collect::<Vec<_>>(),
        "segments": segments(&events, &deliveries),
        "deliveries": deliveries.into_values().map(Value::from).collect::<Vec<_>>(),
        "attributions": attributions,
    })))
}

fn read(record: &Record) -> Option<(u64, CloudEvent)> {
    let value = serde_json::from_slice(&record.event).ok()?;
    Some((record.seq, CloudEvent::from_json(value).ok()?))
}

/// `trace-event.json`, and the data: every digit as it was sent.
fn view(seq: u64, event: &CloudEvent) -> Value {
    let mut view = json!({
        "sequence": seq, "id": event.id, "type": event.event_type, "source": event.source,
        "system": system(event), "time": event.time.or(event.received_at),
        "subject": event.subject.as_deref().unwrap_or(&event.id), "data": event.data,
    });
    if let Some(at) = event.received_at {
        view["receivedAt"] = json!(at);
    }
    if let Some(cause) = &event.causation_id {
        view["causationId"] = cause.as_str().into();
    }
    view
}

fn system(event: &CloudEvent) -> &str {
    event.source.rsplit('/').next().unwrap_or(&event.source)
}

/// `delivery.json`, one for each that was planned, by its number: the fold of its events.
fn deliveries(events: &[(u64, CloudEvent)]) -> BTreeMap<u64, Map<String, Value>> {
    let mut all: BTreeMap<u64, Map<String, Value>> = BTreeMap::new();
    for (seq, event) in events {
        let at = json!(event.received_at.or(event.time));
        if event.event_type == "delivery.planned.v1" {
            let plan = |key: &str| event.data.get(key).cloned().unwrap_or(Value::Null);
            let view = json!({
                "id": format!("d-{seq}"), "target": plan("target"), "operation": plan("operation"), "state": "planned",
                "attempts": 0, "key": plan("key"), "idempotencyKey": plan("idempotencyKey"), "plannedAt": at,
            });
            if let Value::Object(view) = view {
                all.insert(*seq, view);
            }
            continue;
        }
        let Some(view) = event.data.get("deliveryId").and_then(id).and_then(|id| all.get_mut(&id)) else { continue };
        let mut put = |key: &str, value: Value| view.insert(key.to_owned(), value);
        let data = |key: &str| event.data.get(key).cloned();
        if let Some(attempts) = data("attempts").or_else(|| data("attempt")) {
            put("attempts", attempts);
        }
        for key in ["status", "why"] {
            if let Some(value) = data(key) {
                put(key, value);
            }
        }
        let state = match event.event_type.as_str() {
            "delivery.succeeded.v1" => "succeeded",
            "dead_letter.opened.v1" => "dead",
            "delivery.retired.v1" => "retired",
            "delivery.attempt_failed.v1" | "dead_letter.replayed.v1" => "waiting",
            _ => continue,
        };
        put("state", state.into());
        if ["succeeded", "dead", "retired"].contains(&state) {
            put("endedAt", at);
        }
    }
    all
}

/// Says of deliveries that have no end in the log how they stand now. One that is not owed any more was replaced by a newer one.
async fn open_states(app: &App, all: &mut BTreeMap<u64, Map<String, Value>>) -> Result<(), Problem> {
    let open: Vec<u64> = all.iter().filter(|(_, view)| !view.contains_key("endedAt")).map(|(id, _)| *id).collect();
    if open.is_empty() {
        return Ok(());
    }
    let question = move |partition: &Partition, _| {
        let deliveries = partition.state().deliveries();
        let state = |id: &u64| match deliveries.get(DeliveryId(*id)) {
            None => "retired",
            Some(one) if one.dead.is_some() => "dead",
            Some(one) if matches!(deliveries.breaker(&one.plan.target), Breaker::Open { .. }) => "parked",
            Some(one) if one.attempts == 0 => "planned",
            Some(_) => "waiting",
        };
        open.iter().map(|id| (*id, state(id))).collect::<Vec<_>>()
    };
    for (id, state) in app.engine.ask(question).await? {
        if let Some(view) = all.get_mut(&id) {
            view.insert("state".to_owned(), state.into());
            if state == "retired" {
                view.insert("why".to_owned(), "a newer one took its place".into());
            }
        }
    }
    Ok(())
}

/// What the delay of each purchase order of the flow is made of (docs/concepts/domain.md, 10).
async fn attributions(app: &App, events: &[(u64, CloudEvent)]) -> Result<Vec<Value>, Problem> {
    let named = events.iter().filter_map(|(_, event)| event.data.get("poNumber")?.as_str()?.parse().ok());
    let numbers: BTreeSet<PoNumber> = named.take(TRACED).collect();
    let question = move |partition: &Partition, _| {
        let of = |number: &PoNumber| {
            let made_of = crossdock_core::attribution(partition.state(), partition.policy(), number)?;
            let mut view = json!(made_of);
            view["poNumber"] = json!(number);
            Some(view)
        };
        numbers.iter().filter_map(of).take(ATTRIBUTED).collect()
    };
    Ok(app.engine.ask(question).await?)
}

fn id(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str().and_then(|text| text.trim_start_matches("d-").parse().ok()))
}

/// `trace-segment.json`: each step from the one before it by the clock of whoever took it, and each delivery from plan to end.
fn segments(events: &[(u64, CloudEvent)], deliveries: &BTreeMap<u64, Map<String, Value>>) -> Vec<Value> {
    let mut segments: Vec<(Timestamp, Value)> = Vec::new();
    let mut before: Option<Timestamp> = None;
    for (_, event) in events {
        // The hub's bookkeeping is no step of the business.
        let is_step = !["delivery.", "position.", "breaker.", "dead_letter.", "message.", "object."]
            .iter()
            .any(|prefix| event.event_type.starts_with(prefix));
        let Some(at) = event.time.or(event.received_at).filter(|_| is_step) else { continue };
        let started = before.unwrap_or(at);
        segments.push((started, segment(&event.event_type, system(event), started, at)));
        before = Some(at);
    }
    for delivery in deliveries.values() {
        let time =
            |key: &str| delivery.get(key).and_then(Value::as_str).and_then(|text| text.parse::<Timestamp>().ok());
        let text = |key: &str| delivery.get(key).and_then(Value::as_str).unwrap_or_default();
        if let (Some(started), Some(ended)) = (time("plannedAt"), time("endedAt")) {
            segments.push((started, segment(text("operation"), text("target"), started, ended)));
        }
    }
    segments.sort_by_key(|(started, _)| *started);
    segments.into_iter().map(|(_, view)| view).take(SEGMENTS).collect()
}

fn segment(name: &str, system: &str, started: Timestamp, ended: Timestamp) -> Value {
    let ms = ended.duration_since(started).as_millis();
    let name: String = name.chars().take(64).collect();
    json!({"name": name, "system": system, "started": started, "ended": ended, "durationMs": i64::try_from(ms).unwrap_or(0)})
}
