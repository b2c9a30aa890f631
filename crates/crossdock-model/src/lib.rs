#![doc = include_str!("../README.md")]
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

mod archive;
mod body;
mod cloud_event;
mod count;
mod currency;
mod delivery;
mod event;
mod exception;
mod fact;
mod hub_event;
mod id;
mod invoice;
mod key;
mod master;
mod measured;
mod milestone;
mod money;
mod movement;
mod order;
mod ownership;
mod partner;
mod path;
mod payment;
mod po_change;
mod position;
mod posting;
mod price;
mod procurement;
mod product;
mod quality;
mod quantity;
mod regraded;
mod returns;
mod sequence;
mod shadow;
mod shipment;
mod sync;
mod synthetic;
mod text;
mod unit;

pub use archive::{ArchivePostponed, ArchivedKind, ObjectArchived, ObjectRecalled};
pub use body::{Body, Render};
pub use cloud_event::{CloudEvent, CloudEventError};
pub use count::{AdjustmentHeld, CorrectionCause, MovementCounted, StockCorrected};
pub use delivery::{
    AttemptFailed, BreakerChanged, BulkItems, DeadLetterEdited, DeadLetterEscalated, DeadLetterOpened,
    DeadLetterReplayed, DeliveryId, DeliveryPlanned, DeliverySucceeded, EdiControl, Isolation, LeftItem, Ordering,
    Retired,
};
pub use event::{Event, EventError, Meta};
pub use exception::{
    ExceptionEscalated, ExceptionId, ExceptionKind, ExceptionOpened, ExceptionResolved, RemediationStopped, Resolution,
    Severity,
};
pub use fact::Fact;
pub use hub_event::{HubEvent, MessageRejected};
pub use id::{
    AsnNumber, CorrelationId, CustomerId, ErpOrderNumber, FacilityId, IdError, InvoiceNumber, LineNumber, LotNumber,
    MovementId, OrderId, PaymentId, PoNumber, ProductId, RecommendationId, RunId, SerialNumber, ShipmentId, SystemId,
    TrackingNumber, TransferId, Unit,
};
pub use invoice::{Invoice, InvoiceLine, InvoiceMatched, MatchLine, MatchResult};
pub use key::{BusinessKey, Digest, KeyKind};
pub use master::{FieldChange, MasterChanged};
pub use measured::{Measured, NotExact};
pub use milestone::{AttributedSegment, Attribution, Cause, MilestoneDue, PoMilestone};
pub use money::{Amount, Currency, MoneyError};
pub use movement::{
    AdjustmentReason, Movement, MovementAdjusted, MovementLine, MovementReceived, MovementShipped, MovementShortPicked,
    MovementStaged, ReceivedLine, ShippedStatus,
};
pub use order::Priority;
pub use order::{
    Address, AllocatedLine, BackorderedLine, CancelledLine, CancelledPart, ChangedLine, LineQuantity, Order,
    OrderAccepted, OrderAllocated, OrderBooked, OrderCancelRequested, OrderCancelled, OrderChangePending,
    OrderChangeRefused, OrderChangeRequested, OrderChanged, OrderClosed, OrderLine, OrderMoved, OrderReleased,
    OrderShipped, OrderSplit,
};
pub use ownership::{Effect, FactAdopted, FactSetAside};
pub use partner::{CustomerUpserted, SupplierUpserted};
pub use path::Path;
pub use payment::{OrderPayment, OrderPaymentChanged, PaymentCounts, PaymentHolds, PaymentStanding, PaymentStatus};
pub use po_change::{PoChangeAcknowledged, PoChangeRefused, PoChangeRequested};
pub use position::PositionChanged;
pub use posting::{InventoryValued, OpenReceipts, ValuedLine};
pub use price::PriceUpserted;
pub use procurement::{
    ConfirmedLine, FunctionalAck, LineStatus, PoAcknowledged, PoChanged, PoClosed, PoConfirmed, PoCreated, PoInTransit,
    PoLine, PoNoticeUndone, PoReceiptRecorded, PoReduced, PoSent, ReceiptLine, Recommendation, RecommendationApproved,
    RecommendationRefused, ReducedLine,
};
pub use product::{MasterStatus, ProductUpserted, UnitOfMeasure};
pub use quality::{
    Bucket, InspectedLine, PoQualityRecorded, PoReturnRecorded, QualityInspected, QualityLine, ReturnedLine,
    ReturnedToSupplier, SupplierReturnLine,
};
pub use quantity::{Balance, Quantity, QuantityError};
pub use regraded::{MovementRegraded, MovementTransferred, SnapshotLine, StockSnapshot, TransferLine};
pub use returns::{CustomerReturnLine, Disposition, MovementReturned, OrderRefunded, OrderReturned, RefundedLine};
pub use sequence::{HoldBackEnded, Numbers, ResyncRequested, SequenceGapFound};
pub use shadow::{ShadowDiffered, ShadowMove, ShadowNoted, ShadowOutcome, ShadowPlace, ShadowSide};
pub use shipment::{Milestone, ShipmentLine, ShipmentMilestone, ShipmentNotice, ShipmentPurpose};
pub use sync::{SyncCompleted, SyncRecorded};
pub use synthetic::{SyntheticRunOpened, SyntheticSwitched, SyntheticTarget};
pub use text::{Text, joined, numbered};
pub use unit::{Factor, FactorError, UnitFactor};

/// An instant, UTC. RFC 3339 on the wire.
pub type Timestamp = jiff::Timestamp;

#[cfg(test)]
mod tests;
