//! Which registrations are compared at all: those that share a block. Several blocks each, so that an
//! error in one field doesn't hide a pair.

use crate::{Registration, name::sound};

/// Blocks of one registration.
pub const MAX_BLOCKS: usize = 8;

/// Identifiers that make a block; more in one registration make none.
const IDENTIFIERS: usize = 2;

/// A key as plain bytes: a tag, and what the registrations of the block share. It is content: a caller
/// keeps only a keyed hash of it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Block(Vec<u8>);

impl Block {
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Each part with its length before it, so that no two spell the same bytes.
    fn new(tag: &str, parts: &[&[u8]]) -> Self {
        let mut bytes = Vec::new();
        for part in std::iter::once(&tag.as_bytes()).chain(parts) {
            bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
            bytes.extend_from_slice(part);
        }
        Self(bytes)
    }
}

impl std::fmt::Debug for Block {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Block")
    }
}

/// The blocks of a registration, sorted; at most `MAX_BLOCKS`, and without repeats.
pub fn blocks(registration: &Registration) -> Vec<Block> {
    let Registration { given, family, birth, phone, identifiers, .. } = registration;
    let year = birth.year().to_be_bytes();
    let day = birth.to_julian_day().to_be_bytes();
    let mut month_and_day = [u8::from(birth.month()), birth.day()];
    month_and_day.sort_unstable();
    let mut sounds = [sound(given), sound(family)];
    let mut letters: Vec<char> = given.joined.chars().chain(family.joined.chars()).collect();
    letters.sort_unstable();
    let letters: String = letters.into_iter().collect();

    // Errors in the given name, in month or day, moved.
    let mut blocks = vec![Block::new("family year v1", &[sounds[1].as_bytes(), &year])];
    // Errors in one of the names, or another family name. One tag for both: they may be exchanged.
    for initial in [given.initial(), family.initial()].into_iter().flatten() {
        let mut letter = [0; 4];
        blocks.push(Block::new(
            "birth letter v1",
            &[&day, initial.encode_utf8(&mut letter).as_bytes()],
        ));
    }
    // Errors in the year, exchanged names, exchanged day and month.
    sounds.sort_unstable();
    let [first, second] = &sounds;
    blocks.push(Block::new("names day v1", &[first.as_bytes(), second.as_bytes(), &month_and_day]));
    // Errors anywhere in the birth date but the year, with names in any order of words.
    blocks.push(Block::new("letters year v1", &[letters.as_bytes(), &year]));
    // Errors in all of these.
    blocks.extend(phone.iter().map(|phone| Block::new("phone v1", &[phone.as_bytes()])));
    blocks.extend(
        identifiers
            .iter()
            .take(IDENTIFIERS)
            .map(|one| Block::new("identifier v1", &[one.system.as_bytes(), one.value.as_bytes()])),
    );
    blocks.sort_unstable();
    blocks.dedup();
    blocks
}

#[cfg(test)]
mod tests {
    use time::macros::date;

    use super::*;

    fn share(one: &Registration, other: &Registration) -> bool {
        let (one, other) = (blocks(one), blocks(other));
        one.iter().any(|block| other.contains(block))
    }

    #[test]
    fn an_error_in_one_field_hides_no_pair() {
        let born = date!(1984 - 03 - 07);
        let jane = Registration::new("Jane", "Garcia", born);
        for other in [
            Registration::new("Jane", "Garcia", born),
            Registration::new("Garcia", "Jane", born),
            Registration::new("Jane", "Lopez", born),
            Registration::new("Ane", "Garcia", born),
            Registration::new("Jane", "Arcia", born),
            Registration::new("Jane", "Garcia", date!(1984 - 07 - 03)),
            Registration::new("Jane", "Garcia", date!(1984 - 03 - 17)),
            Registration::new("Jane", "Garcia", date!(1994 - 03 - 07)),
            Registration::new("Garcia", "Jane", date!(1984 - 07 - 03)),
        ] {
            assert!(share(&jane, &other));
        }
        assert!(!share(&jane, &Registration::new("Luis", "Smith", date!(1951 - 11 - 21))));
    }

    #[test]
    fn a_telephone_or_identifier_is_enough() {
        let jane = Registration::new("Jane", "Garcia", date!(1984 - 03 - 07)).phone("5552013344");
        let luis = Registration::new("Luis", "Smith", date!(1951 - 11 - 21));
        assert!(share(&jane, &luis.clone().phone("+1 555 201 3344")));
        assert!(share(&jane.identifier("tax", "12"), &luis.identifier("tax", "1-2")));
    }

    #[test]
    fn no_registration_has_more_than_eight() {
        let bare = Registration::new("Jane", "Garcia", date!(1984 - 03 - 07)).phone("5552013344");
        let many = (10..40).fold(bare, |r, n| r.identifier("tax", &n.to_string()));
        assert_eq!(blocks(&many).len(), MAX_BLOCKS);
    }
}
