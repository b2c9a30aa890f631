//! Environments: where the systems of a scenario are, how to authenticate there, and what may be done to them.
//! Here: the file `scenarios/environments/NAME.yaml`, overrides by the caller, secrets by reference. Not here: connections.
//! Invariant: a secret is read from the environment or a file when a runner starts, and never printed, logged or stored.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crossdock_diag::{Diagnostic, Diagnostics, Document, Limits, Span};
use schemars::JsonSchema;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use crate::spelling::DurationText;

/// The environment file as people write it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "Crossdock environment")]
pub struct EnvironmentFile {
    /// Version of the format: 1.
    pub crossdock: u64,
    /// What may be done here follows from it.
    pub class: Class,
    /// The systems, by the ids that the contracts' catalogue gives them.
    pub systems: BTreeMap<String, SystemSpec>,
    /// The event sources that scenarios `arm` on.
    #[serde(default)]
    pub events: BTreeMap<String, EventsSpec>,
    /// What each target makes of synthetic messages.
    #[serde(default)]
    pub synthetic: BTreeMap<String, SyntheticMode>,
    /// How far the systems' clocks may be from ours (default 1s); a delay below it is not charged to anybody.
    #[serde(default)]
    pub clock_tolerance: Option<DurationText>,
}

/// What kind of place it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// Anything goes.
    Test,
    /// Like production, without real money.
    Staging,
    /// Real: only synthetic scenarios, each target's mode declared.
    Production,
}

/// What a target makes of a synthetic message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SyntheticMode {
    /// The system's own marked test data.
    Real,
    /// Kept, unanswered: nothing may be awaited from it.
    Sink,
    /// A simulator beside the probe answers.
    StandIn,
}

/// One system.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SystemSpec {
    /// Base URL, without the paths of the contract.
    pub url: String,
    /// How to authenticate (default: not at all).
    #[serde(default)]
    pub auth: Option<AuthSpec>,
    /// Keeps money or books: in production it needs a declared synthetic mode other than `real`.
    #[serde(default)]
    pub financial: bool,
}

/// How to authenticate.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AuthSpec {
    /// A bearer token, by reference.
    pub bearer: SecretSpec,
}

/// Where a secret is: exactly one of the two.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SecretSpec {
    /// Name of an environment variable.
    #[serde(default)]
    pub env: Option<String>,
    /// Path of a file; a trailing line break is not part of the secret.
    #[serde(default)]
    pub file: Option<String>,
}

/// One event source.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EventsSpec {
    /// Server-sent events: a URL, or a path on the system of the same id.
    pub sse: String,
    /// The system whose URL and authentication are used (default: the source's own id).
    #[serde(default)]
    pub system: Option<String>,
    /// How to authenticate (default: as the system).
    #[serde(default)]
    pub auth: Option<AuthSpec>,
}

/// An environment, checked.
#[derive(Clone, Debug)]
pub struct Environment {
    name: String,
    class: Class,
    systems: BTreeMap<String, System>,
    events: BTreeMap<String, EventSource>,
    synthetic: BTreeMap<String, SyntheticMode>,
    clock_tolerance: Duration,
}

/// One system of an environment.
#[derive(Clone, Debug)]
pub struct System {
    /// Base URL without a trailing slash.
    pub url: String,
    /// Where its bearer token is.
    pub secret: Option<SecretRef>,
    /// Keeps money or books.
    pub financial: bool,
}

/// One event source of an environment.
#[derive(Clone, Debug)]
pub struct EventSource {
    /// A URL, or a path on `system`.
    pub sse: String,
    /// The system whose URL and authentication are used.
    pub system: String,
    /// Its own authentication.
    pub secret: Option<SecretRef>,
}

/// Where a secret is, or the secret itself where a program handed it in.
#[derive(Clone)]
pub enum SecretRef {
    /// In an environment variable.
    Env(String),
    /// In a file.
    File(PathBuf),
    /// Handed in by the program (a demo, a test).
    Value(Arc<SecretString>),
}

/// A secret that is not there.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The environment variable is not set.
    #[error("the environment variable `{name}` (key of `{system}`) is not set")]
    NotSet {
        /// The variable.
        name: String,
        /// Whose key it is.
        system: String,
    },
    /// The file cannot be read.
    #[error("the key of `{system}` cannot be read from {}", path.display())]
    Unreadable {
        /// Whose key it is.
        system: String,
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

impl fmt::Debug for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(f, "env:{name}"),
            Self::File(path) => write!(f, "file:{}", path.display()),
            Self::Value(_) => f.write_str("(secret)"),
        }
    }
}

impl SecretRef {
    /// Reads the secret of `system`.
    pub fn read(&self, system: &str) -> Result<SecretString, SecretError> {
        match self {
            Self::Env(name) => std::env::var(name)
                .map(SecretString::from)
                .map_err(|_| SecretError::NotSet { name: name.clone(), system: system.to_owned() }),
            Self::File(path) => std::fs::read_to_string(path)
                .map(|text| SecretString::from(text.trim_end_matches(['\r', '\n']).to_owned()))
                .map_err(|source| SecretError::Unreadable { system: system.to_owned(), path: path.clone(), source }),
            Self::Value(secret) => Ok(SecretString::clone(secret)),
        }
    }

    /// How a person writes this secret on a command line, without the secret: `$CROSSDOCK_KEY_ERP`.
    pub fn shell_text(&self) -> String {
        match self {
            Self::Env(name) => format!("${name}"),
            Self::File(path) => format!("$(cat {})", path.display()),
            Self::Value(_) => "$KEY".to_owned(),
        }
    }
}

impl Environment {
    /// Reads and checks an environment file.
    pub fn load(path: &Path) -> Result<Self, Diagnostics> {
        let document = crossdock_diag::read(path, &Limits::default())?;
        let name = path.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
        Self::from_document(&name, &document)
    }

    /// Checks an environment that has been read.
    pub fn from_document(name: &str, document: &Document) -> Result<Self, Diagnostics> {
        let file: EnvironmentFile = crossdock_diag::decode(document)?;
        let mut check = Check { document, found: Diagnostics::default() };
        if file.crossdock != 1 {
            check.error(
                "environment::version",
                "/crossdock",
                format!("version {} of the format is not known", file.crossdock),
                "write `crossdock: 1`",
            );
        }
        let systems: BTreeMap<String, System> =
            file.systems.iter().map(|(id, spec)| (id.clone(), check.system(id, spec))).collect();
        let events = file.events.iter().map(|(id, spec)| (id.clone(), check.events(id, spec, &systems))).collect();
        for target in file.synthetic.keys() {
            if !systems.contains_key(target) {
                let help = suggestion(target, systems.keys());
                check.key_error(
                    "environment::unknown_system",
                    "/synthetic",
                    target,
                    format!("`{target}` is not a system of this environment"),
                    &help,
                );
            }
        }
        let clock_tolerance = match &file.clock_tolerance {
            None => Duration::from_secs(1),
            Some(text) => text.parse().unwrap_or_else(|error| {
                check.error("environment::duration", "/clock_tolerance", error.to_string(), error.help);
                Duration::ZERO
            }),
        };
        let environment = Self {
            name: name.to_owned(),
            class: file.class,
            systems,
            events,
            synthetic: file.synthetic,
            clock_tolerance,
        };
        check.found.into_result(environment)
    }

    /// The same environment with other base URLs, by system; systems that are not in the file are added.
    #[must_use]
    pub fn with_urls<I: IntoIterator<Item = (String, String)>>(mut self, urls: I) -> Self {
        for (id, url) in urls {
            let url = url.trim_end_matches('/').to_owned();
            if let Some(system) = self.systems.get_mut(&id) {
                system.url = url;
            } else {
                self.systems.insert(id, System { url, secret: None, financial: false });
            }
        }
        self
    }

    /// The same environment with keys handed in by the program, by system.
    #[must_use]
    pub fn with_bearers<I: IntoIterator<Item = (String, SecretString)>>(mut self, keys: I) -> Self {
        for (id, key) in keys {
            if let Some(system) = self.systems.get_mut(&id) {
                system.secret = Some(SecretRef::Value(Arc::new(key)));
            }
        }
        self
    }

    /// The same environment by another name: one that a program made from a file.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// The environment's name: its file's, without the extension.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What kind of place it is.
    pub fn class(&self) -> Class {
        self.class
    }

    /// The systems, by id.
    pub fn systems(&self) -> &BTreeMap<String, System> {
        &self.systems
    }

    /// One system.
    pub fn system(&self, id: &str) -> Option<&System> {
        self.systems.get(id)
    }

    /// The event sources, by id.
    pub fn events(&self) -> &BTreeMap<String, EventSource> {
        &self.events
    }

    /// The URL of an event source.
    pub fn event_url(&self, source: &EventSource) -> Option<String> {
        if source.sse.starts_with('/') {
            self.systems.get(&source.system).map(|system| format!("{}{}", system.url, source.sse))
        } else {
            Some(source.sse.clone())
        }
    }

    /// What a target makes of synthetic messages, where that is declared.
    pub fn synthetic_mode(&self, target: &str) -> Option<SyntheticMode> {
        self.synthetic.get(target).copied()
    }

    /// How far the systems' clocks may be from ours.
    pub fn clock_tolerance(&self) -> Duration {
        self.clock_tolerance
    }
}

/// The checks behind the shape, each with its place.
struct Check<'d> {
    document: &'d Document,
    found: Diagnostics,
}

impl Check<'_> {
    fn system(&mut self, id: &str, spec: &SystemSpec) -> System {
        let at = format!("/systems/{}", escaped(id));
        if !is_http_url(&spec.url) {
            self.error(
                "environment::url",
                &format!("{at}/url"),
                format!("`{}` is not an http or https URL", spec.url),
                "write for example `http://127.0.0.1:7101`",
            );
        }
        let secret = spec.auth.as_ref().and_then(|auth| self.secret(&format!("{at}/auth/bearer"), &auth.bearer));
        System { url: spec.url.trim_end_matches('/').to_owned(), secret, financial: spec.financial }
    }

    fn events(&mut self, id: &str, spec: &EventsSpec, systems: &BTreeMap<String, System>) -> EventSource {
        let at = format!("/events/{}", escaped(id));
        let system = spec.system.clone().unwrap_or_else(|| id.to_owned());
        if spec.sse.starts_with('/') {
            if !systems.contains_key(&system) {
                let help = suggestion(&system, systems.keys());
                let place = if spec.system.is_some() { format!("{at}/system") } else { format!("{at}/sse") };
                self.error(
                    "environment::unknown_system",
                    &place,
                    format!("a path needs a system, and `{system}` is not a system of this environment"),
                    &help,
                );
            }
        } else if !is_http_url(&spec.sse) {
            self.error(
                "environment::url",
                &format!("{at}/sse"),
                format!("`{}` is neither an http URL nor a path", spec.sse),
                "write for example `/process/v1/events?from=now`",
            );
        }
        let secret = spec.auth.as_ref().and_then(|auth| self.secret(&format!("{at}/auth/bearer"), &auth.bearer));
        EventSource { sse: spec.sse.clone(), system, secret }
    }

    fn secret(&mut self, at: &str, spec: &SecretSpec) -> Option<SecretRef> {
        match (&spec.env, &spec.file) {
            (Some(name), None) => Some(SecretRef::Env(name.clone())),
            (None, Some(path)) => Some(SecretRef::File(PathBuf::from(path))),
            _ => {
                self.error(
                    "environment::secret",
                    at,
                    "a secret is in exactly one place".to_owned(),
                    "write either `env: NAME` or `file: PATH`",
                );
                None
            }
        }
    }

    fn error(&mut self, code: &'static str, pointer: &str, message: String, help: &str) {
        let span = self.document.root.nearest(pointer).span;
        self.push(code, span, message, help);
    }

    fn key_error(&mut self, code: &'static str, parent: &str, key: &str, message: String, help: &str) {
        let span = self.document.root.nearest(parent).key_span(key).unwrap_or(self.document.root.span);
        self.push(code, span, message, help);
    }

    fn push(&mut self, code: &'static str, span: Span, message: String, help: &str) {
        self.found.push(Diagnostic::error(code, message).at(&self.document.file, span, "here").help(help));
    }
}

fn is_http_url(text: &str) -> bool {
    reqwest::Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

fn suggestion<'a>(word: &str, known: impl Iterator<Item = &'a String> + Clone) -> String {
    match crossdock_diag::did_you_mean(word, known.clone().map(String::as_str)) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("known: {}", known.map(String::as_str).collect::<Vec<_>>().join(", ")),
    }
}
