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

use crate::clock;
use crate::http::App;
use crate::http::problem::Problem;
use crate::metrics::Gauge;
use crate::signals::{self, Of, WINDOW_MS};

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
    gauges.extend(signal_gauges(&signals_of_last_hour(&app).await?));
    let content_type = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    Ok((content_type, app.metrics.render(&gauges)).into_response())
}

/// The sheet of real transactions, as `/process/v1/signals` shows it.
async fn signals_of_last_hour(app: &App) -> Result<Value, Problem> {
    let of = |now| Of { synthetic: false, window_ms: WINDOW_MS, now };
    Ok(app.engine.ask_signals(move |slas, state, now| signals::view(slas, state, of(now))).await?)
}

/// `crossdock_signal_*`: the same figures. Labels are systems, operations, event types and ids of levels, so the set is bounded.
fn signal_gauges(sheet: &Value) -> Vec<Gauge> {
    let rows = |key: &str| sheet.get(key).and_then(Value::as_array).into_iter().flatten();
    let text = |row: &Value, key: &str| row.get(key).and_then(Value::as_str).map(str::to_owned);
    let mut of_ms = Vec::new();
    let (mut of_count, mut of_ratio) = (Vec::new(), Vec::new());
    for row in rows("signals") {
        let mut labels = vec![("signal", text(row, "name").unwrap_or_default())];
        labels.extend(["flow", "hop"].into_iter().filter_map(|key| Some((key, text(row, key)?))));
        let number = |key: &str| row.get(key).and_then(Value::as_f64);
        for (key, quantile) in [("p50Ms", "0.5"), ("p95Ms", "0.95"), ("p99Ms", "0.99"), ("maxMs", "1")] {
            if let Some(value) = number(key) {
                let labels = labels.iter().cloned().chain([("quantile", quantile.to_owned())]).collect();
                of_ms.push(Gauge { name: "crossdock_signal_milliseconds", labels, value });
            }
        }
        if let Some(value) = number("ppm") {
            let value = value / 1e6;
            of_ratio.push(Gauge { name: "crossdock_signal_ratio", labels: labels.clone(), value });
        }
        if let Some(value) = number("count") {
            of_count.push(Gauge { name: "crossdock_signal_count", labels, value });
        }
    }
    let level = |row: &Value| {
        let value = match row.get("verdict").and_then(Value::as_str) {
            Some("met") => 1.0,
            Some("missed") => 0.0,
            _ => return None,
        };
        Some(Gauge { name: "crossdock_sla_met", labels: vec![("sla", text(row, "id").unwrap_or_default())], value })
    };
    let levels = rows("slas").filter_map(level);
    of_ms.into_iter().chain(of_ratio).chain(of_count).chain(levels).collect()
}

/// The declared levels of which something was measured.
fn levels(page: &mut String, sheet: &Value) {
    let rows: Vec<&Value> = sheet.get("slas").and_then(Value::as_array).into_iter().flatten().collect();
    let measured: Vec<&&Value> = rows.iter().filter(|row| row["verdict"] != "unknown").collect();
    page.push_str("<h2>Service levels, last hour</h2>");
    if measured.is_empty() {
        page.push_str("<p>Nothing was measured.</p>");
        return;
    }
    page.push_str("<div class=scroll><table><tr><th>level<th>measured<th>bounds<th></tr>");
    for row in measured {
        let bounds = row["bounds"].as_array().into_iter().flatten().map(|bound| {
            let share = bound["perMille"].as_u64().unwrap_or(1000);
            let name = if share == 1000 { "max".to_owned() } else { format!("p{}", share as f64 / 10.0) };
            format!("{name} {} of {} ms", bound["measuredMs"], bound["targetMs"])
        });
        let bounds = bounds.collect::<Vec<_>>().join(", ");
        let (tone, word) = if row["verdict"] == "met" { ("ok", "met") } else { ("bad", "missed") };
        let id = escaped(row["id"].as_str().unwrap_or_default());
        let line = format_args!("<tr><td>{id}<td class=n>{}<td>{bounds}<td class={tone}>{word}</tr>", row["count"]);
        write(page, line);
    }
    page.push_str("</table></div>");
}

/// `/ops`.
pub(crate) async fn page(State(app): State<Arc<App>>) -> Result<Html<String>, Problem> {
    let view = app.engine.ask(overview).await?;
    let sheet = signals_of_last_hour(&app).await?;
    let (waiting, bound) = app.engine.queue();
    let mut page = Html(String::with_capacity(4096));
    page.0.push_str(HEAD);
    let (tone, state) =
        if app.engine.is_ready() { ("ok", "takes messages") } else { ("bad", "cannot write its ledger") };
    let now = clock::now();
    let head =
        format_args!("<h1>Crossdock hub <span class={tone}>{state}</span></h1><p>{now:.0}, again every 5 s</p><dl>");
    write(&mut page.0, head);
    let trouble = |count: usize| if count > 0 { "bad" } else { "" };
    let streams = app.config.limits.streams - app.streams.available_permits();
    let figures: [(&str, &str, String, String); 8] = [
        ("", "orders open", view.open_orders.to_string(), format!("of {} in memory", view.orders)),
        (
            "",
            "purchase orders open",
            view.open_purchase_orders.to_string(),
            format!("of {} in memory", view.purchase_orders),
        ),
        (trouble(view.open_exceptions), "exceptions open", view.open_exceptions.to_string(), String::new()),
        (trouble(view.dead_letters), "dead letters", view.dead_letters.to_string(), String::new()),
        ("", "waiting for the writer", waiting.to_string(), format!("of at most {bound}")),
        ("", "records in the ledger", view.head.to_string(), format!("{} since the start", app.engine.appended())),
        ("", "stock positions", view.positions.to_string(), String::new()),
        ("", "event streams", streams.to_string(), format!("of at most {}", app.config.limits.streams)),
    ];
    for (tone, name, value, note) in figures {
        let card = format_args!("<div><dt>{name}</dt><dd class=\"{tone}\">{value} <small>{note}</small></dd></div>");
        write(&mut page.0, card);
    }
    page.0.push_str("</dl><h2>Deliveries</h2>");
    if view.targets.is_empty() {
        page.0.push_str("<p>Nothing has been delivered yet.</p>");
    } else {
        page.0.push_str("<div class=scroll><table><tr><th>target<th>waiting<th>oldest<th>dead letters<th>breaker</tr>");
        view.targets.iter().for_each(|target| row(&mut page.0, target, now));
        page.0.push_str("</table></div>");
    }
    levels(&mut page.0, &sheet);
    page.0.push_str("<h2>Counts since the start</h2><div class=scroll><table>");
    let mut last = String::new();
    for (series, value) in app.metrics.counters() {
        let (name, labels) = series.split_once('{').unwrap_or((&series, ""));
        let name = name.trim_start_matches("crossdock_").trim_end_matches("_total").replace('_', " ");
        // `target="erp",outcome="2xx"` reads as "erp 2xx": the labels' names are clear from what is counted.
        let labels: Vec<&str> = labels.split('"').skip(1).step_by(2).collect();
        let shown = if name == last { "" } else { name.as_str() };
        let line = format_args!("<tr><td>{}<td>{}<td class=n>{value}</tr>", escaped(shown), escaped(&labels.join(" ")));
        write(&mut page.0, line);
        last = name;
    }
    page.0.push_str("</table></div></main>");
    Ok(page)
}

/// What waits for a target, and why.
fn row(page: &mut String, target: &TargetView, now: Timestamp) {
    let breaker = match &target.breaker {
        None => "closed".to_owned(),
        Some((why, until)) => {
            let wait = until.duration_since(now).as_secs_f64().max(0.0);
            format!("<b class=bad>open</b>, tried again in {wait:.0} s<br><small>{}</small>", escaped(why))
        }
    };
    let tone = if target.dead > 0 { "bad" } else { "" };
    write(
        page,
        format_args!(
            "<tr><td>{}<td class=n>{}<td class=n>{:.1} s<td class=\"n {tone}\">{}<td>{breaker}</tr>",
            escaped(&target.name),
            target.backlog,
            target.oldest_s,
            target.dead
        ),
    );
}

fn overview(partition: &Partition, now: Timestamp) -> Overview {
    let state = partition.state();
    let deliveries = state.deliveries();
    let target = |id: &crossdock_model::SystemId| TargetView {
        name: id.to_string(),
        backlog: deliveries.backlog(id),
        dead: deliveries.counts(id).dead,
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
        open_exceptions: state.open_exception_count(),
        dead_letters: deliveries.dead_count(),
        positions: state.positions().count(),
        targets: deliveries.targets().map(target).collect(),
    }
}

const HEAD: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" \
content=\"width=device-width,initial-scale=1\"><meta http-equiv=\"refresh\" content=\"5\"><title>Crossdock hub</title><style>\
:root{color-scheme:light dark;--ok:#1a7f4b;--bad:#c62f3b}@media(prefers-color-scheme:dark){:root{--ok:#4fc487;--bad:#ff7b84}}\
body{font:15px/1.5 system-ui,sans-serif;margin:0}main{max-width:60rem;margin:2rem auto;padding:0 1rem}\
h1{margin:0}h1 span{font-size:1rem;font-weight:600;margin-left:.5rem}h2{font-size:1.15rem;margin:2rem 0 .5rem}p{margin:0 0 1rem;opacity:.7}\
dl{display:grid;grid-template-columns:repeat(auto-fill,minmax(12rem,1fr));gap:.75rem;margin:0}\
dl div{border:1px solid #8884;border-radius:.6rem;padding:.5rem .75rem}dt{opacity:.7;font-size:.85em}dd{margin:0;font-size:1.5em}\
small{font-size:.85rem;opacity:.7}.ok{color:var(--ok)}.bad{color:var(--bad)}.scroll{overflow-x:auto}\
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}\
td,th{text-align:left;vertical-align:top;padding:.3rem 1.25rem .3rem 0;border-bottom:1px solid #8883}\
th{font-weight:500;font-size:.85em;opacity:.7}.n{white-space:nowrap}</style><main>";

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn write(page: &mut String, what: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    if page.write_fmt(what).is_err() {
        tracing::debug!("part of the page is missing");
    }
}
