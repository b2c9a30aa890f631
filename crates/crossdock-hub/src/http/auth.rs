//! Who is calling: one bearer key per system, one for the operator.
//! Here: finding the caller of a key in constant time. Not here: what a caller may do (each door).
//! Invariant: the time of a check depends on how many keys there are, never on how much of one was guessed.

use std::collections::BTreeMap;

use http::{HeaderMap, header};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};

use crate::config::HubConfig;
use crate::http::problem::Problem;

/// Who a key belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Caller {
    /// A system, by its id.
    System(String),
    /// Whoever works with the process APIs.
    Operator,
    /// Nobody in particular; there is no key to show.
    Anonymous,
}

/// The keys, hashed, so that equal length is no condition of the comparison and none stands here in clear.
#[derive(Debug)]
pub(crate) struct Keys {
    systems: BTreeMap<String, Option<[u8; 32]>>,
    operator: Option<[u8; 32]>,
}

impl Keys {
    pub(crate) fn of(config: &HubConfig) -> Self {
        let hashed = |key: &Option<SecretString>| key.as_ref().map(|key| hash(key.expose_secret().as_bytes()));
        Self {
            systems: config.systems.iter().map(|(id, system)| (id.clone(), hashed(&system.key))).collect(),
            operator: hashed(&config.operator_key),
        }
    }

    /// The caller of a request that shows a key.
    fn caller(&self, headers: &HeaderMap) -> Result<Caller, Problem> {
        let Some(value) = headers.get(header::AUTHORIZATION) else {
            return Ok(Caller::Anonymous);
        };
        let bytes = value.as_bytes();
        let is_bearer = bytes.get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"bearer "));
        let shown = if is_bearer { hash(bytes.get(7..).unwrap_or_default().trim_ascii()) } else { [0; 32] };
        // Every key is compared, whichever fits.
        let mut caller = None;
        for (id, key) in &self.systems {
            if bool::from(fits(&shown, key.as_ref())) {
                caller = Some(Caller::System(id.clone()));
            }
        }
        if bool::from(fits(&shown, self.operator.as_ref())) {
            caller = Some(Caller::Operator);
        }
        caller.ok_or_else(Problem::unauthenticated)
    }

    /// Lets a request through a system's door.
    ///
    /// # Errors
    /// 404 unknown system, 401 no valid key, 403 somebody else's.
    pub(crate) fn admit(&self, system: &str, headers: &HeaderMap) -> Result<(), Problem> {
        let caller = self.caller(headers)?;
        let Some(key) = self.systems.get(system) else {
            // Whoever shows no key does not learn which systems there are.
            let anonymous = caller == Caller::Anonymous && self.systems.values().any(Option::is_some);
            return Err(if anonymous {
                Problem::unauthenticated()
            } else {
                let known: Vec<&str> = self.systems.keys().map(String::as_str).collect();
                let hint = crossdock_diag::did_you_mean(system, known).map(|hit| format!("; did you mean `{hit}`?"));
                Problem::not_found(format!("no system `{system}` is configured{}", hint.unwrap_or_default()))
            });
        };
        match caller {
            Caller::System(id) if id == system => Ok(()),
            Caller::System(id) => Err(Problem::forbidden(format!("this is the key of `{id}`, not of `{system}`"))),
            Caller::Operator => Err(Problem::forbidden(format!("only `{system}` reports the facts of `{system}`"))),
            Caller::Anonymous if key.is_none() => Ok(()),
            Caller::Anonymous => Err(Problem::unauthenticated()),
        }
    }

    /// Lets a request through to the process APIs. Systems read with their own key; `write` is the operator's alone.
    pub(crate) fn process(&self, headers: &HeaderMap, write: bool) -> Result<(), Problem> {
        match self.caller(headers)? {
            Caller::Operator => Ok(()),
            Caller::System(_) if !write => Ok(()),
            Caller::System(id) => {
                Err(Problem::forbidden(format!("this is the key of `{id}`; only the operator decides here")))
            }
            Caller::Anonymous if self.operator.is_none() => Ok(()),
            Caller::Anonymous => Err(Problem::unauthenticated()),
        }
    }
}

fn hash(key: &[u8]) -> [u8; 32] {
    Sha256::digest(key).into()
}

fn fits(shown: &[u8; 32], key: Option<&[u8; 32]>) -> Choice {
    key.map_or(Choice::from(0), |key| shown.ct_eq(key))
}
