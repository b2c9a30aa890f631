//! `ownership.yaml`: which system may write which part of which business object, from when until when.
//! Here: its types and the question "may this system write this now". Not here: completeness (`lint`).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::catalog::matches;

/// The system of record of every group of attributes.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ownership {
    /// Version of this file format; always 1.
    pub crossdock: u32,
    /// The business objects.
    pub objects: Vec<OwnedObject>,
}

/// A business object and the groups of its attributes.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OwnedObject {
    /// Its name: the file of that name in `objects/`, where there is one.
    pub object: String,
    /// The groups of its attributes.
    pub groups: Vec<Group>,
}

/// Attributes that one system owns at a time.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// Its name, unique in the object.
    pub group: String,
    /// The properties; `*` is every property that no other group names.
    pub fields: Vec<String>,
    /// Who may write.
    pub grants: Vec<Grant>,
    /// Who may read; `*` is every authenticated system.
    #[serde(default)]
    pub readers: Vec<String>,
    /// What happens to a write by anyone else.
    pub otherwise: Otherwise,
}

/// What one system may do, and when.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// System id or pattern.
    pub system: String,
    /// What it may do.
    pub may: Vec<Act>,
    /// First day.
    pub from: String,
    /// First day on which it may no longer; open where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
}

/// A way to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    /// Make it exist.
    Create,
    /// Change it.
    Update,
    /// Add to it what its owner does not know.
    Enrich,
    /// Say the same as its owner, to be compared without effect: a migration before its date.
    Shadow,
}

/// What happens to a write by a system that owns nothing of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Otherwise {
    /// Refused, and kept as a rejection.
    Reject,
    /// An exception that the owner accepts or refuses.
    Propose,
    /// Taken without effect.
    Ignore,
}

impl Ownership {
    /// The group of an object that a property belongs to.
    pub fn group(&self, object: &str, property: &str) -> Option<&Group> {
        let groups = &self.objects.iter().find(|known| known.object == object)?.groups;
        groups
            .iter()
            .find(|group| group.fields.iter().any(|field| field == property))
            .or_else(|| groups.iter().find(|group| group.fields.iter().any(|field| field == "*")))
    }

    /// Whether the system may do this to the group on that day (`YYYY-MM-DD`).
    pub fn may(group: &Group, system: &str, act: Act, day: &str) -> bool {
        // ISO dates order as text.
        group.grants.iter().any(|grant| {
            matches(&grant.system, system)
                && grant.may.contains(&act)
                && grant.from.as_str() <= day
                && grant.until.as_deref().is_none_or(|until| day < until)
        })
    }
}
