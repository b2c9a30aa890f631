//! `policy.yaml`: the rules that every contract is linted by, and the limits that every API keeps.
//! Here: its types. Not here: the rules' code (`lint`).

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The policy of a contracts folder.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// Version of this file format; always 1.
    pub crossdock: u32,
    /// How things are named.
    #[serde(default)]
    pub naming: Naming,
    /// How versions are counted.
    #[serde(default)]
    pub versioning: Versioning,
    /// Who may call.
    #[serde(default)]
    pub security: Security,
    /// How bodies look.
    #[serde(default)]
    pub payload: Payload,
    /// Names of headers.
    #[serde(default)]
    pub headers: Headers,
    /// Upper bounds by name.
    #[serde(default)]
    pub limits: BTreeMap<String, u64>,
    /// What marks a synthetic transaction.
    #[serde(default)]
    pub synthetic: Synthetic,
    /// What a version needs to go to an environment.
    #[serde(default)]
    pub promotion: Vec<Promotion>,
    /// The rules and their levels.
    #[serde(default)]
    pub rules: Vec<PolicyRule>,
}

/// A way to write names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NameStyle {
    /// `orderId`
    CamelCase,
    /// `order_id`
    SnakeCase,
    /// `order-id`
    KebabCase,
}

/// How things are named; what is absent is not checked.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Naming {
    /// JSON properties, query and path parameters.
    pub properties: Option<NameStyle>,
    /// Operation ids.
    pub operation_ids: Option<NameStyle>,
    /// Path segments.
    pub paths: Option<NameStyle>,
    /// Files of the folder.
    pub files: Option<NameStyle>,
    /// Systems, APIs, SLAs, objects, ownership groups.
    pub ids: Option<NameStyle>,
    /// Terms of the glossary.
    pub terms: Option<NameStyle>,
    /// Values of enums.
    pub enum_values: Option<NameStyle>,
    /// Regular expression of event types.
    pub event_type: Option<String>,
    /// Base of the `$id` of an object.
    pub schema_base: Option<String>,
}

/// How versions are counted.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Versioning {
    /// The scheme; `semver`.
    pub scheme: Option<String>,
    /// Bump of a breaking change.
    pub breaking: Option<String>,
    /// Bump of an addition.
    pub additive: Option<String>,
    /// Bump of an editorial change.
    pub editorial: Option<String>,
    /// Least days between `deprecated` and `sunset`.
    pub deprecation_notice_days: Option<u32>,
    /// Headers of deprecated versions.
    #[serde(default)]
    pub deprecation_headers: Vec<String>,
    /// How many majors of a contract may be active at once.
    pub parallel_majors_max: Option<u32>,
}

/// Who may call.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Security {
    /// The scheme; `bearer`.
    pub scheme: Option<String>,
    /// The only operations without a key.
    #[serde(default)]
    pub public_operations: Vec<String>,
    /// Shortest key.
    pub key_bytes_min: Option<u32>,
    /// Where plain HTTP is allowed.
    pub plain_http: Option<String>,
    /// Where credentials stand.
    pub credentials_in: Option<String>,
}

/// How bodies look.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Payload {
    /// How quantities and money are carried.
    pub decimals: Option<String>,
    /// How foreign ids are carried.
    pub ids: Option<String>,
    /// How times are written.
    pub times: Option<String>,
    /// Media type of errors.
    pub errors: Option<String>,
    /// Whether request bodies refuse unknown properties.
    pub request_objects: Option<Openness>,
    /// Whether response bodies refuse unknown properties.
    pub response_objects: Option<Openness>,
    /// Which objects of facts refuse unknown properties.
    pub fact_objects: Option<FactObjects>,
    /// Whether the event envelope refuses unknown extensions.
    pub envelope: Option<Openness>,
}

/// Whether an object takes properties that nobody knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Openness {
    /// It takes them.
    Open,
    /// It refuses them.
    Closed,
}

/// Which objects of facts refuse unknown properties.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FactObjects {
    /// Those that take them.
    #[serde(default)]
    pub open: Vec<String>,
    /// Those that refuse them.
    #[serde(default)]
    pub closed: Vec<String>,
}

/// Names of headers.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Headers {
    /// Correlation id of a flow.
    pub correlation: Option<String>,
    /// Key of a creating call.
    pub idempotency: Option<String>,
    /// Marks an answer as repeated.
    pub idempotency_replayed: Option<String>,
    /// Marks a synthetic call.
    pub synthetic: Option<String>,
    /// Id of a synthetic run.
    pub run: Option<String>,
    /// Least days for which a key is remembered.
    pub idempotency_window_days_min: Option<u32>,
}

/// What marks a synthetic transaction.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Synthetic {
    /// Prefix of reserved products.
    pub product_prefix: Option<String>,
    /// Prefix of reserved customers.
    pub customer_prefix: Option<String>,
    /// Reserved zone of a facility.
    pub zone: Option<String>,
    /// Bodies that bear `synthetic` and `runId`.
    #[serde(default)]
    pub marked_bodies: Vec<String>,
}

/// What a version needs to go to an environment.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Promotion {
    /// The environment.
    pub environment: String,
    /// Lifecycle states that may run there.
    pub lifecycle: Vec<crate::catalog::LifecycleState>,
    /// Evidence that must exist.
    pub require: Vec<String>,
}

/// One rule and how seriously it is taken.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PolicyRule {
    /// Its id.
    pub id: String,
    /// How seriously.
    pub level: RuleLevel,
    /// What it says.
    pub text: String,
}

/// How seriously a rule is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RuleLevel {
    /// Lint fails.
    Error,
    /// Lint says so.
    Warning,
    /// Not checked.
    Off,
}

impl Policy {
    /// The level of a rule; `fallback` where the policy does not name it.
    pub fn level(&self, rule: &str, fallback: RuleLevel) -> RuleLevel {
        self.rules.iter().find(|known| known.id == rule).map_or(fallback, |known| known.level)
    }
}
