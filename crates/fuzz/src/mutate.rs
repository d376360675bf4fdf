//! Changes inputs, blindly and the same way for the same seed: for a toolchain that has no counters to see by.

use rand::{Rng as _, SeedableRng as _, rngs::StdRng, seq::IndexedRandom as _};

/// Where readers go wrong: ends of ranges, separators, ends of texts, letters of several bytes.
const ODD: &[&[u8]] = &[
    b"\0",
    b"\x01",
    b"\x7f",
    b"\x80",
    b"\xff",
    b"\xff\xff\xff\xff",
    b"\x7f\xff\xff\xff",
    b"\x80\0\0\0",
    b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
    b"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01",
    b"-1",
    b"0",
    b"1e999",
    b"9223372036854775808",
    b"-9223372036854775809",
    b"NaN",
    b"null",
    b"\"\"",
    b"{",
    b"}",
    b"[",
    b"]",
    b"\"",
    b"\\",
    b",",
    b";",
    b":",
    b"=",
    b".",
    b"/",
    b"\n",
    b"\r\n",
    b"\t",
    b" ",
    b"\xef\xbb\xbf",
    b"\xe2\x80\xae",
    b"\xc3\xa9",
    b"\xf0\x9f\xa6\x80",
    b"\xed\xa0\x80",
    b"\xc0\x80",
    b"9999-12-31T23:59:59.999999999Z",
    b"0000-01-01T00:00:00Z",
    b"2026-02-30",
    b"00000000-0000-0000-0000-000000000000",
];

pub(crate) struct Mutator(StdRng);

impl Mutator {
    pub(crate) fn new(seed: u64) -> Self {
        Self(StdRng::seed_from_u64(seed))
    }

    /// One of these inputs, changed in one to four places, of at most so many bytes.
    pub(crate) fn next(&mut self, pool: &[Vec<u8>], longest: usize) -> Vec<u8> {
        let mut input = pool.choose(&mut self.0).cloned().unwrap_or_default();
        for _ in 0..self.0.random_range(1..=4) {
            self.change(&mut input, pool);
        }
        input.truncate(longest);
        input
    }

    fn change(&mut self, input: &mut Vec<u8>, pool: &[Vec<u8>]) {
        let rng = &mut self.0;
        let at = rng.random_range(0..=input.len());
        let to = rng.random_range(at..=input.len().min(at + 32));
        match rng.random_range(0..8) {
            0 => {
                if let Some(byte) = input.get_mut(at) {
                    *byte ^= 1 << rng.random_range(0..8);
                }
            }
            1 => {
                if let Some(byte) = input.get_mut(at) {
                    *byte = rng.random();
                }
            }
            2 => drop(input.drain(at..to)),
            3 => {
                let part = input.get(at..to).unwrap_or_default().repeat(rng.random_range(1..=8));
                input.splice(at..at, part);
            }
            4 => {
                let odd = ODD.choose(rng).copied().unwrap_or_default();
                input.splice(at..at, odd.iter().copied());
            }
            5 => {
                let odd = ODD.choose(rng).copied().unwrap_or_default();
                let end = input.len().min(at + odd.len());
                input.splice(at..end, odd.iter().copied());
            }
            // The beginning of one and the end of another.
            6 => {
                let other = pool.choose(rng).map(Vec::as_slice).unwrap_or_default();
                let from = rng.random_range(0..=other.len());
                input.truncate(at);
                input.extend_from_slice(other.get(from..).unwrap_or_default());
            }
            // A piece of another in the middle.
            _ => {
                let other = pool.choose(rng).map(Vec::as_slice).unwrap_or_default();
                let from = rng.random_range(0..=other.len());
                let until = rng.random_range(from..=other.len().min(from + 64));
                input.splice(at..to, other.get(from..until).unwrap_or_default().iter().copied());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_seed_makes_the_same_inputs_and_another_makes_others() {
        let pool = [b"agencies/1".to_vec(), Vec::new()];
        let made = |seed| {
            let mut mutator = Mutator::new(seed);
            (0..200).map(|_| mutator.next(&pool, 40)).collect::<Vec<_>>()
        };
        assert_eq!(made(1), made(1));
        assert_ne!(made(1), made(2));
        assert!(made(1).iter().all(|input| input.len() <= 40));
        assert!(made(1).iter().collect::<std::collections::HashSet<_>>().len() > 100);
    }
}
