//! What the end of an attempt says: of the message, of the target, or of neither.
//! Rule: docs/concepts/domain.md, "Delivery rules".

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

/// What follows from it.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Verdict {
    Done {
        status: u16,
        body: Value,
    },
    /// The message's fault: trying again cannot help.
    Refused {
        status: u16,
        why: String,
    },
    /// Somebody's bad moment: again later, counted.
    Again {
        why: String,
        ambiguous: bool,
        retry_after_ms: Option<i64>,
    },
    /// The target's state: the queue waits, nothing is counted.
    Down {
        why: String,
    },
}

pub(super) fn judge(outcome: AttemptOutcome, operation: &str) -> Verdict {
    let (status, problem, retry_after_ms, body) = match outcome {
        AttemptOutcome::NotSent { why } => return Verdict::Down { why },
        AttemptOutcome::Ambiguous { why } => return Verdict::Again { why, ambiguous: true, retry_after_ms: None },
        AttemptOutcome::Answered { status, problem, retry_after_ms, body } => (status, problem, retry_after_ms, body),
    };
    let why = explain(status, &body);
    match status {
        200..=299 => Verdict::Done { status, body },
        401 | 403 | 407 => Verdict::Down { why },
        // No problem document: it is not the message that is unknown, the whole route is.
        404 if !problem => Verdict::Down { why: format!("{why}: the target has no such route") },
        // "In flight" for a create; for a cancel it is a plain answer: too late.
        409 if operation.starts_with("cancel") => Verdict::Done { status, body },
        408 | 409 | 425 | 429 => Verdict::Again { why, ambiguous: false, retry_after_ms },
        400..=499 => Verdict::Refused { status, why },
        _ => Verdict::Again { why, ambiguous: false, retry_after_ms },
    }
}

fn explain(status: u16, body: &Value) -> String {
    let text = |key: &str| body.get(key).and_then(Value::as_str);
    match text("detail").or_else(|| text("title")) {
        Some(detail) => format!("answered {status}: {}", detail.chars().take(300).collect::<String>()),
        None => format!("answered {status}"),
    }
}
