//! A contracts folder, loaded: what hub, mocks, scenarios and tests work by.
//! Here: from documents to compiled contracts, all mistakes at once. Not here: policy and style (`lint`).
//! Invariant: contracts that load can be used: no reference dangles, no schema fails to compile.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use crossdock_diag::{Diagnostic, Diagnostics, Folder, Limits};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use crate::api::compile::stem;
use crate::api::{self, Api, Operation};
use crate::catalog::{Catalog, Entry, matches};
use crate::event::{self, EventContract, Events};
use crate::expr::Terms;
use crate::glossary::Glossary;
use crate::guide::{self, Guides};
use crate::library::Library;
use crate::ownership::Ownership;
use crate::policy::Policy;
use crate::schema::{Broken, Objects, Schema, Store};
use crate::slas::Slas;

/// All contracts of a folder.
#[derive(Debug)]
pub struct Contracts {
    /// The documents they were read from.
    pub library: Library,
    catalog: Catalog,
    ownership: Ownership,
    glossary: Glossary,
    slas: Slas,
    policy: Policy,
    apis: Vec<Api>,
    events: Events,
    objects: Objects,
    guides: Guides,
    terms: Terms,
    pub(crate) store: Arc<Store>,
}

/// What could be made of a folder, whether or not all of it is well.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) contracts: Contracts,
    pub(crate) problems: Diagnostics,
    /// The names of files that could not even be read.
    pub(crate) unread: Vec<String>,
}

impl Loaded {
    /// Whether a finding only repeats that a file could not be read: it misses what is in there.
    pub(crate) fn is_echo(&self, finding: &Diagnostic) -> bool {
        is_echo(&self.unread, finding)
    }
}

fn is_echo(unread: &[String], finding: &Diagnostic) -> bool {
    let misses = finding.code == DANGLING || finding.code.starts_with("catalog/");
    misses && unread.iter().any(|name| finding.message.contains(name.as_str()))
}

/// What a document is, by its content and its folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    OpenApi,
    AsyncApi,
    Object,
    Guide,
    Settings,
    Pact,
    Unknown,
}

/// The files at the top of a contracts folder.
pub(crate) const SETTINGS: [&str; 5] = ["catalog.yaml", "ownership.yaml", "glossary.yaml", "slas.yaml", "policy.yaml"];

impl Kind {
    pub(crate) fn of(library: &Library, path: &str) -> Self {
        let root = library.get(path).map(|document| &document.root);
        if root.is_some_and(|root| root.get("openapi").is_some() || root.get("swagger").is_some()) {
            return Self::OpenApi;
        }
        if root.is_some_and(|root| root.get("asyncapi").is_some()) {
            return Self::AsyncApi;
        }
        match path.split('/').next() {
            _ if SETTINGS.contains(&path) => Self::Settings,
            Some("objects") => Self::Object,
            Some("edi") => Self::Guide,
            Some("pacts") => Self::Pact,
            _ => Self::Unknown,
        }
    }
}

impl Contracts {
    /// Reads and compiles every contract under a folder.
    /// # Errors
    /// Every mistake that keeps a contract from being used, with its place.
    pub fn load(dir: &Path) -> Result<Self, Diagnostics> {
        let (folder, problems) = Folder::read(dir, &Limits::default());
        let loaded = Self::compile(folder.into(), problems);
        loaded.problems.into_result(loaded.contracts)
    }

    /// Compiles documents that were read already.
    /// # Errors
    /// As [`Contracts::load`].
    pub fn from_library(library: Library) -> Result<Self, Diagnostics> {
        let loaded = Self::compile(library, Diagnostics::new());
        loaded.problems.into_result(loaded.contracts)
    }

    pub(crate) fn compile(library: Library, mut problems: Diagnostics) -> Loaded {
        let name = |one: &Diagnostic| Some(one.file()?.rsplit('/').next()?.to_owned());
        let unread: Vec<String> = problems.iter().filter_map(name).collect();
        let catalog: Catalog = settings(&library, "catalog.yaml", &mut problems);
        let ownership: Ownership = settings(&library, "ownership.yaml", &mut problems);
        let glossary: Glossary = settings(&library, "glossary.yaml", &mut problems);
        let slas: Slas = settings(&library, "slas.yaml", &mut problems);
        let policy: Policy = settings(&library, "policy.yaml", &mut problems);
        problems.extend(dangling(&library).into_iter().filter(|one| !is_echo(&unread, one)));
        let store = Store::new(&library);
        let (mut apis, mut events, mut objects) = (Vec::new(), Events::new(), Objects::new());
        let mut guides = Guides::new();
        for (path, _) in library.documents() {
            match Kind::of(&library, path) {
                Kind::OpenApi => apis.extend(api::compile::api(&library, &store, path).map(|(api, _)| api)),
                Kind::AsyncApi => problems.extend(
                    event::compile(&library, &store, path, &mut events).into_iter().filter(|one| one.code != DANGLING),
                ),
                Kind::Object => {
                    if let Some(root) = library.root(path) {
                        objects.insert(stem(path).to_owned(), Schema::new(&store, &root));
                    }
                }
                Kind::Guide => problems.extend(guide::compile(&library, path, &mut guides)),
                Kind::Settings | Kind::Pact | Kind::Unknown => {}
            }
        }
        let terms = glossary.decimals();
        let contracts =
            Self { library, catalog, ownership, glossary, slas, policy, apis, events, objects, guides, terms, store };
        problems.extend(contracts.uncompilable());
        Loaded { contracts, problems, unread }
    }

    /// The first API that a system provides, in the order of the catalogue.
    pub fn api_of(&self, system: &str) -> Option<&Api> {
        self.apis_of(system).next()
    }

    /// The APIs that a system provides. Where the catalogue names none, the API of the same id.
    pub fn apis_of(&self, system: &str) -> impl Iterator<Item = &Api> {
        let by_catalog: Vec<&Api> = self
            .catalog
            .apis
            .iter()
            .filter(|entry| entry.implemented_by.iter().any(|pattern| matches(pattern, system)))
            .filter_map(|entry| self.apis.iter().find(|api| api.file == entry.file || api.id == entry.id))
            .collect();
        let same_id = self.apis.iter().filter(|api| api.id == system).take(usize::from(by_catalog.is_empty()));
        let all: Vec<&Api> = by_catalog.iter().copied().chain(same_id).collect();
        all.into_iter()
    }

    /// The operation of a system.
    pub fn operation(&self, system: &str, operation: &str) -> Option<&Operation> {
        self.apis_of(system).find_map(|api| api.operation(operation))
    }

    /// The ids of all operations of a system, for suggestions.
    pub fn operation_ids(&self, system: &str) -> Vec<&str> {
        self.apis_of(system).flat_map(|api| &api.operations).map(|operation| operation.id.as_str()).collect()
    }

    /// The API of this id.
    pub fn api(&self, id: &str) -> Option<&Api> {
        self.apis.iter().find(|api| api.id == id)
    }

    /// All APIs.
    pub fn apis(&self) -> &[Api] {
        &self.apis
    }

    /// The contract of an event type.
    pub fn event(&self, event_type: &str) -> Option<&EventContract> {
        self.events.get(event_type)
    }

    /// All events by type.
    pub fn events(&self) -> &BTreeMap<String, EventContract> {
        &self.events
    }

    /// A canonical object by name: `order` for `objects/order.json`.
    pub fn object(&self, name: &str) -> Option<&Schema> {
        self.objects.get(name)
    }

    /// All canonical objects by name.
    pub fn objects(&self) -> &BTreeMap<String, Schema> {
        &self.objects
    }

    /// The catalogue.
    pub fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// The systems of record.
    pub fn ownership(&self) -> &Ownership {
        &self.ownership
    }

    /// The glossary.
    pub fn glossary(&self) -> &Glossary {
        &self.glossary
    }

    /// The service levels.
    pub fn slas(&self) -> &Slas {
        &self.slas
    }

    /// The X12 guides by their set identifier.
    pub fn guides(&self) -> &Guides {
        &self.guides
    }

    /// The policy.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// The properties that compare as decimals in expressions.
    pub fn terms(&self) -> &Terms {
        &self.terms
    }

    /// The ids and patterns of the systems of the catalogue, in its order.
    pub fn systems(&self) -> Vec<&str> {
        self.catalog.systems.iter().map(|system| system.id.as_str()).collect()
    }

    /// The declared consumers of a contract file, sorted.
    pub fn consumers_of(&self, file: &str) -> Vec<String> {
        let entries = self.catalog.entries().filter(|entry: &&Entry| entry.file == file);
        let consumers: BTreeSet<String> = entries.flat_map(|entry| entry.consumers.iter().cloned()).collect();
        consumers.into_iter().collect()
    }

    /// Schemas that the engine refuses, each at its place.
    fn uncompilable(&self) -> Vec<Diagnostic> {
        let of_operations = self.apis.iter().flat_map(|api| &api.operations).flat_map(|operation| {
            let parameters = operation.parameters.iter().filter_map(|parameter| parameter.schema.as_ref());
            let request = operation.request.iter().flat_map(|body| &body.content);
            let responses = operation.responses.iter().flat_map(|response| &response.content);
            parameters.chain(request.chain(responses).filter_map(|media| media.schema.as_ref()))
        });
        let all = of_operations.chain(self.events.values().map(|event| &event.schema)).chain(self.objects.values());
        let mut seen = BTreeSet::new();
        let mut found = Vec::new();
        for schema in all {
            if !seen.insert(schema.address().to_owned()) {
                continue;
            }
            let Err(Broken { message, dangling: false }) = schema.compiles() else { continue };
            let (path, pointer) = schema.address().split_once('#').unwrap_or((schema.address(), ""));
            let Some(place) = self.library.root(path).and_then(|root| root.at(pointer)) else { continue };
            found.push(Diagnostic::error("schema/invalid", format!("this is not a valid schema: {message}")).at(
                &place.document.file,
                place.span,
                "in this schema",
            ));
        }
        found
    }
}

const DANGLING: &str = "schema/dangling-ref";

fn settings<T: DeserializeOwned + JsonSchema + Default>(
    library: &Library,
    path: &str,
    problems: &mut Diagnostics,
) -> T {
    let Some(document) = library.get(path) else { return T::default() };
    crossdock_diag::decode(document).unwrap_or_else(|more| {
        problems.extend(more);
        T::default()
    })
}

/// Every `$ref` of every document that points at nothing.
pub(crate) fn dangling(library: &Library) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for (path, _) in library.documents() {
        if matches!(Kind::of(library, path), Kind::Settings | Kind::Guide | Kind::Pact) {
            continue;
        }
        let Some(root) = library.root(path) else { continue };
        let mut waiting = vec![root];
        while let Some(place) = waiting.pop() {
            if let Some(reference) = place.reference() {
                if let Err(dangling) = library.follow(&place, reference) {
                    found.push(dangling.diagnostic());
                } else if let Err(dangling) = library.resolve(&place)
                    && dangling.message.ends_with("in a circle")
                {
                    found.push(dangling.diagnostic());
                }
            }
            // What stands in an example is data, whatever it looks like; a property may well be called `example`.
            let names = place.pointer.ends_with("/properties");
            let children = place
                .entries()
                .filter(|(key, _)| names || !matches!(*key, "example" | "examples" | "default" | "const" | "enum"));
            waiting.extend(children.map(|(_, child)| child));
            waiting.extend(place.items());
        }
    }
    found
}
