//! YAML to a tree of nodes, from the events of the parser.
//! Here: anchors, keys, what a scalar means, which help fits a syntax error. Not here: the grammar of YAML (`granit-parser`).
//! Invariant: nothing is built beyond the limits; an alias is paid for before it is copied.

use std::collections::BTreeMap;
use std::sync::Arc;

use granit_parser::{Event, Parser, ScalarStyle, ScanError, StructureStyle, Tag};

use crate::diagnostic::Diagnostic;
use crate::document::{Key, Node, NodeValue};
use crate::load::Limits;
use crate::scalar;
use crate::source::{SourceFile, Span};

/// The tree, if there is a whole one, and every mistake on the way.
pub(crate) fn parse(file: &Arc<SourceFile>, limits: &Limits) -> (Option<Node>, Vec<Diagnostic>) {
    let options = granit_parser::options! { emit_comments: false, emit_unresolved_aliases: true };
    let mut builder = Builder::new(file, limits);
    for next in Parser::new_from_str_with_options(&file.text, options) {
        let go_on = match next {
            Ok((event, span)) => builder.take(event, place(&span)),
            Err(error) => {
                let diagnostic = syntax_error(file, &error);
                builder.found.push(diagnostic);
                false
            }
        };
        if !go_on {
            return (None, builder.found);
        }
    }
    let root = builder.root.unwrap_or(Node { span: Span::default(), value: NodeValue::Null });
    (Some(root), builder.found)
}

fn place(span: &granit_parser::Span) -> Span {
    span.byte_range().map_or(Span::default(), Span::from)
}

struct Builder<'a> {
    file: &'a Arc<SourceFile>,
    limits: &'a Limits,
    open: Vec<Open>,
    root: Option<Node>,
    documents: usize,
    nodes: usize,
    anchors: BTreeMap<usize, Anchored>,
    found: Vec<Diagnostic>,
}

/// A list or mapping that is not closed yet.
struct Open {
    content: Content,
    start: usize,
    flow: bool,
    anchor: usize,
}

enum Content {
    Sequence(Vec<Node>),
    Mapping { entries: Vec<(Key, Node)>, key: Option<Key>, seen: BTreeMap<String, Span> },
}

/// A node that aliases may repeat, and what each repetition costs.
struct Anchored {
    node: Node,
    nodes: usize,
    depth: usize,
}

impl<'a> Builder<'a> {
    fn new(file: &'a Arc<SourceFile>, limits: &'a Limits) -> Self {
        Self {
            file,
            limits,
            open: Vec::new(),
            root: None,
            documents: 0,
            nodes: 0,
            anchors: BTreeMap::new(),
            found: Vec::new(),
        }
    }

    /// Takes one event; false when going on makes no sense.
    fn take(&mut self, event: Event<'_>, span: Span) -> bool {
        match event {
            Event::DocumentStart(..) => {
                self.documents += 1;
                if self.documents > 1 {
                    self.found.push(
                        mistake(
                            self.file,
                            "yaml::many_documents",
                            "a second document in one file",
                            span,
                            "begins here",
                        )
                        .help("one file is one document: split it at `---`"),
                    );
                    return false;
                }
                true
            }
            Event::Scalar(text, style, anchor, tag) => {
                let value = self.scalar(&text, style, tag.as_deref(), span);
                self.spend(1, 0, span) && self.complete(Node { span, value }, anchor)
            }
            Event::SequenceStart(style, anchor, tag) => {
                self.refuse_custom(tag.as_deref(), span);
                self.begin(Content::Sequence(Vec::new()), style, anchor, span)
            }
            Event::MappingStart(style, anchor, tag) => {
                self.refuse_custom(tag.as_deref(), span);
                let content = Content::Mapping { entries: Vec::new(), key: None, seen: BTreeMap::new() };
                self.begin(content, style, anchor, span)
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(span),
            Event::Alias(anchor) => self.alias(anchor, span),
            Event::UnresolvedAlias(name) => {
                let message = format!("no anchor `&{name}` above");
                self.found.push(
                    mistake(self.file, "yaml::unknown_anchor", message, span, "used here")
                        .help("text that begins with `*` needs quotes"),
                );
                self.complete(Node { span, value: NodeValue::Null }, 0)
            }
            _ => true,
        }
    }

    fn scalar(&mut self, text: &str, style: ScalarStyle, tag: Option<&Tag>, span: Span) -> NodeValue {
        self.refuse_custom(tag, span);
        let is_text = style != ScalarStyle::Plain || tag.is_some_and(|tag| tag.is_yaml_core_schema_tag("str"));
        if is_text { NodeValue::String(text.to_owned()) } else { scalar::plain(text) }
    }

    fn refuse_custom(&mut self, tag: Option<&Tag>, span: Span) {
        if tag.is_some_and(|tag| tag.core_suffix().is_none()) {
            self.found.push(
                mistake(self.file, "yaml::tag", "a tag has no meaning here", span, "tagged")
                    .help("text that begins with `!` needs quotes"),
            );
        }
    }

    fn begin(&mut self, content: Content, style: StructureStyle, anchor: usize, span: Span) -> bool {
        let flow = style == StructureStyle::Flow;
        self.open.push(Open { content, start: span.start, flow, anchor });
        self.spend(1, 0, span)
    }

    fn end(&mut self, span: Span) -> bool {
        let Some(open) = self.open.pop() else {
            return false;
        };
        // The parser closes a block where the next thing begins; people see its end after its last value.
        let last = match &open.content {
            Content::Sequence(items) => items.last().map(|item| item.span),
            Content::Mapping { entries, .. } => entries.last().map(|(key, node)| key.span.to(node.span)),
        };
        let end = if open.flow { span.end } else { last.map_or(span.start, |last| last.end) };
        let value = match open.content {
            Content::Sequence(items) => NodeValue::Sequence(items),
            Content::Mapping { entries, .. } => NodeValue::Mapping(entries),
        };
        self.complete(Node { span: Span::new(open.start, end), value }, open.anchor)
    }

    fn alias(&mut self, anchor: usize, span: Span) -> bool {
        let Some(target) = self.anchors.get(&anchor) else {
            self.found.push(mistake(
                self.file,
                "yaml::endless",
                "an anchor that contains itself",
                span,
                "refers to what it stands in",
            ));
            return false;
        };
        let (nodes, depth) = (target.nodes, target.depth);
        if !self.spend(nodes, depth, span) {
            return false;
        }
        let copy = self.anchors.get(&anchor).map(|target| target.node.clone());
        copy.is_some_and(|node| self.complete(node, 0))
    }

    /// Counts what is about to be built; false when it is too much.
    fn spend(&mut self, nodes: usize, depth: usize, span: Span) -> bool {
        self.nodes += nodes;
        if self.nodes > self.limits.max_nodes {
            let most = self.limits.max_nodes;
            self.found.push(mistake(
                self.file,
                "yaml::too_many_values",
                format!("more than {most} values, aliases expanded"),
                span,
                "here it was too much",
            ));
            return false;
        }
        if self.open.len() + depth > self.limits.max_depth {
            let most = self.limits.max_depth;
            self.found.push(mistake(
                self.file,
                "yaml::too_deep",
                format!("more than {most} levels deep"),
                span,
                "here it was too much",
            ));
            return false;
        }
        true
    }

    /// A value is whole: it becomes a key, a value, an item or the root.
    fn complete(&mut self, node: Node, anchor: usize) -> bool {
        if anchor != 0 {
            let (nodes, depth) = cost(&node);
            self.anchors.insert(anchor, Anchored { node: node.clone(), nodes, depth });
        }
        let Some(open) = self.open.last_mut() else {
            self.root = Some(node);
            return true;
        };
        match &mut open.content {
            Content::Sequence(items) => items.push(node),
            Content::Mapping { entries, key, seen } => {
                let mistake = match key.take() {
                    Some(key) => add_entry(self.file, entries, seen, key, node),
                    None => open_entry(self.file, key, &node),
                };
                self.found.extend(mistake);
            }
        }
        true
    }
}

/// A key has its value.
fn add_entry(
    file: &Arc<SourceFile>,
    entries: &mut Vec<(Key, Node)>,
    seen: &mut BTreeMap<String, Span>,
    key: Key,
    node: Node,
) -> Option<Diagnostic> {
    if let Some(first) = seen.get(&key.text) {
        let message = format!("key `{}` twice in one mapping", key.text);
        let again = mistake(file, "yaml::duplicate_key", message, key.span, "again here");
        return Some(again.at(file, *first, "first here"));
    }
    // A value that is not there has no place of its own: the key stands for it.
    let is_absent = node.span.start == node.span.end;
    let span = if is_absent { key.span } else { node.span };
    seen.insert(key.text.clone(), key.span);
    entries.push((key, Node { span, ..node }));
    None
}

/// A key waits for its value. Keys are text: `200:` is `200`, `true:` is `true`, written as in the file.
fn open_entry(file: &Arc<SourceFile>, key: &mut Option<Key>, node: &Node) -> Option<Diagnostic> {
    let text = match &node.value {
        NodeValue::String(text) => text.clone(),
        _ => file.slice(node.span).to_owned(),
    };
    *key = Some(Key { text, span: node.span });
    matches!(node.value, NodeValue::Sequence(_) | NodeValue::Mapping(_)).then(|| {
        mistake(file, "yaml::key", format!("{} as a key", node.kind_name()), node.span, "keys are text")
            .help("text with `{` or `[` needs quotes")
    })
}

fn mistake(
    file: &Arc<SourceFile>,
    code: &'static str,
    message: impl Into<String>,
    span: Span,
    label: &str,
) -> Diagnostic {
    Diagnostic::error(code, message).at(file, span, label)
}

/// How many nodes, and how deep.
fn cost(node: &Node) -> (usize, usize) {
    let children: Box<dyn Iterator<Item = &Node>> = match &node.value {
        NodeValue::Sequence(items) => Box::new(items.iter()),
        NodeValue::Mapping(entries) => Box::new(entries.iter().map(|(_, value)| value)),
        _ => return (1, 0),
    };
    let (nodes, depth) = children.map(cost).fold((1, 0), |(nodes, depth), (n, d)| (nodes + n, depth.max(d)));
    (nodes, depth + 1)
}

fn syntax_error(file: &Arc<SourceFile>, error: &ScanError) -> Diagnostic {
    let at = error.marker().byte_offset().unwrap_or(file.text.len());
    let at = file.floor_char_boundary(at);
    let found = file.text[at..].chars().next();
    let end = at + found.filter(|c| *c != '\n').map_or(0, char::len_utf8);
    let info = error.info();
    let help = match found {
        _ if found == Some('\t') || info.contains("tab") => Some("YAML indents with spaces, never with tabs"),
        Some('@' | '`' | '%') => Some("text that begins with `@`, `` ` `` or `%` needs quotes"),
        _ if info.contains("mapping values") => {
            Some("text with `: ` in it needs quotes; a key stands one level deeper than its parent")
        }
        _ if info.contains("placement of ':'") => {
            Some("something above is not closed, `[` or `{`, or text with `: ` in it needs quotes")
        }
        None => Some("something above is not closed: a quote, `[` or `{`"),
        _ => None,
    };
    Diagnostic::error("yaml::syntax", format!("not valid YAML: {info}"))
        .at(file, Span::new(at, end), "stopped here")
        .maybe_help(help.map(ToOwned::to_owned))
}
