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

#[cfg(test)]
mod tests {
    use super::{backoff, jitter, later, splitmix};
    use crossdock_model::{DeliveryId, Timestamp};

    #[test]
    fn each_pause_is_twice_the_one_before_up_to_the_cap() {
        let pauses: Vec<i64> = (0..=6).map(|times| backoff(200, 3_000, times)).collect();
        assert_eq!(pauses, [200, 200, 400, 800, 1_600, 3_000, 3_000]);
        assert_eq!(backoff(200, i64::MAX, u32::MAX), 200 << 20, "it does not run over");
        assert_eq!((backoff(i64::MAX, i64::MAX, 9), backoff(0, 0, 1)), (i64::MAX, 1));
    }

    #[test]
    fn splitmix_is_the_published_function() {
        assert_eq!([0, 1].map(splitmix), [0xe220_a839_7b1d_cdaf, 0x910a_2dec_8902_5cc1]);
    }

    #[test]
    fn jitter_stays_within_its_window_and_differs_by_seed_delivery_and_attempt() {
        let of = |seed, id, attempt| jitter(seed, DeliveryId(id), attempt, 1_000_000);
        assert_eq!(of(7, 1, 1), of(7, 1, 1));
        let all = [of(7, 1, 1), of(8, 1, 1), of(7, 2, 1), of(7, 1, 2), of(7, 3, 1), of(7, 1, 3)];
        let distinct: std::collections::BTreeSet<i64> = all.into_iter().collect();
        assert_eq!(distinct.len(), all.len(), "{all:?}");
        let small: std::collections::BTreeSet<i64> = (0..100).map(|id| jitter(7, DeliveryId(id), 1, 3)).collect();
        assert_eq!(small.into_iter().collect::<Vec<_>>(), [1, 2, 3], "from 1 to the window, both included");
        assert_eq!([0, -5].map(|window| jitter(7, DeliveryId(1), 1, window)), [1, 1]);
    }

    #[test]
    fn a_pause_below_nothing_is_none() {
        let now: Timestamp = "2026-03-01T10:00:00Z".parse().unwrap();
        assert_eq!(later(now, -1), now);
        assert_eq!(later(now, 1_500).to_string(), "2026-03-01T10:00:01.5Z");
        assert_eq!(later(now, i64::MAX), Timestamp::MAX);
    }
}
