//! Calls against small targets on free ports: what reached them, and how each way to fail is told.

mod outcomes;
