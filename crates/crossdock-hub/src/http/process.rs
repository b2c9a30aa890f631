//! The process and experience APIs (contracts/apis/process-*.yaml, experience-storefront.yaml).
//! Here: reading the state through the writer, and a person's orders to it. Not here: how an object looks (`views.rs`).

use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;
use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use crossdock_contract::Violation;
use crossdock_core::archive::{Archived, names};
use crossdock_core::{Answer, Command, OrderKey};
use crossdock_model::{Balance, ExceptionId, OrderId, Resolution, SystemId, Text, Timestamp};
use http::HeaderMap;
use serde_json::{Value, json};

use crate::http::App;
use crate::http::messages;
use crate::http::problem::{Broken, Problem};
use crate::http::stream::{Follower, StreamQuery};
use crate::http::system::refused;
use crate::views;

/// The most objects of one list (contracts: `maxItems`).
pub(super) const LISTED: usize = 500;

pub(super) type Reply = Result<Json<Value>, Problem>;
pub(super) type Filters = Query<BTreeMap<String, String>>;

/// `listOrders`, newest first.
pub(crate) async fn orders(State(app): State<Arc<App>>, headers: HeaderMap, Query(filters): Filters) -> Reply {
    app.keys.process(&headers, false)?;
    app.ask(move |partition, _| {
        let mut orders: Vec<_> =
            partition.state().orders().filter(|one| of_run(&filters, one.context.run_id.as_ref())).collect();
        orders.sort_by_key(|order| std::cmp::Reverse(order.accepted));
        let views = orders.into_iter().map(views::order).filter(|view| fits(&filters, "status", &view["status"]));
        json!({"orders": views.take(LISTED).collect::<Vec<_>>()})
    })
    .await
}

/// `getOrder`, by the channel's id or the ERP's number.
pub(crate) async fn order(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Path(id): Path<String>,
    Query(filters): Filters,
) -> Reply {
    app.keys.process(&headers, false)?;
    let missing = Problem::not_found(format!("no order `{id}`"));
    let names = order_names(&id, filters.get("source"));
    let found = app
        .find(move |partition, _| {
            let state = partition.state();
            let order: OrderId = id.parse().ok()?;
            let found = match filters.get("source") {
                Some(source) => {
                    let source: SystemId = source.parse().ok()?;
                    state.orders().find(|one| one.key.id == order && one.key.source == source)
                }
                None => state
                    .order_by_id(&order)
                    .or_else(|| id.parse().ok().and_then(|number| state.order_by_erp_number(&number))),
            };
            found.map(views::order)
        })
        .await?;
    if let Some(found) = found {
        return Ok(Json(found));
    }
    match app.archived(names).await? {
        Some(Archived::Order(order)) => Ok(Json(views::order(&order))),
        _ => Err(missing),
    }
}

/// By which names an order may be archived that is asked for so.
fn order_names(id: &str, source: Option<&String>) -> Vec<Text> {
    let order: Option<OrderId> = id.parse().ok();
    if let Some(source) = source {
        let key = order.zip(source.parse().ok()).map(|(id, source)| OrderKey { source, id });
        return key.iter().map(names::order).collect();
    }
    let number = id.parse().ok();
    order.iter().map(names::order_id).chain(number.iter().map(names::erp_order)).collect()
}

/// `moveLine`.
pub(crate) async fn move_line(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Path(id): Path<String>,
    Query(filters): Filters,
    body: Body,
) -> Reply {
    app.keys.process(&headers, true)?;
    let said = messages::json(&app.body(body, &headers).await?)?;
    app.keeps("process-orders", "moveLine", &said)?;
    let missing = Problem::not_found(format!("no order `{id}`"));
    let key = app
        .find(move |partition, _| {
            let order: OrderId = id.parse().ok()?;
            let source = filters.get("source");
            let mut found = partition.state().orders().filter(|one| one.key.id == order);
            match source {
                Some(source) => found.find(|one| one.key.source.as_str() == source),
                None => partition.state().order_by_id(&order),
            }
            .map(|one| one.key.clone())
        })
        .await?
        .ok_or(missing)?;
    let to = parsed(&said, "to")?.ok_or_else(|| Problem::bad_request("say where to"))?;
    let line = said.get("lineNumber").and_then(Value::as_u64).and_then(|line| u32::try_from(line).ok());
    let line = line.ok_or_else(|| Problem::bad_request("say which line"))?;
    let order = key.clone();
    app.order(Command::MoveLine { order: key, line, to, by: text(&said, "by"), reason: text(&said, "reason") }).await?;
    let found = app.find(move |partition, _| partition.state().order(&order).map(views::order)).await?;
    found.map(Json).ok_or_else(Problem::bug)
}

/// `listPositions`.
pub(crate) async fn positions(State(app): State<Arc<App>>, headers: HeaderMap, Query(filters): Filters) -> Reply {
    app.keys.process(&headers, false)?;
    app.ask(move |partition, _| {
        let wanted = |key: &str, value: &str| filters.get(key).is_none_or(|filter| filter == value);
        let all = partition.state().positions();
        let found = all.filter(|((product, facility), _)| {
            wanted("product", product.as_str()) && wanted("facility", facility.as_str())
        });
        json!({"positions": found.take(LISTED).map(|(key, one)| views::position(key, one)).collect::<Vec<_>>()})
    })
    .await
}

/// `listPurchaseOrders`.
pub(crate) async fn purchase_orders(State(app): State<Arc<App>>, headers: HeaderMap, Query(filters): Filters) -> Reply {
    app.keys.process(&headers, false)?;
    app.ask(move |partition, _| {
        let state = partition.state();
        let mut found: Vec<_> = state.purchase_orders().filter(|one| of_run(&filters, one.context.run_id.as_ref())).collect();
        found.sort_by_key(|po| std::cmp::Reverse(po.milestones.last().map(|(_, at)| *at)));
        json!({"purchaseOrders": found.into_iter().take(LISTED).map(|po| views::purchase_order(po, state.invoices_of(&po.po.po_number))).collect::<Vec<_>>()})
    })
    .await
}

/// `getPurchaseOrder`.
pub(crate) async fn purchase_order(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Path(number): Path<String>,
) -> Reply {
    app.keys.process(&headers, false)?;
    let missing = Problem::not_found(format!("no purchase order `{number}`"));
    let name = number.parse().ok().map(|number| names::po(&number));
    let found = app
        .find(move |partition, _| {
            let state = partition.state();
            let po = state.purchase_order(&number.parse().ok()?)?;
            Some(views::purchase_order(po, state.invoices_of(&po.po.po_number)))
        })
        .await?;
    if let Some(found) = found {
        return Ok(Json(found));
    }
    match app.archived(name.into_iter().collect()).await? {
        Some(Archived::PurchaseOrder(dossier)) => {
            Ok(Json(views::purchase_order(&dossier.order, dossier.invoices.iter())))
        }
        _ => Err(missing),
    }
}

/// `listRecommendations`.
pub(crate) async fn recommendations(State(app): State<Arc<App>>, headers: HeaderMap, Query(filters): Filters) -> Reply {
    app.keys.process(&headers, false)?;
    app.ask(move |partition, _| {
        let all = partition.state().recommendations();
        let found = all.filter(|one| of_run(&filters, one.context.run_id.as_ref())).take(LISTED);
        json!({"recommendations": found.map(views::recommendation).collect::<Vec<_>>()})
    })
    .await
}

/// `listExceptions`, most urgent first.
pub(crate) async fn exceptions(State(app): State<Arc<App>>, headers: HeaderMap, Query(filters): Filters) -> Reply {
    app.keys.process(&headers, false)?;
    app.ask(move |partition, _| {
        let mut found: Vec<_> =
            partition.state().exceptions().filter(|one| of_run(&filters, one.context.run_id.as_ref())).collect();
        found.sort_by_key(|one| (one.resolved.is_some(), one.opened.due));
        let views = found.into_iter().map(views::exception).filter(|view| fits(&filters, "state", &view["state"]));
        json!({"exceptions": views.take(LISTED).collect::<Vec<_>>()})
    })
    .await
}

/// `getException`.
pub(crate) async fn exception(State(app): State<Arc<App>>, headers: HeaderMap, Path(id): Path<String>) -> Reply {
    app.keys.process(&headers, false)?;
    exception_view(&app, &id).await.map(Json)
}

async fn exception_view(app: &App, id: &str) -> Result<Value, Problem> {
    let number = ExceptionId(number(id, "exc-").ok_or_else(|| Problem::not_found(format!("no exception `{id}`")))?);
    let found = app.find(move |partition, _| partition.state().exception(number).map(views::exception)).await?;
    found.ok_or_else(|| Problem::not_found(format!("no exception `{id}`")))
}

/// `resolveException`.
pub(crate) async fn resolve(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Path(id): Path<String>,
    body: Body,
) -> Reply {
    app.keys.process(&headers, true)?;
    let body = messages::json(&app.body(body, &headers).await?)?;
    let before = exception_view(&app, &id).await?;
    app.keeps("process-exceptions", "resolveException", &body)?;
    let text = |key: &str| body.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (word, by, reason) = (text("resolution"), text("by"), text("reason"));
    if before["state"] == "resolved" {
        // The same decision again is the first one's answer, another one comes too late.
        let same = before["resolution"] == word.as_str() && before["by"] == by.as_str();
        return if same {
            Ok(Json(before))
        } else {
            Err(Problem::conflict(format!("exception `{id}` is decided already")))
        };
    }
    let allowed: Vec<&str> = before["resolutions"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let known = serde_json::from_value::<Resolution>(word.as_str().into()).ok();
    let decided = known.filter(|_| allowed.contains(&word.as_str()));
    let (Some(resolution), Some(exception)) = (decided, number(&id, "exc-")) else {
        let message = format!("`{word}` is not among what may be decided here: {}", allowed.join(", "));
        let broken =
            Broken { pointer: "/resolution".to_owned(), rule: "resolution".to_owned(), message: message.clone() };
        let mut problem = Problem::unprocessable(message);
        problem.errors = vec![broken];
        return Err(problem);
    };
    let with = body.get("with").cloned().unwrap_or(Value::Null);
    app.order(Command::ResolveException { id: ExceptionId(exception), resolution, by, reason, with }).await?;
    exception_view(&app, &id).await.map(Json)
}

/// `streamEvents`.
pub(crate) async fn events(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Query(query): Query<StreamQuery>,
) -> Result<Response, Problem> {
    app.keys.process(&headers, false)?;
    let place = Arc::clone(&app.streams).try_acquire_owned().map_err(|_| {
        Problem::busy(format!("{} event streams are open, and that is the limit", app.config.limits.streams))
    })?;
    let (feed, archive, stop) = (Arc::clone(&app.feed), app.archive.clone(), app.stop.subscribe());
    Ok(Follower::new(query, &headers, feed, archive, stop, place)?.into_response())
}

/// `getAvailability`: what a storefront may promise, never below zero.
pub(crate) async fn availability(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Path(product): Path<String>,
) -> Reply {
    app.keys.process(&headers, false)?;
    let missing = Problem::not_found(format!("nothing is known of product `{product}`"));
    let found = app
        .find(move |partition, _| {
            let of_product = |((known, _), _): &(&crossdock_core::PositionKey, _)| known.as_str() == product;
            let found: Vec<_> = partition.state().positions().filter(of_product).collect();
            let as_of: Timestamp = found.iter().map(|(_, position)| position.as_of).max()?;
            let mut sum = Balance::ZERO;
            let mut facilities = Vec::new();
            for ((_, facility), position) in &found {
                let promise = position.available().floored();
                sum += promise;
                facilities.push(json!({"facility": facility, "available": promise}));
            }
            Some(json!({"product": product, "available": sum.floored(), "facilities": facilities, "asOf": as_of}))
        })
        .await?;
    found.map(Json).ok_or(missing)
}

impl App {
    /// Hands a person's order to the writer and waits until it is durable.
    pub(super) async fn order(&self, command: Command) -> Result<Answer, Problem> {
        match self.engine.command(command).await {
            Ok(Answer::Rejected(refusal)) => Err(refused(&refusal)),
            Ok(Answer::Unavailable) => Err(Problem::unavailable("the ledger cannot be written now")),
            Ok(done) => Ok(done),
            Err(busy) => Err(busy.into()),
        }
    }

    /// An object that left memory, by the first of these names that one has.
    async fn archived(&self, names: Vec<Text>) -> Result<Option<Archived>, Problem> {
        self.archive.archived(names).await.map_err(|error| {
            tracing::error!(%error, "the archive cannot be read");
            Problem::unavailable("the ledger cannot be read now")
        })
    }

    pub(super) async fn ask(
        &self,
        question: impl FnOnce(&crossdock_core::Partition, Timestamp) -> Value + Send + 'static,
    ) -> Reply {
        Ok(Json(self.find(question).await?))
    }

    pub(super) async fn find<T: Send + 'static>(
        &self,
        question: impl FnOnce(&crossdock_core::Partition, Timestamp) -> T + Send + 'static,
    ) -> Result<T, Problem> {
        Ok(self.engine.ask(question).await?)
    }

    /// Checks a body against its operation's contract.
    pub(super) fn keeps(&self, api: &str, operation: &str, body: &Value) -> Result<(), Problem> {
        let Some(operation) = self.contracts.api(api).and_then(|api| api.operation(operation)) else { return Ok(()) };
        let violations = operation.check_request("application/json", body);
        broken_at(api, "", &violations)
    }
}

/// A message that breaks an API's contract, if it does; `at`: where the message stands in what was sent.
pub(super) fn broken_at(api: &str, at: &str, violations: &[Violation]) -> Result<(), Problem> {
    let broken: Vec<Broken> = violations
        .iter()
        .map(|one| Broken {
            pointer: format!("{at}{}", one.pointer),
            rule: one.rule.clone(),
            message: one.message.clone(),
        })
        .collect();
    let Some(first) = broken.first() else { return Ok(()) };
    let detail = format!("{}: {}", if first.pointer.is_empty() { "the body" } else { &first.pointer }, first.message);
    Err(Problem::unprocessable(detail).broken(format!("contracts/apis/{api}.yaml"), broken))
}

pub(super) fn of_run(filters: &BTreeMap<String, String>, run: Option<&crossdock_model::RunId>) -> bool {
    filters.get("runId").is_none_or(|wanted| run.is_some_and(|run| run.as_str() == wanted))
}

fn fits(filters: &BTreeMap<String, String>, key: &str, value: &Value) -> bool {
    filters.get(key).is_none_or(|wanted| value == wanted.as_str())
}

/// The number in an id such as `exc-12`; the bare number is understood too, as the events carry it.
pub(super) fn number(id: &str, prefix: &str) -> Option<u64> {
    id.strip_prefix(prefix).unwrap_or(id).parse().ok()
}

/// A property whose form the contract has checked, and whose meaning its type checks.
pub(super) fn parsed<T: FromStr<Err: Display>>(said: &Value, key: &str) -> Result<Option<T>, Problem> {
    let Some(value) = said.get(key).and_then(Value::as_str) else { return Ok(None) };
    value.parse().map(Some).map_err(|error| wrong(&format!("/{key}"), error))
}

/// A query parameter that must be there.
pub(super) fn required<T: FromStr<Err: Display>>(filters: &BTreeMap<String, String>, key: &str) -> Result<T, Problem> {
    let value = filters.get(key).ok_or_else(|| Problem::bad_request(format!("/query/{key}: it must be given")))?;
    value.parse().map_err(|error| Problem::bad_request(format!("/query/{key}: {error}")))
}

/// A message that keeps its contract and cannot be meant.
pub(super) fn wrong(pointer: &str, message: impl Display) -> Problem {
    let message = message.to_string();
    let broken = Broken { pointer: pointer.to_owned(), rule: "meaning".to_owned(), message: message.clone() };
    let mut problem = Problem::unprocessable(message);
    problem.errors = vec![broken];
    problem
}

pub(super) fn text(said: &Value, key: &str) -> String {
    said.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
}
