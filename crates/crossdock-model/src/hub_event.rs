//! What the hub decides and what became of its deliveries. One line a type.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    AdjustmentHeld, AttemptFailed, BreakerChanged, DeadLetterEdited, DeadLetterEscalated, DeadLetterOpened,
    DeadLetterReplayed, DeliveryPlanned, DeliverySucceeded, ExceptionEscalated, ExceptionOpened, ExceptionResolved,
    HoldBackEnded, InvoiceMatched, OrderAccepted, OrderAllocated, OrderBooked, OrderCancelled, OrderChangePending,
    OrderChangeRefused, OrderChanged, OrderClosed, OrderMoved, OrderReleased, OrderShipped, PoClosed, PoConfirmed,
    PoCreated, PoInTransit, PoReceiptRecorded, PoSent, PositionChanged, RecommendationApproved, RecommendationRefused,
    RemediationStopped, ResyncRequested, Retired, SequenceGapFound, StockCorrected, SystemId,
};
use crate::{ArchivePostponed, ObjectArchived, ObjectRecalled};
use crate::{FactAdopted, FactSetAside, MasterChanged, ShadowDiffered, ShadowNoted, SyncRecorded};
use crate::{PoChangeRefused, PoChanged, PoNoticeUndone, PoQualityRecorded, PoReduced, PoReturnRecorded};
use crate::{SyntheticRunOpened, SyntheticSwitched};

/// `message.rejected.v1`: a message that was refused, kept whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MessageRejected {
    /// Who sent it.
    pub system: SystemId,
    /// Its transport id, where it could be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The RFC 9457 problem that was answered.
    pub problem: Value,
    /// What was sent: JSON where it was JSON, else text (cut at 64 KiB).
    pub original: Value,
}

/// A payload, or a shared one: what the state keeps whole is not copied.
macro_rules! held {
    ($payload:ident) => { $payload };
    ($payload:ident $shared:ident) => { $shared<$payload> };
}

use crate::{OrderPaymentChanged, OrderReturned, OrderSplit};

macro_rules! hub_events {
    ($($(#[$doc:meta])* $variant:ident($payload:ident $(in $shared:ident)?) = $type:literal,)*) => {
        /// A decision or an outcome of the hub, by the type of its CloudEvent.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum HubEvent {
            $($(#[$doc])* $variant(held!($payload $($shared)?)),)*
        }

        impl HubEvent {
            /// Every type, in the order of this file.
            pub const TYPES: &'static [&'static str] = &[$($type,)*];

            /// The CloudEvents type.
            pub fn event_type(&self) -> &'static str {
                match self {
                    $(Self::$variant(_) => $type,)*
                }
            }

            /// Reads the `data` of an event of `event_type`. `None`: not an event of the hub.
            ///
            /// # Errors
            /// `data` does not have the type's shape.
            pub fn from_data(event_type: &str, data: Value) -> Option<Result<Self, serde_json::Error>> {
                match event_type {
                    $($type => Some(serde_json::from_value::<$payload>(data).map(|payload| Self::$variant(payload.into()))),)*
                    _ => None,
                }
            }

            /// The `data` of its CloudEvent.
            ///
            /// # Errors
            /// None in practice: every payload has text keys.
            pub fn to_data(&self) -> Result<Value, serde_json::Error> {
                match self {
                    $(Self::$variant(payload) => serde_json::to_value::<&$payload>(payload),)*
                }
            }
        }
    };
}

hub_events! {
    /// An order is valid and known.
    OrderAccepted(OrderAccepted) = "order.accepted.v1",
    /// Stock is reserved, or waited for.
    OrderAllocated(OrderAllocated) = "order.allocated.v1",
    /// The ERP gave its number.
    OrderBooked(OrderBooked) = "order.booked.v1",
    /// A facility took it for picking.
    OrderReleased(OrderReleased) = "order.released.v1",
    /// Goods left.
    OrderShipped(OrderShipped) = "order.shipped.v1",
    /// A cancel waits for the WMS.
    OrderCancelPending(OrderClosed) = "order.cancel_pending.v1",
    /// What had not shipped is cancelled.
    OrderCancelled(OrderCancelled) = "order.cancelled.v1",
    /// The order is another one.
    OrderChanged(OrderChanged) = "order.changed.v1",
    /// A change waits for the WMS.
    OrderChangePending(OrderChangePending) = "order.change_pending.v1",
    /// A line is wanted from another facility.
    OrderMoved(OrderMoved) = "order.moved.v1",
    /// It goes out in other consignments.
    OrderSplit(OrderSplit) = "order.split.v1",
    /// It was too late for a change.
    OrderChangeRefused(OrderChangeRefused) = "order.change_refused.v1",
    /// What a customer sent back is set against it.
    OrderReturned(OrderReturned) = "order.returned.v1",
    /// It stands otherwise with its payment.
    OrderPaymentChanged(OrderPaymentChanged) = "order.payment_changed.v1",
    /// Nothing is left to do.
    OrderClosed(OrderClosed) = "order.closed.v1",
    /// A position has other figures.
    PositionChanged(PositionChanged) = "position.changed.v1",
    /// An adjustment waits for a decision.
    AdjustmentHeld(AdjustmentHeld) = "stock.adjustment_held.v1",
    /// The books follow the shelf.
    StockCorrected(StockCorrected) = "stock.corrected.v1",
    /// A facility skipped numbers.
    SequenceGapFound(SequenceGapFound) = "facility.sequence_gap_found.v1",
    /// What waited for them goes on.
    HoldBackEnded(HoldBackEnded) = "facility.hold_back_ended.v1",
    /// Its system is to tell them again.
    ResyncRequested(ResyncRequested) = "facility.resync_requested.v1",
    /// It becomes a purchase order.
    RecommendationApproved(RecommendationApproved) = "recommendation.approved.v1",
    /// It does not.
    RecommendationRefused(RecommendationRefused) = "recommendation.refused.v1",
    /// The ERP committed.
    PoCreated(PoCreated) = "purchase_order.created.v1",
    /// The supplier's system took the 850.
    PoSent(PoSent) = "purchase_order.sent.v1",
    /// An 855 was taken.
    PoConfirmed(PoConfirmed) = "purchase_order.confirmed.v1",
    /// An 856 was taken.
    PoInTransit(PoInTransit) = "purchase_order.in_transit.v1",
    /// Goods were set against it.
    PoReceiptRecorded(PoReceiptRecorded) = "purchase_order.receipt_recorded.v1",
    /// A ship notice was replaced or cancelled.
    PoNoticeUndone(PoNoticeUndone) = "purchase_order.notice_undone.v1",
    /// Less will come, and that is accepted.
    PoReduced(PoReduced) = "purchase_order.reduced.v1",
    /// Its lines are others now.
    PoChanged(PoChanged) = "purchase_order.changed.v1",
    /// A change of it ended without an effect.
    PoChangeRefused(PoChangeRefused) = "purchase_order.change_refused.v1",
    /// The verdict of a quality check was set against it.
    PoQualityRecorded(PoQualityRecorded) = "purchase_order.quality_recorded.v1",
    /// Goods that went back were set against it.
    PoReturnRecorded(PoReturnRecorded) = "purchase_order.return_recorded.v1",
    /// Received and matched.
    PoClosed(PoClosed) = "purchase_order.closed.v1",
    /// Order, receipt and invoice were compared.
    InvoiceMatched(InvoiceMatched) = "invoice.matched.v1",
    /// A decision waits.
    ExceptionOpened(ExceptionOpened) = "exception.opened.v1",
    /// It was made.
    ExceptionResolved(ExceptionResolved) = "exception.resolved.v1",
    /// Nobody made it in time.
    ExceptionEscalated(ExceptionEscalated) = "exception.escalated.v1",
    /// A declared rule made as many as it may.
    RemediationStopped(RemediationStopped) = "remediation.stopped.v1",
    /// A system is owed a call.
    DeliveryPlanned(DeliveryPlanned in Arc) = "delivery.planned.v1",
    /// It took it.
    DeliverySucceeded(DeliverySucceeded) = "delivery.succeeded.v1",
    /// It did not; again later.
    AttemptFailed(AttemptFailed) = "delivery.attempt_failed.v1",
    /// It is not owed any more.
    DeliveryRetired(Retired) = "delivery.retired.v1",
    /// It was given up.
    DeadLetterOpened(DeadLetterOpened) = "dead_letter.opened.v1",
    /// Nobody looked at it in time.
    DeadLetterEscalated(DeadLetterEscalated) = "dead_letter.escalated.v1",
    /// Another message takes its place.
    DeadLetterEdited(DeadLetterEdited) = "dead_letter.edited.v1",
    /// It is tried anew.
    DeadLetterReplayed(DeadLetterReplayed) = "dead_letter.replayed.v1",
    /// A target is not called for a while.
    BreakerOpened(BreakerChanged) = "breaker.opened.v1",
    /// It is called again.
    BreakerClosed(BreakerChanged) = "breaker.closed.v1",
    /// A fact of a system that does not own it is kept, without effect.
    FactSetAside(FactSetAside) = "fact.set_aside.v1",
    /// A new version of master data changed something.
    MasterChanged(MasterChanged) = "master.changed.v1",
    /// One side of a shadow comparison said something.
    ShadowNoted(ShadowNoted) = "shadow.noted.v1",
    /// The two sides of a shadow comparison did not say the same.
    ShadowDiffered(ShadowDiffered) = "shadow.differed.v1",
    /// A feed is fresh.
    SyncRecorded(SyncRecorded) = "sync.recorded.v1",
    /// Its owner accepted what was proposed.
    FactAdopted(FactAdopted) = "fact.adopted.v1",
    /// A synthetic run says where its messages go.
    SyntheticRunOpened(SyntheticRunOpened) = "synthetic.run_opened.v1",
    /// No synthetic transaction begins any more.
    SyntheticStopped(SyntheticSwitched) = "synthetic.stopped.v1",
    /// They may begin again.
    SyntheticResumed(SyntheticSwitched) = "synthetic.resumed.v1",
    /// Something is over, and leaves memory.
    ObjectArchived(ObjectArchived in Arc) = "object.archived.v1",
    /// Something was said of it, and it is back.
    ObjectRecalled(ObjectRecalled in Arc) = "object.recalled.v1",
    /// Its time has come, and something of it is open.
    ArchivePostponed(ArchivePostponed) = "object.archive_postponed.v1",
    /// A message was refused and kept.
    MessageRejected(MessageRejected) = "message.rejected.v1",
}
