//! What the ledger holds, in the core's terms.

use crossdock_model::{
    BusinessKey, CloudEvent, CorrelationId, Digest, Event, EventError, Fact, HubEvent, Meta, RunId, Timestamp,
    UnitFactor,
};
use serde::{Deserialize, Serialize};

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
    /// What was said, where the fact in `event` is in base units and was not said so.
    pub said: Option<Box<Said>>,
    /// Keys under which it is known from now on, with the fingerprint of its content. For the key index, not for the fold.
    pub keys: Vec<(BusinessKey, Digest)>,
}

/// A fact as its sender said it, in units of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// The fact.
    pub fact: Fact,
    /// How it counts: a document keeps the factors that it was made with (docs/concepts/domain.md 6.2).
    pub factors: Vec<UnitFactor>,
}

/// The connection in which something happens; every business object keeps its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
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

    /// The same, in the connection of an object.
    pub(crate) fn within(self, context: &Context) -> Self {
        Self { context: Some(context.clone()), ..self }
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
        let Some(said) = &self.said else { return self.meta.to_cloud_event(&self.event, subject(&self.event)) };
        let mut envelope = self.meta.to_cloud_event(&Event::Fact(said.fact.clone()), subject(&self.event))?;
        envelope.unit_factors = Some(serde_json::to_string(&said.factors)?);
        Ok(envelope)
    }

    /// Reads an entry that was kept at `seq`.
    ///
    /// # Errors
    /// The envelope, the type or the data cannot be read by this version.
    pub fn from_cloud_event(seq: Seq, envelope: CloudEvent) -> Result<Self, EventError> {
        let meta = Meta::from_cloud_event(&envelope, Timestamp::UNIX_EPOCH)?;
        let event = Event::from_data(&envelope.event_type, envelope.data)?;
        let mut entry = Self { seq, meta, event, said: None, keys: Vec::new() };
        if let Some(factors) = envelope.unit_factors.as_deref() {
            let wrong = |why: String| EventError::Attribute { attribute: "unitfactors", why };
            entry.count(serde_json::from_str(factors).map_err(|error| wrong(error.to_string()))?);
        }
        Ok(entry)
    }
}

impl Entry {
    /// From here on its fact counts in base units, by these factors.
    pub(crate) fn count(&mut self, factors: Vec<UnitFactor>) {
        if let Event::Fact(fact) = &self.event
            && !factors.is_empty()
            && let Ok(counted) = fact.in_base_units(&factors)
        {
            self.said = Some(Box::new(Said { fact: fact.clone(), factors }));
            self.event = Event::Fact(counted);
        }
    }
}

/// The business key that an event is about: its CloudEvents `subject`.
fn subject(event: &Event) -> Option<String> {
    Some(match event {
        Event::Fact(fact) => match fact {
            Fact::OrderCaptured(e) => e.order_id.to_string(),
            Fact::OrderCancelRequested(e) => e.order_id.to_string(),
            Fact::OrderChangeRequested(e) => e.order_id.to_string(),
            Fact::Picked(e) | Fact::Packed(e) => e.order_id.to_string(),
            Fact::OrderRefunded(e) => e.order_id.to_string(),
            Fact::OrderPayment(e) => e.order_id.to_string(),
            Fact::Returned(e) => e.order_id.to_string(),
            Fact::ShortPicked(e) => e.order_id.to_string(),
            Fact::Shipped(e) => e.order_id.to_string(),
            Fact::Received(e) => e.asn_number.to_string(),
            Fact::Adjusted(e) => e.product.to_string(),
            Fact::Counted(e) => e.product.to_string(),
            Fact::Quarantined(e) | Fact::Released(e) | Fact::Damaged(e) | Fact::Scrapped(e) => e.product.to_string(),
            Fact::TransferredOut(e) | Fact::TransferredIn(e) => e.transfer_id.to_string(),
            Fact::Snapshot(e) => e.facility.to_string(),
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
            Fact::InventoryValued(e) => e.valuation_id.clone(),
            Fact::ProductUpserted(e) => e.product.to_string(),
            Fact::PriceUpserted(e) => e.product.to_string(),
            Fact::CustomerUpserted(e) => e.customer_id.to_string(),
            Fact::SupplierUpserted(e) => e.supplier_id.to_string(),
            Fact::SyncCompleted(e) => e.feed.clone(),
        },
        Event::Hub(event) => match event {
            HubEvent::OrderAccepted(e) => e.order_id.to_string(),
            HubEvent::OrderAllocated(e) => e.order_id.to_string(),
            HubEvent::OrderBooked(e) => e.order_id.to_string(),
            HubEvent::OrderReleased(e) => e.order_id.to_string(),
            HubEvent::OrderShipped(e) => e.order_id.to_string(),
            HubEvent::OrderCancelPending(e) | HubEvent::OrderClosed(e) => e.order_id.to_string(),
            HubEvent::OrderCancelled(e) => e.order_id.to_string(),
            HubEvent::OrderPaymentChanged(e) => e.order_id.to_string(),
            HubEvent::OrderReturned(e) => e.order_id.to_string(),
            HubEvent::OrderChanged(e) => e.order_id.to_string(),
            HubEvent::OrderChangePending(e) => e.order_id.to_string(),
            HubEvent::OrderSplit(e) => e.order_id.to_string(),
            HubEvent::OrderMoved(e) => e.order_id.to_string(),
            HubEvent::OrderChangeRefused(e) => e.order_id.to_string(),
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
            HubEvent::DeadLetterEscalated(e) => e.delivery_id.to_string(),
            HubEvent::DeadLetterEdited(e) => e.delivery_id.to_string(),
            HubEvent::BreakerOpened(e) | HubEvent::BreakerClosed(e) => e.target.to_string(),
            HubEvent::FactSetAside(e) => e.id.clone(),
            HubEvent::FactAdopted(e) => e.id.clone(),
            HubEvent::MasterChanged(e) => e.key.clone(),
            HubEvent::ShadowNoted(e) => e.id.clone(),
            HubEvent::ShadowDiffered(e) => e.product.to_string(),
            HubEvent::SyncRecorded(e) => e.feed.clone(),
            HubEvent::SyntheticRunOpened(e) => e.run_id.to_string(),
            HubEvent::SyntheticStopped(_) | HubEvent::SyntheticResumed(_) => return None,
            HubEvent::ObjectArchived(e) => e.about.to_string(),
            HubEvent::ObjectRecalled(e) => e.about.to_string(),
            HubEvent::ArchivePostponed(e) => e.about.to_string(),
            HubEvent::MessageRejected(e) => return e.id.clone(),
        },
    })
}
