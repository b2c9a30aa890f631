//! 856: the supplier's advance ship notice, a tree of shipment, order and item; packs between them are read through.
//! BSN number and purpose · HL*S: TD5 carrier, REF*CN tracking, REF*ZZ run, DTM*011 shipped, DTM*017 expected, N1*ST facility · HL*O: PRF order ·
//! HL*I: LIN product, SN1 quantity · CTT count of HL.

use std::collections::BTreeMap;

use crossdock_model::{
    AsnNumber, FacilityId, PoNumber, ProductId, RunId, ShipmentLine, ShipmentNotice, ShipmentPurpose, SystemId,
    Timestamp, TrackingNumber, Unit,
};

use super::fields::{Fields, REFERENCE_MAX, date_text, fit, moment_segment, party_segment, run_segment, time_text};
use super::send;
use crate::envelope::Envelope;
use crate::error::{EdiError, ElementCode};
use crate::hl::HlTree;
use crate::strictness::Strictness;
use crate::tree::{Segment, Set};
use crate::write::WriteError;

/// What a ship notice says of one purchase order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoticedOrder {
    /// The order.
    pub po_number: PoNumber,
    /// What was shipped of it; a line in several packs is summed.
    pub lines: Vec<ShipmentLine>,
}

/// An advance ship notice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShipNotice856 {
    /// Its number, unique for ever for this supplier.
    pub asn_number: AsnNumber,
    /// New, in place of an earlier one, or cancelling it.
    pub purpose: ShipmentPurpose,
    /// When it left.
    pub shipped_at: Timestamp,
    /// When it is expected.
    pub expected_at: Option<Timestamp>,
    /// Where it goes.
    pub facility: Option<FacilityId>,
    /// Who carries it.
    pub carrier: Option<SystemId>,
    /// The carrier's number for it.
    pub tracking_number: Option<TrackingNumber>,
    /// The orders in it: usually one.
    pub orders: Vec<NoticedOrder>,
    /// The synthetic run that it belongs to.
    pub run_id: Option<RunId>,
}

impl ShipNotice856 {
    /// A notice for one order.
    pub fn new(notice: ShipmentNotice, run_id: Option<RunId>) -> Self {
        Self {
            asn_number: notice.asn_number,
            purpose: notice.purpose,
            shipped_at: notice.shipped_at,
            expected_at: notice.expected_at,
            facility: notice.facility,
            carrier: notice.carrier,
            tracking_number: notice.tracking_number,
            orders: vec![NoticedOrder { po_number: notice.po_number, lines: notice.lines }],
            run_id,
        }
    }

    /// The hub's facts: one for each order in the shipment.
    pub fn notices(&self) -> Vec<ShipmentNotice> {
        self.orders
            .iter()
            .map(|order| ShipmentNotice {
                asn_number: self.asn_number.clone(),
                purpose: self.purpose,
                po_number: order.po_number.clone(),
                facility: self.facility.clone(),
                shipped_at: self.shipped_at,
                expected_at: self.expected_at,
                tracking_number: self.tracking_number.clone(),
                carrier: self.carrier.clone(),
                lines: order.lines.clone(),
            })
            .collect()
    }

    /// The notice as an interchange of its own, as shipment, order and item.
    ///
    /// # Errors
    /// [`WriteError`] for a value that does not fit into its element or holds a delimiter.
    pub fn write(&self, envelope: &Envelope) -> Result<Vec<u8>, WriteError> {
        let purpose = match self.purpose {
            ShipmentPurpose::Original => "00",
            ShipmentPurpose::Cancel => "01",
            ShipmentPurpose::Replace => "05",
        };
        let number = fit("ship notice number", &self.asn_number, 30)?;
        // BSN05 0004: the levels are shipment, order, item.
        let bsn =
            [purpose.to_owned(), number, date_text(self.shipped_at), time_text(self.shipped_at), "0004".to_owned()];
        let mut body = vec![Segment::new("BSN", bsn), Segment::new("HL", ["1", "", "S"])];
        if let Some(carrier) = &self.carrier {
            let id = fit("carrier", carrier, 80)?;
            body.push(Segment::new("TD5", ["B".to_owned(), "92".to_owned(), id]));
        }
        if let Some(number) = &self.tracking_number {
            let number = fit("tracking number", number, REFERENCE_MAX)?;
            body.push(Segment::new("REF", ["CN".to_owned(), number]));
        }
        body.extend(run_segment(self.run_id.as_ref())?);
        body.push(moment_segment("011", self.shipped_at));
        body.extend(self.expected_at.map(|at| moment_segment("017", at)));
        if let Some(facility) = &self.facility {
            body.push(party_segment("ST", "facility", facility.as_str())?);
        }
        let mut level = 1;
        for order in &self.orders {
            level += 1;
            let parent = level.to_string();
            body.push(Segment::new("HL", [parent.clone(), "1".to_owned(), "O".to_owned()]));
            body.push(Segment::new("PRF", [fit("purchase order number", &order.po_number, 22)?]));
            for line in &order.lines {
                level += 1;
                let number = line.line_number.to_string();
                let quantity = fit("quantity", line.quantity, 16)?;
                body.push(Segment::new("HL", [level.to_string(), parent.clone(), "I".to_owned()]));
                body.push(Segment::new("LIN", [number.clone(), "BP".to_owned(), fit("product", &line.product, 48)?]));
                body.push(Segment::new("SN1", [number, quantity, fit("unit", &line.unit, 2)?]));
            }
        }
        body.push(Segment::new("CTT", [level.to_string()]));
        send(envelope, "SH", "856", body)
    }

    /// Reads an 856 of any of the usual hierarchies.
    ///
    /// # Errors
    /// Everything that is missing or cannot be understood.
    pub fn read(set: &Set<'_>) -> Result<Self, Vec<EdiError>> {
        let mut fields = Fields::new(set);
        let document = Self::read_fields(&mut fields);
        fields.finish(document)
    }

    fn read_fields(fields: &mut Fields<'_, '_>) -> Option<Self> {
        let end = fields.set.segments.len();
        let whole = 0..end;
        let (tree, broken) = HlTree::read(fields.set, &Strictness::tolerant());
        fields.errors.extend(broken.into_iter().filter(EdiError::is_refusal));
        let bsn = fields.required_segment("BSN")?;
        let purpose = match fields.text(bsn, 1) {
            "00" => Some(ShipmentPurpose::Original),
            "01" => Some(ShipmentPurpose::Cancel),
            "05" => Some(ShipmentPurpose::Replace),
            _ => {
                fields.error(
                    ElementCode::InvalidCode,
                    bsn,
                    1,
                    "BSN01 must be 00 (original), 01 (cancel) or 05 (replace)".to_owned(),
                );
                None
            }
        };
        let asn_number = fields.required(bsn, 2, "ship notice number");
        let shipped_at = fields
            .dated(&["011"], &whole, "time of shipment")
            .or_else(|| fields.moment(bsn, 3, 4, "date of the ship notice"));
        let expected_at = fields.dated(&["017", "067", "002"], &whole, "expected arrival");
        let facility = fields.qualified("N1", &["ST"], &whole).and_then(|n1| fields.optional(n1, 4, "facility"));
        let carrier = fields.first("TD5", whole.clone()).and_then(|td5| fields.optional(td5, 3, "carrier"));
        let tracking = fields.qualified("REF", &["CN", "2I"], &whole);
        let tracking_number = tracking.and_then(|reference| fields.optional(reference, 2, "tracking number"));
        let run_id = fields.run_id(&whole);
        let orders = Self::read_orders(fields, &tree);
        // A cancellation says which notice, not what was in it.
        if orders.is_empty() && fields.errors.is_empty() && purpose != Some(ShipmentPurpose::Cancel) {
            fields.missing_segment(
                "HL",
                "the ship notice has no item (HL*I under an order with PRF)",
                end.saturating_sub(1),
            );
        }
        Some(Self {
            asn_number: asn_number?,
            purpose: purpose?,
            shipped_at: shipped_at?,
            expected_at,
            facility,
            carrier,
            tracking_number,
            orders,
            run_id,
        })
    }

    fn read_orders(fields: &mut Fields<'_, '_>, tree: &HlTree) -> Vec<NoticedOrder> {
        let mut orders = Orders::default();
        // The order of each node: its own PRF, else its parent's. Parents stand before their children, so one pass is enough.
        let mut references: Vec<Option<usize>> = Vec::with_capacity(tree.nodes.len());
        let mut latest = None;
        let mut ordinal = 0;
        for node in &tree.nodes {
            let own = fields.first("PRF", node.body.clone());
            latest = own.or(latest);
            // Senders that leave the parents out (HL02) still write an order before its items.
            let above = node.parent.map_or(latest, |parent| references.get(parent).copied().flatten());
            let reference = own.or(above);
            references.push(reference);
            // An order without items (a cancellation) is still named.
            if node.level == "O"
                && let Some(prf) = reference
                && let Some(po_number) = fields.required(prf, 1, "purchase order number")
            {
                orders.named(po_number);
            }
            if node.level != "I" {
                continue;
            }
            ordinal += 1;
            let line = Self::read_item(fields, node.body.clone(), node.segment, ordinal);
            match reference {
                None => {
                    let message = format!("item HL {} stands under no purchase order (PRF)", node.id);
                    fields.missing_segment("PRF", &message, node.segment);
                }
                Some(prf) => {
                    let po_number = fields.text(prf, 1).parse();
                    if let (Ok(po_number), Some(line)) = (po_number, line) {
                        orders.add(po_number, line);
                    } else if own.is_some() {
                        fields.required::<PoNumber>(prf, 1, "purchase order number");
                    }
                }
            }
        }
        orders.list
    }

    fn read_item(
        fields: &mut Fields<'_, '_>,
        body: std::ops::Range<usize>,
        hl: usize,
        ordinal: usize,
    ) -> Option<ShipmentLine> {
        let lin = fields.first("LIN", body.clone());
        let sn1 = fields.first("SN1", body);
        if lin.is_none() {
            fields.missing_segment("LIN", "the item has no product (LIN)", hl);
        }
        if sn1.is_none() {
            fields.missing_segment("SN1", "the item has no quantity (SN1)", hl);
        }
        let (lin, sn1) = (lin?, sn1?);
        let (numbered, element) = if fields.text(lin, 1).is_empty() { (sn1, 1) } else { (lin, 1) };
        let line_number = fields.line_number(numbered, element, ordinal);
        let product = fields.product(lin, 2);
        let quantity = fields.quantity(sn1, 2);
        let unit = fields.required(sn1, 3, "unit of measure");
        Some(ShipmentLine { line_number: line_number?, product: product?, quantity: quantity?, unit: unit? })
    }
}

/// Orders in the order of the notice, with an index: notices of many thousand packs are usual.
#[derive(Default)]
struct Orders {
    list: Vec<NoticedOrder>,
    by_number: BTreeMap<PoNumber, usize>,
    by_line: BTreeMap<(usize, u32, ProductId, Unit), usize>,
}

impl Orders {
    fn named(&mut self, po_number: PoNumber) -> usize {
        let next = self.list.len();
        let index = *self.by_number.entry(po_number.clone()).or_insert(next);
        if index == next {
            self.list.push(NoticedOrder { po_number, lines: Vec::new() });
        }
        index
    }

    /// The same line in several packs is one line.
    fn add(&mut self, po_number: PoNumber, line: ShipmentLine) {
        let order = self.named(po_number);
        let Some(lines) = self.list.get_mut(order).map(|found| &mut found.lines) else { return };
        let key = (order, line.line_number, line.product.clone(), line.unit.clone());
        let index = *self.by_line.entry(key).or_insert(lines.len());
        match lines.get_mut(index) {
            Some(known) => known.quantity += line.quantity,
            None => lines.push(line),
        }
    }
}
