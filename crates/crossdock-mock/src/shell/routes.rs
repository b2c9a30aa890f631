//! What a system answers to: the operations of its contract.
//!
//! Invariant: there is no other list of paths; a system that grew an operation in its contract has it here.

use std::collections::BTreeMap;

use crossdock_contract::api::{Location, MediaType};
use crossdock_contract::{Api, Operation, Violation};
use http::{HeaderMap, Method};
use serde_json::Value;

use crate::systems::Body;

/// The routes of one system.
#[derive(Default)]
pub(crate) struct RouteTable {
    pub(crate) routes: Vec<Route>,
}

/// One operation.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    pub(crate) operation: String,
    pub(crate) method: Method,
    /// In the router's notation, which is the contract's: `/orders/{orderId}`.
    pub(crate) path: String,
    pub(crate) takes: Takes,
    /// Whether it declares an `Idempotency-Key`.
    pub(crate) keyed: bool,
    /// Whether anybody may call it.
    pub(crate) open: bool,
    contract: Operation,
}

/// What a request's body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Takes {
    /// No body.
    Nothing,
    /// JSON.
    Json,
    /// JSON, or nothing.
    JsonIfAny,
    /// Bytes of this media type: an X12 interchange.
    Other,
}

impl RouteTable {
    pub(crate) fn of(api: &Api) -> Self {
        Self { routes: api.operations.iter().filter_map(Route::of).collect() }
    }
}

impl Route {
    fn of(operation: &Operation) -> Option<Self> {
        let takes = match &operation.request {
            None => Takes::Nothing,
            Some(body) if !body.content.iter().any(MediaType::is_json) => Takes::Other,
            Some(body) if body.required => Takes::Json,
            Some(_) => Takes::JsonIfAny,
        };
        Some(Self {
            operation: operation.id.clone(),
            method: Method::from_bytes(operation.method.as_bytes()).ok()?,
            path: operation.path.clone(),
            takes,
            keyed: operation.idempotent,
            open: !operation.secured,
            contract: operation.clone(),
        })
    }

    /// Whether the body may have this media type.
    pub(crate) fn accepts(&self, media_type: &str) -> bool {
        let content = self.contract.request.iter().flat_map(|body| &body.content);
        content.into_iter().any(|media| media.matches(media_type))
    }

    /// The media types that the body may have, for people.
    pub(crate) fn media_types(&self) -> String {
        let content = self.contract.request.iter().flat_map(|body| &body.content);
        content.into_iter().map(|media| media.content_type.as_str()).collect::<Vec<_>>().join(" or ")
    }

    /// What is wrong with the parameters.
    pub(crate) fn check_parameters(
        &self,
        path: &BTreeMap<String, String>,
        query: &BTreeMap<String, String>,
        headers: &HeaderMap,
    ) -> Vec<Violation> {
        self.contract.check_parameters(|location, name| match location {
            Location::Path => path.get(name).map(String::as_str),
            Location::Query => query.get(name).map(String::as_str),
            Location::Header => headers.get(name).and_then(|value| value.to_str().ok()),
            Location::Cookie => None,
        })
    }

    /// What is wrong with the body.
    pub(crate) fn check_body(&self, media_type: &str, body: &Body) -> Vec<Violation> {
        match body {
            Body::None => self.contract.check_request("", &Value::Null),
            Body::Json(value) => self.contract.check_request(media_type, value),
            // The bytes are the system's own to judge: the contract says no more of them than their media type.
            Body::Bytes(_) => Vec::new(),
        }
    }
}
