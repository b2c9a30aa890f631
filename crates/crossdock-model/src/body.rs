//! What a delivery carries: typed parts where it was decided, JSON where it was read back, and the same document either way.
//! Here: the value and how it becomes JSON. Not here: which operation has which body (the core's routes).
//! Invariant: two bodies are equal if their documents are.

use std::any::Any;
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

/// A document that is made when somebody needs it: a decision plans many calls, and most of what it plans is not sent yet.
pub trait Render: Any + Send + Sync {
    /// The document.
    fn render(&self) -> Value;
}

impl<T: Serialize + Send + Sync + 'static> Render for T {
    fn render(&self) -> Value {
        serde_json::to_value(self).unwrap_or_else(|_| unreachable!("typed parts have text keys"))
    }
}

/// The body of a call.
#[derive(Clone)]
pub struct Body(Kind);

#[derive(Clone)]
enum Kind {
    Document(Arc<Value>),
    Parts(Arc<dyn Render>),
}

impl Body {
    /// A body of typed parts.
    pub fn of(parts: impl Render + 'static) -> Self {
        Self(Kind::Parts(Arc::new(parts)))
    }

    /// Typed parts that somebody else keeps too.
    pub fn shared(parts: Arc<dyn Render>) -> Self {
        Self(Kind::Parts(parts))
    }

    /// The body as the parts that it was made of, or would be; `None`, where the document is another.
    pub fn parts<T: Clone + DeserializeOwned + 'static>(&self) -> Option<Cow<'_, T>> {
        match &self.0 {
            Kind::Document(value) => T::deserialize(value.as_ref()).ok().map(Cow::Owned),
            Kind::Parts(parts) => match (parts.as_ref() as &dyn Any).downcast_ref::<T>() {
                Some(own) => Some(Cow::Borrowed(own)),
                None => serde_json::from_value(parts.render()).ok().map(Cow::Owned),
            },
        }
    }

    /// A member of the document that is a text.
    pub fn text(&self, member: &str) -> Option<String> {
        Some(self.to_json().get(member)?.as_str()?.to_owned())
    }

    /// The document.
    pub fn to_json(&self) -> Value {
        match &self.0 {
            Kind::Document(value) => value.as_ref().clone(),
            Kind::Parts(parts) => parts.render(),
        }
    }
}

impl From<Value> for Body {
    fn from(value: Value) -> Self {
        Self(Kind::Document(Arc::new(value)))
    }
}

impl PartialEq for Body {
    fn eq(&self, other: &Self) -> bool {
        self.to_json() == other.to_json()
    }
}
impl Eq for Body {}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.to_json(), f)
    }
}

impl Serialize for Body {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Kind::Document(value) => value.as_ref().serialize(serializer),
            Kind::Parts(parts) => parts.render().serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Body {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Value::deserialize(deserializer).map(Self::from)
    }
}
