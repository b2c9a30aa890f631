//! `crossdock serve`: the hub.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use crossdock_contract::Contracts;
use crossdock_hub::{Hub, HubConfig};
use tokio::io::AsyncReadExt as _;

use crate::embedded;
use crate::exit::Failure;
use crate::{interrupt, output};

/// Arguments of `serve`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The configuration; without it the built-in one, which listens on loopback and expects the demo's systems
    #[arg(long, short, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The contracts that messages are admitted by
    #[arg(long, default_value = "contracts", value_name = "FOLDER")]
    pub contracts: PathBuf,
    /// Listen here instead; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS")]
    pub listen: Option<SocketAddr>,
    /// Print the built-in configuration and end
    #[arg(long)]
    pub print_config: bool,
    /// End when standard input closes: for a parent process that must not leave a hub behind
    #[arg(long, hide = true)]
    pub until_stdin_closes: bool,
}

pub(crate) async fn run(args: Args) -> Result<ExitCode, Failure> {
    if args.print_config {
        output::print(embedded::CONFIGURATION);
        return Ok(ExitCode::SUCCESS);
    }
    let environment = |name: &str| std::env::var(name).ok();
    let mut config = match &args.config {
        Some(path) => HubConfig::load(path, &environment)?,
        None if std::path::Path::new("crossdock.toml").is_file() => {
            HubConfig::load(std::path::Path::new("crossdock.toml"), &environment)?
        }
        None => HubConfig::parse("crossdock.toml", embedded::CONFIGURATION, std::path::Path::new("."), &environment)?,
    };
    if let Some(listen) = args.listen {
        config.listen = listen;
    }
    let contracts = Arc::new(Contracts::load(&args.contracts)?);
    let hub = Hub::start(config, contracts).await.map_err(|error| Failure::chain("the hub does not start", &error))?;
    output::print(&format!("{}{}\n", READY, hub.url()));
    let parent_gone =
        async { if args.until_stdin_closes { stdin_closed().await } else { std::future::pending().await } };
    let died = tokio::select! {
        () = interrupt::wait() => false,
        () = parent_gone => false,
        () = hub.died() => true,
    };
    hub.shutdown().await;
    if died {
        return Err(Failure::new("the hub has died of a defect, which its log names")
            .help("nothing that it answered is lost: start it again"));
    }
    Ok(ExitCode::SUCCESS)
}

/// What stands before the address once the hub can be reached.
pub(crate) const READY: &str = "hub listens on ";

async fn stdin_closed() {
    let mut byte = [0];
    let mut input = tokio::io::stdin();
    while let Ok(1..) = input.read(&mut byte).await {}
}
