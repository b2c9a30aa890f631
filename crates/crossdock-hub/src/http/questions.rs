//! Questions about stock and money as of a time or a date (docs/concepts/domain.md, 3.10, 5.2, 5.8).
//! Here: what was there, what may be promised, what is expected, what was received and not invoiced. Not here: the positions as they
//! stand (`process.rs`).
//! Invariant: figures are exact, and a question that cannot be answered exactly any more is refused, never answered nearly.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Query, State};
use crossdock_core::{ExpectedReceipt, Position};
use crossdock_model::{FacilityId, ProductId, Quantity, Timestamp};
use http::HeaderMap;
use jiff::civil::Date;
use serde_json::{Value, json};

use crate::http::App;
use crate::http::problem::Problem;
use crate::http::process::{Filters, LISTED, Reply, required};

/// `getPositionAsOf`.
pub(crate) async fn as_of(State(app): State<Arc<App>>, headers: HeaderMap, Query(filters): Filters) -> Reply {
    app.keys.process(&headers, false)?;
    let (product, facility): (ProductId, FacilityId) =
        (required(&filters, "product")?, required(&filters, "facility")?);
    let time: Timestamp = required(&filters, "time")?;
    let missing = nothing_known(&product, &facility);
    let found = app
        .find(move |partition, _| {
            let state = partition.state();
            state.position(&product, &facility)?;
            let shelf = state.position_as_of(&product, &facility, time);
            Some(shelf.map(|shelf| {
                json!({
                    "product": product, "facility": facility, "asOf": time, "onHand": shelf.on_hand,
                    "sellable": shelf.sellable(), "quarantined": shelf.quarantined, "damaged": shelf.damaged,
                })
            }))
        })
        .await?;
    match found {
        None => Err(missing),
        Some(Ok(view)) => Ok(Json(view)),
        Some(Err(too_old)) => {
            let since = too_old.since;
            Err(Problem::conflict(format!(
                "movements before {since} are not kept one by one: ask for a time from then on"
            )))
        }
    }
}

/// `getAvailableToPromise`.
pub(crate) async fn to_promise(State(app): State<Arc<App>>, headers: HeaderMap, Query(filters): Filters) -> Reply {
    app.keys.process(&headers, false)?;
    let (product, facility): (ProductId, FacilityId) =
        (required(&filters, "product")?, required(&filters, "facility")?);
    let date: Date = required(&filters, "date")?;
    let missing = nothing_known(&product, &facility);
    let found = app
        .find(move |partition, _| {
            let state = partition.state();
            let available = state.position(&product, &facility).map(Position::available)?;
            let receipts = state.expected_receipts(&product, &facility).filter(|receipt| receipt.date <= date);
            let expected: Quantity = receipts.map(|receipt| receipt.quantity).sum();
            Some(json!({
                "product": product, "facility": facility, "date": date, "available": available, "expected": expected,
                "availableToPromise": state.available_to_promise(&product, &facility, date),
            }))
        })
        .await?;
    found.map(Json).ok_or(missing)
}

/// `listExpectedReceipts`, the earliest first.
pub(crate) async fn expected(State(app): State<Arc<App>>, headers: HeaderMap, Query(filters): Filters) -> Reply {
    app.keys.process(&headers, false)?;
    app.ask(move |partition, _| {
        let state = partition.state();
        let wanted = |key: &str, value: &str| filters.get(key).is_none_or(|filter| filter == value);
        // Whatever is expected somewhere is on order or in transit there, so it has a position.
        let places = state
            .positions()
            .map(|(place, _)| place)
            .filter(|(product, facility)| wanted("product", product.as_str()) && wanted("facility", facility.as_str()));
        let mut found: Vec<ExpectedReceipt> =
            places.flat_map(|(product, facility)| state.expected_receipts(product, facility)).collect();
        found.sort_by(|a, b| (a.date, &a.po_number, a.line).cmp(&(b.date, &b.po_number, b.line)));
        let views: Vec<Value> = found.into_iter().take(LISTED).map(|one| receipt(&one)).collect();
        json!({"expectedReceipts": views})
    })
    .await
}

fn receipt(one: &ExpectedReceipt) -> Value {
    json!({
        "product": one.product, "facility": one.facility, "date": one.date, "quantity": one.quantity,
        "poNumber": one.po_number, "lineNumber": one.line,
    })
}

/// `listReceivedNotInvoiced`.
pub(crate) async fn not_invoiced(State(app): State<Arc<App>>, headers: HeaderMap, Query(filters): Filters) -> Reply {
    app.keys.process(&headers, false)?;
    app.ask(move |partition, _| {
        let all = partition.state().received_not_invoiced();
        let found = all.filter(|(supplier, _, _)| filters.get("supplier").is_none_or(|one| one == supplier.as_str()));
        let views = found
            .map(|(supplier, currency, amount)| json!({"supplier": supplier, "currency": currency, "amount": amount}));
        json!({"receivedNotInvoiced": views.take(LISTED).collect::<Vec<_>>()})
    })
    .await
}

fn nothing_known(product: &ProductId, facility: &FacilityId) -> Problem {
    Problem::not_found(format!("nothing is known of product `{product}` at `{facility}`"))
}
