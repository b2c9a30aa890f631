#![doc = include_str!("../README.md")]

mod call;
mod connector;
pub mod inbound;
mod items;
mod lookup;
pub mod outbound;
mod transport;

pub use call::{Answer, Body, Call, NotSent, Obstacle, Outcome};
pub use connector::{Connector, ConnectorError};
pub use items::ItemOutcome;
pub use lookup::Found;
pub use transport::Target;

#[cfg(test)]
mod tests;
