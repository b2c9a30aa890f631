//! Answers and problems as HTTP.

use axum::body::Body;
use axum::response::Response;
use http::StatusCode;
use http::header::{ALLOW, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use serde_json::{Value, json};

use crate::systems::Answer;
use crate::systems::answer::title;

const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
const JSON: HeaderValue = HeaderValue::from_static("application/json");
const PROBLEM: HeaderValue = HeaderValue::from_static("application/problem+json");

/// Something that was wrong with a request before a system saw it.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    pub(crate) answer: Box<Answer>,
    header: Option<Box<(HeaderName, HeaderValue)>>,
}

impl Problem {
    pub(crate) fn new(status: u16, rule: &str, detail: impl AsRef<str>) -> Self {
        Self { answer: Box::new(Answer::problem(status, rule, detail.as_ref())), header: None }
    }

    pub(crate) fn unauthorized() -> Self {
        let mut problem = Self::new(401, "unauthorized", "the Authorization header has no known bearer key");
        problem.header = Some(Box::new((WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))));
        problem
    }

    pub(crate) fn method_not_allowed(method: &str, allowed: &str) -> Self {
        let mut problem =
            Self::new(405, "method-not-allowed", format!("{method} is not among the methods here: {allowed}"));
        problem.header = HeaderValue::from_str(allowed).ok().map(|allowed| Box::new((ALLOW, allowed)));
        problem
    }

    pub(crate) fn retry_after(mut self, seconds: u32) -> Self {
        self.header = Some(Box::new((RETRY_AFTER, HeaderValue::from(seconds))));
        self
    }

    /// Every single thing that is wrong: pointer, rule, message.
    pub(crate) fn errors(mut self, errors: Vec<(String, String, String)>) -> Self {
        let errors: Vec<Value> = errors
            .into_iter()
            .map(|(pointer, rule, message)| json!({ "pointer": pointer, "rule": rule, "message": message }))
            .collect();
        self.answer.body["errors"] = Value::Array(errors);
        self
    }

    pub(crate) fn into_response(self) -> Response {
        let mut response = json_response(&self.answer, false);
        if let Some((name, value)) = self.header.map(|header| *header) {
            response.headers_mut().insert(name, value);
        }
        response
    }
}

/// An answer as an HTTP response.
pub(crate) fn json_response(answer: &Answer, replayed: bool) -> Response {
    let mut response = Response::new(Body::from(answer.body.to_string()));
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(CONTENT_TYPE, if answer.is_problem() { PROBLEM } else { JSON });
    if replayed {
        response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    }
    response
}

/// A whole HTTP/1.1 response for a request whose head could not be read, so that no handler ever saw it.
pub(crate) fn bare_problem(status: u16, detail: &str) -> Vec<u8> {
    let body = Answer::problem(status, "request-head", detail).body.to_string();
    format!(
        "HTTP/1.1 {status} {}\r\ncontent-type: application/problem+json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        title(status),
        body.len(),
    )
    .into_bytes()
}
