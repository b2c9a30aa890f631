//! Recommendations: from a signal of planning to an approval, or to a refusal with its reason.
//! Rule: docs/concepts/domain.md, 9.2 and 9.3.1. Not here: the order that an approved one becomes (`orders`).
//! Invariant (I15): one is open per product, facility and cycle; an approval moves nothing.

use crossdock_model::{
    ExceptionKind, HubEvent, Recommendation, RecommendationApproved, RecommendationRefused, Resolution, Severity,
};
use serde_json::{Value, json};

use crate::about::About;
use crate::decide::{Ask, Question, routes};
use crate::{Draft, ExceptionState, RecommendationState};

/// Stale and second signals stop here; what is left is approved by rule up to a limit, above it by a person.
pub(in crate::decide) fn recommended(ask: &Ask<'_>, r: &Recommendation) -> Vec<Draft> {
    let refuse = |reason: String| {
        let refused = RecommendationRefused { recommendation_id: r.recommendation_id.clone(), reason };
        vec![Draft::from(HubEvent::RecommendationRefused(refused))]
    };
    if let Some(reason) = stopped(ask, r) {
        return refuse(reason);
    }
    let value = r.unit_price.times(r.quantity);
    if value.is_some_and(|value| value <= ask.policy.approval_limit) {
        let by = format!("rule: up to {}", ask.policy.approval_limit);
        let approved = RecommendationApproved { recommendation_id: r.recommendation_id.clone(), by };
        return vec![HubEvent::RecommendationApproved(approved).into()];
    }
    let question = Question {
        kind: ExceptionKind::ApprovalNeeded,
        about: About::Recommendation(r.recommendation_id.clone()).to_string(),
        what: format!(
            "planning recommends {} {} of {} from {} at {}",
            r.quantity, r.unit, r.product, r.supplier, r.unit_price
        ),
        why: "its value is above the limit up to which a rule approves",
        owner: "procurement",
        severity: Severity::Medium,
        resolutions: &[Resolution::Approve, Resolution::Reject],
        details: json!({ "limit": ask.policy.approval_limit }),
    };
    ask.open(question).into_iter().collect()
}

/// Why a recommendation goes no further: another one is open in its cycle, or supply changed since it was computed (9.3.1).
fn stopped(ask: &Ask<'_>, r: &Recommendation) -> Option<String> {
    if let Some(twin) = ask.state.procurement.open_twin(r) {
        let twin = &twin.recommendation.recommendation_id;
        return Some(format!("recommendation {twin} is open for {} at {} in cycle {}", r.product, r.facility, r.cycle));
    }
    let (version, supply_version) =
        ask.state.position(&r.product, &r.facility).map_or((0, 0), |p| (p.version, p.supply_version));
    // Demand moves all the time and planning allows for it; supply that it did not know of makes its figure wrong.
    (r.position_version < supply_version || r.position_version > version).then(|| {
        format!(
            "it was computed from version {} of the position; supply changed in version {supply_version}, the newest is {version}",
            r.position_version
        )
    })
}

/// A person decided a recommendation. Approved is what was seen: what stops it now stops it all the same.
pub(in crate::decide) fn decided(ask: &Ask<'_>, exception: &ExceptionState, resolution: Resolution) -> Vec<Draft> {
    let Some(About::Recommendation(recommendation_id)) = About::parse(&exception.opened.about) else {
        return Vec::new();
    };
    let Some(state) = ask.state.procurement.recommendations.get(&recommendation_id) else { return Vec::new() };
    let by = exception.resolved.as_ref().map_or("a person", |(resolved, _)| resolved.by.as_str()).to_owned();
    let event = match stopped(ask, &state.recommendation) {
        _ if resolution != Resolution::Approve => {
            let reason = format!("refused by {by}");
            HubEvent::RecommendationRefused(RecommendationRefused { recommendation_id, reason })
        }
        Some(reason) => {
            let reason = format!("{by} approved it, and then: {reason}");
            HubEvent::RecommendationRefused(RecommendationRefused { recommendation_id, reason })
        }
        None => HubEvent::RecommendationApproved(RecommendationApproved { recommendation_id, by }),
    };
    vec![Draft::of(&state.context, event)]
}

pub(in crate::decide) fn approved(ask: &Ask<'_>, event: &RecommendationApproved) -> Vec<Draft> {
    let Some(state) = ask.state.procurement.recommendations.get(&event.recommendation_id) else { return Vec::new() };
    let mut drafts = told(ask, state, json!({ "status": "approved" }));
    drafts.extend(routes::erp_purchase_order(ask, &state.recommendation, &state.context));
    drafts
}

pub(in crate::decide) fn refused(ask: &Ask<'_>, event: &RecommendationRefused) -> Vec<Draft> {
    let Some(state) = ask.state.procurement.recommendations.get(&event.recommendation_id) else { return Vec::new() };
    told(ask, state, json!({ "status": "refused", "reason": event.reason }))
}

pub(super) fn told(ask: &Ask<'_>, state: &RecommendationState, body: Value) -> Vec<Draft> {
    routes::recommendation_status(ask, &state.recommendation, &state.context, body).into_iter().collect()
}
