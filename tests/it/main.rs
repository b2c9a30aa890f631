//! Whole-product tests: one binary. `tidy` holds the house, `shipped` the files people edit, `transcripts` what a person
//! sees, `crash` what a `kill -9` may not do, `gate` what a pipeline relies on, `guides` what is printed, `signals` that live, bench and probe show the same figures, `demo` the first thing a newcomer runs.

#![expect(clippy::unwrap_used, clippy::format_push_string, reason = "tests: a failure names its line")]

mod crash;
mod demo;
mod gate;
mod guides;
mod running;
mod shipped;
mod signals;
mod support;
mod tidy;
mod transcripts;
