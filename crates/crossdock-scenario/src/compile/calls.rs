//! Calls of a scenario against the contracts: system, operation, parameters, body.
//! Here: what the contract says is wrong, at the place in the scenario. Not here: sending.
//! Invariant: a literal part of a body that breaks the contract is found when the file is loaded; a part with a template is
//! left to the run.

use std::collections::BTreeMap;

use crossdock_contract::api::{Api, Location, Operation};
use crossdock_diag::list_of;
use serde_json::{Map, Value};

use super::names::{Scope, See};
use super::{Compiler, DEFAULT_WITHIN, suggestion};
use crate::cleanup::CleanupPlan;
use crate::language::CleanupSpec;
use crate::request::{RequestPlan, RequestText};
use crate::spelling::DurationText;

/// The parts that every call of the language has.
pub(super) struct Parts<'s> {
    pub(super) system: &'s str,
    pub(super) operation: &'s str,
    pub(super) path: &'s BTreeMap<String, Value>,
    pub(super) query: &'s BTreeMap<String, Value>,
    pub(super) headers: &'s BTreeMap<String, Value>,
    pub(super) body: Option<&'s Value>,
    pub(super) timeout: Option<&'s DurationText>,
}

impl Compiler<'_> {
    pub(super) fn request(&mut self, parts: &Parts<'_>, at: &str, scope: &Scope) -> Option<RequestPlan> {
        let operation = self.operation(parts, at);
        if let Some(operation) = &operation {
            self.parameters(parts, operation, at);
            self.body(parts, operation, at);
        }
        let timeout = parts.timeout.map(|text| self.duration(Some(text), &format!("{at}/timeout"), DEFAULT_WITHIN));
        let text = RequestText {
            system: parts.system.to_owned(),
            operation: parts.operation.to_owned(),
            method: operation.as_ref().map_or_else(String::new, |operation| operation.method.clone()),
            path: operation.as_ref().map_or_else(String::new, |operation| operation.path.clone()),
            parameters: object(parts.path),
            query: object(parts.query),
            headers: object(parts.headers),
            body: parts.body.cloned(),
            content_type: operation.as_ref().and_then(|operation| content_type(operation, parts.body)),
            keyed: operation.as_ref().is_some_and(|operation| operation.idempotent),
            timeout_ms: timeout.map(|timeout| u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX)),
        };
        // Templates are checked even where the operation is unknown: a mistake never hides another.
        let (plan, wrong) = RequestPlan::compile(text, self.terms);
        self.wrong_templates(at, &wrong);
        let mut templates = Vec::new();
        for (kind, map) in [("path", parts.path), ("query", parts.query), ("headers", parts.headers)] {
            for (name, value) in map {
                if value.is_object() || value.is_array() || value.is_null() {
                    self.error(
                        "scenario::parameter",
                        &format!("{at}/{kind}/{name}"),
                        format!("`{name}` is sent as text"),
                        "write a text, a number or a template",
                    );
                }
            }
        }
        plan.each_template(&mut |pointer, template| templates.push((format!("{at}{pointer}"), template.clone())));
        for (pointer, template) in templates {
            self.template_names(&template, &pointer, See::Context(scope));
        }
        operation.map(|_| plan)
    }

    pub(super) fn cleanup(
        &mut self,
        cleanup: &CleanupSpec,
        system: &str,
        at: &str,
        scope: &Scope,
    ) -> Option<CleanupPlan> {
        let parts = Parts {
            system: cleanup.system.as_deref().unwrap_or(system),
            operation: &cleanup.operation,
            path: &cleanup.path,
            query: &cleanup.query,
            headers: &cleanup.headers,
            body: cleanup.body.as_ref(),
            timeout: None,
        };
        let request = self.request(&parts, at, scope);
        let until = cleanup.until.as_ref().map(|until| self.expr(until, &format!("{at}/until"), See::Answer));
        let within = self.duration(cleanup.within.as_ref(), &format!("{at}/within"), DEFAULT_WITHIN);
        let until = match until {
            Some(until) => Some(until?),
            None => None,
        };
        Some(CleanupPlan { request: request?, until, within })
    }

    /// Whether a system is known to the contracts and to the environment; reports it if not.
    pub(super) fn known_system(&mut self, system: &str, at: &str) -> bool {
        let in_environment = self.environment.is_none_or(|environment| environment.system(system).is_some());
        let in_contracts = self.contracts.catalog().knows_system(system) || self.contracts.api_of(system).is_some();
        if in_environment && in_contracts {
            return true;
        }
        let known: Vec<String> = match self.environment {
            Some(environment) => environment.systems().keys().cloned().collect(),
            None => self.contracts.systems().into_iter().filter(|id| !id.ends_with('*')).map(str::to_owned).collect(),
        };
        let help = suggestion(system, known.iter().map(String::as_str), "there are no systems");
        let message = match self.environment {
            Some(environment) if in_contracts => {
                format!("environment `{}` has no system `{system}`", environment.name())
            }
            _ => format!("`{system}` is not a system of the contracts' catalogue"),
        };
        self.error("scenario::unknown_system", at, message, &help);
        false
    }

    fn operation(&mut self, parts: &Parts<'_>, at: &str) -> Option<Operation> {
        // A clean-up without a system of its own uses its step's, which has been reported there.
        let place = format!("{at}/system");
        let own = self.document.root.pointer(&place).is_some();
        if own && !self.known_system(parts.system, &place) {
            return None;
        }
        if let Some(operation) = self.contracts.operation(parts.system, parts.operation) {
            return Some(operation.clone());
        }
        let apis: Vec<&Api> = self.contracts.apis_of(parts.system).collect();
        if apis.is_empty() {
            if own {
                self.error(
                    "scenario::no_api",
                    &place,
                    format!("no contract describes an API of `{}`", parts.system),
                    "name it under `implemented_by` of an API in the contracts' catalogue",
                );
            }
            return None;
        }
        let ids = self.contracts.operation_ids(parts.system);
        let near = crossdock_diag::did_you_mean(parts.operation, ids.iter().copied());
        let files: Vec<String> = apis.iter().map(|api| self.file_of(api)).collect();
        let has = if files.len() == 1 { "has" } else { "have" };
        let what = match near {
            Some(near) => format!("did you mean `{near}`? {} {has} {} operations", files.join(", "), ids.len()),
            None => format!("{} {has} {}", files.join(", "), list_of(ids.iter().copied(), 8)),
        };
        self.error(
            "scenario::unknown_operation",
            &format!("{at}/operation"),
            format!("`{}` has no operation `{}`", parts.system, parts.operation),
            &what,
        );
        None
    }

    fn file_of(&self, api: &Api) -> String {
        self.contracts.library.get(&api.file).map_or_else(|| api.file.clone(), |document| document.file.name.clone())
    }

    fn parameters(&mut self, parts: &Parts<'_>, operation: &Operation, at: &str) {
        let needed: Vec<&str> = operation.path_parameters().collect();
        for name in needed.iter().filter(|name| !parts.path.contains_key(**name)) {
            let help = format!("write `path: {{{name}: …}}`; the path is `{}`", operation.path);
            self.error(
                "scenario::missing_parameter",
                &format!("{at}/operation"),
                format!("path parameter `{name}` has no value"),
                &help,
            );
        }
        for name in parts.path.keys().filter(|name| !needed.contains(&name.as_str())) {
            let help = suggestion(name, needed.iter().copied(), &format!("`{}` has no path parameters", operation.id));
            self.key_error(
                "scenario::unknown_parameter",
                &format!("{at}/path"),
                name,
                format!("`{}` has no path parameter `{name}`", operation.id),
                &help,
            );
        }
        let query: Vec<&str> = operation
            .parameters
            .iter()
            .filter(|known| known.location == Location::Query)
            .map(|known| known.name.as_str())
            .collect();
        for name in parts.query.keys().filter(|name| !query.contains(&name.as_str())) {
            let help = suggestion(name, query.iter().copied(), &format!("`{}` has no query parameters", operation.id));
            self.key_error(
                "scenario::unknown_parameter",
                &format!("{at}/query"),
                name,
                format!("`{}` has no query parameter `{name}`", operation.id),
                &help,
            );
        }
        for parameter in operation.parameters.iter().filter(|known| known.location == Location::Query && known.required)
        {
            if !parts.query.contains_key(&parameter.name) {
                let help = format!("write `query: {{{}: …}}`", parameter.name);
                self.error(
                    "scenario::missing_parameter",
                    &format!("{at}/operation"),
                    format!("query parameter `{}` has no value", parameter.name),
                    &help,
                );
            }
        }
        for (kind, location, map) in [("path", Location::Path, parts.path), ("query", Location::Query, parts.query)] {
            for (name, value) in map {
                let text = match value {
                    Value::String(text) if text.contains("${") => continue,
                    Value::String(text) => text.clone(),
                    other => other.to_string(),
                };
                let violations =
                    operation.parameter(location, name).map(|known| known.check(Some(&text))).unwrap_or_default();
                for violation in violations {
                    self.error("scenario::parameter", &format!("{at}/{kind}/{name}"), violation.message.clone(), "");
                }
            }
        }
    }

    fn body(&mut self, parts: &Parts<'_>, operation: &Operation, at: &str) {
        match (&operation.request, parts.body) {
            (None, Some(_)) => self.key_error(
                "scenario::body",
                at,
                "body",
                format!("`{}` takes no body", operation.id),
                "leave `body` out",
            ),
            (Some(request), None) if request.required => {
                self.error(
                    "scenario::body",
                    &format!("{at}/operation"),
                    format!("`{}` needs a body", operation.id),
                    "write `body:` with the fields of its contract",
                );
            }
            (Some(_), Some(body)) => {
                let Some(kind) = content_type(operation, Some(body)) else { return };
                if !kind.contains("json") {
                    return;
                }
                for violation in operation.check_request(&kind, body) {
                    if open_to_the_run(body, &violation.pointer, &violation.rule) {
                        continue;
                    }
                    let help = format!(
                        "`{}` of `{}` ({}:{})",
                        violation.rule, operation.id, operation.place.0, operation.place.1
                    );
                    let place = format!("{at}/body{}", violation.pointer);
                    match place.rsplit_once('/') {
                        // The key is the mistake, not its value.
                        Some((parent, key)) if violation.rule == "additionalProperties" => {
                            self.key_error("scenario::body", parent, key, violation.message.clone(), &help);
                        }
                        _ => self.error("scenario::body", &place, violation.message.clone(), &help),
                    }
                }
            }
            (None | Some(_), None) => {}
        }
    }

    fn key_error(&mut self, code: &'static str, parent: &str, key: &str, message: String, help: &str) {
        let node = self.document.root.nearest(parent);
        let span = node.key_span(key).unwrap_or(node.span);
        self.push(code, span, message, help);
    }
}

/// Whether a violation may vanish when the templates are filled in: its place is a template, or it judges a whole that holds one.
fn open_to_the_run(body: &Value, pointer: &str, rule: &str) -> bool {
    let Some(place) = body.pointer(pointer) else { return false };
    let judges_the_whole = matches!(
        rule,
        "oneOf" | "anyOf" | "allOf" | "not" | "if" | "contains" | "uniqueItems" | "dependentSchemas" | "const" | "enum"
    );
    crate::scenario::is_template(place) || (judges_the_whole && holds_template(place))
}

fn holds_template(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().any(holds_template),
        Value::Object(map) => map.values().any(holds_template),
        other => crate::scenario::is_template(other),
    }
}

/// JSON for a structured body, the operation's own first type for a text.
fn content_type(operation: &Operation, body: Option<&Value>) -> Option<String> {
    let content = &operation.request.as_ref()?.content;
    let json = || content.iter().find(|media| media.is_json());
    let chosen = match body {
        Some(Value::String(_)) => content.first(),
        _ => json().or_else(|| content.first()),
    };
    chosen.map(|media| media.content_type.clone())
}

fn object(map: &BTreeMap<String, Value>) -> Map<String, Value> {
    map.iter().map(|(name, value)| (name.clone(), value.clone())).collect()
}
