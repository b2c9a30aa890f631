//! The second phase: requests made from the contract that must be refused, and a few that must not.
//! Here: keys, bodies, idempotency, unknown ids; what each answer proves. Not here: how a body is made invalid (`generate`).
//! Invariant: no alarm against an innocent provider. A request counts as wrong only when the contract's own validator says so;
//! what a provider may refuse for reasons of its own proves nothing, and is reported as skipped.

use crossdock_contract::api::{Operation, Status};
use crossdock_scenario::caller::{Answer, Auth, CallRequest, RequestBody};
use serde_json::json;

use crate::body;
use crate::findings::Outcome;
use crate::generate;
use crate::judge::{self, Problem, rule};
use crate::trial::{self, Sent, Trial};

/// A key that no system gave out.
const WRONG_KEY: &str = "crossdock-contract-test-wrong-key";
/// Properties that mark a body as ours and stay in the smallest one.
const MARKS: [&str; 2] = ["synthetic", "runId"];

/// Tries the generated cases of one operation.
pub(crate) async fn run(trial: &mut Trial<'_, '_>, operation: &Operation) {
    if trial::streams(operation) {
        return; // Said already, by the examples.
    }
    if trial::changes(operation)
        && let Err(why) = trial.address(operation)
    {
        trial.skip(operation, "generated cases", why);
        // Without the body that it requires, a call changes nothing even where no key is asked for.
        if trial.may_change && operation.secured && operation.request.as_ref().is_some_and(|request| request.required) {
            keys(trial, operation, &None).await;
        }
        return;
    }
    if operation.secured {
        keys(trial, operation, &Trial::base(operation)).await;
    }
    if trial::changes(operation)
        && let Some(base) = Trial::base(operation)
    {
        bodies(trial, operation, &base).await;
        if trial::needs_key(operation) {
            idempotency(trial, operation, &base).await;
        }
    }
    if !trial::changes(operation) && declares(operation, 404) {
        unknown(trial, operation).await;
    }
}

fn declares(operation: &Operation, status: u16) -> bool {
    operation.responses.iter().any(|response| response.status == Status::Exact(status))
}

/// A well-formed call, made anew: a new id, a new idempotency key.
fn well_formed(trial: &mut Trial<'_, '_>, operation: &Operation, base: &Sent) -> Option<(CallRequest, Sent)> {
    let address = trial.address(operation).ok()?;
    let sent = base.as_ref().map(|base| trial.own(operation, base, true));
    Some((trial.request(operation, &address.path, &sent), sent))
}

/// A call without the body that the operation requires, wherever its examples point.
fn bodiless(trial: &mut Trial<'_, '_>, operation: &Operation) -> Option<(CallRequest, Sent)> {
    let address = body::address(operation, trial.reserved, trial.traces, false)?;
    Some((trial.request(operation, &address.path, &None), None))
}

async fn keys(trial: &mut Trial<'_, '_>, operation: &Operation, base: &Sent) {
    let needs_body = operation.request.as_ref().is_some_and(|request| request.required);
    for (case, auth, rule) in [
        ("without a key", Auth::Nothing, rule::AUTH_MISSING),
        ("with a wrong key", Auth::Bearer(WRONG_KEY.into()), rule::AUTH_WRONG),
    ] {
        let call = match (base, needs_body) {
            (None, true) => bodiless(trial, operation),
            _ => well_formed(trial, operation, base),
        };
        let Some((mut request, sent)) = call else { return };
        request.auth = auth;
        let said = trial.say(&request).await;
        let outcome = match trial::heard(operation, said) {
            Err(outcome) => *outcome,
            Ok((answer, _)) if is_success(&answer) => {
                trial.note_made(operation, &answer, &sent);
                accepted(operation, rule, &format!("{case}, and its contract asks for one"), &answer)
            }
            Ok((_, problems)) if !problems.is_empty() => Outcome::Broken(problems),
            Ok((answer, _)) if matches!(answer.status, 401 | 403) => Outcome::Holds,
            Ok((answer, _)) => Outcome::Skipped(format!("answered {} before it asked for a key", answer.status)),
        };
        trial.add(operation, case, outcome, &request);
    }
}

async fn bodies(trial: &mut Trial<'_, '_>, operation: &Operation, base: &(String, serde_json::Value)) {
    let (content_type, example) = trial.own(operation, base, true);
    let check = |body: &serde_json::Value| body::objection(operation, &content_type, body);
    if check(&example).is_some() {
        trial.skip(
            operation,
            "generated bodies",
            "the declared example breaks its own contract (`contract lint` says where)",
        );
        return;
    }
    let invalid = generate::invalid_bodies(&example, &check, trial.options.cases_per_operation, trial.options.seed);
    for invalid in invalid {
        let Ok(address) = trial.address(operation) else { return };
        let sent = Some((content_type.clone(), invalid.body));
        let request = trial.request(operation, &address.path, &sent);
        let broken = format!("{} breaks `{}`", place(&invalid.breach.pointer), invalid.breach.rule);
        refused(trial, operation, &invalid.change, &request, &sent, (&invalid.breach.pointer, &broken)).await;
    }
    cut_short(trial, operation, &content_type, &example).await;
    other_media_type(trial, operation).await;
    smallest(trial, operation, base).await;
}

/// A request that the contract does not allow: every answer but a refusal is a finding.
async fn refused(
    trial: &mut Trial<'_, '_>,
    operation: &Operation,
    case: &str,
    request: &CallRequest,
    sent: &Sent,
    (pointer, broken): (&str, &str),
) {
    let said = trial.say(request).await;
    let outcome = match trial::heard(operation, said) {
        Err(outcome) => *outcome,
        Ok((answer, _)) if is_success(&answer) => {
            trial.note_made(operation, &answer, sent);
            let message = format!("{} answered {}, although {broken}", operation.id, answer.status);
            let mut problem = Problem::new(rule::INVALID_ACCEPTED, message, judge::shown(&answer));
            problem.pointer = Some(pointer.to_owned());
            Outcome::Broken(vec![problem])
        }
        Ok((_, problems)) if !problems.is_empty() => Outcome::Broken(problems),
        Ok((answer, _)) if matches!(answer.status, 401 | 403) => {
            Outcome::Skipped("the key of the environment may not do this".to_owned())
        }
        Ok(_) => Outcome::Holds,
    };
    trial.add(operation, case, outcome, request);
}

async fn cut_short(trial: &mut Trial<'_, '_>, operation: &Operation, content_type: &str, example: &serde_json::Value) {
    let Ok(address) = trial.address(operation) else { return };
    let mut request = trial.request(operation, &address.path, &None);
    let mut text = example.to_string();
    text.pop();
    request.body = Some(RequestBody { content_type: content_type.to_owned(), bytes: text.into() });
    refused(trial, operation, "cut short", &request, &None, ("", "the body is not JSON")).await;
}

/// Text that is no JSON, under a media type that the operation does not take.
async fn other_media_type(trial: &mut Trial<'_, '_>, operation: &Operation) {
    let (content_type, body) = ("application/x-crossdock-unknown", "neither JSON nor anything else");
    let Some(breach) = body::objection(operation, content_type, &json!(body)) else { return };
    let Ok(address) = trial.address(operation) else { return };
    let mut request = trial.request(operation, &address.path, &None);
    request.body = Some(RequestBody { content_type: content_type.to_owned(), bytes: body.into() });
    let broken = format!("the contract declares no {content_type} (`{}`)", breach.rule);
    refused(trial, operation, "another media type", &request, &None, ("", &broken)).await;
}

async fn smallest(trial: &mut Trial<'_, '_>, operation: &Operation, base: &(String, serde_json::Value)) {
    let case = "smallest valid body";
    let (content_type, example) = trial.own(operation, base, true);
    let check = |body: &serde_json::Value| body::objection(operation, &content_type, body);
    let minimal = generate::minimal(&example, &check, &MARKS);
    if minimal == example {
        return; // Sent already, as the example.
    }
    let Ok(address) = trial.address(operation) else { return };
    let sent = Some((content_type.clone(), minimal));
    let request = trial.request(operation, &address.path, &sent);
    let said = trial.say(&request).await;
    let outcome = match trial::heard(operation, said) {
        Err(outcome) => *outcome,
        Ok((_, problems)) if !problems.is_empty() => Outcome::Broken(problems),
        Ok((answer, _)) if is_success(&answer) => {
            trial.note_made(operation, &answer, &sent);
            Outcome::Holds
        }
        Ok((answer, _)) if matches!(answer.status, 400 | 415) => {
            let message =
                format!("{} answered {} to a body in which everything required is there", operation.id, answer.status);
            Outcome::Broken(vec![Problem::new(rule::MINIMAL_REFUSED, message, judge::shown(&answer))])
        }
        Ok((answer, _)) => Outcome::Skipped(format!("answered {}, for reasons of its own", answer.status)),
    };
    trial.add(operation, case, outcome, &request);
}

async fn idempotency(trial: &mut Trial<'_, '_>, operation: &Operation, base: &(String, serde_json::Value)) {
    let base = Some(base.clone());
    let Some((mut request, sent)) = well_formed(trial, operation, &base) else { return };
    request.headers.retain(|(name, _)| name != "Idempotency-Key");
    let said = trial.say(&request).await;
    let outcome = match trial::heard(operation, said) {
        Err(outcome) => *outcome,
        Ok((answer, _)) if is_success(&answer) => {
            trial.note_made(operation, &answer, &sent);
            accepted(operation, rule::KEY_MISSING, "without the `Idempotency-Key` that its contract requires", &answer)
        }
        Ok((_, problems)) if !problems.is_empty() => Outcome::Broken(problems),
        Ok((answer, _)) if matches!(answer.status, 401 | 403) => {
            Outcome::Skipped("the key of the environment may not do this".to_owned())
        }
        Ok(_) => Outcome::Holds,
    };
    trial.add(operation, "without an Idempotency-Key", outcome, &request);
    replay(trial, operation, &base).await;
}

/// The same call twice, then another body under the same key.
async fn replay(trial: &mut Trial<'_, '_>, operation: &Operation, base: &Sent) {
    let (again, other) = ("the same call again", "another body under the same Idempotency-Key");
    let Some((request, sent)) = well_formed(trial, operation, base) else { return };
    let said = trial.say(&request).await;
    let first = match trial::heard(operation, said) {
        Ok((answer, _)) if is_success(&answer) => answer,
        Ok((answer, problems)) => {
            let outcome = if problems.is_empty() {
                Outcome::Skipped(format!("the first call was answered {}", answer.status))
            } else {
                Outcome::Broken(problems)
            };
            trial.add(operation, again, outcome, &request);
            return;
        }
        Err(outcome) => {
            trial.add(operation, again, *outcome, &request);
            return;
        }
    };
    trial.note_made(operation, &first, &sent);
    let said = trial.say(&request).await;
    let outcome = match trial::heard(operation, said) {
        Err(outcome) => *outcome,
        Ok((second, problems)) => {
            trial.note_made(operation, &second, &sent);
            if second.status == first.status && same_body(&first, &second) {
                problems.into()
            } else {
                let differs = if second.status == first.status {
                    "with another body".to_owned()
                } else {
                    format!("{}", second.status)
                };
                let message =
                    format!("{} answered {} first, and {differs} to the same call again", operation.id, first.status);
                let evidence = json!({"first": judge::shown(&first), "second": judge::shown(&second)});
                Outcome::Broken(vec![Problem::new(rule::REPLAY_DIFFERS, message, evidence)])
            }
        }
    };
    trial.add(operation, again, outcome, &request);

    let Some((mut changed, sent_then)) = well_formed(trial, operation, base) else { return };
    if sent_then == sent || !(declares(operation, 422) || declares(operation, 409)) {
        return; // Nothing differs, or the contract does not say that it would be refused.
    }
    changed.headers.clone_from(&request.headers);
    let said = trial.say(&changed).await;
    let outcome = match trial::heard(operation, said) {
        Err(outcome) => *outcome,
        Ok((answer, _)) if is_success(&answer) => {
            trial.note_made(operation, &answer, &sent_then);
            accepted(operation, rule::KEY_REUSED, "for another body under the same `Idempotency-Key`", &answer)
        }
        Ok((_, problems)) => problems.into(),
    };
    trial.add(operation, other, outcome, &changed);
}

async fn unknown(trial: &mut Trial<'_, '_>, operation: &Operation) {
    let Some(path) = body::unknown_address(operation, trial.traces) else { return };
    let request = trial.request(operation, &path, &None);
    let said = trial.say(&request).await;
    let outcome = match trial::heard(operation, said) {
        Err(outcome) => *outcome,
        Ok((answer, _)) if is_success(&answer) => accepted(
            operation,
            rule::UNKNOWN_FOUND,
            "for an id that nobody has, and its contract declares 404",
            &answer,
        ),
        Ok((_, problems)) if !problems.is_empty() => Outcome::Broken(problems),
        Ok((answer, _)) if matches!(answer.status, 401 | 403) => {
            Outcome::Skipped("the key of the environment may not do this".to_owned())
        }
        Ok(_) => Outcome::Holds,
    };
    trial.add(operation, "an id that nobody has", outcome, &request);
}

fn is_success(answer: &Answer) -> bool {
    (200..300).contains(&answer.status)
}

fn accepted(operation: &Operation, rule: &'static str, what: &str, answer: &Answer) -> Outcome {
    let message = format!("{} answered {} {what}", operation.id, answer.status);
    Outcome::Broken(vec![Problem::new(rule, message, judge::shown(answer))])
}

fn same_body(first: &Answer, second: &Answer) -> bool {
    match (first.json(), second.json()) {
        (Some(first), Some(second)) => first == second,
        _ => first.body == second.body,
    }
}

fn place(pointer: &str) -> &str {
    if pointer.is_empty() { "the body" } else { pointer }
}
