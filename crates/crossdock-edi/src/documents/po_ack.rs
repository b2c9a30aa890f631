//! 855: the supplier's answer to a purchase order, line by line.
//! BAK number and kind · REF*ZZ run · DTM*097 made at · PO1 line, under it one ACK for each part of it · CTT count.

use crossdock_model::{ConfirmedLine, LineStatus, PoAcknowledged, RunId};

use super::fields::{Fields, date_text, fit, iso_date_text, moment_segment, run_segment};
use super::send;
use crate::envelope::Envelope;
use crate::error::{EdiError, ElementCode};
use crate::tree::{Segment, Set};
use crate::write::WriteError;

/// What the supplier says of the order as a whole (BAK02).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WholeOrder {
    /// Taken as it is.
    Accepted,
    /// Taken with changes.
    Changed,
    /// Not taken.
    Rejected,
}

impl WholeOrder {
    /// Of the kinds of acknowledgement, those that real suppliers use.
    fn from_code(code: &str) -> Option<Self> {
        match code {
            "AD" | "AE" | "AK" | "AT" => Some(Self::Accepted),
            "AC" | "AH" | "AP" => Some(Self::Changed),
            "RD" | "RF" | "RJ" | "RO" => Some(Self::Rejected),
            _ => None,
        }
    }

    /// What the lines together say.
    fn of(lines: &[ConfirmedLine]) -> Self {
        let all = |status: LineStatus| lines.iter().all(|line| line.status == status);
        if all(LineStatus::Accepted) {
            Self::Accepted
        } else if all(LineStatus::Rejected) {
            Self::Rejected
        } else {
            Self::Changed
        }
    }

    fn code(self) -> &'static str {
        match self {
            Self::Accepted => "AD",
            Self::Changed => "AC",
            Self::Rejected => "RD",
        }
    }
}

/// A purchase order acknowledgement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoAck855 {
    /// What it says, as the hub's fact. A line that is answered in parts occurs once for each part; an answer without lines has none.
    pub acknowledged: PoAcknowledged,
    /// What it says of the order as a whole.
    pub whole: WholeOrder,
    /// The synthetic run that it belongs to.
    pub run_id: Option<RunId>,
}

/// The line status that an ACK01 means.
fn status_of(code: &str) -> Option<LineStatus> {
    match code {
        "IA" | "AC" => Some(LineStatus::Accepted),
        "IC" | "IQ" | "IP" | "IE" | "IF" | "IS" | "DR" | "IW" | "IM" => Some(LineStatus::Changed),
        "IB" | "BP" | "IH" | "AR" => Some(LineStatus::Backordered),
        "IR" | "ID" | "R1" | "R2" | "R3" | "R4" => Some(LineStatus::Rejected),
        _ => None,
    }
}

impl PoAck855 {
    /// An answer whose lines say what it is.
    pub fn new(acknowledged: PoAcknowledged, run_id: Option<RunId>) -> Self {
        let whole = WholeOrder::of(&acknowledged.lines);
        Self { acknowledged, whole, run_id }
    }

    /// The answer as an interchange of its own.
    ///
    /// # Errors
    /// [`WriteError`] for a value that does not fit into its element or holds a delimiter.
    pub fn write(&self, envelope: &Envelope) -> Result<Vec<u8>, WriteError> {
        let at = self.acknowledged.acknowledged_at;
        let number = fit("purchase order number", &self.acknowledged.po_number, 22)?;
        let mut body =
            vec![Segment::new("BAK", ["00".to_owned(), self.whole.code().to_owned(), number, date_text(at)])];
        body.extend(run_segment(self.run_id.as_ref())?);
        body.push(moment_segment("097", at));
        let mut count = 0;
        let mut previous = None;
        for line in &self.acknowledged.lines {
            // Parts of one line share its PO1: a second PO1 would read as a second line.
            if previous != Some(line.line_number) {
                body.push(Self::line_segment(line)?);
                count += 1;
            }
            previous = Some(line.line_number);
            body.push(Self::ack_segment(line)?);
        }
        body.push(Segment::new("CTT", [count.to_string()]));
        send(envelope, "PR", "855", body)
    }

    /// PO1 without a quantity: what was ordered is the buyer's word, the ACK says what is confirmed.
    fn line_segment(line: &ConfirmedLine) -> Result<Segment<'static>, WriteError> {
        let price = line.unit_price.map(|price| fit("unit price", price, 17)).transpose()?;
        Ok(Segment::new(
            "PO1",
            [
                line.line_number.to_string(),
                String::new(),
                String::new(),
                price.unwrap_or_default(),
                String::new(),
                "BP".to_owned(),
                fit("product", &line.product, 48)?,
            ],
        ))
    }

    fn ack_segment(line: &ConfirmedLine) -> Result<Segment<'static>, WriteError> {
        let status = match line.status {
            LineStatus::Accepted => "IA",
            LineStatus::Changed => "IC",
            LineStatus::Backordered => "IB",
            LineStatus::Rejected => "IR",
        };
        let mut elements = vec![status.to_owned(), fit("quantity", line.quantity, 16)?, fit("unit", &line.unit, 2)?];
        if let Some(day) = &line.date {
            elements.extend(["068".to_owned(), iso_date_text("date of the line", day)?]);
        }
        Ok(Segment::new("ACK", elements))
    }

    /// Reads an 855.
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
        let header = 0..fields.first("PO1", 0..end).unwrap_or(end);
        let bak = fields.required_segment("BAK")?;
        let whole = WholeOrder::from_code(fields.text(bak, 2));
        if whole.is_none() {
            fields.error(
                ElementCode::InvalidCode,
                bak,
                2,
                "BAK02 is no kind of acknowledgement that is known here".to_owned(),
            );
        }
        let po_number = fields.required(bak, 3, "purchase order number");
        // BAK09 is the date of the answer, BAK04 that of the order: the better one that is there.
        let acknowledged_at = fields.dated(&["097"], &header, "time of the answer").or_else(|| {
            let dated = if fields.text(bak, 9).is_empty() { 4 } else { 9 };
            fields.moment(bak, dated, 0, "date of the answer")
        });
        let run_id = fields.run_id(&header);
        let mut lines = Vec::new();
        let starts: Vec<usize> = fields.set.all("PO1").map(|(index, _)| index).collect();
        for (ordinal, &po1) in starts.iter().enumerate() {
            let next = starts.get(ordinal + 1).copied().unwrap_or(end);
            Self::read_line(fields, po1, next, ordinal + 1, whole, &mut lines);
        }
        let acknowledged = PoAcknowledged { po_number: po_number?, acknowledged_at: acknowledged_at?, lines };
        Some(Self { acknowledged, whole: whole?, run_id })
    }

    fn read_line(
        fields: &mut Fields<'_, '_>,
        po1: usize,
        next: usize,
        ordinal: usize,
        whole: Option<WholeOrder>,
        lines: &mut Vec<ConfirmedLine>,
    ) -> Option<()> {
        let line_number = fields.line_number(po1, 1, ordinal);
        let product = fields.product(po1, 6);
        let unit_price = fields.price(po1, 4);
        let acks: Vec<usize> = (po1 + 1..next).filter(|&at| fields.is(at, "ACK")).collect();
        if acks.is_empty() {
            // A line without an answer of its own follows the order as a whole.
            let status = match whole? {
                WholeOrder::Accepted => LineStatus::Accepted,
                WholeOrder::Changed => LineStatus::Changed,
                WholeOrder::Rejected => LineStatus::Rejected,
            };
            let quantity = fields.quantity(po1, 2)?;
            let unit = fields.required(po1, 3, "unit of measure")?;
            lines.push(ConfirmedLine {
                line_number: line_number?,
                product: product?,
                status,
                quantity,
                unit,
                unit_price,
                date: None,
            });
            return Some(());
        }
        for ack in acks {
            let status = status_of(fields.text(ack, 1));
            if status.is_none() {
                fields.error(ElementCode::InvalidCode, ack, 1, "ACK01 is no line status that is known here".to_owned());
            }
            // Quantity and unit of the answer; where it has none, those of the line.
            let (counted, at) = if fields.text(ack, 2).is_empty() { (po1, 2) } else { (ack, 2) };
            let quantity = fields.quantity(counted, at);
            let (named, at) = if fields.text(ack, 3).is_empty() { (po1, 3) } else { (ack, 3) };
            let unit = fields.required(named, at, "unit of measure");
            let date = if fields.text(ack, 5).is_empty() { None } else { fields.date(ack, 5, "date of the line") };
            if let (Some(line_number), Some(product), Some(status), Some(quantity), Some(unit)) =
                (line_number, product.clone(), status, quantity, unit)
            {
                let date = date.map(|day| day.to_string());
                lines.push(ConfirmedLine { line_number, product, status, quantity, unit, unit_price, date });
            }
        }
        Some(())
    }
}
