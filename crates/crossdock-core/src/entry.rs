//! What the ledger holds, in the core's terms.

use crossdock_model::{
    BusinessKey, CloudEvent, CorrelationId, Digest, Event, EventError, Fact, HubEvent, Meta, RunId, Timestamp,
};

/// A place in the ledger: 1 is the first entry, 0 is before it.
pub type Seq = u64;

/// One entry of the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its place.
    pub seq: Seq,
    /// Where, when and in which connection.
    pub meta: Meta,
    /// What happened.
    pub event: Event,
    /// Keys under which it is known from now on, with the fingerprint of its content. For the key index, not for the fold.
    pub keys: Vec<(BusinessKey, Digest)>,
}

/// The connection in which something happens; every business object keeps its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Context {
    /// The business act.
    pub correlation_id: CorrelationId,
    /// Part of a synthetic transaction.
    pub synthetic: bool,
    /// Its run.
    pub run_id: Option<RunId>,
}

impl Context {
    pub(crate) fn of(meta: &Meta) -> Self {
        Self { correlation_id: meta.correlation_id.clone(), synthetic: meta.synthetic, run_id: meta.run_id.clone() }
    }
}

/// A hub event on its way to the ledger: decided, without a place yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// What is decided.
    pub event: HubEvent,
    /// Its connection, where it is not that of its cause: a freed unit that goes to another order.
    pub context: Option<Context>,
}

impl From<HubEvent> for Draft {
    fn from(event: HubEvent) -> Self {
        Self { event, context: None }
    }
}

impl Draft {
    pub(crate) fn of(context: &Context, event: HubEvent) -> Self {
        Self { event, context: Some(context.clone()) }
    }
}

impl Entry {
    /// The connection of this entry.
    pub fn context(&self) -> Context {
        Context::of(&self.meta)
    }

    /// The entry as it is kept and published.
    ///
    /// # Errors
    /// None in practice: every payload has text keys.
    pub fn to_cloud_event(&self) -> Result<CloudEvent, serde_json::Error> {
        self.meta.to_cloud_event(&self.event, subject(&self.event))
    }

    /// Reads an entry that was kept at `seq`.
    ///
    /// # Errors
    /// The envelope, the type or the data cannot be read by this version.
    pub fn from_cloud_event(seq: Seq, envelope: CloudEvent) -> Result<Self, EventError> {
        let meta = Meta::from_cloud_event(&envelope, Timestamp::UNIX_EPOCH)?;
        let event = Event::from_data(&envelope.event_type, envelope.data)?;
        Ok(Self { seq, meta, event, keys: Vec::new() })
    }
}

/// The business key that an event is about: its CloudEvents `subject`.
fn subject(event: &Event) -> Option<String> {
    Some(match event {
        Event::Fact(fact) => match fact {
            Fact::OrderCaptured(e) => e.order_id.to_string(),
            Fact::OrderCancelRequested(e) => e.order_id.to_string(),
            Fact::Picked(e) | Fact::Packed(e) => e.order_id.to_string(),
            Fact::ShortPicked(e) => e.order_id.to_string(),
            Fact::Shipped(e) => e.order_id.to_string(),
            Fact::Received(e) => e.asn_number.to_string(),
            Fact::Adjusted(e) => e.product.to_string(),
            Fact::Counted(e) => e.product.to_string(),
            Fact::Recommended(e) => e.recommendation_id.to_string(),
            Fact::ShipmentMilestone(e) => e.tracking_number.to_string(),
            Fact::FunctionalAck(e) => return e.po_number.as_ref().map(ToString::to_string),
            Fact::PoAcknowledged(e) => e.po_number.to_string(),
            Fact::ShipmentNotified(e) => e.asn_number.to_string(),
            Fact::InvoiceReceived(e) => e.invoice_number.to_string(),
            Fact::PoChangeRequested(e) => e.po_number.to_string(),
            Fact::PoChangeAcknowledged(e) => e.po_number.to_string(),
            Fact::QualityInspected(e) => e.po_number.to_string(),
            Fact::ReturnedToSupplier(e) => e.po_number.to_string(),
        },
        Event::Hub(event) => match event {
            HubEvent::OrderAccepted(e) => e.order_id.to_string(),
            HubEvent::OrderAllocated(e) => e.order_id.to_string(),
            HubEvent::OrderBooked(e) => e.order_id.to_string(),
            HubEvent::OrderReleased(e) => e.order_id.to_string(),
            HubEvent::OrderShipped(e) => e.order_id.to_string(),
            HubEvent::OrderCancelPending(e) | HubEvent::OrderClosed(e) => e.order_id.to_string(),
            HubEvent::OrderCancelled(e) => e.order_id.to_string(),
            HubEvent::PositionChanged(e) => e.product.to_string(),
            HubEvent::AdjustmentHeld(e) => e.product.to_string(),
            HubEvent::StockCorrected(e) => e.product.to_string(),
            HubEvent::SequenceGapFound(e) => e.facility.to_string(),
            HubEvent::HoldBackEnded(e) => e.facility.to_string(),
            HubEvent::ResyncRequested(e) => e.facility.to_string(),
            HubEvent::RecommendationApproved(e) => e.recommendation_id.to_string(),
            HubEvent::RecommendationRefused(e) => e.recommendation_id.to_string(),
            HubEvent::PoCreated(e) => e.po_number.to_string(),
            HubEvent::PoSent(e) => e.po_number.to_string(),
            HubEvent::PoConfirmed(e) => e.po_number.to_string(),
            HubEvent::PoInTransit(e) => e.po_number.to_string(),
            HubEvent::PoReceiptRecorded(e) => e.po_number.to_string(),
            HubEvent::PoClosed(e) => e.po_number.to_string(),
            HubEvent::PoNoticeUndone(e) => e.po_number.to_string(),
            HubEvent::PoReduced(e) => e.po_number.to_string(),
            HubEvent::PoChanged(e) => e.po_number.to_string(),
            HubEvent::PoChangeRefused(e) => e.po_number.to_string(),
            HubEvent::PoQualityRecorded(e) => e.po_number.to_string(),
            HubEvent::PoReturnRecorded(e) => e.po_number.to_string(),
            HubEvent::InvoiceMatched(e) => e.invoice_number.to_string(),
            HubEvent::ExceptionOpened(e) => e.about.clone(),
            HubEvent::ExceptionResolved(e) => e.exception_id.to_string(),
            HubEvent::ExceptionEscalated(e) => e.exception_id.to_string(),
            HubEvent::RemediationStopped(e) => e.exception_id.to_string(),
            HubEvent::DeliveryPlanned(e) => e.about.to_string(),
            HubEvent::DeliverySucceeded(e) => e.delivery_id.to_string(),
            HubEvent::AttemptFailed(e) => e.delivery_id.to_string(),
            HubEvent::DeliveryRetired(e) => e.delivery_id.to_string(),
            HubEvent::DeadLetterOpened(e) => e.delivery_id.to_string(),
            HubEvent::DeadLetterReplayed(e) => e.delivery_id.to_string(),
            HubEvent::BreakerOpened(e) | HubEvent::BreakerClosed(e) => e.target.to_string(),
            HubEvent::FactSetAside(e) => e.id.clone(),
            HubEvent::FactAdopted(e) => e.id.clone(),
            HubEvent::MessageRejected(e) => return e.id.clone(),
        },
    })
}
