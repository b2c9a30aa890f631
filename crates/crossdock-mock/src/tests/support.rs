//! What the tests share: the shipped contracts and mocks, keys, a running landscape, a caller.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use axum::http::HeaderMap;
use crossdock_contract::Contracts;
use crossdock_model::SystemId;
use secrecy::SecretString;
use serde_json::Value;

use crate::{Landscape, Ports, RunningLandscape, StartOptions};

pub(super) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

pub(super) fn contracts() -> Arc<Contracts> {
    static CONTRACTS: OnceLock<Arc<Contracts>> = OnceLock::new();
    Arc::clone(
        CONTRACTS.get_or_init(|| {
            Arc::new(Contracts::load(&root().join("contracts")).unwrap_or_else(|wrong| panic!("{wrong}")))
        }),
    )
}

pub(super) fn landscape() -> Landscape {
    Landscape::load(&root().join("mocks"), contracts()).unwrap_or_else(|wrong| panic!("{wrong}"))
}

pub(super) fn id(system: &str) -> SystemId {
    system.parse().unwrap()
}

pub(super) fn options(landscape: &Landscape) -> StartOptions {
    drop(rustls::crypto::ring::default_provider().install_default());
    let keys = landscape.systems().map(|(system, _)| (system.clone(), SecretString::from(key(system.as_str()))));
    StartOptions { keys: keys.collect(), ports: Ports::Free, ..StartOptions::default() }
}

pub(super) fn key(system: &str) -> String {
    format!("key-of-{system}")
}

pub(super) async fn start(only: &[&str]) -> RunningLandscape {
    let landscape = landscape();
    let mut options = options(&landscape);
    options.only = Some(only.iter().map(|system| id(system)).collect());
    landscape.start(options).await.unwrap()
}

/// An answer: status, headers, body as JSON (null where it is none).
pub(super) struct Answered {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Value,
}

/// A caller of one system, with its key.
pub(super) struct Caller {
    client: reqwest::Client,
    base: String,
    key: String,
}

impl Caller {
    pub(super) fn of(running: &RunningLandscape, system: &str) -> Self {
        let address = running.addresses[&id(system)];
        Self { client: reqwest::Client::new(), base: format!("http://{address}"), key: key(system) }
    }

    pub(super) fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        self.client.request(method.parse().unwrap(), format!("{}{path}", self.base)).bearer_auth(&self.key)
    }

    pub(super) async fn send(request: reqwest::RequestBuilder) -> Answered {
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = response.json().await.unwrap_or(Value::Null);
        Answered { status, headers, body }
    }

    pub(super) async fn get(&self, path: &str) -> Answered {
        Self::send(self.request("GET", path)).await
    }

    pub(super) async fn post(&self, path: &str, key: &str, body: &Value) -> Answered {
        Self::send(self.request("POST", path).header("idempotency-key", key).json(body)).await
    }

    pub(super) async fn put(&self, path: &str, body: &Value) -> Answered {
        Self::send(self.request("PUT", path).json(body)).await
    }
}
