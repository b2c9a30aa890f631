//! What a bulk answer says of each item, by the expression that the target's contract declares (docs/concepts/domain.md, 14.3).
//! Here: reading the answer. Not here: what becomes of an item that was not taken (the core).
//! Invariant: an item of which the answer does not speak clearly is never called done.

use std::collections::BTreeMap;

use crossdock_contract::expr::Expr;
use serde_json::{Value, json};

use crate::call::Answer;

/// How one item of a bulk call ended, where the answer says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ItemOutcome {
    /// It was taken.
    Done,
    /// It was not.
    Failed {
        /// In the target's words.
        why: String,
    },
}

/// Reads an answer. `items` is the list that was sent, `keys` the business key of each, in its order.
pub(crate) fn read(
    expression: &Expr,
    answer: &Answer,
    items: &Value,
    keys: &[String],
) -> BTreeMap<String, ItemOutcome> {
    let input = json!({"status": answer.status, "body": answer.body, "items": items, "keys": keys});
    let said = match expression.eval(&input) {
        Ok(said) => said,
        Err(error) => {
            // Every item is looked up then: that the target answered something else than it declared is no success.
            tracing::warn!(%error, expression = expression.text(), "a bulk answer says nothing of its items");
            return BTreeMap::new();
        }
    };
    let mut found = BTreeMap::new();
    for one in said.as_array().into_iter().flatten() {
        let key = match (one.get("key").and_then(Value::as_str), one.get("at").and_then(Value::as_u64)) {
            (Some(key), _) => keys.iter().find(|known| *known == key),
            (None, Some(at)) => usize::try_from(at).ok().and_then(|at| keys.get(at)),
            (None, None) => None,
        };
        let outcome = match one.get("done").and_then(Value::as_bool) {
            Some(true) => ItemOutcome::Done,
            Some(false) => {
                let why = one.get("why").and_then(Value::as_str).unwrap_or("the target did not take it");
                ItemOutcome::Failed { why: why.to_owned() }
            }
            None => continue,
        };
        let Some(key) = key else { continue };
        // Of two words about one item the worse counts.
        let kept = found.entry(key.clone()).or_insert_with(|| outcome.clone());
        if outcome != ItemOutcome::Done {
            *kept = outcome;
        }
    }
    found
}
