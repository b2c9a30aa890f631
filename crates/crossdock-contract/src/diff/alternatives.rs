//! `oneOf` and `anyOf`: alternatives added, removed or changed.
//! Invariant: the order of alternatives means nothing.

use super::recorder::{Context, Effect, Pair, Recorder};
use super::view::{View, expanded};
use super::{Level, schema};
use crate::library::Place;

pub(super) fn compare<'a>(recorder: &mut Recorder<'a>, context: &Context, old: &View<'a>, new: &View<'a>) {
    for (keyword, name) in [("oneOf", "one-of"), ("anyOf", "any-of")] {
        let list = |view: &View<'a>| view.get(keyword).map(|place| place.items().collect::<Vec<_>>());
        let whole = Pair { base: old.at(keyword), revision: new.at(keyword) };
        match (list(old), list(new)) {
            (Some(before), Some(after)) => match_up(recorder, context, before, after, &whole, name),
            (None, Some(_)) => {
                let text = format!("{} was limited to alternatives", context.words());
                let level = context.level(Effect::Narrowed);
                recorder.say(context, &context.id(&format!("{name}-set")), level, &whole, "", text);
            }
            (Some(_), None) => {
                let text = format!("{} is no longer limited to alternatives", context.words());
                let level = context.level(Effect::Widened);
                recorder.say(context, &context.id(&format!("{name}-unset")), level, &whole, "", text);
            }
            (None, None) => {}
        }
    }
}

fn match_up<'a>(
    recorder: &mut Recorder<'a>,
    context: &Context,
    mut before: Vec<Place<'a>>,
    mut after: Vec<Place<'a>>,
    whole: &Pair<'a>,
    name: &str,
) {
    // Equal ones first, then those of the same name, then those left over when the number is the same.
    let (base, revision) = (recorder.base, recorder.revision);
    take_pairs(&mut before, &mut after, |a, b| expanded(base, a) == expanded(revision, b));
    let mut pairs = take_pairs(&mut before, &mut after, |a, b| label(a).is_some() && label(a) == label(b));
    if before.len() == after.len() {
        pairs.extend(take_pairs(&mut before, &mut after, |_, _| true));
    }
    for pair in pairs {
        let part = label(&pair.revision).unwrap_or_else(|| name.to_owned());
        schema::compare(recorder, &context.part(&part), &pair);
    }
    for place in before {
        let at = Pair { base: place.clone(), revision: whole.revision.clone() };
        let what = label(&place).unwrap_or_else(|| "an alternative".to_owned());
        let text = format!("{} may no longer be {what}", context.words());
        let level = context.level(Effect::Narrowed);
        recorder.say(context, &context.id(&format!("{name}-removed")), level, &at, &what, text);
    }
    for place in after {
        let at = Pair { base: whole.base.clone(), revision: place.clone() };
        let what = label(&place).unwrap_or_else(|| "an alternative".to_owned());
        let text = format!("{} may be {what}", context.words());
        let level: Level = context.level(Effect::Widened);
        recorder.say(context, &context.id(&format!("{name}-added")), level, &at, &what, text);
    }
}

fn take_pairs<'a>(
    before: &mut Vec<Place<'a>>,
    after: &mut Vec<Place<'a>>,
    same: impl Fn(&Place<'a>, &Place<'a>) -> bool,
) -> Vec<Pair<'a>> {
    let mut pairs = Vec::new();
    let mut left = Vec::new();
    for base in before.drain(..) {
        match after.iter().position(|revision| same(&base, revision)) {
            Some(index) => pairs.push(Pair { base, revision: after.remove(index) }),
            None => left.push(base),
        }
    }
    *before = left;
    pairs
}

/// The name of an alternative: its title, or what its reference points at.
fn label(place: &Place<'_>) -> Option<String> {
    place
        .reference()
        .and_then(|reference| reference.rsplit('/').next())
        .or_else(|| place.text("title"))
        .map(|name| crate::api::compile::stem(name).to_owned())
}
