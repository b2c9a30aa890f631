//! The `crossdock` command line.
