//! Stub mode: a contract's examples, answered as they stand.
//!
//! Here: which example answers which request. Not here: behaviour (`systems`): a stub forgets everything at once.
//! Invariant: nothing is recorded. The stub server would keep every request it ever saw; that is switched off.

use std::net::{SocketAddr, TcpListener};

use crossdock_contract::Api;
use crossdock_contract::api::Operation;
use wiremock::matchers::{method, path_regex};
use wiremock::{Mock, MockServer, ResponseTemplate};

/// A running stub. It stops when dropped.
pub struct Stub {
    server: MockServer,
    answered: usize,
}

/// Why there is no stub.
#[derive(Debug, thiserror::Error)]
pub enum StubError {
    /// None of the operations has an example of a success.
    #[error("`{api}` has no example of a successful answer: there is nothing to answer with")]
    NoExamples {
        /// The API.
        api: String,
    },
}

impl Stub {
    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        *self.server.address()
    }

    /// How many operations it answers.
    #[must_use]
    pub fn operations(&self) -> usize {
        self.answered
    }
}

/// Answers each operation of `api` with its first example of success, on `listener`.
///
/// Whatever the request says, the answer is the same; a path of no operation is answered 404.
pub async fn stub(api: &Api, listener: TcpListener) -> Result<Stub, StubError> {
    let answers: Vec<(&Operation, ResponseTemplate)> =
        api.operations.iter().filter_map(|operation| Some((operation, answer(operation)?))).collect();
    if answers.is_empty() {
        return Err(StubError::NoExamples { api: api.id.clone() });
    }
    let server = MockServer::builder().listener(listener).disable_request_recording().start().await;
    let answered = answers.len();
    for (operation, template) in answers {
        // A path without parameters is the more precise one: /orders/open before /orders/{orderId}.
        let priority = if operation.path.contains('{') { 2 } else { 1 };
        Mock::given(method(operation.method.as_str()))
            .and(path_regex(pattern(&operation.path)))
            .respond_with(template)
            .with_priority(priority)
            .mount(&server)
            .await;
    }
    Ok(Stub { server, answered })
}

fn answer(operation: &Operation) -> Option<ResponseTemplate> {
    let (status, content_type, example) =
        operation.example_responses().into_iter().find(|(status, _, _)| (200..300).contains(status))?;
    let body = match &example.value {
        serde_json::Value::String(text) if !crossdock_contract::api::is_json(content_type) => text.clone(),
        value => value.to_string(),
    };
    Some(ResponseTemplate::new(status).set_body_raw(body, content_type))
}

/// The path as a regular expression: `/orders/{orderId}` is `^/orders/[^/]+$`.
fn pattern(path: &str) -> String {
    let mut pattern = String::from("^");
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('{') {
        pattern.push_str(&escaped(before));
        pattern.push_str("[^/]+");
        rest = after.split_once('}').map_or("", |(_, tail)| tail);
    }
    pattern.push_str(&escaped(rest));
    pattern.push('$');
    pattern
}

fn escaped(text: &str) -> String {
    text.chars().flat_map(|c| if c.is_alphanumeric() || "/_~-".contains(c) { vec![c] } else { vec!['\\', c] }).collect()
}
