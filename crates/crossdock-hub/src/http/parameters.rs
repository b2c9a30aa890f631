//! Path, query and header parameters, held to the operation's contract before any handler sees them.
//! Here: the check. Not here: bodies (each door reads its own), whether the caller may (the handler asks first thing).
//! Invariant: a parameter that the contract does not know is refused where it would silently change nothing: in the query.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::RequestExt as _;
use axum::extract::rejection::RawPathParamsRejection;
use axum::extract::{Query, RawPathParams, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use crossdock_contract::Operation;
use crossdock_contract::api::Location;
use http::HeaderMap;
use serde_json::Value;

use crate::http::App;
use crate::http::problem::{Broken, Problem};

/// The hub's own APIs among the contracts.
const APIS: [&str; 7] = [
    "hub-system",
    "process-orders",
    "process-availability",
    "process-procurement",
    "process-exceptions",
    "process-operations",
    "experience-storefront",
];

/// The middleware.
pub(super) async fn check(State(app): State<Arc<App>>, mut request: Request, next: Next) -> Response {
    if let Err(RawPathParamsRejection::InvalidUtf8InPathParam(error)) = request.extract_parts::<RawPathParams>().await {
        return Problem::bad_request(format!("the path cannot be read: {error}")).into_response();
    }
    match judge(&app, &request) {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

fn judge(app: &App, request: &Request) -> Result<(), Problem> {
    let path = request.uri().path();
    let mut apis = APIS.iter().filter_map(|id| app.contracts.api(id));
    let found = apis.find_map(|api| Some((api, api.route(request.method().as_str(), path)?)));
    let Some((api, (operation, in_path))) = found else { return Ok(()) };
    let query: Query<Vec<(String, String)>> = Query::try_from_uri(request.uri())
        .map_err(|error| Problem::bad_request(format!("the query cannot be read: {error}")))?;
    let mut broken = in_path_and_query(operation, &in_path, &query.0)?;
    broken.extend(in_headers(operation, request.headers()));
    match broken.first() {
        None => Ok(()),
        Some(first) => {
            let detail = format!("{}: {}", first.pointer, first.message);
            Err(Problem::bad_request(detail).broken(format!("contracts/{}", api.file), broken))
        }
    }
}

fn in_path_and_query(
    operation: &Operation,
    in_path: &BTreeMap<String, String>,
    query: &[(String, String)],
) -> Result<Vec<Broken>, Problem> {
    let mut broken = Vec::new();
    for (name, value) in in_path {
        broken.extend(one(operation, Location::Path, name, value));
    }
    for (name, value) in query {
        if operation.parameter(Location::Query, name).is_none() {
            let known = operation.parameters.iter().filter(|one| one.location == Location::Query);
            let hint = crossdock_diag::did_you_mean(name, known.map(|one| one.name.as_str()));
            let hint = hint.map_or_else(String::new, |hit| format!("; did you mean `{hit}`?"));
            return Err(Problem::bad_request(format!("`{}` has no parameter `{name}`{hint}", operation.id)));
        }
        broken.extend(one(operation, Location::Query, name, value));
    }
    Ok(broken)
}

fn in_headers(operation: &Operation, headers: &HeaderMap) -> Vec<Broken> {
    let declared = operation.parameters.iter().filter(|one| one.location == Location::Header);
    let shown = declared.filter_map(|one| Some((one.name.as_str(), headers.get(one.name.as_str())?)));
    shown
        .flat_map(|(name, value)| match value.to_str() {
            Ok(value) => one(operation, Location::Header, name, value),
            Err(_) => vec![Broken {
                pointer: format!("/header/{name}"),
                rule: "ascii".to_owned(),
                message: "has others than visible ASCII characters".to_owned(),
            }],
        })
        .collect()
}

fn one(operation: &Operation, location: Location, name: &str, value: &str) -> Vec<Broken> {
    let Some(schema) = operation.parameter(location, name).and_then(|parameter| parameter.schema.as_ref()) else {
        return Vec::new();
    };
    let place = match location {
        Location::Path => "path",
        Location::Query => "query",
        Location::Header => "header",
        Location::Cookie => "cookie",
    };
    // All parameters of the hub's own APIs are texts.
    let found = schema.check(&Value::String(value.to_owned())).into_iter();
    found.map(|one| Broken { pointer: format!("/{place}/{name}"), rule: one.rule, message: one.message }).collect()
}
