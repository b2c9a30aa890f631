//! Units of measure where they enter: a fact is kept as it was said, and counts in base units.
//! Rules: docs/concepts/domain.md 6.1 to 6.3. Here: which factor a fact is made with, and what cannot be counted. Not here: the versions
//! of the factors (`master.rs`).
//! Invariant: the factor is that of the fact's own time, and the entry carries it: a later version changes no earlier document (6.2).

use crossdock_model::{Fact, NotExact, Timestamp, UnitFactor};

use crate::master::Measure;
use crate::{Refusal, State};

/// The factors that a fact is made with, each once; none, where it is in base units already.
///
/// # Errors
/// A unit that the product does not have; a quantity or price that is not exact in base units.
pub(super) fn factors_of(state: &State, fact: &Fact, at: Timestamp) -> Result<Vec<UnitFactor>, Refusal> {
    let mut factors: Vec<UnitFactor> = Vec::new();
    if state.master.has_no_products() {
        return Ok(factors);
    }
    for place in fact.measured() {
        match state.master.measure(place.product, place.unit, at) {
            Measure::Unknown | Measure::Base => {}
            Measure::Other(factor) => {
                if !factors.contains(&factor) {
                    factors.push(factor);
                }
            }
            Measure::NotOfProduct(units) => {
                let known = units.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
                let message = format!("{} has no unit `{}`; it is counted in {known}", place.product, place.unit);
                return Err(Refusal::invalid("unit/unknown", pointer(place.line, "unit"), message));
            }
        }
    }
    if !factors.is_empty() {
        fact.in_base_units(&factors).map_err(|(index, why)| not_exact(fact, index, why, &factors))?;
    }
    Ok(factors)
}

pub(super) fn pointer(line: Option<usize>, field: &str) -> String {
    line.map_or_else(|| format!("/data/{field}"), |line| format!("/data/lines/{line}/{field}"))
}

fn not_exact(fact: &Fact, index: usize, why: NotExact, factors: &[UnitFactor]) -> Refusal {
    let places = fact.measured();
    let Some(place) = places.get(index) else {
        return Refusal::invalid("unit/exact", "/data", "a quantity is not exact in base units");
    };
    let used = factors.iter().find(|used| used.product == *place.product && used.unit == *place.unit);
    let of = used.map_or_else(String::new, |used| format!(" of {} {}", used.factor, used.base));
    match why {
        NotExact::Quantity => {
            let message = format!(
                "the quantity in {}{of} has more than six digits after the point in base units, or is too large",
                place.unit
            );
            Refusal::invalid("unit/exact", pointer(place.line, "unit"), message)
        }
        NotExact::Price => {
            let message = format!(
                "the price of a {}{of} is no exact price of one base unit; say quantity and price in base units",
                place.unit
            );
            Refusal::invalid("unit/price", pointer(place.line, "unitPrice"), message)
        }
    }
}
