//! Processor time of this process.
//! Here: reading it from `/proc/self/stat` (Linux), without unsafe code. Elsewhere it is unknown, and reports say so.

use std::time::Duration;

/// Ticks a second in `/proc`: `USER_HZ`, part of the kernel's interface and 100 on every architecture Rust has a Linux for.
const TICKS_PER_S: u64 = 100;

/// User and system time used so far.
pub(crate) fn used() -> Option<Duration> {
    parse(&std::fs::read_to_string("/proc/self/stat").ok()?)
}

/// Fields 14 and 15 of the line, counted after the command name, which may itself hold spaces and brackets.
pub(crate) fn parse(stat: &str) -> Option<Duration> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_ascii_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some(Duration::from_millis((user + system) * (1000 / TICKS_PER_S)))
}
