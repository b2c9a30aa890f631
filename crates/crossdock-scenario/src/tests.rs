//! Tests of the language and of the runner, against a small shop on loopback.

mod language;
mod pieces;
mod recovery;
mod runs;
mod shop;
