//! Lengths, ranges, counts, patterns and multiples.

use std::cmp::Ordering;

use serde_json::Value;

use super::recorder::{Context, Effect, Pair, Recorder};
use super::view::View;
use super::{Direction, Level};
use crate::expr::compare_decimals;

/// Keyword, its name in ids, whether it bounds from above.
const BOUNDS: &[(&str, &str, bool)] = &[
    ("maxLength", "max-length", true),
    ("minLength", "min-length", false),
    ("maximum", "max", true),
    ("minimum", "min", false),
    ("exclusiveMaximum", "exclusive-max", true),
    ("exclusiveMinimum", "exclusive-min", false),
    ("maxItems", "max-items", true),
    ("minItems", "min-items", false),
    ("maxProperties", "max-properties", true),
    ("minProperties", "min-properties", false),
    ("maxContains", "max-contains", true),
    ("minContains", "min-contains", false),
];

pub(super) fn compare<'a>(recorder: &mut Recorder<'a>, context: &Context, old: &View<'a>, new: &View<'a>) {
    for (keyword, name, upper) in BOUNDS {
        // How many items must match is a matter of what they must match: without that, of nothing.
        if keyword.ends_with("Contains") && !(old.get("contains").is_some() && new.get("contains").is_some()) {
            continue;
        }
        compare_bound(recorder, context, old, new, (keyword, name, *upper));
    }
    compare_pattern(recorder, context, old, new);
    compare_unique(recorder, context, old, new);
    compare_multiple(recorder, context, old, new);
}

fn compare_bound<'a>(
    recorder: &mut Recorder<'a>,
    context: &Context,
    old: &View<'a>,
    new: &View<'a>,
    (keyword, name, upper): (&str, &str, bool),
) {
    // A least length or count of 0 says nothing.
    let counts = keyword.starts_with("min") && keyword != "minimum";
    let bound = |view: &View<'a>| view.value(keyword).filter(|value| !(counts && value.as_u64() == Some(0)));
    let (before, after) = (bound(old), bound(new));
    let (effect, what, level) = match (&before, &after) {
        (Some(a), Some(b)) => {
            let order = match (a, b) {
                (Value::Bool(a), Value::Bool(b)) => b.cmp(a), // draft 4: `true` excludes the bound itself
                _ => compare_decimals(b, a).unwrap_or(Ordering::Equal),
            };
            match (order, upper) {
                (Ordering::Equal, _) => return,
                (Ordering::Less, true) => (Effect::Narrowed, "decreased", None),
                (Ordering::Greater, true) => (Effect::Widened, "increased", None),
                (Ordering::Greater, false) => (Effect::Narrowed, "increased", None),
                (Ordering::Less, false) => (Effect::Widened, "decreased", None),
            }
        }
        // A first bound often only writes down what was true before.
        (None, None | Some(Value::Bool(false))) | (Some(Value::Bool(false)), None) => return,
        // `exclusiveMinimum: 10` turned into `minimum: 10` only lets 10 in: the other keyword held the bound.
        (None, Some(bound)) if covered(old, keyword, bound, upper) => (Effect::Widened, "set", Some(Level::Info)),
        (Some(bound), None) if covered(new, keyword, bound, upper) => return,
        (None, Some(_)) => (Effect::Narrowed, "set", Some(context.soft(Effect::Narrowed))),
        (Some(_), None) => (Effect::Widened, "unset", None),
    };
    let words = |value: &Option<Value>| value.as_ref().map_or_else(|| "none".to_owned(), Value::to_string);
    let pair = Pair { base: old.at(keyword), revision: new.at(keyword) };
    let text = format!("`{keyword}` of {} changed from {} to {}", context.words(), words(&before), words(&after));
    let level = level.unwrap_or_else(|| context.level(effect));
    recorder.say(context, &context.id(&format!("{name}-{what}")), level, &pair, "", text);
}

/// Whether another keyword of the schema bounds the same side at least as tightly.
fn covered(view: &View<'_>, keyword: &str, bound: &Value, upper: bool) -> bool {
    let (other, or_equal) = match keyword {
        "minimum" => ("exclusiveMinimum", true),
        "maximum" => ("exclusiveMaximum", true),
        "exclusiveMinimum" => ("minimum", false),
        "exclusiveMaximum" => ("maximum", false),
        _ => return false,
    };
    let order = view.value(other).and_then(|held| compare_decimals(&held, bound));
    match order {
        Some(Ordering::Equal) => or_equal,
        Some(Ordering::Less) => upper,
        Some(Ordering::Greater) => !upper,
        None => false,
    }
}

fn compare_pattern<'a>(recorder: &mut Recorder<'a>, context: &Context, old: &View<'a>, new: &View<'a>) {
    let text = |view: &View<'a>| view.get("pattern").and_then(|place| place.node.as_str());
    let (level, what) = match (text(old), text(new)) {
        (Some(a), Some(b)) if a == b => return,
        (Some(_), Some(".*" | "^.*$")) => (context.level(Effect::Widened), "pattern-generalized"),
        // Whether one pattern admits what another does is not decided here: a person must look.
        (Some(_), Some(_)) => (context.soft(Effect::Moved), "pattern-changed"),
        (None, Some(_)) => (context.level(Effect::Narrowed), "pattern-added"),
        (Some(_), None) if context.strict => (context.level(Effect::Widened), "pattern-removed"),
        (Some(_), None) => (Level::Info, "pattern-removed"),
        (None, None) => return,
    };
    let level = if what == "pattern-changed" && context.direction == Direction::Response && !context.strict {
        Level::Info
    } else {
        level
    };
    let pair = Pair { base: old.at("pattern"), revision: new.at("pattern") };
    let words = |text: Option<&str>| text.map_or_else(|| "none".to_owned(), |text| format!("`{text}`"));
    let said = format!("the pattern of {} changed from {} to {}", context.words(), words(text(old)), words(text(new)));
    recorder.say(context, &context.id(what), level, &pair, "", said);
}

fn compare_unique<'a>(recorder: &mut Recorder<'a>, context: &Context, old: &View<'a>, new: &View<'a>) {
    let (effect, what) = match (old.flag("uniqueItems"), new.flag("uniqueItems")) {
        (false, true) => (Effect::Narrowed, "unique-items-added"),
        (true, false) => (Effect::Widened, "unique-items-removed"),
        _ => return,
    };
    let pair = Pair { base: old.at("uniqueItems"), revision: new.at("uniqueItems") };
    let text = format!("`uniqueItems` of {} changed", context.words());
    recorder.say(context, &context.id(what), context.level(effect), &pair, "", text);
}

fn compare_multiple<'a>(recorder: &mut Recorder<'a>, context: &Context, old: &View<'a>, new: &View<'a>) {
    let (before, after) = (old.value("multipleOf"), new.value("multipleOf"));
    let divides = |a: &Value, b: &Value| match (a.as_f64(), b.as_f64()) {
        (Some(a), Some(b)) if b != 0.0 => (a / b).fract() == 0.0,
        _ => false,
    };
    let (effect, what) = match (&before, &after) {
        (Some(a), Some(b)) if compare_decimals(a, b) == Some(Ordering::Equal) => return,
        (Some(a), Some(b)) if divides(a, b) => (Effect::Widened, "multiple-of-changed"),
        (Some(a), Some(b)) if divides(b, a) => (Effect::Narrowed, "multiple-of-changed"),
        (Some(_), Some(_)) => (Effect::Moved, "multiple-of-changed"),
        (None, Some(_)) => (Effect::Narrowed, "multiple-of-added"),
        (Some(_), None) => (Effect::Widened, "multiple-of-removed"),
        (None, None) => return,
    };
    let pair = Pair { base: old.at("multipleOf"), revision: new.at("multipleOf") };
    let text = format!("`multipleOf` of {} changed", context.words());
    recorder.say(context, &context.id(what), context.level(effect), &pair, "", text);
}
