#![doc = include_str!("../README.md")]

pub mod caller;
mod cancel;
mod cleanup;
mod compile;
mod context;
pub mod environment;
pub mod events;
mod hub;
mod intent;
pub mod language;
mod outcome;
mod request;
mod runner;
mod scenario;
pub mod spelling;
mod steps;

pub use cancel::Cancel;
pub use environment::{Class, Environment, EnvironmentFile, SyntheticMode};
pub use hub::Measured;
pub use intent::IntentError;
pub use language::ScenarioFile;
pub use outcome::{CleanupRun, EventRun, Outcome, Residue, ResidueItem, Run, RunVerdict, SlaRun, StepKind, StepRun};
pub use runner::{RunInput, Runner, RunnerError, RunnerOptions};
pub use scenario::{Awaited, Load, Mark, Moment, Probe, Scenario, SlaPlan, Spread, Synthetic};

#[cfg(test)]
mod tests;
