//! The core against models that are too simple to be wrong in the same way: each takes the same steps, and must see the same figures.
//! Here: what the models share. A model knows no entries, no deliveries and no code of the core.
//!
//! Each runs 10,000 steps; `MODEL_STEPS` runs more of them. A failure is shrunk and printed with its steps.

mod deliveries;
mod order_lines;
mod po_lines;
mod positions;

use proptest::test_runner::{Config, RngSeed};
use serde_json::Value;

use super::world::World;

/// Steps of one history.
const HISTORY: usize = 100;

pub(super) const PRODUCTS: [&str; 2] = ["P-1", "P-2"];
pub(super) const FACILITIES: [&str; 2] = ["DC-EAST", "DC-WEST"];

#[expect(clippy::disallowed_methods, reason = "how many steps is asked of the environment")]
fn config() -> Config {
    let steps = std::env::var("MODEL_STEPS").ok().and_then(|n| n.parse().ok()).unwrap_or(10_000_usize);
    Config {
        cases: u32::try_from(steps.div_ceil(HISTORY)).expect("a number of histories"),
        rng_seed: RngSeed::Fixed(20_260_301),
        max_shrink_iters: Config::default().max_shrink_iters.min(2_000),
        failure_persistence: None,
        ..Config::default()
    }
}

/// A world whose text nobody reads.
fn step(world: &mut World, step: &Value) {
    world.step(step);
    world.forget_text();
}
