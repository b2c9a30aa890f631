//! Requests and responses against their operation.
//! Invariant: what is not declared is a violation, never a pass: an unknown status, media type or required header.

use serde_json::Value;

use super::{Location, MediaType, Operation, Parameter, Response};
use crate::schema::typed;
use crate::violation::Violation;

impl Operation {
    /// What a request body does that the operation does not allow.
    ///
    /// A body that is not JSON is given as its text; no body at all is `Value::Null` with an empty content type.
    pub fn check_request(&self, content_type: &str, body: &Value) -> Vec<Violation> {
        let absent = content_type.is_empty() && body.is_null();
        match &self.request {
            None if absent => Vec::new(),
            None => vec![Violation::new("", "body", format!("{} takes no body", self.id), "")],
            Some(request) if absent && !request.required => Vec::new(),
            Some(_) if absent => vec![Violation::new("", "body", format!("{} needs a body", self.id), "")],
            Some(request) => check_content(&request.content, content_type, body, &format!("{} takes", self.id)),
        }
    }

    /// What a response does that the operation does not declare. A body as in [`Operation::check_request`].
    pub fn check_response(&self, status: u16, content_type: &str, body: &Value) -> Vec<Violation> {
        let Some(response) = self.response(status) else {
            let declared: Vec<String> = self.responses.iter().map(|response| response.status.to_string()).collect();
            let message = format!("status {status} is not declared by {}: {}", self.id, declared.join(", "));
            return vec![Violation::new("", "status", message, "")];
        };
        if response.content.is_empty() || body.is_null() && content_type.is_empty() && self.method == "HEAD" {
            return Vec::new(); // A body that is not declared is ignored by clients, so it breaks nobody.
        }
        check_content(&response.content, content_type, body, &format!("{} answers {status} with", self.id))
    }

    /// What the headers of a response lack or get wrong.
    pub fn check_response_headers(&self, status: u16, headers: &[(String, String)]) -> Vec<Violation> {
        let declared = self.response(status).map(|response: &Response| response.headers.as_slice()).unwrap_or_default();
        declared
            .iter()
            .flat_map(|header| {
                let given = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(&header.name));
                header.check(given.map(|(_, value)| value.as_str()))
            })
            .collect()
    }

    /// What the path, query and header parameters of a request lack or get wrong.
    ///
    /// `value_of` answers what was sent as that parameter.
    pub fn check_parameters<'v>(&self, value_of: impl Fn(Location, &str) -> Option<&'v str>) -> Vec<Violation> {
        self.parameters
            .iter()
            .flat_map(|parameter| parameter.check(value_of(parameter.location, &parameter.name)))
            .collect()
    }
}

impl Parameter {
    /// What is wrong with the value that was sent, or with its absence.
    pub fn check(&self, given: Option<&str>) -> Vec<Violation> {
        let rule = match self.location {
            Location::Path => "path-parameter",
            Location::Query => "query-parameter",
            Location::Header => "header",
            Location::Cookie => "cookie",
        };
        match (given, &self.schema) {
            (None, _) if self.required => vec![Violation::new("", rule, format!("`{}` is missing", self.name), "")],
            (None, _) | (Some(_), None) => Vec::new(),
            (Some(text), Some(schema)) => {
                let mut found = schema.check(&typed(schema.value(), text));
                if !found.is_empty() && schema.check(&Value::String(text.to_owned())).is_empty() {
                    found.clear(); // A schema behind a reference may want the text that looks like a number.
                }
                if !found.is_empty()
                    && schema.value().get("$ref").is_some()
                    && let Ok(number) = serde_json::from_str::<Value>(text)
                    && schema.check(&number).is_empty()
                {
                    found.clear();
                }
                for violation in &mut found {
                    violation.message = format!("`{}`: {}", self.name, violation.message);
                    rule.clone_into(&mut violation.rule);
                }
                found
            }
        }
    }
}

fn check_content(content: &[MediaType], content_type: &str, body: &Value, who: &str) -> Vec<Violation> {
    let Some(media) = content.iter().find(|media| media.matches(content_type)) else {
        let declared: Vec<&str> = content.iter().map(|media| media.content_type.as_str()).collect();
        let given = if content_type.is_empty() { "no content type" } else { content_type };
        return vec![Violation::new("", "content-type", format!("{who} {}, not {given}", declared.join(" or ")), "")];
    };
    media.schema.as_ref().map(|schema| schema.check(body)).unwrap_or_default()
}

impl std::fmt::Display for super::Status {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Exact(status) => write!(f, "{status}"),
            Self::Class(class) => write!(f, "{class}XX"),
            Self::Default => write!(f, "default"),
        }
    }
}
