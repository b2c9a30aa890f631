//! Checks a set against a guide: which segments stand where, how often, and their elements.
//! How it walks: each level has its items in order and a position among them that only moves forward. A segment belongs to the first item from
//! there on that means it; else to an enclosing level that still expects it; else it stands in the wrong place, or in no place at all.
//! Invariant: each segment of the set is looked at once, and each finding has its place.

use crate::error::{Code, EdiError, SegmentCode};
use crate::guide::{Guide, Item, Use, element};
use crate::tree::{Segment, Set};

pub(super) fn check(guide: &Guide, set: &Set<'_>, max_findings: usize) -> Vec<EdiError> {
    let segments = &set.segments;
    let end = if segments.last().is_some_and(|last| last.id == "SE") { segments.len() - 1 } else { segments.len() };
    let mut walk = Walk { guide, set, end, at: 1, findings: Vec::new(), misplaced: Vec::new(), max_findings };
    walk.level(&guide.content, &mut Vec::new());
    walk.findings.truncate(max_findings);
    walk.findings
}

struct Walk<'w, 'a> {
    guide: &'w Guide,
    set: &'w Set<'a>,
    /// Index of the SE.
    end: usize,
    /// Index of the next segment.
    at: usize,
    findings: Vec<EdiError>,
    /// Segments that stood in the wrong place: they are not missing as well.
    misplaced: Vec<usize>,
    max_findings: usize,
}

/// What enclosing levels still expect: their items from their position on.
type Outer<'w> = Vec<&'w [Item]>;

impl<'w> Walk<'w, '_> {
    /// Walks one level: the whole set, or one turn of a loop. Ends at a segment that an enclosing level expects.
    fn level(&mut self, items: &'w [Item], outer: &mut Outer<'w>) {
        let mut position = 0;
        let mut counts = vec![0_u32; items.len()];
        while self.at < self.end && self.findings.len() < self.max_findings {
            let Some(segment) = self.set.segments.get(self.at) else { break };
            let ahead = items.get(position..).unwrap_or_default();
            if let Some(found) = ahead.iter().position(|item| means(item, segment)) {
                position += found;
                self.take(items, position, &mut counts, outer);
                continue;
            }
            if outer.iter().any(|items| items.iter().any(|item| means(item, segment))) {
                break;
            }
            let (code, message) = self.misplaced(segment);
            self.segment_fault(code, self.at, &segment.id, message);
            self.misplaced.push(self.at);
            self.at += 1;
        }
        for (item, count) in items.iter().zip(counts) {
            let elsewhere = self.misplaced.iter().filter_map(|&at| self.set.segments.get(at)).any(|s| means(item, s));
            if item.usage == Use::Mandatory && count == 0 && !elsewhere && self.findings.len() < self.max_findings {
                let id = item.first_segment().to_owned();
                let qualifier = item
                    .when
                    .as_ref()
                    .map(|when| format!(" with {} in element {}", when.values.join(" or "), when.element));
                let message = format!("{id}{} ({}) is missing", qualifier.unwrap_or_default(), item.name);
                self.segment_fault(SegmentCode::MandatoryMissing, self.at, &id, message);
            }
        }
    }

    /// Takes the segment at hand as item `position`: itself, or the start of a loop's next turn.
    fn take(&mut self, items: &'w [Item], position: usize, counts: &mut [u32], outer: &mut Outer<'w>) {
        let (Some(item), Some(count)) = (items.get(position), counts.get_mut(position)) else { return };
        *count += 1;
        let (at, over) = (self.at, *count > item.max);
        if item.loop_name.is_some() {
            // The rest of this level, the loop itself included, can end the turn.
            outer.push(items.get(position..).unwrap_or_default());
            self.turn(item, outer);
            outer.pop();
        } else {
            self.elements(item, at);
            self.at += 1;
        }
        let code = if item.loop_name.is_some() { SegmentCode::LoopTooOften } else { SegmentCode::TooOften };
        if over || item.usage == Use::NotUsed {
            let message = match item.usage {
                Use::NotUsed => format!("{} ({}) is not used in this guide", item.first_segment(), item.name),
                _ => format!("{} ({}) may occur {} times here", item.first_segment(), item.name, item.max),
            };
            self.segment_fault(if over { code } else { SegmentCode::Unexpected }, at, item.first_segment(), message);
        }
    }

    /// One turn of a loop: its first segment, then the level of what follows in it.
    fn turn(&mut self, item: &'w Item, outer: &mut Outer<'w>) {
        let Some((first, rest)) = item.content.split_first() else { return };
        self.elements(first, self.at);
        self.at += 1;
        self.level(rest, outer);
    }

    fn elements(&mut self, item: &Item, at: usize) {
        let Some(segment) = self.set.segments.get(at) else { return };
        for fault in element::check(item, segment) {
            let place = self.set.place(at, Some(fault.element));
            let found = segment.get(fault.element);
            self.findings.push(EdiError::refused(Code::Element(fault.code), place, fault.message).with_found(found));
        }
    }

    fn segment_fault(&mut self, code: SegmentCode, at: usize, id: &str, message: String) {
        let mut place = self.set.place(at, None);
        id.clone_into(&mut place.segment_id);
        self.findings.push(EdiError::refused(Code::Segment(code), place, message));
    }

    /// A segment that no level expects from here on.
    fn misplaced(&self, segment: &Segment<'_>) -> (SegmentCode, String) {
        let id: String = segment.id.chars().take(3).collect();
        let known = find(&self.guide.content, &segment.id);
        match known {
            Some(item) if item.when.is_some() && !means(item, segment) => {
                let at = item.when.as_ref().map_or(1, |when| when.element);
                (
                    SegmentCode::Unexpected,
                    format!("{id} with `{}` in element {at} is not expected here", segment.get(at)),
                )
            }
            Some(_) => (SegmentCode::OutOfSequence, format!("{id} stands in the wrong place")),
            None => (SegmentCode::NotInSet, format!("{id} is not part of set {} in this guide", self.guide.set)),
        }
    }
}

/// Does the item mean this segment (a loop: as its first)?
fn means(item: &Item, segment: &Segment<'_>) -> bool {
    let own =
        item.when.as_ref().is_none_or(|when| when.values.iter().any(|value| value == segment.get(when.element).trim()));
    own && match &item.segment {
        Some(id) => *id == segment.id,
        None => item.content.first().is_some_and(|first| means(first, segment)),
    }
}

/// The first item anywhere in the guide with this segment id; one that means it by its qualifier is not searched for apart.
fn find<'i>(items: &'i [Item], id: &str) -> Option<&'i Item> {
    items.iter().find_map(|item| {
        let starts = item.first_segment() == id;
        match &item.segment {
            Some(_) => starts.then_some(item),
            None if item.when.is_some() && starts => Some(item),
            None => find(&item.content, id),
        }
    })
}
