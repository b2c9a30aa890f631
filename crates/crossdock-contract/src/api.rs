//! An API by its OpenAPI document: operations, parameters, bodies, responses.
//! Here: the compiled types and their look-ups. Not here: reading a document (`api::compile`), judging a message (`api::check`).

mod check;
pub(crate) mod compile;

use std::collections::BTreeMap;

use serde_json::Value;

use crate::expr::Expr;
use crate::schema::Schema;

/// One API.
#[derive(Clone, Debug)]
pub struct Api {
    /// Its id: the file's name without extension.
    pub id: String,
    /// `info.title`.
    pub title: String,
    /// `info.version`.
    pub version: String,
    /// Path of its document in the folder.
    pub file: String,
    /// The path part of its first server; empty for `/`. Every operation's path begins with it.
    pub base_path: String,
    /// Its operations, in the order of the document.
    pub operations: Vec<Operation>,
}

/// One operation of an API.
#[derive(Clone, Debug)]
pub struct Operation {
    /// `operationId`.
    pub id: String,
    /// HTTP method in capitals.
    pub method: String,
    /// Path template, base path included: `/orders/{orderId}`.
    pub path: String,
    /// `summary`, else the first line of the description.
    pub summary: String,
    /// Path, query, header and cookie parameters.
    pub parameters: Vec<Parameter>,
    /// What it takes.
    pub request: Option<RequestBody>,
    /// What it answers.
    pub responses: Vec<Response>,
    /// Whether a key is needed.
    pub secured: bool,
    /// Whether it declares an `Idempotency-Key` header, so that a repeated call has no second effect.
    pub idempotent: bool,
    /// Whether it is deprecated.
    pub deprecated: bool,
    /// Of a bulk call, `x-items`: how each item ended, from `{status, body, items, keys}` to a list of `{key or at, done, why}`.
    pub items: Option<Expr>,
    /// Where it stands: file and line.
    pub place: (String, usize),
}

/// A parameter.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// Where it is sent.
    pub location: Location,
    /// Whether it must be sent.
    pub required: bool,
    /// What it may be.
    pub schema: Option<Schema>,
    /// An example of it.
    pub example: Option<Value>,
}

/// Where a parameter is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Location {
    /// In the path.
    Path,
    /// In the query.
    Query,
    /// As a header.
    Header,
    /// As a cookie.
    Cookie,
}

/// What an operation takes.
#[derive(Clone, Debug)]
pub struct RequestBody {
    /// Whether a body must be sent.
    pub required: bool,
    /// The media types it may have.
    pub content: Vec<MediaType>,
}

/// What an operation may answer.
#[derive(Clone, Debug)]
pub struct Response {
    /// For which statuses.
    pub status: Status,
    /// What it means.
    pub description: String,
    /// Its headers.
    pub headers: Vec<Parameter>,
    /// The media types it may have; empty for no body.
    pub content: Vec<MediaType>,
}

/// The statuses that a response is declared for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// One status.
    Exact(u16),
    /// A class: `4` for `4XX`.
    Class(u8),
    /// Any other.
    Default,
}

/// A body in one media type.
#[derive(Clone, Debug)]
pub struct MediaType {
    /// The media type as declared.
    pub content_type: String,
    /// What the body may be.
    pub schema: Option<Schema>,
    /// Its examples.
    pub examples: Vec<Example>,
}

/// An example of a body.
#[derive(Clone, Debug)]
pub struct Example {
    /// Its name; `example` where it has none.
    pub name: String,
    /// The body.
    pub value: Value,
}

/// A path parameter that nobody gave a value for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("path parameter `{name}` has no value")]
pub struct MissingParameter {
    /// The parameter.
    pub name: String,
}

impl Api {
    /// The operation of this id.
    pub fn operation(&self, id: &str) -> Option<&Operation> {
        self.operations.iter().find(|operation| operation.id == id)
    }

    /// The operation that a request line means, and the values of its path parameters, decoded.
    pub fn route(&self, method: &str, path: &str) -> Option<(&Operation, BTreeMap<String, String>)> {
        let candidates = self.operations.iter().filter(|operation| operation.method.eq_ignore_ascii_case(method));
        // A concrete segment wins over a parameter: `/orders/open` before `/orders/{orderId}`.
        candidates
            .filter_map(|operation| Some((operation, operation.captures(path)?)))
            .min_by_key(|(operation, captures)| (captures.len(), operation.path.len()))
    }
}

impl Operation {
    /// The path with its parameters filled in and encoded.
    /// # Errors
    /// If a parameter of the path has no value.
    pub fn url_path(&self, values: &BTreeMap<String, String>) -> Result<String, MissingParameter> {
        let mut out = String::new();
        let mut rest = self.path.as_str();
        while let Some((before, after)) = rest.split_once('{') {
            let (name, tail) = after.split_once('}').unwrap_or((after, ""));
            let value = values.get(name).ok_or_else(|| MissingParameter { name: name.to_owned() })?;
            out.push_str(before);
            out.push_str(&encode_segment(value));
            rest = tail;
        }
        out.push_str(rest);
        Ok(out)
    }

    /// The names in the path template.
    pub fn path_parameters(&self) -> impl Iterator<Item = &str> {
        self.path.split('{').skip(1).filter_map(|part| part.split_once('}').map(|(name, _)| name))
    }

    /// The parameter of this name and location; header names ignore case.
    pub fn parameter(&self, location: Location, name: &str) -> Option<&Parameter> {
        self.parameters.iter().find(|known| {
            known.location == location
                && (known.name == name || location == Location::Header && known.name.eq_ignore_ascii_case(name))
        })
    }

    /// The response declared for a status: the exact one, its class, or the default.
    pub fn response(&self, status: u16) -> Option<&Response> {
        let find = |wanted: Status| self.responses.iter().find(|response| response.status == wanted);
        find(Status::Exact(status))
            .or_else(|| find(Status::Class((status / 100) as u8)))
            .or_else(|| find(Status::Default))
    }

    /// The success statuses that are declared.
    pub fn success_statuses(&self) -> Vec<u16> {
        self.responses
            .iter()
            .filter_map(|response| match response.status {
                Status::Exact(status) if (200..300).contains(&status) => Some(status),
                Status::Class(2) => Some(200),
                _ => None,
            })
            .collect()
    }

    /// The first example of a request body, with its media type.
    pub fn example_request(&self) -> Option<(&str, &Value)> {
        self.request.as_ref()?.content.iter().find_map(MediaType::first_example)
    }

    /// All examples of request bodies, with their media types.
    pub fn example_requests(&self) -> Vec<(&str, &Example)> {
        self.request.iter().flat_map(|body| &body.content).flat_map(MediaType::each_example).collect()
    }

    /// All examples of responses: status (200 for a class or default of success), media type, example.
    pub fn example_responses(&self) -> Vec<(u16, &str, &Example)> {
        self.responses
            .iter()
            .flat_map(|response| {
                let status = response.status.representative();
                response
                    .content
                    .iter()
                    .flat_map(MediaType::each_example)
                    .map(move |(kind, example)| (status, kind, example))
            })
            .collect()
    }

    fn captures(&self, path: &str) -> Option<BTreeMap<String, String>> {
        let template: Vec<&str> = self.path.split('/').collect();
        let actual: Vec<&str> = path.split('?').next().unwrap_or(path).split('/').collect();
        if template.len() != actual.len() {
            return None;
        }
        let mut captures = BTreeMap::new();
        for (wanted, given) in template.iter().zip(&actual) {
            match wanted.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
                Some(name) if !given.is_empty() => {
                    captures.insert(name.to_owned(), decode_segment(given));
                }
                None if wanted == given => {}
                _ => return None,
            }
        }
        Some(captures)
    }
}

impl MediaType {
    fn first_example(&self) -> Option<(&str, &Value)> {
        self.examples.first().map(|example| (self.content_type.as_str(), &example.value))
    }

    fn each_example(&self) -> impl Iterator<Item = (&str, &Example)> {
        self.examples.iter().map(|example| (self.content_type.as_str(), example))
    }

    /// Whether bodies of this media type are JSON.
    pub fn is_json(&self) -> bool {
        is_json(&self.content_type)
    }

    /// Whether this is the media type of a `Content-Type` value; its parameters are ignored, wildcards are honoured.
    pub fn matches(&self, content_type: &str) -> bool {
        let (declared, given) = (essence(&self.content_type), essence(content_type));
        if declared == given || declared == "*/*" {
            return true;
        }
        declared.strip_suffix("/*").is_some_and(|kind| given.split('/').next() == Some(kind))
    }
}

impl Status {
    fn parse(text: &str) -> Option<Self> {
        if text == "default" {
            return Some(Self::Default);
        }
        if let Some(class) = text.strip_suffix("XX") {
            return class.parse().ok().filter(|class| (1..=5).contains(class)).map(Self::Class);
        }
        text.parse().ok().filter(|status| (100..600).contains(status)).map(Self::Exact)
    }

    /// One status of it.
    pub fn representative(self) -> u16 {
        match self {
            Self::Exact(status) => status,
            Self::Class(class) => u16::from(class) * 100,
            Self::Default => 500,
        }
    }
}

/// Whether a media type is JSON: `application/json` or any `+json`.
pub fn is_json(content_type: &str) -> bool {
    let essence = essence(content_type);
    essence == "application/json" || essence.ends_with("+json")
}

fn essence(content_type: &str) -> String {
    content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

fn encode_segment(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(byte as char),
            _ => {
                out.push('%');
                out.push(char::from_digit(u32::from(byte >> 4), 16).unwrap_or('0').to_ascii_uppercase());
                out.push(char::from_digit(u32::from(byte & 15), 16).unwrap_or('0').to_ascii_uppercase());
            }
        }
    }
    out
}

fn decode_segment(text: &str) -> String {
    crate::library::percent_decode(text)
}
