//! Chance that a seed decides, so that a run can be made again with the same choices.

/// A stream of numbers (xorshift64*): good enough to choose by, and for no secret.
#[derive(Debug, Clone)]
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        // Zero would stay zero.
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// A stream of its own for somebody else.
    pub(crate) fn split(&mut self) -> Self {
        Self(self.next() | 1)
    }

    /// A number below this one, which is at least 1.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        (self.next() >> 16) % limit
    }

    /// True with this probability.
    pub(crate) fn happens(&mut self, probability: f64) -> bool {
        let fraction = f64::from(u32::try_from(self.next() >> 32).unwrap_or(u32::MAX)) / f64::from(u32::MAX);
        fraction < probability
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }
}
