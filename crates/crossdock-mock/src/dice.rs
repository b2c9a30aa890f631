//! Numbers that look random and are the same under the same seed.
//!
//! Invariant: no state of the machine or of the process goes in.

/// A sequence of draws.
#[derive(Clone, Debug)]
pub struct Dice {
    state: u64,
}

impl Dice {
    /// The sequence of `seed` for `purpose`: different purposes draw independently, so that one fault more does not
    /// shift the draws of another.
    #[must_use]
    pub fn new(seed: u64, purpose: &str) -> Self {
        // FNV-1a spreads the purpose over the seed.
        let spread = purpose
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
        Self { state: seed ^ spread }
    }

    /// The next draw (splitmix64).
    pub fn next_u64(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// The next draw as a number in 0.0 .. 1.0.
    pub fn next_share(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }
}
