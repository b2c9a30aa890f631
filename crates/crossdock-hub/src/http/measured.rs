//! `GET /process/v1/signals`: what the core measures, live or of a part of the ledger (docs/concepts/domain.md, 13).
//! Here: which entries are asked about. Not here: the figures (`signals.rs`), measuring (`crossdock_core::slas`).
//! Invariant: figures of a part of the ledger are made by the same fold as the live ones.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Query, State};
use crossdock_core::slas::Slas;
use http::HeaderMap;

use crate::http::App;
use crate::http::problem::Problem;
use crate::http::process::{Filters, Reply, required};
use crate::records;
use crate::signals::{self, LONGEST_MS, Of, WINDOW_MS};

/// Records that one question folds at most.
const FOLDED: u64 = 200_000;
/// Records that are folded between two messages: the writer is not kept longer.
const PAGE: usize = 1000;

/// `getSignals`.
pub(crate) async fn signals(State(app): State<Arc<App>>, headers: HeaderMap, Query(filters): Filters) -> Reply {
    app.keys.process(&headers, false)?;
    let synthetic = filters.get("synthetic").is_some_and(|text| text == "true");
    let window_ms = if filters.contains_key("windowMs") { required(&filters, "windowMs")? } else { WINDOW_MS };
    // The answer says of which window it is.
    let window_ms = window_ms.min(LONGEST_MS);
    let head = *app.feed.head().borrow();
    let run = filters.get("runId").cloned();
    let mut view = if filters.contains_key("fromRecord") || run.is_some() {
        let newest = head.saturating_sub(FOLDED) + 1;
        let from = if filters.contains_key("fromRecord") { required(&filters, "fromRecord")? } else { newest };
        let slas = app.fold(from, head, run.as_deref()).await?;
        // All that was folded, whenever it was.
        let of = move |now| Of { synthetic, window_ms: LONGEST_MS, now };
        let mut view = app.find(move |partition, now| signals::view(&slas, partition.state(), of(now))).await?;
        view["fromRecord"] = from.into();
        view
    } else {
        let of = move |now| Of { synthetic, window_ms, now };
        app.engine.ask_signals(move |slas, state, now| signals::view(slas, state, of(now))).await?
    };
    view["head"] = head.into();
    Ok(Json(view))
}

impl App {
    /// Folds the records from one position to another anew, of one run where it is named.
    async fn fold(&self, from: u64, to: u64, run: Option<&str>) -> Result<Slas, Problem> {
        if to.saturating_sub(from) >= FOLDED {
            let newest = to.saturating_sub(FOLDED) + 1;
            let detail = format!("one question folds {FOLDED} records at most: begin at {newest} or later");
            return Err(Problem::conflict(detail));
        }
        let mut slas = self.signals.clone();
        let mut read = from.max(1);
        while read <= to {
            let page = self.archive.read(read, PAGE).await.map_err(|error| {
                tracing::error!(%error, "the ledger cannot be read");
                Problem::unavailable("the ledger cannot be read now")
            })?;
            let Some(last) = page.last() else { break };
            read = last.seq + 1;
            let mut entries = Vec::with_capacity(page.len());
            for record in page.iter().filter(|record| record.seq <= to) {
                let entry = records::entry(record).map_err(|error| {
                    tracing::error!(seq = record.seq, %error, "a record cannot be read");
                    Problem::bug()
                })?;
                if run.is_none_or(|run| entry.meta.run_id.as_ref().is_some_and(|own| own.as_str() == run)) {
                    entries.push(entry);
                }
            }
            slas = self
                .find(move |partition, _| {
                    for entry in &entries {
                        slas.observe(entry, partition.state());
                    }
                    slas
                })
                .await?;
        }
        Ok(slas)
    }
}
