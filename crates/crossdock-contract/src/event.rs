//! An event by its AsyncAPI document: one CloudEvents type, its envelope and data.
//! Here: reading AsyncAPI 3.0, and judging an event. Not here: brokers and bindings; events travel over HTTP here.

use std::collections::BTreeMap;
use std::sync::Arc;

use crossdock_diag::{Diagnostic, Diagnostics};
use serde_json::Value;

use crate::api::Example;
use crate::api::compile::schema_examples;
use crate::library::{Library, Place};
use crate::schema::{Schema, Store};
use crate::violation::Violation;

/// What an event of one type must be.
#[derive(Clone, Debug)]
pub struct EventContract {
    /// The CloudEvents `type`.
    pub event_type: String,
    /// One line for people.
    pub title: String,
    /// Path of its document in the folder.
    pub file: String,
    /// The channel it is sent on.
    pub channel: String,
    /// The whole event: envelope and data.
    pub schema: Schema,
    /// Examples of the whole event.
    pub examples: Vec<Example>,
    /// Where it stands: file and line.
    pub place: (String, usize),
}

impl EventContract {
    /// What an event does that its contract does not allow.
    pub fn check(&self, event: &Value) -> Vec<Violation> {
        if let Some(given) = event.get("type").and_then(Value::as_str).filter(|given| *given != self.event_type) {
            let message = format!("the type is `{given}`, and this is the contract of `{}`", self.event_type);
            return vec![Violation::new("/type", "event-type", message, self.schema.address())];
        }
        self.schema.check(event)
    }
}

/// The events by type.
pub(crate) type Events = BTreeMap<String, EventContract>;

/// Compiles one AsyncAPI document into `events`.
pub(crate) fn compile(library: &Library, store: &Arc<Store>, path: &str, events: &mut Events) -> Diagnostics {
    let mut problems = Diagnostics::new();
    let Some(root) = library.root(path) else { return problems };
    for (channel, message) in messages(library, &root, &mut problems) {
        let Some(payload) = payload(&message) else { continue };
        let Some(event_type) = event_type(library, &message, &payload) else { continue };
        if let Some(known) = events.get(&event_type) {
            if known.schema.address() != payload.address() {
                problems.push(
                    Diagnostic::error("asyncapi/duplicate-event", format!("`{event_type}` is described twice"))
                        .at(&message.document.file, message.span, "here again")
                        .help(format!("{}:{} describes it already", known.place.0, known.place.1)),
                );
            }
            continue;
        }
        let title = message.text("title").or_else(|| message.text("summary")).unwrap_or_default().to_owned();
        let contract = EventContract {
            title,
            file: path.to_owned(),
            channel,
            schema: Schema::new(store, &payload),
            examples: examples(library, &message, &payload),
            place: (message.document.file.name.clone(), message.line_col().0),
            event_type: event_type.clone(),
        };
        events.insert(event_type, contract);
    }
    problems
}

/// Every message with its channel's address: those of channels first, then those that only stand under components.
pub(crate) fn messages<'a>(
    library: &'a Library,
    root: &Place<'a>,
    problems: &mut Diagnostics,
) -> Vec<(String, Place<'a>)> {
    let mut found: Vec<(String, Place<'a>)> = Vec::new();
    let mut add = |channel: &str, place: &Place<'a>| match library.resolve(place) {
        Ok(message) => {
            if !found.iter().any(|(_, known)| known.address() == message.address()) {
                found.push((channel.to_owned(), message));
            }
        }
        Err(dangling) => problems.push(dangling.diagnostic()),
    };
    for (name, channel) in root.get("channels").iter().flat_map(Place::entries) {
        let Ok(channel) = library.resolve(&channel) else { continue };
        let address = channel.text("address").unwrap_or(name);
        for (_, message) in channel.get("messages").iter().flat_map(Place::entries) {
            add(address, &message);
        }
    }
    let components = root.get("components").and_then(|components| components.get("messages"));
    for (_, message) in components.iter().flat_map(Place::entries) {
        add("", &message);
    }
    found
}

/// The payload's schema, out of a multi-format wrapper where it is in one.
pub(crate) fn payload<'a>(message: &Place<'a>) -> Option<Place<'a>> {
    let payload = message.get("payload")?;
    match (payload.get("schemaFormat"), payload.get("schema")) {
        (Some(_), Some(schema)) => Some(schema),
        _ => Some(payload),
    }
}

/// The CloudEvents type: the constant of the payload's `type` property, else the message's name.
pub(crate) fn event_type(library: &Library, message: &Place<'_>, payload: &Place<'_>) -> Option<String> {
    pinned_type(library, payload, 0)
        .or_else(|| message.text("name").map(str::to_owned))
        .or_else(|| message.pointer.rsplit('/').next().map(str::to_owned))
}

/// The constant that a schema pins `type` to, through references and `allOf`.
pub(crate) fn pinned_type(library: &Library, schema: &Place<'_>, depth: usize) -> Option<String> {
    if depth > 8 {
        return None;
    }
    if let Some(constant) = schema.at("/properties/type/const") {
        return constant.node.as_str().map(str::to_owned);
    }
    let parts = schema.get("allOf");
    let pinned = parts.iter().flat_map(Place::items).find_map(|part| pinned_type(library, &part, depth + 1));
    pinned.or_else(|| {
        let target = library.resolve(schema).ok()?;
        (target.address() != schema.address()).then(|| pinned_type(library, &target, depth + 1))?
    })
}

fn examples(library: &Library, message: &Place<'_>, payload: &Place<'_>) -> Vec<Example> {
    let listed = message.get("examples");
    let own: Vec<Example> = listed
        .iter()
        .flat_map(Place::items)
        .filter_map(|example| {
            let name = example.text("name").unwrap_or("example").to_owned();
            Some(Example { name, value: example.node.get("payload")?.to_value() })
        })
        .collect();
    if own.is_empty() {
        return library.resolve(payload).iter().flat_map(schema_examples).collect();
    }
    own
}
