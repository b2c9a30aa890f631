//! The hierarchy of a ship notice: HL segments as a tree (shipment, order, pack, item and their variants).
//! Here: the tree and what can be wrong with its ids. Not here: what the levels mean (`documents`).
//! Invariant: a node's parent stands before it, so the tree has no cycles.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::error::{Code, EdiError, ElementCode};
use crate::strictness::Strictness;
use crate::tree::{Segment, Set};

/// One level: an HL segment and what stands under it until the next one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HlNode {
    /// Id (HL01).
    pub id: String,
    /// Index of the parent in [`HlTree::nodes`]; `None` for a root.
    pub parent: Option<usize>,
    /// Level code (HL03): `S` shipment, `O` order, `P` pack, `T` tare, `I` item.
    pub level: String,
    /// Index of the HL segment in the set.
    pub segment: usize,
    /// Indexes of the segments between this HL and the next one.
    pub body: Range<usize>,
}

/// The tree of one set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HlTree {
    /// The nodes, in the order of the set.
    pub nodes: Vec<HlNode>,
}

impl HlTree {
    /// Builds the tree. A node whose parent is not there becomes a root, and an error says so.
    pub fn read(set: &Set<'_>, strictness: &Strictness) -> (Self, Vec<EdiError>) {
        let mut tree = Self::default();
        let mut by_id: BTreeMap<String, usize> = BTreeMap::new();
        let mut errors = Vec::new();
        let error = |code: ElementCode, index: usize, element: usize, message: String| {
            EdiError::refused(Code::Element(code), set.place(index, Some(element)), message)
        };
        for (index, segment) in set.all("HL") {
            let (id, parent_id, level) = (segment.get(1).trim(), segment.get(2).trim(), segment.get(3).trim());
            let mut parent = None;
            if id.is_empty() {
                errors.push(error(ElementCode::MandatoryMissing, index, 1, "HL01 must number the level".to_owned()));
            }
            if level.is_empty() {
                errors.push(error(ElementCode::MandatoryMissing, index, 3, "HL03 must name the level".to_owned()));
            }
            if !parent_id.is_empty() {
                parent = by_id.get(parent_id).copied();
                if parent.is_none() {
                    let message = format!("HL02 names parent {parent_id}; no HL with that number stands before");
                    errors.push(error(ElementCode::InvalidCode, index, 2, message).with_found(parent_id));
                }
            }
            if by_id.insert(id.to_owned(), tree.nodes.len()).is_some() {
                let message = format!("HL01 {id} occurs twice; children of the later one are taken as its own");
                errors.push(
                    error(ElementCode::InvalidCode, index, 1, message)
                        .with_found(id)
                        .with_severity(strictness.hierarchy_ids.severity()),
                );
            }
            let end = (index + 1..set.segments.len())
                .find(|&at| set.segments.get(at).is_none_or(|next| matches!(next.id.as_ref(), "HL" | "CTT" | "SE")))
                .unwrap_or(set.segments.len());
            tree.nodes.push(HlNode {
                id: id.to_owned(),
                parent,
                level: level.to_owned(),
                segment: index,
                body: index + 1..end,
            });
        }
        (tree, errors)
    }

    /// The segments of node `node`, with their indexes in the set.
    pub fn body<'s, 'a>(&self, node: usize, set: &'s Set<'a>) -> impl Iterator<Item = (usize, &'s Segment<'a>)> {
        let range = self.nodes.get(node).map_or(0..0, |n| n.body.clone());
        range.filter_map(|index| set.segments.get(index).map(|segment| (index, segment)))
    }

    /// The node itself or its nearest ancestor of a level.
    pub fn nearest(&self, node: usize, level: &str) -> Option<usize> {
        let mut at = Some(node);
        while let Some(index) = at {
            let found = self.nodes.get(index)?;
            if found.level == level {
                return Some(index);
            }
            at = found.parent;
        }
        None
    }

    /// The direct children of a node.
    pub fn children(&self, node: usize) -> impl Iterator<Item = usize> {
        self.nodes.iter().enumerate().filter(move |(_, child)| child.parent == Some(node)).map(|(index, _)| index)
    }
}
