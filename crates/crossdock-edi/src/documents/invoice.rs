//! 810: the supplier's invoice.
//! BIG dates and numbers · CUR currency · REF*ZZ run · DTM*097 made at · N1*SU supplier · IT1 lines · TDS total (two decimals implied) · CTT count.

use crossdock_model::{Amount, Invoice, InvoiceLine, Quantity, SystemId};
use rust_decimal::{Decimal, RoundingStrategy};

use super::fields::{Fields, date_text, fit, moment_segment, party_segment, run_segment, unfit};
use super::send;
use crate::envelope::Envelope;
use crate::error::{EdiError, ElementCode};
use crate::tree::{Segment, Set};
use crate::write::WriteError;

/// Decimals that TDS implies.
const TOTAL_SCALE: u32 = 2;

/// An invoice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invoice810 {
    /// What it says, as the hub's fact.
    pub invoice: Invoice,
}

/// Quantity times price at the scale of money: an IT1 carries no total of its own.
fn line_total(quantity: Quantity, unit_price: Amount) -> Option<Amount> {
    let exact = unit_price.times(quantity)?.decimal();
    let mut rounded = exact.round_dp_with_strategy(TOTAL_SCALE, RoundingStrategy::MidpointAwayFromZero);
    rounded.rescale(TOTAL_SCALE);
    Some(rounded.into())
}

impl Invoice810 {
    /// The invoice as an interchange of its own.
    ///
    /// # Errors
    /// [`WriteError`] for a value that does not fit into its element, holds a delimiter, or a total with more than two decimals.
    pub fn write(&self, envelope: &Envelope) -> Result<Vec<u8>, WriteError> {
        let invoice = &self.invoice;
        let mut body = vec![
            Segment::new(
                "BIG",
                [
                    date_text(invoice.invoiced_at),
                    fit("invoice number", &invoice.invoice_number, 22)?,
                    String::new(),
                    fit("purchase order number", &invoice.po_number, 22)?,
                ],
            ),
            Segment::new("CUR", ["SE".to_owned(), invoice.currency.to_string()]),
        ];
        body.extend(run_segment(invoice.run_id.as_ref())?);
        body.push(party_segment("SU", "supplier", invoice.supplier.as_str())?);
        body.push(moment_segment("097", invoice.invoiced_at));
        for line in &invoice.lines {
            body.push(Segment::new(
                "IT1",
                [
                    line.line_number.to_string(),
                    fit("quantity", line.quantity, 11)?,
                    fit("unit", &line.unit, 2)?,
                    fit("unit price", line.unit_price, 17)?,
                    String::new(),
                    "BP".to_owned(),
                    fit("product", &line.product, 48)?,
                ],
            ));
        }
        body.push(Segment::new("TDS", [implied(invoice.total)?]));
        body.push(Segment::new("CTT", [invoice.lines.len().to_string()]));
        send(envelope, "IN", "810", body)
    }

    /// Reads an 810. `supplier` is who sent it; the total of each line is quantity times price at two decimals.
    ///
    /// # Errors
    /// Everything that is missing or cannot be understood.
    pub fn read(set: &Set<'_>, supplier: &SystemId) -> Result<Self, Vec<EdiError>> {
        let mut fields = Fields::new(set);
        let document = Self::read_fields(&mut fields, supplier);
        fields.finish(document)
    }

    fn read_fields(fields: &mut Fields<'_, '_>, supplier: &SystemId) -> Option<Self> {
        let end = fields.set.segments.len();
        let header = 0..fields.first("IT1", 0..end).unwrap_or(end);
        let big = fields.required_segment("BIG");
        let invoice_number = big.and_then(|big| fields.required(big, 2, "invoice number"));
        let po_number = big.and_then(|big| fields.required(big, 4, "purchase order number"));
        let invoiced_at = fields
            .dated(&["097"], &header, "time of the invoice")
            .or_else(|| big.and_then(|big| fields.moment(big, 1, 0, "date of the invoice")));
        let currency = fields.required_segment("CUR").and_then(|cur| fields.required(cur, 2, "currency"));
        let run_id = fields.run_id(&header);
        let mut lines = Vec::new();
        for (ordinal, (it1, _)) in fields.set.all("IT1").enumerate() {
            let line_number = fields.line_number(it1, 1, ordinal + 1);
            let quantity = fields.quantity(it1, 2);
            let unit = fields.required(it1, 3, "unit of measure");
            let unit_price = if fields.text(it1, 4).is_empty() {
                fields.required(it1, 4, "unit price")
            } else {
                fields.price(it1, 4)
            };
            let product = fields.product(it1, 6);
            let (Some(line_number), Some(product), Some(quantity), Some(unit), Some(unit_price)) =
                (line_number, product, quantity, unit, unit_price)
            else {
                continue;
            };
            match line_total(quantity, unit_price) {
                Some(line_total) => {
                    lines.push(InvoiceLine { line_number, product, quantity, unit, unit_price, line_total });
                }
                None => {
                    fields.error(ElementCode::TooLong, it1, 4, "quantity times price has too many digits".to_owned());
                }
            }
        }
        let tds = fields.required_segment("TDS");
        let cents = tds.and_then(|tds| fields.required::<i64>(tds, 1, "total"));
        let synthetic = run_id.is_some();
        Some(Self {
            invoice: Invoice {
                invoice_number: invoice_number?,
                po_number: po_number?,
                supplier: supplier.clone(),
                invoiced_at: invoiced_at?,
                currency: currency?,
                lines,
                total: Decimal::new(cents?, TOTAL_SCALE).into(),
                synthetic,
                run_id,
            },
        })
    }
}

/// An amount as a whole number of hundredths.
fn implied(total: Amount) -> Result<String, WriteError> {
    let hundredths = total.decimal().checked_mul(Decimal::ONE_HUNDRED).map(|number| number.normalize());
    match hundredths {
        Some(number) if number.scale() == 0 => fit("total", number, 15),
        _ => Err(unfit("total", format!("{total} has more than two decimals or too many digits"))),
    }
}
