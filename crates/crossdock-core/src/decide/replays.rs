//! What is sent again, and in which place: dead letters by filter, from the log into a target, edited, the rest of a bulk call.
//! Here: the plans and ends that follow. Not here: the order itself (`commands.rs`), the queues (`delivery`).
//! Invariant (I10): what took place is not sent again; an edited message has a key of its own and the place of the old one.

use crossdock_model::{
    BulkItems, DeadLetterEdited, DeadLetterReplayed, DeliveryPlanned, HubEvent, LeftItem, Ordering, Retired,
};
use serde_json::Value;
use std::sync::Arc;

use super::Ask;
use super::commands::{Carried, settled, unknown, who, why};
use crate::delivery::{Delivery, ReplayScan};
use crate::exceptions::BY_RULE;
use crate::partition::{ReplayFilter, Replayed};
use crate::{Context, Draft, Refusal, State};

/// Dead letters that one order sends again at most.
const MAX_REPLAYED: usize = 1000;

/// Whose place something newer took ends with a word about it: a dead letter has an owner, who is told.
pub(super) fn superseded(ask: &Ask<'_>) -> Vec<Draft> {
    let retire = |(old, newer): &(_, _)| {
        let delivery = ask.state.deliveries.get(*old)?;
        let edited = ask.state.deliveries.get(*newer).is_some_and(|newer| newer.plan.replaces == Some(*old));
        let word = if edited { "the edited" } else { "the newer" };
        let retired = Retired {
            delivery_id: *old,
            target: delivery.plan.target.clone(),
            by: BY_RULE.to_owned(),
            reason: format!("{word} delivery {newer} took its place"),
        };
        Some(Draft::of(&delivery.context, HubEvent::DeliveryRetired(retired)))
    };
    ask.state.deliveries.superseded().iter().filter_map(retire).collect()
}

/// The edited message: another content is another effect, so it has another key; it is as late as the one that it replaces.
pub(super) fn edited(ask: &Ask<'_>, event: &DeadLetterEdited) -> Vec<Draft> {
    let Some(old) = ask.state.deliveries.get(event.delivery_id) else { return Vec::new() };
    let mut plan = DeliveryPlanned::clone(&old.plan);
    plan.idempotency_key = format!("{}:edited/{}", plan.idempotency_key, ask.entry.seq).into();
    plan.body.clone_from(&event.body);
    for (name, value) in event.path.iter() {
        plan.path.insert(name.into(), value.into());
    }
    // Nothing that was tried before had this content.
    plan.maybe_done = false;
    plan.replaces = Some(event.delivery_id);
    vec![Draft::of(&old.context, HubEvent::DeliveryPlanned(Arc::new(plan)))]
}

/// The items that a bulk call left: each goes for itself, in the order of its own key, with a key that is its own for ever.
pub(super) fn left(ask: &Ask<'_>, plan: &DeliveryPlanned, left: &[LeftItem]) -> Vec<Draft> {
    let Some(items) = &plan.items else { return Vec::new() };
    let context = ask.entry.context();
    left.iter()
        .filter_map(|item| Some(Draft::of(&context, HubEvent::DeliveryPlanned(Arc::new(alone(plan, items, item)?)))))
        .collect()
}

fn alone(plan: &DeliveryPlanned, items: &BulkItems, item: &LeftItem) -> Option<DeliveryPlanned> {
    let index = items.keys.iter().position(|key| *key == item.key)?;
    let mut body = plan.body.to_json();
    let list = body.pointer_mut(&items.at)?.as_array_mut()?;
    let own = list.get_mut(index).map(Value::take)?;
    *list = vec![own];
    Some(DeliveryPlanned {
        key: item.key.clone(),
        ordering: Ordering::InOrder,
        idempotency_key: format!("{}:{}", plan.idempotency_key, item.key).into(),
        about: item.key.clone(),
        body: body.into(),
        items: Some(Box::new(BulkItems { at: items.at.clone(), keys: vec![item.key.clone()] })),
        maybe_done: item.unknown,
        ..plan.clone()
    })
}

fn again(delivery: &Delivery, by: &str, reason: &str) -> (Context, HubEvent) {
    let event = DeadLetterReplayed { delivery_id: delivery.id, by: by.to_owned(), reason: reason.to_owned() };
    (delivery.context.clone(), HubEvent::DeadLetterReplayed(event))
}

/// Dead letters by filter. Those above the limit stay, and are counted.
pub(super) fn by_filter(state: &State, filter: &ReplayFilter, by: &str, reason: &str) -> Result<Carried, Refusal> {
    who(by)?;
    why(reason, "a replay of many")?;
    if let (Some(from), Some(to)) = (filter.from, filter.to)
        && from > to
    {
        return Err(Refusal::invalid(
            "replay/range",
            "/from",
            format!("the range ends at {to}, before it begins at {from}"),
        ));
    }
    let limit = filter.limit.clamp(1, MAX_REPLAYED);
    let mut found = state.deliveries.dead_letters().filter(|delivery| fits(filter, delivery));
    let events: Vec<_> = found.by_ref().take(limit).map(|delivery| again(delivery, by, reason)).collect();
    let rest = found.count();
    let replayed = Replayed { sent: events.len(), left: rest, ..Replayed::default() };
    Ok(Carried { events, replayed: Some(replayed) })
}

fn fits(filter: &ReplayFilter, delivery: &Delivery) -> bool {
    let plan = &delivery.plan;
    let Some(dead) = &delivery.dead else { return false };
    (filter.ids.is_empty() || filter.ids.contains(&delivery.id))
        && filter.target.as_ref().is_none_or(|target| *target == plan.target)
        && filter.operation.as_ref().is_none_or(|operation| plan.operation == operation.as_str())
        && filter.about.as_ref().is_none_or(|about| plan.about.starts_with(about.as_str()))
        && filter.status.is_none_or(|status| dead.opened.status == Some(status))
        && filter.run_id.as_ref().is_none_or(|run| delivery.context.run_id.as_ref() == Some(run))
        && filter.from.is_none_or(|from| dead.at >= from)
        && filter.to.is_none_or(|to| dead.at < to)
}

/// From the log into one target: what never took place there, with its own idempotency key.
pub(super) fn into_target(state: &State, scan: &ReplayScan, by: &str, reason: &str) -> Result<Carried, Refusal> {
    who(by)?;
    why(reason, "a replay from the log")?;
    if state.deliveries.targets().all(|target| target != scan.target()) {
        return Err(unknown(format!("nothing was ever owed to `{}`", scan.target())));
    }
    if state.deliveries.last_success(scan.target()) > scan.upto() {
        let message =
            format!("the log was read up to {}, and {} took something since; read on", scan.upto(), scan.target());
        return Err(Refusal { rule: "replay/stale", ..settled(message) });
    }
    let (mut events, mut replayed) =
        (Vec::new(), Replayed { done: scan.done(), next: scan.next(), ..Replayed::default() });
    for (id, plan, context) in scan.open() {
        match state.deliveries.get(id) {
            Some(delivery) if delivery.dead.is_some() => events.push(again(delivery, by, reason)),
            // It is on its way, or waits for it.
            Some(_) => replayed.waiting += 1,
            None if scan.is_overtaken(id, plan) => replayed.overtaken += 1,
            None if state.deliveries.owes(plan) => replayed.waiting += 1,
            None if state.deliveries.is_behind(plan) => replayed.overtaken += 1,
            None => {
                let plan = DeliveryPlanned { replays: Some(id), maybe_done: true, ..DeliveryPlanned::clone(plan) };
                events.push((context.clone(), HubEvent::DeliveryPlanned(Arc::new(plan))));
            }
        }
    }
    replayed.sent = events.len();
    Ok(Carried { events, replayed: Some(replayed) })
}
