//! What holds for the simulated systems: machines as data, the shell over real sockets.

mod support;

mod door;
mod idempotency;
