//! How often a duration was how long: buckets on a logarithmic scale, so that a few of them hold milliseconds and months.
//! Invariant: a quantile is never below the true one and at most 1/32 above it; below 64 ms it is exact.

use std::collections::BTreeMap;

/// Buckets of each power of two.
const PARTS: u64 = 32;

/// Durations in milliseconds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Histogram {
    buckets: BTreeMap<u16, u64>,
    count: u64,
    sum_ms: u128,
    max_ms: u64,
}

impl Histogram {
    /// Adds one.
    pub fn record(&mut self, ms: u64) {
        *self.buckets.entry(bucket(ms)).or_default() += 1;
        self.count += 1;
        self.sum_ms += u128::from(ms);
        self.max_ms = self.max_ms.max(ms);
    }

    /// Adds all of another.
    pub fn merge(&mut self, other: &Self) {
        for (bucket, count) in &other.buckets {
            *self.buckets.entry(*bucket).or_default() += count;
        }
        self.count += other.count;
        self.sum_ms += other.sum_ms;
        self.max_ms = self.max_ms.max(other.max_ms);
    }

    /// The duration that so many thousandths do not exceed: 950 is p95. `None` without any.
    pub fn quantile(&self, per_mille: u32) -> Option<u64> {
        let wanted = (u128::from(self.count) * u128::from(per_mille.min(1000))).div_ceil(1000).max(1);
        let mut seen = 0;
        for (bucket, count) in &self.buckets {
            seen += u128::from(*count);
            if seen >= wanted {
                return Some(upper(*bucket).min(self.max_ms));
            }
        }
        None
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// All of them together.
    pub fn sum_ms(&self) -> u128 {
        self.sum_ms
    }

    /// The longest.
    pub fn max_ms(&self) -> u64 {
        self.max_ms
    }
}

/// The bucket of a duration: its power of two, and which part of that.
fn bucket(ms: u64) -> u16 {
    let power = ms.max(1).ilog2();
    let low = PARTS.ilog2();
    if power <= low {
        return u16::try_from(ms).unwrap_or(u16::MAX);
    }
    let part = (ms >> (power - low)) - PARTS;
    u16::try_from(u64::from(power - low) * PARTS + PARTS + part).unwrap_or(u16::MAX)
}

/// The longest duration in a bucket.
fn upper(bucket: u16) -> u64 {
    let bucket = u64::from(bucket);
    if bucket < 2 * PARTS {
        return bucket;
    }
    let shift = bucket / PARTS - 1;
    let part = bucket % PARTS + PARTS;
    ((part + 1) << shift) - 1
}

#[cfg(test)]
mod tests {
    use super::{Histogram, bucket, upper};

    #[test]
    fn a_bucket_holds_what_it_says_and_is_wrong_by_a_thirty_second_at_most() {
        for ms in
            (0..200_000).chain((0..50).map(|power| 1_u64 << power)).chain((1..50).map(|power| (1_u64 << power) - 1))
        {
            let upper = upper(bucket(ms));
            assert!(ms <= upper && upper - ms <= ms / 32, "{ms} is in a bucket up to {upper}");
            assert!(bucket(upper + 1) > bucket(ms), "{upper} is not the last of its bucket");
        }
    }

    #[test]
    fn quantiles_of_a_known_distribution() {
        let mut histogram = Histogram::default();
        assert_eq!(histogram.quantile(500), None);
        (1..=1000).for_each(|ms| histogram.record(ms));
        let found: Vec<_> = [0, 500, 950, 990, 999, 1000].map(|p| histogram.quantile(p).unwrap()).to_vec();
        assert_eq!(found, [1, 503, 959, 991, 1000, 1000]);
        assert_eq!((histogram.count(), histogram.sum_ms(), histogram.max_ms()), (1000, 500_500, 1000));
        let mut twice = histogram.clone();
        twice.merge(&histogram);
        assert_eq!((twice.count(), twice.quantile(500)), (2000, Some(503)));
    }
}
