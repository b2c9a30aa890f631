//! What the end of an attempt says: of the message, of the target, or of neither.
//! Rule: docs/concepts/domain.md, "Delivery".

use std::collections::BTreeMap;

use crossdock_model::{LeftItem, Text};
use serde_json::Value;

/// How an attempt ended, as the connector saw it.
#[derive(Clone, Debug, PartialEq)]
pub enum AttemptOutcome {
    /// An HTTP answer came.
    Answered {
        /// Its status.
        status: u16,
        /// True where it carried a problem (RFC 9457): the route exists and speaks.
        problem: bool,
        /// Its `Retry-After`, in milliseconds.
        retry_after_ms: Option<i64>,
        /// Its body, as JSON where it was JSON.
        body: Value,
    },
    /// A 2xx answer to a bulk call came, and says how each item ended (14.3).
    Items {
        /// Its status.
        status: u16,
        /// Its body.
        body: Value,
        /// By the item's business key.
        items: BTreeMap<Text, ItemEnd>,
    },
    /// Nothing was sent: refused, DNS, TLS.
    NotSent {
        /// In plain words.
        why: String,
    },
    /// It was sent, or may have been, and no answer came: timeout, reset.
    Ambiguous {
        /// In plain words.
        why: String,
    },
}

/// How one item of a bulk call ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ItemEnd {
    /// It was taken.
    Done,
    /// It was not.
    Failed {
        /// In plain words.
        why: String,
    },
    /// The answer does not say.
    Unknown,
}

/// What follows from it.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Verdict {
    Done {
        status: u16,
        body: Value,
        /// Of a bulk call, where the answer says it.
        items: Option<BTreeMap<Text, ItemEnd>>,
    },
    /// The message's fault: trying again cannot help.
    Refused {
        status: u16,
        why: String,
    },
    Again(Again),
    /// The target's state: the queue waits, nothing is counted.
    Down {
        why: String,
    },
}

/// Somebody's bad moment: again later.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Again {
    pub(super) why: String,
    pub(super) ambiguous: bool,
    pub(super) retry_after_ms: Option<i64>,
    /// We were too fast: that says nothing of the message, and is not counted against it.
    pub(super) throttled: bool,
}

pub(super) fn judge(outcome: AttemptOutcome, operation: &str) -> Verdict {
    let (status, problem, retry_after_ms, body) = match outcome {
        AttemptOutcome::NotSent { why } => return Verdict::Down { why },
        AttemptOutcome::Ambiguous { why } => {
            return Verdict::Again(Again { why, ambiguous: true, retry_after_ms: None, throttled: false });
        }
        AttemptOutcome::Items { status, body, items } => {
            return Verdict::Done { status, body, items: Some(items) };
        }
        AttemptOutcome::Answered { status, problem, retry_after_ms, body } => (status, problem, retry_after_ms, body),
    };
    let why = explain(status, &body);
    let again = |throttled| Verdict::Again(Again { why: why.clone(), ambiguous: false, retry_after_ms, throttled });
    match status {
        200..=299 => Verdict::Done { status, body, items: None },
        401 | 403 | 407 => Verdict::Down { why },
        // No problem document: it is not the message that is unknown, the whole route is.
        404 if !problem => Verdict::Down { why: format!("{why}: the target has no such route") },
        // "In flight" for a create; for a cancel it is a plain answer: too late.
        409 if operation.starts_with("cancel") => Verdict::Done { status, body, items: None },
        429 => again(true),
        408 | 409 | 425 => again(false),
        400..=499 => Verdict::Refused { status, why },
        _ => again(false),
    }
}

/// What is left of a bulk call: an item that the answer does not speak of is not known to be done.
pub(super) fn left(keys: &[Text], ends: &BTreeMap<Text, ItemEnd>) -> Vec<LeftItem> {
    let left = |key: &Text| {
        let (unknown, why) = match ends.get(key) {
            Some(ItemEnd::Done) => return None,
            Some(ItemEnd::Failed { why }) => (false, why.clone()),
            Some(ItemEnd::Unknown) | None => (true, String::new()),
        };
        Some(LeftItem { key: key.clone(), unknown, why })
    };
    keys.iter().filter_map(left).collect()
}

fn explain(status: u16, body: &Value) -> String {
    let text = |key: &str| body.get(key).and_then(Value::as_str);
    match text("detail").or_else(|| text("title")) {
        Some(detail) => format!("answered {status}: {}", detail.chars().take(300).collect::<String>()),
        None => format!("answered {status}"),
    }
}

#[cfg(test)]
mod tests {
    use super::{AttemptOutcome, Verdict, judge};
    use serde_json::{Value, json};

    fn answered(status: u16, problem: bool, operation: &str) -> Verdict {
        judge(AttemptOutcome::Answered { status, problem, retry_after_ms: Some(5), body: Value::Null }, operation)
    }

    #[test]
    fn each_status_says_whose_fault_it_is() {
        let word = |status, problem, operation| match answered(status, problem, operation) {
            Verdict::Done { .. } => "done",
            Verdict::Refused { .. } => "refused",
            Verdict::Down { .. } => "down",
            Verdict::Again(again) if again.throttled => "slower",
            Verdict::Again(_) => "again",
        };
        let all = |statuses: &[u16], problem| {
            statuses.iter().map(|status| word(*status, problem, "createOrder")).collect::<Vec<_>>()
        };
        assert_eq!(all(&[200, 201, 202, 204, 299], false), ["done"; 5]);
        assert_eq!(all(&[401, 403, 407], true), ["down"; 3], "it does not let us in: no message can help that");
        assert_eq!(all(&[408, 409, 425, 500, 502, 503, 504], true), ["again"; 7]);
        assert_eq!(all(&[199, 302], false), ["again"; 2], "no answer that anybody agreed on");
        assert_eq!(all(&[429], true), ["slower"]);
        assert_eq!(all(&[400, 404, 405, 410, 422, 499], true), ["refused"; 6]);
        assert_eq!(all(&[404], false), ["down"], "without a problem document the route itself is missing");
        assert_eq!(word(409, true, "cancelRelease"), "done", "of a cancel it is a plain answer: too late");
    }

    #[test]
    fn a_refusal_says_why_in_the_words_of_the_target() {
        let why = |body: Value| {
            let outcome = AttemptOutcome::Answered { status: 422, problem: true, retry_after_ms: None, body };
            let Verdict::Refused { status: 422, why } = judge(outcome, "createOrder") else { panic!("a refusal") };
            why
        };
        assert_eq!(why(json!({ "title": "no", "detail": "no such product" })), "answered 422: no such product");
        assert_eq!(why(json!({ "title": "no" })), "answered 422: no");
        assert_eq!(why(Value::Null), "answered 422");
        assert_eq!(why(json!({ "detail": "x".repeat(400) })), format!("answered 422: {}", "x".repeat(300)));
    }

    #[test]
    fn what_may_have_been_done_is_looked_up_and_what_was_not_sent_is_not() {
        let lost = judge(AttemptOutcome::Ambiguous { why: "timeout".to_owned() }, "createOrder");
        assert!(matches!(lost, Verdict::Again(again) if again.ambiguous && !again.throttled));
        let not_sent = judge(AttemptOutcome::NotSent { why: "refused".to_owned() }, "createOrder");
        assert_eq!(not_sent, Verdict::Down { why: "refused".to_owned() });
        let busy = answered(503, true, "createOrder");
        assert!(matches!(busy, Verdict::Again(again) if !again.ambiguous && again.retry_after_ms == Some(5)));
    }
}
