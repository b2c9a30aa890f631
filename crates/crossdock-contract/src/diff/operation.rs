//! Operations of an API: removed, added, and everything they take and answer.

use std::collections::BTreeMap;

use super::recorder::{Context, Pair, Recorder, Subject};
use super::{Category, Direction, Level, parameter, response};
use crate::api::compile::{METHODS, needs_key};
use crate::library::Place;

/// An operation, its path item and the parameters both declare.
pub(super) struct Found<'a> {
    pub(super) place: Place<'a>,
    pub(super) item: Place<'a>,
}

pub(super) fn compare<'a>(recorder: &mut Recorder<'a>, document: &str, base: &Place<'a>, revision: &Place<'a>) {
    let old = paths(recorder.base, base);
    let new = paths(recorder.revision, revision);
    let nowhere = revision.get("paths").unwrap_or_else(|| revision.clone());
    for (path, item) in &old {
        for (method, operation) in &item.operations {
            let context = context(document, method, path, operation);
            match new.get(path) {
                Some(other) => match other.operations.get(method) {
                    Some(found) => {
                        let pair = Pair { base: operation.clone(), revision: found.clone() };
                        let (before, after) = (
                            Found { place: operation.clone(), item: item.place.clone() },
                            Found { place: found.clone(), item: other.place.clone() },
                        );
                        parameter::compare(recorder, &context, &before, &after);
                        response::compare_request_body(recorder, &context, &pair);
                        response::compare(recorder, &context, &pair);
                        compare_security(recorder, &context, base, revision, &pair);
                        compare_names(recorder, &context, &pair);
                    }
                    None => removed(recorder, &context, "api", operation, &other.place),
                },
                None => removed(recorder, &context, "api-path", operation, &nowhere),
            }
        }
    }
    for (path, item) in &new {
        for (method, operation) in &item.operations {
            if old.get(path).is_none_or(|known| !known.operations.contains_key(method)) {
                let context = context(document, method, path, operation);
                let at = base.get("paths").unwrap_or_else(|| base.clone());
                let pair = Pair { base: at, revision: operation.clone() };
                let text = format!("{} is new", context.message_of_operation());
                recorder.say(&context, "endpoint-added", Level::Info, &pair, "", text);
            }
        }
    }
}

struct Item<'a> {
    place: Place<'a>,
    operations: BTreeMap<&'static str, Place<'a>>,
}

/// Path items by path, the names of parameters taken out: `/orders/{id}` and `/orders/{orderId}` are one path.
fn paths<'a>(library: &'a crate::library::Library, root: &Place<'a>) -> BTreeMap<String, Item<'a>> {
    let mut found = BTreeMap::new();
    for (path, item) in root.get("paths").iter().flat_map(Place::entries) {
        let Ok(item) = library.resolve(&item) else { continue };
        let operations = METHODS.iter().filter_map(|method| Some((*method, item.get(method)?))).collect();
        found.insert(normal(path), Item { place: item, operations });
    }
    found
}

fn normal(path: &str) -> String {
    let mut out = String::new();
    let mut inside = false;
    for c in path.chars() {
        match c {
            '{' => inside = true,
            '}' => {
                inside = false;
                out.push_str("{}");
            }
            c if !inside => out.push(c),
            _ => {}
        }
    }
    out
}

fn context(document: &str, method: &str, path: &str, operation: &Place<'_>) -> Context {
    let id = operation.text("operationId").map_or_else(|| format!("{} {path}", method.to_uppercase()), str::to_owned);
    Context {
        document: document.to_owned(),
        message: format!("the request of {id}"),
        operation: Some(id),
        direction: Direction::Request,
        subject: Subject::Body,
        path: String::new(),
        strict: false,
        inverted: false,
    }
}

impl Context {
    pub(super) fn message_of_operation(&self) -> String {
        format!("`{}`", self.operation.as_deref().unwrap_or("the operation"))
    }
}

fn removed<'a>(recorder: &mut Recorder<'a>, context: &Context, what: &str, operation: &Place<'a>, at: &Place<'a>) {
    let pair = Pair { base: operation.clone(), revision: at.clone() };
    let deprecated = operation.node.get("deprecated").and_then(crossdock_diag::Node::as_bool) == Some(true);
    let text = format!("{} was removed", context.message_of_operation());
    if deprecated {
        let text = format!("{text} after its deprecation");
        recorder.say(context, &format!("{what}-removed-with-deprecation"), Level::Info, &pair, "", text);
    } else {
        let text = format!("{text} without deprecation");
        recorder.say(context, &format!("{what}-removed-without-deprecation"), Level::Breaking, &pair, "", text);
    }
}

fn compare_security<'a>(
    recorder: &mut Recorder<'a>,
    context: &Context,
    base: &Place<'a>,
    revision: &Place<'a>,
    pair: &Pair<'a>,
) {
    let needs = |operation: &Place<'a>, root: &Place<'a>| {
        operation.get("security").or_else(|| root.get("security")).is_some_and(|security| needs_key(&security))
    };
    let at = Pair {
        base: pair.base.get("security").unwrap_or_else(|| pair.base.clone()),
        revision: pair.revision.get("security").unwrap_or_else(|| pair.revision.clone()),
    };
    match (needs(&pair.base, base), needs(&pair.revision, revision)) {
        (false, true) => {
            let text = format!("{} needs a key", context.message_of_operation());
            recorder.say(context, "api-security-added", Level::Breaking, &at, "", text);
        }
        (true, false) => {
            let text = format!("{} no longer needs a key", context.message_of_operation());
            recorder.say(context, "api-security-removed", Level::Info, &at, "", text);
        }
        _ => {}
    }
}

/// Names that generated code is made of, and deprecation.
fn compare_names<'a>(recorder: &mut Recorder<'a>, context: &Context, pair: &Pair<'a>) {
    if let Some(at) = pair.both("operationId").filter(|at| at.base.node.as_str() != at.revision.node.as_str()) {
        let text = format!("the operationId changed to `{}`", at.revision.node.as_str().unwrap_or_default());
        recorder.record(context, "api-operation-id-changed", Level::Info, Category::Source, &at, "", text);
    }
    let deprecated =
        |place: &Place<'a>| place.node.get("deprecated").and_then(crossdock_diag::Node::as_bool) == Some(true);
    if deprecated(&pair.revision) && !deprecated(&pair.base) {
        let at = Pair {
            base: pair.base.clone(),
            revision: pair.revision.get("deprecated").unwrap_or_else(|| pair.revision.clone()),
        };
        let text = format!("{} is deprecated", context.message_of_operation());
        recorder.say(context, "endpoint-deprecated", Level::Info, &at, "", text);
    }
}
