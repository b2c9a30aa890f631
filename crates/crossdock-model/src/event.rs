//! One entry of the ledger, typed: its circumstances ([`Meta`]) and what happened ([`Event`]).

use std::fmt;

use serde_json::Value;

use crate::{CloudEvent, CloudEventError, CorrelationId, Fact, HubEvent, RunId, SystemId, Text, Timestamp};

/// Where, when and in which connection something happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meta {
    /// The transport id; of a hub event, `hub-` and its sequence.
    pub id: Text,
    /// Who says so. `hub` for the hub itself.
    pub system: SystemId,
    /// By the source's own clock.
    pub source_time: Timestamp,
    /// By the hub's clock.
    pub received_at: Timestamp,
    /// The business act it belongs to.
    pub correlation_id: CorrelationId,
    /// The id of what caused it.
    pub causation_id: Option<Text>,
    /// The source's own running number.
    pub source_sequence: Option<u64>,
    /// Part of a synthetic transaction.
    pub synthetic: bool,
    /// Its run.
    pub run_id: Option<RunId>,
}

/// What happened: a system's fact or the hub's own event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A system reported it.
    Fact(Fact),
    /// The hub decided or saw it.
    Hub(HubEvent),
}

/// Why a ledger entry cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum EventError {
    /// The envelope is wrong.
    #[error("{0}")]
    Envelope(#[from] CloudEventError),
    /// No such type in this version.
    #[error("the event type `{0}` is unknown")]
    UnknownType(String),
    /// The data does not have the type's shape.
    #[error("the data of `{event_type}` cannot be read")]
    Data {
        /// The type.
        event_type: String,
        /// What serde found.
        source: serde_json::Error,
    },
    /// An attribute of the envelope cannot be what it says.
    #[error("the attribute `{attribute}` is wrong: {why}")]
    Attribute {
        /// Its name.
        attribute: &'static str,
        /// In plain words.
        why: String,
    },
}

impl Event {
    /// The CloudEvents type.
    pub fn event_type(&self) -> &'static str {
        match self {
            Self::Fact(fact) => fact.event_type(),
            Self::Hub(event) => event.event_type(),
        }
    }

    /// Reads `data` by its type.
    ///
    /// # Errors
    /// The type is unknown or the data does not fit it.
    pub fn from_data(event_type: &str, data: Value) -> Result<Self, EventError> {
        let wrong = |source| EventError::Data { event_type: event_type.to_owned(), source };
        if Fact::TYPES.contains(&event_type) {
            if let Some(fact) = Fact::from_data(event_type, data) {
                return fact.map(Self::Fact).map_err(wrong);
            }
        } else if let Some(event) = HubEvent::from_data(event_type, data) {
            return event.map(Self::Hub).map_err(wrong);
        }
        Err(EventError::UnknownType(event_type.to_owned()))
    }

    /// The `data` of its CloudEvent.
    ///
    /// # Errors
    /// None in practice: every payload has text keys.
    pub fn to_data(&self) -> Result<Value, serde_json::Error> {
        match self {
            Self::Fact(fact) => fact.to_data(),
            Self::Hub(event) => event.to_data(),
        }
    }
}

impl Meta {
    /// Reads the circumstances from an envelope; `source` `/wms-east` names the system `wms-east`.
    ///
    /// `received_at` stands in for what the envelope lacks.
    ///
    /// # Errors
    /// An attribute that is no id, or a sequence that is no number.
    pub fn from_cloud_event(event: &CloudEvent, received_at: Timestamp) -> Result<Self, EventError> {
        let system = event.source.rsplit('/').next().unwrap_or_default();
        let correlation = event.correlation_id.clone().unwrap_or_else(|| event.id.clone());
        Ok(Self {
            id: event.id.as_str().into(),
            system: attribute("source", system.parse())?,
            source_time: event.time.unwrap_or(received_at),
            received_at: event.received_at.unwrap_or(received_at),
            correlation_id: attribute("correlationid", correlation.parse())?,
            causation_id: event.causation_id.as_deref().map(Text::from),
            source_sequence: event.sequence.as_deref().map(|s| attribute("sequence", s.parse())).transpose()?,
            synthetic: event.synthetic,
            run_id: event.run_id.clone().map(|id| attribute("runid", RunId::try_from(id))).transpose()?,
        })
    }

    /// The envelope of `event` with these circumstances. `subject` is its business key.
    ///
    /// # Errors
    /// None in practice: every payload has text keys.
    pub fn to_cloud_event(&self, event: &Event, subject: Option<String>) -> Result<CloudEvent, serde_json::Error> {
        let source =
            if self.system.as_str() == "hub" { "/crossdock/hub".to_owned() } else { format!("/{}", self.system) };
        let mut envelope = CloudEvent::new(self.id.to_string(), source, event.event_type(), event.to_data()?);
        envelope.subject = subject;
        envelope.time = Some(self.source_time);
        envelope.received_at = Some(self.received_at);
        envelope.correlation_id = Some(self.correlation_id.to_string());
        envelope.causation_id = self.causation_id.as_ref().map(ToString::to_string);
        envelope.sequence = self.source_sequence.map(|n| n.to_string());
        envelope.synthetic = self.synthetic;
        envelope.run_id = self.run_id.as_ref().map(ToString::to_string);
        Ok(envelope)
    }
}

fn attribute<T, E: fmt::Display>(attribute: &'static str, value: Result<T, E>) -> Result<T, EventError> {
    value.map_err(|why| EventError::Attribute { attribute, why: why.to_string() })
}
