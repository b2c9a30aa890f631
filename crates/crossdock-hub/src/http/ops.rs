//! For people and Prometheus: health, `/ops` and `/metrics`.
//! Here: what is shown. Not here: counting (`metrics.rs`).
//! Invariant: `/ops` needs no key, so it shows numbers and names of systems, never a message.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{Html, IntoResponse, Response};
use crossdock_core::Partition;
use crossdock_core::delivery::Breaker;
use crossdock_model::Timestamp;
use http::{HeaderMap, header};
use serde_json::{Value, json};

use crate::http::App;
use crate::http::problem::Problem;
use crate::metrics::Gauge;

/// What one target's queue looks like.
struct TargetView {
    name: String,
    backlog: usize,
    dead: usize,
    oldest_s: f64,
    breaker: Option<(String, Timestamp)>,
}

struct Overview {
    head: u64,
    orders: usize,
    open_orders: usize,
    purchase_orders: usize,
    open_purchase_orders: usize,
    open_exceptions: usize,
    dead_letters: usize,
    positions: usize,
    targets: Vec<TargetView>,
}

/// Liveness: the process answers.
pub(crate) async fn live() -> Json<Value> {
    Json(json!({"status": "ok"}))
}

/// Readiness: facts are taken.
pub(crate) async fn ready(State(app): State<Arc<App>>) -> Result<Json<Value>, Problem> {
    if app.engine.is_ready() && !*app.stop.borrow() {
        Ok(Json(json!({"status": "ok"})))
    } else {
        Err(Problem::unavailable("the hub starts, stops, or cannot write its ledger"))
    }
}

/// `/metrics`.
pub(crate) async fn metrics(State(app): State<Arc<App>>, headers: HeaderMap) -> Result<Response, Problem> {
    app.keys.process(&headers, true)?;
    let view = app.engine.ask(overview).await?;
    let (waiting, bound) = app.engine.queue();
    let plain = |name, value: usize| Gauge { name, labels: Vec::new(), value: value as f64 };
    let mut gauges = vec![
        plain("crossdock_admission_queue", waiting),
        plain("crossdock_admission_queue_bound", bound),
        Gauge { name: "crossdock_ledger_head", labels: Vec::new(), value: view.head as f64 },
        plain("crossdock_orders_open", view.open_orders),
        plain("crossdock_purchase_orders_open", view.open_purchase_orders),
        plain("crossdock_exceptions_open", view.open_exceptions),
        plain("crossdock_dead_letters_open", view.dead_letters),
        plain("crossdock_streams_open", app.config.limits.streams - app.streams.available_permits()),
    ];
    let of_target = |name, value: fn(&TargetView) -> f64| {
        let gauge = move |target: &TargetView| Gauge {
            name,
            labels: vec![("target", target.name.clone())],
            value: value(target),
        };
        view.targets.iter().map(gauge).collect::<Vec<_>>()
    };
    gauges.extend(of_target("crossdock_delivery_backlog", |target| target.backlog as f64));
    gauges.extend(of_target("crossdock_delivery_backlog_age_seconds", |target| target.oldest_s));
    gauges.extend(of_target("crossdock_breaker_open", |target| f64::from(u8::from(target.breaker.is_some()))));
    let content_type = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    Ok((content_type, app.metrics.render(&gauges)).into_response())
}

/// `/ops`.
pub(crate) async fn page(State(app): State<Arc<App>>) -> Result<Html<String>, Problem> {
    let view = app.engine.ask(overview).await?;
    let (waiting, bound) = app.engine.queue();
    let mut page = Html(String::with_capacity(4096));
    page.0.push_str(HEAD);
    let state = if app.engine.is_ready() { "takes facts" } else { "cannot write its ledger" };
    write(&mut page.0, format_args!("<h1>Crossdock <small>{state}</small></h1><dl>"));
    let figures: [(&str, String); 9] = [
        ("records in the ledger", view.head.to_string()),
        ("of them since the start", app.engine.appended().to_string()),
        ("messages waiting for the writer", format!("{waiting} of {bound}")),
        ("event streams", (app.config.limits.streams - app.streams.available_permits()).to_string()),
        ("orders (open)", format!("{} ({})", view.orders, view.open_orders)),
        ("purchase orders (open)", format!("{} ({})", view.purchase_orders, view.open_purchase_orders)),
        ("positions", view.positions.to_string()),
        ("open exceptions", view.open_exceptions.to_string()),
        ("dead letters", view.dead_letters.to_string()),
    ];
    for (name, value) in figures {
        write(&mut page.0, format_args!("<div><dt>{name}</dt><dd>{value}</dd></div>"));
    }
    page.0
        .push_str("</dl><h2>Deliveries</h2><table><tr><th>target<th>waiting<th>oldest<th>dead letters<th>breaker</tr>");
    for target in &view.targets {
        let breaker = match &target.breaker {
            None => "closed".to_owned(),
            Some((why, until)) => format!("<b>open</b> until {until}: {}", escaped(why)),
        };
        write(
            &mut page.0,
            format_args!(
                "<tr><td>{}<td>{}<td>{:.1} s<td>{}<td>{breaker}</tr>",
                escaped(&target.name),
                target.backlog,
                target.oldest_s,
                target.dead
            ),
        );
    }
    page.0.push_str("</table><h2>Counts since the start</h2><table>");
    for (name, value) in app.metrics.counters() {
        write(&mut page.0, format_args!("<tr><td><code>{}</code><td>{value}</tr>", escaped(&name)));
    }
    page.0.push_str("</table></main>");
    Ok(page)
}

fn overview(partition: &Partition, now: Timestamp) -> Overview {
    let state = partition.state();
    let deliveries = state.deliveries();
    let target = |id: &crossdock_model::SystemId| TargetView {
        name: id.to_string(),
        backlog: deliveries.backlog(id),
        dead: deliveries.dead_letters().filter(|one| one.plan.target == *id).count(),
        oldest_s: deliveries.oldest(id).map_or(0.0, |at| now.duration_since(at).as_secs_f64().max(0.0)),
        breaker: match deliveries.breaker(id) {
            Breaker::Closed => None,
            Breaker::Open { until, why, .. } => Some((why.clone(), *until)),
        },
    };
    Overview {
        head: state.seq(),
        orders: state.orders().count(),
        open_orders: state.orders().filter(|order| order.is_open()).count(),
        purchase_orders: state.purchase_orders().count(),
        open_purchase_orders: state.purchase_orders().filter(|po| po.is_open()).count(),
        open_exceptions: state.exceptions().filter(|one| one.resolved.is_none()).count(),
        dead_letters: deliveries.dead_letters().count(),
        positions: state.positions().count(),
        targets: deliveries.targets().map(target).collect(),
    }
}

const HEAD: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" \
content=\"width=device-width\"><meta http-equiv=\"refresh\" content=\"5\"><title>Crossdock</title><style>\
:root{color-scheme:light dark}body{font:15px/1.5 system-ui,sans-serif;margin:0}main{max-width:60rem;margin:2rem auto;padding:0 1rem}\
h1 small{font-size:.5em;font-weight:400;opacity:.7}dl{display:grid;grid-template-columns:repeat(auto-fill,minmax(12rem,1fr));gap:.75rem}\
dl div{border:1px solid #8884;border-radius:.5rem;padding:.5rem .75rem}dt{opacity:.7;font-size:.85em}dd{margin:0;font-size:1.3em}\
table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.25rem .75rem .25rem 0;border-bottom:1px solid #8883}\
code{font-size:.9em}b{color:#c33}</style><main>";

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn write(page: &mut String, what: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    if page.write_fmt(what).is_err() {
        tracing::debug!("part of the page is missing");
    }
}
