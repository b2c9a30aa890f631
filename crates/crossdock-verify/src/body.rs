//! Request bodies and addresses of a test run: declared examples, made this run's own.
//! Here: marking as synthetic, unique ids, reserved references, path and query parameters. Not here: the values (`traces`), broken
//! bodies (`generate`).
//! Invariant: whatever is changed in an example, the contract's validator takes the result; else the example goes as it is.

use std::collections::BTreeMap;

use crossdock_contract::api::{Api, Location, Operation};
use serde_json::Value;

use crate::generate::{self, Breach, Objection};
use crate::traces::{RESERVED, Reserved, Traces};

/// What the validator says against a body of an operation.
pub(crate) fn objection(operation: &Operation, content_type: &str, body: &Value) -> Objection {
    let first = operation.check_request(content_type, body).into_iter().next()?;
    Some(Breach { pointer: first.pointer, rule: first.rule })
}

/// The example as this run sends it. `fresh`: it makes something new instead of continuing what the run has.
pub(crate) fn own(
    api: &Api,
    operation: &Operation,
    content_type: &str,
    example: &Value,
    reserved: &Reserved,
    traces: &mut Traces,
    fresh: bool,
) -> Value {
    let check = |body: &Value| objection(operation, content_type, body);
    let takes = |body: &Option<Value>| body.as_ref().is_some_and(|body| check(body).is_none());
    if !example.is_object() || check(example).is_some() {
        return example.clone();
    }
    let mut body = example.clone();
    for (name, mark) in [("synthetic", Value::Bool(true)), ("runId", Value::String(traces.run_id().to_owned()))] {
        let known = body.get(name).is_some() || generate::declares(&body, name, &check);
        let marked = generate::with(&body, &format!("/{name}"), mark);
        if known && takes(&marked) {
            body = marked.unwrap_or(body);
        }
    }
    for name in identities(api, operation, &body, &check) {
        let pointer = format!("/{name}");
        let Some(Value::String(shown)) = body.get(&name).cloned() else { continue };
        let fits = |id: &str| takes(&generate::with(&body, &pointer, Value::String(id.to_owned())));
        if let Some(id) = traces.id(&name, &shown, fresh, &fits) {
            body = generate::with(&body, &pointer, Value::String(id)).unwrap_or(body);
        }
    }
    let mut referring = body.clone();
    refer_to_reserved(&mut referring, reserved);
    if check(&referring).is_none() { referring } else { body }
}

/// The properties that identify what a create makes: the id by which the same collection is read, what it is searched by if it must
/// be there, and references of the caller's own.
fn identities(api: &Api, operation: &Operation, body: &Value, check: &dyn Fn(&Value) -> Objection) -> Vec<String> {
    if operation.method != "POST" || operation.path.contains('{') {
        return Vec::new();
    }
    let read_by = id_parameter(api, &operation.path);
    let searched_by: Vec<&str> = api
        .operations
        .iter()
        .filter(|other| other.method == "GET" && other.path == operation.path)
        .flat_map(|other| &other.parameters)
        .filter(|parameter| parameter.location == Location::Query)
        .map(|parameter| parameter.name.as_str())
        .collect();
    let names = body.as_object().into_iter().flat_map(|object| object.keys());
    names
        .filter(|name| {
            read_by.as_deref() == Some(name.as_str())
                || name.ends_with("Reference")
                || searched_by.contains(&name.as_str()) && generate::requires(body, name, check)
        })
        .cloned()
        .collect()
}

/// The parameter by which one object of a collection is read: `orderId` for `/orders`.
pub(crate) fn id_parameter(api: &Api, collection: &str) -> Option<String> {
    let one = api.operations.iter().filter(|operation| operation.method == "GET").find_map(|operation| {
        let rest = operation.path.strip_prefix(collection)?.strip_prefix("/{")?;
        rest.strip_suffix('}').filter(|name| !name.contains('/'))
    });
    one.map(str::to_owned)
}

/// Products, customers and the like become the reserved ones of the same property.
fn refer_to_reserved(value: &mut Value, reserved: &Reserved) {
    match value {
        Value::Object(object) => {
            for (name, child) in object {
                match (child, reserved.get(name)) {
                    (Value::String(text), Some(synthetic)) if !text.starts_with(RESERVED) => synthetic.clone_into(text),
                    (Value::String(_), _) => {}
                    (other, _) => refer_to_reserved(other, reserved),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| refer_to_reserved(item, reserved)),
        _ => {}
    }
}

/// Values for the path parameters of an operation, and what they point at.
#[derive(Clone, Debug)]
pub(crate) struct Address {
    pub(crate) path: String,
    /// It is something that this run made.
    pub(crate) own: bool,
    /// It is something reserved for synthetic use, or nothing at all.
    pub(crate) harmless: bool,
}

/// Where to call. Captured ids first, then reserved values, then declared examples; `None` if a parameter has none of them.
///
/// What changes an object that this run did not make is addressed to a reserved name that nobody has: the answer shows whether the
/// contract holds, and nothing that exists is touched.
pub(crate) fn address(
    operation: &Operation,
    reserved: &Reserved,
    traces: &mut Traces,
    changes: bool,
) -> Option<Address> {
    let mut values = BTreeMap::new();
    let (mut own, mut harmless) = (false, true);
    let names: Vec<String> = operation.path_parameters().map(str::to_owned).collect();
    for name in names {
        let parameter = operation.parameter(Location::Path, &name);
        let example = parameter.and_then(|parameter| parameter.example.as_ref()).map(text);
        let fits = |value: &str| parameter.is_none_or(|parameter| parameter.check(Some(value)).is_empty());
        let value = if let Some(captured) = traces.captured(&name).filter(|value| fits(value)) {
            own = true;
            Some(captured.to_owned())
        } else if let Some(synthetic) = reserved.get(&name).filter(|value| fits(value)) {
            let synthetic = synthetic.to_owned();
            if changes { traces.id(&name, &synthetic, true, &fits) } else { Some(synthetic) }
        } else {
            harmless = false;
            let seen = traces.seen(&name).or_else(|| traces.seen(&long_name(operation, &name)?));
            seen.filter(|value| fits(value)).map(str::to_owned).or(example)
        };
        values.insert(name, value?);
    }
    // One harmless part is enough: `/positions/DC-EAST/SYN-…` touches nothing of the facility's real stock.
    let harmless = harmless || operation.path_parameters().any(|name| reserved.get(name).is_some());
    Some(Address { path: operation.url_path(&values).ok()?, own, harmless })
}

/// What objects call the id that a path only calls `id`: `deadLetterId` for `/dead-letters/{id}`.
fn long_name(operation: &Operation, name: &str) -> Option<String> {
    let collection = operation.path.split_once(&format!("/{{{name}}}"))?.0.rsplit('/').next()?;
    let singular = collection.strip_suffix('s').filter(|_| name == "id")?;
    let mut long = String::new();
    for (index, word) in singular.split('-').enumerate() {
        let (first, rest) = word.split_at_checked(1)?;
        long.push_str(&if index == 0 { first.to_owned() } else { first.to_ascii_uppercase() });
        long.push_str(rest);
    }
    Some(format!("{long}Id"))
}

/// The path with an id in its last parameter that nobody has.
pub(crate) fn unknown_address(operation: &Operation, traces: &mut Traces) -> Option<String> {
    let last = operation.path_parameters().last()?.to_owned();
    let mut values = BTreeMap::new();
    for name in operation.path_parameters() {
        let example =
            operation.parameter(Location::Path, name).and_then(|parameter| parameter.example.as_ref()).map(text);
        values.insert(name.to_owned(), traces.captured(name).map(str::to_owned).or(example)?);
    }
    let parameter = operation.parameter(Location::Path, &last)?;
    let fits = |value: &str| parameter.check(Some(value)).is_empty();
    let shown = values.get(&last)?.clone();
    let unknown = traces.id(&format!("unknown {last}"), &shown, true, &fits)?;
    values.insert(last, unknown);
    operation.url_path(&values).ok()
}

/// Query parameters: the required ones, and those that name something of this run. `None` if a required one has no value.
pub(crate) fn query(operation: &Operation, traces: &Traces) -> Option<Vec<(String, String)>> {
    let mut query = Vec::new();
    for parameter in operation.parameters.iter().filter(|parameter| parameter.location == Location::Query) {
        let captured = traces.captured(&parameter.name).map(str::to_owned);
        let value = match (captured, parameter.required) {
            (Some(value), _) => Some(value),
            (None, true) => Some(parameter.example.as_ref().map(text)?),
            (None, false) => None,
        };
        query.extend(value.map(|value| (parameter.name.clone(), value)));
    }
    Some(query)
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
