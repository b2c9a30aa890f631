//! The hub in one process, with small targets on free ports.

mod archive;
mod config;
mod door;
mod failures;
mod flow;
mod owners;
mod questions;
mod replays;
mod signals;
mod start;
mod stream;
mod world;
mod x12;
