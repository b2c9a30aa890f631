//! `crossdock mock`: simulated systems, or a stub that answers a contract's examples.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use crossdock_contract::Contracts;
use crossdock_mock::{Landscape, Ports, StartOptions, Url};
use crossdock_model::SystemId;

use super::keys;
use crate::exit::Failure;
use crate::{interrupt, output};

/// Arguments of `mock`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Only these systems, such as `erp`; all that are declared without it
    #[arg(value_name = "SYSTEM")]
    pub systems: Vec<String>,
    /// The declared systems
    #[arg(long, default_value = "mocks", value_name = "FOLDER")]
    pub mocks: PathBuf,
    /// The contracts that they keep
    #[arg(long, default_value = "contracts", value_name = "FOLDER")]
    pub contracts: PathBuf,
    /// Where their events go
    #[arg(long, default_value = "http://127.0.0.1:7100", value_name = "URL")]
    pub hub: String,
    /// Listen on free ports instead of the declared ones
    #[arg(long)]
    pub free_ports: bool,
    /// Answer this API's examples and nothing else, such as `erp`
    #[arg(long, value_name = "API", conflicts_with_all = ["systems", "free_ports"])]
    pub stub: Option<String>,
    /// Where the stub listens; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:0", value_name = "ADDRESS", requires = "stub")]
    pub listen: SocketAddr,
}

pub(crate) async fn run(args: Args) -> Result<ExitCode, Failure> {
    let contracts = Arc::new(Contracts::load(&args.contracts)?);
    match &args.stub {
        Some(api) => stub(&contracts, api, args.listen).await,
        None => simulate(args, contracts).await,
    }
}

async fn stub(contracts: &Contracts, api: &str, listen: SocketAddr) -> Result<ExitCode, Failure> {
    let Some(found) = contracts.api(api) else {
        let known: Vec<&str> = contracts.apis().iter().map(|api| api.id.as_str()).collect();
        let near = crossdock_diag::did_you_mean(api, known.iter().copied());
        let near = near.map_or(String::new(), |near| format!("did you mean `{near}`? "));
        return Err(
            Failure::new(format!("no API is called `{api}`")).help(format!("{near}there are: {}", known.join(", ")))
        );
    };
    if !listen.ip().is_loopback() {
        return Err(Failure::new(format!("a stub asks nobody for a key, so it does not listen on {listen}"))
            .help("take an address of 127.0.0.1"));
    }
    let listener = std::net::TcpListener::bind(listen)
        .map_err(|error| Failure::chain(&format!("the stub cannot listen on {listen}"), &error))?;
    let stub = crossdock_mock::stub(found, listener)
        .await
        .map_err(|error| Failure::chain("the stub does not start", &error))?;
    output::print(&format!("stub of {api} ({} operations) listens on http://{}\n", stub.operations(), stub.address()));
    interrupt::wait().await;
    Ok(ExitCode::SUCCESS)
}

async fn simulate(args: Args, contracts: Arc<Contracts>) -> Result<ExitCode, Failure> {
    let landscape = Landscape::load(&args.mocks, contracts)?;
    let hub = Url::parse(&args.hub).map_err(|error| Failure::chain(&format!("`{}` is no URL", args.hub), &error))?;
    let known: Vec<&str> = landscape.systems().map(|(id, _)| id.as_str()).collect();
    if let Some(unknown) = args.systems.iter().find(|id| !known.contains(&id.as_str())) {
        let near = crossdock_diag::did_you_mean(unknown, known.iter().copied());
        let near = near.map_or(String::new(), |near| format!("did you mean `{near}`? "));
        return Err(Failure::new(format!("no simulated system is called `{unknown}`"))
            .help(format!("{near}there are: {}", known.join(", "))));
    }
    let wanted = args.systems.iter().map(|id| id.parse::<SystemId>()).collect::<Result<Vec<_>, _>>();
    let wanted = wanted.map_err(|error| Failure::chain("no system is called so", &error))?;
    let only = (!wanted.is_empty()).then_some(wanted);
    let started: Vec<SystemId> = match &only {
        Some(only) => only.clone(),
        None => landscape.systems().map(|(id, _)| id.clone()).collect(),
    };
    let mut keys = std::collections::BTreeMap::new();
    let mut missing = Vec::new();
    for system in started {
        let variable = keys::variable(system.as_str());
        match std::env::var(&variable) {
            Ok(key) if !key.is_empty() => drop(keys.insert(system, key.into())),
            _ => missing.push(variable),
        }
    }
    if !missing.is_empty() {
        return Err(Failure::new(format!("no key in {}", missing.join(", ")))
            .help("`crossdock keys > keys.env; set -a; . ./keys.env; set +a` makes one for each, for the hub too"));
    }
    let ports = if args.free_ports { Ports::Free } else { Ports::Declared };
    let running = landscape
        .start(StartOptions { hub: Some(hub), keys, ports, only })
        .await
        .map_err(|error| Failure::chain("the simulated systems do not start", &error))?;
    for (system, address) in &running.addresses {
        output::print(&format!("{system:<16} listens on http://{address}\n"));
    }
    interrupt::wait().await;
    running.shutdown().await;
    Ok(ExitCode::SUCCESS)
}
