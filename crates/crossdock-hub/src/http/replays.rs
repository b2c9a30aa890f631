//! Dead letters, and what is sent again (contracts/apis/process-exceptions.yaml; docs/concepts/domain.md, 11.6).
//! Here: reading an order, the look through the ledger that a replay from the log needs. Not here: what may be sent again (the core).
//! Invariant: every order carries who and why; a look through the ledger is bounded, and there is one at a time.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use crossdock_core::delivery::ReplayScan;
use crossdock_core::{Answer, Command, ReplayFilter, Replayed};
use crossdock_ledger::Envelope;
use crossdock_model::{DeliveryId, DeliveryPlanned, Event, HubEvent, SystemId};
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use crate::http::App;
use crate::http::messages;
use crate::http::problem::Problem;
use crate::http::process::{Filters, LISTED, Reply, broken_at, number, of_run, parsed, text, wrong};
use crate::http::system::refused;
use crate::{records, views};

/// Messages that one order sends again at most (contract: `maximum` of `limit`).
const SENT: usize = 1000;
/// Records that a replay from the log reads at most: how far back it may begin.
const SCANNED: u64 = 1_000_000;
/// Records read at a time.
const PAGE: usize = 1000;
/// How often a look is taken up again because the target took something meanwhile.
const CAUGHT_UP: usize = 5;
/// Where the plan of an edited message stands: behind the edit, among what follows from it.
const FOLLOWS: usize = 16;

const API: &str = "process-exceptions";

/// `listDeadLetters`, oldest first.
pub(crate) async fn dead_letters(State(app): State<Arc<App>>, headers: HeaderMap, Query(filters): Filters) -> Reply {
    app.keys.process(&headers, false)?;
    app.ask(move |partition, _| {
        let all = partition.state().deliveries().dead_letters();
        let found = all.filter(|one| of_run(&filters, one.context.run_id.as_ref()));
        json!({"deadLetters": found.take(LISTED).filter_map(views::dead_letter).collect::<Vec<_>>()})
    })
    .await
}

/// `replayDeadLetter`: tried again with its first idempotency key.
pub(crate) async fn replay(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Path(id): Path<String>,
    body: Body,
) -> Result<Response, Problem> {
    app.keys.process(&headers, true)?;
    let body = app.body(body, &headers).await?;
    let said = if body.is_empty() { Value::Null } else { messages::json(&body)? };
    if !said.is_null() {
        app.keeps(API, "replayDeadLetter", &said)?;
    }
    let letter = app.letter(&id).await?;
    let by = said.get("by").and_then(Value::as_str).unwrap_or("operator").to_owned();
    app.order(Command::ReplayDeadLetter { id: letter.id, by, reason: text(&said, "reason") }).await?;
    Ok((StatusCode::ACCEPTED, Json(letter.ended("replayed"))).into_response())
}

/// `editDeadLetter`: another message takes its place.
pub(crate) async fn edit(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Path(id): Path<String>,
    body: Body,
) -> Result<Response, Problem> {
    app.keys.process(&headers, true)?;
    let said = messages::json(&app.body(body, &headers).await?)?;
    app.keeps(API, "editDeadLetter", &said)?;
    let letter = app.letter(&id).await?;
    let body = said.get("body").cloned().unwrap_or_default();
    app.keeps_its_contract(&letter.plan, &body)?;
    let mut path = crossdock_model::Path::default();
    for (name, value) in said.get("path").and_then(Value::as_object).into_iter().flatten() {
        path.insert(name.as_str().into(), value.as_str().unwrap_or_default().into());
    }
    let (by, reason) = (text(&said, "by"), text(&said, "reason"));
    let done = app.order(Command::EditDeadLetter { id: letter.id, body, path, by, reason }).await?;
    let mut view = letter.ended("edited");
    if let Some(newer) = app.replacement(letter.id, &done).await {
        view["replacedBy"] = format!("d-{newer}").into();
    }
    Ok((StatusCode::ACCEPTED, Json(view)).into_response())
}

/// `discardDeadLetter`: nobody needs it any more.
pub(crate) async fn discard(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Path(id): Path<String>,
    body: Body,
) -> Reply {
    app.keys.process(&headers, true)?;
    let said = messages::json(&app.body(body, &headers).await?)?;
    app.keeps(API, "discardDeadLetter", &said)?;
    let letter = app.letter(&id).await?;
    let (by, reason) = (text(&said, "by"), text(&said, "reason"));
    app.order(Command::DiscardDeadLetter { id: letter.id, by, reason }).await?;
    Ok(Json(letter.ended("discarded")))
}

/// `replayDeadLetters`, by filter.
pub(crate) async fn by_filter(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    app.keys.process(&headers, true)?;
    let said = messages::json(&app.body(body, &headers).await?)?;
    app.keeps(API, "replayDeadLetters", &said)?;
    let filter = filter(&said)?;
    let (by, reason) = (text(&said, "by"), text(&said, "reason"));
    let done = app.order(Command::Replay { filter, by, reason }).await?;
    Ok(answer(&done))
}

/// `replayFromLog`: what the ledger says that one target never got.
pub(crate) async fn from_log(State(app): State<Arc<App>>, headers: HeaderMap, body: Body) -> Result<Response, Problem> {
    app.keys.process(&headers, true)?;
    let said = messages::json(&app.body(body, &headers).await?)?;
    app.keeps(API, "replayFromLog", &said)?;
    let target: SystemId = parsed(&said, "target")?.ok_or_else(|| wrong("/target", "say which system"))?;
    if !app.config.systems.contains_key(target.as_str()) {
        let known = app.config.systems.keys().map(String::as_str);
        let hint = crossdock_diag::did_you_mean(target.as_str(), known).map(|hit| format!("; did you mean `{hit}`?"));
        return Err(wrong("/target", format!("no system `{target}` is configured{}", hint.unwrap_or_default())));
    }
    let from = said.get("from").and_then(Value::as_u64).unwrap_or(1);
    let head = *app.feed.head().borrow();
    if from > head {
        return Err(wrong("/from", format!("the ledger ends at {head}")));
    }
    if head - from >= SCANNED {
        let least = head - SCANNED + 1;
        let message = format!("one replay reads {SCANNED} records at most: begin at {least} or later");
        return Err(wrong("/from", message));
    }
    let _one = app.replays.try_acquire().map_err(|_| Problem::busy("another replay reads the ledger"))?;
    let (by, reason) = (text(&said, "by"), text(&said, "reason"));
    let mut scan = ReplayScan::new(target, limit(&said));
    let mut read = from;
    for _ in 0..CAUGHT_UP {
        read = app.scan(&mut scan, read).await?;
        let order = Command::ReplayInto { scan: Box::new(scan.clone()), by: by.clone(), reason: reason.clone() };
        match app.engine.command(order).await? {
            // It took something while we read: what stands behind the place that we know may be that.
            Answer::Rejected(refusal) if refusal.rule == "replay/stale" => {}
            Answer::Rejected(refusal) => return Err(refused(&refusal)),
            Answer::Unavailable => return Err(Problem::unavailable("the ledger cannot be written now")),
            done => return Ok(answer(&done)),
        }
    }
    Err(Problem::busy("the target takes messages faster than the ledger can be read; nothing was sent again"))
}

/// A dead letter, as it was before something was done with it.
struct Letter {
    id: DeliveryId,
    plan: Arc<DeliveryPlanned>,
    view: Value,
}

impl Letter {
    fn ended(&self, state: &str) -> Value {
        let mut view = self.view.clone();
        view["state"] = state.into();
        view
    }
}

impl App {
    async fn letter(&self, id: &str) -> Result<Letter, Problem> {
        let missing = || Problem::not_found(format!("no dead letter `{id}`"));
        let delivery = DeliveryId(number(id, "d-").ok_or_else(missing)?);
        let found = self
            .find(move |partition, _| {
                let found = partition.state().deliveries().get(delivery)?;
                Some((Arc::clone(&found.plan), views::dead_letter(found)))
            })
            .await?;
        match found {
            None => Err(missing()),
            Some((_, None)) => Err(Problem::conflict(format!("`{id}` is on its way, it is no dead letter"))),
            Some((plan, Some(view))) => Ok(Letter { id: delivery, plan, view }),
        }
    }

    /// A person's message keeps the contract that the hub's own message would have kept.
    fn keeps_its_contract(&self, plan: &DeliveryPlanned, body: &Value) -> Result<(), Problem> {
        // What becomes X12 is judged by its guide, when it is written.
        let system = self.config.systems.get(plan.target.as_str()).filter(|_| plan.edi.is_none());
        let api = system.and_then(|system| self.contracts.api(&system.contract));
        let Some((api, operation)) = api.and_then(|api| Some((api, api.operation(&plan.operation)?))) else {
            return Ok(());
        };
        broken_at(&api.id, "/body", &operation.check_request("application/json", body))
    }

    /// The delivery that an edit planned. It may have succeeded meanwhile, so the ledger is asked.
    async fn replacement(&self, old: DeliveryId, done: &Answer) -> Option<DeliveryId> {
        let Answer::Accepted { seq, .. } = done else { return None };
        let page = self.archive.read(*seq, FOLLOWS).await.ok()?;
        page.iter().filter_map(|record| records::entry(record).ok()).find_map(|entry| match &entry.event {
            Event::Hub(HubEvent::DeliveryPlanned(plan)) if plan.replaces == Some(old) => Some(DeliveryId(entry.seq)),
            _ => None,
        })
    }

    /// Shows a scan every record from `from` to the end; where the next look begins.
    async fn scan(&self, scan: &mut ReplayScan, from: u64) -> Result<u64, Problem> {
        let mut read = from;
        loop {
            let page = self.archive.read(read, PAGE).await.map_err(|error| {
                tracing::error!(%error, "the ledger cannot be read");
                Problem::unavailable("the ledger cannot be read now")
            })?;
            let Some(last) = page.last() else { return Ok(read) };
            read = last.seq + 1;
            for record in &page {
                // Most records are of no interest to it, and reading the type alone is much less than reading all.
                let of_delivery = Envelope::of(&record.event).is_ok_and(|one| one.event_type.starts_with("delivery."));
                if !of_delivery {
                    continue;
                }
                let entry = records::entry(record).map_err(|error| {
                    tracing::error!(seq = record.seq, %error, "a record cannot be read");
                    Problem::bug()
                })?;
                scan.take(&entry);
            }
        }
    }
}

fn answer(done: &Answer) -> Response {
    let replayed = match done {
        Answer::Replayed { replayed, .. } => *replayed,
        _ => Replayed::default(),
    };
    let mut view = json!({
        "sent": replayed.sent, "left": replayed.left, "done": replayed.done, "waiting": replayed.waiting,
        "overtaken": replayed.overtaken,
    });
    if let Some(next) = replayed.next {
        view["next"] = next.into();
    }
    (StatusCode::ACCEPTED, Json(view)).into_response()
}

fn filter(said: &Value) -> Result<ReplayFilter, Problem> {
    let ids = said.get("ids").and_then(Value::as_array).into_iter().flatten();
    let owned = |key: &str| said.get(key).and_then(Value::as_str).map(str::to_owned);
    Ok(ReplayFilter {
        ids: ids.filter_map(|id| number(id.as_str()?, "d-").map(DeliveryId)).collect(),
        target: parsed(said, "target")?,
        operation: owned("operation"),
        about: owned("about"),
        status: said.get("status").and_then(Value::as_u64).and_then(|status| u16::try_from(status).ok()),
        run_id: parsed(said, "runId")?,
        from: parsed(said, "from")?,
        to: parsed(said, "to")?,
        limit: limit(said),
    })
}

fn limit(said: &Value) -> usize {
    said.get("limit").and_then(Value::as_u64).and_then(|limit| usize::try_from(limit).ok()).unwrap_or(SENT)
}
