//! The service: its parts, put together, started and stopped.
//! Here: the order of things. Not here: what each of them does.
//! Invariant: it listens before it reads the ledger, so that a port in use is said at once; it takes requests only when the fold is done.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread;

use crossdock_connector::{Connector, Target};
use crossdock_contract::Contracts;
use crossdock_edi::Guide;
use crossdock_ledger::{Ledger, MemoryLedger, SqliteLedger};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;

use crate::archive::{Archive, READERS};
use crate::config::{HubConfig, LedgerPlace};
use crate::delivery::Courier;
use crate::engine::{Engine, Parts};
use crate::feed::Feed;
use crate::http::auth::Keys;
use crate::http::{App, router, server};
use crate::metrics::Metrics;
use crate::{HubError, policy, signals};

/// The hub. There is nothing to it but its start.
#[derive(Debug)]
pub struct Hub;

/// A hub that runs.
pub struct RunningHub {
    address: SocketAddr,
    pub(crate) app: Arc<App>,
    server: JoinHandle<()>,
    writer: thread::JoinHandle<()>,
}

impl Hub {
    /// Listens where the configuration says and starts. Call it inside a tokio runtime.
    ///
    /// # Errors
    /// What is wrong with the configuration, the contracts, the port or the ledger.
    pub async fn start(config: HubConfig, contracts: Arc<Contracts>) -> Result<RunningHub, HubError> {
        check(&config)?;
        let address = config.listen;
        let listener = TcpListener::bind(address).await.map_err(|source| match source.kind() {
            std::io::ErrorKind::AddrInUse => HubError::PortInUse { address },
            _ => HubError::Listen { address, source },
        })?;
        Self::start_on(listener, config, contracts).await
    }

    /// Starts with a listener that is bound already: for whoever has to know the address before the systems around are started.
    ///
    /// # Errors
    /// As [`Hub::start`].
    pub async fn start_on(
        listener: TcpListener,
        mut config: HubConfig,
        contracts: Arc<Contracts>,
    ) -> Result<RunningHub, HubError> {
        let listen = config.listen;
        let address = listener.local_addr().map_err(|source| HubError::Listen { address: listen, source })?;
        config.listen = address;
        check(&config)?;
        let config = Arc::new(config);
        let policy = Arc::new(policy::policy(&config, contracts.ownership())?);
        let guides: Vec<Guide> = contracts.guides().values().cloned().collect();
        let connector = Connector::new(Arc::clone(&contracts), targets(&config))?;

        let mut ledger: Box<dyn Ledger> = match &config.ledger {
            LedgerPlace::Memory => Box::new(MemoryLedger::new()),
            LedgerPlace::File(path) => Box::new(SqliteLedger::open(path)?),
        };
        let readers: Result<Vec<_>, _> = (0..READERS).map(|_| ledger.reader()).collect();
        let archive = Archive::new(readers?);
        let feed = Arc::new(Feed::new(config.limits.stream_tail, ledger.head()?));
        let metrics = Arc::new(Metrics::default());

        let courier = Arc::new(Courier::new(
            connector,
            guides.clone(),
            archive.clone(),
            Arc::clone(&config),
            Arc::clone(&metrics),
        ));
        let runtime = tokio::runtime::Handle::current();
        let signals = signals::measured(contracts.slas(), &policy);
        let parts = Parts {
            policy,
            signals: signals.clone(),
            ledger,
            feed: Arc::clone(&feed),
            metrics: Arc::clone(&metrics),
            send: Box::new(move |attempt, outcomes| {
                let courier = Arc::clone(&courier);
                // The task ends by itself, at the latest with the target's time-out; its end is told to the writer.
                drop(runtime.spawn(async move { courier.deliver(attempt, outcomes).await }));
            }),
            queue: config.limits.admission_queue,
            group_commit: config.limits.group_commit,
        };
        // Reading a long ledger takes a while, and it is no work for an async thread.
        let started = tokio::task::spawn_blocking(move || Engine::start(parts)).await;
        let (engine, writer) =
            started.map_err(|error| HubError::Config(format!("the fold of the ledger failed: {error}")))??;

        let app = Arc::new(App {
            keys: Keys::of(&config),
            guides,
            engine,
            feed,
            archive,
            metrics,
            streams: Arc::new(Semaphore::new(config.limits.streams)),
            signals,
            replays: Semaphore::new(1),
            stop: watch::Sender::new(false),
            contracts,
            config,
        });
        let server = serve(listener, &app);
        tracing::info!(%address, "the hub takes facts");
        Ok(RunningHub { address, app, server, writer })
    }
}

impl RunningHub {
    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.address
    }

    /// Its URL.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Returns when the hub has died of a defect: its process should end, and say so. Otherwise it waits for ever.
    pub async fn died(&self) {
        self.app.engine.died().await;
    }

    /// Stops: no new requests, those in flight end (up to the configured time), what they handed in becomes durable. Deliveries in
    /// flight are given up; they are owed in the ledger and tried again after the next start.
    pub async fn shutdown(self) {
        self.app.stop.send_replace(true);
        let aborter = self.server.abort_handle();
        if tokio::time::timeout(self.app.config.limits.shutdown, self.server).await.is_err() {
            tracing::warn!("requests in flight were cut off");
            aborter.abort();
        }
        self.app.engine.stop();
        let writer = self.writer;
        if !matches!(tokio::task::spawn_blocking(move || writer.join()).await, Ok(Ok(()))) {
            tracing::error!("the writer did not end well");
        }
    }
}

impl std::fmt::Debug for RunningHub {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RunningHub").field("address", &self.address).finish_non_exhaustive()
    }
}

fn check(config: &HubConfig) -> Result<(), HubError> {
    let unprotected = config.unprotected();
    if unprotected.is_empty() {
        return Ok(());
    }
    Err(HubError::Unprotected { listen: config.listen, who: unprotected.join(", ") })
}

fn serve(listener: TcpListener, app: &Arc<App>) -> JoinHandle<()> {
    let (app, stop) = (Arc::clone(app), app.stop.subscribe());
    tokio::spawn(async move {
        let limits = app.config.limits.clone();
        server::serve(listener, router(app), &limits, stop).await;
    })
}

fn targets(config: &HubConfig) -> BTreeMap<String, Target> {
    let target = |(id, system): (&String, &crate::SystemConfig)| {
        let mut target = Target::new(system.contract.as_str(), system.url.clone()?, system.key.clone());
        target.connect_timeout = config.delivery.connect_timeout;
        target.timeout = config.delivery.timeout;
        Some((id.clone(), target))
    };
    config.systems.iter().filter_map(target).collect()
}
