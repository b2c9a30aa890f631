//! `catalog.yaml`: every API, event and guide, who owns it, who provides it and who breaks when it breaks.
//! Here: its types and look-ups. Not here: whether it is complete (`lint`).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The catalogue of all contracts of a folder.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Catalog {
    /// Version of this file format; always 1.
    pub crossdock: u32,
    /// The systems of the landscape.
    pub systems: Vec<System>,
    /// The APIs, one entry each.
    #[serde(default)]
    pub apis: Vec<Entry>,
    /// The events, one entry per type.
    #[serde(default)]
    pub events: Vec<Entry>,
    /// The X12 guides, one entry per transaction set.
    #[serde(default)]
    pub guides: Vec<Entry>,
}

/// A system, or a family of systems.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct System {
    /// Its id, or a pattern whose last character is `*` (`wms-*`).
    pub id: String,
    /// One line for people.
    pub title: String,
}

/// One contract in the catalogue.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// API: the file's name; event: its type; guide: `x12-SET`.
    pub id: String,
    /// One line for people.
    pub title: String,
    /// Path inside the contracts folder.
    pub file: String,
    /// The team that answers for it.
    pub owner: String,
    /// Where it is in its life.
    pub lifecycle: Lifecycle,
    /// Semantic version.
    pub version: String,
    /// Systems that provide the API, emit the event or send the set.
    pub implemented_by: Vec<String>,
    /// Systems that call the API, act on the event or receive the set.
    #[serde(default)]
    pub consumers: Vec<String>,
    /// Id of its service level in `slas.yaml`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sla: Option<String>,
    /// Which layer an API belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layer: Option<Layer>,
}

/// A contract's state and its dates.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Lifecycle {
    /// The state.
    pub state: LifecycleState,
    /// Date of that state.
    pub since: String,
    /// Last day, where it is deprecated or retired.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sunset: Option<String>,
    /// Id of what to use instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaced_by: Option<String>,
}

/// Where a contract is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LifecycleState {
    /// Not promised yet.
    Draft,
    /// Promised.
    Active,
    /// Promised until its sunset.
    Deprecated,
    /// No longer served.
    Retired,
}

/// The layer of an API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Layer {
    /// Governed access to one system.
    System,
    /// What the orchestration offers.
    Process,
    /// What one audience needs.
    Experience,
}

impl Catalog {
    /// All entries: APIs, events, guides.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.apis.iter().chain(&self.events).chain(&self.guides)
    }

    /// Whether the id is a declared system, or matches a declared pattern.
    pub fn knows_system(&self, system: &str) -> bool {
        self.systems.iter().any(|known| known.id == system || matches(&known.id, system))
    }
}

/// Whether a system id is meant by a pattern such as `wms-*` (or by the id itself).
pub fn matches(pattern: &str, system: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(prefix) => system.len() > prefix.len() && system.starts_with(prefix),
        None => pattern == system,
    }
}
