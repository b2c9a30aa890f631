//! 855: what a supplier promises per line, held against what is ordered.
//! Rule: docs/concepts/domain.md, 9.4 and 4.2. A promise is always kept as it was said; what it changes of the order waits for
//! a rule or a person.
//! Invariant: an approval applies what was seen, or asks again.

use std::collections::BTreeMap;

use crossdock_model::{
    ConfirmedLine, ExceptionId, ExceptionKind, HubEvent, LineNumber, LineStatus, PoAcknowledged, PoChanged,
    PoConfirmed, PoLine, PoReduced, Quantity, ReducedLine, Resolution, Severity,
};
use serde_json::{Value, json};

use super::orders::sent_once;
use super::questions;
use crate::about::About;
use crate::decide::{Ask, Question, routes};
use crate::procurement::{PoLineState, PoState};
use crate::purchasing::percent_of;
use crate::{Draft, Policy};

pub(in crate::decide) fn acknowledged(ask: &Ask<'_>, ack: &PoAcknowledged) -> Vec<Draft> {
    let Some(po) = ask.state.purchase_order(&ack.po_number) else {
        return Vec::from_iter(questions::unknown_po(ask, &ack.po_number, "acknowledges", "855"));
    };
    if !po.is_open() {
        return Vec::from_iter(questions::closed_po(ask, &ack.po_number, "acknowledges", "855"));
    }
    let mut drafts = sent_once(ask, &ack.po_number);
    // The same 855 under new control numbers has no second effect (9.3.2), and an older one none at all (I8).
    let older = po.confirmed_at.is_some_and(|at| ack.acknowledged_at < at);
    if older || po.confirmed.as_ref() == Some(&ack.lines) {
        return drafts;
    }
    let confirmed = PoConfirmed {
        po_number: ack.po_number.clone(),
        lines: ack.lines.clone(),
        acknowledged_at: Some(ack.acknowledged_at),
    };
    drafts.push(Draft::of(&po.context, HubEvent::PoConfirmed(confirmed)));
    drafts
}

/// The promise is kept, in the place of an earlier one: what differs is accepted by rule, or asked.
pub(in crate::decide) fn confirmed(ask: &Ask<'_>, event: &PoConfirmed) -> Vec<Draft> {
    let Some(po) = ask.state.purchase_order(&event.po_number) else { return Vec::new() };
    let mut drafts = Vec::from_iter(routes::erp_po_confirmed(ask, po));
    let about = About::Po(event.po_number.clone()).to_string();
    let kind = ExceptionKind::AcknowledgementVariance;
    let promise = Promise::read(po, &event.lines);
    if promise.parts.is_empty() {
        drafts.extend(questions::no_longer(ask, &about, kind, "the supplier promises now what was ordered"));
    } else if let Some(by) = promise.accepted_by_rule(po, ask.policy) {
        drafts.extend(questions::no_longer(ask, &about, kind, "another promise took its place"));
        drafts.extend(promise.taken(po, &by));
    } else {
        drafts.extend(questions::instead(ask, promise.question(about, &event.lines)));
    }
    drafts
}

/// A person decided. What is accepted is what was seen: if the figures changed in the meantime, they are asked again.
pub(in crate::decide) fn variance_decided(
    ask: &Ask<'_>,
    id: ExceptionId,
    details: &Value,
    about: &str,
    resolution: Resolution,
) -> Vec<Draft> {
    let Some(About::Po(number)) = About::parse(about) else { return Vec::new() };
    let Some(po) = ask.state.purchase_order(&number).filter(|_| resolution == Resolution::Approve) else {
        return Vec::new();
    };
    let Some(lines) = po.confirmed.as_ref().filter(|_| po.is_open()) else { return Vec::new() };
    let promise = Promise::read(po, lines);
    if details.get("less") != Some(&json!(promise.less)) || details.get("changed") != Some(&json!(promise.changed)) {
        if promise.parts.is_empty() {
            return Vec::new();
        }
        let mut question = promise.question(about.to_owned(), lines);
        question.what = format!("{} (other figures than exception {id} showed)", question.what);
        return questions::instead(ask, question);
    }
    let exception = ask.state.exceptions.get(id);
    let by = exception.and_then(|x| x.resolved.as_ref()).map_or("a person", |(resolved, _)| resolved.by.as_str());
    promise.taken(po, by)
}

/// What a promise says of an order as it stands now.
struct Promise {
    /// In words, what differs.
    parts: Vec<String>,
    /// What will not come.
    less: Vec<ReducedLine>,
    /// More than ordered, or at another price: the lines as they would be.
    changed: Vec<PoLine>,
    /// Nothing but smaller quantities.
    only_less: bool,
}

impl Promise {
    fn read(po: &PoState, lines: &[ConfirmedLine]) -> Self {
        let mut promise = Self { parts: Vec::new(), less: Vec::new(), changed: Vec::new(), only_less: true };
        // One line may be answered in parts: 60 accepted and 40 backordered are a promise of 100.
        let mut answers = BTreeMap::<LineNumber, Vec<&ConfirmedLine>>::new();
        for line in lines {
            answers.entry(line.line_number).or_default().push(line);
        }
        for (number, answers) in answers {
            let product = answers.first().map(|line| &line.product);
            match product.and_then(|product| po.line_of(number, product)) {
                Some(line) => promise.read_line(po, line, &answers),
                None => promise.odd(format!("line {number} was not ordered")),
            }
        }
        promise
    }

    fn odd(&mut self, part: String) {
        self.parts.push(part);
        self.only_less = false;
    }

    fn read_line(&mut self, po: &PoState, line: &PoLineState, answers: &[&ConfirmedLine]) {
        let (number, ordered) = (line.number, line.ordered.quantity);
        if let Some(answer) = answers.iter().find(|answer| answer.unit != line.unit) {
            return self.odd(format!("line {number}: confirmed in {}, ordered in {}", answer.unit, line.unit));
        }
        let comes = |answer: &&&ConfirmedLine| answer.status != LineStatus::Rejected;
        let promised: Quantity = answers.iter().filter(comes).map(|answer| answer.quantity).sum();
        let wanted = ordered.saturating_sub(line.cancelled);
        let mut prices = answers.iter().filter_map(|answer| answer.unit_price);
        let price = prices.rfind(|price| price.decimal() != line.ordered.unit_price.decimal());
        if promised > wanted {
            self.odd(format!("line {number}: {promised} confirmed above the ordered {wanted}"));
        } else if promised < wanted {
            let words = words(answers);
            self.parts.push(format!("line {number}: {words}, {promised} of {wanted}"));
            let less = wanted.saturating_sub(promised).min(po.to_come(line));
            if !less.is_zero() {
                let product = line.product.clone();
                self.less.push(ReducedLine { line_number: number, product, quantity: less });
            }
        } else if let Some(later) = answers.iter().find(|answer| answer.status != LineStatus::Accepted) {
            let date = later.date.as_ref().map(|date| format!(" for {date}")).unwrap_or_default();
            self.odd(format!("line {number}: {}, {promised} of {wanted}{date}", words(answers)));
        }
        if let Some(price) = price {
            self.odd(format!("line {number}: price {price}, ordered at {}", line.ordered.unit_price));
        }
        if promised > wanted || price.is_some() {
            let quantity = ordered.max(promised + line.cancelled);
            let unit_price = price.unwrap_or(line.ordered.unit_price);
            self.changed.push(PoLine { quantity, unit_price, ..line.ordered.clone() });
        }
    }

    /// The rule that accepts, where one does: smaller quantities alone, each within what is declared.
    fn accepted_by_rule(&self, po: &PoState, policy: &Policy) -> Option<String> {
        let percent = policy.purchasing.accept_reduction_percent;
        let small = |less: &ReducedLine| {
            po.line(less.line_number).is_some_and(|line| less.quantity <= percent_of(line.ordered.quantity, percent))
        };
        let taken = self.only_less && !self.less.is_empty() && self.less.iter().all(small);
        taken.then(|| format!("rule: up to {percent} % less"))
    }

    fn taken(self, po: &PoState, by: &str) -> Vec<Draft> {
        let (po_number, by) = (po.po.po_number.clone(), by.to_owned());
        let mut drafts = Vec::new();
        if !self.less.is_empty() {
            let reduced = PoReduced { po_number: po_number.clone(), lines: self.less, by: by.clone() };
            drafts.push(Draft::of(&po.context, HubEvent::PoReduced(reduced)));
        }
        if !self.changed.is_empty() {
            let changed = PoChanged { po_number, change_id: None, lines: self.changed, by };
            drafts.push(Draft::of(&po.context, HubEvent::PoChanged(changed)));
        }
        drafts
    }

    fn question<'a>(&self, about: String, lines: &[ConfirmedLine]) -> Question<'a> {
        Question {
            kind: ExceptionKind::AcknowledgementVariance,
            about,
            what: self.parts.join("; "),
            why: "the supplier promises something else than was ordered; nothing moves before somebody accepts it",
            owner: "procurement",
            severity: Severity::Medium,
            resolutions: &[Resolution::Approve, Resolution::Reject],
            details: json!({ "lines": lines, "less": self.less, "changed": self.changed }),
        }
    }
}

fn words(answers: &[&ConfirmedLine]) -> String {
    let mut words: Vec<String> = Vec::new();
    for answer in answers {
        let word = format!("{:?}", answer.status).to_lowercase();
        if !words.contains(&word) {
            words.push(word);
        }
    }
    words.join(" and ")
}
