//! The built-in landscape: every simulated system and a hub, on free loopback ports, in a temporary folder.
//! Here: starting, killing, restarting and stopping it. Not here: what is shown with it (`demo`).
//! Invariant: the hub is a process of its own, the same program a person runs; it ends with its parent in any case.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use crossdock_contract::Contracts;
use crossdock_mock::{Landscape as Mocks, Ports, RunningLandscape, StartOptions, Url};
use crossdock_model::SystemId;
use crossdock_scenario::Environment;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use super::{keys, serve};
use crate::embedded;
use crate::exit::Failure;

/// How long the hub may take to listen: a refold of its ledger is in it.
const START_WITHIN: Duration = Duration::from_secs(20);

/// The landscape while it runs.
pub(crate) struct Landscape {
    folder: TempDir,
    contracts: Arc<Contracts>,
    keys: BTreeMap<String, String>,
    mocks: RunningLandscape,
    hub: Child,
    hub_address: SocketAddr,
}

impl Landscape {
    /// Unpacks the built-in folders and starts everything. Whatever is started ends when this is dropped.
    pub(crate) async fn start() -> Result<Self, Failure> {
        let folder = tempfile::Builder::new().prefix("crossdock-").tempdir();
        let folder = folder.map_err(|error| Failure::chain("no temporary folder can be made", &error))?;
        let unpack = |dir, name: &str| embedded::unpack(dir, &folder.path().join(name));
        unpack(&embedded::CONTRACTS, "contracts")
            .and_then(|()| unpack(&embedded::MOCKS, "mocks"))
            .and_then(|()| unpack(&embedded::SCENARIOS, "scenarios"))
            .map_err(|error| Failure::chain("the built-in folders cannot be written", &error))?;
        let contracts = Arc::new(Contracts::load(&folder.path().join("contracts"))?);
        let mocks = Mocks::load(&folder.path().join("mocks"), Arc::clone(&contracts))?;
        let mut keys: BTreeMap<String, String> =
            mocks.systems().map(|(system, _)| (system.to_string(), keys::new_key())).collect();
        keys.insert("operator".to_owned(), keys::new_key());
        let bearers =
            keys.iter().filter_map(|(system, key)| Some((system.parse::<SystemId>().ok()?, key.clone().into())));
        let mocks = mocks
            .start(StartOptions { hub: None, keys: bearers.collect(), ports: Ports::Free, only: None })
            .await
            .map_err(|error| Failure::chain("the simulated systems do not start", &error))?;
        let config = folder.path().join("crossdock.toml");
        let write = |listen: &str| std::fs::write(&config, configuration(listen, &mocks.addresses));
        write("127.0.0.1:0").map_err(|error| Failure::chain("the configuration cannot be written", &error))?;
        let (hub, hub_address) = start_hub(folder.path(), &keys).await?;
        // A restart listens where its systems know it.
        write(&hub_address.to_string())
            .map_err(|error| Failure::chain("the configuration cannot be written", &error))?;
        let landscape = Self { folder, contracts, keys, mocks, hub, hub_address };
        landscape.mocks.set_hub(landscape.hub_url()?);
        // The opening balances are facts like any other: without them nothing can be allocated.
        let told = tokio::time::timeout(START_WITHIN, landscape.mocks.all_told()).await;
        told.map_err(|_| Failure::new("the hub did not take the opening balances in time"))?;
        Ok(landscape)
    }

    /// The contracts of the landscape.
    pub(crate) fn contracts(&self) -> Arc<Contracts> {
        Arc::clone(&self.contracts)
    }

    /// The folder with everything in it.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The simulated systems.
    pub(crate) fn mocks(&self) -> &RunningLandscape {
        &self.mocks
    }

    /// A bearer key: of a system, or of the `operator`.
    pub(crate) fn key(&self, holder: &str) -> &str {
        self.keys.get(holder).map_or("", String::as_str)
    }

    /// Where the hub listens.
    pub(crate) fn hub_url(&self) -> Result<Url, Failure> {
        Url::parse(&format!("http://{}", self.hub_address)).map_err(|error| Failure::chain("the hub's address", &error))
    }

    /// The environment file of the landscape, with its addresses and keys.
    pub(crate) fn environment(&self) -> Result<Environment, Failure> {
        let path = self.folder().join("scenarios/environments/local.yaml");
        let hub = ("hub".to_owned(), format!("http://{}", self.hub_address));
        let systems = self.mocks.addresses.iter().map(|(system, at)| (system.to_string(), format!("http://{at}")));
        let bearers = self.keys.iter().map(|(holder, key)| {
            // The harness speaks to the hub as its operator.
            let system = if holder == "operator" { "hub" } else { holder };
            (system.to_owned(), key.clone().into())
        });
        Ok(Environment::load(&path)?.named("demo").with_urls(systems.chain([hub])).with_bearers(bearers))
    }

    /// `kill -9` for the hub.
    pub(crate) async fn kill_hub(&mut self) -> Result<(), Failure> {
        self.hub.kill().await.map_err(|error| Failure::chain("the hub cannot be killed", &error))
    }

    /// Starts the hub again, on its ledger, where it was.
    pub(crate) async fn restart_hub(&mut self) -> Result<(), Failure> {
        (self.hub, _) = start_hub(self.folder.path(), &self.keys).await?;
        Ok(())
    }

    /// Stops everything and takes the folder away.
    pub(crate) async fn stop(self) {
        drop(self.stop_keeping(false).await);
    }

    /// Stops everything; the folder stays if it is wanted.
    pub(crate) async fn stop_keeping(mut self, keep: bool) -> Option<PathBuf> {
        // Closing its standard input is the polite way to end it.
        drop(self.hub.stdin.take());
        if tokio::time::timeout(Duration::from_secs(6), self.hub.wait()).await.is_err() {
            drop(self.hub.kill().await);
        }
        self.mocks.shutdown().await;
        keep.then(|| self.folder.keep())
    }
}

/// Starts `crossdock serve` and waits for its address.
async fn start_hub(folder: &Path, keys: &BTreeMap<String, String>) -> Result<(Child, SocketAddr), Failure> {
    let program = std::env::current_exe().map_err(|error| Failure::chain("this program cannot be found", &error))?;
    let mut child = Command::new(program)
        .args(["serve", "--until-stdin-closes", "--config", "crossdock.toml"])
        .current_dir(folder)
        .envs(keys.iter().map(|(holder, key)| (keys::variable(holder), key)))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        // Ctrl-C in the terminal is ours to answer: the hub is ended by its parent, in order.
        .process_group(0)
        .spawn()
        .map_err(|error| Failure::chain("the hub does not start", &error))?;
    let Some(stdout) = child.stdout.take() else { return Err(Failure::new("the hub has no standard output")) };
    let mut lines = BufReader::new(stdout).lines();
    let first = tokio::time::timeout(START_WITHIN, lines.next_line()).await;
    let line = first.ok().and_then(Result::ok).flatten().unwrap_or_default();
    let address = line.strip_prefix(serve::READY).and_then(|url| url.trim().strip_prefix("http://")?.parse().ok());
    match address {
        Some(address) => Ok((child, address)),
        None => Err(Failure::new("the hub did not say where it listens; what it said stands above")),
    }
}

/// The configuration of the landscape's hub: short pauses, so that what takes hours elsewhere can be watched.
fn configuration(listen: &str, systems: &BTreeMap<SystemId, SocketAddr>) -> String {
    let mut text = format!(
        "listen = \"{listen}\"\n[ledger]\npath = \"crossdock.db\"\n[operator]\nkey.env = \"{}\"\n\
         [delivery]\nretry_base_ms = 100\nretry_cap_ms = 1000\nbreaker_base_ms = 200\nbreaker_cap_ms = 500\ngive_up_after_ms = 2500\n",
        keys::variable("operator")
    );
    for (system, address) in systems {
        let name = system.as_str();
        let variable = keys::variable(name);
        text.extend([
            "[systems.",
            name,
            "]\nurl = \"http://",
            &address.to_string(),
            "\"\nkey.env = \"",
            &variable,
            "\"\n",
        ]);
        let facility = match name {
            "wms-east" => "contract = \"wms\"\nfacility = \"DC-EAST\"\n",
            "wms-west" => "contract = \"wms\"\nfacility = \"DC-WEST\"\n",
            "supplier-acme" => "x12 = { qualifier = \"ZZ\", id = \"ACME\" }\n",
            _ => "",
        };
        text.push_str(facility);
    }
    text
}
