//! The syntax of `crossdock.toml`, and what can be wrong with one.
//! Here: reading, keys from their places, defaults, mistakes with line and key. Not here: what the values do.
//! Invariant: all mistakes that can be seen are reported at once; a key never appears in a message.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crossdock_diag::{Diagnostic, Diagnostics, SourceFile, Span};
use crossdock_model::{PoMilestone, SystemId};
use secrecy::SecretString;
use serde::Deserialize;
use toml::Spanned;

use super::orders::OrdersTable;
use super::{
    DeclaredConfig, DeliveryConfig, Exceptions, HubConfig, LedgerPlace, Limits, MasterDataConfig, Pace, PolicyConfig,
    PurchasingConfig, StockConfig, Synthetic, SystemConfig, X12Identity,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    listen: Spanned<String>,
    ledger: LedgerTable,
    operator: Option<OperatorTable>,
    #[serde(default)]
    systems: BTreeMap<String, Spanned<SystemTable>>,
    x12: Option<X12Table>,
    #[serde(default)]
    limits: LimitsTable,
    #[serde(default)]
    delivery: DeliveryTable,
    #[serde(default)]
    policy: PolicyTable,
    #[serde(default)]
    orders: OrdersTable,
    #[serde(default)]
    purchasing: PurchasingTable,
    #[serde(default)]
    stock: StockTable,
    #[serde(default)]
    master_data: MasterDataTable,
    #[serde(default)]
    pace: Pace,
    #[serde(default)]
    exceptions: Exceptions,
    #[serde(default)]
    synthetic: Synthetic,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LedgerTable {
    path: Spanned<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OperatorTable {
    key: Option<Spanned<KeyTable>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyTable {
    env: Option<String>,
    file: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SystemTable {
    contract: Option<Spanned<String>>,
    url: Option<Spanned<String>>,
    key: Option<Spanned<KeyTable>>,
    facility: Option<String>,
    x12: Option<X12Table>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct X12Table {
    qualifier: String,
    id: String,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct LimitsTable {
    body_bytes: Option<Spanned<usize>>,
    header_bytes: Option<Spanned<usize>>,
    receive_ms: Option<Spanned<u64>>,
    batch_events: Option<Spanned<usize>>,
    admission_queue: Option<Spanned<usize>>,
    group_commit: Option<Spanned<usize>>,
    streams: Option<Spanned<usize>>,
    stream_tail: Option<Spanned<usize>>,
    shutdown_ms: Option<Spanned<u64>>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct DeliveryTable {
    connect_timeout_ms: Option<Spanned<u64>>,
    timeout_ms: Option<Spanned<u64>>,
    retry_base_ms: Option<Spanned<u64>>,
    retry_cap_ms: Option<Spanned<u64>>,
    max_attempts: Option<Spanned<u32>>,
    give_up_after_ms: Option<Spanned<u64>>,
    breaker_failures: Option<Spanned<u32>>,
    breaker_base_ms: Option<Spanned<u64>>,
    breaker_cap_ms: Option<Spanned<u64>>,
    in_flight: Option<Spanned<usize>>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct PolicyTable {
    approve_up_to: Option<Spanned<String>>,
    release_before_booking: Option<bool>,
    reserved_prefix: Option<String>,
    decision_due_ms: Option<Spanned<u64>>,
    keep_closed_ms: Option<Spanned<u64>>,
    #[serde(default)]
    facilities: Vec<Spanned<String>>,
    #[serde(default)]
    safety_stock: BTreeMap<String, Spanned<String>>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct MasterDataTable {
    strict: Option<bool>,
    max_age_ms: Option<Spanned<u64>>,
    #[serde(default)]
    max_age_by_feed_ms: BTreeMap<String, Spanned<u64>>,
    ahead_ms: Option<Spanned<u64>>,
    past_ms: Option<Spanned<u64>>,
    shadow_window_ms: Option<Spanned<u64>>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct StockTable {
    #[serde(default)]
    numbered: Vec<Spanned<String>>,
    hold_back_ms: Option<Spanned<u64>>,
    history_ms: Option<Spanned<u64>>,
    #[serde(default)]
    variance: VarianceTable,
    #[serde(default)]
    unit_costs: BTreeMap<String, Spanned<String>>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct VarianceTable {
    quantity: Option<Spanned<String>>,
    percent: Option<Spanned<String>>,
    value: Option<Spanned<String>>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct PurchasingTable {
    receipt_tolerance_percent: Option<Spanned<String>>,
    accept_reduction_percent: Option<Spanned<String>>,
    price_tolerance_percent: Option<Spanned<String>>,
    invoice_tolerance_percent: Option<Spanned<String>>,
    #[serde(default)]
    currencies: Vec<String>,
    clock_uncertainty_ms: Option<u64>,
    #[serde(default)]
    allowances_ms: AllowancesTable,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct AllowancesTable {
    sent: Option<Spanned<u64>>,
    supplier_ack: Option<Spanned<u64>>,
    ship_notice: Option<Spanned<u64>>,
    arrival: Option<Spanned<u64>>,
    receipt: Option<Spanned<u64>>,
    quality: Option<Spanned<u64>>,
    invoice: Option<Spanned<u64>>,
}

type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

pub(super) fn load(path: &Path, environment: Environment<'_>) -> Result<HubConfig, Diagnostics> {
    let name = path.display().to_string();
    let bytes = std::fs::read(path)
        .map_err(|error| Diagnostic::error("config::unreadable", format!("cannot read {name}: {error}")))?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        Diagnostic::error("config::not_utf8", format!("{name} is not UTF-8 from byte {at} on"))
    })?;
    parse(&name, &text, path.parent().unwrap_or(Path::new("")), environment)
}

pub(super) fn parse(
    name: &str,
    text: &str,
    folder: &Path,
    environment: Environment<'_>,
) -> Result<HubConfig, Diagnostics> {
    let source = SourceFile::new(name, text);
    let file: File = toml::from_str(text).map_err(|error| syntax(&source, &error))?;
    let mut reader = Reader { source, folder, environment, found: Diagnostics::new() };
    let config = reader.config(file);
    reader.found.into_result(config)
}

/// What `toml` found: it stops at the first.
fn syntax(source: &Arc<SourceFile>, error: &toml::de::Error) -> Diagnostic {
    let span = error.span().unwrap_or(0..0);
    let message = error.message().trim_end_matches('.').to_owned();
    // serde's own list of what is allowed makes the suggestion.
    let help = message.split_once("unknown field `").and_then(|(_, rest)| {
        let (word, rest) = rest.split_once('`')?;
        let known: Vec<&str> = rest.split('`').skip(1).step_by(2).collect();
        crossdock_diag::did_you_mean(word, known).map(|hit| format!("did you mean `{hit}`?"))
    });
    Diagnostic::error("config::syntax", message).at(source, Span::new(span.start, span.end), "").maybe_help(help)
}

pub(super) struct Reader<'a> {
    source: Arc<SourceFile>,
    folder: &'a Path,
    environment: Environment<'a>,
    found: Diagnostics,
}

impl Reader<'_> {
    fn config(&mut self, file: File) -> HubConfig {
        let listen_span = span(&file.listen);
        let listen = self.listen(&file.listen);
        let operator_key = file.operator.and_then(|operator| operator.key).and_then(|key| self.key(&key));
        let systems: BTreeMap<String, SystemConfig> =
            file.systems.into_iter().map(|(id, table)| (id.clone(), self.system(&id, table))).collect();
        let policy = self.policy(file.policy, &systems);
        let stock = self.stock(file.stock, &systems);
        let orders = self.orders(file.orders, &systems);
        let config = HubConfig {
            listen,
            ledger: self.ledger(&file.ledger.path),
            systems,
            operator_key,
            limits: self.limits(file.limits),
            delivery: self.delivery(file.delivery),
            x12: identity(file.x12).unwrap_or_else(|| HubConfig::in_memory().x12),
            policy,
            orders,
            purchasing: self.purchasing(file.purchasing),
            stock,
            master_data: self.master_data(file.master_data),
            declared: DeclaredConfig { pace: file.pace, exceptions: file.exceptions, synthetic: file.synthetic },
        };
        if !self.found.has_errors() && !config.unprotected().is_empty() {
            self.found.push(
                Diagnostic::error(
                    "config::unprotected",
                    format!(
                        "{} is open to other machines, and no key protects {}",
                        config.listen,
                        config.unprotected().join(", ")
                    ),
                )
                .at(&self.source, listen_span, "not a loopback address")
                .help("give each of them a `key`, or listen on 127.0.0.1"),
            );
        }
        config
    }

    fn listen(&mut self, value: &Spanned<String>) -> SocketAddr {
        value.as_ref().parse().unwrap_or_else(|_| {
            self.mistake("listen", span(value), format!("`{}` is not an address with a port", value.as_ref()))
                .help("for example 127.0.0.1:7100")
                .file();
            HubConfig::in_memory().listen
        })
    }

    fn ledger(&mut self, path: &Spanned<String>) -> LedgerPlace {
        match path.as_ref().as_str() {
            ":memory:" => LedgerPlace::Memory,
            "" => {
                self.mistake("ledger.path", span(path), "the path is empty".to_owned()).file();
                LedgerPlace::Memory
            }
            text => LedgerPlace::File(self.folder.join(text)),
        }
    }

    fn system(&mut self, id: &str, table: Spanned<SystemTable>) -> SystemConfig {
        let at = span(&table);
        if let Err(error) = id.parse::<SystemId>() {
            self.mistake(&format!("systems.{id}"), at, format!("`{id}` is no system id: {error}")).file();
        } else if id == "hub" {
            self.mistake("systems.hub", at, "`hub` is the hub's own name".to_owned()).file();
        }
        let table = table.into_inner();
        let url = table.url.and_then(|url| {
            let text = url.as_ref().clone();
            if text.starts_with("http://") || text.starts_with("https://") {
                return Some(text);
            }
            self.mistake(&format!("systems.{id}.url"), span(&url), format!("`{text}` is no http or https URL")).file();
            None
        });
        let key = table.key.and_then(|key| self.key(&key));
        // `wms-east` keeps the contract `wms`, unless it says otherwise.
        let contract =
            table.contract.map_or_else(|| id.split('-').next().unwrap_or(id).to_owned(), Spanned::into_inner);
        SystemConfig { contract, url, key, facility: table.facility, x12: identity(table.x12) }
    }

    fn key(&mut self, key: &Spanned<KeyTable>) -> Option<SecretString> {
        let at = span(key);
        let text = match (&key.as_ref().env, &key.as_ref().file) {
            (Some(name), None) => {
                let Some(value) = (self.environment)(name) else {
                    self.mistake("key", at, format!("the environment variable {name} is not set"))
                        .help(format!("set it before the start: export {name}=…"))
                        .file();
                    return None;
                };
                value
            }
            (None, Some(path)) => {
                let path: PathBuf = self.folder.join(path);
                match std::fs::read_to_string(&path) {
                    Ok(text) => text,
                    Err(error) => {
                        self.mistake("key", at, format!("cannot read the key from {}: {error}", path.display())).file();
                        return None;
                    }
                }
            }
            _ => {
                self.mistake("key", at, "a key comes from exactly one place: `env` or `file`".to_owned()).file();
                return None;
            }
        };
        let text = text.trim();
        // An empty key would let everybody in who sends `Bearer` and nothing else.
        if text.len() < 8 || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            self.mistake(
                "key",
                at,
                "the key is shorter than 8 characters, or has others than visible ASCII".to_owned(),
            )
            .file();
            return None;
        }
        Some(SecretString::from(text.to_owned()))
    }

    fn limits(&mut self, table: LimitsTable) -> Limits {
        let usual = Limits::default();
        Limits {
            body_bytes: self.positive("limits.body_bytes", table.body_bytes, usual.body_bytes),
            header_bytes: self.positive("limits.header_bytes", table.header_bytes, usual.header_bytes),
            receive: self.duration("limits.receive_ms", table.receive_ms, usual.receive),
            batch_events: self.positive("limits.batch_events", table.batch_events, usual.batch_events),
            admission_queue: self.positive("limits.admission_queue", table.admission_queue, usual.admission_queue),
            group_commit: self.positive("limits.group_commit", table.group_commit, usual.group_commit),
            streams: self.positive("limits.streams", table.streams, usual.streams),
            stream_tail: self.positive("limits.stream_tail", table.stream_tail, usual.stream_tail),
            shutdown: self.duration("limits.shutdown_ms", table.shutdown_ms, usual.shutdown),
        }
    }

    fn delivery(&mut self, table: DeliveryTable) -> DeliveryConfig {
        let usual = DeliveryConfig::default();
        DeliveryConfig {
            connect_timeout: self.duration(
                "delivery.connect_timeout_ms",
                table.connect_timeout_ms,
                usual.connect_timeout,
            ),
            timeout: self.duration("delivery.timeout_ms", table.timeout_ms, usual.timeout),
            retry_base: self.duration("delivery.retry_base_ms", table.retry_base_ms, usual.retry_base),
            retry_cap: self.duration("delivery.retry_cap_ms", table.retry_cap_ms, usual.retry_cap),
            max_attempts: self.positive("delivery.max_attempts", table.max_attempts, usual.max_attempts),
            give_up_after: table
                .give_up_after_ms
                .map(|value| self.duration("delivery.give_up_after_ms", Some(value), Duration::ZERO)),
            breaker_failures: self.positive(
                "delivery.breaker_failures",
                table.breaker_failures,
                usual.breaker_failures,
            ),
            breaker_base: self.duration("delivery.breaker_base_ms", table.breaker_base_ms, usual.breaker_base),
            breaker_cap: self.duration("delivery.breaker_cap_ms", table.breaker_cap_ms, usual.breaker_cap),
            in_flight: self.positive("delivery.in_flight", table.in_flight, usual.in_flight),
        }
    }

    fn policy(&mut self, table: PolicyTable, systems: &BTreeMap<String, SystemConfig>) -> PolicyConfig {
        let usual = PolicyConfig::default();
        let decision_due = self.duration("policy.decision_due_ms", table.decision_due_ms, usual.decision_due);
        let keep_closed = self.duration("policy.keep_closed_ms", table.keep_closed_ms, usual.keep_closed);
        for name in &table.facilities {
            if !systems.values().any(|system| system.facility.as_ref() == Some(name.as_ref())) {
                let text = format!("no system has the facility `{}`", name.as_ref());
                self.mistake("policy.facilities", span(name), text).file();
            }
        }
        let safety_stock = table
            .safety_stock
            .into_iter()
            .map(|(product, value)| (product, self.decimal("policy.safety_stock", value)))
            .collect();
        PolicyConfig {
            approve_up_to: table
                .approve_up_to
                .map_or(usual.approve_up_to, |value| self.decimal("policy.approve_up_to", value)),
            release_before_booking: table.release_before_booking.unwrap_or(usual.release_before_booking),
            reserved_prefix: table.reserved_prefix.unwrap_or(usual.reserved_prefix),
            decision_due,
            keep_closed,
            facilities: table.facilities.into_iter().map(Spanned::into_inner).collect(),
            safety_stock,
        }
    }

    fn master_data(&mut self, table: MasterDataTable) -> MasterDataConfig {
        let usual = MasterDataConfig::default();
        let of_feed = table.max_age_by_feed_ms.into_iter().map(|(feed, value)| {
            let key = format!("master_data.max_age_by_feed_ms.{feed}");
            (feed, self.duration(&key, Some(value), Duration::ZERO))
        });
        MasterDataConfig {
            strict: table.strict.unwrap_or(usual.strict),
            max_age_of: of_feed.collect(),
            max_age: self.duration("master_data.max_age_ms", table.max_age_ms, usual.max_age),
            ahead: self.duration("master_data.ahead_ms", table.ahead_ms, usual.ahead),
            past: self.duration("master_data.past_ms", table.past_ms, usual.past),
            shadow_window: self.duration("master_data.shadow_window_ms", table.shadow_window_ms, usual.shadow_window),
        }
    }

    fn stock(&mut self, table: StockTable, systems: &BTreeMap<String, SystemConfig>) -> StockConfig {
        let usual = StockConfig::default();
        for name in &table.numbered {
            if !systems.values().any(|system| system.facility.as_ref() == Some(name.as_ref())) {
                let text = format!("no system has the facility `{}`", name.as_ref());
                self.mistake("stock.numbered", span(name), text).file();
            }
        }
        let costs = table.unit_costs.into_iter();
        let costs = costs.map(|(product, value)| (product, self.decimal("stock.unit_costs", value))).collect();
        let mut limit = |key: &str, value: Option<Spanned<String>>| {
            value.map(|value| self.decimal(&format!("stock.variance.{key}"), value))
        };
        StockConfig {
            variance_quantity: limit("quantity", table.variance.quantity),
            variance_percent: limit("percent", table.variance.percent),
            variance_value: limit("value", table.variance.value),
            numbered: table.numbered.into_iter().map(Spanned::into_inner).collect(),
            hold_back: self.duration("stock.hold_back_ms", table.hold_back_ms, usual.hold_back),
            history: self.duration("stock.history_ms", table.history_ms, usual.history),
            unit_costs: costs,
        }
    }

    fn purchasing(&mut self, table: PurchasingTable) -> PurchasingConfig {
        let usual = PurchasingConfig::default();
        let mut percent = |key: &str, value: Option<Spanned<String>>| {
            value.map_or_else(|| "0".to_owned(), |value| self.decimal(&format!("purchasing.{key}"), value))
        };
        let mut config = PurchasingConfig {
            receipt_tolerance_percent: percent("receipt_tolerance_percent", table.receipt_tolerance_percent),
            accept_reduction_percent: percent("accept_reduction_percent", table.accept_reduction_percent),
            price_tolerance_percent: percent("price_tolerance_percent", table.price_tolerance_percent),
            invoice_tolerance_percent: percent("invoice_tolerance_percent", table.invoice_tolerance_percent),
            currencies: table.currencies,
            clock_uncertainty: table.clock_uncertainty_ms.map_or(usual.clock_uncertainty, Duration::from_millis),
            allowances: BTreeMap::new(),
        };
        let steps = table.allowances_ms;
        let steps = [
            (PoMilestone::Sent, steps.sent),
            (PoMilestone::SupplierAck, steps.supplier_ack),
            (PoMilestone::ShipNotice, steps.ship_notice),
            (PoMilestone::Arrival, steps.arrival),
            (PoMilestone::Receipt, steps.receipt),
            (PoMilestone::Quality, steps.quality),
            (PoMilestone::Invoice, steps.invoice),
        ];
        for (step, value) in steps.into_iter().filter(|(_, value)| value.is_some()) {
            let key = format!("purchasing.allowances_ms.{}", step.as_str());
            config.allowances.insert(step, self.duration(&key, value, Duration::ZERO));
        }
        config
    }

    fn decimal(&mut self, key: &str, value: Spanned<String>) -> String {
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let (whole, rest) = value.as_ref().split_once('.').unwrap_or((value.as_ref(), "0"));
        if !digits(whole) || !digits(rest) || value.as_ref().len() > 20 {
            self.mistake(key, span(&value), format!("`{}` is no amount of 0 or more", value.as_ref()))
                .help("amounts are texts, for example \"10000.00\"")
                .file();
        }
        value.into_inner()
    }

    pub(super) fn positive<T: Copy + PartialEq + Default>(
        &mut self,
        key: &str,
        value: Option<Spanned<T>>,
        usual: T,
    ) -> T {
        let Some(value) = value else { return usual };
        if *value.as_ref() == T::default() {
            self.mistake(key, span(&value), format!("`{key}` must be above 0")).file();
        }
        value.into_inner()
    }

    pub(super) fn duration(&mut self, key: &str, value: Option<Spanned<u64>>, usual: Duration) -> Duration {
        Duration::from_millis(self.positive(key, value, usual.as_millis() as u64))
    }

    pub(super) fn mistake(&mut self, key: &str, at: Span, message: String) -> Mistake<'_> {
        let diagnostic = Diagnostic::error("config::value", message).at(&self.source, at, format!("at `{key}`"));
        Mistake { found: &mut self.found, diagnostic }
    }
}

/// A mistake that may get a sentence of help before it is filed.
#[must_use]
pub(super) struct Mistake<'a> {
    found: &'a mut Diagnostics,
    diagnostic: Diagnostic,
}

impl Mistake<'_> {
    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.diagnostic = self.diagnostic.help(help);
        self
    }

    pub(super) fn file(self) {
        self.found.push(self.diagnostic);
    }
}

pub(super) fn span<T>(value: &Spanned<T>) -> Span {
    let range = value.span();
    Span::new(range.start, range.end)
}

fn identity(table: Option<X12Table>) -> Option<X12Identity> {
    table.map(|table| X12Identity { qualifier: table.qualifier, id: table.id })
}
