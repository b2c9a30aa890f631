//! Properties: added, removed, required, optional; and whether unknown ones are refused.

use super::recorder::{Context, Effect, Pair, Recorder};
use super::view::View;
use super::{Direction, Level, schema};
use crate::library::{Library, Place};

pub(super) fn compare<'a>(recorder: &mut Recorder<'a>, context: &Context, old: &View<'a>, new: &View<'a>) {
    for (name, base) in &old.properties {
        match new.properties.get(name) {
            Some(revision) => {
                let pair = Pair { base: base.clone(), revision: revision.clone() };
                if is_hidden(recorder.revision, context, revision) {
                    continue;
                }
                compare_required(recorder, context, old, new, name, &pair);
                schema::compare(recorder, &context.property(name), &pair);
            }
            None => removed(recorder, context, old, new, name),
        }
    }
    for name in new.properties.keys().filter(|name| !old.properties.contains_key(*name)) {
        added(recorder, context, old, new, name);
    }
    compare_unlisted_required(recorder, context, old, new);
    compare_additional(recorder, context, old, new);
}

/// A property that does not travel this way any more: read-only ones are not sent, write-only ones not answered.
fn is_hidden(library: &Library, context: &Context, property: &Place<'_>) -> bool {
    let keyword = match context.direction {
        Direction::Request => "readOnly",
        Direction::Response => "writeOnly",
    };
    !context.strict && View::of(library, property).flag(keyword)
}

fn compare_required<'a>(
    recorder: &mut Recorder<'a>,
    context: &Context,
    old: &View<'a>,
    new: &View<'a>,
    name: &str,
    pair: &Pair<'a>,
) {
    let property = context.property(name);
    match (old.required.get(name), new.required.get(name)) {
        (None, Some(place)) => {
            let with_default = View::of(recorder.revision, &pair.revision).get("default").is_some();
            let id = match (context.direction, with_default) {
                (Direction::Request, true) => property.id("became-required-with-default"),
                _ => property.id("became-required"),
            };
            let at = Pair { base: pair.base.clone(), revision: place.clone() };
            let text = format!("{} became required", property.words());
            recorder.say(&property, &id, property.level(Effect::Narrowed), &at, "", text);
        }
        (Some(place), None) => {
            let at = Pair { base: place.clone(), revision: pair.revision.clone() };
            let text = format!("{} became optional", property.words());
            recorder.say(&property, &property.id("became-optional"), property.level(Effect::Widened), &at, "", text);
        }
        _ => {}
    }
}

/// Names that are required without being listed as properties.
fn compare_unlisted_required<'a>(recorder: &mut Recorder<'a>, context: &Context, old: &View<'a>, new: &View<'a>) {
    for (name, place) in &new.required {
        let known =
            old.required.contains_key(name) || old.properties.contains_key(name) || new.properties.contains_key(name);
        if !known {
            let property = context.property(name);
            let at = Pair { base: old.container.clone(), revision: place.clone() };
            let text = format!("{} became required", property.words());
            recorder.say(&property, &property.id("became-required"), property.level(Effect::Narrowed), &at, "", text);
        }
    }
    for (name, place) in &old.required {
        let known =
            new.required.contains_key(name) || old.properties.contains_key(name) || new.properties.contains_key(name);
        if !known {
            let property = context.property(name);
            let at = Pair { base: place.clone(), revision: new.container.clone() };
            let text = format!("{} became optional", property.words());
            recorder.say(&property, &property.id("became-optional"), property.level(Effect::Widened), &at, "", text);
        }
    }
}

fn removed<'a>(recorder: &mut Recorder<'a>, context: &Context, old: &View<'a>, new: &View<'a>, name: &str) {
    let Some(base) = old.properties.get(name).filter(|base| !is_hidden(recorder.base, context, base)) else { return };
    let property = context.property(name);
    // Between schema versions the property is now held to what holds for those that nobody names.
    if let Some(others) =
        new.get("additionalProperties").filter(|place| context.strict && place.node.as_map().is_some())
    {
        schema::compare(recorder, &property, &Pair { base: base.clone(), revision: others.clone() });
        return;
    }
    let pair = Pair { base: base.clone(), revision: new.container.clone() };
    let text = format!("{} was removed", property.words());
    let required = old.required.contains_key(name);
    match context.direction {
        // What is sent all the same is ignored by an open object, and refused by a closed one.
        Direction::Request if new.is_closed() && !old.is_closed() && context.strict => {}
        Direction::Request => {
            let level = match (new.is_closed(), context.strict) {
                (true, _) => Level::Breaking,
                (false, true) => Level::Info,
                (false, false) => Level::Warning,
            };
            recorder.say(&property, &property.id("removed"), level, &pair, "", text);
        }
        Direction::Response if required => {
            recorder.say(&property, "response-required-property-removed", Level::Breaking, &pair, "", text);
        }
        Direction::Response => {
            let level = if context.strict { Level::Info } else { Level::Warning };
            recorder.say(&property, "response-optional-property-removed", level, &pair, "", text);
        }
    }
}

fn added<'a>(recorder: &mut Recorder<'a>, context: &Context, old: &View<'a>, new: &View<'a>, name: &str) {
    let found = new.properties.get(name).filter(|revision| !is_hidden(recorder.revision, context, revision));
    let Some(revision) = found else { return };
    let property = context.property(name);
    if let Some(others) =
        old.get("additionalProperties").filter(|place| context.strict && place.node.as_map().is_some())
    {
        schema::compare(recorder, &property, &Pair { base: others.clone(), revision: revision.clone() });
    }
    let pair = Pair { base: old.container.clone(), revision: revision.clone() };
    let required = new.required.contains_key(name);
    let was_required = old.required.contains_key(name);
    let with_default = View::of(recorder.revision, revision).get("default").is_some();
    let (id, level, words) = match (context.direction, required) {
        (Direction::Request, true) if was_required => return,
        (Direction::Request, true) if with_default && !context.strict => {
            ("new-required-request-property-with-default", Level::Breaking, "is new, and required")
        }
        (Direction::Request, true) => ("new-required-request-property", Level::Breaking, "is new, and required"),
        (Direction::Request, false) => ("new-optional-request-property", Level::Info, "is new"),
        // An old reader that refuses what it does not know breaks on anything new.
        (Direction::Response, true) if old.is_closed() && context.strict => {
            ("response-required-property-added", Level::Breaking, "is new")
        }
        (Direction::Response, false) if old.is_closed() && context.strict => {
            ("response-optional-property-added", Level::Breaking, "is new")
        }
        (Direction::Response, true) => ("response-required-property-added", Level::Info, "is new"),
        (Direction::Response, false) => ("response-optional-property-added", Level::Info, "is new"),
    };
    let text = format!("{} {words}", property.words());
    recorder.say(&property, id, level, &pair, "", text);
}

fn compare_additional<'a>(recorder: &mut Recorder<'a>, context: &Context, old: &View<'a>, new: &View<'a>) {
    let pair = Pair { base: old.at("additionalProperties"), revision: new.at("additionalProperties") };
    match (old.is_closed(), new.is_closed()) {
        (false, true) => {
            let text = format!("{} refuses properties that nobody names", context.words());
            let level = context.level(Effect::Narrowed);
            recorder.say(context, &context.id("additional-properties-removed"), level, &pair, "", text);
        }
        (true, false) => {
            let text = format!("{} takes properties that nobody names", context.words());
            let level = if context.strict { context.level(Effect::Widened) } else { Level::Info };
            recorder.say(context, &context.id("additional-properties-added"), level, &pair, "", text);
        }
        _ => {
            let schemas = |view: &View<'a>| {
                view.get("additionalProperties").filter(|place| place.node.as_map().is_some()).cloned()
            };
            match (schemas(old), schemas(new)) {
                (Some(base), Some(revision)) => schema::compare(recorder, &context.part("*"), &Pair { base, revision }),
                (None, Some(_)) if !old.is_closed() => {
                    let text = format!("{} limits properties that nobody names", context.words());
                    let level = context.soft(Effect::Narrowed);
                    recorder.say(context, &context.id("additional-properties-limited"), level, &pair, "", text);
                }
                (Some(_), None) if !new.is_closed() => {
                    let text = format!("{} no longer limits properties that nobody names", context.words());
                    let level = context.soft(Effect::Widened);
                    recorder.say(context, &context.id("additional-properties-unlimited"), level, &pair, "", text);
                }
                _ => {}
            }
        }
    }
}
