//! One system on trial: what its cases share.
//! Here: building requests of an operation, reading what came of them, undoing what was made. Not here: which requests
//! (`examples`, `cases`).
//! Invariant: nothing is changed in production, and nowhere anything that neither this run made nor is reserved for synthetic use.

use crossdock_contract::api::{Api, Location, MediaType, Operation};
use crossdock_scenario::caller::{Answer, CallRequest, RequestBody};
use serde_json::Value;

use crate::body::{self, Address};
use crate::conversation::{Conversation, Heard};
use crate::findings::{Findings, Outcome};
use crate::judge::{self, Problem, rule};
use crate::test::TestOptions;
use crate::traces::{Made, Reserved, Traces};

/// One API of one system on trial.
pub(crate) struct Trial<'t, 'c> {
    pub(crate) api: &'t Api,
    pub(crate) reserved: &'t Reserved,
    pub(crate) options: &'t TestOptions,
    /// Whether anything may be changed there.
    pub(crate) may_change: bool,
    pub(crate) talk: &'t mut Conversation<'c>,
    pub(crate) traces: &'t mut Traces,
    pub(crate) findings: &'t mut Findings,
}

/// A request body with its media type.
pub(crate) type Sent = Option<(String, Value)>;

/// Whether an operation can change something.
pub(crate) fn changes(operation: &Operation) -> bool {
    !matches!(operation.method.as_str(), "GET" | "HEAD" | "OPTIONS")
}

/// Whether an operation answers with a stream that does not end.
pub(crate) fn streams(operation: &Operation) -> bool {
    let media = operation.responses.iter().flat_map(|response| &response.content);
    media.map(|media| &media.content_type).any(|kind| kind.starts_with("text/event-stream"))
}

/// Where an operation stands in the order of a test: what makes things, then lists, reads, changes, and what ends them.
pub(crate) fn stage(operation: &Operation) -> u8 {
    let addressed = operation.path.contains('{');
    match (changes(operation), addressed) {
        (false, false) if !operation.secured => 0,
        (true, false) => 1,
        (false, false) => 2,
        (false, true) => 3,
        (true, true) if ends(operation) => LAST,
        (true, true) => 4,
    }
}

/// The stage of operations after which nothing can be done with an object.
pub(crate) const LAST: u8 = 5;

fn ends(operation: &Operation) -> bool {
    operation.method == "DELETE" || operation.path.ends_with("/cancel")
}

impl Trial<'_, '_> {
    /// Where to call an operation, or why it is not called.
    pub(crate) fn address(&mut self, operation: &Operation) -> Result<Address, String> {
        let changing = changes(operation);
        if changing && !self.may_change {
            return Err("the environment's class is production: nothing is changed there".to_owned());
        }
        let address = body::address(operation, self.reserved, self.traces, changing)
            .ok_or("a path parameter has no example, and no answer named it")?;
        if changing && !address.own && !address.harmless {
            return Err("it would change something that this run did not make".to_owned());
        }
        Ok(address)
    }

    /// A call of an operation with everything that its contract asks for.
    pub(crate) fn request(&mut self, operation: &Operation, path: &str, sent: &Sent) -> CallRequest {
        let mut request = self.talk.request(&operation.method, path);
        if operation.idempotent {
            request.headers.push(("Idempotency-Key".to_owned(), self.traces.key()));
        }
        request.query = body::query(operation, self.traces).unwrap_or_default();
        request.body = sent.as_ref().map(|(content_type, body)| encode(content_type, body));
        request
    }

    /// The example of a JSON body that cases are made from.
    pub(crate) fn base(operation: &Operation) -> Sent {
        let chosen = chosen_examples(operation);
        let (media, example) = chosen.into_iter().find(|(media, _)| media.is_json())?;
        Some((media.content_type.clone(), example.1.clone()))
    }

    /// An example as this run sends it.
    pub(crate) fn own(&mut self, operation: &Operation, base: &(String, Value), fresh: bool) -> (String, Value) {
        let (content_type, example) = base;
        let body = body::own(self.api, operation, content_type, example, self.reserved, self.traces, fresh);
        (content_type.clone(), body)
    }

    pub(crate) async fn say(&mut self, request: &CallRequest) -> Heard {
        self.talk.say(request).await
    }

    /// Adds a case with a line for a shell where something is wrong.
    pub(crate) fn add(&mut self, operation: &Operation, case: &str, outcome: Outcome, request: &CallRequest) {
        let wrong = matches!(outcome, Outcome::Broken(_) | Outcome::Error(_));
        let reproduce = wrong.then(|| self.talk.caller().curl(request));
        self.findings.add(&operation.id, case, outcome, reproduce);
    }

    pub(crate) fn skip(&mut self, operation: &Operation, case: &str, why: impl Into<String>) {
        self.findings.add(&operation.id, case, Outcome::Skipped(why.into()), None);
    }

    /// Notes what a create made, so that it can be undone.
    pub(crate) fn note_made(&mut self, operation: &Operation, answer: &Answer, sent: &Sent) -> Option<Value> {
        if operation.method != "POST" || operation.path.contains('{') || !(200..300).contains(&answer.status) {
            return None;
        }
        let name = body::id_parameter(self.api, &operation.path);
        let made = answer.json()?;
        let sent = sent.as_ref().map(|(_, body)| body);
        if let Some(name) = name
            && let Some(id) = made.get(&name).or_else(|| sent?.get(&name))
        {
            let id = id.as_str().map_or_else(|| id.to_string(), str::to_owned);
            self.traces.made(Made { collection: operation.path.clone(), id: (name, id) });
        }
        Some(made)
    }

    /// Undoes what this run made, where the contract has a way to. Returns (undone, left).
    pub(crate) async fn undo(&mut self) -> (u64, u64) {
        let (mut undone, mut left) = (0, 0);
        for made in self.traces.to_undo() {
            let Made { collection, id: (name, id) } = made;
            let undoes = |operation: &&Operation| {
                let one = format!("{collection}/{{{name}}}");
                operation.method == "POST" && operation.path == format!("{one}/cancel")
                    || operation.method == "DELETE" && operation.path == one
            };
            let Some(operation) = self.api.operations.iter().find(undoes) else { continue };
            let Ok(path) = operation.url_path(&std::collections::BTreeMap::from([(name, id)])) else { continue };
            let sent = Self::base(operation);
            let request = self.request(operation, &path, &sent);
            match self.say(&request).await {
                // Refused means: it is over already, or too late. Both leave nothing that could be undone.
                Heard::Answer(answer) if answer.status < 500 => undone += 1,
                _ => left += 1,
            }
        }
        (undone, left)
    }
}

/// The declared examples that are sent: the synthetic ones where there are any, else all.
pub(crate) fn chosen_examples(operation: &Operation) -> Vec<(&MediaType, (&str, &Value))> {
    let all: Vec<_> = operation
        .request
        .iter()
        .flat_map(|request| &request.content)
        .flat_map(|media| media.examples.iter().map(move |example| (media, (example.name.as_str(), &example.value))))
        .collect();
    let synthetic = |(_, (_, value)): &(&MediaType, (&str, &Value))| value.get("synthetic") == Some(&Value::Bool(true));
    if all.iter().any(synthetic) { all.into_iter().filter(synthetic).collect() } else { all }
}

/// A body as it goes over the wire.
pub(crate) fn encode(content_type: &str, body: &Value) -> RequestBody {
    match body {
        Value::String(text) if !crossdock_contract::api::is_json(content_type) => {
            RequestBody { content_type: content_type.to_owned(), bytes: text.clone().into() }
        }
        body => RequestBody::json_as(content_type, body),
    }
}

/// Whether an `Idempotency-Key` must be sent.
pub(crate) fn needs_key(operation: &Operation) -> bool {
    operation.parameter(Location::Header, "Idempotency-Key").is_some_and(|parameter| parameter.required)
}

/// What came of a call to which no answer was heard; else the answer and what is wrong with it by itself.
pub(crate) fn heard(operation: &Operation, heard: Heard) -> Result<(Answer, Vec<Problem>), Box<Outcome>> {
    match heard {
        Heard::Answer(answer) => {
            let problems = judge::problems(operation, &answer);
            Ok((answer, problems))
        }
        Heard::Failure(failure) if failure.kind == crossdock_scenario::caller::FailureKind::Unsendable => {
            Err(Box::new(Outcome::Error(Problem::new(rule::NO_ANSWER, failure.message, Value::Null))))
        }
        Heard::Failure(failure) => Err(Box::new(Outcome::Broken(vec![judge::no_answer(operation, &failure)]))),
        Heard::Busy => Err(Box::new(Outcome::Skipped("it answered \"too many requests\" again and again".to_owned()))),
        Heard::NotCalled => {
            let why = "not called: the system was given up, or the run was stopped";
            Err(Box::new(Outcome::Skipped(why.to_owned())))
        }
    }
}
