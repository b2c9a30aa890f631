//! Types, formats, nullability, enumerations and constants.

use std::collections::BTreeSet;

use serde_json::Value;

use super::recorder::{Context, Effect, Pair, Recorder, Subject};
use super::view::View;

/// Compares the types; answers whether the two have none in common.
pub(super) fn compare<'a>(recorder: &mut Recorder<'a>, context: &Context, old: &View<'a>, new: &View<'a>) -> bool {
    let (before, after) = (types(old), types(new));
    let pair = Pair { base: old.at("type"), revision: new.at("type") };
    compare_null(recorder, context, old, new, before.as_ref(), after.as_ref());
    let without_null = |set: &Option<BTreeSet<String>>| {
        set.as_ref().map(|set| set.iter().filter(|name| *name != "null").cloned().collect::<BTreeSet<_>>())
    };
    let (before, after) = (without_null(&before), without_null(&after));
    if before == after {
        compare_format(recorder, context, old, new);
        return false;
    }
    let (mut effect, mut what) = effect(before.as_ref(), after.as_ref());
    // A parameter is text on the wire: one that takes any text takes the numbers it took before.
    if context.subject == Subject::Parameter
        && after.as_ref().is_some_and(|set| set.iter().eq(["string"]))
        && is_any_text(new)
    {
        (effect, what) = (Effect::Widened, "type-generalized");
    }
    // A schema that enumerates its alternatives says its type there.
    let elsewhere = |view: &View<'_>| ["oneOf", "anyOf", "enum", "const"].iter().any(|key| view.get(key).is_some());
    if before.is_none() && elsewhere(old) || after.is_none() && elsewhere(new) {
        return false;
    }
    let words = |set: &Option<BTreeSet<String>>| {
        set.as_ref().map_or_else(|| "anything".to_owned(), |set| set.iter().cloned().collect::<Vec<_>>().join(" or "))
    };
    let text = format!("the type of {} changed from {} to {}", context.words(), words(&before), words(&after));
    recorder.say(context, &context.id(what), context.level(effect), &pair, "", text);
    effect == Effect::Moved
}

fn is_any_text(view: &View<'_>) -> bool {
    ["pattern", "format", "enum", "const", "maxLength", "minLength"].iter().all(|key| view.get(key).is_none())
}

fn effect(before: Option<&BTreeSet<String>>, after: Option<&BTreeSet<String>>) -> (Effect, &'static str) {
    let (before, after) = match (before, after) {
        (None, _) => return (Effect::Narrowed, "type-specialized"),
        (_, None) => return (Effect::Widened, "type-generalized"),
        (Some(before), Some(after)) => (before, after),
    };
    // A whole number is a number.
    let covers =
        |set: &BTreeSet<String>, name: &String| set.contains(name) || name == "integer" && set.contains("number");
    let lost = before.iter().any(|name| !covers(after, name));
    let gained = after.iter().any(|name| !covers(before, name));
    let single = before.len() == 1 && after.len() == 1;
    match (lost, gained) {
        (true, true) => (Effect::Moved, "type-changed"),
        (true, false) if single => (Effect::Narrowed, "type-specialized"),
        (true, false) => (Effect::Narrowed, "list-of-types-narrowed"),
        (false, _) if single => (Effect::Widened, "type-generalized"),
        (false, _) => (Effect::Widened, "list-of-types-widened"),
    }
}

/// The declared types; `None` where any is allowed.
fn types(view: &View<'_>) -> Option<BTreeSet<String>> {
    let declared = view.get("type")?;
    let mut set: BTreeSet<String> = match declared.node.as_str() {
        Some(one) => BTreeSet::from([one.to_owned()]),
        None => declared.items().filter_map(|item| item.node.as_str().map(str::to_owned)).collect(),
    };
    if view.flag("nullable") {
        set.insert("null".to_owned());
    }
    Some(set)
}

fn compare_null<'a>(
    recorder: &mut Recorder<'a>,
    context: &Context,
    old: &View<'a>,
    new: &View<'a>,
    before: Option<&BTreeSet<String>>,
    after: Option<&BTreeSet<String>>,
) {
    let (Some(before), Some(after)) = (before, after) else { return };
    let (effect, what, words) = match (before.contains("null"), after.contains("null")) {
        (true, false) => (Effect::Narrowed, "became-not-nullable", "may no longer be null"),
        (false, true) => (Effect::Widened, "became-nullable", "may be null"),
        _ => return,
    };
    let key = if old.get("nullable").is_some() || new.get("nullable").is_some() { "nullable" } else { "type" };
    let pair = Pair { base: old.at(key), revision: new.at(key) };
    recorder.say(context, &context.id(what), context.level(effect), &pair, "", format!("{} {words}", context.words()));
}

fn compare_format<'a>(recorder: &mut Recorder<'a>, context: &Context, old: &View<'a>, new: &View<'a>) {
    let text = |view: &View<'a>| view.get("format").and_then(|place| place.node.as_str());
    let (before, after) = (text(old), text(new));
    if before == after {
        return;
    }
    let effect = match (before, after) {
        (None, _) | (Some("int64"), Some("int32")) | (Some("double"), Some("float")) => Effect::Narrowed,
        (_, None) | (Some("int32"), Some("int64")) | (Some("float"), Some("double")) => Effect::Widened,
        _ => Effect::Moved,
    };
    let pair = Pair { base: old.at("format"), revision: new.at("format") };
    let words = format!(
        "the format of {} changed from {} to {}",
        context.words(),
        before.unwrap_or("none"),
        after.unwrap_or("none")
    );
    recorder.say(context, &context.id("type-changed"), context.level(effect), &pair, "format", words);
}

/// Enumerations and constants.
pub(super) fn compare_values<'a>(recorder: &mut Recorder<'a>, context: &Context, old: &View<'a>, new: &View<'a>) {
    compare_const(recorder, context, old, new);
    let list = |view: &View<'a>| -> Option<Vec<Value>> { view.value("enum")?.as_array().cloned() };
    let pair = Pair { base: old.at("enum"), revision: new.at("enum") };
    match (list(old), list(new)) {
        (Some(before), Some(after)) => {
            for value in before.iter().filter(|value| !after.contains(value)) {
                let text = format!("the value {value} of {} was removed", context.words());
                let level = context.level(Effect::Narrowed);
                recorder.say(context, &context.id("enum-value-removed"), level, &pair, &value.to_string(), text);
            }
            for (index, value) in after.iter().enumerate().filter(|(_, value)| !before.contains(value)) {
                let list = new.at("enum");
                let item = list.items().nth(index);
                let at = Pair { base: old.at("enum"), revision: item.unwrap_or(list) };
                let text = format!("{} may have the new value {value}", context.words());
                let level = context.soft(Effect::Widened);
                recorder.say(context, &context.id("enum-value-added"), level, &at, &value.to_string(), text);
            }
        }
        (None, Some(_)) => {
            let text = format!("{} was limited to listed values", context.words());
            recorder.say(context, &context.id("became-enum"), context.level(Effect::Narrowed), &pair, "", text);
        }
        (Some(_), None) => {
            let text = format!("{} is no longer limited to listed values", context.words());
            recorder.say(context, &context.id("enum-removed"), context.level(Effect::Widened), &pair, "", text);
        }
        (None, None) => {}
    }
}

fn compare_const<'a>(recorder: &mut Recorder<'a>, context: &Context, old: &View<'a>, new: &View<'a>) {
    let (before, after) = (old.value("const"), new.value("const"));
    let (effect, what) = match (&before, &after) {
        (Some(a), Some(b)) if a != b => (Effect::Moved, "const-changed"),
        (None, Some(_)) => (Effect::Narrowed, "const-added"),
        (Some(_), None) => (Effect::Widened, "const-removed"),
        _ => return,
    };
    let words = |value: &Option<Value>| value.as_ref().map_or_else(|| "any value".to_owned(), Value::to_string);
    let pair = Pair { base: old.at("const"), revision: new.at("const") };
    let text = format!("{} was {}, and is {}", context.words(), words(&before), words(&after));
    recorder.say(context, &context.id(what), context.level(effect), &pair, "", text);
}
