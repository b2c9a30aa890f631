//! `catalog.yaml`: every contract is listed, every entry exists, and what an entry says of its file is true.

use std::collections::BTreeMap;

use crossdock_diag::{SourceFile, Span};

use super::names::{date, is_semver};
use super::{Lint, near};
use crate::api::compile::stem;
use crate::catalog::{Entry, LifecycleState, matches};
use crate::library::Place;
use crate::load::Kind;

pub(super) fn check(lint: &mut Lint<'_>) {
    let Some(root) = lint.library().root("catalog.yaml") else {
        let file = SourceFile::new("catalog.yaml", "");
        lint.say_at(
            "catalog/missing",
            &file,
            Span::at(0),
            "there is no catalog.yaml: nobody owns or consumes these contracts",
            "missing",
            Some("list every API, event and guide with its owner, lifecycle and consumers".into()),
        );
        return;
    };
    let catalog = lint.contracts.catalog();
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for (section, entries) in [("apis", &catalog.apis), ("events", &catalog.events), ("guides", &catalog.guides)] {
        let places: Vec<Place<'_>> = root.get(section).iter().flat_map(Place::items).collect();
        for (entry, place) in entries.iter().zip(&places) {
            if let Some(line) = seen.insert(&entry.id, place.line_col().0) {
                let help = Some(format!("the first is on line {line}"));
                lint.say("catalog/duplicate", place, format!("`{}` is listed twice", entry.id), "again here", help);
            }
            check_entry(lint, section, entry, place);
        }
    }
    check_unlisted(lint);
}

fn check_entry(lint: &mut Lint<'_>, section: &str, entry: &Entry, place: &Place<'_>) {
    let contracts = lint.contracts;
    let at = |key: &str| place.get(key).unwrap_or_else(|| place.clone());
    if lint.library().get(&entry.file).is_none() {
        // A guide or a file of another syntax may stand outside what is read; a missing one is missing all the same.
        let names: Vec<&str> = lint.library().documents().map(|(path, _)| path).collect();
        lint.say(
            "catalog/no-such-file",
            &at("file"),
            format!("`{}` does not exist", entry.file),
            "no such file",
            near(&entry.file, names),
        );
    } else {
        check_content(lint, section, entry, place);
    }
    for key in ["implemented_by", "consumers"] {
        for system in place.get(key).iter().flat_map(Place::items) {
            let Some(id) = system.node.as_str() else { continue };
            if id != "*" && !knows(lint, id) {
                let help = near(id, contracts.systems());
                lint.say(
                    "catalog/unknown-system",
                    &system,
                    format!("there is no system `{id}`"),
                    "unknown system",
                    help,
                );
            }
        }
    }
    if entry.implemented_by.is_empty() {
        lint.say(
            "catalog/unknown-system",
            &at("implemented_by"),
            format!("nobody provides `{}`", entry.id),
            "empty",
            None,
        );
    }
    if let Some(sla) = entry.sla.as_deref().filter(|sla| contracts.slas().get(sla).is_none()) {
        let help = near(sla, contracts.slas().ids());
        lint.say("catalog/unknown-sla", &at("sla"), format!("slas.yaml has no `{sla}`"), "unknown SLA", help);
    }
    if !is_semver(&entry.version) {
        lint.say(
            "catalog/version",
            &at("version"),
            format!("`{}` is not a semantic version", entry.version),
            "here",
            Some("three numbers: 1.0.0".into()),
        );
    }
    check_lifecycle(lint, entry, &at("lifecycle"));
}

fn knows(lint: &Lint<'_>, id: &str) -> bool {
    let catalog = lint.contracts.catalog();
    catalog.knows_system(id) || catalog.systems.iter().any(|known| matches(id, &known.id))
}

fn check_content(lint: &mut Lint<'_>, section: &str, entry: &Entry, place: &Place<'_>) {
    let contracts = lint.contracts;
    let file = place.get("file").unwrap_or_else(|| place.clone());
    let kind = Kind::of(lint.library(), &entry.file);
    let wanted = match section {
        "apis" => Kind::OpenApi,
        "events" => Kind::AsyncApi,
        _ => Kind::Guide,
    };
    if kind != wanted {
        lint.say(
            "catalog/mismatch",
            &file,
            format!("`{}` is no file for {section}", entry.file),
            "another kind of file",
            None,
        );
        return;
    }
    match section {
        "apis" => {
            if stem(&entry.file) != entry.id {
                let message = format!("the API `{}` stands in `{}`", entry.id, entry.file);
                lint.say(
                    "catalog/mismatch",
                    &file,
                    message,
                    "id and file name differ",
                    Some(format!("call it `{}`", stem(&entry.file))),
                );
            }
            if let Some(api) =
                contracts.apis().iter().find(|api| api.file == entry.file && api.version != entry.version)
            {
                let at = place.get("version").unwrap_or_else(|| place.clone());
                let message = format!("the catalogue says version {}, the file {}", entry.version, api.version);
                lint.say("catalog/version", &at, message, "differs", Some(format!("make it {}", api.version)));
            }
        }
        "events" => match contracts.event(&entry.id) {
            None => {
                let at = place.get("id").unwrap_or_else(|| place.clone());
                let here = contracts.events().values().filter(|event| event.file == entry.file);
                let help = near(&entry.id, here.map(|event| event.event_type.as_str()));
                lint.say(
                    "catalog/mismatch",
                    &at,
                    format!("`{}` has no event `{}`", entry.file, entry.id),
                    "unknown event",
                    help,
                );
            }
            Some(event) if event.file != entry.file => {
                let message = format!("`{}` is described in `{}`", entry.id, event.file);
                lint.say("catalog/mismatch", &file, message, "another file", None);
            }
            Some(_) => {}
        },
        _ => {}
    }
}

fn check_lifecycle(lint: &mut Lint<'_>, entry: &Entry, place: &Place<'_>) {
    let life = &entry.lifecycle;
    let at = |key: &str| place.get(key).unwrap_or_else(|| place.clone());
    let since = date(&life.since);
    if since.is_none() {
        lint.say(
            "catalog/lifecycle",
            &at("since"),
            format!("`{}` is not a date", life.since),
            "here",
            Some("YYYY-MM-DD".into()),
        );
    }
    let ends = matches!(life.state, LifecycleState::Deprecated | LifecycleState::Retired);
    match &life.sunset {
        None if ends => {
            lint.say(
                "catalog/lifecycle",
                place,
                format!("`{}` is going away, and nobody knows when", entry.id),
                "`sunset` is missing",
                Some("add `sunset: YYYY-MM-DD`, the last day it is served".into()),
            );
        }
        Some(text) => match (since, date(text)) {
            (_, None) => lint.say(
                "catalog/lifecycle",
                &at("sunset"),
                format!("`{text}` is not a date"),
                "here",
                Some("YYYY-MM-DD".into()),
            ),
            (Some(since), Some(sunset)) if life.state == LifecycleState::Deprecated => {
                let notice = since.until(sunset).map_or(0, |span| i64::from(span.get_days()));
                let least = lint.contracts.policy().versioning.deprecation_notice_days.map_or(0, i64::from);
                if notice < least {
                    let message =
                        format!("consumers of `{}` get {notice} days of notice, and policy promises {least}", entry.id);
                    lint.say("catalog/lifecycle", &at("sunset"), message, "too soon", None);
                }
            }
            _ => {}
        },
        None => {}
    }
    if let Some(next) = life.replaced_by.as_deref()
        && !lint.contracts.catalog().entries().any(|known| known.id == next)
    {
        let ids: Vec<&str> = lint.contracts.catalog().entries().map(|known| known.id.as_str()).collect();
        lint.say(
            "catalog/lifecycle",
            &at("replaced_by"),
            format!("there is no contract `{next}`"),
            "unknown",
            near(next, ids),
        );
    }
}

/// Files and events that the catalogue does not know.
fn check_unlisted(lint: &mut Lint<'_>) {
    let contracts = lint.contracts;
    let catalog = contracts.catalog();
    for (path, _) in lint.library().documents() {
        let Some(root) = lint.library().root(path) else { continue };
        let (listed, what) = match Kind::of(lint.library(), path) {
            // A document without paths holds shared parts and is no API.
            Kind::OpenApi if root.get("paths").is_some() => {
                (catalog.apis.iter().any(|entry| entry.file == path), "API")
            }
            Kind::Guide => (catalog.guides.iter().any(|entry| entry.file == path), "guide"),
            _ => continue,
        };
        if !listed {
            let help = Some(format!("add an entry with `file: {path}` to catalog.yaml"));
            lint.say(
                "catalog/unlisted",
                &root,
                format!("this {what} is not in catalog.yaml: nobody owns it"),
                "not listed",
                help,
            );
        }
    }
    for event in contracts.events().values() {
        if catalog.events.iter().any(|entry| entry.id == event.event_type) {
            continue;
        }
        let (path, pointer) = event.schema.address().split_once('#').unwrap_or((event.schema.address(), ""));
        if let Some(place) = lint.library().root(path).and_then(|root| root.at(pointer)) {
            let help = Some(format!("add an entry with `id: {}` to catalog.yaml", event.event_type));
            lint.say(
                "catalog/unlisted",
                &place,
                format!("the event `{}` is not in catalog.yaml: nobody owns it", event.event_type),
                "not listed",
                help,
            );
        }
    }
}
