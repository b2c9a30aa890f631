//! Declared rules that are taken as they stand: how fast targets are called, who is asked about exceptions, what synthetic
//! transactions may do. Here: the words of the file. Not here: what they mean (`crossdock_core::Policy`).

use std::collections::BTreeMap;

use crossdock_core::{EscalationLevel, Policy, RateLimit, RemediationRule, RetryBudget};
use crossdock_model::{Amount, Currency, ExceptionKind, Resolution, Severity, SyntheticTarget, SystemId};
use serde::Deserialize;

/// `[pace]`, `[exceptions]` and `[synthetic]`.
#[derive(Clone, Debug, Default)]
pub struct DeclaredConfig {
    /// How fast targets are called.
    pub pace: Pace,
    /// Who is asked about exceptions, and what is decided by rule.
    pub exceptions: Exceptions,
    /// Where synthetic messages go, and how many there may be.
    pub synthetic: Synthetic,
}

/// How fast targets are called, and how often again.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Pace {
    rates: BTreeMap<SystemId, Rate>,
    retries: Option<Retries>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rate {
    calls: u32,
    per_ms: u32,
    burst: u32,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Retries {
    percent: u32,
    reserve: u32,
    per_second: u32,
}

/// Who is asked about exceptions, and what is decided by rule.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Exceptions {
    due_ms: BTreeMap<Severity, u32>,
    escalation: Vec<Level>,
    remediation: Vec<Rule>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Level {
    to: String,
    #[serde(default)]
    after_ms: u32,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    name: String,
    kind: ExceptionKind,
    owner: Option<String>,
    about: Option<String>,
    at_most: Option<Severity>,
    #[serde(default)]
    details: BTreeMap<String, String>,
    then: Resolution,
    reason: String,
    cap_per_object: usize,
    cap: usize,
    window_ms: u32,
}

/// Where synthetic messages go, and how many synthetic transactions there may be.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Synthetic {
    targets: BTreeMap<SystemId, SyntheticTarget>,
    stand_ins: BTreeMap<SystemId, SystemId>,
    begun: Option<usize>,
    pub(crate) open: Option<usize>,
    money: BTreeMap<Currency, Amount>,
    window_ms: Option<u32>,
}

impl DeclaredConfig {
    /// Sets in a policy, whose targets are known, what is declared.
    pub(crate) fn declare(&self, policy: &mut Policy) {
        for (system, target) in &mut policy.targets {
            let rate = self.pace.rates.get(system);
            target.rate =
                rate.map(|rate| RateLimit { calls: rate.calls, per_ms: i64::from(rate.per_ms), burst: rate.burst });
            if let Some(Retries { percent, reserve, per_second }) = self.pace.retries {
                target.retry_budget = RetryBudget { percent, reserve, per_second };
            }
        }
        let exceptions = &self.exceptions;
        policy.due_by_severity_ms =
            exceptions.due_ms.iter().map(|(severity, ms)| (*severity, i64::from(*ms))).collect();
        let level = |level: &Level| EscalationLevel { to: level.to.clone(), after_ms: i64::from(level.after_ms) };
        policy.escalation = exceptions.escalation.iter().map(level).collect();
        policy.remediation = exceptions.remediation.iter().map(Rule::declared).collect();
        let synthetic = &self.synthetic;
        policy.synthetic.targets.clone_from(&synthetic.targets);
        policy.synthetic.stand_ins.clone_from(&synthetic.stand_ins);
        policy.synthetic.budget.begun = synthetic.begun;
        policy.synthetic.budget.open = synthetic.open;
        policy.synthetic.budget.money.clone_from(&synthetic.money);
        if let Some(ms) = synthetic.window_ms {
            policy.synthetic.budget.window_ms = i64::from(ms);
        }
    }
}

impl Rule {
    fn declared(&self) -> RemediationRule {
        let details = self.details.iter().map(|(pointer, text)| (pointer.clone(), text.clone().into()));
        RemediationRule {
            name: self.name.clone(),
            kind: self.kind,
            owner: self.owner.clone(),
            about: self.about.clone(),
            at_most: self.at_most,
            details: details.collect(),
            then: self.then,
            reason: self.reason.clone(),
            cap_per_object: self.cap_per_object,
            cap: self.cap,
            window_ms: i64::from(self.window_ms),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{DeclaredConfig, Exceptions, Pace, Synthetic};
    use crossdock_core::{Policy, TargetPolicy};

    #[test]
    fn what_is_declared_is_in_the_policy() {
        let declared = DeclaredConfig {
            pace: toml::from_str::<Pace>("rates.erp = { calls = 10, per_ms = 1000, burst = 20 }").unwrap(),
            exceptions: toml::from_str::<Exceptions>(
                "due_ms = { high = 3600000 }\nescalation = [{ to = \"lead\" }, { to = \"head\", after_ms = 60000 }]\n\
                 [[remediation]]\nname = \"small\"\nkind = \"shortage\"\nthen = \"ignore\"\nreason = \"counted at night\"\n\
                 cap_per_object = 1\ncap = 10\nwindow_ms = 3600000\ndetails = { \"/excess\" = \"1\" }",
            )
            .unwrap(),
            synthetic: toml::from_str::<Synthetic>(
                "targets = { erp = \"sink\" }\nstand_ins = { supplier-acme = \"sim\" }\nopen = 5\nmoney = { USD = \"100.00\" }",
            )
            .unwrap(),
        };
        let mut policy = Policy::default();
        policy.targets.insert("erp".parse().unwrap(), TargetPolicy::default());
        declared.declare(&mut policy);
        assert_eq!(policy.targets.values().next().unwrap().rate.unwrap().burst, 20);
        assert_eq!((policy.escalation.len(), policy.remediation.len(), policy.due_by_severity_ms.len()), (2, 1, 1));
        assert_eq!((policy.synthetic.targets.len(), policy.synthetic.budget.open), (1, Some(5)));
        assert!(toml::from_str::<Exceptions>("escalaton = []").unwrap_err().message().contains("escalation"));
    }
}
