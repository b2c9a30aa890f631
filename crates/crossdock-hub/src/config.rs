//! What a hub is told about the world: `crossdock.toml`.
//! Here: the resolved configuration and its defaults. Not here: the file's syntax and its mistakes (`config/file.rs`).
//! Invariant: a configuration that listens beyond loopback has a key for every system and for the operator.

mod declared;
mod file;
mod orders;

pub use declared::DeclaredConfig;
pub(crate) use declared::{Exceptions, Pace, Synthetic};

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crossdock_core::OrderPolicy;
use crossdock_diag::Diagnostics;
use crossdock_model::PoMilestone;
use secrecy::SecretString;

/// Everything a hub needs to start.
#[derive(Clone, Debug)]
pub struct HubConfig {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Where the ledger stands.
    pub ledger: LedgerPlace,
    /// The systems, by their id: `wms-east`.
    pub systems: BTreeMap<String, SystemConfig>,
    /// The key of whoever works with the process APIs; none on loopback only.
    pub operator_key: Option<SecretString>,
    /// Named bounds.
    pub limits: Limits,
    /// How deliveries are tried, retried and given up.
    pub delivery: DeliveryConfig,
    /// Our own X12 identity.
    pub x12: X12Identity,
    /// What the hub may decide without a person.
    pub policy: PolicyConfig,
    /// Which facility serves whom, what is split, what waits for its payment.
    pub orders: OrderPolicy,
    /// Tolerances and times of buying.
    pub purchasing: PurchasingConfig,
    /// What of the stock is compared, and what waits.
    pub stock: StockConfig,
    /// How far master data is trusted, and what input is plausible.
    pub master_data: MasterDataConfig,
    /// How fast targets are called, who is asked about exceptions, what synthetic transactions may do.
    pub declared: DeclaredConfig,
}

/// Where the ledger stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LedgerPlace {
    /// In memory: gone with the process. For tests and simulations.
    Memory,
    /// In a SQLite file.
    File(PathBuf),
}

/// One system around the hub.
#[derive(Clone, Debug)]
pub struct SystemConfig {
    /// The API contract it keeps: `wms` for `wms-east`.
    pub contract: String,
    /// Its base URL; none for a system that only sends.
    pub url: Option<String>,
    /// The bearer key, in both directions.
    pub key: Option<SecretString>,
    /// The facility that it runs.
    pub facility: Option<String>,
    /// Its X12 identity, for a trading partner.
    pub x12: Option<X12Identity>,
}

/// Who somebody is in an ISA segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct X12Identity {
    /// ISA05 or ISA07: `ZZ`.
    pub qualifier: String,
    /// ISA06 or ISA08: `CROSSDOCK`.
    pub id: String,
}

/// The bounds of everything that could grow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most bytes of a request's body.
    pub body_bytes: usize,
    /// The most bytes of a request's headers.
    pub header_bytes: usize,
    /// How long a client may take for a request's headers, then for its body; also how long a connection may idle.
    pub receive: Duration,
    /// The most events of one batch or sets of one interchange.
    pub batch_events: usize,
    /// Messages that may wait for the writer; more are answered 503 with `Retry-After`.
    pub admission_queue: usize,
    /// The most messages of one group commit.
    pub group_commit: usize,
    /// Event streams open at a time.
    pub streams: usize,
    /// Newest events kept in memory for streams; slower readers read from the ledger.
    pub stream_tail: usize,
    /// How long a stop waits for requests in flight.
    pub shutdown: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: 1 << 20,
            header_bytes: 16 << 10,
            receive: Duration::from_secs(30),
            batch_events: 1000,
            admission_queue: 4096,
            group_commit: 256,
            streams: 256,
            stream_tail: 10_000,
            shutdown: Duration::from_secs(5),
        }
    }
}

/// How deliveries are made. What these mean: `crossdock_core::TargetPolicy`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryConfig {
    /// Until a connection must stand.
    pub connect_timeout: Duration,
    /// Until the answer must be there.
    pub timeout: Duration,
    /// The ceiling of the first wait; each further one doubles it (full jitter).
    pub retry_base: Duration,
    /// The ceiling of all waits.
    pub retry_cap: Duration,
    /// Counted attempts before a dead letter.
    pub max_attempts: u32,
    /// How long a message waits for an unreachable target before it is a dead letter; none: for ever.
    pub give_up_after: Option<Duration>,
    /// Failures in a row that open a target's breaker.
    pub breaker_failures: u32,
    /// How long an open breaker lets nothing through at first …
    pub breaker_base: Duration,
    /// … and at most.
    pub breaker_cap: Duration,
    /// Calls in flight per target.
    pub in_flight: usize,
}

impl Default for DeliveryConfig {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(2),
            timeout: Duration::from_secs(10),
            retry_base: Duration::from_millis(200),
            retry_cap: Duration::from_secs(30),
            max_attempts: 8,
            give_up_after: None,
            breaker_failures: 5,
            breaker_base: Duration::from_millis(500),
            breaker_cap: Duration::from_secs(30),
            in_flight: 32,
        }
    }
}

/// What needs no person, and what is kept apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyConfig {
    /// Recommendations up to this total, in the order's currency, are approved by themselves.
    pub approve_up_to: String,
    /// Whether orders are released before the ERP gave its number.
    pub release_before_booking: bool,
    /// Products with this prefix are for synthetic transactions only.
    pub reserved_prefix: String,
    /// How long an exception or a dead letter may wait.
    pub decision_due: Duration,
    /// For how long what is over stays in memory after the last that was said of it.
    pub keep_closed: Duration,
    /// In which order facilities are asked for stock; those not named come last, by their system's id.
    pub facilities: Vec<String>,
    /// Kept back per product, at each facility.
    pub safety_stock: BTreeMap<String, String>,
}

impl Default for PolicyConfig {
    fn default() -> Self {
        Self {
            approve_up_to: "10000.00".to_owned(),
            release_before_booking: false,
            reserved_prefix: "SYN-".to_owned(),
            decision_due: Duration::from_secs(24 * 3600),
            keep_closed: Duration::from_secs(7 * 24 * 3600),
            facilities: Vec::new(),
            safety_stock: BTreeMap::new(),
        }
    }
}

/// How far master data is trusted to be complete, how old it may be, and which times are plausible.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MasterDataConfig {
    /// Products, customers, suppliers and carriers that the hub was not told of are refused.
    pub strict: bool,
    /// How old a feed may be …
    pub max_age: Duration,
    /// … and a feed of this name.
    pub max_age_of: BTreeMap<String, Duration>,
    /// How far a sender's clock may be ahead.
    pub ahead: Duration,
    /// How long ago what is reported may have happened.
    pub past: Duration,
    /// How far apart two systems may say the same movement while one shadows the other.
    pub shadow_window: Duration,
}

impl Default for MasterDataConfig {
    fn default() -> Self {
        const HOUR: u64 = 3600;
        Self {
            strict: false,
            max_age: Duration::from_secs(HOUR),
            max_age_of: BTreeMap::new(),
            ahead: Duration::from_secs(24 * HOUR),
            past: Duration::from_secs(5 * 365 * 24 * HOUR),
            shadow_window: Duration::from_secs(HOUR),
        }
    }
}

/// Tolerances of buying, in percent, and how long each step of a purchase order may take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PurchasingConfig {
    /// How much more than ordered may come in, over all receipts of a line.
    pub receipt_tolerance_percent: String,
    /// A supplier's reduction of a line up to this is accepted by rule.
    pub accept_reduction_percent: String,
    /// A billed price may differ from the ordered one by so much.
    pub price_tolerance_percent: String,
    /// What is billed above what was received may be so much, without a question.
    pub invoice_tolerance_percent: String,
    /// Currencies in which is bought; any, where none is named.
    pub currencies: Vec<String>,
    /// How much two clocks may differ.
    pub clock_uncertainty: Duration,
    /// How long each step may take; one that is not here is not watched.
    pub allowances: BTreeMap<PoMilestone, Duration>,
}

impl Default for PurchasingConfig {
    fn default() -> Self {
        let none = || "0".to_owned();
        Self {
            receipt_tolerance_percent: none(),
            accept_reduction_percent: none(),
            price_tolerance_percent: none(),
            invoice_tolerance_percent: none(),
            currencies: Vec::new(),
            clock_uncertainty: Duration::from_secs(2),
            allowances: BTreeMap::new(),
        }
    }
}

/// Which facilities number what they report, and which variances are taken without a decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StockConfig {
    /// Facilities whose systems number all that they report, without gaps.
    pub numbered: Vec<String>,
    /// How long counts, snapshots and rises of what is published wait for a missing number.
    pub hold_back: Duration,
    /// How long the movements of a position are kept one by one.
    pub history: Duration,
    /// The largest variance that needs nobody: in base units …
    pub variance_quantity: Option<String>,
    /// … in percent of the books …
    pub variance_percent: Option<String>,
    /// … and in value.
    pub variance_value: Option<String>,
    /// What a unit of a product is worth.
    pub unit_costs: BTreeMap<String, String>,
}

impl Default for StockConfig {
    fn default() -> Self {
        Self {
            numbered: Vec::new(),
            hold_back: Duration::from_secs(30),
            history: Duration::from_secs(48 * 3600),
            variance_quantity: None,
            variance_percent: None,
            variance_value: None,
            unit_costs: BTreeMap::new(),
        }
    }
}

impl HubConfig {
    /// A configuration with defaults, no systems, an in-memory ledger and a free loopback port.
    pub fn in_memory() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            ledger: LedgerPlace::Memory,
            systems: BTreeMap::new(),
            operator_key: None,
            limits: Limits::default(),
            delivery: DeliveryConfig::default(),
            x12: X12Identity { qualifier: "ZZ".to_owned(), id: "CROSSDOCK".to_owned() },
            policy: PolicyConfig::default(),
            orders: OrderPolicy::default(),
            purchasing: PurchasingConfig::default(),
            stock: StockConfig::default(),
            master_data: MasterDataConfig::default(),
            declared: DeclaredConfig::default(),
        }
    }

    /// Reads a configuration file. Keys are taken from where it says: `environment` looks up a variable.
    ///
    /// # Errors
    /// Every mistake of the file, each with its line and key.
    pub fn load(path: &Path, environment: &dyn Fn(&str) -> Option<String>) -> Result<Self, Diagnostics> {
        file::load(path, environment)
    }

    /// Reads a configuration from a text; relative paths in it start at `folder`.
    ///
    /// # Errors
    /// As [`HubConfig::load`].
    pub fn parse(
        name: &str,
        text: &str,
        folder: &Path,
        environment: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, Diagnostics> {
        file::parse(name, text, folder, environment)
    }

    /// Who would be let in without a key although the listener is open to others than this machine. Empty: it may start.
    pub(crate) fn unprotected(&self) -> Vec<String> {
        if self.listen.ip().is_loopback() {
            return Vec::new();
        }
        let operator = self.operator_key.is_none().then(|| "the operator".to_owned());
        let systems =
            self.systems.iter().filter(|(_, system)| system.key.is_none()).map(|(id, _)| format!("system `{id}`"));
        operator.into_iter().chain(systems).collect()
    }
}

impl SystemConfig {
    /// A system that keeps a contract, without address or key.
    pub fn new(contract: impl Into<String>) -> Self {
        Self { contract: contract.into(), url: None, key: None, facility: None, x12: None }
    }
}
