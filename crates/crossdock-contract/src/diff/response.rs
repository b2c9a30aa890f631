//! Bodies: what operations take and answer, by status and media type; and what events carry.

use std::collections::BTreeMap;

use crossdock_diag::Diagnostics;

use super::recorder::{Context, Pair, Recorder, Subject};
use super::{Direction, Level, schema};
use crate::event;
use crate::library::{Library, Place};

/// The request body of an operation.
pub(super) fn compare_request_body<'a>(recorder: &mut Recorder<'a>, context: &Context, operation: &Pair<'a>) {
    let body =
        |library: &'a Library, place: &Place<'a>| place.get("requestBody").and_then(|body| library.resolve(&body).ok());
    let required = |place: &Place<'a>| place.node.get("required").and_then(crossdock_diag::Node::as_bool) == Some(true);
    let old = body(recorder.base, &operation.base);
    let new = body(recorder.revision, &operation.revision);
    match (old, new) {
        (None, None) => {}
        (None, Some(revision)) => {
            let (id, level) = if required(&revision) {
                ("request-body-added-required", Level::Breaking)
            } else {
                ("request-body-added-optional", Level::Info)
            };
            let pair = Pair { base: operation.base.clone(), revision };
            recorder.say(context, id, level, &pair, "", format!("{} takes a body", context.message_of_operation()));
        }
        (Some(base), None) => {
            let pair = Pair { base, revision: operation.revision.clone() };
            let text = format!("{} no longer takes a body", context.message_of_operation());
            recorder.say(context, "request-body-removed", Level::Breaking, &pair, "", text);
        }
        (Some(base), Some(revision)) => {
            let pair = Pair { base, revision };
            let at = Pair {
                base: pair.base.get("required").unwrap_or_else(|| pair.base.clone()),
                revision: pair.revision.get("required").unwrap_or_else(|| pair.revision.clone()),
            };
            match (required(&pair.base), required(&pair.revision)) {
                (false, true) => {
                    let text = format!("the body of {} became required", context.message_of_operation());
                    recorder.say(context, "request-body-became-required", Level::Breaking, &at, "", text);
                }
                (true, false) => {
                    let text = format!("the body of {} became optional", context.message_of_operation());
                    recorder.say(context, "request-body-became-optional", Level::Info, &at, "", text);
                }
                _ => {}
            }
            compare_content(recorder, context, &pair, "request-body-media-type");
        }
    }
}

/// The responses of an operation.
pub(super) fn compare<'a>(recorder: &mut Recorder<'a>, operation: &Context, pair: &Pair<'a>) {
    let old: BTreeMap<&str, Place<'a>> = pair.base.get("responses").iter().flat_map(Place::entries).collect();
    let new: BTreeMap<&str, Place<'a>> = pair.revision.get("responses").iter().flat_map(Place::entries).collect();
    let at = |place: &Place<'a>| place.get("responses").unwrap_or_else(|| place.clone());
    for (status, base) in &old {
        let context = context(operation, status);
        let success = status.starts_with('2');
        if let Some(revision) = new.get(status) {
            let (Ok(base), Ok(revision)) = (recorder.base.resolve(base), recorder.revision.resolve(revision)) else {
                continue;
            };
            let pair = Pair { base, revision };
            compare_headers(recorder, &context, &pair);
            compare_content(recorder, &context, &pair, "response-media-type");
        } else {
            let (id, level) = if success {
                ("response-success-status-removed", Level::Breaking)
            } else {
                ("response-non-success-status-removed", Level::Info)
            };
            let pair = Pair { base: base.clone(), revision: at(&pair.revision) };
            recorder.say(&context, id, level, &pair, status, format!("{} was removed", context.message));
        }
    }
    for (status, revision) in new.iter().filter(|(status, _)| !old.contains_key(*status)) {
        let context = context(operation, status);
        let id =
            if status.starts_with('2') { "response-success-status-added" } else { "response-non-success-status-added" };
        let pair = Pair { base: at(&pair.base), revision: revision.clone() };
        recorder.say(&context, id, Level::Info, &pair, status, format!("{} is new", context.message));
    }
}

fn context(operation: &Context, status: &str) -> Context {
    let id = operation.operation.as_deref().unwrap_or_default();
    Context {
        direction: Direction::Response,
        subject: Subject::Body,
        message: format!("the {status} response of {id}"),
        ..operation.clone()
    }
}

fn compare_headers<'a>(recorder: &mut Recorder<'a>, context: &Context, pair: &Pair<'a>) {
    let required = |place: &Place<'a>| place.node.get("required").and_then(crossdock_diag::Node::as_bool) == Some(true);
    let headers = |library: &'a Library, place: &Place<'a>| -> BTreeMap<String, Place<'a>> {
        let map = place.get("headers");
        let resolved = map
            .iter()
            .flat_map(Place::entries)
            .filter_map(|(name, header)| Some((name.to_ascii_lowercase(), library.resolve(&header).ok()?)));
        resolved.collect()
    };
    let new = headers(recorder.revision, &pair.revision);
    for (name, base) in headers(recorder.base, &pair.base) {
        let header = Context {
            subject: Subject::Header,
            message: format!("the header `{name}` of {}", context.message),
            ..context.clone()
        };
        match new.get(&name) {
            None => {
                let (id, level) = if required(&base) {
                    ("required-response-header-removed", Level::Breaking)
                } else {
                    ("optional-response-header-removed", Level::Warning)
                };
                let at = pair.revision.get("headers").unwrap_or_else(|| pair.revision.clone());
                recorder.say(
                    &header,
                    id,
                    level,
                    &Pair { base, revision: at },
                    &name,
                    format!("{} was removed", header.message),
                );
            }
            Some(revision) => {
                let pair = Pair { base: base.clone(), revision: revision.clone() };
                if required(&base) && !required(revision) {
                    let text = format!("{} became optional", header.message);
                    recorder.say(&header, "response-header-became-optional", Level::Breaking, &pair, "", text);
                }
                if let Some(schemas) = pair.both("schema") {
                    schema::compare(recorder, &header, &schemas);
                }
            }
        }
    }
}

/// Media types by their essence: parameters such as a charset do not make another one.
fn compare_content<'a>(recorder: &mut Recorder<'a>, context: &Context, pair: &Pair<'a>, id: &str) {
    let media = |place: &Place<'a>| -> BTreeMap<String, Place<'a>> {
        let types = place.get("content");
        types
            .iter()
            .flat_map(Place::entries)
            .map(|(kind, media)| (kind.replace(' ', "").to_ascii_lowercase(), media))
            .collect()
    };
    let (old, new) = (media(&pair.base), media(&pair.revision));
    let at = |place: &Place<'a>| place.get("content").unwrap_or_else(|| place.clone());
    for (kind, base) in &old {
        if let Some(revision) = new.get(kind) {
            let pair = Pair { base: base.clone(), revision: revision.clone() };
            if let Some(schemas) = pair.both("schema") {
                schema::compare(recorder, context, &schemas);
            }
        } else {
            let pair = Pair { base: base.clone(), revision: at(&pair.revision) };
            let text = format!("{} is no longer {kind}", context.message);
            recorder.say(context, &format!("{id}-removed"), Level::Breaking, &pair, kind, text);
        }
    }
    for (kind, revision) in new.iter().filter(|(kind, _)| !old.contains_key(*kind)) {
        let pair = Pair { base: at(&pair.base), revision: revision.clone() };
        let text = format!("{} may be {kind}", context.message);
        recorder.say(context, &format!("{id}-added"), Level::Info, &pair, kind, text);
    }
}

/// The events of an AsyncAPI document, by their type.
pub(super) fn compare_events<'a>(recorder: &mut Recorder<'a>, document: &str, base: &Place<'a>, revision: &Place<'a>) {
    let old = events(recorder.base, base);
    let new = events(recorder.revision, revision);
    for direction in schema::directions(recorder.options.role) {
        for (event_type, payload) in &old {
            let context = Context {
                document: document.to_owned(),
                operation: Some(event_type.clone()),
                direction,
                subject: Subject::Body,
                path: String::new(),
                message: format!("the event {event_type}"),
                strict: false,
                inverted: false,
            };
            match new.get(event_type) {
                Some(other) => {
                    let pair = Pair { base: payload.clone(), revision: other.clone() };
                    schema::compare(recorder, &context, &pair);
                }
                None if direction == Direction::Response || recorder.options.role == super::Role::Consumer => {
                    let pair = Pair { base: payload.clone(), revision: revision.clone() };
                    let text = format!("the event `{event_type}` was removed");
                    recorder.say(&context, "event-removed", Level::Breaking, &pair, event_type, text);
                }
                None => {}
            }
        }
    }
    for (event_type, payload) in new.iter().filter(|(event_type, _)| !old.contains_key(*event_type)) {
        let context = Context {
            document: document.to_owned(),
            operation: Some(event_type.clone()),
            direction: Direction::Response,
            subject: Subject::Body,
            path: String::new(),
            message: format!("the event {event_type}"),
            strict: false,
            inverted: false,
        };
        let pair = Pair { base: base.clone(), revision: payload.clone() };
        recorder.say(
            &context,
            "event-added",
            Level::Info,
            &pair,
            event_type,
            format!("the event `{event_type}` is new"),
        );
    }
}

fn events<'a>(library: &'a Library, root: &Place<'a>) -> BTreeMap<String, Place<'a>> {
    let mut ignored = Diagnostics::new();
    event::messages(library, root, &mut ignored)
        .into_iter()
        .filter_map(|(_, message)| {
            let payload = event::payload(&message)?;
            Some((event::event_type(library, &message, &payload)?, payload))
        })
        .collect()
}
