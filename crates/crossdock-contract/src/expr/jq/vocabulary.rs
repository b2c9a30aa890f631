//! What an expression may say. Why: scenarios run unattended in production, so an expression that waits, loops,
//! or reads the machine is refused when the file is loaded, not found out at three in the morning.
//! Here: the functions that may be called, and the constructs that may not be used, each with what to use instead.

use jaq_core::load::lex::StrPart;
use jaq_core::load::parse::{BinaryOp, Pattern, Term};
use jaq_core::ops::Math;
use jaq_core::path::Part;

use super::offset_in;
use crate::expr::ExprError;

/// jq's functions that end, and that depend on nothing but their input.
const FUNCTIONS: &[&str] = &[
    "abs",
    "add",
    "all",
    "any",
    "arrays",
    "ascii",
    "ascii_downcase",
    "ascii_upcase",
    "booleans",
    "capture",
    "ceil",
    "contains",
    "del",
    "delpaths",
    "empty",
    "endswith",
    "error",
    "explode",
    "false",
    "first",
    "flatten",
    "floor",
    "from_entries",
    "fromdate",
    "fromdateiso8601",
    "fromjson",
    "getpath",
    "gmtime",
    "group_by",
    "gsub",
    "has",
    "implode",
    "in",
    "index",
    "indices",
    "inside",
    "isarray",
    "isboolean",
    "isempty",
    "isnumber",
    "isobject",
    "isstring",
    "iterables",
    "join",
    "keys",
    "keys_unsorted",
    "last",
    "length",
    "limit",
    "ltrim",
    "ltrimstr",
    "map",
    "map_values",
    "match",
    "max",
    "max_by",
    "min",
    "min_by",
    "mktime",
    "not",
    "nth",
    "null",
    "nulls",
    "numbers",
    "objects",
    "path",
    "paths",
    "pick",
    "range",
    "reverse",
    "rindex",
    "round",
    "rtrim",
    "rtrimstr",
    "scalars",
    "scan",
    "select",
    "setpath",
    "skip",
    "sort",
    "sort_by",
    "split",
    "splits",
    "startswith",
    "strftime",
    "strings",
    "strptime",
    "sub",
    "test",
    "to_entries",
    "toboolean",
    "todate",
    "todateiso8601",
    "tojson",
    "tonumber",
    "tostring",
    "transpose",
    "trim",
    "true",
    "trunc",
    "type",
    "unique",
    "unique_by",
    "utf8bytelength",
    "values",
    "with_entries",
];

/// The largest number a `range` may count to.
const MAX_RANGE: u32 = 10_000;

/// Refuses the first thing that an expression may not say.
pub(super) fn check(text: &str, term: &Term<&str>) -> Result<(), ExprError> {
    Vocabulary { text }.term(term)
}

struct Vocabulary<'t> {
    text: &'t str,
}

impl Vocabulary<'_> {
    fn refuse(&self, part: &str, message: String, help: &str) -> ExprError {
        let offset = offset_in(self.text, part).unwrap_or(0);
        ExprError { offset, len: part.len().max(1), message, help: Some(help.to_owned()) }
    }

    fn term(&self, term: &Term<&str>) -> Result<(), ExprError> {
        match term {
            Term::Id | Term::Num(_) | Term::Break(_) | Term::Var(_) | Term::Arr(None) | Term::Recurse => Ok(()),
            Term::Str(_, parts) => parts.iter().try_for_each(|part| match part {
                StrPart::Term(inner) => self.term(inner),
                _ => Ok(()),
            }),
            Term::Arr(Some(inner)) | Term::Neg(inner) | Term::Label(_, inner) => self.term(inner),
            Term::Obj(pairs) => pairs.iter().try_for_each(|(key, value)| {
                self.term(key)?;
                value.as_ref().map_or(Ok(()), |value| self.term(value))
            }),
            Term::BinOp(left, op, right) => {
                self.operator(left, op, right)?;
                self.term(left)?;
                self.term(right)
            }
            Term::Fold(word, ..) => Err(self.refuse(
                word,
                format!("`{word}` may not be used: an expression must be sure to end"),
                "`map(…) | add` sums, `all(…)` and `any(…)` judge",
            )),
            Term::TryCatch(body, catch) => {
                self.term(body)?;
                catch.as_ref().map_or(Ok(()), |catch| self.term(catch))
            }
            Term::IfThenElse(branches, otherwise) => {
                for (condition, then) in branches {
                    self.term(condition)?;
                    self.term(then)?;
                }
                otherwise.as_ref().map_or(Ok(()), |otherwise| self.term(otherwise))
            }
            Term::Def(definitions, _) => Err(self.refuse(
                definitions.first().map_or("", |d| d.name),
                "an expression defines no functions".into(),
                "write it out, or capture the parts in earlier steps",
            )),
            Term::Call(name, arguments) => {
                self.call(name, arguments)?;
                arguments.iter().try_for_each(|argument| self.term(argument))
            }
            Term::Path(head, path) => {
                self.term(head)?;
                path.0.iter().try_for_each(|(part, _)| match part {
                    Part::Index(index) => self.term(index),
                    Part::Range(from, to) => from.iter().chain(to).try_for_each(|bound| self.term(bound)),
                })
            }
        }
    }

    fn operator(&self, left: &Term<&str>, op: &BinaryOp<&str>, right: &Term<&str>) -> Result<(), ExprError> {
        match op {
            BinaryOp::Pipe(Some(pattern)) => self.pattern(pattern),
            // A string times a number repeats it: the one way in which a short message could fill the memory.
            BinaryOp::Math(Math::Mul) | BinaryOp::UpdateMath(Math::Mul) if !(is_number(left) && is_number(right)) => {
                Err(self.refuse(
                    self.text,
                    "both sides of `*` must plainly be numbers".into(),
                    "write `(.a | tonumber) * 2`; objects are merged by `+`",
                ))
            }
            BinaryOp::Assign => Err(self.refuse(
                self.text,
                "`=` changes its input, and is never false".into(),
                "a comparison is written `==`, a change `|=`",
            )),
            BinaryOp::Update if contains_recursion(left) => Err(self.refuse(
                self.text,
                "`.. |= …` may not be used: it need not end".into(),
                "name the paths to update",
            )),
            _ => Ok(()),
        }
    }

    fn pattern(&self, pattern: &Pattern<&str>) -> Result<(), ExprError> {
        match pattern {
            Pattern::Var(_) => Ok(()),
            Pattern::Arr(items) => items.iter().try_for_each(|item| self.pattern(item)),
            Pattern::Obj(pairs) => pairs.iter().try_for_each(|(key, value)| {
                self.term(key)?;
                self.pattern(value)
            }),
        }
    }

    fn call(&self, name: &str, arguments: &[Term<&str>]) -> Result<(), ExprError> {
        if name == "range" && !arguments.iter().all(is_small_count) {
            return Err(self.refuse(
                name,
                format!("`range` takes plain numbers up to {MAX_RANGE}"),
                "`.lines | length` counts, `.lines | to_entries` numbers",
            ));
        }
        if FUNCTIONS.contains(&name) || name.starts_with('@') {
            return Ok(());
        }
        let help = match name {
            "env" | "input" | "inputs" | "now" | "input_filename" | "debug" | "stderr" | "halt" | "halt_error" => {
                "an expression knows nothing but its input: give it what it needs under `vars`".to_owned()
            }
            "recurse" | "repeat" | "while" | "until" | "walk" | "combinations" | "reduce" | "foreach" => {
                "an expression must be sure to end: `map(…)`, `any(…)` and `all(…)` do".to_owned()
            }
            _ => match crossdock_diag::did_you_mean(name, FUNCTIONS.iter().copied()) {
                Some(known) => format!("did you mean `{known}`?"),
                None => format!("is it a field? then write `.{name}`; a text stands in double quotes: `\"{name}\"`"),
            },
        };
        Err(self.refuse(name, format!("there is no function `{name}`"), &help))
    }
}

/// Whether a term is a number whatever the input is (or fails).
fn is_number(term: &Term<&str>) -> bool {
    match term {
        Term::Num(_) => true,
        Term::Neg(inner) => is_number(inner),
        Term::Call(name, _) => matches!(*name, "length" | "tonumber" | "floor" | "ceil" | "round" | "abs" | "trunc"),
        Term::BinOp(_, BinaryOp::Pipe(_), right) => is_number(right),
        Term::BinOp(left, BinaryOp::Math(_), right) => is_number(left) && is_number(right),
        _ => false,
    }
}

fn is_small_count(term: &Term<&str>) -> bool {
    matches!(term, Term::Num(literal) if literal.parse::<u32>().is_ok_and(|n| (1..=MAX_RANGE).contains(&n) || n == 0))
}

fn contains_recursion(term: &Term<&str>) -> bool {
    match term {
        Term::Recurse => true,
        Term::BinOp(left, _, right) => contains_recursion(left) || contains_recursion(right),
        Term::Path(head, _) => contains_recursion(head),
        Term::Call(_, arguments) => arguments.iter().any(contains_recursion),
        _ => false,
    }
}
