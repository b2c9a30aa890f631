//! Facts as `CloudEvent`s, and the marks that a whole flow carries.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// The marks of a call that everything following from it carries on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Context {
    /// `X-Correlation-Id`.
    pub correlation_id: Option<String>,
    /// `X-Synthetic: true`, or the same said in the body.
    pub synthetic: bool,
    /// `X-Run-Id`, or the same said in the body.
    pub run_id: Option<String>,
}

impl Context {
    /// This context with what the body itself says about being synthetic.
    #[must_use]
    pub fn with_marks_of(mut self, body: &Map<String, Value>) -> Self {
        if body.get("synthetic").and_then(Value::as_bool) == Some(true) {
            self.synthetic = true;
        }
        if self.run_id.is_none() {
            self.run_id = body.get("runId").and_then(Value::as_str).map(str::to_owned);
        }
        self
    }

    /// Writes `synthetic` and `runId` into a body, if this is a synthetic flow.
    pub fn mark(&self, body: &mut Map<String, Value>) {
        if self.synthetic {
            body.insert("synthetic".into(), Value::Bool(true));
            if let Some(run_id) = &self.run_id {
                body.insert("runId".into(), Value::String(run_id.clone()));
            }
        }
    }
}

/// A fact in the making.
pub struct Fact<'a> {
    /// The system's `source`, for instance `/wms-east`.
    pub source: &'a str,
    /// Unique in the source for ever.
    pub id: String,
    /// The event type.
    pub event_type: &'a str,
    /// The id of what it is about.
    pub subject: &'a str,
    /// When it happened, by the system's own clock.
    pub time: Timestamp,
    /// Marks of the flow.
    pub context: &'a Context,
    /// The facility's own sequence, where the source has one.
    pub sequence: Option<u64>,
    /// The payload.
    pub data: Value,
}

/// An id for ever, made of business keys. One that would be longer than ids may be keeps its beginning and a number made
/// of the whole.
#[must_use]
pub fn durable_id(text: &str) -> String {
    const LONGEST: usize = 128;
    if text.len() <= LONGEST {
        return text.to_owned();
    }
    let mut beginning = LONGEST - 17;
    while !text.is_char_boundary(beginning) {
        beginning -= 1;
    }
    format!("{}-{:016x}", &text[..beginning], crate::dice::Dice::new(0, text).next_u64())
}

impl Fact<'_> {
    /// The fact as structured-mode JSON.
    #[must_use]
    pub fn into_cloud_event(self) -> Value {
        let mut event = Map::new();
        event.insert("specversion".into(), json!("1.0"));
        event.insert("id".into(), Value::String(durable_id(&self.id)));
        event.insert("source".into(), json!(self.source));
        event.insert("type".into(), json!(self.event_type));
        event.insert("subject".into(), json!(self.subject));
        event.insert("time".into(), json!(self.time.to_string()));
        event.insert("datacontenttype".into(), json!("application/json"));
        if let Some(correlation_id) = &self.context.correlation_id {
            event.insert("correlationid".into(), json!(correlation_id));
        }
        if self.context.synthetic {
            event.insert("synthetic".into(), json!(true));
        }
        if let Some(run_id) = &self.context.run_id {
            event.insert("runid".into(), json!(run_id));
        }
        if let Some(sequence) = self.sequence {
            event.insert("sequence".into(), json!(sequence.to_string()));
        }
        event.insert("data".into(), self.data);
        Value::Object(event)
    }
}
