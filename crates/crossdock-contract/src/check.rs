//! One message against the contracts, whatever it is: the event's type says which contract holds.
//! Not here: requests and responses of an operation (`api`), X12 files (`crossdock-edi`, with [`Contracts::guides`]).

use serde_json::Value;

use crate::load::Contracts;
use crate::violation::Violation;

impl Contracts {
    /// What an event does that the contract of its type does not allow. A type that nobody has described is a violation.
    pub fn check_event(&self, event: &Value) -> Vec<Violation> {
        let Some(given) = event.get("type").and_then(Value::as_str) else {
            return vec![Violation::new("/type", "event-type", "an event says its type: `type` is missing", "")];
        };
        if let Some(contract) = self.event(given) {
            return contract.check(event);
        }
        let known = self.events().keys().map(String::as_str);
        let near = crossdock_diag::did_you_mean(given, known).map(|near| format!("; did you mean `{near}`?"));
        let message = format!("there is no contract for events of type `{given}`{}", near.unwrap_or_default());
        vec![Violation::new("/type", "event-type", message, "")]
    }
}
