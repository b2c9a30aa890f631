//! A request with holes: what a `call`, `poll`, `cleanup` or `residue` sends, before a run fills it in.
//! Here: path, query, headers and body as templates, and their filling. Not here: sending (`caller`).
//! Invariant: the plan can be written to the intent log as text and compiled again, to the same request.

use std::sync::Arc;
use std::time::Duration;

use crossdock_contract::expr::{EvalError, ExprError, Template, Terms};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::caller::{Auth, CallRequest, Identity, RequestBody};

/// A request as the scenario wrote it, with the address that the contract gave it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct RequestText {
    pub(crate) system: String,
    pub(crate) operation: String,
    pub(crate) method: String,
    /// With `{parameters}`.
    pub(crate) path: String,
    pub(crate) parameters: Map<String, Value>,
    pub(crate) query: Map<String, Value>,
    pub(crate) headers: Map<String, Value>,
    pub(crate) body: Option<Value>,
    pub(crate) content_type: Option<String>,
    /// Whether the operation declares `Idempotency-Key`.
    pub(crate) keyed: bool,
    pub(crate) timeout_ms: Option<u64>,
}

/// A request, compiled.
#[derive(Clone, Debug)]
pub(crate) struct RequestPlan {
    text: RequestText,
    method: http::Method,
    path: Vec<PathPart>,
    query: Vec<(String, ValuePlan)>,
    headers: Vec<(String, ValuePlan)>,
    body: Option<ValuePlan>,
    names: (Arc<str>, Arc<str>),
}

#[derive(Clone, Debug)]
enum PathPart {
    Text(String),
    Parameter(String, ValuePlan),
}

/// A value with templates in its strings.
#[derive(Clone, Debug)]
pub(crate) enum ValuePlan {
    Literal(Value),
    Template(Template),
    List(Vec<ValuePlan>),
    Map(Vec<(String, ValuePlan)>),
}

/// A mistake in a template, with the JSON pointer of its string inside the value.
#[derive(Debug)]
pub(crate) struct TemplateError {
    pub(crate) pointer: String,
    pub(crate) error: ExprError,
}

/// Why a request cannot be filled in for this run.
#[derive(Debug, thiserror::Error)]
#[error("{what}: {why}")]
pub(crate) struct FillError {
    pub(crate) what: String,
    pub(crate) why: String,
}

impl ValuePlan {
    /// Compiles a value; every template in it that is wrong is reported.
    pub(crate) fn compile(value: &Value, terms: &Terms, wrong: &mut Vec<TemplateError>) -> Self {
        Self::compile_at(value, terms, &mut String::new(), wrong)
    }

    fn compile_at(value: &Value, terms: &Terms, at: &mut String, wrong: &mut Vec<TemplateError>) -> Self {
        let mut inside = |step: &str, value: &Value, at: &mut String| {
            let length = at.len();
            at.push('/');
            at.push_str(&step.replace('~', "~0").replace('/', "~1"));
            let plan = Self::compile_at(value, terms, at, wrong);
            at.truncate(length);
            plan
        };
        match value {
            Value::String(text) if text.contains("${") => match Template::parse_with(text, terms) {
                Ok(template) => Self::Template(template),
                Err(error) => {
                    wrong.push(TemplateError { pointer: at.clone(), error });
                    Self::Literal(value.clone())
                }
            },
            Value::Array(items) => {
                let plans: Vec<Self> =
                    items.iter().enumerate().map(|(index, item)| inside(&index.to_string(), item, at)).collect();
                if plans.iter().all(Self::is_literal) { Self::Literal(value.clone()) } else { Self::List(plans) }
            }
            Value::Object(map) => {
                let plans: Vec<(String, Self)> =
                    map.iter().map(|(key, item)| (key.clone(), inside(key, item, at))).collect();
                if plans.iter().all(|(_, plan)| plan.is_literal()) {
                    Self::Literal(value.clone())
                } else {
                    Self::Map(plans)
                }
            }
            _ => Self::Literal(value.clone()),
        }
    }

    fn is_literal(&self) -> bool {
        matches!(self, Self::Literal(_))
    }

    /// The value for this run.
    pub(crate) fn fill(&self, context: &Value) -> Result<Value, EvalError> {
        Ok(match self {
            Self::Literal(value) => value.clone(),
            Self::Template(template) => template.render(context)?,
            Self::List(items) => Value::Array(items.iter().map(|item| item.fill(context)).collect::<Result<_, _>>()?),
            Self::Map(entries) => {
                let mut map = Map::new();
                for (key, plan) in entries {
                    map.insert(key.clone(), plan.fill(context)?);
                }
                Value::Object(map)
            }
        })
    }

    /// The value for this run as text: for paths, queries, headers and keys.
    pub(crate) fn fill_text(&self, what: &str, context: &Value) -> Result<String, FillError> {
        let value = self.fill(context).map_err(|error| FillError { what: what.to_owned(), why: error.to_string() })?;
        match value {
            Value::String(text) if !text.is_empty() => Ok(text),
            Value::Number(_) | Value::Bool(_) => Ok(value.to_string()),
            other => Err(FillError {
                what: what.to_owned(),
                why: format!("a text, a number or a boolean is needed, and it is `{other}`"),
            }),
        }
    }

    /// The names that the templates read from the run's context, with the pointer of their string.
    pub(crate) fn each_template<'p>(&'p self, at: &mut String, visit: &mut impl FnMut(&str, &'p Template)) {
        let mut inside = |step: &str, plan: &'p Self, at: &mut String| {
            let length = at.len();
            at.push('/');
            at.push_str(&step.replace('~', "~0").replace('/', "~1"));
            plan.each_template(at, visit);
            at.truncate(length);
        };
        match self {
            Self::Literal(_) => {}
            Self::Template(template) => visit(at, template),
            Self::List(items) => {
                items.iter().enumerate().for_each(|(index, plan)| inside(&index.to_string(), plan, at));
            }
            Self::Map(entries) => entries.iter().for_each(|(key, plan)| inside(key, plan, at)),
        }
    }
}

impl RequestPlan {
    /// Compiles a request; templates that are wrong are reported with pointers such as `/body/lines/0`.
    pub(crate) fn compile(text: RequestText, terms: &Terms) -> (Self, Vec<TemplateError>) {
        let mut wrong = Vec::new();
        let mut part = |prefix: &str, value: &Value| {
            let mut found = Vec::new();
            let plan = ValuePlan::compile(value, terms, &mut found);
            wrong.extend(
                found.into_iter().map(|error| TemplateError { pointer: format!("{prefix}{}", error.pointer), ..error }),
            );
            plan
        };
        let mut many = |kind: &str, map: &Map<String, Value>| -> Vec<(String, ValuePlan)> {
            map.iter()
                .map(|(name, value)| {
                    (name.clone(), part(&format!("/{kind}/{}", name.replace('~', "~0").replace('/', "~1")), value))
                })
                .collect()
        };
        let parameters = many("path", &text.parameters);
        let query = many("query", &text.query);
        let headers = many("headers", &text.headers);
        let body = text.body.as_ref().map(|body| part("/body", body));
        let plan = Self {
            method: http::Method::from_bytes(text.method.as_bytes()).unwrap_or_default(),
            path: path_parts(&text.path, &parameters),
            query,
            headers,
            body,
            names: (text.system.as_str().into(), text.operation.as_str().into()),
            text,
        };
        (plan, wrong)
    }

    pub(crate) fn system(&self) -> &str {
        &self.names.0
    }

    pub(crate) fn names(&self) -> (Arc<str>, Arc<str>) {
        self.names.clone()
    }

    pub(crate) fn text(&self) -> &RequestText {
        &self.text
    }

    pub(crate) fn is_keyed(&self) -> bool {
        self.text.keyed
    }

    pub(crate) fn timeout(&self) -> Option<Duration> {
        self.text.timeout_ms.map(Duration::from_millis)
    }

    /// Every template of the request, with its pointer: `/path/orderId`, `/body/lines/0/product`.
    pub(crate) fn each_template<'p>(&'p self, visit: &mut impl FnMut(&str, &'p Template)) {
        let mut at = |start: String, plan: &'p ValuePlan| {
            let mut pointer = start;
            plan.each_template(&mut pointer, visit);
        };
        for part in &self.path {
            if let PathPart::Parameter(name, plan) = part {
                at(format!("/path/{name}"), plan);
            }
        }
        for (kind, list) in [("query", &self.query), ("headers", &self.headers)] {
            for (name, plan) in list {
                at(format!("/{kind}/{name}"), plan);
            }
        }
        if let Some(plan) = &self.body {
            at("/body".to_owned(), plan);
        }
    }

    /// The request of this run. `key` is sent as `Idempotency-Key` where the operation declares it and the scenario does not
    /// send its own.
    pub(crate) fn fill(
        &self,
        context: &Value,
        identity: Identity,
        key: impl FnOnce() -> String,
    ) -> Result<CallRequest, FillError> {
        let mut path = String::new();
        for part in &self.path {
            match part {
                PathPart::Text(text) => path.push_str(text),
                PathPart::Parameter(name, plan) => {
                    encode_segment(&plan.fill_text(&format!("path parameter `{name}`"), context)?, &mut path);
                }
            }
        }
        let mut request = CallRequest::new(self.text.system.clone(), self.method.clone(), path);
        for (name, plan) in &self.query {
            request.query.push((name.clone(), plan.fill_text(&format!("query parameter `{name}`"), context)?));
        }
        for (name, plan) in &self.headers {
            request.headers.push((name.clone(), plan.fill_text(&format!("header `{name}`"), context)?));
        }
        if self.text.keyed && !request.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("idempotency-key")) {
            request.headers.push(("Idempotency-Key".to_owned(), key()));
        }
        if let Some(plan) = &self.body {
            let value =
                plan.fill(context).map_err(|error| FillError { what: "body".to_owned(), why: error.to_string() })?;
            let content_type = self.text.content_type.as_deref().unwrap_or("application/json");
            request.body = Some(match value {
                // A document that is not JSON (an X12 interchange) stands in the scenario as text.
                Value::String(text) if !content_type.contains("json") => {
                    RequestBody { content_type: content_type.to_owned(), bytes: text.into() }
                }
                value => RequestBody::json_as(content_type, &value),
            });
        }
        request.auth = Auth::System;
        request.identity = Some(identity);
        request.timeout = self.timeout();
        Ok(request)
    }
}

/// Splits `/orders/{orderId}/cancel`. A parameter without a value was reported when the file was checked.
fn path_parts(path: &str, parameters: &[(String, ValuePlan)]) -> Vec<PathPart> {
    let mut parts = Vec::new();
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((name, behind)) = after.split_once('}') else { break };
        parts.push(PathPart::Text(before.to_owned()));
        let plan = parameters
            .iter()
            .find(|(known, _)| known == name)
            .map_or(ValuePlan::Literal(Value::Null), |(_, plan)| plan.clone());
        parts.push(PathPart::Parameter(name.to_owned(), plan));
        rest = behind;
    }
    parts.push(PathPart::Text(rest.to_owned()));
    parts
}

/// Percent-encodes one path segment: everything but RFC 3986's unreserved characters.
pub(crate) fn encode_segment(text: &str, into: &mut String) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            into.push(char::from(byte));
        } else {
            into.push('%');
            for half in [byte >> 4, byte & 15] {
                into.push(char::from_digit(u32::from(half), 16).unwrap_or('0').to_ascii_uppercase());
            }
        }
    }
}
