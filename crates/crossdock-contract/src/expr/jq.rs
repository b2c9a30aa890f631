//! Everything that the simple forms cannot say, by jaq.
//! Here: reading with errors in words, the check of what an expression may call, evaluation to one value.
//! Not here: the list of what may be called (`vocabulary`).
//! Invariant: what is compiled here ends: no definitions, folds, recursion or loops by condition, and no I/O.

mod vocabulary;
mod walk;

use std::fmt;

use jaq_core::data::JustLut;
use jaq_core::load::{Arena, File, Lexer, Loader, Parser, lex, parse};
use jaq_core::{Compiler, Ctx, Filter, Vars, unwrap_valr};
use jaq_json::Val;
use serde_json::Value;

use super::{EvalError, ExprError, Terms, convert};

pub(super) use walk::root_text;

/// A compiled jq filter and what is known of its text.
pub(super) struct Program {
    filter: Filter<JustLut<Val>>,
    roots: Vec<String>,
    inexact: Vec<String>,
}

impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Program").field("roots", &self.roots).finish_non_exhaustive()
    }
}

impl Program {
    pub(super) fn roots(&self) -> &[String] {
        &self.roots
    }

    pub(super) fn inexact(&self) -> &[String] {
        &self.inexact
    }

    pub(super) fn eval(&self, input: &Value) -> Result<Value, EvalError> {
        let context = Ctx::<JustLut<Val>>::new(&self.filter.lut, Vars::new([]));
        let mut results = self.filter.id.run((context, convert::to_jaq(input)?)).map(unwrap_valr);
        let first = match results.next() {
            None => return Err(EvalError::new("the expression yields no value; `// null` would give it one")),
            Some(Err(error)) => return Err(EvalError::new(error.to_string())),
            Some(Ok(value)) => convert::from_jaq(&value),
        };
        match results.next() {
            None => Ok(first),
            Some(Err(error)) => Err(EvalError::new(error.to_string())),
            Some(Ok(_)) => Err(EvalError::new(
                "the expression yields several values; `[…]` collects them, `all(…)` or `any(…)` judges them",
            )),
        }
    }
}

/// Reads, checks and compiles the text.
pub(super) fn compile(text: &str, terms: &Terms) -> Result<Program, ExprError> {
    let tokens = Lexer::new(text).lex().map_err(|errors| lex_error(text, &errors))?;
    let term = Parser::new(&tokens).parse(jaq_core::load::Parser::term).map_err(|errors| parse_error(text, &errors))?;
    vocabulary::check(text, &term)?;
    let arena = Arena::default();
    let definitions = jaq_core::defs().chain(jaq_std::defs()).chain(jaq_json::defs());
    let modules = Loader::new(definitions)
        .load(&arena, File { code: text, path: () })
        .map_err(|_| whole(text, "this is not an expression"))?;
    let functions = jaq_core::funs().chain(jaq_std::funs()).chain(jaq_json::funs());
    let filter = Compiler::default().with_funs(functions).compile(modules).map_err(|errors| {
        undefined(text, errors.iter().flat_map(|(_, list)| list).map(|(name, what)| (*name, what)))
    })?;
    Ok(Program { filter, roots: walk::roots(&term), inexact: walk::inexact(&term, terms) })
}

fn lex_error(text: &str, errors: &[lex::Error<&str>]) -> ExprError {
    let Some((expected, found)) = errors.first() else { return whole(text, "this is not an expression") };
    let (message, help) = match expected {
        lex::Expect::Digit => ("a digit is missing here".to_owned(), None),
        lex::Expect::Ident => ("a name is missing after `$` or `@`".to_owned(), None),
        lex::Expect::Delim(open) => {
            let close = match *open {
                "(" => ")",
                "[" => "]",
                "{" => "}",
                _ => "\"",
            };
            (
                format!("this `{}` is never closed", &open.chars().next().map_or(String::new(), String::from)),
                Some(format!("add `{close}`")),
            )
        }
        lex::Expect::Escape => {
            ("this is not an escape that JSON strings know".to_owned(), Some("`\\\\` is a backslash".to_owned()))
        }
        lex::Expect::Unicode => ("`\\u` needs four hexadecimal digits".to_owned(), None),
        _ if found.starts_with('\'') => (
            "`'` does not begin a string here".to_owned(),
            Some("jq's strings stand in double quotes: `.status == \"open\"`".to_owned()),
        ),
        _ if found.starts_with('&') => ("`&` is no operator".to_owned(), Some("write `and`".to_owned())),
        _ => (format!("`{}` means nothing here", first_char(found)), None),
    };
    let at = match expected {
        lex::Expect::Delim(open) => open,
        _ => found,
    };
    let offset = offset_in(text, at).or_else(|| offset_in(text, found)).unwrap_or(text.len());
    let len = first_char(text.get(offset..).unwrap_or_default()).len();
    ExprError { offset, len, message, help }
}

fn parse_error(text: &str, errors: &[parse::TError<'_, &str>]) -> ExprError {
    let Some((expected, found)) = errors.first() else { return whole(text, "this is not an expression") };
    let wanted = match expected {
        parse::Expect::Just(token) => format!("`{token}`"),
        parse::Expect::Term => "a path, a literal or a function".to_owned(),
        parse::Expect::Key => "a name or `[…]`".to_owned(),
        parse::Expect::Nothing => "the end, or an operator such as `==` or `and`".to_owned(),
        other => other.as_str().to_owned(),
    };
    match found {
        Some(token) => {
            let offset = offset_in(text, token.0).unwrap_or(0);
            let help = match token.0 {
                "=" => Some("a comparison is written `==`".to_owned()),
                "|" | "||" if text.contains("||") => Some("write `or`".to_owned()),
                _ => None,
            };
            let shown: String = token.0.chars().take(20).collect();
            ExprError {
                offset,
                len: token.0.len(),
                message: format!("`{shown}` cannot stand here: {wanted} is expected"),
                help,
            }
        }
        None => ExprError {
            offset: text.len(),
            len: 0,
            message: format!("the expression ends too early: {wanted} is missing"),
            help: None,
        },
    }
}

fn undefined<'a>(text: &str, errors: impl Iterator<Item = (&'a str, &'a jaq_core::compile::Undefined)>) -> ExprError {
    let mut errors = errors;
    let Some((name, what)) = errors.next() else { return whole(text, "this is not an expression") };
    let offset = offset_in(text, name).unwrap_or(0);
    let (message, help) = match what {
        jaq_core::compile::Undefined::Var => (
            format!("there is no variable `{name}`"),
            Some(
                "variables are bound in the expression itself (`.a as $x | …`); the run's own stand under `.vars`"
                    .to_owned(),
            ),
        ),
        jaq_core::compile::Undefined::Filter(arity) => (format!("`{name}` does not take {arity} arguments"), None),
        other => (format!("there is no {} `{name}`", other.as_str()), None),
    };
    ExprError { offset, len: name.len(), message, help }
}

pub(super) fn whole(text: &str, message: &str) -> ExprError {
    ExprError { offset: 0, len: text.len(), message: message.to_owned(), help: None }
}

/// Where a slice of the text begins in it; `None` for a slice of something else.
pub(super) fn offset_in(text: &str, part: &str) -> Option<usize> {
    let start = (part.as_ptr() as usize).checked_sub(text.as_ptr() as usize)?;
    (start + part.len() <= text.len()).then_some(start)
}

fn first_char(text: &str) -> &str {
    text.chars().next().map_or("", |c| &text[..c.len_utf8()])
}
