//! What a person orders, and whether it can be done: a command in, the events that it makes out.
//! Here: the check and the first events. Not here: what follows from them (`decide`).
//! Invariant: a command that is refused leaves no trace; every event says who, and why where a reason is part of the decision.

use crossdock_model::{
    DeadLetterEdited, DeadLetterReplayed, DeliveryId, ExceptionId, ExceptionResolved, HubEvent, Path, Resolution,
    Retired,
};
use serde_json::Value;

use super::{changes, moves, replays, splits, synthetic};
use crate::delivery::Delivery;
use crate::partition::{Command, Replayed};
use crate::{Context, Policy, Refusal, State};

/// The longest name and reason that are kept.
const MAX_TEXT: usize = 1024;

/// What a command makes, each event in its connection.
pub(crate) struct Carried {
    pub(crate) events: Vec<(Context, HubEvent)>,
    /// Of a replay of many: what became of them.
    pub(crate) replayed: Option<Replayed>,
}

impl Carried {
    pub(crate) fn one(context: &Context, event: HubEvent) -> Self {
        Self { events: vec![(context.clone(), event)], replayed: None }
    }
}

/// Whether a command can be carried out, and what it makes.
pub(crate) fn command(state: &State, policy: &Policy, command: &Command) -> Result<Carried, Refusal> {
    match command {
        Command::ReplayDeadLetter { id, by, reason } => replay_one(state, *id, by, reason),
        Command::EditDeadLetter { id, body, path, by, reason } => edit(state, *id, (body, path), by, reason),
        Command::DiscardDeadLetter { id, by, reason } => discard(state, *id, by, reason),
        Command::Replay { filter, by, reason } => replays::by_filter(state, filter, by, reason),
        Command::ReplayInto { scan, by, reason } => replays::into_target(state, scan, by, reason),
        Command::OpenRun(opened) => synthetic::open_run(state, policy, opened),
        Command::SwitchSynthetic { stop, by, reason } => synthetic::switch(state, *stop, by, reason),
        Command::MoveLine { order, line, to, by, reason } => {
            moves::command(state, policy, (order, *line), to, (by, reason))
        }
        Command::SplitOrder { order, from, to, lines, by, reason } => {
            splits::command(state, order, (*from, *to), lines, (by, reason))
        }
        Command::ResolveException { id, resolution, by, reason, with } => {
            resolve((state, policy), *id, *resolution, (by, reason), with)
        }
    }
}

fn dead(state: &State, id: DeliveryId) -> Result<&Delivery, Refusal> {
    let delivery = state.deliveries.get(id).ok_or_else(|| unknown(format!("no dead letter has the number {id}")))?;
    if delivery.dead.is_none() {
        return Err(settled(format!("delivery {id} is no dead letter: it is still being tried")));
    }
    Ok(delivery)
}

fn replay_one(state: &State, id: DeliveryId, by: &str, reason: &str) -> Result<Carried, Refusal> {
    who(by)?;
    let delivery = dead(state, id)?;
    let event = DeadLetterReplayed { delivery_id: id, by: by.to_owned(), reason: reason.to_owned() };
    Ok(Carried::one(&delivery.context, HubEvent::DeadLetterReplayed(event)))
}

/// The old message stays in the log as it was; another one takes its place.
fn edit(
    state: &State,
    id: DeliveryId,
    (body, path): (&Value, &Path),
    by: &str,
    reason: &str,
) -> Result<Carried, Refusal> {
    who(by)?;
    why(reason, "an edited message")?;
    let delivery = dead(state, id)?;
    if let Some((name, _)) = path.iter().find(|(name, _)| delivery.plan.path.get(name).is_none()) {
        let message = format!("{} has no path parameter `{name}`", delivery.plan.operation);
        return Err(Refusal::invalid("edit/path", format!("/path/{name}"), message));
    }
    if *body == delivery.plan.body.to_json()
        && path.iter().all(|(name, value)| delivery.plan.path.get(name) == Some(value))
    {
        let message = "it says what the old one said: replay that, so that it keeps its idempotency key";
        return Err(Refusal::invalid("edit/unchanged", "/body", message));
    }
    let event = DeadLetterEdited {
        delivery_id: id,
        body: body.clone().into(),
        path: path.clone(),
        by: by.to_owned(),
        reason: reason.to_owned(),
    };
    Ok(Carried::one(&delivery.context, HubEvent::DeadLetterEdited(event)))
}

/// Nobody needs it any more: those behind it go on.
fn discard(state: &State, id: DeliveryId, by: &str, reason: &str) -> Result<Carried, Refusal> {
    who(by)?;
    why(reason, "discarding a dead letter")?;
    let delivery = dead(state, id)?;
    let (by, reason, target) = (by.to_owned(), reason.to_owned(), delivery.plan.target.clone());
    let event = Retired { delivery_id: id, target, by, reason };
    Ok(Carried::one(&delivery.context, HubEvent::DeliveryRetired(event)))
}

fn resolve(
    (state, policy): (&State, &Policy),
    id: ExceptionId,
    resolution: Resolution,
    (by, reason): (&str, &str),
    with: &Value,
) -> Result<Carried, Refusal> {
    let exception = state.exceptions.get(id).ok_or_else(|| unknown(format!("no exception has the number {id}")))?;
    if let Some((resolved, _)) = &exception.resolved {
        let message =
            format!("exception {id} is decided already: {}, by {}", resolved.resolution.as_str(), resolved.by);
        return Err(settled(message));
    }
    if !exception.opened.resolutions.contains(&resolution) {
        let allowed: Vec<_> = exception.opened.resolutions.iter().map(|one| one.as_str()).collect();
        let message = format!("it is decided by one of {}, not by {}", allowed.join(", "), resolution.as_str());
        return Err(Refusal::invalid("exception/resolution", "/resolution", message));
    }
    who(by)?;
    if resolution.needs_reason() {
        why(reason, resolution.as_str())?;
    }
    carries(resolution, with)?;
    if resolution == Resolution::Substitute {
        changes::possible_substitute(state, policy, &exception.opened, with)?;
    }
    let (by, reason) = (by.to_owned(), reason.to_owned());
    let event = ExceptionResolved { exception_id: id, resolution, by, reason, with: with.clone() };
    Ok(Carried::one(&exception.context, HubEvent::ExceptionResolved(event)))
}

/// A substitute names a product, an edited message is one.
fn carries(resolution: Resolution, with: &Value) -> Result<(), Refusal> {
    let (key, right) = match resolution {
        Resolution::Substitute => ("product", with.get("product").is_some_and(Value::is_string)),
        Resolution::EditAndReplay => ("body", with.get("body").is_some_and(Value::is_object)),
        _ => return Ok(()),
    };
    if right {
        return Ok(());
    }
    let message = format!("{} says which: `with.{key}` is missing", resolution.as_str());
    Err(Refusal::invalid("exception/with", format!("/with/{key}"), message))
}

/// Every order has a name on it: the ledger says who for ever. `rule` and its like are no persons.
pub(super) fn who(by: &str) -> Result<(), Refusal> {
    if by.trim().is_empty() || by.len() > MAX_TEXT {
        return Err(Refusal::invalid("command/by", "/by", "say who orders it"));
    }
    if by == "rule" || by.starts_with("rule/") {
        let message = format!("`{by}` is the name of a declared rule, not of a person");
        return Err(Refusal::invalid("command/by", "/by", message));
    }
    Ok(())
}

pub(super) fn why(reason: &str, what: &str) -> Result<(), Refusal> {
    if reason.trim().is_empty() {
        return Err(Refusal::invalid("command/reason", "/reason", format!("{what} needs a reason")));
    }
    if reason.len() > MAX_TEXT {
        let message = format!("a reason has {MAX_TEXT} bytes at most, not {}", reason.len());
        return Err(Refusal::invalid("command/reason", "/reason", message));
    }
    Ok(())
}

pub(super) fn unknown(message: String) -> Refusal {
    Refusal { status: 404, rule: "unknown", pointer: String::new(), message }
}

pub(super) fn settled(message: String) -> Refusal {
    Refusal { status: 409, rule: "settled", pointer: String::new(), message }
}

#[cfg(test)]
mod tests {
    use super::{MAX_TEXT, carries, who, why};
    use crossdock_model::Resolution;
    use serde_json::{Value, json};

    #[test]
    fn a_name_and_a_reason_are_some_text_and_not_too_much() {
        let rule = |refused: Result<(), crate::Refusal>| refused.err().map(|refusal| refusal.rule);
        let full = "x".repeat(MAX_TEXT);
        assert_eq!((rule(who("ann")), rule(who(&full)), rule(why(&full, "it"))), (None, None, None));
        assert_eq!(rule(who("rules")), None, "a person may be called so");
        for by in ["", "  ", "rule", "rule/trim", &format!("{full}x")] {
            assert_eq!(rule(who(by)), Some("command/by"), "{by:?}");
        }
        for reason in ["", " \n", &format!("{full}x")] {
            assert_eq!(rule(why(reason, "it")), Some("command/reason"), "{reason:?}");
        }
    }

    #[test]
    fn a_decision_that_needs_a_word_more_has_it() {
        let taken = |resolution, with: Value| carries(resolution, &with).is_ok();
        assert!(taken(Resolution::Substitute, json!({ "product": "P-2" })));
        assert!(!taken(Resolution::Substitute, json!({ "product": 2 })) && !taken(Resolution::Substitute, Value::Null));
        assert!(taken(Resolution::EditAndReplay, json!({ "body": {} })));
        assert!(!taken(Resolution::EditAndReplay, json!({ "body": "x" })));
        assert!(taken(Resolution::Approve, Value::Null));
    }
}
