//! AsyncAPI documents: the structure, and what policy wants of every message.

use crossdock_diag::Diagnostics;

use super::names::is_semver;
use super::shape::{self, Area};
use super::{Lint, examples, near, schema};
use crate::event;
use crate::library::Place;

const AREA: Area = Area::AsyncApi;

pub(super) fn check(lint: &mut Lint<'_>, path: &str) {
    let library = lint.library();
    let Some(root) = library.root(path) else { return };
    shape::check(lint, AREA, &root, &shape::ASYNCAPI);
    if let Some(version) =
        root.get("asyncapi").filter(|version| !version.node.as_str().is_some_and(|text| text.starts_with("3.")))
    {
        lint.say(
            "asyncapi/valid",
            &version,
            "this version of AsyncAPI is not known here",
            "here",
            Some("\"3.0.0\"".into()),
        );
    }
    if let Some(info) = root.get("info") {
        shape::check(lint, AREA, &info, &shape::ASYNC_INFO);
        if let Some(version) =
            info.get("version").filter(|version| version.node.as_str().is_some_and(|text| !is_semver(text)))
        {
            lint.say(
                "asyncapi/valid",
                &version,
                "`info.version` is not a semantic version",
                "here",
                Some("three numbers: 1.0.0".into()),
            );
        }
    }
    for (_, channel) in root.get("channels").iter().flat_map(Place::entries) {
        shape::check(lint, AREA, &channel, &shape::CHANNEL);
    }
    for (name, operation) in root.get("operations").iter().flat_map(Place::entries) {
        if !shape::check(lint, AREA, &operation, &shape::ASYNC_OPERATION) {
            continue;
        }
        if let Some(action) = operation.get("action") {
            let text = action.node.as_str().unwrap_or_default();
            if !["send", "receive"].contains(&text) {
                let help = near(text, ["send", "receive"]).or_else(|| Some("send or receive".into()));
                lint.say("asyncapi/valid", &action, format!("the action of `{name}` is `{text}`"), "here", help);
            }
        }
    }
    if let Some(components) = root.get("components") {
        shape::check(lint, AREA, &components, &shape::ASYNC_COMPONENTS);
        for (_, place) in components.get("schemas").iter().flat_map(Place::entries) {
            schema::check(lint, &place, None);
        }
    }
    let mut ignored = Diagnostics::new(); // Dangling references are reported when the folder is loaded.
    let messages = event::messages(library, &root, &mut ignored);
    if messages.is_empty() {
        lint.say("asyncapi/valid", &root, "no channel of this document has a message", "nothing is described", None);
    }
    for (_, message) in messages {
        check_message(lint, &message);
    }
}

fn check_message(lint: &mut Lint<'_>, message: &Place<'_>) {
    if !shape::check(lint, AREA, message, &shape::MESSAGE) {
        return;
    }
    let library = lint.library();
    let name = message.text("name").or_else(|| message.pointer.rsplit('/').next()).unwrap_or_default().to_owned();
    if ["title", "summary", "description"].iter().all(|key| message.get(key).is_none()) {
        lint.say(
            "asyncapi/described",
            message,
            format!("nobody says what `{name}` means"),
            "no summary",
            Some("add a `summary`".into()),
        );
    }
    let Some(payload) = event::payload(message) else {
        lint.say("asyncapi/valid", message, format!("`{name}` has no payload"), "missing", None);
        return;
    };
    if payload.reference().is_none() {
        schema::check(lint, &payload, None);
    }
    match event::pinned_type(library, &payload, 0) {
        None => lint.say(
            "asyncapi/event-type",
            &payload,
            format!("`{name}` does not pin its event type"),
            "here",
            Some("`properties: {type: {const: order.captured.v1}}`".into()),
        ),
        Some(pinned) => {
            let pattern =
                lint.contracts.policy().naming.event_type.as_deref().and_then(|text| regex::Regex::new(text).ok());
            if pattern.is_some_and(|pattern| !pattern.is_match(&pinned)) {
                let at = payload.at("/properties/type/const").unwrap_or_else(|| payload.clone());
                lint.say(
                    "asyncapi/event-type",
                    &at,
                    format!("`{pinned}` is no event type by policy"),
                    "here",
                    Some("<object>.<what happened>.v<major>: order.captured.v1".into()),
                );
            }
            if let Some(at) = message.get("name").filter(|at| at.node.as_str() != Some(&pinned)) {
                lint.say(
                    "asyncapi/event-type",
                    &at,
                    format!("the message is called `{name}`, and its type is `{pinned}`"),
                    "differs",
                    None,
                );
            }
        }
    }
    let listed = message.get("examples");
    let mut count = 0;
    for example in listed.iter().flat_map(Place::items) {
        if let Some(body) = example.get("payload") {
            examples::check(lint, "asyncapi/example", &payload, &body);
            count += 1;
        }
    }
    if count == 0 {
        lint.say(
            "asyncapi/has-example",
            message,
            format!("`{name}` has no example"),
            "none",
            Some("tests and stubs begin with one".into()),
        );
    }
}
