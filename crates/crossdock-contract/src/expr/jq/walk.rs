//! What can be known of an expression without running it: the names it reads, the arithmetic that loses decimals.

use std::collections::BTreeSet;

use jaq_core::load::lex::StrPart;
use jaq_core::load::parse::{BinaryOp, Term};
use jaq_core::path::Part;

use crate::expr::Terms;

/// Functions whose arguments see the same `.` as the call itself.
const SAME_INPUT: &[&str] = &[
    "select",
    "error",
    "has",
    "isempty",
    "startswith",
    "endswith",
    "test",
    "contains",
    "inside",
    "in",
    "join",
    "split",
    "limit",
    "skip",
    "nth",
    "first",
    "last",
    "ltrimstr",
    "rtrimstr",
    "getpath",
    "index",
    "indices",
    "not",
];

/// The paths from the root that the term reads.
pub(super) fn roots(term: &Term<&str>) -> Vec<String> {
    let mut found = BTreeSet::new();
    collect(term, true, &mut found);
    found.into_iter().collect()
}

/// A path in jq's spelling: `.captured.order`, `."odd name"`.
pub(in crate::expr) fn root_text(names: &[&str]) -> String {
    let mut out = String::new();
    for name in names {
        let plain = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        out.push('.');
        if plain {
            out.push_str(name);
        } else {
            out.push_str(&serde_json::Value::from(*name).to_string());
        }
    }
    out
}

fn collect(term: &Term<&str>, at_root: bool, found: &mut BTreeSet<String>) {
    match term {
        Term::Id | Term::Recurse | Term::Num(_) | Term::Break(_) | Term::Var(_) | Term::Arr(None) => {}
        Term::Str(_, parts) => {
            for part in parts {
                if let StrPart::Term(inner) = part {
                    collect(inner, at_root, found);
                }
            }
        }
        Term::Arr(Some(inner)) | Term::Neg(inner) | Term::Label(_, inner) => collect(inner, at_root, found),
        Term::Obj(pairs) => {
            for (key, value) in pairs {
                collect(key, at_root, found);
                match (key, value) {
                    (_, Some(value)) => collect(value, at_root, found),
                    (Term::Str(None, parts), None) if at_root => {
                        if let [StrPart::Str(name)] = parts.as_slice() {
                            found.insert(root_text(&[name])); // `{orderId}` is short for `{orderId: .orderId}`
                        }
                    }
                    _ => {}
                }
            }
        }
        Term::BinOp(left, op, right) => {
            collect(left, at_root, found);
            let keeps = matches!(op, BinaryOp::Pipe(Some(_))) || !matches!(op, BinaryOp::Pipe(None) | BinaryOp::Update);
            collect(right, at_root && keeps, found);
        }
        Term::Fold(_, source, _, rest) => {
            collect(source, at_root, found);
            for inner in rest {
                collect(inner, false, found);
            }
        }
        Term::TryCatch(body, catch) => {
            collect(body, at_root, found);
            if let Some(inner) = catch {
                collect(inner, false, found);
            }
        }
        Term::IfThenElse(branches, otherwise) => {
            for (condition, then) in branches {
                collect(condition, at_root, found);
                collect(then, at_root, found);
            }
            if let Some(inner) = otherwise {
                collect(inner, at_root, found);
            }
        }
        Term::Def(_, body) => collect(body, false, found),
        Term::Call(name, arguments) => {
            let same = at_root && SAME_INPUT.contains(name);
            // `any(generator; condition)`: the generator sees the input, the condition what it yields.
            let generator = at_root && arguments.len() == 2 && matches!(*name, "any" | "all");
            for (index, inner) in arguments.iter().enumerate() {
                collect(inner, same || generator && index == 0, found);
            }
        }
        Term::Path(head, path) => {
            if at_root && matches!(**head, Term::Id) {
                let names: Vec<&str> = path.0.iter().map_while(|(part, _)| key(part)).collect();
                if !names.is_empty() {
                    found.insert(root_text(&names));
                }
            } else {
                collect(head, at_root, found);
            }
            for (part, _) in &path.0 {
                match part {
                    Part::Index(Term::Str(..)) => {}
                    Part::Index(inner) => collect(inner, at_root, found),
                    Part::Range(from, to) => from.iter().chain(to).for_each(|inner| collect(inner, at_root, found)),
                }
            }
        }
    }
}

fn key<'s>(part: &Part<Term<&'s str>>) -> Option<&'s str> {
    let Part::Index(Term::Str(None, parts)) = part else { return None };
    match parts.as_slice() {
        [StrPart::Str(name)] => Some(name),
        _ => None,
    }
}

/// The bound properties whose values take part in jq arithmetic: it calculates with binary floats.
pub(super) fn inexact(term: &Term<&str>, terms: &Terms) -> Vec<String> {
    let mut found = BTreeSet::new();
    arithmetic(term, terms, false, &mut found);
    found.into_iter().collect()
}

fn arithmetic(term: &Term<&str>, terms: &Terms, inside: bool, found: &mut BTreeSet<String>) {
    let mut each = |inner: &Term<&str>, inside: bool| arithmetic(inner, terms, inside, found);
    match term {
        Term::BinOp(left, op, right) => {
            let here = matches!(op, BinaryOp::Math(_) | BinaryOp::UpdateMath(_));
            let sums = matches!(op, BinaryOp::Pipe(None)) && matches!(**right, Term::Call("add", _));
            each(left, inside || here || sums);
            each(right, inside || here);
        }
        Term::Path(head, path) => {
            each(head, inside);
            let last = path.0.iter().rev().find_map(|(part, _)| key(part));
            if let Some(name) = last.filter(|name| inside && terms.contains(name)) {
                found.insert(name.to_owned());
            }
        }
        Term::Arr(Some(inner)) | Term::Label(_, inner) => each(inner, inside),
        Term::Neg(inner) => each(inner, true),
        Term::Call(name, arguments) => arguments.iter().for_each(|inner| each(inner, inside || *name == "add")),
        Term::TryCatch(body, _) => each(body, inside),
        Term::IfThenElse(branches, otherwise) => {
            for (condition, then) in branches {
                each(condition, false);
                each(then, inside);
            }
            if let Some(inner) = otherwise {
                each(inner, inside);
            }
        }
        Term::Obj(pairs) => pairs.iter().filter_map(|(_, value)| value.as_ref()).for_each(|inner| each(inner, false)),
        _ => {}
    }
}
