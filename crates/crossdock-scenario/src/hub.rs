//! What a Crossdock hub offers to the harness beside its facts: its own figures of a run, and the switch of synthetic transactions.
//! Here: who is asked, by which contract. Not here: measuring what the harness sees itself (`steps`).
//! Invariant: a landscape without such a hub has none of it; nothing is made up in its place.

use std::collections::BTreeMap;

use crossdock_contract::catalog;
use http::Method;
use serde_json::{Value, json};

use crate::caller::{CallRequest, RequestBody};
use crate::runner::Runner;

/// The API that offers it.
const API: &str = "process-operations";

/// A place in the ledger of a hub that measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Measured {
    from: u64,
}

impl Runner {
    /// Where the ledger of the hub ends, if the environment has a hub that measures: what follows is what a run made.
    pub async fn measured_from(&self) -> Option<Measured> {
        let sheet = self.offered("getSignals", Vec::new(), None).await?.ok()?;
        Some(Measured { from: sheet.get("head")?.as_u64()? + 1 })
    }

    /// What the hub measured since then, of one run or of all of a kind.
    ///
    /// # Errors
    /// In plain words: no answer, or none of success.
    pub async fn signals_since(&self, at: Measured, synthetic: bool, run: Option<&str>) -> Result<Value, String> {
        let mut query =
            vec![("fromRecord".to_owned(), at.from.to_string()), ("synthetic".to_owned(), synthetic.to_string())];
        query.extend(run.map(|run| ("runId".to_owned(), run.to_owned())));
        self.offered("getSignals", query, None).await.unwrap_or_else(|| Err("no hub measures here".to_owned()))
    }

    /// Who stopped synthetic transactions and why, if somebody did.
    pub async fn stopped(&self) -> Option<String> {
        let standing = self.offered("getSynthetic", Vec::new(), None).await?.ok()?;
        let text = |key: &str| standing.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        standing.get("stopped")?.as_bool()?.then(|| format!("{} stopped them: {}", text("by"), text("reason")))
    }

    /// Tells the hub where the messages of a run go: word by system. `None`: there is no hub to tell.
    ///
    /// # Errors
    /// In plain words: it did not answer, or refused.
    pub async fn open_run(&self, run: &str, targets: &BTreeMap<String, &str>) -> Option<Result<(), String>> {
        let body = json!({"runId": run, "targets": targets, "by": "crossdock probe"});
        let told = self.offered("openRun", Vec::new(), Some(&body)).await?;
        Some(told.map(|_| ()))
    }

    async fn offered(
        &self,
        operation: &str,
        query: Vec<(String, String)>,
        body: Option<&Value>,
    ) -> Option<Result<Value, String>> {
        let contracts = self.contracts();
        let operation = contracts.api(API)?.operation(operation)?;
        let entry = contracts.catalog().apis.iter().find(|entry| *entry.id == *API)?;
        let offers = |system: &&String| entry.implemented_by.iter().any(|pattern| catalog::matches(pattern, system));
        let system = self.environment().systems().keys().find(offers)?.clone();
        let method = Method::from_bytes(operation.method.as_bytes()).ok()?;
        let body = body.map(RequestBody::json);
        let request = CallRequest { query, body, ..CallRequest::new(system.as_str(), method, operation.path.as_str()) };
        Some(self.asked(&system, &request).await)
    }

    async fn asked(&self, system: &str, request: &CallRequest) -> Result<Value, String> {
        let answer = self.caller().send(request).await.map_err(|failure| failure.message)?;
        let body = answer.json().unwrap_or_default();
        if answer.status == 200 {
            return Ok(body);
        }
        let why = body.get("detail").and_then(Value::as_str).unwrap_or("without a reason");
        Err(format!("{system} answered {}: {why}", answer.status))
    }
}
