//! Checksums and the hash chain.
//! Here: the bytes that are hashed; changing them is a new ledger format. Not here: where hashes are kept.
//! Invariant: `chain(n)` depends on every record and every key up to `n`, in order.

use sha2::{Digest, Sha256};

use crate::{BusinessKey, Seq};

/// A SHA-256 hash.
pub(crate) type Hash = [u8; 32];

/// The hashes of one record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) checksum: Hash,
    pub(crate) keys_checksum: Hash,
    pub(crate) chain: Hash,
}

/// The chain before the first record.
pub(crate) fn genesis() -> Hash {
    Sha256::digest(b"crossdock-ledger/1").into()
}

/// The checksum of a record's bytes.
pub(crate) fn checksum(event: &[u8]) -> Hash {
    Sha256::digest(event).into()
}

/// The checksum of the keys that a record was the first to use, whatever order they are listed in.
pub(crate) fn keys_checksum<'a>(keys: impl IntoIterator<Item = &'a BusinessKey>) -> Hash {
    let mut sorted: Vec<&BusinessKey> = keys.into_iter().collect();
    sorted.sort();
    let mut hasher = Sha256::new();
    for key in sorted {
        for part in [&key.kind, &key.source, &key.key, &key.digest] {
            // Lengths first: ("ab", "c") and ("a", "bc") are different keys.
            hasher.update((part.len() as u64).to_be_bytes());
            hasher.update(part.as_bytes());
        }
    }
    hasher.finalize().into()
}

/// The link that follows `previous`.
pub(crate) fn link(previous: &Hash, seq: Seq, checksum: &Hash, keys_checksum: &Hash) -> Hash {
    let mut hasher = Sha256::new();
    hasher.update(previous);
    hasher.update(seq.to_be_bytes());
    hasher.update(checksum);
    hasher.update(keys_checksum);
    hasher.finalize().into()
}
