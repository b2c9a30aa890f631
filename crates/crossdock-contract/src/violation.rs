//! What a message does that its contract does not allow, in people's words.
//! Here: one violation, and how the schema engine's errors become violations. Not here: compiling schemas (`schema`).

use jsonschema::ValidationError;
use jsonschema::error::{TypeKind, ValidationErrorKind};
use serde_json::Value;

use crate::library::escape;

/// One way in which a message breaks its contract.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Violation {
    /// JSON pointer into the message. A missing property is pointed at where it should be.
    pub pointer: String,
    /// The rule: a schema keyword (`required`, `type`, `enum` …), or `content-type`, `status`, `header`, `event-type`.
    pub rule: String,
    /// What is wrong.
    pub message: String,
    /// Where the contract says so: `objects/order.yaml#/properties/total/pattern`; empty where no single place does.
    pub schema_pointer: String,
}

impl Violation {
    pub(crate) fn new(
        pointer: impl Into<String>,
        rule: &str,
        message: impl Into<String>,
        schema_pointer: impl Into<String>,
    ) -> Self {
        Self {
            pointer: pointer.into(),
            rule: rule.to_owned(),
            message: message.into(),
            schema_pointer: schema_pointer.into(),
        }
    }
}

impl std::fmt::Display for Violation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let pointer = if self.pointer.is_empty() { "the message" } else { &self.pointer };
        write!(f, "{pointer}: {}", self.message)
    }
}

/// Longest value that is shown in a message.
const SHOWN: usize = 60;

/// The violations that one error of the schema engine stands for, the alternatives of `oneOf` and `anyOf` taken apart.
pub(crate) fn from_error(error: &ValidationError<'_>, schema_base: &str) -> Vec<Violation> {
    use ValidationErrorKind as Kind;
    let pointer = error.instance_path().to_string();
    let place = schema_place(error, schema_base);
    let rule = error.kind().keyword().to_owned();
    let value = error.instance();
    let one = |pointer: String, message: String| {
        vec![Violation { pointer, rule: rule.clone(), message, schema_pointer: place.clone() }]
    };
    match error.kind() {
        Kind::Required { property } => {
            let name = property.as_str().map_or_else(|| property.to_string(), str::to_owned);
            one(format!("{pointer}/{}", escape(&name)), format!("`{name}` is missing"))
        }
        Kind::AdditionalProperties { unexpected } | Kind::UnevaluatedProperties { unexpected } => unexpected
            .iter()
            .map(|name| Violation {
                pointer: format!("{pointer}/{}", escape(name)),
                rule: rule.clone(),
                message: format!("`{name}` is not a property of this object"),
                schema_pointer: place.clone(),
            })
            .collect(),
        Kind::AnyOf { context } | Kind::OneOfNotValid { context } => closest(context).map_or_else(
            || one(pointer.clone(), "fits none of the alternatives".to_owned()),
            |branch| branch.iter().flat_map(|inner| from_error(inner, schema_base)).collect(),
        ),
        Kind::PropertyNames { error } => {
            one(pointer, format!("{} is not an allowed property name", shown(error.instance())))
        }
        kind => one(pointer, words(kind, value)),
    }
}

fn words(kind: &ValidationErrorKind, value: &Value) -> String {
    use ValidationErrorKind as Kind;
    match kind {
        Kind::Type { kind } => format!("{} is {}, and must be {}", shown(value), kind_of(value), wanted(kind)),
        Kind::Enum { options } => {
            let options: Vec<String> =
                options.as_array().map(|list| list.iter().map(shown).collect()).unwrap_or_default();
            let near = value.as_str().and_then(|text| {
                let words: Vec<&str> = options.iter().map(|word| word.trim_matches('"')).collect();
                crossdock_diag::did_you_mean(text, words.iter().copied())
                    .map(|word| format!("; did you mean `{word}`?"))
            });
            format!("{} is none of {}{}", shown(value), options.join(", "), near.unwrap_or_default())
        }
        Kind::Constant { expected_value } => format!("{} must be {}", shown(value), shown(expected_value)),
        Kind::Pattern { pattern } => format!("{} does not match `{pattern}`", shown(value)),
        Kind::Format { format } => format!("{} is not a valid {format}", shown(value)),
        Kind::MinLength { limit } => format!("{} is shorter than {limit} characters", shown(value)),
        Kind::MaxLength { limit } => format!("{} is longer than {limit} characters", shown(value)),
        Kind::Minimum { limit } => format!("{} is below {limit}", shown(value)),
        Kind::Maximum { limit } => format!("{} is above {limit}", shown(value)),
        Kind::ExclusiveMinimum { limit } => format!("{} must be above {limit}", shown(value)),
        Kind::ExclusiveMaximum { limit } => format!("{} must be below {limit}", shown(value)),
        Kind::MultipleOf { multiple_of } => format!("{} is no multiple of {multiple_of}", shown(value)),
        Kind::MinItems { limit } => format!("has {} items, and needs at least {limit}", count(value)),
        Kind::MaxItems { limit } => format!("has {} items, and may have at most {limit}", count(value)),
        Kind::AdditionalItems { limit } => format!("has more than {limit} items"),
        Kind::UniqueItems => "has the same item twice".to_owned(),
        Kind::Contains => "has no item of the kind that it must contain".to_owned(),
        Kind::MinProperties { limit } => format!("has {} properties, and needs at least {limit}", count(value)),
        Kind::MaxProperties { limit } => format!("has {} properties, and may have at most {limit}", count(value)),
        Kind::OneOfMultipleValid { .. } => "fits several alternatives of which exactly one may fit".to_owned(),
        Kind::Not { .. } => format!("{} is what it must not be", shown(value)),
        Kind::FalseSchema => "must not be here".to_owned(),
        Kind::UnevaluatedItems { .. } => "has items that nothing allows".to_owned(),
        other => format!("{} breaks `{}`", shown(value), other.keyword()),
    }
}

/// The alternative that the message most nearly is: the one whose first mistake lies deepest, then with the fewest mistakes.
fn closest<'c>(context: &'c [Vec<ValidationError<'static>>]) -> Option<&'c Vec<ValidationError<'static>>> {
    context.iter().filter(|branch| !branch.is_empty()).min_by_key(|branch| {
        let depth =
            branch.iter().map(|error| error.instance_path().to_string().matches('/').count()).max().unwrap_or(0);
        // A wrong constant tells apart better than anything else: `{type: x}` was not meant where type says `y`.
        let told_apart =
            branch.iter().filter(|error| matches!(error.kind(), ValidationErrorKind::Constant { .. })).count();
        let wrong_type = branch.iter().filter(|error| matches!(error.kind(), ValidationErrorKind::Type { .. })).count();
        (told_apart, std::cmp::Reverse(depth), wrong_type, branch.len())
    })
}

fn schema_place(error: &ValidationError<'_>, schema_base: &str) -> String {
    match error.absolute_keyword_location() {
        Some(uri) => {
            crate::library::percent_decode(uri.as_str().strip_prefix(crate::schema::BASE).unwrap_or(uri.as_str()))
        }
        None => format!("{schema_base}{}", error.schema_path()),
    }
}

fn wanted(kind: &TypeKind) -> String {
    match kind {
        TypeKind::Single(one) => type_words(&one.to_string()).to_owned(),
        TypeKind::Multiple(set) => {
            let words: Vec<String> = set.iter().map(|one| type_words(&one.to_string()).to_owned()).collect();
            words.join(" or ")
        }
    }
}

fn type_words(name: &str) -> &str {
    match name {
        "string" => "a string",
        "number" => "a number",
        "integer" => "a whole number",
        "boolean" => "true or false",
        "array" => "a list",
        "object" => "an object",
        other => other,
    }
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

fn count(value: &Value) -> usize {
    match value {
        Value::Array(items) => items.len(),
        Value::Object(map) => map.len(),
        _ => 0,
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::Object(_) => "the object".to_owned(),
        Value::Array(_) => "the list".to_owned(),
        Value::Null => "null".to_owned(),
        other => {
            let text = other.to_string();
            match text.char_indices().nth(SHOWN) {
                Some((cut, _)) => format!("{}…", &text[..cut]),
                None => text,
            }
        }
    }
}
