//! What expressions see outside a step: `{run, vars, captured, <step>…}`.

use serde_json::{Map, Value, json};

use crate::scenario::Scenario;

/// The context at the begin of a run.
pub(crate) fn begin(scenario: &Scenario, run_id: &str, correlation_id: &str, iteration: u64) -> Value {
    let prefix = scenario.synthetic.as_ref().map_or("", |synthetic| synthetic.prefix.as_str());
    let mut context = json!({
        "run": {"id": run_id, "reference": format!("{prefix}{run_id}"), "correlation_id": correlation_id, "number": iteration, "iteration": 0},
        "vars": {},
        "captured": {},
    });
    for (name, plan) in &scenario.vars {
        // Templates in vars read `.run` only (checked), so they cannot fail.
        let value = plan.fill(&context).unwrap_or(Value::Null);
        set(&mut context, "vars", name, value);
    }
    context
}

/// Sets `.GROUP.NAME`.
pub(crate) fn set(context: &mut Value, group: &str, name: &str, value: Value) {
    if let Value::Object(root) = context
        && let Value::Object(map) = root.entry(group).or_insert_with(|| Value::Object(Map::new()))
    {
        map.insert(name.to_owned(), value);
    }
}

/// Sets `.NAME`.
pub(crate) fn set_step(context: &mut Value, name: &str, value: Value) {
    if let Value::Object(root) = context {
        root.insert(name.to_owned(), value);
    }
}

/// Takes over what a branch has captured and seen.
pub(crate) fn merge(context: &mut Value, branch: Value) {
    let (Value::Object(into), Value::Object(from)) = (context, branch) else { return };
    for (name, value) in from {
        match (into.get_mut(&name), value) {
            (Some(Value::Object(known)), Value::Object(more)) if name == "captured" => known.extend(more),
            (Some(_), _) if name == "run" || name == "vars" => {}
            (_, value) => {
                into.insert(name, value);
            }
        }
    }
}

/// The part that a residue check and a clean-up need.
pub(crate) fn kept(context: &Value) -> Value {
    let part = |name: &str| context.get(name).cloned().unwrap_or(Value::Null);
    json!({"run": part("run"), "vars": part("vars"), "captured": part("captured")})
}
