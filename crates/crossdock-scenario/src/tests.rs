//! Tests of the language and of the runner against small systems on loopback.
