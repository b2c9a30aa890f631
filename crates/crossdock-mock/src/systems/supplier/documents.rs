//! The supplier's documents: 997, 855, 856 and 810 for an order, each in an interchange of its own.

use std::time::Duration;

use crossdock_edi::documents::{
    Envelope, FunctionalAck997, Invoice810, PoAck855, PurchaseOrder850, SetAck, ShipNotice856,
};
use crossdock_edi::{Party, WriteError};
use crossdock_model::{
    Amount, ConfirmedLine, Invoice, InvoiceLine, LineStatus, PoAcknowledged, PoLine, RunId, ShipmentLine,
    ShipmentNotice, ShipmentPurpose, SystemId,
};
use jiff::Timestamp;
use rust_decimal::{Decimal, RoundingStrategy};

use crate::declaration;
use crate::systems::Life;

/// Why a document could not be written.
#[derive(Debug, thiserror::Error)]
pub(super) enum DocumentError {
    #[error(transparent)]
    Write(#[from] WriteError),
    #[error(transparent)]
    Id(#[from] crossdock_model::IdError),
    #[error("the price of a line has more digits than money has")]
    Price,
}

/// Writes documents and counts their control numbers.
pub(super) struct Writer {
    pub(super) own: Party,
    pub(super) partner: Party,
    system: String,
    declaration: declaration::Supplier,
    tag: String,
    next_control: u32,
}

impl Writer {
    pub(super) fn new(system: &str, declaration: &declaration::Supplier, life: &Life) -> Self {
        Self {
            own: party(&declaration.edi),
            partner: party(&declaration.partner),
            system: system.to_owned(),
            declaration: declaration.clone(),
            tag: life.tag.clone(),
            next_control: life.control_start,
        }
    }

    fn envelope(&mut self, test: bool, at: Timestamp) -> Envelope {
        const LARGEST: u32 = 999_999_999;
        let control = self.next_control;
        self.next_control = if control >= LARGEST { 1 } else { control + 1 };
        Envelope::new(self.own.clone(), self.partner.clone(), control, at).test(test)
    }

    /// The 997 for a group of which every set is accepted.
    pub(super) fn acknowledge<'a>(
        &mut self,
        functional_id: &str,
        group: u32,
        sets: impl Iterator<Item = (&'a str, &'a str)>,
        test: bool,
        at: Timestamp,
    ) -> Result<Vec<u8>, DocumentError> {
        let sets: Vec<SetAck> = sets
            .map(|(set, control_number)| SetAck {
                set: set.to_owned(),
                control_number: control_number.to_owned(),
                status: "A".to_owned(),
                errors: Vec::new(),
            })
            .collect();
        let mut ack = FunctionalAck997::accepted(functional_id, group, sets.len() as u32);
        ack.sets = sets;
        Ok(ack.write(&self.envelope(test, at))?)
    }

    pub(super) fn confirm(
        &mut self,
        order: &PurchaseOrder850,
        test: bool,
        at: Timestamp,
    ) -> Result<Vec<u8>, DocumentError> {
        let confirmed = |line: &PoLine| ConfirmedLine {
            line_number: line.line_number,
            product: line.product.clone(),
            status: LineStatus::Accepted,
            quantity: line.quantity,
            unit: line.unit.clone(),
            unit_price: Some(line.unit_price),
            date: None,
        };
        let acknowledged = PoAcknowledged {
            po_number: order.po_number.clone(),
            acknowledged_at: at,
            lines: order.lines.iter().map(confirmed).collect(),
        };
        Ok(PoAck855::new(acknowledged, order.run_id.clone()).write(&self.envelope(test, at))?)
    }

    pub(super) fn ship(
        &mut self,
        order: &PurchaseOrder850,
        number: usize,
        test: bool,
        at: Timestamp,
    ) -> Result<Vec<u8>, DocumentError> {
        let shipped = |line: &PoLine| ShipmentLine {
            line_number: line.line_number,
            product: line.product.clone(),
            quantity: line.quantity,
            unit: line.unit.clone(),
        };
        let transit = Duration::from_secs(u64::from(self.declaration.transit_hours) * 3600);
        let notice = ShipmentNotice {
            asn_number: self.numbered(&self.declaration.asn_prefix, number).parse()?,
            purpose: ShipmentPurpose::Original,
            po_number: order.po_number.clone(),
            facility: Some(order.facility.clone()),
            shipped_at: at,
            expected_at: at.checked_add(transit).ok(),
            tracking_number: Some(self.numbered(&self.declaration.tracking_prefix, number).parse()?),
            carrier: Some(self.declaration.carrier.parse::<SystemId>()?),
            lines: order.lines.iter().map(shipped).collect(),
        };
        Ok(ShipNotice856::new(notice, order.run_id.clone()).write(&self.envelope(test, at))?)
    }

    pub(super) fn invoice(
        &mut self,
        order: &PurchaseOrder850,
        number: usize,
        test: bool,
        at: Timestamp,
    ) -> Result<Vec<u8>, DocumentError> {
        let lines = order.lines.iter().map(billed).collect::<Result<Vec<InvoiceLine>, DocumentError>>()?;
        let total = lines.iter().map(|line| line.line_total.decimal()).sum::<Decimal>();
        let run_id: Option<RunId> = order.run_id.clone();
        let invoice = Invoice {
            invoice_number: self.numbered(&self.declaration.invoice_prefix, number).parse()?,
            po_number: order.po_number.clone(),
            supplier: self.system.parse()?,
            invoiced_at: at,
            currency: order.currency.clone(),
            lines,
            total: total.into(),
            synthetic: test,
            run_id,
        };
        Ok(Invoice810 { invoice }.write(&self.envelope(test, at))?)
    }

    fn numbered(&self, prefix: &str, number: usize) -> String {
        format!("{prefix}{}-{number:05}", self.tag)
    }
}

/// An invoice line: what was ordered, at the ordered price, rounded to cents as an 810 carries them.
fn billed(line: &PoLine) -> Result<InvoiceLine, DocumentError> {
    let exact = line.unit_price.times(line.quantity).ok_or(DocumentError::Price)?.decimal();
    let mut rounded = exact.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero);
    rounded.rescale(2);
    Ok(InvoiceLine {
        line_number: line.line_number,
        product: line.product.clone(),
        quantity: line.quantity,
        unit: line.unit.clone(),
        unit_price: line.unit_price,
        line_total: Amount::from(rounded),
    })
}

fn party(text: &str) -> Party {
    let (qualifier, id) = text.split_once('/').unwrap_or(("ZZ", text));
    Party::new(qualifier, id)
}
