//! A confirmation code: short enough to be read out at a desk, shown once, kept nowhere.

use aws_lc_rs::rand;

/// No letter that looks like another, and no digit that looks like a letter: 32, so that each byte
/// gives each of them as often.
const LETTERS: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
const LENGTH: usize = 8;

/// 40 random bits, which is plenty where ten tries are all there are. No Debug: an agency vouches for
/// whoever has it.
#[derive(Clone)]
pub struct ShortCode(String);

impl ShortCode {
    /// None when the machine gives no randomness.
    pub fn fresh() -> Option<Self> {
        let mut bits = [0; LENGTH];
        rand::fill(&mut bits).ok()?;
        let letter = |bits: &u8| LETTERS.get(usize::from(bits % 32)).copied().map(char::from);
        bits.iter().map(letter).collect::<Option<_>>().map(Self)
    }

    /// As somebody typed it: in either case, in groups or not.
    pub fn given(text: &str) -> Self {
        let letters = text.chars().filter(|c| !matches!(c, ' ' | '-'));
        Self(letters.map(|c| c.to_ascii_uppercase()).collect())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn into_text(self) -> String {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_eight_letters_and_no_two_are_the_same() {
        let codes: std::collections::HashSet<String> =
            (0..100).map(|_| ShortCode::fresh().unwrap().into_text()).collect();
        assert_eq!(codes.len(), 100);
        assert!(codes.iter().all(|c| c.len() == 8 && c.bytes().all(|b| LETTERS.contains(&b))));
        let used: std::collections::HashSet<u8> = codes.iter().flat_map(|c| c.bytes()).collect();
        assert_eq!(used.len(), 32, "each letter is used");
    }

    #[test]
    fn a_code_is_read_in_either_case_and_in_groups() {
        assert_eq!(ShortCode::given("ab2c-3d4e").as_str(), "AB2C3D4E");
        assert_eq!(ShortCode::given(" AB2C 3D4E").as_str(), "AB2C3D4E");
        assert_ne!(ShortCode::given("AB2C3D4F").as_str(), "AB2C3D4E");
    }
}
