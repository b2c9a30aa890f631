//! Synthetic transactions: what a run declares, and the switch that stops them all.
//! Rule: docs/concepts/domain.md, "Synthetic transactions".

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{RunId, SystemId};

/// Where the messages of a run to one system go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SyntheticTarget {
    /// To the system: it keeps marked test data of its own.
    #[default]
    Real,
    /// Nowhere: they are kept here, and nobody answers.
    Sink,
    /// To the simulator that stands in for it.
    StandIn,
}

/// `synthetic.run_opened.v1`: a run says, before its first message, where its messages go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SyntheticRunOpened {
    /// Which.
    pub run_id: RunId,
    /// By system, where it differs from what is declared for all runs.
    #[serde(default)]
    pub targets: BTreeMap<SystemId, SyntheticTarget>,
    /// Who.
    pub by: String,
}

/// `synthetic.stopped.v1`, `synthetic.resumed.v1`: no synthetic transaction begins, or they may again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SyntheticSwitched {
    /// Who.
    pub by: String,
    /// Why.
    pub reason: String,
}
