//! Calls against small targets on free ports: what reached them, and how each way to fail is told. X12 in and out.

mod bulk;
mod outcomes;
mod x12;
