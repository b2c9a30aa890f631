//! What holds for the simulated systems: machines as data, the shell over real sockets.

mod hub;
mod support;

mod contract;
mod declarations;
mod door;
mod faults;
mod idempotency;
mod machines;
mod stub;
mod telling;
