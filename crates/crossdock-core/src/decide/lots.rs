//! A lot or a bucket below zero is asked about on its own, by its own size.
//! Rules: docs/concepts/domain.md 3.11, 3.12, 3.14.

use ExceptionKind::{BucketBelowZero, LotBelowZero};
use crossdock_model::{ExceptionKind, ExceptionOpened, HubEvent, PositionChanged, Quantity, Resolution, Severity};
use serde_json::json;

use super::positions::closed_by_rule;
use super::{Ask, Question};
use crate::{Draft, Position};

/// Of a published position, the lots and buckets that are below zero, and those that were.
pub(super) fn below_zero(ask: &Ask<'_>, position: &PositionChanged) -> Vec<Draft> {
    let kept = ask.state.position(&position.product, &position.facility);
    let lots = kept.into_iter().flat_map(Position::lots);
    let lots =
        lots.flat_map(|(lot, shelf)| one(ask, position, LotBelowZero, lot.as_str(), shelf.sellable().shortfall()));
    let buckets = [("quarantined", position.quarantined), ("damaged", position.damaged)];
    let buckets =
        buckets.into_iter().flat_map(|(of, there)| one(ask, position, BucketBelowZero, of, there.shortfall()));
    lots.chain(buckets).collect()
}

fn one(ask: &Ask<'_>, position: &PositionChanged, kind: ExceptionKind, distinct: &str, size: Quantity) -> Vec<Draft> {
    if size.is_zero() && !ask.state.exceptions.any_open_of(kind) {
        return Vec::new();
    }
    let about = format!("position/{}/{}", position.facility, position.product);
    let open = ask.state.exceptions.open_distinct(&about, kind, distinct);
    if open.is_none() && size.is_zero() {
        return Vec::new();
    }
    // A person who ignored it has seen exactly this figure; another one is asked again.
    let asked = ask.state.exceptions.asked_distinct(&about, kind, distinct);
    let seen = asked.and_then(|x| x.opened.details.get("size")?.as_str()?.parse::<Quantity>().ok());
    if seen == Some(size) {
        return Vec::new();
    }
    let mut drafts: Vec<_> = open.map(|x| closed_by_rule(x.id, "the figures changed")).into_iter().collect();
    if !size.is_zero() {
        let (what, why) = if kind == LotBelowZero {
            ("lot ", "more of the lot left or was lost than came in: movements name the wrong lot, or one is missing")
        } else {
            ("", "more was released or taken out than was put in: a movement is missing, or came twice")
        };
        let question = Question {
            kind,
            about,
            what: format!("{what}{distinct} of {} at {} is {size} below zero", position.product, position.facility),
            why,
            owner: "inventory",
            severity: Severity::Medium,
            resolutions: &[Resolution::Ignore],
            details: json!({ "size": size, "of": distinct, "product": position.product, "facility": position.facility }),
        };
        let opened = ExceptionOpened { distinct: distinct.to_owned(), ..super::opened(ask.policy, ask.now, question) };
        drafts.push(Draft::from(HubEvent::ExceptionOpened(opened)));
    }
    drafts
}
