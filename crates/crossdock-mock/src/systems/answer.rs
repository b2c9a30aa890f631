//! What a system answers: a status and JSON, or a problem (RFC 9457).

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{Body, Request};

/// An answer to a request.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body as JSON.
    pub body: Value,
}

impl Answer {
    /// 200 with a body.
    #[must_use]
    pub fn ok(body: Value) -> Self {
        Self { status: 200, body }
    }

    /// 201 with a body.
    #[must_use]
    pub fn created(body: Value) -> Self {
        Self { status: 201, body }
    }

    /// 202 with a body.
    #[must_use]
    pub fn accepted(body: Value) -> Self {
        Self { status: 202, body }
    }

    /// Something that this system has never heard of.
    #[must_use]
    pub fn unknown(what: &str, id: &str) -> Self {
        Self::problem(404, "not-found", &format!("no {what} `{id}`"))
    }

    /// Something that the present state forbids.
    #[must_use]
    pub fn conflict(rule: &str, detail: &str) -> Self {
        Self::problem(409, rule, detail)
    }

    /// A request that reads well and means nothing here.
    #[must_use]
    pub fn unprocessable(pointer: &str, rule: &str, detail: &str) -> Self {
        let mut answer = Self::problem(422, rule, detail);
        answer.body["errors"] = json!([{ "pointer": pointer, "rule": rule, "message": detail }]);
        answer
    }

    /// Any problem. `rule` names it in the `type` URI.
    #[must_use]
    pub fn problem(status: u16, rule: &str, detail: &str) -> Self {
        Self {
            status,
            body: json!({
                "type": format!("https://contracts.crossdock.example/problems/{rule}"),
                "title": title(status),
                "status": status,
                "detail": detail,
            }),
        }
    }

    /// Whether the body is a problem document.
    #[must_use]
    pub fn is_problem(&self) -> bool {
        self.status >= 400
    }
}

/// The reason phrase of the statuses that simulated systems use.
#[must_use]
pub fn title(status: u16) -> &'static str {
    match status {
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        409 => "Conflict",
        413 => "Content Too Large",
        414 => "URI Too Long",
        415 => "Unsupported Media Type",
        422 => "Unprocessable Content",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "Problem",
    }
}

/// Reads a JSON body as `T`.
///
/// The shell has checked it by the contract already; this holds the line for callers that drive a system directly.
pub fn body_of<T: DeserializeOwned>(request: &Request) -> Result<T, Answer> {
    let Body::Json(value) = &request.body else {
        return Err(Answer::problem(400, "body-missing", "this operation needs a JSON body"));
    };
    serde_json::from_value(value.clone()).map_err(|error| Answer::unprocessable("", "shape", &error.to_string()))
}

/// The JSON body as an object.
pub fn object_of(request: &Request) -> Result<&serde_json::Map<String, Value>, Answer> {
    match &request.body {
        Body::Json(Value::Object(map)) => Ok(map),
        Body::Json(_) => Err(Answer::unprocessable("", "type", "the body must be an object")),
        Body::None | Body::Bytes(_) => Err(Answer::problem(400, "body-missing", "this operation needs a JSON body")),
    }
}

/// A text, or a number as the text of its literal: ids of other systems keep every digit.
#[must_use]
pub fn text_of(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}
