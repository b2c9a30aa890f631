//! 850: a purchase order to a supplier.
//! BEG number and date · CUR currency · REF*ZZ run · DTM*097 made at, DTM*002 needed by · N1*ST facility, N1*SU supplier · PO1 lines · CTT count.

use crossdock_model::{Currency, FacilityId, PoLine, PoNumber, RunId, SystemId, Timestamp};

use super::fields::{Fields, date_text, fit, iso_date_text, moment_segment, party_segment, run_segment};
use super::send;
use crate::envelope::Envelope;
use crate::error::EdiError;
use crate::tree::{Segment, Set};
use crate::write::WriteError;

/// A purchase order as it is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PurchaseOrder850 {
    /// Its number, unique for ever between buyer and supplier.
    pub po_number: PoNumber,
    /// When it was made.
    pub ordered_at: Timestamp,
    /// The currency of all prices.
    pub currency: Currency,
    /// Where the goods are to go.
    pub facility: FacilityId,
    /// The supplier by the buyer's id, where the document names it.
    pub supplier: Option<SystemId>,
    /// The day by which the goods are needed, as `YYYY-MM-DD`.
    pub needed_by: Option<String>,
    /// The lines.
    pub lines: Vec<PoLine>,
    /// The synthetic run that it belongs to.
    pub run_id: Option<RunId>,
}

impl PurchaseOrder850 {
    /// The order as an interchange of its own.
    ///
    /// # Errors
    /// [`WriteError`] for a value that does not fit into its element or holds a delimiter.
    pub fn write(&self, envelope: &Envelope) -> Result<Vec<u8>, WriteError> {
        let number = fit("purchase order number", &self.po_number, 22)?;
        let mut body = vec![
            Segment::new("BEG", ["00".to_owned(), "SA".to_owned(), number, String::new(), date_text(self.ordered_at)]),
            Segment::new("CUR", ["BY".to_owned(), self.currency.to_string()]),
        ];
        body.extend(run_segment(self.run_id.as_ref())?);
        body.push(moment_segment("097", self.ordered_at));
        if let Some(day) = &self.needed_by {
            body.push(Segment::new("DTM", ["002".to_owned(), iso_date_text("needed by", day)?]));
        }
        body.push(party_segment("ST", "facility", self.facility.as_str())?);
        if let Some(supplier) = &self.supplier {
            body.push(party_segment("SU", "supplier", supplier.as_str())?);
        }
        for line in &self.lines {
            body.push(Segment::new(
                "PO1",
                [
                    line.line_number.to_string(),
                    fit("quantity", line.quantity, 16)?,
                    fit("unit", &line.unit, 2)?,
                    fit("unit price", line.unit_price, 17)?,
                    String::new(),
                    "BP".to_owned(),
                    fit("product", &line.product, 48)?,
                ],
            ));
        }
        body.push(Segment::new("CTT", [self.lines.len().to_string()]));
        send(envelope, "PO", "850", body)
    }

    /// Reads an 850.
    ///
    /// # Errors
    /// Everything that is missing or cannot be understood.
    pub fn read(set: &Set<'_>) -> Result<Self, Vec<EdiError>> {
        let mut fields = Fields::new(set);
        let order = Self::read_fields(&mut fields);
        fields.finish(order)
    }

    fn read_fields(fields: &mut Fields<'_, '_>) -> Option<Self> {
        let whole = 0..fields.set.segments.len();
        let header = 0..fields.first("PO1", whole.clone()).unwrap_or(whole.end);
        let beg = fields.required_segment("BEG");
        let po_number = beg.and_then(|beg| fields.required(beg, 3, "purchase order number"));
        let ordered_at = fields
            .dated(&["097"], &header, "time of the order")
            .or_else(|| beg.and_then(|beg| fields.moment(beg, 5, 0, "date of the order")));
        let currency = fields.required_segment("CUR").and_then(|cur| fields.required(cur, 2, "currency"));
        let ship_to = fields.qualified("N1", &["ST"], &header);
        if ship_to.is_none() {
            fields.missing_segment("N1", "the set names no facility to ship to (N1*ST)", header.end);
        }
        let facility = ship_to.and_then(|n1| fields.required(n1, 4, "facility"));
        let supplier =
            fields.qualified("N1", &["SU", "VN", "SE"], &header).and_then(|n1| fields.optional(n1, 4, "supplier"));
        let needed = fields.qualified("DTM", &["002", "106"], &header);
        let needed_by = needed.and_then(|dtm| fields.date(dtm, 2, "day it is needed")).map(|day| day.to_string());
        let run_id = fields.run_id(&header);
        let mut lines = Vec::new();
        for (ordinal, (po1, _)) in fields.set.all("PO1").enumerate() {
            let line_number = fields.line_number(po1, 1, ordinal + 1);
            let quantity = fields.quantity(po1, 2);
            let unit = fields.required(po1, 3, "unit of measure");
            let unit_price = fields.required(po1, 4, "unit price");
            let product = fields.product(po1, 6);
            if let (Some(line_number), Some(product), Some(quantity), Some(unit), Some(unit_price)) =
                (line_number, product, quantity, unit, unit_price)
            {
                lines.push(PoLine { line_number, product, quantity, unit, unit_price });
            }
        }
        if lines.is_empty() && fields.errors.is_empty() {
            fields.missing_segment("PO1", "the order has no line (PO1)", header.end);
        }
        Some(Self {
            po_number: po_number?,
            ordered_at: ordered_at?,
            currency: currency?,
            facility: facility?,
            supplier,
            needed_by,
            lines,
            run_id,
        })
    }
}
