//! Calls by contract: a target, an operation, and what goes into it.
//! Here: from an operation's name to method and path, and the look-up before a repetition. Not here: when and how often (the core).
//! Invariant: a call that may have had its effect is looked up before it is sent again, where the target's contract has a read for it.

use std::collections::BTreeMap;
use std::sync::Arc;

use crossdock_contract::{Api, Contracts};
use http::Method;

use crate::call::{Answer, Body, Call, Outcome};
use crate::items::{self, ItemOutcome};
use crate::lookup::{self, Found};
use crate::transport::{Line, Target};

/// Why a connector cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum ConnectorError {
    /// A target keeps a contract that is not there.
    #[error("system `{target}` keeps the contract `{contract}`, and there is no contracts/apis/{contract}.yaml{hint}")]
    MissingContract {
        /// The target.
        target: String,
        /// The contract.
        contract: String,
        /// What may have been meant.
        hint: String,
    },
    /// The HTTP client could not be set up.
    #[error("no HTTP client for system `{target}`")]
    Client {
        /// The target.
        target: String,
        /// Why not.
        #[source]
        source: reqwest::Error,
    },
}

/// Carries calls to targets.
#[derive(Debug)]
pub struct Connector {
    contracts: Arc<Contracts>,
    lines: BTreeMap<String, Line>,
}

impl Connector {
    /// A connector to these targets, by id.
    ///
    /// # Errors
    /// A target's contract is missing, or its client cannot be set up.
    pub fn new(contracts: Arc<Contracts>, targets: BTreeMap<String, Target>) -> Result<Self, ConnectorError> {
        let mut lines = BTreeMap::new();
        for (id, target) in targets {
            if contracts.api(&target.contract).is_none() {
                let known = contracts.apis().iter().map(|api| api.id.as_str());
                let hint = crossdock_diag::did_you_mean(&target.contract, known);
                return Err(ConnectorError::MissingContract {
                    target: id,
                    contract: target.contract,
                    hint: hint.map_or_else(String::new, |hit| format!("; did you mean `{hit}`?")),
                });
            }
            let line = Line::new(target).map_err(|source| ConnectorError::Client { target: id.clone(), source })?;
            lines.insert(id, line);
        }
        Ok(Self { contracts, lines })
    }

    /// Sends a call, once.
    pub async fn send(&self, call: &Call) -> Outcome {
        let Some((line, api)) = self.line(call) else {
            return Outcome::misconfigured(format!("no target `{}` is configured", call.target));
        };
        let Some(operation) = api.operation(&call.operation) else {
            return Outcome::misconfigured(format!("`{}` has no operation `{}`", api.file, call.operation));
        };
        let path = match operation.url_path(&call.path) {
            Ok(path) => path,
            Err(missing) => return Outcome::misconfigured(format!("`{}`: {missing}", call.operation)),
        };
        let Ok(method) = Method::from_bytes(operation.method.as_bytes()) else {
            return Outcome::misconfigured(format!("`{}` has the method `{}`", call.operation, operation.method));
        };
        line.exchange(&method, &path, call).await
    }

    /// Asks the target whether a call that may have reached it has had its effect.
    pub async fn look_up(&self, call: &Call) -> Found {
        let Some((_, api)) = self.line(call) else { return Found::NoLookup };
        match lookup::of(&api.id, call) {
            Some(read) => read.judge(self.send(&read.call).await),
            None => Found::NoLookup,
        }
    }

    /// Sends a call that may have had its effect before: looked up first, sent again only where it had none or nobody can tell
    /// otherwise. The idempotency key of the call stays the same, so that the target can tell too.
    pub async fn send_again(&self, call: &Call) -> Outcome {
        match self.look_up(call).await {
            Found::Done(answer) => Outcome::Answered(answer),
            Found::Absent | Found::NoLookup => self.send(call).await,
            Found::CannotTell(outcome) => outcome,
        }
    }

    /// What an answer says of each item of a bulk call; `None` where the target's contract does not say how it would.
    ///
    /// `at` is the JSON pointer to the list in the body, `keys` the business key of each item in its order.
    pub fn items(
        &self,
        call: &Call,
        answer: &Answer,
        (at, keys): (&str, &[String]),
    ) -> Option<BTreeMap<String, ItemOutcome>> {
        let (_, api) = self.line(call)?;
        let expression = api.operation(&call.operation)?.items.as_ref()?;
        let Body::Json(body) = &call.body else { return None };
        Some(items::read(expression, answer, body.pointer(at)?, keys))
    }

    fn line(&self, call: &Call) -> Option<(&Line, &Api)> {
        let line = self.lines.get(&call.target)?;
        Some((line, self.contracts.api(&line.target.contract)?))
    }
}
