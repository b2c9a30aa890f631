//! One HTTP call to a system of an environment: addressed, authenticated, identified, bounded and timed.
//! Here: the request as data, its sending, the answer, and the difference between "no answer" and "a bad answer".
//! Not here: which operation to call with what (`run`), or whether the answer is right (expectations, contract checks).
//! Invariant: a bearer token is in no error, log line, report or curl line; redirects are answers and are never followed.

use std::collections::BTreeMap;
use std::error::Error as _;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};

use crate::environment::{Environment, SecretError, SecretRef};

/// Bounds of every call.
#[derive(Clone, Debug)]
pub struct CallLimits {
    /// The longest wait for a whole answer.
    pub timeout: Duration,
    /// The longest wait for a connection.
    pub connect_timeout: Duration,
    /// The largest body that is read.
    pub body_bytes: usize,
}

impl Default for CallLimits {
    fn default() -> Self {
        Self { timeout: Duration::from_secs(10), connect_timeout: Duration::from_secs(3), body_bytes: 8 << 20 }
    }
}

/// Calls the systems of one environment. Cheap to clone; the connections are shared.
#[derive(Clone, Debug)]
pub struct Caller {
    client: reqwest::Client,
    targets: BTreeMap<String, Target>,
    limits: CallLimits,
}

#[derive(Clone, Debug)]
struct Target {
    url: String,
    bearer: Option<HeaderValue>,
    shell: Option<String>,
}

/// Why no caller can be made.
#[derive(Debug, thiserror::Error)]
pub enum CallerError {
    /// A key is not where the environment says.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// A key holds bytes that no header can carry.
    #[error("the key of `{system}` has characters that an HTTP header cannot carry")]
    Unsendable {
        /// Whose key it is.
        system: String,
    },
    /// TLS or the resolver could not be set up.
    #[error("the HTTP client could not be set up")]
    Client(#[source] reqwest::Error),
}

/// One call, as data.
#[derive(Clone, Debug)]
pub struct CallRequest {
    /// The system called, by its id in the environment.
    pub system: String,
    /// The method.
    pub method: http::Method,
    /// The path, parameters filled in and encoded, with a leading slash.
    pub path: String,
    /// Query parameters, not yet encoded.
    pub query: Vec<(String, String)>,
    /// Headers beside those of identity, authentication and body.
    pub headers: Vec<(String, String)>,
    /// The body and its media type.
    pub body: Option<RequestBody>,
    /// Which token is sent.
    pub auth: Auth,
    /// Whose call it is.
    pub identity: Option<Identity>,
    /// The longest wait for the whole answer, where it is not the caller's own.
    pub timeout: Option<Duration>,
}

/// A body as it goes over the wire.
#[derive(Clone, Debug)]
pub struct RequestBody {
    /// Its media type.
    pub content_type: String,
    /// Its bytes.
    pub bytes: Bytes,
}

impl RequestBody {
    /// A JSON body.
    pub fn json(value: &Value) -> Self {
        Self::json_as("application/json", value)
    }

    /// A JSON body of another media type, such as `application/cloudevents+json`.
    pub fn json_as(content_type: &str, value: &Value) -> Self {
        Self { content_type: content_type.to_owned(), bytes: Bytes::from(value.to_string()) }
    }
}

/// Which token a call carries.
#[derive(Clone, Debug, Default)]
pub enum Auth {
    /// The one that the environment declares for the system.
    #[default]
    System,
    /// None at all.
    Nothing,
    /// This one.
    Bearer(SecretString),
}

/// The headers by which a system and its operators recognise whose call it is.
#[derive(Clone, Debug)]
pub struct Identity {
    /// `X-Run-Id`.
    pub run_id: String,
    /// `X-Correlation-Id`.
    pub correlation_id: String,
    /// `X-Synthetic: true`.
    pub synthetic: bool,
}

/// What a system answered.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Bytes,
    /// When the request left, by the wall clock.
    pub sent_at: Timestamp,
    /// When the request left.
    pub sent: Instant,
    /// When the head of the answer was there.
    pub first_byte: Instant,
    /// When the whole answer was there.
    pub done: Instant,
}

/// Why there is no answer that could be judged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct CallFailure {
    /// What kind of trouble.
    pub kind: FailureKind,
    /// In words, with the method and URL.
    pub message: String,
}

/// The kinds of trouble, and whose they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureKind {
    /// The request itself could not be built: our file is wrong.
    Unsendable,
    /// Nobody listens there.
    Refused,
    /// The name is unknown.
    Dns,
    /// No trusted connection.
    Tls,
    /// Silence until the timeout; the effect may have taken place.
    TimedOut,
    /// The connection broke; the effect may have taken place.
    Broken,
    /// The answer came and is larger than is read.
    TooLarge,
}

impl FailureKind {
    /// Whether the effect may have taken place although no answer says so.
    pub fn is_ambiguous(self) -> bool {
        matches!(self, Self::TimedOut | Self::Broken | Self::TooLarge)
    }

    /// Whether the system is there and behaved badly, so that this is a finding and not a run that could not happen.
    pub fn is_finding(self) -> bool {
        matches!(self, Self::Broken | Self::TooLarge)
    }

    /// The stable word for reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::Unsendable => "unsendable",
            Self::Refused => "refused",
            Self::Dns => "dns",
            Self::Tls => "tls",
            Self::TimedOut => "timeout",
            Self::Broken => "broken",
            Self::TooLarge => "too_large",
        }
    }
}

impl CallRequest {
    /// A call with nothing but its address.
    pub fn new(system: impl Into<String>, method: http::Method, path: impl Into<String>) -> Self {
        Self {
            system: system.into(),
            method,
            path: path.into(),
            query: Vec::new(),
            headers: Vec::new(),
            body: None,
            auth: Auth::System,
            identity: None,
            timeout: None,
        }
    }
}

impl Caller {
    /// A caller for the systems of `environment`; reads their keys.
    pub fn new(environment: &Environment, limits: CallLimits) -> Result<Self, CallerError> {
        use_ring();
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(limits.connect_timeout)
            .no_proxy() // a proxy from somebody's shell must not stand between the clock and the system
            .tcp_nodelay(true)
            .build()
            .map_err(CallerError::Client)?;
        let mut targets = BTreeMap::new();
        for (id, system) in environment.systems() {
            let bearer = system.secret.as_ref().map(|secret| bearer(id, secret)).transpose()?;
            let shell = system.secret.as_ref().map(SecretRef::shell_text);
            targets.insert(id.clone(), Target { url: system.url.clone(), bearer, shell });
        }
        Ok(Self { client, targets, limits })
    }

    /// The base URL of a system.
    pub fn url_of(&self, system: &str) -> Option<&str> {
        self.targets.get(system).map(|target| target.url.as_str())
    }

    /// Sends one call and reads its whole answer.
    pub async fn send(&self, call: &CallRequest) -> Result<Answer, CallFailure> {
        let request = self.prepare(call)?;
        let place = format!("{} {}", request.method(), request.url());
        let timeout = call.timeout.unwrap_or(self.limits.timeout);
        let (sent_at, sent) = (Timestamp::now(), Instant::now());
        let exchange = async {
            let mut response = self.client.execute(request).await?;
            let first_byte = Instant::now();
            let (status, headers) = (response.status().as_u16(), response.headers().clone());
            let mut body = BytesMut::new();
            while let Some(chunk) = response.chunk().await? {
                if body.len() + chunk.len() > self.limits.body_bytes {
                    return Ok(Err(status));
                }
                body.extend_from_slice(&chunk);
            }
            Ok(Ok(Answer { status, headers, body: body.freeze(), sent_at, sent, first_byte, done: Instant::now() }))
        };
        match tokio::time::timeout(timeout, exchange).await {
            Ok(Ok(Ok(answer))) => Ok(answer),
            Ok(Ok(Err(status))) => Err(CallFailure {
                kind: FailureKind::TooLarge,
                message: format!("{place}: answered {status} with a body over {} bytes", self.limits.body_bytes),
            }),
            Ok(Err(error)) => Err(classify(&place, &error)),
            Err(_) => Err(CallFailure {
                kind: FailureKind::TimedOut,
                message: format!("{place}: no whole answer within {timeout:?}"),
            }),
        }
    }

    /// The call as a line for a shell, with the key by reference.
    pub fn curl(&self, call: &CallRequest) -> String {
        let url = self.url(call).map_or_else(|| call.path.clone(), |url| url.to_string());
        let mut line = format!("curl -sS -i -X {} {}", call.method, quoted(&url));
        let mut header = |name: &str, value: &str| {
            // Writing to a String cannot fail.
            write!(line, " -H {}", quoted(&format!("{name}: {value}"))).ok();
        };
        if let Some(identity) = &call.identity {
            header("X-Run-Id", &identity.run_id);
            header("X-Correlation-Id", &identity.correlation_id);
            if identity.synthetic {
                header("X-Synthetic", "true");
            }
        }
        for (name, value) in &call.headers {
            header(name, value);
        }
        if let Some(body) = &call.body {
            header("Content-Type", &body.content_type);
        }
        let key = match &call.auth {
            Auth::System => self.targets.get(&call.system).and_then(|target| target.shell.clone()),
            Auth::Nothing => None,
            Auth::Bearer(_) => Some("$KEY".to_owned()),
        };
        if let Some(key) = key {
            write!(line, " -H \"Authorization: Bearer {key}\"").ok();
        }
        if let Some(body) = &call.body {
            write!(line, " --data-binary {}", quoted(&String::from_utf8_lossy(&body.bytes))).ok();
        }
        line
    }

    fn url(&self, call: &CallRequest) -> Option<reqwest::Url> {
        let base = self.url_of(&call.system)?;
        let mut url = reqwest::Url::parse(&format!("{base}{}", call.path)).ok()?;
        if !call.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&call.query);
        }
        Some(url)
    }

    fn prepare(&self, call: &CallRequest) -> Result<reqwest::Request, CallFailure> {
        let unsendable = |what: String| CallFailure {
            kind: FailureKind::Unsendable,
            message: format!("{} {}: {what}", call.method, call.path),
        };
        let target = self
            .targets
            .get(&call.system)
            .ok_or_else(|| unsendable(format!("`{}` is not a system of the environment", call.system)))?;
        let url = self.url(call).ok_or_else(|| unsendable(format!("`{}{}` is not a URL", target.url, call.path)))?;
        let mut request = reqwest::Request::new(call.method.clone(), url);
        let headers = request.headers_mut();
        let put = |headers: &mut HeaderMap, name: &str, value: &str| {
            let name = HeaderName::try_from(name).map_err(|_| unsendable(format!("`{name}` is not a header name")))?;
            let value = HeaderValue::try_from(value)
                .map_err(|_| unsendable(format!("the value of header `{name}` cannot be sent")))?;
            headers.insert(name, value);
            Ok(())
        };
        put(headers, "accept", "application/json, application/problem+json, */*;q=0.1")?;
        if let Some(identity) = &call.identity {
            put(headers, "x-run-id", &identity.run_id)?;
            put(headers, "x-correlation-id", &identity.correlation_id)?;
            put(headers, "traceparent", &traceparent(&identity.correlation_id))?;
            if identity.synthetic {
                put(headers, "x-synthetic", "true")?;
            }
        }
        match &call.auth {
            Auth::System => {
                if let Some(bearer) = &target.bearer {
                    headers.insert(AUTHORIZATION, bearer.clone());
                }
            }
            Auth::Nothing => {}
            Auth::Bearer(token) => {
                headers.insert(
                    AUTHORIZATION,
                    header_of(token).ok_or_else(|| unsendable("the token cannot be sent".to_owned()))?,
                );
            }
        }
        if let Some(body) = &call.body {
            put(headers, CONTENT_TYPE.as_str(), &body.content_type)?;
        }
        // Last, so that a scenario (or a contract test) can replace any of the above.
        for (name, value) in &call.headers {
            put(headers, name, value)?;
        }
        if let Some(body) = &call.body {
            *request.body_mut() = Some(reqwest::Body::from(body.bytes.clone()));
        }
        Ok(request)
    }
}

impl Answer {
    /// The media type, without parameters and in lower case.
    pub fn media_type(&self) -> Option<String> {
        let value = self.headers.get(CONTENT_TYPE)?.to_str().ok()?;
        Some(value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase())
    }

    /// The body as JSON, if it is.
    pub fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }

    /// What expressions see: `{status, headers, body}`; header names in lower case, a body that is not JSON as text.
    pub fn view(&self) -> Value {
        let mut headers = Map::new();
        for (name, value) in &self.headers {
            headers.insert(
                name.as_str().to_owned(),
                Value::String(String::from_utf8_lossy(value.as_bytes()).into_owned()),
            );
        }
        let body = if self.body.is_empty() {
            Value::Null
        } else {
            self.json().unwrap_or_else(|| Value::String(String::from_utf8_lossy(&self.body).into_owned()))
        };
        let mut view = Map::new();
        view.insert("status".to_owned(), Value::from(self.status));
        view.insert("headers".to_owned(), Value::Object(headers));
        view.insert("body".to_owned(), body);
        Value::Object(view)
    }
}

/// The W3C trace context of one call: the trace is the correlation id where that is a UUID.
fn traceparent(correlation_id: &str) -> String {
    let trace = uuid::Uuid::parse_str(correlation_id).unwrap_or_else(|_| uuid::Uuid::now_v7());
    let span = uuid::Uuid::now_v7().as_u128() as u64; // the low half of a v7 is its random part
    format!("00-{}-{span:016x}-01", trace.simple())
}

fn bearer(system: &str, secret: &SecretRef) -> Result<HeaderValue, CallerError> {
    header_of(&secret.read(system)?).ok_or_else(|| CallerError::Unsendable { system: system.to_owned() })
}

fn header_of(token: &SecretString) -> Option<HeaderValue> {
    let mut value = HeaderValue::try_from(format!("Bearer {}", token.expose_secret())).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// reqwest is built without a TLS provider (the default one needs minutes of C); ring is used unless the program chose one.
pub(crate) fn use_ring() {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // An error means that another thread was first, which is as good.
        rustls::crypto::ring::default_provider().install_default().ok();
    }
}

/// reqwest's kinds are coarse; the chain of causes tells DNS and TLS from a closed port.
fn classify(place: &str, error: &reqwest::Error) -> CallFailure {
    let mut causes = Vec::new();
    let mut next = error.source();
    while let Some(cause) = next {
        causes.push(cause.to_string());
        next = cause.source();
    }
    let chain = causes.join(": ");
    let said = chain.to_ascii_lowercase();
    let kind = if error.is_timeout() && !error.is_connect() {
        FailureKind::TimedOut
    } else if said.contains("dns error") || said.contains("lookup") {
        FailureKind::Dns
    } else if said.contains("certificate") || said.contains("tls") || said.contains("handshake") {
        FailureKind::Tls
    } else if error.is_connect() || error.is_timeout() {
        FailureKind::Refused
    } else {
        FailureKind::Broken
    };
    let last = causes.last().cloned().unwrap_or_else(|| "no cause given".to_owned());
    CallFailure { kind, message: format!("{place}: {last}") }
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}
