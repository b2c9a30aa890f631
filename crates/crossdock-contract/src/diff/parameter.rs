//! Parameters: removed, new, required, their defaults and schemas.

use super::operation::Found;
use super::recorder::{Context, Pair, Recorder, Subject};
use super::{Direction, Level, schema};
use crate::library::{Library, Place};

pub(super) fn compare<'a>(recorder: &mut Recorder<'a>, operation: &Context, old: &Found<'a>, new: &Found<'a>) {
    let before = parameters(recorder.base, old);
    let after = parameters(recorder.revision, new);
    for (index, (key, base)) in before.iter().enumerate() {
        let found = after.iter().find(|(other, _)| other == key).or_else(|| by_position(&before, &after, index));
        let context = context(operation, key);
        if let Some((_, revision)) = found {
            let pair = Pair { base: base.clone(), revision: revision.clone() };
            compare_one(recorder, &context, &pair);
        } else {
            let at = new.place.get("parameters").unwrap_or_else(|| new.place.clone());
            let pair = Pair { base: base.clone(), revision: at };
            let text = format!("{} was removed", context.message);
            recorder.say(&context, "request-parameter-removed", Level::Warning, &pair, "", text);
        }
    }
    for (index, (key, revision)) in after.iter().enumerate() {
        if before.iter().any(|(other, _)| other == key) || by_position(&after, &before, index).is_some() {
            continue;
        }
        let context = context(operation, key);
        let at = old.place.get("parameters").unwrap_or_else(|| old.place.clone());
        let pair = Pair { base: at, revision: revision.clone() };
        let (id, level, words) = if is_required(revision) {
            ("new-required-request-parameter", Level::Breaking, "is new, and required")
        } else {
            ("new-optional-request-parameter", Level::Info, "is new")
        };
        recorder.say(&context, id, level, &pair, "", format!("{} {words}", context.message));
    }
}

/// The key of a parameter: where it is sent, and its name (of a header in small letters).
type Key = (String, String);

fn parameters<'a>(library: &'a Library, found: &Found<'a>) -> Vec<(Key, Place<'a>)> {
    let mut list: Vec<(Key, Place<'a>)> = Vec::new();
    for owner in [&found.place, &found.item] {
        for item in owner.get("parameters").iter().flat_map(Place::items) {
            let Ok(item) = library.resolve(&item) else { continue };
            let (Some(name), Some(location)) = (item.text("name"), item.text("in")) else { continue };
            let name = if location == "header" { name.to_ascii_lowercase() } else { name.to_owned() };
            let key = (location.to_owned(), name);
            if !list.iter().any(|(known, _)| *known == key) {
                list.push((key, item));
            }
        }
    }
    list
}

/// Path parameters have no name on the wire: the same position is the same parameter.
fn by_position<'x, 'a>(
    of: &[(Key, Place<'a>)],
    other: &'x [(Key, Place<'a>)],
    index: usize,
) -> Option<&'x (Key, Place<'a>)> {
    let ((location, _), _) = of.get(index)?;
    if location != "path" {
        return None;
    }
    let rank = of.iter().take(index).filter(|((location, _), _)| location == "path").count();
    let count = |list: &[(Key, Place<'a>)]| list.iter().filter(|((location, _), _)| location == "path").count();
    (count(of) == count(other))
        .then(|| other.iter().filter(|((location, _), _)| location == "path").nth(rank))
        .flatten()
}

fn context(operation: &Context, (location, name): &Key) -> Context {
    let id = operation.operation.as_deref().unwrap_or_default();
    Context {
        subject: Subject::Parameter,
        direction: Direction::Request,
        message: format!("the {location} parameter `{name}` of {id}"),
        ..operation.clone()
    }
}

fn is_required(place: &Place<'_>) -> bool {
    place.text("in") == Some("path") || place.node.get("required").and_then(crossdock_diag::Node::as_bool) == Some(true)
}

fn compare_one<'a>(recorder: &mut Recorder<'a>, context: &Context, pair: &Pair<'a>) {
    let at = |key: &str| Pair {
        base: pair.base.get(key).unwrap_or_else(|| pair.base.clone()),
        revision: pair.revision.get(key).unwrap_or_else(|| pair.revision.clone()),
    };
    match (is_required(&pair.base), is_required(&pair.revision)) {
        (false, true) => {
            let text = format!("{} became required", context.message);
            recorder.say(context, "request-parameter-became-required", Level::Breaking, &at("required"), "", text);
        }
        (true, false) => {
            let text = format!("{} became optional", context.message);
            recorder.say(context, "request-parameter-became-optional", Level::Info, &at("required"), "", text);
        }
        _ => {}
    }
    if let Some(schemas) = pair.both("schema") {
        compare_default(recorder, context, &schemas);
        schema::compare(recorder, context, &schemas);
    }
}

/// What an absent parameter means: another default is another request, with the same bytes.
fn compare_default<'a>(recorder: &mut Recorder<'a>, context: &Context, schemas: &Pair<'a>) {
    let old = super::view::View::of(recorder.base, &schemas.base);
    let new = super::view::View::of(recorder.revision, &schemas.revision);
    let what = match (old.value("default"), new.value("default")) {
        (Some(a), Some(b)) if a != b => "changed",
        (None, Some(_)) => "added",
        (Some(_), None) => "removed",
        _ => return,
    };
    let at = Pair { base: old.at("default"), revision: new.at("default") };
    let text = format!("the default of {} was {what}", context.message);
    recorder.say(context, &format!("request-parameter-default-value-{what}"), Level::Breaking, &at, "", text);
}
