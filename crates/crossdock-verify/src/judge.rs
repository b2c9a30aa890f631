//! What an answer is worth by the contract of its operation, whatever was asked.
//! Here: status, media type, headers and body against what is declared; the rules' names. Not here: whether *this* answer was due
//! to *this* question (`examples`, `cases`).
//! Invariant: what is not declared is a problem, never a pass. A 5xx is a problem even where the contract declares one: no request
//! of ours may break a provider.

use crossdock_contract::Violation;
use crossdock_contract::api::{self, Operation, Status};
use crossdock_scenario::caller::{Answer, CallFailure, FailureKind};
use serde_json::{Value, json};

/// The rules a finding can name. Stable: pipelines suppress and count by them.
pub mod rule {
    /// The status is not declared.
    pub const UNDECLARED_STATUS: &str = "response/undeclared-status";
    /// A 5xx.
    pub const SERVER_ERROR: &str = "response/server-error";
    /// The media type is not declared for that status.
    pub const CONTENT_TYPE: &str = "response/content-type";
    /// A header is missing or wrong.
    pub const HEADER: &str = "response/header";
    /// The body is not what its media type says.
    pub const BODY: &str = "response/body";
    /// The body breaks its schema.
    pub const SCHEMA: &str = "response/schema";
    /// The connection broke, or what came is not HTTP.
    pub const BROKEN: &str = "response/broken";
    /// The answer is larger than is read.
    pub const TOO_LARGE: &str = "response/too-large";
    /// No answer, from a system that answers other calls.
    pub const NO_ANSWER: &str = "response/no-answer";
    /// No answer to any call.
    pub const SYSTEM_SILENT: &str = "system/no-answer";
    /// Every case of a system was skipped.
    pub const UNDECIDED: &str = "system/nothing-decided";
    /// A declared example is refused as malformed.
    pub const EXAMPLE_REFUSED: &str = "request/example-refused";
    /// The example without its optional parts is refused as malformed.
    pub const MINIMAL_REFUSED: &str = "request/minimal-refused";
    /// A request that breaks its contract is taken.
    pub const INVALID_ACCEPTED: &str = "request/invalid-accepted";
    /// It works without a key.
    pub const AUTH_MISSING: &str = "auth/missing-accepted";
    /// It works with a wrong key.
    pub const AUTH_WRONG: &str = "auth/wrong-key-accepted";
    /// The key of the environment is refused.
    pub const KEY_REFUSED: &str = "auth/key-refused";
    /// A required `Idempotency-Key` may be left out.
    pub const KEY_MISSING: &str = "idempotency/missing-key-accepted";
    /// The same call with the same key is answered otherwise.
    pub const REPLAY_DIFFERS: &str = "idempotency/replay-differs";
    /// The same key is taken for another body.
    pub const KEY_REUSED: &str = "idempotency/changed-body-accepted";
    /// Something that nobody has is found.
    pub const UNKNOWN_FOUND: &str = "resource/unknown-found";
    /// What was made is not found.
    pub const MADE_NOT_FOUND: &str = "resource/created-not-found";
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Problem {
    pub(crate) rule: &'static str,
    /// JSON pointer into the answer's body, where it is about one place of it.
    pub(crate) pointer: Option<String>,
    pub(crate) message: String,
    pub(crate) evidence: Value,
}

impl Problem {
    pub(crate) fn new(rule: &'static str, message: impl Into<String>, evidence: Value) -> Self {
        Self { rule, pointer: None, message: message.into(), evidence }
    }
}

/// Problems reported of one answer; the rest only repeats them.
const PROBLEMS: usize = 10;
/// Characters of a body that are shown.
const SHOWN: usize = 1000;

/// What is wrong with an answer by itself.
pub(crate) fn problems(operation: &Operation, answer: &Answer) -> Vec<Problem> {
    let status = answer.status;
    if status >= 500 {
        return vec![Problem::new(rule::SERVER_ERROR, format!("{} answered {status}", operation.id), shown(answer))];
    }
    let declared = operation.response(status).map(|response| response.status);
    // `default` is for errors: a success or a redirect that nobody declared is not covered by it.
    if declared.is_none() || declared == Some(Status::Default) && status < 400 {
        let known: Vec<String> = operation.responses.iter().map(|response| response.status.to_string()).collect();
        let message = format!("{} answered {status}, declared are {}", operation.id, known.join(", "));
        return vec![Problem::new(rule::UNDECLARED_STATUS, message, shown(answer))];
    }
    let content_type = answer.media_type().unwrap_or_default();
    let mut found = match body(answer, &content_type) {
        Err(why) => {
            vec![Problem::new(rule::BODY, format!("{} answered {status} with {why}", operation.id), shown(answer))]
        }
        Ok(body) => operation
            .check_response(status, &content_type, &body)
            .into_iter()
            .take(PROBLEMS)
            .map(|violation| problem(violation, &body, answer))
            .collect(),
    };
    let headers: Vec<(String, String)> = answer
        .headers
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect();
    let wrong = operation.check_response_headers(status, &headers);
    found.extend(wrong.into_iter().map(|violation| Problem::new(rule::HEADER, violation.message, shown(answer))));
    found
}

/// What it means that no answer came, from a system that answers otherwise.
pub(crate) fn no_answer(operation: &Operation, failure: &CallFailure) -> Problem {
    let rule = match failure.kind {
        FailureKind::Broken => rule::BROKEN,
        FailureKind::TooLarge => rule::TOO_LARGE,
        _ => rule::NO_ANSWER,
    };
    let evidence = json!({"trouble": failure.kind.word()});
    Problem::new(rule, format!("{} gave no answer: {}", operation.id, failure.message), evidence)
}

/// The body as the contract's validator takes it.
pub(crate) fn body(answer: &Answer, content_type: &str) -> Result<Value, &'static str> {
    if answer.body.is_empty() && content_type.is_empty() {
        return Ok(Value::Null);
    }
    if api::is_json(content_type) {
        return serde_json::from_slice(&answer.body).map_err(|_| "a body that is not the JSON it says it is");
    }
    match std::str::from_utf8(&answer.body) {
        Ok(text) => Ok(Value::String(text.to_owned())),
        Err(_) if content_type.starts_with("text/") => Err("text that is not UTF-8"),
        Err(_) => Ok(Value::String(String::from_utf8_lossy(&answer.body).into_owned())),
    }
}

fn problem(violation: Violation, body: &Value, answer: &Answer) -> Problem {
    let rule = match violation.rule.as_str() {
        "content-type" => rule::CONTENT_TYPE,
        "status" => rule::UNDECLARED_STATUS,
        "header" => rule::HEADER,
        _ => rule::SCHEMA,
    };
    if rule != rule::SCHEMA {
        return Problem::new(rule, violation.message, shown(answer));
    }
    let actual =
        body.pointer(&violation.pointer).map_or_else(|| "(absent)".to_owned(), |value| cut(&value.to_string()));
    let evidence = json!({
        "status": answer.status, "keyword": violation.rule, "declared": violation.schema_pointer, "actual": actual,
    });
    Problem {
        rule,
        message: format!("{}: {}", violation.rule, violation.message),
        pointer: Some(violation.pointer),
        evidence,
    }
}

/// An answer as evidence: bounded, without its headers, which may hold cookies.
pub(crate) fn shown(answer: &Answer) -> Value {
    json!({
        "status": answer.status,
        "content_type": answer.media_type(),
        "body": cut(&String::from_utf8_lossy(&answer.body)),
    })
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}
