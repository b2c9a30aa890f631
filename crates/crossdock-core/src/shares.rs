//! What each facility has of something: one or two of them nearly always, kept in the order of their names.
//! Why not a tree: the smallest one is ten times the size of what is in it, and an open order has one a line.

use std::fmt;

use crossdock_model::{FacilityId, Quantity};
use serde::{Deserialize, Serialize};

/// Quantities by facility. None of them is nothing.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shares(Vec<(FacilityId, Quantity)>);

impl Shares {
    /// Of one facility.
    pub fn get(&self, facility: &FacilityId) -> Quantity {
        self.find(facility).map_or(Quantity::ZERO, |at| self.0[at].1)
    }

    /// Whether a facility has any.
    pub fn contains(&self, facility: &FacilityId) -> bool {
        self.find(facility).is_ok()
    }

    /// Every share, by facility.
    pub fn iter(&self) -> impl Iterator<Item = (&FacilityId, Quantity)> {
        self.0.iter().map(|(facility, quantity)| (facility, *quantity))
    }

    /// The facilities that have some.
    pub fn facilities(&self) -> impl Iterator<Item = &FacilityId> {
        self.0.iter().map(|(facility, _)| facility)
    }

    /// All of them together.
    pub fn total(&self) -> Quantity {
        self.0.iter().map(|(_, quantity)| *quantity).sum()
    }

    /// Adds to a facility's share.
    pub(crate) fn add(&mut self, facility: &FacilityId, quantity: Quantity) {
        match self.find(facility) {
            _ if quantity.is_zero() => {}
            Ok(at) => self.0[at].1 += quantity,
            Err(at) => {
                self.0.reserve_exact(1);
                self.0.insert(at, (facility.clone(), quantity));
            }
        }
    }

    /// Takes up to `quantity` out of a facility's share, and says how much that is.
    pub(crate) fn take(&mut self, facility: &FacilityId, quantity: Quantity) -> Quantity {
        let Ok(at) = self.find(facility) else { return Quantity::ZERO };
        let share = &mut self.0[at].1;
        let taken = quantity.min(*share);
        *share = share.saturating_sub(taken);
        if share.is_zero() {
            self.0.remove(at);
        }
        taken
    }

    fn find(&self, facility: &FacilityId) -> Result<usize, usize> {
        self.0.binary_search_by(|(other, _)| other.cmp(facility))
    }
}

impl fmt::Debug for Shares {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::Shares;
    use crossdock_model::{FacilityId, Quantity};

    #[test]
    fn a_share_is_there_while_there_is_something_of_it() {
        let (east, west): (FacilityId, FacilityId) = ("DC-EAST".parse().unwrap(), "DC-WEST".parse().unwrap());
        let units = Quantity::units;
        let mut shares = Shares::default();
        shares.add(&west, units(2));
        shares.add(&east, units(3));
        shares.add(&west, units(1));
        shares.add(&east, Quantity::ZERO);
        assert_eq!(format!("{shares:?}"), r#"{"DC-EAST": 3, "DC-WEST": 3}"#);
        assert_eq!((shares.get(&east), shares.total()), (units(3), units(6)));
        assert_eq!(
            (shares.take(&west, units(2)), shares.take(&west, units(2)), shares.take(&west, units(2))),
            (units(2), units(1), Quantity::ZERO)
        );
        assert!(!shares.contains(&west));
        assert_eq!(shares.facilities().collect::<Vec<_>>(), [&east]);
    }
}
