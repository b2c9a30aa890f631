//! The demo's own words with the systems: plain HTTP, as any client would.

use std::time::{Duration, Instant};

use crossdock_model::SystemId;
use reqwest::{Client, Method};
use serde_json::Value;

use super::Demo;
use crate::exit::Failure;

impl Demo {
    /// The hub's answer to an operator.
    pub(crate) async fn hub(&self, method: Method, path: &str, body: Option<&Value>) -> Result<(u16, Value), Failure> {
        let url = format!("{}{path}", self.landscape.hub_url()?.as_str().trim_end_matches('/'));
        call(method, &url, self.landscape.key("operator"), body, None).await
    }

    /// A system's answer to its own key.
    pub(crate) async fn system(
        &self,
        system: &str,
        path: &str,
        body: &Value,
        idempotency_key: &str,
    ) -> Result<(u16, Value), Failure> {
        let id: SystemId = system.parse().map_err(|error| Failure::chain("the demo names a system", &error))?;
        let address = self.landscape.mocks().addresses.get(&id);
        let address = address.ok_or_else(|| Failure::new(format!("`{system}` does not run")))?;
        call(
            Method::POST,
            &format!("http://{address}{path}"),
            self.landscape.key(system),
            Some(body),
            Some(idempotency_key),
        )
        .await
    }

    /// What a simulated system knows.
    pub(crate) fn state(&self, system: &str) -> Value {
        let id = system.parse::<SystemId>().ok();
        id.and_then(|id| self.landscape.mocks().state(&id)).unwrap_or_default()
    }

    /// Asks the hub until the answer is as wanted, for so long; the last answer in any case.
    pub(crate) async fn ask_until(
        &self,
        path: &str,
        within: Duration,
        wanted: impl Fn(&Value) -> bool,
    ) -> Result<(bool, Value), Failure> {
        let began = Instant::now();
        let mut last = Value::Null;
        while began.elapsed() < within {
            // A hub that is just being restarted does not answer: that is part of the question.
            if let Ok((200, answer)) = self.hub(Method::GET, path, None).await {
                if wanted(&answer) {
                    return Ok((true, answer));
                }
                last = answer;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok((false, last))
    }
}

async fn call(
    method: Method,
    url: &str,
    key: &str,
    body: Option<&Value>,
    idempotency_key: Option<&str>,
) -> Result<(u16, Value), Failure> {
    let client = Client::builder().timeout(Duration::from_secs(5)).no_proxy().build();
    let client = client.map_err(|error| Failure::chain("no HTTP client can be made", &error))?;
    let mut request = client.request(method, url).bearer_auth(key);
    if let Some(key) = idempotency_key {
        request = request.header("Idempotency-Key", key);
    }
    if let Some(body) = body {
        request = request.json(body);
    }
    let answer = request.send().await.map_err(|error| Failure::chain("no answer", &error))?;
    let status = answer.status().as_u16();
    let text = answer.text().await.map_err(|error| Failure::chain("no whole answer", &error))?;
    Ok((status, serde_json::from_str(&text).unwrap_or(Value::String(text))))
}
