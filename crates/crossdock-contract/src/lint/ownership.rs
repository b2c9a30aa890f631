//! `ownership.yaml`: every group has exactly one owner on every day, and names what exists.

use std::collections::{BTreeMap, BTreeSet};

use super::names::date;
use super::{Lint, near};
use crate::catalog::matches;
use crate::library::Place;
use crate::ownership::{Act, Grant, Group, OwnedObject};

pub(super) fn check(lint: &mut Lint<'_>) {
    let Some(root) = lint.library().root("ownership.yaml") else { return };
    let ownership = lint.contracts.ownership();
    let mut seen = BTreeSet::new();
    for (object, place) in ownership.objects.iter().zip(root.get("objects").iter().flat_map(Place::items)) {
        if !seen.insert(&object.object) {
            lint.say(
                "ownership/duplicate",
                &place,
                format!("`{}` is declared twice", object.object),
                "again here",
                None,
            );
        }
        check_fields(lint, object, &place);
        for (group, place) in object.groups.iter().zip(place.get("groups").iter().flat_map(Place::items)) {
            check_group(lint, object, group, &place);
        }
    }
    check_facts(lint, &root);
}

/// Fields exist, belong to one group, and leave no property without one.
fn check_fields(lint: &mut Lint<'_>, object: &OwnedObject, place: &Place<'_>) {
    let properties: Option<Vec<String>> = lint.contracts.object(&object.object).map(|schema| {
        let properties = schema.value().get("properties").and_then(serde_json::Value::as_object);
        properties.map(|map| map.keys().cloned().collect()).unwrap_or_default()
    });
    let mut owner: BTreeMap<&str, &str> = BTreeMap::new();
    for (group, place) in object.groups.iter().zip(place.get("groups").iter().flat_map(Place::items)) {
        for (field, at) in group.fields.iter().zip(place.get("fields").iter().flat_map(Place::items)) {
            if let Some(other) = owner.insert(field, &group.group) {
                let message = format!("`{field}` belongs to `{other}` already: a property has one owner");
                lint.say("ownership/overlap", &at, message, "again here", None);
            }
            // Parts of an object may stand in a file of their own: `rejectReason` of a receipt in `receipt-line`.
            let objects = lint.contracts.objects();
            let elsewhere =
                || objects.values().any(|schema| schema.value().pointer(&format!("/properties/{field}")).is_some());
            let known = field == "*"
                || properties.as_ref().is_none_or(|all| all.iter().any(|name| name == field))
                || elsewhere();
            if !known {
                let all = properties.iter().flatten().map(String::as_str);
                let message = format!("objects/{} has no property `{field}`", object.object);
                lint.say("ownership/unknown-field", &at, message, "unknown property", near(field, all));
            }
        }
    }
    if owner.contains_key("*") {
        return;
    }
    let free: Vec<&String> = properties.iter().flatten().filter(|name| !owner.contains_key(name.as_str())).collect();
    if !free.is_empty() {
        let names: Vec<&str> = free.iter().map(|name| name.as_str()).collect();
        let help = Some("name them in a group, or give one group `fields: [\"*\"]`".to_owned());
        lint.say(
            "ownership/unowned",
            place,
            format!("nobody owns {} of `{}`", names.join(", "), object.object),
            "not complete",
            help,
        );
    }
}

fn check_group(lint: &mut Lint<'_>, object: &OwnedObject, group: &Group, place: &Place<'_>) {
    let name = format!("{}.{}", object.object, group.group);
    let grants: Vec<(&Grant, Place<'_>)> =
        group.grants.iter().zip(place.get("grants").iter().flat_map(Place::items)).collect();
    // What nobody creates (a description, a decision about another's object) belongs to whoever adds it.
    let only_enriched = !grants.iter().any(|(grant, _)| owns(grant));
    let mut periods: Vec<(String, String)> = Vec::new();
    for (grant, at) in &grants {
        if !lint.contracts.catalog().systems.is_empty() && !knows(lint, &grant.system) {
            let help = near(&grant.system, lint.contracts.systems());
            let system = at.get("system").unwrap_or_else(|| at.clone());
            lint.say(
                "ownership/unknown-system",
                &system,
                format!("there is no system `{}`", grant.system),
                "unknown system",
                help,
            );
        }
        for (key, text) in [("from", Some(&grant.from)), ("until", grant.until.as_ref())] {
            if let (Some(text), Some(at)) = (text, at.get(key))
                && date(text).is_none()
            {
                lint.say("ownership/dates", &at, format!("`{text}` is not a date"), "here", Some("YYYY-MM-DD".into()));
            }
        }
        if grant.until.as_ref().is_some_and(|until| until <= &grant.from) {
            lint.say(
                "ownership/dates",
                at,
                format!("`{name}`: the grant ends before it begins"),
                "never in force",
                None,
            );
        }
        if owns(grant) || only_enriched {
            periods.push((grant.from.clone(), grant.until.clone().unwrap_or_else(|| OPEN.to_owned())));
        }
    }
    check_overlaps(lint, &name, &grants);
    if periods.is_empty() {
        lint.say(
            "ownership/unowned",
            place,
            format!("nobody may create or update `{name}`"),
            "no owner",
            Some("a grant with `may: [create, update]`".into()),
        );
        return;
    }
    periods.sort();
    let mut covered = periods.first().map(|(_, until)| until.clone()).unwrap_or_default();
    for (from, until) in periods.iter().skip(1) {
        if *from > covered {
            lint.say(
                "ownership/gap",
                place,
                format!("nobody owns `{name}` from {covered} until {from}"),
                "a gap in time",
                None,
            );
        }
        if *until > covered {
            covered.clone_from(until);
        }
    }
    if covered != OPEN {
        let message = format!("nobody owns `{name}` from {covered} on");
        lint.say(
            "ownership/gap",
            place,
            message,
            "ownership ends",
            Some("leave `until` of the last grant open".into()),
        );
    }
}

const OPEN: &str = "9999-12-31";

fn owns(grant: &Grant) -> bool {
    grant.may.iter().any(|act| matches!(act, Act::Create | Act::Update))
}

/// Two owners on one day. Several may create, and then each owns what it made (an order belongs to its channel); two that
/// only update would overwrite each other.
fn check_overlaps(lint: &mut Lint<'_>, name: &str, grants: &[(&Grant, Place<'_>)]) {
    for (index, (one, _)) in grants.iter().enumerate() {
        for (other, at) in grants.iter().skip(index + 1) {
            let end = |grant: &Grant| grant.until.clone().unwrap_or_else(|| OPEN.to_owned());
            let in_time = one.from < end(other) && other.from < end(one);
            if !in_time {
                continue;
            }
            let same = matches(&one.system, &other.system) || matches(&other.system, &one.system);
            let shared: Vec<&Act> = one.may.iter().filter(|act| other.may.contains(act)).collect();
            let help = Some("end the one with `until` on the day on which the other begins".to_owned());
            if same && !shared.is_empty() {
                let message =
                    format!("`{name}`: `{}` and `{}` are granted the same at the same time", one.system, other.system);
                lint.say("ownership/overlap", at, message, "overlaps", help);
            } else if !same && one.may == [Act::Update] && other.may == [Act::Update] {
                let message =
                    format!("`{name}`: `{}` and `{}` both update it at the same time", one.system, other.system);
                lint.say("ownership/overlap", at, message, "a second owner", help);
            }
        }
    }
}

fn knows(lint: &Lint<'_>, id: &str) -> bool {
    let catalog = lint.contracts.catalog();
    catalog.knows_system(id) || catalog.systems.iter().any(|known| matches(id, &known.id))
}

/// What the facts of systems of record carry has an owner.
fn check_facts(lint: &mut Lint<'_>, root: &Place<'_>) {
    let contracts = lint.contracts;
    let owned = |carried: &str, word: &str| {
        contracts.ownership().objects.iter().any(|object| {
            object.object == carried
                || object.object == word
                || carried.strip_prefix(object.object.as_str()).is_some_and(|rest| rest.starts_with('-'))
        })
    };
    for event in contracts.events().values() {
        let from_hub = contracts
            .catalog()
            .events
            .iter()
            .any(|entry| entry.id == event.event_type && entry.implemented_by.iter().any(|system| system == "hub"));
        let data = event.schema.value().pointer("/properties/data/$ref").and_then(serde_json::Value::as_str);
        let Some(carried) =
            data.map(|reference| crate::api::compile::stem(reference.split('#').next().unwrap_or(reference)))
        else {
            continue;
        };
        let word = event.event_type.split('.').next().unwrap_or_default().replace('_', "-");
        if !from_hub && !owned(carried, &word) {
            let objects = root.get("objects").unwrap_or_else(|| root.clone());
            let message = format!("`{}` carries `{carried}`, and nobody owns it", event.event_type);
            let help = Some(format!("declare `{carried}` or `{word}` with its groups and grants"));
            lint.say("ownership/unowned", &objects, message, "not complete", help);
        }
    }
}
