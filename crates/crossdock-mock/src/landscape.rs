//! All simulated systems of a folder, loaded and running.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crossdock_contract::Contracts;
use crossdock_diag::{Diagnostic, Diagnostics, Document, Folder, Limits};
use crossdock_model::SystemId;
use reqwest::Url;
use secrecy::SecretString;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::declaration::Declaration;
use crate::dice::Dice;
use crate::faults::{FaultFile, Switches};
use crate::shell::emitter::Emitter;
use crate::shell::routes::RouteTable;
use crate::shell::serve::{Keys, Served, router};
use crate::shell::station::Station;
use crate::shell::{keeper, outbox};

/// How long running answers may take to finish at shutdown.
const GRACE: Duration = Duration::from_secs(2);
/// The name of the file that declares faults; every other file of the folder declares a system.
const FAULTS: &str = "faults.yaml";
/// Keys that open every system, beside its own.
const MASTER_KEYS: [&str; 2] = ["hub", "operator"];

/// The simulated systems of a folder, checked and ready to start.
#[derive(Clone, Debug)]
pub struct Landscape {
    declarations: BTreeMap<SystemId, Declaration>,
    faults: Arc<FaultFile>,
    contracts: Arc<Contracts>,
}

/// How to start a landscape.
#[derive(Clone, Debug, Default)]
pub struct StartOptions {
    /// Where the hub is; `None` if that is not known yet ([`RunningLandscape::set_hub`]).
    pub hub: Option<Url>,
    /// A bearer key a system: callers show it to the system, the system shows it to the hub. The keys of `hub` and
    /// `operator`, where given, open every system too.
    pub keys: BTreeMap<SystemId, SecretString>,
    /// Where the systems listen.
    pub ports: Ports,
    /// Only these systems; `None` for all.
    pub only: Option<Vec<SystemId>>,
}

/// Where the systems listen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Ports {
    /// As declared.
    #[default]
    Declared,
    /// On free ports of the loopback interface.
    Free,
    /// Here; a system that is not named, on a free port. For a restart at the same addresses.
    At(BTreeMap<SystemId, SocketAddr>),
}

/// Why a landscape did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A system that is not declared.
    #[error("no simulated system `{system}`; declared are {known}")]
    UnknownSystem {
        /// The one that was asked for.
        system: SystemId,
        /// Those that there are.
        known: String,
    },
    /// A system without a key.
    #[error("`{system}` has no key: it would be open to everybody")]
    MissingKey {
        /// The system.
        system: SystemId,
    },
    /// An address that cannot be listened on.
    #[error("`{system}` cannot listen on {address}")]
    Listen {
        /// The system.
        system: SystemId,
        /// The address.
        address: SocketAddr,
        /// Why not; port in use, mostly.
        source: std::io::Error,
    },
    /// The HTTP client could not be made.
    #[error("no HTTP client for events to the hub")]
    Client(#[source] reqwest::Error),
}

impl Landscape {
    /// Reads a folder of declarations, reporting all mistakes of all files at once.
    pub fn load(dir: &Path, contracts: Arc<Contracts>) -> Result<Self, Diagnostics> {
        let (folder, mut wrong) = Folder::read(dir, &Limits::default());
        let mut declarations = BTreeMap::new();
        let mut fault_document = None;
        for (path, document) in folder.documents {
            if path == FAULTS {
                fault_document = Some(document);
                continue;
            }
            match Declaration::read(&document) {
                Ok(declaration) => match identify(&document, &declaration, &contracts) {
                    Ok(system) => {
                        if declarations.insert(system, declaration).is_some() {
                            wrong.push(at_system(&document, "mock::system_twice", "this system is declared twice"));
                        }
                    }
                    Err(diagnostic) => wrong.push(*diagnostic),
                },
                Err(more) => wrong.extend(more),
            }
        }
        let known: Vec<String> = declarations.keys().map(ToString::to_string).collect();
        let faults = match fault_document.map(|document| FaultFile::read(&document, &known)) {
            Some(Ok(faults)) => faults,
            Some(Err(more)) => {
                wrong.extend(more);
                FaultFile::none()
            }
            None => FaultFile::none(),
        };
        if declarations.is_empty() && !wrong.has_errors() {
            wrong.push(
                Diagnostic::error("mock::no_systems", format!("{} declares no simulated system", dir.display()))
                    .help("one file a system, see mocks/README.md"),
            );
        }
        wrong.into_result(()).map(|()| Self { declarations, faults: Arc::new(faults), contracts })
    }

    /// The declared systems and where they listen unless told otherwise.
    pub fn systems(&self) -> impl Iterator<Item = (&SystemId, SocketAddr)> {
        self.declarations.iter().map(|(system, declaration)| (system, declaration.listen))
    }

    /// What is declared of a system.
    #[must_use]
    pub fn declaration(&self, system: &SystemId) -> Option<&Declaration> {
        self.declarations.get(system)
    }

    /// The declared faults.
    #[must_use]
    pub fn faults(&self) -> &FaultFile {
        &self.faults
    }

    /// Starts the systems. Either all of them run, or none.
    ///
    /// The process must have installed a TLS provider (`rustls::crypto::CryptoProvider::install_default`) before.
    pub async fn start(&self, options: StartOptions) -> Result<RunningLandscape, StartError> {
        let chosen: Vec<&SystemId> = match &options.only {
            None => self.declarations.keys().collect(),
            Some(only) => only.iter().collect(),
        };
        let client =
            reqwest::Client::builder().pool_max_idle_per_host(4).no_proxy().build().map_err(StartError::Client)?;
        let (hub, hub_seen) = watch::channel(options.hub.clone());
        let (stop, stopped) = watch::channel(false);
        let mut prepared = Vec::new();
        for system in chosen {
            let declaration = self.declarations.get(system).ok_or_else(|| StartError::UnknownSystem {
                system: system.clone(),
                known: self.declarations.keys().map(SystemId::as_str).collect::<Vec<_>>().join(", "),
            })?;
            let keys = keys_of(system, &options.keys)?;
            let address = address_of(system, declaration, &options.ports);
            let listener = TcpListener::bind(address).await.map_err(|source| StartError::Listen {
                system: system.clone(),
                address,
                source,
            })?;
            let address = listener.local_addr().map_err(|source| StartError::Listen {
                system: system.clone(),
                address,
                source,
            })?;
            prepared.push((system.clone(), declaration.clone(), keys, listener, address));
        }
        // Nothing is told to anybody before every system has its address.
        let mut tasks = JoinSet::new();
        let mut running = BTreeMap::new();
        let mut addresses = BTreeMap::new();
        for (system, declaration, keys, listener, address) in prepared {
            let api = self.contracts.api_of(system.as_str());
            let routes = api.map(RouteTable::of).unwrap_or_default();
            let key = options.keys.get(&system).cloned().unwrap_or_else(|| SecretString::from(String::new()));
            let station = Station::new(declaration, Arc::clone(&self.faults));
            let served = Arc::new(Served { station: Arc::clone(&station), keys });
            let emitter = Emitter {
                system: system.to_string(),
                key,
                client: client.clone(),
                hub: hub_seen.clone(),
                outbox: Arc::clone(&station.outbox),
                dice: Dice::new(station.seed(), &format!("pauses of {system}")),
            };
            tasks.spawn(emitter.run());
            tasks.spawn({
                let station = Arc::clone(&station);
                async move { station.run_agenda().await }
            });
            tasks.spawn(keeper::keep(listener, address, router(&served, routes), station.refusing(), stopped.clone()));
            addresses.insert(system.clone(), address);
            running.insert(system, station);
        }
        Ok(RunningLandscape { addresses, stations: running, hub, stop, tasks })
    }
}

/// Simulated systems that run until shut down or dropped.
pub struct RunningLandscape {
    /// Where each system listens.
    pub addresses: BTreeMap<SystemId, SocketAddr>,
    stations: BTreeMap<SystemId, Arc<Station>>,
    hub: watch::Sender<Option<Url>>,
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

impl RunningLandscape {
    /// Where the hub is from now on. What could not be delivered elsewhere goes there.
    pub fn set_hub(&self, hub: Url) {
        self.hub.send_replace(Some(hub));
    }

    /// What a system knows, as `GET /_mock/state` shows it.
    #[must_use]
    pub fn state(&self, system: &SystemId) -> Option<Value> {
        self.stations.get(system).map(|station| station.state())
    }

    /// Switches faults of a system, as `PUT /_mock/faults` does. `None` if there is no such system.
    pub fn switch(&self, system: &SystemId, switches: &Switches) -> Option<Result<Value, String>> {
        self.stations.get(system).map(|station| station.switch(switches))
    }

    /// How many events and interchanges the hub has taken, refused, and has yet to take, over all systems.
    #[must_use]
    pub fn told(&self) -> Told {
        self.stations.values().map(|station| station.outbox.view()).fold(
            Told::default(),
            |sum, view: outbox::OutboxView| Told {
                delivered: sum.delivered + view.delivered,
                refused: sum.refused + view.refused,
                waiting: sum.waiting + view.waiting as u64,
            },
        )
    }

    /// Waits until the hub has everything that was said up to now.
    pub async fn all_told(&self) {
        for station in self.stations.values() {
            station.outbox.empty().await;
        }
    }

    /// Stops all systems: running answers finish (for a while), then the addresses are free again.
    ///
    /// Events that the hub has not taken are lost with the systems' memory, as in a crash.
    pub async fn shutdown(mut self) {
        self.stop.send_replace(true);
        let graceful = async {
            // Emitters and agendas never end by themselves; the doors do.
            while self.tasks.len() > 2 * self.stations.len() && self.tasks.join_next().await.is_some() {}
        };
        drop(tokio::time::timeout(GRACE, graceful).await);
        self.tasks.shutdown().await;
    }
}

/// What the hub was told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// Taken by the hub.
    pub delivered: u64,
    /// Refused by the hub for good.
    pub refused: u64,
    /// Not taken yet.
    pub waiting: u64,
}

fn identify(
    document: &Document,
    declaration: &Declaration,
    contracts: &Contracts,
) -> Result<SystemId, Box<Diagnostic>> {
    let system: SystemId = declaration.system.parse().map_err(|error: crossdock_model::IdError| {
        Box::new(at_system(document, "mock::bad_system", &error.to_string()))
    })?;
    if contracts.api_of(&declaration.system).is_none() {
        let message = format!("no contract says what `{system}` answers to");
        return Err(Box::new(
            at_system(document, "mock::no_contract", &message)
                .help("contracts/catalog.yaml names the systems that implement an API, under `implemented_by`"),
        ));
    }
    Ok(system)
}

fn at_system(document: &Document, code: &'static str, message: &str) -> Diagnostic {
    Diagnostic::error(code, message).at(&document.file, document.root.nearest("/system").span, "declared here")
}

fn keys_of(system: &SystemId, keys: &BTreeMap<SystemId, SecretString>) -> Result<Keys, StartError> {
    if !keys.contains_key(system) {
        return Err(StartError::MissingKey { system: system.clone() });
    }
    let opens = |owner: &SystemId| owner == system || MASTER_KEYS.contains(&owner.as_str());
    let (own, others): (Vec<_>, Vec<_>) = keys.iter().partition(|(owner, _)| opens(owner));
    let secrets = |keys: Vec<(&SystemId, &SecretString)>| keys.into_iter().map(|(_, key)| key.clone()).collect();
    Ok(Keys { own: secrets(own), others: secrets(others) })
}

fn address_of(system: &SystemId, declaration: &Declaration, ports: &Ports) -> SocketAddr {
    let free = SocketAddr::from(([127, 0, 0, 1], 0));
    match ports {
        Ports::Declared => declaration.listen,
        Ports::Free => free,
        Ports::At(addresses) => addresses.get(system).copied().unwrap_or(free),
    }
}
