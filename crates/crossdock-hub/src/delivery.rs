//! One attempt, from the core's plan to a call and back to an outcome.
//! Here: rendering the call; the look-up before a repetition. Not here: when and how often (the core), the wire (`crossdock-connector`).
//! Invariant: every attempt ends in exactly one outcome, and all attempts of a delivery carry the same bytes and key.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crossdock_connector::{Body, Call, Connector, ItemOutcome, Outcome, outbound};
use crossdock_core::delivery::{Attempt, AttemptOutcome, ItemEnd};
use crossdock_edi::{Guide, Party};
use crossdock_model::{CloudEvent, EdiControl, Timestamp};

use crate::archive::Archive;
use crate::config::{HubConfig, X12Identity};
use crate::engine::Outcomes;
use crate::http::x12::strictness;
use crate::metrics::Metrics;

/// What attempts are made with.
pub(crate) struct Courier {
    connector: Connector,
    guides: Vec<Guide>,
    archive: Archive,
    config: Arc<HubConfig>,
    metrics: Arc<Metrics>,
}

impl Courier {
    pub(crate) fn new(
        connector: Connector,
        guides: Vec<Guide>,
        archive: Archive,
        config: Arc<HubConfig>,
        metrics: Arc<Metrics>,
    ) -> Self {
        Self { connector, guides, archive, config, metrics }
    }

    /// Makes an attempt and tells how it ended.
    pub(crate) async fn deliver(&self, attempt: Attempt, outcomes: Outcomes) {
        let started = Instant::now();
        let target = attempt.plan.target.to_string();
        let (outcome, items) = match self.call(&attempt).await {
            Ok(call) => {
                let sent = if attempt.maybe_done {
                    self.connector.send_again(&call).await
                } else {
                    self.connector.send(&call).await
                };
                let items = self.items(&attempt, &call, &sent);
                (sent, items)
            }
            // Nothing was sent, and nothing will be until somebody has changed the message or the configuration.
            Err(why) => {
                outcomes.tell(attempt.id, unrenderable(&why));
                return;
            }
        };
        let word = match &outcome {
            Outcome::Answered(answer) => format!("{}xx", answer.status / 100),
            Outcome::NotSent(_) => "not_sent".to_owned(),
            Outcome::Ambiguous { .. } => "ambiguous".to_owned(),
        };
        let labels = [("target", target.as_str()), ("outcome", word.as_str())];
        self.metrics.count("crossdock_delivery_outcomes_total", &labels);
        self.metrics.observe("crossdock_delivery_seconds", &[("target", target.as_str())], started.elapsed());
        tracing::debug!(delivery = %attempt.id, %target, operation = attempt.plan.operation.as_str(), outcome = word, "attempt ended");
        outcomes.tell(attempt.id, items.unwrap_or_else(|| told(outcome)));
    }

    /// The outcome of a bulk call that was answered: item by item, where the target's contract says how to read that.
    fn items(&self, attempt: &Attempt, call: &Call, outcome: &Outcome) -> Option<AttemptOutcome> {
        let (Some(items), Outcome::Answered(answer)) = (&attempt.plan.items, outcome) else { return None };
        if !(200..300).contains(&answer.status) {
            return None;
        }
        let keys: Vec<String> = items.keys.iter().map(ToString::to_string).collect();
        let ends = self.connector.items(call, answer, (items.at.as_str(), &keys))?;
        let ended = |(key, end): (String, ItemOutcome)| match end {
            ItemOutcome::Done => (key.into(), ItemEnd::Done),
            ItemOutcome::Failed { why } => (key.into(), ItemEnd::Failed { why }),
        };
        let items = ends.into_iter().map(ended).collect();
        Some(AttemptOutcome::Items { status: answer.status, body: answer.body.clone(), items })
    }

    async fn call(&self, attempt: &Attempt) -> Result<Call, String> {
        let plan = &attempt.plan;
        let body = match &plan.edi {
            Some(control) => Body::X12(self.x12(attempt, control).await?),
            None => Body::Json(plan.body.to_json()),
        };
        Ok(Call {
            target: plan.target.to_string(),
            operation: plan.operation.to_string(),
            path: plan.path.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
            query: Vec::new(),
            body,
            idempotency_key: Some(plan.idempotency_key.to_string()),
            correlation_id: Some(attempt.context.correlation_id.to_string()),
            synthetic: attempt.context.synthetic,
            run_id: attempt.context.run_id.as_ref().map(ToString::to_string),
        })
    }

    async fn x12(&self, attempt: &Attempt, control: &EdiControl) -> Result<Vec<u8>, String> {
        let partner = self.config.systems.get(attempt.plan.target.as_str()).and_then(|system| system.x12.as_ref());
        let partner = partner.ok_or_else(|| format!("no X12 identity is configured for `{}`", attempt.plan.target))?;
        let frame = outbound::Frame {
            sender: party(&self.config.x12),
            receiver: party(partner),
            partner: attempt.plan.target.clone(),
            control: control.clone(),
            at: self.planned_at(attempt).await?,
            test: attempt.context.synthetic,
            run_id: attempt.context.run_id.clone(),
        };
        outbound::render(&attempt.plan.body.to_json(), &frame, &self.guides, &strictness())
            .map_err(|error| error.to_string())
    }

    /// When the delivery was planned, from the ledger: the same for every attempt, also after a replay or a restart.
    async fn planned_at(&self, attempt: &Attempt) -> Result<Timestamp, String> {
        let records = self.archive.read(attempt.id.0, 1).await.map_err(|error| error.to_string())?;
        let plan = records.first().and_then(|record| serde_json::from_slice(&record.event).ok());
        let event = plan.and_then(|value| CloudEvent::from_json(value).ok());
        event
            .and_then(|event| event.received_at.or(event.time))
            .ok_or_else(|| "the plan is not in the ledger".to_owned())
    }
}

pub(crate) fn party(identity: &X12Identity) -> Party {
    Party::new(identity.qualifier.as_str(), identity.id.as_str())
}

/// The connector's outcome in the core's words.
fn told(outcome: Outcome) -> AttemptOutcome {
    let ms = |pause: Duration| i64::try_from(pause.as_millis()).unwrap_or(i64::MAX);
    match outcome {
        Outcome::Answered(answer) => AttemptOutcome::Answered {
            status: answer.status,
            problem: answer.problem,
            retry_after_ms: answer.retry_after.map(ms),
            body: answer.body,
        },
        Outcome::NotSent(not_sent) => AttemptOutcome::NotSent { why: format!("{}: {}", not_sent.reason, not_sent.why) },
        Outcome::Ambiguous { why } => AttemptOutcome::Ambiguous { why },
    }
}

/// A message that cannot be put into its form is refused, as its target would refuse it: a dead letter, and no retry.
fn unrenderable(why: &str) -> AttemptOutcome {
    AttemptOutcome::Answered {
        status: 422,
        problem: true,
        retry_after_ms: None,
        body: serde_json::json!({"title": "not sent", "detail": format!("the message cannot be written: {why}")}),
    }
}
