//! Chance that is the same in every run and of every version: SplitMix64 (G. L. Steele, D. Lea and
//! C. H. Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014).

pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Below `end`; 0 where there is nothing below.
    pub fn below(&mut self, end: usize) -> usize {
        let end = end.max(1) as u64;
        usize::try_from(self.next() % end).unwrap_or_default()
    }

    /// From the first to the last of these, both among them.
    pub fn between(&mut self, first: i32, last: i32) -> i32 {
        let width = usize::try_from(last - first + 1).unwrap_or_default();
        first + i32::try_from(self.below(width)).unwrap_or_default()
    }

    /// True as often as this, between 0 and 1.
    pub fn chance(&mut self, often: f64) -> bool {
        self.unit() < often
    }

    pub fn unit(&mut self) -> f64 {
        f64::from(u32::try_from(self.next() >> 32).unwrap_or_default()) / 4_294_967_296.0
    }

    /// One of these, each as likely.
    pub fn pick<'a, T: ?Sized>(&mut self, of: &[&'a T], otherwise: &'a T) -> &'a T {
        of.get(self.below(of.len())).copied().unwrap_or(otherwise)
    }

    /// The place of one of `of`, the first the most likely: Zipf's law as Mandelbrot has it, which is
    /// how names are spread.
    pub fn ranked(&mut self, of: usize) -> usize {
        const OFFSET: f64 = 12.0;
        // The inverse of the sum of 1 / (rank + OFFSET), as an integral.
        let most = (of as f64 + OFFSET) / OFFSET;
        let rank = OFFSET * (most.powf(self.unit()) - 1.0);
        // A rank is small and never negative.
        (rank as usize).min(of.saturating_sub(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_numbers_for_ever() {
        let mut random = Random::new(1);
        assert_eq!([random.below(1000), random.below(1000), random.below(1000)], [465, 519, 590]);
    }

    #[test]
    fn the_first_rank_is_the_most_likely_and_the_last_is_met() {
        let mut random = Random::new(2);
        let mut counts = [0; 100];
        for _ in 0..100_000 {
            counts[random.ranked(100)] += 1;
        }
        assert!(counts[0] > 2 * counts[20] && counts[20] > counts[99] && counts[99] > 100);
    }
}
