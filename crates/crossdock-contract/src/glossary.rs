//! `glossary.yaml`: one meaning per term, and the properties that bear it.
//! Here: its types and look-ups. Not here: whether bindings are consistent (`lint`).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::expr::Terms;

/// All terms.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Glossary {
    /// Version of this file format; always 1.
    pub crossdock: u32,
    /// The terms.
    pub terms: Vec<Term>,
}

/// One word and its one meaning.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Term {
    /// The word, in `snake_case`.
    pub term: String,
    /// What it means.
    pub definition: String,
    /// What kind of thing it names.
    pub kind: TermKind,
    /// What it is counted in.
    pub unit: Unit,
    /// How it is computed from other terms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub formula: Option<String>,
    /// Where it stands on the wire: `OBJECT.PROPERTY`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<String>,
    /// Its GS1 EPCIS or CBV name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epcis: Option<Epcis>,
    /// Where the domain rules say more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
}

/// A name in another vocabulary.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Epcis {
    /// The vocabulary.
    pub vocabulary: String,
    /// The name in it.
    pub name: String,
}

/// What kind of thing a term names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the words of the file itself")]
pub enum TermKind {
    Quantity,
    Balance,
    Amount,
    Ratio,
    Count,
    Duration,
    Time,
    Date,
    Identifier,
    Text,
    State,
    Flag,
    Party,
    Document,
    Event,
    Concept,
}

impl TermKind {
    /// Whether its values are exact decimals, carried as strings.
    pub fn is_decimal(self) -> bool {
        matches!(self, Self::Quantity | Self::Balance | Self::Amount)
    }
}

/// What a term is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the words of the file itself")]
pub enum Unit {
    BaseUnit,
    Currency,
    Ratio,
    Count,
    Ms,
    None,
}

impl Glossary {
    /// The term of this name.
    pub fn get(&self, term: &str) -> Option<&Term> {
        self.terms.iter().find(|known| known.term == term)
    }

    /// The property names that hold decimals, for expressions.
    pub fn decimals(&self) -> Terms {
        self.terms
            .iter()
            .filter(|term| term.kind.is_decimal())
            .flat_map(|term| &term.fields)
            .filter_map(|field| field.rsplit('.').next())
            .collect()
    }
}
