//! OpenAPI 3.0 and 3.1 documents to [`Api`].
//! Here: walking a document. Not here: whether it is a good document (`lint`); what is missing is left out here.
//! Invariant: a broken part never hides the rest: it is reported, and the other operations are compiled.

use std::sync::Arc;

use crossdock_diag::{Diagnostic, Diagnostics};
use serde_json::Value;

use super::{Api, Example, Location, MediaType, Operation, Parameter, RequestBody, Response, Status};
use crate::expr::Expr;
use crate::library::{Library, Place};
use crate::schema::{Schema, Store};

/// The methods of a path item.
pub(crate) const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

/// Compiles one document.
pub(crate) fn api(library: &Library, store: &Arc<Store>, path: &str) -> Option<(Api, Diagnostics)> {
    let root = library.root(path)?;
    let info = root.get("info");
    let text = |key: &str| info.as_ref().and_then(|info| info.text(key)).unwrap_or_default().to_owned();
    let mut compiler = Compiler { library, store, problems: Diagnostics::new(), public: public_by_default(&root) };
    let base_path = base_path(&root);
    let mut operations = Vec::new();
    for (template, item) in root.get("paths").iter().flat_map(Place::entries) {
        let Some(item) = compiler.resolve(&item) else { continue };
        let shared = compiler.parameters(&item);
        for method in METHODS {
            if let Some(place) = item.get(method) {
                operations.push(compiler.operation(&place, method, &format!("{base_path}{template}"), &shared));
            }
        }
    }
    let api = Api {
        id: stem(path).to_owned(),
        title: text("title"),
        version: text("version"),
        file: path.to_owned(),
        base_path,
        operations,
    };
    Some((api, compiler.problems))
}

/// The file's name without folders and extension.
pub(crate) fn stem(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}

struct Compiler<'a> {
    library: &'a Library,
    store: &'a Arc<Store>,
    problems: Diagnostics,
    public: bool,
}

impl<'a> Compiler<'a> {
    fn resolve(&mut self, place: &Place<'a>) -> Option<Place<'a>> {
        match self.library.resolve(place) {
            Ok(found) => Some(found),
            Err(dangling) => {
                self.problems.push(dangling.diagnostic());
                None
            }
        }
    }

    fn operation(&mut self, place: &Place<'a>, method: &str, path: &str, shared: &[Parameter]) -> Operation {
        let mut parameters = self.parameters(place);
        for parameter in shared {
            if !parameters.iter().any(|own| own.name == parameter.name && own.location == parameter.location) {
                parameters.push(parameter.clone());
            }
        }
        let request = place.get("requestBody").and_then(|body| self.resolve(&body)).map(|body| RequestBody {
            required: body.node.get("required").and_then(crossdock_diag::Node::as_bool).unwrap_or(false),
            content: self.content(&body),
        });
        let mut responses: Vec<Response> = Vec::new();
        for (status, response) in place.get("responses").iter().flat_map(Place::entries) {
            let (Some(status), Some(response)) = (Status::parse(status), self.resolve(&response)) else { continue };
            responses.push(Response {
                status,
                description: response.text("description").unwrap_or_default().to_owned(),
                headers: self.headers(&response),
                content: self.content(&response),
            });
        }
        let idempotent = parameters.iter().any(|parameter| {
            parameter.location == Location::Header && parameter.name.eq_ignore_ascii_case("Idempotency-Key")
        });
        let items = self.items(place);
        Operation {
            items,
            id: place.text("operationId").map_or_else(|| format!("{method} {path}"), str::to_owned),
            method: method.to_ascii_uppercase(),
            path: path.to_owned(),
            summary: place
                .text("summary")
                .or_else(|| place.text("description").and_then(|text| text.lines().next()))
                .unwrap_or_default()
                .to_owned(),
            parameters,
            request,
            responses,
            secured: match place.get("security") {
                Some(own) => needs_key(&own),
                None => !self.public,
            },
            idempotent,
            deprecated: place.node.get("deprecated").and_then(crossdock_diag::Node::as_bool).unwrap_or(false),
            place: (place.document.file.name.clone(), place.line_col().0),
        }
    }

    /// `x-items`: an expression, checked here so that a mistake in it is found before the first bulk answer.
    fn items(&mut self, place: &Place<'a>) -> Option<Expr> {
        let said = place.get("x-items")?;
        let text = said.node.as_str().unwrap_or_default();
        match Expr::parse(text) {
            Ok(expression) => Some(expression),
            Err(error) => {
                let found = Diagnostic::error("contract::items", format!("`x-items` is no expression: {error}"));
                let found = found.at(&said.document.file, said.node.span, "this one");
                let help = error.help.as_deref().unwrap_or("such as `[.body.results[] | {key: .sku, done: .ok}]`");
                self.problems.push(found.help(help));
                None
            }
        }
    }

    fn parameters(&mut self, place: &Place<'a>) -> Vec<Parameter> {
        let Some(list) = place.get("parameters") else { return Vec::new() };
        let mut parameters = Vec::new();
        for item in list.items() {
            let Some(item) = self.resolve(&item) else { continue };
            let location = match item.text("in") {
                Some("path") => Location::Path,
                Some("query") => Location::Query,
                Some("header") => Location::Header,
                Some("cookie") => Location::Cookie,
                _ => continue,
            };
            let Some(name) = item.text("name") else { continue };
            let required = location == Location::Path || is_true(&item, "required");
            parameters.push(self.parameter(&item, name, location, required));
        }
        parameters
    }

    fn headers(&mut self, response: &Place<'a>) -> Vec<Parameter> {
        let Some(map) = response.get("headers") else { return Vec::new() };
        let mut headers = Vec::new();
        for (name, header) in map.entries() {
            let Some(header) = self.resolve(&header) else { continue };
            headers.push(self.parameter(&header, name, Location::Header, is_true(&header, "required")));
        }
        headers
    }

    fn parameter(&mut self, place: &Place<'a>, name: &str, location: Location, required: bool) -> Parameter {
        let schema = place
            .get("schema")
            .or_else(|| place.get("content").and_then(|content| content.entries().next()?.1.get("schema")));
        let examples = self.examples(place, schema.as_ref());
        Parameter {
            name: name.to_owned(),
            location,
            required,
            schema: schema.map(|schema| Schema::new(self.store, &schema)),
            example: examples.into_iter().next().map(|example| example.value),
        }
    }

    fn content(&mut self, place: &Place<'a>) -> Vec<MediaType> {
        let Some(content) = place.get("content") else { return Vec::new() };
        content
            .entries()
            .map(|(content_type, media)| {
                let schema = media.get("schema");
                MediaType {
                    content_type: content_type.to_owned(),
                    examples: self.examples(&media, schema.as_ref()),
                    schema: schema.map(|schema| Schema::new(self.store, &schema)),
                }
            })
            .collect()
    }

    /// The examples of a media type or parameter; where it has none, those of its schema.
    fn examples(&mut self, place: &Place<'a>, schema: Option<&Place<'a>>) -> Vec<Example> {
        let mut found = Vec::new();
        if let Some(example) = place.node.get("example") {
            found.push(Example { name: "example".into(), value: example.to_value() });
        }
        if let Some(named) = place.get("examples") {
            for (name, example) in named.entries() {
                let Some(example) = self.resolve(&example) else { continue };
                if let Some(value) = example.node.get("value") {
                    found.push(Example { name: name.to_owned(), value: value.to_value() });
                }
            }
        }
        if found.is_empty() {
            found.extend(schema.and_then(|schema| self.library.resolve(schema).ok()).iter().flat_map(schema_examples));
        }
        found
    }
}

/// The examples that a schema itself bears.
pub(crate) fn schema_examples(schema: &Place<'_>) -> Vec<Example> {
    let listed = schema.get("examples");
    let single = schema.node.get("example").map(crossdock_diag::Node::to_value);
    let values: Vec<Value> =
        listed.iter().flat_map(Place::items).map(|item| item.node.to_value()).chain(single).collect();
    let named = |(index, value): (usize, Value)| Example {
        name: if index == 0 { "example".to_owned() } else { format!("example {}", index + 1) },
        value,
    };
    values.into_iter().enumerate().map(named).collect()
}

fn is_true(place: &Place<'_>, key: &str) -> bool {
    place.node.get(key).and_then(crossdock_diag::Node::as_bool).unwrap_or(false)
}

/// Whether a `security` list demands anything; an empty list, or an empty alternative in it, demands nothing.
pub(crate) fn needs_key(security: &Place<'_>) -> bool {
    security.items().next().is_some() && security.items().all(|one| one.entries().next().is_some())
}

fn public_by_default(root: &Place<'_>) -> bool {
    root.get("security").is_none_or(|security| !needs_key(&security))
}

/// The path part of the first server.
fn base_path(root: &Place<'_>) -> String {
    let servers = root.get("servers");
    let url = servers.and_then(|servers| Some(servers.items().next()?.text("url")?.to_owned())).unwrap_or_default();
    let path = match url.split_once("://") {
        Some((_, rest)) => rest.find('/').map_or("", |start| &rest[start..]),
        None => url.as_str(),
    };
    path.trim_end_matches('/').to_owned()
}

impl crate::library::Dangling<'_> {
    /// The diagnostic of a reference that points at nothing.
    pub fn diagnostic(&self) -> Diagnostic {
        let span = match self.at.node.get("$ref") {
            Some(node) if self.at.reference() == Some(&self.reference) => node.span,
            _ => self.at.span,
        };
        Diagnostic::error("schema/dangling-ref", self.message.clone())
            .at(&self.at.document.file, span, "this reference")
            .maybe_help(self.help.clone())
    }
}
