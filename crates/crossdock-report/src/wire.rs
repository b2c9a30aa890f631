//! The JSON of reports, by hand.
//! Why by hand: `#[serde(flatten)]` reads numbers through a buffer that does not know numbers of arbitrary precision, so every report
//! with a figure beside flattened keys would be refused.
//! Invariant: what is read and written again has every key it had.

use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value, json};

use crate::model::{Report, TestResult};

impl Serialize for Report {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = Map::new();
        map.insert("crossdock".to_owned(), self.crossdock.clone().into());
        map.insert("command".to_owned(), self.command.clone().into());
        map.insert("verdict".to_owned(), self.verdict.word().into());
        put(&mut map, "reason", self.reason.as_ref());
        map.insert("started".to_owned(), self.started.to_string().into());
        map.insert("duration_ms".to_owned(), self.duration_ms.into());
        map.insert("summary".to_owned(), json!(self.summary));
        map.insert("results".to_owned(), json!(self.results));
        map.extend(self.extra.clone());
        map.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Report {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut map = Map::deserialize(deserializer)?;
        Ok(Self {
            crossdock: need(&mut map, "crossdock")?,
            command: need(&mut map, "command")?,
            verdict: need(&mut map, "verdict")?,
            reason: take(&mut map, "reason")?,
            started: need(&mut map, "started")?,
            duration_ms: need(&mut map, "duration_ms")?,
            summary: need(&mut map, "summary")?,
            results: need(&mut map, "results")?,
            extra: map,
        })
    }
}

impl Serialize for TestResult {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = Map::new();
        map.insert("name".to_owned(), self.name.clone().into());
        map.insert("verdict".to_owned(), self.verdict.word().into());
        put(&mut map, "rule", self.rule.as_ref());
        put(&mut map, "system", self.system.as_ref());
        put(&mut map, "operation", self.operation.as_ref());
        put(&mut map, "pointer", self.pointer.as_ref());
        put(&mut map, "file", self.file.as_ref());
        put(&mut map, "line", self.line);
        put(&mut map, "message", self.message.as_ref());
        put(&mut map, "evidence", self.evidence.as_ref());
        put(&mut map, "reproduce", self.reproduce.as_ref());
        map.extend(self.extra.clone());
        map.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for TestResult {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut map = Map::deserialize(deserializer)?;
        Ok(Self {
            name: need(&mut map, "name")?,
            verdict: need(&mut map, "verdict")?,
            rule: take(&mut map, "rule")?,
            system: take(&mut map, "system")?,
            operation: take(&mut map, "operation")?,
            pointer: take(&mut map, "pointer")?,
            file: take(&mut map, "file")?,
            line: take(&mut map, "line")?,
            message: take(&mut map, "message")?,
            evidence: take(&mut map, "evidence")?,
            reproduce: take(&mut map, "reproduce")?,
            extra: map,
        })
    }
}

fn put(map: &mut Map<String, Value>, key: &str, value: Option<impl Serialize>) {
    map.extend(value.map(|value| (key.to_owned(), json!(value))));
}

fn take<T: DeserializeOwned, E: Error>(map: &mut Map<String, Value>, key: &'static str) -> Result<Option<T>, E> {
    // `shift_remove`: the order of the other keys is the order they were written in.
    match map.shift_remove(key) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => serde_json::from_value(value).map(Some).map_err(|error| E::custom(format!("`{key}`: {error}"))),
    }
}

fn need<T: DeserializeOwned, E: Error>(map: &mut Map<String, Value>, key: &'static str) -> Result<T, E> {
    take(map, key)?.ok_or_else(|| E::missing_field(key))
}
