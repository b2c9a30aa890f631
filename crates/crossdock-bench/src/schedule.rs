//! When each flow of a run is due: arrival schedules as pure iterators of absolute times.
//! Here: constant, ramp, step and spike shapes, evenly spaced or Poisson (seeded). Not here: keeping to them (`pacer`).
//! Invariant: a due time depends on nothing but the schedule. A slow system under test never moves an arrival, which is what
//! makes the model open.

use std::time::Duration;

/// A stretch of a schedule, its rate (arrivals a second) changing linearly from `from` to `to`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Segment {
    /// Arrivals a second at the start of the stretch.
    pub from: f64,
    /// Arrivals a second at its end.
    pub to: f64,
    /// How long it lasts.
    pub lasting: Duration,
}

impl Segment {
    /// How many arrivals the whole stretch holds: the area under its rate.
    fn arrivals(&self) -> f64 {
        f64::midpoint(self.from, self.to) * self.lasting.as_secs_f64()
    }

    /// Seconds into the stretch at which `area` arrivals have come: the inverse of the integral of the rate.
    fn seconds_at(&self, area: f64) -> f64 {
        let lasting = self.lasting.as_secs_f64();
        let slope = (self.to - self.from) / lasting;
        // The form of the quadratic's root that loses no digits when the slope is small, or the start is zero.
        let root = (2.0 * slope).mul_add(area, self.from * self.from).max(0.0).sqrt();
        let divisor = self.from + root;
        if divisor > 0.0 { (2.0 * area / divisor).min(lasting) } else { 0.0 }
    }
}

/// How arrivals are spread under the rate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Spacing {
    /// Evenly: the same count in every run, the easiest to compare.
    #[default]
    Even,
    /// Independently of one another, as real callers are: bursts and gaps, the same ones for the same seed.
    Poisson {
        /// Start of the random sequence.
        seed: u64,
    },
}

/// A whole arrival schedule: stretches one after another, and how arrivals are spread in them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Schedule {
    segments: Vec<Segment>,
    spacing: Spacing,
}

impl Schedule {
    /// The same rate all the time.
    pub fn constant(rate: f64, lasting: Duration) -> Self {
        Self::ramp(rate, rate, lasting)
    }

    /// A rate that rises or falls evenly.
    pub fn ramp(from: f64, to: f64, lasting: Duration) -> Self {
        Self::default().and(from, to, lasting)
    }

    /// A stair: `steps` rates from `from`, each `by` above the last, each held for `each`.
    pub fn step(from: f64, by: f64, steps: u32, each: Duration) -> Self {
        (0..steps).fold(Self::default(), |stair, step| {
            let rate = by.mul_add(f64::from(step), from);
            stair.and(rate, rate, each)
        })
    }

    /// A base rate with one sudden peak in its middle.
    pub fn spike(base: f64, peak: f64, around: Duration, during: Duration) -> Self {
        Self::constant(base, around).and(peak, peak, during).and(base, base, around)
    }

    /// This schedule, then one more stretch. A rate that is no positive number counts as none, an empty stretch is left out.
    #[must_use]
    pub fn and(mut self, from: f64, to: f64, lasting: Duration) -> Self {
        let rate = |rate: f64| if rate.is_finite() { rate.max(0.0) } else { 0.0 };
        if !lasting.is_zero() {
            self.segments.push(Segment { from: rate(from), to: rate(to), lasting });
        }
        self
    }

    /// This schedule with its arrivals spread otherwise.
    #[must_use]
    pub fn spaced(mut self, spacing: Spacing) -> Self {
        self.spacing = spacing;
        self
    }

    /// How long the whole schedule lasts.
    pub fn lasting(&self) -> Duration {
        self.segments.iter().map(|segment| segment.lasting).sum()
    }

    /// How many arrivals are to be expected from `from` to the end (exact when evenly spaced, but for rounding).
    pub fn expected_after(&self, from: Duration) -> f64 {
        let mut start = Duration::ZERO;
        let mut expected = 0.0;
        for segment in &self.segments {
            let end = start + segment.lasting;
            if end > from {
                let left_out = from.saturating_sub(start).as_secs_f64() / segment.lasting.as_secs_f64();
                let rest = Segment {
                    from: (segment.to - segment.from).mul_add(left_out, segment.from),
                    to: segment.to,
                    lasting: segment.lasting.saturating_sub(from.saturating_sub(start)),
                };
                expected += rest.arrivals();
            }
            start = end;
        }
        expected
    }

    /// The arrivals, each as its due time since the start of the run, in order.
    pub fn arrivals(&self) -> Arrivals {
        let random = match self.spacing {
            Spacing::Even => None,
            Spacing::Poisson { seed } => Some(Random::new(seed)),
        };
        Arrivals {
            segments: self.segments.clone(),
            current: 0,
            started: Duration::ZERO,
            area: 0.0,
            first: true,
            random,
        }
    }
}

/// The due times of a [`Schedule`], computed one by one: an hour at ten thousand a second costs no memory.
#[derive(Clone, Debug)]
pub struct Arrivals {
    segments: Vec<Segment>,
    current: usize,
    started: Duration,
    /// Arrivals of the current stretch until the last one returned; may be a fraction left over from the stretch before.
    area: f64,
    first: bool,
    random: Option<Random>,
}

/// Rounding slack of the area under a rate: an arrival due exactly at the end belongs to the next stretch.
const SLACK: f64 = 1e-9;

impl Iterator for Arrivals {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        self.area += match &mut self.random {
            Some(random) => random.exponential(),
            None if self.first => 0.0,
            None => 1.0,
        };
        self.first = false;
        loop {
            let segment = self.segments.get(self.current)?;
            let whole = segment.arrivals();
            if self.area < whole - SLACK {
                return Some(self.started + Duration::from_secs_f64(segment.seconds_at(self.area)));
            }
            self.area = (self.area - whole).max(0.0);
            self.started += segment.lasting;
            self.current += 1;
        }
    }
}

/// `SplitMix64`: small, seeded, the same on every machine. Load needs independence, not secrecy.
#[derive(Clone, Debug)]
struct Random(u64);

impl Random {
    fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// Exponentially distributed with mean one: the gap between independent arrivals, in arrivals.
    fn exponential(&mut self) -> f64 {
        // 53 bits, shifted off zero so that the logarithm is finite.
        let uniform = ((self.next() >> 11) as f64 + 0.5) / (1_u64 << 53) as f64;
        -uniform.ln()
    }
}
