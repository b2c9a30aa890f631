//! Bodies made from a declared example: the smallest valid one, and ones that break one rule each.
//! Here: changing a JSON document in one place at a time and asking the contract's own validator what that means. Not here: sending
//! (`call`), what an answer to it must be (`cases`).
//! Invariant: a body counts as invalid only when the validator has said so, and names the rule it breaks. Nothing is concluded from
//! how a schema looks, so references, unions and conditions need no second implementation here.

use std::collections::BTreeSet;

use serde_json::{Map, Number, Value};

/// What the validator says against a body: the first violated rule and its place. `None`: valid.
pub(crate) type Objection = Option<Breach>;

/// One violated rule.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Breach {
    /// JSON pointer into the body.
    pub(crate) pointer: String,
    /// The schema keyword.
    pub(crate) rule: String,
}

/// A body that is proved to break a rule of the contract.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Invalid {
    /// What was done, for the case's name: `without /lines/0/product`.
    pub(crate) change: String,
    /// What the validator says.
    pub(crate) breach: Breach,
    /// The body.
    pub(crate) body: Value,
}

/// Deepest place changed, and most items of a list looked at. Examples are small; a hostile one must not make millions of cases.
const DEEPEST: usize = 8;
const ITEMS: usize = 1;
/// Most places looked at in one example.
const PLACES: usize = 400;

/// Up to `most` invalid bodies, one rule at one place each, spread over the rules: every rule gets its first case before any gets
/// its second. `seed` says where the choice starts when there are more.
pub(crate) fn invalid_bodies(
    example: &Value,
    check: &dyn Fn(&Value) -> Objection,
    most: usize,
    seed: u64,
) -> Vec<Invalid> {
    let mut breaches = BTreeSet::new();
    let mut by_rule: Vec<(String, Vec<Invalid>)> = Vec::new();
    for pointer in places(example) {
        for (change, body) in changes(example, &pointer) {
            let Some(breach) = check(&body) else { continue };
            if !breaches.insert(breach.clone()) {
                continue;
            }
            let invalid = Invalid { change, breach, body };
            match by_rule.iter_mut().find(|(rule, _)| *rule == invalid.breach.rule) {
                Some((_, cases)) => cases.push(invalid),
                None => by_rule.push((invalid.breach.rule.clone(), vec![invalid])),
            }
        }
    }
    for (_, cases) in &mut by_rule {
        let start = usize::try_from(seed % cases.len() as u64).unwrap_or(0);
        cases.rotate_left(start);
    }
    let longest = by_rule.iter().map(|(_, cases)| cases.len()).max().unwrap_or(0);
    let rounds = (0..longest).flat_map(|round| by_rule.iter().filter_map(move |(_, cases)| cases.get(round)));
    rounds.take(most).cloned().collect()
}

/// The example without everything that may be left out, but for `keep` (names of properties that mark it as ours).
pub(crate) fn minimal(example: &Value, check: &dyn Fn(&Value) -> Objection, keep: &[&str]) -> Value {
    let mut smallest = example.clone();
    // Deepest first: an object whose parts are all optional may then go as a whole, and pointers above stay good.
    for pointer in places(example).into_iter().rev() {
        let Some(name) = pointer.rsplit('/').next().filter(|_| !pointer.is_empty()) else {
            continue;
        };
        if keep.contains(&name) || name.parse::<usize>().is_ok() {
            continue;
        }
        let Some(without) = removed(&smallest, &pointer) else {
            continue;
        };
        if check(&without).is_none() {
            smallest = without;
        }
    }
    smallest
}

/// Whether the contract declares a property of this name at the top of the body: a value no schema would take is then refused
/// *there*. An open object that does not know the name accepts it.
pub(crate) fn declares(example: &Value, name: &str, check: &dyn Fn(&Value) -> Objection) -> bool {
    let odd = [Value::Array(vec![Value::Null]), Value::Object(Map::from_iter([("crossdock".to_owned(), Value::Null)]))];
    odd.into_iter().any(|odd| {
        with(example, &format!("/{}", escape(name)), odd)
            .and_then(|body| check(&body))
            .is_some_and(|breach| breach.pointer.starts_with(&format!("/{}", escape(name))))
    })
}

/// Whether the body is invalid without this top-level property.
pub(crate) fn requires(example: &Value, name: &str, check: &dyn Fn(&Value) -> Objection) -> bool {
    removed(example, &format!("/{}", escape(name))).is_some_and(|without| check(&without).is_some())
}

/// The example with `value` at `pointer`, whose parent must be there.
pub(crate) fn with(example: &Value, pointer: &str, value: Value) -> Option<Value> {
    let mut changed = example.clone();
    if pointer.is_empty() {
        return Some(value);
    }
    let (parent, name) = pointer.rsplit_once('/')?;
    match changed.pointer_mut(parent)? {
        Value::Object(object) => {
            object.insert(unescape(name), value);
        }
        Value::Array(items) => *items.get_mut(name.parse::<usize>().ok()?)? = value,
        _ => return None,
    }
    Some(changed)
}

fn removed(example: &Value, pointer: &str) -> Option<Value> {
    let mut changed = example.clone();
    let (parent, name) = pointer.rsplit_once('/')?;
    // `shift_remove` keeps the order of what stays: the bodies in reports look like the example.
    changed.pointer_mut(parent)?.as_object_mut()?.shift_remove(&unescape(name))?;
    Some(changed)
}

/// The pointers of all places of the example, parents first, in document order.
fn places(example: &Value) -> Vec<String> {
    let mut found = Vec::new();
    walk(example, String::new(), 0, &mut found);
    found
}

fn walk(value: &Value, pointer: String, depth: usize, found: &mut Vec<String>) {
    if depth > DEEPEST || found.len() >= PLACES {
        return;
    }
    let children: Vec<(String, &Value)> = match value {
        Value::Object(object) => {
            object.iter().map(|(name, child)| (format!("{pointer}/{}", escape(name)), child)).collect()
        }
        Value::Array(items) => {
            items.iter().take(ITEMS).enumerate().map(|(index, child)| (format!("{pointer}/{index}"), child)).collect()
        }
        _ => Vec::new(),
    };
    found.push(pointer);
    for (pointer, child) in children {
        walk(child, pointer, depth + 1, found);
    }
}

/// What may be done to one place of the example: each as its description and the whole changed body.
fn changes(example: &Value, pointer: &str) -> Vec<(String, Value)> {
    let Some(here) = example.pointer(pointer) else {
        return Vec::new();
    };
    let shown = if pointer.is_empty() { "the body" } else { pointer };
    let mut changes = Vec::new();
    if let Some(without) = removed(example, pointer) {
        changes.push((format!("without {shown}"), without));
    }
    for (what, value) in replacements(here) {
        if let Some(body) = with(example, pointer, value) {
            changes.push((format!("{shown} {what}"), body));
        }
    }
    if here.is_object()
        && let Some(body) = with(example, &format!("{pointer}/crossdockUnexpected"), Value::Bool(true))
    {
        changes.push((format!("{shown} with an unknown property"), body));
    }
    changes
}

fn replacements(here: &Value) -> Vec<(&'static str, Value)> {
    let text = |text: &str| Value::String(text.to_owned());
    let object = || Value::Object(Map::from_iter([("wrong".to_owned(), Value::String("type".to_owned()))]));
    let mut replacements = match here {
        Value::Null => vec![],
        Value::Bool(_) => vec![("as text", text("maybe"))],
        Value::Number(_) => vec![
            ("as text", text("many")),
            ("below zero", Value::Number(Number::from(-1))),
            ("huge", Value::Number(Number::from(9_000_000_000_000_000_000_i64))),
        ],
        Value::String(_) => vec![
            ("as an object", object()),
            ("with a value nobody knows", text("~ crossdock ~")),
            ("empty", text("")),
            ("far too long", text(&"x".repeat(5000))),
        ],
        Value::Array(_) => vec![("as an object", object()), ("empty", Value::Array(Vec::new()))],
        Value::Object(_) => vec![("as text", text("nothing")), ("as a list", Value::Array(Vec::new()))],
    };
    replacements.push(("null", Value::Null));
    replacements
}

fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

fn unescape(name: &str) -> String {
    name.replace("~1", "/").replace("~0", "~")
}
