//! A map that is looked up in constant time and walked in the order in which it was filled: the hash decides nothing that anybody sees.
//! Why not a tree: with a million open orders each look-up by text would be some twenty comparisons, in memory that is nowhere near.

use std::hash::Hash;

use crossdock_model::{FacilityId, ProductId};
use indexmap::{Equivalent, IndexMap};
use rustc_hash::FxBuildHasher;

use crate::PositionKey;

/// See the module. Keys are taken out by `swap_remove`: the last takes the place, the same one in every process.
pub(crate) type Index<K, V> = IndexMap<K, V, FxBuildHasher>;

/// A position's name that is not copied for a look-up.
#[derive(Hash)]
pub(crate) struct Place<'a>(pub(crate) &'a ProductId, pub(crate) &'a FacilityId);

impl Equivalent<PositionKey> for Place<'_> {
    fn equivalent(&self, key: &PositionKey) -> bool {
        *self.0 == key.0 && *self.1 == key.1
    }
}
