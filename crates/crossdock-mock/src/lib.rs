#![doc = include_str!("../README.md")]

pub mod declaration;
pub mod dice;
pub mod faults;
pub mod idempotency;
mod landscape;
mod shell;
mod stub;
pub mod systems;

#[cfg(test)]
mod tests;

pub use declaration::Declaration;
pub use landscape::{Landscape, Ports, RunningLandscape, StartError, StartOptions, Told};
pub use reqwest::Url;
pub use shell::station::machine;
pub use stub::{Stub, StubError, stub};
