//! What an SRE works with (contracts/apis/process-operations.yaml; docs/concepts/domain.md, 2.3.3 and 16).
//! Here: synthetic transactions, the comparison before a migration. Not here: budgets and isolation (the core).
//! Invariant: whoever stops or opens something says who they are, and the ledger keeps it.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use crossdock_core::shadow::Comparison;
use crossdock_core::{Command, Partition, Residue};
use crossdock_model::{RunId, SyntheticRunOpened, SyntheticTarget, SystemId};
use http::HeaderMap;
use serde_json::{Value, json};

use crate::http::App;
use crate::http::messages;
use crate::http::problem::Problem;
use crate::http::process::{Filters, LISTED, Reply, parsed, required, text};

const API: &str = "process-operations";

/// `getSynthetic`.
pub(crate) async fn synthetic(State(app): State<Arc<App>>, headers: HeaderMap) -> Reply {
    app.keys.process(&headers, false)?;
    app.ask(|partition, _| standing(partition)).await
}

/// `switchSynthetic`: the kill switch.
pub(crate) async fn switch(State(app): State<Arc<App>>, headers: HeaderMap, body: Body) -> Reply {
    app.keys.process(&headers, true)?;
    let said = messages::json(&app.body(body, &headers).await?)?;
    app.keeps(API, "switchSynthetic", &said)?;
    let stop = said.get("stop").and_then(Value::as_bool).unwrap_or(true);
    app.order(Command::SwitchSynthetic { stop, by: text(&said, "by"), reason: text(&said, "reason") }).await?;
    app.ask(|partition, _| standing(partition)).await
}

fn standing(partition: &Partition) -> Value {
    let state = partition.state();
    let mut view = json!({"stopped": state.synthetic_stopped().is_some(), "open": state.synthetic_open()});
    if let Some(switched) = state.synthetic_stopped() {
        view["by"] = switched.by.clone().into();
        view["reason"] = switched.reason.clone().into();
    }
    view
}

/// `openRun`: where the messages of a run go.
pub(crate) async fn open_run(State(app): State<Arc<App>>, headers: HeaderMap, body: Body) -> Reply {
    app.keys.process(&headers, true)?;
    let said = messages::json(&app.body(body, &headers).await?)?;
    app.keeps(API, "openRun", &said)?;
    let run_id: RunId = parsed(&said, "runId")?.ok_or_else(|| Problem::bad_request("say which run"))?;
    let mut targets: BTreeMap<SystemId, SyntheticTarget> = BTreeMap::new();
    for (system, target) in said.get("targets").and_then(Value::as_object).into_iter().flatten() {
        let wrong = |error: &dyn std::fmt::Display| Problem::unprocessable(format!("/targets/{system}: {error}"));
        let id = system.parse().map_err(|error| wrong(&error))?;
        targets.insert(id, serde_json::from_value(target.clone()).map_err(|error| wrong(&error))?);
    }
    let opened = SyntheticRunOpened { run_id, targets, by: text(&said, "by") };
    let view = json!(opened);
    app.order(Command::OpenRun(opened)).await?;
    Ok(Json(view))
}

/// `getResidue`.
pub(crate) async fn residue(State(app): State<Arc<App>>, headers: HeaderMap, Path(run): Path<String>) -> Reply {
    app.keys.process(&headers, false)?;
    let run: RunId = run.parse().map_err(|error| Problem::bad_request(format!("/path/runId: {error}")))?;
    app.ask(move |partition, _| {
        let left = partition.state().residue(&run);
        left_open(&run, &left)
    })
    .await
}

fn left_open(run: &RunId, left: &Residue) -> Value {
    fn named<T>(all: &[T], name: impl Fn(&T) -> String) -> Vec<String> {
        all.iter().take(LISTED).map(name).collect()
    }
    let open = left.orders.len()
        + left.recommendations.len()
        + left.purchase_orders.len()
        + left.exceptions.len()
        + left.deliveries.len();
    json!({
        "runId": run, "open": open,
        "orders": named(&left.orders, ToString::to_string),
        "recommendations": named(&left.recommendations, ToString::to_string),
        "purchaseOrders": named(&left.purchase_orders, ToString::to_string),
        "exceptions": named(&left.exceptions, |id| format!("exc-{id}")),
        "deliveries": named(&left.deliveries, |id| format!("d-{id}")),
    })
}

/// `getShadowComparison`.
pub(crate) async fn shadow(State(app): State<Arc<App>>, headers: HeaderMap, Query(filters): Filters) -> Reply {
    app.keys.process(&headers, false)?;
    let group: String = required(&filters, "group")?;
    app.ask(move |partition, _| {
        let comparison = partition.state().shadow(&group);
        let days = comparison.into_iter().flat_map(Comparison::days).map(|(day, counts)| {
            json!({
                "day": day, "matched": counts.matched, "different": counts.different, "missing": counts.missing,
                "unexpected": counts.unexpected,
            })
        });
        let days: Vec<Value> = days.collect();
        json!({"group": group, "waiting": comparison.map_or(0, Comparison::waiting), "days": days})
    })
    .await
}
