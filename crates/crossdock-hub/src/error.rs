//! Why a hub does not start.

use std::net::SocketAddr;

use crossdock_connector::ConnectorError;
use crossdock_ledger::LedgerError;

pub use crate::records::RecordError;

/// Why a hub does not start, or stopped.
#[derive(Debug, thiserror::Error)]
pub enum HubError {
    /// The configuration contradicts itself or the contracts.
    #[error("configuration: {0}")]
    Config(String),
    /// Everybody could reach it, and somebody has no key.
    #[error("{listen} is open to other machines, and no key protects {who}; give each a key or listen on 127.0.0.1")]
    Unprotected {
        /// The address.
        listen: SocketAddr,
        /// Who has no key.
        who: String,
    },
    /// A system's contract is missing, or a client cannot be made.
    #[error(transparent)]
    Connector(#[from] ConnectorError),
    /// Somebody else listens there.
    #[error("{address} is in use by another process; stop it, or set another `listen` (port 0 takes a free one)")]
    PortInUse {
        /// The address.
        address: SocketAddr,
    },
    /// The address cannot be listened on.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// The ledger cannot be used.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// A record is not what this version can read.
    #[error("ledger record {seq} cannot be read")]
    Record {
        /// Which.
        seq: u64,
        /// Why not.
        #[source]
        source: RecordError,
    },
    /// The writer's thread cannot be started.
    #[error("the writer's thread cannot be started")]
    Thread(#[source] std::io::Error),
}
