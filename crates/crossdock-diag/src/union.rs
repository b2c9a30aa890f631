//! Which alternative of a union a person meant, so that the mistakes of that one are shown and not those of all.
//! Here: the choice, by kind, by a tag, by the first required key that is present. Not here: the mistakes themselves (`shape`).

use serde_json::Value;

use crate::diagnostic::Diagnostic;
use crate::document::Node;
use crate::schema::View;
use crate::shape::{Checker, fits};
use crate::source::Span;
use crate::suggest::{did_you_mean, list_of};

impl<'a> Checker<'a> {
    /// Judges a node by the alternative that was meant.
    pub(crate) fn check_union(&mut self, node: &Node, alternatives: &[&'a Value], head: Span) {
        // Unions in unions are one union.
        let mut flat = Vec::new();
        self.flatten(alternatives, 0, &mut flat);
        let possible: Vec<&(&'a Value, View<'a>)> = flat.iter().filter(|(_, view)| may_be(node, view)).collect();
        match possible.as_slice() {
            [] => self.no_kind_fits(node, &flat, head),
            [(schema, _)] => self.check(node, schema, head),
            _ if node.as_map().is_some() => self.check_objects(node, &possible, head),
            _ => self.check_each(node, &possible, head),
        }
    }

    fn flatten(&self, alternatives: &[&'a Value], depth: usize, flat: &mut Vec<(&'a Value, View<'a>)>) {
        for schema in alternatives {
            let view = self.root.view(schema);
            let inner = view.alternatives();
            // An alternative with keys of its own is no mere union: it stays whole.
            if inner.is_empty() || depth > 8 || view.first("properties").is_some() {
                flat.push((schema, view));
            } else {
                self.flatten(&inner, depth + 1, flat);
            }
        }
    }

    fn no_kind_fits(&mut self, node: &Node, flat: &[(&'a Value, View<'a>)], head: Span) {
        let mut kinds: Vec<&str> = Vec::new();
        for (_, view) in flat {
            let here =
                view.types().unwrap_or_else(|| if view.values().is_some() { vec!["string"] } else { Vec::new() });
            for kind in here {
                if !kinds.contains(&kind) {
                    kinds.push(kind);
                }
            }
        }
        self.wrong_type(node, &kinds, head);
    }

    fn check_objects(&mut self, node: &Node, possible: &[&(&'a Value, View<'a>)], head: Span) {
        if let Some(tag) = common_tag(self, possible) {
            return self.check_tagged(node, possible, tag, head);
        }
        let entries = node.as_map().unwrap_or_default();
        let known = |view: &View<'a>| entries.iter().filter(|(key, _)| view.property(&key.text).is_some()).count();
        let mut best: Option<(usize, &'a Value)> = None;
        for (schema, view) in possible {
            // An alternative without required keys, such as a free mapping, takes what no other claims.
            let claimed =
                view.required().first().map_or(0, |first| if node.get(first).is_some() { 1 + known(view) } else { 0 });
            if claimed > best.map_or(0, |(most, _)| most) {
                best = Some((claimed, schema));
            }
        }
        let open = possible.iter().find(|(_, view)| view.required().is_empty());
        match (best, open) {
            (Some((_, schema)), _) => self.check(node, schema, head),
            (None, Some((schema, _))) => self.check(node, schema, head),
            (None, None) => self.unclaimed(node, possible),
        }
    }

    /// Each alternative has a key with a fixed value, the same key in all.
    fn check_tagged(&mut self, node: &Node, possible: &[&(&'a Value, View<'a>)], tag: &'a str, head: Span) {
        let Some(value) = node.get(tag) else {
            let diagnostic = Diagnostic::error("shape::missing_key", format!("missing key `{tag}`"))
                .at(self.file, head, format!("needs `{tag}`"))
                .help(format!(
                    "`{tag}` is one of {}",
                    list_of(tag_values(self, possible, tag).iter().filter_map(|value| value.as_str()), 24)
                ));
            self.found.push(diagnostic);
            return;
        };
        let wanted = value.to_value();
        let chosen =
            possible.iter().find(|(_, view)| tag_of(self, view, tag).is_some_and(|listed| listed.contains(&&wanted)));
        if let Some((schema, _)) = chosen {
            self.check(node, schema, head);
        } else {
            let values = tag_values(self, possible, tag);
            self.check_listed(value, &values, value.span);
        }
    }

    /// No key says which alternative is meant.
    fn unclaimed(&mut self, node: &Node, possible: &[&(&'a Value, View<'a>)]) {
        let mut firsts: Vec<&str> = Vec::new();
        for (_, view) in possible {
            firsts.extend(
                view.required()
                    .first()
                    .filter(|first| !firsts.contains(first))
                    .copied()
                    .into_iter()
                    .collect::<Vec<_>>(),
            );
        }
        let help = format!("one of these keys says what it is: {}", list_of(firsts.iter().copied(), 24));
        let near = node
            .as_map()
            .unwrap_or_default()
            .iter()
            .find_map(|(key, _)| did_you_mean(&key.text, firsts.iter().copied()).map(|near| (key, near)));
        let diagnostic = match near {
            Some((key, near)) => {
                Diagnostic::error("shape::unknown_key", format!("unknown key `{}`; did you mean `{near}`?", key.text))
                    .at(self.file, key.span, "not a key here")
            }
            None => {
                Diagnostic::error("shape::unknown_kind", "nothing says what this is").at(self.file, node.head(), "here")
            }
        };
        self.found.push(diagnostic.help(help));
    }

    /// Alternatives of one kind: the listed values together, else the one with the fewest mistakes.
    fn check_each(&mut self, node: &Node, possible: &[&(&'a Value, View<'a>)], head: Span) {
        let listed: Option<Vec<Vec<&Value>>> = possible.iter().map(|(_, view)| view.values()).collect();
        if let Some(listed) = listed {
            let values: Vec<&Value> = listed.into_iter().flatten().collect();
            return self.check_listed(node, &values, head);
        }
        let mut fewest: Option<Vec<Diagnostic>> = None;
        for (schema, _) in possible {
            let mut trial = Checker { file: self.file, root: self.root, found: Vec::new() };
            trial.check(node, schema, head);
            if fewest.as_ref().is_none_or(|least| trial.found.len() < least.len()) {
                fewest = Some(trial.found);
            }
        }
        self.found.extend(fewest.unwrap_or_default());
    }
}

/// Whether a node is of the kind of an alternative; a text may be a slip of one of its listed values.
fn may_be(node: &Node, view: &View<'_>) -> bool {
    if let Some(values) = view.values() {
        let is_text = node.as_str().is_some();
        return values.iter().any(|value| if is_text { value.is_string() } else { **value == node.to_value() });
    }
    view.types().is_none_or(|types| types.iter().any(|kind| fits(node, kind)))
}

/// The key that is required and fixed in every alternative.
fn common_tag<'a>(checker: &Checker<'a>, possible: &[&(&'a Value, View<'a>)]) -> Option<&'a str> {
    let (_, first) = possible.first()?;
    first.required().into_iter().find(|name| {
        possible.iter().all(|(_, view)| view.required().contains(name) && tag_of(checker, view, name).is_some())
    })
}

fn tag_of<'a>(checker: &Checker<'a>, view: &View<'a>, tag: &str) -> Option<Vec<&'a Value>> {
    checker.root.view(view.property(tag)?).values()
}

fn tag_values<'a>(checker: &Checker<'a>, possible: &[&(&'a Value, View<'a>)], tag: &str) -> Vec<&'a Value> {
    possible.iter().filter_map(|(_, view)| tag_of(checker, view, tag)).flatten().collect()
}
