//! How long to wait: exponential with full jitter, by the seed (docs/concepts/domain.md, 12.3).
//! Invariant: equal seed, delivery and attempt give the equal pause; nothing here is chance.

use crossdock_model::{DeliveryId, Timestamp};
use jiff::SignedDuration;

pub(super) fn later(now: Timestamp, ms: i64) -> Timestamp {
    now.saturating_add(SignedDuration::from_millis(ms.max(0))).unwrap_or(Timestamp::MAX)
}

/// `base`, doubled with each further time, up to `cap`.
pub(super) fn backoff(base: i64, cap: i64, times: u32) -> i64 {
    let factor = 1_i64 << times.saturating_sub(1).min(20);
    base.saturating_mul(factor).min(cap).max(1)
}

/// Between 1 and `window`, by the seed: full jitter, the same for the same attempt.
pub(super) fn jitter(seed: u64, id: DeliveryId, attempt: u32, window: i64) -> i64 {
    let mixed = splitmix(seed ^ splitmix(id.0 ^ (u64::from(attempt) << 40)));
    let window = u64::try_from(window.max(1)).unwrap_or(1);
    i64::try_from(mixed % window).unwrap_or(0) + 1
}

/// The output function of `SplitMix64`: one multiplication-and-shift chain, good enough to spread retries.
fn splitmix(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
