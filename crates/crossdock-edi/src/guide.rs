//! Transaction guides: what a set may hold, as data (`contracts/edi/*.yaml`).
//! Here: the types of a guide and the mistakes in one. Not here: reading files, checking a set (`guide::check`), mandatory segments of the
//! standard without a guide (`guide::base`).
//! Invariant: a guide that loaded is sound: every item is a segment or a loop, every loop starts with a segment, every type is known.

pub mod base;
mod check;
mod element;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Why a value is no guide.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{message}", if pointer.is_empty() { String::new() } else { format!("{pointer}: ") })]
pub struct GuideError {
    /// JSON pointer into the guide.
    pub pointer: String,
    /// What is wrong there.
    pub message: String,
}

/// The guide of one transaction set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Guide {
    /// Version of the guide format: 1.
    pub crossdock: u32,
    /// Set identifier (ST01).
    pub set: String,
    /// What the set is called.
    pub title: String,
    /// What it is for, in our use.
    #[serde(default)]
    pub description: String,
    /// Functional id of its groups (GS01).
    pub functional_group: String,
    /// Version and release of its groups (GS08).
    pub version: String,
    /// Segments and loops between ST and SE, in order.
    pub content: Vec<Item>,
}

/// One segment or one loop of a guide.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Item {
    /// Id of the segment, where the item is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub segment: Option<String>,
    /// Name of the loop, where the item is one. A loop starts with the first segment of its content.
    #[serde(default, rename = "loop", skip_serializing_if = "Option::is_none")]
    pub loop_name: Option<String>,
    /// What it says.
    pub name: String,
    /// Must it be there?
    #[serde(rename = "use")]
    pub usage: Use,
    /// How often it may stand in a row; 1 where it is not said.
    #[serde(default = "once")]
    pub max: u32,
    /// Only segments with one of these values in this element are meant (`N1` with `ST` in element 1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<When>,
    /// The elements of a segment.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub elements: Vec<ElementRule>,
    /// Relations between elements, in the notation of the standard: `P0304` (all or none), `R…` (at least one), `E…` (at most one),
    /// `C…` (if the first, then all), `L…` (if the first, then at least one more).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub relations: Vec<String>,
    /// The content of a loop.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub content: Vec<Item>,
}

fn once() -> u32 {
    1
}

/// Must something be there?
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Use {
    /// It must.
    Mandatory,
    /// It may; relations of the segment can require it.
    #[default]
    Optional,
    /// It must not: the standard has it, we do not use it.
    NotUsed,
}

/// Which segments of an id an item means.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct When {
    /// Number of the element.
    pub element: usize,
    /// The values.
    #[serde(rename = "in")]
    pub values: Vec<String>,
}

/// What an element may hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ElementRule {
    /// Its number in the segment.
    pub at: usize,
    /// What it says.
    pub name: String,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: Kind,
    /// Characters at least.
    #[serde(default = "least")]
    pub min: usize,
    /// Characters at most.
    pub max: usize,
    /// Must it be there?
    #[serde(default, rename = "use")]
    pub usage: Use,
    /// The values it may have, each with its meaning; any where there are none.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub codes: BTreeMap<String, String>,
    /// The glossary term that it carries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub glossary: Option<String>,
}

fn least() -> usize {
    1
}

/// The type of an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Kind {
    /// Text.
    AN,
    /// A code.
    ID,
    /// A date, `CCYYMMDD` or `YYMMDD`.
    DT,
    /// A time, `HHMM` to `HHMMSSDD`.
    TM,
    /// A decimal with its point.
    R,
    /// A whole number.
    N0,
    /// A number with two implied decimals.
    N2,
}

impl Guide {
    /// A guide from its data.
    ///
    /// # Errors
    /// All mistakes in it; one alone where the shape itself is wrong.
    pub fn from_value(value: &serde_json::Value) -> Result<Self, Vec<GuideError>> {
        let guide: Self = serde_json::from_value(value.clone())
            .map_err(|why| vec![GuideError { pointer: String::new(), message: why.to_string() }])?;
        let mistakes = guide.mistakes();
        if mistakes.is_empty() { Ok(guide) } else { Err(mistakes) }
    }

    /// All mistakes in a guide that has the right shape: what its types alone cannot say.
    pub fn mistakes(&self) -> Vec<GuideError> {
        let mut errors = Vec::new();
        if self.crossdock != 1 {
            errors.push(GuideError {
                pointer: "/crossdock".into(),
                message: "only version 1 of the format is known".into(),
            });
        }
        check_items(&self.content, "/content", &mut errors);
        errors
    }

    /// Checks a set. At most `max_findings` are reported.
    pub fn check(&self, set: &crate::tree::Set<'_>, max_findings: usize) -> Vec<crate::error::EdiError> {
        check::check(self, set, max_findings)
    }
}

impl Item {
    /// The segment that the item is or starts with.
    pub fn first_segment(&self) -> &str {
        match &self.segment {
            Some(id) => id,
            None => self.content.first().map_or("", Item::first_segment),
        }
    }
}

fn check_items(items: &[Item], pointer: &str, errors: &mut Vec<GuideError>) {
    if items.is_empty() {
        errors.push(GuideError { pointer: pointer.to_owned(), message: "there is nothing in it".into() });
    }
    for (index, item) in items.iter().enumerate() {
        let at = format!("{pointer}/{index}");
        let mut wrong = |suffix: &str, message: String| {
            errors.push(GuideError { pointer: format!("{at}{suffix}"), message });
        };
        if item.max == 0 {
            wrong("/max", "it must be 1 at least".into());
        }
        match (&item.segment, &item.loop_name) {
            (Some(_), None) => {
                if !item.content.is_empty() {
                    wrong("/content", "a segment has elements; content is for loops".into());
                }
                check_elements(item, &at, errors);
            }
            (None, Some(name)) => {
                if !item.elements.is_empty() || !item.relations.is_empty() {
                    wrong("", format!("loop {name} has content; elements and relations belong to its segments"));
                }
                if item.content.first().is_some_and(|first| first.segment.is_none()) {
                    wrong("/content/0", format!("loop {name} must start with a segment"));
                }
                check_items(&item.content, &format!("{at}/content"), errors);
            }
            _ => wrong("", "an item is either a `segment` or a `loop`".into()),
        }
    }
}

fn check_elements(item: &Item, pointer: &str, errors: &mut Vec<GuideError>) {
    let mut previous = 0;
    for (index, element) in item.elements.iter().enumerate() {
        let at = format!("{pointer}/elements/{index}");
        let mut wrong = |suffix: &str, message: &str| {
            errors.push(GuideError { pointer: format!("{at}{suffix}"), message: message.to_owned() });
        };
        if element.at <= previous {
            wrong("/at", "elements stand in order, numbered from 1");
        }
        if element.min > element.max {
            wrong("/min", "it is above max");
        }
        previous = element.at;
    }
    for (index, relation) in item.relations.iter().enumerate() {
        if element::Relation::parse(relation).is_none() {
            let message =
                format!("`{relation}` is no relation: P, R, E, C or L, then element numbers of two digits each");
            errors.push(GuideError { pointer: format!("{pointer}/relations/{index}"), message });
        }
    }
}
