//! Two versions of a schema, keyword by keyword.
//! Here: the walk and the keywords that are compared as wholes. Not here: types, bounds, objects, alternatives.

use std::collections::{BTreeMap, BTreeSet};

use super::recorder::{Context, Effect, Pair, Recorder, Subject};
use super::view::{View, expanded};
use super::{Category, Direction, Level, Role, alternatives, bounds, object, types};
use crate::library::Place;

/// Keywords that hold one schema, which is compared like any other.
const PARTS: &[(&str, &str)] = &[
    ("contains", "contains"),
    ("propertyNames", "property-names"),
    ("then", "then"),
    ("else", "else"),
    ("contentSchema", "content-schema"),
    ("unevaluatedItems", "unevaluated-items"),
    ("additionalItems", "additional-items"),
];
/// Keywords that hold schemas by name: a pattern, or the property that they depend on.
const NAMED: &[(&str, &str)] = &[("patternProperties", "pattern-property"), ("dependentSchemas", "dependent-schema")];
/// Keywords whose meaning is not taken apart: any other value is another set of messages.
const WHOLE: &[(&str, &str)] =
    &[("if", "if"), ("contentMediaType", "content-media-type"), ("contentEncoding", "content-encoding")];

/// A JSON Schema by itself: read by a consumer, written by a producer.
pub(super) fn compare_document<'a>(
    recorder: &mut Recorder<'a>,
    document: &str,
    base: &Place<'a>,
    revision: &Place<'a>,
) {
    for direction in directions(recorder.options.role) {
        let context = Context {
            document: document.to_owned(),
            operation: None,
            direction,
            subject: Subject::Body,
            path: String::new(),
            message: "the message".to_owned(),
            strict: true,
            inverted: false,
        };
        compare(recorder, &context, &Pair { base: base.clone(), revision: revision.clone() });
    }
}

/// The directions that a role looks at.
pub(super) fn directions(role: Role) -> Vec<Direction> {
    match role {
        Role::Consumer => vec![Direction::Request],
        Role::Producer => vec![Direction::Response],
        Role::Both => vec![Direction::Request, Direction::Response],
    }
}

/// Compares two schemas and everything inside them.
pub(super) fn compare<'a>(recorder: &mut Recorder<'a>, context: &Context, pair: &Pair<'a>) {
    let old = View::of(recorder.base, &pair.base);
    let new = View::of(recorder.revision, &pair.revision);
    let key = (old.place.address(), new.place.address());
    let visit = (key.0.clone(), key.1.clone(), context.direction, context.message.clone(), context.inverted);
    if !recorder.is_worth_comparing(&visit) || !recorder.open.insert(key.clone()) {
        return;
    }
    let before = recorder.count();
    compare_views(recorder, context, &old, &new);
    recorder.open.remove(&key);
    recorder.compared(visit, before);
}

fn compare_views<'a>(recorder: &mut Recorder<'a>, context: &Context, old: &View<'a>, new: &View<'a>) {
    let whole = Pair { base: old.place.clone(), revision: new.place.clone() };
    if old.never != new.never {
        let (effect, what, words) = if new.never {
            (Effect::Narrowed, "forbidden", "is no longer allowed at all")
        } else {
            (Effect::Widened, "allowed", "was forbidden, and is allowed")
        };
        recorder.say(
            context,
            &context.id(what),
            context.level(effect),
            &whole,
            "",
            format!("{} {words}", context.words()),
        );
        return;
    }
    if types::compare(recorder, context, old, new) {
        return; // Another type: its bounds and parts have nothing in common any more.
    }
    types::compare_values(recorder, context, old, new);
    bounds::compare(recorder, context, old, new);
    object::compare(recorder, context, old, new);
    alternatives::compare(recorder, context, old, new);
    compare_items(recorder, context, old, new);
    compare_wholes(recorder, context, old, new);
    compare_meaning(recorder, context, old, new);
}

fn compare_items<'a>(recorder: &mut Recorder<'a>, context: &Context, old: &View<'a>, new: &View<'a>) {
    // Before 2020-12 a list under `items` meant what `prefixItems` means now.
    let tuple = |view: &View<'a>| {
        view.get("prefixItems").or_else(|| view.get("items").filter(|place| place.node.as_seq().is_some())).cloned()
    };
    let each = |view: &View<'a>| view.get("items").filter(|place| place.node.as_seq().is_none()).cloned();
    match (tuple(old), tuple(new)) {
        (Some(base), Some(revision)) => compare_tuples(recorder, context, &Pair { base, revision }),
        (None, None) => {}
        (base, _) => {
            let key = |view: &View<'a>| {
                if view.get("prefixItems").is_some() { view.at("prefixItems") } else { view.at("items") }
            };
            let pair = Pair { base: key(old), revision: key(new) };
            presence(recorder, context, &pair, base.is_some(), "prefix-items", "prefixItems");
        }
    }
    match (each(old), each(new)) {
        (Some(base), Some(revision)) => compare(recorder, &context.items(), &Pair { base, revision }),
        (None, None) => {}
        (base, _) => {
            let pair = Pair { base: old.at("items"), revision: new.at("items") };
            presence(recorder, context, &pair, base.is_some(), "items", "items");
        }
    }
}

fn compare_tuples<'a>(recorder: &mut Recorder<'a>, context: &Context, pair: &Pair<'a>) {
    let (before, after): (Vec<_>, Vec<_>) = (pair.base.items().collect(), pair.revision.items().collect());
    for (index, (base, revision)) in before.iter().zip(&after).enumerate() {
        let pair = Pair { base: base.clone(), revision: revision.clone() };
        compare(recorder, &context.part(&index.to_string()), &pair);
    }
    if before.len() != after.len() {
        presence(recorder, context, pair, before.len() > after.len(), "prefix-items", "prefixItems");
    }
}

fn compare_wholes<'a>(recorder: &mut Recorder<'a>, context: &Context, old: &View<'a>, new: &View<'a>) {
    for (keyword, name) in PARTS {
        match (old.get(keyword), new.get(keyword)) {
            (Some(base), Some(revision)) => {
                let pair = Pair { base: base.clone(), revision: revision.clone() };
                compare(recorder, &context.part(keyword), &pair);
            }
            _ => whole(recorder, context, old, new, keyword, name),
        }
    }
    // What must not be: a wider one leaves less.
    match (old.get("not"), new.get("not")) {
        (Some(base), Some(revision)) => {
            let pair = Pair { base: base.clone(), revision: revision.clone() };
            compare(recorder, &context.turned(), &pair);
        }
        _ => whole(recorder, context, old, new, "not", "not"),
    }
    for (keyword, name) in NAMED {
        compare_named(recorder, context, old, new, (keyword, name));
    }
    for keyword in ["dependentRequired", "dependencies"] {
        compare_dependencies(recorder, context, old, new, keyword);
    }
    for (keyword, name) in WHOLE {
        whole(recorder, context, old, new, keyword, name);
    }
}

fn compare_named<'a>(
    recorder: &mut Recorder<'a>,
    context: &Context,
    old: &View<'a>,
    new: &View<'a>,
    (keyword, name): (&str, &str),
) {
    let map = |view: &View<'a>| -> BTreeMap<&'a str, Place<'a>> {
        view.get(keyword).map(|place| place.entries().collect()).unwrap_or_default()
    };
    let (before, after) = (map(old), map(new));
    for (key, base) in &before {
        if let Some(revision) = after.get(key) {
            let pair = Pair { base: base.clone(), revision: revision.clone() };
            compare(recorder, &context.part(key), &pair);
        } else {
            let pair = Pair { base: base.clone(), revision: new.at(keyword) };
            presence(recorder, context, &pair, true, name, key);
        }
    }
    for (key, revision) in after.iter().filter(|(key, _)| !before.contains_key(*key)) {
        let pair = Pair { base: old.at(keyword), revision: revision.clone() };
        presence(recorder, context, &pair, false, name, key);
    }
}

/// Which properties a property makes required.
fn compare_dependencies<'a>(
    recorder: &mut Recorder<'a>,
    context: &Context,
    old: &View<'a>,
    new: &View<'a>,
    keyword: &str,
) {
    let map = |view: &View<'a>| -> BTreeMap<&'a str, Place<'a>> {
        view.get(keyword).map(|place| place.entries().collect()).unwrap_or_default()
    };
    let names =
        |place: &Place<'a>| -> BTreeSet<&'a str> { place.items().filter_map(|item| item.node.as_str()).collect() };
    let (before, after) = (map(old), map(new));
    let keys: BTreeSet<&str> = before.keys().chain(after.keys()).copied().collect();
    for key in keys {
        let (base, revision) = (before.get(key), after.get(key));
        let lists = base.into_iter().chain(revision).all(|place| place.node.as_seq().is_some());
        if let (Some(base), Some(revision), false) = (base, revision, lists) {
            compare(recorder, &context.part(key), &Pair { base: base.clone(), revision: revision.clone() });
            continue;
        }
        let (had, has) = (base.map(names).unwrap_or_default(), revision.map(names).unwrap_or_default());
        let (lost, gained) = (had.difference(&has).next().is_some(), has.difference(&had).next().is_some());
        let (effect, what) =
            match (lost || base.is_some() && revision.is_none(), gained || revision.is_some() && base.is_none()) {
                (true, true) => (Effect::Moved, "changed"),
                (true, false) => (Effect::Widened, "removed"),
                (false, true) => (Effect::Narrowed, "added"),
                (false, false) => continue,
            };
        let at = |view: &View<'a>, place: Option<&Place<'a>>| place.cloned().unwrap_or_else(|| view.at(keyword));
        let pair = Pair { base: at(old, base), revision: at(new, revision) };
        let text = format!("what `{key}` makes required in {} was {what}", context.words());
        recorder.say(
            context,
            &context.id(&format!("dependent-required-{what}")),
            context.level(effect),
            &pair,
            key,
            text,
        );
    }
}

/// A part of a schema that came or went.
fn presence<'a>(recorder: &mut Recorder<'a>, context: &Context, pair: &Pair<'a>, went: bool, name: &str, detail: &str) {
    let (effect, what) = if went { (Effect::Widened, "removed") } else { (Effect::Narrowed, "added") };
    let text = format!("`{detail}` of {} was {what}", context.words());
    recorder.say(context, &context.id(&format!("{name}-{what}")), context.level(effect), pair, detail, text);
}

fn whole<'a>(
    recorder: &mut Recorder<'a>,
    context: &Context,
    old: &View<'a>,
    new: &View<'a>,
    keyword: &str,
    name: &str,
) {
    let (effect, what) = match (old.get(keyword), new.get(keyword)) {
        (Some(base), Some(revision)) => {
            if expanded(recorder.base, base) == expanded(recorder.revision, revision) {
                return;
            }
            (Effect::Moved, "changed")
        }
        (None, Some(_)) => (Effect::Narrowed, "added"),
        (Some(_), None) => (Effect::Widened, "removed"),
        (None, None) => return,
    };
    let pair = Pair { base: old.at(keyword), revision: new.at(keyword) };
    let text = format!("`{keyword}` of {} was {what}", context.words());
    recorder.say(context, &context.id(&format!("{name}-{what}")), context.level(effect), &pair, keyword, text);
}

/// The glossary term that a field bears: the same bytes with another meaning break whoever reads them.
fn compare_meaning<'a>(recorder: &mut Recorder<'a>, context: &Context, old: &View<'a>, new: &View<'a>) {
    let (before, after) = (old.value("x-glossary"), new.value("x-glossary"));
    if before == after {
        return;
    }
    let word = |value: &Option<serde_json::Value>| {
        value.as_ref().and_then(|value| value.as_str()).map_or_else(|| "no term".to_owned(), |word| format!("`{word}`"))
    };
    let level = if before.is_some() && after.is_some() { Level::Breaking } else { Level::Info };
    let pair = Pair { base: old.at("x-glossary"), revision: new.at("x-glossary") };
    let text = format!("{} meant {}, and means {}", context.words(), word(&before), word(&after));
    recorder.record(context, &context.id("term-changed"), level, Category::Semantic, &pair, "", text);
}
