//! Bytes over HTTP: one request, one outcome.
//! Here: headers, limits, time-outs, and telling "not sent" from "ambiguous". Not here: which operation (`connector.rs`), whether to
//! try again (the core decides).

use std::error::Error as _;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, header};
use reqwest::redirect;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use crate::call::{Answer, Body, Call, NotSent, Obstacle, Outcome};

/// Where a target is and how it is to be treated.
#[derive(Clone, Debug)]
pub struct Target {
    /// The contract it keeps: `wms` for `wms-east`.
    pub contract: String,
    /// Scheme, host and port.
    pub url: String,
    /// Bearer key; none on a loopback without auth.
    pub key: Option<SecretString>,
    /// Until a connection must stand.
    pub connect_timeout: Duration,
    /// Until the whole answer must be there.
    pub timeout: Duration,
    /// The most of an answer that is read.
    pub body_limit: usize,
}

impl Target {
    /// A target with the usual limits: 2 s to connect, 10 s to answer, 1 MiB.
    pub fn new(contract: impl Into<String>, url: impl Into<String>, key: Option<SecretString>) -> Self {
        Self {
            contract: contract.into(),
            url: url.into(),
            key,
            connect_timeout: Duration::from_secs(2),
            timeout: Duration::from_secs(10),
            body_limit: 1 << 20,
        }
    }
}

/// A target with its own connections, so that a slow one holds up nobody else's.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) target: Target,
    client: reqwest::Client,
}

impl Line {
    pub(crate) fn new(target: Target) -> Result<Self, reqwest::Error> {
        // The TLS provider is process-wide; whoever comes first has installed it, and a second one is no mistake.
        if rustls::crypto::CryptoProvider::get_default().is_none()
            && rustls::crypto::ring::default_provider().install_default().is_err()
        {
            tracing::debug!("a TLS provider was installed meanwhile");
        }
        let client = reqwest::Client::builder()
            .connect_timeout(target.connect_timeout)
            .timeout(target.timeout)
            // A redirect could carry the key and the message to a host nobody named.
            .redirect(redirect::Policy::none())
            // Targets are named one by one in the configuration; a proxy from the environment would surprise.
            .no_proxy()
            // Shorter than the idle time-out of common servers: a connection that they close under a request makes it ambiguous.
            .pool_idle_timeout(Duration::from_secs(4))
            .build()?;
        Ok(Self { target, client })
    }

    /// Sends one request. `path` is below the target's URL and already encoded.
    pub(crate) async fn exchange(&self, method: &Method, path: &str, call: &Call) -> Outcome {
        let url = format!("{}{path}", self.target.url.trim_end_matches('/'));
        let headers = match self.headers(call) {
            Ok(headers) => headers,
            Err(outcome) => return outcome,
        };
        let mut request = self.client.request(method.clone(), url).headers(headers);
        if !call.query.is_empty() {
            request = request.query(&call.query);
        }
        request = match &call.body {
            Body::None => request,
            Body::Json(value) => request.header(header::CONTENT_TYPE, "application/json").body(value.to_string()),
            Body::X12(bytes) => request.header(header::CONTENT_TYPE, "application/edi-x12").body(bytes.clone()),
        };
        match request.send().await {
            Ok(response) => self.answer(response).await,
            Err(error) => failure(&error),
        }
    }

    fn headers(&self, call: &Call) -> Result<HeaderMap, Outcome> {
        let mut headers = HeaderMap::new();
        let mut put = |name: &'static str, value: &str, secret: bool| {
            let mut value = HeaderValue::from_str(value)
                .map_err(|_| Outcome::misconfigured(format!("the header {name} cannot carry its value")))?;
            value.set_sensitive(secret);
            headers.insert(name, value);
            Ok(())
        };
        put("accept", "application/json, application/problem+json", false)?;
        if let Some(key) = &self.target.key {
            put("authorization", &format!("Bearer {}", key.expose_secret()), true)?;
        }
        if let Some(key) = &call.idempotency_key {
            put("idempotency-key", key, false)?;
        }
        if let Some(id) = &call.correlation_id {
            put("x-correlation-id", id, false)?;
        }
        if call.synthetic {
            put("x-synthetic", "true", false)?;
        }
        if let Some(id) = &call.run_id {
            put("x-run-id", id, false)?;
        }
        Ok(headers)
    }

    async fn answer(&self, mut response: reqwest::Response) -> Outcome {
        let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let mut answer = Answer {
            status: response.status().as_u16(),
            retry_after: header(header::RETRY_AFTER).and_then(|text| text.trim().parse().ok()).map(Duration::from_secs),
            location: header(header::LOCATION),
            problem: header(header::CONTENT_TYPE).is_some_and(|kind| kind.starts_with("application/problem+json")),
            body: Value::Null,
        };
        let mut bytes = Vec::new();
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) if bytes.len() + chunk.len() > self.target.body_limit => {
                    // The status is known, and it is what decides; the rest is for people.
                    tracing::warn!(
                        status = answer.status,
                        limit = self.target.body_limit,
                        "answer above the limit, body dropped"
                    );
                    return Outcome::Answered(answer);
                }
                Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
                Ok(None) => break,
                Err(error) => {
                    let why = format!("the answer broke off after status {}: {}", answer.status, chain(&error));
                    return Outcome::Ambiguous { why };
                }
            }
        }
        answer.body = body_of(&Bytes::from(bytes));
        Outcome::Answered(answer)
    }
}

fn body_of(bytes: &Bytes) -> Value {
    if bytes.is_empty() {
        return Value::Null;
    }
    serde_json::from_slice(bytes).unwrap_or_else(|_| Value::String(String::from_utf8_lossy(bytes).into_owned()))
}

/// Sorts what went wrong by the one question that matters: can the target have acted?
fn failure(error: &reqwest::Error) -> Outcome {
    let why = chain(error);
    if error.is_builder() {
        return Outcome::misconfigured(why);
    }
    if error.is_connect() {
        let reason = if error.is_dns() {
            Obstacle::Dns
        } else if names_tls(error) {
            Obstacle::Tls
        } else {
            Obstacle::Unreachable
        };
        return Outcome::NotSent(NotSent { reason, why });
    }
    // Everything later may have happened behind the last byte of the request.
    let why = if error.is_timeout() { format!("no answer in time: {why}") } else { why };
    Outcome::Ambiguous { why }
}

/// Whether a TLS error is among the causes. An `io::Error` hides what it wraps from `source()`, and clients wrap it several times.
fn names_tls(error: &(dyn std::error::Error + 'static)) -> bool {
    if error.downcast_ref::<rustls::Error>().is_some() {
        return true;
    }
    let wrapped = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
    wrapped.is_some_and(|inner| names_tls(inner)) || error.source().is_some_and(names_tls)
}

/// An error and its causes in one line; reqwest's own text stops at "error sending request".
fn chain(error: &reqwest::Error) -> String {
    let mut text = String::new();
    let mut source = error.source();
    while let Some(inner) = source {
        let part = inner.to_string();
        // hyper repeats its cause's text.
        if !text.ends_with(&part) {
            if !text.is_empty() {
                text.push_str(": ");
            }
            text.push_str(&part);
        }
        source = inner.source();
    }
    if text.is_empty() { error.to_string() } else { text }
}
