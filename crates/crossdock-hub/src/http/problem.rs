//! Every refusal over HTTP: `application/problem+json` (RFC 9457).
//! Here: the document and its headers. Not here: when something is refused.
//! Invariant: a problem says what to do differently, or when to come back; it never carries a key or a path of this machine.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use serde_json::{Value, json};

/// One place in a message, and the rule it breaks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Broken {
    /// JSON pointer into the message.
    pub pointer: String,
    /// The rule: a JSON Schema keyword, or a name of ours.
    pub rule: String,
    /// In plain words.
    pub message: String,
}

/// A refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    /// The HTTP status.
    pub status: StatusCode,
    /// A stable name: the end of the `type` URI.
    pub kind: &'static str,
    /// What kind of problem, the same text each time.
    pub title: &'static str,
    /// This occurrence.
    pub detail: String,
    /// The contract that was broken: `contracts/events/order.captured.v1`.
    pub contract: Option<String>,
    /// Each place.
    pub errors: Vec<Broken>,
    /// Header `Retry-After`, in seconds.
    pub retry_after: Option<u32>,
}

impl Problem {
    fn new(status: StatusCode, kind: &'static str, title: &'static str, detail: impl Into<String>) -> Self {
        Self { status, kind, title, detail: detail.into(), contract: None, errors: Vec::new(), retry_after: None }
    }

    pub(crate) fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "malformed", "The request cannot be read", detail)
    }

    pub(crate) fn unauthenticated() -> Self {
        let detail = "send `Authorization: Bearer KEY` with a key of this hub";
        Self::new(StatusCode::UNAUTHORIZED, "unauthenticated", "No valid key", detail)
    }

    pub(crate) fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", "Not with this key", detail)
    }

    pub(crate) fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "Not found", detail)
    }

    pub(crate) fn method_not_allowed(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "No such operation here", detail)
    }

    pub(crate) fn conflict(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, "conflict", "Not in this state", detail)
    }

    pub(crate) fn too_slow(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::REQUEST_TIMEOUT, "too_slow", "The request took too long to arrive", detail)
    }

    pub(crate) fn too_large(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", "The body is too large", detail)
    }

    pub(crate) fn header_too_large(detail: impl Into<String>) -> Self {
        let status = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
        Self::new(status, "header_too_large", "The header is too large", detail)
    }

    pub(crate) fn target_too_long(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::URI_TOO_LONG, "target_too_long", "The request's target is too long", detail)
    }

    pub(crate) fn media_type(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "media_type", "No such media type here", detail)
    }

    pub(crate) fn unprocessable(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "contract_broken", "The message breaks its contract", detail)
    }

    /// A declared budget is used up. Half a minute: budgets are of minutes.
    pub(crate) fn too_many(detail: impl Into<String>) -> Self {
        let mut problem =
            Self::new(StatusCode::TOO_MANY_REQUESTS, "too_many", "Too much of it; come back later", detail);
        problem.retry_after = Some(30);
        problem
    }

    pub(crate) fn busy(detail: impl Into<String>) -> Self {
        let mut problem = Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", "Too much is waiting; come back", detail);
        problem.retry_after = Some(1);
        problem
    }

    pub(crate) fn unavailable(detail: impl Into<String>) -> Self {
        let mut problem =
            Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "The hub cannot keep anything now", detail);
        problem.retry_after = Some(5);
        problem
    }

    pub(crate) fn bug() -> Self {
        let detail = "this is a defect of the hub; its log says more";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "The hub failed", detail)
    }

    /// Adds the contract and the places where it is broken.
    #[must_use]
    pub(crate) fn broken(mut self, contract: impl Into<String>, errors: Vec<Broken>) -> Self {
        self.contract = Some(contract.into());
        self.errors = errors;
        self
    }

    /// The document.
    pub(crate) fn to_json(&self) -> Value {
        let mut document = json!({
            "type": format!("urn:crossdock:problem:{}", self.kind),
            "title": self.title,
            "status": self.status.as_u16(),
            "detail": self.detail,
        });
        if let Some(contract) = &self.contract {
            document["contract"] = contract.as_str().into();
        }
        if !self.errors.is_empty() {
            document["errors"] = self.errors.iter().map(|error| json!(error)).collect();
        }
        document
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.status, self.to_json().to_string()).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}
