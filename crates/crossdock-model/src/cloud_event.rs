//! The envelope of everything that is kept: a CloudEvent 1.0.
//! Here: its attributes, our extensions, its JSON (structured mode). Not here: what `data` may hold (`event.rs`, contracts).
//! Invariant: an extension that we do not know is kept and written again; `data` keeps every digit.

use serde_json::{Map, Value};

use crate::Timestamp;

/// Why a JSON value is no CloudEvent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CloudEventError {
    /// Not an object.
    #[error("a CloudEvent is a JSON object")]
    NotAnObject,
    /// A required attribute is absent.
    #[error("the attribute `{0}` is missing")]
    Missing(&'static str),
    /// An attribute has a value that it cannot have.
    #[error("the attribute `{attribute}` {why}")]
    Wrong {
        /// Its name.
        attribute: String,
        /// What is wrong, to follow the name: "is not a text".
        why: String,
    },
}

impl CloudEventError {
    /// The JSON pointer to the attribute, empty for the whole.
    pub fn pointer(&self) -> String {
        match self {
            Self::NotAnObject => String::new(),
            Self::Missing(attribute) => format!("/{attribute}"),
            Self::Wrong { attribute, .. } => format!("/{attribute}"),
        }
    }
}

/// A CloudEvent 1.0 with the extensions that Crossdock uses.
#[derive(Clone, Debug, PartialEq)]
pub struct CloudEvent {
    /// Unique per source: the transport id.
    pub id: String,
    /// Who says so: `/commerce`, `/wms-east`, `/crossdock/hub`.
    pub source: String,
    /// What happened: `order.captured.v1`.
    pub event_type: String,
    /// The business key of what it happened to.
    pub subject: Option<String>,
    /// The source's own time.
    pub time: Option<Timestamp>,
    /// When the hub took it (extension `receivedat`).
    pub received_at: Option<Timestamp>,
    /// Ties together what one business act caused (extension `correlationid`).
    pub correlation_id: Option<String>,
    /// The id of the event that caused this one (extension `causationid`).
    pub causation_id: Option<String>,
    /// True for a synthetic transaction (extension `synthetic`).
    pub synthetic: bool,
    /// The run of a synthetic transaction (extension `runid`).
    pub run_id: Option<String>,
    /// The source's own running number, e.g. a facility's (extension `sequence`).
    pub sequence: Option<String>,
    /// By which factors the hub counts its quantities, as JSON (extension `unitfactors`): a document keeps those it was made with.
    pub unit_factors: Option<String>,
    /// Extensions of others, kept as they came.
    pub extensions: Map<String, Value>,
    /// What happened, by the contract of the type.
    pub data: Value,
}

impl CloudEvent {
    /// An event with its required attributes and nothing else.
    pub fn new(id: impl Into<String>, source: impl Into<String>, event_type: impl Into<String>, data: Value) -> Self {
        Self {
            id: id.into(),
            source: source.into(),
            event_type: event_type.into(),
            subject: None,
            time: None,
            received_at: None,
            correlation_id: None,
            causation_id: None,
            synthetic: false,
            run_id: None,
            sequence: None,
            unit_factors: None,
            extensions: Map::new(),
            data,
        }
    }

    /// Reads the JSON of structured mode.
    ///
    /// # Errors
    /// The first attribute that is missing or wrong.
    pub fn from_json(value: Value) -> Result<Self, CloudEventError> {
        let Value::Object(mut map) = value else {
            return Err(CloudEventError::NotAnObject);
        };
        match map.remove("specversion") {
            Some(Value::String(version)) if version == "1.0" => {}
            Some(other) => return Err(wrong("specversion", format!("is {other}, not \"1.0\""))),
            None => return Err(CloudEventError::Missing("specversion")),
        }
        let mut event = Self::new(
            required(&mut map, "id")?,
            required(&mut map, "source")?,
            required(&mut map, "type")?,
            Value::Null,
        );
        event.subject = text(&mut map, "subject")?;
        event.time = time(&mut map, "time")?;
        event.received_at = time(&mut map, "receivedat")?;
        event.correlation_id = text(&mut map, "correlationid")?;
        event.causation_id = text(&mut map, "causationid")?;
        event.run_id = text(&mut map, "runid")?;
        event.sequence = match map.remove("sequence") {
            Some(Value::Number(number)) => Some(number.to_string()),
            Some(other) => {
                map.insert("sequence".to_owned(), other);
                text(&mut map, "sequence")?
            }
            None => None,
        };
        event.synthetic = match map.remove("synthetic") {
            None | Some(Value::Null) => false,
            Some(Value::Bool(flag)) => flag,
            // Binary mode carries booleans as text.
            Some(Value::String(flag)) if flag == "true" => true,
            Some(Value::String(flag)) if flag == "false" => false,
            Some(_) => return Err(wrong("synthetic", "is neither true nor false".to_owned())),
        };
        event.unit_factors = match map.remove("unitfactors") {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) => Some(text),
            Some(_) => return Err(wrong("unitfactors", "is not a text".to_owned())),
        };
        map.remove("datacontenttype");
        if map.contains_key("data_base64") {
            return Err(wrong("data_base64", "is not understood: send JSON in `data`".to_owned()));
        }
        event.data = map.remove("data").unwrap_or(Value::Null);
        event.extensions = map;
        Ok(event)
    }

    /// The JSON of structured mode.
    pub fn to_json(&self) -> Value {
        let mut map = Map::new();
        let mut put = |key: &str, value: Value| {
            map.insert(key.to_owned(), value);
        };
        put("specversion", "1.0".into());
        put("id", self.id.as_str().into());
        put("source", self.source.as_str().into());
        put("type", self.event_type.as_str().into());
        let texts = [
            ("subject", self.subject.clone()),
            ("time", self.time.map(|t| t.to_string())),
            ("receivedat", self.received_at.map(|t| t.to_string())),
            ("correlationid", self.correlation_id.clone()),
            ("causationid", self.causation_id.clone()),
            ("runid", self.run_id.clone()),
            ("sequence", self.sequence.clone()),
            ("unitfactors", self.unit_factors.clone()),
        ];
        for (key, value) in texts {
            if let Some(value) = value {
                put(key, value.into());
            }
        }
        if self.synthetic {
            put("synthetic", true.into());
        }
        for (key, value) in &self.extensions {
            put(key, value.clone());
        }
        put("datacontenttype", "application/json".into());
        put("data", self.data.clone());
        Value::Object(map)
    }
}

fn wrong(attribute: &str, why: String) -> CloudEventError {
    CloudEventError::Wrong { attribute: attribute.to_owned(), why }
}

fn text(map: &mut Map<String, Value>, attribute: &'static str) -> Result<Option<String>, CloudEventError> {
    match map.remove(attribute) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.is_empty() => Err(wrong(attribute, "is empty".to_owned())),
        Some(Value::String(text)) if text.len() > 512 => {
            Err(wrong(attribute, format!("has {} bytes; 512 are the limit", text.len())))
        }
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(wrong(attribute, "is not a text".to_owned())),
    }
}

fn required(map: &mut Map<String, Value>, attribute: &'static str) -> Result<String, CloudEventError> {
    text(map, attribute)?.ok_or(CloudEventError::Missing(attribute))
}

fn time(map: &mut Map<String, Value>, attribute: &'static str) -> Result<Option<Timestamp>, CloudEventError> {
    let Some(text) = text(map, attribute)? else {
        return Ok(None);
    };
    match text.parse() {
        Ok(time) => Ok(Some(time)),
        Err(_) => Err(wrong(attribute, format!("is no RFC 3339 time: `{text}`"))),
    }
}
