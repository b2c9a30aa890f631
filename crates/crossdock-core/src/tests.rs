//! What the core promises, as tests.
