//! What the rules know of where they are, and the changes they have found.
//! Here: the names of ids, the level that an effect has in a direction, fingerprints. Not here: the rules.

use std::collections::{BTreeMap, BTreeSet};

use super::{Category, Change, Direction, Level, Options, Position};
use crate::library::{Library, Place};

/// The state of one comparison.
pub(super) struct Recorder<'a> {
    pub(super) base: &'a Library,
    pub(super) revision: &'a Library,
    pub(super) options: &'a Options,
    changes: Vec<Change>,
    /// Pairs of schemas that are being compared: schemas may contain themselves.
    pub(super) open: BTreeSet<(String, String)>,
    /// How often a pair was compared for one message, and whether nothing was found.
    seen: BTreeMap<Visit, (usize, bool)>,
}

/// A pair of schemas, and what decides the outcome of comparing them.
type Visit = (String, String, Direction, String, bool);

/// How many paths of one message lead to the same pair before the rest of them goes without saying.
const MAX_VISITS: usize = 16;

/// Two places that mean the same thing in the two versions.
#[derive(Clone, Debug)]
pub(super) struct Pair<'a> {
    pub(super) base: Place<'a>,
    pub(super) revision: Place<'a>,
}

/// Where in which message a rule looks.
#[derive(Clone, Debug)]
pub(super) struct Context {
    pub(super) document: String,
    pub(super) operation: Option<String>,
    pub(super) direction: Direction,
    pub(super) subject: Subject,
    /// The path within the message.
    pub(super) path: String,
    /// What the message is, for texts: `the request of createOrder`.
    pub(super) message: String,
    /// Whether every narrowing or widening counts in full, as between schema versions, or as API practice has it.
    pub(super) strict: bool,
    /// Whether this is within a `not`, where narrower means wider.
    pub(super) inverted: bool,
}

/// What a schema belongs to: it names the ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Subject {
    Body,
    Property,
    Parameter,
    ParameterProperty,
    Header,
}

/// What a change does to the set of values that are allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    Narrowed,
    Widened,
    /// Some values went, others came.
    Moved,
}

impl Context {
    /// `request-property-max-length-decreased`: the subject, then what happened.
    pub(super) fn id(&self, what: &str) -> String {
        let subject = match (self.direction, self.subject) {
            (Direction::Request, Subject::Body) => "request-body",
            (Direction::Request, Subject::Property) => "request-property",
            (Direction::Response, Subject::Body) => "response-body",
            (Direction::Response, Subject::Property | Subject::ParameterProperty) => "response-property",
            (_, Subject::Parameter) => "request-parameter",
            (_, Subject::ParameterProperty) => "request-parameter-property",
            (_, Subject::Header) => "response-header",
        };
        format!("{subject}-{what}")
    }

    /// The context of a property of what this one is about.
    pub(super) fn property(&self, name: &str) -> Self {
        let path = if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) };
        self.inside(path)
    }

    /// The context of the items of a list.
    pub(super) fn items(&self) -> Self {
        self.inside(format!("{}[]", self.path))
    }

    /// The context of one of several alternatives, or of a part that is no property.
    pub(super) fn part(&self, name: &str) -> Self {
        self.inside(format!("{}({name})", self.path))
    }

    /// The context of what must not be.
    pub(super) fn turned(&self) -> Self {
        Self { inverted: !self.inverted, strict: true, ..self.part("not") }
    }

    fn inside(&self, path: String) -> Self {
        let subject = match self.subject {
            Subject::Parameter | Subject::ParameterProperty => Subject::ParameterProperty,
            Subject::Body | Subject::Property | Subject::Header => Subject::Property,
        };
        Self { subject, path, ..self.clone() }
    }

    pub(super) fn level(&self, effect: Effect) -> Level {
        let effect = match effect {
            Effect::Narrowed if self.inverted => Effect::Widened,
            Effect::Widened if self.inverted => Effect::Narrowed,
            effect => effect,
        };
        match (effect, self.direction) {
            (Effect::Moved, _) | (Effect::Narrowed, Direction::Request) | (Effect::Widened, Direction::Response) => {
                Level::Breaking
            }
            _ => Level::Info,
        }
    }

    /// The level of an effect that API practice takes as a warning where it breaks.
    pub(super) fn soft(&self, effect: Effect) -> Level {
        match self.level(effect) {
            Level::Breaking if !self.strict => Level::Warning,
            level => level,
        }
    }

    /// The thing itself, in words: `` `lines[].unit` in the request of createOrder``.
    pub(super) fn words(&self) -> String {
        if self.path.is_empty() { self.message.clone() } else { format!("`{}` in {}", self.path, self.message) }
    }
}

impl<'a> Pair<'a> {
    /// The same key of both, where both have it.
    pub(super) fn both(&self, key: &str) -> Option<Pair<'a>> {
        Some(Pair { base: self.base.get(key)?, revision: self.revision.get(key)? })
    }
}

impl<'a> Recorder<'a> {
    pub(super) fn new(base: &'a Library, revision: &'a Library, options: &'a Options) -> Self {
        Self { base, revision, options, changes: Vec::new(), open: BTreeSet::new(), seen: BTreeMap::new() }
    }

    /// Whether comparing this pair can find anything new. Why: schemas that contain themselves and each other have more
    /// paths than there is time; a pair that is clean once is clean everywhere, and a few paths to a changed one tell all.
    pub(super) fn is_worth_comparing(&self, visit: &Visit) -> bool {
        self.seen.get(visit).is_none_or(|(times, clean)| !clean && *times < MAX_VISITS)
    }

    /// Remembers that a pair was compared, `before` being the number of changes until then.
    pub(super) fn compared(&mut self, visit: Visit, before: usize) {
        let clean = self.changes.len() == before;
        let (times, known) = self.seen.entry(visit).or_insert((0, true));
        *times += 1;
        *known &= clean;
    }

    /// How many changes there are so far.
    pub(super) fn count(&self) -> usize {
        self.changes.len()
    }

    /// Records a change; `detail` tells apart what happens twice at one path (two values gone from an enum).
    pub(super) fn say(&mut self, context: &Context, id: &str, level: Level, at: &Pair<'a>, detail: &str, text: String) {
        self.record(context, id, level, Category::Wire, at, detail, text);
    }

    #[expect(clippy::too_many_arguments, reason = "a change has that many parts; its callers name them")]
    pub(super) fn record(
        &mut self,
        context: &Context,
        id: &str,
        level: Level,
        category: Category,
        at: &Pair<'a>,
        detail: &str,
        text: String,
    ) {
        let consumers = match level {
            Level::Breaking => self.options.consumers.get(&context.document).cloned().unwrap_or_default(),
            Level::Warning | Level::Info => Vec::new(),
        };
        let removed = id.ends_with("-removed") || id.contains("-removed-");
        let change = Change {
            id: id.to_owned(),
            level,
            category,
            document: context.document.clone(),
            operation: context.operation.clone(),
            direction: Some(context.direction),
            path: (!context.path.is_empty()).then(|| context.path.clone()),
            pointer: if removed { at.base.pointer.clone() } else { at.revision.pointer.clone() },
            fingerprint: fingerprint(context, id, detail),
            base: position(&at.base),
            revision: position(&at.revision),
            text,
            consumers,
        };
        if !self.changes.contains(&change) {
            self.changes.push(change);
        }
    }

    /// A whole document is gone.
    pub(super) fn document_removed(&mut self, path: &str, base: &Place<'a>, nearest: Option<&Place<'a>>) {
        let context = Context {
            document: path.to_owned(),
            operation: None,
            direction: Direction::Response,
            subject: Subject::Body,
            path: String::new(),
            message: format!("`{path}`"),
            strict: true,
            inverted: false,
        };
        let revision = nearest.unwrap_or(base).clone();
        let pair = Pair { base: base.clone(), revision };
        self.say(&context, "document-removed", Level::Breaking, &pair, "", format!("`{path}` was removed"));
    }

    pub(super) fn into_changes(self) -> Vec<Change> {
        self.changes
    }
}

fn position(place: &Place<'_>) -> Position {
    let (line, column) = place.line_col();
    Position { file: place.document.file.name.clone(), line, column }
}

/// FNV-1a over what the change is; places take no part, so that a moved line changes nothing.
fn fingerprint(context: &Context, id: &str, detail: &str) -> String {
    let name = crate::api::compile::stem(&context.document);
    let operation = context.operation.as_deref().unwrap_or_default();
    let direction = format!("{:?}", context.direction);
    let parts = [id, name, operation, direction.as_str(), context.path.as_str(), context.message.as_str(), detail];
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for byte in parts.iter().flat_map(|part| part.bytes().chain([0])) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    format!("{hash:016x}")
}
