//! Expressions of a scenario and the names they read.
//! Here: parsing with the place of a mistake, what each expression may see, comma traps. Not here: evaluating.
//! Invariant: an expression that passes reads only names that exist at its step.

use std::collections::BTreeSet;

use crossdock_contract::expr::{Expr, ExprError};
use crossdock_diag::Diagnostic;
use serde_json::Value;

use super::{Compiler, suggestion};
use crate::language::ExprText;
use crate::request::{TemplateError, ValuePlan};
use crate::scenario::Check;

/// The names that exist at a step.
#[derive(Clone, Debug, Default)]
pub(super) struct Scope {
    /// Calls, polls and awaits that have run.
    pub(super) steps: BTreeSet<String>,
    pub(super) captured: BTreeSet<String>,
    pub(super) armed: BTreeSet<String>,
}

impl Scope {
    /// After a `parallel`, all see all.
    pub(super) fn join(&mut self, branch: Self) {
        self.steps.extend(branch.steps);
        self.captured.extend(branch.captured);
        self.armed.extend(branch.armed);
    }
}

/// What `.` is for an expression.
#[derive(Clone, Copy, Debug)]
pub(super) enum See<'s> {
    /// `{status, headers, body}`
    Answer,
    /// `{event, body}`
    Awaited,
    /// A CloudEvent, with extensions that nobody can list.
    Event,
    /// `{run}`: in `vars`.
    Run,
    /// The run's context.
    Context(&'s Scope),
}

const RUN_NAMES: [&str; 5] = ["id", "reference", "correlation_id", "number", "iteration"];

impl Compiler<'_> {
    /// Expressions of an `expect`.
    pub(super) fn checks(&mut self, list: &[ExprText], at: &str, see: See<'_>) -> Vec<Check> {
        let node = self.document.root.nearest(at);
        let in_flow =
            !list.is_empty() && node.as_seq().is_some() && self.document.file.slice(node.span).starts_with('[');
        if in_flow && list.iter().any(|text| Expr::parse_with(&text.0, self.terms).is_err()) {
            // The parts are not what the author wrote: their own mistakes would mislead.
            let span = node.span;
            self.push(
                "scenario::comma_in_flow_list",
                span,
                "a comma inside `[…]` splits an expression in two".to_owned(),
                "write one expression a line in a block list: `- .body.total == \"403.00\"`",
            );
            return Vec::new();
        }
        if in_flow && list.len() > 1 {
            let warning = Diagnostic::warning(
                "scenario::expressions_in_flow_list",
                "expressions in a `[…]` list: the first comma inside one will split it",
            )
            .at(&self.document.file, node.span, "")
            .help("write one expression a line in a block list");
            self.found.push(warning);
        }
        list.iter().enumerate().filter_map(|(index, text)| self.check(text, &format!("{at}/{index}"), see)).collect()
    }

    pub(super) fn check(&mut self, text: &ExprText, at: &str, see: See<'_>) -> Option<Check> {
        let expr = self.expr(text, at, see)?;
        let left = left_side(&text.0).and_then(|left| Expr::parse_with(left, self.terms).ok());
        Some(Check { expr, left })
    }

    pub(super) fn expr(&mut self, text: &ExprText, at: &str, see: See<'_>) -> Option<Expr> {
        match Expr::parse_with(&text.0, self.terms) {
            Ok(expr) => {
                self.names(&expr, &text.0, 0, at, see);
                Some(expr)
            }
            Err(error) => {
                self.wrong_expression(at, &error);
                None
            }
        }
    }

    /// A value with templates.
    pub(super) fn value(&mut self, value: &Value, at: &str) -> ValuePlan {
        let mut wrong = Vec::new();
        let plan = ValuePlan::compile(value, self.terms, &mut wrong);
        self.wrong_templates(at, &wrong);
        plan
    }

    pub(super) fn wrong_templates(&mut self, at: &str, wrong: &[TemplateError]) {
        for found in wrong {
            self.wrong_expression(&format!("{at}{}", found.pointer), &found.error);
        }
    }

    /// Checks the names in the templates of a value.
    pub(super) fn value_names(&mut self, plan: &ValuePlan, at: &str, see: See<'_>) {
        let mut found = Vec::new();
        plan.each_template(&mut at.to_owned(), &mut |pointer, template| {
            found.push((pointer.to_owned(), template.clone()));
        });
        for (pointer, template) in found {
            self.template_names(&template, &pointer, see);
        }
    }

    pub(super) fn template_names(&mut self, template: &crossdock_contract::expr::Template, at: &str, see: See<'_>) {
        let text = template.text();
        let mut from = 0;
        for expr in template.exprs() {
            // Expressions stand in the text in their order.
            let offset = text[from..].find(expr.text()).map_or(from, |found| from + found);
            self.names(expr, text, offset, at, see);
            from = (offset + expr.text().len()).min(text.len());
        }
    }

    fn wrong_expression(&mut self, at: &str, error: &ExprError) {
        let span = self.inside(at, error.offset, error.len);
        self.push("scenario::expression", span, error.message.clone(), error.help.as_deref().unwrap_or_default());
    }

    /// Checks the names that an expression reads; `text` is the whole value, `offset` where the expression begins in it.
    fn names(&mut self, expr: &Expr, text: &str, offset: usize, at: &str, see: See<'_>) {
        for property in expr.inexact() {
            let span = self.inside(at, offset, expr.text().len());
            self.push(
                "scenario::inexact",
                span,
                format!("jq arithmetic on `{property}` loses decimals"),
                "compare it, or read the figure from the system that computes it",
            );
        }
        for root in expr.roots() {
            if let Err((message, help)) = self.name(&root, see) {
                let place = text
                    .get(offset..)
                    .and_then(|rest| rest.find(root.as_str()))
                    .map_or((offset, expr.text().len()), |found| (offset + found, root.len()));
                let span = self.inside(at, place.0, place.1);
                self.push("scenario::unknown_name", span, message, &help);
            }
        }
    }

    fn name(&mut self, root: &str, see: See<'_>) -> Result<(), (String, String)> {
        let mut parts = root.split('.').filter(|part| !part.is_empty());
        let Some(first) = parts.next() else {
            // The whole of it is read.
            self.read_all |= matches!(see, See::Context(_));
            return Ok(());
        };
        let second = parts.next();
        match see {
            See::Event => Ok(()),
            See::Answer => of_step(first, &["status", "headers", "body"], "the answer: `{status, headers, body}`"),
            See::Awaited => of_step(first, &["event", "body"], "the event: `{event, body}`"),
            See::Run if first == "run" => of_run(second),
            See::Run => Err((
                format!("`{root}` is not known in `vars`"),
                "only `.run` is: `.run.id`, `.run.reference`".to_owned(),
            )),
            See::Context(scope) => match (first, second) {
                ("run", _) => of_run(second),
                ("vars", Some(name)) if !self.vars.contains(name) => Err((
                    format!("`.vars.{name}` is not declared"),
                    suggestion(name, self.vars.iter().map(String::as_str), "declare it under `vars:`"),
                )),
                ("captured", Some(name)) if !scope.captured.contains(name) => {
                    let help = match self.later.get(&format!("captured.{name}")) {
                        Some(line) => format!(
                            "it is captured by the step in line {line}, which comes later or runs beside this one"
                        ),
                        None => suggestion(
                            name,
                            scope.captured.iter().map(String::as_str),
                            "nothing is captured before this step",
                        ),
                    };
                    Err((format!("`.captured.{name}` is not captured before this step"), help))
                }
                ("vars" | "captured", _) => Ok(()),
                (step, _) if scope.steps.contains(step) => {
                    self.read.insert(step.to_owned());
                    Ok(())
                }
                (step, _) => {
                    let known = ["run", "vars", "captured"].into_iter().chain(scope.steps.iter().map(String::as_str));
                    let help = match self.later.get(step) {
                        Some(line) => {
                            format!("`{step}` is the step in line {line}, which comes later or runs beside this one")
                        }
                        None if ["status", "headers", "body"].contains(&step) => {
                            "here `.` is the run; an answer is read in its own step, or by its step's name".to_owned()
                        }
                        None => suggestion(step, known, ""),
                    };
                    Err((format!("`.{step}` is not known at this step"), help))
                }
            },
        }
    }
}

fn of_step(first: &str, known: &[&str], what: &str) -> Result<(), (String, String)> {
    if known.contains(&first) {
        return Ok(());
    }
    let help = if ["run", "vars", "captured"].contains(&first) {
        format!("inside a step `.` is {what}; hold the run against it in an `expect` step of its own")
    } else {
        match crossdock_diag::did_you_mean(first, known.iter().copied()) {
            Some(near) => format!("did you mean `.{near}`?"),
            None => format!("inside a step `.` is {what}"),
        }
    };
    Err((format!("`.{first}` is not known here"), help))
}

fn of_run(second: Option<&str>) -> Result<(), (String, String)> {
    match second {
        Some(name) if !RUN_NAMES.contains(&name) => {
            Err((format!("`.run.{name}` is not known"), suggestion(name, RUN_NAMES.into_iter(), "")))
        }
        _ => Ok(()),
    }
}

/// The left side of a comparison that is the whole expression, to show what was seen beside what was expected.
pub(super) fn left_side(text: &str) -> Option<&str> {
    let bytes = text.as_bytes();
    let (mut depth, mut quoted, mut found) = (0_u32, false, None);
    let mut at = 0;
    while at < bytes.len() {
        let rest = &text.as_bytes()[at..];
        match bytes[at] {
            b'\\' if quoted => at += 1,
            b'"' => quoted = !quoted,
            _ if quoted => {}
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ if depth > 0 => {}
            b'|' | b',' => return None,
            b' ' if rest.starts_with(b" and ")
                || rest.starts_with(b" or ")
                || rest.starts_with(b" as ")
                || rest.starts_with(b" // ") =>
            {
                return None;
            }
            b' ' if found.is_none()
                && [" == ", " != ", " < ", " <= ", " > ", " >= "].iter().any(|op| rest.starts_with(op.as_bytes())) =>
            {
                found = Some(at);
            }
            _ => {}
        }
        at += 1;
    }
    found.map(|end| text[..end].trim()).filter(|left| !left.is_empty())
}
