//! The first phase: every declared example is sent, and the answer held to the contract.
//! Here: which example at which address, and what its answer means. Not here: requests that break the contract (`cases`).
//! Invariant: a declared refusal of an example that depends on what exists there (404, 409, 422) is not a finding, and not a pass.

use std::time::Duration;

use crossdock_contract::api::Operation;
use crossdock_scenario::caller::Answer;

use crate::conversation::Heard;
use crate::findings::Outcome;
use crate::judge::{self, Problem, rule};
use crate::trial::{self, Sent, Trial};

/// How long what was made may take to be found: many systems read from a replica.
const FOUND_WITHIN: [u64; 5] = [50, 100, 250, 600, 1000];

/// Sends the examples of one operation.
pub(crate) async fn run(trial: &mut Trial<'_, '_>, operation: &Operation) {
    if trial::streams(operation) {
        trial.skip(operation, "example", "it answers with a stream that does not end");
        return;
    }
    let examples = bodies(trial, operation);
    for (index, (name, sent)) in examples.into_iter().enumerate() {
        let address = match trial.address(operation) {
            Ok(address) => address,
            Err(why) => {
                trial.skip(operation, &name, why);
                return;
            }
        };
        let sent = sent.map(|example| trial.own(operation, &example, index > 0));
        let request = trial.request(operation, &address.path, &sent);
        let mut said = trial.say(&request).await;
        if is_own_and_missing(trial, operation, &address.path, &said) {
            for pause in FOUND_WITHIN {
                tokio::time::sleep(Duration::from_millis(pause)).await;
                said = trial.say(&request).await;
                if !is_not_found(&said) {
                    break;
                }
            }
        }
        let missing = is_own_and_missing(trial, operation, &address.path, &said);
        let outcome = match trial::heard(operation, said) {
            Err(outcome) => *outcome,
            Ok((_, problems)) if !problems.is_empty() => Outcome::Broken(problems),
            Ok((answer, _)) => {
                keep(trial, operation, &answer, &sent);
                if missing { Outcome::Broken(vec![lost(operation, &answer)]) } else { meaning(operation, &answer) }
            }
        };
        trial.add(operation, &name, outcome, &request);
    }
}

/// The bodies to send, each with its case's name; one without a body for an operation that takes none.
fn bodies(trial: &mut Trial<'_, '_>, operation: &Operation) -> Vec<(String, Sent)> {
    let Some(request) = &operation.request else { return vec![("call".to_owned(), None)] };
    let mut bodies = Vec::new();
    for (media, (name, value)) in trial::chosen_examples(operation) {
        let case = format!("example {name}");
        if media.is_json() || trial.options.documents {
            bodies.push((case, Some((media.content_type.clone(), value.clone()))));
        } else {
            trial.skip(
                operation,
                &case,
                format!("{} documents are sent only where that is asked for", media.content_type),
            );
        }
    }
    if bodies.is_empty() && trial::chosen_examples(operation).is_empty() {
        if request.required {
            trial.skip(operation, "example", "it declares no example of its request");
        } else {
            bodies.push(("call".to_owned(), None));
        }
    }
    bodies
}

/// What a conforming answer to an example means.
fn meaning(operation: &Operation, answer: &Answer) -> Outcome {
    let addressed = operation.path.contains('{');
    let refused = |what: &str| {
        let message = format!("{} answered {} to {what}", operation.id, answer.status);
        Outcome::Broken(vec![Problem::new(rule::EXAMPLE_REFUSED, message, judge::shown(answer))])
    };
    match answer.status {
        200..300 => Outcome::Holds,
        400 | 405 | 406 | 411 | 413..=415 | 431 => refused("a request that its own contract declares"),
        404 | 410 if !addressed => refused("its own path, which has no parameter"),
        401 => Outcome::Error(Problem::new(
            rule::KEY_REFUSED,
            "the key of the environment is not known there",
            judge::shown(answer),
        )),
        403 => Outcome::Skipped("the key of the environment may not do this".to_owned()),
        status => {
            Outcome::Skipped(format!("answered {status} as declared, so what it answers on success was not seen"))
        }
    }
}

fn keep(trial: &mut Trial<'_, '_>, operation: &Operation, answer: &Answer, sent: &Sent) {
    if !(200..300).contains(&answer.status) {
        return;
    }
    if let Some(made) = trial.note_made(operation, answer, sent) {
        if let Some((_, body)) = sent {
            trial.traces.capture(body);
        }
        trial.traces.capture(&made);
    } else if !trial::changes(operation)
        && let Some(list) = answer.json()
    {
        trial.traces.see(&list);
    }
}

fn is_not_found(said: &Heard) -> bool {
    matches!(said, Heard::Answer(answer) if answer.status == 404)
}

/// Whether a read answered 404 for something that this run has made in that very collection.
fn is_own_and_missing(trial: &Trial<'_, '_>, operation: &Operation, path: &str, said: &Heard) -> bool {
    let reads_one =
        !trial::changes(operation) && operation.path.matches('{').count() == 1 && operation.path.ends_with('}');
    let Some((collection, _)) = operation.path.rsplit_once("/{").filter(|_| reads_one) else { return false };
    let id = path.rsplit('/').next().unwrap_or_default();
    is_not_found(said) && trial.traces.has_made(collection, id)
}

fn lost(operation: &Operation, answer: &Answer) -> Problem {
    let message = format!("{} does not find what this run made there", operation.id);
    Problem::new(rule::MADE_NOT_FOUND, message, judge::shown(answer))
}
